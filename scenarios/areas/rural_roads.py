"""Roads between the settlements of a municipality, along the lines of its lattice.

All settlements are joined by the shortest tree of roads (Mehlhorn 1988, Inform. Process. Lett. 27:125: the tree over the
settlements whose edges are the shortest paths between neighbouring cells of their Voronoi diagram), and by further
roads where the tree makes a long detour. `exits` leads them over the boundary.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.land import Land
from scenarios.areas.streets import CLASS, Bools, Floats, Ints
from scenarios.areas.town_blocks import SIDE
from scenarios.areas.town_plan import CELL, Plan
from twin.draws import stream, uniforms

# cost of a metre by what is there now: roads are shared where there are some, quiet streets are avoided (assumption)
MAIN_COST, COLLECTOR_COST, LANE_COST, STREET_COST, PATH_COST = 0.5, 0.6, 0.7, 3.0, 6.0
LINE_COST, FIELD_COST, TOWN_COST = 1.0, 1.5, 5.0  # on a border line; anywhere else outside towns; between houses
PER_LINK, LINKS_APART = 600, 1_500.0  # points on roads of an island per further link, three at most; m (assumption)
DETOUR = 2.0  # times the shortest way at which a further road is laid (assumption)
GAP = 6  # superblocks over which a main road goes on without houses (assumption)
FIELD_APART = 1_100.0  # m between the crossings of the countryside that roads lead to (assumption)
FRAGMENT = 6  # edges of streets below which a piece that hangs on nothing is left out
LARGE = 60  # lattice points on roads from which a settlement's roads carry 80 km/h traffic (assumption)
SMOOTHING = 80  # steps that straighten a road, each half-way to the mean of its neighbours
SWAY = 0.42 * SIDE * CELL  # m that a road may leave its line: two neighbouring lines never meet
ROADS = (
    "Polderweg", "Molenweg", "Kerkweg", "Middenweg", "Zandweg", "Veldweg", "Broekweg", "Lageweg", "Hogeweg", "Bosweg",
    "Kanaalweg", "Oudeweg", "Tolweg", "Heerenweg", "Achterweg", "Dijkweg", "Meerweg", "Heideweg", "Langeweg",
    "Nieuweweg", "Weidenweg", "Groeneweg", "Hoofdweg", "Kruisweg",
)  # fmt: skip

ASSUMPTIONS = {
    "rural_roads.net": "settlements are joined by the shortest tree of roads, and directly where that makes a detour of "
    "twice the way; between larger ones 80 km/h, else 60; other roads reach all land within some 1.1 km (assumption)",
}


@dataclass
class Lattice:
    """The edges of a plan that lie inside its land, as a graph whose costs follow what is built.

    tail, head : flat lattice points;  across: whether an edge runs from (i, j) to (i + 1, j)
    """

    plan: Plan
    land: Land
    tail: Ints
    head: Ints
    across: Bools

    @staticmethod
    def of(plan: Plan, land: Land) -> Lattice:
        """All edges between points inside."""
        n = len(land.points)
        i, j = np.nonzero(land.inside[:-1] & land.inside[1:])
        k, m = np.nonzero(land.inside[:, :-1] & land.inside[:, 1:])
        tail, head = np.concatenate([i * n + j, k * n + m]), np.concatenate([(i + 1) * n + j, k * n + m + 1])
        return Lattice(plan, land, tail, head, np.arange(len(tail)) < len(i))

    @property
    def road(self) -> Ints:
        """Class of each edge now, -1 none."""
        n = len(self.land.points)
        i, j = self.tail // n, self.tail % n
        up = self.plan.across[np.minimum(i, n - 2), j]
        return np.where(self.across, up, self.plan.along[i, np.minimum(j, n - 2)]).astype(np.int64)

    @property
    def cars(self) -> Bools:
        """Edges that cars use now."""
        road = self.road
        return (road >= 0) & ~np.isin(road, (CLASS["footway"], CLASS["cycleway"], CLASS["pedestrian"]))

    def cost(self) -> Floats:
        """Cost of a road along each edge."""
        n, road = len(self.land.points), self.road
        i, j = self.tail // n, self.tail % n
        on_line = np.where(self.across, j % SIDE == 0, i % SIDE == 0)
        town = self.plan.urban[np.minimum(i // SIDE, self.land.side - 1), np.minimum(j // SIDE, self.land.side - 1)]
        empty = np.where(on_line, LINE_COST, np.where(town, TOWN_COST, FIELD_COST))
        empty *= 0.85 + 0.3 * uniforms(stream(self.plan.seed, "municipality.roads"), self.tail * 2 + self.across)
        by_class = np.full(len(CLASS) + 1, PATH_COST)
        by_class[[CLASS["primary"], CLASS["secondary"]]] = MAIN_COST
        by_class[CLASS["tertiary"]], by_class[CLASS["unclassified"]] = COLLECTOR_COST, LANE_COST
        by_class[[CLASS["residential"], CLASS["living_street"]]] = STREET_COST
        return np.asarray(CELL * np.where(road < 0, empty, by_class[road]))

    def graph(self, weight: Any) -> Any:
        """The edges of some weight as a sparse matrix, each in one direction."""
        from scipy.sparse import coo_matrix

        n, some = len(self.land.points) ** 2, np.asarray(weight) > 0  # a stored zero would count as an edge
        return coo_matrix((weight[some], (self.tail[some], self.head[some])), shape=(n, n)).tocsr()

    def lay(self, points: list[int], road: int, name: str, through: bool = False) -> None:
        """A road of class `road` along neighbouring lattice points, and its name where it is new.

        through : quiet streets on its way become part of it; else they stay as they are, both ways open
        """
        plan, n = self.plan, len(self.land.points)
        plan.roads.append(name)
        quiet = () if through else (CLASS["residential"], CLASS["living_street"])
        for one, other in pairwise(points):
            a, b = min(one, other), max(one, other)
            if b - a not in (1, n):
                continue  # a link over water
            across = b - a == n
            classes, names = (plan.across, plan.road_across) if across else (plan.along, plan.road_along)
            at = (a // n, a % n)
            (plan.one_way_across if across else plan.one_way_along)[at] = 0
            old = int(classes[at])
            if old not in quiet:
                classes[at] = road if old < 0 else min(old, road)
            if old < 0:
                names[at] = len(plan.roads) - 1  # type: ignore[index]


def bridge_gaps(plan: Plan, land: Land) -> None:
    """Carry the main roads of towns on over short stretches where nothing is built, as along water and parks."""
    wide = land.inside[:, :-1] & land.inside[:, 1:], land.inside[:-1] & land.inside[1:]
    for classes, open_ in ((plan.along, wide[0]), (plan.across.T, wide[1].T)):
        for k in range(0, len(classes), SIDE):
            line = classes[k]  # a view: changes the plan
            main = np.flatnonzero((line >= 0) & (line <= CLASS["secondary"]))
            for a, b in pairwise(main.tolist()):
                if 1 < b - a <= GAP * SIDE and open_[k, a:b].all():
                    line[a + 1 : b] = max(line[a], line[b])


def drop_fragments(lattice: Lattice) -> int:
    """Take out small pieces of street that touch nothing else; returns how many."""
    from scipy.sparse.csgraph import connected_components

    road = lattice.road
    label = connected_components(lattice.graph(road >= 0), directed=False)[1][lattice.tail]
    size = np.bincount(label[road >= 0], minlength=int(label.max(initial=0)) + 1)
    lone = (road >= 0) & (size[label] < FRAGMENT)
    n = len(lattice.land.points)
    for rows, classes in ((lone & lattice.across, lattice.plan.across), (lone & ~lattice.across, lattice.plan.along)):
        classes[lattice.tail[rows] // n, lattice.tail[rows] % n] = -1
    return len(np.unique(label[lone]))


def join_settlements(lattice: Lattice) -> None:
    """Lay roads between all settlements that land connects, and note links between those that it does not."""
    from scipy.sparse.csgraph import dijkstra

    cost = lattice.cost()
    part, points = parts(lattice, lattice.cars, _countryside(lattice))
    reach, before, source = dijkstra(
        lattice.graph(cost), directed=False, indices=points, min_only=True, return_predecessors=True
    )
    tail, head = lattice.tail, lattice.head
    known = np.isfinite(reach[tail]) & np.isfinite(reach[head])
    tail, head, cost = tail[known], head[known], cost[known]
    a, b = part[source[tail]], part[source[head]]
    meet = np.flatnonzero(a != b)
    a, b, tail, head = a[meet], b[meet], tail[meet], head[meet]
    length = reach[tail] + cost[meet] + reach[head]
    low, high = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((length, high, low))
    first = np.concatenate([[True], (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)]) if len(order) else []
    pairs = order[np.asarray(first, bool)]
    chosen = _tree_and_shortcuts(low[pairs], high[pairs], length[pairs], int(part.max()) + 1)
    size = np.bincount(part[points], minlength=int(part.max()) + 1)
    luck = uniforms(stream(lattice.plan.seed, "municipality.road_names"), np.arange(len(pairs)))
    for k in chosen:
        e = pairs[k]
        way = [*back(before, int(tail[e]))[::-1], *back(before, int(head[e]))]
        road = CLASS["secondary"] if min(size[low[e]], size[high[e]]) >= LARGE else CLASS["tertiary"]
        lattice.lay(way, road, ROADS[int(luck[k] * len(ROADS))])
    _over_water(lattice)


def _countryside(lattice: Lattice) -> Ints:
    """Crossings of border lines outside towns to which roads are to lead, kept apart from each other and from towns."""
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    land, n = lattice.land, len(lattice.land.points)
    flat = land.points.reshape(-1, 2)
    i, j = np.nonzero(land.inside[::SIDE, ::SIDE])
    points = i * SIDE * n + j * SIDE
    ground = connected_components(lattice.graph(np.ones(len(lattice.tail))), directed=False)[1]
    points = points[np.isin(ground[points], ground[lattice.tail[lattice.cars]])]  # nobody lives on the rest
    points = points[np.argsort(uniforms(stream(lattice.plan.seed, "municipality.countryside"), points), kind="stable")]
    cars = lattice.cars
    if cars.any():
        points = points[cKDTree(flat[lattice.tail[cars]]).query(flat[points])[0] > FIELD_APART]
    near = cKDTree(flat[points]).query_ball_point(flat[points], FIELD_APART) if len(points) else []
    chosen, taken = [], np.zeros(len(points), bool)
    for k, around in enumerate(near):
        if not taken[around].any():
            taken[k] = True
            chosen.append(int(points[k]))
    return np.array(chosen, np.int64)


def parts(lattice: Lattice, cars: Bools, more: Ints | None = None) -> tuple[Ints, Ints]:
    """The connected piece of car streets at every lattice point, and the points that are on one or among `more`."""
    from scipy.sparse.csgraph import connected_components

    label = connected_components(lattice.graph(cars), directed=False)[1].astype(np.int64)
    points = np.unique(np.concatenate([lattice.tail[cars], lattice.head[cars], () if more is None else more]))
    points = points.astype(np.int64)
    part = np.full(len(label), -1, np.int64)
    part[points] = np.unique(label[points], return_inverse=True)[1]
    return part, points


def _tree_and_shortcuts(low: Ints, high: Ints, length: Floats, count: int) -> list[int]:
    """Rows of a shortest spanning tree (Kruskal), and of what shortens a way to less than half; shortest first."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import dijkstra

    group = list(range(count))

    def root(v: int) -> int:
        while group[v] != v:
            group[v] = group[group[v]]
            v = group[v]
        return v

    order = np.argsort(length, kind="stable").tolist()
    tree = []
    for k in order:
        a, b = root(int(low[k])), root(int(high[k]))
        if a != b:
            group[b] = a
            tree.append(k)
    chosen = list(tree)
    for k in order:
        if k in tree:
            continue
        graph = coo_matrix((length[chosen], (low[chosen], high[chosen])), shape=(count, count)).tocsr()
        if dijkstra(graph, directed=False, indices=int(low[k]))[int(high[k])] > DETOUR * length[k]:
            chosen.append(k)
    return chosen


