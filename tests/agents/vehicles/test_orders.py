"""Orders on links: limits and narrowings in force together, and what they do to those who drive."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.vehicles.orders import CLOSED, LIMIT, NARROW, Orders
from agents.vehicles.state import State

SPEED = np.array([20.0, 10.0, 15.0])


def test_the_strictest_of_several_counts_and_each_ends_alone():
    orders = Orders(SPEED)
    orders.begin(LIMIT, 0, 8.0)
    orders.begin(LIMIT, 0, 12.0)
    orders.begin(NARROW, 1, 0.5)
    orders.begin(NARROW, 1, 0.5)
    orders.begin(CLOSED, 2)
    assert orders.speeds().tolist() == [8.0, 10.0, 15.0]
    assert orders.shares().tolist() == [1.0, 0.25, 1.0]
    assert orders.closed().tolist() == [False, False, True]
    orders.end(LIMIT, 0, 8.0)
    orders.end(NARROW, 1, 0.5)
    orders.end(CLOSED, 2)
    assert orders.speeds().tolist() == [12.0, 10.0, 15.0]
    assert orders.shares().tolist() == [1.0, 0.5, 1.0]
    assert not orders.closed().any()
    orders.end(LIMIT, 0, 8.0)  # there is none any more
    assert orders.speeds().tolist() == [12.0, 10.0, 15.0]


def test_a_limit_above_the_own_speed_and_a_link_outside_do_nothing():
    orders = Orders(SPEED)
    orders.begin(LIMIT, 1, 30.0)
    orders.begin(LIMIT, -1, 3.0)
    assert orders.speeds().tolist() == SPEED.tolist()


orders_ = st.lists(
    st.tuples(st.sampled_from((CLOSED, LIMIT, NARROW)), st.integers(0, 2), st.sampled_from((0.25, 0.5, 5.0, 8.0))),
    max_size=8,
)


@given(orders_, st.randoms(use_true_random=False))
def test_what_begins_and_ends_leaves_nothing_behind(rows, chance):
    orders = Orders(SPEED)
    for row in rows:
        orders.begin(*row)
    ends = list(rows)
    chance.shuffle(ends)
    for row in ends:
        orders.end(*row)
    assert orders.count == {}
    assert orders.speeds().tolist() == SPEED.tolist()
    assert orders.shares().tolist() == [1.0, 1.0, 1.0]


def road(lanes=1.0, speed=20.0):
    return State.of([2000.0, 1000.0], [speed, speed], [lanes, lanes], [0.5, 0.5])


def test_who_is_half_way_drives_the_rest_slower():
    state = road()
    state.add([1], [0.0], [0, 2], [0, 1])
    state.run(50.0)  # half of the first link
    state.change([0], speed=[10.0])
    (arrival,) = state.run(300.0)
    assert arrival.time == pytest.approx(50.0 + 1000.0 / 10.0 + 1000.0 / 20.0, abs=1e-9)
    assert state.links.time_spent[0] == pytest.approx(150.0, abs=1e-9)


def test_who_is_half_way_drives_the_rest_faster():
    state = road(speed=10.0)
    state.add([1, 2], [0.0, 20.0], [0, 2, 4], [0, 1, 0, 1])
    state.run(100.0)  # 1000 m and 800 m
    state.change([0, 1], speed=[20.0, 20.0])
    arrivals = state.run(400.0)
    assert arrivals.time == pytest.approx([100 + 50 + 50, 100 + 60 + 50], abs=1e-9)


def test_who_stands_in_the_queue_is_not_moved():
    state = road()
    state.change([0], capacity=[0.0])
    state.add([1, 2], [0.0, 1.0], [0, 1, 2], [0, 0])
    state.run(120.0)
    state.change([0], speed=[5.0])
    state.change([0], capacity=[0.5])
    arrivals = state.run(130.0)
    assert arrivals.time == pytest.approx([120.0, 122.0], abs=1e-9)


def test_speeds_given_back_leave_the_network_as_it_was():
    state, other = road(lanes=2.0), road(lanes=2.0)
    state.change([0, 1], speed=[5.0, 7.0])
    state.change([0, 1], speed=[20.0, 20.0])
    for name in ("free", "headway_in", "slack"):
        assert state.links[name] == pytest.approx(other.links[name], rel=1e-12)


def test_a_speed_of_nothing_is_refused():
    with pytest.raises(ValueError, match="not above 0"):
        road().change([0], speed=[0.0])
