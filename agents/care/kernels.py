"""Laws of the care domain: who falls ill when, and how fast a blue-light vehicle drives."""

from __future__ import annotations

import numpy as np
from numba import njit

from twin.arrivals import thin


@njit(cache=True)
def day_of_illness(day, stream, rate, hourly, person, ms):
    """Arrivals of one day, person by person, by thinning; returns how many were written.

    rate   : float64 (persons,): arrivals per day of each person
    hourly : float64 (24,): share of the day's arrivals in each hour, summing to 1
    person, ms : int64, written: who, and the millisecond of the day
    """
    n = 0
    peak = hourly.max()
    times = np.empty(8)
    scaled = np.empty(24)
    for i in range(len(rate)):
        if rate[i] <= 0.0:
            continue
        for h in range(24):
            scaled[h] = rate[i] * hourly[h] / 3600.0
        found = min(thin(stream, i, day, scaled, 3600.0, rate[i] * peak / 3600.0, times), len(times))
        for k in range(found):
            if n < len(person):
                person[n], ms[n] = i, int(1000.0 * times[k])
                n += 1
    return n


@njit(cache=True)
def blue_light(live_ms, free_ms, speed, queue, out):
    """Travel time of each link for a vehicle under blue light, ms: free / speed + queue x (live - free)."""
    for i in range(len(out)):
        delay = max(live_ms[i] - free_ms[i], 0)
        out[i] = max(int(free_ms[i] / speed + queue * delay), 1)
