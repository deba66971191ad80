"""One station of servers with a queue: event-driven, in numba, on given arrivals, work and patience.

The same laws as `twin.waiting.HeapResource`, for the places where a SimPy process per customer would be too slow.
Equals are served in the order of their rows.
"""

from __future__ import annotations

import numpy as np
from numba import njit

SERVED, TURNED_AWAY, LEFT = 0, 1, 2


@njit(cache=True)
def _push(time, item, n, t, i):  # type: ignore[no-untyped-def]
    """Put (t, i) on the heap of `n` entries; ties by item."""
    k = n
    while k > 0:
        up = (k - 1) // 2
        if time[up] < t or (time[up] == t and item[up] <= i):
            break
        time[k], item[k] = time[up], item[up]
        k = up
    time[k], item[k] = t, i
    return n + 1


@njit(cache=True)
def _pop(time, item, n):  # type: ignore[no-untyped-def]
    """Drop the first entry of the heap of `n` entries; returns the number left."""
    n -= 1
    t, i, k = time[n], item[n], 0
    while True:
        down = 2 * k + 1
        if down >= n:
            break
        right = down + 1
        if right < n and (time[right] < time[down] or (time[right] == time[down] and item[right] < item[down])):
            down = right
        if t < time[down] or (t == time[down] and i <= item[down]):
            break
        time[k], item[k] = time[down], item[down]
        k = down
    time[k], item[k] = t, i
    return n


@njit(cache=True)
def station(arrive, priority, work, patience, servers, room, preempt, start, leave, fate):  # type: ignore[no-untyped-def]
    """Run every customer through one station of `servers` equal servers.

    arrive   : s, ascending, shape (customers,); priority : int64, smaller first; work : s of service
    patience : s of waiting after which a customer leaves (inf: never); while being served nobody leaves
    room     : most customers in the station, waiting and served; an arrival beyond is turned away
    preempt  : whether a more urgent arrival takes the server of the least urgent customer, who resumes later
    start, leave, fate : out; first start of service and departure (s, nan if none), and SERVED, TURNED_AWAY or LEFT

    Ties at one time: a departure before an arrival, an arrival before losing patience.
    """
    n = len(arrive)
    queue_t, queue_i, waiting = np.empty(n + 1), np.empty(n + 1, np.int64), 0  # by priority, then row
    done_t, done_i, pending = np.empty(2 * n + 2), np.empty(2 * n + 2, np.int64), 0
    out_t, out_i, patient = np.empty(n + 1), np.empty(n + 1, np.int64), 0
    left, end = work.copy(), np.full(n, np.nan)
    state = np.zeros(n, np.int8)  # 0 not here, 1 waiting, 2 served, 3 gone
    desk, busy, inside, nxt = np.full(min(servers, n + 1), -1), 0, 0, 0
    while nxt < n or inside > 0:
        while pending > 0 and (state[done_i[0]] != 2 or end[done_i[0]] != done_t[0]):
            pending = _pop(done_t, done_i, pending)
        while patient > 0 and state[out_i[0]] != 1:
            patient = _pop(out_t, out_i, patient)
        t_arrive = arrive[nxt] if nxt < n else np.inf
        t_done = done_t[0] if pending > 0 else np.inf
        t_out = out_t[0] if patient > 0 else np.inf
        if t_done <= t_arrive and t_done <= t_out:
            now, i = t_done, done_i[0]
            pending = _pop(done_t, done_i, pending)
            state[i], leave[i], fate[i] = 3, now, 0
            inside -= 1
            busy -= 1
            if servers <= n:
                for d in range(servers):
                    if desk[d] == i:
                        desk[d] = -1
                        break
        elif t_arrive <= t_out:
            now, i = t_arrive, nxt
            nxt += 1
            start[i], leave[i] = np.nan, np.nan
            if inside >= room:
                fate[i], state[i] = 1, 3
                continue
            inside += 1
            state[i] = 1
            waiting = _push(queue_t, queue_i, waiting, np.float64(priority[i]), i)
            if patience[i] < np.inf:
                patient = _push(out_t, out_i, patient, now + patience[i], i)
        else:
            i = out_i[0]
            patient = _pop(out_t, out_i, patient)
            if not np.isnan(start[i]):
                continue  # was pre-empted: it has been served before and stays
            state[i], leave[i], fate[i] = 3, t_out, 2
            inside -= 1
            continue
        while waiting > 0:
            i = queue_i[0]
            if state[i] != 1:
                waiting = _pop(queue_t, queue_i, waiting)
                continue
            if busy >= servers:
                if not preempt:
                    break
                worst = 0
                for d in range(1, servers):
                    if (priority[desk[d]], desk[d]) > (priority[desk[worst]], desk[worst]):
                        worst = d
                victim = desk[worst]
                if priority[i] >= priority[victim]:
                    break
                left[victim] = end[victim] - now
                state[victim] = 1
                desk[worst] = -1
                busy -= 1
                waiting = _pop(queue_t, queue_i, waiting)
                waiting = _push(queue_t, queue_i, waiting, np.float64(priority[victim]), victim)
            else:
                waiting = _pop(queue_t, queue_i, waiting)
            state[i] = 2
            busy += 1
            if np.isnan(start[i]):
                start[i] = now
            end[i] = now + left[i]
            if pending >= len(done_t) - 1:  # drop what was overtaken by pre-emption
                pending = _sweep(done_t, done_i, pending, state, end)
            pending = _push(done_t, done_i, pending, end[i], i)
            if servers <= n:
                for d in range(servers):
                    if desk[d] == -1:
                        desk[d] = i
                        break


@njit(cache=True)
def _sweep(done_t, done_i, pending, state, end):  # type: ignore[no-untyped-def]
    kept = 0
    for k in range(pending):
        i = done_i[k]
        if state[i] == 2 and end[i] == done_t[k]:
            t, kept_now = done_t[k], kept
            kept = _push(done_t, done_i, kept_now, t, i)
    return kept


@njit(cache=True)
def occupancy(arrive, leave, at, present):  # type: ignore[no-untyped-def]
    """Number present at each time `at` (ascending) from ascending `arrive` and sorted `leave`; fills `present`."""
    a, b = 0, 0
    for k in range(len(at)):
        while a < len(arrive) and arrive[a] <= at[k]:
            a += 1
        while b < len(leave) and leave[b] <= at[k]:
            b += 1
        present[k] = a - b
