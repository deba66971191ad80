"""Routes of cars: by the live travel times of the last regular moment, round what is closed or not open to all.

Informed drivers look again at every regular moment, and change their way where that gains enough. With learned times
(`agents.vehicles.learned`) the others set out by these instead of the live ones.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from agents.vehicles.access import Access
from agents.vehicles.config import VehiclesConfig
from agents.vehicles.learned import Plans
from agents.vehicles.state import State
from twin.clock import minute
from twin.dijkstra import BLOCKED
from twin.network import Network, Router
from twin.parts import Part

Array = np.ndarray[Any, Any]


class NewWays(NamedTuple):
    """Vehicles that were given another way, by key, and how much longer it is, m; and how many wanted one in vain."""

    key: Array
    metres: Array
    held_up: int


class Routes(Part):
    """Which way cars go.

    live_ms   : int64 (links,): live times as if no street were closed
    routed_ms : the same as of the last regular moment: cars are routed by them
    closed    : bool (links,): nobody may enter
    extra_ms  : int64 (links,): what a link counts as more when routes are sought
    slower_ms : int64 (links,): what a limit of its speed adds to a link's learned time
    routed_at : ms of that moment
    informed  : bool (persons,): who looks again on the way
    """

    unsaved = ("network", "link_of_row", "access", "every", "gain", "informed", "plans")

    def __init__(
        self,
        network: Network,
        link_of_row: Array,
        access: Access,
        config: VehiclesConfig,
        luck: Array,
        plans: Plans | None = None,
    ) -> None:
        """luck : (persons,) in [0, 1): who is informed at which share; plans : the routes that the others set out on"""
        self.access = access
        self.network, self.link_of_row, self.every = network, link_of_row, round(config.reroute_every * minute)
        self.gain = (config.switch_gain, config.switch_least * 1000.0)
        self.informed = luck < config.informed
        self.plans = plans
        self.router, self.routed_at = Router(network), -1
        self.closed = np.zeros(network.links, bool)
        self.extra_ms, self.slower_ms, self.live_ms, self.routed_ms = (
            np.zeros(network.links, np.int64) for _ in range(4)
        )

    def measure(self, live_s: Array) -> None:
        """Take the live times of now, s."""
        self.live_ms[:] = np.minimum(np.maximum(np.rint(live_s * 1000.0), 1.0), BLOCKED - 1)

    @property
    def open_ms(self) -> Array:
        """Live times, `BLOCKED` where a link is closed; int64 (links,)."""
        return np.where(self.closed, BLOCKED, self.live_ms)

    def turn_to(self, now: int) -> bool:
        """Take the live times as those to route by, where a regular moment has come; whether one has."""
        if self.routed_at >= 0 and now // self.every == self.routed_at // self.every:
            return False
        self.routed_at = now
        self.routed_ms[:] = self.live_ms
        self.router.customise(self._open(self.routed_ms))
        return True

    def limit(self, slower_s: Array) -> None:
        """Let limits of speed add `slower_s` to the free times of links: whoever sets out by learned times knows them."""
        self.slower_ms = np.rint(slower_s * 1000.0).astype(np.int64)
        self._renew()

    def change(self, closed: Array, extra_ms: Array) -> None:
        """Let nobody enter the links in `closed`; a change between two moments alters the weights of its links only."""
        self.closed, self.extra_ms = closed, extra_ms
        self.router.customise(self._open(self.routed_ms))
        self._renew()

    def _open(self, ms: Array) -> Array:
        """`ms` as weights of links for a search."""
        return np.where(self.closed, BLOCKED, ms + self.extra_ms)

    def _renew(self) -> None:
        if self.plans is not None:
            self.plans.forget()

    def paths(
        self, origin: Array, goal: Array, person: Array | None = None, now: int = 0
    ) -> tuple[Array, Array, Array]:
        """Routes between nodes as CSR of the network's links: ptr (n + 1,), links; and which there are, bool (n,).

        Without `person` by the live times; with it each by what that person goes by at `now` ms.
        """
        if person is None or self.plans is None:
            ptr, rows, ms = self.router.paths(origin, goal)
        else:
            group = np.where(self.informed[person], -1, self.plans.group[person])
            ptr, rows, ms = self.plans.paths(origin, goal, group, now, self.router, self._learned_open)
        return ptr, self.link_of_row[rows], (ms >= 0) & (ms < BLOCKED)

    def _learned_open(self, ms: Array) -> Array:
        return self._open(np.maximum(ms + self.slower_ms, 1))

    # -- on the way ----------------------------------------------------------------------------------------------------

    def divert(self, state: State) -> NewWays:
        """Send all whose way is now closed another way from where they are.

        Whoever has no other way keeps the old one and waits for it to open.
        """
        which, last, at = state.affected(self.closed)
        if not len(which):
            return NewWays(np.zeros(0, np.int64), np.zeros(0), 0)
        net = self.network
        origin = np.where(at >= 0, net.head[at], net.tail[np.where(at < 0, ~at, 0)])
        return self._send(state, which, origin, net.head[last], at)

    def look_again(self, state: State) -> NewWays:
        """Send informed drivers another way from the end of their link, where it is enough quicker by the times of now.

        Enough is more than a share of what is left of the present way, and more than a number of seconds: bounded
        rationality in the form of Mahmassani & Jayakrishnan 1991 (Transportation Research A 25(5), 293-307).
        """
        which, last, at = state.under_way(self.informed) if self.informed.any() else (np.zeros(0, np.int32),) * 3
        net, ms = self.network, self._open(self.routed_ms)
        left = state.ahead(which, ms)
        worth = left > self.gain[1]  # with less left nobody can gain enough
        which, last, at, left = which[worth], last[worth], at[worth], left[worth]
        if not len(which):
            return NewWays(np.zeros(0, np.int64), np.zeros(0), 0)
        best = self.router.times(net.head[at], net.head[last], after=at)
        share = self.gain[0] * state.ahead(which, self.routed_ms)
        better = (best >= 0) & (best < BLOCKED) & (left - best > np.maximum(share, self.gain[1]))
        which, last, at = which[better], last[better], at[better]
        return self._send(state, which, net.head[at], net.head[last], at)

    def _send(self, state: State, which: Array, origin: Array, goal: Array, at: Array) -> NewWays:
        """Give vehicles the quickest way from `origin` to `goal`, reached on link `at` (of those on a link)."""
        ptr, rows, ms = self.router.paths(origin, goal, after=at)
        sizes = np.diff(ptr)
        found = (ms >= 0) & (ms < BLOCKED) & ((at >= 0) | (sizes > 0))
        if self.access.restricted.any():  # nobody is sent over links that he may not use
            trip = np.repeat(np.arange(len(which)), sizes)
            refused = ~self.access.may(state.cars.key[which][trip], self.link_of_row[rows])
            found &= np.bincount(trip[refused], minlength=len(which)) == 0
        kept, which = np.repeat(found, sizes), which[found]
        before, length = state.ahead(which, state.length), state.length
        state.reroute(which, np.concatenate([[0], np.cumsum(sizes[found])]), self.link_of_row[rows[kept]])
        return NewWays(state.cars.key[which], state.ahead(which, length) - before, int((~found).sum()))
