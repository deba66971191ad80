"""Streets from SUMO networks: the two real ones, a small one written by hand, and files that are none."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from scenarios.areas.streets import BIKE_B, BIKE_F, CAR_B, CAR_F, CLASS, MODES, ROUND, WALK, main_component
from scenarios.areas.sumo import Net, read_net
from twin.errors import InputError

Data = Callable[..., Path]

HEAD = (
    '<net version="1.9"><location netOffset="-500000.00,-5600000.00" convBoundary="0,0,1,1" '
    'projParameter="+proj=utm +zone=32 +ellps=WGS84 +datum=WGS84 +units=m +no_defs"/>'
)
LANE = '<lane id="{0}_{1}" index="{1}" speed="{2}" length="1" {3} shape="0,0 1,1"/>'


def edge(
    name: str, tail: str, head: str, kind: str, *lanes: tuple[float, str], shape: str = "", title: str = ""
) -> str:
    inside = "".join(LANE.format(name, k, speed, allow) for k, (speed, allow) in enumerate(lanes))
    form = f' shape="{shape}"' if shape else ""
    return f'<edge id="{name}" from="{tail}" to="{head}" name="{title}" type="{kind}"{form}>{inside}</edge>'


CAR = 'disallow="pedestrian tram rail"'
ROAD = (13.89, CAR)
WALKWAY = (2.78, 'allow="pedestrian"')
JUNCTIONS = {"a": (0, 0), "b": (500, 0), "c": (500, 500), "d": (0, 500), "e": (900, 0), "f": (500, 900), "r": (-300, 0)}
EDGES = [
    edge("1", "a", "b", "highway.secondary", (2.0, 'allow="pedestrian"'), ROAD, ROAD, title="Dorfstraße"),
    edge("-1", "b", "a", "highway.secondary", ROAD, title="Dorfstraße"),
    edge("2", "b", "c", "highway.residential", ROAD, WALKWAY, shape="500,0 600,250 500,500"),
    edge("-2", "c", "b", "highway.residential", ROAD, WALKWAY, shape="500,500 600,250 500,0"),
    edge("33#1", "c", "d", "highway.tertiary_link", ROAD, WALKWAY),
    edge("34", "d", "a", "highway.service", (5.56, 'allow="pedestrian delivery"')),
    edge("-34", "a", "d", "highway.service", (5.56, 'allow="pedestrian delivery"')),
    edge("5", "b", "e", "highway.primary", ROAD, WALKWAY),
    edge("-5", "e", "b", "highway.primary", ROAD, WALKWAY),
    edge("6", "c", "f", "highway.primary", ROAD, WALKWAY),
    edge("-6", "f", "c", "highway.primary", ROAD, WALKWAY),
    edge("7", "a", "r", "railway.rail", (40.0, 'allow="rail"')),
    '<edge id=":b_0" function="internal"><lane id=":b_0_0" index="0" speed="5" length="1" shape="0,0 1,1"/></edge>',
]


def write(path: Path, edges: list[str], head: str = HEAD, tail: str = "</net>") -> Path:
    spots = "".join(
        f'<junction id="{j}" type="{"traffic_light" if j == "b" else "priority"}" x="{x}" y="{y}" incLanes=""/>'
        for j, (x, y) in JUNCTIONS.items()
    )
    path.write_text(head + "".join(edges) + spots + tail, encoding="utf-8")
    return path


@pytest.fixture
def small(tmp_path: Path) -> Net:
    return read_net(write(tmp_path / "a.net.xml", EDGES), crs="EPSG:32632")


def row(net: Net, x: float, y: float) -> int:
    far = np.hypot(net.streets.x - 500_000 - x, net.streets.y - 5_600_000 - y)
    assert far.min() < 0.01
    return int(np.argmin(far))


def street(net: Net, a: tuple[float, float], b: tuple[float, float]) -> int:
    ends = {row(net, *a), row(net, *b)}
    (found,) = [k for k, pair in enumerate(zip(net.streets.tail, net.streets.head, strict=True)) if set(pair) == ends]
    return found


def test_directions_lanes_and_modes(small: Net) -> None:
    s = small.streets
    main = street(small, (0, 0), (500, 0))
    assert s.name[main] == "Dorfstraße"
    assert s.flags[main] == CAR_F | CAR_B | BIKE_F | BIKE_B | WALK
    ahead = s.tail[main] == row(small, 0, 0)
    assert (s.lanes_f[main], s.lanes_b[main]) == ((2, 1) if ahead else (1, 2))
    assert s.speed[main] == pytest.approx(13.89)
    assert s.way[main] == 1
    bent = street(small, (500, 0), (500, 500))
    assert s.lengths()[bent] == pytest.approx(2 * np.hypot(100, 250), rel=1e-6)
    assert s.road_class[bent] == CLASS["residential"]


def test_one_way_streets_stay_one_way(small: Net) -> None:
    # c-d has a direction of its own and a-d two: both belong to the ring that cars can drive round
    s = small.streets
    chain = street(small, (500, 500), (0, 500))
    assert s.flags[chain] & (CAR_F | CAR_B) in (CAR_F, CAR_B)
    assert (s.flags[chain] & CAR_F > 0) == (s.tail[chain] == row(small, 500, 500))
    assert s.road_class[chain] == CLASS["tertiary"]


def test_marks_and_account(small: Net) -> None:
    s = small.streets
    assert s.marks["signal"].tolist() == [row(small, 500, 0)]
    assert set(s.marks["gateway"].tolist()) == {row(small, 900, 0), row(small, 500, 900)}
    assert small.account.dropped == {"edges that no car, bicycle or pedestrian may use": 1}
    opened = "lanes of service roads open to deliveries only, opened to cars"
    assert small.account.repaired == {opened: 2}


def test_the_usual_system_of_the_place(tmp_path: Path) -> None:
    net = read_net(write(tmp_path / "a.net.xml", EDGES))
    assert net.crs == "EPSG:25832"
    assert net.streets.x.min() == pytest.approx(500_000, abs=2)


@pytest.mark.parametrize(
    ("name", "edges", "signals", "roundabouts", "crs"),
    [
        ("sumo_wildau/net.net.xml.gz", (700, 900), 3, 3, "EPSG:25833"),
        ("sumo_bad_hersfeld/osm_edited.net.xml.gz", (4_500, 6_500), 22, 8, "EPSG:25832"),
    ],
)
def test_real_networks(
    reference_data: Data, name: str, edges: tuple[int, int], signals: int, roundabouts: int, crs: str
) -> None:
    net = read_net(reference_data("mobility", *name.split("/")))
    s = net.streets
    assert net.crs == crs
    assert edges[0] < len(s.tail) < edges[1]
    assert len(s.marks["signal"]) == signals  # the lights of one junction are merged
    assert net.account.read["roundabouts"] == roundabouts
    assert ((s.flags & ROUND) > 0).sum() >= 3 * roundabouts
    assert len(s.marks["gateway"]) >= 2
    for mode in MODES:
        assert main_component(len(s.x), *s.directed(mode))[1] == 1.0
    assert s.lengths().min() > 0.0


def test_bad_hersfeld_lies_where_openstreetmap_has_it(reference_data: Data) -> None:
    from scipy.spatial import cKDTree

    from scenarios.areas.osm import read_ground

    here = read_net(reference_data("mobility", "sumo_bad_hersfeld", "osm_edited.net.xml.gz")).streets
    there = read_ground(reference_data("osm", "bad_hersfeld.osm.xml.gz")).net
    far = cKDTree(np.stack([here.x, here.y], 1)).query(np.stack([there.x, there.y], 1))[0]
    assert np.median(far) < 0.1  # metres: the network was made from the same map


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cannot be read"),
        (b"<net>", "cannot be read"),
        (b"<osm></osm>", "is XML of 'osm'"),
        (b"<net></net>", "no location"),
        (HEAD.encode() + b"</net>", "no street"),
        (gzip.compress(HEAD.encode() * 50)[:-20], "cannot be read"),
        (b"\0\1\2", "cannot be read"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a.net.xml").write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_net(tmp_path / "a.net.xml")


def test_a_network_without_projection_is_refused(tmp_path: Path) -> None:
    head = '<net><location netOffset="0,0" projParameter="!"/>'
    with pytest.raises(InputError, match="no projection that is known"):
        read_net(write(tmp_path / "a.net.xml", EDGES, head))


def test_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    bad = [e.replace('speed="13.89"', 'speed="fast"') for e in EDGES]
    with pytest.raises(InputError, match="cannot be read"):
        read_net(write(tmp_path / "a.net.xml", bad))
