"""Reading an OpenStreetMap extract with pyosmium into plain arrays and dictionaries; no judgement of tags here."""

from __future__ import annotations

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
POI_KEYS = ("amenity", "shop", "office", "healthcare", "leisure", "tourism", "emergency", "craft")


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
    """What an extract holds, in degrees (WGS84). Points are (id, lon, lat, tags); areas (id, WKB, tags)."""

    ways: list[Way] = field(default_factory=list)
    signals: list[tuple[int, float, float, dict[str, str]]] = field(default_factory=list)
    points: list[tuple[int, float, float, dict[str, str]]] = field(default_factory=list)
    addresses: list[tuple[int, float, float, dict[str, str]]] = field(default_factory=list)
    buildings: list[tuple[int, bytes, dict[str, str]]] = field(default_factory=list)
    areas: list[tuple[int, bytes, dict[str, str]]] = field(default_factory=list)
    restrictions: list[Restriction] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)  # restrictions that are not for cars at all times
    missing_nodes: int = 0
    broken_areas: int = 0


def read_extract(path: str | Path) -> Extract:
    """Read a .osm.pbf, .osm, .osm.gz or .osm.xml.gz file. Raises InputError where it is absent or cut off."""
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

    out = Extract()
    try:
        objects = osmium.FileProcessor(str(path)).with_locations().with_areas(osmium.filter.KeyFilter(*KEYS))
        objects = objects.with_filter(osmium.filter.KeyFilter(*KEYS))
        factory = osmium.geom.WKBFactory()
        for item in objects:
            _take(out, item, factory)
    except (RuntimeError, OSError, ValueError, SystemError, EOFError) as error:
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
                "holds no roads",
                "at least one way with the tag highway",
                "take an extract that includes ways, with their nodes",
            )
        )
    return out


def _take(out: Extract, item: Any, factory: Any) -> None:
    tags = {t.k: t.v for t in item.tags}
    if item.is_node():
        spot = (item.id, item.lon, item.lat, tags)
        if tags.get("highway") == "traffic_signals":
            out.signals.append(spot)
        if "addr:housenumber" in tags:
            out.addresses.append(spot)
        if any(k in tags for k in POI_KEYS):
            out.points.append(spot)
    elif item.is_way():
        if "highway" in tags:
            _take_way(out, item, tags)
    elif item.is_relation():
        if tags.get("type", "").partition(":")[0] == "restriction":
            _take_restriction(out, item, tags)
    elif item.is_area() and any(k in tags for k in ("building", "landuse", *POI_KEYS)):
        _take_area(out, item, tags, factory)


def _take_way(out: Extract, way: Any, tags: dict[str, str]) -> None:
    """Split at nodes whose place is unknown: the extract was cut there."""
    part, broken = Way(way.id, tags, [], [], []), False
    for node in way.nodes:
        if node.location.valid():
            if broken:
                part.cut.append(node.ref)
                broken = False
            part.nodes.append(node.ref)
            part.lon.append(node.location.lon)
            part.lat.append(node.location.lat)
            continue
        out.missing_nodes += 1
        part.cut += part.nodes[-1:]
        if len(part.nodes) > 1:
            out.ways.append(part)
        part, broken = Way(way.id, tags, [], [], []), True
    if len(part.nodes) > 1:
        out.ways.append(part)


def _take_restriction(out: Extract, relation: Any, tags: dict[str, str]) -> None:
    found = read_restriction(relation.id, tags, [(m.type, m.role, m.ref) for m in relation.members])
    if isinstance(found, Restriction):
        out.restrictions.append(found)
    else:
        out.ignored[found] += 1


def _take_area(out: Extract, area: Any, tags: dict[str, str], factory: Any) -> None:
    try:
        shape = bytes.fromhex(factory.create_multipolygon(area))
    except RuntimeError:
        out.broken_areas += 1
        return
    row = (int(area.orig_id()), shape, tags)
    if tags.get("building", "no") != "no":
        out.buildings.append(row)
    elif "building:part" not in tags:
        out.areas.append(row)


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
    """EPSG:28992 in the Netherlands, else the UTM zone: ETRS89 in Europe, WGS84 elsewhere."""
    import shapely

    if shapely.contains_xy(shapely.Polygon(NETHERLANDS), lon, lat):
        return "EPSG:28992"
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
