"""What cars emit, by the average-speed method: grams per kilometre from the mean speed over a link.

Formulas and coefficients: EMEP/EEA air pollutant emission inventory guidebook 2013 (update September 2014), 1.A.3.b,
tables 3-41 and 3-47 and their equations: hot engines, level road. A mean speed says nothing of the stops in it, so the
method suits whole streets and quarters of an hour, not single junctions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
SLOWEST, FASTEST = 10.0, 130.0  # km/h, the range of the formulas; speeds beyond it count as its end
POLLUTANTS = ("co2", "nox", "pm")
# kg of CO2 per kg of fuel (guidebook, table 3-12: petrol 3.18, diesel 3.14)
CO2_PETROL, CO2_DIESEL = 3.18, 3.14


def ratio(a: float, b: float, c: float, d: float, e: float, f: float = 0.0) -> Callable[[Array], Array]:
    """The guidebook's (a + c V + e V^2 + f / V) / (1 + b V + d V^2), g/km at V km/h."""
    return lambda v: np.asarray((a + c * v + e * v**2 + f / v) / (1.0 + b * v + d * v**2))


def polynomial(*coefficients: float) -> Callable[[Array], Array]:
    """The guidebook's polynomial, the highest power first, g/km at V km/h."""
    return lambda v: np.asarray(np.polyval(coefficients, v))


@dataclass(frozen=True)
class Car:
    """A class of cars: its share of the cars with an engine, and g/km of fuel, NOx and PM by speed in km/h."""

    share: float
    co2_per_fuel: float
    fuel: Callable[[Array], Array]
    nox: Callable[[Array], Array]
    pm: Callable[[Array], Array]


# shares: assumption, after the Dutch fleet (nine in ten cars with an engine run on petrol, hybrids included; half of each
# of Euro 6). Fuel: petrol Euro 4, 1.4-2.0 l, table 3-41; diesel Euro 3, 1.4-2.0 l, table 3-48 (from memory)
PETROL = ratio(174.0, 0.0685, 0.364, -2.47e-4, 8.74e-3)
DIESEL = ratio(162.0, 0.123, 2.18, -7.76e-4, -1.28e-2)
FLEET = (
    Car(
        0.45,
        CO2_PETROL,
        PETROL,
        ratio(0.1891624, 1.571506, 0.08154751, 0.02732776, -2.488918e-4, -0.2684672),
        polynomial(1.444187e-13, 1.161774e-10, -3.370418e-8, 3.114143e-6, -1.252930e-4, 3.298301e-3),
    ),
    Car(
        0.45,
        CO2_PETROL,
        PETROL,
        ratio(0.4742321, 5.621746, 0.3405778, 0.08376288, -1.515827e-3, -1.191087),
        polynomial(2.313271e-13, 1.256931e-11, -1.100333e-8, 1.234695e-6, -6.287054e-5, 2.721909e-3),
    ),
    Car(
        0.05,
        CO2_DIESEL,
        DIESEL,
        ratio(0.9459517, 4.264272e-3, -0.01138147, -5.150463e-5, 6.671360e-5, 1.923608),
        lambda v: np.asarray(
            1.167044e-3 + 10.61228 / (1.0 + np.exp(6.483631 + 0.5674981 * np.log(v) + 0.01226055 * v))
        ),
    ),
    Car(
        0.05,
        CO2_DIESEL,
        DIESEL,
        ratio(0.4358787, 0.01004346, -5.386789e-3, -1.023612e-4, 2.904664e-5, -0.4607044),
        ratio(-1.209668, 162.9630, 1.785797, 28.93480, 0.01167184, 4.088705),
    ),
)


def grams_per_km(speed: Array) -> Array:
    """g/km of CO2, NOx and PM of the mean car with an engine at a mean speed in m/s; shape (3, *speed.shape)."""
    v = np.clip(np.asarray(speed, np.float64) * 3.6, SLOWEST, FASTEST)
    rows = [
        sum(car.share * car.co2_per_fuel * car.fuel(v) for car in FLEET),
        sum(car.share * car.nox(v) for car in FLEET),
        sum(car.share * car.pm(v) for car in FLEET),
    ]
    return np.array(rows)


def emitted(vehicles: Array, seconds: Array, length: Array, electric: float) -> Array:
    """Grams of CO2, NOx and PM of the cars that left each link in an interval; (3, links).

    vehicles, seconds : cars that left each link, and the time that they spent on it together, s
    length            : m;  electric : share of the cars that have no engine
    """
    speed = length * vehicles / np.maximum(seconds, 1e-9)
    return np.asarray(grams_per_km(speed) * vehicles * length / 1000.0 * (1.0 - electric))
