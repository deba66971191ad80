"""Citizens: residents, incoming commuters and through traffic, each with a day of activities and trips.

They decide when to go where, and by which mode on the live car times; vehicles, bicycles and walkers are moved by the
vehicles domain, which tells when they arrive. Users of public transport go by the timetable where the area has one.
Passengers of cars, and users of public transport elsewhere and beyond the gateways, are carried at a stated speed.
"""

from __future__ import annotations

import numpy as np

from agents.citizens import kernels as law
from agents.citizens import traits
from agents.citizens.config import CitizensConfig
from agents.citizens.mode_choice import ModeChoice
from twin.attributes import Column
from twin.clock import day, hour, minute
from twin.coupling import Batch, Event, Reads, on
from twin.domain import Balance, Domain, Indicator
from twin.population import Population
from twin.timetable import Timetable

NIGHT = 4 * hour  # a new plan begins when most people are at home
QUARTER = 15 * minute
DAYS = ("workday", "saturday", "sunday")
KINDS = ("residents", "commuters from outside", "goods", "through traffic")


class Citizens(Domain):
    """Plans, mode choice and where everybody is."""

    name, every = "citizens", minute
    unsaved = (
        "zone",
        "kind",
        "habits",
        "hourly",
        "reach",
        "reach_place",
        "found",
        "timetable",
    )
    Config = CitizensConfig
    travel_ms = Reads("vehicles.travel_ms", coupling="traffic.citizens")
    walk_ms = Reads("vehicles.walk_ms", coupling="traffic.citizens")
    permit = Reads("vehicles.permit", coupling="traffic.citizens")
    barred = Reads("vehicles.barred", coupling="traffic.citizens")

    # between kernels, in bulk; value = the location of departure
    drive = Event(
        by="advance", subject="person", object="location of arrival", value="location of departure", recorded=False
    )
    ride = Event(
        by="advance", subject="person", object="location of arrival", value="location of departure", recorded=False
    )
    walk = Event(
        by="advance", subject="person", object="location of arrival", value="location of departure", recorded=False
    )

    board = Event(
        by="advance", subject="person", object="location of arrival", value="location of departure", recorded=False
    )

    publishes = {"place": Column("int32", default=0, meaning="location where each person is, or has set off from")}
    series = {
        "citizens": {
            "away": Column("int32", unit="persons", meaning="residents who are not at home"),
            "under_way": Column("int32", unit="persons", meaning="people between two places"),
            **{
                mode: Column("int32", unit="trips", meaning="trips begun in the quarter of an hour")
                for mode in law.MODES
            },
        }
    }

    def setup(self, world, area):
        people, config = area.people, self.config
        n = len(people)
        self.people = Population(
            world,
            "citizen",
            n,
            {
                "at": people.home.astype(np.int32),
                "due": np.full(n, law.NEVER),
                "stop": np.zeros(n, np.int8),
                "state": np.zeros(n, np.int8),
                "mode": np.full(n, law.WALK, np.int8),
                "trips": np.zeros(n, np.int32),
                "goal": np.full(n, -1, np.int32),
                "left": np.zeros(n, np.int64),
                "seconds_travelled": np.zeros(n),
                "stops": np.zeros(n, np.int8),
                "place": np.zeros((n, law.STOPS), np.int32),
                "leave": np.zeros((n, law.STOPS), np.int32),
            },
        )
        self.zone = np.maximum(area.location_zone()[people.home], 0) if n else np.zeros(0, np.int32)
        self.habits = {kind: traits.habits(config, kind) for kind in DAYS}
        self.hourly = np.cumsum(config.through_by_hour) / np.sum(config.through_by_hour)
        self.reach, self.reach_place = traits.reach(area, config)
        served = len(area.calls) and "transit" in world.domains and "citizens.transit" not in world.cut
        self.timetable = Timetable(area) if served else None
        self.choice = ModeChoice(self, self.timetable)
        self.midnight = 0
        self.found = np.empty(n, np.int64)
        self.count = dict.fromkeys(law.MODES, 0)
        self.resident_trips, self.resident_metres = np.zeros(5, np.int64), np.zeros(5, np.int64)
        self.kind = traits.kinds(people)
        self.cars = np.zeros(len(KINDS), np.int64)
        self.given_up, self.out_at_night = 0, 0
        self.arrivals = np.zeros((len(area.zones), 2))
        self.publish("place", self.people.at)

    # -- the day -----------------------------------------------------------------------------------------------------

    def advance(self, start, stop):
        if start % QUARTER == 0:  # everybody who sets off in the quarter sees the travel times of its beginning
            self.choice.look(self.travel_ms, self.walk_ms, self.permit, self.barred)
        people = self.area.people
        if self.timetable:
            self.timetable.turn_to(start // day, self.world.calendar.at(start).weekday())
        if start % day == 0:
            self._plan(start, people.occupation == law.THROUGH)
        if start == 0 or (start > day and start % day == NIGHT):
            self._new_day(start)
        p = self.people
        n = law.find_due(p.due, stop, self.found)
        if n:
            rows = self.found[:n].copy()
            carried = p.state[rows] == law.CARRIED
            if carried.any():
                self._reach_stop(rows[carried], p.goal[rows[carried]], p.due[rows[carried]], start)
            self._set_off(rows[~carried], stop)
        self.publish("place", p.at)

    def _new_day(self, now):
        """A plan for everybody but through traffic; who is still out finishes yesterday's, whose seconds move back a day."""
        p, people = self.people, self.area.people
        here = people.occupation != law.THROUGH
        late = np.flatnonzero(here & ((p.state != law.RESTING) | (p.at != people.home)))
        self.midnight = now // day * day
        self.out_at_night += len(late)
        p.leave[late] -= day // 1000 if now else 0
        self._plan(now, here)

    def _plan(self, now, whom):
        """Plans of the day for those of `whom` (bool, persons) who are at home; through traffic starts at its gateway."""
        p, people = self.people, self.area.people
        home = np.asarray(people.home)
        at_start = (p.at == home) | (people.occupation == law.THROUGH)
        rows = np.flatnonzero(whom & (p.state == law.RESTING) & at_start)
        number = now // day
        kind = DAYS[max(self.world.calendar.at(now).weekday() - 4, 0)]
        law.plan_days(
            rows,
            number,
            self.stream("plan"),
            self.habits[kind],
            people.occupation,
            home,
            people.main,
            self.zone,
            people.resident,
            self.reach,
            self.reach_place,
            self.hourly,
            p.place,
            p.leave,
            p.stops,
        )
        law.start_day(rows, number * day, now, home, p.leave, p.stops, p.at, p.due, p.stop, p.state)

    def _set_off(self, rows, stop):
        """Departures of one window: a mode for each new tour, then a trip; those who are there already stay."""
        p = self.people
        goal = p.place[rows, p.stop[rows]]
        there = goal == p.at[rows]
        if there.any():
            stay = rows[there]
            self._reach_stop(stay, goal[there], p.due[stay], self.world.start, travelled=False)
            rows, goal = rows[~there], goal[~there]
        if not len(rows):
            return
        origin, when = p.at[rows], p.due[rows]
        home = self.area.people.home[rows]
        begins = np.flatnonzero(origin == home)  # a mode for each tour, kept until the person is home again
        p.mode[rows[begins]] = self.choice.modes(rows[begins], origin[begins], goal[begins], when[begins])
        mode = p.mode[rows]
        p.goal[rows], p.left[rows], p.state[rows] = goal, when, law.MOVING
        p.due[rows] = law.NEVER
        p.trips[rows] += 1
        boarding = (mode == law.TRANSIT) & self.choice.served(origin, goal)
        going = ((self.drive, law.CAR), (self.ride, law.BICYCLE), (self.walk, law.WALK))
        for event, go in (*((event, mode == kind) for event, kind in going), (self.board, boarding)):
            event.many(rows[go], goal[go], origin[go].astype(float), at=when[go], ordinal=p.trips[rows[go]])
        carried = (mode == law.PASSENGER) | ((mode == law.TRANSIT) & ~boarding)
        if carried.any():
            who = rows[carried]
            p.state[who] = law.CARRIED
            p.due[who] = when[carried] + self.choice.carried_ms(origin[carried], goal[carried], mode[carried])
        self.cars += np.bincount(self.kind[rows[mode == law.CAR]], minlength=len(KINDS))
        resident = np.asarray(self.area.people.resident[rows])
        self.resident_trips += np.bincount(mode[resident], minlength=5)
        # whole metres: their sum does not hang on who sets off first
        metres = np.rint(self.choice.distance(origin[resident], goal[resident])).astype(np.int64)
        np.add.at(self.resident_metres, mode[resident], metres)
        for k, name in enumerate(law.MODES):
            self.count[name] += int((mode == k).sum())

    @on("vehicles.arrived", phase="advance", when="next", coupling="vehicles.arrivals")
    def take_arrivals(self, arrived: Batch) -> None:
        """People whom the vehicles domain brought near their stop: they park and walk the last bit."""
        p, rows = self.people, arrived.subject
        walk = np.where(self.kind[rows] < KINDS.index("goods"), self.choice.last_bit[p.mode[rows]], 0)
        p.state[rows], p.goal[rows], p.due[rows] = law.CARRIED, arrived.object, arrived.time + walk

    @on("transit.arrived", phase="advance", when="next", coupling="citizens.transit", optional=True)
    def take_passengers(self, arrived: Batch) -> None:
        """People whom public transport brought to their stop."""
        p, rows = self.people, arrived.subject
        p.state[rows], p.goal[rows], p.due[rows] = law.CARRIED, arrived.object, arrived.time

    @on("transit.unserved", phase="advance", when="next", coupling="citizens.transit", optional=True)
    def go_untimed(self, failed: Batch) -> None:
        """The timetable has no way for them, which transit counts: they are carried at the stated speed."""
        self._carry(failed)

    @on("vehicles.unrouted", phase="advance", when="next", coupling="vehicles.arrivals")
    def give_up(self, failed: Batch) -> None:
        """No way leads there: the person is counted and carried by the next best thing, public transport."""
        self.given_up += len(failed.subject)
        self._carry(failed)

    def _carry(self, failed):
        p, rows = self.people, failed.subject
        p.state[rows] = law.CARRIED
        mode = np.full(len(rows), law.TRANSIT)
        ms = self.choice.carried_ms(p.at[rows], p.goal[rows], mode)
        p.due[rows] = np.maximum(failed.time + ms, self.world.start)

    def _reach_stop(self, rows, places, times, start, travelled=True):
        p = self.people
        if travelled:
            seconds = (times - p.left[rows]) / 1000.0
            p.seconds_travelled[rows] += seconds
            resident = np.asarray(self.area.people.resident[rows])
            zone = self.zone[rows[resident]]
            self.arrivals[:, 0] += np.bincount(zone, minlength=len(self.arrivals))
            self.arrivals[:, 1] += np.bincount(zone, seconds[resident], minlength=len(self.arrivals))
        law.arrive(
            rows,
            places,
            times,
            self.midnight,
            int(self.config.dwell * minute),
            start,
            p.leave,
            p.stops,
            p.at,
            p.due,
            p.stop,
            p.state,
        )

    def step(self):
        if self.now % QUARTER:
            return
        p = self.people
        resident = np.asarray(self.area.people.resident)
        each = self.area.represents
        self.record("citizens.away", round(each * int(((p.at != self.area.people.home) & resident).sum())))
        self.record("citizens.under_way", round(each * int((p.state != law.RESTING).sum())))
        for mode, count in self.count.items():
            self.record(f"citizens.{mode}", round(each * count))
            self.count[mode] = 0

    # -- results -----------------------------------------------------------------------------------------------------

    def indicators(self):
        p, area = self.people, self.area
        resident = np.asarray(area.people.resident)
        residents, trips = max(int(resident.sum()), 1), int(self.resident_trips.sum())
        # part of a day is not scaled to a day: its nights and peaks would weigh wrongly
        days, rest = divmod(self.world.observed_ms, day)
        whole, per = (days, "day") if days and not rest else (1, f"{self.world.observed_ms / hour:g} h")
        minutes = float(p.seconds_travelled[resident].sum()) / 60.0
        yield Indicator("trips_per_person", trips / residents / whole, f"trips/{per}", n=residents)
        yield Indicator(
            "travel_time_per_person", minutes / residents / whole, f"min/{per}", n=residents, better="lower"
        )
        kilometres = self.resident_metres / 1000.0
        yield Indicator("distance_per_person", float(kilometres.sum()) / residents / whole, f"km/{per}", n=residents)
        yield Indicator("trip_length_mean", float(kilometres.sum()) / max(trips, 1), "km", n=trips)
        for k, mode in enumerate(law.MODES):
            yield Indicator("mode_share", 100.0 * self.resident_trips[k] / max(trips, 1), "%", group=mode, n=trips)
        driven = int(self.cars.sum())
        for k, kind in enumerate(KINDS):
            yield Indicator("car_trips_by_kind", 100.0 * int(self.cars[k]) / max(driven, 1), "%", group=kind, n=driven)
        done = self.arrivals.sum(axis=0)
        yield Indicator("travel_time_mean", done[1] / max(done[0], 1) / 60.0, "min", n=int(done[0]), better="lower")
        yield Indicator("trips_given_up", float(self.given_up), "trips", n=trips, better="lower", summed=True)
        population = np.bincount(self.zone[resident], minlength=len(area.zones))
        for z in np.flatnonzero(self.arrivals[:, 0] > 0):
            yield Indicator(
                "travel_time_mean",
                self.arrivals[z, 1] / self.arrivals[z, 0] / 60.0,
                "min",
                "neighbourhood",
                str(area.zones.code[z]),
                n=int(self.arrivals[z, 0]),
                better="lower",
                residents=int(population[z]),
            )

    def forget(self):
        self.resident_trips[:] = 0
        self.cars[:] = 0
        self.resident_metres[:] = 0
        self.people.seconds_travelled[:] = 0.0
        self.arrivals[:] = 0.0
        self.given_up = 0

    def balances(self):
        p = self.people
        somewhere = int(
            ((p.state == law.RESTING) & (p.at >= 0)).sum()
            + (p.state == law.MOVING).sum()
            + (p.state == law.CARRIED).sum()
        )
        return [Balance("every person is at a place or under way", float(len(p)), float(somewhere), "persons")]
