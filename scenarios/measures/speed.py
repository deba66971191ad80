"""speed_limit: a lower limit on streets, as in a 30 km/h zone."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from scenarios.measures.streets import OnStreets
from twin.errors import Fault, InputError
from twin.world import World


class SpeedLimit(OnStreets):
    """Nobody drives faster than `speed`, km/h; streets that are slower already stay as they are.

    From midnight to the end of the run where `from`, `until` and `for` are absent. Drivers keep to it (assumption);
    ambulances are as much faster than others as elsewhere. Signals keep their plans.
    """

    lasts = True
    speed: float = Field(ge=5.0, le=130.0)

    def post(self, world: World, where: str) -> None:
        """Post a limit and its end for each link that is faster."""
        rows = self.links(world.area, where)
        limit = self.speed / 3.6
        rows = rows[world.area.links.speed[rows] > limit]
        if not len(rows):
            raise InputError(
                Fault(f"{where}.speed", f"is {self.speed:g}: no street there is faster", "a lower speed", "lower it")
            )
        self.order(world, rows, "vehicles.limit_speed", "vehicles.lift_limit", np.full(len(rows), limit))
