"""The fastest ways by timetable, beside a search that tries everything."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.connections import Connections

STOPS, CHANGE = 6, 2


def csr(*rows):
    """CSR of lists of (stop, s)."""
    first = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
    flat = [pair for row in rows for pair in row]
    return first, np.array([p[0] for p in flat], np.int32), np.array([p[1] for p in flat], np.int64)


def timetable(runs, walks=()):
    """Connections of runs, each a list of (stop, arrival, departure)."""
    rows = [(a[2], b[1], a[0], b[0], k) for k, calls in enumerate(runs) for a, b in pairwise(calls)]
    columns = list(zip(*rows, strict=True)) if rows else [[]] * 5
    foot = list(zip(*walks, strict=True)) if walks else [[]] * 3
    return Connections(STOPS, *columns, foot=tuple(foot), change_s=CHANGE)


def by_trying(runs, walks, leave, access, egress, foot):
    """Earliest arrival by relaxing every ride of every run until nothing changes; None where no way leads."""
    at_stop = {}  # stop -> when one can board there
    for stop, s in access:
        at_stop[stop] = min(at_stop.get(stop, 10**9), leave + s)
    best = leave + foot if foot is not None else 10**9
    changed = True
    while changed:
        changed = False
        for calls in runs:
            for i, (stop, _, departs) in enumerate(calls):
                if at_stop.get(stop, 10**9) > departs:
                    continue
                for off, arrives, _ in calls[i + 1 :]:
                    for goal, s in egress:
                        best = min(best, arrives + s) if goal == off else best
                    reached = [(off, arrives + CHANGE)] + [(b, arrives + s) for a, b, s in walks if a == off]
                    for there, time in reached:
                        if time < at_stop.get(there, 10**9):
                            at_stop[there], changed = time, True
    return None if best >= 10**9 else best


stops = st.integers(0, STOPS - 1)
pairs = st.lists(st.tuples(stops, st.integers(0, 12)), max_size=3)


@st.composite
def run(draw):
    calls, now = [], draw(st.integers(0, 60))
    for stop in draw(st.lists(stops, min_size=2, max_size=5)):
        arrives = now + draw(st.integers(0, 9))
        now = arrives + draw(st.integers(0, 4))
        calls.append((stop, arrives, now))
    return calls


@given(
    st.lists(run(), max_size=8),
    st.lists(st.tuples(stops, stops, st.integers(0, 9)), max_size=4),
    st.lists(
        st.tuples(st.integers(0, 70), pairs, pairs, st.one_of(st.none(), st.integers(0, 90))), min_size=1, max_size=4
    ),
)
@settings(max_examples=400, deadline=None)
def test_the_fastest_way_is_that_of_trying_everything(runs, walks, asked):
    found = timetable(runs, walks)
    answers = found.ways(
        [a[0] for a in asked],
        csr(*(a[1] for a in asked)),
        csr(*(a[2] for a in asked)),
        [-1 if a[3] is None else a[3] for a in asked],
    )
    for i, (leave, access, egress, foot) in enumerate(asked):
        wanted = by_trying(runs, walks, leave, access, egress, foot)
        assert answers.arrival[i] == (-1 if wanted is None else wanted)
        # the rides are a way that can be gone
        now, reachable = leave, {stop: leave + s for stop, s in sorted(access, key=lambda p: -p[1])}
        for k in range(answers.first[i], answers.first[i + 1]):
            board, alight = answers.board[k], answers.alight[k]
            assert found.trip[board] == found.trip[alight]
            assert reachable[found.start[board]] <= found.departure[board]
            now, off = found.arrival[alight], found.end[alight]
            assert now >= found.departure[board]
            reachable = {b: now + s for a, b, s in sorted(walks, key=lambda w: -w[2]) if a == off}
            reachable[off] = min(reachable.get(off, 10**9), now + CHANGE)
        if answers.first[i + 1] > answers.first[i]:
            assert min(now + s for stop, s in egress if stop == off) == wanted


def test_a_night_train_is_missed_by_a_second():
    line = [[(0, 100, 100), (1, 160, 170), (2, 200, 200)], [(3, 200, 203), (4, 300, 300)]]
    day = timetable(line, walks=[(2, 3, 3)])
    access, egress = csr([(0, 0)], [(0, 1)]), csr([(4, 5)], [(4, 5)])
    found = day.ways([100, 100], access, egress)
    assert found.arrival.tolist() == [305, -1]
    assert found.first.tolist() == [0, 2, 2]
    assert (day.start[found.board].tolist(), day.end[found.alight].tolist()) == ([0, 3], [2, 4])


def test_who_is_at_a_stop_already_loses_nothing_by_a_ride_that_ends_there_before_the_change():
    day = timetable([[(0, 50, 50), (1, 100, 100)], [(1, 101, 101), (2, 110, 110)]])
    found = day.ways([0], csr([(0, 40), (1, 101)]), csr([(2, 0)]))
    assert found.arrival.tolist() == [110]
    assert day.start[found.board].tolist() == [1]  # the ride before it, with a change of 2 s, would come too late


def test_no_timetable_leaves_ones_feet():
    found = timetable([]).ways([10, 10], csr([], []), csr([], []), [7, -1])
    assert found.arrival.tolist() == [17, -1]


def test_a_connection_that_arrives_before_it_departs_is_refused():
    with pytest.raises(ValueError, match="arrives before it departs"):
        Connections(2, [10], [9], [0], [1], [0], foot=([], [], []))
