"""Logit kernels: textbook relations, shares of many choices, missing alternatives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.citizens import kernels as law
from agents.citizens.choice import choose, logit, nested_logit
from agents.citizens.config import CitizensConfig
from agents.citizens.mode_choice import nests
from twin import draws

V = np.array([-0.5, -1.2, -0.9])
ALONE = np.arange(3), np.ones(3)  # every alternative in a nest of its own
UTILITIES = st.lists(st.one_of(st.floats(-30.0, 10.0), st.just(-math.inf)), min_size=5, max_size=5)


def shares(utility, nest, scale):
    found = np.empty(len(utility))
    nested_logit(np.asarray(utility, float), np.asarray(nest), np.asarray(scale, float), found)
    return found


def test_a_nest_of_scale_one_is_multinomial():
    one, two = np.empty(3), np.empty(3)
    assert nested_logit(V, np.array([0, 1, 1]), np.array([1.0, 1.0]), one) == pytest.approx(logit(V, two), abs=1e-12)
    np.testing.assert_allclose(one, two, atol=1e-12)


def test_logsum_slope_is_the_probability():
    share, scale, nest = np.empty(3), np.array([1.0, 0.5]), np.array([0, 1, 1])
    nested_logit(V, nest, scale, share)
    for i in range(3):
        step = np.eye(3)[i] * 1e-6
        up, down = (nested_logit(V + s * step, nest, scale, np.empty(3)) for s in (1, -1))
        assert (up - down) / 2e-6 == pytest.approx(share[i], abs=1e-8)


def test_shares_equal_gumbel_maximum():
    n, u = 200_000, np.tile(V, (200_000, 1))
    chosen = np.empty(n, np.int64)
    choose(u, *ALONE, draws.uniforms(1, np.arange(n)), chosen)
    gumbel = -np.log(-np.log(np.stack([draws.uniforms(2 + i, np.arange(n)) for i in range(3)], 1)))
    other = np.argmax(V + gumbel, axis=1)
    np.testing.assert_allclose(np.bincount(chosen) / n, np.bincount(other) / n, atol=5 * 0.5 / np.sqrt(n))


def test_unavailable_alternatives_are_never_chosen():
    u = np.array([[0.0, -np.inf, 0.0], [-np.inf, -np.inf, -np.inf], [-np.inf, -900.0, -np.inf]])
    chosen = np.empty(3, np.int64)
    choose(u, *ALONE, np.array([0.999999, 0.5, 0.5]), chosen)
    assert chosen.tolist() == [2, -1, 1]
    choose(u, np.array([0, 1, 1]), np.array([1.0, 0.4]), np.array([0.999999, 0.5, 0.5]), chosen)
    assert chosen.tolist() == [2, -1, 1]


def test_a_nest_by_hand():
    """As textbooks write it: bus and train in a nest of scale 1/2, the car alone."""
    car, bus, train, scale = 0.2, -0.3, -0.8, 0.5
    inside = math.exp(bus / scale) + math.exp(train / scale)  # exp(-0.6) + exp(-1.6)
    logsum = scale * math.log(inside)
    nest = math.exp(logsum) / (math.exp(logsum) + math.exp(car))
    expected = [1.0 - nest, nest * math.exp(bus / scale) / inside, nest * math.exp(train / scale) / inside]
    found = np.empty(3)
    of_all = nested_logit(np.array([car, bus, train]), np.array([0, 1, 1]), np.array([1.0, scale]), found)
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    np.testing.assert_allclose(found, [0.5850, 0.3034, 0.1116], atol=5e-5)  # sqrt(0.7507) = 0.8664 beside 1.2214
    assert of_all == pytest.approx(math.log(math.exp(car) + math.exp(logsum)), rel=1e-14)


def test_red_and_blue_buses():
    """Three equal ways: a third each; two buses of one kind share what one bus has, as the scale goes to 0."""
    assert shares([0.0, 0.0, 0.0], [0, 1, 2], [1.0, 1.0, 1.0]) == pytest.approx([1 / 3] * 3)
    assert shares([0.0, 0.0, 0.0], [0, 1, 1], [1.0, 0.001]) == pytest.approx([0.5, 0.25, 0.25], abs=2e-4)
    assert shares([0.0, 0.1, 0.0], [0, 1, 1], [1.0, 0.001])[2] < 1e-20  # the better takes all


def test_the_third_matters_across_nests_only():
    """Within a nest the odds of two do not hang on others; across, those of a nest's members move together."""
    nest, scale = [0, 1, 1, 1, 2], [1.0, 0.6, 1.0]
    before, after = shares([0.1, -0.4, 0.3, -1.0, 0.2], nest, scale), shares([0.1, -0.4, 0.3, 0.5, 0.2], nest, scale)
    assert after[1] / after[2] == pytest.approx(before[1] / before[2], rel=1e-12)  # within
    assert after[0] / after[4] == pytest.approx(before[0] / before[4], rel=1e-12)  # both outside
    assert after[0] / after[1] > 1.05 * before[0] / before[1]  # who gains takes most from its own nest
    assert after[1] / before[1] == pytest.approx(after[2] / before[2], rel=1e-12)


