"""An area of a road network and its trips alone: no buildings, nobody who lives there, every trip from node to node.

Lanes, capacity and speed are those of the network, and its trips are through traffic between gateways, one at each node
where trips begin or end. A centroid that no route may pass is a node with every turn banned.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scenarios.areas import finish, gmns, road_network, sumo_roads, tntp
from scenarios.areas.coordinates import DEGREES, tell_system
from scenarios.areas.demand import THROUGH
from scenarios.areas.ground import projector
from scenarios.areas.osm_frame import projected_system
from scenarios.areas.road_network import LANE, Detail, Floats, RoadNetwork
from scenarios.areas.visitors import from_outside
from twin.errors import Fault, InputError
from twin.tables import ROAD_CLASSES

if TYPE_CHECKING:
    from twin.area import Area

ALIKE = 10.0  # factor between drawn and stated lengths up to which coordinates are believed to be degrees (assumption)
NOWHERE = "EPSG:32631"  # where a network of unknown place is put, around the system's origin
MOST_LANES, SLOWEST, FASTEST = 12, 0.5, 60.0  # lanes; m/s: what the table links can hold
MARGIN = 200.0  # m around the nodes in the area's one zone
KMH = 3.6
NAMED = 5  # pairs without a way that are told one by one
PARTS = (road_network, tntp, gmns, sumo_roads)

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

    roads : TNTP or GMNS folder, or a SUMO network and its flows;  name : title, the network's if absent
    Raises InputError with the faults of all files, or where nodes have no coordinates.
    """
    from twin.area import Area

    folder = Path(roads)
    network = read_roads(folder)
    detail = network.detail or Detail.plain(len(network.x), len(network.tail))
    loops, unused = network.tail == network.head, ~(detail.car | detail.bicycle | detail.walk)
    network.account.count("dropped", "links that end where they begin", int(loops.sum()))
    network.account.count("dropped", "links that nobody may use who is here", int((unused & ~loops).sum()))
    keep = np.flatnonzero(~(loops | unused))
    network, detail = network.without(np.flatnonzero(loops | unused)), detail.of_links(keep)
    crs, move = _system(network, detail.crs, folder)
    xy = move(np.stack([network.x, network.y], 1))
    links = _links(network, detail, xy, move)
    turns = _turns(links, network.first_through, detail)
    _drop_unreachable(network, links, turns, folder)
    ends = np.unique(np.concatenate([network.origin, network.destination]))
    people = _travellers(network, ends)
    tables = {
        "zones": _zone(network.name, *xy.T),
        "nodes": _nodes(detail, xy, ends),
        "links": links,
        "gateways": _gateways(network, links, ends, people),
        "people": people,
        "turns": turns,
        "signals": detail.signals,
        "signal_groups": detail.groups,
    }
    facts = {
        "kind": network.account.source,
        "crs": crs,
        "assumptions": dict(sorted({**ASSUMPTIONS, **{k: v for p in PARTS for k, v in p.ASSUMPTIONS.items()}}.items())),
        "sources": [network.account.plain()],
    }
    if any(detail.id):
        facts["link_ids"] = detail.id.tolist()
    tables = {table: columns for table, columns in tables.items() if columns and len(next(iter(columns.values())))}
    return finish(Area(name or network.name, crs, tables, dict.fromkeys(tables, network.account.about), facts))


def read_roads(path: Path) -> RoadNetwork:
    """The network in a TNTP or GMNS folder, or of SUMO."""
    if not path.is_dir() or sumo_roads.looks_like_sumo(path):
        return sumo_roads.read_sumo_roads(path)
    return gmns.read_gmns(path) if gmns.looks_like_gmns(path) else tntp.read_tntp(path)


