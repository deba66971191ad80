"""Networks that are wrong: what each reader does with links of no length, lane or speed, and with what cannot be reached.

Every row is either refused in one clear message, or repaired or left out, counted, and told in the area's account.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scenarios.areas import build
from scenarios.areas.gtfs import read_feed
from scenarios.areas.roads_only import build_roads
from tests.scenarios.areas import test_gtfs, test_sumo, test_sumo_roads
from tests.scenarios.areas.test_sumo import CAR, ROAD, WALKWAY, edge
from twin.errors import InputError

# a square 1 - 2 - 3 - 4 both ways, of 1 km sides
GMNS_NODE = "node_id,zone_id,x_coord,y_coord\n1,1,85000,446000\n2,2,86000,446000\n3,3,86000,447000\n4,4,85000,447000\n"
GMNS_LINK = """link_id,from_node_id,to_node_id,directed,length,lanes,capacity,free_speed,allowed_uses
1,1,2,0,1,1,900,50,
2,2,3,0,1,1,900,50,
3,3,4,0,1,1,900,50,
4,4,1,0,1,1,900,50,
"""
GMNS_TRIPS = "o_zone_id,d_zone_id,volume\n1,3,100\n2,4,50\n"
CONFIG = "long_length,speed,crs\nkm,km/h,EPSG:28992\n"

TNTP_NET = """<NUMBER OF ZONES> 4
<NUMBER OF NODES> 4
<FIRST THRU NODE> 1
<NUMBER OF LINKS> 8
<ORIGINAL HEADER>~ length (km) time (min)
<END OF METADATA>
1 2 900 1 1.2 .15 4 0 0 1 ;
2 1 900 1 1.2 .15 4 0 0 1 ;
2 3 900 1 1.2 .15 4 0 0 1 ;
3 2 900 1 1.2 .15 4 0 0 1 ;
3 4 900 1 1.2 .15 4 0 0 1 ;
4 3 900 1 1.2 .15 4 0 0 1 ;
4 1 900 1 1.2 .15 4 0 0 1 ;
1 4 900 1 1.2 .15 4 0 0 1 ;
"""
TNTP_TRIPS = "<END OF METADATA>\nOrigin 1\n3 : 100 ;\nOrigin 2\n4 : 50 ;\n"
TNTP_NODE = "node x y ;\n1 85000 446000 ;\n2 86000 446000 ;\n3 86000 447000 ;\n4 85000 447000 ;\n"


def gmns(folder: Path, link: str = GMNS_LINK) -> Path:
    for name, text in (("node", GMNS_NODE), ("link", link), ("demand", GMNS_TRIPS), ("config", CONFIG)):
        (folder / f"{name}.csv").write_text(text)
    return folder


def tntp(folder: Path, net: str = TNTP_NET) -> Path:
    for name, text in (("net", net), ("trips", TNTP_TRIPS), ("node", TNTP_NODE)):
        (folder / f"a_{name}.tntp").write_text(text)
    return folder


def sumo(folder: Path, edges: list[str] = test_sumo_roads.EDGES) -> Path:
    return test_sumo_roads.write(folder, edges)


def changed(lines: str, *changes: tuple[str, str]) -> str:
    for before, after in changes:
        assert lines.count(before) == 1, before
        lines = lines.replace(before, after)
    return lines


def without(lines: str, *starts: str) -> str:
    kept = [line for line in lines.splitlines() if not line.startswith(starts)]
    return "\n".join(kept).replace("LINKS> 8", f"LINKS> {8 - len(starts)}") + "\n"


def test_sound_networks_are_told_nothing(tmp_path: Path) -> None:
    for name, write in (("gmns", gmns), ("tntp", tntp)):
        (tmp_path / name).mkdir()
        area = build_roads(write(tmp_path / name))
        assert len(area.links) == 8
        assert len(area.people) == 150
        (account,) = area.facts["sources"]
        assert account["dropped"] == {}


REFUSED: list[tuple[Any, Any, str]] = [
    (gmns, changed(GMNS_LINK, ("1,1,2,0,1,1,900,50", "1,1,2,0,1,0,900,50")), "row 2, column lanes: is '0'"),
    (gmns, changed(GMNS_LINK, ("1,1,2,0,1,1,900,50", "1,1,2,0,1,-1,900,50")), "row 2, column lanes: is '-1'"),
    (gmns, changed(GMNS_LINK, ("1,1,2,0,1,1,900,50", "1,1,2,0,1,1,900,0")), "row 2, column free_speed: is '0'"),
    (gmns, changed(GMNS_LINK, ("1,1,2,0,1,1,900,50", "1,1,2,0,-1,1,900,50")), "row 2, column length: is '-1'"),
    (gmns, changed(GMNS_LINK, ("1,1,2,0,1,1,900,50", "1,1,2,0,1,1,0,50")), "row 2, column capacity: is 0"),
    (gmns, changed(GMNS_LINK, ("1,1,2,0,1", "1,1,9,0,1")), "row 2, column to_node_id: is 9"),
    (gmns, GMNS_LINK.replace(",50,", ",50,bike"), "no way leads from 1 to 3, 2 to 4"),
    (tntp, changed(TNTP_NET, ("1 2 900 1 1.2", "1 2 900 -1 1.2")), "column length: is '-1'"),
    (tntp, changed(TNTP_NET, ("1 2 900 1 1.2", "1 2 0 1 1.2")), "column capacity: is 0"),
    (tntp, changed(TNTP_NET, ("1 2 900 1 1.2", "1 9 900 1 1.2")), "column term_node: is 9"),
    (tntp, without(TNTP_NET, "1 2", "1 4", "2 1", "2 3"), "no way leads from 1 to 3, 2 to 4"),
    (sumo, [*test_sumo_roads.EDGES, edge("s", "c", "a", "", (0.0, ""))], "edge s: has a speed of 0 m/s"),
    (sumo, test_sumo_roads.EDGES[1:], "goes over ab, no edge of the network"),
    (sumo, [test_sumo_roads.RAIL], "holds no street for cars, bicycles or walking"),
]


@pytest.mark.parametrize(("write", "content", "said"), REFUSED, ids=lambda v: getattr(v, "__name__", ""))
def test_refused(tmp_path: Path, write: Any, content: Any, said: str) -> None:
    with pytest.raises(InputError) as error:
        build_roads(write(tmp_path, content))
    assert said in str(error.value)


ISLAND = (
    *(edge("is", "p", "q", "highway.residential", ROAD, WALKWAY), edge("-is", "q", "p", "highway.residential", ROAD)),
)
MENDED: list[tuple[Any, Any, str, int]] = [
    (gmns, changed(GMNS_LINK, ("1,1,2,0,1,", "1,1,2,0,0,")), "repaired: links of length 0, given 1 m", 1),
    (gmns, changed(GMNS_LINK, ("1,1,2,0,1,1", "1,1,2,0,1,")), "repaired: links without lanes, given 1", 1),
    (gmns, changed(GMNS_LINK, ("4,4,1,0", "4,4,1,1"), ("3,3,4,0", "3,3,4,1"), ("1,1,2,0", "1,2,1,1")), "", 0),
    (
        gmns,
        without(changed(GMNS_LINK, ("3,3,4,0", "3,4,3,1")), "4,4"),
        "dropped: trips to nodes that cannot be reached",
        50,
    ),
    (gmns, changed(GMNS_LINK, ("1,1,2", "1,1,1")), "dropped: links that end where they begin", 2),
    (tntp, changed(TNTP_NET, ("1 2 900 1 1.2", "1 2 900 0 1.2")), "repaired: links of length 0, given 1 m", 1),
    (tntp, changed(TNTP_NET, ("1 2 900 1 1.2", "1 2 900 1 0")), "repaired: links faster than 216 km/h, made that", 1),
    (tntp, without(TNTP_NET, "2 1", "2 3"), "dropped: trips to nodes that cannot be reached", 50),
    (
        sumo,
        [*test_sumo_roads.EDGES, edge("n", "a", "c", "")],
        "dropped: edges that no car, bicycle or pedestrian may use",
        2,
    ),
    (sumo, [*test_sumo_roads.EDGES, edge("g", "a", "zz", "", ROAD)], "dropped: edges without their junctions", 1),
    (
        sumo,
        [*test_sumo_roads.EDGES, edge("o", "a", "a", "", ROAD)],
        "dropped: links that end where they begin",
        1,
    ),
]


@pytest.mark.parametrize(("write", "content", "said", "number"), MENDED, ids=lambda v: getattr(v, "__name__", ""))
def test_mended_and_counted(tmp_path: Path, write: Any, content: Any, said: str, number: int) -> None:
    area = build_roads(write(tmp_path, content))
    assert not list(area.faults())
    (account,) = area.facts["sources"]
    deed, _, what = said.partition(": ")
    if said:
        assert account[deed][what] == number
    assert len(area.people) == (area.gateways.through.sum() if len(area.people) else 0)


def test_what_cannot_be_reached_is_named(tmp_path: Path) -> None:
    area = build_roads(tntp(tmp_path, without(TNTP_NET, "2 1", "2 3")))
    (account,) = area.facts["sources"]
    assert "no way leads from 2 to 4" in account["notes"]
    assert "2 parts of the network are not mutually reachable by car" in account["notes"]
    assert len(area.people) == 100


STREETS = test_sumo.EDGES
PLACES = [
    (
        [*STREETS[:2], edge("2", "b", "c", "highway.residential", (0.0, CAR)), *STREETS[3:]],
        "edges without a speed, given that of their class",
    ),
    (
        [*STREETS[:2], edge("2", "b", "c", "highway.residential", (float("nan"), CAR)), *STREETS[3:]],
        "edges without a speed, given that of their class",
    ),
]


@pytest.mark.parametrize(("edges", "said"), PLACES)
def test_a_place_of_a_sumo_network(tmp_path: Path, edges: list[str], said: str) -> None:
    area = build("place", sumo=test_sumo.write(tmp_path / "a.net.xml", edges))
    (account,) = (a for a in area.facts["sources"] if a["source"] == "SUMO network")
    assert account["repaired"][said] == 1
    assert not list(area.faults())
    assert np.isfinite(area.links.speed).all()


def test_an_island_of_streets_is_left_out_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    far = {**test_sumo.JUNCTIONS, "p": (5000, 5000), "q": (5500, 5000)}
    monkeypatch.setattr(test_sumo, "JUNCTIONS", far)
    area = build("place", sumo=test_sumo.write(tmp_path / "a.net.xml", [*STREETS, *ISLAND]))
    (account,) = (a for a in area.facts["sources"] if a["source"] == "SUMO network")
    assert "25.0% of the junctions by car are left out: not mutually reachable" in account["notes"]  # 2 of 8
    assert len(area.links) == len(build("place", sumo=test_sumo.write(tmp_path / "b.net.xml", STREETS)).links)


HEAD_OF_CALLS = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
FEEDS = [
    ("1,23:59:00,23:59:00,A,1\n1,24:10:00,24:10:00,C,2\n", "repaired: calls after midnight, of the day before", 1),
    ("1,25:00:00,25:00:00,A,1\n1,26:10:00,26:10:00,C,2\n", "repaired: calls after midnight, of the day before", 2),
    (
        "2,35:00:00,35:00:00,A,1\n2,36:00:01,36:00:01,C,2\n",
        "dropped: trips that end more than 36 hours after their midnight",
        1,
    ),
    (
        "1,8:00:00,8:00:00,A,1\n1,8:05:00,8:05:00,GONE,2\n1,8:10:00,8:10:00,C,3\n",
        "dropped: calls at stops that the feed lacks",
        1,
    ),
    ("1,8:00:00,8:00:00,A,1\n1,8:05:00,8:05:00,X,2\n1,8:10:00,8:10:00,C,3\n", "dropped: stops without a place", 1),
    ("2,8:10:00,8:10:00,A,1\n2,8:00:00,8:00:00,C,2\n", "dropped: trips whose times run backwards", 1),
]


@pytest.mark.parametrize(("calls", "said", "number"), FEEDS)
def test_a_feed_with_night_trips_and_missing_stops(tmp_path: Path, calls: str, said: str, number: int) -> None:
    sound = "3,9:00:00,9:00:00,A,1\n3,9:10:00,9:10:00,C,2\n"
    path = test_gtfs.feed(tmp_path / "feed.zip", stop_times_txt=HEAD_OF_CALLS + calls + sound)
    found = read_feed(path)
    deed, _, what = said.partition(": ")
    assert getattr(found.account, deed)[what] == number
    assert found.trips == 1 + (not what.startswith("trips"))
