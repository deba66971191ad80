"""Who works and learns where: capacity-bound choice by distance, and the people who come in or pass through."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas import ipf
from twin.draws import stream, uniforms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# relative weight of a gateway by the class of its road: vehicles that enter per day on an average road of that class
# in or near a Dutch town (assumption)
GATEWAY_WEIGHT = {"motorway": 25_000, "trunk": 10_000, "primary": 6_000, "secondary": 3_000, "tertiary": 1_200}
# m by road from a gateway to where its users live or work, by class of its road. Assumption: small roads lead to the next
# quarter or village, fast ones far; with the mean Dutch home-work distance of some 22 km of all employees (CBS, 2019-22,
# from memory) and half of them at work in their own town, those who leave it go some 30 km
GATEWAY_DISTANCE = {
    "motorway": 38_000.0,
    "trunk": 30_000.0,
    "primary": 30_000.0,
    "secondary": 20_000.0,
    "tertiary": 8_000.0,
}
NEAR = 4_000.0  # m, where a smaller street crosses the border (assumption)
PART = 0.5  # of these where the area is a part of a town, whose other parts lie beyond; motorways apart (assumption)
DECAY = {
    "primary": 600.0,
    "secondary": 1_800.0,
    "work": 3_500.0,
    "university": 5_000.0,
}  # m, mean of the decay (assumption)
SCHOOL_OUT = 5_000.0  # m; the chance of a school beyond a gateway falls as exp(-road beyond / this) (assumption)

ASSUMPTIONS = {
    "commuting.decay": "choice of school and work falls off as exp(-distance/decay), decay 0.6 km primary school, 1.8 "
    "km secondary school, 3.5 km work, 5 km university (assumption)",
    "commuting.gateways": "commuters and through traffic use gateways in proportion to vehicles per day by road class: "
    "motorway 25,000, trunk 10,000, primary 6,000, secondary 3,000, tertiary 1,200 (assumption)",
    "commuting.schools": "pupils without a place leave by a gateway with the share above times exp(-road beyond / 5 km), as "
    "the next school is near (assumption); students by the share above",
    "commuting.distance": "road beyond a gateway: motorway 38 km, trunk and primary 30, secondary 20, tertiary 8, smaller "
    "4, half of that for all but motorway and trunk where the area is part of a town; set by the mean Dutch "
    "home-work distance of some 22 km (CBS), within the own town included (assumption)",
}


def assign(
    zone: Ints,
    zone_xy: Floats,
    slots: Ints,
    slot_group: Ints,
    group_xy: Floats,
    decay: float,
    seed: int,
    purpose: str,
    key: Ints,
) -> Ints:
    """A slot for each person, nearer ones more often, no slot twice; -1 for those who found none.

    zone, key  : of each person;  zone_xy: shape (zones, 2)
    slots      : the building of each slot;  slot_group: the group (zone or school) of each slot, for the distance
    Doubly constrained gravity (Wilson 1967, Transportation Research 1:253), then exact filling of each group.
    """
    n = len(zone)
    if not n or not len(slots):
        return np.full(n, -1, np.int64)
    groups = len(group_xy)
    capacity = np.bincount(slot_group, minlength=groups).astype(float)
    people = np.bincount(zone, minlength=len(zone_xy)).astype(float)
    share = _gravity(people, capacity, zone_xy, group_xy, decay)
    wanted = _pick(share, zone, uniforms(stream(seed, purpose), key))
    return _fill(wanted, slots, slot_group, groups, key, seed, purpose)


def _gravity(people: Floats, capacity: Floats, zone_xy: Floats, group_xy: Floats, decay: float) -> Floats:
    """Share of each zone's people that goes to each group, rows summing to 1; shape (zones, groups)."""
    distance = np.hypot(zone_xy[:, None, 0] - group_xy[None, :, 0], zone_xy[:, None, 1] - group_xy[None, :, 1])
    flow = np.exp(-np.minimum(distance / decay, 60.0)) * capacity[None, :] + 1e-300
    flow /= flow.sum(1, keepdims=True)
    if people.sum() <= 0:
        return flow
    room = capacity * min(1.0, people.sum() / capacity.sum())
    for _ in range(20):
        column = people @ flow
        flow *= np.minimum(room / np.maximum(column, 1e-12), 1e6)[None, :]
        flow /= np.maximum(flow.sum(1, keepdims=True), 1e-300)
    return flow


