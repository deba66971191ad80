"""Which nodes of a grid have a closed path to a source."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def search(first, branch, other, tail, tail_closed, head_closed, sources, alive, stack):  # type: ignore[no-untyped-def]
    """Mark in `alive` every node reached from `sources` over closed branches (depth-first search).

    `first` (nodes + 1), `branch`, `other` : adjacency by node; a branch conducts when both its ends are closed.
    A branch that is closed at one end only is itself live but leads nowhere.
    """
    alive[:] = False
    top = 0
    for s in sources:
        if not alive[s]:
            alive[s] = True
            stack[top] = s
            top += 1
    while top > 0:
        top -= 1
        node = stack[top]
        for k in range(first[node], first[node + 1]):
            b = branch[k]
            if tail_closed[b] and head_closed[b] and not alive[other[k]]:
                alive[other[k]] = True
                stack[top] = other[k]
                top += 1


class Topology:
    """Nodes, branches with a switch at each end, and sources.

    tail, head : end nodes of each branch, int64, shape (branches,)
    tail_closed, head_closed : state of the switches, bool, shape (branches,); write to them to switch
    """

    def __init__(self, nodes: int, tail: NDArray[np.int64], head: NDArray[np.int64], sources: Any) -> None:
        self.tail, self.head = tail, head
        self.tail_closed, self.head_closed = np.ones(len(tail), bool), np.ones(len(tail), bool)
        self.sources = np.atleast_1d(np.asarray(sources, np.int64))
        ends = np.concatenate([tail, head])
        order = np.argsort(ends, kind="stable")
        self._first = np.searchsorted(ends[order], np.arange(nodes + 1))
        self._branch = (order % len(tail)) if len(tail) else order
        self._other = np.concatenate([head, tail])[order]
        self._stack = np.zeros(nodes, np.int64)
        self._alive = np.zeros(nodes, bool)

    def energised(self) -> NDArray[np.bool_]:
        """Whether each node has a closed path to a source, shape (nodes,); a fresh array."""
        search(
            self._first,
            self._branch,
            self._other,
            self.tail,
            self.tail_closed,
            self.head_closed,
            self.sources,
            self._alive,
            self._stack,
        )
        return self._alive.copy()
