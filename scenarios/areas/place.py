"""An area from whatever open data there are: streets, buildings, districts and people joined into one place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scenarios.areas import (
    along,
    cleaning,
    construction,
    finish,
    flows,
    grounds3d,
    gtfs,
    housing,
    jemss,
    knmi,
    margins,
    municipality,
    osm_buildings,
    osm_outside,
    osm_parking,
    osm_places,
    osm_turns,
    signals,
    sites,
    streets,
    sumo,
    sumo_transit,
    timetable,
    zones,
)
from scenarios.areas.account import Account
from scenarios.areas.along import along_streets
from scenarios.areas.commuting import GATEWAY_WEIGHT, gateway_distances
from scenarios.areas.coordinates import DEGREES
from scenarios.areas.counts import Counts, read_counts
from scenarios.areas.demand import Demand
from scenarios.areas.ground import reproject
from scenarios.areas.grounds import Site, Sources, read_site
from scenarios.areas.people import ALL_ASSUMPTIONS, make_people
from scenarios.areas.places import WayOut
from scenarios.areas.sites import join_sites
from scenarios.areas.town_streets import node_kinds
from scenarios.areas.visitors import goods_vehicles
from twin.errors import Fault, InputError
from twin.tables import OUTSIDE, ROAD_CLASSES

if TYPE_CHECKING:
    from twin.area import Area

WORK_INSIDE_KM2 = 0.12  # share of workers who work inside grows by this for each doubling of the area (assumption)
# of the vehicles that enter by motorway or trunk road, the share that leaves without stopping; of those by smaller roads,
# but of these together at most so many per resident and incoming commuter (assumption)
FAST_THROUGH, THROUGH, THROUGH_PER_PERSON = 0.8, 0.25, 0.3
# of the workers from outside who come by car: less than to a whole town, since many come by bicycle from its other parts
# or by train (assumption)
OUTSIDE_CAR, TOWN_CAR = 0.40, 0.65
ISLAND_WORK = 0.95  # share of working residents of an island who look for work on it (assumption)
SYNTHETIC = {
    "licence": "CC0-1.0",
    "attribution": "synthetic people",
    "from": "households and people drawn by the builder",
}
ASSUMPTIONS = {
    "place.work_inside": "share of working residents with a job inside: 0.18 for 1 km2 and 0.12 more per doubling, at "
    "most 0.6 (assumption)",
    "place.through": "through vehicles: of those that enter per day by class of the gateway road, 80 % on motorways and "
    "trunk roads, 25 % on others, of these at most 0.3 per resident and incoming commuter (assumption)",
}


def build_place(
    osm: str | Path | None = None,
    buildings: Sequence[str | Path] = (),
    stats: str | Path | Sequence[str | Path] | None = None,
    municipality: str | None = None,
    energy: str | Path | None = None,
    weather: str | Path | None = None,
    care: Sequence[str | Path] = (),
    jemss: str | Path | None = None,
    sumo: str | Path | None = None,
    boundary: str | Path | None = None,
    counts: str | Path | None = None,
    transit: str | Path | None = None,
    name: str | None = None,
    citizens: int | None = None,
    seed: int = 1,
) -> Area:
    """The area that the sources describe; any subset of them works.

    osm          : OpenStreetMap extract
    buildings    : 3D buildings, CityJSON or CityJSONSeq
    stats        : folder or files of district figures and borders
    municipality : CBS code or name; its border cuts the area
    energy       : table of the municipalities' energy figures
    weather      : hourly observations of KNMI
    care         : lists of care posts and hospitals
    jemss        : folder of a JEMSS city: its posts and hospitals; its roads where there are no other streets
    sumo         : SUMO network, used where there is no OpenStreetMap extract
    boundary     : GeoJSON of a border that cuts the area
    counts       : vehicles counted where roads cross the border
    transit      : timetable of public transport: GTFS, or a folder of SUMO's stops, routes and vehicles with their net
    name         : title; default: the municipality's, else the file's name
    citizens     : number of residents; default: what the figures say, else what the dwellings hold
    Without a source of streets, streets and buildings are generated inside the border.
    Raises InputError with one clear reason where the sources make no place.
    """
    given = Sources(osm, buildings, stats, municipality, energy, care, jemss, sumo, boundary, citizens, seed)
    site = read_site(given)
    area = settle(site, name or site.title, citizens, seed, read_counts(counts) if counts is not None else None)
    if transit is not None:
        _add_timetable(area, site, transit)
    if weather is not None:
        hours = knmi.read_hours(weather)
        area.put("weather", hours.table())
        area.sources["weather"] = hours.account.about
        area.facts["sources"].append(hours.account.plain())
    return area


def _add_timetable(area: Area, site: Site, path: str | Path) -> None:
    """The tables of public transport, of the part of a feed that serves the area."""
    ground = site.ground
    west, south, east, north = reproject(ground.outline, ground.crs, DEGREES).bounds
    if Path(path).is_dir() and sumo_transit.parts(Path(path)):
        found = sumo_transit.read_sumo_timetable(path)
    else:
        found = gtfs.read_feed(path, (west - 0.01, south - 0.01, east + 0.01, north + 0.01))
    for table, columns in found.tables(ground.crs, ground.outline).items():
        area.put(table, columns)
        area.sources[table] = found.account.about
    area.facts["sources"].append(found.account.plain())


def settle(site: Site, title: str, citizens: int | None, seed: int, counts: Counts | None = None) -> Area:
    """People, their homes, work and ways over the border, and the grid, on a ground."""
    from twin.area import Area

    ground, districts, facts = site.ground, site.districts, _facts(site)
    net = ground.net
    nodes, links = streets.link_tables(net, node_kinds(net), ground.origin)
    links["origin"][links["name"] == OUTSIDE] = "synthetic"  # roads beyond the border
    stock = ground.stock or along_streets(links, ground.account.file)
    facts.setdefault("buildings", stock.facts)
    buildings = stock.columns
    for mode in streets.MODES:
        buildings[f"node_{mode}"] = _nearest(nodes, links, mode, buildings)
    member = zones.members(buildings["x"], buildings["y"], districts) if ground.member is None else ground.member
    found = buildings["dwellings"]
    buildings["dwellings"], facts["dwellings"] = housing.control(
        found, buildings["use"], buildings["floor_m2"], member, districts
    )
    _add_rule(buildings, found != buildings["dwellings"], housing.RULE)
    table, buildings["zone"] = zones.make_zones(
        buildings["x"], buildings["y"], buildings["dwellings"], buildings["address"], ground.outline, districts, member
    )
    if site.town and site.town.energy:
        before, buildings["year"] = buildings["year"], construction.years(buildings, site.town.energy, seed)
        _add_rule(buildings, before != buildings["year"], construction.RULE)
    facts["districts"] = [str(n) for n, lv in zip(table["name"], table["level"], strict=True) if lv == "district"]
    gateways = _gateways(net, nodes, links, ground.part)
    way = WayOut.of(gateways, nodes)
    profiles = [zones.profile_of(d) for d in districts]
    residents = housing.residents_of(buildings["dwellings"], member, districts, profiles)
    if citizens is not None:
        residents = margins.shares_of(np.array(residents, float), citizens).tolist()
    expected = sum(residents)
    if ground.places is not None:
        rows, jobs, schools = ground.places(way)
    else:
        rows, jobs, schools = osm_places.make_places(stock, way, expected, facts)
    gateway_xy = np.stack([nodes["x"][gateways["node"]], nodes["y"][gateways["node"]]], 1)
    rows = join_sites(rows, site.care, buildings, gateway_xy, ground.outline, ground.crs, expected, facts)
    demand = Demand(
        buildings,
        profiles,
        member,
        jobs,
        schools,
        gateways["road_class"],
        gateway_xy,
        gateways["distance"],
        np.stack([table["x"], table["y"]], 1),
        [d.code for d in districts],
        residents,
        ISLAND_WORK if facts.get("island") else _work_inside(ground.outline.area / 1e6),
        _through(gateways, expected + int(jobs[1].sum())) * (not facts.get("island")),
        OUTSIDE_CAR if ground.part else TOWN_CAR,
        goods_vehicles(int(jobs[1].sum()), expected),
        counts.at_gateways(gateway_xy, ground.crs) if counts is not None else None,
        (site.town.cars_per_resident if site.town else None) or zones.cars_by_urbanity(districts, residents),
        facts.setdefault("people", {}),
    )
    homes, people, volumes = make_people(demand, seed)
    gateways.update(volumes)
    _count_residents(table, buildings, people)
    at = np.concatenate([buildings["node_car"], gateways["node"]])
    flow = flows.peak_flows(nodes, links, at, people, np.flatnonzero(nodes["kind"] == "signal"), seed, ground.turns)
    if ground.origin == "synthetic":
        facts["widened_links"] = flows.widen(links, flow)
    facts["peak_beyond_capacity"] = round(flows.beyond_capacity(links, flow), 4)
    if "lights" in net.marks:  # a generated place: signals where the traffic asks for them
        nodes["kind"] = signals.choose(nodes["kind"], links, flow, net.marks["lights"], expected)
    lights, groups = signals.build_signals(
        nodes, links, "inferred" if ground.origin == "observed" else "synthetic", flow
    )
    accounts = [*site.accounts, *([counts.account] if counts is not None else [])]
    facts["assumptions"] = _assumptions()
    facts["sources"] = [account.plain() for account in accounts]
    tables = {
        "zones": table,
        "nodes": nodes,
        "links": links,
        "buildings": {c: v for c, v in buildings.items() if c[0] != "_"},
        "places": rows,
        "gateways": gateways,
        "households": homes,
        "people": {c: v for c, v in people.items() if c[0] != "_"},
        "signals": lights,
        "signal_groups": groups,
        **({"turns": ground.turns} if ground.turns else {}),
    }
    sources = {t: SYNTHETIC if t in ("households", "people") else ground.account.about for t in tables}
    of_models = [a for a in accounts if a.source.startswith("3D buildings")]
    if of_models and ground.stock is not None:
        sources["buildings"] = _together([*([ground.account] if ground.origin == "observed" else []), *of_models])
    of_zones = next((a for a in accounts if a.source.startswith("Statistics")), None)
    if of_zones and districts[0].origin == "observed":
        sources["zones"] = of_zones.about
    return finish(Area(title, ground.crs, tables, sources, facts), ground.lots)


def _together(accounts: Sequence[Account]) -> dict[str, str]:
    """The entry of a table that several sources made."""
    told = [account.about for account in accounts]
    return {key: "; ".join(dict.fromkeys(about[key] for about in told)) for key in told[0]}


def _add_rule(buildings: dict[str, Any], rows: Any, rule: str) -> None:
    """Say of the buildings `rows` (a mask) that a value was found by `rule` as well."""
    before = buildings.get("rule", np.full(len(buildings["x"]), "", object))
    added = np.array([f"{text}; {rule}" if text else rule for text in before.tolist()], object)
    buildings["rule"] = np.where(rows, added, before)


def _facts(site: Site) -> dict[str, Any]:
    """What is known of the ground before anybody lives there."""
    facts: dict[str, Any] = {"kind": site.ground.account.source, "crs": site.ground.crs, **site.ground.facts}
    if site.town is not None:
        facts["municipality"] = site.town.facts()
    return facts


def _assumptions() -> dict[str, str]:
    parts = (
        along,
        construction,
        grounds3d,
        streets,
        signals,
        flows,
        zones,
        housing,
        cleaning,
        osm_outside,
        osm_buildings,
        osm_parking,
        osm_places,
        osm_turns,
        sites,
        sumo,
        jemss,
        knmi,
        municipality,
        timetable,
    )
    out = {**ALL_ASSUMPTIONS, **ASSUMPTIONS}
    for part in parts:
        out |= part.ASSUMPTIONS
    return dict(sorted(out.items()))


def _nearest(nodes: dict[str, Any], links: dict[str, Any], mode: str, buildings: dict[str, Any]) -> Any:
    if not np.asarray(links[mode]).any():
        raise InputError(
            Fault("streets", f"no link is open to {mode}", "car, bicycle and walk", "take a larger extract")
        )
    return streets.nearest_nodes(nodes, links, mode, buildings["x"], buildings["y"])


def _gateways(net: streets.Streets, nodes: dict[str, Any], links: dict[str, Any], part: bool) -> dict[str, Any]:
    at = np.unique(net.marks["gateway"])
    car = np.asarray(links["car"])
    rank = {c: i for i, c in enumerate(ROAD_CLASSES)}
    names, roads = [], []
    for node in at:
        touching = np.flatnonzero(car & ((links["tail"] == node) | (links["head"] == node)))
        best = min(touching, key=lambda e: (links["name"][e] == OUTSIDE, rank[links["road_class"][e]], e))
        roads.append(links["road_class"][best])
        names.append(links["name"][best] or f"{roads[-1]} {int(links['osm_id'][best]) or len(names) + 1}")
    n = len(at)
    return {
        "node": at,
        "name": np.array(names, object),
        "road_class": np.array(roads, object),
        "distance": gateway_distances(np.array(roads, object), part),
        "origin": np.full(n, "inferred", object),
    }


def _work_inside(km2: float) -> float:
    return float(np.clip(0.18 + WORK_INSIDE_KM2 * np.log2(max(km2, 0.25)), 0.05, 0.6))


def _through(gateways: dict[str, Any], people: int) -> Any:
    """Vehicles a day that enter at each gateway and leave by another without stopping, shape (gateways,)."""
    enter = np.array([GATEWAY_WEIGHT.get(str(c), 400) for c in gateways["road_class"]], float)
    fast = np.isin(gateways["road_class"].astype(str), ("motorway", "trunk"))
    slow = THROUGH * np.where(fast, 0.0, enter)
    most = THROUGH_PER_PERSON * people
    return np.where(fast, FAST_THROUGH * enter, slow * min(1.0, most / max(slow.sum(), 1e-9)))


def _count_residents(table: dict[str, Any], buildings: dict[str, Any], people: dict[str, Any]) -> None:
    n, parent = len(table["code"]), table["parent"]
    where = buildings["zone"][people["home"][people["resident"]]]
    for column, counts in (
        ("population", np.bincount(where, minlength=n)),
        ("dwellings", np.bincount(buildings["zone"], buildings["dwellings"], n).astype(np.int64)),
    ):
        inner = parent >= 0
        whole = counts.astype(np.int64)
        whole[~inner] = np.bincount(parent[inner], whole[inner], n)[~inner].astype(np.int64)
        table[column] = whole
