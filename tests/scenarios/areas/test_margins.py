"""Published totals are met to the person, and what is known of the odds between persons is kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.areas import margins
from scenarios.areas.households import BANDS, to_bands


def some(n: int, groups: int, seed: int):
    rng = np.random.default_rng(seed)
    return rng.random(n), rng.integers(0, groups, n), rng.random(n)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 400), groups=st.integers(1, 6), seed=st.integers(0, 10_000), share=st.floats(0.0, 1.0))
def test_a_margin_is_met_to_the_person(n: int, groups: int, seed: int, share: float) -> None:
    chance, group, luck = some(n, groups, seed)
    count = np.bincount(group, minlength=groups)
    target = np.floor(share * count)
    chosen = margins.draw(chance, group, target, luck)
    assert np.abs(np.bincount(group, chosen, groups) - target).max() <= 1


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 400), groups=st.integers(1, 6), seed=st.integers(0, 10_000))
def test_without_a_margin_the_sum_of_chances_is_met(n: int, groups: int, seed: int) -> None:
    chance, group, luck = some(n, groups, seed)
    chosen = margins.choose(chance, group, luck)
    assert np.abs(np.bincount(group, chosen, groups) - np.bincount(group, chance, groups)).max() <= 1.0


def test_odds_ratios_are_kept() -> None:
    chance = np.array([0.1, 0.5, 0.9])
    moved = margins.meet(chance, np.zeros(3, np.int64), np.array([2.0]))
    assert moved.sum() == pytest.approx(2.0)
    odds, before = moved / (1 - moved), chance / (1 - chance)
    assert odds / odds[0] == pytest.approx(before / before[0])


def test_the_certain_stay_and_what_is_unknown_is_left_alone() -> None:
    chance, group = np.array([0.0, 1.0, 0.5, 0.2, 0.7]), np.array([0, 0, 0, 1, 1])
    moved = margins.meet(chance, group, np.array([5.0, np.nan]))
    assert moved[:2].tolist() == [0.0, 1.0]
    assert moved[2] == pytest.approx(1.0, abs=1e-6)
    assert moved[3:] == pytest.approx(chance[3:])


def test_each_is_chosen_as_often_as_the_chance_says() -> None:
    chance = np.array([0.05, 0.2, 0.35, 0.4, 0.75, 0.9, 0.35])
    runs, rng = 4_000, np.random.default_rng(3)
    group = np.zeros(len(chance), np.int64)
    found = np.mean([margins.choose(chance, group, rng.random(len(chance))) for _ in range(runs)], axis=0)
    error = np.sqrt(chance * (1 - chance) / runs)
    assert error.max() < 0.01
    assert (np.abs(found - chance) < 3.5 * error).all()


@settings(max_examples=50, deadline=None)
@given(
    n=st.integers(1, 500),
    seed=st.integers(0, 10_000),
    weights=st.lists(st.integers(0, 40), min_size=5, max_size=5).filter(any),
)
def test_age_bands_are_met_to_the_person(n: int, seed: int, weights: list[int]) -> None:
    rng = np.random.default_rng(seed)
    shares = np.array(weights) / sum(weights)
    age = to_bands(rng.integers(0, 100, n), shares, rng.random(n))
    found = np.bincount(np.digitize(age, BANDS[1:]), minlength=5)
    wanted = np.cumsum(shares / shares.sum())[:-1] * n
    assert np.abs(np.cumsum(found)[:-1] - wanted).max() <= 0.5 + 1e-9


@settings(max_examples=50, deadline=None)
@given(weight=st.lists(st.floats(0, 100), min_size=1, max_size=30), total=st.integers(0, 1000))
def test_shares_sum_exactly(weight: list[float], total: int) -> None:
    parts = margins.shares_of(np.array(weight), total)
    assert parts.sum() == total
    assert (parts >= 0).all()
    exact = np.array(weight) * total / sum(weight) if sum(weight) else np.full(len(weight), total / len(weight))
    assert np.abs(parts - exact).max() < 1.0


def test_the_table_says_what_is_off() -> None:
    table = margins.Margins(["A", "B", "C"])
    table.add("owners", "households", np.array([200.0, 1000.0, np.nan]), np.array([190.0, 1001.0, 3.0]))
    table.add("cars", "cars", np.array([10.0, np.nan, np.nan]), np.array([12.0, 0.0, 0.0]))
    assert [r["district"] for r in table.rows] == ["A", "B", "A"]
    told = table.summary()
    assert told["cells"] == 3
    assert told["cells_of_100_or_more"] == 2
    assert told["within_2_percent"] == 1
    assert told["worst_difference"] == 0.05
    assert told["worst"] == "owners, A"
