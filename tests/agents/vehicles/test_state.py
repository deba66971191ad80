"""Closures, new routes and changes on the way: nobody is lost and nobody is forgotten in a queue."""

from __future__ import annotations

import pickle

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.vehicles import kernels as k
from agents.vehicles.state import State
from twin.dijkstra import BLOCKED
from twin.network import Network, Router

NODES = 6


def streets():
    """A two-way ring with two chords: strongly connected, short links, merges at every node."""
    pairs = [(i, (i + 1) % NODES) for i in range(NODES)] + [(0, 3), (1, 4)]
    tail, head = np.array(pairs + [(b, a) for a, b in pairs]).T
    return Network(NODES, tail, head, np.full(len(tail), 60.0))


NET = streets()


def fresh(stuck):
    n = NET.links
    return State.of(
        NET.length,
        np.full(n, 10.0),
        np.ones(n),
        np.full(n, 0.4),
        stuck=stuck,
    )


def reroute(state, router, closed):
    """What the domain does at a closure."""
    state.change(np.arange(NET.links), closed=closed)
    router.customise(np.where(closed, BLOCKED, 6000))
    which, last, at = state.affected(closed)
    if not len(which):
        return
    origin = np.where(at >= 0, NET.head[at], NET.tail[np.where(at < 0, ~at, 0)])
    ptr, links, ms = router.paths(origin, NET.head[last])
    sizes = np.diff(ptr)
    found = (ms >= 0) & (ms < BLOCKED) & ((at >= 0) | (sizes > 0))
    state.reroute(which[found], np.concatenate([[0], np.cumsum(sizes[found])]), links[np.repeat(found, sizes)])


def whole(state):
    """Every vehicle stands in exactly one place, and every queue is linked to its end."""
    cars, links = state.cars[: state.counts[k.FRESH]], state.links
    assert links.count.sum() == state.on_road == (cars.state == k.DRIVING).sum()
    assert (links.count <= links.room).all()
    seen = []
    for link in links:
        car, length = link.queue_first, 0
        while car >= 0:
            assert state.cars[car].state == k.QUEUED
            seen.append(car)
            car, length = state.cars[car].next, length + 1
        assert length == link.queued
        assert link.queue_first < 0 or link.queue_last == seen[-1]
    assert len(seen) == len(set(seen)) == state.counts[k.WAITING] == (cars.state == k.QUEUED).sum()
    assert state.counts[k.STARTED] == state.counts[k.ARRIVED] + state.on_road + state.waiting


closures = st.lists(st.tuples(st.integers(1, 40), st.lists(st.integers(0, NET.links - 1), max_size=5)), max_size=6)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, NODES - 1), st.integers(1, NODES - 1), st.integers(0, 299)), min_size=1, max_size=150
    ),
    closures,
    st.sampled_from([30.0, 120.0]),
)
def test_everybody_arrives_after_any_closures(trips, plan, stuck):
    state, router = fresh(stuck), Router(NET, np.full(NET.links, 6000))
    origin, step, second = np.array(trips).T
    ptr, links, _ = router.paths(origin, (origin + step) % NODES)
    state.add(np.arange(len(trips)), second.astype(float), ptr, links)
    arrived, at = 0, dict(plan)
    for tens in range(1, 42):
        if tens in at:
            reroute(state, router, np.isin(np.arange(NET.links), at[tens]))
        arrived += len(state.run(10.0 * tens))
        whole(state)
    reroute(state, router, np.zeros(NET.links, bool))
    arrived += len(state.run(50_000.0))
    assert arrived == len(trips)
    assert state.on_road == state.waiting == 0


@settings(max_examples=20, deadline=None)
@given(closures)
def test_a_closed_link_is_left_and_not_entered(plan):
    state, router = fresh(300.0), Router(NET, np.full(NET.links, 6000))
    n = 120
    origin = np.arange(n) % NODES
    ptr, links, _ = router.paths(origin, (origin + 1 + np.arange(n) % (NODES - 1)) % NODES)
    state.add(np.arange(n), np.arange(n) * 2.0, ptr, links)
    for tens, rows in sorted(plan):
        if 10.0 * tens <= state.now:
            continue
        state.run(10.0 * tens)
        closed = np.isin(np.arange(NET.links), rows)
        reroute(state, router, closed)
        before = state.links.entered[closed].copy()
        state.run(state.now + 5.0)
        assert (state.links.entered[closed] == before).all()


def test_a_state_that_was_saved_goes_on_the_same():
    state, router = fresh(60.0), Router(NET, np.full(NET.links, 6000))
    n = 200
    origin = np.arange(n) % NODES
    ptr, links, _ = router.paths(origin, (origin + 3) % NODES)
    state.add(np.arange(n), np.arange(n) * 0.7, ptr, links)
    state.run(80.0)
    copy = pickle.loads(pickle.dumps(state))
    for one, other in zip(state.run(900.0), copy.run(900.0), strict=True):
        assert one == other


def test_released_vehicles_keep_their_order_and_are_counted_once():
    state = fresh(20.0)
    state.change(np.arange(NET.links), closed=np.arange(NET.links) == 1)
    route = [0, 1, 2]
    state.add(np.arange(5), np.arange(5) * 4.0, np.arange(6) * 3, np.tile(route, 5))
    state.run(200.0)
    assert state.released == 5
    assert state.waiting == 5
    assert state.on_road == 0
    state.change([1], closed=False)
    assert state.run(400.0).key.tolist() == [0, 1, 2, 3, 4]
    whole(state)
