"""Laws of the weather: the sun's height, irradiance under a clear sky, and the day's course of temperature."""

from __future__ import annotations

import math

from numba import njit


@njit(cache=True)
def sun_height(day_of_year, solar_hour, latitude):
    """Sine of the sun's elevation; negative at night.

    day_of_year : 1..366; solar_hour : h, 12 = sun in the south; latitude : degrees north
    Declination after Cooper (1969), Solar Energy 12(3): 23.45 deg sin(2 pi (284 + n) / 365).
    """
    declination = math.radians(23.45) * math.sin(2.0 * math.pi * (284.0 + day_of_year) / 365.0)
    phi, hour_angle = math.radians(latitude), math.radians(15.0 * (solar_hour - 12.0))
    return math.sin(phi) * math.sin(declination) + math.cos(phi) * math.cos(declination) * math.cos(hour_angle)


@njit(cache=True)
def clear_sky(sine):
    """Global horizontal irradiance under a clear sky, W/m2 (Haurwitz 1945): 1098 s exp(-0.057 / s)."""
    if sine <= 0.0:
        return 0.0
    return 1098.0 * sine * math.exp(-0.057 / sine)


@njit(cache=True)
def temperature(mean, swing, solar_hour):
    """Air temperature, deg C: a cosine of the daily mean and range `swing` that peaks at 15 h solar time.

    The hour of the peak is an assumption; De Bilt's hourly means peak between 14 and 16 h.
    """
    return mean + 0.5 * swing * math.cos(2.0 * math.pi * (solar_hour - 15.0) / 24.0)
