"""Weather that was observed: the hours of an area's table `weather`, read at any moment."""

from __future__ import annotations

import numpy as np

from twin.errors import Fault, InputError

HOUR = 3600


def check_hours(table):
    """Raise InputError where the hours of the table are not in order of time."""
    wrong = np.flatnonzero(np.diff(table.time) <= 0)
    if len(wrong):
        row = int(wrong[0]) + 1
        what = f"is {table.time[row]} after {table.time[row - 1]}"
        raise InputError(Fault(f"weather.time[{row}]", what, "hours in order, each once", "sort the table by time"))


def observed_at(table, utc):
    """(temperature deg C, irradiance W/m2) at `utc`, seconds since 1970; None where the hour or the one before lacks.

    The temperature, observed at the end of each hour, lies on a straight line between two ends. The irradiance is the
    hour's mean throughout the hour, so that every hour has the energy that was observed.
    """
    end = table.time
    k = int(np.searchsorted(end, utc, side="right"))  # the hour that ends after `utc`
    if k == 0 or k == len(end) or end[k] - end[k - 1] != HOUR:
        return None
    share = (utc - end[k - 1]) / HOUR
    warmth = (1.0 - share) * table.temperature[k - 1] + share * table.temperature[k]
    return float(warmth), float(table.irradiance[k])
