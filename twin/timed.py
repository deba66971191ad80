"""Dijkstra over time: the earliest arrivals where what a link takes depends on the moment of entering it.

The label of a node is the earliest time at which it is reached (Dreyfus 1969, Operations Research 17(3)). That is exact
where links keep the order of those who enter (first in, first out), which `fifo` sees to.
"""

# mypy: disable-error-code="untyped-decorator"
# numba publishes no types, so its decorator is untyped to mypy
from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from twin.dijkstra import BLOCKED, FAR, pop, push

Ints = NDArray[np.int64]
Array = NDArray[Any]


def fifo(times: ArrayLike, period: int) -> Ints:
    """Travel times by slice of time on which nobody overtakes: where one falls too fast, the ones before it are lowered.

    times : int64 ms (links, slices), each the time of those who enter in the middle of a slice of `period` ms. Between
    two middles it is interpolated, so order is kept exactly if no time falls by more than `period` from one to the next.
    """
    found = np.array(times, np.int64)
    for at in range(found.shape[1] - 2, -1, -1):
        np.minimum(found[:, at], found[:, at + 1] + period, out=found[:, at])
    return found


@njit(cache=True)
def time_at(times: Array, period: int, link: int, at: int) -> int:
    """Travel time of those who enter `link` at `at`, ms: as in the middles of the slices, on a line between two of them."""
    last = times.shape[1] - 1
    after = at - period // 2
    before = after // period
    if after <= 0:
        return int(times[link, 0])
    if before >= last:
        return int(times[link, last])
    rise = times[link, before + 1] - times[link, before]
    return int(times[link, before] + rise * (after - before * period) // period)


@njit(cache=True)
def arrivals(
    first_out: Array,
    out_arcs: Array,
    head: Array,
    link_of: Array,
    times: Array,
    period: int,
    origins: Array,
    goals: Array,
    departures: Array,
) -> Array:
    """Earliest arrival of each trip, ms; -1 where no path leads. int64 (trips,).

    Parameters
    ----------
    first_out, out_arcs, head : the graph, as in `twin.dijkstra.search`
    link_of : int32 (arcs,): row of `times` of an arc; -1: it takes no time
    times : int64 (links, slices), ms, as `fifo` gives them; a link of `BLOCKED` in its first slice cannot be used
    period : ms of a slice; the first one begins at 0, before and after them the times of the nearest hold
    origins, goals, departures : nodes and ms (trips,)
    """
    n, answer = len(first_out) - 1, np.empty(len(origins), np.int64)
    label = np.full(n, FAR, np.int64)
    settled = np.zeros(n, np.bool_)
    keys, nodes = np.empty(len(out_arcs) + 2, np.int64), np.empty(len(out_arcs) + 2, np.int32)
    touched = np.empty(n, np.int32)
    for trip in range(len(origins)):
        label[origins[trip]] = departures[trip]
        touched[0] = origins[trip]
        seen, size = 1, push(keys, nodes, 0, departures[trip], origins[trip])
        answer[trip] = -1
        while size > 0:
            key, node = keys[0], nodes[0]
            size = pop(keys, nodes, size)
            if settled[node]:
                continue
            settled[node] = True
            if node == goals[trip]:
                answer[trip] = key
                break
            for i in range(first_out[node], first_out[node + 1]):
                arc = out_arcs[i]
                link, reached = link_of[arc], key
                if link >= 0:
                    if times[link, 0] >= BLOCKED:
                        continue
                    reached += time_at(times, period, link, key)
                other = head[arc]
                if reached < label[other]:
                    if label[other] == FAR:
                        touched[seen] = other
                        seen += 1
                    label[other] = reached
                    size = push(keys, nodes, size, reached, other)
        for i in range(seen):
            label[touched[i]] = FAR
            settled[touched[i]] = False
    return answer
