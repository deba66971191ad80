"""Actuated signals: each junction's controller is an agent that looks at its detectors and decides who gets green.

The stages of the fixed-time plan (`agents.vehicles.stages`) stay, their order and the time after each green too; how long
each is green follows from the traffic. A green lasts at least `least`; then it ends as soon as nobody comes within `gap`
on its approaches, or its longest time is over, counted from when another stage was first asked for. Stages that nobody
asks for are left out, and where nobody asks for another one the green rests. That is full actuation with gap-out and
max-out as in HCM 2010, chapters 18 and 31, with detectors at the stop line that see a vehicle `gap` seconds before it is
there. An approach that has green in two stages keeps it from one to the other. A signal with one stage keeps its plan.

A decision is made every `every` seconds; greens begin at exact times. Between two decisions the kernel moves the traffic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mesa
import numpy as np

from agents.vehicles.changes import reconsider
from agents.vehicles.crossing import SIGNAL
from agents.vehicles.kernels import NOW, run
from agents.vehicles.state import State
from agents.vehicles.wheel import PER_SECOND, compiled
from twin.attributes import Column
from twin.parts import Part
from twin.population import Population, stepping

if TYPE_CHECKING:
    from agents.vehicles.config import VehiclesConfig
    from agents.vehicles.junctions import Junctions
    from agents.vehicles.stages import Stages

Array = np.ndarray[Any, Any]
CYCLE = 2.0**22  # s, 48 days: a green that lasts until it is ended
LASTS, AWAY = 2.0**21, 2.0**20  # s: within a cycle of that length; a green that does not come before it is given

COLUMNS = {
    "working": Column("bool", default=False, meaning="actuated now, and with power"),
    "now": Column(unit="s", default=0.0),
    "stage": Column("int32", default=0, meaning="that has green, or gets it next"),
    "stages": Column("int32", default=1),
    "begins": Column(unit="s", default=0.0, meaning="when its green begins, or began"),
    "called": Column(unit="s", default=-1.0, meaning="since when another stage is asked for; -1 none is"),
    "wanted": Column("int64", default=0, meaning="bits of the stages that are asked for"),
    "least": Column(unit="s", default=6.0),
    "most": Column(unit="s", default=40.0, meaning="longest green of the present stage while another is asked for"),
    "clearance": Column(unit="s", default=5.0, meaning="after the green of the present stage, before the next one"),
}


class Controller(mesa.Agent):
    """The controller of one junction's signals."""

    @stepping
    def step(self) -> None:
        """Keep the green, or give it to the next stage that is asked for."""
        if not self.working or self.now < self.begins:
            return
        others = int(self.wanted) & ~(1 << int(self.stage))
        if not others:
            self.called = -1.0
            return
        if self.called < 0.0:
            self.called = self.now
        asked_here = int(self.wanted) >> int(self.stage) & 1
        over = self.now - max(self.begins, self.called) >= self.most
        if self.now - self.begins < self.least or (asked_here and not over):
            return
        stage = (int(self.stage) + 1) % int(self.stages)
        while not others >> stage & 1:
            stage = (stage + 1) % int(self.stages)
        self.stage, self.begins, self.called = stage, self.now + self.clearance, -1.0

    @step.bulk
    def step(signals: Any) -> None:  # noqa: N805  (a population, not an agent)
        """The same over all rows."""
        decide(
            signals.working, signals.now, signals.stage, signals.stages, signals.begins, signals.called,
            signals.wanted, signals.least, signals.most, signals.clearance,
        )  # fmt: skip


@compiled
def decide(working, now, stage, stages, begins, called, wanted, least, most, clearance):  # type: ignore[no-untyped-def]
    """`Controller.step` over all rows; arrays (signals,)."""
    for s in range(len(working)):
        if not working[s] or now[s] < begins[s]:
            continue
        others = wanted[s] & ~(1 << stage[s])
        if others == 0:
            called[s] = -1.0
            continue
        if called[s] < 0.0:
            called[s] = now[s]
        over = now[s] - max(begins[s], called[s]) >= most[s]
        if now[s] - begins[s] < least[s] or ((wanted[s] >> stage[s]) & 1 and not over):
            continue
        following = (stage[s] + 1) % stages[s]
        while not (others >> following) & 1:
            following = (following + 1) % stages[s]
        stage[s] = following
        begins[s] = now[s] + clearance[s]
        called[s] = -1.0


@compiled
def detect(links, slots, signal, link, mask, now, gap, wanted, present, called):  # type: ignore[no-untyped-def]
    """Set bits of stages in `wanted` (signals,) where an approach has a vehicle at its stop line by `now` + `gap`, s: the
    present stage's where that serves it, else those of all stages that do.

    Whether any signal has something to decide: a call for another stage than the `present` one, or one that is gone.
    """
    wanted[:] = 0
    for a in range(len(link)):
        approach = links[link[a]]
        if approach.count > 0 and slots[approach.slots + approach.first].time <= now + gap:
            here = 1 << present[signal[a]]
            wanted[signal[a]] |= here if mask[a] & here else mask[a]
    busy = False
    for s in range(len(wanted)):
        busy |= (wanted[s] & ~(1 << present[s])) != 0 or called[s] >= 0.0
    return busy


