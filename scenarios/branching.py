"""One replication: every arm with one seed, the hours that arms share simulated once.

A trunk runs to the last edge at which its arms differ in nothing. There it forks once for each further arm: the child
is that arm from then on, with a run folder of its own and its own measures on the clock, and equals the same arm run
from midnight. The folders tell the truth: what became of an arm stands in its manifest.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from scenarios import workers
from scenarios.arms import Arm, Trunk
from scenarios.configuration import Configuration
from scenarios.failing import log_failure
from scenarios.resuming import CHECKPOINTS, JOURNAL
from scenarios.simulate import Simulation
from twin.area import Area
from twin.clock import hour
from twin.errors import DesignError, InputError
from twin.recording import RUN_SCHEMA, Run, write_json, writing

CHECKPOINT = 3 * hour  # of simulated time: the most that a killed run does again
SAID_EVERY = hour // 2  # of simulated time, for the progress on the screen


class Replication:
    """All arms with one seed, below `folder`/<arm>/<seed>/.

    say : takes what is to be told: ("at", arm, ms), ("note", text), or ("lost", arm, code) of a run that was cut short,
          with the code that its process ended with
    """

    def __init__(self, seed: int, area: Area, folder: Path, say: Callable[..., None]) -> None:
        self.seed, self.area, self.folder, self.say = seed, area, folder, say
        self.parent = os.getppid()

    def place(self, arm: Arm) -> Path:
        """The run folder of an arm."""
        return self.folder / arm.name / str(self.seed)

    def run(self, trunks: list[Trunk], attempt: int = 0) -> None:
        """Run every arm that has not ended, from its newest checkpoint where it has begun before.

        What is cut short is gone on with once, in the first attempt only.
        """
        for trunk in trunks:
            if any(status_of(self.place(arm)) for arm in trunk.arms):  # begun before this process
                self._resume_all(trunk)
            else:
                self._finish(workers.start(partial(self._grow, trunk)), trunk.arms)
            if attempt == 0:
                self._resume_all(trunk)

    def _resume_all(self, trunk: Trunk) -> None:
        """Go on with each arm of a trunk that has not ended, each by itself."""
        for arm in trunk.arms:
            if not ended(self.place(arm)):
                self._finish(workers.start(partial(self.resume, arm)), (arm,))

    def _finish(self, pid: int, arms: Sequence[Arm]) -> None:
        """Wait for the process that runs `arms`, and tell what was cut short.

        An interruption reaches that process as well, and is passed on when it has ended. A process that was interrupted
        alone was cut short as one that was killed.
        """
        try:
            code = workers.wait(pid)
        except KeyboardInterrupt:
            workers.wait(pid)
            raise
        workers.orphaned(self.parent)
        for arm in arms if code else arms[:1]:  # of a branch the trunk tells, unless it was cut short itself
            self.lost(arm, code)

    def lost(self, arm: Arm, code: int) -> None:
        """Tell that an arm's process ended with `code`, where the arm has not ended."""
        if not ended(self.place(arm)):
            self.say("lost", arm.name, code)

    def resume(self, arm: Arm) -> None:
        """Go on with an arm that was cut short, or begin it where it had not even a folder."""
        if not (self.place(arm) / "manifest.json").is_file():
            self._grow(Trunk((arm,)))
            return
        growth = _Growth(self, Trunk((arm,)))
        self._answering(growth, growth.resume)

    def _grow(self, trunk: Trunk) -> None:
        """Simulate a trunk and its branches; in a branch's process this returns when the branch is done."""
        for arm in trunk.arms:
            with writing(self.place(arm)):
                shutil.rmtree(self.place(arm), ignore_errors=True)
        growth = _Growth(self, trunk)
        self._answering(growth, growth.run)

    def _answering(self, growth: _Growth, work: Callable[[], None]) -> None:
        """Do `work`; what fails is told in the folder of every arm that ends with it."""
        try:
            work()
        except BaseException as error:
            for arm in growth.answers_for():
                if not isinstance(error, KeyboardInterrupt) and not ended(self.place(arm)):
                    _fail(self.place(arm), error)
            raise


