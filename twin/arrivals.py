"""Arrivals of a Poisson process whose rate changes with time, on keyed draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twin.draws import exponential, uniform


@njit(cache=True)
def thin(stream, key, period, rates, width, most, out):  # type: ignore[no-untyped-def]
    """Arrivals of one period by thinning (Lewis & Shedler 1979); returns how many were written to `out`.

    stream, key : int64; the draws are those of (stream, key, ordinal), ordinals from `period` * 2**24
    rates : arrivals per second in each of the period's equal parts of `width` seconds, float64, shape (parts,)
    most  : largest rate of thinning, at least every rate. It is a parameter so that two scenarios with different rates
            share their candidates: an arrival that both accept is the same arrival
    out   : seconds since the start of the period, ascending; writing stops when it is full (the return value then
            exceeds its length)
    """
    if most <= 0.0:
        return 0
    stop = len(rates) * width
    ordinal = period * 16777216
    t, n = 0.0, 0
    while True:
        t += exponential(stream, key, 2 * ordinal) / most
        if t >= stop:
            return n
        if uniform(stream, key, 2 * ordinal + 1) * most < rates[min(int(t / width), len(rates) - 1)]:
            if n < len(out):
                out[n] = t
            n += 1
        ordinal += 1


def arrivals(stream: int, key: int, period: int, rates: Any, width: float, most: float = 0.0) -> NDArray[np.float64]:
    """Times of arrival in seconds since the start of `period`, ascending.

    Parameters
    ----------
    stream : key of the stream of draws, of `twin.draws.stream`
    key : entity to which the arrivals belong (a zone, a post, a gateway)
    period : number of the period (a day, say): exogenous calendar time, so it is part of the key
    rates : arrivals per second in each part of the period, shape (parts,); zero gives exactly none
    width : length of a part, s
    most : rate from which candidates are thinned; default the largest of `rates`

    Raises
    ------
    ValueError : a rate is negative, not finite or above `most`
    """
    rates = np.ascontiguousarray(rates, np.float64)
    most = most or float(rates.max(initial=0.0))
    if not np.isfinite(rates).all() or (rates < 0).any() or (rates > most).any():
        raise ValueError(f"rates must be finite and between 0 and {most:g} per second")
    mean = float(rates.sum()) * width
    out = np.empty(int(mean + 8.0 * np.sqrt(mean) + 16.0))
    n = int(thin(stream, key, period, rates, width, most, out))
    if n > len(out):
        out = np.empty(n)
        n = int(thin(stream, key, period, rates, width, most, out))
    return out[:n]
