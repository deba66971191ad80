"""road_works: a part of a street's lanes cannot be used for a while."""

from __future__ import annotations

import numpy as np
from pydantic import field_validator

from scenarios.measures.measure import Share
from scenarios.measures.streets import OnStreets
from twin.world import World


class RoadWorks(OnStreets):
    """Streets let through the share `capacity` of what they usually do. Their room for waiting cars stays (assumption)."""

    capacity: Share

    @field_validator("capacity")
    @classmethod
    def _some(cls, share: float) -> float:
        if not 0.0 < share < 1.0:
            raise ValueError(f"is {share:g}: more than 0 and less than 1; close_street closes a street")
        return share

    def post(self, world: World, where: str) -> None:
        """Post a narrowing and its end for each link."""
        rows = self.links(world.area, where)
        self.order(world, rows, "vehicles.narrow_link", "vehicles.widen_link", np.full(len(rows), self.capacity))
