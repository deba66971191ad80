"""IPF in several dimensions and whole numbers from it."""

from __future__ import annotations

import numpy as np
import pytest

from scenarios.areas.ipf import fit, integerise


def test_three_dimensions_with_a_joint_margin():
    rng = np.random.default_rng(1)
    truth = rng.uniform(1, 9, (3, 4, 2))
    margins = {(0,): truth.sum((1, 2)), (1, 2): truth.sum(0)}
    got = fit(np.ones_like(truth), margins)
    np.testing.assert_allclose(got.sum((1, 2)), margins[(0,)])
    np.testing.assert_allclose(got.sum(0), margins[(1, 2)])


def test_odds_ratio_and_zeros_are_kept():
    got = fit([[1.0, 2.0], [3.0, 4.0]], {(0,): [40, 60], (1,): [55, 45]})
    assert got[0, 0] * got[1, 1] / got[0, 1] / got[1, 0] == pytest.approx(4 / 6)
    assert fit([[0.0, 1.0], [1.0, 1.0]], {(0,): [2, 5], (1,): [3, 4]})[0, 0] == 0


@pytest.mark.parametrize(
    ("seed", "margins", "text"),
    [
        ([[1, 1]], {(0,): [2], (1,): [1, 2]}, "different totals"),
        ([[1, 1]], {(0,): [1, 1], (1,): [1, 1]}, "shape"),
        ([[0, 1]], {(1,): [1, 1]}, "seed is zero"),
        ([[1, 0], [0, 1]], {(0,): [1, 2], (1,): [2, 1]}, "no convergence"),
    ],
)
def test_impossible_margins(seed, margins, text):
    with pytest.raises(ValueError, match=text):
        fit(seed, margins)


def test_integers_keep_the_total_and_stay_within_one():
    table = np.random.default_rng(2).uniform(0, 3, (5, 6))
    got = integerise(table, stream=7)
    assert got.sum() == round(table.sum())
    assert (np.abs(got - table) < 1).all()
    mean = np.mean([integerise(table, stream=s) for s in range(3000)], axis=0)
    np.testing.assert_allclose(mean, table * round(table.sum()) / table.sum(), atol=0.05)
