"""Actuated signals: exact greens in small cases, the agent beside its kernel, and fixed time as the limit of saturation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.vehicles.controllers import COLUMNS, Controller, Controllers, decide
from agents.vehicles.stages import stages
from agents.vehicles.state import State
from twin.population import Population, differences, stepping

U, Q = 20.0, 0.8
CLEARANCE = 5.0


class OneByOne(Controller):
    """Decides signal by signal, without the kernel."""

    step = stepping(Controller.step.one)


def crossing(every=1.0, gap=3.0, least=6.0, longer=1.0, agent=Controller):
    """Links 0 and 1 cross: each has a stage of 20 s and leads on, over links 2 and 3."""
    state = State.of(np.full(4, 500.0), np.full(4, U), np.ones(4), np.full(4, Q), jam_density=0.2)
    link = np.array([0, 1])
    plan = stages(1, np.zeros(2, np.int64), np.full(2, 50.0), np.array([0.0, 25.0]), np.full(2, 20.0))
    controllers = Controllers(
        None, np.zeros(2, np.int64), link, plan, every=every, gap=gap, least=least, longer=longer, agent=agent
    )
    controllers.work(np.ones(1, bool), state)
    return state, controllers


def send(state, link, departures, key=0):
    ptr = 2 * np.arange(len(departures) + 1)
    state.add(key + np.arange(len(departures)), departures, ptr, np.tile([link, link + 2], len(departures)))


def test_a_green_that_nobody_else_wants_stays():
    state, controllers = crossing()
    send(state, 0, [10.0, 200.0, 350.0])
    arrivals = controllers.run(state, 600.0)
    assert (arrivals.time - arrivals.started).tolist() == [50.0] * 3


def test_who_comes_to_a_red_light_gets_green_after_the_clearance():
    state, controllers = crossing()
    send(state, 1, [75.0])  # at the stop line at 100 s, seen at 97 s: green from 102 s
    arrivals = controllers.run(state, 300.0)
    assert arrivals.time.tolist() == pytest.approx([102.0 + 25.0], abs=1e-9)


def test_a_green_goes_on_while_vehicles_come_and_ends_in_a_gap():
    state, controllers = crossing(longer=10.0)
    platoon = 75.0 + 2.5 * np.arange(20)  # at the stop line from 100.0 to 147.5 s
    send(state, 0, platoon)
    send(state, 1, [80.0], key=100)  # there at 105 s
    arrivals = controllers.run(state, 400.0)
    assert (arrivals.time - arrivals.started)[arrivals.key < 100] == pytest.approx(np.full(20, 50.0), abs=1e-9)
    # nobody within 3 s of 148 s: green for the other from 153 s
    assert arrivals.time[arrivals.key == 100] == pytest.approx([153.0 + 25.0], abs=1e-9)


def test_with_queues_on_all_sides_it_is_the_fixed_plan():
    state, controllers = crossing()
    for link in (0, 1):
        send(state, link, 1.25 * np.arange(1200), key=10_000 * link)
    arrivals = controllers.run(state, 1400.0)
    for link in (0, 1):
        came = arrivals.time[arrivals.key // 10_000 == link]
        came = came[came > 400.0]
        assert len(came) == pytest.approx(1000.0 * Q * 20.0 / 50.0, abs=17)  # one green more or less
    greens = np.diff(np.flatnonzero(np.diff(np.sort(arrivals.time[arrivals.key < 10_000])) > 10.0))
    assert set(greens[2:].tolist()) <= {16, 17}  # 0.8 veh/s for 20 s


def test_less_waiting_than_with_fixed_time_where_traffic_is_light():
    rng = np.random.default_rng(4)
    departures = [np.sort(rng.uniform(0.0, 3600.0, 120)) for _ in range(2)]

    def mean(run):
        state, controllers = crossing()
        if not run:
            state.change([0, 1], cycle=50.0, green_from=[0.0, 25.0], green_for=20.0)
        for link in (0, 1):
            send(state, link, departures[link], key=10_000 * link)
        arrivals = controllers.run(state, 4000.0) if run else state.run(4000.0)
        assert len(arrivals) == 240
        return (arrivals.time - arrivals.started).mean() - 50.0

    fixed, actuated = mean(False), mean(True)
    assert fixed == pytest.approx((30.0**2) / (2 * 50.0), rel=0.25)  # Webster's first term: red^2 / (2 cycle)
    assert actuated < 0.6 * fixed


def test_windows_play_no_part():
    found = []
    for step in (60.0, 7.0, 0.5):
        state, controllers = crossing()
        send(state, 0, 3.0 * np.arange(100))
        send(state, 1, 50.0 + 4.0 * np.arange(60), key=1000)
        rows = []
        while state.now < 900.0:
            rows.append(controllers.run(state, min(state.now + step, 900.0)))
        found.append(np.concatenate(rows))
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)


@settings(max_examples=25)
@given(
    st.lists(st.integers(0, 300), max_size=60),
    st.lists(st.integers(0, 300), max_size=60),
    st.sampled_from([1.0, 2.0, 5.0]),
)
def test_agents_that_step_one_by_one_move_the_traffic_as_the_kernel_does(one, other, every):
    found = []
    for agent in (Controller, OneByOne):
        state, controllers = crossing(every=every, agent=agent)
        for link, departures in enumerate((one, other)):
            if departures:
                send(state, link, np.sort(departures).astype(float), key=1000 * link)
        found.append(np.concatenate([controllers.run(state, stop) for stop in (33.3, 120.0, 121.0, 1500.0)]))
        assert len(found[-1]) == len(one) + len(other)
    np.testing.assert_array_equal(*found)


bits = st.integers(0, 15)


@settings(max_examples=60)
@given(st.lists(st.lists(bits, min_size=3, max_size=3), min_size=1, max_size=40), st.integers(0, 3))
def test_the_agent_and_its_kernel_decide_the_same(wanted, first):
    agent, bulk, plain = (
        Population(None, "signal", 3, COLUMNS, agent=kind) for kind in (OneByOne, Controller, Controller)
    )
    for p in (agent, bulk, plain):
        p.working[:], p.stages[:], p.stage[:], p.most[:] = [True, True, first > 1], [4, 2, 3], [first, 0, 1], 9.0
    names = ("working", "now", "stage", "stages", "begins", "called", "wanted", "least", "most", "clearance")
    for k, row in enumerate(wanted):
        for p in (agent, bulk, plain):
            p.now[:] = 2.5 * k
            p.wanted[:] = [row[0], row[1] & 3, row[2] & 7]
        agent.step()
        bulk.step()
        decide.py_func(*(plain.array(name) for name in names))
        for p in (bulk, plain):
            p.steps_done = agent.steps_done
            assert not differences(agent, p)
