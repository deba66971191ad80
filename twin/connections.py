"""Connections: the fastest way by public transport and on foot, by the timetable of a day.

Connection scan (Dibbelt, Pajor, Strasser & Wagner 2013, SEA): the connections of a day, from one call of a vehicle to the
next, are looked at once in the order of departure. A connection can be taken by whoever sits in its vehicle already, or
is at its stop in time. No graph and no priority queue; a query costs the connections that leave before it arrives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

Ids = NDArray[np.int32]
Ints = NDArray[np.int64]
Array = NDArray[Any]

NEVER = 1 << 60


@njit(cache=True)
def scan(
    departure: Array,
    arrival: Array,
    start: Array,
    end: Array,
    trip: Array,
    foot_first: Array,
    foot_to: Array,
    foot_s: Array,
    change_s: int,
    leave: int,
    access: Array,
    access_s: Array,
    egress_s: Array,
    by_foot_s: int,
    ready: Array,
    ready_by: Array,
    boarded: Array,
    before: Array,
) -> tuple[int, int]:
    """One query: the earliest arrival; fills `boarded` and `before`, from which `legs` reads the way.

    departure, arrival, start, end, trip : (connections,), sorted by departure; s, stops, vehicle runs
    foot_first, foot_to, foot_s : walks between stops as CSR, s
    change_s  : s that a change at one stop takes at least
    leave     : s, when the traveller sets off
    access, access_s : stops that he can walk to, and s there
    egress_s  : (stops,), s on foot from each stop to the goal; NEVER where that is too far
    by_foot_s : s on foot all the way; NEVER where that is too far
    ready, ready_by  : int64, int32 (stops,), scratch: when he can board there; the connection that brought him, -1 none
    boarded, before  : int32 (runs,), scratch: the connection at which a run is boarded, and the one got off before that

    Returns (arrival in s, last connection); the connection is -1 where he walks all the way, the arrival NEVER where no
    way leads.
    """
    ready[:] = NEVER
    boarded[:] = -1
    best, last = NEVER, -1
    if by_foot_s < NEVER:
        best = leave + by_foot_s
    for i in range(len(access)):
        at = leave + access_s[i]
        if at < ready[access[i]]:
            ready[access[i]] = at
            ready_by[access[i]] = -1
    for c in range(np.searchsorted(departure, leave), len(departure)):
        if departure[c] >= best:
            break
        run = trip[c]
        if boarded[run] < 0:
            if ready[start[c]] > departure[c]:
                continue
            boarded[run] = c
            before[run] = ready_by[start[c]]
        stop = end[c]
        if egress_s[stop] < NEVER and arrival[c] + egress_s[stop] < best:
            best, last = arrival[c] + egress_s[stop], c
        if arrival[c] + change_s < ready[stop]:
            ready[stop] = arrival[c] + change_s
            ready_by[stop] = c
        for k in range(foot_first[stop], foot_first[stop + 1]):
            at = arrival[c] + foot_s[k]
            if at < ready[foot_to[k]]:
                ready[foot_to[k]] = at
                ready_by[foot_to[k]] = c
    return best, last


@njit(cache=True)
def legs(last: int, trip: Array, boarded: Array, before: Array, out: Array) -> int:
    """The rides of the way that ends with connection `last`: (first, last connection) each, into `out`; how many.

    Raises ValueError where there are more than `out` holds.
    """
    n, c = 0, last
    while c >= 0:
        if n == len(out):
            raise ValueError("a way of more rides than anybody takes")
        run = trip[c]
        out[n, 0], out[n, 1] = boarded[run], c
        n += 1
        c = before[run]
    for i in range(n // 2):
        for j in range(2):
            out[i, j], out[n - 1 - i, j] = out[n - 1 - i, j], out[i, j]
    return n


MOST_RIDES = 32  # of one way; far more than anybody takes


@njit(cache=True)
def ways(
    departure: Array,
    arrival: Array,
    start: Array,
    end: Array,
    trip: Array,
    runs: int,
    foot_first: Array,
    foot_to: Array,
    foot_s: Array,
    change_s: int,
    leave: Array,
    access_first: Array,
    access: Array,
    access_s: Array,
    egress_first: Array,
    egress: Array,
    egress_stop_s: Array,
    by_foot_s: Array,
    arrive: Array,
    rides: Array,
    count: Array,
) -> None:
    """Many queries one after the other; see `scan`. access_*, egress_* : CSR by query.

    arrive : int64 (queries,), filled; rides : int32 (queries, MOST_RIDES, 2), filled; count : int32 (queries,), filled
    """
    stops = len(foot_first) - 1
    ready, ready_by = np.empty(stops, np.int64), np.empty(stops, np.int32)
    boarded, before = np.empty(runs, np.int32), np.empty(runs, np.int32)
    egress_s = np.full(stops, NEVER)
    for q in range(len(leave)):
        for k in range(egress_first[q], egress_first[q + 1]):
            egress_s[egress[k]] = min(egress_s[egress[k]], egress_stop_s[k])
        near = slice(access_first[q], access_first[q + 1])
        arrive[q], last = scan(
            departure, arrival, start, end, trip, foot_first, foot_to, foot_s, change_s, leave[q],
            access[near], access_s[near], egress_s, by_foot_s[q], ready, ready_by, boarded, before,
        )  # fmt: skip
        count[q] = legs(last, trip, boarded, before, rides[q])
        for k in range(egress_first[q], egress_first[q + 1]):
            egress_s[egress[k]] = NEVER


@dataclass(frozen=True)
class Ways:
    """Answers, in the order of the questions.

    arrival : int64 (n,), s; -1 where no way leads
    first   : int64 (n + 1,): the rides of way i are first[i]:first[i + 1]; none where it is walked
    board, alight : int32 (first[n],), the connections at which a ride begins and ends
    """

    arrival: Ints
    first: Ints
    board: Ids
    alight: Ids


class Connections:
    """The connections of one day.

    departure, arrival : s;  start, end : stops;  trip : the vehicle run;  ordinal : the number of the call it leaves from

    All of shape (connections,), sorted by departure, those of one run in the order of its calls.
    """

    def __init__(
        self,
        stops: int,
        departure: ArrayLike,
        arrival: ArrayLike,
        start: ArrayLike,
        end: ArrayLike,
        trip: ArrayLike,
        foot: tuple[ArrayLike, ArrayLike, ArrayLike],
        change_s: int = 60,
    ) -> None:
        """foot : from stop, to stop, s of walks between stops. Raises ValueError where a connection arrives too soon."""
        columns: list[Any] = [np.asarray(c, np.int64) for c in (departure, arrival, start, end, trip)]
        if (columns[1] < columns[0]).any():
            raise ValueError("a connection that arrives before it departs")
        self.stops, self.change_s = stops, change_s
        # equal departures: what arrives first comes first, so that calls of no length keep the order of their run
        self.order = np.lexsort((columns[4], columns[1], columns[0]))
        self.departure, self.arrival = columns[0][self.order], columns[1][self.order]
        self.start, self.end, self.trip = (c[self.order].astype(np.int32) for c in columns[2:])
        self.runs = int(self.trip.max()) + 1 if len(self.trip) else 0
        self.row = np.empty(len(self.order), np.int64)
        self.row[self.order] = np.arange(len(self.order))
        begin, goal, seconds = (np.asarray(c, np.int64) for c in foot)
        by = np.argsort(begin, kind="stable")
        self.foot_first = np.zeros(stops + 1, np.int64)
        np.cumsum(np.bincount(begin, minlength=stops), out=self.foot_first[1:])
        self.foot_to, self.foot_s = goal[by].astype(np.int32), seconds[by]

    def ways(
        self,
        leave: ArrayLike,
        access: tuple[Ints, Ids, Ints],
        egress: tuple[Ints, Ids, Ints],
        by_foot_s: ArrayLike | None = None,
    ) -> Ways:
        """The fastest ways of many travellers.

        leave : int64 (n,), s;  access, egress : CSR of stops and s on foot, from the origins and to the goals
        by_foot_s : int64 (n,), s on foot all the way; -1, or none given: too far
        """
        leave = np.asarray(leave, np.int64)
        n = len(leave)
        foot = np.full(n, -1, np.int64) if by_foot_s is None else np.asarray(by_foot_s, np.int64)
        arrive, count = np.empty(n, np.int64), np.empty(n, np.int32)
        rides = np.empty((n, MOST_RIDES, 2), np.int32)
        ways(
            self.departure, self.arrival, self.start, self.end, self.trip, self.runs,
            self.foot_first, self.foot_to, self.foot_s, self.change_s, leave, *access, *egress,
            np.where(foot < 0, NEVER, foot), arrive, rides, count,
        )  # fmt: skip
        first = np.zeros(n + 1, np.int64)
        np.cumsum(count, out=first[1:])
        kept = rides[np.arange(MOST_RIDES) < count[:, None]]
        return Ways(np.where(arrive == NEVER, -1, arrive), first, kept[:, 0], kept[:, 1])
