"""One replication: every arm with one seed, the hours that arms share simulated once.

A trunk runs to the last edge at which its arms differ in nothing. There it forks once for each further arm: the child
is that arm from then on, with a run folder of its own and its own measures on the clock, and equals the same arm run
from midnight. The folders tell the truth: what became of an arm stands in its manifest.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from scenarios import workers
from scenarios.arms import Arm, Trunk
from scenarios.configuration import Configuration
from scenarios.failing import log_failure
from scenarios.resuming import CHECKPOINTS
from scenarios.simulate import Simulation
from twin.area import Area
from twin.clock import hour
from twin.errors import InputError
from twin.recording import RUN_SCHEMA, Run, write_json, writing

CHECKPOINT = 3 * hour  # of simulated time: the most that a killed run does again
SAID_EVERY = hour // 2  # of simulated time, for the progress on the screen


class Replication:
    """All arms with one seed, below `folder`/<arm>/<seed>/.

    say : takes what is to be told: ("at", arm, ms) or ("note", text)
    """

    def __init__(self, seed: int, area: Area, folder: Path, say: Callable[..., None]) -> None:
        self.seed, self.area, self.folder, self.say = seed, area, folder, say

    def place(self, arm: Arm) -> Path:
        """The run folder of an arm."""
        return self.folder / arm.name / str(self.seed)

    def run(self, trunks: list[Trunk], attempt: int = 0) -> None:
        """Run every arm that has not ended. What is killed is run once more, in the first attempt only."""
        for trunk in trunks:
            left = tuple(arm for arm in trunk.arms if not ended(self.place(arm)))
            if not left:
                continue
            whole = len(left) == len(trunk.arms)
            begun = [trunk] if whole else [Trunk((arm,)) for arm in left]
            for part in begun:
                self._finish(workers.start(lambda part=part: self._grow(part)))  # type: ignore[misc]
            for arm in left:
                if not ended(self.place(arm)) and attempt == 0:
                    self.say("note", f"run {arm.name}/{self.seed} was killed and resumed")
                    self._finish(workers.start(lambda arm=arm: self.resume(arm)))  # type: ignore[misc]

    @staticmethod
    def _finish(pid: int) -> None:
        """Wait for a process; an interruption reaches it as well, and is passed on when it has ended."""
        try:
            code = workers.wait(pid)
        except KeyboardInterrupt:
            workers.wait(pid)
            raise
        if code == 130:
            raise KeyboardInterrupt

    def resume(self, arm: Arm) -> None:
        """Go on with an arm that was killed, or begin it where it had not even a folder."""
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
        self.simulation: Simulation

    def answers_for(self) -> tuple[Arm, ...]:
        """The arms that end if this process does."""
        return (self.arm,) if self.branched else self.trunk.arms

    def run(self) -> None:
        """From midnight to the end."""
        configuration, place = self.arm.at(self.replication.seed), self.replication.place(self.arm)
        if self.trunk.at:
            configuration = _first_measures(configuration, self.trunk.common)
        self.simulation = Simulation(configuration, self.replication.area, place=place, checkpoint=CHECKPOINT)
        self.simulation.manifest |= {"shared_prefix_ms": self.trunk.at} if self.trunk.at else {}
        self._finish()

    def _finish(self) -> None:
        self.simulation.run(self.watch)
        shutil.rmtree(self.simulation.folder / CHECKPOINTS, ignore_errors=True)  # of a complete run of no use here

    def resume(self) -> None:
        """From the newest checkpoint of a run that was killed, from midnight where it has none."""
        place, area = self.replication.place(self.arm), self.replication.area
        self.simulation = Simulation.resume(place, area, checkpoint=CHECKPOINT, as_trunk=True)
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
            workers.wait(pid)  # an interruption is kept by the simulation until its next edge
        self.branched = True
        self.simulation.go_on_with(self.arm.at(self.replication.seed), self.trunk.common)


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
    try:
        return Run(place).manifest.get("status") in ("complete", "failed")
    except InputError:
        return False


def _fail(place: Path, error: BaseException) -> None:
    """Say at `place` why there is no run: its world could not even be built, or its trunk failed."""
    reason = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
    with writing(place):
        place.mkdir(parents=True, exist_ok=True)
    if not isinstance(error, InputError):
        log_failure(place, error)
    write_json(place / "manifest.json", {"schema": RUN_SCHEMA, "status": "failed", "reason": reason[:2000]})
