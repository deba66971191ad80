"""Banned turns: paths on small networks with a known answer, and the law that no path drives what is banned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.dijkstra import BLOCKED
from twin.network import Network, Router, banned

# a crossing: 0 west, 1 middle, 2 east, 3 north; and a long way round from 2 to 3
CROSSING = ([0, 1, 1, 2], [1, 2, 3, 3])
LENGTH = np.array([10, 10, 10, 100])


def both(network: Network, weight: np.ndarray, origin: int, goal: int) -> tuple[int, list[int]]:
    """Distance and links of router and oracle, which must agree where only one path is shortest."""
    _, links, ms = Router(network, weight).paths([origin], [goal])
    distance, path = network.path(weight, origin, goal)
    assert (int(ms[0]), list(links)) == (distance, list(path))
    return distance, path.tolist()


def test_a_banned_turn_is_driven_round() -> None:
    assert both(Network(4, *CROSSING), LENGTH, 0, 3) == (20, [0, 2])
    network = Network(4, *CROSSING, bans=[(0, 2)])
    assert both(network, LENGTH, 0, 3) == (120, [0, 1, 3])
    assert both(network, LENGTH, 1, 3) == (10, [2])  # who sets off at the node did not come by the link
    assert both(network, LENGTH, 0, 1) == (10, [0])
    assert both(network, LENGTH, 1, 1) == (0, [])
    assert list(network.distances(LENGTH, 0)) == [0, 10, 20, 120]
    assert list(network.distances_to(LENGTH, 3)) == [120, 10, 100, 0]
    assert list(Router(network, LENGTH).table([0, 1], [1, 3]).ravel()) == [10, 120, 0, 10]
    assert list(Router(network, LENGTH).many_to_one([0, 1], 3)) == [120, 10]


def test_a_route_goes_on_from_the_link_that_a_car_is_on() -> None:
    router = Router(Network(4, *CROSSING, bans=[(0, 2)]), LENGTH)
    ptr, links, ms = router.paths([1, 1], [3, 3], after=[0, -1])
    assert [list(ptr), list(links), list(ms)] == [[0, 2, 3], [1, 3, 2], [110, 10]]


def test_a_ban_over_a_link_between() -> None:
    # two carriageways joined by link 1; coming from link 0 the way back along 2 is closed, from link 4 it is open
    network = Network(6, [0, 1, 2, 2, 4], [1, 2, 3, 5, 1], bans=[(0, 1, 2)])
    weight = np.ones(5, np.int64)
    assert both(network, weight, 0, 3)[0] == -1
    assert both(network, weight, 4, 3) == (3, [4, 1, 2])
    assert both(network, weight, 0, 5) == (3, [0, 1, 3])


def test_no_bans_change_nothing() -> None:
    network = Network(4, *CROSSING)
    assert network.arcs.head is network.head
    assert network.arcs.nodes == 4
    assert (network.arcs.weights(LENGTH) == LENGTH).all()


@pytest.mark.parametrize("ban", [(0,), (0, 3), (0, 1, 2)])
def test_a_ban_that_is_no_sequence_is_refused(ban: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="no sequence"):
        Network(4, *CROSSING, bans=[ban])


def test_bans_of_an_area_by_its_rows() -> None:
    turns = {"from_link": np.array([7, 7, 3]), "via": np.array([-1, 9, -1]), "to_link": np.array([9, 3, 8])}
    assert banned(turns, [9, 7, 3]) == [(1, 0), (1, 0, 2)]  # row 8 is closed to the mode


@st.composite
def networks(draw):
    nodes = draw(st.integers(1, 7))
    count = draw(st.integers(1, 18))
    ends = st.lists(st.integers(0, nodes - 1), min_size=count, max_size=count)
    tail, head = np.array(draw(ends), np.int32), np.array(draw(ends), np.int32)
    weight = np.array(draw(st.lists(st.integers(1, 30) | st.just(BLOCKED), min_size=count, max_size=count)), np.int64)
    pairs = [(a, b) for a in range(count) for b in range(count) if head[a] == tail[b]]
    triples = [(a, b, c) for a, b in pairs for c in range(count) if head[b] == tail[c]]
    bans = draw(st.lists(st.sampled_from([*pairs, *triples]), max_size=8)) if pairs else []
    return nodes, tail, head, weight, bans


def expanded_distances(nodes, tail, head, weight, bans, source):
    """Bellman-Ford over the last two links driven: the least cost to each node; -1 unreachable."""
    found = np.full(nodes, BLOCKED)
    found[source] = 0
    cost = {(-1, -1): 0}
    todo = [(-1, -1)]
    while todo:
        before, last = todo.pop()
        at = source if last < 0 else head[last]
        for link in np.flatnonzero((tail == at) & (weight < BLOCKED)).tolist():
            if (last, link) in bans or (before, last, link) in bans:
                continue
            reached = cost[before, last] + int(weight[link])
            if reached < cost.get((last, link), BLOCKED):
                cost[last, link] = reached
                found[head[link]] = min(found[head[link]], reached)
                todo.append((last, link))
    return np.where(found < BLOCKED, found, -1)


@settings(max_examples=80, deadline=None)
@given(networks())
def test_router_and_search_equal_a_fully_expanded_graph(drawn):
    nodes, tail, head, weight, bans = drawn
    network = Network(nodes, tail, head, bans=bans)
    router = Router(network, weight)
    every = np.arange(nodes)
    for source in range(nodes):
        expected = expanded_distances(nodes, tail, head, weight, set(bans), source)
        assert (network.distances(weight, source) == expected).all()
        assert (router.table([source], every)[0] == expected).all()
        assert (router.many_to_one(every, source) == network.distances_to(weight, source)).all()
        ptr, links, ms = router.paths(np.full(nodes, source), every)
        assert (ms == expected).all()
        for goal in range(nodes):
            for path in (links[ptr[goal] : ptr[goal + 1]], network.path(weight, source, goal)[1]):
                drive(source, goal, path.tolist(), network, weight, int(expected[goal]), bans)


def drive(source, goal, path, network, weight, expected, bans):
    """A path leads from source to goal, costs what is stated and holds no banned sequence."""
    assert weight[path].sum() == max(expected, 0)
    at = [source, *network.head[path].tolist()]
    assert network.tail[path].tolist() == at[:-1]
    assert expected < 0 or at[-1] == goal
    runs = {tuple(path[k : k + n]) for n in (2, 3) for k in range(len(path) - n + 1)}
    assert not runs & set(bans)
