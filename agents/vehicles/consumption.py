"""What electric cars take from the grid: kWh of a trip from its length, its time and the temperature outside.

A road-load model in two steps. The law of a car at each second is that of Fiori, Ahn & Rakha 2016 (Power-based electric
vehicle energy consumption model, Applied Energy 168, 257-268): rolling and air resistance and acceleration at the
wheels, one efficiency from the battery to the wheels, braking recovered by exp(-0.0411 / |a|). What a mean speed V says
of the seconds in it is taken from a published driving cycle, the WLTC (UN GTR 15, class 3b): over its four phases, of
18.9, 39.6, 56.8 and 92.3 km/h with their stops, the distance-weighted mean speed is V + 3.7 m/s, its mean square
V^2 + 10.3 V (both within 7 % of each phase), and the work of the brakes 0.19 - 0.0059 V J per kg and m (within 14 %).

What the car uses besides, for its devices and for its cabin, it uses by the hour: so a jam costs more per km.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from agents.vehicles.config import ElectricCar

Array = np.ndarray[Any, Any]
GRAVITY, AIR = 9.81, 1.2256  # m/s2; kg/m3
# rolling resistance of Fiori et al. 2016: m g C / 1000 (c1 v + c2), v in km/h; asphalt in good state, radial tyres
ROLLING, ROLLING_BY_SPEED, ROLLING_AT_REST = 1.75, 0.0328, 4.575
TO_WHEELS = 0.92 * 0.91  # of the driveline and of the electric motor (the same)
RECOVERED = 0.945  # of braking, before those losses: the mean of exp(-0.0411 / |a|) over the WLTC's braking
MEAN_OVER, SQUARE_OVER = 3.7, 10.3  # m/s, see above
BRAKING, BRAKING_BY_SPEED = 0.19, 0.0059  # J/kg/m, and that per m/s


def driving(car: ElectricCar, speed: Array) -> Array:
    """J that the battery gives to the wheels per metre at a mean speed in m/s, stops included; mild weather, level road."""
    resistance = car.mass * GRAVITY * (ROLLING / 1000.0) * (
        ROLLING_BY_SPEED * 3.6 * (speed + MEAN_OVER) + ROLLING_AT_REST
    ) + 0.5 * AIR * car.drag_area * speed * (speed + SQUARE_OVER)
    braking = car.mass * np.maximum(BRAKING - BRAKING_BY_SPEED * speed, 0.0)
    return np.asarray((resistance + braking) / TO_WHEELS - RECOVERED * TO_WHEELS * braking)


def kwh(car: ElectricCar, metres: Array, seconds: Array, temperature: float) -> Array:
    """kWh from the plug for trips over `metres` in `seconds`, deg C outside, charging losses included; shape (n,)."""
    metres, seconds = np.asarray(metres, np.float64), np.asarray(seconds, np.float64)
    speed = metres / np.maximum(seconds, 1e-9)
    cold, hot = max(car.mild - temperature, 0.0), max(temperature - car.mild, 0.0)
    wheels = metres * driving(car, speed) * (1.0 + car.cold * cold + car.hot * hot)
    steady = seconds * (car.devices + car.heating * cold + car.cooling * hot)
    return np.asarray((wheels + steady) / car.charging / 3.6e6)
