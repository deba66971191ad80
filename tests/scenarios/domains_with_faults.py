"""Domains with one mistake each, as a user may write them."""

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


class NoDomain:
    pass
