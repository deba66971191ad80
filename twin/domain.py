"""Domain: the extension contract. To add a domain, write one class with some of these:

    name, every            identity and cadence
    setup(world, area)     columns, agents, signals, events, processes
    advance(start, stop)   kernels over the window
    step()                 decisions of Mesa agents
    indicators()           what it contributes to the results

and, as data, its `Config` (a pydantic model), `publishes` (signals), `series` (quantities it records over time, by kind
of thing), `tables` (rows it records: "restricted/trips" for persons, "replay/vehicles" for pictures), `Event`s and
`Reads`.
The shortest working example:

    class Comfort(Domain):
        \"\"\"Hours of the day in which it is pleasant to sit outside.\"\"\"

        name, every = "comfort", 15 * minute
        temperature = Reads("weather.temperature")
        series = {"comfort": {"pleasant": Column(unit="1", meaning="1 while it is 18 to 26 degrees outside")}}

        def setup(self, world, area):
            self.hours = 0.0

        def step(self):
            pleasant = 18.0 <= self.temperature[0] <= 26.0
            self.hours += 0.25 * pleasant
            self.record("comfort.pleasant", float(pleasant))

        def indicators(self):
            return [Indicator("pleasant_hours", self.hours, "h", better="higher")]

Owners: what SimPy processes and process handlers change belongs to them and is named in `replayed`, for a run that is
resumed rebuilds it by running them again. Everything else is a column or a plain attribute of the domain, changed in
`advance`, `step` and handlers of those phases, and is saved as it is; what cannot be saved and is made anew by set-up is
named in `unsaved`. `twin.journal` has the rules, and every breach is told.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from twin import draws
from twin.attributes import Column
from twin.clock import minute
from twin.coupling import Event, Reads, Subscription
from twin.errors import DesignError
from twin.parts import Part, saved_attributes

if TYPE_CHECKING:
    import simpy
    from pydantic import BaseModel

    from twin.area import Area
    from twin.world import World


@dataclass(frozen=True)
class Indicator:
    """One number of a run's results.

    level  : "area", "district" or "neighbourhood"; `code` is the zone's code there
    n      : how many observations (calls, trips, homes) the number rests on; 0 if it is no average
    better : "lower", "higher" or "" where neither is
    residents : people the cell rests on, for the rule that small cells are withheld; -1 if it concerns no people
    summed : a sum over people or their vehicles; in a sampled run the world multiplies it by what each of them stands for
    """

    indicator: str
    value: float
    unit: str
    level: str = "area"
    code: str = ""
    group: str = ""
    n: int = 0
    better: str = ""
    label: str = ""
    norm: float | None = None
    residents: int = -1
    summed: bool = False


@dataclass(frozen=True)
class Balance:
    """A conservation law at the end of a run: `left` must equal `right` within `tolerance` (relative)."""

    law: str
    left: float
    right: float
    unit: str
    tolerance: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether the law holds."""
        return bool(abs(self.left - self.right) <= self.tolerance * max(abs(self.left), abs(self.right)))


