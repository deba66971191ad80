"""Stages told from plans, and junctions under several plans."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.vehicles.controllers import Controllers
from agents.vehicles.junctions import Junctions
from agents.vehicles.stages import stages
from agents.vehicles.state import State
from twin.area import Area

Q = 0.8


def of(cycle, *windows):
    begin, end = np.array(windows, float).T
    n = len(begin)
    return stages(1, np.zeros(n, np.int64), np.full(n, float(cycle)), begin, end - begin)


@pytest.mark.parametrize(
    ("cycle", "windows", "mask", "green", "clearance"),
    [
        (50, [(0, 20), (25, 45)], [1, 2], [20, 20], [5, 5]),
        (
            90,
            [(0, 36), (0, 41), (50, 82), (50, 87)],
            [1, 1, 2, 2],
            [41, 37],
            [9, 3],
        ),  # side by side, the one a little longer
        (90, [(0, 40), (20, 60), (65, 85)], [1, 1, 2], [60, 20], [5, 5]),  # an early and a late green
        (90, [(80, 110), (25, 75)], [2, 1], [50, 30], [5, 5]),  # over the end of the cycle
        (90, [(0, 30), (0, 60), (35, 60), (65, 85)], [1, 3, 2, 4], [35, 25, 20], [5, 5, 5]),  # green in two stages
        (60, [(0, 30), (30, 57)], [1, 2], [30, 27], [0, 3]),
        (90, [(0, 60)], [1], [60], [30]),
    ],
)
def test_stages(cycle, windows, mask, green, clearance):
    found = of(cycle, *windows)
    assert found.mask.tolist() == mask
    assert found.count.tolist() == [len(green)]
    assert found.green[0].tolist() == green
    assert found.clearance[0].tolist() == clearance


@given(st.lists(st.tuples(st.integers(0, 89), st.integers(1, 90)), min_size=1, max_size=8))
def test_every_approach_has_a_stage_and_no_stage_lasts_longer_than_the_cycle(windows):
    found = of(90, *[(begin, begin + lasting) for begin, lasting in windows])
    assert (found.mask > 0).all()
    assert (found.mask < 1 << found.count[0]).all()
    assert (found.green[0, : found.count[0]] > 0).all()
    assert (found.green <= 90).all()
    assert (found.clearance < 90).all()
    for a, (begin, lasting) in enumerate(windows):  # who is green at one moment shares a stage
        for b, (other, long) in enumerate(windows):
            if (other - begin) % 90 < lasting or (begin - other) % 90 < long:
                assert found.mask[a] & found.mask[b]


def saturated(windows, cycle, actuated, hours=2):
    """veh/h of each approach of a junction at which all have a queue."""
    n = len(windows)
    state = State.of(np.full(2 * n, 500.0), np.full(2 * n, 20.0), np.ones(2 * n), np.full(2 * n, Q), jam_density=0.2)
    begin, end = np.array(windows, float).T
    link = np.arange(n)
    state.change(link, cycle=float(cycle), green_from=begin, green_for=end - begin)
    if actuated:
        controllers = Controllers(
            None, np.zeros(n, np.int64), link, of(cycle, *windows), every=1.0, gap=3.0, least=6.0, longer=1.0
        )
        controllers.work(np.ones(1, bool), state)
    cars = round(Q * 3600 * hours)
    for m in range(n):
        ptr = 2 * np.arange(cars + 1)
        state.add(cars * m + np.arange(cars), np.arange(cars) / Q, ptr, np.tile([m, n + m], cars))
    arrivals = controllers.run(state, 3600.0 * hours) if actuated else state.run(3600.0 * hours)
    late = arrivals[arrivals.time > 3600.0]
    return np.bincount(late.key // cars, minlength=n) / (hours - 1)


def test_a_program_whose_greens_overlap_keeps_its_capacity_when_the_traffic_decides():
    windows = [(0, 36), (0, 41), (50, 82), (50, 87)]
    fixed, actuated = (saturated(windows, 90, each) for each in (False, True))
    assert (actuated > 0.95 * fixed).all()


def area(groups, plans=(), cycle=90.0):
    """One signal at node 0, at which links 0, 1, ... end."""
    links = max(link for link, _, _ in groups) + 1
    columns = {
        "signals": {"node": [0], "cycle": [cycle]},
        "signal_groups": {
            "signal": [0] * len(groups),
            "link": [g[0] for g in groups],
            "green_from": [g[1] for g in groups],
            "green_to": [g[2] for g in groups],
        },
    }
    if plans:
        names = ("plan", "link", "cycle", "green_from", "green_to", "actuated")
        columns["signal_plans"] = {name: [p[i] for p in plans] for i, name in enumerate(names)} | {
            "signal": [0] * len(plans)
        }
    made = Area("crossing", "EPSG:28992", columns)
    state = State.of(np.full(links, 500.0), np.full(links, 20.0), np.ones(links), np.full(links, Q))
    return SimpleNamespace(area=made, state=state, of=np.arange(links))


def test_of_several_greens_of_a_plan_the_longest_counts():
    made = area(
        [(0, 0.0, 35.0), (0, 55.0, 60.0), (1, 40.0, 50.0)],
        [(3, 0, 90.0, 0.0, 35.0, False), (3, 0, 90.0, 55.0, 60.0, False)],
    )
    junctions = Junctions(made.area, made.of)
    junctions.start_up(made.state)
    assert made.state.links.green_for[0] == 35.0
    junctions.order(0, 3, 1)
    junctions.change_plans(made.state)
    assert made.state.links.green_for[0] == 35.0


def test_a_plan_that_begins_in_an_outage_waits_for_the_power():
    made = area([(0, 0.0, 35.0), (1, 40.0, 80.0)], [(0, 0, 60.0, 10.0, 20.0, False), (0, 1, 60.0, 30.0, 50.0, False)])
    junctions = Junctions(made.area, made.of)
    junctions.start_up(made.state)
    live = np.full(2, 25.0)
    junctions.switch(np.array([True]), made.state, live)
    junctions.order(0, 0, 1)
    junctions.change_plans(made.state)
    assert made.state.links.cycle.tolist() == [0.0, 0.0]
    junctions.switch(np.array([False]), made.state, live)
    assert made.state.links.cycle.tolist() == [60.0, 60.0]
    assert made.state.links.green_from.tolist() == [10.0, 30.0]
    junctions.order(0, 0, -1)
    junctions.change_plans(made.state)
    assert made.state.links.green_for.tolist() == [35.0, 40.0]


def test_a_signal_that_has_one_stage_keeps_its_plan():
    made = area([(0, 0.0, 60.0)])
    junctions = Junctions(made.area, made.of, always=True)
    assert not junctions.may_actuate
    assert not junctions.actuated.any()
