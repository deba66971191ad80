"""Kinds of roads on tiny hand-written extracts: cycle streets, bridges, roundabouts, lanes, limits, dead ends."""

from __future__ import annotations

import numpy as np
import pytest

from scenarios.areas.osm import read_ground
from scenarios.areas.osm_tags import read_rule
from scenarios.areas.place import build_place
from scenarios.areas.streets import BIKE_B, BIKE_F, CAR_B, CAR_F, CLASS, WALK
from tests.scenarios.areas.osm_text import Text, told


@pytest.mark.parametrize(
    ("tags", "kmh"),
    [
        ({"highway": "residential"}, 30),
        ({"highway": "tertiary"}, 50),
        ({"highway": "tertiary", "cyclestreet": "yes"}, 30),
        ({"highway": "unclassified", "bicycle_road": "yes"}, 30),
        ({"highway": "tertiary", "cyclestreet": "yes", "maxspeed": "50"}, 50),
        ({"highway": "living_street", "cyclestreet": "yes"}, 15),
        ({"highway": "tertiary", "zone:maxspeed": "NL:30"}, 30),
        ({"highway": "tertiary", "maxspeed:type": "DE:zone30"}, 30),
        ({"highway": "tertiary", "source:maxspeed": "NL:rural"}, 80),
        ({"highway": "tertiary", "source:maxspeed": "sign"}, 50),
        ({"highway": "tertiary", "maxspeed": "60", "source:maxspeed": "NL:rural"}, 60),
    ],
)
def test_speeds_of_zones_and_cycle_streets(tags, kmh) -> None:
    assert read_rule(tags).speed == pytest.approx(kmh / 3.6)


def test_a_cycle_street_is_open_to_cars_as_guests() -> None:
    assert read_rule({"highway": "residential", "cyclestreet": "yes"}).flags == CAR_F | CAR_B | BIKE_F | BIKE_B | WALK


@pytest.mark.parametrize(
    ("tags", "lanes"),
    [
        ({"turn:lanes": "left|through|right", "oneway": "yes"}, (3, 3)),
        ({"turn:lanes:forward": "left|through;right"}, (2, 1)),
        ({"lanes": "3", "lanes:backward": "1", "turn:lanes:forward": "left|through"}, (2, 1)),
        ({"lanes": "two"}, (1, 1)),
        ({"lanes": "99"}, (6, 6)),
        ({"lanes": "3", "lanes:bus": "1", "oneway": "yes"}, (2, 2)),
    ],
)
def test_lanes_and_arrows(tags, lanes) -> None:
    rule = read_rule({"highway": "secondary", **tags})
    assert (rule.lanes_f, rule.lanes_b) == lanes


def ways_at(ground, x: float, y: float) -> set[str]:
    """Names of the streets that meet at the node nearest to a point, in metres from the south-west corner."""
    net = ground.net
    node = int(np.argmin(np.hypot(net.x - net.x.min() - x, net.y - net.y.min() - y)))
    return {str(name) for name in net.name[(net.tail == node) | (net.head == node)]}


@pytest.mark.parametrize("shared", [False, True])
def test_a_bridge_joins_only_what_shares_a_node(tmp_path, shared) -> None:
    text = Text()
    a, b, c, d = text.block()
    tags = {"highway": "residential", "bridge": "yes", "layer": "1", "name": "Over"}
    under = {"highway": "residential", "name": "Under"}
    if shared:
        middle = text.node(150, 150)
        text.way([a, middle, c], tags)
        text.way([b, middle, d], under)
    else:
        text.way([a, c], tags)
        text.way([b, d], under)
    ground = read_ground(text.write(tmp_path))
    assert ({"Over", "Under"} <= ways_at(ground, 150, 150)) == shared
    over = np.flatnonzero(ground.net.name == "Over")
    assert len(over) == (2 if shared else 1)
    assert ground.facts["streets"]["bridges"]


