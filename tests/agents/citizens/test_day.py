"""Plans and mode choice of the citizens, on a small town with vehicles that arrive when they are told to."""

from itertools import pairwise

import numpy as np
import pytest

from agents.citizens import kernels as law
from agents.citizens.config import CitizensConfig
from agents.citizens.domain import Citizens
from scenarios.areas import build
from twin import draws
from twin.attributes import Column
from twin.clock import day, hour, minute
from twin.coupling import Event, on
from twin.domain import Domain
from twin.tables import OCCUPATIONS
from twin.world import World


class Instant(Domain):
    """Vehicles that take ten minutes for every trip."""

    name = "vehicles"
    arrived = Event(by="advance", recorded=False)
    unrouted = Event(by="advance", recorded=False)
    publishes = {
        "travel_ms": Column("int64", default=10_000),
        "walk_ms": Column("int64", default=0),
        "permit": Column("bool", default=False),
        "barred": Column("bool", default=False),
    }

    def setup(self, world, area):
        self.pending, self.trips = [], []
        self.publish("travel_ms", np.maximum(1000 * area.links.length / area.links.speed, 1).astype(np.int64))
        self.publish("walk_ms", np.zeros(len(area.links), np.int64))
        self.publish("permit", np.zeros(len(area.people), bool))
        self.publish("barred", np.zeros(len(area.links), bool))

    def note(self, batch):
        self.pending.append(batch)
        self.trips += list(
            zip(batch.subject.tolist(), batch.object.tolist(), batch.value.tolist(), batch.time.tolist(), strict=True)
        )

    @on("citizens.drive", phase="advance")
    def drive(self, batch):
        self.note(batch)

    @on("citizens.ride", phase="advance")
    def ride(self, batch):
        self.note(batch)

    @on("citizens.walk", phase="advance")
    def walk(self, batch):
        self.note(batch)

    def advance(self, start, stop):
        for batch in self.pending:
            self.arrived.many(batch.subject, batch.object, 600.0, at=batch.time + 10 * minute, ordinal=batch.ordinal)
        self.pending.clear()


@pytest.fixture(scope="module")
def area():
    return build("town", citizens=3000, seed=3)


def lived(area, days=1, **options):
    world = World(area, [Citizens(CitizensConfig(**options)), Instant()], seed=2)
    world.run(days * day)
    return world


def test_everyone_travels_from_where_he_is_and_is_home_at_night(area):
    world = lived(area, days=2)
    at = {}
    for person, goal, origin, _ in world.domains["vehicles"].trips:
        # carried trips in between are not seen here, so only tours made by one's own vehicle are followed
        at.setdefault(person, []).append((origin, goal))
    citizens = world.domains["citizens"]
    own = [p for p, legs in at.items() if len(legs) == citizens.people.trips[p] and area.people.resident[p]]
    assert len(own) > 500
    for person in own:
        legs = at[person]
        assert legs[0][0] == area.people.home[person]
        assert all(before[1] == after[0] for before, after in pairwise(legs))
    resident = np.asarray(area.people.resident)
    assert (citizens.people.at[resident] == area.people.home[resident]).mean() > 0.97
    assert all(balance.holds for balance in world.balances())


def test_a_car_that_left_comes_back(area):
    world = lived(area)
    people, trips = area.people, world.domains["vehicles"].trips
    drivers = {p for p, *_ in trips if world.domains["citizens"].people.mode[p] == law.CAR and people.resident[p]}
    assert drivers
    assert all(world.domains["citizens"].choice.car[p] for p in drivers)


def test_no_household_uses_more_cars_than_it_has(area):
    citizens = lived(area).domains["citizens"]
    inside = area.people.household >= 0
    used = np.bincount(area.people.household[inside], citizens.choice.car[inside], len(area.households))
    assert (used <= area.households.cars).all()
    assert (used > 0).any()


def test_trips_per_person_come_to_the_published_total(area):
    # CBS 2002/03: 3.08 trips per person and day, rel. tolerance 5 % (reference case nl-trips-mode-2003)
    found = []
    for seed in range(4):
        world = World(area, [Citizens(), Instant()], seed=seed)
        world.run(day)
        found.append(next(i.value for i in world.indicators() if i.indicator == "trips_per_person"))
    assert np.std(found) / 2 < 0.03
    assert np.mean(found) == pytest.approx(3.08, rel=0.05)


def test_fewer_go_to_work_at_the_weekend(area):
    from twin.clock import Calendar

    def at_work(start):
        world = World(area, [Citizens(), Instant()], seed=2, calendar=Calendar(start))
        world.run(12 * hour)
        return int(((world.domains["citizens"].people.at == area.people.main) & area.people.resident).sum())

    assert at_work("2025-03-15") < 0.5 * at_work("2025-03-11")


def test_an_event_shifts_nobody_elses_luck(area):
    """Closing every car out changes drivers' modes, and no plan of anyone."""
    base, other = lived(area).domains["citizens"], lived(area, tastes=no_cars()).domains["citizens"]
    assert np.array_equal(base.people.place, other.people.place)
    assert np.array_equal(base.people.leave, other.people.leave)
    assert not np.array_equal(base.people.mode, other.people.mode)


def no_cars():
    tastes = {name: taste.model_dump() for name, taste in CitizensConfig().tastes.items()}
    tastes["car"]["constant"] = -50.0
    return tastes


