"""Streets from a SUMO network (.net.xml): edges, lanes and who may use them, junctions, signals and roundabouts."""

from __future__ import annotations

import gzip
import re
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from scenarios.areas.account import Account
from scenarios.areas.cleaning import clean
from scenarios.areas.opening import AGAIN, refuse
from scenarios.areas.osm_frame import projected_system
from scenarios.areas.streets import (
    BIKE_B,
    BIKE_F,
    CAR_B,
    CAR_F,
    CLASS,
    LANES,
    ROUND,
    SAID_LANES,
    SAID_SPEED,
    SPEED_KMH,
    WALK,
    Floats,
    Streets,
    split_loops,
)

ALLOWED = "a SUMO network (.net.xml or .net.xml.gz) with a projection"
CAR_CLASSES = {"passenger", "private"}
OTHER_NAMES = {"stairs": "steps", "step": "steps", "bridleway": "path", "unsurfaced": "track", "corridor": "footway"}
SIGNALS = ("traffic_light", "traffic_light_unregulated", "traffic_light_right_on_red")
LENGTH_SHARE = 0.2  # by which the two directions of one street may differ in length (assumption)

ASSUMPTIONS = {
    "sumo.service": "service roads that the network opens to deliveries only are open to cars (assumption: they serve "
    "parking and yards; SUMO's import of OpenStreetMap closes them to passengers)",
    "sumo.class": "a street without a type of OpenStreetMap is a motorway from 90 km/h, primary from 60 km/h or two "
    "lanes, else residential; without cars a cycleway or footway (assumption)",
}


@dataclass
class Net:
    """Cleaned streets of a network, in the projected system `crs`, with facts of the cleaning and the account."""

    streets: Streets
    crs: str
    facts: dict[str, Any]
    account: Account


@dataclass
class _Edge:
    """One directed edge; modes as flags of the forward direction."""

    id: str
    tail: str
    head: str
    name: str
    kind: str
    shape: Floats  # (points, 2), ends included; without points where it is straight
    flags: int = 0
    lanes: int = 0
    speed: float = 0.0


@dataclass
class _Raw:
    edges: list[_Edge] = field(default_factory=list)
    places: dict[str, tuple[float, float]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)  # of junctions
    rings: set[str] = field(default_factory=set)
    location: dict[str, str] = field(default_factory=dict)


def read_net(path: str | Path, crs: str | None = None) -> Net:
    """The streets of a network, cleaned as those of OpenStreetMap are.

    crs : projected system wanted; the usual one of the place if absent. Raises InputError where the file is cut off, is
    no SUMO network, has no projection or no streets.
    """
    path = Path(path)
    whose = "the publisher of the network; streets often © OpenStreetMap contributors (ODbL)"
    account = Account("SUMO network", path.name, "as its publisher states", whose)
    raw = _Raw()
    for tag, item in elements(path, "net", ALLOWED):
        try:
            _take(raw, tag, item, account)
        except ValueError as error:
            where = f"{path}: {tag} {item.get('id')}"
            raise refuse(
                where, f"cannot be read ({error})", "numbers as SUMO writes them", "build the network again"
            ) from error
    if not raw.location:
        raise refuse(path, "is no SUMO network (no location)", ALLOWED, "check which file it is")
    edges = [e for e in raw.edges if e.tail in raw.places and e.head in raw.places]
    account.count("dropped", "edges without their junctions", len(raw.edges) - len(edges))
    if not edges:
        raise refuse(path, "holds no street for cars, bicycles or walking", ALLOWED, "check which file it is")
    crs, move = projection(raw.location, list(raw.places.values()), path, crs, account)
    streets = _streets(edges, raw, move, account)
    streets, facts = clean(streets, _signals)
    for mode, share in facts["largest_component_share_joined"].items():
        if share < 1.0:
            account.notes.append(f"{1.0 - share:.1%} of the junctions by {mode} are left out: not mutually reachable")
    for mark in ("signal", "roundabout", "gateway"):
        account.count("read", f"nodes with mark {mark}", len(streets.marks[mark]))
    return Net(streets, crs, facts, account)


def elements(path: Path, root_tag: str, allowed: str) -> Iterator[tuple[str, ET.Element]]:
    """Each complete child of the root, forgotten once it is used.

    Raises InputError where the file breaks off or its root is not `root_tag`.
    """
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as stream:  # type: ignore[attr-defined]
            depth, root = 0, None
            for event, item in ET.iterparse(stream, events=("start", "end")):
                if event == "start":
                    root = item if root is None else root
                    depth += 1
                    if depth == 1 and item.tag != root_tag:
                        raise refuse(path, f"is XML of {item.tag!r}", allowed, "check which file it is")
                    continue
                depth -= 1
                if depth == 1 and root is not None:
                    yield item.tag, item
                    root.clear()
    except (OSError, EOFError, zlib.error, ET.ParseError) as error:
        raise refuse(path, f"cannot be read ({error})", allowed, AGAIN) from error


