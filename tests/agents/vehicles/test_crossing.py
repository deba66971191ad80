"""Gaps, all-way stops and what breaks them, against closed forms and exact moments."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from agents.vehicles.crossing import ALL_WAY, ANY_TIME, GIVE_WAY, HEADWAYS, STOPPING
from agents.vehicles.rules import Rules
from agents.vehicles.state import State
from twin.draws import stream, uniforms

GAP, FOLLOW = 6.5, 4.0
MAJOR, MINOR, AHEAD, BEYOND = range(4)


def junction(gap=GAP, follow=FOLLOW, onto=BEYOND, ahead=1000.0, **options):
    """Link 0 leads onto link 2, link 1 onto `onto` and gives way to link 0; all links let pass what comes but for that."""
    rules = Rules.of(
        [ANY_TIME, GIVE_WAY, ANY_TIME, ANY_TIME],
        [MAJOR, MINOR],
        [AHEAD, onto],
        [0.0, gap],
        [0.0, follow],
        [0, 0, 1],
        [0],
    )
    many = np.full(4, 100_000.0)
    capacity = [1000.0, 1000.0, ahead, 1000.0]
    return State.of(
        [100.0] * 4, [20.0] * 4, [1] * 4, capacity, storage=many, inflow=many, burst=many, rules=rules, **options
    )


def drive(state, departures, onto=BEYOND):
    """Vehicles from these links at these moments; the link of each."""
    links = np.concatenate([np.full(len(times), link) for link, times in departures.items()])
    times = np.concatenate(list(departures.values()))
    routes = np.stack([links, np.where(links == MAJOR, AHEAD, onto)], 1).ravel()
    state.add(np.arange(len(links)), times, 2 * np.arange(len(links) + 1), routes)
    return links


def poisson(rate, seconds, name):
    draws = uniforms(stream(3, name), np.arange(int(rate * seconds * 1.3 + 50)))
    times = np.cumsum(-np.log(1.0 - draws) / rate)
    return times[times < seconds]


def passages(state, links, link, seconds):
    """When the vehicles of a link passed the junction, s after they could first reach it at time 0."""
    arrivals = state.run(seconds + 10.0)
    return np.sort(arrivals.time[links[arrivals.key] == link]) - 10.0


def test_a_queue_uses_each_gap_as_gap_acceptance_says():
    major = poisson(0.12, 3000.0, "exact")
    state = junction()
    links = drive(state, {MAJOR: major, MINOR: np.arange(0, 3000.0, 2.0)})
    passed = passages(state, links, MINOR, 3000.0)
    expected = [
        start + GAP + FOLLOW * i
        for start, end in pairwise(major)
        for i in range(int(np.floor((end - start - GAP) / FOLLOW)) + 1 if end - start >= GAP else 0)
    ]
    within = (passed > major[0]) & (passed < major[-1])
    assert len(expected) > 200
    assert passed[within] == pytest.approx(expected, rel=0, abs=1e-9)


@pytest.mark.parametrize("rate", [0.05, 0.15, 0.3])
@pytest.mark.parametrize("weight", [1.0, 20.0])
def test_capacity_is_that_of_harders_and_siegloch(rate, weight):
    """c = q exp(-q tc) / (1 - exp(-q tf)); each vehicle of a sample stands for `weight`."""
    seconds = 20_000.0 * weight
    found = []
    for i in range(16):
        state = junction(weight * GAP, weight * FOLLOW)
        major = poisson(rate / weight, seconds, f"capacity {rate} {weight} {i}")
        links = drive(state, {MAJOR: major, MINOR: np.arange(0.0, seconds, weight)})
        found.append(weight * len(passages(state, links, MINOR, seconds)) / seconds)
    exact = rate * np.exp(-rate * GAP) / (1.0 - np.exp(-rate * FOLLOW))
    error = np.std(found, ddof=1) / 4.0
    assert error < 0.01 * exact
    assert abs(np.mean(found) - exact) < 4.0 * error


def test_delay_of_who_comes_alone_is_that_of_adams():
    """(exp(q tc) - 1) / q - tc."""
    rate, seconds, found = 0.15, 200_000.0, []
    for i in range(16):
        state = junction()
        links = drive(state, {MAJOR: poisson(rate, seconds, f"delay {i}"), MINOR: np.arange(100.0, seconds, 100.0)})
        arrivals = state.run(seconds + 500.0)
        late = arrivals.time - arrivals.started - 10.0
        found.append(late[links[arrivals.key] == MINOR].mean())
    exact = (np.exp(rate * GAP) - 1.0) / rate - GAP
    error = np.std(found, ddof=1) / 4.0
    assert error < 0.02 * exact
    assert abs(np.mean(found) - exact) < 4.0 * error


def test_who_has_priority_is_never_held_up():
    major = poisson(0.3, 1000.0, "major")
    state = junction()
    links = drive(state, {MAJOR: major, MINOR: np.arange(0, 1000.0, 2.0)})
    assert passages(state, links, MAJOR, 1000.0) == pytest.approx(major, rel=0, abs=0.1)  # at most its own headway


@pytest.mark.parametrize("lead", [5.0, 0.0, -5.0])
def test_who_comes_at_one_moment_with_a_car_that_turns_off_finds_a_gap(lead):
    """Link 0 leads onto 2, before which link 1 gives way, and onto 3; `lead`: s by which the latter's cars enter sooner.

    So both are looked at in either order within a bucket.
    """
    rules = Rules.of(
        [ANY_TIME, GIVE_WAY, *[ANY_TIME] * 3], [0, 0, 1], [2, 3, 4], [0, 0, GAP], [0, 0, FOLLOW], [0, 0, 0, 1], [0]
    )
    many, length = np.full(5, 100_000.0), [100.0 - min(20.0 * lead, 0.0), 100.0 + max(20.0 * lead, 0.0), *[100.0] * 3]
    for way, late in ((3, 0.0), (2, GAP)):
        state = State.of(length, [20.0] * 5, [1] * 5, [1000.0] * 5, storage=many, inflow=many, burst=many, rules=rules)
        starts = 10.0 + np.array([min(lead, 0.0), 0.001 - max(lead, 0.0)])  # both could leave at 15 s, the latter after
        times = (20.0 * np.arange(50)[:, None] + starts).ravel()
        state.add(np.arange(100), times, 2 * np.arange(101), np.tile([0, way, 1, 4], 50))
        arrivals = state.run(1100.0)
        arrived = np.sort(arrivals.time[arrivals.key % 2 == 1])
        assert arrived == pytest.approx(20.0 * np.arange(50) + 20.0 + late, abs=0.01)


def test_where_all_stand_merges_share():
    """The link ahead takes less than comes: who has priority stands too, and holds nobody up."""
    state = junction(onto=AHEAD, ahead=0.2)
    state.links.room[AHEAD] = 5  # it fills at once
    links = drive(state, {MAJOR: np.arange(0, 2000.0, 2.0), MINOR: np.arange(0, 2000.0, 2.0)}, onto=AHEAD)
    arrivals = state.run(2000.0)
    shares = np.bincount(links[arrivals.key[-200:]])
    assert shares == pytest.approx([100, 100], abs=2)


def test_who_never_finds_a_gap_is_released_and_counted():
    departures = {MAJOR: np.arange(0, 2000.0, 3.0), MINOR: np.array([5.0, 6.0])}
    state = junction()
    drive(state, departures)
    assert state.run(1900.0).key.max() < 666
    assert state.released == 0
    state = junction(stuck=60.0)
    drive(state, departures)
    arrivals = state.run(1900.0)
    late = arrivals[arrivals.key >= 666]
    assert state.released == 2
    assert late.time - late.started == pytest.approx([70.0, 70.0 + 60.0 - 1.0], abs=4.1)


def crossing(approaches, weight=1.0):
    """Links 0-3 from north, east, south, west meet at an all-way stop and lead onto links 4-7; all but some are empty."""
    link, onto = np.repeat(np.arange(4), 4), np.tile(np.arange(4, 8), 4)
    others = [[~j if (i - j) % 2 == 0 else j for j in range(4) if j != i] for i in range(4)]
    rules = Rules.of(
        [ALL_WAY] * 4 + [ANY_TIME] * 4,
        link,
        onto,
        np.zeros(16),
        np.full(16, weight),
        3 * np.arange(17),
        np.concatenate([others[i] for i in link]),
    )
    state = State.of([100.0] * 8, [20.0] * 8, [1] * 8, [10.0] * 8, storage=np.full(8, 1e5), rules=rules)
    times = np.tile(np.arange(0, 1000.0, 0.5), len(approaches))
    links = np.repeat(np.array(approaches, int), 2000)
    state.add(
        np.arange(len(links)), times, 2 * np.arange(len(links) + 1), np.stack([links, 4 + (links + 2) % 4], 1).ravel()
    )
    return state


@pytest.mark.parametrize(
    ("approaches", "case"), [([0], 0), ([0, 2], 1), ([0, 1], 2), ([0, 1, 2], 3), ([0, 1, 2, 3], 4), ([1, 0, 3, 2], 4)]
)
@pytest.mark.parametrize("weight", [1.0, 5.0])
def test_an_all_way_stop_lets_out_one_per_headway_of_its_case(approaches, case, weight):
    state = crossing(approaches, weight)
    state.run(100.0)
    before = state.links.left.copy()
    state.run(900.0)
    expected = np.isin(np.arange(4), approaches) * 800.0 / (weight * HEADWAYS[case])
    assert (state.links.left - before)[:4] == pytest.approx(expected, rel=0, abs=1.0)


def test_who_cannot_go_on_from_an_all_way_stop_holds_nobody_up():
    """From east nobody gets beyond the line, since the street ahead is shut; from north they go as if alone."""
    state = crossing([0, 1])
    state.change(np.array([4 + 3]), closed=True)
    state.run(100.0)
    before = state.links.left.copy()
    state.run(900.0)
    assert (state.links.left - before)[:2] == pytest.approx([800.0 / HEADWAYS[0], 0.0], rel=0, abs=1.0)


def test_who_comes_alone_to_an_all_way_stop_stops_and_goes():
    state = crossing([])
    state.add([1, 2], [0.0, 60.0], [0, 2, 4], [0, 6, 1, 7])
    arrivals = state.run(200.0)
    assert arrivals.time - arrivals.started == pytest.approx([10.0 + HEADWAYS[0] + STOPPING] * 2, rel=0, abs=1e-9)


def test_a_rule_holds_from_when_the_signal_goes_dark_until_it_comes_back():
    state = crossing([0, 1, 2, 3])
    approaches = np.arange(4)
    state.change(approaches, cycle=60.0, green_from=0.0, green_for=60.0)
    left = []
    for dark in (False, True, False):
        state.change(approaches, cycle=0.0 if dark else 60.0)
        before = state.links.left[:4].sum()
        state.run(state.now + 96.0)
        left.append(state.links.left[:4].sum() - before)
    assert left[1] == pytest.approx(40, abs=4)
    assert min(left[0], left[2]) > 400


def test_a_state_that_was_saved_goes_on_with_who_passed_last():
    ends = []
    for cut in (False, True):
        state = junction()
        drive(state, {MAJOR: poisson(0.15, 600.0, "saved"), MINOR: np.arange(0, 600.0, 3.0)})
        state.run(300.0)
        if cut:
            kept, state = state.saved(), junction()
            state.restore(kept)
        ends.append(state.run(900.0).copy())
    assert (ends[0] == ends[1]).all()


def test_movements_of_a_link_stand_together():
    with pytest.raises(ValueError, match="together"):
        Rules.of([1, 1], [0, 1, 0], [1, 0, 0], np.zeros(3), np.zeros(3), np.zeros(4, int), [])
