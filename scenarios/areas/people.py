"""People of an area: residents with work, school, car and health; commuters from outside; through traffic."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas import commuting, households, places
from scenarios.areas.households import Profile, draw_households
from twin.draws import stream, uniforms
from twin.tables import OCCUPATIONS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
CHILD, PUPIL, STUDENT, WORKER, HOME, RETIRED, THROUGH = range(len(OCCUPATIONS))

LICENCE_AGES, LICENCE = (18, 25, 65, 75, 85), (0.0, 0.60, 0.88, 0.86, 0.70, 0.35)  # CBS shape (from memory)
# share at work by age, before scaling to the district's employment rate; shaped on CBS 2022 (from memory)
WORK_AGES, WORK = (15, 18, 25, 55, 60, 67, 75), (0.0, 0.0, 0.62, 0.86, 0.82, 0.68, 0.12, 0.0)
# cars of a household: chance of 0, 1, 2 cars by number of licence holders 0, 1, 2, 3+ (assumption, set so that the
# country's 0.50 cars per resident come out: CBS 2023 has 8.9 million cars for 17.8 million residents)
CARS = np.array([[1.0, 0.0, 0.0], [0.30, 0.66, 0.04], [0.07, 0.50, 0.43], [0.04, 0.26, 0.70]])
BICYCLE_AGES, BICYCLE = (4, 12, 65, 80), (0.0, 0.90, 0.93, 0.82, 0.45)  # assumption
# cumulated chance of health 0, 1, 2 by age (rest: 3, daily care); assumption, shaped on RIVM figures of chronic illness
HEALTH_AGES = (18, 45, 65, 75, 85)
HEALTH = np.array(
    [
        [0.93, 0.998, 0.999],
        [0.82, 0.99, 0.997],
        [0.62, 0.97, 0.99],
        [0.42, 0.90, 0.97],
        [0.27, 0.72, 0.91],
        [0.12, 0.45, 0.76],
    ]
)
PRESENT = 0.97  # share of jobs that are filled (assumption)
STUDENTS_PRESENT = 0.60  # share of enrolled students who come on a day (assumption)
# commuters from outside who come by car: Dutch workers drive to work in 6 of 10 cases, more over distance, and fewer into
# dense quarters with stations (assumption, after the shape of CBS figures)
OUTSIDE_CAR, OUTSIDE_LICENCE = 0.65, 0.90
OUTSIDE_STUDENT_CAR = 0.05  # students hold a public transport pass (assumption)

ASSUMPTIONS = {
    "people.licence": "driving licence: 60 % of 18-24, 88 % of 25-64, 86 % of 65-74, 70 % of 75-84, 35 % above (CBS "
    "shape, from memory)",
    "people.cars": "cars by number of licence holders, giving some 0.5 cars per resident (CBS 2023: 8.9 million cars "
    "for 17.8 million residents)",
    "people.bicycle": "a bicycle for 90 % of children, 93 % of those 12-64, 82 % of 65-79, 45 % above (assumption)",
    "people.work": "at work by age (CBS shape, from memory), scaled to the district's employment rate where given",
    "people.health": "health class by age (assumption)",
    "people.outside": "commuters from outside: 90 % hold a licence; to a town 65 % of workers come by car, to an extract "
    "40 %, of students 5 % (assumption); 97 % of jobs filled, 60 % of students present on a day (assumption)",
}
ALL_ASSUMPTIONS = {**ASSUMPTIONS, **households.ASSUMPTIONS, **commuting.ASSUMPTIONS, **places.ASSUMPTIONS}


@dataclass
class Demand:
    """What the people of one area are drawn from.

    buildings    : columns of the table buildings (x, y, zone, dwellings)
    profiles, profile_of : residents' profile per building
    jobs         : (building, count) of workplaces
    schools      : (building, capacity, level: 0 primary, 1 secondary, 2 higher)
    gateways     : road_class and xy, shape (gateways, 2)
    work_inside  : share of working residents who look for work inside the area
    through      : vehicles per day
    outside_car  : share of the workers from outside who come by car
    """

    buildings: dict[str, Any]
    profiles: list[Profile]
    profile_of: Ints
    jobs: tuple[Ints, Ints]
    schools: tuple[Ints, Ints, Ints]
    gateway_class: NDArray[Any]
    gateway_xy: Floats
    zone_xy: Floats
    citizens: int | None = None
    work_inside: float = 0.55
    through: int = 0
    outside_car: float = OUTSIDE_CAR
    facts: dict[str, Any] = field(default_factory=dict)


def make_people(demand: Demand, seed: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Tables households and people, and the columns of the gateways' volumes; counts go to `demand.facts`."""
    homes, persons = draw_households(
        np.asarray(demand.buildings["dwellings"], np.int64), demand.profile_of, demand.profiles, seed, demand.citizens
    )
    residents = _residents(demand, homes, persons, seed)
    free = _give_main(demand, residents, seed)
    visitors = _visitors(demand, free, seed)
    n = len(demand.buildings["x"])
    people = {c: np.concatenate([residents[c], visitors[c]]) for c in visitors}
    people["origin"] = np.full(len(people["home"]), "synthetic", object)
    homes["cars"] = residents["_cars"]
    homes["origin"] = np.full(len(homes["building"]), "synthetic", object)
    gates = len(demand.gateway_class)
    out = residents["main"][residents["main"] >= n] - n
    come = visitors["home"] - n
    passing = visitors["occupation"] == THROUGH
    volumes = {
        "commuters_out": np.bincount(out, minlength=gates),
        "through": np.bincount(come[passing], minlength=gates),
        "commuters_in": np.bincount(come[~passing], minlength=gates),
    }
    return homes, people, volumes


