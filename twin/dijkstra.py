"""Dijkstra on CSR arrays: exact, without other packages, and the oracle that the fast router is tested with.

Weights are non-negative int64 (milliseconds in this program). Ties are broken without regard to the order of insertion:
nodes are settled by (distance, node), and a node's parent is the smallest link among those that attain its distance
(where all weights are positive).
"""

# mypy: disable-error-code="untyped-decorator"
# numba publishes no types, so its decorator is untyped to mypy
from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Ids = NDArray[np.int32]
Array = NDArray[Any]

BLOCKED = 2**31 - 1  # a link with this weight or more cannot be used (RoutingKit's `inf_weight`)
FAR = 2**62


# kernels that allocate nothing do without numba's atomic count of every array passed on, which costs more than they do
_lean = njit(cache=True, _nrt=False)


@_lean
def push(keys: Array, nodes: Array, size: int, key: int, node: int) -> int:
    """Add (key, node) to the 4-ary heap of `size` entries; the new size."""
    at = size
    while at > 0:
        up = (at - 1) >> 2
        if keys[up] < key or (keys[up] == key and nodes[up] <= node):
            break
        keys[at], nodes[at] = keys[up], nodes[up]
        at = up
    keys[at], nodes[at] = key, node
    return size + 1


@_lean
def pop(keys: Array, nodes: Array, size: int) -> int:
    """Remove the least entry (already read by the caller) of the 4-ary heap; the new size."""
    size -= 1
    key, node = keys[size], nodes[size]
    at = 0
    while True:
        child = 4 * at + 1
        if child >= size:
            break
        best = child
        for other in range(child + 1, min(child + 4, size)):
            if keys[other] < keys[best] or (keys[other] == keys[best] and nodes[other] < nodes[best]):
                best = other
        if keys[best] > key or (keys[best] == key and nodes[best] >= node):
            break
        keys[at], nodes[at] = keys[best], nodes[best]
        at = best
    keys[at], nodes[at] = key, node
    return size


@njit(cache=True)
def search(
    first_out: Array, out_links: Array, head: Array, weight: Array, sources: Array, offsets: Array, target: int
) -> tuple[Array, Array]:
    """Shortest distances from the nearest of several sources (Dijkstra 1959, 4-ary heap with lazy deletion).

    Parameters
    ----------
    first_out, out_links : int64 (nodes + 1,), int32 (links,): the links that leave node n are
        out_links[first_out[n]:first_out[n + 1]]
    head : int32 (links,): the node where a link ends
    weight : int64 (links,) of non-negative weights; `BLOCKED` or more cannot be used
    sources, offsets : int32, int64 (k,): where to start, and the distance already covered there
    target : the search stops when this node is settled; -1: never

    Returns
    -------
    int64 (nodes,): distance, -1 where no path leads or the search stopped before; int32 (nodes,): the last link of a
    shortest path, -1 at sources and where no path leads. With a target only settled nodes are final.
    """
    n = len(first_out) - 1
    distance = np.full(n, FAR, np.int64)
    parent = np.full(n, -1, np.int32)
    settled = np.zeros(n, np.bool_)
    keys = np.empty(len(out_links) + len(sources) + 1, np.int64)
    nodes = np.empty(len(out_links) + len(sources) + 1, np.int32)
    size = 0
    for i in range(len(sources)):
        if offsets[i] < distance[sources[i]]:
            distance[sources[i]] = offsets[i]
            size = push(keys, nodes, size, offsets[i], sources[i])
    while size > 0:
        key, node = keys[0], nodes[0]
        size = pop(keys, nodes, size)
        if settled[node]:
            continue
        settled[node] = True
        if node == target:
            break
        for i in range(first_out[node], first_out[node + 1]):
            link = out_links[i]
            if weight[link] >= BLOCKED:
                continue
            other, reached = head[link], key + weight[link]
            if reached < distance[other]:
                distance[other], parent[other] = reached, link
                size = push(keys, nodes, size, reached, other)
            elif reached == distance[other] and not settled[other] and 0 <= link < parent[other]:
                parent[other] = link
    for i in range(n):
        if not settled[i]:
            distance[i] = -1
            parent[i] = -1
    return distance, parent


@njit(cache=True)
def path_to(target: int, parent: Array, tail: Array) -> Array:
    """The links from the source of a search to `target`, in order; int32, empty at a source."""
    count, node = 0, target
    while parent[node] >= 0:
        count, node = count + 1, tail[parent[node]]
    path, node = np.empty(count, np.int32), target
    for i in range(count - 1, -1, -1):
        path[i] = parent[node]
        node = tail[parent[node]]
    return path


@njit(cache=True)
def components(first_out: Array, out_links: Array, head: Array) -> Array:
    """Strongly connected components (Tarjan 1972, without recursion); int32 (nodes,): the component's lowest node."""
    n = len(first_out) - 1
    order = np.full(n, -1, np.int32)
    low = np.zeros(n, np.int32)
    label = np.full(n, -1, np.int32)
    cursor = first_out[:-1].copy()
    stack, path = np.empty(n, np.int32), np.empty(n, np.int32)
    stacked, depth, count = 0, 0, 0
    for root in range(n):
        if order[root] >= 0:
            continue
        path[0], depth = root, 1
        while depth > 0:
            node = path[depth - 1]
            if order[node] < 0:
                order[node] = low[node] = count
                count += 1
                stack[stacked] = node
                stacked += 1
            if cursor[node] < first_out[node + 1]:
                other = head[out_links[cursor[node]]]
                cursor[node] += 1
                if order[other] < 0:
                    path[depth] = other
                    depth += 1
                elif label[other] < 0:
                    low[node] = min(low[node], order[other])
                continue
            depth -= 1
            if depth > 0:
                low[path[depth - 1]] = min(low[path[depth - 1]], low[node])
            if low[node] == order[node]:
                bottom = stacked
                least = node
                while True:
                    bottom -= 1
                    least = min(least, stack[bottom])
                    if stack[bottom] == node:
                        break
                for i in range(bottom, stacked):
                    label[stack[i]] = least
                stacked = bottom
    return label
