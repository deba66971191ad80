"""Turn pockets: who stands in one lets the others pass until it is full."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.vehicles.pockets import Pockets
from agents.vehicles.state import State

U, JAM, Q = 20.0, 0.2, 0.8
LENGTH, SPEED, LANES = np.array([1000.0, 300.0, 300.0]), np.full(3, U), np.array([2, 1, 1])
CAPACITY = np.array([2 * Q, Q, Q])


def junction(room, left=0.0):
    """Link 0 leads left onto 1 and straight on onto 2; the left turn has a pocket of 100 m for `room` vehicles."""
    pockets = Pockets(
        np.array([0, 0]),
        np.array([100.0, 100.0]),
        np.array([1, 1]),
        np.array([left, Q]),
        np.array([room, 20.0]),
        np.array([0, 1]),
        np.array([1, 2]),
    )
    state = State.of(**pockets.links(LENGTH, SPEED, LANES, CAPACITY, LENGTH * LANES * JAM), jam_density=JAM)
    return state, pockets


def drive(state, pockets, goals, departures):
    ptr, links = pockets.routes(2 * np.arange(len(goals) + 1), np.stack([np.zeros_like(goals), goals], 1).ravel(), 3)
    state.add(np.arange(len(goals)), departures, ptr, links)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 8), st.lists(st.integers(1, 2), min_size=1, max_size=40))
def test_a_blocked_left_turn_lets_others_pass_until_its_pocket_is_full(room, goals):
    goals, departures = np.array(goals), 5.0 * np.arange(len(goals))
    state, pockets = junction(room)
    drive(state, pockets, goals, departures)
    arrivals = state.run(2000.0)
    blocked = np.flatnonzero(goals == 1)[room : room + 1]  # the first that finds the pocket full
    passed = [i for i in np.flatnonzero(goals == 2) if not len(blocked) or i < blocked[0]]
    assert arrivals.key.tolist() == passed
    assert arrivals.time == pytest.approx(departures[passed] + 65.0, rel=0, abs=1e-9)
    assert state.links.count[3] == min(room, (goals == 1).sum())
    state.change([3], capacity=Q)  # the left turn opens
    assert len(state.run(4000.0)) == len(goals) - len(passed)
    assert state.on_road == state.waiting == 0


def test_an_open_pocket_costs_no_time():
    state, pockets = junction(10, left=Q)
    goals = np.array([1, 2] * 20)
    drive(state, pockets, goals, 5.0 * np.arange(40))
    arrivals = state.run(1000.0)
    assert arrivals.time - arrivals.started == pytest.approx(np.full(40, 65.0), rel=0, abs=1e-9)


def test_each_movement_has_the_capacity_of_its_own_lane():
    state, pockets = junction(20, left=0.1)
    goals = np.where(np.arange(700) % 8 == 0, 1, 2)  # one in eight turns left: 0.0875 veh/s, less than 0.1
    drive(state, pockets, goals, np.arange(700) / 0.7)
    assert len(state.run(1000 + 65 + 60.0)) == 700


def test_what_no_pocket_can_be_is_refused():
    _, pockets = junction(3)
    with pytest.raises(ValueError, match="as long as its link"):
        pockets.links(np.array([90.0, 300, 300]), SPEED, LANES, CAPACITY, LENGTH)
    with pytest.raises(ValueError, match="from link 0 onto 0 is in no pocket"):
        pockets.routes([0, 2], [0, 0], 3)
    ptr, links = pockets.routes([0, 1, 3, 5], [0, 0, 2, 1, 2], 3)  # ends on the link; straight on; elsewhere
    assert (ptr.tolist(), links.tolist()) == ([0, 1, 4, 6], [0, 0, 4, 2, 1, 2])
