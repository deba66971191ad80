"""How much electricity a building uses, and when: annual use by kind, and the shape of a week.

Nothing here is measured at a building: every figure is a national mean or an assumption, named beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ASSUMPTIONS = {
    "dwelling_kwh": (
        3000.0,
        "kWh/year per dwelling",
        "assumption: Statistics Netherlands gives 2,500-2,800 kWh delivered "
        "per dwelling in recent years; own solar use and new appliances added",
    ),
    "dwelling_peak_w": (1000.0, "W", "assumption: simultaneous evening peak per dwelling on a neighbourhood station"),
    "non_dwelling_peak": (1.25, "", "assumption: design peak over the highest hour of the mean weekday"),
    "power_factor": (0.97, "", "assumption: all loads, lagging"),
    "signal_w": (300.0, "W", "assumption: a signalised crossing with LED heads and its controller"),
    "charger_w": (11_000.0, "W", "three phases of 16 A: the usual home and public charger"),
    "diversity": (0.40, "", "assumption: spread (cv) of annual use between dwellings, lognormal"),
    "pv_share": (0.0, "", "share of houses with solar panels; 0 leaves solar power out"),
    "pv_w_per_house": (4000.0, "W", "assumption: installed peak of one house with panels"),
}

# kWh per m2 floor and year. Assumptions of the order of the Dutch benchmark figures for services buildings
# ("energiekentallen utiliteitsbouw", ECN/TNO and RVO); industry varies by a factor of ten.
KWH_PER_M2 = {
    "house": 0.0,
    "apartments": 0.0,
    "office": 70.0,
    "shop": 100.0,
    "school": 30.0,
    "university": 70.0,
    "hospital": 100.0,
    "care": 60.0,
    "industry": 60.0,
    "leisure": 70.0,
    "public": 50.0,
    "garage": 5.0,
    "other": 10.0,
}
SMALLEST_KWH = 50.0  # per year; a shed below this has no connection

# Mean weekday and mean weekend day by hour, over the mean of the year: households_appliances and buildings_appliances
# of the Energy Transition Model's data set nl2019 (Quintel Intelligence, MIT licence).
_HOME = (
    [
        0.77,
        0.64,
        0.58,
        0.55,
        0.56,
        0.63,
        0.77,
        0.91,
        0.97,
        0.97,
        0.96,
        0.95,
        0.93,
        0.91,
        0.91,
        0.97,
        1.21,
        1.46,
        1.50,
        1.47,
        1.42,
        1.34,
        1.18,
        0.98,
    ],
    [
        0.82,
        0.68,
        0.60,
        0.56,
        0.55,
        0.56,
        0.64,
        0.81,
        1.02,
        1.15,
        1.19,
        1.21,
        1.20,
        1.16,
        1.12,
        1.13,
        1.30,
        1.51,
        1.54,
        1.51,
        1.43,
        1.32,
        1.17,
        0.95,
    ],
)
_SERVICE = (
    [
        0.63,
        0.63,
        0.62,
        0.62,
        0.64,
        0.70,
        0.95,
        1.37,
        1.65,
        1.75,
        1.79,
        1.74,
        1.71,
        1.73,
        1.68,
        1.50,
        1.20,
        0.98,
        0.93,
        0.95,
        0.93,
        0.82,
        0.72,
        0.66,
    ],
    [
        0.64,
        0.63,
        0.62,
        0.61,
        0.61,
        0.60,
        0.62,
        0.67,
        0.73,
        0.78,
        0.81,
        0.81,
        0.79,
        0.78,
        0.76,
        0.74,
        0.72,
        0.71,
        0.70,
        0.70,
        0.70,
        0.69,
        0.67,
        0.64,
    ],
)
_FLAT = ([1.0] * 24, [1.0] * 24)  # assumption: care and hospitals run day and night alike, half of it flat
_ALWAYS = tuple([0.5 + 0.5 * v for v in day] for day in _SERVICE)

SHAPES = np.array([_HOME, _SERVICE, _ALWAYS, _FLAT])  # (shape, weekday|weekend, hour)
HOME, SERVICE, ALWAYS, FLAT = range(4)
SHAPE_OF_USE = {"house": HOME, "apartments": HOME, "hospital": ALWAYS, "care": ALWAYS, "industry": ALWAYS}


def shape_rows(use: Any) -> NDArray[np.int64]:
    """Row of SHAPES of each building, from its `use`; shape (buildings,)."""
    names, inverse = np.unique(np.asarray(use, str), return_inverse=True)
    return np.array([SHAPE_OF_USE.get(name, SERVICE) for name in names], np.int64)[inverse]


def annual_kwh(use: Any, floor_m2: Any, dwellings: Any) -> tuple[Floats, Floats]:
    """Annual use of each building in kWh: (of its dwellings, of everything else), each of shape (buildings,)."""
    names, inverse = np.unique(np.asarray(use, str), return_inverse=True)
    per_m2 = np.array([KWH_PER_M2.get(name, KWH_PER_M2["other"]) for name in names])[inverse]
    return ASSUMPTIONS["dwelling_kwh"][0] * np.asarray(dwellings, np.float64), per_m2 * np.asarray(floor_m2, np.float64)


def design_peak_w(use: Any, floor_m2: Any, dwellings: Any) -> Floats:
    """Simultaneous peak that the grid is built for, W, shape (buildings,)."""
    _, other = annual_kwh(use, floor_m2, dwellings)
    highest = SHAPES.max(axis=(1, 2))[shape_rows(use)]
    return (
        ASSUMPTIONS["dwelling_peak_w"][0] * np.asarray(dwellings, np.float64)
        + other * 1e3 / 8760.0 * highest * ASSUMPTIONS["non_dwelling_peak"][0]
    )


def shapes_at(hour: float, weekend: bool) -> Floats:
    """Each shape at a clock hour (0-24), linear between the middles of the hours; shape (shapes,)."""
    day = SHAPES[:, int(weekend)]
    at = (hour - 0.5) % 24.0
    low = int(at)
    share = at - low
    return np.asarray((1.0 - share) * day[:, low] + share * day[:, (low + 1) % 24])
