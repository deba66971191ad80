"""Records that the traffic kernel works on, laid out for the cache: what is used together stands in one line.

Times are float64 seconds. What a field means stands in the kernels that use it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

LINE = 64  # bytes of a line of the cache
_FIELDS = (
    # what every exit touches
    ("headway", "f8"),
    ("last_exit", "f8"),
    ("wave", "f8"),
    ("time_spent", "f8"),
    ("free", "f8"),
    ("slots", "i4"),
    ("room", "i4"),
    ("first", "i4"),
    ("count", "i4"),
    ("target", "i4"),
    ("left", "i4"),
    # what every entry touches
    ("tokens", "f8"),
    ("slack", "f8"),
    ("headway_in", "f8"),
    ("tail_free", "f8"),
    ("stuck_since", "f8"),
    ("control", "i4"),
    ("moves", "i4"),
    ("wait_first", "i4"),
    ("queue_first", "i4"),
    ("entered", "i4"),
    ("queued", "i4"),
    # merges
    ("virtual", "f8"),
    ("weight", "f8"),
    ("tag", "f8"),
    ("wait_time", "f8"),
    ("queue_tag", "f8"),
    ("queue_time", "f8"),
    ("queue_weight", "f8"),
    ("waits_for", "i4"),
    ("wait_next", "i4"),
    # the rest
    ("cycle", "f8"),
    ("green_from", "f8"),
    ("green_for", "f8"),
    ("rule", "i4"),
    ("queue_last", "i4"),
    ("closed", "?"),
)
LINK = np.dtype({"names": [n for n, _ in _FIELDS], "formats": [f for _, f in _FIELDS], "itemsize": 4 * LINE})
SLOT = np.dtype([("time", "f8"), ("car", "i4")], align=True)
CAR = np.dtype(
    [
        ("key", "i8"),
        ("depart", "f8"),
        ("ready", "f8"),
        ("begin", "i4"),
        ("cursor", "i4"),
        ("end", "i4"),
        ("next", "i4"),
        ("state", "i1"),
    ],
    align=True,
)
EVENT = np.dtype([("time", "f8"), ("next", "i4"), ("cell", "i4")], align=True)
DUE_CAR = np.dtype([("time", "f8"), ("car", "i4")], align=True)
MOVE = np.dtype(  # from a link onto another, see `agents.vehicles.right_of_way`
    [
        ("last", "f8"),
        ("before", "f8"),
        ("gap", "f8"),
        ("follow", "f8"),
        ("link", "i4"),
        ("onto", "i4"),
        ("first", "i4"),
        ("count", "i4"),
    ],
    align=True,
)
ARRIVAL = np.dtype([("key", "i8"), ("time", "f8"), ("started", "f8")], align=True)


def records(size: int, dtype: np.dtype[Any]) -> Any:
    """`size` zero records from the start of a line of the cache, with fields as attributes for numba and Python alike."""
    room = np.zeros(size * dtype.itemsize + LINE, np.uint8)
    begin = -room.ctypes.data % LINE
    return room[begin : begin + size * dtype.itemsize].view(dtype).view(np.recarray)
