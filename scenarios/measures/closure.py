"""close_street: cars may not use a street for a while."""

from __future__ import annotations

from scenarios.measures.measure import Placed, Timed
from scenarios.measures.where import links
from twin.world import World


class CloseStreet(Placed, Timed):
    """A street is closed to cars from `from` to `until`.

    Nobody drives on it, residents included: a trip that has no other way is given up and counted (`trips_given_up`).

    where : {street: NAME} or {street: busiest}, {district: NAME}, {osm: WAY}, {polygon: [[x, y], ...]}
    """

    def post(self, world: World, where: str) -> None:
        """Post one closing and one opening for each link."""
        for row in links(world.area, self.where, where).tolist():
            cause = world.post("vehicles.close_link", at=self.start, subject=row)
            world.post("vehicles.open_link", at=self.end, subject=row, because=[cause])
