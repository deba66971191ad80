"""Paired statistics: against SciPy, and on models whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from scenarios import resampling
from scenarios.comparison import Comparison
from scenarios.statistics import (
    FEWEST,
    NO_DIFFERENCE,
    TOO_FEW,
    WORSE,
    Paired,
    adjusted,
    hall,
    paired,
    student,
    verdicts,
)
from twin.draws import exponentials, normals, stream, uniforms

CODE = np.arange(2000)


def judged(found: Paired, better: str = "lower") -> tuple[np.ndarray, list[str]]:
    p = adjusted(np.where(found.testable, found.p, np.nan))
    return p, verdicts(found.low, found.high, found.p, p, found.differing, [better] * len(found.n))


def draw(kind, name: str, pairs: int, cells: int, ordinal: int = 0) -> np.ndarray:
    """Keyed draws of shape (pairs, cells)."""
    return kind(stream(5, name), np.arange(pairs * cells), ordinal).reshape(pairs, cells)


def poisson(name: str, mean: float, pairs: int, cells: int) -> np.ndarray:
    return stats.poisson.ppf(draw(uniforms, name, pairs, cells), mean)


# -- against SciPy -----------------------------------------------------------------------------------------------------


def test_student_against_scipy_ttest_rel():
    a, b = draw(normals, "a", 20, 50), 0.3 + draw(normals, "b", 20, 50)
    found, oracle = paired(a, b), stats.ttest_rel(b, a)
    assert (found.method == "t").sum() > 40
    plain = found.method == "t"
    limits = oracle.confidence_interval(0.95)
    np.testing.assert_allclose(found.low[plain], limits.low[plain], rtol=1e-10)
    np.testing.assert_allclose(found.high[plain], limits.high[plain], rtol=1e-10)
    np.testing.assert_allclose(found.p[plain], np.maximum(oracle.pvalue, 2.0**-19)[plain], rtol=1e-9)


@pytest.mark.parametrize("n", [12, 25])
def test_bca_against_scipy_bootstrap(n):
    d = draw(exponentials, "skewed", n, 6) - 0.4
    low, high, _ = resampling.bca(d, expanded=False)
    for cell in range(6):
        oracle = stats.bootstrap((d[:, cell],), np.mean, n_resamples=20_000, method="BCa", random_state=1)
        width = oracle.confidence_interval.high - oracle.confidence_interval.low
        assert low[cell] == pytest.approx(oracle.confidence_interval.low, abs=0.05 * width)
        assert high[cell] == pytest.approx(oracle.confidence_interval.high, abs=0.05 * width)


def test_bca_p_value_is_the_level_at_which_the_interval_reaches_zero():
    d = draw(exponentials, "inversion", 25, 40) - 0.75
    _, _, p = resampling.bca(d)
    inside = (p > 0.02) & (p < 0.5)  # not NaN
    assert inside.sum() > 10
    for cell in np.flatnonzero(inside):
        low, high, _ = resampling.bca(d[:, [cell]], level=1.0 - p[cell])
        reach = min(abs(low[0]), abs(high[0]))
        assert reach < 0.02 * (high[0] - low[0])


def test_adjustment_against_scipy_false_discovery_control():
    p = draw(uniforms, "p", 1, 200)[0] ** 2
    np.testing.assert_allclose(adjusted(p), stats.false_discovery_control(p), rtol=1e-12)


def test_adjustment_leaves_out_what_is_not_known_and_weighs():
    p = np.array([0.01, np.nan, 0.04, 0.04])
    assert adjusted(p)[0] == pytest.approx(0.03)
    assert np.isnan(adjusted(p)[1])
    heavy = adjusted(p, np.array([0.2, 9.0, 1.0, 0.2]))
    assert heavy[2] < adjusted(p)[2]
    assert not len(adjusted(np.zeros(0)))


def test_skewness_against_scipy():
    d = draw(exponentials, "g", 30, 20)
    from scenarios.statistics import skewness

    np.testing.assert_allclose(skewness(d), stats.skew(d), rtol=1e-12)


def test_hall_becomes_students_t_without_skewness():
    half = np.array([0.3, 0.9, 1.4, 2.2])[:, None]
    d = 0.5 + np.concatenate([half, -half])
    for ours, students in zip(hall(d), student(d), strict=True):
        assert ours == pytest.approx(students, rel=1e-4)


# -- intervals cover the truth -----------------------------------------------------------------------------------------


def rows(values: np.ndarray) -> list[dict]:
    about = {"indicator": "lost", "unit": "h", "level": "neighbourhood", "group": "", "n": 1, "better": "lower"}
    about |= {"label": "Lost hours", "norm": None, "residents": 100}
    return [about | {"code": f"{code:04d}", "value": float(value)} for code, value in enumerate(values)]


def covered(base: np.ndarray, alternative: np.ndarray, truth: float) -> tuple[float, float, Comparison]:
    """Share of the experiments (a cell each) whose interval covers the truth, and share that has an interval."""
    arms = [{seed: rows(values) for seed, values in enumerate(arm)} for arm in (base, alternative)]
    found = Comparison.of(arms[0], {"measure": arms[1]})
    low, high = (np.array([row[end] for row in found]) for end in ("low", "high"))
    given = np.isfinite(low)
    return float(((low <= truth) & (truth <= high))[given].mean()), float(given.mean()), found


def demand(pairs: int, cells: int = 2000) -> tuple[np.ndarray, np.ndarray, float]:
    """Poisson calls of exponential length; the measure makes a keyed 30 % of them 3 min longer on average.

    Both runs share calls and lengths. Expected difference: 12 calls x 0.3 x 3 min (Wald's equation).
    """
    calls = poisson("calls", 12.0, pairs, cells)
    base, more = np.zeros((pairs, cells)), np.zeros((pairs, cells))
    for call in range(40):
        happens = call < calls
        base += happens * 20.0 * draw(exponentials, "length", pairs, cells, call)
        hit = draw(uniforms, "hit", pairs, cells, call) < 0.3
        more += happens * hit * 3.0 * draw(exponentials, "delay", pairs, cells, call)
    return base, base + more, 12.0 * 0.3 * 3.0


def repair(pairs: int, cells: int = 2000) -> tuple[np.ndarray, np.ndarray, float]:
    """Hours of an outage, exponential of mean 2 h and therefore skewed; a second crew halves it."""
    base = 50.0 + draw(normals, "others", pairs, cells) + (hours := 2.0 * draw(exponentials, "repair", pairs, cells))
    return base, base - hours / 2.0, -1.0


def rare(pairs: int, cells: int = 2000) -> tuple[np.ndarray, np.ndarray, float]:
    """Oxygen runs out in 0.5 homes a day, by Poisson; the measure prevents all of it."""
    base = poisson("oxygen", 0.5, pairs, cells)
    return base, np.zeros((pairs, cells)), -0.5


@pytest.mark.parametrize(
    ("model", "pairs", "least", "most"),
    [
        (demand, 20, 0.935, 0.965),
        (demand, 100, 0.935, 0.965),
        (demand, 10, 0.935, 0.965),
        (repair, 8, 0.935, 0.965),
        (repair, 20, 0.935, 0.965),
        (repair, 60, 0.935, 0.965),
        (rare, 30, 0.935, 0.985),  # counts are lumpy: the interval cannot be had at exactly 95 %
    ],
)
def test_intervals_cover_the_truth_of_a_known_model(model, pairs, least, most):
    base, alternative, truth = model(pairs)
    share, given, found = covered(base, alternative, truth)
    assert found.rows[0]["n"] == pairs
    assert given > 0.98
    assert least <= share <= most, share


def test_skewed_differences_take_the_bootstrap():
    methods = [row["method"] for row in covered(*repair(20))[2]]
    assert methods.count("BCa") > 0.6 * len(methods)


@pytest.mark.parametrize("model", [demand, repair])
@pytest.mark.parametrize("pairs", [20, 100])
def test_interval_of_the_variance_ratio_covers_the_truth(model, pairs):
    base, alternative, _ = model(pairs)
    far = model(20_000, 20)
    truth = np.median(np.var(far[1] - far[0], axis=0) / (np.var(far[0], axis=0) + np.var(far[1], axis=0)))
    found = paired(base, alternative)
    share = ((found.ratio_low <= truth) & (truth <= found.ratio_high)).mean()
    assert 0.915 <= share <= 0.965, share


# -- nothing is called where nothing differs -----------------------------------------------------------------------------


def null_experiments(pairs: int, experiments: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """40 cells per experiment, correlated by the luck of the day: normal, long-tailed, skewed and rare ones."""
    shape = (pairs, experiments, 40)
    arms = []
    day = draw(normals, "day", pairs, experiments)[:, :, None]
    shared = draw(exponentials, "shared", pairs, experiments * 40).reshape(shape)
    for arm in ("base", "other"):
        own = draw(normals, f"own {arm}", pairs, experiments * 40).reshape(shape)
        common = draw(normals, f"common {arm}", pairs, experiments)[:, :, None]  # moves all cells of the arm together
        wait = draw(exponentials, f"wait {arm}", pairs, experiments * 40).reshape(shape)
        count = poisson(f"count {arm}", 0.1, pairs, experiments * 40).reshape(shape)
        values = 10.0 + day + own + common
        values[..., 16:28] = shared[..., 16:28] + wait[..., 16:28] ** 2
        values[..., 28:] = count[..., 28:]
        arms.append(values.reshape(pairs, -1))
    return arms[0], arms[1]


@pytest.mark.parametrize("pairs", [8, 20])
def test_nothing_is_called_where_nothing_differs(pairs):
    base, other = null_experiments(pairs)
    found = paired(base, other)
    cells = [np.arange(k, k + 40) for k in range(0, base.shape[1], 40)]
    flagged = 0
    for some in cells:
        part = Paired(**{name: values[some] for name, values in vars(found).items()})
        flagged += bool({"worse", "better"} & set(judged(part)[1]))
    assert flagged / len(cells) <= 0.065, flagged


def test_cells_of_skewed_differences_of_mean_zero_are_rarely_called():
    """Harder than no effect at all: the measure re-shapes the luck, but not its mean; 40 such cells, 20 pairs."""
    d = (draw(exponentials, "reshaped", 20, 40_000) - 1.0).reshape(20, -1)
    found = paired(np.zeros_like(d), d)
    called = np.array([min(adjusted(found.p[k : k + 40])) <= 0.05 for k in range(0, 40_000, 40)])
    assert called.mean() <= 0.25  # measured 0.24; Student's t: 0.43


# -- rules -------------------------------------------------------------------------------------------------------------


def test_identical_runs_differ_by_exactly_nothing():
    a = draw(normals, "same", 4, 3)
    found = paired(a, a.copy())
    assert (found.difference == 0.0).all()
    assert ((found.low == 0.0) & (found.high == 0.0)).all()
    assert (found.method == "exact").all()
    assert judged(found)[1] == [NO_DIFFERENCE] * 3


def test_rounding_is_no_difference():
    a = 1e6 + draw(normals, "noise", 20, 4)
    found = paired(a, a * (1.0 + 1e-15))
    assert not found.differing.any()
    assert judged(found)[1] == [NO_DIFFERENCE] * 4


def test_the_same_difference_in_every_pair_is_exact():
    a = np.round(100.0 * draw(normals, "base", 12, 2))
    found = paired(a, a + 3490.0)
    assert (found.method == "exact").all()
    assert (found.low == 3490.0).all()
    assert (found.p == 2.0**-11).all()
    assert judged(found)[1] == [WORSE] * 2
    assert (found.ratio == 0.0).all()


@pytest.mark.parametrize(("pairs", "differ"), [(1, 1), (5, 5), (40, 5), (40, 1)])
def test_few_pairs_or_few_that_differ_tell_nothing(pairs, differ):
    b = np.zeros((pairs, 1))
    b[:differ] = 1000.0 + np.arange(differ)[:, None]
    found = paired(np.zeros((pairs, 1)), b)
    assert np.isnan(found.low[0])
    assert found.method[0] == ""
    assert judged(found)[1] == [TOO_FEW]


def test_pairs_that_lack_a_cell_do_not_count():
    a, b = draw(normals, "a", 25, 2), 5.0 + draw(normals, "b", 25, 2)
    a[3, 0] = b[7, 0] = np.nan
    keep = np.setdiff1d(np.arange(25), [3, 7])
    found, less = paired(a, b), paired(a[keep], b[keep])
    assert found.n.tolist() == [23, 25]
    for name in ("difference", "low", "high", "p", "ratio_low"):
        assert getattr(found, name)[0] == getattr(less, name)[0]


def test_no_pair_with_a_cell_gives_a_row_all_the_same():
    found = paired(np.full((6, 1), np.nan), np.ones((6, 1)))
    assert found.n[0] == 0
    assert judged(found)[1] == [TOO_FEW]
    assert len(paired(np.zeros((0, 2)), np.zeros((0, 2))).n) == 2


def test_a_cell_does_not_depend_on_its_neighbours():
    a, b = draw(normals, "a", 18, 700), draw(exponentials, "b", 18, 700)
    b[4, 300:] = np.nan
    order = np.argsort(draw(uniforms, "order", 1, 700)[0])
    whole, mixed, alone = paired(a, b), paired(a[:, order], b[:, order]), paired(a[:, [5]], b[:, [5]])
    for name, values in vars(whole).items():
        assert np.array_equal(values[order], getattr(mixed, name), equal_nan=values.dtype != object), name
        assert str(values[5]) == str(getattr(alone, name)[0]), name


def test_called_cells_have_intervals_without_zero():
    a = draw(normals, "a", 12, 500)
    found = paired(a, a + 0.4 * draw(exponentials, "b", 12, 500) - 0.2)
    p, said = judged(found)
    apart = (found.low > 0) | (found.high < 0)
    for k, verdict in enumerate(said):
        assert (verdict in ("better", "worse")) == (bool(apart[k]) and p[k] <= 0.05) or verdict == TOO_FEW
    assert ((found.p < 0.049) <= apart).all()
    assert ((found.p > 0.051) <= ~apart).all()


def test_ratio_where_one_run_never_varies_is_one():
    found = paired(np.zeros((20, 1)), draw(exponentials, "b", 20, 1))
    assert (found.ratio[0], found.ratio_low[0], found.ratio_high[0]) == (1.0, 1.0, 1.0)
    flat = paired(np.ones((20, 1)), np.full((20, 1), 2.0))
    assert np.isnan(flat.ratio[0])


def test_too_few_is_said_where_agreement_of_all_pairs_could_not_be_called():
    a = np.zeros((FEWEST, 40))
    b = np.where(np.arange(40) == 0, 10.0 + draw(uniforms, "b", FEWEST, 40), draw(normals, "c", FEWEST, 40))
    _, said = judged(paired(a, b))
    assert said[0] == TOO_FEW


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="pairs, cells"):
        paired(np.zeros((3, 2)), np.zeros((3, 1)))
