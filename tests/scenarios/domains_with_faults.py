"""Domains with one mistake each, as a user may write them."""

import os
import signal
from pathlib import Path

from twin.coupling import Reads
from twin.domain import Domain


class Breaks(Domain):
    name = "breaks"

    def step(self):
        if self.now > 3_600_000:
            raise ValueError("my own mistake")


class Undeclared(Domain):
    name = "undeclared"

    def step(self):
        self.publish("nothing", [1])


class NoSuchSignal(Domain):
    name = "no_such_signal"
    temperature = Reads("weather.temprature")


class BreaksInSetup(Domain):
    name = "breaks_in_setup"

    def setup(self, world, area):
        raise ZeroDivisionError("in setup")


class Slow(Domain):
    """Says that the run is under way, then takes its time."""

    name = "slow"

    def step(self):
        import time

        if self.now > 2 * 3_600_000:
            print("under way", flush=True)
            time.sleep(0.05)


class BreaksForOneSeed(Domain):
    name = "breaks_for_one_seed"

    def step(self):
        if self.world.seed == 2 and self.now > 3_600_000:
            raise ValueError("seed 2 is not to my taste")


class BreaksInSetupForOneSeed(Domain):
    name = "breaks_in_setup_for_one_seed"

    def setup(self, world, area):
        if world.seed == 2:
            raise ZeroDivisionError("in setup of seed 2")


class Killed(Domain):
    """Ends its own process at KILL_AT ms with seed 2, so many times as KILL_TIMES says.

    KILL_BY : number of a signal, or a text as "exit 3"; killed by force if absent
    """

    name = "killed"

    def step(self):
        if self.world.seed == 2 and self.now == int(os.environ["KILL_AT"]):
            marks = Path(os.environ["KILL_MARKS"])
            before = len(list(marks.glob("*")))
            if before < int(os.environ["KILL_TIMES"]):
                (marks / str(before)).touch()
                by = os.environ.get("KILL_BY", str(signal.SIGKILL.value))
                if by.startswith("exit"):
                    os._exit(int(by.split()[1]))
                os.kill(os.getpid(), int(by))


class HoldsAnIndex(Domain):
    """Holds what no checkpoint can save, as a user may well do."""

    name = "holds_an_index"

    def setup(self, world, area):
        import shapely

        self.index = shapely.STRtree(shapely.points([0.0], [0.0]))


class NoDomain:
    pass
