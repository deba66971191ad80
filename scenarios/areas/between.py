"""Streets between real buildings, where there are buildings but no streets: midway between blocks, with a ring around.

Buildings near each other form a block. Every spot belongs to its nearest block; where two blocks meet lies a street. So
streets keep clear of buildings and follow the gaps between them, but nothing says which gaps are water, rails or gardens.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.streets import (
    BIKE_B,
    BIKE_F,
    CAR_B,
    CAR_F,
    CLASS,
    LANES,
    SPEED_KMH,
    WALK,
    Floats,
    Ints,
    Streets,
    components,
    connect,
    contract,
    drop_unused_nodes,
    simplify,
    split_loops,
    take_edges,
)
from twin.errors import Fault, InputError

GAP = 9.0  # m between buildings from which a street fits (assumption: the narrowest with cars)
SHED_M2 = 30.0  # smaller buildings stand in yards and make no block (assumption)
STEP = 4.0  # m between the points of a block's outline
RING = 14.0  # m from the outer blocks to the road around them (assumption)
BAY = 90.0  # m, width of the bays in the outer edge that the road around passes by (assumption)
NEAR = 12.0  # m: junctions nearer than this are one (assumption)
SPUR = 45.0  # m: shorter dead ends are dropped (assumption)
SMOOTH = 1.0  # m by which a street may leave the true middle
WIDE = 28.0  # m from front to front of a street that is more than residential (assumption)
EXIT_M = 700.0  # m of the road around per road that leaves (assumption)
FOR_ALL = CAR_F | CAR_B | BIKE_F | BIKE_B | WALK

ASSUMPTIONS = {
    "between.streets": "where there are buildings but no streets: buildings within 9 m of each other form blocks, streets "
    "lie midway between blocks and around them all, one road leaves per 700 m of the road around; streets of 28 m from "
    "front to front are tertiary, others residential (assumption: water, rails and gardens are not known). Laid between the "
    "buildings of three OpenStreetMap extracts, 58 to 70 % of the real streets lie within 12 m of a laid one, and 39 to 58 % "
    "of what is laid within 12 m of a real one",
}


@dataclass(frozen=True)
class Laid:
    """Streets between buildings with the marks gateway, lights and priority, the outline around them, and facts."""

    streets: Streets
    outline: Any
    facts: dict[str, Any]


def lay_streets(shapes: NDArray[Any], border: Any = None) -> Laid:
    """Streets between footprints.

    shapes : polygons in a projected system;  border: polygon that the area is not to leave, or None
    Raises InputError where the buildings stand too close for a street, or are none.
    """
    import shapely

    blocks, buildings, block = _blocks(shapes)
    if not len(blocks):
        raise InputError(
            Fault("buildings", "leave no street between them", "buildings of 30 m2 or more", "add more buildings")
        )
    around = _around(blocks)
    lines, width = _middles(buildings, block, around)
    streets = _graph(lines, around)
    streets, facts = connect(streets)
    streets = _classes(streets, width, lines, around)
    outline = shapely.buffer(around, RING)
    if border is not None:
        outline = shapely.intersection(outline, border)
    lines = np.array([shapely.LineString(line) for line in streets.lines])
    facts |= {
        "blocks": len(blocks),
        "streets": len(streets.tail),
        "through_buildings": int(shapely.intersects(lines, shapely.union_all(buildings)).sum()),
    }
    return Laid(streets, outline, facts)


def _blocks(shapes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], Ints]:
    """Blocks of buildings that stand nearer than GAP to each other; the buildings that make them, and the block of each.

    A block is grown by half of GAP and its yards are filled, with what stands in them.
    """
    import shapely

    large = shapes[shapely.area(shapes) >= SHED_M2]
    if not len(large):
        return np.zeros(0, object), large, np.zeros(0, np.int64)
    grown = shapely.union_all(shapely.buffer(large, GAP / 2, quad_segs=2))
    filled = shapely.union_all(shapely.polygons(shapely.get_exterior_ring(shapely.get_parts(grown))))
    blocks = shapely.get_parts(filled)
    return blocks, large, shapely.STRtree(blocks).nearest(shapely.point_on_surface(large)).astype(np.int64)


def _around(blocks: NDArray[Any]) -> Any:
    """Polygon of the road around all blocks: it passes by bays, and joins what lies apart."""
    import shapely

    whole, reach = shapely.union_all(shapely.buffer(blocks, RING, quad_segs=2)), BAY / 2
    while True:  # groups of blocks that lie further apart need a wider reach
        closed = shapely.buffer(shapely.buffer(whole, reach, quad_segs=16), -reach, quad_segs=4)
        rings = shapely.get_exterior_ring(shapely.get_parts(shapely.union(closed, whole)))
        whole = shapely.union_all(shapely.simplify(shapely.polygons(rings), SMOOTH))
        if len(rings) == 1:
            return whole
        reach *= 1.5


def _middles(buildings: NDArray[Any], block: Ints, around: Any) -> tuple[NDArray[Any], Floats]:
    """Pieces of line midway between two blocks inside `around`, and the metres from front to front there.

    The edges of the Voronoi cells of points along the buildings' outlines whose two points are of different blocks.
    """
    import shapely
    from scipy.spatial import Voronoi

    parts, of = shapely.get_parts(buildings, return_index=True)
    rings = shapely.segmentize(shapely.get_exterior_ring(parts), STEP)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    points, first = np.unique(np.round(points, 3), axis=0, return_index=True)
    at = block[of[ring[first]]]
    if len(np.unique(at)) < 2:
        return np.zeros(0, object), np.zeros(0)
    # points far around, of no block, so that what lies between outer blocks ends somewhere
    west, south, east, north = around.bounds
    far = shapely.box(west, south, east, north).buffer(2.0 * (east - west + north - south), quad_segs=8)
    points = np.concatenate([points, shapely.get_coordinates(far)[1:]])
    at = np.append(at, np.full(len(points) - len(at), -1))
    found = Voronoi(points)
    pair, ends = found.ridge_points, np.array(found.ridge_vertices)
    met = (at[pair[:, 0]] != at[pair[:, 1]]) & (at[pair] >= 0).all(1) & (ends >= 0).all(1)
    lines = shapely.linestrings(found.vertices[ends[met]])
    width = np.hypot(*(points[pair[met, 0]] - points[pair[met, 1]]).T)
    keep = shapely.intersects(around, lines) & (shapely.length(lines) > 0)
    return lines[keep], width[keep]


def _graph(lines: NDArray[Any], around: Any) -> Streets:
    """Streets of pieces of line inside `around` and of its border: junctions near each other are one, short dead ends go."""
    import shapely

    pieces = shapely.get_parts(shapely.union_all(np.append(lines, shapely.get_exterior_ring(around))))
    middle = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    inside = pieces[shapely.distance(middle, around) < 0.1]
    parts = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(inside)))
    parts = shapely.simplify(parts[shapely.length(parts) > 0], SMOOTH)
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(parts, k)) for k in (0, -1)])
    spots, row = np.unique(np.round(ends, 2), axis=0, return_inverse=True)
    n, row = len(parts), row.ravel()
    streets = Streets(
        spots[:, 0].copy(),
        spots[:, 1].copy(),
        np.zeros(len(spots), np.int64),
        row[:n].astype(np.int64),
        row[n:].astype(np.int64),
        [shapely.get_coordinates(p) for p in parts],
        np.full(n, CLASS["residential"]),
        np.full(n, "", object),
        np.zeros(n, np.int64),
        np.full(n, SPEED_KMH[CLASS["residential"]] / 3.6),
        np.ones(n, np.int64),
        np.ones(n, np.int64),
        np.full(n, FOR_ALL),
        {},
    )
    return _tidy(split_loops(streets))


def _tidy(streets: Streets) -> Streets:
    """Junctions within NEAR merged, one street of several between two junctions, dead ends under SPUR dropped."""
    streets = simplify(streets)
    while True:
        near = streets.lengths() < NEAR
        if near.any():
            n = len(streets.x)
            streets = contract(streets, components(n, streets.tail[near], streets.head[near], strong=False))
        before = len(streets.tail)
        ends = streets.degree() == 1
        spur = (ends[streets.tail] | ends[streets.head]) & (streets.lengths() < SPUR)
        streets = simplify(drop_unused_nodes(take_edges(streets, ~spur & ~_doubled(streets))))
        if len(streets.tail) == before and not (streets.lengths() < NEAR).any():
            return streets


def _doubled(streets: Streets) -> NDArray[np.bool_]:
    """Edges beside a shorter one between the same two nodes, their middles within NEAR."""
    import shapely

    made = np.array([shapely.LineString(line) for line in streets.lines])
    middle = shapely.get_coordinates(shapely.line_interpolate_point(made, 0.5, normalized=True))
    low, high = np.minimum(streets.tail, streets.head), np.maximum(streets.tail, streets.head)
    length = streets.lengths()
    order = np.lexsort((length, high, low))
    same = (np.diff(low[order]) == 0) & (np.diff(high[order]) == 0)
    out = np.zeros(len(low), bool)
    out[order[1:]] = same & (np.hypot(*np.diff(middle[order], axis=0).T) < NEAR)
    return out


def _classes(streets: Streets, width: Floats, lines: NDArray[Any], around: Any) -> Streets:
    """Class by width, names by what runs straight on, gateways on the road around, and junctions that may get signals."""
    import shapely

    made = np.array([shapely.LineString(line) for line in streets.lines])
    middle = shapely.line_interpolate_point(made, 0.5, normalized=True)
    on_ring = shapely.distance(middle, shapely.get_exterior_ring(around)) < NEAR / 2
    wide = np.zeros(len(made), bool)
    if len(lines):
        wide = width[shapely.STRtree(lines).nearest(middle)] >= WIDE
    main = on_ring | wide
    road = np.where(main, CLASS["tertiary"], CLASS["residential"])
    n = len(streets.x)
    arms = np.bincount(streets.tail[main], minlength=n) + np.bincount(streets.head[main], minlength=n)
    every = streets.degree()
    at_ring = np.unique(np.concatenate([streets.tail[on_ring], streets.head[on_ring]]))
    gateways = _gateways(streets, at_ring, float(shapely.length(shapely.get_exterior_ring(around))))
    marks = {
        "gateway": gateways,
        "lights": np.setdiff1d(np.flatnonzero(arms >= 3), gateways),
        "priority": np.flatnonzero((arms == 2) & (every >= 3)),
    }
    return replace(
        streets,
        road_class=road.astype(np.int64),
        speed=SPEED_KMH[road] / 3.6,
        lanes_f=LANES[road].astype(np.int64),
        lanes_b=LANES[road].astype(np.int64),
        name=_names(streets),
        marks=marks,
    )


def _gateways(streets: Streets, nodes: Ints, around: float) -> Ints:
    """Nodes on the road around from which roads leave: the outermost, then always the one farthest from the others."""
    xy = np.stack([streets.x[nodes], streets.y[nodes]], 1)
    chosen = [int(np.argmax(((xy - xy.mean(0)) ** 2).sum(1)))]
    far = ((xy - xy[chosen[0]]) ** 2).sum(1)
    while len(chosen) < min(max(2, round(around / EXIT_M)), len(nodes)):
        chosen.append(int(np.argmax(far)))
        far = np.minimum(far, ((xy - xy[chosen[-1]]) ** 2).sum(1))
    return np.unique(nodes[chosen])


def _names(streets: Streets) -> NDArray[Any]:
    """A name for every street; at a junction the two ends that run straightest on are one street."""
    m = len(streets.tail)
    node = np.concatenate([streets.tail, streets.head])
    step = np.array([line[1] - line[0] for line in streets.lines] + [line[-2] - line[-1] for line in streets.lines])
    step /= np.maximum(np.hypot(*step.T), 1e-9)[:, None]
    order = np.argsort(node, kind="stable")
    a, b = [], []
    for ends in np.split(order, np.flatnonzero(np.diff(node[order])) + 1):
        turn = step[ends] @ step[ends].T
        np.fill_diagonal(turn, 1.0)
        while len(ends) > 1 and turn.min() < -0.8:  # within some 37 degrees of straight on
            i, j = np.unravel_index(int(np.argmin(turn)), turn.shape)
            a.append(ends[i] % m)
            b.append(ends[j] % m)
            turn[[i, j], :] = turn[:, [i, j]] = 1.0
    label = components(m, np.array(a, np.int64), np.array(b, np.int64), strong=False)
    _, first = np.unique(label, return_index=True)
    rank = np.argsort(np.argsort(first))
    _, label = np.unique(label, return_inverse=True)
    return np.array([f"Straat {k + 1}" for k in rank[label]], object)
