"""Batteries that keep a device going when the grid is dark."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def unpowered(start: Any, stop: Any, autonomy: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The spells in which a device with a battery has no power.

    start, stop : outages of the grid at the device, same unit of time, shape (outages,)
    autonomy : how long a full battery lasts, one number or shape (outages,)

    Returns start and stop of each outage's dead spell; start equals stop where the battery outlasted the outage. The
    battery is taken as full at every start (assumption: outages are rare next to the hours of recharging).
    """
    start, stop = np.asarray(start, np.float64), np.asarray(stop, np.float64)
    return np.minimum(start + autonomy, stop), stop