@given(UTILITIES)
def test_nests_of_one_are_the_multinomial_to_the_bit(utility):
    one, other = np.empty(5), np.empty(5)
    assert logit(np.array(utility), one) == nested_logit(np.array(utility), np.arange(5), np.ones(5), other)
    assert one.tolist() == other.tolist()


@given(UTILITIES, st.lists(st.integers(0, 2), min_size=5, max_size=5), st.floats(0.05, 1.0), st.floats(-50.0, 50.0))
def test_what_always_holds(utility, nest, scale, shift):
    """Shares add up to 1, only differences count, and a scale of 1 everywhere is the multinomial."""
    found = shares(utility, nest, [scale, 0.5, 1.0])
    if max(utility) == -math.inf:
        assert found.tolist() == [0.0] * 5
        return
    assert found.sum() == pytest.approx(1.0, rel=1e-12)
    assert (found[np.isneginf(utility)] == 0.0).all()
    np.testing.assert_allclose(shares(np.array(utility) + shift, nest, [scale, 0.5, 1.0]), found, rtol=1e-9, atol=1e-12)
    plain = np.empty(5)
    logit(np.array(utility), plain)
    np.testing.assert_allclose(shares(utility, nest, [1.0, 1.0, 1.0]), plain, rtol=1e-9, atol=1e-14)


def test_a_small_change_changes_few_choices():
    """One draw per choice: who changes are about as many as the shares moved by, not all who might."""
    n = 100_000
    luck, nest, scale = draws.uniforms(3, np.arange(n)), np.array([0, 1, 1]), np.array([1.0, 0.5])
    before, after = np.empty(n, np.int64), np.empty(n, np.int64)
    choose(np.tile(V, (n, 1)), nest, scale, luck, before)
    changed = V + np.array([0.0, 0.02, 0.0])
    choose(np.tile(changed, (n, 1)), nest, scale, luck, after)
    moved = np.abs(shares(changed, nest, scale) - shares(V, nest, scale)).sum()
    assert 0 < (before != after).mean() < 1.2 * moved


def test_nests_of_the_configuration():
    nest, scale = nests(CitizensConfig())
    assert sorted(nest.tolist()) == [0, 1, 2, 3, 4]
    assert scale.tolist() == [1.0] * 5
    given = {
        "motor": {"modes": ["passenger", "car"], "scale": 0.8},
        "own": {"modes": ["walk", "bicycle"], "scale": 0.5},
    }
    nest, scale = nests(CitizensConfig(nests=given))
    assert [law.MODES[k] for k in np.flatnonzero(nest == nest[law.CAR])] == ["car", "passenger"]
    assert scale[nest].tolist() == [0.8, 0.8, 1.0, 0.5, 0.5]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"a": {"modes": ["car", "tram"], "scale": 0.5}}, "a: tram is none of car, passenger, transit, bicycle, walk"),
        (
            {"a": {"modes": ["car"], "scale": 0.5}, "b": {"modes": ["walk", "car"], "scale": 0.5}},
            "b: car stands in the nest a already; leave it in one",
        ),
        ({"a": {"modes": ["car"], "scale": 0.0}}, "greater than 0"),
        ({"a": {"modes": ["car"], "scale": 1.5}}, "less than or equal to 1"),
        ({"a": {"modes": [], "scale": 0.5}}, "at least 1"),
        ({"a": {"scale": 0.5}}, "modes"),
    ],
)
def test_wrong_nests_are_told(given, said):
    with pytest.raises(ValidationError, match=said):
        CitizensConfig(nests=given)
