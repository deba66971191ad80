"""Transformers and feeders as agents: each watches its own loading and opens its breaker when that lasts."""

from __future__ import annotations

from typing import Any

import mesa

from agents.grid.kernels import watch_overload
from twin.attributes import Column
from twin.population import Population, stepping

COLUMNS = {
    "loading": Column(default=0.0, meaning="share of rating, mean of the last power flow's span"),
    "over_ms": Column("int64", unit="ms", default=0, meaning="above the limit without a break"),
    "closed": Column("bool", default=True, meaning="its breaker"),
    "opens": Column("bool", default=False, meaning="opened in this step"),
    "limit": Column(default=1.2, meaning="share of rating above which the protection counts"),
    "delay": Column("int64", unit="ms", default=3_600_000, meaning="above the limit until it opens"),
    "passed": Column("int64", unit="ms", default=0, meaning="since the last step"),
}


class Protected(mesa.Agent):
    """An asset with a breaker that opens after lasting overload (thermal protection, definite time)."""

    @stepping
    def step(self) -> None:
        """Count the time above the limit; open when it lasts."""
        self.opens = False
        if not self.closed or self.loading <= self.limit:
            self.over_ms = 0
            return
        self.over_ms += self.passed
        if self.over_ms >= self.delay:
            self.over_ms, self.closed, self.opens = 0, False, True

    @step.bulk
    def step(assets: Any) -> None:  # noqa: N805  (a population, not an agent)
        """The same over all rows."""
        watch_overload(
            assets.loading, assets.over_ms, assets.closed, assets.opens, assets.limit, assets.delay, assets.passed
        )


class Transformer(Protected):
    """A substation or station."""


class Feeder(Protected):
    """A cable with its branches behind one breaker; its loading is that of its most loaded cable."""


def protected(world: Any, name: str, n: int, agent: type, limit: float, delay: int) -> Population:
    """A population of `n` assets with a breaker each."""
    population = Population(world, name, n, COLUMNS, agent=agent)
    population.limit[:] = limit
    population.delay[:] = delay
    return population
