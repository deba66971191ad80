"""Network: a directed graph as CSR arrays; Router: shortest paths on weights that change during a run.

Turns may be banned: searches and router then look for paths on the graph of `twin.turns`, and answer in this one's links.
`Router` stands on customisable contraction hierarchies (Dibbelt, Strasser & Wagner 2016; the package routingkit-cch):
the order is computed once per network, new weights take milliseconds, a path some tens of microseconds. The
numba searches of `twin.dijkstra` give the same distances and are what the tests compare with. Of several equally short
paths the router returns one that depends on the network and the weights only, not necessarily Dijkstra's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.dijkstra import BLOCKED, Ids, Ints, components, path_to, search
from twin.timed import arrivals, fifo
from twin.turns import expand

if TYPE_CHECKING:
    from twin.area import Area, Table

MODES = ("car", "bicycle", "walk")


class Network:
    """A directed graph; parallel links and self-loops are allowed.

    tail, head : int32 (links,): nodes where a link begins and ends
    length     : float64 (links,), m
    rows       : int32 (links,): the area's link row of each link of this network; 0..links-1 if there is no area
    x, y       : float64 (nodes,), m, or None
    bans       : sequences of two or more links that no path may drive, each beginning where the one before it ends
    first_out, out_links, first_in, in_links : CSR lists of the links that leave and enter a node, by rising link
    arcs       : the graph on which paths are sought; the same graph where nothing is banned
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
        bans: Iterable[tuple[int, ...]] = (),
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
        self.arcs = expand(self.nodes, self.tail, self.head, bans)
        self._hierarchy: Any = None
        self._out, self._in = (self.first_out, self.out_links), (self.first_in, self.in_links)
        if self.arcs.nodes > self.nodes:
            self._out, self._in = (_grouped(ends, self.arcs.nodes) for ends in (self.arcs.tail, self.arcs.head))

    @classmethod
    def of(cls, area: Area, mode: str = "car") -> Network:
        """The links of `area` open to `mode` ("car", "bicycle", "walk"); nodes keep their row numbers.

        The area's banned turns hold for cars.
        """
        if mode not in MODES:
            raise ValueError(f"mode {mode!r} is none of {', '.join(MODES)}")
        links, nodes = area.links, area.nodes
        rows = np.flatnonzero(links[mode])
        bans = banned(area.turns, rows) if mode == "car" else ()
        return cls(len(nodes), links.tail[rows], links.head[rows], links.length[rows], rows, nodes.x, nodes.y, bans)

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
        return self.nearest(weight, [source])

    def distances_to(self, weight: ArrayLike, target: int) -> Ints:
        """Distance from every node to `target`, -1 where no path leads; int64 (nodes,)."""
        arcs, start = self.arcs, np.array([self.arcs.end[target]], np.int32)
        found: Ints = search(*self._in, arcs.tail, self._weights(weight), start, np.zeros(1, np.int64), -1)[0]
        return found[: self.nodes]

    def nearest(self, weight: ArrayLike, sources: ArrayLike, offsets: ArrayLike | None = None) -> Ints:
        """Distance from the nearest of `sources` (each with a head start) to every node; int64 (nodes,)."""
        start = np.atleast_1d(np.asarray(sources, np.int32))
        given = np.zeros(len(start), np.int64) if offsets is None else np.asarray(offsets, np.int64)
        found: Ints = search(*self._out, self.arcs.head, self._weights(weight), start, given, -1)[0]
        return found[self.arcs.end]

    def path(self, weight: ArrayLike, source: int, target: int) -> tuple[int, Ids]:
        """Distance and links of one shortest path by Dijkstra; (-1, empty) where no path leads."""
        arcs, start, end = self.arcs, np.array([source], np.int32), int(self.arcs.end[target])
        distance, parent = search(*self._out, arcs.head, self._weights(weight), start, np.zeros(1, np.int64), end)
        links = arcs.link[path_to(end, parent, arcs.tail)]
        return int(distance[end]), links[links >= 0]

    def earliest(
        self, times: ArrayLike, period: int, origins: ArrayLike, goals: ArrayLike, departures: ArrayLike
    ) -> Ints:
        """Earliest arrival of each trip where links take other times in other slices; -1 where no path leads, int64 (n,).

        times : int64 ms (links, slices) of `period` ms each, made to keep order by `twin.timed.fifo`; departures : ms
        """
        ends = self.arcs.end[np.atleast_1d(np.asarray(goals, np.int64))]
        given = (np.atleast_1d(np.asarray(v, np.int64)) for v in (origins, ends, departures))
        arcs, kept = self.arcs, np.ascontiguousarray(fifo(times, period))
        found: Ints = arrivals(*self._out, arcs.head, arcs.link, kept, int(period), *given)
        return found

    def hierarchy(self) -> Any:
        """The order of nodes that every `Router` on this network begins with; found once."""
        if self._hierarchy is None:
            import routingkit_cch as kit

            arcs = self.arcs
            ends = (arcs.tail.tolist(), arcs.head.tolist())
            if self.x is None or self.y is None:
                order = kit.compute_order_degree(arcs.nodes, *ends)
            else:
                x, y = self.x[arcs.place].tolist(), self.y[arcs.place].tolist()
                order = kit.compute_order_inertial(arcs.nodes, *ends, y, x)
            self._hierarchy = kit.CCH(order, *ends, False)
        return self._hierarchy

    def _weights(self, weight: ArrayLike) -> Ints:
        return self.arcs.weights(np.asarray(weight, np.int64))

    def components(self) -> Ids:
        """Strongly connected component of each node, named by its lowest node, banned turns aside; int32 (nodes,)."""
        found: Ids = components(self.first_out, self.out_links, self.head)
        return found

    def largest_component(self) -> NDArray[np.bool_]:
        """Mask of the nodes in the largest strongly connected component; of equals, the one with the lowest node."""
        label = self.components()
        size = np.bincount(label, minlength=self.nodes) if self.nodes else np.zeros(0, np.int64)
        return label == int(size.argmax()) if self.nodes else np.zeros(0, bool)