class _Growth:
    """A trunk under way, and after a fork one of its branches."""

    def __init__(self, replication: Replication, trunk: Trunk) -> None:
        self.replication, self.trunk = replication, trunk
        self.arm, self.parent, self.branched = trunk.arms[0], os.getppid(), not trunk.at
        self.simulation: _Run

    def answers_for(self) -> tuple[Arm, ...]:
        """The arms that end if this process does."""
        return (self.arm,) if self.branched else self.trunk.arms

    def run(self) -> None:
        """From midnight to the end."""
        configuration, place = self.arm.at(self.replication.seed), self.replication.place(self.arm)
        if self.trunk.at:
            configuration = _first_measures(configuration, self.trunk.common)
        self.simulation = _Run(configuration, self.replication.area, place=place, checkpoint=CHECKPOINT)
        self.simulation.manifest |= {"shared_prefix_ms": self.trunk.at} if self.trunk.at else {}
        self._finish()

    def _finish(self) -> None:
        self.simulation.unsaved = lambda reason: self.replication.say("note", f"runs cannot be resumed: {reason}")
        self.simulation.run(self.watch)
        # both tell of persons, and are of no use beside a complete run
        shutil.rmtree(self.simulation.folder / CHECKPOINTS, ignore_errors=True)
        (self.simulation.folder / JOURNAL).unlink(missing_ok=True)

    def resume(self) -> None:
        """From the newest checkpoint of a run that was killed, from midnight where it has none."""
        place, area = self.replication.place(self.arm), self.replication.area
        self.simulation = _Run.resume(place, area, checkpoint=CHECKPOINT, as_trunk=True)
        self._finish()

    def watch(self, ms: int) -> None:
        """After each window: tell how far it is, and branch where the arms part."""
        workers.orphaned(self.parent)
        if ms % SAID_EVERY == 0:
            self.replication.say("at", self.arm.name, ms)
        if ms == self.trunk.at and not self.branched:
            self._branch()

    def _branch(self) -> None:
        """Fork once for each further arm, one after the other, then go on as the first."""
        me = os.getpid()
        self.simulation.settle()
        for arm in self.trunk.arms[1:]:
            pid = os.fork()
            if not pid:
                self.arm, self.parent, self.branched = arm, me, True
                self.simulation.become(arm.at(self.replication.seed), self.replication.place(arm))
                self.simulation.manifest["shared_prefix_ms"] = self.trunk.at
                break
            self.replication.lost(arm, workers.wait(pid))  # the simulation keeps an interruption until its next edge
        self.branched = True
        self.simulation.go_on_with(self.arm.at(self.replication.seed), self.trunk.common)


class _Run(Simulation):
    """A simulation that does without checkpoints from the first one on that cannot be written.

    unsaved : takes the reason
    """

    unsaved: Callable[[str], None]

    def save(self) -> None:
        """Write a checkpoint of this edge, if a domain does not hold what cannot be saved."""
        try:
            super().save()
        except DesignError as error:
            self.checkpoint_ms = 0
            self.unsaved(str(error))


def _first_measures(configuration: Configuration, count: int) -> Configuration:
    """A configuration with the first `count` of its measures only; `plain`, and so config.yaml, has all of them."""
    given = {**configuration.scenario.measures}
    given |= configuration.scenario.alternatives.get(configuration.run.alternative, {})
    names = list(configuration.measures)[:count]
    scenario = configuration.scenario.model_copy(
        update={"measures": {name: given[name] for name in names}, "alternatives": {}}
    )
    return replace(configuration, scenario=scenario, measures={name: configuration.measures[name] for name in names})


def ended(place: Path) -> bool:
    """Whether the run at `place` is complete or has failed: it will not change."""
    return status_of(place) in ("complete", "failed")


def status_of(place: Path) -> str:
    """The status of the run at `place`; empty where there is none."""
    try:
        return str(Run(place).manifest.get("status", ""))
    except InputError:
        return ""


def _fail(place: Path, error: BaseException) -> None:
    """Say at `place` why there is no run: its world could not even be built, or its trunk failed."""
    reason = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
    with writing(place):
        place.mkdir(parents=True, exist_ok=True)
    if not isinstance(error, InputError):
        log_failure(place, error)
    write_json(place / "manifest.json", {"schema": RUN_SCHEMA, "status": "failed", "reason": reason[:2000]})
