"""The streets as the ground that cables follow: shortest paths along links, and their geometry."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def hilbert(x: Floats, y: Floats, order: int = 16) -> Ints:
    """Place of each point along a Hilbert curve over their bounding square: near in number is near on the ground.

    Skilling's transform is not needed in two dimensions; this is the classic bit loop (Warren, *Hacker's Delight*).
    """
    side = max(float(np.ptp(x)), float(np.ptp(y)), 1e-9) if len(x) else 1.0
    cells = (1 << order) - 1
    px = ((x - x.min(initial=np.inf)) / side * cells).astype(np.int64)
    py = ((y - y.min(initial=np.inf)) / side * cells).astype(np.int64)
    place = np.zeros(len(px), np.int64)
    s = 1 << (order - 1)
    while s:
        rx, ry = (px & s) > 0, (py & s) > 0
        place += s * s * ((3 * rx) ^ ry.astype(np.int64))
        flip = ~ry & rx
        px, py = np.where(flip, (1 << order) - 1 - px, px), np.where(flip, (1 << order) - 1 - py, py)
        px, py = np.where(ry, px, py), np.where(ry, py, px)
        s >>= 1
    return place


class Streets:
    """The undirected street graph of an area.

    x, y : coordinates of the street nodes, m, shape (nodes,)
    graph : scipy sparse matrix of the shortest length between neighbours, m
    """

    def __init__(self, area: Any) -> None:
        from scipy.sparse import csr_array

        self.x, self.y = np.asarray(area.nodes.x, np.float64), np.asarray(area.nodes.y, np.float64)
        tail, head = area.links.tail.astype(np.int64), area.links.head.astype(np.int64)
        length = np.maximum(area.links.length, 0.1)
        low, high = np.minimum(tail, head), np.maximum(tail, head)
        order = np.lexsort((length, high, low))
        order = order[low[order] != high[order]]
        pair = low[order] * len(self.x) + high[order]
        order = order[np.r_[True, pair[1:] != pair[:-1]]] if len(order) else order
        n = len(self.x)
        self.graph = csr_array(
            (np.tile(length[order], 2), (np.r_[low[order], high[order]], np.r_[high[order], low[order]])), shape=(n, n)
        )
        self._pair, self._link, self._links = low[order] * n + high[order], order, (tail, area)
        self._points: tuple[Floats, Ints] | None = None

    def nearest_source(self, sources: Ints) -> tuple[Floats, Ints, Ints]:
        """Distance (m) to the nearest of `sources`, the node before on that path (-1 none), and that source's place."""
        from scipy.sparse.csgraph import dijkstra

        distance, before, source = dijkstra(self.graph, indices=sources, min_only=True, return_predecessors=True)
        place = np.full(len(self.x), -1)
        place[sources] = np.arange(len(sources))
        reached = np.isfinite(distance)
        return distance, np.where(before < 0, -1, before), np.where(reached, place[np.where(reached, source, 0)], -1)

    def path(self, start: int, goals: Ints, limit: float) -> list[list[int] | None]:
        """Shortest paths from `start` to each goal as lists of nodes; None where `limit` metres do not reach it."""
        from scipy.sparse.csgraph import dijkstra

        distance, before = dijkstra(self.graph, indices=start, limit=limit, return_predecessors=True)
        out: list[list[int] | None] = []
        for goal in goals:
            if not np.isfinite(distance[goal]):
                out.append(None)
                continue
            nodes = [int(goal)]
            while nodes[-1] != start:
                nodes.append(int(before[nodes[-1]]))
            out.append(nodes[::-1])
        return out

    def components(self) -> Ints:
        """Number of the connected part of each street node, shape (nodes,)."""
        from scipy.sparse.csgraph import connected_components

        return np.asarray(connected_components(self.graph, directed=False)[1], np.int64)

    def line(self, path: list[int]) -> Floats:
        """Coordinates along the links of a path of nodes, shape (points, 2); at least two points."""
        points, first = self._coordinates()
        tail = self._links[0]
        parts = [np.array([[self.x[path[0]], self.y[path[0]]]])]
        for a, b in itertools.pairwise(path):
            low, high = min(a, b), max(a, b)
            at = int(np.searchsorted(self._pair, low * len(self.x) + high))
            if at < len(self._pair) and self._pair[at] == low * len(self.x) + high:
                link = self._link[at]
                part = points[first[link] : first[link + 1]]
                parts.append(part[1:] if tail[link] == a else part[-2::-1])
            else:
                parts.append(np.array([[self.x[b], self.y[b]]]))
        joined = np.concatenate(parts)
        return joined if len(joined) > 1 else np.repeat(joined, 2, axis=0)

    def _coordinates(self) -> tuple[Floats, Ints]:
        if self._points is None:
            import shapely

            area = self._links[1]
            points, owner = shapely.get_coordinates(area.geometry("links"), return_index=True)
            self._points = points, np.searchsorted(owner, np.arange(len(area.links) + 1))
        return self._points


def wkb(lines: list[Floats]) -> NDArray[Any]:
    """Linestrings as an object array of WKB, shape (lines,)."""
    import shapely

    out = np.empty(len(lines), object)
    if lines:
        owner = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
        out[:] = shapely.to_wkb(shapely.linestrings(np.concatenate(lines), indices=owner))
    return out
