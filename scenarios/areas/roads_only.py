"""An area of a road network and its trips alone: no buildings, nobody who lives there, every trip from node to node.

Lanes, capacity and speed are those of the network, and its trips are through traffic between gateways, one at each node
where trips begin or end. A centroid that no route may pass is a node with every turn banned.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scenarios.areas import finish, gmns, road_network, tntp
from scenarios.areas.coordinates import DEGREES, tell_system
from scenarios.areas.demand import THROUGH
from scenarios.areas.ground import projector
from scenarios.areas.osm_frame import projected_system
from scenarios.areas.road_network import LANE, Floats, RoadNetwork
from scenarios.areas.visitors import from_outside
from twin.errors import Fault, InputError

if TYPE_CHECKING:
    from twin.area import Area

ALIKE = 10.0  # factor between drawn and stated lengths up to which coordinates are believed to be degrees (assumption)
NOWHERE = "EPSG:32631"  # where a network of unknown place is put, around the system's origin
MOST_LANES, SLOWEST, FASTEST = 12, 0.5, 60.0  # lanes; m/s: what the table links can hold
MARGIN = 200.0  # m around the nodes in the area's one zone
KMH = 3.6

ASSUMPTIONS = {
    "roads_only.day": "the trips of the network's table are made in one day, at the hours that through traffic has in "
    "the citizens' configuration (assumption)",
    "roads_only.place": "coordinates that are no degrees, or would draw the links more than 10 times too long or short, "
    "are scaled to the median length of links and put around the origin of EPSG:32631 (assumption): the shape is true, the "
    "place is not",
    "roads_only.class": "motorway from 90 km/h, primary from 60 km/h or two lanes, else residential; people may walk and "
    "cycle everywhere, which nobody does (assumption)",
    "roads_only.capacity": "a link whose time does not depend on its flow has 1,900 veh/h per lane (assumption)",
}


def build_roads(roads: str | Path, name: str | None = None) -> Area:
    """The area of a road network and its trips.

    roads : TNTP or GMNS folder;  name : title, the network's if absent
    Raises InputError with the faults of all files, or where nodes have no coordinates.
    """
    from twin.area import Area

    folder = Path(roads)
    network = gmns.read_gmns(folder) if gmns.looks_like_gmns(folder) else tntp.read_tntp(folder)
    x, y, crs = _placed(network, folder)
    links = _links(network, x, y)
    ends = np.unique(np.concatenate([network.origin, network.destination]))
    people = _travellers(network, ends)
    tables = {
        "zones": _zone(network.name, x, y),
        "nodes": _nodes(network, x, y, ends),
        "links": links,
        "gateways": _gateways(network, links, ends, people),
        "people": people,
        "turns": _turns(links, network.first_through),
    }
    parts = (road_network, tntp, gmns)
    facts = {
        "kind": network.account.source,
        "crs": crs,
        "assumptions": dict(sorted({**ASSUMPTIONS, **{k: v for p in parts for k, v in p.ASSUMPTIONS.items()}}.items())),
        "sources": [network.account.plain()],
    }
    tables = {table: columns for table, columns in tables.items() if len(next(iter(columns.values())))}
    return finish(Area(name or network.name, crs, tables, dict.fromkeys(tables, network.account.about), facts))


def _placed(roads: RoadNetwork, folder: Path) -> tuple[Floats, Floats, str]:
    """Coordinates of the nodes in m, and their system."""
    missing = np.flatnonzero(~np.isfinite(roads.x + roads.y))
    if len(missing):
        what = f"{len(missing)} of {len(roads.x)} nodes have no coordinates, first node {roads.node_id[missing[0]]}"
        remedy = "add them (TNTP: *_node.tntp; GMNS: x_coord and y_coord of node.csv)"
        raise InputError(Fault(str(folder), what, "an x and a y for each node", remedy))
    system = tell_system(roads.x, roads.y)
    if system:
        crs = projected_system(float(np.median(roads.x)), float(np.median(roads.y))) if system == DEGREES else system
        x, y = projector(crs, system)(roads.x, roads.y)
        scale = _scale(roads, x, y)
        if 1 / ALIKE <= scale <= ALIKE:
            return x, y, crs
    x, y = roads.x - roads.x.mean(), roads.y - roads.y.mean()
    scale = _scale(roads, x, y)
    roads.account.notes.append(f"coordinates in no known system: scaled by {scale:.4g} to the lengths of links")
    return x * scale, y * scale, NOWHERE


def _scale(roads: RoadNetwork, x: Floats, y: Floats) -> float:
    """Median of stated over drawn length of the links; 1 where nothing is drawn."""
    drawn = np.hypot(x[roads.tail] - x[roads.head], y[roads.tail] - y[roads.head])
    known = np.isfinite(drawn) & (drawn > 0) & (roads.length > road_network.SHORTEST)
    return float(np.median(roads.length[known] / drawn[known])) if known.any() else 1.0


def _links(roads: RoadNetwork, x: Floats, y: Floats) -> dict[str, Any]:
    """The table links: straight lines with the network's length, speed, lanes and capacity."""
    import shapely

    rows = np.flatnonzero(roads.tail != roads.head)
    account, n = roads.account, len(rows)
    account.count("dropped", "links that end where they begin", len(roads.tail) - n)
    tail, head, length = roads.tail[rows], roads.head[rows], roads.length[rows]
    free, lanes = roads.free[rows], np.clip(roads.lanes[rows], 1, MOST_LANES)
    account.count("repaired", f"links of more than {MOST_LANES} lanes", int((roads.lanes[rows] > MOST_LANES).sum()))
    with np.errstate(divide="ignore"):
        speed = np.where(free > 0, length / free, np.inf)
    account.count("repaired", f"links faster than {FASTEST * KMH:.0f} km/h, made that", int((speed > FASTEST).sum()))
    account.count("repaired", f"links slower than {SLOWEST * KMH:.1f} km/h, made that", int((speed < SLOWEST).sum()))
    speed = np.clip(speed, SLOWEST, FASTEST)
    steady = roads.alpha[rows] * roads.beta[rows] == 0
    account.count("repaired", "capacities of links whose time does not depend on flow", int(steady.sum()))
    capacity = np.where(steady, LANE * lanes, np.maximum(roads.capacity[rows], 4.0)) / 3600.0
    few = int((~steady & (roads.capacity[rows] < 4.0)).sum())
    account.count("repaired", "links of less than 4 veh/h, given that", few)
    line = np.stack([x[tail], y[tail], x[head], y[head]], 1).reshape(-1, 2, 2)
    return {
        "tail": tail,
        "head": head,
        "length": length,
        "speed": speed,
        "lanes": lanes.astype(np.int16),
        "capacity": capacity,
        "car": np.ones(n, bool),
        "bicycle": np.ones(n, bool),
        "walk": np.ones(n, bool),
        "road_class": np.select(
            [speed * KMH >= 90, (speed * KMH >= 60) | (lanes > 1)], ["motorway", "primary"], "residential"
        ),
        "name": np.array([f"{roads.node_id[a]}-{roads.node_id[b]}" for a, b in zip(tail, head, strict=True)], object),
        "geometry": shapely.to_wkb(shapely.linestrings(line)),
        "rule": np.full(n, "drawn straight", object),
        "origin": np.full(n, "observed", object),
    }


