"""The citizens' day: plans of stops, who sets off in a window, and what arriving changes. Arrays in, arrays out.

A plan is a row of stops: the location to go to and the second of the day at which to set off. Every tour begins and
ends at home. Occupations are rows of `twin.tables.OCCUPATIONS`.
"""

from __future__ import annotations

import math

from numba import njit

from twin.draws import exponential, normal, uniform

STOPS = 10  # stops of one day at most; the plans below need at most nine
NEVER = 1 << 60
UNTIMED = -2  # s of public transport where no timetable says it: at the stated speed
RESTING, MOVING, CARRIED = 0, 1, 2
MODES = ("car", "passenger", "transit", "bicycle", "walk")
CAR, PASSENGER, TRANSIT, BICYCLE, WALK = range(5)
THROUGH, GOODS = 6, 7

# columns of the habits table, one row per occupation
P_MAIN, MAIN_LEAVE, MAIN_LEAVE_SD, MAIN_STAY, MAIN_STAY_SD, P_ERRAND, P_DAY, P_DAY_AGAIN, P_EVENING = range(9)


@njit(cache=True)
def pick(cumulative, u):
    """Row of the first cumulative weight above u; `cumulative` is rising and ends at 1."""
    low, high = 0, len(cumulative) - 1
    while low < high:
        middle = (low + high) // 2
        if cumulative[middle] > u:
            high = middle
        else:
            low = middle + 1
    return low


@njit(cache=True)
def plan_days(
    people,
    day,
    stream,
    habits,
    occupation,
    home,
    main,
    zone,
    resident,
    reach,
    reach_place,
    hourly,
    place,
    seconds,
    stops,
):
    """Write a plan for each of `people` (rows) for one day.

    habits     : float64 (occupations, 9) of this type of day: see the column names above; hours as seconds
    reach      : float64 (zones, spots): cumulative chance of visiting each spot from a zone
    reach_place: int32 (spots,): location of each spot
    hourly     : float64 (24,): cumulative share of through traffic by the hour
    place, seconds : (n, STOPS) written; stops : (n,) written
    """
    for i in people:
        first = day * 64
        n = 0
        free_from = 8.0 * 3600.0
        if occupation[i] == THROUGH:
            hour = pick(hourly, uniform(stream, i, first))
            place[i, 0] = main[i]
            seconds[i, 0] = int(3600.0 * (hour + uniform(stream, i, first + 1)))
            stops[i] = 1
            continue
        habit = habits[occupation[i]]
        at_main = main[i] >= 0 and uniform(stream, i, first + 2) < habit[P_MAIN]
        if at_main:
            leave = habit[MAIN_LEAVE] + habit[MAIN_LEAVE_SD] * normal(stream, i, first + 20)
            stay = habit[MAIN_STAY] + habit[MAIN_STAY_SD] * normal(stream, i, first + 21)
            leave = min(max(leave, 4.5 * 3600.0), 20.0 * 3600.0)
            stay = max(stay, 1800.0)
            place[i, n], seconds[i, n] = main[i], int(leave)
            n += 1
            back = leave + stay
            if resident[i] and uniform(stream, i, first + 3) < habit[P_ERRAND]:
                place[i, n] = reach_place[pick(reach[zone[i]], uniform(stream, i, first + 4))]
                seconds[i, n] = int(back)
                n += 1
                back += 600.0 + 1500.0 * exponential(stream, i, first + 5)
            place[i, n], seconds[i, n] = home[i], int(back)
            n += 1
            free_from = back + 3600.0
        if resident[i]:
            if not at_main:
                for k in range(2):
                    chance = habit[P_DAY] if k == 0 else habit[P_DAY_AGAIN]
                    if uniform(stream, i, first + 6 + k) < chance:
                        centre = 11.0 * 3600.0 if k == 0 else 15.25 * 3600.0
                        leave = centre + 5400.0 * normal(stream, i, first + 22 + k)
                        if leave < free_from:  # spread, so that nobody waits for the same stroke of the clock
                            leave = free_from + 5400.0 * uniform(stream, i, first + 18 + k)
                        n, free_from = tour(
                            i,
                            n,
                            leave,
                            3600.0,
                            stream,
                            first + 8 + 3 * k,
                            zone,
                            home,
                            reach,
                            reach_place,
                            place,
                            seconds,
                        )
            if uniform(stream, i, first + 14) < habit[P_EVENING]:
                leave = 19.25 * 3600.0 + 2700.0 * normal(stream, i, first + 25)
                if leave < free_from:
                    leave = free_from + 2700.0 * uniform(stream, i, first + 26)
                if leave < 21.5 * 3600.0:
                    n, free_from = tour(
                        i, n, leave, 5400.0, stream, first + 15, zone, home, reach, reach_place, place, seconds
                    )
        stops[i] = n


