"""The kernel's bucket queue: events by tenth of a second, at most one of each kind per link.

The event of kind k of link m is number 4 m + k: a link's events lie in one line of the cache.

Lists are linked through the events themselves, so nothing is allocated; push and pop take constant time.

Numba's cache looks at the file of a kernel only: after a change here, empty `NUMBA_CACHE_DIR`, or the kernels that call
these functions keep the old code.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

BUCKETS = 4096  # length of the wheel, a power of 2; later events are put in its last bucket and travel on from there
PER_SECOND = 10.0
EDGE = 1e-6  # a time this share of a bucket before its end counts as in the next: 2.4999999999 s is 2.5 s
READY, GRANT, TIMER = 0, 1, 2
KINDS = 4  # events per link, one of them unused


def compiled(function: Any) -> Any:
    """`function` as a kernel without reference counting.

    Traffic kernels allocate nothing. The atomic counts that numba makes for every array passed on took three quarters
    of the time: 480 ns per link entry with them, 135 ns without (`benchmarks.traffic_kernel`).
    """
    return njit(cache=True, _nrt=False, error_model="numpy")(function)


def inlined(function: Any) -> Any:
    """As `compiled`, put into its callers: an array is seven arguments, and a step takes less time than to pass them."""
    return njit(cache=True, _nrt=False, error_model="numpy", forceinline=True)(function)


@inlined
def bucket_of(time):
    """The bucket of a time in seconds."""
    return int(time * PER_SECOND + EDGE)


@inlined
def cell_of(bucket, kind):
    """The wheel's cell for events of a kind in a bucket."""
    return (bucket & (BUCKETS - 1)) * 3 + kind


@inlined
def push(events, wheel, event, time, now):
    """Put an event into the wheel; it must not be in it. Infinite times never come."""
    if time == np.inf:
        return
    cell = cell_of(min(max(bucket_of(time), now), now + BUCKETS - 1), event & (KINDS - 1))
    events[event].time = time
    events[event].next = -1
    events[event].cell = cell
    last = wheel[cell, 1]
    if last < 0:
        wheel[cell, 0] = event
    else:
        events[last].next = event
    wheel[cell, 1] = event


@inlined
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
