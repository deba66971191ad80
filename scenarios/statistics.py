"""Statistics of paired runs: intervals, p-values, what a paired design gained, and verdicts; many cells at once.

A pair is one seed run twice, with and without the measure: the luck is the same, so the differences hold little of it.
Arrays have shape (pairs, cells); a cell is an indicator of a place. NaN stands where a pair lacks the cell (no late share
without calls): such a pair does not count for it.

Which interval of the mean difference d a cell gets (`method`):

exact  all differences are equal, up to rounding: the interval has no width. It speaks of the pairs that were run: what
       befalls fewer than 3/n of all pairs can stay unseen in n of them (rule of three; Hanley & Lippman-Hand 1983).
t      Student (1908), where the pairs are enough for their skewness g: n > 25 g^2 (Cochran 1977, *Sampling techniques*,
       2.15), and at least 15, below which the skewness of a sample says little.
BCa    everything else: the bootstrap of Efron (1987). For few pairs and long tails it alone covers the truth too rarely
       (exponential, n = 10: 92 %; Student's t 90 %), so on either side the interval reaches at least as far as Student's
       and as Hall's transformed t (1992, J. R. Stat. Soc. B 54:221, eq. 2.3); the p-value is the largest of the three.
""  no interval: fewer than 6 pairs, or fewer than 6 that differ. Six that agree are the fewest for which any test can
       speak at 5 % (sign test: 2 x 0.5^6 = 0.03, 2 x 0.5^5 = 0.06); for a rare event few pairs differ however many ran.

No p-value is below that of a sign test in which all differing pairs agree, 2^(1 - differing): fewer pairs cannot say more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from scenarios.resampling import bca, total

Array = np.ndarray[Any, Any]
LEVEL = 0.95
FEWEST = 6  # pairs that differ
FEWEST_FOR_T = 15
COCHRAN = 25.0
ROUNDING = 1e-12  # of the values: differences below it are rounding of sums
BETTER, WORSE, MORE, LESS = "better", "worse", "more", "less"
NO_DIFFERENCE, TOO_FEW = "no clear difference", "too few to tell"


@dataclass(frozen=True)
class Paired:
    """What the pairs say about each cell; every array has shape (cells,).

    n                 : pairs that have the cell in both runs
    differing         : those whose difference is more than rounding
    baseline          : mean of the base runs
    difference        : mean of alternative - base
    low, high         : 95 % interval of the mean difference; NaN where none is given
    p                 : two-sided; NaN where no interval is given
    method            : "exact", "t", "BCa" or ""
    ratio             : var(difference) / (var(base) + var(alternative)); NaN where nothing varies
    ratio_low, ratio_high : its own 95 % interval; NaN where fewer than 6 pairs differ
    """

    n: Array
    differing: Array
    baseline: Array
    difference: Array
    low: Array
    high: Array
    p: Array
    method: Array
    ratio: Array
    ratio_low: Array
    ratio_high: Array

    @classmethod
    def empty(cls, cells: int) -> Paired:
        """No pairs at all."""
        made = {f.name: np.full(cells, np.nan) for f in fields(cls)}
        made |= {"n": np.zeros(cells, np.int64), "differing": np.zeros(cells, np.int64)}
        return cls(**made | {"method": np.full(cells, "", object)})

    @property
    def testable(self) -> Array:
        """Cells in which enough pairs differ that some outcome could have been called (Tarone 1990, Biometrics 46:515)."""
        return np.isfinite(self.p) & (self.differing >= FEWEST)


def paired(base: Array, alternative: Array) -> Paired:
    """Compare pair by pair.

    base, alternative : (pairs, cells) values of the two runs of each pair, NaN where a run lacks the cell

    Raises ValueError where the shapes differ.
    """
    base, alternative = np.asarray(base, float), np.asarray(alternative, float)
    if base.shape != alternative.shape or base.ndim != 2:
        raise ValueError(f"base {base.shape} and alternative {alternative.shape} are not both (pairs, cells)")
    there = np.isfinite(base) & np.isfinite(alternative)
    n = there.sum(axis=0)
    found = Paired.empty(base.shape[1])
    order = np.argsort(~there, axis=0, kind="stable")  # the pairs that count first, in their own order
    for size in np.unique(n[n > 0]).tolist():
        cells = np.flatnonzero(n == size)
        rows = order[:size, cells]
        _compare(found, cells, base[rows, cells], alternative[rows, cells])
    return found


def _compare(found: Paired, cells: Array, a: Array, b: Array) -> None:
    """Fill `found` for `cells` that all have the same number of pairs, none missing."""
    n, d = len(a), b - a
    noise = ROUNDING * np.maximum(np.abs(a), np.abs(b)).max(axis=0)
    differing = (np.abs(d) > noise).sum(axis=0)
    found.n[cells], found.differing[cells] = n, differing
    found.baseline[cells], found.difference[cells] = total(a) / n, total(d) / n
    equal = d.max(axis=0) - d.min(axis=0) <= noise
    if n >= 2:
        sure = cells[equal]
        found.low[sure], found.high[sure] = d.min(axis=0)[equal], d.max(axis=0)[equal]
        found.method[sure] = "exact"
        found.p[sure] = 1.0
        _ratios(found, cells, a, b, equal)
    enough = ~equal & (differing >= FEWEST)
    if enough.any():
        low, high, p, method = _interval(d[:, enough])
        some = cells[enough]
        found.low[some], found.high[some], found.p[some], found.method[some] = low, high, p, method
    floor = 2.0 ** (1.0 - differing)
    raised = np.where(equal & (differing > 0), floor, np.maximum(found.p[cells], floor))
    found.p[cells] = np.where((differing == 0) | (differing >= FEWEST), np.minimum(raised, 1.0), np.nan)
    if n < 2:
        found.p[cells] = np.nan


def _interval(d: Array) -> tuple[Array, Array, Array, Array]:
    """Low, high, p and method for differences of shape (pairs, cells), none of them constant."""
    n = len(d)
    low, high, p = student(d)
    skewed = (n <= COCHRAN * skewness(d) ** 2) | (n < FEWEST_FOR_T)
    if skewed.any():
        cells = d[:, skewed]
        wide = [(low[skewed], high[skewed], p[skewed]), hall(cells), _resolved(cells, p[skewed])]
        low[skewed] = np.min([w[0] for w in wide], axis=0)
        high[skewed] = np.max([w[1] for w in wide], axis=0)
        p[skewed] = np.max([w[2] for w in wide], axis=0)
    return low, high, p, np.where(skewed, "BCa", "t").astype(object)


def _resolved(d: Array, student_p: Array) -> tuple[Array, Array, Array]:
    """BCa, with Student's p-value where the resamples cannot tell how small it is."""
    low, high, p = bca(d)
    return low, high, np.where(np.isnan(p), student_p, p)


