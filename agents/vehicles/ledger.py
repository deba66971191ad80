"""Ledger: the trips of persons, what they add up to, and the laws that must hold at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from agents.vehicles import kernels as k
from twin.domain import Balance, Indicator
from twin.parts import Part, restore_attributes, saved_attributes

Array = np.ndarray[Any, Any]
MODES = ("car", "bicycle", "walk")


class Ledger(Part):
    """One row per person, for the trip that is under way; and sums over finished trips.

    A person has at most one trip at a time; `driven` is how far she drives inside the area on it, m,
    `aside_s` what of it she spends elsewhere, `last_ms` the walk at its end.
    `began`, `ended` and `failed` count from the start of the run, everything else from the end of the warm-up.
    """

    unsaved = ("zone", "home_zone", "zones", "resident")
    # these mean nothing between two trips
    of_trip = ("departure", "origin", "goal", "distance", "free_s", "driven", "aside_s", "last_ms", "mode")

    def __init__(self, area: Any) -> None:
        n = len(area.people)
        self.zone = area.location_zone()
        self.home_zone = self.zone[area.people.home] if n else np.zeros(0, np.int32)
        self.zones = area.zones
        self.resident = np.asarray(area.people.resident, bool)
        self.departure, self.origin, self.goal = (np.zeros(n, np.int64) for _ in range(3))
        self.last_ms = np.zeros(n, np.int64)
        self.distance, self.free_s, self.driven, self.aside_s = (np.zeros(n) for _ in range(4))
        self.under_way = np.zeros(n, bool)
        self.arrivals, self.failures = np.zeros(n, np.int32), np.zeros(n, np.int32)
        self.began, self.ended, self.failed = (np.zeros(3, np.int64) for _ in range(3))
        self.mode = np.zeros(n, np.int8)
        self.forget(0)

    def forget(self, released: int) -> None:
        """Start all sums again; `released` so far is taken off from later ones."""
        self.trips, self.lost = np.zeros(3, np.int64), np.zeros(3, np.int64)
        self.seconds, self.metres_done = np.zeros(3), np.zeros(3)
        self.late_s, self.metres = 0.0, 0.0
        self.electric = np.zeros(2)  # kWh and m of electric cars
        self.routed, self.rerouted, self.changed_mind, self.held_up, self.released_before = 0, 0, 0, 0, released
        self.by_zone = np.zeros((len(self.zones), 3))  # car trips of residents, their seconds, seconds late

    def saved(self) -> dict[str, Any]:
        """What a checkpoint keeps: of each trip only while it is under way."""
        rows = np.flatnonzero(self.under_way)
        trips = {name: getattr(self, name)[rows] for name in self.of_trip}
        sums = saved_attributes(self, (*self.unsaved, *self.of_trip, "under_way"))
        return {"sums": sums, "rows": rows, "of_trip": trips}

    def restore(self, values: dict[str, Any]) -> None:
        """Take back what `saved` gave."""
        restore_attributes(self, values["sums"])
        self.under_way[values["rows"]] = True
        for name, kept in values["of_trip"].items():
            getattr(self, name)[values["rows"]] = kept

    def begin(self, person: Array, time: Array, mode: int, origin: Array, goal: Array) -> None:
        """Trips begin."""
        self.departure[person], self.origin[person], self.goal[person] = time, origin, goal
        self.mode[person], self.under_way[person] = mode, True
        self.began[mode] += len(person)

    def fail(self, person: Array) -> Array:
        """Trips for which there is no way; the ordinal of each person's failure."""
        self.failures[person] += 1
        self.under_way[person] = False
        counts = np.bincount(self.mode[person], minlength=3)
        self.failed += counts
        self.lost += counts
        return self.failures[person]

    def go_on(self, person: Array, metres: Array, seconds: Array, walk: Array, pace: float) -> None:
        """They drive on for so many metres and seconds to a free place; the walk from there, m at m/s, replaces the other."""
        last_ms = np.rint(1000.0 * walk / pace).astype(np.int64)
        longer_s = (last_ms - self.last_ms[person]) / 1000.0
        self.distance[person] += metres + longer_s * pace
        self.driven[person] += metres
        self.free_s[person] += seconds + longer_s
        self.aside_s[person] += longer_s
        self.last_ms[person] = last_ms

    def end(self, person: Array, time: Array, mode: Array) -> tuple[dict[str, Array], Array, Array]:
        """Trips end: their rows for the table of trips, seconds of travel and the ordinal of each person's arrival."""
        seconds = (time - self.departure[person]) / 1000.0
        late = np.maximum(seconds - self.free_s[person], 0.0)
        self.arrivals[person] += 1
        self.under_way[person] = False
        counts = np.bincount(mode, minlength=3)
        self.ended += counts
        self.trips += counts
        self.seconds += np.bincount(mode, seconds, minlength=3)
        self.metres_done += np.bincount(mode, self.distance[person], minlength=3)
        car = mode == 0
        self.late_s += float(late[car].sum())
        lives = car & self.resident[person] & (self.home_zone[person] >= 0)
        zone, n = self.home_zone[person[lives]], len(self.zones)
        for column, weight in enumerate((np.ones(int(lives.sum())), seconds[lives], late[lives])):
            self.by_zone[:, column] += np.bincount(zone, weight, minlength=n)
        rows = {
            "person": person,
            "departure": self.departure[person],
            "arrival": time,
            "mode": mode,
            "distance": self.distance[person],
            "from_zone": self.zone[self.origin[person]],
            "to_zone": self.zone[self.goal[person]],
        }
        return rows, seconds, self.arrivals[person]

    def indicators(self, released: int, still: Array, now: int) -> Iterator[Indicator]:
        """The numbers of the run; `still` are the persons in cars on the road, whose delay so far counts as well."""
        cars = int(self.trips[0])
        late = self.late_s + float(np.maximum((now - self.departure[still]) / 1000.0 - self.free_s[still], 0.0).sum())
        yield Indicator("car_travel_time", self.seconds[0] / max(cars, 1) / 60.0, "min", n=cars, better="lower")
        yield Indicator("vehicle_delay", late / 3600.0, "h", n=cars, better="lower", summed=True)
        yield Indicator("vehicle_km", self.metres / 1000.0, "km", n=cars, summed=True)
        used, driven = self.electric.tolist()
        yield Indicator("electric_energy", used, "kWh", better="lower", summed=True)
        if driven:
            yield Indicator("electric_kwh_per_km", 1000.0 * used / driven, "kWh/km", better="lower")
        for mode, name in enumerate(MODES):
            yield Indicator(f"{name}_trips", float(self.trips[mode]), "trips", summed=True)
        lost, done = int(self.lost.sum()), int(self.trips.sum())
        yield Indicator("trips_routed", 100.0 * done / max(done + lost, 1), "%", n=done + lost, better="higher")
        yield Indicator("trips_unrouted", float(lost), "trips", n=done + lost, better="lower", summed=True)
        released -= self.released_before
        yield Indicator("gridlock_releases", float(released), "veh", better="lower", summed=True)
        yield Indicator("rerouted", float(self.rerouted), "veh", summed=True)
        yield Indicator("changed_way", float(self.changed_mind), "veh", summed=True)
        yield Indicator("held_up_by_closure", float(self.held_up), "veh", better="lower", summed=True)
        people = np.bincount(self.home_zone[self.resident & (self.home_zone >= 0)], minlength=len(self.zones))
        for zone in np.flatnonzero(self.by_zone[:, 0] > 0):
            count, seconds, delay = self.by_zone[zone]
            code, residents = str(self.zones.code[zone]), int(people[zone])
            yield Indicator(
                "car_travel_time",
                seconds / count / 60.0,
                "min",
                "neighbourhood",
                code,
                n=int(count),
                better="lower",
                residents=residents,
            )
            yield Indicator(
                "vehicle_delay",
                delay / 3600.0,
                "h",
                "neighbourhood",
                code,
                n=int(count),
                better="lower",
                residents=residents,
                summed=True,
            )

    def balances(self, state: Any, coming: int, going: Array) -> list[Balance]:
        """Every trip that began has ended, failed or is under way; every car on the streets is somewhere on them."""
        still = np.bincount(going, minlength=3)
        laws = [
            Balance(
                "cars that started = arrived + on the road + waiting",
                float(state.counts[k.STARTED]),
                float(state.counts[k.ARRIVED] + state.on_road + state.waiting),
                "veh",
            )
        ]
        under_way = [coming + state.on_road + state.waiting + int(still[0]), int(still[1]), int(still[2])]
        for mode, name in enumerate(MODES):
            right = self.ended[mode] + self.failed[mode] + under_way[mode]
            laws.append(
                Balance(
                    f"{name} trips that began = arrived + without a way + under way",
                    float(self.began[mode]),
                    float(right),
                    "trips",
                )
            )
        return laws
