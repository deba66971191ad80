"""Timetables in SUMO's files: a small one by hand, the buses of Bad Hersfeld, and folders that lack something."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from scenarios.areas.sumo_transit import read_sumo_timetable
from scenarios.areas.timetable import Timetable
from twin.errors import InputError

NET = """<net><location netOffset="0,0" projParameter="+proj=utm +zone=31 +ellps=WGS84 +units=m"/>
<edge id="e" from="a" to="b"><lane id="e_0" index="0" speed="13" length="1000" shape="593000,5763000 594000,5763000"/></edge>
</net>"""
STOPS = """<additional><busStop id="S" lane="e_0" startPos="90" endPos="110" name="Markt"/>
<busStop id="T" lane="e_0" startPos="490" endPos="510" name="Station"/><busStop id="U" lane="gone_0" name="Nowhere"/>
<route id="r" edges="e"><stop busStop="S" duration="10" until="0"/><stop busStop="U" duration="10" until="60"/>
<stop busStop="T" duration="20" until="180"/></route></additional>"""
VEHICLES = """<routes><vehicle id="1" route="r" type="bus" depart="28790" line="64_1"/>
<vehicle id="2" route="r" type="bus" depart="32390" line="64_1"/><vehicle id="3" route="r" type="blimp" depart="1"/>
<vehicle id="4" route="x" type="bus" depart="2"/></routes>"""


def folder(path: Path, **changed: str | None) -> Path:
    path.mkdir()
    for name, text in (("net", NET), ("add", STOPS), ("rou", VEHICLES)):
        given = changed.get(name, text)
        if given is not None:
            (path / f"a.{name}.xml").write_text(given)
    return path


def test_calls_are_told_from_until_and_stay(tmp_path: Path) -> None:
    found = read_sumo_timetable(folder(tmp_path / "sumo"))
    assert (found.stop_name, found.line_name, found.line_mode) == (["Markt", "Station"], ["64"], ["bus"])
    assert found.departure.tolist() == [28_800, 28_980, 32_400, 32_580]
    assert found.arrival.tolist() == [28_790, 28_960, 32_390, 32_560]
    assert found.trip_days.tolist() == [127, 127]
    east = 1000 * 111.32 * (found.lon[1] - found.lon[0]) * np.cos(np.radians(found.lat[0]))
    assert east == pytest.approx(400.0, rel=0.01)
    assert found.account.dropped == {
        "stops on lanes that the network lacks": 1,
        "calls at stops that no file places, or without a time": 3,
        "vehicles of type 'blimp'": 1,
        "vehicles with fewer than two calls in order": 1,
    }


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"net": None}, "has no file of net"),
        ({"rou": "<routes/>"}, "has no file of routes"),
        ({"rou": VEHICLES.replace('type="bus"', 'type="blimp"')}, "no vehicle that calls at two stops"),
        ({"rou": VEHICLES.replace("28790", "soon")}, "cannot be read"),
        ({"add": STOPS[:-30]}, "cannot be read"),
        ({"net": NET.replace("e_0", "f_0")}, "none of the lanes"),
    ],
)
def test_what_makes_no_timetable_is_refused(tmp_path: Path, changed: dict[str, str | None], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_sumo_timetable(folder(tmp_path / "sumo", **changed))


def test_the_buses_of_bad_hersfeld(reference_data: Callable[..., Path]) -> None:
    path = reference_data("mobility", "sumo_bad_hersfeld")
    found = read_sumo_timetable(path)
    with gzip.open(path / "gtfs_publictransport.rou.xml.gz", "rt") as text:
        assert found.trips == text.read().count("<vehicle ") == 647
    assert len(found.stop_name) == 295
    minutes = found.departure[found.first_call()[:-1]] % 60
    assert (minutes == 0).mean() > 0.98  # timetables are in whole minutes, but for stops that were left out


def test_the_part_in_an_area() -> None:
    shapely = pytest.importorskip("shapely")
    whole = _line()
    west = whole.tables("EPSG:28992", shapely.box(84_000, 446_000, 85_000, 447_000))
    assert west["stops"]["name"].tolist() == ["A", "B"]
    assert west["calls"]["departure"].tolist() == [0, 100]
    assert west["lines"]["capacity"].tolist() == [75]
    assert whole.tables("EPSG:28992", shapely.box(0, 0, 1, 1)) == {}


def _line() -> Timetable:
    from scenarios.areas.account import Account
    from scenarios.areas.ground import projector

    lon, lat = projector("EPSG:4326", "EPSG:28992")(np.array([84_100.0, 84_900.0, 90_000.0]), np.full(3, 446_500.0))
    ids = np.arange(3, dtype=np.int32)
    return Timetable(
        ["A", "B", "C"],
        lon,
        lat,
        ["1"],
        ["bus"],
        np.zeros(1, np.int32),
        np.array([31], np.uint8),
        np.zeros(3, np.int32),
        ids,
        100 * ids,
        100 * ids,
        Account("timetable", "a", "", ""),
    )
