"""The kernel against exact answers of kinematic wave theory: u = 20 m/s, w = 5 m/s, 0.2 veh/m, capacity 0.8 veh/s."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.vehicles.crossing import ALL_WAY, ANY_TIME, GIVE_WAY
from agents.vehicles.kernels import NOW
from agents.vehicles.rules import Rules
from agents.vehicles.state import State

U, W, JAM, Q = 20.0, 5.0, 0.2, 0.8


def network(*links, **options):
    """Links as (length, capacity)."""
    length, capacity = np.array(links, float).T
    return State.of(length, np.full(len(length), U), np.ones(len(length)), capacity, jam_density=JAM, **options)


def add(state, routes, departures, keys=None):
    ptr = np.concatenate([[0], np.cumsum([len(r) for r in routes])])
    state.add(np.arange(len(routes)) if keys is None else keys, departures, ptr, np.concatenate(routes))


def passed(state, stop, step=0.1):
    """Step by step: times of the windows' ends, entries per link so far, all arrivals."""
    times, entered, arrivals = [], [], []
    while state.now < stop:
        arrivals.append(state.run(round(state.now + step, 1)))
        times.append(state.now)
        entered.append(state.links.entered.copy())
    return np.array(times), np.array(entered), np.concatenate(arrivals).view(np.recarray)


def delays(arrivals, free):
    return arrivals.time - arrivals.started - free


def queue_out(ready, headway):
    """Departures of vehicles that are ready at these times from a point that lets one out per headway (Newell 1982)."""
    out = [ready[0]]
    for time in ready[1:]:
        out.append(max(time, out[-1] + headway))
    return np.array(out)


def test_a_bottleneck():
    state = network((2000, 0.4))
    departures = np.arange(300) / 0.6
    add(state, [[0]] * 300, departures)
    arrivals = state.run(2000.0)
    late = delays(arrivals, 100.0)
    assert arrivals.time == pytest.approx(queue_out(departures + 100, 2.5), rel=0, abs=1e-9)
    assert late.sum() == pytest.approx(37_375, rel=0, abs=1e-9 * 300)
    assert late.max() == pytest.approx(299 * (1 / 0.4 - 1 / 0.6), rel=0, abs=1e-9)
    assert arrivals.time.max() == pytest.approx(100 + 299 / 0.4, rel=0, abs=1e-9)


def test_a_vertical_queue():
    state = network((2000, 0.4))
    add(state, [[0]] * 300, np.arange(300) / 0.6)
    longest = 0
    while state.now < 900:
        state.run(state.now + 1.0)
        reached = np.floor(max(0.0, state.now - 100.0) * 0.6 + 1e-9) + 1 if state.now >= 100 else 0
        longest = max(longest, min(300, reached) - state.links.left[0])
    assert longest == pytest.approx(100, abs=1)


def test_b_spillback():
    state = network((2000, Q), (500, 0.4), (5000, 2.0))
    add(state, [[0, 1, 2]] * 300, np.arange(300) / 0.6)
    times, entered, arrivals = passed(state, 1300.0)
    assert arrivals.time == pytest.approx(queue_out(np.arange(300) / 0.6 + 125, 2.5) + 250, rel=0, abs=1e-9)
    assert delays(arrivals, 375.0).sum() == pytest.approx(37_375, rel=0, abs=1e-9 * 300)
    # entries into link 1 fall from 0.6 to 0.4 veh/s when its queue reaches its tail, which is at 350 s
    entry = np.array([times[np.searchsorted(entered[:, 1], n)] for n in range(1, 180)])
    gaps = np.diff(entry)
    first_slow = entry[np.flatnonzero(gaps > 2.2)[0]]
    assert first_slow == pytest.approx(350, abs=3)
    flow = (entered[6000 - 1, 1] - entered[4500 - 1, 1]) / 150
    assert flow == pytest.approx(0.4, abs=0.01)


