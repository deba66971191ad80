"""Routes of cars: by the live travel times of the last regular moment, round what is closed or not open to all."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.vehicles.state import State
from twin.clock import minute
from twin.dijkstra import BLOCKED
from twin.network import Network, Router
from twin.parts import Part

Array = np.ndarray[Any, Any]


class Routes(Part):
    """Which way cars go.

    live_ms   : int64 (links,): live times as if no street were closed
    routed_ms : the same as of the last regular moment: cars are routed by them
    closed    : bool (links,): nobody may enter
    extra_ms  : int64 (links,): what a link counts as more when routes are sought
    routed_at : ms of that moment
    """

    unsaved = ("network", "link_of_row", "every")

    def __init__(self, network: Network, link_of_row: Array, every: float) -> None:
        """every : min between two regular moments."""
        self.network, self.link_of_row, self.every = network, link_of_row, round(every * minute)
        self.router, self.routed_at = Router(network), -1
        self.closed = np.zeros(network.links, bool)
        self.extra_ms = np.zeros(network.links, np.int64)
        self.live_ms = np.zeros(network.links, np.int64)
        self.routed_ms = self.live_ms.copy()

    def measure(self, live_s: Array) -> None:
        """Take the live times of now, s."""
        self.live_ms[:] = np.minimum(np.maximum(np.rint(live_s * 1000.0), 1.0), BLOCKED - 1)

    @property
    def open_ms(self) -> Array:
        """Live times, `BLOCKED` where a link is closed; int64 (links,)."""
        return np.where(self.closed, BLOCKED, self.live_ms)

    def turn_to(self, now: int) -> None:
        """Take the live times as those to route by, where a regular moment has come."""
        if self.routed_at < 0 or now // self.every != self.routed_at // self.every:
            self.routed_at = now
            self.routed_ms[:] = self.live_ms
            self._customise()

    def change(self, closed: Array, extra_ms: Array) -> None:
        """Let nobody enter the links in `closed`; a change between two moments alters the weights of its links only."""
        self.closed, self.extra_ms = closed, extra_ms
        self._customise()

    def _customise(self) -> None:
        self.router.customise(np.where(self.closed, BLOCKED, self.routed_ms + self.extra_ms))

    def paths(self, origin: Array, goal: Array) -> tuple[Array, Array, Array]:
        """Routes between nodes as CSR of the network's links: ptr (n + 1,), links; and which there are, bool (n,)."""
        ptr, rows, ms = self.router.paths(origin, goal)
        return ptr, self.link_of_row[rows], (ms >= 0) & (ms < BLOCKED)

    def divert(self, state: State) -> tuple[int, int]:
        """Send all whose way is now closed another way from where they are; how many found one, and how many did not.

        Whoever has no other way keeps the old one and waits for it to open.
        """
        which, last, at = state.affected(self.closed)
        if not len(which):
            return 0, 0
        net = self.network
        origin = np.where(at >= 0, net.head[at], net.tail[np.where(at < 0, ~at, 0)])
        ptr, rows, ms = self.router.paths(origin, net.head[last], after=at)
        sizes = np.diff(ptr)
        found = (ms >= 0) & (ms < BLOCKED) & ((at >= 0) | (sizes > 0))
        kept = np.repeat(found, sizes)
        state.reroute(which[found], np.concatenate([[0], np.cumsum(sizes[found])]), self.link_of_row[rows[kept]])
        return int(found.sum()), int((~found).sum())