def back(before: Ints, point: int) -> list[int]:
    """Lattice points from `point` to where the search began."""
    way = [point]
    while before[way[-1]] >= 0:
        way.append(int(before[way[-1]]))
    return way


def _over_water(lattice: Lattice) -> None:
    """Link the parts of the municipality that no land connects, nearest first, in `plan.outside`."""
    from scipy.spatial import cKDTree

    flat = lattice.land.points.reshape(-1, 2)
    part, points = parts(lattice, lattice.cars)
    sizes = np.bincount(part[points])
    main = points[part[points] == np.argmax(sizes)]
    rest = [points[part[points] == k] for k in range(len(sizes)) if k != np.argmax(sizes)]
    while rest:
        found = [cKDTree(flat[main]).query(flat[own]) for own in rest]
        k = int(np.argmin([away.min() for away, _ in found]))
        own, (away, other) = rest.pop(k), found[k]
        for _ in range(1 + min(len(own) // PER_LINK, 2)):
            nearest = int(np.argmin(away))
            if not np.isfinite(away[nearest]):
                break
            lattice.plan.outside.append((int(own[nearest]), int(main[other[nearest]])))
            away = np.where(np.hypot(*(flat[own] - flat[own[nearest]]).T) < LINKS_APART, np.inf, away)
        main = np.concatenate([main, own])


def straighten(plan: Plan, land: Land, fixed: NDArray[np.bool_]) -> None:
    """Draw the roads outside towns tight between their ends; a point moves SWAY at most and never outside.

    fixed : shape (N, N), points that stay
    """
    import shapely

    n = len(plan.points)
    i, j = np.nonzero(plan.across >= 0)
    k, m = np.nonzero(plan.along >= 0)
    tail, head = np.concatenate([i * n + j, k * n + m]), np.concatenate([(i + 1) * n + j, k * n + m + 1])
    free = ~fixed.ravel()
    near = free[tail] | free[head]
    nodes, ends = np.unique(np.stack([tail[near], head[near]]), return_inverse=True)
    if not len(nodes):
        return
    tail, head = ends.reshape(2, -1)
    start = plan.points.reshape(-1, 2)[nodes]
    at, free = start.copy(), free[nodes]
    degree = np.bincount(tail, minlength=len(nodes)) + np.bincount(head, minlength=len(nodes))
    for _ in range(SMOOTHING):
        for d in (0, 1):
            around = np.bincount(tail, at[head, d], len(nodes)) + np.bincount(head, at[tail, d], len(nodes))
            at[:, d] = np.where(free, 0.5 * at[:, d] + 0.5 * around / degree, at[:, d])
        moved = at - start
        far = np.maximum(np.hypot(*moved.T) / SWAY, 1.0)
        at = start + moved / far[:, None]
    moved = at - start
    for part in (0.75, 0.5, 0.25, 0.0):
        out = free & ~shapely.contains_xy(land.room, at[:, 0], at[:, 1])
        at[out] = start[out] + part * moved[out]
    plan.points.reshape(-1, 2)[nodes] = at
