"""Kernels of the grid: charging cars, and protection against overload."""

from __future__ import annotations

from numba import njit

HOUR_MS = 3_600_000.0


@njit(cache=True)
def settle(person, until, connection, need, power, since, load_row, live, energy):  # type: ignore[no-untyped-def]
    """Charge one plugged-in car from `since` to `until` (ms): less `need` (kWh), more `energy` (kWh per load row).

    Constant power until full; nothing while its connection is dark.
    """
    c = connection[person]
    if c < 0 or until <= since[person]:
        return
    row = load_row[c]
    if live[row]:
        given = min(power[person] / 1e3 * (until - since[person]) / HOUR_MS, need[person])
        need[person] -= given
        energy[row] += given
    since[person] = until


@njit(cache=True)
def settle_all(until, connection, need, power, since, load_row, live, energy):  # type: ignore[no-untyped-def]
    """Charge every plugged-in car up to `until` (ms); a full one is left out until it is driven. See `settle`."""
    for person in range(len(connection)):
        if connection[person] >= 0:
            settle(person, until, connection, need, power, since, load_row, live, energy)
            if need[person] <= 1e-9:
                connection[person] = -1


@njit(cache=True)
def switch_cars(time, person, plug, used, rate, connection, need, power, since, load_row, live, energy):  # type: ignore[no-untyped-def]
    """Plug and unplug in the order of `time`; returns how many were plugged in.

    plug   : connection at which the car is plugged in, -1 where it is driven away, shape (events,)
    used   : kWh that the car used before this moment and after the one before; rate : W of the charger
    """
    n = 0
    for k in range(len(time)):
        p = person[k]
        settle(p, time[k], connection, need, power, since, load_row, live, energy)
        need[p] += used[k]
        connection[p] = plug[k] if need[p] > 0.0 else -1
        if connection[p] >= 0:
            power[p], since[p] = rate[k], time[k]
            n += 1
    return n


@njit(cache=True)
def watch_overload(loading, over_ms, closed, opens, limit, delay, passed):  # type: ignore[no-untyped-def]
    """Protection of every asset: counts ms above `limit` without a break and opens after `delay`.

    loading : share of rating; over_ms, closed, opens : changed in place, shape (assets,)
    passed  : ms since the last look
    """
    for i in range(len(loading)):
        opens[i] = False
        if not closed[i] or loading[i] <= limit[i]:
            over_ms[i] = 0
            continue
        over_ms[i] += passed[i]
        if over_ms[i] >= delay[i]:
            over_ms[i] = 0
            closed[i] = False
            opens[i] = True
