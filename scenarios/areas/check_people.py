"""Checks of people, capacities and plausibility: homes, jobs, schools, density, cars, the load on the grid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from scenarios.areas.findings import Finding, first
from twin.tables import OCCUPATIONS

if TYPE_CHECKING:
    from twin.area import Area

DENSITY = (50.0, 45_000.0)  # residents per km2 of neighbourhoods; The Hague's densest districts have 20,000-30,000
JOBS_PER_RESIDENT = (0.05, 3.0)
CARS_PER_PERSON = (0.2, 0.9)  # Dutch municipalities: some 0.25 (Amsterdam) to 0.65 (CBS, from memory)
HOUSEHOLD = (1.2, 3.6)
PEAK_W = 1_500.0  # W per dwelling at the peak, after diversity (assumption: usual Dutch planning figure)


def people(area: Area) -> Iterator[Finding]:
    people, homes = area.people, area.households
    if not len(people):
        yield Finding("has_people", "people", -1, "", "nobody lives or works here", "build the area again", "warning")
        return
    yield from first(
        "location_exists",
        "people",
        "home",
        people.home >= area.locations,
        "no such location",
        "a location is a building, or the number of buildings plus a gateway",
    )
    yield from first(
        "location_exists",
        "people",
        "main",
        people.main >= area.locations,
        "no such location",
        "a location is a building, or the number of buildings plus a gateway",
    )
    inside = people.household >= 0
    yield from first(
        "resident_has_household",
        "people",
        "household",
        people.resident != inside,
        "lives in the area without a household, or the other way round",
        "correct `resident`",
    )
    if inside.any():
        wrong = np.zeros(len(people), bool)
        wrong[inside] = homes.building[people.household[inside]] != people.home[inside]
        yield from first(
            "home_of_household", "people", "home", wrong, "is not the building of the household", "take it from there"
        )
        count = np.bincount(people.household[inside], minlength=len(homes))
        yield from first(
            "household_size",
            "households",
            "size",
            count != homes["size"],
            "is not its number of people",
            "count the people",
        )
        oldest = np.zeros(len(homes), np.int64)
        np.maximum.at(oldest, people.household[inside], people.age[inside])
        yield from first(
            "household_has_adult",
            "households",
            "size",
            oldest < 18,
            "is a household of children alone",
            "put an adult into it, or the children into another",
        )
        level = area.zones.level == "neighbourhood"
        lived = np.bincount(area.buildings.zone[people.home[inside]], minlength=len(area.zones))
        yield from first(
            "zone_population",
            "zones",
            "population",
            level & (lived != area.zones.population),
            "is not the number of residents",
            "count the residents",
        )


def capacity(area: Area) -> Iterator[Finding]:
    """Jobs and school places against the people who fill them."""
    n, people, places = len(area.buildings), area.people, area.places
    for kinds, who in ((("work",), ("worker",)), (("school", "university"), ("pupil", "student"))):
        rows = np.isin(places.kind.astype(str), kinds)
        room = np.bincount(places.building[rows], places.capacity[rows], n)
        codes = [OCCUPATIONS.index(w) for w in who]
        here = np.isin(people.occupation, codes) & (people.main >= 0) & (people.main < n)
        filled = np.bincount(people.main[here], minlength=n)
        yield from first(
            f"{who[0]}_places",
            "places",
            "capacity",
            filled > room + 0.5,
            f"more people of kind {', '.join(who)} than places in the building",
            "raise the capacity, or assign again",
        )
    lived = np.bincount(area.households.building, minlength=n)
    yield from first(
        "dwellings_for_households",
        "buildings",
        "dwellings",
        lived > area.buildings.dwellings,
        "more households than dwellings",
        "add dwellings, or let fewer citizens live there",
        "warning",
    )


def plausible(area: Area) -> Iterator[Finding]:
    zones, people = area.zones, area.people
    residents = int(people.resident.sum())
    inner = zones.level == "neighbourhood"
    density = zones.population / np.maximum(zones.area_m2 / 1e6, 1e-6)
    lived = inner & (zones.population >= 200)
    yield from first(
        "density",
        "zones",
        "population",
        lived & ((density < DENSITY[0]) | (density > DENSITY[1])),
        f"outside {DENSITY[0]:.0f}-{DENSITY[1]:.0f} residents per km2",
        "check dwellings and the zone's outline",
        "warning",
    )
    if residents < 200:
        yield Finding(
            "residents", "people", -1, "resident", f"only {residents} residents", "shares will be coarse", "warning"
        )
        return
    jobs = int(area.places.capacity[area.places.kind == "work"].sum())
    for rule, table, column, value, (low, high), unit in (
        ("jobs_per_resident", "places", "capacity", jobs / residents, JOBS_PER_RESIDENT, "jobs per resident"),
        (
            "cars_per_person",
            "households",
            "cars",
            area.households.cars.sum() / residents,
            CARS_PER_PERSON,
            "cars per resident",
        ),
        (
            "household_mean",
            "households",
            "size",
            residents / max(len(area.households), 1),
            HOUSEHOLD,
            "persons per household",
        ),
    ):
        if not low <= value <= high:
            yield Finding(
                rule,
                table,
                -1,
                column,
                f"{value:.2f} {unit}, outside {low}-{high}",
                "check the statistics used",
                "warning",
            )
    for kind in ("hospital", "ambulance_post", "gp_post", "school"):
        if not (area.places.kind == kind).any():
            yield Finding(
                "provision",
                "places",
                -1,
                "kind",
                f"no {kind}",
                "build the area again, or add one at a gateway",
                "warning",
            )


def grid(area: Area) -> Iterator[Finding]:
    """Rating of the neighbourhood stations against the peak of the dwellings that they feed."""
    stations, feeders, connections = area.transformers, area.feeders, area.connections
    if not len(stations) or not len(connections):
        return
    of_building = connections.kind == "building"
    homes = area.buildings.dwellings[connections.target[of_building]]
    station = feeders.transformer[connections.feeder[of_building]]
    load = np.bincount(station, homes * PEAK_W, len(stations))
    yield from first(
        "station_rating",
        "transformers",
        "rating",
        load > 1.2 * stations.rating,
        f"the dwellings' peak ({PEAK_W:.0f} W each) is over 120 % of it",
        "choose a larger station",
        "warning",
    )
    fed = np.zeros(len(area.buildings), bool)
    fed[connections.target[of_building]] = True
    yield from first(
        "dwelling_connected",
        "connections",
        "target",
        ~fed & (area.buildings.dwellings > 0),
        "a building with dwellings has no connection",
        "build the grid again",
        "warning",
    )