def skewness(d: Array) -> Array:
    """Moment coefficient of skewness, shape (cells,); no cell is constant."""
    c = d - total(d) / len(d)
    variance = total(c * c) / len(d)
    return total(c * c * c) / len(d) / (variance * np.sqrt(variance))


def student(d: Array) -> tuple[Array, Array, Array]:
    """Student's interval and two-sided p-value of the mean (1908, Biometrika 6:1)."""
    from scipy.special import stdtr, stdtrit

    n = len(d)
    mean = total(d) / n
    error = np.sqrt(total((d - mean) ** 2) / (n - 1.0) / n)
    reach = stdtrit(n - 1, 0.5 + LEVEL / 2) * error
    return mean - reach, mean + reach, 2.0 * stdtr(n - 1, -np.abs(mean) / error)


def hall(d: Array) -> tuple[Array, Array, Array]:
    """Interval and p-value from Hall's cubic transformation of t, which takes out its skewness.

    h(T) = T + g T^2 / 3 + g^2 T^3 / 27 + g / (6 n), T = (mean - truth) / s (Hall 1992, J. R. Stat. Soc. B 54:221); g is
    the adjusted skewness of the sample, and sqrt(n) h(T) is read as Student's t with n - 1 degrees of freedom. Where the
    cubic gets flat (slope below 1/4, at g T = -3/2) it goes on straight: a flat stretch would call nothing significant,
    however far from 0 all differences lie.
    """
    from scipy.special import stdtr, stdtrit

    n = len(d)
    mean = total(d) / n
    spread = np.sqrt(total((d - mean) ** 2) / (n - 1.0))
    g = skewness(d) * np.sqrt(n * (n - 1.0)) / (n - 2.0)
    g = np.where(np.abs(g) < 1e-6, 1e-6, g)  # the limit g -> 0 is Student's t
    reach = stdtrit(n - 1, 0.5 + LEVEL / 2) / np.sqrt(n)
    low, high = (mean - spread * _unbent(g, y - g / (6.0 * n)) for y in (reach, -reach))
    t = _bent(g, mean / spread) + g / (6.0 * n)
    return low, high, 2.0 * stdtr(n - 1, -np.abs(t) * np.sqrt(n))


def _bent(g: Array, t: Array) -> Array:
    """T + g T^2 / 3 + g^2 T^3 / 27 = ((1 + g T / 3)^3 - 1) / g, straight below 1 + g T / 3 = 1 / 2."""
    u = 1.0 + g * t / 3.0
    return (np.where(u > 0.5, u * u * u, 0.125 + 0.75 * (u - 0.5)) - 1.0) / g


