"""Keyed draws: uniform, independent of order, the same from Python and from numba."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from twin import draws

KEYS = st.integers(-(2**62), 2**62)


@settings(deadline=None)  # the first call compiles
@given(KEYS, KEYS, st.integers(0, 2**40))
def test_python_and_numba_agree(stream, key, ordinal):
    with np.errstate(over="ignore"):
        assert draws.uniform(stream, key, ordinal) == draws.uniform.py_func(stream, key, ordinal)
        assert draws.normal(stream, key, ordinal) == draws.normal.py_func(stream, key, ordinal)


@settings(deadline=None)
@given(st.lists(KEYS, min_size=1, max_size=20), st.integers(0, 1000))
def test_many_draws_are_the_single_ones(keys, ordinal):
    stream = draws.stream(1, "test")
    assert draws.uniforms(stream, keys, ordinal).tolist() == [draws.uniform(stream, k, ordinal) for k in keys]


def test_draws_are_uniform_and_uncorrelated():
    stream, other = draws.stream(1, "one"), draws.stream(2, "one")
    u = draws.uniforms(stream, np.arange(200_000))
    counts = np.bincount((u * 100).astype(int), minlength=100)
    chi2 = ((counts - 2000) ** 2 / 2000).sum()
    assert 55 < chi2 < 160  # 99 degrees of freedom: beyond 3.5 sd on either side
    for v in (draws.uniforms(other, np.arange(200_000)), draws.uniforms(stream, np.arange(200_000), 1), np.roll(u, 1)):
        assert abs(np.corrcoef(u, v)[0, 1]) < 0.01


def test_normal_and_exponential_moments():
    keys = np.arange(400_000)
    normal, exponential = draws.normals(3, keys), draws.exponentials(4, keys)
    assert abs(normal.mean()) < 0.006
    assert abs(normal.std() - 1) < 0.005
    assert abs(exponential.mean() - 1) < 0.006


def test_streams_depend_on_seed_and_purpose():
    assert len({draws.stream(seed, purpose) for seed in range(50) for purpose in ("a", "b", "ab")}) == 150


def test_keyed_random_counts_its_draws():
    one, other = draws.KeyedRandom(1, 2), draws.KeyedRandom(1, 2)
    assert [one.random(), one.choice("abc"), one.gauss(), one.randint(1, 6)] == [
        other.random(),
        other.choice("abc"),
        other.gauss(),
        other.randint(1, 6),
    ]
    resumed = draws.KeyedRandom(1, 2, one.draws)
    assert resumed.random() == one.random()
