"""A population is columns to a kernel and Mesa agents to an author; both see the same."""

import mesa
import numpy as np
import pytest
from numba import njit

from tests.twin.worlds import world
from twin.attributes import Column
from twin.domain import Domain
from twin.draws import uniform
from twin.errors import DesignError
from twin.population import Population, differences, stepping


def population(agent, n=20, **options):
    return Population(
        None,
        "trader",
        n,
        {"wealth": Column(default=1.0), "luck": 0.0, "neighbour": (np.arange(n) + 1) % n},
        agent=agent,
        seed=5,
        **options,
    )


class OneByOne(mesa.Agent):
    def step(self):
        self.luck = self.random.random()
        if self.luck < 0.5 and self.wealth > 0:
            self.wealth -= 1.0
            self.population.add("wealth", self.neighbour, 1.0)


@njit
def trade(wealth, luck, neighbour, draws_made, stream):
    before = wealth.copy()
    for i in range(len(wealth)):
        luck[i] = uniform(stream, i, draws_made[i])
        draws_made[i] += 1
        if luck[i] < 0.5 and before[i] > 0:
            wealth[i] -= 1.0
            wealth[neighbour[i]] += 1.0


class InBulk(OneByOne):
    step = stepping(OneByOne.step).bulk(lambda p: trade(p.wealth, p.luck, p.neighbour, p.draws_made, STREAM))


def stream_of():
    from twin import draws

    return draws.stream(5, "trader.random")


STREAM = stream_of()


def test_a_kernel_equals_the_agents():
    one, many = population(OneByOne), population(InBulk)
    for _ in range(30):
        one.step()
        many.step()
    assert differences(one, many) == []
    assert one.wealth.sum() == 20.0
    assert len(set(one.wealth.tolist())) > 2


def test_differences_finds_them():
    one, other = population(OneByOne), population(OneByOne)
    other.wealth[3] += 1e-6
    assert differences(one, other) == ["trader.wealth[3]: 1.0 against 1.000001"]


def test_others_are_seen_as_at_the_start_of_the_step():
    class Follower(mesa.Agent):
        def step(self):
            self.wealth = self.population.agents[self.neighbour].wealth + 1.0

    p = population(Follower)
    p.step()
    assert p.wealth.tolist() == [2.0] * 20


def test_setting_another_agent_is_refused_unless_reads_are_live():
    class Giver(mesa.Agent):
        def step(self):
            self.population.agents[self.neighbour].wealth += 1.0

    with pytest.raises(AttributeError, match=r"use population.add\('wealth', 1, amount\), or reads='live'"):
        population(Giver).step()
    p = population(Giver, reads="live")
    p.step()
    assert p.wealth.tolist() == [2.0] * 20


def test_an_undeclared_attribute_names_the_columns():
    class Painter(mesa.Agent):
        def step(self):
            self.welth = 3

    with pytest.raises(AttributeError, match=r"no column 'welth'; it has wealth, .*did you mean wealth\?"):
        population(Painter).step()


def test_mesas_methods_work_on_columns():
    p = population(OneByOne)
    p.wealth[:] = np.arange(20)
    agents = p.agents
    assert len(agents) == 20
    assert agents.agg("wealth", np.max) == 19
    assert [a.unique_id for a in agents.select(lambda a: a.wealth > 16)] == [17, 18, 19]
    assert [a.unique_id for a in agents.sort("wealth", ascending=False)][:2] == [19, 18]
    assert sorted(a.unique_id for a in agents.shuffle()) == list(range(20))
    assert [a.unique_id for a in agents.shuffle()] != list(range(20))
    assert agents.set("luck", 0.25).get("luck") == [0.25] * 20
    assert agents[3] in agents
    assert isinstance(agents[3], mesa.Agent)
    p.remove([0, 1])
    assert len(p.agents) == 18
    assert {len(group) for _, group in agents.select(lambda a: a.row < 6).groupby(lambda a: a.wealth > 3)} == {2}


def test_a_process_may_not_read_a_column_that_changes():
    class Home(Domain):
        name = "home"

        def setup(self, world, area):
            self.people = Population(world, "person", 3, {"age": np.arange(3), "mood": 0.0}, constant=["age"])
            self.process(self.live())

        def live(self):
            yield self.world.timeline.timeout(1)
            self.people.set_later("mood", 2, 0.5)
            assert self.people.age[1] == 1
            yield self.world.timeline.timeout(1)
            self.people.mood.sum()

    w = world(Home)
    with pytest.raises(DesignError, match=r"a process reads the column person.mood"):
        w.run(60_000)


def test_a_process_writes_at_the_edge():
    class Home(Domain):
        name = "home"

        def setup(self, world, area):
            self.people = Population(world, "person", 3, {"mood": 0.0})
            self.seen = []
            self.process(self.live())

        def live(self):
            yield self.world.timeline.timeout(1)
            self.people.set_later("mood", 2, 0.5)

        def step(self):
            self.seen.append(self.people.mood.tolist())

    w = world(Home)
    w.run(120_000)
    assert w.domains["home"].seen == [[0.0, 0.0, 0.0], [0.0, 0.0, 0.5]]


def test_a_selection_steps_by_the_same_rules_as_everybody():
    class Neighbourly(mesa.Agent):
        def step(self):
            self.wealth = self.population.agents[self.neighbour].wealth + 1.0

    class WithKernel(Neighbourly):
        step = stepping(Neighbourly.step).bulk(lambda p: p.wealth.__setitem__(slice(None), p.wealth[p.neighbour] + 1.0))

    one, many = population(Neighbourly), population(WithKernel)
    for p in (one, many):
        p.wealth[:] = np.arange(20)
        p.agents.shuffle_do("step")
    assert differences(one, many) == []
