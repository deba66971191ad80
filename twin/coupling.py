"""Coupling: what crosses a domain's border, declared by name. Signals and events; nothing else.

A *signal* is a column that others read as of the last edge. Its owner declares it in `publishes`, a reader with
`Reads`. An *event* is one typed record (time, kind, subject, object, value, contributing events). Its owner declares
it with `Event` and sends it by calling it; a reader marks a method with `@on`.

    class Grid(Domain):
        publishes = {"energised": Column("bool", default=True)}
        feeder_dark = Event(by="due", subject="feeder")

    class Care(Domain):
        energised = Reads("grid.energised", coupling="power.homes")

        @on("grid.feeder_dark", coupling="power.homes")
        def lose_power(self, event): ...

A *coupling* names one or several readers' ends, so that a run can cut it: its signals then give their declared
default for ever and its events never arrive.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from twin.clock import PHASES
from twin.errors import DesignError
from twin.events import Batch, Record

if TYPE_CHECKING:
    from twin.domain import Domain

__all__ = [
    "Batch",
    "Event",
    "Reads",
    "Record",
    "Sender",
    "Subscription",
    "couplings",
    "find_cycle",
    "observe",
    "on",
    "plain",
]

Array = np.ndarray[Any, Any]
SENDERS = (*PHASES, "outside")


class Event:
    """Declares an event kind of its domain.

    by       : the phase that sends it ("due", "advance", "process", "step"), or "outside" for a command of a measure
    subject, object, value : what the three fields mean, with the unit of `value`
    recorded : whether it enters the run's event log (bulk traffic between kernels does not)
    """

    def __init__(
        self, by: str = "process", *, subject: str = "", object: str = "", value: str = "", recorded: bool = True
    ) -> None:
        if by not in SENDERS:
            raise DesignError(f"Event(by={by!r}): a phase is one of {', '.join(SENDERS)}")
        self.by, self.subject, self.object, self.value, self.recorded = by, subject, object, value, recorded
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, domain: None, owner: type) -> Event: ...
    @overload
    def __get__(self, domain: Domain, owner: type) -> Sender: ...
    def __get__(self, domain: Domain | None, owner: type) -> Event | Sender:
        if domain is None:
            return self
        sender = Sender(domain, self)
        domain.__dict__[self.name] = sender  # found before this descriptor from now on
        return sender


class Sender:
    """Sends events of one kind for one domain."""

    def __init__(self, domain: Domain, event: Event) -> None:
        self.domain, self.event = domain, event
        self.kind = f"{domain.name}.{event.name}"
        self.sent: dict[int, int] = {}

    def __call__(
        self,
        subject: int = 0,
        object: int = -1,
        value: float = 0.0,
        *,
        at: int | None = None,
        because: Sequence[str] = (),
    ) -> str:
        """Send one event, now or at a later time `at` (ms); returns its id. The ordinal counts per subject."""
        world = self.domain.world
        world.check_sender(self)
        time = world.now if at is None else int(at)
        record = Record(self.kind, time, int(subject), int(object), float(value), self.number(subject), tuple(because))
        world.deliveries.take(record)
        return record.id

    def number(self, subject: int) -> int:
        """The ordinal of the next event of this kind about `subject`, which counts from now on as sent."""
        ordinal = self.sent.get(int(subject), 0)
        self.sent[int(subject)] = ordinal + 1
        return ordinal

    def many(
        self, subject: Array, object: Array | int = -1, value: Array | float = 0.0, *, at: Array, ordinal: Array
    ) -> None:
        """Send many events at once (kernels): arrays of shape (n,), `at` in ms within the window or later.

        The kernel gives the ordinals: the n-th event of this kind of each subject, from a column of its own.
        """
        n = len(subject)
        if n == 0:
            return
        world = self.domain.world
        world.check_sender(self)
        time = np.asarray(at, np.int64)
        subject, ordinal = np.asarray(subject, np.int64), np.asarray(ordinal, np.int64)
        order = np.lexsort((ordinal, subject, time))
        world.deliveries.take_many(
            Batch(
                self.kind,
                time[order],
                subject[order],
                np.broadcast_to(np.asarray(object, np.int64), n)[order],
                np.broadcast_to(np.asarray(value, np.float64), n)[order],
                ordinal[order],
            )
        )


class Reads:
    """Declares that a domain reads a signal of another (or its own): an array, as of the last edge, read-only.

    A process may read it inside an `@observe` method only, so that what it saw can be read back in a replay.

    without : where a run may lack the owner's domain, the one value that the signal then has for ever
    """

    def __init__(self, signal: str, coupling: str = "", without: float | None = None) -> None:
        self.signal, self.coupling, self.without = signal, coupling, without
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, domain: None, owner: type) -> Reads: ...
    @overload
    def __get__(self, domain: Domain, owner: type) -> Array: ...
    def __get__(self, domain: Domain | None, owner: type) -> Reads | Array:
        if domain is None:
            return self
        world = domain.world
        world.check_reading(f"the signal {self.signal}")
        if self.lacks(world.domains):
            return np.full(1, self.without)
        return world.signals.value(self.signal, cut=self.coupling_of(domain) in world.cut)

    def lacks(self, domains: Container[str]) -> bool:
        """Whether the owner is not among the named domains of a run, and need not be."""
        return self.without is not None and self.signal.partition(".")[0] not in domains

    def coupling_of(self, domain: Domain | type[Domain]) -> str:
        """Name of the coupling; "owner.reader" where none was given."""
        return self.coupling or f"{self.signal.partition('.')[0]}.{domain.name}"


@dataclass(frozen=True)
class Subscription:
    """What `@on` notes on a handler."""

    event: str | Event
    phase: str
    when: str
    coupling: str
    optional: bool = False

    def kind(self, domain: Domain | type[Domain]) -> str:
        """Full name of the event: "domain.kind"."""
        return self.event if isinstance(self.event, str) else f"{domain.name}.{self.event.name}"

    def coupling_of(self, domain: Domain | type[Domain]) -> str:
        """Name of the coupling; "sender.reader" where none was given."""
        return self.coupling or f"{self.kind(domain).partition('.')[0]}.{domain.name}"


def couplings(domains: Iterable[Domain | type[Domain]]) -> dict[str, list[str]]:
    """Every coupling of `domains` and the signals and events that it carries, by name."""
    found: dict[str, list[str]] = {}
    domains = list(domains)
    names = {domain.name for domain in domains}
    for domain in domains:
        for reads in domain.declared(Reads).values():
            if reads.signal.partition(".")[0] != domain.name and not reads.lacks(names):
                found.setdefault(reads.coupling_of(domain), []).append(reads.signal)
        for subscription in domain.handlers().values():
            kind = subscription.kind(domain)
            sender = kind.partition(".")[0]
            if sender != domain.name and not (subscription.optional and sender not in names):
                found.setdefault(subscription.coupling_of(domain), []).append(kind)
    return found


def on(
    event: str | Event, *, phase: str = "process", when: str = "same", coupling: str = "", optional: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Mark a method as handler of an event: "domain.kind", or the domain's own `Event` attribute.

    phase : "process" (inside SimPy at the event's exact time; one Record each), "due" (one Record each, before the
            kernels of the window), "advance" or "step" (one Batch of all that came, before the domain's own turn)
    when  : "same" window, which needs a turn after the sender's, or "next"
    optional : a run may lack the sender's domain; its events then never come
    """
    if phase not in PHASES:
        raise DesignError(f"@on(phase={phase!r}): a phase is one of {', '.join(PHASES)}")
    if when not in ("same", "next"):
        raise DesignError(f"@on(when={when!r}): same or next")

    def mark(handler: Callable[..., None]) -> Callable[..., None]:
        handler.__dict__["subscription"] = Subscription(event, phase, when, coupling, optional)
        return handler

    return mark