def _nodes(roads: RoadNetwork, x: Floats, y: Floats, ends: Any) -> dict[str, Any]:
    kind = np.full(len(x), "plain", object)
    kind[ends] = "gateway"
    return {"x": x, "y": y, "kind": kind, "origin": np.full(len(x), "observed", object)}


def _zone(name: str, x: Floats, y: Floats) -> dict[str, Any]:
    """One neighbourhood around all nodes."""
    import shapely

    shape = shapely.buffer(shapely.convex_hull(shapely.multipoints(np.stack([x, y], 1))), MARGIN)
    row = {
        "code": "roads",
        "name": name,
        "level": "neighbourhood",
        "x": shape.centroid.x,
        "y": shape.centroid.y,
        "area_m2": shape.area,
        "population": 0,
        "dwellings": 0,
        "geometry": shapely.to_wkb(shape),
        "origin": "inferred",
    }
    return {
        column: np.array([value], None if not isinstance(value, str | bytes) else object)
        for column, value in row.items()
    }


def _travellers(roads: RoadNetwork, ends: Any) -> dict[str, Any]:
    """One through driver per trip; the trips of all pairs are rounded together, so that their sum is kept."""
    upto = np.floor(np.concatenate([[0.0], np.cumsum(roads.trips)]) + 0.5).astype(np.int64)
    number = np.diff(upto)
    roads.account.count("dropped", "pairs of less than one trip, rounded away", int((number == 0).sum()))
    origin, goal = (np.repeat(np.searchsorted(ends, at), number) for at in (roads.origin, roads.destination))
    n = len(origin)
    return from_outside(origin, goal, np.full(n, THROUGH), np.ones(n, bool))


def _gateways(roads: RoadNetwork, links: dict[str, Any], ends: Any, people: dict[str, Any]) -> dict[str, Any]:
    n = len(ends)
    road = np.full(len(roads.x), "residential", object)
    for kind in ("primary", "motorway"):  # the largest road at a node is the last that is written
        rows = links["road_class"] == kind
        road[links["tail"][rows]] = road[links["head"][rows]] = kind
    return {
        "node": ends,
        "name": np.array([f"node {k}" for k in roads.node_id[ends]], object),
        "road_class": road[ends],
        "commuters_in": np.zeros(n, np.int32),
        "commuters_out": np.zeros(n, np.int32),
        "through": np.bincount(people["home"], minlength=n),
        "distance": np.zeros(n),
        "origin": np.full(n, "observed", object),
    }


def _turns(links: dict[str, Any], first_through: int) -> dict[str, Any]:
    """Every turn at a centroid is banned."""
    into = {c: np.flatnonzero(links["head"] == c) for c in range(first_through)}
    out = {c: np.flatnonzero(links["tail"] == c) for c in range(first_through)}
    pairs = np.array([(a, b) for c in into for a in into[c] for b in out[c]], np.int64).reshape(-1, 2)
    return {
        "from_link": pairs[:, 0],
        "via": np.full(len(pairs), -1),
        "to_link": pairs[:, 1],
        "origin": np.full(len(pairs), "inferred", object),
    }
