"""The kernel's bucket queue: events by tenth of a second, at most one of each kind per link.

Lists are linked through the events themselves, so nothing is allocated; push and pop take constant time.

Numba's cache looks at the file of a kernel only: after a change here, empty `NUMBA_CACHE_DIR`, or the kernels that call
these functions keep the old code.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

BUCKETS = 1024  # length of the wheel; later events are put in its last bucket and travel on from there
PER_SECOND = 10.0
EDGE = 1e-6  # a time this share of a bucket before its end counts as in the next: 2.4999999999 s is 2.5 s
READY, GRANT, TIMER = 0, 1, 2


def compiled(function: Any) -> Any:
    """`function` as a kernel without reference counting.

    Traffic kernels allocate nothing. The atomic counts that numba makes for every array passed on took three quarters
    of the time: 480 ns per link entry with them, 135 ns without (`benchmarks.traffic_kernel`).
    """
    return njit(cache=True, _nrt=False)(function)


@compiled
def bucket_of(time):
    """The bucket of a time in seconds."""
    return int(time * PER_SECOND + EDGE)


@compiled
def push(events, wheel, event, kind, time, now):
    """Put an event into the wheel; it must not be in it. Infinite times never come."""
    if time == np.inf:
        return
    bucket = min(max(bucket_of(time), now), now + BUCKETS - 1)
    cell = (bucket % BUCKETS) * 3 + kind
    events[event].time = time
    events[event].next = -1
    events[event].cell = cell
    last = wheel[cell, 1]
    if last < 0:
        wheel[cell, 0] = event
    else:
        events[last].next = event
    wheel[cell, 1] = event


@compiled
def pop(events, wheel, cell):
    """Take the first event out of a cell that holds one."""
    event = wheel[cell, 0]
    wheel[cell, 0] = events[event].next
    if wheel[cell, 0] < 0:
        wheel[cell, 1] = -1
    events[event].cell = -1
    return event


@compiled
def cancel(events, wheel, event):
    """Take an event out of the wheel, wherever it is."""
    cell = events[event].cell
    if cell < 0:
        return
    before, at = -1, wheel[cell, 0]
    while at != event:
        before, at = at, events[at].next
    if before < 0:
        wheel[cell, 0] = events[event].next
    else:
        events[before].next = events[event].next
    if wheel[cell, 1] == event:
        wheel[cell, 1] = before
    events[event].cell = -1
