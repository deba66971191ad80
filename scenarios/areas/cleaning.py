"""Cleaning streets of any source: parts joined outside, pseudo nodes and short edges gone, all of it connected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from scenarios.areas.osm_outside import find_ends, join_outside
from scenarios.areas.streets import (
    CAR_B,
    CAR_F,
    CLASS,
    MODES,
    ROUND,
    Bools,
    Ints,
    Streets,
    components,
    connect,
    contract,
    drop_unused_nodes,
    main_component,
    simplify,
)

SHORT_EDGE = 7.0  # m: junctions nearer than this are one junction (assumption)
SIGNAL_REACH = 35.0  # m from a signal's post to its junction, and between the parts of one junction (assumption)
LISTED = 200  # ways that the facts name
GATEWAY_PAIR = 60.0  # m between the carriageways of one road at the border (assumption)

ASSUMPTIONS = {
    "osm.junctions": "junctions within 7 m are merged; signals within 35 m belong to one junction (assumption)",
    "osm.gateways": "carriageways of one road within 60 m of each other at the border are one gateway (assumption)",
}


def clean(
    raw: Streets, mark_signals: Callable[[Streets], tuple[Streets, dict[str, int]]]
) -> tuple[Streets, dict[str, Any]]:
    """Cleaned streets with the marks border, signal, gateway and roundabout, and facts of the cleaning.

    raw          : as read, with the mark border where the source says so
    mark_signals : sets the mark signal once pseudo nodes are gone, and counts
    """
    facts: dict[str, Any] = {}
    streets = _pair_borders(find_ends(drop_unused_nodes(raw)))
    facts["largest_component_share_raw"] = {
        mode: round(main_component(len(streets.x), *streets.directed(mode))[1], 4) for mode in MODES
    }
    streets, facts["outside_links"] = join_outside(streets)
    streets, first = connect(streets)
    facts["largest_component_share_joined"] = {m: v["largest_component_share"] for m, v in first.items()}
    facts["ways_dropped"] = {m: v["ways_dropped"] for m, v in first.items()}
    streets = simplify(streets, _protect(streets, "border", "turn"))
    streets, counts = mark_signals(streets)
    facts |= counts
    facts["short_edges_merged"], facts["short_edges"] = _listed(streets, streets.lengths() < SHORT_EDGE)
    streets = _merge_near(_merge_signals(streets))
    facts["car_nodes_before_connecting"] = len(np.unique(np.concatenate(streets.directed("car"))))
    streets, facts["modes"] = connect(streets)
    streets = simplify(streets, _protect(streets, "border", "signal", "turn"))
    streets = _gateways(streets)
    arms = np.bincount(streets.tail, minlength=len(streets.x)) + np.bincount(streets.head, minlength=len(streets.x))
    dead = arms == 1
    dead[streets.marks["border"]] = False
    facts["dead_ends_kept"], facts["dead_ends"] = _listed(streets, dead[streets.tail] | dead[streets.head])
    return streets, facts


def _listed(streets: Streets, which: Bools) -> tuple[int, list[int]]:
    """The number of some edges, and up to LISTED of the ways that they are of."""
    return int(which.sum()), sorted({int(way) for way in streets.way[which] if way})[:LISTED]


def _protect(streets: Streets, *marks: str) -> Bools:
    out = np.zeros(len(streets.x), bool)
    for mark in marks:
        out[streets.marks.get(mark, np.zeros(0, np.int64))] = True
    return out


def _linked(n: int, a: Ints, b: Ints) -> Ints:
    """Labels that join the nodes a[i] and b[i], shape (n,)."""
    return components(n, a, b, strong=False)


def _pair_borders(streets: Streets) -> Streets:
    """Make the two carriageways of one road one node where they cross the border: an entry and an exit."""
    from scipy.spatial import cKDTree

    nodes = streets.marks["border"]
    car = (streets.flags & (CAR_F | CAR_B)) > 0
    road = np.full(len(streets.x), 99, np.int64)
    np.minimum.at(road, streets.tail[car], streets.road_class[car])
    np.minimum.at(road, streets.head[car], streets.road_class[car])
    nodes = nodes[road[nodes] <= CLASS["residential"]]
    if len(nodes) < 2:
        return streets
    pairs = cKDTree(np.stack([streets.x[nodes], streets.y[nodes]], 1)).query_pairs(GATEWAY_PAIR, output_type="ndarray")
    a, b = nodes[pairs[:, 0]], nodes[pairs[:, 1]]
    same = road[a] == road[b]
    return contract(streets, _linked(len(streets.x), a[same], b[same]))


def _merge_signals(streets: Streets) -> Streets:
    """Merge the parts of one signalled junction."""
    n = len(streets.x)
    signal = _protect(streets, "signal")
    car = (streets.flags & (CAR_F | CAR_B)) > 0
    near = car & signal[streets.tail] & signal[streets.head] & (streets.lengths() <= SIGNAL_REACH)
    return contract(streets, _linked(n, streets.tail[near], streets.head[near])) if near.any() else streets


def _merge_near(streets: Streets) -> Streets:
    """Merge junctions that a very short edge joins."""
    near = streets.lengths() < SHORT_EDGE
    return contract(streets, _linked(len(streets.x), streets.tail[near], streets.head[near]))


def _gateways(streets: Streets) -> Streets:
    """Gateways: where main roads cross the border and cars can both enter and leave; else the best there is."""
    n = len(streets.x)
    tails, heads = streets.directed("car")
    both = np.zeros(n, bool)
    both[np.intersect1d(tails, heads)] = True
    car = (streets.flags & (CAR_F | CAR_B)) > 0
    road = np.full(n, 99, np.int64)
    np.minimum.at(road, streets.tail[car], streets.road_class[car])
    np.minimum.at(road, streets.head[car], streets.road_class[car])
    border = streets.marks["border"]
    border = border[both[border]]
    chosen = np.zeros(0, np.int64)
    for worst in ("secondary", "tertiary", "unclassified", "service"):
        chosen = border[road[border] <= CLASS[worst]]
        if len(chosen) >= 2:  # with one there would be no through traffic
            break
    if not len(chosen) and both.any():
        # the whole extract lies inside: the outermost node of the best road stands for the world outside
        best = np.flatnonzero(both & (road == road[both].min()))
        far = np.hypot(streets.x[best] - streets.x.mean(), streets.y[best] - streets.y.mean())
        chosen = best[[int(np.argmax(far))]]
    ring = (streets.flags & ROUND) > 0
    mini = streets.marks.get("mini", np.zeros(0, np.int64))
    roundabout = np.unique(np.concatenate([streets.tail[ring], streets.head[ring], mini]))
    return replace(streets, marks={**streets.marks, "gateway": np.unique(chosen), "roundabout": roundabout})