def _system(roads: RoadNetwork, stated: str, folder: Path) -> tuple[str, Callable[[Floats], Floats]]:
    """A projected system in metres, and a function of points (n, 2) of the network into it."""
    missing = np.flatnonzero(~np.isfinite(roads.x + roads.y))
    if len(missing):
        what = f"{len(missing)} of {len(roads.x)} nodes have no coordinates, first node {roads.node_id[missing[0]]}"
        remedy = "add them (TNTP: *_node.tntp; GMNS: x_coord and y_coord of node.csv)"
        raise InputError(Fault(str(folder), what, "an x and a y for each node", remedy))
    if stated:
        return _stated(roads, stated, folder)
    system = tell_system(roads.x, roads.y)
    if system:
        crs = projected_system(float(np.median(roads.x)), float(np.median(roads.y))) if system == DEGREES else system
        move = _moved(projector(crs, system))
        if 1 / ALIKE <= _scale(roads, *move(np.stack([roads.x, roads.y], 1)).T) <= ALIKE:
            return crs, move
    middle = np.array([roads.x.mean(), roads.y.mean()])
    scale = _scale(roads, *(np.stack([roads.x, roads.y], 1) - middle).T)
    roads.account.notes.append(f"coordinates in no known system: scaled by {scale:.4g} to the lengths of links")
    return NOWHERE, lambda xy: (xy - middle) * scale


def _stated(roads: RoadNetwork, stated: str, folder: Path) -> tuple[str, Callable[[Floats], Floats]]:
    """The same where the source names its system: kept if it is one in metres."""
    import pyproj

    try:
        system = pyproj.CRS.from_user_input(stated)
    except pyproj.exceptions.CRSError as error:
        fault = Fault(f"{folder}: crs", f"{stated!r} is no known coordinate system", "as EPSG:28992", "correct it")
        raise InputError(fault) from error
    if system.is_projected and all(axis.unit_conversion_factor == 1.0 for axis in system.axis_info[:2]):
        return stated, lambda xy: xy
    lon, lat = projector(DEGREES, stated)(np.median(roads.x), np.median(roads.y))
    crs = projected_system(float(lon), float(lat))
    return crs, _moved(projector(crs, stated))


def _moved(project: Any) -> Callable[[Floats], Floats]:
    """A projector of x and y as a function of points (n, 2)."""
    return lambda xy: np.stack(project(xy[:, 0], xy[:, 1]), 1)


def _scale(roads: RoadNetwork, x: Floats, y: Floats) -> float:
    """Median of stated over drawn length of the links; 1 where nothing is drawn."""
    drawn = np.hypot(x[roads.tail] - x[roads.head], y[roads.tail] - y[roads.head])
    known = np.isfinite(drawn) & (drawn > 0) & (roads.length > road_network.SHORTEST)
    return float(np.median(roads.length[known] / drawn[known])) if known.any() else 1.0


def _links(roads: RoadNetwork, detail: Detail, xy: Floats, move: Callable[[Floats], Floats]) -> dict[str, Any]:
    """The table links, with the network's length, speed, lanes and capacity; straight where it draws no line."""
    import shapely

    account, tail, head, length = roads.account, roads.tail, roads.head, roads.length
    free, lanes = roads.free, np.clip(roads.lanes, 1, MOST_LANES)
    account.count("repaired", f"links of more than {MOST_LANES} lanes", int((roads.lanes > MOST_LANES).sum()))
    with np.errstate(divide="ignore"):
        speed = np.where(free > 0, length / free, np.inf)
    account.count("repaired", f"links faster than {FASTEST * KMH:.0f} km/h, made that", int((speed > FASTEST).sum()))
    account.count("repaired", f"links slower than {SLOWEST * KMH:.1f} km/h, made that", int((speed < SLOWEST).sum()))
    speed = np.clip(speed, SLOWEST, FASTEST)
    steady = roads.alpha * roads.beta == 0
    account.count("repaired", "capacities of links whose time does not depend on flow", int(steady.sum()))
    capacity = np.where(steady, LANE * lanes, np.maximum(roads.capacity, 4.0)) / 3600.0
    few = int((~steady & (roads.capacity < 4.0)).sum())
    account.count("repaired", "links of less than 4 veh/h, given that", few)
    guessed = np.select([speed * KMH >= 90, (speed * KMH >= 60) | (lanes > 1)], ["motorway", "primary"], "residential")
    plain = np.array([f"{roads.node_id[a]}-{roads.node_id[b]}" for a, b in zip(tail, head, strict=True)], object)
    middle = [move(line[1:-1]) if len(line) > 2 else line[:0] for line in detail.lines]
    straight = np.array([len(line) == 0 for line in detail.lines], bool)
    drawn = [np.concatenate([xy[[a]], points, xy[[b]]]) for a, points, b in zip(tail, middle, head, strict=True)]
    return {
        "tail": tail,
        "head": head,
        "length": length,
        "speed": speed,
        "lanes": lanes.astype(np.int16),
        "capacity": capacity,
        "car": detail.car,
        "bicycle": detail.bicycle,
        "walk": detail.walk,
        "road_class": np.where(detail.road_class != "", detail.road_class, guessed.astype(object)),
        "name": np.where(detail.name != "", detail.name, plain),
        "roundabout": detail.roundabout,
        "osm_id": detail.osm_id,
        "geometry": np.array([shapely.to_wkb(shapely.LineString(points)) for points in drawn], object),
        "rule": np.where(straight & (detail.rule == ""), "drawn straight", detail.rule),
        "origin": detail.origin,
    }


