"""Where the main roads of a municipality leave it: gateways on its boundary, all around."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scenarios.areas.land import Land
from scenarios.areas.rural_roads import Lattice, back, parts
from scenarios.areas.streets import CLASS, Floats, Ints
from scenarios.areas.town_blocks import SIDE
from scenarios.areas.town_names import SIDES

LARGE = 30_000  # residents from which main roads leave as primary roads (assumption)
SMALL = 3_000  # residents below which there are but two gateways (assumption)
ROOT = 45.0  # a gateway more per this many of the root of the residents (assumption)
APART = 2_500.0  # m of boundary per gateway, at least (assumption)
DRY = 300.0  # m from an exit to the land beyond
STRETCH = 400.0  # m of boundary without an exit that count at most

ASSUMPTIONS = {
    "exits.gateways": "3 gateways and one more per sqrt(residents) / 45, all around; main roads of 30,000 residents and "
    "more leave as primary and secondary roads, of smaller ones as secondary and tertiary (assumption)",
    "exits.island": "land without neighbours is an island: two harbours, no through traffic, and 95 % of the working "
    "residents look for work on it; ferries sail whenever somebody comes (assumption)",
}


def lead_out(lattice: Lattice, outline: Any, residents: int, neighbours: Any = None) -> bool:
    """Lay main roads from the largest town to gateways on the outline; whether it is an island, whose gateways are harbours.

    neighbours : what lies beyond, where that is known: no road leads out where there is none, as to the sea
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import dijkstra

    plan, land = lattice.plan, lattice.land
    flat = land.points.reshape(-1, 2)
    start = _heart(lattice)
    graph = lattice.graph(lattice.cost())
    if plan.outside:
        a, b = np.array(plan.outside, np.int64).T
        graph = graph + coo_matrix((np.hypot(*(flat[a] - flat[b]).T), (a, b)), shape=graph.shape).tocsr()
    reach, before = dijkstra(graph, directed=False, indices=start, return_predecessors=True)
    inner, outer, spot = _exits(land, outline, reach)
    wanted = max(2, min(round(3 + math.sqrt(residents) / ROOT), int(outline.length / APART)))
    if residents < SMALL:
        wanted = 2
    island = False
    if neighbours is not None:
        import shapely

        dry = shapely.distance(shapely.points(spot), neighbours) < DRY
        if dry.any():
            inner, outer, spot = inner[dry], outer[dry], spot[dry]
        else:
            island, wanted = True, 2
    chosen = _spread(reach[inner], spot, outline, wanted)
    large = residents >= LARGE
    for k, e in enumerate(chosen):
        main = k % 2 == 0
        road = CLASS["primary"] if main and large else CLASS["secondary"] if main or large else CLASS["tertiary"]
        dx, dy = spot[e] - flat[start]
        side = SIDES[round(math.atan2(dy, dx) / (math.pi / 4)) % 8]
        name = f"{'Haven' if island else 'Rijksweg' if road == CLASS['primary'] else 'Provincialeweg'} {side}"
        way = [int(outer[e]), *back(before, int(inner[e]))]
        plan.points.reshape(-1, 2)[outer[e]] = spot[e]
        lattice.lay(way, road, name, through=True)
        n = len(land.points)
        plan.gateways.append((int(outer[e]) // n, int(outer[e]) % n, road))
    return island


def _heart(lattice: Lattice) -> int:
    """The lattice point on a main road of the largest part that is nearest to the heart of the largest town."""
    land, plan = lattice.land, lattice.plan
    part, points = parts(lattice, lattice.cars)
    points = points[part[points] == np.argmax(np.bincount(part[points]))]
    town = max(plan.towns, key=lambda t: t.radius)
    n = len(land.points)
    far = np.hypot(points // n - town.across * SIDE, points % n - town.along * SIDE)
    return int(points[np.argmin(far)])


def _exits(land: Land, outline: Any, reach: Floats) -> tuple[Ints, Ints, Floats]:
    """Lattice points from which one step leads over the outline, the point beyond, and the spot on the outline."""
    import shapely

    n = len(land.points)
    flat = land.points.reshape(-1, 2)
    edge = shapely.multilinestrings([p.exterior for p in shapely.get_parts(outline)])
    i, j = np.nonzero(land.inside & np.isfinite(reach).reshape(n, n))
    inner, outer = [], []
    for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        there = (i + a > 0) & (i + a < n - 1) & (j + b > 0) & (j + b < n - 1)
        out = there & ~land.inside[np.clip(i + a, 0, n - 1), np.clip(j + b, 0, n - 1)]
        inner.append(i[out] * n + j[out])
        outer.append((i[out] + a) * n + j[out] + b)
    p, q = np.concatenate(inner), np.concatenate(outer)
    ray = shapely.linestrings(np.stack([flat[p], flat[p] + 1.6 * (flat[q] - flat[p])], 1))
    shapely.prepare(edge)
    hit = np.flatnonzero(shapely.intersects(edge, ray))
    cross = shapely.intersection(ray[hit], edge)
    start = shapely.points(flat[p[hit]])
    spot = shapely.get_coordinates(
        shapely.line_interpolate_point(shapely.shortest_line(start, cross), 1.0, normalized=True)
    )
    return p[hit], q[hit], spot


def _spread(cost: Floats, spot: Floats, outline: Any, wanted: int) -> list[int]:
    """The cheapest exit in the middle of each of `wanted` equal stretches of the boundary that have exits."""
    import shapely

    rings = [p.exterior for p in shapely.get_parts(outline)]
    points = shapely.points(spot)
    far = np.array([shapely.distance(points, ring) for ring in rings])
    ring = np.argmin(far, axis=0)
    start = np.concatenate([[0.0], np.cumsum([r.length + STRETCH for r in rings])[:-1]])
    at = start[ring] + np.array([rings[r].project(point) for r, point in zip(ring.tolist(), points, strict=True)])
    order = np.argsort(at, kind="stable")
    along = np.concatenate([[0.0], np.cumsum(np.minimum(np.diff(at[order]), STRETCH))])
    part = along / (along[-1] + 1e-9) * wanted
    chosen = []
    for k in range(wanted):
        rows = order[(part >= k + 0.15) & (part < k + 0.85)]
        if len(rows):
            chosen.append(int(rows[np.argmin(cost[rows])]))
    if len(chosen) < 2 <= len(order):
        chosen = [int(order[0]), int(order[len(order) // 2])]
    return chosen
