"""World: owns the clock and the domains, and runs one window after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.area import Area
from twin.attributes import Column
from twin.clock import PHASES, Calendar, Timeline, minute
from twin.coupling import Event, Reads, Sender, couplings, find_cycle, plain
from twin.deliveries import Deliveries, Reader
from twin.domain import Balance, Domain, Indicator
from twin.errors import DesignError, nearest
from twin.population import Population
from twin.recording import Recorder
from twin.signals import Signals

if TYPE_CHECKING:
    from twin.journal import Journal

Array = np.ndarray[Any, Any]


class World:
    """The domains of one area on one clock.

    After every `setup` the signals are published once. Then each window [t, t + dt):

    1. due      events whose time has come take effect (measures, operator actions)
    2. advance  the domains whose period begins at t run their kernels over the whole period, in coupling order; what a
                kernel emits carries its exact time
    3. process  SimPy runs to the edge t + dt and sees those events at their times
    4. step     the domains whose period ends at the edge let their Mesa agents decide
    5. edge     columns that processes asked to change are written, then signals are published, then next-window events
                are delivered
    6. record   the window's rows are sorted, chained into the digests and written
    7. keep     when one is due, a checkpoint is written (`at_edge`)

    Parameters
    ----------
    area     : the place
    domains  : in coupling order; a same-window event goes to a later turn only
    seed     : of every keyed draw
    window   : dt in ms; a model parameter. Every domain's `every` is a multiple of it
    cut      : names of couplings that are cut: their signals stay at the default, their events do not arrive
    recorder : where results go; a fresh one that keeps digests only, if absent
    """

    def __init__(
        self,
        area: Area,
        domains: Sequence[Domain],
        *,
        seed: int = 1,
        window: int = minute,
        calendar: Calendar | None = None,
        cut: Iterable[str] = (),
        recorder: Recorder | None = None,
    ) -> None:
        self.area, self.seed, self.window = area, int(seed), int(window)
        self.calendar = calendar or Calendar()
        self.recorder = recorder or Recorder()
        self.timeline = Timeline()
        self.cut = frozenset(cut)
        self.domains = {domain.name: domain for domain in domains}
        self.seconds: dict[str, float] = dict.fromkeys([*self.domains, "processes", "recording"], 0.0)
        self.start, self.stop, self.observed_from, self.horizon = 0, 0, 0, 0
        self._observing = 0
        self._turns = {name: i for i, name in enumerate(self.domains)}
        self.signals = Signals()
        self.populations: dict[str, Population] = {}
        self.deliveries = Deliveries(self)
        self.journal: Journal | None = None  # what processes heard and said, where a run may be resumed
        self.at_edge: Callable[[World], None] | None = None
        self._writes: list[tuple[Array, int, Any]] = []
        self._build(domains)

    # -- building ----------------------------------------------------------------------------------------------------

    def _build(self, domains: Sequence[Domain]) -> None:
        if len(self.domains) != len(domains) or "" in self.domains:
            raise DesignError("every domain needs a name of its own")
        for domain in domains:
            if domain.every % self.window:
                raise DesignError(
                    f"{domain.name}.every is {domain.every} ms: a multiple of the window, {self.window} ms"
                )
            domain.world, domain.area = self, self.area
            self.signals.columns |= {f"{domain.name}.{name}": column for name, column in domain.publishes.items()}
        self._check_kinds(domains)
        self._subscribe()
        self.couplings = couplings(domains)
        unknown = sorted(self.cut - self.couplings.keys())
        if unknown:
            names = ", ".join(sorted(self.couplings))
            raise DesignError(f"no coupling is called {', '.join(unknown)}; there are: {names}")
        self._check_order()
        for domain in domains:
            began = perf_counter()
            domain.setup(self, self.area)
            self.seconds[domain.name] += perf_counter() - began
        self.signals.check_complete()
        self.signals.publish()
        self.timeline.phase = "edge"

    @staticmethod
    def _check_kinds(domains: Sequence[Domain]) -> None:
        """A kind of series, or a table, belongs to one domain."""
        owners: dict[str, str] = {}
        for domain in domains:
            for kind in [*(f"series/{name}" for name in domain.series), *domain.tables]:
                if owners.setdefault(kind, domain.name) != domain.name:
                    raise DesignError(
                        f"{owners[kind]} and {domain.name} both declare {kind}: give one of them another name"
                    )

    def _subscribe(self) -> None:
        """Fill the table of handlers; every signal and event that is read must be declared by its owner."""
        kinds = {
            f"{d.name}.{name}": (d, event) for d in self.domains.values() for name, event in d.declared(Event).items()
        }
        for domain in self.domains.values():
            for reads in domain.declared(Reads).values():
                if reads.signal not in self.signals.columns and not reads.lacks(self.domains):
                    raise DesignError(self._no_such("signal", reads.signal, domain, list(self.signals.columns)))
            for method, subscription in domain.handlers().items():
                kind = subscription.kind(domain)
                if subscription.optional and kind.partition(".")[0] not in self.domains:
                    continue
                if kind not in kinds:
                    raise DesignError(self._no_such("event", kind, domain, list(kinds)))
                sender, declared = kinds[kind]
                if (
                    declared.by == "advance"
                    and subscription.phase in ("advance", "step")
                    and domain.every < sender.every
                ):
                    raise DesignError(
                        f"{domain.name} takes {kind} every {domain.every} ms, but {sender.name} leads over {sender.every} ms: "
                        f"give {domain.name} an `every` as long, or handle the event in phase 'process'"
                    )
                if subscription.when == "same":
                    self._check_turn(sender, declared, domain, subscription.phase, kind)
                if sender is domain or subscription.coupling_of(domain) not in self.cut:
                    reader = Reader(domain, method, subscription.phase, subscription.when)
                    self.deliveries.readers.setdefault(kind, []).append(reader)

    def _no_such(self, what: str, name: str, domain: Domain, names: list[str]) -> str:
        owner = name.partition(".")[0]
        close = nearest(name, names)
        if owner not in self.domains:
            missing = f"the run has no domain {owner!r}: add it, or leave {domain.name} out"
            return f"{domain.name} reads the {what} {name}, but {missing}"
        return f"{domain.name} reads the {what} {name}, which {owner} does not declare" + (
            f"; did you mean {close}?" if close else ""
        )

    def _turn(self, domain: Domain, phase: str) -> tuple[int, int]:
        return (PHASES.index(phase), self._turns[domain.name] if phase in ("advance", "step") else 0)

    def _check_turn(self, sender: Domain, event: Event, reader: Domain, phase: str, kind: str) -> None:
        if event.by == "outside" or (event.by == phase == "process"):
            return
        if self._turn(sender, event.by) >= self._turn(reader, phase):
            raise DesignError(
                f"{reader.name} handles {kind} in phase {phase} of the same window, but it is sent in phase "
                f"{event.by} of {sender.name}, whose turn is not before: say when='next'"
            )
        if phase == "advance" and reader.every > sender.every:
            raise DesignError(
                f"{reader.name} handles {kind} in the same window, but advances every {reader.every} ms and "
                f"{sender.name} every {sender.every} ms: say when='next'"
            )

    def _check_order(self) -> None:
        edges = []
        for kind, readers in self.deliveries.readers.items():
            sender = self.domains[kind.partition(".")[0]]
            by = sender.declared(Event)[kind.partition(".")[2]].by
            edges += [
                ((sender.name, by), (reader.domain.name, reader.phase))
                for reader in readers
                if reader.when == "same" and reader.domain is not sender
            ]
        cycle = find_cycle(edges)
        if cycle:
            raise DesignError("events of one window go round in a cycle: " + " -> ".join(map(str, cycle)))

    # -- time --------------------------------------------------------------------------------------------------------

    @property
    def phase(self) -> str:
        """The phase that runs: setup, due, advance, process, step, edge or done."""
        return self.timeline.phase

    @property
    def now(self) -> int:
        """Milliseconds since the start: the window's start in due and advance, its edge in step, exact in processes."""
        if self.timeline.phase == "process":
            return int(self.timeline.now)
        return self.stop if self.timeline.phase in ("step", "edge") else self.start

    @property
    def observed_ms(self) -> int:
        """Milliseconds that the indicators cover: since the start, or since the end of the warm-up."""
        return self.stop - self.observed_from

    def begin_observation(self) -> None:
        """End the warm-up here: every domain forgets what its indicators have counted."""
        self.observed_from = self.stop
        if self.journal is not None:
            self.journal.forgot(self.stop)
        for domain in self.domains.values():
            domain.forget()

    def run(self, until: int, progress: Callable[[int], None] | None = None) -> None:
        """Run windows until the edge `until` (ms)."""
        while self.stop < until:
            self._window()
            if progress:
                progress(self.stop)

    def _window(self) -> None:
        self.start, self.stop = self.stop, self.stop + self.window
        self.horizon = self.stop
        timeline, seconds, deliveries = self.timeline, self.seconds, self.deliveries
        timeline.phase = "due"
        deliveries.release()
        timeline.phase = "advance"
        for domain in self.domains.values():
            if self.start % domain.every == 0:
                began = perf_counter()
                self.horizon = self.start + domain.every  # it leads over its whole period, and so do its readers
                if deliveries.inbox:
                    deliveries.empty_inbox(domain, "advance")
                domain.advance(self.start, self.horizon)
                seconds[domain.name] += perf_counter() - began
        self.horizon = self.stop
        began = perf_counter()
        timeline.run_to(self.stop)
        seconds["processes"] += perf_counter() - began
        timeline.phase = "step"
        for domain in self.domains.values():
            if self.stop % domain.every == 0:
                began = perf_counter()
                if deliveries.inbox:
                    deliveries.empty_inbox(domain, "step")
                domain.step()
                seconds[domain.name] += perf_counter() - began
        timeline.phase = "edge"
        began = perf_counter()
        self._edge()
        seconds["recording"] += perf_counter() - began

    def _edge(self) -> None:
        if self._writes:
            for array, row, value in self._writes:
                array[row] = value
            self._writes.clear()
        self.signals.publish()
        self.deliveries.next_window()
        self.recorder.close_window(self.stop)
        if self.at_edge is not None:
            self.at_edge(self)

    def close(self) -> None:
        """End the run: nothing may be sent or started afterwards."""
        self.timeline.phase = "done"

    # -- events ------------------------------------------------------------------------------------------------------

    def check_sender(self, sender: Sender) -> None:
        """Raise DesignError where an event is sent from another phase than the declared one."""
        phase = self.timeline.phase
        if phase not in (sender.event.by, "setup"):
            raise DesignError(
                f"{sender.kind} is declared as sent by {sender.event.by!r}, but is sent in phase {phase!r}"
            )

    def post(
        self, kind: str, *, at: int, subject: int = 0, object: int = -1, value: float = 0.0, because: Sequence[str] = ()
    ) -> str:
        """Post a command (an event declared `by="outside"`) for time `at`: what measures do. Returns its id."""
        return self.deliveries.post(kind, at, subject, object, value, because)

    def turn(self, domain: Domain) -> int:
        """A domain's place in the coupling order."""
        return self._turns[domain.name]

    def asking(self, name: str, handler: Callable[[Any], None]) -> Callable[[Any], None]:
        """`handler` of the domain `name`, during which signals and columns may be read: of a saved domain, not replayed."""

        def take(item: Any) -> None:
            self._observing += 1
            self.timeline.saved_handler = name
            try:
                handler(item)
            finally:
                self._observing -= 1
                self.timeline.saved_handler = ""

        return take

    # -- signals -------------------------------------------------------------------------------------------------------

    def stage(self, domain: Domain, name: str, values: Array) -> None:
        """Keep `values` as the next published value of a signal (a reference until the edge)."""
        full = f"{domain.name}.{name}"
        if self.timeline.phase == "process":
            raise DesignError(f"{full} is published by a process: publish in advance or step")
        self.signals.stage(full, values)

    # -- processes asking ----------------------------------------------------------------------------------------------

    def check_reading(self, what: str) -> None:
        """Raise DesignError where a process reads `what` outside a question."""
        if self.timeline.phase == "process" and not self._observing:
            raise DesignError(f"a process reads {what}: ask through an @observe method of its domain")

    def answer(self, question: str, method: Callable[..., Any], domain: Domain, args: tuple[Any, ...]) -> Any:
        """Answer a question of a process with a plain value; in a replay, with the one that it got then."""

        def evaluate() -> Any:
            self._observing += 1
            try:
                return plain(method(domain, *args))
            finally:
                self._observing -= 1

        if self.journal is None or self._observing:  # within a question, or of a saved domain: not replayed
            return evaluate()
        return self.journal.answer(int(self.timeline.now), question, args, evaluate)

    def write_later(self, array: Array, row: int, value: Any) -> None:
        """A process asks to change one cell of a column; it is written at the edge."""
        if self.journal is None or not self.journal.noted("write", row, value):
            self._writes.append((array, row, value))

    # -- a checkpoint --------------------------------------------------------------------------------------------------

    def saved(self) -> dict[str, Any]:
        """Everything at this edge that no process owns: what a checkpoint keeps."""
        return {
            "start": self.start,
            "stop": self.stop,
            "observed_from": self.observed_from,
            "deliveries": self.deliveries.saved(),
            "sent": {sender.kind: sender.sent for sender in self._saved_senders()},
            "signals": self.signals.saved(),
            "populations": {name: people.saved_columns() for name, people in self.populations.items()},
            "domains": {name: domain.saved() for name, domain in self.domains.items()},
            "recorder": self.recorder.saved(),
        }

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Take back what `saved` gave; `twin.journal.bring_back` has replayed the processes before."""
        self.start, self.stop, self.observed_from = kept["start"], kept["stop"], kept["observed_from"]
        self.horizon = self.stop
        self.timeline.phase = "edge"
        self._writes.clear()  # what set-up asked for was written at the first edge
        for sender in self._saved_senders():
            if sender.event.by != "outside":  # commands are posted anew, all of them
                sender.sent = kept["sent"][sender.kind]
        self.signals.restore(kept["signals"])
        for name, population in self.populations.items():
            population.restore_columns(kept["populations"][name])
        for name, domain in self.domains.items():
            domain.restore(kept["domains"][name])
        self.deliveries.restore(kept["deliveries"])
        self.recorder.restore(kept["recorder"], self._columns_of)

    def _columns_of(self, name: str) -> Mapping[str, Column]:
        """The columns of a kind of series or of a table, as its domain declares them."""
        return next(kinds[name] for d in self.domains.values() for kinds in (d.series, d.tables) if name in kinds)

    def _saved_senders(self) -> list[Sender]:
        """Every sender but those of replayed processes, which count again."""
        return [
            getattr(domain, name)
            for domain in self.domains.values()
            for name, event in domain.declared_events().items()
            if event.by != "process" or domain.restores == "save"
        ]

    # -- results -------------------------------------------------------------------------------------------------------

    def record(self, domain: Domain, kind: str, quantity: str, value: Any, ids: Any, at: int) -> None:
        """Record one quantity of a declared series."""
        columns = domain.series.get(kind)
        if columns is None or quantity not in columns:
            names = [f"{k}.{q}" for k, declared in domain.series.items() for q in declared]
            raise DesignError(
                f"{domain.name} records {kind}.{quantity}, which its `series` does not declare: {', '.join(names)}"
            )
        if not self._replayed(domain, kind, quantity, value, ids, at):
            self.recorder.series(kind, columns, quantity, value, ids, at)

    def rows(self, domain: Domain, table: str, columns: Mapping[str, Any]) -> None:
        """Record rows of a declared table."""
        declared = domain.tables.get(table)
        if declared is None or declared.keys() != columns.keys():
            raise DesignError(
                f"{domain.name} records rows of {table} with {', '.join(columns)}; "
                f"its `tables` declares {dict(domain.tables).get(table, {}).keys() or list(domain.tables)}"
            )
        if not self._replayed(domain, table, *columns.values()):
            self.recorder.rows(table, declared, columns)

    def _replayed(self, domain: Domain, what: str, *values: Any) -> bool:
        """Whether a process records this in a replay: it stands in the checkpoint already, and is compared only."""
        if self.journal is None or self.timeline.phase != "process" or domain.restores == "save":
            return False
        return bool(self.journal.noted("record", what, *values))

    def indicators(self) -> list[Indicator]:
        """What every domain contributes, in coupling order; sums over people in a sampled run as of all people.

        Raises DesignError for a value that is not a finite number.
        """
        each = self.area.represents
        found = [(domain, indicator) for domain in self.domains.values() for indicator in domain.indicators()]
        for domain, indicator in found:
            if not np.isfinite(indicator.value):
                raise DesignError(
                    f"{domain.name} contributes {indicator.indicator} = {indicator.value}: leave it out instead"
                )
        return [replace(i, value=i.value * each) if i.summed and each != 1.0 else i for _, i in found]

    def balances(self) -> list[Balance]:
        """Every conservation law, in coupling order."""
        return [balance for domain in self.domains.values() for balance in domain.balances()]
