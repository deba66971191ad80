"""SUMO networks edge by edge: lanes, turns and signal programs, flows, and the real network of Wildau."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from scenarios.areas.recognise import recognise
from scenarios.areas.roads_only import build_roads
from scenarios.areas.sumo_flows import seconds
from scenarios.areas.sumo_programs import Program
from tests.scenarios.areas.test_sumo import HEAD, ROAD, edge
from twin.errors import InputError

Data = Callable[..., Path]
JUNCTIONS = {"a": (0, 0), "b": (100, 0), "c": (200, 0), "d": (100, 100), "e": (100, -100)}
RAIL = edge("r", "a", "b", "railway.rail", (40.0, 'allow="rail"'))
EDGES = [
    edge("ab", "a", "b", "highway.primary", ROAD, ROAD, title="Allee"),
    edge("bc", "b", "c", "highway.primary", ROAD),
    edge("bd", "b", "d", "highway.residential", (8.33, 'allow="pedestrian"'), (8.33, 'disallow="pedestrian"')),
    edge("be", "b", "e", "highway.residential", ROAD),
    edge("db", "d", "b", "highway.residential", ROAD),
    RAIL,
]
LINKED = {("ab", "bc"): 0, ("ab", "bd"): 1, ("db", "bc"): 2, ("db", "be"): 3}
PROGRAM = """<tlLogic id="t" type="actuated" programID="0" offset="10"><phase duration="30" state="GGrr"/>
<phase duration="3" state="yyrr"/><phase duration="20" state="rrGr"/><phase duration="7" state="rrGg"/></tlLogic>"""
FLOWS = """<routes><vType id="car"/><vType id="train" vClass="rail"/>
<flow id="f" type="car" begin="15:00:00" end="16:00:00" number="3" from="ab " via=" bd " to="bd"/>
<flow id="g" type="train" begin="0" end="3600" period="60" from="r" to="r"/>
<flow id="h" begin="0" end="100" period="40" from="db" to="be"/>
<trip id="i" depart="5" from="ab" to="bc"/><personFlow id="p" begin="0" end="9" number="2"/></routes>"""


def write(folder: Path, edges: list[str] = EDGES, flows: str = FLOWS, more: str = PROGRAM) -> Path:
    spots = "".join(
        f'<junction id="{j}" type="{"traffic_light" if j == "b" else "priority"}" x="{x}" y="{y}"/>'
        for j, (x, y) in JUNCTIONS.items()
    )
    links = "".join(
        f'<connection from="{a}" to="{b}" fromLane="0" toLane="{int(b == "bd")}" tl="t" linkIndex="{k}"/>'
        for (a, b), k in LINKED.items()
    )
    (folder / "a.net.xml").write_text(HEAD + "".join(edges) + more + spots + links + "</net>", encoding="utf-8")
    if flows:
        (folder / "a.rou.xml").write_text(flows)
    return folder


def test_each_edge_is_a_link(tmp_path: Path) -> None:
    area = build_roads(write(tmp_path))
    links = area.links
    assert area.facts["link_ids"] == ["ab", "bc", "bd", "be", "db"]
    assert links.name.tolist() == ["Allee", "bc", "bd", "be", "db"]
    np.testing.assert_array_equal(links.lanes, [2, 1, 1, 1, 1])
    np.testing.assert_allclose(links.length, 100.0)
    np.testing.assert_allclose(links.speed, [13.89, 13.89, 8.33, 13.89, 13.89])
    np.testing.assert_allclose(links.capacity * 3600, [3600, 1800, 1200, 1200, 1200])
    np.testing.assert_array_equal(links.walk, [False, False, True, False, False])
    assert area.facts["sources"][0]["dropped"]["edges that no car, bicycle or pedestrian may use"] == 1


def test_what_no_connection_allows_is_banned(tmp_path: Path) -> None:
    area = build_roads(write(tmp_path))
    ids = area.facts["link_ids"]
    bans = [(ids[a], ids[b]) for a, b in zip(area.turns.from_link, area.turns.to_link, strict=True)]
    assert bans == [("ab", "be"), ("bd", "db"), ("db", "bd")]  # ab, db: what LINKED leaves out; bd: no turning round


def test_greens_of_a_program(tmp_path: Path) -> None:
    area = build_roads(write(tmp_path))
    np.testing.assert_allclose(area.signals.cycle, [60.0])
    groups = area.signal_groups
    rows = list(zip(groups.link.tolist(), groups.green_from.tolist(), groups.green_to.tolist(), strict=True))
    assert rows == [
        (0, 10.0, 40.0),
        (4, 43.0, 70.0),
    ]  # delayed by 10 s; the last green goes over the end
    assert area.facts["sources"][0]["repaired"]["actuated signals, made fixed"] == 1


def test_a_green_over_the_end_of_the_cycle_is_one() -> None:
    program = Program((10.0, 20.0, 30.0), ("G", "r", "g"), 0.0, "static")
    assert program.greens([0]) == [(30.0, 70.0)]
    late = Program((10.0, 20.0, 30.0), ("G", "r", "g"), 40.0, "static")
    assert late.greens([0]) == [(10.0, 50.0)]
    assert Program((10.0, 20.0), ("G", "g"), 5.0, "static").greens([0]) == [(0.0, 30.0)]
    assert Program((10.0,), ("r",), 5.0, "static").greens([0]) == []


def test_flows_are_trips_between_nodes(tmp_path: Path) -> None:
    assert recognise(write(tmp_path)) == "roads"
    area = build_roads(tmp_path)
    (account,) = area.facts["sources"]
    assert account["read"]["vehicles"] == 3 + 3 + 1  # a flow every 40 s of 100 s departs at 0, 40 and 80
    assert account["dropped"]["flows of trains, trams and ships"] == 1
    assert account["dropped"]["elements personFlow, which no vehicle is"] == 1
    assert len(area.people) == 7


def test_a_network_alone_has_no_trips(tmp_path: Path) -> None:
    area = build_roads(write(tmp_path, flows="") / "a.net.xml")
    assert not len(area.people)
    assert len(area.links) == 5


def test_times_of_sumo() -> None:
    assert [seconds(t) for t in ("15:00:00", "1:00:00:30", "54000", " 7.5 ")] == [54000, 86430, 54000, 7.5]
    with pytest.raises(ValueError, match="has the time '15:00'"):
        seconds("15:00")


def told(folder: Path) -> list[str]:
    with pytest.raises(InputError) as error:
        build_roads(folder)
    return [str(fault) for fault in error.value.faults]


def test_all_faults_of_flows_at_once(tmp_path: Path) -> None:
    flows = """<routes><flow id="1" begin="0" end="9" number="1" from="ab" to="zz"/>
    <flow id="2" begin="9" end="9" number="1" from="ab" to="bc"/><flow id="3" begin="0" end="9" from="ab" to="bc"/>
    <trip id="4" depart="x" from="ab" to="bc"/><flow id="5" begin="0" end="9" number="1" to="bc"/>
    <flow id="6" begin="0" end="9" period="0" from="ab" to="bc"/></routes>"""
    found = told(write(tmp_path, flows=flows))
    for wanted in (
        "flow 1: goes over zz, no edge of the network",
        "flow 2: ends at 9 and begins at 9",
        "flow 3: has the number None",
        "trip 4: could not convert",
        "flow 5: has no way",
        "flow 6: has a period of 0",
    ):
        assert any(wanted in text for text in found), wanted
    assert len(found) == 6


def test_edges_without_speed_are_refused_together(tmp_path: Path) -> None:
    stopped = [edge("s1", "a", "c", "", (0.0, "")), edge("s2", "c", "a", "", (-1.0, ""))]
    found = told(write(tmp_path, [*EDGES, *stopped]))
    assert found == [
        "a.net.xml: edge s1: has a speed of 0 m/s; allowed: more than 0",
        "a.net.xml: edge s2: has a speed of 0 m/s; allowed: more than 0",
    ]


def test_wildau(reference_data: Data) -> None:
    area = build_roads(reference_data("mobility", "sumo_wildau"))
    assert area.crs == "EPSG:25833"
    assert len(area.links) == 1412
    assert len(area.people) == 2286
    np.testing.assert_allclose(area.signals.cycle, 90.0)
    assert not list(area.faults())
