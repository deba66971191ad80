"""A SUMO network as it is, edge by edge: lanes, turns, signal programs; with the trips of its flows, if it has any.

`scenarios.areas.sumo` makes streets of a network for a place where people live: it joins and cleans. Here every edge that
somebody may use is one link, and what its connections do not allow is banned.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from scenarios.areas.account import Account
from scenarios.areas.opening import refuse
from scenarios.areas.road_network import BPR, Detail, Floats, Gathered, RoadNetwork, usable_length, usable_trips
from scenarios.areas.streets import CAPACITY_VEH_H, CLASS
from scenarios.areas.sumo import (
    ALLOWED,
    SIGNALS,
    elements,
    lane_users,
    points_of,
    projection,
    road_class_of,
    way_of,
)
from scenarios.areas.sumo_flows import looks_like_flows, read_flows
from scenarios.areas.sumo_programs import Program, signal_tables

PRIORITY = ("priority", "priority_stop")
FOLDER = "a folder with one SUMO network (.net.xml) and route files (.rou.xml) with flows or trips between edges"
MODES = ("car", "bicycle", "walk")
ASSUMPTIONS = {
    "sumo_roads.capacity": "SUMO states no capacity: 600-2,100 veh/h per lane by class of road, as where streets come from "
    "OpenStreetMap (assumption); 1,500 without a class",
    "sumo_roads.length": "an edge is as long as its line from the middle of one junction to that of the next, since a lane of "
    "SUMO ends where the junction begins",
    "sumo_roads.actuated": "an actuated signal runs the durations that its program states (assumption)",
    "sumo_roads.trips": "of a flow, the area keeps where it begins and ends, not its hours nor the edges on its way",
}


@dataclass
class _Edge:
    id: str
    tail: str
    head: str
    name: str
    road_class: str
    shape: Floats
    lanes: list[set[str]]  # who may use each
    speed: float = 0.0
    length: float = np.nan  # where it is stated; else as drawn

    def may(self, mode: str) -> bool:
        return any(mode in users for users in self.lanes)


@dataclass
class _Raw:
    edges: list[_Edge] = field(default_factory=list)
    places: dict[str, tuple[float, float]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    rings: set[str] = field(default_factory=set)
    location: dict[str, str] = field(default_factory=dict)
    connections: list[dict[str, str]] = field(default_factory=list)
    programs: dict[str, Program] = field(default_factory=dict)


def looks_like_sumo(folder: Path) -> bool:
    """Whether a folder holds one SUMO network and flows on it."""
    return len(_files(folder, "net")) == 1 and any(looks_like_flows(path) for path in _files(folder, "rou"))


def _files(folder: Path, ending: str) -> list[Path]:
    return sorted([*folder.glob(f"*.{ending}.xml"), *folder.glob(f"*.{ending}.xml.gz")])


def read_sumo_roads(path: str | Path) -> RoadNetwork:
    """The network in a file, or in a folder with its flows.

    Raises InputError where there is no network, or with every lane without a speed and every flow that cannot be.
    """
    path = Path(path)
    nets = _files(path, "net") if path.is_dir() else [path]
    if len(nets) != 1:
        raise refuse(path, f"holds {len(nets)} SUMO networks", FOLDER, "leave one in the folder")
    whose = "the publisher of the network; streets often © OpenStreetMap contributors (ODbL)"
    account = Account("SUMO network", nets[0].name, "as its publisher states", whose)
    raw, gathered = _Raw(), Gathered()
    for tag, item in elements(nets[0], "net", ALLOWED):
        try:
            _take(raw, tag, item, account)
        except ValueError as error:
            gathered.add(f"{nets[0].name}: {tag} {item.get('id')}", f"cannot be read ({error})", "numbers")
    if not raw.location:
        raise refuse(path, "is no SUMO network (no location)", ALLOWED, "check which file it is")
    _check(raw, nets[0], gathered, account)
    gathered.refuse()
    if not raw.edges:
        raise refuse(path, "holds no street for cars, bicycles or walking", ALLOWED, "check which file it is")
    network = _network(raw, nets[0], account)
    return _with_trips(network, [p for p in _files(path, "rou") if looks_like_flows(p)] if path.is_dir() else [])


def _take(raw: _Raw, tag: str, item: ET.Element, account: Account) -> None:
    if tag == "location":
        raw.location = dict(item.attrib)
    elif tag == "junction" and item.get("type") != "internal":
        raw.places[item.get("id", "")] = (float(item.get("x", "")), float(item.get("y", "")))
        raw.kinds[item.get("id", "")] = item.get("type", "")
    elif tag == "roundabout":
        raw.rings.update(item.get("edges", "").split())
    elif tag == "connection" and not item.get("from", ":").startswith(":"):
        raw.connections.append(dict(item.attrib))
    elif tag == "tlLogic":
        raw.programs.setdefault(item.get("id", ""), Program.of(item))  # the first program of several is the usual one
    elif tag == "edge" and item.get("function", "normal") in ("normal", "connector"):
        account.count("read", "directed edges")
        kind = item.get("type", "")
        edge = _Edge(
            *(item.get(name, "") for name in ("id", "from", "to", "name")),
            road_class_of(kind),
            points_of(item.get("shape", "")),
            [],
            length=float(item.get("length", "nan")),
        )
        for lane in item.iter("lane"):
            users = lane_users(lane)
            edge.lanes.append(users)
            if users and ("car" in users or not edge.may("car")):
                edge.speed = max(edge.speed, float(lane.get("speed", "nan")))
        if any(edge.lanes):
            raw.edges.append(edge)
        else:
            account.count("dropped", "edges that no car, bicycle or pedestrian may use")


def _check(raw: _Raw, file: Path, gathered: Gathered, account: Account) -> None:
    """A fault for each edge whose speed or length is none; edges without their junctions are dropped."""
    for edge in raw.edges:
        if not edge.speed > 0:
            gathered.add(f"{file.name}: edge {edge.id}", f"has a speed of {edge.speed:g} m/s", "more than 0")
        if edge.length < 0:
            gathered.add(f"{file.name}: edge {edge.id}", f"has a length of {edge.length:g} m", "0 or more")
    known = [e for e in raw.edges if e.tail in raw.places and e.head in raw.places]
    account.count("dropped", "edges without their junctions", len(raw.edges) - len(known))
    raw.edges = known


def _network(raw: _Raw, file: Path, account: Account) -> RoadNetwork:
    edges, names = raw.edges, sorted({j for e in raw.edges for j in (e.tail, e.head)})
    node = {name: k for k, name in enumerate(names)}
    row = {e.id: k for k, e in enumerate(edges)}
    crs, move = projection(raw.location, list(raw.places.values()), file, None, account)
    xy = move(np.array([raw.places[j] for j in names]))
    tail, head = (
        np.array([node[j] for j in ends], np.int32) for ends in ([e.tail for e in edges], [e.head for e in edges])
    )
    cars = np.array([sum("car" in users for users in e.lanes) for e in edges])
    per_lane = np.array([CAPACITY_VEH_H[CLASS[e.road_class or "unclassified"]] for e in edges])
    length = usable_length(np.array([_length(e, raw) for e in edges]), account)
    allowed = {(a, b) for a, b in _connected(raw, row)}
    signals, groups = signal_tables(raw.programs, raw.connections, row, head, cars > 0, account)
    lines = np.empty(len(edges), object)
    lines[:] = [move(e.shape) if len(e.shape) else e.shape for e in edges]
    n = len(edges)
    detail = Detail.plain(
        len(names),
        n,
        crs=crs,
        kind=_kinds(raw, names, edges),
        id=np.array([e.id for e in edges], object),
        name=np.array([e.name or e.id for e in edges], object),
        road_class=np.array([e.road_class for e in edges], object),
        **{mode: np.array([e.may(mode) for e in edges]) for mode in MODES},
        lines=lines,
        roundabout=np.array([e.id in raw.rings for e in edges]),
        osm_id=np.array([way_of(e.id) for e in edges], np.int64),
        turns=_banned(tail, head, cars > 0, allowed),
        signals=signals,
        groups=groups,
    )
    none = np.zeros(0, np.int32)
    lanes = np.maximum(cars, 1).astype(float)
    speed = np.array([e.speed for e in edges])
    account.count("read", "turns that no connection allows, banned", len(detail.turns))
    return RoadNetwork(
        *(file.name.split(".")[0], np.arange(len(names)), *xy.T, tail, head, length, length / speed),
        *(per_lane * lanes, lanes, *(np.full(n, float(v)) for v in BPR.values()), np.zeros(n), 0),
        *(none, none, np.zeros(0), 1.0, account, detail),
    )


def _length(edge: _Edge, raw: _Raw) -> float:
    """m as stated, else as drawn from the middle of one junction to that of the next."""
    if np.isfinite(edge.length):
        return edge.length
    points = np.array([raw.places[edge.tail], *edge.shape[1:-1], raw.places[edge.head]])
    return float(np.hypot(*np.diff(points, axis=0).T).sum())


def _connected(raw: _Raw, row: dict[str, int]) -> Iterator[tuple[int, int]]:
    """Rows of each two edges between lanes of which cars may go."""
    for c in raw.connections:
        a, b = row.get(c.get("from", ""), -1), row.get(c.get("to", ""), -1)
        if min(a, b) >= 0:
            lanes = raw.edges[a].lanes, raw.edges[b].lanes
            at = int(c.get("fromLane", "0")), int(c.get("toLane", "0"))
            if all(k < len(of) and "car" in of[k] for of, k in zip(lanes, at, strict=True)):
                yield a, b


def _banned(tail: Any, head: Any, car: Any, allowed: set[tuple[int, int]]) -> Any:
    """(from, -1, to) of every two links of cars that meet and are not connected."""
    leaving: dict[int, list[int]] = {}
    for link in np.flatnonzero(car).tolist():
        leaving.setdefault(int(tail[link]), []).append(link)
    pairs = [(a, -1, b) for a in np.flatnonzero(car).tolist() for b in leaving.get(int(head[a]), ())]
    return np.array([p for p in pairs if (p[0], p[2]) not in allowed], np.int64).reshape(-1, 3)


def _kinds(raw: _Raw, names: list[str], edges: list[_Edge]) -> Any:
    """Column `kind` of the nodes: signals, roundabouts, and junctions of three or more arms where some have priority."""
    arms: dict[str, set[str]] = {}
    ring = {j for e in edges if e.id in raw.rings for j in (e.tail, e.head)}
    for e in edges:
        if e.may("car"):
            arms.setdefault(e.tail, set()).add(e.head)
            arms.setdefault(e.head, set()).add(e.tail)
    out = []
    for j in names:
        kind = raw.kinds[j]
        crossing = len(arms.get(j, ())) > 2
        out.append(
            "signal"
            if kind in SIGNALS
            else "roundabout"
            if j in ring
            else "priority"
            if kind in PRIORITY and crossing
            else "plain"
        )
    return np.array(out, object)


def _with_trips(network: RoadNetwork, files: list[Path]) -> RoadNetwork:
    """The network with the vehicles of flows as trips between the nodes where they begin and end."""
    if not files:
        network.account.notes.append("has no flows: no trips")
        return network
    assert network.detail is not None
    row = {edge: k for k, edge in enumerate(network.detail.id.tolist())}
    flows = read_flows(files, row, network.detail.car, network.account)
    origin = np.array([network.tail[row[flow.edges[0]]] for flow in flows], np.int32)
    goal = np.array([network.head[row[flow.edges[-1]]] for flow in flows], np.int32)
    number = np.array([len(flow.departures) for flow in flows], float)
    network.origin, network.destination, network.trips = usable_trips(origin, goal, number, network.account)
    return network
