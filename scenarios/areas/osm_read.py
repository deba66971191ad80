"""Reading an OpenStreetMap extract with pyosmium into plain arrays and dictionaries; no judgement of tags here."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

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
DISORDER = ("out of order", "twice in input")  # what libosmium says of files that are not sorted
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

    objects = osmium.MergeInputReader()
    objects.add_file(str(path))
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "sorted.osm.pbf")
        writer = osmium.SimpleWriter(str(copy))
        objects.apply(writer, simplify=True)
        writer.close()
        out = _read(copy, bounds)
        given, kept = (sum(1 for _ in osmium.FileProcessor(str(file))) for file in (path, copy))
    out.repaired["file out of order, sorted"] = 1
    out.dropped["objects given twice"] += given - kept
    return out


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
        if "addr:housenumber" in tags:
            out.addresses.append(spot)
        if any(k in tags for k in POI_KEYS):
            out.points.append(spot)


def placed(location: Any) -> bool:
    """Whether a location is on earth and not at 0/0, where programs put what they do not know."""
    return bool(location.valid()) and (location.lon != 0.0 or location.lat != 0.0)


def _take_way(out: Extract, way: Any, tags: dict[str, str]) -> None:
    """Split at nodes whose place is unknown: the extract was cut there."""
    part, broken, before = Way(way.id, tags, [], [], []), False, len(out.ways)
    for node in way.nodes:
        if part.nodes and node.ref == part.nodes[-1]:
            continue
        if placed(node.location):
            if broken:
                part.cut.append(node.ref)
                broken = False
            part.nodes.append(node.ref)
            part.lon.append(node.location.lon)
            part.lat.append(node.location.lat)
            continue
        out.repaired["nodes that the extract lacks, ways cut there"] += 1
        part.cut += part.nodes[-1:]
        if len(part.nodes) > 1:
            out.ways.append(part)
        part, broken = Way(way.id, tags, [], [], []), True
    if len(part.nodes) > 1:
        out.ways.append(part)
    if len(out.ways) == before:
        out.dropped["ways for traffic without two nodes in a row"] += 1


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


# a rough outline of the Netherlands in degrees, enough to choose a projected system
NETHERLANDS = (
    (3.30, 51.30),
    (4.30, 51.35),
    (5.05, 51.40),
    (5.60, 51.20),
    (5.55, 50.83),
    (5.70, 50.74),
    (6.03, 50.72),
    (6.10, 50.92),
    (5.90, 51.05),
    (6.25, 51.45),
    (6.00, 51.80),
    (6.85, 51.90),
    (7.10, 52.25),
    (7.08, 52.70),
    (7.25, 53.20),
    (6.90, 53.65),
    (5.00, 53.55),
    (4.60, 53.15),
    (4.35, 52.30),
    (3.60, 51.85),
    (3.30, 51.50),
)


def projected_system(lon: float, lat: float) -> str:
    """EPSG:28992 in the Netherlands, else the UTM zone: ETRS89 in Europe, WGS84 elsewhere; polar beyond."""
    import shapely

    if shapely.contains_xy(shapely.Polygon(NETHERLANDS), lon, lat):
        return "EPSG:28992"
    if not -80 <= lat <= 84:
        return "EPSG:32661" if lat > 0 else "EPSG:32761"
    zone = min(int((lon + 180) // 6) + 1, 60)
    if 28 <= zone <= 38 and 34 < lat < 84:
        return f"EPSG:{25800 + zone}"
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


def core_box(x: Any, y: Any, cell: float, least: int, margin: float) -> tuple[float, float, float, float]:
    """Bounds of the cells of `cell` metres that hold at least `least` of the points, and a margin.

    Extracts keep roads whole where they leave, so the bounds of all data are no guide; single strays fall away here.
    """
    i, j = np.floor(np.asarray(x) / cell).astype(np.int64), np.floor(np.asarray(y) / cell).astype(np.int64)
    _, which, count = np.unique(np.stack([i, j], 1), axis=0, return_inverse=True, return_counts=True)
    dense = count[which.ravel()] >= min(least, count.max())
    x, y = np.asarray(x)[dense], np.asarray(y)[dense]
    return float(x.min() - margin), float(y.min() - margin), float(x.max() + margin), float(y.max() + margin)