def _take(raw: _Raw, tag: str, item: ET.Element, account: Account) -> None:
    if tag == "location":
        raw.location = dict(item.attrib)
    elif tag == "junction" and item.get("type") != "internal":
        raw.places[item.get("id", "")] = (float(item.get("x", "")), float(item.get("y", "")))
        raw.kinds[item.get("id", "")] = item.get("type", "")
    elif tag == "roundabout":
        raw.rings.update(item.get("edges", "").split())
        account.count("read", "roundabouts")
    elif tag == "edge" and item.get("function", "normal") in ("normal", "connector"):
        account.count("read", "directed edges")
        edge = _edge(item, account)
        if edge.flags:
            raw.edges.append(edge)
        else:
            account.count("dropped", "edges that no car, bicycle or pedestrian may use")


def _edge(item: ET.Element, account: Account) -> _Edge:
    """One directed edge with what its lanes allow together."""
    edge = _Edge(
        item.get("id", ""),
        item.get("from", ""),
        item.get("to", ""),
        item.get("name", ""),
        road_class_of(item.get("type", "")),
        points_of(item.get("shape", "")),
    )
    fastest = 0.0
    for lane in item.iter("lane"):
        allowed = _allowed(lane, edge, account)
        edge.flags |= (CAR_F * ("car" in allowed)) | (BIKE_F * ("bicycle" in allowed)) | (WALK * ("walk" in allowed))
        speed = float(lane.get("speed", "0"))
        fastest = max(fastest, speed)
        if "car" in allowed:
            edge.lanes += 1
            edge.speed = max(edge.speed, speed)
    edge.speed = edge.speed or fastest
    if edge.flags and not 0.0 < edge.speed < np.inf:
        account.count("repaired", "edges without a speed, given that of their class")
        edge.speed = float(SPEED_KMH[CLASS[edge.kind or "residential"]]) / 3.6
    return edge


def road_class_of(kind: str) -> str:
    """The road class in a type as "highway.primary_link" or "cycleway.lane|highway.residential"; "" if none."""
    part = next((p for p in kind.split("|") if p.startswith("highway.")), "").removeprefix("highway.")
    part = OTHER_NAMES.get(part.removesuffix("_link"), part.removesuffix("_link"))
    return part if part in CLASS else ""


def _allowed(lane: ET.Element, edge: _Edge, account: Account) -> set[str]:
    """Who may use a lane of a street where people live: deliveries stand for cars on service roads."""
    out = lane_users(lane)
    if "car" not in out and edge.kind in ("service", "track") and _may(lane, "delivery"):
        account.count("repaired", "lanes of service roads open to deliveries only, opened to cars")
        out.add("car")
    return out


def lane_users(lane: ET.Element) -> set[str]:
    """Who may use a lane, among car, bicycle and walk."""
    out = {mode for mode, name in (("bicycle", "bicycle"), ("walk", "pedestrian")) if _may(lane, name)}
    return out | {"car"} if any(_may(lane, c) for c in CAR_CLASSES) else out


def _may(lane: ET.Element, name: str) -> bool:
    """SUMO: `allow` lists classes, `disallow` all but those; without either all may."""
    allow, disallow = lane.get("allow"), lane.get("disallow")
    if disallow == "all":
        return False
    if (allow is None and disallow is None) or allow == "all" or disallow == "none":
        return True
    listed = (allow or disallow or "").split()
    return (name in listed) if allow is not None else (name not in listed)


def projection(
    location: Mapping[str, str], places: Sequence[Any], path: Path, crs: str | None, account: Account
) -> tuple[str, Any]:
    """The system wanted, and a function of the network's (x, y) into it: netOffset taken off, then projected."""
    import pyproj

    stated = location.get("projParameter", "!")
    try:
        dx, dy = (float(v) for v in location.get("netOffset", "0,0").split(","))
        source = pyproj.CRS.from_user_input(stated)
    except (ValueError, pyproj.exceptions.CRSError) as error:
        raise refuse(
            path,
            f"has no projection that is known (projParameter {stated!r})",
            "a network made with a projection, as netconvert does from OpenStreetMap",
            "build the network again with --proj.utm",
        ) from error
    points = np.array(places)
    to_degrees = pyproj.Transformer.from_crs(source, "EPSG:4326", always_xy=True).transform
    lon, lat = to_degrees(float(np.median(points[:, 0])) - dx, float(np.median(points[:, 1])) - dy)
    crs = crs or projected_system(lon, lat)
    project = pyproj.Transformer.from_crs(source, crs, always_xy=True).transform
    account.notes.append(f"placed at {lat:.4f} north, {lon:.4f} east, in {crs}")

    def move(xy: Floats) -> Floats:
        return np.stack(project(xy[:, 0] - dx, xy[:, 1] - dy), 1)

    return crs, move


