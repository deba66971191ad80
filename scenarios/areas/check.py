"""Checks of an area beyond types and ranges: geometry, topology, capacity, plausibility; and its summary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scenarios.areas.streets import MODES, main_component
from twin.attributes import ORIGINS
from twin.tables import OCCUPATIONS

if TYPE_CHECKING:
    from twin.area import Area

FAR_FROM_NODE = 400.0                 # m from a building to the node by which it is entered
DENSITY = (50.0, 45_000.0)            # residents per km2 of neighbourhoods; The Hague's densest districts have 20,000-30,000
JOBS_PER_RESIDENT = (0.05, 3.0)
CARS_PER_PERSON = (0.2, 0.9)          # Dutch municipalities: some 0.25 (Amsterdam) to 0.65 (CBS, from memory)
HOUSEHOLD = (1.2, 3.6)
PEAK_W = 1_500.0                      # W per dwelling at the peak, after diversity (assumption: usual Dutch planning figure)


@dataclass(frozen=True)
class Finding:
    """One broken rule: where it is broken, how badly, and what to do."""

    rule: str
    table: str
    row: int            # first row that breaks it; -1: the table as a whole
    column: str
    message: str
    remedy: str
    severity: str       # "error" or "warning"

    def __str__(self) -> str:
        at = f"{self.table}[{self.row}]" if self.row >= 0 else self.table
        return f"{self.severity}: {self.rule}: {at}{'.' + self.column if self.column else ''}: {self.message}; {self.remedy}"


def check_area(area: Area) -> list[Finding]:
    """Every finding, errors first. An area with no error can be run."""
    found = [Finding("type_or_range", *_where(f.where), f"{f.what}; allowed: {f.allowed}" if f.allowed else f.what,
                     f.remedy or "correct the table", "error") for f in area.faults()]
    if not found:
        for rule in (_geometry, _topology, _reach, _people, _capacity, _signals, _plausible, _grid):
            found += rule(area)
    return sorted(found, key=lambda f: (f.severity != "error", f.rule, f.table, f.row))


def _where(text: str) -> tuple[str, int, str]:
    """Table, row and column from "links.speed[3]"."""
    table, _, rest = text.partition(".")
    column, _, row = rest.partition("[")
    return table, int(row.rstrip("]") or -1) if row else -1, column


def _first(rule: str, table: str, column: str, bad: Any, message: str, remedy: str, severity: str = "error") -> Iterator[Finding]:
    """A finding for the first bad row, with the number of them."""
    rows = np.flatnonzero(bad)
    if len(rows):
        yield Finding(rule, table, int(rows[0]), column, f"{message} ({len(rows)} of {len(bad)} rows)", remedy, severity)


def _geometry(area: Area) -> Iterator[Finding]:
    import shapely

    for table in ("buildings", "zones", "links"):
        if not len(area.tables[table]):
            continue
        shapes = area.geometry(table)
        empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
        yield from _first("geometry_present", table, "geometry", empty, "has no geometry", "add it or drop the row")
        if table != "links":
            yield from _first("geometry_valid", table, "geometry", ~shapely.is_valid(shapes) & ~empty, "crosses itself",
                              "repair it with make_valid", "warning")
    lines = area.geometry("links")
    if len(lines):
        drawn = shapely.length(lines)
        off = np.abs(drawn - area.links.length) > 1.0 + 0.05 * area.links.length
        yield from _first("length_as_drawn", "links", "length", off, "differs from its line by more than 5 %",
                          "take the length of the line", "warning")
        start = shapely.get_coordinates(shapely.get_point(lines, 0))
        tail = np.stack([area.nodes.x[area.links.tail], area.nodes.y[area.links.tail]], 1)
        apart = np.hypot(*(start - tail).T) > 5.0
        yield from _first("line_starts_at_tail", "links", "geometry", apart, "starts more than 5 m from its tail node",
                          "draw the line from tail to head")


def _topology(area: Area) -> Iterator[Finding]:
    n, links = len(area.nodes), area.links
    if not len(links):
        yield Finding("has_links", "links", -1, "", "the area has no links", "build it from an extract with roads", "error")
        return
    yield from _first("no_loops", "links", "head", links.tail == links.head, "ends where it starts", "split it at a node", "warning")
    used = np.zeros(n, bool)
    used[links.tail] = used[links.head] = True
    yield from _first("node_used", "nodes", "", ~used, "no link touches the node", "drop it", "warning")
    for mode in MODES:
        rows = links[mode]
        if not rows.any():
            yield Finding("mode_present", "links", -1, mode, f"no link is open to {mode}", "check the permissions", "error")
            continue
        inside, share = main_component(n, links.tail[rows], links.head[rows])
        if share < 1.0:
            lost = np.zeros(n, bool)
            lost[links.tail[rows]] = lost[links.head[rows]] = True
            severity = "error" if share < 0.95 else "warning"
            yield from _first("strongly_connected", "nodes", mode, lost & ~inside,
                              f"not mutually reachable by {mode}; the largest part has {share:.1%} of its nodes",
                              "run streets.connect, or add the missing links", severity)


def _reach(area: Area) -> Iterator[Finding]:
    """Every location lies at a node of its mode's largest connected part, not far away."""
    n, links = len(area.nodes), area.links
    if not len(links):
        return
    for mode in MODES:
        rows = links[mode]
        inside, _ = main_component(n, links.tail[rows], links.head[rows])
        table = area.buildings
        at = table[f"node_{mode}"]
        yield from _first("building_reachable", "buildings", f"node_{mode}", ~inside[at],
                          f"its node cannot be reached by {mode} from everywhere", "give it a node of the largest part")
        far = np.hypot(area.nodes.x[at] - table.x, area.nodes.y[at] - table.y) > FAR_FROM_NODE
        yield from _first("building_near_street", "buildings", f"node_{mode}", far,
                          f"lies more than {FAR_FROM_NODE:.0f} m from its node", "add the street that leads to it", "warning")
        if mode == "car":
            yield from _first("gateway_reachable", "gateways", "node", ~inside[area.gateways.node],
                              "cars cannot both enter and leave here", "drop it or pair it with the other carriageway")
    if not len(area.gateways):
        yield Finding("has_gateway", "gateways", -1, "", "nobody can enter or leave", "add a gateway where a main road leaves", "error")
    inner = area.zones.level == "neighbourhood"
    if len(area.buildings):
        yield from _first("zone_is_neighbourhood", "buildings", "zone", ~inner[area.buildings.zone],
                          "its zone is no neighbourhood", "give it the neighbourhood it lies in")


