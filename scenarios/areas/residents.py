"""Residents of an area: work, education, income, tenure, cars and health, fitted to what is published of their district."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas import households, margins
from scenarios.areas.demand import CHILD, HOME, PUPIL, RETIRED, STUDENT, WORKER, Demand
from twin.draws import stream, uniforms
from twin.tables import OCCUPATIONS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LICENCE_AGES, LICENCE = (18, 25, 65, 75, 85), (0.0, 0.60, 0.88, 0.86, 0.70, 0.35)  # CBS shape (from memory)
# share with paid work by age, before moving to the district's employment; side jobs of pupils and students are work to the
# statistics office. Shaped on CBS 2022 (from memory)
WORK_AGES, WORK = (15, 18, 25, 55, 60, 67, 75), (0.0, 0.45, 0.75, 0.86, 0.82, 0.68, 0.12, 0.0)
SIDE_JOB = 0.65  # share of pupils from 15 and of students with a job beside (assumption; CBS: some two of three)
# share of those with higher education by age, before moving to the district's (CBS shape, from memory; assumption)
HIGH_AGES, HIGH = (15, 20, 25, 45, 65, 75), (0.0, 0.02, 0.22, 0.52, 0.38, 0.30, 0.20)
LOW_AGES, LOW = (15, 25, 45, 65, 75), (1.0, 0.40, 0.18, 0.32, 0.48, 0.60)  # of the others, with lower education
# personal income among the lowest 40 % and the highest 20 % of the country, by what one does, before moving to the
# district's shares (assumption)
INCOME_LOW = {"student": 0.97, "worker": 0.24, "home": 0.80, "retired": 0.50, "pupil": 0.99}
INCOME_HIGH = {"student": 0.005, "worker": 0.42, "home": 0.06, "retired": 0.20, "pupil": 0.001}  # of those not low
# chance of owning one's dwelling by the highest income of the household (assumption; CBS 2022: 57 % of dwellings)
OWNER = np.array([0.30, 0.66, 0.85])
SOCIAL_OF_RENTERS = 0.68  # (assumption; CBS 2022: 29 % of dwellings are rented from corporations, 43 % rented at all)
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

ASSUMPTIONS = {
    "people.licence": "driving licence: 60 % of 18-24, 88 % of 25-64, 86 % of 65-74, 70 % of 75-84, 35 % above (CBS "
    "shape, from memory)",
    "people.cars": "cars by number of licence holders, giving some 0.5 cars per resident (CBS 2023: 8.9 million cars "
    "for 17.8 million residents); moved to the published number of cars where there is one",
    "people.bicycle": "a bicycle for 90 % of children, 93 % of those 12-64, 82 % of 65-79, 45 % above (assumption)",
    "people.work": "paid work by age (CBS shape, from memory), moved to the district's employment rate; 65 % of students "
    "and of pupils from 15 have a job beside, which counts (assumption)",
    "people.education": "higher education by age (CBS shape, from memory), moved to the district's share",
    "people.income": "personal income in the country's lowest 40 % and highest 20 % by occupation (assumption), moved to "
    "the district's shares; persons from 18 have an income",
    "people.tenure": "owners by the household's highest income: 30, 66, 85 % (assumption), moved to the district's share; "
    "68 % of renters rent from a corporation (assumption, after CBS 2022) where no share is published",
    "people.health": "health class by age (assumption)",
}


def _by_age(age: Ints, edges: tuple[int, ...], values: Any) -> Any:
    return np.asarray(values)[np.digitize(age, edges)]


def make_residents(demand: Demand, homes: dict[str, Any], persons: dict[str, Any], seed: int) -> dict[str, Any]:
    age, key, household = persons["age"], persons["key"], persons["household"]
    building = homes["building"][household]
    group = demand.group[building]

    def luck(purpose: str) -> Floats:
        return uniforms(stream(seed, "people." + purpose), key)

    def drawn(purpose: str, chance: Floats, target: Floats | None = None) -> Any:
        return margins.draw(chance, group, target, luck(purpose))

    licence = drawn("licence", _by_age(age, LICENCE_AGES, LICENCE))
    table = 1.0 - _by_age(age, HEALTH_AGES, HEALTH)  # chance of at least a chronic condition, of frailty, of daily care
    health = np.zeros(len(age), np.int8)
    for k in range(3):
        given = table[:, k] / (table[:, k - 1] if k else 1.0)
        health += drawn(f"health {k}", np.where(health == k, given, 0.0))
    people = {
        "household": household,
        "home": building,
        "main": np.full(len(age), -1, np.int64),
        "age": age,
        "licence": licence,
        "has_bicycle": drawn("bicycle", _by_age(age, BICYCLE_AGES, BICYCLE)),
        "health": health,
        "resident": np.ones(len(age), bool),
        "_key": key,
        "_group": group,
    }
    people["occupation"], people["works"] = _occupation(demand, age, group, drawn)
    people["education"] = _education(demand, age, group, drawn)
    people["income"] = _income(demand, age, people["occupation"], group, drawn)
    _households(demand, homes, people, seed)
    return people


def _targets(demand: Demand, field_: str, base: Any, group: Ints) -> Floats:
    """Number wanted in each group: the profiles' share of the persons or households `base`; NaN where unknown."""
    shares = np.array([np.nan if (v := getattr(p, field_)) is None else v for p in demand.profiles], float)
    return np.asarray(shares * np.bincount(group, base, len(shares)))


