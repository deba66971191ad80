"""Arrivals: zero rates, ordering, keys, and shared candidates under a common `most`."""

from __future__ import annotations

import numpy as np
import pytest

from twin.arrivals import arrivals
from twin.draws import stream

S = stream(1, "arrival")


def test_closed_hours_get_exactly_none():
    got = np.concatenate([arrivals(S, 3, day, [0.0, 5.0, 0.0, 2.0], 3600.0) for day in range(3)])
    assert len(got)
    assert not ((got < 3600) | ((got >= 7200) & (got < 10800))).any()
    assert len(arrivals(S, 3, 0, [0.0, 0.0], 10.0)) == 0


def test_same_key_same_times_and_other_keys_others():
    assert np.array_equal(arrivals(S, 3, 1, [0.1], 1e4), arrivals(S, 3, 1, [0.1], 1e4))
    for other in (arrivals(S, 4, 1, [0.1], 1e4), arrivals(S, 3, 2, [0.1], 1e4)):
        assert not np.intersect1d(arrivals(S, 3, 1, [0.1], 1e4), other).size
    assert (np.diff(arrivals(S, 3, 1, [0.1], 1e4)) > 0).all()


def test_a_lower_rate_keeps_a_subset():
    more, less = (arrivals(S, 3, 1, [rate], 1e5, most=0.2) for rate in (0.2, 0.1))
    assert np.isin(less, more).all()
    assert 0 < len(less) < len(more)


@pytest.mark.parametrize(("rates", "most"), [([-1.0], 0.0), ([np.nan], 0.0), ([2.0], 1.0)])
def test_rates_out_of_range(rates, most):
    with pytest.raises(ValueError, match="rates"):
        arrivals(S, 0, 0, rates, 1.0, most)