def _people(area: Area) -> Iterator[Finding]:
    people, homes = area.people, area.households
    if not len(people):
        yield Finding("has_people", "people", -1, "", "nobody lives or works here", "build the area again", "warning")
        return
    yield from _first("location_exists", "people", "home", people.home >= area.locations, "no such location",
                      "a location is a building, or the number of buildings plus a gateway")
    yield from _first("location_exists", "people", "main", people.main >= area.locations, "no such location",
                      "a location is a building, or the number of buildings plus a gateway")
    inside = people.household >= 0
    yield from _first("resident_has_household", "people", "household", people.resident != inside,
                      "lives in the area without a household, or the other way round", "correct `resident`")
    if inside.any():
        wrong = np.zeros(len(people), bool)
        wrong[inside] = homes.building[people.household[inside]] != people.home[inside]
        yield from _first("home_of_household", "people", "home", wrong, "is not the building of the household", "take it from there")
        count = np.bincount(people.household[inside], minlength=len(homes))
        yield from _first("household_size", "households", "size", count != homes["size"], "is not its number of people",
                          "count the people")
        level = area.zones.level == "neighbourhood"
        lived = np.bincount(area.buildings.zone[people.home[inside]], minlength=len(area.zones))
        yield from _first("zone_population", "zones", "population", level & (lived != area.zones.population),
                          "is not the number of residents", "count the residents")


def _capacity(area: Area) -> Iterator[Finding]:
    """Jobs and school places against the people who fill them."""
    n, people, places = len(area.buildings), area.people, area.places
    for kinds, who in ((("work",), ("worker",)), (("school", "university"), ("pupil", "student"))):
        rows = np.isin(places.kind.astype(str), kinds)
        room = np.bincount(places.building[rows], places.capacity[rows], n)
        codes = [OCCUPATIONS.index(w) for w in who]
        here = np.isin(people.occupation, codes) & (people.main >= 0) & (people.main < n)
        filled = np.bincount(people.main[here], minlength=n)
        yield from _first(f"{who[0]}_places", "places", "capacity", filled > room + 0.5,
                          f"more people of kind {', '.join(who)} than places in the building", "raise the capacity, or assign again")
    lived = np.bincount(area.households.building, minlength=n)
    yield from _first("dwellings_for_households", "buildings", "dwellings", lived > area.buildings.dwellings,
                      "more households than dwellings", "add dwellings, or let fewer citizens live there", "warning")