def red_light(inflow, switch, red):
    """Newell's recursion for a link of 2000 m that opens 300 s late, then at capacity: exact departures."""
    entry = np.arange(0, 600, 1 / inflow)
    leave, last = [], -np.inf
    for t in entry:
        ready = t + 100.0
        if switch <= ready < switch + red:
            ready = switch + red
        last = max(ready, last + 1 / Q)
        leave.append(last)
    return entry, np.array(leave)


def test_c_red_light():
    entry, leave = red_light(0.4, 300.0, 100.0)
    state = network((2000, Q), (5000, 2.0))
    state.change([0], cycle=10_000.0, green_from=400.0, green_for=9_900.0)  # red from 300 s to 400 s of each cycle
    add(state, [[0, 1]] * len(entry), entry)
    arrivals = state.run(5000.0)
    late = delays(arrivals, 350.0)
    assert arrivals.time == pytest.approx(leave + 250, rel=0, abs=1e-9)
    # theory for a fluid: 80 vehicles delayed, 4,000 veh s; a stop wave of -2.222 m/s and a start wave of -5 m/s meet
    assert abs((late > 1e-9).sum() - 80) <= 1
    assert late.sum() == pytest.approx(4000, abs=60)


def test_c_backward_wave():
    """A full link starts to move from its head at w: its tail takes a vehicle one L / w after the first exit."""
    state = network((500, Q), (5000, 2.0))
    state.change([0], cycle=10_000.0, green_from=1000.0, green_for=5000.0)
    add(state, [[0, 1]] * 200, np.zeros(200))
    state.run(1000.0)
    assert state.links.count[0] == state.links.room[0] == 100
    times, entered, _ = passed(state, 1110.0)
    assert times[np.flatnonzero(entered[:, 0] > 100)[0]] == pytest.approx(1000 + 500 / W, abs=0.2)


def saturated(rates, priority, seconds=4000, capacity=Q):
    state = network((1000, Q), (1000, Q), (1000, capacity), priority=[*priority, 1.0])
    routes, departures = [], []
    for link, rate in enumerate(rates):
        times = np.arange(0, seconds, 1 / rate)
        routes += [[link, 2]] * len(times)
        departures += list(times)
    add(state, routes, departures)
    state.run(500.0)
    before = state.links.left.copy()
    state.run(float(seconds))
    return (state.links.left - before)[:2] / (seconds - 500)


@pytest.mark.parametrize(
    ("rates", "priority", "expected"),
    [
        ((Q, Q), (1, 1), (0.4, 0.4)),
        ((Q, Q), (2, 1), (1.6 / 3, 0.8 / 3)),
        ((Q, Q), (1, 3), (0.2, 0.6)),
        ((0.2, Q), (1, 1), (0.2, 0.6)),
    ],
)
def test_d_merges(rates, priority, expected):
    assert saturated(rates, priority) * 3500 == pytest.approx(np.array(expected) * 3500, rel=0, abs=1.0001)


def test_d_merge_into_a_bottleneck_shares_the_spillback():
    assert saturated((Q, Q), (2, 1), 8000, capacity=0.4) == pytest.approx((0.2667, 0.1333), abs=2e-3)


def test_e_first_in_first_out_diverge():
    state = network((1000, Q), (1000, Q), (1000, 0.2), (1000, Q), (1000, Q))
    # half to 1 -> 3, half to 2 -> 4 with capacity 0.2 at the end of 2, whose queue spills back
    n = 3200
    add(state, [[0, 1, 3] if i % 2 else [0, 2, 4] for i in range(n)], np.arange(n) / Q)
    state.run(2500.0)
    before = state.links.left.copy()
    state.run(3500.0)
    assert (state.links.left - before)[[0, 1, 2]] == pytest.approx([400, 200, 200], rel=0, abs=1)


def full_ring(stuck):
    """Four links of 100 m, all full, every vehicle bound for three links on: nobody can move first."""
    state = network(*[(100, Q)] * 4, stuck=stuck)
    state.change(np.arange(4), capacity=0.0)
    room = int(state.links.room[0])
    add(state, [[i, (i + 1) % 4, (i + 2) % 4, (i + 3) % 4] for i in range(4) for _ in range(room)], np.zeros(4 * room))
    state.run(1000.0)
    assert (state.links.count == room).all()
    state.change(np.arange(4), capacity=Q)
    return state, room


