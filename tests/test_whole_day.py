"""Coupled days of a small built-in town: determinism, non-interference, conservation, the causal chain."""

import json
import os
import subprocess
import sys

import pytest

from scenarios.assembly import build_area, build_world
from scenarios.configuration import compose
from twin.clock import day, hour

TOWN = ["area.citizens=20000"]  # the smallest town in which an outage darkens signals that traffic feels


@pytest.fixture(scope="module")
def area():
    return build_area(compose(TOWN))


def run(area, *overrides, until=day):
    configuration = compose([*TOWN, *overrides])
    world = build_world(configuration, area)
    world.run(until)
    return world


def test_same_configuration_same_digest_in_other_processes_and_threads():
    code = (
        "import sys; from scenarios.configuration import compose; from scenarios.assembly import build_area, build_world\n"
        "c = compose(sys.argv[1:]); w = build_world(c, build_area(c)); w.run(10 * 3600 * 1000); print(w.recorder.result_digest())"
    )
    found = []
    for threads, hashing, extra in ((1, "0", []), (2, "7", []), (1, "0", ["run.seed=2"])):
        env = {**os.environ, "PYTHONHASHSEED": hashing, "NUMBA_NUM_THREADS": str(threads)}
        argv = ["area.citizens=1500", f"run.threads={threads}", *extra]
        done = subprocess.run([sys.executable, "-c", code, *argv], env=env, capture_output=True, text=True, check=True)
        found.append(done.stdout.strip())
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_with_the_coupling_cut_traffic_never_notices_the_outage(area):
    outage = run(area, "scenario=outage", "run.cut=[power.signals]", until=20 * hour).recorder.digests()
    weekday = run(area, "run.cut=[power.signals]", until=20 * hour).recorder.digests()
    traffic = [
        name
        for name in weekday
        if name in ("series/link", "series/vehicles", "restricted/trips", "replay/vehicles")
        or name == "events/vehicles"
    ]
    assert len(traffic) >= 4
    assert {name: outage.get(name) for name in traffic} == {name: weekday[name] for name in traffic}
    assert outage["series/grid"] != weekday["series/grid"]
    coupled = run(area, "scenario=outage", until=20 * hour).recorder.digests()
    assert coupled["series/link"] != weekday["series/link"], "without the cut the outage must reach the traffic"


def test_nothing_is_lost_and_the_day_is_plausible(area):
    world = run(area)
    assert [b.law for b in world.balances() if not b.holds] == []
    assert len(world.balances()) >= 8
    value = {i.indicator: i.value for i in world.indicators() if i.level == "area" and not i.group}
    assert value["trips_per_person"] == pytest.approx(3.08, rel=0.06)
    # CBS 2002/03: 59.64 min and 31.87 km per person and day
    assert value["travel_time_per_person"] == pytest.approx(59.64, rel=0.06)
    assert value["distance_per_person"] == pytest.approx(31.87, rel=0.06)
    assert value["trips_routed"] >= 99.0
    assert value["trips_given_up"] == 0
    assert 0.5 <= value["parking_full"] <= 6.0, "a few per cent find no place at their goal"
    assert 0.2 <= value["parking_search"] <= 8.0
    assert value["cars_out_of_reach"] == 0
    assert value["outage_customer_hours"] == 0
    assert 0.9 <= value["voltage_lowest"] <= 1.05
    assert value["ambulance_reach_15min"] > 80


def test_a_run_writes_a_folder_that_can_be_read_back(tmp_path):
    from scenarios.main import main

    arguments = ["run", "scenario=outage", "area.citizens=1500", f"run.folder={tmp_path}", "run.purpose=test"]
    sys.argv = ["twin", *arguments]
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    from twin.recording import Run

    folder = next(tmp_path.glob("*/*-outage-1"))
    found = Run(folder)
    assert found.manifest["status"] == "complete"
    assert found.manifest["purpose"] == "test"
    assert all(b["holds"] for b in found.manifest["balances"])
    assert {row["indicator"] for row in found.indicators} >= {
        "outage_customer_hours",
        "ambulance_reach_15min",
        "peak_load",
    }
    events = {row["event_id"]: row for row in found.events().to_pylist()}
    dark = [e for e in events.values() if e["kind"] == "feeder_dark"]
    assert dark
    failure = events[events[dark[0]["contributing"][0]]["contributing"][0]]
    assert (failure["kind"], failure["time"]) == ("fail_asset", 17 * hour)
    assert found.series("link").schema.field("speed").metadata[b"unit"] == b"m/s"
    assert (folder / "report.html").stat().st_size > 10_000
    assert (folder / "restricted").stat().st_mode & 0o777 == 0o700
    assert not list(folder.rglob("*.partial"))
    assert json.loads((folder / "manifest.json").read_text())["result_digest"] == found.manifest["result_digest"]
