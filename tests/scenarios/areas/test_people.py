"""Households keep the statistics they were fitted to; places are never filled beyond their capacity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.areas.commuting import assign
from scenarios.areas.demand import PUPIL, STUDENT, WORKER, Demand
from scenarios.areas.households import BANDS, DUTCH_BANDS, Profile, draw_households, fit
from scenarios.areas.people import make_people
from scenarios.areas.places import ambulances


def drawn(profile: Profile, dwellings: int = 30_000, citizens: int | None = None):
    homes, persons = draw_households(
        np.ones(dwellings, np.int64), np.zeros(dwellings, np.int64), [profile], 4, [citizens] if citizens else None
    )
    shares = np.bincount(np.digitize(persons["age"], BANDS[1:]), minlength=5) / len(persons["age"])
    return homes, persons, shares


@pytest.mark.parametrize(
    "profile",
    [
        Profile(),
        Profile((0.09, 0.29, 0.34, 0.16, 0.12), 1.89),
        Profile((0.22, 0.12, 0.26, 0.28, 0.12), 2.6),
        Profile((0.11, 0.10, 0.18, 0.25, 0.36), 1.8),
    ],
)
def test_households_meet_bands_and_size(profile: Profile) -> None:
    homes, _, shares = drawn(profile)
    assert homes["size"].mean() == pytest.approx(profile.size, rel=1e-3)
    assert shares == pytest.approx(np.array(profile.bands) / sum(profile.bands), abs=1e-4)


def test_fit_is_a_distribution() -> None:
    table = fit(Profile(DUTCH_BANDS, 2.13))
    assert table.shape == (6, 7)
    assert table.sum() == pytest.approx(1.0)
    assert (table >= 0).all()


def test_number_of_citizens_is_exact() -> None:
    for citizens in (1, 999, 40_000):
        homes, persons, _ = drawn(Profile(), 10_000, citizens)
        assert len(persons["age"]) == citizens == homes["size"].sum()
    assert (np.bincount(homes["building"]) >= 1).all()


@pytest.mark.parametrize("citizens", [100, 2_700, 6_000])
def test_everybody_has_luck_of_their_own_however_crowded(citizens: int) -> None:
    """Also where several households share each of the 300 dwellings, as in a shelter."""
    _, persons = draw_households(np.full(100, 3), np.zeros(100, np.int64), [Profile()], 1, [citizens])
    assert len(np.unique(persons["key"])) == len(persons["key"]) == citizens


def test_a_household_of_children_has_an_adult() -> None:
    homes, persons, _ = drawn(Profile())
    oldest = np.zeros(len(homes["size"]))
    np.maximum.at(oldest, persons["household"], persons["age"])
    assert oldest.min() >= 18


@settings(max_examples=25, deadline=None)
@given(people=st.integers(0, 400), slots=st.integers(0, 300), seed=st.integers(0, 1000))
def test_no_slot_is_given_twice_and_none_stays_empty_while_people_wait(people: int, slots: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    zones, groups = rng.random((5, 2)) * 5000, rng.random((4, 2)) * 5000
    zone, group = rng.integers(0, 5, people), rng.integers(0, 4, slots)
    found = assign(zone, zones, np.arange(slots) + 7, group, groups, 1500.0, seed, "test", np.arange(people))
    given_ = found[found >= 0]
    assert len(np.unique(given_)) == len(given_) == min(people, slots)


def test_nearer_places_are_taken_more_often() -> None:
    zones = np.array([[0.0, 0.0], [10_000.0, 0.0]])
    zone = np.repeat([0, 1], 500)
    group = np.repeat([0, 1], 600)
    found = assign(zone, zones, np.arange(1200), group, zones, 2000.0, 1, "test", np.arange(1000))
    assert (group[found[:500]] == 0).mean() > 0.9


@pytest.mark.parametrize(("citizens", "posts", "total"), [(1_000, 1, 2), (20_000, 2, 2), (280_000, 5, 10)])
def test_ambulances(citizens: int, posts: int, total: int) -> None:
    assert ambulances(citizens, posts).sum() == total
    assert ambulances(citizens, posts).min() >= 1


def test_pupils_without_a_place_leave_by_near_gateways_and_workers_by_busy_ones() -> None:
    n, none = 1_000, np.zeros(0, np.int64)
    buildings = {
        "x": np.zeros(n),
        "y": np.zeros(n),
        "zone": np.zeros(n, np.int64),
        "dwellings": np.ones(n, np.int64),
        "use": np.full(n, "house", object),
    }
    demand = Demand(
        buildings,
        [Profile()],
        np.zeros(n, np.int64),
        (none, none),
        (none, none, none),
        np.array(["motorway", "tertiary"], object),
        np.zeros((2, 2)),
        np.array([38_000.0, 8_000.0]),
        np.zeros((1, 2)),
        ["A"],
    )
    _, people, _ = make_people(demand, 1)
    out = {o: people["main"][people["resident"] & (people["occupation"] == o)] - n for o in (PUPIL, STUDENT, WORKER)}
    busy = 25_000 / 26_200
    near = 1_200 * np.exp(30 / 5) / (1_200 * np.exp(30 / 5) + 25_000)
    for who, expected in ((PUPIL, 1 - near), (STUDENT, busy), (WORKER, busy)):
        assert len(out[who]) > 50
        assert out[who].min() >= 0
        se = np.sqrt(expected * (1 - expected) / len(out[who]))
        assert abs((out[who] == 0).mean() - expected) < 4 * se
