"""Buses of a timetable in the traffic: from stop to stop on a fixed way, and never early.

Whoever runs the timetable says which run sets out; here it drives, stands at each stop and drives on. At a stop it stands
beside the road (assumption: a lay-by). So that it leaves a stop at the exact moment, the traffic moves in steps no longer
than the shortest stay at a stop while buses are under way; traffic is the same for steps of any length.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from agents.vehicles.slow import Moments
from agents.vehicles.state import State
from agents.vehicles.wheel import EDGE, PER_SECOND
from twin.clock import day
from twin.coupling import Batch
from twin.domain import Balance
from twin.network import Network
from twin.parts import Part
from twin.stop_routes import StopRoutes, undriveable
from twin.timetable import SLOTS, leaves

Array = np.ndarray[Any, Any]
STEP = 10_000  # ms; a bus stands at a stop, and takes to the next, at least so long
GRACE = EDGE / PER_SECOND * 1000.0  # ms, as the kernel's buckets have


class Buses(Part):
    """The runs that drive. Runs and calls: see `twin.timetable`.

    A vehicle's key in the traffic is `people` + day of service x runs + run: a run's number comes back after three days,
    and a bus that nothing let through until then has ended for everybody but those who queue behind it.

    midnight, dwell : int64 (runs,), ms; call : int64 (runs,), the row of the call that each stands at or drives to
    """

    unsaved = ("calls", "first", "people", "link_of_row", "off")

    def __init__(self, area: Any, network: Network, link_of_row: Array) -> None:
        self.calls, self.people, self.link_of_row = area.calls, len(area.people), link_of_row
        services = len(area.services)
        self.first = np.zeros(services + 1, np.int64)
        np.cumsum(np.bincount(area.calls.service, minlength=services), out=self.first[1:])
        self.midnight, self.dwell, self.call = (np.zeros(SLOTS * services, np.int64) for _ in range(3))
        self.off = undriveable(area)
        self.leaving = Moments("run")
        self.landing = Moments("run")  # between two stops at one node or without a way: by the timetable
        self.routes = StopRoutes(area, network)
        self.began = self.ended = self.on_road = 0

    def begin(self, batch: Batch) -> None:
        """Runs set out from their first stop; subject the run, object ms at a stop at least, value ms of its midnight."""
        run = batch.subject
        for moments in (self.leaving, self.landing):
            self.ended += moments.drop("run", run)
        self.midnight[run], self.dwell[run] = batch.value.astype(np.int64), batch.object
        self.call[run] = self.first[run % (len(self.first) - 1)]
        self.leaving.add(
            time=self.midnight[run] + 1000 * self.calls.departure[self.call[run]].astype(np.int64), run=run
        )
        self.began += len(run)

    def run(self, state: State, move: Callable[[float], Any], start: int, stop: int) -> tuple[Any, dict[str, Array]]:
        """Move the traffic over [start, stop) ms, buses included; `move` brings all on the streets to a moment in s.

        Returns the arrivals of everybody else, as `State.run`; and those of buses at stops: run, call (row), time (ms).
        """
        others, told = [], []
        for edge in range(min(start + STEP, stop), stop + 1, STEP) if self.began > self.ended else (stop,):
            self._leave(state, self.leaving.take(edge), edge)
            found = move(edge / 1000.0)
            bus = found.key >= self.people
            others.append(found[~bus])
            self.on_road -= int(bus.sum())
            number, run = np.divmod(found.key[bus] - self.people, len(self.call))
            time = np.floor(found.time[bus] * 1000.0 + GRACE).astype(np.int64)
            known = number == self.midnight[run] // day
            self.ended += int((~known).sum())
            run, time = run[known], time[known]
            landed = self.landing.take(edge)
            runs = np.concatenate([run, landed["run"]])
            told.append(self._stand(runs, np.concatenate([time, landed["time"]])))
        stops = {name: np.concatenate([each[name] for each in told]) for name in ("run", "call", "time")}
        return np.concatenate(others).view(np.recarray), stops

    def _leave(self, state: State, moments: dict[str, Array], edge: int) -> None:
        """Buses leave their stops: into the traffic, where there is a way."""
        keys, times, routes = [], [], []
        for time, run in sorted(zip(moments["time"].tolist(), moments["run"].tolist(), strict=True)):
            call = int(self.call[run])
            self.call[run] = call + 1
            stop = self.calls.stop
            rows = self.routes.between(int(stop[call]), int(stop[call + 1]))
            if len(rows) and not self.off[call]:
                keys.append(self.people + int(self.midnight[run]) // day * len(self.call) + run)
                times.append(max(time, edge - STEP) / 1000.0)
                routes.append(self.link_of_row[rows])
            else:
                hop = 1000 * (int(self.calls.arrival[call + 1]) - int(self.calls.departure[call]))
                self.landing.add(time=np.array([time + max(hop, STEP)]), run=np.array([run]))
        if keys:
            ptr = np.concatenate([[0], np.cumsum([len(route) for route in routes])])
            state.add(keys, times, ptr, np.concatenate(routes))
            self.on_road += len(keys)

    def _stand(self, runs: Array, times: Array) -> dict[str, Array]:
        """Buses come to a stop; they leave it later, or have come to their last."""
        call = self.call[runs]
        on = call + 1 < self.first[runs % (len(self.first) - 1) + 1]
        due = self.midnight[runs] + 1000 * self.calls.departure[call].astype(np.int64)
        moments = zip(due.tolist(), times.tolist(), self.dwell[runs].tolist(), strict=True)
        leave = np.array([leaves(*moment) for moment in moments], np.int64)
        self.leaving.add(time=leave[on], run=runs[on])
        self.ended += int((~on).sum())
        return {"run": runs, "call": call, "time": times}

    def balances(self) -> list[Balance]:
        """Every bus that set out has ended, stands at a stop or is on its way."""
        under_way = len(self.leaving) + len(self.landing) + self.on_road
        return [
            Balance("buses that set out = ended + under way", float(self.began), float(self.ended + under_way), "veh")
        ]
