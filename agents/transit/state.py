"""State: vehicles, passengers and the moments that lie before them, as arrays; and the operations that the domain needs."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.transit import kernels as k
from twin.clock import minute
from twin.parts import Part, restore_attributes, saved_attributes
from twin.timetable import DAY, SLOTS

Array = np.ndarray[Any, Any]
SECOND = 1000  # ms


class State(Part):
    """Public transport under way.

    asked, arrived, unserved : passengers, since the start of the run;  withdrawn : vehicles that never came through
    sums : see the kernels, since the end of the warm-up
    """

    unsaved = ("calls", "first", "line", "capacity", "people", "stop", "days", "by_timetable")

    def __init__(self, area: Any, dwell_ms: int) -> None:
        calls, services, each = area.calls, area.services, area.represents
        self.people, self.dwell_ms = len(area.people), dwell_ms
        self.days = services.days
        self.line = np.asarray(services.line, np.int32)
        # a place is taken by all whom a passenger stands for; where it holds fewer it still takes one
        self.capacity = np.maximum(area.lines.capacity[self.line] // each, 1).astype(np.int32)
        self.stop = np.asarray(calls.stop)
        self.first = np.zeros(len(services) + 1, np.int64)
        np.cumsum(np.bincount(calls.service, minlength=len(services)), out=self.first[1:])
        self.calls = np.zeros(len(calls), k.CALL).view(np.recarray)
        self.calls.arrival, self.calls.departure = SECOND * calls.arrival, SECOND * calls.departure
        self.calls.hop[:-1] = self.calls.arrival[1:] - self.calls.departure[:-1]
        self.calls.service = calls.service
        self.calls.last[self.first[1:] - 1] = True
        self.by_timetable = self.calls.hop.copy()
        self.hop = self.calls.hop.copy()
        self.runs = np.zeros(SLOTS * len(services), k.RUN).view(np.recarray)
        self.lists = np.full(SLOTS * len(calls), -1, k.LIST).view(np.recarray)
        self.passengers = np.zeros(self.people, k.PASSENGER).view(np.recarray)
        self.under_way = np.zeros(self.people, bool)
        self.keys, self.ids, self.size = np.zeros(0, np.int64), np.zeros(0, np.int32), 0
        self.again = np.zeros(0, np.int32)  # passengers who need another way
        self.began = self.asked = self.arrived = self.unserved = 0
        self.by_line = np.zeros((len(area.lines), 3), np.int64)
        self.ended = self.withdrawn = 0
        self.forget()
        for slot in range(SLOTS):
            self._ready(slot)

    def forget(self) -> None:
        """Start the sums again."""
        self.ended += int(self.sums[k.ENDED]) if hasattr(self, "sums") else 0
        self.sums, self.peak = np.zeros(k.SUMS, np.int64), np.zeros(1)
        self.trips = self.failed = self.walked = 0

    def saved(self) -> dict[str, Any]:
        """What a checkpoint keeps: of the passengers only those under way, of the heap only what it holds."""
        rows = np.flatnonzero(self.under_way)
        some = ("passengers", "under_way", "keys", "ids")
        return {
            "rest": saved_attributes(self, (*self.unsaved, *some)),
            "rows": rows,
            "passengers": self.passengers[rows],
            "moments": (self.keys[: self.size], self.ids[: self.size]),
        }

    def restore(self, values: dict[str, Any]) -> None:
        """Take back what `saved` gave."""
        restore_attributes(self, values["rest"])
        self.under_way[values["rows"]] = True
        self.passengers[values["rows"]] = values["passengers"]
        self.keys, self.ids = (np.array(moments) for moments in values["moments"])

    # -- vehicles --------------------------------------------------------------------------------------------------------

    def _ready(self, slot: int) -> Array:
        """The runs of a slot stand before their first call; the run numbers."""
        n = len(self.line)
        runs = np.arange(slot * n, (slot + 1) * n)
        self.runs.call[runs], self.runs.load[runs], self.runs.moving[runs] = self.first[:-1], 0, False
        return runs

    def begin_day(self, day: int, weekday: int, driven: Array) -> None:
        """At a midnight: the runs of a day set out, on the first day also what is still under way from the day before.

        day, weekday : the number of the day of the run, and 0 for a Monday
        driven : bool (services,): those that drive in traffic; whoever is under way in the first minute of all does not
        """
        n = len(self.line)
        for off in (-1, 0) if day == 0 else (0,):
            running = np.flatnonzero((self.days >> ((weekday + off) % 7)) & 1)
            midnight = (day + off) * DAY * SECOND
            call = self.first[running]
            if off:  # from the first call that they still leave from
                left = np.concatenate([[0], np.cumsum(self.calls.departure + midnight < 0)])
                call = call + left[self.first[running + 1]] - left[call]
                ends = call < self.first[running + 1] - 1
                running, call = running[ends], call[ends]
            runs = (day + off) % SLOTS * n + running
            self.runs.midnight[runs], self.runs.call[runs] = midnight, call
            leave = midnight + self.calls.departure[call]
            self.runs.driven[runs] = driven[running] & (leave >= minute) & (off == 0)
            self.moments(leave, k.LEAVE, runs)
            self.began += len(runs)
        self._withdraw((day + 1) % SLOTS)
        self._ready((day + 1) % SLOTS)

    def _withdraw(self, slot: int) -> None:
        """Runs of two days ago that nothing let through end where they are, for their numbers are needed again.

        Their passengers look for another way, from the stop where they got in.
        """
        n, some = len(self.line), slice(slot * len(self.calls), (slot + 1) * len(self.calls))
        stranded = np.concatenate([self._linked(self.lists[side][some]) for side in ("first", "riders")])
        self.again = np.sort(np.concatenate([self.again, stranded])).astype(np.int32)
        for side in ("first", "last", "riders"):
            self.lists[side][some] = -1
        keys, ids = self.keys[: self.size], self.ids[: self.size]
        held = np.isin(keys & 3, (k.ARRIVE, k.LEAVE)) & (ids // n == slot)
        runs = slice(slot * n, (slot + 1) * n)
        late = int(held.sum()) + int((self.runs.driven & self.runs.moving)[runs].sum())
        self.runs.midnight[runs] = -1
        self.withdrawn += late
        self.ended += late
        order = np.lexsort((ids[~held], keys[~held]))  # in order they are a heap
        self.size = len(order)
        self.keys[: self.size], self.ids[: self.size] = keys[~held][order], ids[~held][order]

    def _linked(self, first: Array) -> Array:
        """Everybody in the lists that begin so."""
        found, here = [np.zeros(0, np.int32)], first[first >= 0]
        while len(here):
            found.append(here)
            here = self.passengers.follows[here]
            here = here[here >= 0]
        return np.concatenate(found)

    def moments(self, time: Array, kind: int, ids: Array) -> None:
        """Put moments into the heap, (n,) each: ms and the runs or passengers."""
        need = self.size + len(ids) + int(self.under_way.sum()) + len(self.runs)
        if need > len(self.keys):
            for name in ("keys", "ids"):
                old = getattr(self, name)
                grown = np.zeros(need * 3 // 2, old.dtype)
                grown[: self.size] = old[: self.size]
                setattr(self, name, grown)
        for at, one in zip((4 * np.asarray(time, np.int64) + kind).tolist(), ids.tolist(), strict=True):
            self.size = k.push(self.keys, self.ids, self.size, at, one)

    def move(self, stop: int) -> tuple[Array, Array]:
        """Everything that happens before `stop`; passengers who reach their goal, and when, int64 (n,) each."""
        most = int(self.under_way.sum())
        again, home = np.empty(most, np.int32), np.empty((most, 2), np.int64)
        self.calls.hop = self.hop
        self.size, n, m = k.run(
            stop, self.keys, self.ids, self.size, self.calls, self.runs, self.lists, self.passengers,
            self.line, self.capacity, len(self.line), self.dwell_ms, self.sums, self.by_line, self.peak, again, home,
        )  # fmt: skip
        self.again = np.concatenate([self.again, np.sort(again[:n])])
        home = home[:m]
        self.under_way[home[:, 0]] = False
        self.arrived += m
        self.trips += m
        return home[:, 0], home[:, 1]

    # -- passengers ------------------------------------------------------------------------------------------------------

    def ask(self, who: Array, time: Array, goal: Array, trip: Array) -> None:
        """Passengers come who want to be taken to a location."""
        p = self.passengers
        p.asked[who], p.goal[who], p.trip[who] = time, goal, trip
        self.under_way[who] = True
        self.asked += len(who)

    def fail(self, who: Array) -> None:
        """No vehicle can take them there."""
        self.under_way[who] = False
        self.unserved += len(who)
        self.failed += len(who)

    def set_out(
        self, who: Array, time: Array, first: Array, board: Array, alight: Array, walk_s: Array, egress_s: Array
    ) -> None:
        """Passengers set out on their ways.

        who, time, egress_s : (n,); ms, and s from the last stop to the goal
        first  : int64 (n + 1,): the rides of passenger i are first[i]:first[i + 1], at most `RIDES`
        board, alight, walk_s : of each ride, calls of runs, and s on foot before it
        """
        p = self.passengers
        rides = np.diff(first)
        row = np.repeat(np.arange(len(who)), rides)
        ride = np.arange(len(row)) - first[row]
        for name, values in (("board", board), ("alight", alight), ("walk", SECOND * walk_s)):
            p[name][who[row], ride] = values
        p.ride[who], p.rides[who], p.egress[who] = 0, rides, SECOND * egress_s
        p.follows[who] = -1
        some = rides > 0
        self.moments(time[some] + p.walk[who[some], 0], k.REACH, who[some])
        self.moments(time[~some] + p.egress[who[~some]], k.HOME, who[~some])

    def counted(self) -> tuple[int, int]:
        """Passengers and runs under way, counted where they are: on foot, waiting, on board; standing, driving."""
        kind = self.keys[: self.size] & 3
        passengers = int(((kind == k.REACH) | (kind == k.HOME)).sum()) + len(self.again) + int(self.runs.load.sum())
        passengers += len(self._linked(self.lists.first))
        driving = int((self.runs.driven & self.runs.moving).sum())
        return passengers, int(((kind == k.ARRIVE) | (kind == k.LEAVE)).sum()) + driving
