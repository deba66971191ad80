"""`twin why`: the chain of an event in words, lists of events, wrong input, and the proof by a cut."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import tests.small_run as made
from scenarios.configuration import compose
from scenarios.report.causes import Causes
from scenarios.simulate import Simulation
from scenarios.why import MOST, Why, tell_why
from tests.small_run import small_run
from twin.errors import InputError
from twin.recording import Run

GATEWAY = {
    "node": [0],
    "name": ["Rijksweg"],
    "road_class": ["primary"],
    "commuters_in": [0],
    "commuters_out": [0],
    "through": [0],
}
LATE = "care.response:4711:0"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return small_run(tmp_path / "run")


@pytest.fixture(scope="module")
def outage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real run of an outage, without its area beside it: it is built again."""
    folder = tmp_path_factory.mktemp("runs")
    options = ["area.citizens=5000", "run.days=0.8", "run.record=indicators", f"run.folder={folder}"]
    simulation = Simulation(compose(["scenario=outage", *options, "domain.care.oxygen=0.01"]))
    simulation.run()
    assert not (simulation.folder / "area").exists()
    return simulation.folder


def event(id: str, time: int, *because: str) -> dict[str, object]:
    kind, subject, _ = id.split(":")
    return {"event_id": id, "time": time, "kind": kind, "subject": int(subject), "contributing": list(because)}


def test_the_chain_from_its_root_on(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell_why(run, LATE, [], False)
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition("  [")[2].rstrip("]") for line in lines[:-1]] == [
        "grid.fail_asset:0:0",
        "grid.failed:0:0",
        "grid.feeder_dark:0:0",
        "care.battery_empty:4711:0",
        "care.call:4711:0",
        LATE,
    ]
    assert lines[2].startswith("17:00  Feeder Noord 1 of Station Noord loses power, with 8 customers")
    assert lines[5].startswith("18:00  An ambulance reaches a resident 20.0 min after the call")
    assert "a claim" in lines[-1]
    assert "--cut" in lines[-1]
    assert "Verlaten" not in "\n".join(lines), "the neighbourhood has 4 residents"


def test_branches_stand_further_in_before_what_they_feed() -> None:
    causes = Causes(
        [
            event("a:0:0", 0),
            event("b:0:0", 1, "a:0:0"),
            event("c:5:0", 2, "b:0:0"),
            event("side:1:0", 2, "a:0:0"),
            event("end:5:0", 3, "side:1:0", "c:5:0", "unrecorded:0:0"),
        ]
    )
    steps = causes.tree(causes.known["end:5:0"])
    assert [(s.event["event_id"], s.indent, s.again) for s in steps] == [
        ("a:0:0", 0, False),
        ("b:0:0", 0, False),
        ("c:5:0", 0, False),
        ("a:0:0", 1, True),
        ("side:1:0", 1, False),
        ("end:5:0", 0, False),
    ]
    assert causes.depth["end:5:0"] == 4


def test_a_long_chain_and_a_circle_come_to_an_end() -> None:
    causes = Causes([event(f"k:{n}:0", n, *([f"k:{n - 1}:0"] if n else [])) for n in range(3000)])
    assert len(causes.tree(causes.known["k:2999:0"])) == causes.depth["k:2999:0"] == 3000
    circle = Causes([event("a:0:0", 0, "b:0:0"), event("b:0:0", 0, "a:0:0")])
    assert [s.event["event_id"] for s in circle.tree(circle.known["a:0:0"]) if not s.again] == ["b:0:0", "a:0:0"]


