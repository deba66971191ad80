"""close_street: cars may not use a street for a while."""

from __future__ import annotations

from typing import Any

from scenarios.measures.measure import Timed
from scenarios.measures.where import links
from twin.world import World


class CloseStreet(Timed):
    """A street is closed to cars from `from` to `until`.

    where : {street: NAME} or {street: busiest}, {district: NAME}, {osm: WAY}, {polygon: [[x, y], ...]}
    """

    where: dict[str, Any]

    def post(self, world: World, where: str) -> None:
        """Post one closing and one opening for each link."""
        end = self.end(where)
        for row in links(world.area, self.where, where).tolist():
            cause = world.post("vehicles.close_link", at=self.start, subject=row)
            world.post("vehicles.open_link", at=end, subject=row, because=[cause])