def _nodes(detail: Detail, xy: Floats, ends: Any) -> dict[str, Any]:
    kind = detail.kind.copy()
    kind[ends] = "gateway"
    return {"x": xy[:, 0], "y": xy[:, 1], "kind": kind, "origin": np.full(len(xy), "observed", object)}


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


def _drop_unreachable(roads: RoadNetwork, links: dict[str, Any], turns: dict[str, Any], folder: Path) -> None:
    """Leave out, count and name the trips that no way leads to. Raises InputError where no trip is left."""
    from twin.network import Network, banned

    rows = np.flatnonzero(links["car"])
    ends = links["tail"][rows], links["head"][rows]
    network = Network(len(roads.x), *ends, rows=rows, bans=banned(turns, rows))
    parts = len(np.unique(network.components()[np.unique(np.concatenate(ends))])) if len(rows) else 0
    if parts > 1:
        roads.account.notes.append(f"{parts} parts of the network are not mutually reachable by car")
    ones = np.ones(network.links, np.int64)
    lost = np.zeros(len(roads.trips), bool)
    for origin in np.unique(roads.origin).tolist():
        pairs = np.flatnonzero(roads.origin == origin)
        lost[pairs] = network.distances(ones, origin)[roads.destination[pairs]] < 0
    if not lost.any():
        return
    names = [
        f"{roads.node_id[a]} to {roads.node_id[b]}"
        for a, b in zip(roads.origin[lost][:NAMED], roads.destination[lost][:NAMED], strict=True)
    ]
    more = int(lost.sum()) - NAMED
    what = f"no way leads from {', '.join(names)}" + (f" and {more} more pairs" if more > 0 else "")
    if lost.all():
        remedy = "check the directions of its links, and which turns are banned"
        raise InputError(Fault(str(folder), what, "a network on which trips can be made", remedy))
    roads.account.count("dropped", "trips to nodes that cannot be reached", round(float(roads.trips[lost].sum())))
    roads.account.notes.append(what)
    roads.origin, roads.destination, roads.trips = (v[~lost] for v in (roads.origin, roads.destination, roads.trips))


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
    for kind in reversed(ROAD_CLASSES):  # the largest road at a node is the last that is written
        rows = (links["road_class"] == kind) & links["car"]
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


def _turns(links: dict[str, Any], first_through: int, detail: Detail) -> dict[str, Any]:
    """What the source bans, and every turn at a centroid."""
    into = {c: np.flatnonzero(links["head"] == c) for c in range(first_through)}
    out = {c: np.flatnonzero(links["tail"] == c) for c in range(first_through)}
    passed = np.array([(a, -1, b) for c in into for a in into[c] for b in out[c]], np.int64).reshape(-1, 3)
    rows = np.concatenate([detail.turns, passed])
    return {
        "from_link": rows[:, 0],
        "via": rows[:, 1],
        "to_link": rows[:, 2],
        "origin": np.repeat(np.array(["observed", "inferred"], object), [len(detail.turns), len(passed)]),
    }
