"""HeapResource: order, fairness, capacity, pre-emption; equality with SimPy's PriorityResource where nothing ties."""

from __future__ import annotations

import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.waiting import HeapResource, PreemptiveHeapResource, serve


def log_of(capacity, jobs, make, preempt=False):
    """Runs jobs (at, work, priority, key); returns [(key, start, stop)]."""
    env = simpy.Environment()
    resource, log = make(env, capacity), []

    def job(at, work, priority, key):
        yield env.timeout(at)
        ask = {"priority": priority} if isinstance(resource, simpy.Resource) else {"priority": priority, "key": key}
        with resource.request(**ask) as place:
            yield place
            start = env.now
            assert resource.count <= capacity
            yield env.timeout(work)
            log.append((key, start, env.now))

    for at, work, priority, key in jobs:
        env.process(job(at, work, priority, key))
    env.run()
    return log


JOBS = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9), st.integers(0, 2)), min_size=1, max_size=25)


@given(JOBS, st.integers(1, 4), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=150)
def test_nobody_lost_and_creation_order_is_irrelevant(jobs, capacity, random):
    named = [(*job, key) for key, job in enumerate(jobs)]
    log = log_of(capacity, named, HeapResource)
    shuffled = list(named)
    random.shuffle(shuffled)
    assert sorted(log) == sorted(log_of(capacity, shuffled, HeapResource))
    assert sorted(key for key, _, _ in log) == list(range(len(jobs)))
    start = {key: begin for key, begin, _ in log}
    for a, one in enumerate(named):  # no later or less urgent request starts before one that was waiting
        for b, other in enumerate(named):
            if one[0] <= start[b] < start[a]:
                assert (other[2], other[0], b) < (one[2], one[0], a)


def test_equals_simpy_priority_resource_without_ties():
    jobs = [(17 * k % 401 + k * 0.001, 3 + (k * 7) % 11 + k * 0.0001, k * 0.001 + (k * 13) % 5, k) for k in range(300)]
    assert log_of(3, jobs, HeapResource) == log_of(3, jobs, simpy.PriorityResource)


def test_ties_by_key_even_when_places_are_free():
    for order in ([3, 1, 2], [1, 2, 3]):
        assert [key for key, _, _ in log_of(1, [(5, 2, 0, key) for key in order], HeapResource)] == [1, 2, 3]


def test_cancel_interrupt_and_any_of():
    env = simpy.Environment()
    beds, seen = HeapResource(env, 1), []

    def hold():
        with beds.request(key=0) as bed:
            yield bed
            yield env.timeout(10)

    def impatient():
        with beds.request(key=1) as bed:
            found = yield bed | env.timeout(3)
            seen.append(bed in found)

    def interrupted():
        with beds.request(key=2) as bed:
            try:
                yield bed
            except simpy.Interrupt:
                seen.append("out")

    def last():
        with beds.request(key=3) as bed:
            yield bed
            seen.append(env.now)

    env.process(hold())
    env.process(impatient())
    victim = env.process(interrupted())
    env.process(last())

    def killer():
        yield env.timeout(5)
        victim.interrupt()

    env.process(killer())
    env.run(until=4)
    assert beds.waiting == 2
    assert [r.key for r in beds.queue] == [2, 3]
    env.run()
    assert seen == [False, "out", 10]
    assert beds.count == 0
    assert beds.waiting == 0


def test_many_cancelled_requests_leave_the_heap():
    env = simpy.Environment()
    beds = HeapResource(env, 0)
    asked = [beds.request(key=k) for k in range(1000)]
    for request in asked[:999]:
        request.cancel()
    assert beds.waiting == 1
    assert len(beds._queue) < 200
    beds.capacity = 1
    env.run()
    assert beds.users == [asked[999]]


def test_capacity_changes():
    env = simpy.Environment()
    beds = HeapResource(env, 2)
    asked = [beds.request(key=k) for k in range(4)]
    env.run()
    beds.capacity = 1
    beds.release(asked[0])
    env.run()
    assert beds.users == [asked[1]]
    beds.capacity = 3
    env.run()
    assert beds.users == asked[1:]
    with pytest.raises(ValueError, match="capacity"):
        beds.capacity = -1


def test_preemptive_resume():
    env = simpy.Environment()
    unit, done = PreemptiveHeapResource(env, 1), {}

    def job(at, work, priority, key):
        yield env.timeout(at)
        yield from serve(unit, work, priority, key)
        done[key] = env.now

    env.process(job(0, 10, 2, 0))
    env.process(job(4, 3, 1, 1))
    env.process(job(5, 3, 1, 2))
    env.run()
    assert done == {1: 7, 2: 10, 0: 16}


@given(JOBS, st.integers(1, 3))
@settings(deadline=None, max_examples=100)
def test_preemption_loses_no_work(jobs, capacity):
    env = simpy.Environment()
    unit, done = PreemptiveHeapResource(env, capacity), {}

    def job(at, work, priority, key):
        yield env.timeout(at)
        yield from serve(unit, work, priority, key)
        assert unit.count <= capacity
        done[key] = env.now - at - work

    for key, each in enumerate(jobs):
        env.process(job(*each, key))
    env.run()
    assert len(done) == len(jobs)
    assert min(done.values()) >= 0
    assert unit.count == 0
    if capacity == 1:  # a single unit is never idle while work is left
        busy, free = 0, 0
        for at, work, _ in sorted(jobs):
            free = max(free, at) + work
            busy = free
        assert env.now == busy


def test_a_dropped_world_does_not_touch_its_clock():
    env = simpy.Environment()
    beds = HeapResource(env, 1)

    def hold(beds, env):
        with beds.request() as bed:
            yield bed
            yield env.timeout(1000)

    made = env.process(hold(beds, env))
    env.run(until=5)
    env._queue.clear()
    made._generator.close()  # what collecting a dropped world does
    assert beds.count == 1
    assert env._queue == []
