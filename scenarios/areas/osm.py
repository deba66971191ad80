"""An area from an OpenStreetMap extract, with Dutch district figures where they are given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scenarios.areas import (
    finish,
    flows,
    osm_buildings,
    osm_outside,
    osm_places,
    osm_read,
    osm_streets,
    signals,
    streets,
    zones,
)
from scenarios.areas.commuting import GATEWAY_WEIGHT, gateway_distances
from scenarios.areas.people import ALL_ASSUMPTIONS, Demand, make_people
from scenarios.areas.town_streets import node_kinds
from twin.errors import Fault, InputError
from twin.tables import ROAD_CLASSES

if TYPE_CHECKING:
    from twin.area import Area

ATTRIBUTION = {"licence": "ODbL-1.0", "attribution": "© OpenStreetMap contributors"}
STATISTICS = {
    "licence": "see the source's page",
    "attribution": "Statistics Netherlands (CBS), Kerncijfers wijken en buurten 2022",
}
WORK_INSIDE_KM2 = 0.12  # share of workers who work inside grows by this for each doubling of the area (assumption)
SMALL_EXTRACT = 3_000.0  # m (assumption)
THROUGH_PER_PERSON = 0.3  # most through vehicles per resident and incoming commuter (assumption)
# of the workers from outside who come by car: less than to a whole town, since many come by bicycle from its other parts
# or by train (assumption)
OUTSIDE_CAR = 0.40
ASSUMPTIONS = {
    "osm.work_inside": "share of working residents with a job inside: 0.18 for 1 km2 and 0.12 more per doubling, at "
    "most 0.6 (assumption)",
    "osm.through": "through vehicles: half of the vehicles per day by class of the gateway road, at most 0.3 per "
    "resident and incoming commuter (assumption)",
}


def build_from_osm(
    path: str | Path,
    name: str | None = None,
    stats: str | Path | None = None,
    citizens: int | None = None,
    seed: int = 1,
) -> Area:
    """The area that an extract covers completely.

    path     : .osm.pbf, .osm, .osm.gz or .osm.xml.gz
    name     : title; default: the file's name
    stats    : folder with Dutch district figures (GeoJSON by CBS code), used where it overlaps
    citizens : number of residents; default: what the dwellings hold
    Raises InputError with one clear reason: no file, cut off, no roads, nothing drivable.
    """
    from twin.area import Area

    extract = osm_read.read_extract(path)
    name = name or Path(path).name.split(".")[0].replace("_", " ").title()
    crs, to_xy, box = _frame(extract)
    facts: dict[str, Any] = {
        "kind": "OpenStreetMap extract",
        "file": Path(path).name,
        "crs": crs,
        "core_box_m": [round(v, 1) for v in box],
        "missing_nodes": extract.missing_nodes,
        "broken_areas": extract.broken_areas,
    }
    net, facts["streets"] = osm_streets.osm_streets(extract, box, to_xy)
    if not len(net.tail) or not len(net.marks.get("gateway", ())):
        raise InputError(
            Fault(
                str(path),
                "has no roads that cars can use, mutually reachable, where it is complete",
                "a connected street network",
                "take an extract that covers whole streets",
            )
        )
    nodes, links = streets.link_tables(net, node_kinds(net), "observed")
    links["origin"][links["osm_id"] == 0] = "synthetic"  # roads beyond the border
    stock = _stock(extract, box, to_xy, links, facts)
    buildings = stock.columns
    for mode in streets.MODES:
        buildings[f"node_{mode}"] = _nearest(nodes, links, mode, buildings)
    districts = zones.read_districts(stats, box, to_xy) if stats is not None else []
    table, buildings["zone"], profiles, group = zones.make_zones(
        buildings["x"], buildings["y"], buildings["dwellings"], buildings["address"], box, districts, name
    )
    gateways = _gateways(net, nodes, links)
    facts["districts"] = [str(n) for n, lv in zip(table["name"], table["level"], strict=True) if lv == "district"]
    expected = citizens or int(sum(buildings["dwellings"][group == g].sum() * p.size for g, p in enumerate(profiles)))
    rows, jobs, schools = osm_places.make_places(stock, gateways, nodes, expected, facts)
    demand = Demand(
        buildings,
        profiles,
        group,
        jobs,
        schools,
        gateways["road_class"],
        np.stack([nodes["x"][gateways["node"]], nodes["y"][gateways["node"]]], 1),
        np.stack([table["x"], table["y"]], 1),
        citizens,
        _work_inside(box),
        _through(gateways, expected + int(jobs[1].sum())),
        OUTSIDE_CAR,
        facts.setdefault("people", {}),
    )
    homes, people, volumes = make_people(demand, seed)
    gateways.update(volumes)
    _count_residents(table, buildings, people)
    at = np.concatenate([buildings["node_car"], gateways["node"]])
    flow = flows.peak_flows(nodes, links, at, people, np.flatnonzero(nodes["kind"] == "signal"), seed)
    lights, groups = signals.build_signals(nodes, links, "inferred", flow)
    facts["assumptions"] = {
        **streets.ASSUMPTIONS,
        **signals.ASSUMPTIONS,
        **flows.ASSUMPTIONS,
        **ALL_ASSUMPTIONS,
        **zones.ASSUMPTIONS,
        **osm_streets.ASSUMPTIONS,
        **osm_outside.ASSUMPTIONS,
        **osm_buildings.ASSUMPTIONS,
        **osm_places.ASSUMPTIONS,
        **ASSUMPTIONS,
    }
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
    about = {**ATTRIBUTION, "from": Path(path).name}
    made = {
        "licence": "CC0-1.0",
        "attribution": "synthetic people",
        "from": "households and people drawn by the builder",
    }
    sources = {t: made if t in ("households", "people") else about for t in tables}
    if districts:
        sources["zones"] = {**STATISTICS, "from": zones.DISTRICTS}
    return finish(Area(name, crs, tables, sources, facts))


def _frame(extract: osm_read.Extract) -> tuple[str, Any, tuple[float, float, float, float]]:
    """Projected system, projection, and the box that the extract covers completely."""
    import shapely

    if extract.buildings:
        centre = shapely.get_coordinates(shapely.centroid(shapely.from_wkb([b[1] for b in extract.buildings])))
        lon, lat, cell, least, margin = centre[:, 0], centre[:, 1], 200.0, 3, 150.0
    else:
        lon = np.concatenate([w.lon for w in extract.ways])
        lat = np.concatenate([w.lat for w in extract.ways])
        # roads alone: a small extract is taken whole, of a large one the part where they lie dense
        wide = max(np.ptp(lat) * 111_000, np.ptp(lon) * 111_000 * np.cos(np.radians(np.median(lat))))
        cell, least, margin = (100.0, 1, 10.0) if wide < SMALL_EXTRACT else (250.0, 8, 10.0)
    crs = osm_read.projected_system(float(np.median(lon)), float(np.median(lat)))
    to_xy = osm_read.projector(crs)
    x, y = to_xy(lon, lat)
    return crs, to_xy, osm_read.core_box(x, y, cell, least, margin)


def _stock(
    extract: osm_read.Extract, box: Any, to_xy: Any, links: dict[str, Any], facts: dict[str, Any]
) -> osm_buildings.Stock:
    import shapely

    if extract.buildings:
        stock = osm_buildings.read_stock(extract, box, to_xy)
        if len(stock.shapes):
            facts["buildings"] = stock.facts
            return stock
    columns = osm_buildings.synthetic_stock(links, shapely.from_wkb(links["geometry"]), np.asarray(links["car"]))
    if not len(columns["x"]):
        raise InputError(
            Fault(
                facts["file"],
                "holds no buildings and no street along which any could stand",
                "buildings, or residential streets",
                "take a larger extract",
            )
        )
    facts["buildings"] = {
        "buildings": len(columns["x"]),
        "note": "the extract holds no buildings; houses along its quiet streets are synthetic",
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


def _work_inside(box: tuple[float, float, float, float]) -> float:
    size = (box[2] - box[0]) * (box[3] - box[1]) / 1e6
    return float(np.clip(0.18 + WORK_INSIDE_KM2 * np.log2(max(size, 0.25)), 0.05, 0.6))


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