def _by_age(age: Ints, edges: tuple[int, ...], values: Any) -> Any:
    return np.asarray(values)[np.digitize(age, edges)]


def _residents(demand: Demand, homes: dict[str, Any], persons: dict[str, Any], seed: int) -> dict[str, Any]:
    age, key, household = persons["age"], persons["key"], persons["household"]
    building = homes["building"][household]

    def draw(purpose: str) -> Floats:
        return uniforms(stream(seed, "people." + purpose), key)

    licence = draw("licence") < _by_age(age, LICENCE_AGES, LICENCE)
    holders = np.minimum(np.bincount(household, licence, len(homes["size"])).astype(int), 3)
    table = np.cumsum(CARS[holders], 1)
    luck = uniforms(stream(seed, "people.cars"), key[persons["member"] == 0])
    cars = (luck[:, None] >= table[:, :2]).sum(1)
    health_table = _by_age(age, HEALTH_AGES, HEALTH)
    return {
        "household": household,
        "home": building,
        "main": np.full(len(age), -1, np.int64),
        "age": age,
        "occupation": _occupation(demand, age, building, draw("work")),
        "licence": licence,
        "has_car": licence & (cars[household] > 0),
        "has_bicycle": draw("bicycle") < _by_age(age, BICYCLE_AGES, BICYCLE),
        "health": (draw("health")[:, None] >= health_table).sum(1).astype(np.int8),
        "resident": np.ones(len(age), bool),
        "_key": key,
        "_cars": cars,
    }


def _occupation(demand: Demand, age: Ints, building: Ints, draw: Floats) -> NDArray[np.int8]:
    """By age; students first among those aged 18-24; work in proportion to the district's employment rate."""
    group = demand.profile_of[building]
    employment = np.array([p.employment for p in demand.profiles])[group]
    students = np.where((age >= 18) & (age < 25), np.array([p.students for p in demand.profiles])[group], 0.0)
    work = np.minimum(_by_age(age, WORK_AGES, WORK) * employment / 0.70, 0.97) * (1 - 0.35 * (students > 0))
    out = np.select(
        [age < 4, age < 18, draw < students, draw < students + work, age >= 67],
        [CHILD, PUPIL, STUDENT, WORKER, RETIRED],
        HOME,
    )
    return out.astype(np.int8)


