"""Low-voltage feeders of neighbourhood stations: radial, along the streets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agents.grid.streets import Streets

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FEEDER_W = 100e3  # design load of one feeder; 4x150 Al carries 187 kVA
FEEDER_CONNECTIONS = 36
PARALLEL_W = 120e3  # a single street node with more gets that many cables side by side
TAIL_LENGTH = 10.0  # m, from a station to a load at its own street node


@njit(cache=True)
def cut_feeders(order, before, station, load_w, load_n, most_w, most_n, cut, head):  # type: ignore[no-untyped-def]
    """Cut every station's shortest-path tree into feeders; returns their number.

    order : street nodes with a load or on the way to one, by decreasing distance from their station
    cut   : out, feeder that starts at the node, -1 where it goes on from the node before
    head  : out, station of each feeder

    Leaves hand their load to the node before them; a branch that would make too much becomes a feeder of its own.
    """
    n = 0
    held_w, held_n = load_w.copy(), load_n.copy()
    for v in order:
        p = before[v]
        if p < 0 or held_n[v] == 0:  # the station itself, or all that lies beyond is already on feeders of its own
            continue
        if before[p] < 0 or held_w[p] + held_w[v] > most_w or held_n[p] + held_n[v] > most_n:
            cut[v] = n
            head[n] = station[v]
            n += 1
        else:
            held_w[p] += held_w[v]
            held_n[p] += held_n[v]
    for v in order:  # the station's own street node
        if before[v] < 0 and load_n[v] > 0:
            cut[v] = n
            head[n] = station[v]
            n += 1
    return n


@njit(cache=True)
def join_small(feeders, head, load_w, load_n, most_w, most_n, joined):  # type: ignore[no-untyped-def]
    """Join small feeders of one station behind one breaker (in their order); returns the number that is left."""
    n = -1
    last, w, c = -1, 0.0, 0
    for f in range(feeders):
        if head[f] != last or w + load_w[f] > most_w or c + load_n[f] > most_n:
            n += 1
            w, c, last = 0.0, 0, head[f]
        w += load_w[f]
        c += load_n[f]
        joined[f] = n
    return n + 1


@dataclass
class LowVoltage:
    """Feeders and cables under stations; node numbers are street nodes until `build` numbers the grid nodes.

    feeder_station : station of each feeder
    node   : street node of each low-voltage grid node; `node_feeder` its feeder
    parent : row in `node` at the other end of the cable that feeds it, -1 the station's busbar
    length : m of that cable; `parallel` cables side by side; `path` street nodes along it
    """

    feeder_station: Ints
    node: Ints
    node_feeder: Ints
    parent: Ints
    length: Floats
    parallel: Floats
    path: list[list[int]]


def lay_feeders(
    streets: Streets, sites: Ints, distance: Floats, before: Ints, station: Ints, load_w: Floats, load_n: Ints
) -> LowVoltage:
    """Feeders from `sites` (see `sites.choose_sites`) to every street node with a load."""
    on_way = np.zeros(len(load_w), bool)
    far_first = np.argsort(-np.where(np.isfinite(distance), distance, -1.0), kind="stable")
    _mark_ways(far_first, before, load_n, on_way)
    order = far_first[on_way[far_first]]
    cut, head = np.full(len(load_w), -1), np.zeros(len(order) + 1, np.int64)
    n = cut_feeders(order, before, station, load_w, load_n, FEEDER_W, FEEDER_CONNECTIONS, cut, head)
    feeder = cut.copy()
    _pass_on(order[::-1], before, feeder)
    used = order[::-1]  # near first
    used = used[feeder[used] >= 0]
    by_station = np.argsort(head[:n], kind="stable")
    rank = np.empty(n, np.int64)
    rank[by_station] = np.arange(n)
    group = rank[feeder[used]]
    joined = np.zeros(n, np.int64)
    left = join_small(
        n,
        head[by_station],
        np.bincount(group, load_w[used], n),
        np.bincount(group, load_n[used], n).astype(np.int64),
        FEEDER_W,
        FEEDER_CONNECTIONS,
        joined,
    )
    feeder_station = np.zeros(left, np.int64)
    feeder_station[joined] = head[by_station]
    below = np.zeros(len(load_w), np.int64)
    inner = used[cut[used] < 0]
    np.add.at(below, before[inner], 1)
    keep = used[(load_n[used] > 0) | (below[used] > 1)]
    return _cables(keep, cut, before, distance, joined[rank[feeder[keep]]], feeder_station, load_w)


@njit(cache=True)
def _mark_ways(far_first, before, load_n, on_way):  # type: ignore[no-untyped-def]
    for v in far_first:
        if load_n[v] > 0:
            on_way[v] = True
        if on_way[v] and before[v] >= 0:
            on_way[before[v]] = True


@njit(cache=True)
def _pass_on(near_first, before, feeder):  # type: ignore[no-untyped-def]
    for v in near_first:
        if feeder[v] < 0 and before[v] >= 0:
            feeder[v] = feeder[before[v]]


def _cables(
    keep: Ints, cut: Ints, before: Ints, distance: Floats, feeder: Ints, feeder_station: Ints, load_w: Floats
) -> LowVoltage:
    row = np.full(len(cut), -1)
    row[keep] = np.arange(len(keep))
    parent, length, path = np.full(len(keep), -1), np.zeros(len(keep)), []
    for i, v in enumerate(keep.tolist()):
        way, at, started = [v], v, cut[v] >= 0
        while before[at] >= 0:
            at = int(before[at])
            way.append(at)
            if not started and row[at] >= 0:
                parent[i] = row[at]
                break
            started = started or cut[at] >= 0
        length[i] = max(distance[v] - distance[at], TAIL_LENGTH if len(way) == 1 else 1.0)
        path.append(way[::-1])
    behind = load_w[keep].copy()  # load behind each cable, to lay several where one is too thin
    for i in range(len(keep) - 1, -1, -1):
        if parent[i] >= 0:
            behind[parent[i]] += behind[i]
    return LowVoltage(feeder_station, keep, feeder, parent, length, np.maximum(1.0, np.ceil(behind / PARALLEL_W)), path)
