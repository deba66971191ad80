"""From the highway ways of an extract to cleaned `Streets`: clipped, split, simplified, connected, with gateways."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from scenarios.areas.osm_outside import find_ends, join_outside
from scenarios.areas.osm_read import Extract
from scenarios.areas.osm_tags import Rule, read_rule
from scenarios.areas.streets import (
    CAR_B,
    CAR_F,
    CLASS,
    MODES,
    ROUND,
    Bools,
    Floats,
    Ints,
    Streets,
    components,
    connect,
    contract,
    drop_unused_nodes,
    main_component,
    simplify,
    split_loops,
)

SHORT_EDGE = 7.0  # m: junctions nearer than this are one junction (assumption)
SIGNAL_REACH = 35.0  # m from a signal's post to its junction, and between the parts of one junction (assumption)
GATEWAY_PAIR = 60.0  # m between the carriageways of one road at the border (assumption)
OTHER_SIGNALS = {
    "movable_bridge",
    "ramp_meter",
    "warning",
    "cyclist_crossing",
    "pedestrian_crossing",
    "blinker",
    "tram_priority",
    "level_crossing",
    "emergency",
}

ASSUMPTIONS = {
    "osm.junctions": "junctions within 7 m are merged; signals within 35 m belong to one junction (assumption)",
    "osm.gateways": "carriageways of one road within 60 m of each other at the border are one gateway (assumption)",
}


def osm_streets(extract: Extract, outline: Any, to_xy: Any) -> tuple[Streets, dict[str, Any]]:
    """The streets inside the polygon `outline` (projected) and facts of their cleaning. Marks: gateway, signal, roundabout."""
    raw, bridges = _edges(extract, outline, to_xy)
    if not len(raw.tail):
        return raw, {}
    facts: dict[str, Any] = {"edges_raw": len(raw.tail), "bridges": bridges}
    streets = _pair_borders(find_ends(drop_unused_nodes(raw)))
    facts["largest_component_share_raw"] = {
        mode: round(main_component(len(streets.x), *streets.directed(mode))[1], 4) for mode in MODES
    }
    streets, facts["outside_links"] = join_outside(streets)
    streets, first = connect(streets)
    facts["largest_component_share_joined"] = {m: v["largest_component_share"] for m, v in first.items()}
    facts["ways_dropped"] = {m: v["ways_dropped"] for m, v in first.items()}
    streets = simplify(streets, _protect(streets, "border"))
    streets, facts["signal_posts"], facts["signal_posts_unmatched"] = _signals(streets, extract, to_xy)
    streets = _merge_near(streets)
    facts["car_nodes_before_connecting"] = len(np.unique(np.concatenate(streets.directed("car"))))
    streets, facts["modes"] = connect(streets)
    streets = simplify(streets, _protect(streets, "border", "signal"))
    return _gateways(streets), facts


def _protect(streets: Streets, *marks: str) -> Bools:
    out = np.zeros(len(streets.x), bool)
    for mark in marks:
        out[streets.marks.get(mark, np.zeros(0, np.int64))] = True
    return out


def _edges(extract: Extract, outline: Any, to_xy: Any) -> tuple[Streets, list[int]]:
    """Clip every way to the outline and split it where ways meet."""
    import shapely

    shapely.prepare(outline)
    rules: list[tuple[Any, Rule]] = [(w, r) for w in extract.ways if (r := read_rule(w.tags)) is not None]
    pieces: list[tuple[int, list[int], Floats]] = []
    places: dict[int, tuple[float, float]] = {}
    border: list[int] = []
    cut: set[int] = set()
    bridges = sorted({w.id for w, _ in rules if w.tags.get("bridge", "no") != "no"})
    for number, (way, _) in enumerate(rules):
        points = np.stack(to_xy(np.array(way.lon), np.array(way.lat)), 1)
        cut.update(way.cut)
        for ids, part in _clip(way.nodes, points, outline, border):
            pieces.append((number, ids, part))
            places.update(zip(ids, map(tuple, part), strict=True))
    used = Counter(i for _, ids, _ in pieces for i in ids)
    for _, ids, _ in pieces:
        used[ids[0]] += 2
        used[ids[-1]] += 2
    rows, tails, heads, lines = [], [], [], []
    for number, ids, points in pieces:
        cuts = [k for k, i in enumerate(ids) if used[i] > 1]
        for a, b in pairwise(cuts):
            rows.append(number)
            tails.append(ids[a])
            heads.append(ids[b])
            lines.append(points[a : b + 1])
    return _assemble(rules, rows, tails, heads, lines, places, [*border, *cut]), bridges


def _clip(ids: list[int], points: Floats, outline: Any, border: list[int]) -> list[tuple[list[int], Floats]]:
    """The parts of a way inside the outline; where it crosses, a new node (negative id, kept in `border`) ends the part."""
    import shapely

    inside = shapely.contains_xy(outline, points[:, 0], points[:, 1])
    if inside.all():
        return [(ids, points)]
    if not inside.any():
        return []
    parts: list[tuple[list[int], Floats]] = []
    now: list[int] = []
    line: list[Any] = []

    def close() -> None:
        if len(now) > 1:
            parts.append((list(now), np.array(line)))
        now.clear()
        line.clear()

    for k in range(len(ids)):
        if k and inside[k] != inside[k - 1]:
            inner, outer = (points[k], points[k - 1]) if inside[k] else (points[k - 1], points[k])
            border.append(-len(border) - 1)
            now.append(border[-1])
            line.append(_crossing(inner, outer, outline))
            if not inside[k]:
                close()
        if inside[k]:
            now.append(ids[k])
            line.append(points[k])
    close()
    return parts


def _crossing(inner: Floats, outer: Floats, outline: Any) -> Floats:
    """The point where the segment from `inner` to `outer` first leaves the outline."""
    import shapely

    met = shapely.get_coordinates(shapely.intersection(shapely.LineString([inner, outer]), shapely.boundary(outline)))
    if not len(met):  # both ends on the same side up to rounding
        return np.asarray(outer)
    return np.asarray(met[np.argmin(((met - inner) ** 2).sum(1))])


def _assemble(
    rules: list[tuple[Any, Rule]],
    rows: list[int],
    tails: list[int],
    heads: list[int],
    lines: list[Floats],
    places: dict[int, tuple[float, float]],
    border: list[int],
) -> Streets:
    ids, flat = np.unique(np.array(tails + heads, np.int64), return_inverse=True)
    xy = np.array([places[i] for i in ids.tolist()]).reshape(-1, 2)
    of = np.array(rows, np.int64)
    every = [r for _, r in rules]

    def column(get: Any, kind: Any = np.int64) -> Any:
        return np.array([get(r) for r in every], kind)[of] if len(of) else np.zeros(0, kind)

    names = np.array([w.tags.get("name") or w.tags.get("ref") or "" for w, _ in rules], object)
    way = np.array([w.id for w, _ in rules], np.int64)
    at_border = np.flatnonzero(np.isin(ids, border)) if border else np.zeros(0, np.int64)
    m = len(rows)
    streets = Streets(
        xy[:, 0].copy(),
        xy[:, 1].copy(),
        np.maximum(ids, 0),
        flat[:m].astype(np.int64),
        flat[m:].astype(np.int64),
        lines,
        column(lambda r: r.road_class),
        names[of],
        way[of],
        column(lambda r: r.speed, float),
        column(lambda r: r.lanes_f),
        column(lambda r: r.lanes_b),
        column(lambda r: r.flags),
        {"border": at_border.astype(np.int64)},
    )
    return split_loops(streets)


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


def _signals(streets: Streets, extract: Extract, to_xy: Any) -> tuple[Streets, int, int]:
    """Mark the junction of each signal post and merge the parts of one signalled junction."""
    from scipy.spatial import cKDTree

    posts = [s for s in extract.signals if s[3].get("traffic_signals") not in OTHER_SIGNALS]
    n = len(streets.x)
    car = (streets.flags & (CAR_F | CAR_B)) > 0
    arms = np.bincount(streets.tail[car], minlength=n) + np.bincount(streets.head[car], minlength=n)
    junctions = np.flatnonzero(arms >= 3)
    if not posts or not len(junctions):
        return replace(streets, marks={**streets.marks, "signal": np.zeros(0, np.int64)}), len(posts), len(posts)
    x, y = to_xy(np.array([p[1] for p in posts]), np.array([p[2] for p in posts]))
    inside = (x >= streets.x.min()) & (x <= streets.x.max()) & (y >= streets.y.min()) & (y <= streets.y.max())
    tree = cKDTree(np.stack([streets.x[junctions], streets.y[junctions]], 1))
    far, at = tree.query(np.stack([x[inside], y[inside]], 1))
    signal = np.zeros(n, bool)
    signal[junctions[at[far <= SIGNAL_REACH]]] = True
    streets = replace(streets, marks={**streets.marks, "signal": np.flatnonzero(signal)})
    near = car & signal[streets.tail] & signal[streets.head] & (streets.lengths() <= SIGNAL_REACH)
    return (
        contract(streets, _linked(n, streets.tail[near], streets.head[near])),
        int(inside.sum()),
        int((far > SIGNAL_REACH).sum()),
    )


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
    roundabout = np.unique(np.concatenate([streets.tail[ring], streets.head[ring]]))
    return replace(streets, marks={**streets.marks, "gateway": np.unique(chosen), "roundabout": roundabout})