def test_minor_service_roads_are_left_out_and_counted(tmp_path) -> None:
    text = Text()
    a, b, *_ = text.block()
    text.way([a, text.node(50, 50)], {"highway": "service", "service": "parking_aisle"})
    text.way([b, text.node(250, 50)], {"highway": "service", "service": "alley", "name": "Alley"})
    text.way([a, text.node(-50, 0)], {"highway": "construction"})
    area = build_place(text.write(tmp_path))
    assert "Alley" in area.links.name
    assert not (area.links.road_class[area.links.name == ""] == "service").any()
    assert told(area, "dropped")["parking aisles, driveways and the like"] == 1
    assert told(area, "dropped")["ways that carry nobody"] == 1


def test_roundabouts_run_one_way_and_small_ones_are_nodes(tmp_path) -> None:
    text = Text()
    a, b, c, d = text.block()
    ring = [text.node(150 + 20 * x, 150 + 20 * y) for x, y in ((1, 0), (0, 1), (-1, 0), (0, -1))]  # anticlockwise
    text.way([*ring, ring[0]], {"highway": "tertiary", "junction": "roundabout", "name": "Ring"})
    for corner, spoke in zip((b, c, d, a), ring, strict=True):
        text.way([spoke, corner], {"highway": "residential", "name": "Spoke"})
    area = build_place(text.write(tmp_path))
    ring_links = (area.links.name == "Ring") & area.links.car
    assert ring_links.sum() == 4
    assert area.links.roundabout[ring_links].all()
    dx, dy = area.nodes.x - area.nodes.x[area.links.tail[ring_links]].mean(), area.nodes.y
    dy = dy - dy[area.links.tail[ring_links]].mean()
    tail, head = area.links.tail[ring_links], area.links.head[ring_links]
    assert (
        dx[tail] * dy[head] - dy[tail] * dx[head] > 0
    ).all()  # anticlockwise, as in countries that drive on the right
    assert set(area.nodes.kind[tail]) == {"roundabout"}
    small = Text()
    a, *_ = small.block()
    k = next(i for i, part in enumerate(small.parts) if part[:2] == ("node", a))
    words = small.parts[k][2].replace("></node>", '><tag k="highway" v="mini_roundabout"/></node>')
    small.parts[k] = ("node", a, words)
    small.way([a, small.node(-200, 0)], {"highway": "residential"})
    area = build_place(small.write(tmp_path))
    assert (area.nodes.kind == "roundabout").sum() == 1


def test_a_cycle_path_beside_a_road_takes_its_cyclists(tmp_path) -> None:
    text = Text()
    a, b, *_ = text.block(tags={"bicycle": "use_sidepath"})
    far = [text.node(0, -8), text.node(300, -8)]
    text.way([a, far[0], far[1], b], {"highway": "cycleway", "name": "Path"})
    area = build_place(text.write(tmp_path))
    assert set(area.links.name[area.links.bicycle]) == {"Path"}
    assert not area.links.car[area.links.name == "Path"].any()


def test_short_edges_and_dead_ends_are_told(tmp_path) -> None:
    text = Text()
    a, b, *_ = text.block()
    near = text.node(-3, 0)
    short = text.way([a, near], {"highway": "residential", "name": "Short"})
    text.way([near, text.node(-90, 0)], {"highway": "residential", "name": "Arm"})
    end = text.way([b, text.node(200, 50)], {"highway": "residential", "name": "End"})
    facts = read_ground(text.write(tmp_path)).facts["streets"]
    assert facts["short_edges"] == [short]
    assert facts["short_edges_merged"] == 1
    assert end in facts["dead_ends"]


def test_capacity_by_class_and_lanes(tmp_path) -> None:
    text = Text()
    text.block(tags={"lanes": "2", "oneway": "no"})
    links = build_place(text.write(tmp_path)).links
    main = (links.road_class == "secondary") & (links.osm_id > 0)
    assert CLASS["secondary"] < CLASS["residential"]
    assert links.capacity[main] * 3600 == pytest.approx(1800.0)
    assert links.capacity[links.road_class == "residential"] * 3600 == pytest.approx(1200.0)
