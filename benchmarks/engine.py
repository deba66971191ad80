"""What the engine costs: an empty window, and Mesa's Boltzmann model on a Population beside Mesa itself, in one run.

python -m benchmarks.engine
"""

from __future__ import annotations

from time import perf_counter

import mesa
import numpy as np
from numba import njit

from twin.area import Area
from twin.clock import minute
from twin.domain import Domain
from twin.draws import stream, uniform
from twin.population import Population
from twin.world import World

AGENTS, SIDE, STEPS = 10_000, 100, 10


class Idle(Domain):
    """A domain with nothing to do."""


def empty_window(domains: int, windows: int = 20_000) -> float:
    """Seconds per window of a world whose domains do nothing."""
    idle = [type(f"Idle{i}", (Idle,), {"name": f"idle{i}"})() for i in range(domains)]
    world = World(Area("nowhere", "EPSG:28992", {}), idle)
    world.run(100 * minute)
    began = perf_counter()
    world.run(world.stop + windows * minute)
    return (perf_counter() - began) / windows


def mesa_boltzmann() -> float:
    """Agent-steps per second of Mesa's own example model, without data collection."""
    from mesa.examples.basic.boltzmann_wealth_model.model import BoltzmannWealth

    model = BoltzmannWealth(n=AGENTS, width=SIDE, height=SIDE, seed=1)
    model.datacollector.collect = lambda _: None
    began = perf_counter()
    for _ in range(2):
        model.step()
    return 2 * AGENTS / (perf_counter() - began)


@njit(cache=True)
def boltzmann(wealth, cell, head, following, order, key, step, side):
    """One step of Mesa's rule: in shuffled order each agent moves to a neighbouring cell and, if it has wealth, gives
    one to a mate in that cell. Cells are linked lists (head, following), rebuilt as agents move."""
    n = len(wealth)
    for i in range(n - 1, 0, -1):
        j = int(uniform(key, i, 4 * step) * (i + 1))
        order[i], order[j] = order[j], order[i]
    for i in order:
        here = cell[i]
        if head[here] == i:
            head[here] = following[i]
        else:
            k = head[here]
            while following[k] != i:
                k = following[k]
            following[k] = following[i]
        direction = int(8 * uniform(key, i, 4 * step + 1))
        direction += direction >= 4
        x = (here % side + direction % 3 - 1) % side
        y = (here // side + direction // 3 - 1) % side
        there = y * side + x
        if wealth[i] > 0:
            mates = 0
            k = head[there]
            while k >= 0:
                mates += 1
                k = following[k]
            if mates:
                pick = int(uniform(key, i, 4 * step + 2) * mates)
                k = head[there]
                for _ in range(pick):
                    k = following[k]
                wealth[k] += 1
                wealth[i] -= 1
        cell[i], following[i], head[there] = there, head[there], i


def our_boltzmann() -> float:
    """Agent-steps per second of the same model on a Population with a kernel."""
    people = Population(
        None,
        "trader",
        AGENTS,
        {
            "wealth": np.ones(AGENTS, np.int64),
            "cell": np.zeros(AGENTS, np.int64),
            "following": np.full(AGENTS, -1),
            "order": np.arange(AGENTS),
        },
        seed=1,
    )
    key = stream(1, "boltzmann")
    head = np.full(SIDE * SIDE, -1)
    for i in range(AGENTS):
        there = int(uniform(key, i, 1 << 40) * SIDE * SIDE)
        people.cell[i], people.following[i], head[there] = there, head[there], i
    step = 0
    for _ in range(2):  # compile, then warm up
        boltzmann(people.wealth, people.cell, head, people.following, people.order, key, step, SIDE)
        step += 1
    began = perf_counter()
    for _ in range(STEPS):
        boltzmann(people.wealth, people.cell, head, people.following, people.order, key, step, SIDE)
        step += 1
    seconds = perf_counter() - began
    assert people.wealth.sum() == AGENTS, "money is not conserved"
    return STEPS * AGENTS / seconds


def main() -> None:
    """Print the figures."""
    for domains in (1, 5):
        window = min(empty_window(domains) for _ in range(3))
        print(f"empty window, {domains} domain(s): {1e6 * window:.1f} us")
    theirs = max(mesa_boltzmann() for _ in range(3))
    ours = max(our_boltzmann() for _ in range(3))
    print(
        f"Boltzmann, {AGENTS:,} agents: Mesa {mesa.__version__} {theirs:,.0f} agent-steps/s, "
        f"Population with a kernel {ours:,.0f}, ratio {ours / theirs:.0f}"
    )


if __name__ == "__main__":
    main()
