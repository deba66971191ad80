"""Interval and p-value of a mean by the bootstrap (BCa), many cells at once; its luck is keyed by the number of pairs.

All cells with the same number of pairs share one set of resamples, so the result for a cell depends on neither the order
nor the number of the other cells. Sums run over the pairs one after another: a matrix product may round differently
when there are more cells.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
RESAMPLES = 2000  # Efron & Tibshirani (1993, p. 275): at least 1,000 for confidence limits
AT_ONCE = 256  # cells whose resamples are in memory together: 4 MB


def total(values: Array) -> Array:
    """Sum over the pairs, shape (pairs, cells) -> (cells,), one pair after another."""
    out = np.zeros(values.shape[1])
    for row in values:
        out += row
    return out


def counts(n: int, resamples: int = RESAMPLES) -> Array:
    """How often each of `n` pairs is in each resample, shape (resamples, n); keyed, the same for equal n."""
    from twin.kernels import prepare_numba

    prepare_numba()  # before the first import of numba
    from twin.draws import stream, uniforms

    drawn = uniforms(stream(0, f"bootstrap/{n}"), np.arange(resamples * n))
    rows = np.repeat(np.arange(resamples), n)
    places = rows * n + np.minimum((drawn * n).astype(np.int64), n - 1)
    return np.bincount(places, minlength=resamples * n).reshape(resamples, n).astype(float)


def resampled_means(differences: Array, weights: Array) -> Array:
    """Mean of each resample, shape (resamples, cells)."""
    means = np.zeros((len(weights), differences.shape[1]))
    for pair, row in enumerate(differences):
        means += weights[:, pair, None] * row
    return means / len(differences)


def bca(differences: Array, level: float = 0.95, expanded: bool = True) -> tuple[Array, Array, Array]:
    """Bias-corrected and accelerated bootstrap of the mean (Efron 1987, J. Am. Stat. Assoc. 82:171, eq. 2.3 and 6.6).

    differences : (pairs, cells); no cell is constant
    expanded    : read the limits at the levels of Student's t times sqrt(n / (n - 1)) instead of the normal's, because the
                  bootstrap knows nothing of the degrees of freedom and is too narrow for few pairs
                  (Hesterberg 2015, The American Statistician 69:371, section 5.3)
    returns     : low, high, p, each (cells,); p is the two-sided level at which a limit of the interval is 0; NaN
              where fewer than 10 resamples lie beyond 0, too few to read it off
    """
    n = len(differences)
    weights = counts(n)
    parts = [
        _bca(differences[:, k : k + AT_ONCE], weights, level, expanded) for k in range(0, differences.shape[1], AT_ONCE)
    ]
    if not parts:
        return (np.zeros(0),) * 3
    low, high, p = (np.concatenate(found) for found in zip(*parts, strict=True))
    return low, high, p


def _bca(d: Array, weights: Array, level: float, expanded: bool) -> tuple[Array, Array, Array]:
    from scipy.special import ndtr, ndtri, stdtr, stdtrit

    n, size = len(d), len(weights)
    mean = total(d) / n
    means = np.sort(resampled_means(d, weights), axis=0)
    bias = ndtri(_share_below(means, mean))
    c = d - mean
    squares = total(c * c)
    acceleration = total(c * c * c) / (6.0 * squares * np.sqrt(squares))
    widening = np.sqrt(n / (n - 1.0)) if expanded else 1.0
    reach = widening * stdtrit(n - 1, 0.5 + level / 2) if expanded else ndtri(0.5 + level / 2)
    limits = []
    for z in (-reach, reach):
        y = bias + z
        at = ndtr(bias + y / np.maximum(1.0 - acceleration * y, 1e-9)) * size - 0.5
        limits.append(_interpolated(means, at))
    below_zero = _share_below(means, np.zeros(d.shape[1]))
    w = ndtri(below_zero) - bias
    z = w / np.maximum(1.0 + acceleration * w, 1e-9) - bias
    p = 2.0 * (stdtr(n - 1, -np.abs(z) / widening) if expanded else ndtr(-np.abs(z)))
    read_off = np.minimum(below_zero, 1.0 - below_zero) * size >= 10.0
    return limits[0], limits[1], np.where(read_off, np.minimum(p, 1.0), np.nan)


def _share_below(means: Array, value: Array) -> Array:
    """Share of resamples below `value`, ties half; never quite 0 or 1, because the resamples are finitely many."""
    size = len(means)
    share = ((means < value).sum(axis=0) + 0.5 * (means == value).sum(axis=0)) / size
    return np.clip(share, 0.5 / size, 1.0 - 0.5 / size)


def _interpolated(ordered: Array, at: Array) -> Array:
    """The value at place `at` of each column of sorted values."""
    at = np.clip(at, 0.0, len(ordered) - 1.0)
    k = np.minimum(at.astype(np.int64), len(ordered) - 2)
    cells = np.arange(ordered.shape[1])
    return ordered[k, cells] + (at - k) * (ordered[k + 1, cells] - ordered[k, cells])
