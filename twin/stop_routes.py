"""Stop routes: the way of a bus from one stop to the next on the streets that cars may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.network import Network, Router
from twin.parts import Part

if TYPE_CHECKING:
    from twin.area import Area

Array = NDArray[Any]


NEAR = 100.0  # m from a stop to the node where its buses stand, where another is not the nearest (assumption)
CHOICE = 4  # nodes to choose from
FAR = 10**8  # dm, as where no way leads

FASTEST = 25.0  # m/s, 90 km/h: no bus is faster in a straight line (assumption)
ROUNDING = 60  # s that the times of a timetable may be out


def undriveable(area: Area) -> NDArray[np.bool_]:
    """Calls from which the timetable goes on faster than any bus; bool (calls,). It left the area in between."""
    calls, stops = area.calls, area.stops
    found = np.zeros(len(calls), bool)
    a, b = calls.stop[:-1], calls.stop[1:]
    metres = np.hypot(stops.x[a] - stops.x[b], stops.y[a] - stops.y[b])
    s = calls.arrival[1:].astype(np.int64) - calls.departure[:-1]
    found[:-1] = (calls.service[1:] == calls.service[:-1]) & (metres > FASTEST * (s + ROUNDING))
    return found


class StopRoutes(Part):
    """The shortest way between the nodes of two stops; it changes only when streets close.

    node : int64 (stops,), in the largest part of the network that can be reached and left again. Of the nodes near a stop
        the one with the shortest ways to and from the stops next to it: the nearest may lie on the other carriageway
    """

    unsaved = ("network", "node", "_known")

    def __init__(self, area: Area, network: Network) -> None:
        self.network = network
        self._known: dict[tuple[int, int], Array] = {}
        self.router = Router(network)
        self.close(np.zeros(network.links, bool))
        self.node = self._nodes(area)

    def _nodes(self, area: Area) -> Array:
        from scipy.spatial import cKDTree

        calls, stops, usable = area.calls, area.stops, np.flatnonzero(self.network.largest_component())
        place = np.stack([area.nodes.x, area.nodes.y], 1)[usable]
        k = min(CHOICE, len(usable))
        metres, near = (
            v.reshape(-1, k) for v in cKDTree(place).query(np.stack([stops.x, stops.y], 1), np.arange(k) + 1)
        )
        choice = usable[near]
        node: Array = choice[:, 0].copy()
        inside = calls.service[1:] == calls.service[:-1]
        a, b = np.unique(np.stack([calls.stop[:-1][inside], calls.stop[1:][inside]]), axis=1)
        for _ in range(2):  # the second time the stops next to each stand where they shall
            cost = np.where((metres <= NEAR) | (np.arange(k) == 0), 10.0 * metres, np.inf)
            for column in range(k):
                onward = self.router.times(choice[a, column], node[b])
                hither = self.router.times(node[a], choice[b, column])
                for stop, way in ((a, onward), (b, hither)):
                    np.add.at(cost[:, column], stop, np.where(way < 0, FAR, way))
            node = choice[np.arange(len(node)), cost.argmin(axis=1)]
        return node

    def close(self, closed: Array) -> None:
        """Go round these links of the network from now on (bool, (links,)), wherever another way leads."""
        decimetres = np.maximum(np.rint(self.network.length * 10.0), 1).astype(np.int64)
        # a closed link is taken where there is no other: it counts as 10,000 km
        self.router.customise(decimetres + np.where(closed, FAR, 0))
        self._known.clear()

    def between(self, a: int, b: int) -> Array:
        """Link rows of the area from stop `a` to stop `b`, int32; none where they share a node, or no way leads."""
        if (a, b) not in self._known:
            self._known[a, b] = self.router.paths(self.node[[a]], self.node[[b]])[1]
        return self._known[a, b]
