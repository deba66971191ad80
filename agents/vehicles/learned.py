"""Learned times: what drivers who know the town expect each link to take, by time of day; and routes by them.

Drivers belong to groups, by the day on which each of them last thought his way over (`groups`), so that those with the
same origin, goal and time spread over several ways. How the times are learned stands in `scenarios.learning`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.vehicles.controllers import CYCLE
from twin.clock import day, minute
from twin.draws import stream, uniforms
from twin.network import Network, Router

Array = np.ndarray[Any, Any]

SLICE = 15 * minute  # of the time of day
SLICES = day // SLICE


def groups(seed: int, persons: Array, days: int) -> Array:
    """The group of each person after `days` of learning: the last day on which he thought his way over, from 0; int (n,).

    On the n-th of them, from 2 on, a keyed share of 1 / (n + 1) does. That is the method of successive averages (Robbins &
    Monro 1951; Sheffi 1985, Urban Transportation Networks, ch. 12) of persons instead of flows; the first day, on which
    all went by live times, counts twice.
    """
    found, luck = np.zeros(len(persons), np.int64), stream(seed, "vehicles.learning")
    for number in range(2, days + 1):
        found[uniforms(luck, persons, number) < 1.0 / (number + 1)] = number - 1
    return found


@dataclass(frozen=True)
class Learned:
    """Expected times of links.

    times : float32 (groups, slices, links), s
    rows  : int32 (links,), the area's link rows
    seed  : of the persons' groups
    """

    times: Array
    rows: Array
    seed: int

    def of(self, network: Network, free_s: Array) -> Array:
        """The times of a network's links; what is new in it, as a street that a measure builds, is expected to be free."""
        rows = np.full(int(max(network.rows.max(initial=-1), self.rows.max(initial=-1))) + 1, -1)
        rows[self.rows] = np.arange(len(self.rows))
        at = rows[network.rows]
        if len(at) == len(self.rows) and (at == np.arange(len(at))).all():
            return self.times
        return np.where(at >= 0, self.times[..., at], free_s.astype(np.float32))


class Plans:
    """Routes by learned times: one router for each group, given other weights when a slice begins in which it is asked."""

    def __init__(self, network: Network, learned: Learned, persons: int, free_s: Array) -> None:
        self.times = learned.of(network, free_s)
        self.group = groups(learned.seed, np.arange(persons), len(learned.times))
        self.routers = [Router(network) for _ in learned.times]
        self.forget()

    def forget(self) -> None:
        """Take the weights anew when they are next needed: links were closed, opened or limited."""
        self.slices = [-1] * len(self.times)

    def paths(
        self,
        origin: Array,
        goal: Array,
        group: Array,
        now: int,
        live: Router,
        weights: Callable[[Array], Array],
    ) -> tuple[Array, Array, Array]:
        """As `Router.paths`, each by the times that his `group` expects now; group -1 by the router `live`.

        weights : of links, from their learned times in ms
        """
        part = now % day // SLICE
        rows = [np.flatnonzero(group == number) for number in np.unique(group)]
        found = []
        for which in rows:
            number = int(group[which[0]])
            if number >= 0 and self.slices[number] != part:
                ms = np.rint(self.times[number, part].astype(np.float64) * 1000.0).astype(np.int64)
                self.routers[number].customise(weights(ms))
                self.slices[number] = part
            router = self.routers[number] if number >= 0 else live
            found.append(router.paths(origin[which], goal[which]))
        return _in_order(np.concatenate(rows), found)


def _in_order(order: Array, found: list[tuple[Array, Array, Array]]) -> tuple[Array, Array, Array]:
    """The paths of parts, one after the other, as those of the whole; `order` says which trip each of them is."""
    at = np.argsort(order)
    sizes = np.concatenate([np.diff(ptr) for ptr, _, _ in found])
    begins = np.cumsum(sizes) - sizes
    ptr = np.concatenate([[0], np.cumsum(sizes[at])])
    cells = np.arange(ptr[-1]) + np.repeat(begins[at] - ptr[:-1], sizes[at])
    return ptr, np.concatenate([links for _, links, _ in found])[cells], np.concatenate([ms for _, _, ms in found])[at]


class Observer:
    """What a day of learning sees: how long links took, by the slice in which cars entered them, and every car trip.

    empty_s : float64 (links,), s of a link that nobody else is on: its free time, and the mean wait at a fixed signal (at one
              that the traffic decides, none: who comes alone waits for its clearance at most)
    sums    : float64 (slices, links, 2), vehicles and the seconds that they took
    live    : float64 (slices, links) and (slices, 1), ms that live routes went by, and minutes
    trips   : (person, origin, goal, departure, arrival) of each trip that ended on the streets: nodes, and s
    """

    def begin(self, links: Any, persons: int) -> None:
        """Take the links as they are at midnight."""
        self.sums, self.live = np.zeros((SLICES, len(links), 2)), np.zeros((SLICES, len(links)))
        self.minutes = np.zeros((SLICES, 1))
        signal = (links.cycle > 0.0) & (links.cycle < CYCLE)
        red = np.where(signal, links.cycle - links.green_for, 0.0)
        self.empty_s = links.free + red**2 / (2.0 * np.where(signal, links.cycle, 1.0))
        self.ends = np.full((persons, 2), -1, np.int32)
        self._trips: list[tuple[Array, ...]] = []

    def set_out(self, person: Array, network: Network, links: Array, ptr: Array) -> None:
        """Note from which node to which one persons set out, on routes as CSR."""
        self.ends[person, 0], self.ends[person, 1] = network.tail[links[ptr[:-1]]], network.head[links[ptr[1:] - 1]]

    def arrived(self, arrivals: Any) -> None:
        """Note the trips that end; what somebody drives afterwards to find a parking place is none."""
        arrivals = arrivals[self.ends[arrivals.key, 0] >= 0]
        if len(arrivals):
            ends = self.ends[arrivals.key]
            self._trips.append((arrivals.key, ends[:, 0], ends[:, 1], arrivals.started, arrivals.time))
            self.ends[arrivals.key] = -1

    def count(self, links: Any, routed_ms: Array, now: int) -> None:
        """Add those who left links in the minute that ends at `now`: in the slice in which they entered, on the mean."""
        part = (now - minute) % day // SLICE
        self.live[part] += routed_ms
        self.minutes[part] += 1.0
        used = np.flatnonzero(links.left)
        left, spent = links.left[used], links.time_spent[used]
        entered = (now - minute / 2 - 1000.0 * spent / left) // SLICE
        part = np.clip(entered, 0, SLICES - 1).astype(np.int64)
        self.sums[part, used, 0] += left
        self.sums[part, used, 1] += spent

    @property
    def trips(self) -> tuple[Array, ...]:
        """Each column of the trips."""
        if not self._trips:
            return (np.zeros(0, np.int64),) * 5
        return tuple(np.concatenate(column) for column in zip(*self._trips, strict=True))

    def observed(self) -> Array:
        """Mean time of each link in each slice, s; `empty_s` where nobody entered; float64 (slices, links)."""
        left, spent = self.sums[..., 0], self.sums[..., 1]
        return np.where(left > 0, spent / np.maximum(left, 1.0), self.empty_s)

    def routed(self) -> Array:
        """Mean time, s, that live routes went by in each slice; as `observed` where the day had none of it."""
        return np.where(self.minutes > 0, self.live / np.maximum(self.minutes, 1.0) / 1000.0, self.observed())