def _unbent(g: Array, y: Array) -> Array:
    """The inverse of `_bent`."""
    v = 1.0 + g * y
    return 3.0 / g * (np.where(v > 0.125, np.cbrt(v), 0.5 + (v - 0.125) / 0.75) - 1.0)


def _ratios(found: Paired, cells: Array, a: Array, b: Array, equal: Array) -> None:
    """What pairing gained: var(d) / (var(a) + var(b)), with an interval.

    With s = a + b, var(a) + var(b) = (var(d) + var(s)) / 2, so the ratio is 2 / (1 + var(s) / var(d)): its natural scale is
    z = log(var(d) / var(s)), which for normal values is -2 times Fisher's z of the correlation within pairs. The error of z
    is the jackknife's (Efron & Tibshirani 1993, ch. 11), with Student's t: it needs no resamples and no normal values.
    """
    from scipy.special import stdtrit

    n = len(a)
    d, s = b - a, a + b
    d, s = d - total(d) / n, s - total(s) / n
    of_d, of_s = np.where(equal, 0.0, total(d * d)), total(s * s)
    varies = (of_d + of_s) > (ROUNDING * np.maximum(np.abs(a), np.abs(b)).max(axis=0)) ** 2 * n
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(varies, 2.0 * of_d / (of_d + of_s), np.nan)
        z = np.log(of_d / of_s)
        without = np.log(np.maximum(of_d - d * d * n / (n - 1.0), 0.0) / (of_s - s * s * n / (n - 1.0)))
        off = without - total(without) / n
        reach = stdtrit(n - 1, 0.5 + LEVEL / 2) * np.sqrt((n - 1.0) / n * total(off * off))
        low, high = (2.0 / (1.0 + np.exp(-(z + side * reach))) for side in (-1.0, 1.0))
    given = varies & np.isfinite(reach) & ~equal & (found.differing[cells] >= FEWEST)
    sure = varies & equal & (n >= FEWEST)  # the luck of the two runs is the same to the last digit
    found.ratio[cells] = ratio
    found.ratio_low[cells] = np.where(given, low, np.where(sure, 0.0, np.nan))
    found.ratio_high[cells] = np.where(given, high, np.where(sure, 0.0, np.nan))


def adjusted(p: Array, weights: Array | None = None) -> Array:
    """p-values adjusted for their number: the step-up of Benjamini & Hochberg (1995, J. R. Stat. Soc. B 57:289).

    Calling every cell whose adjusted value is at most 0.05 keeps the expected share of false calls at 5 %; where nothing
    differs, the chance of any call. Cells with a NaN are no part of the family and stay NaN.

    weights : which cells were asked about before any result was seen; scaled to a mean of 1 over the family
              (Genovese, Roeder & Wasserman 2006, Biometrika 93:509)
    """
    p = np.asarray(p, float)
    out = np.full(p.shape, np.nan)
    family = np.flatnonzero(np.isfinite(p))
    if not len(family):
        return out
    weight = np.ones(len(family)) if weights is None else np.asarray(weights, float)[family]
    weighted = p[family] / (weight / weight.mean())
    order = np.argsort(weighted, kind="stable")
    stepped = weighted[order] * len(family) / np.arange(1, len(family) + 1)
    out[family[order]] = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0)
    return out


def verdicts(
    low: Array, high: Array, p: Array, p_adjusted: Array, differing: Array, better: Sequence[str]
) -> list[str]:
    """A verdict per cell: it is called only if both its adjusted p-value and its own interval say so.

    low, high, p, differing : as in `Paired`
    p_adjusted              : of `adjusted`
    better                  : "lower", "higher" or "" (then the verdict is "more" or "less")

    "too few to tell" where no interval is given, where fewer than 6 pairs differ (but some), and where every pair differs
    the same way, yet the pairs are so few that among this many cells not even that could be called.
    """
    floor = 2.0 ** (1.0 - differing)
    said = []
    for k, way in enumerate(better):
        apart = low[k] > 0.0 or high[k] < 0.0
        if not np.isfinite(low[k]) or 0 < differing[k] < FEWEST:
            said.append(TOO_FEW)
        elif apart and p_adjusted[k] <= 1.0 - LEVEL + 1e-12:
            said.append(_direction(low[k] > 0.0, way))
        else:
            said.append(TOO_FEW if apart and differing[k] and p[k] <= floor[k] else NO_DIFFERENCE)
    return said


def _direction(more: bool, better: str) -> str:
    if better not in ("lower", "higher"):
        return MORE if more else LESS
    return BETTER if more == (better == "higher") else WORSE
