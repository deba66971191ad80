"""The GEH statistic and the criterion of flows, against values worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.geh import flow_fits, geh

FLOW = st.floats(0.0, 1e5)


@pytest.mark.parametrize(
    ("modelled", "counted", "expected"),
    [
        (0.0, 0.0, 0.0),
        (500.0, 500.0, 0.0),
        (2.0, 0.0, 2.0),  # sqrt(2 * 4 / 2)
        (8.0, 0.0, 4.0),
        (300.0, 500.0, 10.0),  # sqrt(2 * 40,000 / 800)
        (1100.0, 900.0, math.sqrt(40.0)),
    ],
)
def test_geh_by_hand(modelled, counted, expected):
    assert geh(modelled, counted) == pytest.approx(expected, rel=1e-15)


def test_geh_of_arrays():
    np.testing.assert_allclose(geh([0, 300], [0, 500]), [0.0, 10.0])


@given(FLOW, FLOW, st.floats(0.01, 100.0))
def test_geh_is_symmetric_and_grows_with_the_root_of_scale(m, c, scale):
    assert geh(m, c) == geh(c, m)
    assert float(geh(scale * m, scale * c)) == pytest.approx(math.sqrt(scale) * float(geh(m, c)), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("counted", "within"), [(0.0, 100.0), (699.0, 100.0), (700.0, 105.0), (2700.0, 405.0), (2701.0, 400.0)]
)
def test_the_criterion_of_flows(counted, within):
    assert flow_fits(counted + within, counted)
    assert not flow_fits(counted + within + 1.0, counted)