def _occupation(demand: Demand, age: Ints, group: Ints, drawn: Any) -> tuple[NDArray[np.int8], Any]:
    """By age; students first among those aged 18-24; work in proportion to the district's employment rate."""
    young = (age >= 18) & (age < 25)
    student = drawn("student", young.astype(float) * np.array([p.students for p in demand.profiles])[group])
    beside = (age >= 15) & (age < 18) | student
    side = drawn("side_job", np.where(beside, SIDE_JOB, 0.0))
    of_age = (age >= 15) & (age < 75)
    target = _targets(demand, "employment", of_age, group) - np.bincount(group, side, len(demand.profiles))
    chance = np.where(beside | ~of_age, 0.0, _by_age(age, WORK_AGES, WORK))
    worker = drawn("work", chance, np.maximum(target, 0.0))
    out = np.select([age < 4, age < 18, student, worker, age >= 67], [CHILD, PUPIL, STUDENT, WORKER, RETIRED], HOME)
    return out.astype(np.int8), worker | side


def _education(demand: Demand, age: Ints, group: Ints, drawn: Any) -> NDArray[np.int8]:
    """0 low, 1 middle, 2 high; -1 below 15."""
    of_age = (age >= 15) & (age < 75)
    chance = _by_age(age, HIGH_AGES, HIGH)
    high = drawn("education", np.where(of_age, chance, 0.0), _targets(demand, "education_high", of_age, group))
    old = drawn("education_old", np.where(age >= 75, chance, 0.0))
    low = drawn("education_low", np.where(high | old | (age < 15), 0.0, _by_age(age, LOW_AGES, LOW)))
    return np.select([age < 15, high | old, low], [-1, 2, 0], 1).astype(np.int8)


def _income(demand: Demand, age: Ints, occupation: Any, group: Ints, drawn: Any) -> NDArray[np.int8]:
    """0 among the country's lowest 40 % of personal incomes, 2 among the highest 20 %, 1 between; -1 without one."""
    earns = age >= 18
    low, high = (
        np.array([table.get(name, 0.5) for name in OCCUPATIONS])[occupation] for table in (INCOME_LOW, INCOME_HIGH)
    )
    poor = drawn("income_low", np.where(earns, low, 0.0), _targets(demand, "income_low", earns, group))
    rest = earns & ~poor
    rich = drawn("income_high", np.where(rest, high, 0.0), _targets(demand, "income_high", earns, group))
    return np.select([~earns, poor, rich], [-1, 0, 2], 1).astype(np.int8)


