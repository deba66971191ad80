"""Network: a directed graph as CSR arrays; Router: shortest paths on weights that change during a run.

`Router` stands on customisable contraction hierarchies (Dibbelt, Strasser & Wagner 2016; the package routingkit-cch):
the order is computed once per network, new weights take milliseconds, a path some tens of microseconds. The
numba searches of `twin.dijkstra` give the same distances and are what the tests compare with. Of several equally short
paths the router returns one that depends on the network and the weights only, not necessarily Dijkstra's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.dijkstra import BLOCKED, Ids, Ints, components, dijkstra, path_to, search

if TYPE_CHECKING:
    from twin.area import Area

MODES = ("car", "bicycle", "walk")


class Network:
    """A directed graph; parallel links and self-loops are allowed.

    tail, head : int32 (links,): nodes where a link begins and ends
    length     : float64 (links,), m
    rows       : int32 (links,): the area's link row of each link of this network; 0..links-1 if there is no area
    x, y       : float64 (nodes,), m, or None
    first_out, out_links, first_in, in_links : CSR lists of the links that leave and enter a node, by rising link
    """

    def __init__(
        self,
        nodes: int,
        tail: ArrayLike,
        head: ArrayLike,
        length: ArrayLike | None = None,
        rows: ArrayLike | None = None,
        x: ArrayLike | None = None,
        y: ArrayLike | None = None,
    ) -> None:
        self.nodes = int(nodes)
        self.tail: Ids = np.ascontiguousarray(tail, np.int32)
        self.head: Ids = np.ascontiguousarray(head, np.int32)
        self.links = len(self.tail)
        self.length: NDArray[np.float64] = (
            np.ones(self.links) if length is None else np.ascontiguousarray(length, np.float64)
        )
        self.rows: Ids = np.arange(self.links, dtype=np.int32) if rows is None else np.ascontiguousarray(rows, np.int32)
        if not len(self.head) == len(self.length) == len(self.rows) == self.links:
            raise ValueError("tail, head, length and rows differ in length")
        ends = np.concatenate([self.tail, self.head])
        if len(ends) and (ends.min() < 0 or ends.max() >= self.nodes):
            raise ValueError(f"a link ends at a node outside 0..{self.nodes - 1}")
        self.x = None if x is None else np.asarray(x, np.float64)
        self.y = None if y is None else np.asarray(y, np.float64)
        self.first_out, self.out_links = _grouped(self.tail, self.nodes)
        self.first_in, self.in_links = _grouped(self.head, self.nodes)

    @classmethod
    def of(cls, area: Area, mode: str = "car") -> Network:
        """The links of `area` open to `mode` ("car", "bicycle", "walk"); nodes keep their row numbers."""
        if mode not in MODES:
            raise ValueError(f"mode {mode!r} is none of {', '.join(MODES)}")
        links, nodes = area.links, area.nodes
        rows = np.flatnonzero(links[mode])
        return cls(len(nodes), links.tail[rows], links.head[rows], links.length[rows], rows, nodes.x, nodes.y)

    def saved(self) -> None:
        """Nothing: a network does not change."""

    def restore(self, nothing: None) -> None:
        """Stay as it is."""

    def from_rows(self, size: int) -> Ids:
        """The link of this network for each of `size` area rows, -1 where it has none; int32 (size,)."""
        found = np.full(size, -1, np.int32)
        found[self.rows] = np.arange(self.links, dtype=np.int32)
        return found

    def distances(self, weight: ArrayLike, source: int) -> Ints:
        """Distance from `source` to every node by Dijkstra, -1 where no path leads; int64 (nodes,)."""
        found: Ints = dijkstra(self.first_out, self.out_links, self.head, np.asarray(weight, np.int64), source)[0]
        return found

    def distances_to(self, weight: ArrayLike, target: int) -> Ints:
        """Distance from every node to `target`, -1 where no path leads; int64 (nodes,)."""
        found: Ints = dijkstra(self.first_in, self.in_links, self.tail, np.asarray(weight, np.int64), target)[0]
        return found

    def nearest(self, weight: ArrayLike, sources: ArrayLike, offsets: ArrayLike | None = None) -> Ints:
        """Distance from the nearest of `sources` (each with a head start) to every node; int64 (nodes,)."""
        start = np.atleast_1d(np.asarray(sources, np.int32))
        given = np.zeros(len(start), np.int64) if offsets is None else np.asarray(offsets, np.int64)
        weights = np.asarray(weight, np.int64)
        found: Ints = search(self.first_out, self.out_links, self.head, weights, start, given, -1)[0]
        return found

    def path(self, weight: ArrayLike, source: int, target: int) -> tuple[int, Ids]:
        """Distance and links of one shortest path by Dijkstra; (-1, empty) where no path leads."""
        distance, parent = search(
            self.first_out,
            self.out_links,
            self.head,
            np.asarray(weight, np.int64),
            np.array([source], np.int32),
            np.zeros(1, np.int64),
            target,
        )
        return int(distance[target]), path_to(target, parent, self.tail)

    def components(self) -> Ids:
        """Strongly connected component of each node, named by its lowest node; int32 (nodes,)."""
        found: Ids = components(self.first_out, self.out_links, self.head)
        return found

    def largest_component(self) -> NDArray[np.bool_]:
        """Mask of the nodes in the largest strongly connected component; of equals, the one with the lowest node."""
        label = self.components()
        size = np.bincount(label, minlength=self.nodes) if self.nodes else np.zeros(0, np.int64)
        return label == int(size.argmax()) if self.nodes else np.zeros(0, bool)


def _grouped(node: Ids, nodes: int) -> tuple[Ints, Ids]:
    first = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(node, minlength=nodes), out=first[1:])
    return first, np.argsort(node, kind="stable").astype(np.int32)


class Router:
    """Shortest paths on a network whose weights change: `customise`, then ask.

    Weights are whole milliseconds of at least 0; `BLOCKED` (2**31 - 1) closes a link. A path's total must stay below
    that, which is 24 days. Links in answers are the network's `rows`, hence link rows of the area.
    """

    def __init__(self, network: Network, weights: ArrayLike | None = None) -> None:
        self.network = network
        self._hierarchy: Any = None
        self._metric: Any = None
        self._query: Any = None
        self._weights: NDArray[np.int64] | None = None
        if weights is not None:
            self.customise(weights)

    def _build(self) -> Any:
        import routingkit_cch as kit

        n = self.network
        ends = (n.tail.tolist(), n.head.tolist())
        if n.x is None or n.y is None:
            order = kit.compute_order_degree(n.nodes, *ends)
        else:
            order = kit.compute_order_inertial(n.nodes, *ends, n.y.tolist(), n.x.tolist())
        return kit.CCH(order, *ends, False)

    def customise(self, weights: ArrayLike) -> None:
        """Take new weights, in ms: one per link of the network. Raises ValueError for a wrong shape or sign."""
        import routingkit_cch as kit

        weight = np.asarray(weights)
        if weight.shape != (self.network.links,):
            raise ValueError(f"{weight.shape} weights for {self.network.links} links")
        if weight.size and weight.min() < 0:
            raise ValueError("negative weights")
        self._weights = np.minimum(weight, BLOCKED).astype(np.int64)
        given = self._weights.tolist()
        self._query = None  # the package refuses new weights while a query is alive
        if self._metric is None:
            self._hierarchy = self._build()
            self._metric = kit.CCHMetric(self._hierarchy, given)
        else:
            self._metric.reset(given)

    def saved(self) -> NDArray[np.int64] | None:
        """What a checkpoint keeps: the weights in force."""
        return self._weights

    def restore(self, weights: NDArray[np.int64] | None) -> None:
        """Take back what `saved` gave."""
        if weights is not None:
            self.customise(weights)

    def _ready(self) -> Any:
        if self._metric is None:
            raise ValueError("no weights yet: call customise(weights) first")
        if self._query is None:
            import routingkit_cch as kit

            self._query = kit.CCHQuery(self._metric)
        return self._query

    def times(self, origins: ArrayLike, destinations: ArrayLike) -> Ints:
        """Travel time of each pair of nodes, ms; -1 where no path leads. int64 (n,), pair by pair."""
        run = self._ready().run
        pairs, inverse = _distinct(origins, destinations, self.network.nodes)
        found = np.empty(len(pairs), np.int64)
        for i, (origin, destination) in enumerate(pairs.tolist()):
            result = run(origin, destination)
            found[i] = -1 if result.distance is None else result.distance
            result = None  # `run` panics while the result before it is alive
        return found[inverse]

    def paths(self, origins: ArrayLike, destinations: ArrayLike) -> tuple[Ints, Ids, Ints]:
        """Shortest paths of pairs of nodes, as CSR.

        Returns
        -------
        ptr : int64 (n + 1,); links : int32 (ptr[n],), link rows; ms : int64 (n,), -1 where no path leads.
        The path of pair i is links[ptr[i]:ptr[i + 1]]; it is empty where origin and destination are one node.
        """
        run = self._ready().run
        pairs, inverse = _distinct(origins, destinations, self.network.nodes)
        flat: list[int] = []  # one list for all paths: an array for each would take longer than the search
        ends, ms = np.zeros(len(pairs) + 1, np.int64), np.empty(len(pairs), np.int64)
        for i, (origin, destination) in enumerate(pairs.tolist()):
            result = run(origin, destination)
            distance = result.distance
            if distance is not None:
                flat += result.arc_path
            ms[i] = -1 if distance is None else distance
            ends[i + 1] = len(flat)
            result = None
        sizes = np.diff(ends)[inverse]
        ptr = np.zeros(len(inverse) + 1, np.int64)
        np.cumsum(sizes, out=ptr[1:])
        cells = np.arange(ptr[-1]) + np.repeat(ends[inverse] - ptr[:-1], sizes)
        return ptr, self.network.rows[np.array(flat, np.int64)[cells]], ms[inverse]

    def many_to_one(self, origins: ArrayLike, destination: int) -> Ints:
        """Travel time from each origin to one destination, ms; -1 where no path leads; int64 (n,)."""
        self._ready()
        import routingkit_cch as kit

        sources = np.atleast_1d(np.asarray(origins, np.int64)).tolist()
        answer = kit.CCHManyToOne(self._metric, sources).distances_to(int(destination))
        return np.array([-1 if ms is None else ms for ms in answer], np.int64)

    def table(self, origins: ArrayLike, destinations: ArrayLike) -> Ints:
        """Travel time from every origin to every destination, ms, -1 unreachable; int64 (origins, destinations)."""
        self._ready()
        import routingkit_cch as kit

        targets = np.atleast_1d(np.asarray(destinations, np.int64)).tolist()
        sources = np.atleast_1d(np.asarray(origins, np.int64)).tolist()
        query = kit.CCHOneToMany(self._metric, targets)
        rows = [[-1 if ms is None else ms for ms in query.distances_from(source)] for source in sources]
        return np.array(rows, np.int64).reshape(len(sources), len(targets))


def _distinct(origins: ArrayLike, destinations: ArrayLike, nodes: int) -> tuple[Ints, Ints]:
    """The different pairs, shape (m, 2), and which of them each asked pair is, shape (n,)."""
    origin = np.atleast_1d(np.asarray(origins, np.int64))
    destination = np.atleast_1d(np.asarray(destinations, np.int64))
    for node in (origin, destination):
        if node.size and (node.min() < 0 or node.max() >= nodes):
            raise ValueError(f"a node outside 0..{nodes - 1}")
    codes, inverse = np.unique(origin * nodes + destination, return_inverse=True)
    return np.stack([codes // nodes, codes % nodes], axis=1), inverse.astype(np.int64)
