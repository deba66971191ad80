"""What the people of an area are drawn from: homes, profiles, jobs, schools, gateways and their volumes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas import margins
from scenarios.areas.households import Profile
from twin.tables import OCCUPATIONS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
CHILD, PUPIL, STUDENT, WORKER, HOME, RETIRED, THROUGH, GOODS = range(len(OCCUPATIONS))


@dataclass
class Demand:
    """What the people of one area are drawn from.

    buildings    : columns of the table buildings (x, y, zone, dwellings)
    profiles, group : residents' profile per building;  codes: name of each profile, for the table of margins
    residents    : persons of each profile; None: what the dwellings hold
    jobs         : (building, count) of workplaces
    schools      : (building, capacity, level: 0 primary, 1 secondary, 2 higher)
    gateways     : road_class, xy, shape (gateways, 2), and m of road beyond each
    work_inside  : share of working residents who look for work inside the area
    through      : shape (gateways,), vehicles a day that enter and leave without stopping
    outside_car  : share of the workers from outside who come by car
    goods        : vans and lorries a day that come in with goods
    counts       : shape (gateways,), vehicles a day in both directions, NaN where none were counted; None: nowhere
    cars_per_resident : published for the whole; shared out where the profiles do not say how many a household has
    """

    buildings: dict[str, Any]
    profiles: list[Profile]
    group: Ints
    jobs: tuple[Ints, Ints]
    schools: tuple[Ints, Ints, Ints]
    gateway_class: NDArray[Any]
    gateway_xy: Floats
    gateway_distance: Floats
    zone_xy: Floats
    codes: list[str]
    residents: list[int | None] | None = None
    work_inside: float = 0.55
    through: Floats = field(default_factory=lambda: np.zeros(0))
    outside_car: float = 0.65
    goods: int = 0
    counts: Floats | None = None
    cars_per_resident: float | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def expected_residents(dwellings: Ints, group: Ints, profiles: list[Profile], citizens: int) -> list[int | None]:
    """`citizens` shared out over the groups by what their dwellings hold."""
    room = np.bincount(group, dwellings, len(profiles)) * np.array([p.size for p in profiles])
    return list(margins.shares_of(room, citizens).tolist())
