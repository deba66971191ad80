"""Vehicles and passengers, moment by moment: small cases that can be worked out by hand, and laws that always hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.transit import kernels as k
from agents.transit.state import State
from tests.agents.transit.lines import served
from twin.timetable import SLOTS

TUESDAY = 1
DWELL = 15_000


def state_of(runs, places=75, driven=False, people=40, each=1.0, **services: Any) -> State:
    """The vehicles of a day; `driven`: somebody else tells when they arrive."""
    area = served(runs, places=places, people=people, **services)
    area.facts["represents"] = each
    state = State(area, DWELL)
    state.begin_day(0, TUESDAY, np.full(len(runs), driven))
    return state


def travel(state, who, at_s, *rides, walk=(0,), egress=0):
    """A passenger sets out: rides are (run, call of it, call of it) of day 0."""
    calls = [(int(state.first[r]) + a, int(state.first[r]) + b) for r, a, b in rides]
    board, alight = (np.array(side) for side in zip(*calls, strict=True))
    one = np.array([who])
    state.ask(one, 1000 * np.array([at_s]), np.array([9]), np.array([1]))
    first = np.array([0, len(rides)])
    state.set_out(one, 1000 * np.array([at_s]), first, board, alight, np.array(walk), np.array([egress]))


def home(state, until_s):
    """Who is at the goal before, and at which second."""
    who, time = state.move(1000 * until_s)
    return sorted(zip(who.tolist(), (time / 1000).tolist(), strict=True))


LINE = [[(0, 100, 100), (1, 160, 170), (2, 230, 230)], [(0, 400, 400), (1, 460, 470), (2, 530, 530)]]


def test_a_ride_takes_what_the_timetable_says():
    state = state_of(LINE)
    travel(state, 3, 40, (0, 0, 2), walk=(30,), egress=25)
    assert home(state, 1000) == [(3, 255.0)]
    assert state.sums[k.WAIT_MS] == 30_000
    assert state.sums[k.CALLED] == 4  # two runs; nobody arrives at a first stop
    assert (state.sums[k.LATE_MS], state.sums[k.ENDED]) == (0, 2)
    assert state.counted() == (0, 0)


def test_of_three_who_wait_for_two_places_the_last_to_come_is_left_behind():
    state = state_of(LINE, places=2)
    for who, at in ((7, 10), (5, 30), (6, 20)):
        travel(state, who, at, (0, 0, 2))
    assert home(state, 300) == [(6, 230.0), (7, 230.0)]
    assert state.again.tolist() == [5]
    assert state.sums[k.LEFT_BEHIND] == 1
    assert state.peak[0] == 1.0
    state.again = state.again[:0]
    travel(state, 5, 300, (1, 0, 2))  # he takes the next one
    assert home(state, 1000) == [(5, 530.0)]


def test_those_who_come_at_one_moment_get_in_by_their_number():
    state = state_of(LINE, places=1)
    for who in (8, 2, 5):
        travel(state, who, 50, (0, 0, 1))
    assert home(state, 300) == [(2, 160.0)]
    assert state.again.tolist() == [5, 8]


def test_places_come_free_where_somebody_gets_off():
    state = state_of(LINE, places=1)
    travel(state, 1, 0, (0, 0, 1))
    travel(state, 2, 0, (0, 1, 2))
    assert home(state, 1000) == [(1, 160.0), (2, 230.0)]


@pytest.mark.parametrize(("walk", "arrives"), [(40, True), (41, False)])
def test_a_connection_is_missed_by_one_second(walk, arrives):
    runs = [[(0, 100, 100), (1, 160, 160)], [(2, 200, 200), (3, 300, 300)]]
    state = state_of(runs)
    travel(state, 4, 0, (0, 0, 1), (1, 0, 1), walk=(0, walk))
    assert home(state, 1000) == ([(4, 300.0)] if arrives else [])
    assert (state.sums[k.MISSED], state.again.tolist()) == ((0, []) if arrives else (1, [4]))


def test_who_is_told_late_arrives_late_and_leaves_late():
    state = state_of(LINE, driven=True)
    travel(state, 1, 0, (0, 0, 2))
    travel(state, 2, 172, (0, 1, 2))  # by the timetable it would be gone
    state.moments(np.array([200_000]), k.ARRIVE, np.array([0]))  # 40 s late
    home(state, 215)
    assert state.runs.load[0] == 1, "it stands for 15 s"
    assert home(state, 216) == []
    assert state.runs.load[0] == 2  # it left at 200 + 15 s
    state.moments(np.array([300_000]), k.ARRIVE, np.array([0]))
    assert home(state, 400) == [(1, 300.0), (2, 300.0)]
    assert state.sums[k.LATE_MS] == 40_000 + 70_000
    assert state.counted() == (0, 1)


def test_who_is_told_early_does_not_leave_early():
    state = state_of(LINE, driven=True)
    state.moments(np.array([120_000]), k.ARRIVE, np.array([0]))
    home(state, 170)
    assert not state.runs.moving[0]
    home(state, 171)
    assert state.runs.moving[0]
    assert state.sums[k.LATE_MS] == 0


def test_a_delay_of_the_timetables_own_vehicles_is_kept():
    state = state_of(LINE)
    state.hop[0] += 60_000  # the first hop takes a minute more; it stands for 10 s all the same
    travel(state, 1, 0, (0, 0, 2))
    assert home(state, 1000) == [(1, 290.0)]


def test_services_after_midnight_run_the_night_after_their_day():
    night = [[(0, 86_300, 86_300), (1, 86_500, 86_500), (2, 86_600, 86_600)]]
    state = state_of(night)
    assert state.began == 2  # on the first day also the run of the night before, from its second stop
    yesterday = 2 * len(night)  # slot of day -1
    assert state.runs.call[yesterday] == 1
    assert home(state, 86_400) == []
    assert state.sums[k.ENDED] == 1
    state.begin_day(1, TUESDAY + 1, np.zeros(1, bool))
    home(state, 86_700)
    assert state.sums[k.ENDED] == 2


def test_services_run_on_their_days_only():
    state = state_of(LINE, days=[1 << TUESDAY, 1 << 5])
    assert state.began == 1
    assert home(state, 1000) == []
    assert state.sums[k.ENDED] == 1


def test_in_a_sample_each_passenger_takes_the_places_of_all_whom_he_stands_for():
    assert state_of(LINE, places=75, each=20.0).capacity.tolist() == [3, 3]
    assert state_of(LINE, places=75, each=100.0).capacity.tolist() == [1, 1]


# -- laws ------------------------------------------------------------------------------------------------------------


@st.composite
def days(draw):
    """Runs, and passengers with rides along them in the order of time, whether they can be caught or not."""
    runs = []
    for _ in range(draw(st.integers(1, 4))):
        now, calls = draw(st.integers(0, 200)), []
        for stop in draw(st.lists(st.integers(0, 3), min_size=2, max_size=5)):
            leave = now + draw(st.integers(0, 30))
            calls.append((stop, now, leave))
            now = leave + draw(st.integers(0, 90))
        runs.append(calls)
    passengers = []
    for who in range(draw(st.integers(0, 12))):
        rides = []
        for _ in range(draw(st.integers(1, 3))):
            run = draw(st.integers(0, len(runs) - 1))
            a = draw(st.integers(0, len(runs[run]) - 2))
            rides.append((run, a, draw(st.integers(a + 1, len(runs[run]) - 1))))
        walks = tuple(draw(st.lists(st.integers(0, 120), min_size=len(rides), max_size=len(rides))))
        passengers.append((who, draw(st.integers(0, 300)), rides, walks, draw(st.integers(0, 60))))
    return runs, passengers, draw(st.integers(1, 3))


def replayed(case, windows, compiled=True):
    """Run a case in windows that end at those seconds; the state, and who was home when."""
    runs, passengers, places = case
    state, seen = state_of(runs, places=places), []
    for who, at, rides, walk, egress in passengers:
        travel(state, who, at, *rides, walk=walk, egress=egress)
    kernel = k.run
    if not compiled:
        names = ("arrive", "board", "join", "push", "pop", "leaves")
        old = {name: getattr(k, name) for name in (*names, "run")}
        for name, function in old.items():
            setattr(k, name, function.py_func)
    try:
        for stop in windows:
            seen += home(state, stop)
            assert (state.runs.load <= places).all()
            assert (state.runs.load >= 0).all()
    finally:
        if not compiled:
            for name, function in old.items():
                setattr(k, name, function)
    assert k.run is kernel
    return state, sorted(seen)


def content(state):
    """All that a state holds, to compare."""
    kept = state.saved()
    order = np.lexsort(kept["moments"][::-1])
    return [
        *(moments[order].tolist() for moments in kept["moments"]),
        state.sums.tolist(),
        state.by_line.tolist(),
        state.again.tolist(),
        state.runs.tolist(),
        state.lists.first.tolist(),
        state.peak.tolist(),
    ]


@given(days())
@settings(max_examples=150, deadline=None)
def test_nobody_is_lost_and_nobody_boards_before_he_is_there(case):
    state, seen = replayed(case, (2000,))
    passengers, runs = state.counted()
    assert state.asked == len(seen) + passengers
    assert runs == 0
    assert state.sums[k.ENDED] == len(case[0])
    assert state.sums[k.WAIT_MS] >= 0
    assert (state.lists.riders == -1).all()
    for who, time in seen:
        _, at, rides, walk, egress = case[1][who]
        now = at
        for (run, a, b), on_foot in zip(rides, walk, strict=True):
            assert now + on_foot <= case[0][run][a][2]
            now = case[0][run][b][1]
        assert time == now + egress


@given(days(), st.lists(st.integers(1, 900), max_size=4))
@settings(max_examples=100, deadline=None)
def test_windows_do_not_matter_but_for_who_looks_for_another_way_when(case, cuts):
    whole, at_once = replayed(case, (2000,))
    parts, bit_by_bit = replayed(case, (*sorted(cuts), 2000))
    assert at_once == bit_by_bit
    a, b = content(whole), content(parts)
    a[4], b[4] = sorted(a[4]), sorted(b[4])
    assert a == b


@given(days())
@settings(max_examples=40, deadline=None)
def test_the_kernel_is_what_its_python_says(case):
    (a, seen), (b, seen_too) = replayed(case, (300, 2000)), replayed(case, (300, 2000), compiled=False)
    assert seen == seen_too
    assert content(a) == content(b)


def test_runs_are_numbered_by_slot():
    assert len(state_of(LINE).runs) == SLOTS * len(LINE)
