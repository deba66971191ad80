"""Emissions by mean speed, beside values of the guidebook's own rounded tables and orders of magnitude."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.vehicles.emissions import CO2_PETROL, DIESEL, FLEET, PETROL, emitted, grams_per_km


def rounded(v):
    """Petrol Euro 5 and diesel Euro 6 NOx with the three digits that the guidebook prints (tables 3-41 and 3-47)."""
    petrol = (0.189 + 8.15e-2 * v - 2.49e-4 * v**2 - 0.268 / v) / (1 + 1.57 * v + 2.73e-2 * v**2)
    diesel = (0.436 - 5.39e-3 * v + 2.90e-5 * v**2 - 0.461 / v) / (1 + 1.0e-2 * v - 1.02e-4 * v**2)
    return petrol, diesel


@pytest.mark.parametrize("v", [10.0, 30.0, 50.0, 80.0])
def test_against_the_guidebooks_printed_coefficients(v):
    petrol, diesel = rounded(v)
    assert FLEET[0].nox(np.float64(v)) == pytest.approx(petrol, rel=0.03)
    assert FLEET[3].nox(np.float64(v)) == pytest.approx(diesel, rel=0.03)
    # by hand, at 50 km/h: (174 + 18.2 + 21.85) / (1 + 3.425 - 0.6175) g of fuel
    assert PETROL(np.float64(50.0)) == pytest.approx(214.05 / 3.8075, rel=1e-12)
    assert DIESEL(np.float64(50.0)) == pytest.approx((162 + 109 - 32) / (1 + 6.15 - 1.94), rel=1e-12)


def test_the_fleet_is_whole_and_in_the_range_of_real_cars():
    assert sum(car.share for car in FLEET) == pytest.approx(1.0)
    co2, nox, pm = grams_per_km(np.array([50.0, 100.0]) / 3.6)
    assert ((co2 > 120) & (co2 < 220)).all()
    assert ((nox > 0.02) & (nox < 0.3)).all()
    assert ((pm > 0.0005) & (pm < 0.01)).all()
    assert grams_per_km(10 / 3.6)[0] > 1.7 * grams_per_km(60 / 3.6)[0]  # crawling costs


@given(st.floats(0.0, 60.0), st.integers(0, 500), st.floats(5.0, 3_000.0), st.floats(0.0, 1.0))
def test_grams_add_up_over_vehicles_and_are_never_negative(speed, vehicles, length, electric):
    seconds = vehicles * length / max(speed, 0.01)
    one = emitted(np.array([vehicles]), np.array([seconds]), np.array([length]), electric)
    two = emitted(np.array([2 * vehicles]), np.array([2 * seconds]), np.array([length]), electric)
    assert (one >= 0.0).all()
    assert two == pytest.approx(2 * one, rel=1e-9)
    assert (emitted(np.array([vehicles]), np.array([seconds]), np.array([length]), 1.0) == 0.0).all()


def test_a_kilometre_at_fifty():
    co2, _, _ = emitted(np.array([100.0]), np.array([100 * 72.0]), np.array([1000.0]), 0.0)
    per_car = 0.9 * CO2_PETROL * 214.05 / 3.8075 + 0.1 * 3.14 * 239 / 5.21
    assert co2[0] == pytest.approx(100 * per_car, rel=1e-9)
