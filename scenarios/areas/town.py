"""A generated Dutch town: believable, offline, the same for the same seed, from a thousand to a million citizens.

Nothing in it is real. The plan stands in `town_plan`, the streets in `town_streets`, what is built in `town_buildings`;
households and people come from the same code as those of areas from open data.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from scenarios.areas import finish, flows, signals, streets
from scenarios.areas.commuting import gateway_distances, gateway_shares
from scenarios.areas.demand import Demand, expected_residents
from scenarios.areas.households import Profile
from scenarios.areas.people import ALL_ASSUMPTIONS, make_people
from scenarios.areas.town_blocks import CAULIFLOWER, CENTRE, INDUSTRY, KINDS, PARK, POSTWAR, PREWAR, SIDE, VINEX
from scenarios.areas.town_buildings import (
    addresses,
    build,
    choose_forms,
    public_counts,
    sides_of,
    without_overlaps,
)
from scenarios.areas.town_dwellings import add_flats, thinned
from scenarios.areas.town_names import SIDES
from scenarios.areas.town_places import ASSUMPTIONS as TOWN_PLACES
from scenarios.areas.town_places import town_places
from scenarios.areas.town_plan import Plan, plan_town
from scenarios.areas.town_streets import lattice_names, node_kinds, town_streets
from scenarios.areas.visitors import goods_vehicles
from twin.draws import stream, uniforms
from twin.errors import Fault, InputError
from twin.tables import ROAD_CLASSES

if TYPE_CHECKING:
    from twin.area import Area

WORK_INSIDE = 0.55  # share of workers who work in their own town (assumption)
THROUGH_PER_RESIDENT = 0.20  # through vehicles a day per resident (assumption)
THROUGH_FALLS = 100_000  # citizens; of larger towns the outline grows with the root of their number (assumption)
DWELLINGS_PER_PERSON = 1.03  # times persons per household: 3 % stand empty (CBS, from memory)
# residents by kind of neighbourhood: age bands, household size, employment (assumption: young centre, families outside)
RESIDENTS = {
    CENTRE: Profile((0.08, 0.22, 0.36, 0.20, 0.14), 1.72, 0.72),
    PREWAR: Profile((0.14, 0.13, 0.33, 0.24, 0.16), 2.15, 0.73),
    POSTWAR: Profile((0.15, 0.12, 0.24, 0.24, 0.25), 2.08, 0.64),
    CAULIFLOWER: Profile((0.14, 0.11, 0.21, 0.29, 0.25), 2.28, 0.69),
    VINEX: Profile((0.22, 0.12, 0.26, 0.28, 0.12), 2.66, 0.76),
    INDUSTRY: Profile(),
    PARK: Profile(),
}
ASSUMPTIONS = {
    "town.commuters": "55 % of the working residents work in town; jobs left are filled from outside (assumption)",
    "town.through": "0.20 through vehicles a day per resident, above 100,000 residents in proportion to their root (assumption)",
    "town.residents": "age bands, household size and employment by kind of neighbourhood (assumption)",
    "town.roads": "main roads 50 km/h every 1.3 km in towns of some 30,000 and more, ring 70, all else 30 (guideline GOW30, "
    "CROW 2023), industrial estates 50, outside 80; three in ten junctions of collectors are roundabouts (assumption)",
    "town.form": "superblocks of 420 m for some 780 residents, house widths, storeys and ages by period (assumption)",
}


def generate_town(citizens: int = 20_000, seed: int = 1, name: str = "") -> Area:
    """A town of exactly `citizens` residents, in EPSG:28992, entirely synthetic.

    citizens : 1,000 to 1,000,000
    seed     : another seed is another town
    Raises InputError outside those bounds.
    """
    from twin.area import Area

    if not 1_000 <= citizens <= 1_000_000:
        raise InputError(Fault("citizens", f"is {citizens}", "1,000 to 1,000,000", "use an extract for other sizes"))
    plan = plan_town(citizens, seed)
    net, cleaning = town_streets(plan)
    nodes, links = streets.link_tables(net, node_kinds(net), "synthetic")
    buildings = _buildings(plan, citizens, seed)
    for mode in streets.MODES:
        buildings[f"node_{mode}"] = streets.nearest_nodes(nodes, links, mode, buildings["x"], buildings["y"])
    gateways = _gateways(net, nodes)
    zones, zone_of_block = _zones(plan)
    buildings["zone"] = zone_of_block[buildings["_block"]]
    facts: dict[str, Any] = {
        "kind": "generated town",
        "citizens": citizens,
        "seed": seed,
        "streets": cleaning,
        "assumptions": {
            **streets.ASSUMPTIONS,
            **signals.ASSUMPTIONS,
            **flows.ASSUMPTIONS,
            **ALL_ASSUMPTIONS,
            **TOWN_PLACES,
            **ASSUMPTIONS,
        },
    }
    demand, table = _demand(plan, buildings, zones, gateways, nodes, citizens, seed)
    homes, people, volumes = make_people(demand, seed)
    gateways.update(volumes)
    facts["people"] = demand.facts
    resident = people["resident"]
    where = buildings["zone"][people["home"][resident]]
    zones["population"] = _with_districts(zones, np.bincount(where, minlength=len(zones["code"])))
    zones["dwellings"] = _with_districts(
        zones, np.bincount(buildings["zone"], buildings["dwellings"], len(zones["code"]))
    )
    at = np.concatenate([buildings["node_car"], gateways["node"]])
    flow = flows.peak_flows(nodes, links, at, people, np.flatnonzero(nodes["kind"] == "signal"), seed)
    nodes["kind"] = signals.choose(nodes["kind"], links, flow, net.marks["lights"], citizens)
    lights, groups = signals.build_signals(nodes, links, "synthetic", flow)
    tables = {
        "zones": zones,
        "nodes": nodes,
        "links": links,
        "places": table,
        "gateways": gateways,
        "households": homes,
        "people": {c: v for c, v in people.items() if c[0] != "_"},
        "signals": lights,
        "signal_groups": groups,
        "buildings": {c: v for c, v in buildings.items() if c[0] != "_"},
    }
    about = {"licence": "CC0-1.0", "attribution": "generated; no real place", "from": f"town generator, seed {seed}"}
    area = Area(name or f"town-{citizens}", "EPSG:28992", tables, dict.fromkeys(tables, about), facts)
    return finish(area)


def _buildings(plan: Plan, citizens: int, seed: int) -> dict[str, Any]:
    """The buildings, thinned out or made higher until the dwellings fit the citizens."""
    sides = sides_of(plan)
    choose_forms(sides, public_counts(citizens), seed)
    found = build(plan, sides, seed)
    found = without_overlaps(found)
    homes = found["dwellings"]
    kind = plan.blocks[plan.blocks > 0].astype(np.int64)[found["_block"]]
    sizes = np.array([RESIDENTS[k].size if k in RESIDENTS else 1.0 for k in range(PARK + 1)])[kind]
    # whole rows make room for green, outside the centre sooner; what is not lived in stays
    luck = uniforms(stream(seed, "town.thinning"), found["_edge"] * 2 + found["_left"]) + np.where(
        kind == CENTRE, 1.0, 0.0
    )
    luck += np.where(homes == 0, 9.0, 0.0) + np.where(found["use"] == "apartments", 0.35, 0.0)
    order = np.lexsort((found["_key"], -luck))
    keep = np.ones(len(homes), bool)
    for _ in range(3):  # the mean household depends on which houses stay
        mean = np.average(sizes[keep], weights=homes[keep])
        # the last term is luck: three standard deviations of the sum of household sizes (about 1.2 persons each)
        need = math.ceil(citizens / mean * DWELLINGS_PER_PERSON + 3.0 * 1.2 / mean * math.sqrt(citizens / mean))
        keep = thinned(homes, order, need)
    found = {c: v[keep] for c, v in found.items()}
    short = need - int(found["dwellings"].sum())
    flats = np.flatnonzero(found["use"] == "apartments")
    if short > 0 and len(flats):
        add_flats(found, flats, short)
    found["address"] = addresses(plan, found)
    found["osm_id"] = np.zeros(len(found["x"]), np.int64)
    found["origin"] = np.full(len(found["x"]), "synthetic", object)
    return found


def _gateways(net: streets.Streets, nodes: dict[str, Any]) -> dict[str, Any]:
    at = np.unique(net.marks["gateway"])
    centre = np.array([net.x.mean(), net.y.mean()])
    turn = np.arctan2(net.y[at] - centre[1], net.x[at] - centre[0])
    road = np.full(len(at), len(ROAD_CLASSES), np.int64)
    for ends in (net.tail, net.head):
        carries = (net.flags & (streets.CAR_F | streets.CAR_B)) > 0
        for k, node in enumerate(at):
            road[k] = min(road[k], net.road_class[carries & (ends == node)].min(initial=len(ROAD_CLASSES)))
    names = [f"Richting {SIDES[round(t / (math.pi / 4)) % 8]}" for t in turn]
    classes = np.array(ROAD_CLASSES, object)[road]
    return {
        "node": at,
        "name": np.array(names, object),
        "road_class": classes,
        "distance": gateway_distances(classes),
        "origin": np.full(len(at), "synthetic", object),
    }


def _zones(plan: Plan) -> tuple[dict[str, Any], Any]:
    """Districts first, then one neighbourhood per superblock; second: the zone row of each superblock."""
    import shapely

    built = np.argwhere(plan.blocks > 0)
    _, _, names = lattice_names(plan)
    shapes = []
    for p, q in built:
        i, j = p * SIDE, q * SIDE
        pts = plan.points
        ring = np.concatenate(
            [
                pts[i : i + SIDE, j],
                pts[i + SIDE, j : j + SIDE],
                pts[i + SIDE : i : -1, j + SIDE],
                pts[i, j + SIDE : j : -1],
            ]
        )
        shapes.append(shapely.Polygon(ring))
    district, labels = _districts(plan, built)
    areas = []
    for d in range(len(labels)):
        whole = shapely.union_all([shapes[k] for k in np.flatnonzero(district == d)])
        areas.append(whole if whole.geom_type == "Polygon" else whole.convex_hull)
    every = np.array(areas + shapes, object)
    centre = shapely.centroid(every)
    n, m = len(labels), len(shapes)
    zones = {
        "code": np.array([f"WK{d:04d}" for d in range(n)] + [f"BU{k:05d}" for k in range(m)], object),
        "name": np.array(labels + names, object),
        "level": np.array(["district"] * n + ["neighbourhood"] * m, object),
        "parent": np.concatenate([np.full(n, -1), district]),
        "x": shapely.get_x(centre),
        "y": shapely.get_y(centre),
        "area_m2": shapely.area(every),
        "geometry": shapely.to_wkb(every),
        "origin": np.full(n + m, "synthetic", object),
    }
    return zones, np.arange(m) + n


def _districts(plan: Plan, built: Any) -> tuple[Any, list[str]]:
    """District of each superblock: the centre, then sectors of some six superblocks, or squares in a large town."""
    p, q = built[:, 0] - plan.half + 0.5, built[:, 1] - plan.half + 0.5
    kinds = plan.blocks[built[:, 0], built[:, 1]]
    if len(built) <= 90:
        sectors = max(1, min(8, round(len(built) / 7)))
        raw = ((np.arctan2(q, p) / (2 * math.pi) * sectors + 0.5).astype(int) % sectors) + 1
    else:
        raw = (np.floor(p / 3).astype(int) + 500) * 1000 + np.floor(q / 3).astype(int) + 500
    raw = np.where((kinds == CENTRE) & (np.hypot(p, q) < 4), 0, raw)
    keys, district = np.unique(raw, return_inverse=True)
    names = []
    for k, key in enumerate(keys):
        if key == 0:
            names.append("Binnenstad")
            continue
        x, y = p[district == k].mean(), q[district == k].mean()
        side = SIDES[round(math.atan2(y, x) / (math.pi / 4)) % 8]
        base = f"{side}wijk" if len(keys) <= 9 else f"{side}kwartier"
        names.append(base if base not in names else f"{base} {sum(n.startswith(base) for n in names) + 1}")
    return district, names


def _with_districts(zones: dict[str, Any], counts: Any) -> Any:
    """Counts per neighbourhood, with each district's own sum in its row."""
    counts = np.asarray(counts, np.int64).copy()
    parent = np.asarray(zones["parent"])
    inner = parent >= 0
    counts[~inner] = np.bincount(parent[inner], counts[inner], len(counts))[~inner]
    return counts