def _streets(edges: list[_Edge], raw: _Raw, move: Any, account: Account) -> Streets:
    """Undirected streets: two edges against each other of one name and class and like length become one."""
    used = sorted({j for e in edges for j in (e.tail, e.head)})
    row = {j: k for k, j in enumerate(used)}
    xy = move(np.array([raw.places[j] for j in used]))
    pairs = _pair(edges, raw)
    account.count("read", "streets", len(pairs))
    unclassed = sum(not e.kind for e, _ in pairs)
    account.count("repaired", "streets without a class of road, told from speed and lanes", unclassed)
    lines = []
    for e, _ in pairs:
        middle = e.shape[1:-1]
        ends = xy[[row[e.tail], row[e.head]]]
        lines.append(np.concatenate([ends[:1], move(middle), ends[1:]]) if len(middle) else ends)
    classes = np.array([CLASS[e.kind or _guess(e, back)] for e, back in pairs], np.int64)
    lanes = LANES[classes].astype(np.int64)
    flags = [_both(e, back) | (ROUND * (e.id in raw.rings)) for e, back in pairs]
    streets = Streets(
        xy[:, 0].copy(),
        xy[:, 1].copy(),
        np.zeros(len(used), np.int64),
        np.array([row[e.tail] for e, _ in pairs], np.int64),
        np.array([row[e.head] for e, _ in pairs], np.int64),
        lines,
        classes,
        np.array([e.name for e, _ in pairs], object),
        np.array([way_of(e.id) for e, _ in pairs], np.int64),
        np.array([max(e.speed, back.speed if back else 0.0) for e, back in pairs]),
        np.array([e.lanes for e, _ in pairs]) + lanes * np.array([e.lanes == 0 for e, _ in pairs]),
        np.array([back.lanes if back else 0 for _, back in pairs])
        + lanes * np.array([not (b and b.lanes) for _, b in pairs]),
        np.array(flags, np.int64),
        {
            "border": np.array([row[j] for j in _cut_off(edges)], np.int64),
            "signal": np.array([row[j] for j in used if raw.kinds[j] in SIGNALS], np.int64),
        },
        stated=np.full(len(pairs), SAID_SPEED | SAID_LANES),
    )
    return split_loops(streets)


def _cut_off(edges: list[_Edge]) -> list[str]:
    """Junctions at which a main road ends, seen from one neighbour only: there the network was cut off."""
    neighbours: dict[str, set[str]] = {}
    main: set[str] = set()
    for e in edges:
        neighbours.setdefault(e.tail, set()).add(e.head)
        neighbours.setdefault(e.head, set()).add(e.tail)
        if e.flags & CAR_F and CLASS[e.kind or "residential"] <= CLASS["tertiary"]:
            main |= {e.tail, e.head}
    return sorted(j for j in main if len(neighbours[j]) == 1)


def _pair(edges: list[_Edge], raw: _Raw) -> list[tuple[_Edge, _Edge | None]]:
    """Each street once: the edge ahead, and the one back where there is one."""
    waiting: dict[tuple[str, str, str, str], list[_Edge]] = {}
    order = sorted(edges, key=lambda e: (e.id.startswith("-"), e.id))
    back_of: dict[str, _Edge] = {}
    taken: set[str] = set()
    for e in order:
        waiting.setdefault((e.tail, e.head, e.name, e.kind), []).append(e)
    for e in order:
        if e.id in taken:
            continue
        for other in waiting.get((e.head, e.tail, e.name, e.kind), []):
            a, b = _length(e, raw), _length(other, raw)
            if other.id != e.id and other.id not in taken and abs(a - b) <= LENGTH_SHARE * max(a, b):
                back_of[e.id] = other
                taken |= {e.id, other.id}
                break
    backs = {b.id for b in back_of.values()}
    return [(e, back_of.get(e.id)) for e in order if e.id not in backs]


def _length(edge: _Edge, raw: _Raw) -> float:
    points = np.array([raw.places[edge.tail], *edge.shape[1:-1], raw.places[edge.head]])
    return float(np.hypot(*np.diff(points, axis=0).T).sum())


def points_of(shape: str) -> Floats:
    """Points of a shape "x,y x,y,z ...", shape (points, 2)."""
    return np.array([[float(v) for v in p.split(",")[:2]] for p in shape.split()]).reshape(-1, 2)


def _both(ahead: _Edge, back: _Edge | None) -> int:
    """Flags of a street. People walk both ways wherever either side lets them."""
    flags = ahead.flags
    if back:
        flags |= (back.flags & WALK) | (CAR_B * bool(back.flags & CAR_F)) | (BIKE_B * bool(back.flags & BIKE_F))
    return flags


def _guess(ahead: _Edge, back: _Edge | None) -> str:
    """The class of a street whose type is none of OpenStreetMap (see ASSUMPTIONS)."""
    flags = _both(ahead, back)
    if not flags & (CAR_F | CAR_B):
        return "cycleway" if flags & (BIKE_F | BIKE_B) else "footway"
    if ahead.speed * 3.6 >= 90:
        return "motorway"
    return "primary" if ahead.speed * 3.6 >= 60 or ahead.lanes > 1 else "residential"


def way_of(edge: str) -> int:
    """The OpenStreetMap way in an id as "-100622984#0"; 0 where it is none."""
    found = re.fullmatch(r"-?(\d{1,18})(?:#\d+(?:-\w+)?)?", edge)
    return int(found[1]) if found else 0


def _signals(streets: Streets) -> tuple[Streets, dict[str, int]]:
    """The network says which junctions have signals: nothing to look for."""
    return streets, {}
