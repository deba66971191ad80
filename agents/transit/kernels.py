"""Vehicles and passengers of a timetable, moment by moment. Arrays in, arrays out; times are int64 ms.

All moments lie in one heap under (4 x time + kind, id): at one time vehicles arrive first, then passengers reach their
stop, then vehicles leave, then passengers reach their goal. So who is at the stop on the stroke gets in.

Runs and calls are numbered as in `twin.timetable`. A passenger is a row of the area's people. Those who wait for a call
of a run, and those who will get off at one, are lists linked through `follows`: everybody stands in one at most.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from twin.dijkstra import pop, push
from twin.timetable import leaves

ARRIVE, REACH, LEAVE, HOME = 0, 1, 2, 3  # kinds of moments: of a run, a passenger, a run, a passenger

CALL = np.dtype(  # one row per row of the area's calls
    [
        ("arrival", np.int64),  # ms since the midnight of the day of service
        ("departure", np.int64),
        ("hop", np.int64),  # ms to the next call where it does not drive in traffic
        ("service", np.int32),
        ("last", np.bool_),  # of its service
    ],
    align=True,
)
RUN = np.dtype(  # one row per run
    [
        ("midnight", np.int64),  # of its day of service, ms
        ("call", np.int32),  # row of the call that it stands at or drives to; one past its last when it is over
        ("load", np.int32),  # passengers on board
        ("driven", np.bool_),  # in traffic: somebody else tells when it arrives
        ("moving", np.bool_),
    ],
    align=True,
)
LIST = np.dtype([("first", np.int32), ("last", np.int32), ("riders", np.int32)])  # of a call of a run; -1 none
RIDES = 8  # of one way at most
PASSENGER = np.dtype(
    [
        ("reached", np.int64),  # when he came to the stop, ms
        ("egress", np.int64),  # ms on foot from the last stop to the goal
        ("asked", np.int64),  # when he set off, ms
        ("goal", np.int32),  # location
        ("trip", np.int32),  # the number that his trip came with
        ("follows", np.int32),
        ("ride", np.int8),  # the ride that he waits for or is on
        ("rides", np.int8),
        ("board", np.int32, (RIDES,)),  # calls of runs
        ("alight", np.int32, (RIDES,)),
        ("walk", np.int32, (RIDES,)),  # ms on foot to the stop, before each ride
    ],
    align=True,
)
# sums: of everything, and of a line within the quarter of an hour
MISSED, LEFT_BEHIND, BOARDED, WAIT_MS, CALLED, LATE_MS, ENDED, SUMS = range(8)
LINE_BOARDED, LINE_CALLED, LINE_LATE_MS = range(3)


@njit(cache=True)
def run(
    stop,
    keys,
    ids,
    size,
    calls,
    runs,
    lists,
    passengers,
    line,
    capacity,
    services,
    dwell,
    sums,
    by_line,
    peak,
    again,
    home,
):
    """Everything that happens before `stop` (ms).

    keys, ids, size : the heap of moments, and how many there are
    calls, runs, lists, passengers : see CALL, RUN, LIST (a row per call of a run), PASSENGER
    line, capacity  : int32 (services,): the line of each service, and the places of its vehicle
    dwell    : ms that a vehicle which is late stands at a stop
    sums     : int64 (SUMS,);  by_line: int64 (lines, 3);  peak: float64 (1,), highest load / capacity; added to
    again    : int32 (people,), filled: passengers who missed their vehicle or found no room in it
    home     : int64 (people, 2), filled: passengers who reached their goal, and when

    Returns the size of the heap and how many there are in `again` and `home`.
    """
    n_again, n_home = 0, 0
    while size > 0 and keys[0] < 4 * stop:
        key, who = keys[0], ids[0]
        size = pop(keys, ids, size)
        time, kind = key >> 2, key & 3
        if kind == ARRIVE:
            size = arrive(
                time, who, keys, ids, size, calls, runs, lists, passengers, line, services, dwell, sums, by_line
            )
        elif kind == REACH:
            call = passengers[who].board[passengers[who].ride]
            row = call % len(calls)
            if runs[call // len(calls) * services + calls[row].service].call > row:
                sums[MISSED] += 1
                again[n_again] = who
                n_again += 1
            else:
                passengers[who].reached = time
                join(lists, passengers, call, who)
        elif kind == LEAVE:
            service = who % services
            row = runs[who].call
            n_again = board(
                time, who, row + who // services * len(calls), runs, lists, passengers, capacity[service], sums,
                by_line[line[service]], again, n_again,
            )  # fmt: skip
            peak[0] = max(peak[0], runs[who].load / capacity[service])
            runs[who].call = row + 1
            runs[who].moving = True
            if not runs[who].driven:
                size = push(keys, ids, size, 4 * (time + calls[row].hop) + ARRIVE, who)
        else:
            home[n_home, 0], home[n_home, 1] = who, time
            n_home += 1
    return size, n_again, n_home


@njit(cache=True)
def arrive(time, who, keys, ids, size, calls, runs, lists, passengers, line, services, dwell, sums, by_line):
    """A run arrives at its call: who wants to gets off, and it leaves when it may. Returns the size of the heap."""
    vehicle = runs[who]
    row = vehicle.call
    call = calls[row]
    late = max(0, time - vehicle.midnight - call.arrival)
    sums[CALLED] += 1
    sums[LATE_MS] += late
    by_line[line[who % services], LINE_CALLED] += 1
    by_line[line[who % services], LINE_LATE_MS] += late
    runs[who].moving = False
    here = who // services * len(calls) + row
    passenger = lists[here].riders
    lists[here].riders = -1
    while passenger >= 0:
        following = passengers[passenger].follows
        passengers[passenger].ride += 1
        ride = passengers[passenger].ride
        if ride < passengers[passenger].rides:
            moment = 4 * (time + passengers[passenger].walk[ride]) + REACH
        else:
            moment = 4 * (time + passengers[passenger].egress) + HOME
        size = push(keys, ids, size, moment, passenger)
        runs[who].load -= 1
        passenger = following
    if call.last:
        runs[who].call = row + 1
        sums[ENDED] += 1
        return size
    stay = dwell if vehicle.driven else min(dwell, call.departure - call.arrival)
    return push(keys, ids, size, 4 * leaves(vehicle.midnight + call.departure, time, stay) + LEAVE, who)


@njit(cache=True)
def join(lists, passengers, call, who):
    """A passenger goes to the end of those who wait for a call of a run."""
    passengers[who].follows = -1
    last = lists[call].last
    if last < 0:
        lists[call].first = who
    else:
        passengers[last].follows = who
    lists[call].last = who


@njit(cache=True)
def board(time, who, call, runs, lists, passengers, capacity, sums, of_line, again, n_again):
    """Those who wait for a run get in, first come first served, while there is room; returns the number in `again`."""
    passenger = lists[call].first
    lists[call].first = lists[call].last = -1
    while passenger >= 0:
        following = passengers[passenger].follows
        if runs[who].load < capacity:
            runs[who].load += 1
            sums[BOARDED] += 1
            sums[WAIT_MS] += time - passengers[passenger].reached
            of_line[LINE_BOARDED] += 1
            off = passengers[passenger].alight[passengers[passenger].ride]
            passengers[passenger].follows = lists[off].riders
            lists[off].riders = passenger
        else:
            sums[LEFT_BEHIND] += 1
            again[n_again] = passenger
            n_again += 1
        passenger = following
    return n_again