def test_plan_kernel_equals_its_python():
    n, zones, spots = 60, 2, 5
    stream = draws.stream(1, "plan")
    occupation = (np.arange(n) % len(OCCUPATIONS)).astype(np.int8)
    habits = np.array([CitizensConfig().habits[name].row() for name in OCCUPATIONS])
    home, main = np.arange(n, dtype=np.int32), np.where(np.arange(n) % 3, np.arange(n) + 100, -1).astype(np.int32)
    main[occupation == law.THROUGH] = 7
    reach = np.tile(np.linspace(0.2, 1.0, spots), (zones, 1))
    found = []
    for plan in (law.plan_days, law.plan_days.py_func):
        place, seconds = np.zeros((n, law.STOPS), np.int32), np.zeros((n, law.STOPS), np.int32)
        stops = np.zeros(n, np.int8)
        plan(
            np.arange(n),
            3,
            stream,
            habits,
            occupation,
            home,
            main,
            np.arange(n) % zones,
            occupation != law.THROUGH,
            reach,
            np.arange(200, 205, dtype=np.int32),
            np.linspace(1 / 24, 1, 24),
            place,
            seconds,
            stops,
        )
        found.append((place, seconds, stops))
    for one, other in zip(*found, strict=True):
        assert np.array_equal(one, other)
    place, seconds, stops = found[0]
    assert stops.max() < law.STOPS
    for i in range(n):
        if stops[i] and occupation[i] != law.THROUGH:
            assert place[i, stops[i] - 1] == home[i]
            assert (np.diff(seconds[i, : stops[i]]) >= 0).all()


def test_a_driver_is_there_when_he_has_parked_and_walked(area):
    world = lived(area)
    citizens, driven = world.domains["citizens"], world.domains["vehicles"].trips
    people, trips = citizens.people, np.bincount([t[0] for t in driven], minlength=len(area.people))
    # everyone's every trip takes ten minutes on the road; the ends come on top, by the mode of his tours
    ended = (people.state == law.RESTING) & (trips == people.trips) & (trips > 0)
    only = np.flatnonzero(ended & (citizens.kind < 2))
    minutes = people.seconds_travelled[only] / 60.0 / trips[only] - 10.0
    ends = {mode: citizens.config.tastes[mode].overhead for mode in ("car", "bicycle", "walk")}
    assert ends == {"car": 4.0, "bicycle": 2.0, "walk": 0.0}
    assert set(np.round(minutes[minutes % 2 == 0])) == set(ends.values())
    goods = ended & (citizens.kind == 2)
    assert people.seconds_travelled[goods].sum() == 600.0 * trips[goods].sum()
    assert ((minutes >= 0.0) & (minutes <= 4.0)).all()


def test_what_is_given_changes_that_much_of_the_defaults():
    plain, given = CitizensConfig(), CitizensConfig(tastes={"transit": {"speed": 30.0}}, days={"sunday": {"main": 0.2}})
    changed = plain.tastes["transit"].model_copy(update={"speed": 30.0})
    assert given.tastes == {**plain.tastes, "transit": changed}
    assert given.days["sunday"].outing == plain.days["sunday"].outing
    assert given.habits == plain.habits
    with pytest.raises(ValueError, match="tram is none of car, passenger, transit, bicycle, walk"):
        CitizensConfig(tastes={"tram": {"speed": 30.0}})


def test_distance_comes_to_the_published_total():
    # CBS 2002/03: 31.87 km per person and day, 10.35 km per trip (reference case nl-trips-mode-2003), rel. tolerance 10 %
    town = build("town", citizens=20_000, seed=1)
    world = World(town, [Citizens(), Instant()], seed=1)
    world.run(day)
    found = {i.indicator: i.value for i in world.indicators() if i.level == "area"}
    assert found["distance_per_person"] == pytest.approx(31.87, rel=0.10)
    assert found["trip_length_mean"] == pytest.approx(10.35, rel=0.10)


def test_villagers_go_out_for_their_visits_more_than_townsfolk():
    def outside(citizens, **options):
        town = build("town", citizens=citizens, seed=1)
        world = World(town, [Citizens(CitizensConfig(**options)), Instant()], seed=1)
        world.run(0)
        reach, places = world.domains["citizens"].reach, world.domains["citizens"].reach_place
        chance = np.diff(reach, axis=1, prepend=0.0)
        return chance[:, places >= len(town.buildings)].sum(axis=1)

    village, town = outside(1_000), outside(10_000)
    assert village.min() == pytest.approx(0.16 + 0.45 * 5 / 6, abs=1e-9)
    assert town.max() == pytest.approx(0.16 + 0.45 / 3, abs=1e-9)
    assert outside(1_000, visit_outside=0.0, visit_village=0.0).max() == 0.0


@pytest.mark.parametrize(("date", "least", "most"), [("2025-03-15", 0.8, 1.2), ("2025-03-16", 0.6, 0.95)])
def test_saturdays_are_full_and_sundays_quiet(area, date, least, most):
    from twin.clock import Calendar

    def trips(start):
        world = World(area, [Citizens(), Instant()], seed=2, calendar=Calendar(start))
        world.run(day)
        return next(i.value for i in world.indicators() if i.indicator == "trips_per_person")

    assert least < trips(date) / trips("2025-03-11") < most