def _demand(
    plan: Plan,
    buildings: dict[str, Any],
    zones: dict[str, Any],
    gateways: dict[str, Any],
    nodes: dict[str, Any],
    citizens: int,
    seed: int,
) -> tuple[Demand, dict[str, Any]]:
    """Places, and what the people are drawn from."""
    table, jobs, schools = town_places(buildings, citizens)
    kinds = plan.blocks[plan.blocks > 0].astype(np.int64)
    at = gateways["node"]
    through = round(THROUGH_PER_RESIDENT * citizens * min(1.0, math.sqrt(THROUGH_FALLS / citizens)))
    profiles = [RESIDENTS.get(k, Profile()) for k in range(PARK + 1)]
    group = kinds[buildings["_block"]]
    demand = Demand(
        buildings,
        profiles,
        group,
        jobs,
        schools,
        gateways["road_class"],
        np.stack([nodes["x"][at], nodes["y"][at]], 1),
        gateways["distance"],
        np.stack([zones["x"], zones["y"]], 1),
        list(KINDS[: PARK + 1]),
        expected_residents(buildings["dwellings"], group, profiles, citizens),
        WORK_INSIDE,
        through * gateway_shares(gateways["road_class"]),
        goods=goods_vehicles(int(jobs[1].sum()), citizens),
    )
    demand.facts["gateway_shares"] = [round(float(s), 4) for s in gateway_shares(gateways["road_class"])]
    return demand, table
