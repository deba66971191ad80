"""Reading an OpenStreetMap extract with pyosmium into plain arrays and dictionaries; no judgement of tags here."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scenarios.areas.osm_restrictions import Restriction, read_restriction
from twin.errors import Fault, InputError

SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.xml", ".osm.xml.gz", ".xml.gz", ".osm.bz2")
KEYS = (
    "highway",
    "building",
    "amenity",
    "shop",
    "office",
    "healthcare",
    "leisure",
    "tourism",
    "emergency",
    "landuse",
    "addr:housenumber",
    "craft",
    "type",  # of relations: turn restrictions
)
BELOW = (
    "a number below zero"  # as editors give to what OpenStreetMap does not yet hold; libosmium finds no places by it
)
DISORDER = ("out of order", "twice in input", BELOW)  # what libosmium, or we, say of files that must be rewritten first
NEW = 2**41  # what is added to a number below zero, turned round: OpenStreetMap is far from it
STEP = (
    0.2  # degrees between neighbouring nodes of a way, some 20 km, beyond which one of them is misplaced (assumption)
)
FAR = 0.2  # degrees, some 15-20 km: no street or outline that begins farther off matters (assumption)
Box = tuple[float, float, float, float]
POI_KEYS = ("amenity", "shop", "office", "healthcare", "leisure", "tourism", "emergency", "craft")
AREA_KEYS = ("building", "landuse", *POI_KEYS)


@dataclass
class Way:
    """One highway way, or the part of it between nodes that the extract lacks."""

    id: int
    tags: dict[str, str]
    nodes: list[int]
    lon: list[float]
    lat: list[float]
    cut: list[int] = field(default_factory=list)  # ends beyond which the extract lacks nodes


@dataclass
class Extract:
    """What an extract holds, in degrees (WGS84). Points are (id, lon, lat, tags); areas (id, WKB, tags).

    repaired, dropped : what was mended or left out, in words, and how often
    """

    ways: list[Way] = field(default_factory=list)
    signals: list[tuple[int, float, float, dict[str, str]]] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)  # nodes that are mini-roundabouts
    points: list[tuple[int, float, float, dict[str, str]]] = field(default_factory=list)
    addresses: list[tuple[int, float, float, dict[str, str]]] = field(default_factory=list)
    buildings: list[tuple[int, bytes, dict[str, str]]] = field(default_factory=list)
    areas: list[tuple[int, bytes, dict[str, str]]] = field(default_factory=list)
    restrictions: list[Restriction] = field(default_factory=list)
    repaired: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)


def read_extract(path: str | Path, bounds: Box | None = None) -> Extract:
    """Read a .osm.pbf, .osm, .osm.gz or .osm.xml.gz file.

    bounds : west, south, east, north in degrees; what lies outside is left out at once
    Objects out of order are sorted, and one given twice is taken once. Raises InputError where the file is absent, cut
    off or holds no roads.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            Fault(str(path), "no such file", "an OpenStreetMap extract: " + ", ".join(SUFFIXES), "check the path")
        )
    if not path.name.endswith(SUFFIXES):
        raise InputError(
            Fault(
                str(path),
                "not the name of an OpenStreetMap extract",
                ", ".join(SUFFIXES),
                "give the file its usual ending",
            )
        )
    import osmium

    try:
        try:
            out = _read(path, bounds)
        except RuntimeError as error:
            if not any(word in str(error) for word in DISORDER):
                raise
            out = _read_sorted(path, bounds)
    except (RuntimeError, OSError, ValueError, SystemError, EOFError, osmium.InvalidLocationError) as error:
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            Fault(
                str(path),
                f"cannot be read as an OpenStreetMap extract ({what})",
                "a whole file, not cut off",
                "fetch the file again and compare its size",
            )
        ) from error
    if not out.ways:
        raise InputError(
            Fault(
                str(path),
                "holds no roads" + (" in the municipality" if bounds else ""),
                "at least one way with the tag highway",
                "take an extract that includes ways, with their nodes" + (", of the right region" if bounds else ""),
            )
        )
    return out


