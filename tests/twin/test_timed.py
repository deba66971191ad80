"""Dijkstra over time, against all paths of small random networks."""

from __future__ import annotations

from math import floor

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.dijkstra import BLOCKED
from twin.network import Network
from twin.timed import fifo, time_at

PERIOD = 100


def entered(times, link, at):
    """What a link takes at `at`: on the line through the middles of the slices."""
    middles = PERIOD * (np.arange(times.shape[1]) + 0.5)
    return floor(np.interp(at, middles, times[link]) + 1e-9)


def all_paths(network, source, goal, banned=()):
    """Every path without a node twice, as lists of links."""
    found = []

    def go(node, path, seen):
        if node == goal:
            found.append(path)
            return
        for link in range(network.links):
            head = int(network.head[link])
            turn = (path[-1], link) if path else None
            if network.tail[link] == node and head not in seen and turn not in banned:
                go(head, [*path, link], {*seen, head})

    go(source, [], {source})
    return found


@st.composite
def rush_hours(draw):
    nodes, count, slices = draw(st.integers(2, 5)), draw(st.integers(1, 9)), draw(st.integers(1, 4))
    ends = st.lists(st.integers(0, nodes - 1), min_size=count, max_size=count)
    times = st.lists(st.integers(1, 500), min_size=slices, max_size=slices)
    rows = draw(st.lists(times, min_size=count, max_size=count))
    return Network(nodes, draw(ends), draw(ends)), np.array(rows, np.int64)


@settings(max_examples=80, deadline=None)
@given(rush_hours(), st.integers(0, 450))
def test_nobody_arrives_earlier_on_any_path(case, depart):
    network, given_times = case
    times, every = fifo(given_times, PERIOD), np.arange(network.nodes)
    for source in every:
        best = np.full(network.nodes, -1)
        for goal in every:
            for path in all_paths(network, source, goal):
                at = depart
                for link in path:
                    at += entered(times, link, at)
                best[goal] = at if best[goal] < 0 else min(best[goal], at)
        ours = network.earliest(given_times, PERIOD, np.full(network.nodes, source), every, np.full_like(every, depart))
        assert (ours == best).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2000), min_size=1, max_size=6))
def test_whoever_enters_later_leaves_later(times):
    kept = fifo([times], PERIOD)
    assert (kept <= times).all()
    leaves = [at + time_at(kept, PERIOD, 0, at) for at in range(0, PERIOD * (len(times) + 1), 3)]
    assert (np.diff(leaves) >= 0).all()


def test_times_that_keep_order_stay_as_they_are():
    times = np.array([[50, 60, 200, 100, 100], [10, 10, 110, 10, 400]])
    assert (fifo(times, PERIOD) == times).all()


def test_with_steady_times_it_is_dijkstras_search():
    rng = np.random.default_rng(3)
    network = Network(40, rng.integers(0, 40, 130), rng.integers(0, 40, 130))
    weight = np.where(rng.random(130) < 0.1, BLOCKED, rng.integers(1, 900, 130))
    every = np.arange(40)
    for source in range(0, 40, 5):
        static = network.distances(weight, source)
        times = np.repeat(weight[:, None], 3, axis=1)
        ours = network.earliest(times, PERIOD, np.full(40, source), every, np.full(40, 77))
        assert (ours == np.where(static < 0, -1, static + 77)).all()


def test_a_banned_turn_is_not_taken_and_a_street_that_opens_is_waited_for():
    tail, head = [0, 1, 0, 2], [1, 3, 2, 3]
    times = np.array([[10, 10], [10, 10], [60, 60], [60, 60]])
    free, banned = Network(4, tail, head), Network(4, tail, head, bans=[(0, 1)])
    assert free.earliest(times, PERIOD, [0], [3], [5]).tolist() == [25]
    assert banned.earliest(times, PERIOD, [0], [3], [5]).tolist() == [125]
    opens = Network(2, [0], [1]).earliest([[BLOCKED, 10]], PERIOD, [0], [1], [50])
    assert opens.tolist() == [50 + 10 + PERIOD], "entering is as if one waited for the middle of the open slice"
