"""Turn restrictions: relations as tagged, and the banned turns that they make of small drawn streets."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from scenarios.areas.check import check_area
from scenarios.areas.osm import read_ground
from scenarios.areas.osm_restrictions import BROKEN, OTHERS, SOMETIMES, UNKNOWN, Restriction, read_restriction
from scenarios.areas.place import build_place
from scenarios.areas.streets import directions
from twin.network import Network, Router

MEMBERS = [("w", "from", 1), ("n", "via", 2), ("w", "to", 3)]
METRE = 1 / 111_195  # degrees of latitude


@pytest.mark.parametrize(
    ("tags", "members", "expected"),
    [
        ({"restriction": "no_left_turn"}, MEMBERS, ("no_left_turn", (1,), 2, (), (3,))),
        ({"restriction": "no_left_turn"}, MEMBERS[::-1], ("no_left_turn", (1,), 2, (), (3,))),
        ({"restriction:motorcar": "only_straight_on"}, MEMBERS, ("only_straight_on", (1,), 2, (), (3,))),
        ({"restriction": "no_u_turn", "except": "bicycle;psv"}, MEMBERS, ("no_u_turn", (1,), 2, (), (3,))),
        ({"restriction": "no_u_turn", "except": "bus;motorcar"}, MEMBERS, OTHERS),
        ({"restriction:hgv": "no_left_turn"}, MEMBERS, OTHERS),
        ({"restriction:conditional": "no_left_turn @ (07:00-09:00)"}, MEMBERS, SOMETIMES),
        ({"restriction": "no_left_turn", "hour_on": "07:00"}, MEMBERS, SOMETIMES),
        ({"restriction": "no_fun"}, MEMBERS, UNKNOWN),
        ({"restriction": "no_left_turn"}, MEMBERS[:2], BROKEN),
        ({"restriction": "no_left_turn"}, [*MEMBERS, ("n", "via", 9)], BROKEN),
        (
            {"restriction": "no_entry"},
            [("w", "from", 1), ("w", "from", 4), ("w", "via", 7), ("w", "to", 3)],
            ("no_entry", (1, 4), 0, (7,), (3,)),
        ),
    ],
)
def test_relations(tags, members, expected) -> None:
    found = read_restriction(5, tags, members)
    assert found == (expected if isinstance(expected, str) else Restriction(5, *expected))


# a crossing of four roads round node 1, joined by a ring road; ways are named by the nodes that they join
SPOTS = {1: (0, 0), 2: (-200, 0), 3: (200, 0), 4: (0, 200), 5: (0, -200)}
ROADS = {12: (1, 2), 13: (1, 3), 14: (1, 4), 15: (1, 5), 24: (2, 4), 43: (4, 3), 35: (3, 5), 52: (5, 2)}


def drawn(folder: Path, spots, roads, relations, tags=None) -> Path:
    """An extract of roads that are drawn in metres; relations: (tags, members)."""
    text = ['<?xml version="1.0"?><osm version="0.6">']
    text += [f'<node id="{i}" lon="{5 + 1.6 * x * METRE}" lat="{52 + y * METRE}"/>' for i, (x, y) in spots.items()]
    for way, nodes in sorted(roads.items()):
        refs = "".join(f'<nd ref="{n}"/>' for n in nodes)
        words = {"highway": "residential", "name": f"{way}", **(tags or {}).get(way, {})}
        text.append(f'<way id="{way}">{refs}{"".join(f"""<tag k="{k}" v="{v}"/>""" for k, v in words.items())}</way>')
    for number, (words, members) in enumerate(relations, 900):
        kinds = {"n": "node", "w": "way"}
        text.append(f'<relation id="{number}">')
        text += [f'<member type="{kinds[t]}" ref="{ref}" role="{role}"/>' for t, role, ref in members]
        text += [f'<tag k="{k}" v="{v}"/>' for k, v in {"type": "restriction", **words}.items()]
        text.append("</relation>")
    path = folder / "drawn.osm"
    path.write_text("".join([*text, "</osm>"]), encoding="utf-8")
    return path


def banned_turns(ground, origin: str = "observed") -> set[tuple[str, ...]]:
    """The banned turns by the names of the streets."""
    edge, _ = directions(ground.net)
    turns = ground.turns or {"origin": np.array([])}
    rows = np.flatnonzero(turns["origin"] == origin)
    ways = [[turns[column][row] for column in ("from_link", "via", "to_link")] for row in rows]
    return {tuple(str(ground.net.name[edge[link]]) for link in way if link >= 0) for way in ways}


def rule(kind: str, start: int, via: int, stop: int):
    return {"restriction": kind}, [("w", "from", start), ("n", "via", via), ("w", "to", stop)]


@pytest.mark.parametrize(
    ("restriction", "expected"),
    [
        (rule("no_left_turn", 12, 1, 14), {("12", "14")}),
        (rule("no_u_turn", 12, 1, 12), {("12", "12")}),
        (rule("only_straight_on", 12, 1, 13), {("12", "12"), ("12", "14"), ("12", "15")}),
        (rule("no_left_turn", 12, 1, 77), set()),
        (rule("no_left_turn", 12, 99, 14), set()),
    ],
)
def test_bans_at_a_crossing(tmp_path, restriction, expected) -> None:
    ground = read_ground(drawn(tmp_path, SPOTS, ROADS, [restriction]))
    assert banned_turns(ground) == expected


def test_routes_of_an_area_keep_them_and_nobody_turns_round_to_do_so(tmp_path) -> None:
    free = build_place(drawn(tmp_path, SPOTS, ROADS, []))
    area = build_place(drawn(tmp_path, SPOTS, ROADS, [rule("no_left_turn", 12, 1, 14)]))
    assert [f for f in check_area(area) if f.severity == "error"] == []
    assert len(free.turns) == 0
    assert len(area.nodes) == len(free.nodes)
    network = Network.of(area)
    west, north = (int(np.argmin(np.hypot(area.nodes.x - x, area.nodes.y - y))) for x, y in corners(area))
    for mode, steps in (("car", 2), ("bicycle", 2)):
        net = Network.of(area, mode)
        assert len(net.path(np.ones(net.links), west, north)[1]) <= steps
    metres = np.rint(network.length).astype(np.int64)
    bent = Router(network, metres).paths([west], [north])[1]
    names = [str(area.links.name[row]) for row in bent]
    assert ("12", "14") not in list(pairwise(names))
    assert len(set(names)) == len(names)


def corners(area):
    x, y = area.nodes.x, area.nodes.y
    return (x.min(), np.median(y)), (np.median(x), y.max())


def test_a_ban_inside_a_merged_junction(tmp_path) -> None:
    # the crossing is drawn as two nodes, 5 m apart, which cleaning merges; the short way 16 vanishes
    spots = {**SPOTS, 6: (5, 0)}
    roads = {**ROADS, 13: (6, 3), 15: (6, 5), 16: (1, 6)}
    left = [({"restriction": "no_right_turn"}, [("w", "from", 16), ("n", "via", 6), ("w", "to", 15)])]
    ground = read_ground(drawn(tmp_path, spots, roads, left))
    assert ground.facts["streets"]["turns"]["placed"] == 1
    assert banned_turns(ground) == {("12", "15"), ("14", "15")}
    over = [({"restriction": "no_left_turn"}, [("w", "to", 13), ("w", "via", 16), ("w", "from", 14)])]
    assert banned_turns(read_ground(drawn(tmp_path, spots, roads, over))) == {("14", "13")}


def test_a_ban_over_a_way_that_stays(tmp_path) -> None:
    spots = {**SPOTS, 6: (60, 0)}
    roads = {**ROADS, 13: (6, 3), 15: (6, 5), 16: (1, 6)}
    over = ("w", "from", 12), ("w", "via", 16), ("w", "to", 15)
    ground = read_ground(drawn(tmp_path, spots, roads, [({"restriction": "no_right_turn"}, over)]))
    assert banned_turns(ground) == {("12", "16", "15")}
    only = read_ground(drawn(tmp_path, spots, roads, [({"restriction": "only_right_turn"}, over)]))
    assert banned_turns(only) == {("12", "16", "13"), ("12", "16", "16"), ("12", "12"), ("12", "14")}


def test_a_ban_that_cuts_a_place_off_is_dropped_and_counted(tmp_path) -> None:
    spots, roads = {**SPOTS, 6: (200, 200)}, {**ROADS, 36: (3, 6)}
    shut = [rule("no_entry", w, 3, 36) for w in (13, 43, 35)]
    ground = read_ground(drawn(tmp_path, spots, roads, shut))
    assert len(banned_turns(ground)) == 2
    assert ground.facts["streets"]["turns"]["cut_off"] == 1
    assert ground.account.dropped["bans of a turn that would cut a place off"] == 1


def test_a_street_where_no_car_goes_needs_no_ban(tmp_path) -> None:
    ground = read_ground(
        drawn(tmp_path, SPOTS, ROADS, [rule("no_left_turn", 12, 1, 14)], {14: {"motor_vehicle": "no"}})
    )
    assert ground.turns == {}
    assert ground.facts["streets"]["turns"]["needless"] == 1


def test_restrictions_of_a_town(reference_data) -> None:
    ground = read_ground(reference_data("osm", "bad_hersfeld.osm.xml.gz"))
    told = ground.facts["streets"]["turns"]
    assert ground.account.read["turn restrictions"] == 72
    assert told["placed"] >= 65
    assert told.get("unplaced", 0) <= 2
    assert told["turns"] == (ground.turns["origin"] == "observed").sum()
