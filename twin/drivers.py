"""Drivers: whose the cars of an area are. The citizens choose by it, and the vehicles park by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from twin.area import Area


def drivers(area: Area) -> NDArray[np.bool_]:
    """Who drives a car of the household: as many licence holders as it has cars, the oldest first; bool (people,).

    Of those who belong to no household in the area everybody who has a car and a licence.
    """
    people = area.people
    has: NDArray[np.bool_] = np.asarray(people.has_car & people.licence).copy()
    home = people.household
    inside = np.flatnonzero(home >= 0)
    order = inside[np.lexsort((inside, -people.age[inside], ~has[inside], home[inside]))]
    household = home[order]
    rank = np.arange(len(order)) - np.searchsorted(household, household)
    has[order] &= rank < area.households.cars[household]
    return has