def _read(path: Path, bounds: Box | None) -> Extract:
    import osmium

    out, reader = Extract(), _Reader(bounds)
    objects = osmium.FileProcessor(str(path)).with_locations().with_areas(osmium.filter.KeyFilter(*KEYS))
    for item in objects.with_filter(osmium.filter.KeyFilter(*KEYS)):
        reader.take(out, item)
    out.dropped["broken outlines"] += len(reader.relations)
    if reader.outlines:
        ways = osmium.FileProcessor(str(path)).with_locations().with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
        for way in ways.with_filter(osmium.filter.KeyFilter("building")):
            if way.id in reader.outlines:
                _mend(out, way)
    return out


def _read_sorted(path: Path, bounds: Box | None) -> Extract:
    """As `_read`, of a copy in the usual order; of an object that is given several times the newest is kept."""
    import osmium

    with tempfile.TemporaryDirectory() as folder:
        numbered, copy = Path(folder, "numbered.osm.pbf"), Path(folder, "sorted.osm.pbf")
        given, below = _renumber(path, numbered)
        objects = osmium.MergeInputReader()
        objects.add_file(str(numbered))
        with osmium.SimpleWriter(str(copy)) as writer:
            objects.apply(writer, simplify=True)
        kept = sum(1 for _ in osmium.FileProcessor(str(copy)))
        out = _read(copy, bounds)
    out.repaired["objects in another order, or with a number below zero"] = below or given
    out.dropped["objects given twice"] += given - kept
    return out


def _renumber(path: Path, copy: Path) -> tuple[int, int]:
    """Write a copy without numbers below zero; the number of objects, and of those that had such a number."""
    import osmium

    given = below = 0

    def above(number: int) -> int:
        return number if number >= 0 else NEW - number

    with osmium.SimpleWriter(str(copy)) as writer:
        for item in osmium.FileProcessor(str(path)):
            given, below = given + 1, below + (item.id < 0)
            if item.is_node():
                writer.add_node(item.replace(id=above(item.id)))
            elif item.is_way():
                writer.add_way(item.replace(id=above(item.id), nodes=[above(n.ref) for n in item.nodes]))
            else:
                found = [(m.type, above(m.ref), m.role) for m in item.members]
                writer.add_relation(item.replace(id=above(item.id), members=found))
    return given, below


class _Reader:
    """Takes objects into an extract, one after the other."""

    def __init__(self, bounds: Box | None) -> None:
        import osmium

        self.bounds, self.factory = bounds, osmium.geom.WKBFactory()
        self.last = ("", 0)
        self.outlines: set[int] = set()  # buildings of which no area was made yet
        self.relations: set[int] = set()

    def take(self, out: Extract, item: Any) -> None:
        """Take one object, unless it lies outside or was the last one already."""
        if item.id < 0:
            raise RuntimeError(BELOW)
        this = (item.type_str(), item.id)
        if this == self.last:
            out.dropped["objects given twice"] += 1
            return
        self.last = this
        if item.is_node():
            self._take_node(out, item)
        elif item.is_relation():
            kind = item.tags.get("type", "")
            if kind.partition(":")[0] == "restriction":
                _take_restriction(out, item)
            elif kind == "multipolygon" and "building" in item.tags and self.bounds is None:
                self.relations.add(item.id)
        elif item.is_way():
            if "building" in item.tags and self._inside(item.nodes):
                self.outlines.add(item.id)
            if "highway" in item.tags and self._inside(item.nodes):
                _take_way(out, item, {t.k: t.v for t in item.tags})
        elif any(k in item.tags for k in AREA_KEYS) and any(self._inside(ring) for ring in item.outer_rings()):
            (self.outlines if item.from_way() else self.relations).discard(item.orig_id())
            _take_area(out, item, {t.k: t.v for t in item.tags}, self.factory)

    def _inside(self, nodes: Any) -> bool:
        """Whether a node lies within the bounds; not asked of each node of what begins far away."""
        if self.bounds is None:
            return True
        west, south, east, north = self.bounds
        first = next((node.location for node in nodes if node.location.valid()), None)
        if first is None or not (west - FAR <= first.lon <= east + FAR and south - FAR <= first.lat <= north + FAR):
            return False
        places = (node.location for node in nodes)
        return any(at.valid() and west <= at.lon <= east and south <= at.lat <= north for at in places)

    def _take_node(self, out: Extract, item: Any) -> None:
        place = item.location
        if not placed(place):
            out.dropped["points without a place on earth"] += 1
            return
        if self.bounds is not None:
            west, south, east, north = self.bounds
            if not (west <= place.lon <= east and south <= place.lat <= north):
                return
        tags = {t.k: t.v for t in item.tags}
        spot = (item.id, place.lon, place.lat, tags)
        if tags.get("highway") == "traffic_signals":
            out.signals.append(spot)
        if tags.get("highway") == "mini_roundabout":
            out.rounds.append(item.id)
        if "addr:housenumber" in tags:
            out.addresses.append(spot)
        if any(k in tags for k in POI_KEYS):
            out.points.append(spot)


