"""close_street: cars may not use a street for a while."""

from __future__ import annotations

from scenarios.measures.streets import OnStreets
from twin.world import World


class CloseStreet(OnStreets):
    """Streets are closed to cars from `from` to `until`.

    Nobody drives on them, residents included: a trip that has no other way is given up and counted (`trips_given_up`).
    """

    def post(self, world: World, where: str) -> None:
        """Post one closing and one opening for each link."""
        self.order(world, self.links(world.area, where), "vehicles.close_link", "vehicles.open_link")
