"""Whole days with a timetable: a built-in town with a made-up line, and Bad Hersfeld with its buses."""

from __future__ import annotations

import numpy as np
import pytest

from scenarios.areas import build
from scenarios.assembly import build_area, build_world
from scenarios.configuration import compose
from tests.twin.luck_worlds import Tried
from twin.area import Area
from twin.clock import day, hour

# they like buses: a town so small has few trips that are long enough for one
TOWN = ["area.citizens=5000", "domain.citizens.tastes.transit.constant=1.5"]


def with_a_line(town: Area, every: int = 600, stops: int = 12, places: int = 40) -> Area:
    """The town and a bus line both ways through its middle from west to east, every `every` s from 6 to 24 h."""
    x = np.linspace(*np.percentile(town.buildings.x, [2, 98]), stops)
    y = np.full(stops, np.median(town.buildings.y))
    apart = (x[1] - x[0]) * 1.4 / 8.0 + 20.0  # s at 8 m/s over the streets, and the stop
    offset = np.rint(np.arange(stops) * apart).astype(int)
    leave = np.arange(6 * 3600, 24 * 3600, every)
    n = len(leave)
    time = np.tile((leave[:, None] + offset).ravel(), 2)
    stop = np.concatenate([np.tile(np.arange(stops), n), np.tile(np.arange(stops)[::-1], n)])
    tables = {name: vars(table) for name, table in town.tables.items()}
    tables |= {
        "stops": {"name": [f"stop {i}" for i in range(stops)], "x": x, "y": y},
        "lines": {"name": ["1", "2"], "mode": ["bus", "bus"], "capacity": [places] * 2},
        "services": {"line": np.repeat([0, 1], n), "days": np.full(2 * n, 127)},
        "calls": {"service": np.repeat(np.arange(2 * n), stops), "stop": stop, "arrival": time, "departure": time},
    }
    return Area(town.name, town.crs, tables, town.sources, town.facts)


@pytest.fixture(scope="module")
def town():
    return build_area(compose(TOWN))


def values(world):
    return {i.indicator: i.value for i in world.indicators() if i.level == "area" and not i.group}


def test_a_day_with_a_line_loses_nobody_and_is_resumed_bit_for_bit(town, tmp_path):
    area = with_a_line(town)
    run = Tried(tmp_path / "run", lambda: build_world(compose(TOWN), area))
    world = run.run(day, keep=[9 * hour])
    assert [b.law for b in world.balances() if not b.holds] == []
    found = values(world)
    assert found["transit_trips"] > 200
    assert found["transit_unserved"] < 0.5 * found["transit_trips"]
    assert 0 < found["transit_wait_mean"] < 15
    assert found["trips_per_person"] == pytest.approx(3.08, rel=0.08)
    again = run.run(day, resume=9 * hour)
    assert again.recorder.result_digest() == world.recorder.result_digest()
    assert values(again) == found


def test_who_goes_by_the_timetable_is_told_by_it(town):
    trips = []
    for every in (600, 3600):
        world = build_world(compose(TOWN), with_a_line(town, every))
        world.run(11 * hour)
        trips.append(values(world)["transit_trips"])
    assert trips[0] > 1.5 * trips[1] > 0


@pytest.mark.parametrize("cut", ["citizens.transit", "transit.traffic", "traffic.transit"])
def test_a_cut_leaves_a_day_that_holds(town, cut):
    area = with_a_line(town)
    world = build_world(compose([*TOWN, f"run.cut=[{cut}]"]), area)
    world.run(10 * hour)
    assert [b.law for b in world.balances() if not b.holds] == []
    assert (values(world)["transit_trips"] == 0) == (cut == "citizens.transit")
    if cut != "citizens.transit":  # on the timetable to the second
        assert values(world)["transit_delay_mean"] == 0


def test_a_morning_in_bad_hersfeld(reference_data):
    area = build(
        "place",
        osm=reference_data("osm", "bad_hersfeld.osm.xml.gz"),
        transit=reference_data("mobility", "sumo_bad_hersfeld"),
    )
    assert (len(area.services), len(area.stops)) == (647, 295)
    world = build_world(compose([]), area)
    world.run(8 * hour)
    assert [b.law for b in world.balances() if not b.holds] == []
    found = values(world)
    assert found["transit_trips"] > 20
    assert 0 < found["transit_delay_mean"] < 180
    assert found["transit_load_peak"] <= 100
