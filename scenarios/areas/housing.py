"""Dwellings of buildings brought to the number that the statistics give for their district."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.households import OCCUPIED, Profile
from scenarios.areas.margins import shares_of
from scenarios.areas.zones import District

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WHOLE = 0.98  # share of a district's surface inside the area from which its own count holds (assumption)
RULE = "dwellings: scaled to the published number of the district"
HOMES = ("house", "apartments")

ASSUMPTIONS = {
    "housing.control": "where 98 % of a district or more lies inside, its dwellings are scaled to the published number; of "
    "a district that is cut, those found inside are kept and its residents scaled to them (assumption)",
}


def control(
    dwellings: Ints, use: NDArray[Any], floor_m2: Floats, member: Ints, districts: Sequence[District]
) -> tuple[Ints, list[dict[str, Any]]]:
    """Dwellings of each building whose sums per whole district are the published ones, and what was changed.

    dwellings, use, floor_m2, member : of each building; member is its row of `districts`
    Whole numbers by largest remainders, so the sum is exact. A district with a number but no dwelling found gets them
    in its residential, else in all of its buildings, by floor.
    """
    out, told = dwellings.astype(np.int64).copy(), []
    for k, district in enumerate(districts):
        here = np.flatnonzero(member == k)
        published = district.figure("dwellings")
        found = int(dwellings[here].sum())
        fact: dict[str, Any] = {"district": district.code, "found": found, "inside": round(district.inside, 3)}
        if published is not None and district.inside >= WHOLE and len(here):
            weight = dwellings[here].astype(float)
            if not found:
                homes = np.isin(use[here].astype(str), HOMES)
                weight = floor_m2[here] * (homes if homes.any() else 1.0)
            out[here] = shares_of(weight, int(published))
            fact["published"] = int(published)
        people = district.figure("population")
        if people and district.inside >= WHOLE and not out[here].any():
            fact["residents_left_out"] = int(people)
        told.append(fact)
    return out, told


def residents_of(
    dwellings: Ints, member: Ints, districts: Sequence[District], profiles: Sequence[Profile]
) -> list[int]:
    """Residents of each district inside the area: its published number, scaled to the dwellings inside where it is cut.

    A part never has more than the whole, however many dwellings a map shows in it; without a dwelling nobody lives there.

    Without a published number: what the dwellings hold at the usual vacancy.
    """
    inside = np.bincount(member, dwellings, len(districts))
    out = []
    for k, district in enumerate(districts):
        people, homes = district.figure("population"), district.figure("dwellings")
        if people is None or (district.inside < WHOLE and not homes):
            out.append(round(float(inside[k]) * OCCUPIED * profiles[k].size))
        else:
            share = 1.0 if district.inside >= WHOLE or not homes else min(float(inside[k]) / homes, 1.0)
            out.append(round(people * share) if inside[k] else 0)
    return out
