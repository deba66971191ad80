"""Electric cars at chargers: plugged in where their driver parks, charged until full or driven away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agents.grid.kernels import settle_all, switch_cars
from twin.attributes import Column
from twin.draws import uniforms
from twin.parts import Part
from twin.population import Population

if TYPE_CHECKING:
    from agents.grid.domain import Grid
    from twin.coupling import Batch

FAST_W, SLOW_W = 11_000.0, 7_400.0  # three phases of 16 A; one phase of 32 A
COLUMNS = {
    "connection": Column("int64", default=-1, meaning="where the car is plugged in; -1 nowhere, or full"),
    "need": Column(unit="kWh", default=0.0, meaning="until full"),
    "power": Column(unit="W", default=0.0, meaning="of the charger"),
    "since": Column("int64", unit="ms", default=0, meaning="time up to which it has been charged"),
}


class Charging(Part):
    """The cars of all drivers, one row per person.

    energy : kWh given per load row since it was last taken, shape (loads,); total_kwh : of the whole run
    """

    unsaved = (
        "grid",
        "at_location",
        "home",
        "main",
        "has_home",
        "has_work",
        "each",
        "rate",
        "sampled",
        "district",
        "share",
    )

    def __init__(self, grid: Grid, loads: int) -> None:
        self.grid, area, config = grid, grid.area, grid.config
        n = len(area.people)
        self.cars = Population(grid.world, "charging", n, COLUMNS)
        self.energy, self.total_kwh, self.sessions = np.zeros(loads), 0.0, 0
        self.at_location = np.full(area.locations, -1, np.int64)
        building = area.connections.kind == "building"
        self.at_location[area.connections.target[building]] = np.flatnonzero(building)
        self.home, self.main = area.people.home.astype(np.int64), area.people.main.astype(np.int64)
        people = np.arange(n)
        self.has_home = uniforms(grid.stream("home_charger"), people) < config.home_charger
        self.has_work = uniforms(grid.stream("work_charger"), people) < config.work_charger
        # each driver of a sampled run charges for all that he stands for
        self.each = area.represents
        self.rate = self.each * np.where(
            uniforms(grid.stream("charger_power"), people) < config.fast_share, FAST_W, SLOW_W
        )
        self.sampled = self.each > 1.0 and loads > 0
        if self.sampled:
            self.district, self.share = _spread(area, grid.demand.node, loads)
        self._elsewhere, self._public = grid.stream("public_charger"), config.public_charger
        self._events: list[tuple[Any, Any, Any, Any]] = []

    def note_parked(self, batch: Batch) -> None:
        """Cars that were parked: (person, location, kWh used on the way there)."""
        person, place = batch.subject, np.asarray(batch.object)
        found = uniforms(self._elsewhere, person, place) < self._public
        charger = np.where(
            place == self.home[person],
            self.has_home[person],
            np.where(place == self.main[person], self.has_work[person], found),
        )
        inside = (place >= 0) & (place < len(self.at_location))
        plug = np.where(inside & charger, self.at_location[np.where(inside, place, 0)], -1)
        self._events.append((batch.time, person, plug, self.each * np.asarray(batch.value)))

    def note_driven(self, batch: Batch) -> None:
        """Cars that are driven away."""
        self._events.append((batch.time, batch.subject, np.full(len(batch), -1), np.zeros(len(batch))))

    def switch(self) -> None:
        """Plug and unplug what was noted, each at its own time."""
        if not self._events:
            return
        time, person, plug, used = (np.concatenate([np.asarray(e[i]) for e in self._events]) for i in range(4))
        self._events.clear()
        order = np.lexsort((plug, person, time))
        person = person[order].astype(np.int64)
        c = self.cars
        self.sessions += switch_cars(
            time[order].astype(np.int64),
            person,
            plug[order].astype(np.int64),
            used[order].astype(np.float64),
            self.rate[person],
            c.connection,
            c.need,
            c.power,
            c.since,
            self.grid.demand.node,
            self.grid.live,
            self.energy,
        )

    def take(self, until: int) -> Any:
        """Charge up to `until` ms and return what each load row got since the last call, kWh, shape (loads,)."""
        c = self.cars
        settle_all(until, c.connection, c.need, c.power, c.since, self.grid.demand.node, self.grid.live, self.energy)
        taken = self.energy.copy()
        self.energy[:] = 0.0
        self.total_kwh += float(taken.sum())
        return self._shared(taken) if self.sampled else taken

    def _shared(self, taken: Any) -> Any:
        """The energy of each load row shared out over the live ones of its district.

        Those for whom one driver stands live all over the district, and not behind his meter.
        """
        weight = self.share * self.grid.live
        whole = np.bincount(self.district, weight)[self.district]
        spread = np.bincount(self.district, taken)[self.district] * weight / np.maximum(whole, 1e-12)
        return np.where(whole > 0.0, spread, taken)


def _spread(area: Any, node: Any, loads: int) -> tuple[Any, Any]:
    """The district of every load row, and its share of the district's dwellings and other connections, (loads,)."""
    building = np.flatnonzero(area.connections.kind == "building")
    target = area.connections.target[building]
    zone = area.buildings.zone[target]
    parent = area.zones.parent[zone]
    district = np.zeros(loads, np.int64)
    district[node[building]] = np.where(parent >= 0, parent, zone)
    weight = np.bincount(node[building], np.maximum(area.buildings.dwellings[target], 0.1), loads)
    weight = np.maximum(weight, 1e-9)  # a load of signals alone takes no part
    return district, weight / np.bincount(district, weight)[district]
