"""Deliveries: where an event goes, when, and what waits for its time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.coupling import Event
from twin.errors import DesignError
from twin.events import Batch, Record, merged

if TYPE_CHECKING:
    from twin.domain import Domain
    from twin.world import World


@dataclass(frozen=True)
class Reader:
    """One handler of one kind of event: the method `name` of `domain`, called in `phase` of the `when` window."""

    domain: Domain
    name: str
    phase: str
    when: str

    @property
    def handler(self) -> Callable[[Any], None]:
        """The bound method."""
        found: Callable[[Any], None] = getattr(self.domain, self.name)
        return found


class Deliveries:
    """The events of a world under way to their readers.

    A command takes effect at the first edge at or after its time; everything else in the window of its time. Nothing
    that waits here belongs to a process, so a checkpoint keeps all of it.

    What a handler of the process phase sends for the same moment has the moment's next turn: it comes after everything
    that stood there already. So the order does not depend on when something was pushed, which a replay does earlier.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.readers: dict[str, list[Reader]] = {}
        self._future: list[tuple[int, tuple[str, int, int], Record]] = []
        self._later: list[Batch] = []
        self._next_window: list[tuple[Reader, Record | Batch]] = []
        self.inbox: dict[tuple[str, str], list[tuple[Reader, Record | Batch]]] = {}
        self._handled = (-1, 0)  # the moment and the next turn of the handler that runs

    # -- taking --------------------------------------------------------------------------------------------------------

    def post(self, kind: str, at: int, subject: int, object: int, value: float, because: Sequence[str]) -> str:
        """Keep a command (an event declared `by="outside"`) for time `at`; its id."""
        domains = self.world.domains
        owner, _, name = kind.partition(".")
        event = domains[owner].declared(Event).get(name) if owner in domains else None
        if event is None or event.by != "outside":
            raise DesignError(f"no domain takes the command {kind}")
        ordinal = getattr(domains[owner], name).number(subject)
        self._wait(Record(kind, int(at), int(subject), int(object), float(value), ordinal, tuple(because)))
        return f"{kind}:{int(subject)}:{ordinal}"

    def take(self, record: Record) -> None:
        """Take one event that a domain sent: deliver it now, or keep it until its window."""
        world = self.world
        if record.time < world.start:
            raise DesignError(f"{record.id} is sent for {record.time} ms, which is past at {world.now} ms")
        if world.journal is not None and world.journal.sent(record):
            return
        if record.time > world.horizon or (record.time == world.horizon and world.phase != "step"):
            self._wait(record)
        else:
            self._dispatch(record)

    def take_many(self, batch: Batch) -> None:
        """Take many events of one kind: those beyond the window, or beyond the sender's period, wait."""
        world = self.world
        if world.phase == "process":
            for record in batch.records():
                self.take(record)
            return
        cut = int(np.searchsorted(batch.time, world.horizon))
        if cut < len(batch):
            self._later.append(batch.part(slice(cut, None)))
            batch = batch.part(slice(0, cut))
        if len(batch):
            if batch.time[0] < world.start:
                raise DesignError(f"{batch.kind} is sent for {batch.time[0]} ms, which is past at {world.start} ms")
            self._dispatch(batch)

    def _wait(self, record: Record) -> None:
        heapq.heappush(self._future, (record.time, record.key, record))

    # -- delivering ----------------------------------------------------------------------------------------------------

    def release(self) -> None:
        """At the start of a window: what was kept for it."""
        start, stop = self.world.start, self.world.stop
        while self._future and self._future[0][0] < stop:
            time, key, record = heapq.heappop(self._future)
            if time > start and self._at_an_edge(record):
                heapq.heappush(self._future, (stop, key, record))
                continue
            self._dispatch(record)
        if self._later:
            later, self._later = self._later, []
            for batch in later:
                self.take_many(batch)

    def _dispatch(self, item: Record | Batch) -> None:
        owner, _, name = item.kind.partition(".")
        if self.world.domains[owner].declared_events()[name].recorded:
            self.world.recorder.event(item)
        for reader in self.readers.get(item.kind, ()):
            if reader.when == "next":
                self._next_window.append((reader, item))
            else:
                self._hand_over(reader, item, 0)

    def next_window(self) -> None:
        """At the edge: hand over what was sent for the next window."""
        if self._next_window:
            waiting, self._next_window = self._next_window, []
            for reader, item in waiting:
                self._hand_over(reader, item, self.world.stop)

    def _hand_over(self, reader: Reader, item: Record | Batch, earliest: int) -> None:
        if reader.phase in ("advance", "step"):
            self.inbox.setdefault((reader.domain.name, reader.phase), []).append((reader, item))
            return
        for record in [item] if isinstance(item, Record) else item.records():
            if reader.phase == "due":
                reader.handler(record)
            else:
                self.to_process(reader, record, max(record.time, earliest, int(self.world.timeline.now)))

    def to_process(self, reader: Reader, record: Record, at: int, turn: int | None = None) -> None:
        """Let a handler of the process phase have `record` at `at` ms."""
        world, saved = self.world, reader.domain.restores == "save"
        if turn is None:
            turn = self._handled[1] if at == self._handled[0] else 0
        if world.journal is not None and not saved:
            world.journal.delivered(at, turn, reader, record)
        # two readers of one event stand apart by their place: never by when they were pushed
        key = (turn, *record.key, world.turn(reader.domain), reader.name)
        handler = world.asking(reader.domain.name, reader.handler) if saved else reader.handler

        def handle(given: Record) -> None:
            self._handled = (at, turn + 1)
            try:
                handler(given)
            finally:
                self._handled = (-1, 0)

        world.timeline.deliver(at, key, handle, (reader, record))

    def empty_inbox(self, domain: Domain, phase: str) -> None:
        """Give a domain all that came for a phase, one batch per handler."""
        waiting = self.inbox.pop((domain.name, phase), None)
        by_name: dict[str, tuple[Reader, list[Record | Batch]]] = {}
        for reader, item in waiting or ():
            by_name.setdefault(reader.name, (reader, []))[1].append(item)
        for name in sorted(by_name):
            reader, items = by_name[name]
            reader.handler(merged(items))

    # -- a checkpoint ----------------------------------------------------------------------------------------------------

    def saved(self) -> dict[str, Any]:
        """What waits at an edge, and what stands in SimPy's heap for domains that are saved."""
        pending = [(at, *item) for at, item in self.world.timeline.deliveries() if item[0].domain.restores == "save"]
        return {
            "future": [record for _, _, record in self._future],
            "due_at": [time for time, _, _ in self._future],
            "later": self._later,
            "inbox": self.inbox,
            "pending": pending,
        }

    def restore(self, kept: dict[str, Any]) -> None:
        """Take back what waited. Commands are those that the new set-up posts: a branch has others than the checkpoint."""
        edge, window = self.world.stop, self.world.window
        mine = [
            (time, record.key, record)
            for time, record in zip(kept["due_at"], kept["future"], strict=True)
            if not self._outside(record)
        ]
        for _, key, record in self._future:
            if self._outside(record) and record.time > edge - window:
                if record.time >= edge:
                    mine.append((record.time, key, record))
                elif self._at_an_edge(record):
                    mine.append((edge, key, record))
        self._future = sorted(mine, key=lambda entry: entry[:2])
        self._later, self.inbox = kept["later"], kept["inbox"]
        for at, reader, record in kept["pending"]:
            self.to_process(reader, record, at, 0)

    def _outside(self, record: Record) -> bool:
        owner, _, name = record.kind.partition(".")
        return self.world.domains[owner].declared_events()[name].by == "outside"

    def _at_an_edge(self, record: Record) -> bool:
        """Whether a command waits for the edge at or after its time."""
        return any(reader.phase == "due" for reader in self.readers.get(record.kind, ()))
