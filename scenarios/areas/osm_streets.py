"""From the highway ways of an extract to cleaned `Streets`: clipped, split, simplified, connected, with gateways."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from scenarios.areas.cleaning import SIGNAL_REACH, clean
from scenarios.areas.osm_read import Extract
from scenarios.areas.osm_tags import MINOR_SERVICE, Rule, read_rule
from scenarios.areas.osm_turns import MARK, marks_of, turns_of
from scenarios.areas.streets import (
    CAR_B,
    CAR_F,
    Floats,
    Streets,
    split_loops,
)

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


def osm_streets(extract: Extract, outline: Any, to_xy: Any) -> tuple[Streets, dict[str, Any], dict[str, Any]]:
    """The streets inside the polygon `outline` (projected), facts of their cleaning, and the table `turns`.

    Marks: gateway, signal, roundabout.
    """
    vias = marks_of(extract.restrictions, extract.ways)
    rules = _rules(extract)
    raw = _edges(rules, outline, to_xy, {node for pair in vias.values() for node in pair}, set(extract.rounds))
    if not len(raw.tail):
        return raw, {}, {}
    bridges = sorted({w.id for w, _ in rules if w.tags.get("bridge", "no") != "no"})
    facts: dict[str, Any] = {"edges_raw": len(raw.tail), "bridges": bridges}
    streets, cleaning = clean(raw, partial(_signals, extract=extract, to_xy=to_xy))
    turns, counts = turns_of(raw, streets, extract.restrictions, vias)
    facts["turns"] = dict(sorted(counts.items()))
    return streets, facts | cleaning, turns


def _rules(extract: Extract) -> list[tuple[Any, Rule]]:
    """The ways that somebody may use, each once; the others are counted in the extract."""
    rules: list[tuple[Any, Rule]] = []
    seen: set[tuple[tuple[int, ...], Rule]] = set()
    for way in extract.ways:
        rule = read_rule(way.tags)
        if rule is None:
            minor = way.tags.get("service") in MINOR_SERVICE
            extract.dropped["parking aisles, driveways and the like" if minor else "ways that carry nobody"] += 1
        elif (key := (tuple(way.nodes), rule)) in seen:
            extract.dropped["ways for traffic as another over the same nodes"] += 1
        else:
            seen.add(key)
            rules.append((way, rule))
    return rules


def _edges(rules: list[tuple[Any, Rule]], outline: Any, to_xy: Any, kept: set[int], rounds: set[int]) -> Streets:
    """Clip every way to the outline and split it where ways meet, and at the nodes `kept`, which get marks.

    Ways that cross without a common node do not meet, as at a bridge.
    """
    import shapely

    shapely.prepare(outline)
    pieces: list[tuple[int, list[int], Floats]] = []
    places: dict[int, tuple[float, float]] = {}
    border: list[int] = []
    cut: set[int] = set()
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
    for i in kept & used.keys():
        used[i] += 1
    rows, tails, heads, lines = [], [], [], []
    for number, ids, points in pieces:
        cuts = [k for k, i in enumerate(ids) if used[i] > 1]
        for a, b in pairwise(cuts):
            rows.append(number)
            tails.append(ids[a])
            heads.append(ids[b])
            lines.append(points[a : b + 1])
    return _assemble(rules, rows, tails, heads, lines, places, [*border, *cut], kept, rounds)


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
    kept: set[int],
    rounds: set[int],
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
    via = np.flatnonzero(np.isin(ids, list(kept)))
    mini = np.flatnonzero(np.isin(ids, list(rounds)))
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
        {"border": at_border, "turn": via, "mini": mini, **{f"{MARK}{ids[k]}": np.array([k]) for k in via}},
        stated=column(lambda r: r.stated),
    )
    return replace(split_loops(streets), ends=np.zeros((0, 2), np.int64))  # the edges are numbered anew


def _signals(streets: Streets, extract: Extract, to_xy: Any) -> tuple[Streets, dict[str, int]]:
    """Mark the junction of each signal post; counts of posts inside, and of those too far from a junction."""
    from scipy.spatial import cKDTree

    posts = [s for s in extract.signals if s[3].get("traffic_signals") not in OTHER_SIGNALS]
    n = len(streets.x)
    car = (streets.flags & (CAR_F | CAR_B)) > 0
    arms = np.bincount(streets.tail[car], minlength=n) + np.bincount(streets.head[car], minlength=n)
    junctions = np.flatnonzero(arms >= 3)
    if not posts or not len(junctions):
        none = replace(streets, marks={**streets.marks, "signal": np.zeros(0, np.int64)})
        return none, {"signal_posts": len(posts), "signal_posts_unmatched": len(posts)}
    x, y = to_xy(np.array([p[1] for p in posts]), np.array([p[2] for p in posts]))
    inside = (x >= streets.x.min()) & (x <= streets.x.max()) & (y >= streets.y.min()) & (y <= streets.y.max())
    tree = cKDTree(np.stack([streets.x[junctions], streets.y[junctions]], 1))
    far, at = tree.query(np.stack([x[inside], y[inside]], 1))
    signal = np.zeros(n, bool)
    signal[junctions[at[far <= SIGNAL_REACH]]] = True
    counts = {"signal_posts": int(inside.sum()), "signal_posts_unmatched": int((far > SIGNAL_REACH).sum())}
    return replace(streets, marks={**streets.marks, "signal": np.flatnonzero(signal)}), counts
