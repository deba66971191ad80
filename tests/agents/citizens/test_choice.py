"""Logit kernels: textbook relations, shares of many choices, missing alternatives."""

from __future__ import annotations

import numpy as np
import pytest

from agents.citizens.choice import choose, choose_nested, logit, nested_logit
from twin import draws

V = np.array([-0.5, -1.2, -0.9])


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
    choose(u, draws.uniforms(1, np.arange(n)), chosen)
    gumbel = -np.log(-np.log(np.stack([draws.uniforms(2 + i, np.arange(n)) for i in range(3)], 1)))
    other = np.argmax(V + gumbel, axis=1)
    np.testing.assert_allclose(np.bincount(chosen) / n, np.bincount(other) / n, atol=5 * 0.5 / np.sqrt(n))


def test_unavailable_alternatives_are_never_chosen():
    u = np.array([[0.0, -np.inf, 0.0], [-np.inf, -np.inf, -np.inf], [-np.inf, -900.0, -np.inf]])
    chosen = np.empty(3, np.int64)
    choose(u, np.array([0.999999, 0.5, 0.5]), chosen)
    assert chosen.tolist() == [2, -1, 1]
    choose_nested(u, np.array([0, 1, 1]), np.array([1.0, 0.4]), np.array([0.999999, 0.5, 0.5]), chosen)
    assert chosen.tolist() == [2, -1, 1]
