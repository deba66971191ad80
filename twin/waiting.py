"""Queues for a limited number of places, ordered by (priority, time of the request, key).

SimPy's PriorityResource sorts its whole queue at every request (337 us with 20,000 waiting) and serves equals in the
order in which they happened to ask. Here a heap holds the queue, and equals are served by their key: requests and
releases at one moment are settled together once the moment's other events are done, so the outcome does not depend on
the order in which processes were created.
"""

from __future__ import annotations

import heapq
from collections.abc import Generator
from types import TracebackType
from typing import Any

import simpy
from simpy.events import Event, EventPriority, Process
from simpy.resources.resource import Preempted

SETTLE = EventPriority(2)  # after NORMAL: every request and release of this moment has been made


class Waiting(Event):
    """A request for one place: an event that succeeds when the place is given.

    Use it as a context manager; leaving the block gives the place back, or leaves the queue:

        with beds.request(priority=2, key=patient) as bed:
            yield bed | env.timeout(patience)

    priority, asked, key : its order; smaller goes first. `asked` is the time of the request
    since : time at which the place was given, or None
    """

    def __init__(self, resource: HeapResource, priority: float, key: int, asked: float | None = None) -> None:
        super().__init__(resource.env)
        self.resource, self.priority, self.key = resource, priority, key
        self.asked: float = resource.env.now if asked is None else asked
        self.since: float | None = None
        self.withdrawn = False
        self.process: Process | None = resource.env.active_process

    @property
    def order(self) -> tuple[float, float, int]:
        """What the queue is sorted by."""
        return self.priority, self.asked, self.key

    def __lt__(self, other: Waiting) -> bool:
        return self.order < other.order

    def cancel(self) -> None:
        """Leave the queue; nothing happens to a request that already has its place."""
        self.resource.withdraw(self)

    def __enter__(self) -> Waiting:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is GeneratorExit:  # a dropped world is being collected: its clock must not be touched
            return
        self.resource.leave(self)