def placed(location: Any) -> bool:
    """Whether a location is on earth and not at 0/0, where programs put what they do not know."""
    return bool(location.valid()) and (location.lon != 0.0 or location.lat != 0.0)


def _take_way(out: Extract, way: Any, tags: dict[str, str]) -> None:
    """Split at nodes whose place is unknown or cannot be: the extract was cut there, or a node was misplaced."""
    parts, known = [Way(way.id, tags, [], [], [])], True
    for node in way.nodes:
        part, at = parts[-1], node.location
        if node.ref < 0:
            raise RuntimeError(BELOW)
        if node.ref in part.nodes[-1:]:
            continue
        lost = not placed(at)
        if lost or (part.nodes and _apart(part, at)):
            out.repaired["nodes that the extract lacks or misplaces, ways cut there"] += 1
            part.cut += part.nodes[-1:]
            parts.append(Way(way.id, tags, [], [], []))
            part, known = parts[-1], False
        if lost:
            continue
        if not known:
            part.cut.append(node.ref)
            known = True
        part.nodes.append(node.ref)
        part.lon.append(at.lon)
        part.lat.append(at.lat)
    kept = [part for part in parts if len(part.nodes) > 1]
    out.ways += kept
    out.dropped["ways for traffic without two nodes in a row"] += not kept


def _apart(part: Way, at: Any) -> bool:
    east, north = abs(at.lon - part.lon[-1]), abs(at.lat - part.lat[-1])
    return north > STEP or min(east, 360.0 - east) * math.cos(math.radians(at.lat)) > STEP


def _take_restriction(out: Extract, relation: Any) -> None:
    tags = {t.k: t.v for t in relation.tags}
    found = read_restriction(relation.id, tags, [(m.type, m.role, m.ref) for m in relation.members])
    if isinstance(found, Restriction):
        out.restrictions.append(found)
    else:
        out.dropped[found] += 1


def _take_area(out: Extract, area: Any, tags: dict[str, str], factory: Any) -> None:
    try:
        shape = bytes.fromhex(factory.create_multipolygon(area))
    except RuntimeError:
        out.dropped["broken outlines"] += 1
        return
    row = (int(area.orig_id()), shape, tags)
    if tags.get("building", "no") != "no":
        out.buildings.append(row)
    elif "building:part" not in tags:
        out.areas.append(row)


def _mend(out: Extract, way: Any) -> None:
    """A building whose outline crosses itself or is open: as its outline can be understood, or dropped."""
    import shapely

    if any(node.ref < 0 for node in way.nodes):
        raise RuntimeError(BELOW)
    places = [node.location for node in way.nodes]
    shape = shapely.Polygon()
    if len({(at.x, at.y) for at in places}) >= 3 and all(placed(at) for at in places):
        shape = shapely.make_valid(shapely.Polygon([(at.lon, at.lat) for at in places]))
        shape = shapely.union_all([part for part in shapely.get_parts(shape) if shapely.area(part) > 0])
    if not shapely.area(shape):
        out.dropped["broken outlines"] += 1
        return
    out.repaired["outlines of buildings that cross themselves or are open"] += 1
    tags = {t.k: t.v for t in way.tags}
    if tags["building"] != "no":
        out.buildings.append((way.id, shapely.to_wkb(shape), tags))
