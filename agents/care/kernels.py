"""Laws of the care domain: who falls ill when, and how fast a blue-light vehicle drives."""

from __future__ import annotations

import numpy as np
from numba import njit

from twin.arrivals import thin
from twin.dijkstra import BLOCKED

MOST_A_DAY = 64  # arrivals of one person


def arrivals_of_day(day, stream, rate, hourly):
    """Arrivals of one day as two int64 arrays: who, and the millisecond of the day. Parameters as `day_of_illness`.

    Raises ValueError where a rate is so high that one person falls ill more than MOST_A_DAY times.
    """
    mean = float(rate.sum())
    room = int(mean + 10.0 * np.sqrt(mean) + 100.0)
    while True:
        person, ms = np.empty(room, np.int64), np.empty(room, np.int64)
        n = day_of_illness(day, stream, rate, hourly, person, ms)
        if n < 0:
            raise ValueError(f"one person has more than {MOST_A_DAY} arrivals in a day: the rates are too high")
        if n <= room:
            return person[:n], ms[:n]
        room = n


@njit(cache=True)
def day_of_illness(day, stream, rate, hourly, person, ms):
    """Arrivals of one day, person by person, by thinning; returns how many there are, -1 if one person has too many.

    rate   : float64 (persons,): arrivals per day of each person
    hourly : float64 (24,): share of the day's arrivals in each hour, summing to 1
    person, ms : int64, written as far as they reach: who, and the millisecond of the day
    """
    n = 0
    peak = hourly.max()
    times = np.empty(MOST_A_DAY)
    scaled = np.empty(24)
    for i in range(len(rate)):
        if rate[i] <= 0.0:
            continue
        for h in range(24):
            scaled[h] = rate[i] * hourly[h] / 3600.0
        found = thin(stream, i, day, scaled, 3600.0, rate[i] * peak / 3600.0, times)
        if found > len(times):
            return -1
        for k in range(found):
            if n < len(person):
                person[n], ms[n] = i, int(1000.0 * times[k])
            n += 1
    return n


@njit(cache=True)
def blue_light(live_ms, free_ms, fast_ms, red_ms, room, metres, past, out):
    """Travel time of each link under blue light, ms: its own over the empty link, what of a queue it cannot pass, and red.

    live_ms, free_ms, fast_ms : of cars now and on the empty link, and its own on the empty link
    red_ms : what it loses by slowing for red, on average
    room   : bool, whether it may pass a queue: as much faster than the cars as `past`, m/s; else it waits with them
    metres : length

    A street that is closed to cars lets it through as if it were empty (assumption).
    """
    for i in range(len(out)):
        ms = fast_ms[i]
        if free_ms[i] < live_ms[i] < BLOCKED:
            ms += live_ms[i] - free_ms[i]
            if room[i]:
                passing = 1000.0 * metres[i] / (1000.0 * metres[i] / live_ms[i] + past)
                ms = max(fast_ms[i], min(ms, passing))
        out[i] = max(int(ms + red_ms[i]), 1)


def repeats(person: np.ndarray) -> np.ndarray:
    """For each entry how many equal ones stand before it; equal ones are neighbours."""
    before = np.zeros(len(person), np.int64)
    for k in range(1, len(person)):
        if person[k] == person[k - 1]:
            before[k] = before[k - 1] + 1
    return before