@compiled
def show(links, slots, cars, events, wheel, route, m, begins, time, now):  # type: ignore[no-untyped-def]
    """Give link m green from `begins` on, s, until it is shown something else at the earliest."""
    links[m].cycle, links[m].green_from, links[m].green_for = CYCLE, begins, LASTS
    links[m].control = SIGNAL
    reconsider(links, slots, cars, events, wheel, route, m, time, now)


@compiled
def drive(
    links, slots, cars, events, wheel, route, due, counts, moves, conflicts, arrivals, stop, stuck, arrived,
    signal, link, mask, longest, between, every, gap, was,
    working, now, present, stages, begins, called, wanted, least, most, clearance,
):  # type: ignore[no-untyped-def]  # fmt: skip
    """`agents.vehicles.kernels.run` with `decide` every `every` seconds; what `Controllers.run` does for other agents."""
    time = counts[NOW] / PER_SECOND
    while time < stop:
        time = min((np.floor(time / every + 1e-9) + 1.0) * every, stop)
        arrived = run(
            links, slots, cars, events, wheel, route, due, counts, moves, conflicts, arrivals, time, stuck, arrived
        )
        if time % every > 1e-9:
            continue
        if not detect(links, slots, signal, link, mask, time, gap, wanted, present, called):
            continue
        for s in range(len(now)):
            now[s], most[s], clearance[s], was[s] = time, longest[s, present[s]], between[s, present[s]], present[s]
        decide(working, now, present, stages, begins, called, wanted, least, most, clearance)
        for a in range(len(link)):
            s = signal[a]
            green = (mask[a] >> present[s]) & 1
            if present[s] != was[s] and not (green and (mask[a] >> was[s]) & 1):
                start = begins[s] if green else time + AWAY
                show(links, slots, cars, events, wheel, route, link[a], start, time, counts[NOW])
    return arrived


class Controllers(Part):
    """The actuated signals of an area.

    signal, link : int64 (approaches,): of which signal, and on which link
    stages       : theirs
    longest      : float64 (signals, stages): s of green at most
    """

    unsaved = ("signal", "link", "stages", "longest", "every", "gap")

    def __init__(
        self,
        world: Any,
        signal: Array,
        link: Array,
        stages: Stages,
        *,
        every: float,
        gap: float,
        least: float,
        longer: float,
        agent: type[mesa.Agent] = Controller,
    ) -> None:
        """longer: the longest green as a multiple of the plan's.

        every, gap, least : s
        agent : what decides at each signal; another one than `Controller` steps as Mesa's agents do, signal by signal
        """
        self.signal, self.link, self.stages, self.every, self.gap = signal, link, stages, every, gap
        self.longest = np.maximum(longer * stages.green, least)
        p = self.population = Population(world, "signal", len(stages.count), COLUMNS, agent=agent)
        p.least[:], p.stages[:] = least, np.maximum(stages.count, 1)

    @classmethod
    def of(cls, world: Any, junctions: Junctions, config: VehiclesConfig) -> Controllers:
        """The controllers of all signals, on the stages of their own plans."""
        return cls(
            world,
            junctions.signal,
            junctions.link,
            junctions.stages,
            every=float(config.signal_step),
            gap=config.signal_gap,
            least=config.least_green,
            longer=config.longest_green,
        )

    def work(self, working: Array, state: State) -> None:
        """Let the signals in the mask decide from now on, and no others; who begins keeps or gives green at once."""
        begins = working & ~self.population.working
        self.population.working[:] = working
        self.population.begins[begins] = state.now
        self._show(begins[self.signal], state)

    def run(self, state: State, stop: float) -> Any:
        """Move the traffic to `stop`, s, deciding on the way; arrivals as of `State.run`."""
        p = self.population
        if not p.working.any():
            return state.run(stop)
        if p.agent_class is Controller:
            columns = (p.array(name) for name in COLUMNS)
            plan = self.stages.mask, self.longest, self.stages.clearance
            return state.run(
                stop, drive, self.signal, self.link, *plan, self.every, self.gap, np.empty(len(p), np.int32), *columns
            )
        found, now = [], state.now
        while now < stop:
            now = min((np.floor(now / self.every + 1e-9) + 1.0) * self.every, stop)
            found.append(state.run(now))
            if now % self.every < 1e-9:
                self._decide(state, now)
        return np.concatenate(found).view(np.recarray)

    def _decide(self, state: State, now: float) -> None:
        p, mask = self.population, self.stages.mask
        detect(state.links, state.slots, self.signal, self.link, mask, now, self.gap, p.wanted, p.stage, p.called)
        each, was = np.arange(len(p)), p.stage.copy()
        p.now[:], p.most[:], p.clearance[:] = now, self.longest[each, was], self.stages.clearance[each, was]
        p.step()
        both = (mask >> was[self.signal]) & (mask >> p.stage[self.signal]) & 1 > 0  # these stay green
        self._show((was != p.stage)[self.signal] & ~both, state)

    def _show(self, approaches: Array, state: State) -> None:
        """Give the approaches in the mask the green or red that was decided."""
        if not approaches.any():
            return
        p, signal = self.population, self.signal[approaches]
        green = (self.stages.mask[approaches] >> p.stage[signal]) & 1 > 0
        start = np.where(green, p.begins[signal], state.now + AWAY)
        state.change(self.link[approaches], cycle=CYCLE, green_from=start, green_for=LASTS)
