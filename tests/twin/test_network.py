from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.dijkstra import BLOCKED, components
from twin.network import Network, Router


@st.composite
def graphs(draw):
    nodes = draw(st.integers(1, 12))
    count = draw(st.integers(0, 40))
    ends = st.lists(st.integers(0, nodes - 1), min_size=count, max_size=count)
    weight = draw(st.lists(st.integers(1, 30) | st.just(BLOCKED), min_size=count, max_size=count))
    return Network(nodes, np.array(draw(ends), np.int32), np.array(draw(ends), np.int32)), np.array(weight, np.int64)


def bellman_ford(network, weight, source):
    distance = np.full(network.nodes, 2**40)
    distance[source] = 0
    for _ in range(network.nodes):
        for link in range(network.links):
            if weight[link] < BLOCKED:
                distance[network.head[link]] = min(
                    distance[network.head[link]], distance[network.tail[link]] + weight[link]
                )
    return np.where(distance >= 2**40, -1, distance)


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_searches_and_router_agree(graph):
    network, weight = graph
    router = Router(network, weight)
    every = np.arange(network.nodes)
    table = router.table(every, every)
    for source in every:
        expected = bellman_ford(network, weight, source)
        assert (network.distances(weight, source) == expected).all()
        assert (router.times(np.full(network.nodes, source), every) == expected).all()
        assert (table[source] == expected).all()
        assert (router.many_to_one(every, source) == network.distances_to(weight, source)).all()


@settings(max_examples=60, deadline=None)
@given(graphs(), st.data())
def test_paths_are_connected_and_as_long_as_stated(graph, data):
    network, weight = graph
    router = Router(network, weight)
    pairs = data.draw(st.lists(st.tuples(*[st.integers(0, network.nodes - 1)] * 2), min_size=1, max_size=20))
    origin, destination = np.array(pairs).T
    ptr, links, ms = router.paths(origin, destination)
    for i, (a, b) in enumerate(pairs):
        ours = links[ptr[i] : ptr[i + 1]]
        oracle_ms, oracle = network.path(weight, a, b)
        assert ms[i] == oracle_ms
        for path in (ours, oracle):
            assert (ms[i] if ms[i] > 0 else 0) == weight[path].sum()
            nodes = [a, *network.head[path]]
            assert list(network.tail[path]) == nodes[:-1]
            assert ms[i] < 0 or nodes[-1] == b


def test_dijkstra_breaks_ties_by_the_lowest_link():
    network = Network(4, [0, 0, 2, 1, 0], [1, 2, 3, 3, 1])
    assert list(network.path([1, 1, 1, 1, 1], 0, 3)[1]) == [1, 2]
    assert list(network.path([1, 1, 1, 1, 1], 0, 1)[1]) == [0]


def test_new_weights_and_rows_of_an_area():
    network = Network(3, [0, 1, 0], [1, 2, 2], rows=[7, 3, 9])
    router = Router(network, [1, 1, 5])
    assert list(router.paths([0], [2])[1]) == [7, 3]
    router.customise([1, 9, 5])
    ptr, links, ms = router.paths([0, 2, 0], [2, 0, 0])
    assert [list(ptr), list(links), list(ms)] == [[0, 1, 1, 1], [9], [5, -1, 0]]
    assert list(network.from_rows(10)) == [-1, -1, -1, 1, -1, -1, -1, 0, -1, 2]


def test_nearest_of_several_sources():
    network = Network(4, [0, 1, 2, 3], [1, 2, 3, 0])
    assert list(network.nearest([10, 10, 10, 10], [0, 2], [0, 5])) == [0, 10, 5, 15]


def test_strong_components_against_reachability():
    rng = np.random.default_rng(1)
    for _ in range(50):
        n, m = 9, rng.integers(0, 18)
        network = Network(n, rng.integers(0, n, m), rng.integers(0, n, m))
        reach = np.array([network.distances(np.ones(m), s) >= 0 for s in range(n)])
        both = reach & reach.T
        label = components(network.first_out, network.out_links, network.head)
        assert (label == both.argmax(axis=1)).all()
        assert network.largest_component().sum() == both.sum(axis=1).max()


def test_kernels_equal_their_reference():
    from twin import dijkstra as module

    network = Network(4, [0, 0, 2, 1, 0, 3], [1, 2, 3, 3, 1, 3])
    weight = np.array([3, 1, 4, 1, 2, 1])
    arguments = (
        network.first_out,
        network.out_links,
        network.head,
        weight,
        np.array([0], np.int32),
        np.zeros(1, np.int64),
        -1,
    )
    for fast, slow in zip(module.search(*arguments), module.search.py_func(*arguments), strict=True):
        assert (fast == slow).all()


@pytest.mark.parametrize("weights", [[1.0], [1, -1, 1]])
def test_wrong_weights_are_refused(weights):
    with pytest.raises(ValueError, match="weights"):
        Router(Network(3, [0, 1, 0], [1, 2, 2]), weights)


def test_a_node_outside_is_refused():
    with pytest.raises(ValueError, match="outside"):
        Network(2, [0], [2])
    with pytest.raises(ValueError, match="outside"):
        Router(Network(2, [0], [1]), [1]).times([0], [2])
