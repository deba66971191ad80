"""Where neighbourhood stations stand: compact groups of load around street nodes.

Load is cut into equal parts along a Hilbert curve; every part's centre is a first site. Each street node then belongs
to the nearest site along the streets, sites move to the middle of what they serve, and parts that are too heavy or too
far from their station are split. Near-linear in the number of street nodes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.grid.streets import Streets, hilbert

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

TARGET_W = 260e3  # assumption: a 400 kVA station with a fifth to spare
LARGEST_W = 480e3  # beyond it a neighbourhood gets a second station
FARTHEST = 450.0  # m along the street: about 5 % voltage drop at a full 4x150 Al feeder
ROUNDS = 8


def cut_evenly(order: Ints, weight: Floats, parts: int) -> Ints:
    """Part number of each of `order`'s items: `parts` stretches of about equal `weight`; shape (items,) as `order`."""
    total = np.cumsum(weight[order]) - weight[order] / 2.0
    part = np.empty(len(order), np.int64)
    part[:] = np.minimum((total / max(weight[order].sum(), 1e-9) * parts).astype(np.int64), parts - 1)
    return part


def centres(x: Floats, y: Floats, weight: Floats, group: Ints, groups: int) -> tuple[Floats, Floats]:
    """Weighted centre of each group; shapes (groups,)."""
    total = np.maximum(np.bincount(group, weight, groups), 1e-12)
    return np.bincount(group, weight * x, groups) / total, np.bincount(group, weight * y, groups) / total


def _middle(x: Floats, y: Floats, weight: Floats, group: Ints, groups: int) -> Ints:
    """Of each group the member nearest to its weighted centre: an index into the members; groups are not empty."""
    cx, cy = centres(x, y, weight, group, groups)
    off = np.hypot(x - cx[group], y - cy[group])
    order = np.lexsort((off, group))
    return order[np.searchsorted(group[order], np.arange(groups))]


def choose_sites(streets: Streets, load_w: Floats) -> tuple[Ints, Floats, Ints, Ints]:
    """Sites for stations that serve `load_w` (W per street node).

    Returns
    -------
    sites    : street node of each station
    distance : m from each street node to its station
    before   : the street node before, on the way from the station; -1 at the station
    station  : row in `sites` of each street node; -1 where no station reaches (and no load is)
    """
    used = np.flatnonzero(load_w > 0)
    if len(used) == 0:
        none = np.full(len(load_w), -1)
        return np.zeros(0, np.int64), np.full(len(load_w), np.inf), none, none
    x, y, w = streets.x[used], streets.y[used], load_w[used]
    order = np.argsort(hilbert(x, y), kind="stable")
    parts = max(1, int(np.ceil(w.sum() / TARGET_W)))
    group = np.empty(len(used), np.int64)
    group[order] = cut_evenly(order, w, parts)
    group = np.unique(group, return_inverse=True)[1]
    sites = np.unique(used[_middle(x, y, w, group, group.max() + 1)])
    sites = _reach_every_component(streets, sites, used, load_w)
    for round_ in range(ROUNDS):
        distance, before, station = streets.nearest_source(sites)
        mine = station[used]
        served = np.bincount(mine, w, len(sites))
        if round_ == 0:  # move every site to the middle of what it serves, and look again
            kept = np.unique(mine)
            renumbered = np.searchsorted(kept, mine)
            moved = used[_middle(x, y, w, renumbered, len(kept))]
            sites = _reach_every_component(streets, np.unique(moved), used, load_w)
            continue
        extra = _splits(x, y, w, used, mine, distance[used], served)
        if len(extra) == 0 or round_ == ROUNDS - 1:
            break
        sites = np.union1d(sites, extra)
    kept = np.unique(station[used])
    distance, before, station = streets.nearest_source(sites[kept])
    return sites[kept], distance, before, station


def _reach_every_component(streets: Streets, sites: Ints, used: Ints, load_w: Floats) -> Ints:
    part = streets.components()
    missing = used[~np.isin(part[used], part[sites])]
    if len(missing) == 0:
        return sites
    order = missing[np.lexsort((-load_w[missing], part[missing]))]
    first = np.r_[True, part[order][1:] != part[order][:-1]]
    return np.union1d(sites, order[first])


def _splits(x: Floats, y: Floats, w: Floats, used: Ints, mine: Ints, distance: Floats, served: Floats) -> Ints:
    """Street nodes that become sites because a station serves too much or too far."""
    count = np.bincount(mine, minlength=len(served))
    farthest = np.zeros(len(served))
    np.maximum.at(farthest, mine, distance)
    heavy = (served > LARGEST_W) & (count > 1)
    far = (farthest > FARTHEST) & (count > 1) & ~heavy
    extra = []
    order = np.lexsort((distance, mine))
    last = np.searchsorted(mine[order], np.arange(len(served)), side="right") - 1
    extra.append(used[order[last[far]]])
    if heavy.any():
        chosen = np.flatnonzero(heavy[mine])
        along = chosen[np.lexsort((hilbert(x[chosen], y[chosen]), mine[chosen]))]
        before = np.cumsum(w[along]) - w[along] / 2
        first = np.searchsorted(mine[along], mine[along], side="left")
        before -= before[first] - w[along[first]] / 2
        half = 2 * np.searchsorted(np.flatnonzero(heavy), mine[along]) + (before > served[mine[along]] / 2)
        half = np.unique(half, return_inverse=True)[1]
        extra.append(used[along[_middle(x[along], y[along], w[along], half, half.max() + 1)]])
    return np.unique(np.concatenate(extra))
