"""Use of power: means, units and continuity; batteries."""

from __future__ import annotations

import numpy as np
import pytest

from agents.grid import catalogue, profiles
from agents.grid.backup import unpowered
from agents.grid.demand import spread


def test_shapes_have_about_mean_one_over_a_week():
    week = (5 * profiles.SHAPES[:, 0].mean(axis=1) + 2 * profiles.SHAPES[:, 1].mean(axis=1)) / 7
    np.testing.assert_allclose(week, 1.0, atol=0.03)


@pytest.mark.parametrize("weekend", [False, True])
def test_shapes_pass_through_the_hours_and_midnight(weekend):
    for hour in range(24):
        np.testing.assert_allclose(profiles.shapes_at(hour + 0.5, weekend), profiles.SHAPES[:, int(weekend), hour])
    np.testing.assert_allclose(profiles.shapes_at(0.0, weekend), profiles.shapes_at(24.0, weekend))


def test_a_thousand_dwellings():
    homes, other = profiles.annual_kwh(["apartments"], [60_000.0], [1000])
    assert homes[0] == 3e6
    assert other[0] == 0
    assert profiles.design_peak_w(["apartments"], [60_000.0], [1000])[0] == 1e6
    assert homes[0] / 8.76 * profiles.SHAPES[profiles.HOME].max() < 1e6


def test_spread_keeps_the_mean_and_narrows_with_dwellings():
    rows = np.arange(40_000)
    one, many = spread(1, rows, np.ones(40_000)), spread(1, rows, np.full(40_000, 25))
    assert one.mean() == pytest.approx(1.0, abs=0.01)
    assert one.std() == pytest.approx(0.4, abs=0.02)
    assert many.std() == pytest.approx(0.08, abs=0.01)


def test_catalogue_sizes():
    needed = np.array([1e3, 100e3, 101e3, 2.5e6, 6e6])
    rating = catalogue.stations(needed)["rating"]
    assert rating.tolist() == [100e3, 100e3, 160e3, 2500e3, 7500e3]
    assert (catalogue.substations(np.array([1e6, 200e6]))["rating"] >= [1e6, 200e6]).all()


def test_batteries():
    begin, end = unpowered([0.0, 10.0], [3.0, 11.0], 2.0)
    assert begin.tolist() == [2.0, 11.0]
    assert end.tolist() == [3.0, 11.0]