def _signals(area: Area) -> Iterator[Finding]:
    signals, groups = area.signals, area.signal_groups
    if not len(signals):
        return
    cycle = signals.cycle[groups.signal]
    bad = (groups.green_to <= groups.green_from) | (groups.green_to > cycle)
    yield from _first("green_within_cycle", "signal_groups", "green_to", bad, "green ends before it starts or after the cycle",
                      "correct the plan")
    away = area.links.head[groups.link] != signals.node[groups.signal]
    yield from _first("approach_ends_at_signal", "signal_groups", "link", away, "does not end at the signal's node", "correct the link")


def _plausible(area: Area) -> Iterator[Finding]:
    zones, people = area.zones, area.people
    residents = int(people.resident.sum())
    inner = zones.level == "neighbourhood"
    density = zones.population / np.maximum(zones.area_m2 / 1e6, 1e-6)
    lived = inner & (zones.population >= 200)
    yield from _first("density", "zones", "population", lived & ((density < DENSITY[0]) | (density > DENSITY[1])),
                      f"outside {DENSITY[0]:.0f}-{DENSITY[1]:.0f} residents per km2", "check dwellings and the zone's outline", "warning")
    if residents < 200:
        yield Finding("residents", "people", -1, "resident", f"only {residents} residents", "shares will be coarse", "warning")
        return
    jobs = int(area.places.capacity[area.places.kind == "work"].sum())
    for rule, table, column, value, (low, high), unit in (
            ("jobs_per_resident", "places", "capacity", jobs / residents, JOBS_PER_RESIDENT, "jobs per resident"),
            ("cars_per_person", "households", "cars", area.households.cars.sum() / residents, CARS_PER_PERSON, "cars per resident"),
            ("household_mean", "households", "size", residents / max(len(area.households), 1), HOUSEHOLD, "persons per household")):
        if not low <= value <= high:
            yield Finding(rule, table, -1, column, f"{value:.2f} {unit}, outside {low}-{high}", "check the statistics used", "warning")
    for kind in ("hospital", "ambulance_post", "gp_post", "school"):
        if not (area.places.kind == kind).any():
            yield Finding("provision", "places", -1, "kind", f"no {kind}", "build the area again, or add one at a gateway", "warning")


def _grid(area: Area) -> Iterator[Finding]:
    """Rating of the neighbourhood stations against the peak of the dwellings that they feed."""
    stations, feeders, connections = area.transformers, area.feeders, area.connections
    if not len(stations) or not len(connections):
        return
    of_building = connections.kind == "building"
    homes = area.buildings.dwellings[connections.target[of_building]]
    station = feeders.transformer[connections.feeder[of_building]]
    load = np.bincount(station, homes * PEAK_W, len(stations))
    yield from _first("station_rating", "transformers", "rating", load > 1.2 * stations.rating,
                      f"the dwellings' peak ({PEAK_W:.0f} W each) is over 120 % of it", "choose a larger station", "warning")
    fed = np.zeros(len(area.buildings), bool)
    fed[connections.target[of_building]] = True
    yield from _first("dwelling_connected", "connections", "target", ~fed & (area.buildings.dwellings > 0),
                      "a building with dwellings has no connection", "build the grid again", "warning")


def summary(area: Area) -> dict[str, Any]:
    """Counts, connectivity, housing and provenance of an area, as plain values."""
    links, residents = area.links, int(area.people.resident.sum())
    share = {mode: round(main_component(len(area.nodes), links.tail[links[mode]], links.head[links[mode]])[1], 4)
             if len(links) and links[mode].any() else 0.0 for mode in MODES}
    origins = {name: {o: round(float((table.origin == o).mean()), 4) for o in ORIGINS if (table.origin == o).any()}
               for name, table in area.tables.items() if len(table)}
    kinds, counts = np.unique(area.places.kind.astype(str), return_counts=True)
    homes = int(area.buildings.dwellings.sum())
    return {"name": area.name, "crs": area.crs, "rows": {name: len(t) for name, t in area.tables.items() if len(t)},
            "connected_share": share, "residents": residents, "visitors": len(area.people) - residents, "dwellings": homes,
            "dwellings_lived_in": round(len(area.households) / homes, 4) if homes else 0.0,
            "cars_per_resident": round(float(area.households.cars.sum()) / max(residents, 1), 3),
            "jobs": int(area.places.capacity[area.places.kind == "work"].sum()),
            "street_km": round(float(links.length[links.car].sum()) / 1000, 1) if len(links) else 0.0,
            "places": dict(zip(kinds.tolist(), counts.tolist(), strict=True)),
            "served_from_outside": area.facts.get("served_from_outside", []), "origin": origins}
