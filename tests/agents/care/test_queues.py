"""The station kernel against the SimPy resource, customer by customer, and its own `.py_func`."""

from __future__ import annotations

import numpy as np
import pytest
import simpy

from agents.care.queues import LEFT, SERVED, TURNED_AWAY, occupancy, station
from twin.waiting import HeapResource, serve


def run(arrive, work, servers=1, priority=None, patience=None, room=10**9, preempt=False, kernel=station):
    n = len(arrive)
    start, leave, fate = np.empty(n), np.empty(n), np.empty(n, np.int8)
    kernel(
        np.asarray(arrive, float),
        np.zeros(n, np.int64) if priority is None else np.asarray(priority),
        np.asarray(work, float),
        np.full(n, np.inf) if patience is None else np.asarray(patience, float),
        servers,
        room,
        preempt,
        start,
        leave,
        fate,
    )
    return start, leave, fate


@pytest.mark.parametrize("preempt", [False, True])
@pytest.mark.parametrize("servers", [1, 3])
def test_equals_the_resource_customer_by_customer(servers, preempt):
    rng = np.random.default_rng(5)
    arrive, work = np.cumsum(rng.exponential(1.0, 600)), rng.exponential(0.9 * servers, 600)
    priority = rng.integers(0, 3, 600)
    env = simpy.Environment()
    resource, wait, stop = HeapResource(env, servers, preempt), np.empty(600), np.empty(600)

    def customer(i):
        yield env.timeout(arrive[i])
        wait[i] = yield from serve(resource, work[i], int(priority[i]), i)
        stop[i] = env.now

    for i in range(600):
        env.process(customer(i))
    env.run()
    start, leave, fate = run(arrive, work, servers, priority, preempt=preempt)
    np.testing.assert_allclose(start - arrive, wait, atol=1e-9)
    np.testing.assert_allclose(leave, stop, atol=1e-9)
    assert (fate == SERVED).all()


def test_kernel_equals_its_readable_reference():
    rng = np.random.default_rng(6)
    arrive, work = np.cumsum(rng.exponential(1.0, 300)), rng.exponential(2.0, 300)
    given = {
        "servers": 2,
        "priority": rng.integers(0, 2, 300),
        "patience": rng.exponential(3.0, 300),
        "room": 6,
        "preempt": False,
    }
    for fast, slow in zip(run(arrive, work, **given), run(arrive, work, **given, kernel=station.py_func), strict=True):
        np.testing.assert_array_equal(fast, slow)


def test_room_and_patience_by_hand():
    start, leave, fate = run([0, 1, 2, 3, 11], [10, 10, 10, 10, 1], patience=[99, 4, 99, 99, 99], room=2)
    assert fate.tolist() == [SERVED, LEFT, TURNED_AWAY, TURNED_AWAY, SERVED]
    assert leave[0] == 10
    assert leave[1] == 5
    assert start[4] == 11
    assert leave[4] == 12


def test_occupancy():
    out = np.empty(4)
    occupancy(np.array([0.0, 1.0, 5.0]), np.array([2.0, 3.0, 9.0]), np.array([0.5, 1.5, 4.0, 6.0]), out)
    assert out.tolist() == [1, 2, 0, 1]