def test_a_full_ring_stands_still():
    state, _ = full_ring(np.inf)
    before = state.links.left.sum()
    assert len(state.run(20_000.0)) == 0
    assert state.links.left.sum() == before
    assert state.released == 0


def test_a_full_ring_is_released_and_counted():
    state, room = full_ring(300.0)
    assert len(state.run(20_000.0)) == 4 * room
    assert state.released > 0
    assert state.on_road == state.waiting == 0


@st.composite
def cases(draw):
    """Small networks full of short links and random walks over them."""
    nodes = draw(st.integers(2, 5))
    ends = [(a, b) for a in range(nodes) for b in range(nodes) if a != b]
    chosen = draw(st.lists(st.sampled_from(ends), min_size=2, max_size=10, unique=True))
    tail, head = np.array(chosen).T
    numbers = {
        name: draw(st.lists(st.sampled_from(values), min_size=len(chosen), max_size=len(chosen)))
        for name, values in {
            "length": (20.0, 73.0, 310.0),
            "speed": (8.3, 13.9),
            "lanes": (1, 2),
            "capacity": (0.1, 0.5, 1.0),
            "red": (False, True),
            "rule": (ANY_TIME, GIVE_WAY, ALL_WAY),
        }.items()
    }
    routes = []
    for _ in range(draw(st.integers(1, 60))):
        link = draw(st.integers(0, len(chosen) - 1))
        route = [link]
        for _ in range(draw(st.integers(0, 5))):
            onward = np.flatnonzero(tail == head[route[-1]])
            if not len(onward):
                break
            route.append(int(draw(st.sampled_from(onward.tolist()))))
        routes.append(route)
    departures = draw(st.lists(st.integers(0, 119_999), min_size=len(routes), max_size=len(routes)))
    return tail, head, numbers, routes, np.array(departures) / 1000.0, draw(st.sampled_from([60.0, 200.0, np.inf]))


def all_against_all(tail, head, rule):
    """Each movement gives way to all from the other links that end where its own does, also where that goes in a circle."""
    movements = [(m, n) for m in range(len(tail)) for n in range(len(tail)) if tail[n] == head[m]]
    ptr, conflicts = [0], []
    for m, _ in movements:
        if rule[m] == GIVE_WAY:
            conflicts += [i for i, (other, _) in enumerate(movements) if other != m and head[other] == head[m]]
        elif rule[m] == ALL_WAY:
            conflicts += [~o if o % 2 else o for o in range(len(tail)) if o != m and head[o] == head[m]]
        ptr.append(len(conflicts))
    link, onto = np.array(movements, int).reshape(-1, 2).T
    return Rules.of(rule, link, onto, 5.0 + link % 3, 1.0 + onto % 3, ptr, conflicts)


def build(case):
    tail, head, numbers, *_, stuck = case
    rules = all_against_all(tail, head, numbers["rule"])
    state = State.of(
        numbers["length"], numbers["speed"], numbers["lanes"], numbers["capacity"], stuck=stuck, rules=rules
    )
    red = np.flatnonzero(numbers["red"])
    state.change(red, cycle=60.0, green_from=7.0, green_for=20.0)
    return state


def simulate(case, window, stop=1200.0):
    """Everything that happened: arrivals, counts per link, the state at the end. Trips come window by window."""
    *_, routes, departures, _ = case
    state, arrivals, done = build(case), [], 0
    order = np.lexsort((np.arange(len(routes)), departures))
    while state.now < stop:
        until = np.searchsorted(departures[order], state.now + window)
        new = order[done:until]
        done = until
        if len(new):
            add(state, [routes[i] for i in new], departures[new], keys=new)
        arrivals.append(state.run(state.now + window).copy())
        if window == 10.0:
            check(state, case, done)
        if state.now == 600.0:  # a change on the way
            state.change([0], capacity=0.3, cycle=0.0, green_from=0.0, green_for=0.0, rule=GIVE_WAY)
    return np.concatenate(arrivals), state


