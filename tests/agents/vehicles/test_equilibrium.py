"""The static equilibrium against closed forms, best known solutions and what must hold for every network."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.vehicles.equilibrium import equilibrium, objective, routes
from scenarios.areas.gmns import read_gmns
from scenarios.areas.tntp import read_tntp
from twin.errors import InputError

SIOUX_FALLS = 4_231_335.28710744  # best known objective, README of the network in Transportation Networks for Research
CHICAGO_SKETCH = 17_313_018.7387477  # likewise, with 0.02 min per cent of toll and 0.04 min per mile


def network(links, pairs, first_through=0):
    """links: (tail, head, free, capacity, alpha, beta, fixed); pairs: (origin, destination, trips)."""
    tail, head, free, capacity, alpha, beta, fixed = np.array(links, float).T
    origin, destination, trips = np.array(pairs, float).T
    return SimpleNamespace(
        node_id=np.arange(1, 2 + int(max(tail.max(), head.max(), origin.max(), destination.max()))),
        tail=tail.astype(np.int32),
        head=head.astype(np.int32),
        free=free,
        capacity=capacity,
        alpha=alpha,
        beta=beta,
        fixed=fixed,
        first_through=first_through,
        origin=origin.astype(np.int32),
        destination=destination.astype(np.int32),
        trips=trips,
    )


def linear(tail, head, at_zero, per_vehicle, fixed=0.0):
    """A link whose time is at_zero + per_vehicle * flow."""
    return tail, head, at_zero, 1.0, per_vehicle / at_zero, 1.0, fixed


def distances(net, cost, origin):
    """Cheapest costs from a node by plain relaxation of all links, rounds over rounds."""
    out = np.full(len(net.node_id), np.inf)
    out[origin] = 0.0
    may = (net.tail >= net.first_through) | (net.tail == origin)
    for _ in net.node_id:
        np.minimum.at(out, net.head[may], out[net.tail[may]] + cost[may])
    return out


def test_two_routes_share_as_wardrop_says():
    # 600 + 0.5 v1 = 900 + 0.2 v2 with v1 + v2 = 2000: v1 = (300 + 0.2 * 2000) / 0.7 = 1000
    found = equilibrium(network([linear(0, 1, 600.0, 0.5), linear(0, 1, 900.0, 0.2)], [(0, 1, 2000.0)]), 1e-12)
    np.testing.assert_allclose(found.flow, [1000.0, 1000.0], rtol=1e-9)
    np.testing.assert_allclose(found.cost, 1100.0, rtol=1e-9)
    # integrals of the two: 600 * 1000 + 0.25 * 1000**2, 900 * 1000 + 0.1 * 1000**2
    assert found.objective == pytest.approx(850_000.0 + 1_000_000.0, rel=1e-9)
    assert found.total == pytest.approx(2000 * 1100.0, rel=1e-9)


def test_a_toll_moves_trips_as_its_worth_in_time():
    # 600 + 0.5 v1 + 140 = 900 + 0.2 v2: v1 = (300 - 140 + 400) / 0.7 = 800
    found = equilibrium(network([linear(0, 1, 600.0, 0.5, 140.0), linear(0, 1, 900.0, 0.2)], [(0, 1, 2000.0)]), 1e-12)
    np.testing.assert_allclose(found.flow, [800.0, 1200.0], rtol=1e-9)


BRAESS = [linear(0, 2, 1e-8, 10), linear(2, 1, 50, 1), linear(0, 3, 50, 1), linear(3, 1, 1e-8, 10)]


def test_braess_a_new_road_makes_everybody_slower():
    # Braess (1968): 10 v, 50 + v and for the new road 10 + v; 6 travellers
    before = equilibrium(network(BRAESS, [(0, 1, 6.0)]), 1e-12)
    np.testing.assert_allclose(before.flow, 3.0, rtol=1e-6)
    assert before.total == pytest.approx(6 * 83.0)
    after = equilibrium(network([*BRAESS, linear(2, 3, 10, 1)], [(0, 1, 6.0)]), 1e-12)
    np.testing.assert_allclose(after.flow, [4.0, 2.0, 2.0, 4.0, 2.0], rtol=1e-6)
    assert after.total == pytest.approx(6 * 92.0)


def test_braess_of_the_reference_data(reference_data):
    # 1 + v / 100 and 45 min; 4,000 travellers: 1 + 20 + 45 min by two roads, 2 (1 + 40) once the new road joins them
    net = read_gmns(reference_data("mobility", "gmns_braess_paradox"))
    before = equilibrium(net, 1e-10)
    np.testing.assert_allclose(before.flow, 2000.0, rtol=1e-6)
    assert before.total / 4000 == pytest.approx(66 * 60.0)
    more = {
        name: np.append(getattr(net, name), value)
        for name, value in {"free": 0.0, "capacity": 0.0, "alpha": 0.0, "beta": 1.0, "fixed": 0.0}.items()
    }
    ends = {"tail": np.append(net.tail, 2).astype(np.int32), "head": np.append(net.head, 3).astype(np.int32)}
    after = equilibrium(replace(net, **more, **ends), 1e-10)
    assert after.total / 4000 == pytest.approx(82 * 60.0)


def test_two_corridors_of_the_reference_data(reference_data):
    def cost(v, minutes, capacity):
        return minutes * 60.0 * (1 + 0.15 * (v / capacity) ** 4)

    low, high = 0.0, 7000.0  # bisection for the flow at which both corridors take as long
    for _ in range(100):
        v = (low + high) / 2
        low, high = (v, high) if cost(v, 20, 4000) < cost(7000 - v, 30, 3000) else (low, v)
    found = equilibrium(read_gmns(reference_data("mobility", "gmns_two_corridor")), 1e-12)
    np.testing.assert_allclose(found.flow, [low, low, 7000 - low, 7000 - low], rtol=1e-8)
    assert 5300 < low < 5500


def test_sioux_falls_of_the_reference_data(reference_data):
    # its free-flow times are the figures of the TNTP file, there in 0.01 h, here in minutes; so is the objective
    net = read_gmns(reference_data("mobility", "gmns_sioux_falls"))
    found = equilibrium(net, 1e-11)
    assert found.gap <= 1e-11
    assert found.objective / net.time_unit == pytest.approx(SIOUX_FALLS, rel=1e-10)


@pytest.mark.parametrize(("name", "best"), [("SiouxFalls", SIOUX_FALLS), ("Chicago-Sketch", CHICAGO_SKETCH)])
def test_best_known_solutions(name, best):
    folder = os.environ.get("TWIN_TNTP")
    if not folder:
        pytest.skip("TWIN_TNTP names no folder of TNTP networks")
    net = read_tntp(Path(folder) / name)
    found = equilibrium(net, 1e-6)
    assert found.gap <= 1e-6
    assert found.objective / net.time_unit == pytest.approx(best, rel=1e-6)


def test_nobody_passes_a_centroid():
    links = [linear(0, 1, 10, 1e-6), linear(1, 2, 10, 1e-6), linear(0, 3, 50, 1e-6), linear(3, 2, 50, 1e-6)]
    pairs = [(0, 2, 5.0), (1, 2, 1.0)]
    np.testing.assert_allclose(equilibrium(network(links, pairs)).flow, [5, 6, 0, 0])
    np.testing.assert_allclose(equilibrium(network(links, pairs, first_through=3)).flow, [0, 1, 5, 5])


def test_pairs_without_a_road_are_named():
    links = [linear(0, 1, 10, 1), linear(2, 3, 10, 1)]
    with pytest.raises(InputError) as error:
        equilibrium(network(links, [(0, 3, 7.0), (0, 1, 1.0), (3, 2, 2.0)]))
    assert [fault.where for fault in error.value.faults] == ["node 1 to node 4", "node 4 to node 3"]
    assert "for 7 trips" in str(error.value)


def test_many_pairs_without_a_road_are_counted():
    links = [linear(0, 1, 10, 1)]
    with pytest.raises(InputError, match="21 more pairs without a path"):
        equilibrium(network(links, [(1, 0, 1.0), *((0, k, 1.0) for k in range(2, 32))]))


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [(3, 0.0, r"capacity\[1\]: is 0"), (2, np.nan, r"free\[1\]: is nan"), (4, -1.0, r"alpha\[1\]: is -1")],
)
def test_links_without_a_time_are_refused(column, value, said):
    wrong = list(linear(1, 2, 10, 1))
    wrong[column] = value
    with pytest.raises(InputError, match=said):
        equilibrium(network([linear(0, 1, 10, 1), wrong], [(0, 2, 5.0)]))


def test_a_gap_that_is_not_reached_is_said():
    with pytest.raises(InputError, match="after 0 sweeps; allowed: 1e-06"):
        equilibrium(network(BRAESS, [(0, 1, 6.0)]), sweeps=0)


def test_no_trips_no_flow():
    found = equilibrium(network(BRAESS, [(0, 0, 6.0), (0, 1, 0.0)]))
    assert found.total == found.gap == found.flow.sum() == 0.0


@st.composite
def cities(draw):
    """A ring of streets both ways, so that every node is reached, with more links, trips and centroids at random."""
    nodes = draw(st.integers(3, 9))
    ends = [(k, (k + 1) % nodes) for k in range(nodes)] + [((k + 1) % nodes, k) for k in range(nodes)]
    pair = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)).filter(lambda p: p[0] != p[1])
    ends += draw(st.lists(pair, max_size=12))
    shape = st.tuples(
        st.sampled_from([0.0, 10.0, 60.0, 61.0, 300.0]),
        st.sampled_from([500.0, 1900.0, 4000.0]),
        st.sampled_from([0.0, 0.15, 1.0]),
        st.sampled_from([0.0, 1.0, 2.5, 4.0]),
        st.sampled_from([0.0, 5.0, 60.0]),
    )
    links = [(*e, *draw(shape)) for e in ends]
    trips = st.tuples(pair, st.sampled_from([0.0, 0.1, 20.0, 150.0, 400.0])).map(lambda t: (*t[0], t[1]))
    return network(links, draw(st.lists(trips, min_size=1, max_size=12)))


@settings(max_examples=60, deadline=None)
@given(cities())
def test_flows_carry_the_trips_and_no_used_path_is_dearer(city):
    found = equilibrium(city, 1e-9)
    nodes = len(city.node_id)
    assert (found.by_origin >= 0).all()
    np.testing.assert_allclose(found.by_origin.sum(0), found.flow, rtol=1e-12, atol=1e-9)
    waste = 0.0
    for origin, flow in zip(found.origins, found.by_origin, strict=True):
        mine = (city.origin == origin) & (city.destination != origin)
        wanted = np.bincount(city.destination[mine], city.trips[mine], nodes)
        wanted[origin] = -wanted.sum()
        arrived = np.bincount(city.head, flow, nodes) - np.bincount(city.tail, flow, nodes)
        np.testing.assert_allclose(arrived, wanted, atol=1e-9 * max(1.0, city.trips.sum()))
        reach = distances(city, found.cost, origin)
        excess = reach[city.tail] + found.cost - reach[city.head]  # by how much a link lies off the cheapest paths
        assert excess.min() >= -1e-9 * max(1.0, found.cost.max())
        waste += (flow * excess).sum()
    # what is lost on dearer paths is the gap and no more, so each used path costs what the cheapest costs
    assert waste <= 1.1e-9 * found.total + 1e-9
    assert found.objective == pytest.approx(objective(city, found.flow))


@settings(max_examples=25, deadline=None)
@given(cities(), st.randoms(use_true_random=False))
def test_the_order_of_trips_plays_no_part(city, random):
    order = list(range(len(city.trips)))
    random.shuffle(order)
    mixed = SimpleNamespace(**vars(city))
    for name in ("origin", "destination", "trips"):
        setattr(mixed, name, getattr(city, name)[order])
    assert equilibrium(mixed).flow.tobytes() == equilibrium(city).flow.tobytes()


@settings(max_examples=25, deadline=None)
@given(cities(), st.integers(0, 2**31))
def test_no_other_flows_have_a_lower_objective(city, seed):
    # any mixture of the equilibrium with all-or-nothing flows at other costs carries the same trips
    found = equilibrium(city, 1e-10)
    other = SimpleNamespace(**vars(city))
    other.free = np.random.default_rng(seed).uniform(1.0, 100.0, len(city.free))
    other.alpha = np.zeros(len(city.free))
    flow = 0.99 * found.flow + 0.01 * equilibrium(other).flow
    assert objective(city, flow) >= found.objective * (1 - 1e-9)


@settings(max_examples=40, deadline=None)
@given(cities())
def test_routes_drive_the_flows(city):
    found = equilibrium(city, 1e-9)
    pairs = np.flatnonzero((city.trips >= 1) & (city.origin != city.destination))
    each = 400
    at = np.repeat(pairs, each)
    luck = np.tile((np.arange(each) + 0.5) / each, len(pairs))
    ptr, links = routes(city, found, city.origin[at], city.destination[at], luck)
    for i in range(0, len(at), 97):
        way = links[ptr[i] : ptr[i + 1]]
        assert city.tail[way[0]] == city.origin[at[i]]
        assert city.head[way[-1]] == city.destination[at[i]]
        assert (city.head[way[:-1]] == city.tail[way[1:]]).all()
    weight = np.repeat(city.trips[at] / each, np.diff(ptr))
    # each pair may be off by a trip's share per choice on its way
    slack = city.trips[pairs].sum() / each * len(city.node_id) + city.trips[city.trips < 1].sum() + 1e-6
    assert np.abs(np.bincount(links, weight, len(city.tail)) - found.flow).max() <= slack


def test_routes_of_braess():
    net = network([*BRAESS, linear(2, 3, 10, 1)], [(0, 1, 6.0)])
    trips = np.zeros(6, int)
    ptr, links = routes(net, equilibrium(net, 1e-12), trips, trips + 1, (np.arange(6) + 0.5) / 6)
    ways = sorted(tuple(links[a:b].tolist()) for a, b in itertools.pairwise(ptr))
    assert ways == [(0, 1), (0, 1), (0, 4, 3), (0, 4, 3), (2, 3), (2, 3)]


@pytest.mark.parametrize(("origin", "destination"), [(0, 4), (1, 2)])
def test_a_route_of_a_pair_without_trips_is_refused(origin, destination):
    net = network([*BRAESS, linear(1, 4, 10, 1)], [(0, 1, 6.0)])
    with pytest.raises(InputError, match=f"node {origin + 1} to node {destination + 1}: has no flow"):
        routes(net, equilibrium(net), [origin], [destination], [0.5])


CASE = """
import sys; sys.path.insert(0, {root!r})
import tests.agents.vehicles.test_equilibrium as t
print(t.lattice_flows())
"""


def lattice_flows():
    """Flows of a small congested lattice, as text: bits of every link."""
    ends = [(r * 4 + c, r * 4 + c + 1) for r in range(4) for c in range(3)]
    ends += [(r * 4 + c, r * 4 + c + 4) for r in range(3) for c in range(4)]
    ends += [(b, a) for a, b in ends]
    links = [(a, b, 60.0 + 7 * ((3 * a + b) % 5), 400.0, 0.15, 4.0, 1.0) for a, b in ends]
    pairs = [(0, 15, 900.0), (3, 12, 700.0), (5, 10, 300.0), (15, 0, 800.0), (0, 12, 200.0)]
    found = equilibrium(network(links, pairs), 1e-9)
    return found.sweeps, found.flow.tolist()


def test_compiled_equals_plain_python():
    root = str(Path(__file__).resolve().parents[3])
    plain = subprocess.run(
        [sys.executable, "-c", CASE.format(root=root)],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    ).stdout
    sweeps, flow = eval(plain, {})
    compiled_sweeps, compiled = lattice_flows()
    assert sweeps == compiled_sweeps > 1
    np.testing.assert_allclose(compiled, flow, rtol=1e-12, atol=1e-9)
