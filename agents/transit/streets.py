"""Streets: how long a bus takes from stop to stop where it does not drive itself, by the live times of its links."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.dijkstra import BLOCKED
from twin.network import Network
from twin.stop_routes import StopRoutes, undriveable

Array = np.ndarray[Any, Any]


class Streets:
    """The ways of some services between their stops. They come from the area alone: a checkpoint keeps nothing.

    calls : int64 (n,), rows of the calls after which a way leads along streets
    """

    def __init__(self, area: Any, services: Array) -> None:
        """services : bool (services,), those that use the streets."""
        table, routes = area.calls, StopRoutes(area, Network.of(area, "car"))
        goes_on = np.append(table.service[1:] == table.service[:-1], False)
        calls = np.flatnonzero(goes_on & services[table.service] & ~undriveable(area))
        pairs, self.pair = np.unique(np.stack([table.stop[calls], table.stop[calls + 1]]), axis=1, return_inverse=True)
        ways = [routes.between(int(a), int(b)) for a, b in pairs.T]
        self.first = np.concatenate([[0], np.cumsum([len(way) for way in ways])]).astype(np.int64)
        self.rows = np.concatenate([np.zeros(0, np.int32), *ways])
        self.pair = self.pair.reshape(-1)
        led = (np.diff(self.first) > 0)[self.pair]
        self.calls, self.pair = calls[led], self.pair[led]

    def saved(self) -> None:
        """Nothing."""

    def restore(self, nothing: None) -> None:
        """Stay as it is."""

    def hops(self, travel_ms: Array) -> tuple[Array, Array]:
        """Calls whose way is open, and ms from each to the next; travel_ms : int64 (links,), live."""
        along = np.concatenate([[0], np.cumsum(travel_ms[self.rows])])
        ms = np.diff(along[self.first])[self.pair]
        is_open = ms < BLOCKED
        return self.calls[is_open], ms[is_open]