def _give_main(demand: Demand, people: dict[str, Any], seed: int) -> tuple[Ints, Ints]:
    """Fill `main` of the residents; returns the buildings of the jobs and of the student places left over."""
    n, zone_of = len(demand.buildings["x"]), np.asarray(demand.buildings["zone"])
    xy = np.stack([demand.buildings["x"], demand.buildings["y"]], 1)
    key, age, occupation = people["_key"], people["age"], people["occupation"]
    at, capacity, level = demand.schools
    who = [
        np.flatnonzero((occupation == PUPIL) & (age < 12)),
        np.flatnonzero((occupation == PUPIL) & (age >= 12)),
        np.flatnonzero(occupation == STUDENT),
    ]
    free_students = np.zeros(0, np.int64)
    for kind, (rows, purpose) in enumerate(zip(who, ("primary", "secondary", "university"), strict=True)):
        some = np.flatnonzero(level == kind)
        slots = np.repeat(at[some], capacity[some])
        group = np.repeat(np.arange(len(some)), capacity[some])
        found = assign_people(demand, people, rows, slots, group, xy[at[some]], purpose, seed)
        if kind == 2:
            free_students = np.delete(slots, found[found >= 0])
        demand.facts[f"{purpose}_places"] = int(capacity[some].sum())
        demand.facts[f"{purpose}_pupils_outside"] = int((found < 0).sum())
    workers = np.flatnonzero(occupation == WORKER)
    inside = uniforms(stream(seed, "people.work_inside"), key[workers]) < demand.work_inside
    jobs = np.repeat(demand.jobs[0], demand.jobs[1])
    keep = uniforms(stream(seed, "people.job_filled"), np.arange(len(jobs))) < PRESENT
    jobs = jobs[keep]
    found = assign_people(demand, people, workers[inside], jobs, zone_of[jobs], demand.zone_xy, "work", seed)
    demand.facts["jobs"] = int(demand.jobs[1].sum())
    demand.facts["workers_inside"] = int((found >= 0).sum())
    outside = np.flatnonzero(np.isin(occupation, (PUPIL, STUDENT, WORKER)) & (people["main"] < 0))
    if len(demand.gateway_class):
        share = commuting.gateway_shares(demand.gateway_class)
        people["main"][outside] = n + commuting.choose_gateway(
            share, uniforms(stream(seed, "people.out"), key[outside])
        )
    return np.delete(jobs, found[found >= 0]), free_students


def assign_people(
    demand: Demand,
    people: dict[str, Any],
    rows: Ints,
    slots: Ints,
    group: Ints,
    group_xy: Floats,
    purpose: str,
    seed: int,
) -> Ints:
    """Give the people `rows` a slot each and write it to `main`; returns the slot of each, -1 for none."""
    zone = np.asarray(demand.buildings["zone"])[people["home"][rows]]
    found = commuting.assign(
        zone,
        demand.zone_xy,
        slots,
        group,
        group_xy,
        commuting.DECAY[purpose],
        seed,
        "people." + purpose,
        people["_key"][rows],
    )
    people["main"][rows[found >= 0]] = slots[found[found >= 0]]
    return found


def _visitors(demand: Demand, free: tuple[Ints, Ints], seed: int) -> dict[str, Any]:
    """People who live outside: workers and students on what is left, and through traffic."""
    n, share = len(demand.buildings["x"]), commuting.gateway_shares(demand.gateway_class)
    jobs, seats = free if len(share) else (np.zeros(0, np.int64), np.zeros(0, np.int64))
    seats = seats[uniforms(stream(seed, "people.student_present"), np.arange(len(seats))) < STUDENTS_PRESENT]
    entry, leave = commuting.through_pairs(share, demand.gateway_xy, demand.through, seed)
    come = np.concatenate([jobs, seats]).astype(np.int64)
    k, m = len(come), len(entry)
    gate = (
        commuting.choose_gateway(share, uniforms(stream(seed, "people.in"), np.arange(k)))
        if k
        else np.zeros(0, np.int64)
    )
    key = np.arange(k + m)
    student = np.arange(k + m) >= len(jobs)
    u, v, w = (uniforms(stream(seed, "people.visitor"), key, o) for o in range(3))
    passing = key >= k
    age = np.where(student & ~passing, 18 + 7 * u, 20 + 46 * u).astype(np.int64)
    car = np.where(student, OUTSIDE_STUDENT_CAR, demand.outside_car) > v
    licence = passing | car | (w < OUTSIDE_LICENCE)
    return {
        "household": np.full(k + m, -1),
        "home": n + np.concatenate([gate, entry]),
        "main": np.concatenate([come, n + leave]),
        "age": age,
        "occupation": np.select([passing, student], [THROUGH, STUDENT], WORKER).astype(np.int8),
        "licence": licence,
        "has_car": passing | car,
        "has_bicycle": ~passing & (w < 0.8),
        "health": np.zeros(k + m, np.int8),
        "resident": np.zeros(k + m, bool),
    }
