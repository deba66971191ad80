"""Time: integer milliseconds since the scenario's start, a calendar, and the SimPy environment that keeps it.

This is the only module that advances time. SimPy's heap is ordered by (time, priority, key): an event that the engine
delivers stands there under (time, 0.5, (kind, subject, ordinal)), after interrupts and before ordinary events, so the
order of two deliveries never depends on when they were pushed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from heapq import heappush
from typing import Any
from zoneinfo import ZoneInfo

import simpy
from simpy.events import NORMAL

from twin.errors import DesignError

second = 1_000
minute = 60 * second
hour = 60 * minute
day = 24 * hour

DELIVERY = 0.5  # priority in SimPy's heap: after interrupts (0), before ordinary events (1)
PHASES = ("due", "advance", "process", "step")


class Calendar:
    """The date behind the milliseconds: `start` is local midnight of the first day in `zone`."""

    def __init__(self, start: str = "2025-03-11", zone: str = "Europe/Amsterdam") -> None:
        self.zone = ZoneInfo(zone)
        self.start = datetime.fromisoformat(start).replace(tzinfo=self.zone)

    def at(self, ms: int) -> datetime:
        """Local date and time of `ms` (wall-clock arithmetic: a day always has 24 h here)."""
        return self.start + timedelta(milliseconds=int(ms))

    def text(self, ms: int) -> str:
        """`ms` as "17:00", or "day 2, 08:30" from the second day on."""
        days, rest = divmod(int(ms), day)
        clock = f"{rest // hour:02d}:{rest % hour // minute:02d}"
        return clock if days == 0 else f"day {days + 1}, {clock}"

    def is_weekend(self, ms: int) -> bool:
        """Whether `ms` lies on a Saturday or Sunday."""
        return self.at(ms).weekday() >= 5


class Timeline(simpy.Environment):
    """SimPy's environment, with deliveries in total order and the authors' rules checked.

    `phase` is the phase of the window that runs now; processes, resources and interrupts may be touched in set-up and
    in the process phase only, and every delay is a whole number of milliseconds, a Python int. Breaking either raises
    DesignError where it happens.
    """

    def __init__(self) -> None:
        super().__init__(initial_time=0)
        self.phase = "setup"
        self.saved_handler = ""  # the domain whose handler runs, where it is saved and not replayed

    def schedule(self, event: Any, priority: Any = NORMAL, delay: Any = 0) -> None:
        """SimPy's own scheduling, checked."""
        if type(delay) is not int or delay < 0:
            raise DesignError(
                f"a process waits {delay!r} ({type(delay).__name__}): waits are whole milliseconds >= 0, as Python int"
            )
        if self.saved_handler:
            raise DesignError(
                f"{self.saved_handler} touches a process or resource, but restores = 'save': send itself later events instead"
            )
        if self.phase not in ("process", "setup", "running"):
            raise DesignError(
                f"a process or resource is touched in phase {self.phase!r}: "
                "send an event instead; its handler runs in the process phase"
            )
        super().schedule(event, priority, delay)

    def deliver(self, at: int, key: tuple[Any, ...], handler: Callable[[Any], None], item: tuple[Any, Any]) -> None:
        """Call `handler` with the record of `item` (reader, record) at time `at`; deliveries of one time go by `key`."""
        event = simpy.Event(self)
        event._ok, event._value = True, item
        event.callbacks = [lambda _: handler(item[1])]
        heappush(self._queue, (at, DELIVERY, key, event))  # type: ignore[misc]

    def deliveries(self) -> list[tuple[int, tuple[Any, Any]]]:
        """Deliveries still to be made: (ms, (reader, record)), in their order."""
        found = sorted((entry[0], entry[2], entry[3]._value) for entry in self._queue if entry[1] == DELIVERY)
        return [(int(at), item) for at, _, item in found]

    def run_to(self, edge: int) -> None:
        """Run every event before `edge`; the clock stands at `edge` afterwards."""
        self.phase = "process"
        queue = self._queue
        # SimPy's run(until) builds a stop event per call; stepping to the edge is the same order, cheaper
        while queue and queue[0][0] < edge:
            self.step()
        self._now = edge
