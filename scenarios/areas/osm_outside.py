"""Roads beyond the border: links between border nodes where the parts of an extract meet only outside of it.

They stand for the world's other streets, so that every part can be reached; they are no streets of the place. Their name
is "(outside)" and their origin "synthetic": reports and pictures leave links of that name out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from scenarios.areas.streets import (
    BIKE_B,
    BIKE_F,
    CAR_B,
    CAR_F,
    CLASS,
    Bools,
    Floats,
    Ints,
    Streets,
    components,
    join,
    main_component,
    take_edges,
)
from twin.tables import OUTSIDE

OUTLINE = 250.0  # m from the outline within which a dead end may be a cut (assumption)
LEAST_PART = 3  # nodes of a part of the network that is worth a link (assumption)
OFFSET = 200.0  # m outside the border: away from the last houses (drawing, and some length)
SPEED = 60.0 / 3.6  # m/s, between the 50 km/h of towns and the 80 of roads outside (assumption)
LANES = 2  # the links stand for several roads and are to be no bottleneck (assumption)
CLASS_PENALTY = 2.0  # a small street is taken for a border crossing only where no main road is at half its distance

ASSUMPTIONS = {
    "osm.outside": "parts of the street network that meet only outside the extract are joined by synthetic links along "
    "its border, as few and as short as suffice, 60 km/h, two lanes, named (outside) (assumption)"
}


def find_ends(streets: Streets) -> Streets:
    """Add to the border nodes the ends of streets near the outline that can only be cuts.

    Some extracts end where their data end. A main road with a dead end, and a one-way street with no way on, go on
    outside; a quiet two-way street with a dead end is a cul-de-sac.
    """
    import shapely

    n = len(streets.x)
    tails, heads = streets.directed("car")
    out, into = np.bincount(tails, minlength=n), np.bincount(heads, minlength=n)
    car = (streets.flags & (CAR_F | CAR_B)) > 0
    arms = np.bincount(streets.tail[car], minlength=n) + np.bincount(streets.head[car], minlength=n)
    road = _best_class(streets)
    ends = ((out == 0) != (into == 0)) & (road <= CLASS["service"]) | (arms == 1) & (road <= CLASS["tertiary"])
    outline = shapely.convex_hull(shapely.multipoints(np.stack([streets.x, streets.y], 1)))
    inner = shapely.buffer(outline, -min(OUTLINE, 0.25 * np.sqrt(outline.area)))
    ends &= ~shapely.contains_xy(inner, streets.x, streets.y)
    known = ends.copy()
    known[streets.marks.get("border", np.zeros(0, np.int64))] = True
    ends |= _outermost(streets, tails, heads, known, arms, outline)
    border = np.union1d(streets.marks.get("border", np.zeros(0, np.int64)), np.flatnonzero(ends))
    return replace(streets, marks={**streets.marks, "border": border.astype(np.int64)})


def _outermost(streets: Streets, tails: Ints, heads: Ints, known: Bools, arms: Ints, outline: Any) -> Bools:
    """For every part of the car network that no border node is on: its outermost dead end, or else its outermost node.

    People live there and drive, so the part has a way out; the extract just does not show it. Parts of fewer than
    LEAST_PART nodes are left out.
    """
    import shapely

    n = len(streets.x)
    used = np.bincount(tails, minlength=n) + np.bincount(heads, minlength=n) > 0
    label = components(n, tails, heads)
    size = np.bincount(label[used], minlength=n)
    lone = (size >= LEAST_PART) & (np.bincount(label[known & used], minlength=n) == 0)
    lone[np.argmax(size)] = False
    out = np.zeros(n, bool)
    inward = shapely.distance(shapely.points(streets.x, streets.y), shapely.boundary(outline))
    for part in np.flatnonzero(lone):
        nodes = np.flatnonzero(used & (label == part))
        best = nodes[np.argmin(inward[nodes] + 100.0 * (arms[nodes] != 1))]
        out[best] = inward[best] < 2 * OUTLINE
    return out


def _best_class(streets: Streets) -> Ints:
    """The highest class (lowest row) of the car streets at each node; 99 where there is none."""
    road = np.full(len(streets.x), 99, np.int64)
    car = (streets.flags & (CAR_F | CAR_B)) > 0
    np.minimum.at(road, streets.tail[car], streets.road_class[car])
    np.minimum.at(road, streets.head[car], streets.road_class[car])
    return road


def join_outside(streets: Streets) -> tuple[Streets, int]:
    """Join the parts of the car network through border nodes, shortest links first (Kruskal); returns their number."""
    border = streets.marks.get("border", np.zeros(0, np.int64))
    tails, heads = streets.directed("car")
    n = len(streets.x)
    label = components(n, tails, heads)
    road = _best_class(streets)
    border = border[road[border] <= CLASS["service"]]
    if len(border) < 2:
        return streets, 0
    box = (streets.x.min(), streets.y.min(), streets.x.max(), streets.y.max())
    if _perimeter(box) == 0.0:
        return streets, 0
    at = _around(streets.x[border], streets.y[border], box)
    order = np.argsort(at, kind="stable")
    border, at = border[order], at[order]
    links = _shortest(border, at, label, road, _perimeter(box))
    inside = main_component(n, tails, heads)[0]
    links = [(a, b) for a, b in links if not (inside[border[a]] and inside[border[b]])]
    if not links:
        return streets, 0
    lines = [_line(streets, border[a], border[b], at[a], at[b], box) for a, b in links]
    m = len(links)
    first = take_edges(streets, np.zeros(m, np.int64))
    ring = replace(
        first,
        tail=np.array([border[a] for a, _ in links]),
        head=np.array([border[b] for _, b in links]),
        lines=lines,
        road_class=np.full(m, CLASS["tertiary"]),
        name=np.full(m, OUTSIDE, object),
        way=np.zeros(m, np.int64),
        ends=np.full((m, 2), -2),
        speed=np.full(m, SPEED),
        lanes_f=np.full(m, LANES),
        lanes_b=np.full(m, LANES),
        flags=np.full(m, CAR_F | CAR_B | BIKE_F | BIKE_B),
    )
    return join(streets, ring), m


def _perimeter(box: tuple[float, float, float, float]) -> float:
    return 2 * (box[2] - box[0] + box[3] - box[1])


def _around(x: Floats, y: Floats, box: tuple[float, float, float, float]) -> Floats:
    """Distance along the border from its south-west corner, anticlockwise, to the nearest border point of each node."""
    west, south, east, north = box
    a, b = east - west, north - south
    x, y = np.clip(x, west, east), np.clip(y, south, north)
    gaps = np.stack([y - south, east - x, north - y, x - west])
    along = np.stack([x - west, a + y - south, a + b + east - x, 2 * a + b + north - y])
    return np.asarray(np.take_along_axis(along, np.argmin(gaps, 0)[None], 0)[0])


def _shortest(border: Ints, at: Floats, label: Ints, road: Ints, perimeter: float) -> list[tuple[int, int]]:
    """Pairs of neighbours around the border that join different parts, the cheapest first."""
    n = len(border)
    pairs = [(k, (k + 1) % n) for k in range(n)]
    small = np.where(road[border] > CLASS["tertiary"], CLASS_PENALTY, 1.0)
    cost = [((at[b] - at[a]) % perimeter) * max(small[a], small[b]) for a, b in pairs]
    group = {int(v): int(v) for v in np.unique(label[border])}

    def root(v: int) -> int:
        while group[v] != v:
            group[v] = group[group[v]]
            v = group[v]
        return v

    chosen = []
    for k in np.argsort(cost, kind="stable"):
        a, b = pairs[k]
        ra, rb = root(int(label[border[a]])), root(int(label[border[b]]))
        if ra != rb:
            group[rb] = ra
            chosen.append((a, b))
    return chosen


def _line(streets: Streets, a: int, b: int, from_: float, to: float, box: tuple[float, float, float, float]) -> Floats:
    """A line from node a to node b around the outside of the border, anticlockwise."""
    west, south, east, north = box[0] - OFFSET, box[1] - OFFSET, box[2] + OFFSET, box[3] + OFFSET
    wide, high = box[2] - box[0], box[3] - box[1]
    corners = [(0.0, west, south), (wide, east, south), (wide + high, east, north), (2 * wide + high, west, north)]
    whole = 2 * (wide + high)
    span = (to - from_) % whole
    between = sorted(((s - from_) % whole, x, y) for s, x, y in corners if 0 < (s - from_) % whole < span)
    points = [
        (streets.x[a], streets.y[a]),
        _outward(from_, box),
        *((x, y) for _, x, y in between),
        _outward(to, box),
        (streets.x[b], streets.y[b]),
    ]
    return np.array(points, float)


def _outward(s: float, box: tuple[float, float, float, float]) -> tuple[float, float]:
    west, south, east, north = box
    wide, high = east - west, north - south
    if s <= wide:
        return west + s, south - OFFSET
    if s <= wide + high:
        return east + OFFSET, south + s - wide
    if s <= 2 * wide + high:
        return east - (s - wide - high), north + OFFSET
    return west - OFFSET, north - (s - 2 * wide - high)