class Domain(Part):
    """What a domain inherits. Override what you need; see the module's docstring for the contract.

    What a checkpoint does with it (`twin.journal` says why and how this is checked):

    restores : "replay" - its process handlers and processes run again on what they heard, and everything else is saved;
        "save" - it has no processes: handlers of the process phase keep their state in columns and attributes and send
        themselves later events. For more than about 100,000 jobs a day
    replayed : names of the attributes that processes and process handlers change
    unsaved  : names of the attributes that set-up makes anew; see `Part`
    """

    name: ClassVar[str] = ""
    every: ClassVar[int] = minute
    restores: ClassVar[str] = "replay"
    replayed: ClassVar[tuple[str, ...]] = ()
    publishes: ClassVar[Mapping[str, Column]] = {}
    series: ClassVar[Mapping[str, Mapping[str, Column]]] = {}
    tables: ClassVar[Mapping[str, Mapping[str, Column]]] = {}
    Config: ClassVar[type[BaseModel] | None] = None

    world: World
    area: Area

    def __init__(self, config: Any = None) -> None:
        self.config = config if config is not None else (self.Config() if self.Config else None)

    # -- what an author overrides ------------------------------------------------------------------------------------

    def setup(self, world: World, area: Area) -> None:
        """Make columns, agents and processes; publish the first value of every signal."""

    def advance(self, start: int, stop: int) -> None:
        """Kernels over [start, stop) ms; called in the first window of each period and leading over all of it."""

    def step(self) -> None:
        """Decisions at the edge that ends a period."""

    def indicators(self) -> Sequence[Indicator]:
        """What the domain contributes to the results, at the end of the run."""
        return ()

    def forget(self) -> None:
        """Forget what the indicators have counted so far: called once, at the end of a warm-up."""
        if type(self).indicators is not Domain.indicators:
            raise DesignError(
                f"{self.name} has indicators and no forget(): it cannot have a warm-up; add the method or set run.warm_up to 0 h"
            )

    def balances(self) -> Sequence[Balance]:
        """The conservation laws that hold at the end of the run."""
        return ()

    # -- what an author uses -----------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """Milliseconds since the start."""
        return self.world.now

    def stream(self, purpose: str) -> int:
        """Key of this domain's draws for `purpose`, for kernels."""
        return draws.stream(self.world.seed, f"{self.name}.{purpose}")

    def draw(self, purpose: str, key: int, ordinal: int = 0) -> float:
        """One uniform draw in [0, 1), keyed by entity and the ordinal of that draw for that entity; never by time."""
        streams = self.__dict__.setdefault("_streams", {})
        if purpose not in streams:
            streams[purpose] = self.stream(purpose)
        return float(draws.uniform(streams[purpose], int(key), int(ordinal)))

    def process(self, generator: Generator[Any, Any, Any]) -> simpy.Process:
        """Start a SimPy process; in set-up or in the process phase."""
        if self.restores == "save":
            raise DesignError(f"{self.name} starts a process, but restores = 'save': send itself later events instead")
        return self.world.timeline.process(generator)

    def publish(self, name: str, values: np.ndarray[Any, Any]) -> None:
        """Give signal `name` the array `values`: others read a copy of it from the next edge on."""
        self.world.stage(self, name, values)

    def record(self, name: str, value: Any, ids: Any = None, *, at: int | None = None) -> None:
        """Record quantity "kind.quantity" of `series`: one number or an array, with the row numbers it is about.

        ids : int or array of shape (n,); all rows 0..n-1 if absent
        at  : time stamp in ms; now if absent
        """
        kind, _, quantity = name.rpartition(".")
        self.world.record(self, kind or self.name, quantity, value, ids, self.now if at is None else at)

    def rows(self, table: str, **columns: Any) -> None:
        """Append rows to one of the declared `tables`; every column an array of shape (n,)."""
        self.world.rows(self, table, columns)

    # -- a checkpoint ------------------------------------------------------------------------------------------------

    def saved(self) -> dict[str, Any]:
        """The attributes that a checkpoint keeps, by name."""
        senders = tuple(self.declared_events())
        return saved_attributes(self, (*FRAMEWORK, *senders, *self.replayed, *self.unsaved))

    # -- declarations, read by the world -----------------------------------------------------------------------------

    @classmethod
    def declared(cls, kind: type) -> dict[str, Any]:
        """Class attributes of type `kind` (Event or Reads), by name."""
        found: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            found |= {name: value for name, value in vars(base).items() if isinstance(value, kind)}
        return found

    @classmethod
    @functools.cache
    def declared_events(cls) -> dict[str, Event]:
        """The domain's events, by name."""
        return cls.declared(Event)

    @classmethod
    def handlers(cls) -> dict[str, Subscription]:
        """Methods marked with `@on`, by name."""
        found = {}
        for name in dir(cls):
            subscription = getattr(getattr(cls, name, None), "subscription", None)
            if isinstance(subscription, Subscription):
                found[name] = subscription
        return found


FRAMEWORK = ("world", "area", "config", "_streams")
Handler = Callable[[Any], None]
__all__ = ["Balance", "Domain", "Event", "Indicator", "Reads"]