@njit(cache=True)
def tour(i, n, leave, stay, stream, draw, zone, home, reach, reach_place, place, seconds):
    """Append one visit and the way home to the plan of person i; returns (stops, second from which i is free again)."""
    place[i, n] = reach_place[pick(reach[zone[i]], uniform(stream, i, draw))]
    seconds[i, n] = int(leave)
    back = leave + 900.0 + (stay - 900.0) * exponential(stream, i, draw + 1)
    if back > 22.5 * 3600.0:  # few are out late, and they do not come home at one stroke of the clock
        back = 22.5 * 3600.0 + 5400.0 * uniform(stream, i, draw + 2)
    place[i, n + 1], seconds[i, n + 1] = home[i], int(max(back, leave + 900.0))
    return n + 2, back + 1800.0


@njit(cache=True)
def start_day(people, midnight, now, home, seconds, stops, at, due, stop, state):
    """Begin the new plan of `people` who are at home (through traffic starts anew at its gateway)."""
    for i in people:
        at[i], stop[i], state[i] = home[i], 0, RESTING
        due[i] = next_due(i, midnight, now, seconds, stops, 0)


@njit(cache=True)
def next_due(i, midnight, earliest, seconds, stops, stop):
    """Millisecond at which person i sets off to the stop: as planned, but not before `earliest`."""
    if stop >= stops[i]:
        return NEVER
    return max(midnight + 1000 * seconds[i, stop], earliest)


@njit(cache=True)
def find_due(due, before, out):
    """Rows whose time has come before `before`, rising, into `out`; returns how many."""
    n = 0
    for i in range(len(due)):
        if due[i] < before:
            out[n] = i
            n += 1
    return n


@njit(cache=True)
def arrive(people, places, times, midnight, dwell, start, seconds, stops, at, due, stop, state):
    """People reach a stop: they are there, and set off to the next one after at least `dwell` ms."""
    for k in range(len(people)):
        i = people[k]
        at[i] = places[k]
        state[i] = RESTING
        stop[i] += 1
        due[i] = max(next_due(i, midnight, times[k] + dwell, seconds, stops, stop[i]), start)


@njit(cache=True)
def carried_s(distance, beyond, speed, beyond_speed, overhead):
    """Seconds from door to door: distance and, of it, beyond the gateways (m), speeds (m/s), overhead (min)."""
    return (distance - beyond) / speed + beyond / beyond_speed + 60.0 * overhead


@njit(cache=True)
def utilities(
    distance,
    beyond,
    car_ms,
    transit_s,
    has_car,
    household_car,
    has_bicycle,
    constant,
    per_minute,
    speed,
    beyond_speed,
    overhead,
    lift,
    limits,
    out,
):
    """Utility of each mode for each tour, (n, 5) in the order of MODES; -inf where a mode is not to be had.

    distance, beyond : m along the streets, and of it beyond the gateways
    car_ms   : live driving time of those who have a car, ms, < 0 where there is no way
    transit_s: s from door to door by the timetable, -1 where it has no way, UNTIMED where there is none
    constant, per_minute, speed, beyond_speed (m/s), overhead (min) : (5,) by mode; a driver's speed is not used
    lift     : added for a passenger whose household has no car for him: somebody else drives
    limits   : (5, 2) shortest and longest distance by mode, m
    """
    for k in range(len(distance)):
        for mode in range(5):
            if mode == CAR:
                minutes = car_ms[k] / 60000.0 + overhead[mode]
            elif mode == TRANSIT and transit_s[k] != UNTIMED:
                minutes = transit_s[k] / 60.0
            else:
                minutes = carried_s(distance[k], beyond[k], speed[mode], beyond_speed[mode], overhead[mode]) / 60.0
            value = constant[mode] + per_minute[mode] * minutes
            if distance[k] < limits[mode, 0] or distance[k] > limits[mode, 1]:
                value = -math.inf
            out[k, mode] = value
        if not has_car[k] or car_ms[k] < 0:
            out[k, CAR] = -math.inf
        if transit_s[k] == -1:
            out[k, TRANSIT] = -math.inf
        if not household_car[k]:
            out[k, PASSENGER] += lift
        if not has_bicycle[k]:
            out[k, BICYCLE] = -math.inf