def observe(method: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a domain's method as a question that its processes may ask about the world outside them.

    Inside it signals and columns may be read. The answer is a plain value (int, float, bool, str, None, or a tuple of
    these; numpy scalars are converted): it can be written down and read back in a replay.
    """

    @functools.wraps(method)
    def ask(self: Domain, *args: Any) -> Any:
        world = self.world
        if world.timeline.phase != "process":  # kernels and agents read for themselves
            return method(self, *args)
        return world.answer(f"{self.name}.{method.__name__}", method, self, tuple(plain(a) for a in args))

    ask.__dict__["question"] = True
    return ask


def plain(value: Any) -> Any:
    """`value` as int, float, bool, str, None or a tuple of these. Raises DesignError for anything else."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or type(value) in (bool, int, str, float):
        return value
    for kind in (int, str, float):  # an IntEnum comes back as the number that it is
        if isinstance(value, kind):
            return kind(value) if kind is not str else str.__str__(value)
    if isinstance(value, tuple | list):
        return tuple(plain(v) for v in value)
    raise DesignError(
        f"{value!r} ({type(value).__name__}) in a question or answer: "
        "only int, float, bool, str, None and tuples of these can be written down"
    )


def find_cycle(edges: Iterable[tuple[Any, Any]]) -> list[Any]:
    """One cycle of the directed graph `edges` as a list of nodes, the first repeated at the end; empty if none."""
    following: dict[Any, list[Any]] = {}
    for a, b in sorted(set(edges)):
        following.setdefault(a, []).append(b)
    done: set[Any] = set()

    def walk(node: Any, path: list[Any]) -> list[Any]:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return []
        for other in following.get(node, ()):
            found = walk(other, [*path, node])
            if found:
                return found
        done.add(node)
        return []

    for start in sorted(following):
        cycle = walk(start, [])
        if cycle:
            return cycle
    return []