def _pick(share: Floats, zone: Ints, draw: Floats) -> Ints:
    order = np.argsort(zone, kind="stable")
    zones, first = np.unique(zone[order], return_index=True)
    out = np.empty(len(zone), np.int64)
    for z, rows in zip(zones, np.split(order, first[1:]), strict=True):
        total = np.cumsum(share[z])
        out[rows] = np.minimum(np.searchsorted(total / total[-1], draw[rows], "right"), share.shape[1] - 1)
    return out


def _fill(wanted: Ints, slots: Ints, slot_group: Ints, groups: int, key: Ints, seed: int, purpose: str) -> Ints:
    """Hand out the slots of each group at random; who comes too many takes any slot that is left."""
    luck = uniforms(stream(seed, purpose + ".order"), key)
    people = np.lexsort((luck, wanted))
    shuffled = uniforms(stream(seed, purpose + ".slot"), np.arange(len(slots)))
    free = np.lexsort((shuffled, slot_group))
    capacity = np.bincount(slot_group, minlength=groups)
    count = np.bincount(wanted, minlength=groups)
    rank = np.arange(len(people)) - np.repeat(np.cumsum(count) - count, count)
    group = wanted[people]
    first = np.cumsum(capacity) - capacity
    fits = rank < capacity[group]
    out = np.full(len(wanted), -1, np.int64)
    taken = free[first[group[fits]] + rank[fits]]
    out[people[fits]] = taken
    left = np.ones(len(slots), bool)
    left[taken] = False
    rest, spare = people[~fits], np.flatnonzero(left)
    spare = spare[np.argsort(shuffled[spare], kind="stable")]
    rest = rest[np.argsort(luck[rest], kind="stable")]
    some = min(len(rest), len(spare))
    out[rest[:some]] = spare[:some]
    return out


def gateway_shares(road_class: NDArray[Any]) -> Floats:
    """Share of the traffic over the border at each gateway, shape (gateways,)."""
    weight = np.array([GATEWAY_WEIGHT.get(str(c), 400) for c in road_class], float)
    return np.asarray(weight / max(weight.sum(), 1e-9))


def gateway_distances(road_class: NDArray[Any], part: bool = False) -> Floats:
    """Road beyond each gateway, m, shape (gateways,); `part`: the area is a part of a town."""
    far = np.array([GATEWAY_DISTANCE.get(str(c), NEAR) for c in road_class], float)
    return far * np.where(part & ~np.isin(road_class.astype(str), ("motorway", "trunk")), PART, 1.0)


def choose_gateway(share: Floats, draw: Floats) -> Ints:
    """A gateway for each draw, by share."""
    total = np.cumsum(share)
    return np.minimum(np.searchsorted(total / total[-1], draw, "right"), len(share) - 1)


def through_pairs(ends: Floats, xy: Floats, seed: int) -> tuple[Ints, Ints]:
    """Entry and exit gateway of through vehicles, as many entering and leaving at each gateway as `ends` says.

    Iterative proportional fitting from the same preference for far exits; no vehicle leaves where it came in. Where one
    gateway has more than all others together, what cannot leave is left out.
    """
    n = len(ends)
    if n < 2 or ends.sum() <= 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    ends = np.minimum(ends, ends.sum() - ends)
    table = ((xy[:, None] - xy[None]) ** 2).sum(2) * ends[:, None] * ends[None, :]
    for _ in range(200):
        for axis in (0, 1):
            found = table.sum(axis=axis, keepdims=True)
            wanted = ends[None, :] if axis == 0 else ends[:, None]
            table = table * np.divide(wanted, found, out=np.zeros_like(found), where=found > 0)
    counts = ipf.integerise(table, stream(seed, "through.counts"))
    entry, leave = np.nonzero(counts)
    return np.repeat(entry, counts[entry, leave]), np.repeat(leave, counts[entry, leave])
