"""Traits: who the people of an area are, as the kernels want it: their kind, their cars, their habits, what they visit."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.citizens import kernels as law
from agents.citizens.config import CitizensConfig
from twin.drivers import drivers as driving
from twin.tables import OCCUPATIONS

Array = np.ndarray[Any, Any]


def kinds(people: Any) -> Array:
    """Row of the domain's KINDS of each person; int8 (people,)."""
    through, goods = people.occupation == law.THROUGH, people.occupation == law.GOODS
    return np.select([np.asarray(people.resident), goods, through], [0, 2, 3], 1).astype(np.int8)


def drivers(area: Any) -> tuple[Array, Array]:
    """Who drives a car, and whose household has a car and somebody else to drive it; bool (people,) each."""
    home = area.people.household
    inside = np.flatnonzero(home >= 0)
    carried = np.zeros(len(area.people), bool)
    shared = (area.households.cars > 0) & (area.households.size > 1)
    carried[inside] = shared[home[inside]]
    return driving(area), carried


def reach(area: Any, config: CitizensConfig) -> tuple[Array, Array]:
    """Cumulative chance of visiting each shop or leisure place, and each gateway, from each zone.

    Inside capacity x exp(-distance / range); beyond the gateways a share, by commuters and exp(-road beyond / far).
    """
    places = area.places
    inside = places.gateway < 0
    spots = np.flatnonzero(inside & np.isin(places.kind, ("shop", "leisure", "library", "pharmacy", "gp_post")))
    if not len(spots):
        spots = np.flatnonzero(inside)
    zones, buildings = area.zones, area.buildings
    some = min(len(buildings), 1)  # an area of roads alone has none
    where = places.building[spots] if len(spots) else np.zeros(some, np.int32)
    weight = np.maximum(places.capacity[spots], 1.0) if len(spots) else np.ones(some)
    distance = np.hypot(zones.x[:, None] - buildings.x[where], zones.y[:, None] - buildings.y[where])
    nearest = distance.min(axis=1, keepdims=True, initial=np.inf)
    chance = weight * np.exp(-(distance - nearest) / (1000.0 * config.visit_range))
    chance /= chance.sum(axis=1, keepdims=True)
    gates = area.gateways
    if len(gates):
        residents = area.represents * int(area.people.resident.sum())
        share = min(config.visit_outside + config.visit_village * 5000.0 / (5000.0 + residents), 1.0)
        out = (gates.commuters_out + 1.0) * np.exp(-gates.distance / (1000.0 * config.visit_far))
        out = np.broadcast_to(share * out / out.sum(), (len(zones), len(gates)))
        chance = np.concatenate([(1.0 - share) * chance, out], axis=1)
        where = np.concatenate([where, len(buildings) + np.arange(len(gates))])
    cumulative = np.cumsum(chance, axis=1)
    return cumulative / cumulative[:, -1:], np.asarray(where, np.int32)


def habits(config: CitizensConfig, kind: str) -> Array:
    """The habits table of one type of day, (occupations, 9)."""
    rows = np.array([config.habits[name].row() for name in OCCUPATIONS])
    factor = config.days[kind]
    rows[:, law.P_MAIN] *= factor.main
    rows[:, [law.P_ERRAND, law.P_DAY, law.P_DAY_AGAIN]] *= factor.outing
    rows[:, law.P_EVENING] *= factor.evening
    chances = [law.P_MAIN, law.P_ERRAND, law.P_DAY, law.P_DAY_AGAIN, law.P_EVENING]
    rows[:, chances] = np.minimum(rows[:, chances], 1.0)
    return rows