def test_kinds_and_events_are_listed(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell_why(run, None, [], False)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["care.response", "1", "longest", "chain", "6"] in rows
    assert len(rows) == 9
    tell_why(run, "care.response", [], False)
    assert capsys.readouterr().out.strip().endswith(f"[{LATE}]")


def test_many_events_of_a_kind_longest_chains_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    more = [made._event("care.call", n, n) for n in range(1, MOST + 4)]
    before = made.events()
    monkeypatch.setattr(made, "events", lambda: [*more, *before])
    run = small_run(tmp_path / "run")
    tell_why(run, "care.call", [], False)
    lines = capsys.readouterr().out.splitlines()
    assert "[care.call:4711:0]" in lines[0]
    assert len(lines) == MOST + 1
    assert lines[-1].startswith("and 4 more")


def test_json_holds_the_chain_and_no_small_cell(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell_why(run, LATE, [], True)
    found = json.loads(capsys.readouterr().out)
    assert found["event"] == LATE
    assert [step["event"] for step in found["chain"]][-1] == LATE
    assert found["chain"][-1]["contributing"] == ["care.call:4711:0"]
    assert found["chain"][-1]["value"] == 1200.0
    assert all("object" not in step for step in found["chain"])
    assert found["proof"] is None
    for asked in (None, "care.call"):
        tell_why(run, asked, [], True)
        assert isinstance(json.loads(capsys.readouterr().out), list)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("care.response:4710:0", r"near it are care\.response:4711:0"),
        ("care.response:", "near it are"),
        ("care.respons:1:0", r"care\.response"),
        ("nothing at all", "no event of the kind"),
    ],
)
def test_an_unknown_event_brings_the_nearest(run: Path, asked: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        tell_why(run, asked, [], False)


def test_wrong_folders_are_refused_in_a_sentence(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no manifest\.json"):
        Why(tmp_path / "nowhere")
    (run / "config.yaml").write_text("run: {warm_up: 0 h", encoding="utf-8")
    with pytest.raises(InputError, match=r"config\.yaml: cannot be read"):
        Why(run)
    (run / "config.yaml").unlink()
    with pytest.raises(InputError, match=r"config\.yaml: is missing"):
        tell_why(run, LATE, ["power.signals"], False)
    for file in (run / "events").iterdir():
        file.unlink()
    with pytest.raises(InputError, match="has no events recorded"):
        Why(run)


def test_a_run_that_was_killed_tells_what_it_has(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps({**manifest, "status": "running"}))
    (run / "indicators.json").unlink()
    (run / "events" / ".care-00001.parquet.partial").write_bytes(b"half")
    tell_why(run, LATE, [], False)
    told = capsys.readouterr()
    assert LATE in told.out
    assert "This run is running" in told.err
    (run / "events" / "care-00001.parquet").write_bytes(b"half")
    with pytest.raises(InputError, match=r"care-00001\.parquet: cannot be read"):
        Why(run)


def test_an_area_that_is_nowhere_is_refused(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "area" / "area.json").unlink()
    (run / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="names no area"):
        Why(run)


def test_a_cut_is_checked_before_anything_runs(outage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dark = Why(outage).of_kind("grid.feeder_dark")[0]["event_id"]
    for asked in (None, "grid.feeder_dark"):
        with pytest.raises(InputError, match="proves one event"):
            tell_why(outage, asked, ["power.homes"], False)
    with pytest.raises(InputError, match=r"no coupling is called 'power\.home'; allowed: .*power\.homes"):
        tell_why(outage, dark, ["power.home"], False)
    assert capsys.readouterr().out == ""
    assert not list(outage.parent.glob("*-cut-*"))


def test_the_proof_says_what_becomes_of_the_event(outage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without power.homes no battery runs empty; feeders go dark all the same; a waiting call is reached sooner."""
    why = Why(outage)
    empty = why.of_kind("care.battery_empty")[0]
    tell_why(outage, empty["event_id"], ["power.homes"], False)
    told = capsys.readouterr().out
    assert "The proof: With power.homes cut it does not happen." in told
    folder = Path(told.rpartition("run      ")[2].strip())
    assert folder.parent == outage.parent
    again = Run(folder)
    assert again.manifest["cut"] == ["power.homes"]
    assert not [e for e in again.events("care").to_pylist() if e["kind"] == "battery_empty"]
    dark = why.of_kind("grid.feeder_dark")[0]
    tell_why(outage, dark["event_id"], ["power.homes, weather.solar"], True)
    found = json.loads(capsys.readouterr().out)["proof"]
    assert found["cut"] == ["power.homes", "weather.solar"]
    assert found["happens"]
    assert (found["time"], found["value"]) == (dark["time"], dark["value"])
    assert "all the same" in found["words"]
    response = max(why.of_kind("care.response"), key=lambda event: event["value"])  # on its way some street was full
    tell_why(outage, response["event_id"], ["traffic.care"], True)
    found = json.loads(capsys.readouterr().out)["proof"]
    assert found["happens"]
    assert found["value"] != response["value"]
    assert "(s from call to arrival)" in found["words"]
    with pytest.raises(InputError, match="is cut in this run already"):
        tell_why(folder, dark["event_id"], ["power.homes"], False)


def test_from_the_command_line(run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from scenarios.main import main

    for arguments, code in (([str(run), LATE], 0), ([str(run / "no"), LATE], 2), ([str(run), "x:1:0"], 2)):
        monkeypatch.setattr(sys, "argv", ["twin", "why", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == code
        assert "Traceback" not in capsys.readouterr().err


def test_units_from_outside_in_words(run: Path) -> None:
    """A neighbour's unit, its way in and a way out to a hospital; the gateway by its name."""
    why = Why(run)
    why.material.area.put("gateways", GATEWAY)

    def said(kind: str, thing: int, value: float) -> str:
        return why.say({"domain": "care", "kind": kind, "subject": 4711, "object": thing, "value": value})

    assert said("dispatched", -2, 60.0).startswith("An ambulance of a neighbouring region is sent to a resident")
    assert said("dispatched", 0, 60.0).startswith("An ambulance is sent to a resident")
    assert said("response", -2, 600.0).startswith("An ambulance of a neighbouring region reaches a resident")
    assert said("came_in", 0, 5.5) == "The ambulance comes in by Rijksweg, 5.50 min from its post beyond"
    assert said("went_out", 0, 5.0) == "The ambulance goes out by Rijksweg, 5.00 min to the hospital beyond"
