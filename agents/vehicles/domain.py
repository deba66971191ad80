"""Vehicles: everybody who drives, rides or walks, from the event of setting off to the event of arriving.

Cars drive through the queues of `agents.vehicles.kernels` on routes by the live travel times; cyclists and walkers move
at their own speed. A car whose way is closed takes another one from where it is. What lies beyond a gateway is driven
at a stated speed, before a trip from there comes in and after one to there went out.
"""

from __future__ import annotations

import numpy as np

from agents.vehicles import kernels as k
from agents.vehicles.config import VehiclesConfig
from agents.vehicles.consumption import kwh
from agents.vehicles.emissions import POLLUTANTS
from agents.vehicles.ledger import Ledger
from agents.vehicles.parking import Parking
from agents.vehicles.slow import Moments, SlowMode
from agents.vehicles.streets import Streets
from agents.vehicles.wheel import EDGE, PER_SECOND
from twin.attributes import Column
from twin.clock import minute
from twin.coupling import Batch, Event, Reads, on
from twin.domain import Indicator
from twin.draws import uniforms

CAR, BICYCLE, WALK = 0, 1, 2
MODES = ("car", "bicycle", "walk")
SHORTEST = 10_000  # ms; nobody arrives sooner, also between two doors at one node (assumption)


class Vehicles(Streets):
    """The trips of everybody, on the streets of the area."""

    name, every = "vehicles", minute
    unsaved = (*Streets.unsaved, "node", "riding", "xy", "beyond", "electric")
    Config = VehiclesConfig
    temperature = Reads("weather.temperature", coupling="weather.cars", without=10.0)

    arrived = Event(by="advance", subject="person", object="location", value="s of travel", recorded=False)
    unrouted = Event(
        by="advance", subject="person", object="location", value="mode: 0 car, 1 bicycle, 2 walk", recorded=False
    )
    parked = Event(
        by="advance",
        subject="person",
        object="location",
        recorded=False,
        value="kWh from a plug that the electric car used on this trip, charging losses included",
    )

    series = {
        **Streets.series,
        "vehicles": {
            "on_road": Column("int32", unit="veh"),
            "waiting": Column("int32", unit="veh", meaning="cars that wait to enter their first link"),
            "riding": Column("int32", unit="persons", meaning="cyclists and walkers under way"),
            "released": Column("int32", unit="veh", meaning="lifted out of a jam so far"),
            "dark": Column("int32", unit="signals"),
        },
        "parking": {"cars": Column("int32", unit="veh", meaning="that stand in the zone, or have a place kept there")},
    }
    tables = {
        "restricted/trips": {
            "person": Column("int64"),
            "departure": Column("int64", unit="ms"),
            "arrival": Column("int64", unit="ms"),
            "mode": Column("int8", meaning="row of MODES"),
            "distance": Column(unit="m"),
            "from_zone": Column("int32"),
            "to_zone": Column("int32"),
        },
        "replay/vehicles": {
            "time": Column("int64", unit="ms"),
            "link": Column("int32"),
            "fraction": Column("float32", meaning="of the link's length, from its tail"),
        },
    }

    def setup(self, world, area):
        super().setup(world, area)
        config, n = self.config, len(area.people)
        self.node = area.location_node("car")
        self.riding = {
            BICYCLE: SlowMode(area, "bicycle", config.bicycle_speed / 3.6),
            WALK: SlowMode(area, "walk", config.walk_speed / 3.6),
        }
        self.xy = area.location_xy()
        gates = area.gateways.distance if len(area.gateways) else np.zeros(0)
        self.beyond = np.concatenate([np.zeros(len(area.buildings)), gates])
        self.electric = uniforms(self.stream("electric"), np.arange(n)) < config.electric_share
        self.ledger = Ledger(area)
        self.parkings = np.zeros(n, np.int32)
        self.parking = None
        if len(area.parking) and self.weight == 1.0:  # a car that stands for several cannot take a part of a place each
            self.parking = Parking(
                area,
                self.riding[WALK],
                self.ledger,
                self.state,
                self.routes,
                config.parking_reach,
                config.farthest_walk,
            )
        self.coming = Moments("person", "origin", "goal")  # cars on their way to a gateway
        self.near = Moments("person")  # cars whose way ends where it begins
        self.going = Moments("person", "goal", "mode")  # all whose moment of arrival is known
        self.departing: list[tuple[int, Batch]] = []

    # -- who sets off ------------------------------------------------------------------------------------------------

    @on("citizens.drive", phase="advance", coupling="citizens.vehicles")
    def depart(self, batch: Batch) -> None:
        """Somebody gets into a car."""
        self.departing.append((CAR, batch))

    @on("citizens.ride", phase="advance", coupling="citizens.vehicles")
    def ride(self, batch: Batch) -> None:
        """Somebody gets on a bicycle."""
        self.departing.append((BICYCLE, batch))

    @on("citizens.walk", phase="advance", coupling="citizens.vehicles")
    def walk(self, batch: Batch) -> None:
        """Somebody walks."""
        self.departing.append((WALK, batch))

    def advance(self, start, stop):
        self.begin(start)
        for mode, batch in self.departing:
            person, goal, origin = batch.subject, batch.object, batch.value.astype(np.int64)
            self.ledger.begin(person, batch.time, mode, origin, goal)
            time = np.maximum(batch.time, start)  # told late where the world's window is shorter than a minute
            if mode == CAR:
                self.coming.add(time=time + self._beyond_ms(origin), person=person, origin=origin, goal=goal)
            else:
                self._go_slowly(mode, person, time, origin, goal)
        self.departing.clear()
        self._enter(self.coming.take(stop))
        self._leave(self.drive(start, stop), start, stop)
        self._arrive(self.going.take(stop), start)
        self.ledger.metres += self.measure(stop)

    def _beyond_ms(self, location):
        return np.rint(self.beyond[location] / (self.config.beyond_speed / 3.6) * 1000.0).astype(np.int64)

    def turned(self, ways, chosen):
        """Note how much longer the new ways are, and who goes them why."""
        ledger = self.ledger
        persons = ways.key < len(self.area.people)  # no buses
        for metres in (ledger.distance, ledger.driven):
            metres[ways.key[persons]] += ways.metres[persons]
        if chosen:
            ledger.changed_mind += len(ways.key)
        else:
            ledger.rerouted += len(ways.key)
            ledger.held_up += ways.held_up

    def _go_slowly(self, mode, person, time, origin, goal):
        """Cyclists and walkers: their moment of arrival is known at once."""
        way = self.riding[mode]
        metres = way.metres(origin, goal)
        known = metres >= 0.0
        self._give_up(mode, person[~known], goal[~known], time[~known])
        person, time, origin, goal, metres = person[known], time[known], origin[known], goal[known], metres[known]
        same = way.node[origin] == way.node[goal]
        metres[same] = np.hypot(*(self.xy[origin[same]] - self.xy[goal[same]]).T)
        metres += self.beyond[origin] + self.beyond[goal]
        self.ledger.distance[person] = metres
        ms = np.maximum(np.rint(1000.0 * metres / way.speed).astype(np.int64), SHORTEST)
        self.ledger.free_s[person] = ms / 1000.0
        self.going.add(time=time + ms, person=person, goal=goal, mode=np.full(len(person), mode))

    def _enter(self, trips):
        """Cars that come onto the streets of the area in this window: a route each."""
        person, origin, goal, time = (trips[name] for name in ("person", "origin", "goal", "time"))
        if not len(person):
            return
        node, to_car = self.node[origin], 0.0
        if self.parking:
            node, to_car = self.parking.fetch(person, origin, node)
        ptr, links, known = self.routes.paths(node, self.node[goal], person, self.world.start)
        ptr, links, before, after = self.access.driven(person, ptr, links)
        known &= before + after <= 1000.0 * self.config.farthest_walk
        before = before + to_car
        self._give_up(CAR, person[~known], goal[~known], time[~known])
        sizes = np.diff(ptr)
        beyond = self.beyond[origin] + self.beyond[goal]
        first_ms, last_ms = self._walk_ms(before), self._walk_ms(after)
        time = time + first_ms
        ledger, state = self.ledger, self.state
        at = np.repeat(np.arange(len(person)), sizes)
        ledger.distance[person] = np.bincount(at, state.length[links], minlength=len(person)) + beyond + before + after
        free = np.bincount(at, self.free_s[links], minlength=len(person))
        outside = beyond / (self.config.beyond_speed / 3.6) + (first_ms + last_ms) / 1000.0
        ledger.free_s[person] = np.maximum(free + outside, SHORTEST / 1000.0)
        ledger.last_ms[person] = last_ms
        ledger.driven[person] = np.bincount(at, state.length[links], minlength=len(person))
        ledger.aside_s[person] = outside
        drive = known & (sizes > 0)
        near = known & (sizes == 0)  # both ends at one node, or nothing of the way may be driven
        self.near.add(time=time[near] + np.maximum(SHORTEST - self._beyond_ms(goal[near]), 0), person=person[near])
        if self.parking:
            node[drive] = self.network.head[links[ptr[1:][drive] - 1]]
            self.parking.leave(person[known], time[known], node[known])
        kept = drive[at]
        pointer = np.concatenate([[0], np.cumsum(sizes[drive])])
        self.state.add(person[drive], time[drive] / 1000.0, pointer, links[kept])
        if self.observer:
            self.observer.set_out(person[drive], self.network, links[kept], pointer)
        ledger.routed += int(known.sum())

    def _give_up(self, mode, person, goal, time):
        if len(person):
            ordinal = self.ledger.fail(person)
            # a trip that was turned away at a gateway keeps its own, earlier moment out of the past
            self.unrouted.many(person, goal, float(mode), at=np.maximum(time, self.world.start), ordinal=ordinal)

    # -- who arrives ---------------------------------------------------------------------------------------------------

    def _leave(self, arrivals, start, stop):
        """Cars that came to the end of their route: there, or out through a gateway with a way to go."""
        share = EDGE / PER_SECOND * 1000.0  # the same moment of grace as the kernel's buckets have
        time = np.maximum(np.floor(arrivals.time * 1000.0 + share).astype(np.int64), start)
        near = self.near.take(stop)
        person, time = np.concatenate([arrivals.key, near["person"]]), np.concatenate([time, near["time"]])
        if self.parking:
            person, time = self.parking.arrive(person, time, stop)
        if not len(person):
            return
        goal = self.ledger.goal[person]
        time = time + self._beyond_ms(goal) + self.ledger.last_ms[person]
        self.going.add(time=time, person=person, goal=goal, mode=np.full(len(person), CAR))

    def _arrive(self, rows, start):
        time, person, goal, mode = (rows[name] for name in ("time", "person", "goal", "mode"))
        if not len(person):
            return
        order = np.lexsort((person, time))
        time, person, goal, mode = time[order], person[order], goal[order], mode[order]
        trips, seconds, ordinal = self.ledger.end(person, time, mode)
        self.rows("restricted/trips", **trips)
        self.arrived.many(person, goal, seconds, at=time, ordinal=ordinal)
        ev = (mode == CAR) & self.electric[person]
        if ev.any():
            who, where = person[ev], goal[ev]
            self.parkings[who] += 1
            used = self._kwh(who, where, seconds[ev])
            self.parked.many(who, where, used, at=time[ev], ordinal=self.parkings[who])

    def _kwh(self, person, goal, seconds):
        """What electric cars used on trips of so many seconds that end now, kWh from the plug; books it."""
        ledger, car, temperature = self.ledger, self.config.electric_car, float(self.temperature[0])
        beyond, speed = self.beyond[ledger.origin[person]] + self.beyond[goal], self.config.beyond_speed / 3.6
        inside, inside_s = ledger.driven[person], np.maximum(seconds - ledger.aside_s[person], 0.0)
        used = kwh(car, inside, inside_s, temperature) + kwh(car, beyond, beyond / speed, temperature)
        ledger.electric += used.sum(), (inside + beyond).sum()
        return used

    def step(self):
        state, now = self.state, self.now
        if _due(now, self.config.series_every or 15.0):
            self.record_links(self.config.series_every > 0.0)
        if _due(now, self.config.series_every):
            for name, value in (
                ("on_road", state.on_road),
                ("waiting", state.waiting),
                ("released", state.released),
                ("riding", int((self.going.rows["mode"] != CAR).sum())),
            ):
                self.record(f"vehicles.{name}", round(self.weight * value))
            self.record("vehicles.dark", int(self.junctions.dark.sum()))
            if self.parking:
                zone, cars = self.parking.measure()
                self.record("parking.cars", cars.astype(np.int64), zone)
        if _due(now, self.config.snapshot_every):
            link, fraction, _ = state.positions(inner_only=True)
            self.rows("replay/vehicles", time=np.full(len(link), now), link=self.row[link], fraction=fraction)

    # -- results -------------------------------------------------------------------------------------------------------

    def indicators(self):
        still = self.state.cars[: int(self.state.counts[k.FRESH])]
        still = still[(still.state == k.QUEUED) | (still.state == k.DRIVING)]
        still = still[still.key < len(self.area.people)]  # no buses
        yield from self.ledger.indicators(self.state.released, still.key, self.now)
        for name, grams in zip(POLLUTANTS, self.grams, strict=True):
            yield Indicator(f"exhaust_{name}", float(grams) / 1000.0, "kg", better="lower", summed=True)
        if self.parking:
            yield from self.parking.indicators()

    def forget(self):
        self.ledger.forget(self.state.released)
        self.grams[:] = 0.0
        if self.parking:
            self.parking.forget()

    def balances(self):
        buses = self.buses.on_road if self.buses else 0  # they are on the road, and nobody's trip
        elsewhere = len(self.near) - buses
        laws = self.ledger.balances(self.state, len(self.coming) + elsewhere, self.going.rows["mode"])
        cars = self.state.on_road + self.state.waiting + elsewhere
        parked = self.parking.balances(cars) if self.parking else ()
        return [*laws, *parked, *(self.buses.balances() if self.buses else ())]


def _due(now, every_minutes):
    period = round(every_minutes * minute)
    return period > 0 and now % period == 0