def _households(demand: Demand, homes: dict[str, Any], people: dict[str, Any], seed: int) -> None:
    """Tenure and cars of the households (under "_" names), and which persons may use a car."""
    household, n = people["household"], len(homes["size"])
    first = np.searchsorted(household, np.arange(n))
    key, group = people["_key"][first], people["_group"][first]

    def luck(purpose: str) -> Floats:
        return uniforms(stream(seed, "people." + purpose), key)

    ones = np.ones(n)
    income = np.zeros(n, np.int64)
    np.maximum.at(income, household, np.maximum(people["income"], 0))
    owner = margins.draw(OWNER[income], group, _targets(demand, "owner", ones, group), luck("owner"))
    social = np.where(owner, 0.0, SOCIAL_OF_RENTERS)
    social = margins.draw(social, group, _targets(demand, "social", ones, group), luck("social"))
    people["_tenure"] = np.select([owner, social], [0, 1], 2).astype(np.int8)
    holders = np.minimum(np.bincount(household, people["licence"], n).astype(int), 3)
    one, two = 1.0 - CARS[holders, 0], CARS[holders, 2]
    cars = _targets(demand, "cars", ones, group)
    if demand.cars_per_resident is not None:
        usual = np.bincount(group, one + two, len(cars))
        wanted = demand.cars_per_resident * len(household)
        cars = np.where(np.isfinite(cars), cars, wanted * usual / max(usual.sum(), 1e-9))
    if np.isfinite(cars).any():
        # one factor on the odds of a first and of a second car: the number of both together is what is published
        scale = cars / np.maximum(np.bincount(group, one + two, len(cars)), 1e-9)
        one = margins.meet(one, group, scale * np.bincount(group, one, len(cars)))
    some = margins.choose(one, group, luck("cars"))
    second = np.where(some, np.minimum(two / np.maximum(1.0 - CARS[holders, 0], 1e-9), 1.0), 0.0)
    left = cars - np.bincount(group, some, len(cars))
    people["_cars"] = some.astype(np.int64) + margins.draw(second, group, np.maximum(left, 0.0), luck("second_car"))
    people["has_car"] = people["licence"] & (people["_cars"][household] > 0)


def fitted(demand: Demand, homes: dict[str, Any], people: dict[str, Any]) -> margins.Margins:
    """The table of margins: what the profiles want of each district and what its residents come to."""
    table = margins.Margins(demand.codes)
    group, n = people["_group"], len(demand.profiles)
    of_home = demand.group[homes["building"]]
    age, ones = people["age"], np.ones(len(people["age"]))

    def known(name: str) -> Any:
        return np.array([name in p.published for p in demand.profiles])

    def add(margin: str, unit: str, name: str, target: Floats, got: Any, where: Ints = group) -> None:
        table.add(margin, unit, np.where(known(name), target, np.nan), np.bincount(where, got, n).astype(float))

    count = np.bincount(group, ones, n)
    if demand.residents is not None:
        wanted = np.array([np.nan if r is None else r for r in demand.residents], float)
        table.add("residents", "persons", wanted, count)
    low, bands = (*households.BANDS, 200), np.array([np.array(p.bands) / sum(p.bands) for p in demand.profiles])
    for k in range(5):
        inside = (age >= low[k]) & (age < low[k + 1])
        label = f"age {low[k]}-{low[k + 1] - 1}" if k < 4 else "age 65 and over"
        add(label, "persons", "bands", bands[:, k] * count, inside)
    of_age = ((age >= 15) & (age < 75)).astype(float)
    earns = (age >= 18).astype(float)
    size = np.array([p.size for p in demand.profiles])
    add("households", "households", "size", count / size, np.ones(len(of_home)), of_home)
    add(
        "with paid work",
        "persons",
        "employment",
        _targets(demand, "employment", of_age, group),
        people["works"] * of_age,
    )
    high = (people["education"] == 2) * of_age
    add("higher education", "persons", "education_high", _targets(demand, "education_high", of_age, group), high)
    for name, code in (("income_low", 0), ("income_high", 2)):
        add(name.replace("_", " "), "persons", name, _targets(demand, name, earns, group), people["income"] == code)
    ones_h = np.ones(len(of_home))
    for name, label, code in (("owner", "owners", 0), ("social", "renting from a corporation", 1)):
        got = people["_tenure"] == code
        add(label, "households", name, _targets(demand, name, ones_h, of_home), got, of_home)
    add("cars", "cars", "cars", _targets(demand, "cars", ones_h, of_home), people["_cars"], of_home)
    return table