def banned(turns: Table | Mapping[str, Any], rows: ArrayLike) -> list[tuple[int, ...]]:
    """The banned sequences of the table `turns` among the links of a network, whose area rows are `rows`."""
    of = {int(row): link for link, row in enumerate(np.asarray(rows).tolist())}
    sequences = zip(*(turns[column].tolist() for column in ("from_link", "via", "to_link")), strict=True)
    known = (tuple(of.get(row, -1) for row in (a, *([] if via < 0 else [via]), b)) for a, via, b in sequences)
    return [sequence for sequence in known if min(sequence) >= 0]


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
        self._metric: Any = None
        self._query: Any = None
        self._weights: NDArray[np.int64] | None = None
        if weights is not None:
            self.customise(weights)

    def customise(self, weights: ArrayLike) -> None:
        """Take new weights, in ms: one per link of the network. Raises ValueError for a wrong shape or sign."""
        import routingkit_cch as kit

        weight = np.asarray(weights)
        if weight.shape != (self.network.links,):
            raise ValueError(f"{weight.shape} weights for {self.network.links} links")
        if weight.size and weight.min() < 0:
            raise ValueError("negative weights")
        self._weights = np.minimum(weight, BLOCKED).astype(np.int64)
        given = self.network.arcs.weights(self._weights).tolist()
        self._query = None  # the package refuses new weights while a query is alive
        if self._metric is None:
            self._metric = kit.CCHMetric(self.network.hierarchy(), given)
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

    def times(self, origins: ArrayLike, destinations: ArrayLike, after: ArrayLike | None = None) -> Ints:
        """Travel time of each pair of nodes, ms; -1 where no path leads. int64 (n,), pair by pair; `after` as in `paths`."""
        run = self._ready().run
        pairs, inverse = self._distinct(origins, destinations, after)
        found = np.empty(len(pairs), np.int64)
        for i, (origin, destination) in enumerate(pairs.tolist()):
            result = run(origin, destination)
            found[i] = -1 if result.distance is None else result.distance
            result = None  # `run` panics while the result before it is alive
        return found[inverse]

    def paths(
        self, origins: ArrayLike, destinations: ArrayLike, after: ArrayLike | None = None
    ) -> tuple[Ints, Ids, Ints]:
        """Shortest paths of pairs of nodes, as CSR.

        after : the network's link by which each origin was reached, whose banned turns hold there; -1: none

        Returns
        -------
        ptr : int64 (n + 1,); links : int32 (ptr[n],), link rows; ms : int64 (n,), -1 where no path leads.
        The path of pair i is links[ptr[i]:ptr[i + 1]]; it is empty where origin and destination are one node.
        """
        run = self._ready().run
        pairs, inverse = self._distinct(origins, destinations, after)
        flat: list[int] = []  # one list for all paths: an array for each would take longer than the search
        ends, ms = np.zeros(len(pairs) + 1, np.int64), np.empty(len(pairs), np.int64)
        link = self.network.arcs.link
        whole = len(link) == self.network.links  # every arc is a link
        for i, (origin, destination) in enumerate(pairs.tolist()):
            result = run(origin, destination)
            distance = result.distance
            if distance is not None:
                flat += result.arc_path if whole else [arc for arc in result.arc_path if link[arc] >= 0]
            ms[i] = -1 if distance is None else distance
            ends[i + 1] = len(flat)
            result = None
        sizes = np.diff(ends)[inverse]
        ptr = np.zeros(len(inverse) + 1, np.int64)
        np.cumsum(sizes, out=ptr[1:])
        cells = np.arange(ptr[-1]) + np.repeat(ends[inverse] - ptr[:-1], sizes)
        return ptr, self.network.rows[link[np.array(flat, np.int64)[cells]]], ms[inverse]

    def many_to_one(self, origins: ArrayLike, destination: int) -> Ints:
        """Travel time from each origin to one destination, ms; -1 where no path leads; int64 (n,)."""
        self._ready()
        import routingkit_cch as kit

        sources = np.atleast_1d(np.asarray(origins, np.int64)).tolist()
        end = int(self.network.arcs.end[int(destination)])
        answer = kit.CCHManyToOne(self._metric, sources).distances_to(end)
        return np.array([-1 if ms is None else ms for ms in answer], np.int64)

    def table(self, origins: ArrayLike, destinations: ArrayLike) -> Ints:
        """Travel time from every origin to every destination, ms, -1 unreachable; int64 (origins, destinations)."""
        self._ready()
        import routingkit_cch as kit

        targets = self.network.arcs.end[np.atleast_1d(np.asarray(destinations, np.int64))].tolist()
        sources = np.atleast_1d(np.asarray(origins, np.int64)).tolist()
        query = kit.CCHOneToMany(self._metric, targets)
        rows = [[-1 if ms is None else ms for ms in query.distances_from(source)] for source in sources]
        return np.array(rows, np.int64).reshape(len(sources), len(targets))

    def _distinct(
        self, origins: ArrayLike, destinations: ArrayLike, after: ArrayLike | None = None
    ) -> tuple[Ints, Ints]:
        """The different pairs of nodes of the searched graph, shape (m, 2), and which of them each pair is, (n,)."""
        origin = np.atleast_1d(np.asarray(origins, np.int64))
        destination = np.atleast_1d(np.asarray(destinations, np.int64))
        network, arcs = self.network, self.network.arcs
        for node in (origin, destination):
            if node.size and (node.min() < 0 or node.max() >= network.nodes):
                raise ValueError(f"a node outside 0..{network.nodes - 1}")
        if after is not None and network.links:
            link = np.asarray(after, np.int64)
            origin = np.where(link >= 0, arcs.head[link], origin)
        codes, inverse = np.unique(origin * arcs.nodes + arcs.end[destination], return_inverse=True)
        return np.stack([codes // arcs.nodes, codes % arcs.nodes], axis=1), inverse.astype(np.int64)