class HeapResource:
    """`capacity` places and a queue for them, by (priority, time of the request, key).

    Parameters
    ----------
    env : SimPy environment
    capacity : number of places, >= 0; may be changed. When it shrinks, those who have a place keep it until they leave
    preempt : whether a request takes the place of a user with a larger priority number when none is free. The user's
        process gets `simpy.Interrupt` with a `Preempted` cause: by (process), usage_since, resource

    A place is given at the end of the moment: directly after `request()` the request is not triggered yet, even when
    places are free. Two requests that are equal in priority, time and key are a mistake of the caller: their order is
    then the order of asking.
    """

    def __init__(self, env: simpy.Environment, capacity: int = 1, preempt: bool = False) -> None:
        if capacity < 0:
            raise ValueError(f"capacity is {capacity}; allowed: 0 or more")
        self.env, self.preempt = env, preempt
        self._capacity = capacity
        self._users: dict[Waiting, None] = {}
        self._queue: list[tuple[float, float, int, int, Waiting]] = []
        self._asked = self._withdrawn = 0
        self._settling = False

    # -- what is so now ------------------------------------------------------------

    @property
    def capacity(self) -> int:
        """Number of places."""
        return self._capacity

    @capacity.setter
    def capacity(self, places: int) -> None:
        if places < 0:
            raise ValueError(f"capacity is {places}; allowed: 0 or more")
        self._capacity = places
        self._settle_later()

    @property
    def count(self) -> int:
        """Number of places in use."""
        return len(self._users)

    @property
    def users(self) -> list[Waiting]:
        """The requests that have a place, in the order in which they got it."""
        return list(self._users)

    @property
    def waiting(self) -> int:
        """Number of requests in the queue."""
        return len(self._queue) - self._withdrawn

    @property
    def queue(self) -> list[Waiting]:
        """The requests that wait, in the order in which they will be served (sorts a copy)."""
        return [entry[-1] for entry in sorted(self._queue) if not entry[-1].withdrawn]

    # -- asking and leaving ------------------------------------------------------------

    def request(self, priority: float = 0, key: int = 0, asked: float | None = None) -> Waiting:
        """Ask for a place; the returned event succeeds when it is given.

        asked : time that counts as the time of the request; now if absent. Who was pre-empted and resumes gives the
                first one, and so stands before its equals
        """
        request = Waiting(self, priority, key, asked)
        heapq.heappush(self._queue, (priority, request.asked, key, self._asked, request))
        self._asked += 1
        if len(self._users) < self._capacity or self.preempt:
            self._settle_later()
        return request

    def release(self, request: Waiting) -> Event:
        """Give the place back; returns an event that has succeeded, so that `yield resource.release(r)` works."""
        self.leave(request)
        return Event(self.env).succeed()

    def leave(self, request: Waiting) -> None:
        """Give the place back, or leave the queue; nothing happens to a request that has done either."""
        if request in self._users:
            del self._users[request]
            if self.waiting:
                self._settle_later()
        else:
            self.withdraw(request)

    def withdraw(self, request: Waiting) -> None:
        """Leave the queue without a place; the entry stays in the heap until it comes up, or until half are such."""
        if request.withdrawn or request.triggered:
            return
        request.withdrawn = True
        self._withdrawn += 1
        if self._withdrawn > 64 and 2 * self._withdrawn > len(self._queue):
            self._queue = [entry for entry in self._queue if not entry[-1].withdrawn]
            heapq.heapify(self._queue)
            self._withdrawn = 0

    # -- giving places ------------------------------------------------------------

    def _settle_later(self) -> None:
        if self._settling:
            return
        self._settling = True
        settle = Event(self.env)
        settle._ok, settle._value = True, None
        assert settle.callbacks is not None
        settle.callbacks.append(self._settle)
        self.env.schedule(settle, priority=SETTLE)

    def _settle(self, _: Event) -> None:
        self._settling = False
        while self._queue:
            first = self._queue[0][-1]
            if first.withdrawn:
                heapq.heappop(self._queue)
                self._withdrawn -= 1
                continue
            if len(self._users) >= self._capacity and not (self.preempt and self._evict_for(first)):
                return
            heapq.heappop(self._queue)
            self._users[first] = None
            first.since = self.env.now
            first.succeed()

    def _evict_for(self, first: Waiting) -> bool:
        """Take the place of the last user in order if `first` has a smaller priority number; whether one is free."""
        if not self._users or len(self._users) > self._capacity:
            return False
        last = max(self._users, key=lambda user: user.order)
        if first.priority >= last.priority:
            return False
        del self._users[last]
        if last.process is not None and last.process.is_alive:
            since: Any = last.since
            last.process.interrupt(Preempted(by=first.process, usage_since=since, resource=self))  # type: ignore[arg-type]
        return True


class PreemptiveHeapResource(HeapResource):
    """A HeapResource whose more urgent requests take the place of less urgent users."""

    def __init__(self, env: simpy.Environment, capacity: int = 1) -> None:
        super().__init__(env, capacity, preempt=True)


def serve(resource: HeapResource, work: float, priority: float = 0, key: int = 0) -> Generator[Event, Any, float]:
    """Process part: hold a place for `work` ms, going on where it stopped after each pre-emption; returns the wait.

    Preemptive resume: a request that lost its place asks again with its first time. Use as `yield from serve(...)`.
    """
    env = resource.env
    asked, left = env.now, work
    first: float | None = None
    while left > 0 or first is None:
        with resource.request(priority, key, asked) as place:
            yield place
            started = env.now
            first = started if first is None else first
            try:
                yield env.timeout(left)
                left = 0
            except simpy.Interrupt as stop:
                if not isinstance(stop.cause, Preempted):
                    raise
                left -= env.now - started
    return first - asked
