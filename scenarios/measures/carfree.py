"""car_free_zone: streets that only cars with a permit may use."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import field_validator

from agents.vehicles.access import GOODS, NOBODY, RESIDENTS
from scenarios.measures.streets import OnStreets
from twin.world import World

BITS = {"residents": RESIDENTS, "goods": GOODS}


class CarFreeZone(OnStreets):
    """Only cars with a permit drive on streets, from `from` to `until` (midnight and the end of the run if absent).

    permits : of residents (who live at one of the streets), goods (vans and lorries), both, or []. Buses and emergency
        vehicles always have one. Permits are for the way to and from a door in the zone: nobody drives across it
    Others drive to where the zone begins, park and walk on. Who is under way when it begins may finish the drive.
    """

    lasts = True
    permits: list[Literal["residents", "goods"]] = ["residents"]

    @field_validator("permits")
    @classmethod
    def _once(cls, permits: list[str]) -> list[str]:
        if len(set(permits)) < len(permits):
            raise ValueError("names a permit twice")
        return permits

    def post(self, world: World, where: str) -> None:
        """Post a restriction and its end for each link."""
        rows = self.links(world.area, where)
        bits = sum((BITS[name] for name in self.permits), NOBODY)
        self.order(world, rows, "vehicles.restrict_link", "vehicles.release_link", np.full(len(rows), bits))