def ring(state, m):
    """Keys of the vehicles on link m, first in front."""
    link = state.links[m]
    at = (link.first + np.arange(link.count)) % link.room
    return state.cars.key[state.slots.car[link.slots + at]].tolist()


def check(state, case, started):
    links = state.links
    assert (links.count <= links.room).all()
    assert (links.count >= 0).all()
    assert links.count.sum() == state.on_road
    assert started == state.on_road + state.waiting + state.counts[6]
    assert len(state.positions(False)[0]) == state.on_road


@settings(max_examples=40, deadline=None)
@given(cases())
def test_windows_storage_and_conservation(case):
    expected, reference = simulate(case, 10.0)
    for window in (60.0, 600.0):
        arrivals, state = simulate(case, window)
        for name in arrivals.dtype.names:
            assert (arrivals[name] == expected[name]).all()
        for name in ("count", "entered", "left", "time_spent", "last_exit", "tokens", "virtual", "queued"):
            assert (state.links[name] == reference.links[name]).all()
        assert (state.counts[[5, 6, 7, 8, 9, 10, NOW]] == reference.counts[[5, 6, 7, 8, 9, 10, NOW]]).all()
    _, _, numbers, routes, departures, _ = case
    free = np.array(numbers["length"]) / np.array(numbers["speed"])
    if reference.released == 0:
        for key, time in zip(expected["key"], expected["time"], strict=True):
            assert time - departures[key] >= free[routes[key]].sum() - 1e-9


@settings(max_examples=20, deadline=None)
@given(cases())
def test_first_in_first_out_on_every_link(case):
    *_, routes, departures, _ = case
    state = build(case)
    add(state, routes, departures)
    overtaken = 0
    while state.now < 200.0:
        before = [ring(state, m) for m in range(len(state.links))]
        state.run(state.now + 1.0)  # too short to drive over another link and come back
        for m, old in enumerate(before):
            now = ring(state, m)
            left = sum(key in now for key in old)
            overtaken += old[len(old) - left :] != now[:left]
    assert overtaken == 0


