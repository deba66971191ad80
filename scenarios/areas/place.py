"""An area from whatever open data there are: streets, buildings, districts and people joined into one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scenarios.areas import (
    cleaning,
    finish,
    flows,
    housing,
    margins,
    osm_buildings,
    osm_outside,
    osm_places,
    signals,
    statistics,
    streets,
    zones,
)
from scenarios.areas.account import Account
from scenarios.areas.commuting import GATEWAY_WEIGHT, gateway_distances
from scenarios.areas.coordinates import DEGREES
from scenarios.areas.demand import Demand
from scenarios.areas.energy import Energy, read_energy
from scenarios.areas.ground import Ground, reproject
from scenarios.areas.osm import read_ground as read_osm
from scenarios.areas.people import ALL_ASSUMPTIONS, make_people
from scenarios.areas.town_streets import node_kinds
from scenarios.areas.visitors import goods_vehicles
from twin.errors import Fault, InputError
from twin.tables import ROAD_CLASSES

if TYPE_CHECKING:
    from twin.area import Area

WORK_INSIDE_KM2 = 0.12  # share of workers who work inside grows by this for each doubling of the area (assumption)
THROUGH_PER_PERSON = 0.3  # most through vehicles per resident and incoming commuter (assumption)
# of the workers from outside who come by car: less than to a whole town, since many come by bicycle from its other parts
# or by train (assumption)
OUTSIDE_CAR = 0.40
SYNTHETIC = {
    "licence": "CC0-1.0",
    "attribution": "synthetic people",
    "from": "households and people drawn by the builder",
}
ASSUMPTIONS = {
    "place.work_inside": "share of working residents with a job inside: 0.18 for 1 km2 and 0.12 more per doubling, at "
    "most 0.6 (assumption)",
    "place.through": "through vehicles: half of the vehicles per day by class of the gateway road, at most 0.3 per "
    "resident and incoming commuter (assumption)",
}


def build_place(
    osm: str | Path | None = None,
    stats: str | Path | None = None,
    municipality: str | None = None,
    energy: str | Path | None = None,
    name: str | None = None,
    citizens: int | None = None,
    seed: int = 1,
) -> Area:
    """The area that the sources describe; any subset of them works.

    osm          : OpenStreetMap extract
    stats        : folder or file of district figures and borders
    municipality : CBS code or name; its border cuts the area
    energy       : table of the municipalities' energy figures
    name         : title; default: the municipality's, else the file's name
    citizens     : number of residents; default: what the figures say, else what the dwellings hold
    Raises InputError with one clear reason where the sources make no place.
    """
    published = statistics.read_zones(stats) if stats is not None else None
    town = _municipality(published, municipality, energy)
    if osm is None:
        raise InputError(Fault("sources", "give no streets", "an OpenStreetMap extract", "name one"))
    ground = read_osm(osm, town.border if town else None)
    title = name or (town.name if town else Path(ground.account.file).name.split(".")[0].replace("_", " ").title())
    accounts = [ground.account]
    districts = _districts(published, town, ground)
    if published is not None:
        accounts.append(published.account)
        if not districts:
            published.account.notes.append("no district lies in the area")
    if town and town.energy:
        accounts.append(town.energy.account)
    return settle(ground, title, districts, accounts, town, citizens, seed)


@dataclass(frozen=True)
class Municipality:
    """The municipality that an area is, or is a part of: its border in degrees, figures and energy figures."""

    code: str
    name: str
    border: Any
    figures: Mapping[str, float | None]
    energy: Energy | None

    @property
    def cars_per_resident(self) -> float | None:
        """Passenger cars per inhabitant, where the energy figures say it."""
        if self.energy is None or not self.energy.inhabitants or not self.energy.cars:
            return None
        return self.energy.cars / self.energy.inhabitants

    def facts(self) -> dict[str, Any]:
        """What the area keeps of it, for its checks and its page."""
        told: dict[str, Any] = {"code": self.code, "name": self.name, "figures": dict(self.figures)}
        if self.energy is not None:
            told["energy"] = {
                "year": self.energy.year,
                "dwellings": int(self.energy.dwellings.sum()),
                "inhabitants": self.energy.inhabitants,
                "cars": self.energy.cars,
            }
        return told


def _municipality(
    published: statistics.Zones | None, wanted: str | None, energy: str | Path | None
) -> Municipality | None:
    """The municipality named; None where none is. Raises InputError where it cannot be found."""
    if wanted is None:
        if energy is not None:
            raise InputError(
                Fault("--energy", "needs the municipality", "a code or name", "name it with --municipality GM0503")
            )
        return None
    if published is None:
        raise InputError(
            Fault(
                "--municipality",
                f"{wanted!r} cannot be looked up",
                "district figures with borders",
                "name their folder or file with --stats",
            )
        )
    code = statistics.find_municipality(published, wanted)
    inside = [z for z in published if z.municipality_code == code]
    whole = next((z for z in inside if z.level == "municipality"), None)
    shaped = [z for z in inside if z.shape is not None and (whole is None or whole.shape is None or z is whole)]
    if not shaped:
        raise InputError(
            Fault(
                "--municipality",
                f"{code} has no border in the statistics",
                "borders, as in the Wijk- en buurtkaart",
                "add the file with borders to --stats",
            )
        )
    border = shapely_union([reproject(z.shape, z.crs, DEGREES) for z in shaped])
    figures = whole.figures if whole else {}
    name = whole.name if whole else next((z.municipality for z in inside if z.municipality), code)
    return Municipality(code, name, border, figures, read_energy(energy, code) if energy is not None else None)


def _districts(published: statistics.Zones | None, town: Municipality | None, ground: Ground) -> list[zones.District]:
    """The districts with a border, those of the municipality or those that the area touches."""
    import shapely

    if published is None:
        return []
    rows = [z for z in published if z.level == "district" and z.shape is not None]
    if town is not None:
        rows = [z for z in rows if z.municipality_code == town.code]
    found = []
    for crs in sorted({z.crs for z in rows}):
        here = [z for z in rows if z.crs == crs]
        near = reproject(ground.outline, ground.crs, crs)
        shapely.prepare(near)
        here = [z for z in here if shapely.intersects(near, z.shape)]
        shapes = [reproject(z.shape, crs, ground.crs) for z in here]
        found += [zones.District(z.code, z.name, s, z.figures) for z, s in zip(here, shapes, strict=True)]
    return sorted(found, key=lambda d: d.code)


def shapely_union(shapes: Sequence[Any]) -> Any:
    """One geometry of several."""
    import shapely

    return shapely.union_all(list(shapes)) if len(shapes) > 1 else shapes[0]


def settle(
    ground: Ground,
    title: str,
    districts: Sequence[zones.District],
    accounts: Sequence[Account],
    town: Municipality | None,
    citizens: int | None,
    seed: int,
) -> Area:
    """People, their homes, work and ways over the border, and the grid, on a ground."""
    from twin.area import Area

    net, facts = ground.net, {"kind": ground.account.source, "crs": ground.crs, **ground.facts}
    nodes, links = streets.link_tables(net, node_kinds(net), ground.origin)
    links["origin"][links["osm_id"] == 0] = "synthetic"  # roads beyond the border
    stock = ground.stock or _along_streets(links, ground.account.file, facts)
    buildings = stock.columns
    for mode in streets.MODES:
        buildings[f"node_{mode}"] = _nearest(nodes, links, mode, buildings)
    districts = zones.clip_districts(districts, ground.outline, title)
    member = zones.members(buildings["x"], buildings["y"], districts)
    buildings["dwellings"], facts["dwellings"] = housing.control(
        buildings["dwellings"], buildings["use"], buildings["floor_m2"], member, districts
    )
    table, buildings["zone"] = zones.make_zones(
        buildings["x"], buildings["y"], buildings["dwellings"], buildings["address"], ground.outline, districts, member
    )
    facts["districts"] = [str(n) for n, lv in zip(table["name"], table["level"], strict=True) if lv == "district"]
    gateways = _gateways(net, nodes, links)
    profiles = [zones.profile_of(d) for d in districts]
    residents = housing.residents_of(buildings["dwellings"], member, districts, profiles)
    if citizens is not None:
        residents = margins.shares_of(np.array(residents, float), citizens).tolist()
    expected = sum(residents)
    rows, jobs, schools = osm_places.make_places(stock, gateways, nodes, expected, facts)
    demand = Demand(
        buildings,
        profiles,
        member,
        jobs,
        schools,
        gateways["road_class"],
        np.stack([nodes["x"][gateways["node"]], nodes["y"][gateways["node"]]], 1),
        np.stack([table["x"], table["y"]], 1),
        [d.code for d in districts],
        residents,
        _work_inside(ground.outline.area / 1e6),
        _through(gateways, expected + int(jobs[1].sum())),
        OUTSIDE_CAR,
        goods_vehicles(int(jobs[1].sum()), expected),
        None,
        town.cars_per_resident if town else None,
        facts.setdefault("people", {}),
    )
    homes, people, volumes = make_people(demand, seed)
    gateways.update(volumes)
    _count_residents(table, buildings, people)
    at = np.concatenate([buildings["node_car"], gateways["node"]])
    flow = flows.peak_flows(nodes, links, at, people, np.flatnonzero(nodes["kind"] == "signal"), seed)
    lights, groups = signals.build_signals(nodes, links, "inferred", flow)
    facts["assumptions"] = _assumptions()
    facts["sources"] = [account.plain() for account in accounts]
    tables = {
        "zones": table,
        "nodes": nodes,
        "links": links,
        "buildings": buildings,
        "places": rows,
        "gateways": gateways,
        "households": homes,
        "people": {c: v for c, v in people.items() if c[0] != "_"},
        "signals": lights,
        "signal_groups": groups,
    }
    sources = {t: SYNTHETIC if t in ("households", "people") else ground.account.about for t in tables}
    if town is not None:
        facts["municipality"] = town.facts()
    of_zones = next((a for a in accounts if a.source.startswith("Statistics")), None)
    if of_zones and districts[0].origin == "observed":
        sources["zones"] = of_zones.about
    return finish(Area(title, ground.crs, tables, sources, facts))


def _assumptions() -> dict[str, str]:
    out: dict[str, str] = {}
    for part in (
        streets.ASSUMPTIONS,
        signals.ASSUMPTIONS,
        flows.ASSUMPTIONS,
        ALL_ASSUMPTIONS,
        zones.ASSUMPTIONS,
        housing.ASSUMPTIONS,
        cleaning.ASSUMPTIONS,
        osm_outside.ASSUMPTIONS,
        osm_buildings.ASSUMPTIONS,
        osm_places.ASSUMPTIONS,
        ASSUMPTIONS,
    ):
        out |= part
    return out


def _along_streets(links: dict[str, Any], file: str, facts: dict[str, Any]) -> osm_buildings.Stock:
    """Houses along the quiet streets of a ground without buildings."""
    import shapely

    columns = osm_buildings.synthetic_stock(links, shapely.from_wkb(links["geometry"]), np.asarray(links["car"]))
    if not len(columns["x"]):
        raise InputError(
            Fault(
                file,
                "holds no buildings and no street along which any could stand",
                "buildings, or residential streets",
                "take a larger extract",
            )
        )
    facts["buildings"] = {
        "buildings": len(columns["x"]),
        "note": "the sources hold no buildings; houses along quiet streets are synthetic",
    }
    return osm_buildings.Stock(columns, [], shapely.from_wkb(columns["geometry"]), facts["buildings"])


def _nearest(nodes: dict[str, Any], links: dict[str, Any], mode: str, buildings: dict[str, Any]) -> Any:
    if not np.asarray(links[mode]).any():
        raise InputError(
            Fault("streets", f"no link is open to {mode}", "car, bicycle and walk", "take a larger extract")
        )
    return streets.nearest_nodes(nodes, links, mode, buildings["x"], buildings["y"])


def _gateways(net: streets.Streets, nodes: dict[str, Any], links: dict[str, Any]) -> dict[str, Any]:
    at = np.unique(net.marks["gateway"])
    car = np.asarray(links["car"])
    rank = {c: i for i, c in enumerate(ROAD_CLASSES)}
    names, roads = [], []
    for node in at:
        touching = np.flatnonzero(car & ((links["tail"] == node) | (links["head"] == node)))
        best = min(touching, key=lambda e: (links["osm_id"][e] == 0, rank[links["road_class"][e]], e))
        roads.append(links["road_class"][best])
        names.append(links["name"][best] or f"{roads[-1]} {int(links['osm_id'][best])}")
    n = len(at)
    return {
        "node": at,
        "name": np.array(names, object),
        "road_class": np.array(roads, object),
        "distance": gateway_distances(np.array(roads, object), part=True),
        "origin": np.full(n, "inferred", object),
    }


def _work_inside(km2: float) -> float:
    return float(np.clip(0.18 + WORK_INSIDE_KM2 * np.log2(max(km2, 0.25)), 0.05, 0.6))


def _through(gateways: dict[str, Any], people: int) -> int:
    """Vehicles a day that enter and leave without stopping; a vehicle uses two gateways."""
    flow = sum(GATEWAY_WEIGHT.get(str(c), 400) for c in gateways["road_class"]) / 2
    return int(min(flow * 0.5, THROUGH_PER_PERSON * people)) if len(gateways["node"]) > 1 else 0


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
