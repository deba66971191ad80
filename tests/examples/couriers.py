"""Couriers: Mesa agents that pick, of three parcels, the one they can deliver soonest on live travel times."""

import mesa
import numpy as np

from twin.attributes import Column
from twin.clock import hour, minute
from twin.coupling import Reads
from twin.domain import Domain, Indicator
from twin.network import Network, Router
from twin.population import Population


class Courier(mesa.Agent):
    """One van. Its columns are `node`, `free_at` (ms) and `parcels`."""

    def step(self):
        now, depot = self.model.time, self.model.world.domains["couriers"]
        if now < self.free_at or not 9 * hour <= now < 18 * hour:
            return
        doors = [self.random.choice(depot.doors) for _ in range(3)]
        drive = [depot.drive_ms(self.node, door) for door in doors]
        self.node = doors[drive.index(min(drive))]
        self.free_at = now + min(drive) + 3 * minute
        self.parcels += 1


class Couriers(Domain):
    """Ten vans of a parcel service."""

    name, every = "couriers", minute
    travel_ms = Reads("vehicles.travel_ms")
    series = {"couriers": {"parcels": Column("int64", meaning="delivered so far")}}

    def setup(self, world, area):
        self.doors = np.unique(area.buildings.node_car).tolist()
        self.network = Network.of(area, "car")
        self.router = Router(self.network)
        self.vans = Population(world, "courier", 10, {"node": self.doors[0], "free_at": 0, "parcels": 0}, agent=Courier)

    def drive_ms(self, a, b):
        return int(self.router.times([a], [b])[0])

    def step(self):
        self.router.customise(self.travel_ms[self.network.rows])
        self.vans.agents.do("step")
        self.record("couriers.parcels", int(self.vans.parcels.sum()))

    def indicators(self):
        return [Indicator("parcels_delivered", float(self.vans.parcels.sum()), "parcels", better="higher")]