@settings(max_examples=20, deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_plays_no_part(case, random):
    *_, routes, departures, _ = case
    order = list(range(len(routes)))
    found = []
    for _ in range(2):
        state = build(case)
        add(state, [routes[i] for i in order], departures[order], keys=np.array(order))
        found.append((state.run(1200.0).copy(), state.links.copy()))
        random.shuffle(order)
    assert (found[0][0] == found[1][0]).all()
    assert all((found[0][1][name] == found[1][1][name]).all() for name in ("entered", "left", "time_spent", "count"))


def test_storage_is_obeyed_as_given():
    """Whole vehicles, one at least; and what fits passes: storage / (length / u + length / w) vehicles per second."""
    state = network((500, Q), (500, Q), storage=[10.9, 0.3])
    assert state.links.room.tolist() == [10, 1]
    state = network((500, Q), storage=[10])
    add(state, [[0]] * 200, np.zeros(200))
    arrivals = state.run(1000.0)
    assert len(arrivals) > 60
    assert state.links.count[0] <= 10
    # the tenth vehicle before has to leave, and its gap to reach the tail, before the next may enter
    assert arrivals.time[10:] == pytest.approx(arrivals.time[:-10] + 125.0, rel=0, abs=1e-9)


def test_storage_that_nobody_fills_takes_no_part():
    plain, roomy = network((500, 0.4)), network((500, 0.4), storage=[10_000])
    for state in (plain, roomy):
        add(state, [[0]] * 90, np.arange(90.0))
    assert (plain.run(900.0) == roomy.run(900.0)).all()


def test_vehicle_slots_and_routes_are_used_again():
    state = network((100, Q), (100, Q))
    for i in range(3000):
        add(state, [[0, 1]] * 10, state.now + np.arange(10) * 2.0, keys=np.arange(10) + 10 * i)
        state.run(state.now + 60.0)
    assert state.counts[6] == 30_000 - state.on_road - state.waiting
    assert len(state.cars) <= 256
    assert len(state.route) <= 2048


def test_a_closed_link_takes_nobody_in_until_it_opens():
    state = network((200, Q), (200, Q))
    add(state, [[0, 1]] * 5, np.zeros(5))
    state.change([1], closed=True)
    assert len(state.run(500.0)) == 0
    assert state.links.count[0] == 5
    state.change([1], closed=False)
    arrivals = state.run(1000.0)
    assert arrivals.time.min() == pytest.approx(510.0)
    assert len(arrivals) == 5


def test_a_signal_that_goes_dark_lets_the_waiting_go_at_reduced_capacity():
    state = network((200, Q), (200, 2.0))
    state.change([0], cycle=1000.0, green_from=900.0, green_for=50.0)
    add(state, [[0, 1]] * 5, np.zeros(5))
    state.run(100.0)
    state.change([0], cycle=0.0, capacity=Q / 2)
    assert state.run(2000.0).time == pytest.approx(110 + 2.5 * np.arange(5))


def test_live_travel_time():
    state = network((200, Q), (200, Q))
    add(state, [[0, 1]] * 3, np.zeros(3))
    assert (state.travel_times() == 10.0).all()
    state.change([0], capacity=0.0)
    state.run(60.0)
    assert state.travel_times()[0] == pytest.approx(60.0)  # the one in front has been there for a minute
    assert state.standing()[0] == 3
    state.change([0], capacity=Q)
    state.run(70.0)
    assert state.travel_times()[0] == pytest.approx(60.0, abs=5)  # the mean of those that left
    state.run(200.0)
    assert state.travel_times().tolist() == pytest.approx([10.0, 10.0])


def test_positions():
    state = network((200, Q), (200, Q), (200, Q))
    state.change([0], capacity=0.0)
    add(state, [[0, 1, 2]] * 3, np.array([0.0, 5.0, 27.0]))
    state.run(30.0)
    link, fraction, key = state.positions(inner_only=False)
    assert link.tolist() == [0, 0, 0]
    assert key.tolist() == [0, 1, 2]
    assert fraction == pytest.approx([1.0, 1 - 1 / 40, 60 / 200])
    assert len(state.positions()[0]) == 0
    state.change([0], capacity=Q)
    state.run(35.0)
    assert set(state.positions()[0]) == {1}


def test_wrong_input_is_refused():
    state = network((200, Q))
    for routes, times, text in (([[]], [0.0], "without a link"), ([[1]], [0.0], "unknown"), ([[0]], [-1.0], "before")):
        with pytest.raises(ValueError, match=text):
            add(state, routes, np.array(times))
    with pytest.raises(ValueError, match="tenth"):
        state.run(0.05)


REFERENCE = """
import numpy as np
from agents.vehicles.rules import Rules
from agents.vehicles.state import State
rng = np.random.default_rng(3)
link, onto = np.divmod(np.arange(36), 6)
others = [i for m in link for i in ([6 * o + 1 for o in range(6) if o != m] if m < 4 else [o - 3 for o in range(6) if o != m])]
rules = Rules.of([0, 2, 2, 2, 3, 3], link, onto, 4.0 + onto, 1.0 + link, 5 * np.arange(37), others)
state = State.of([50.0] * 6, [10.0] * 6, [1, 2, 1, 1, 1, 1], [0.5] * 6, stuck=60.0, rules=rules)
state.change([1], cycle=60.0, green_from=50.0, green_for=20.0)
routes = rng.integers(0, 6, (150, 4)).astype(np.int32)
state.add(np.arange(150), np.sort(rng.random(150) * 200), np.arange(151) * 4, routes.ravel())
for stop in (60.0, 300.0, 900.0):
    arrivals = state.run(stop)
    print([(int(a.key), float(a.time).hex()) for a in arrivals], state.travel_times(0.5).tolist(), state.released)
    print(state.positions(False)[1].tolist(), state.standing().tolist(), state.counts.tolist())
"""


def test_compiled_equals_plain_python():
    outputs = [
        subprocess.run(
            [sys.executable, "-c", REFERENCE],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "NUMBA_DISABLE_JIT": flag},
        ).stdout
        for flag in "01"
    ]
    assert Counter(outputs[0])["\n"] == 6
    assert outputs[0] == outputs[1]
