"""Medium-voltage rings: substations, the order of stations along each ring, and its normally open point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from agents.grid.sites import centres, cut_evenly
from agents.grid.streets import Streets, hilbert

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

RING_W = 4.0e6  # design load of a ring, so that one half can carry all of it (6 MVA a cable)
RING_STATIONS = 12  # assumption: as many stations as are switched by hand within a shift
PARALLEL_W = 5.5e6
SUBSTATION_W = 30e6
DETOUR = 3.0  # streets longer than this times the straight line: the cable takes the straight line


def count_substations(residents: int, load_w: float, stations: int) -> int:
    """One below 5,000 residents and 10 MW, then two, then one per 30,000 residents or 30 MW."""
    wanted = 1 if residents < 5000 and load_w < 10e6 else max(2, round(residents / 30_000))
    return int(max(1, min(stations, max(wanted, np.ceil(load_w / SUBSTATION_W)))))


def place_substations(x: Floats, y: Floats, load_w: Floats, count: int) -> tuple[Floats, Floats, Ints]:
    """Centres of `count` groups of stations of about equal load, and the group of each station.

    k-means from a Hilbert start with a weight on every centre (a power diagram; Aurenhammer 1987): a group that carries
    more than its share gets a larger weight until the loads are alike.
    """
    order = np.argsort(hilbert(x, y), kind="stable")
    group = np.empty(len(x), np.int64)
    group[order] = cut_evenly(order, load_w, count)
    group = np.unique(group, return_inverse=True)[1]
    weight, mean = np.zeros(int(group.max()) + 1), load_w.sum() / count
    reach = (np.ptp(x) ** 2 + np.ptp(y) ** 2) / count
    for round_ in range(30):
        cx, cy = centres(x, y, load_w, group, len(weight))
        square = (x[:, None] - cx) ** 2 + (y[:, None] - cy) ** 2
        weight += 0.5 / (1 + round_) * reach * np.clip(np.bincount(group, load_w, len(weight)) / mean - 1.0, -1.0, 1.0)
        group = np.asarray((square + weight).argmin(axis=1), np.int64)
    kept = np.unique(group)
    cx, cy = centres(x, y, load_w, group, len(weight))
    return cx[kept], cy[kept], np.searchsorted(kept, group)


@njit(cache=True)
def shorten(x, y, tour):  # type: ignore[no-untyped-def]
    """Shorten a closed tour in place by 2-opt (Croes 1958); its first stop stays first."""
    n, better = len(tour), True
    while better:
        better = False
        for i in range(1, n - 1):
            for j in range(i + 1, n):
                a, b, c, d = tour[i - 1], tour[i], tour[j], tour[(j + 1) % n]
                now = np.hypot(x[a] - x[b], y[a] - y[b]) + np.hypot(x[c] - x[d], y[c] - y[d])
                new = np.hypot(x[a] - x[c], y[a] - y[c]) + np.hypot(x[b] - x[d], y[b] - y[d])
                if new < now - 1e-6:
                    tour[i : j + 1] = tour[i : j + 1][::-1].copy()
                    better = True


def order_rings(x: Floats, y: Floats, load_w: Floats, centre: tuple[float, float]) -> list[Ints]:
    """The stations of one substation as rings: arrays of rows in the order of the cable, out and back."""
    angle = np.arctan2(y - centre[1], x - centre[0])
    order = np.argsort(angle, kind="stable")
    count = max(1, int(np.ceil(load_w.sum() / RING_W)), int(np.ceil(len(x) / RING_STATIONS)))
    part = cut_evenly(order, load_w + 1e-3 * RING_W / RING_STATIONS, count)
    rings = []
    for k in np.unique(part):
        members = order[part == k]
        for piece in np.array_split(members, int(np.ceil(len(members) / (1.5 * RING_STATIONS)))):
            stops_x, stops_y = np.r_[centre[0], x[piece]], np.r_[centre[1], y[piece]]
            off = np.hypot(stops_x - centre[0], stops_y - centre[1])[1:]
            half = (len(piece) + 1) // 2
            start = np.r_[np.argsort(off[:half], kind="stable"), half + np.argsort(-off[half:], kind="stable")] + 1
            tour = np.r_[0, start].astype(np.int64)
            shorten(stops_x, stops_y, tour)
            rings.append(piece[tour[1:] - 1])
    return rings


def open_point(load_w: Floats) -> int:
    """Which cable of a ring (0 = from the substation to the first stop) is open, so that both halves carry alike."""
    behind = np.concatenate([[0.0], np.cumsum(load_w)])
    return int(max(1, np.argmin(np.abs(behind - load_w.sum() / 2.0))))


@dataclass
class Rings:
    """Medium-voltage cables. Ends are stations, or -1 for the busbar of the feeder's substation.

    tail, head : station rows; feeder : feeder of each cable; closed : False at the open point
    feeder_substation : substation of each feeder; station_feeder : feeder of each station
    length, parallel, path : as in LowVoltage (an empty path: a straight line)
    """

    tail: Ints
    head: Ints
    feeder: Ints
    closed: NDArray[np.bool_]
    feeder_substation: Ints
    length: Floats
    parallel: Floats
    path: list[list[int]]


def lay_rings(streets: Streets, node: Ints, load_w: Floats, substation: Ints, substation_node: Ints) -> Rings:
    """Rings through stations at street nodes `node` from their `substation` (row of `substation_node`)."""
    ends: list[tuple[int, int]] = []
    feeder: list[int] = []
    closed: list[bool] = []
    owner: list[int] = []
    parallel: list[float] = []
    for s in range(len(substation_node)):
        members = np.flatnonzero(substation == s)
        here = float(streets.x[substation_node[s]]), float(streets.y[substation_node[s]])
        for ring in order_rings(streets.x[node[members]], streets.y[node[members]], load_w[members], here):
            stops = members[ring]
            cut = open_point(load_w[stops])
            way = np.r_[-1, stops, -1]
            ends += list(zip(way[:-1].tolist(), way[1:].tolist(), strict=True))
            k = np.arange(len(way) - 1)
            # the open cable belongs to the first half, or to the second where that has no other
            second = (k > cut) | ((k == cut) & (cut == k[-1]))
            feeder += (len(owner) + second.astype(np.int64)).tolist()
            closed += (k != cut).tolist()
            parallel += [max(1.0, float(np.ceil(load_w[stops].sum() / PARALLEL_W)))] * len(k)
            owner += [s, s]
    tail, head = (np.array([e[i] for e in ends], np.int64) for i in (0, 1))
    feeder_substation, of_cable = np.array(owner, np.int64), np.array(feeder, np.int64)
    start = np.where(tail < 0, substation_node[feeder_substation[of_cable]], node[tail])
    stop = np.where(head < 0, substation_node[feeder_substation[of_cable]], node[head])
    length, path = _routes(streets, start, stop)
    return Rings(tail, head, of_cable, np.array(closed, bool), feeder_substation, length, np.array(parallel), path)


def _routes(streets: Streets, start: Ints, stop: Ints) -> tuple[Floats, list[list[int]]]:
    straight = np.hypot(streets.x[start] - streets.x[stop], streets.y[start] - streets.y[stop])
    length, paths = np.maximum(straight, 5.0), [[int(a), int(b)] for a, b in zip(start, stop, strict=True)]
    order = np.argsort(start, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(start[order])) + 1):
        if len(rows) == 0:
            continue
        limit = DETOUR * float(straight[rows].max()) + 300.0
        for row, path in zip(rows.tolist(), streets.path(int(start[rows[0]]), stop[rows], limit), strict=True):
            if path is not None and len(path) > 1:
                paths[row] = path
                line = np.asarray(path)
                length[row] = max(float(streets.graph[line[:-1], line[1:]].sum()), 5.0)
    return length, paths
