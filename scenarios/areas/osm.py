"""Streets and buildings from an OpenStreetMap extract: the part that it covers completely."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from scenarios.areas import osm_buildings, osm_parking, osm_read, osm_streets
from scenarios.areas.account import Account
from scenarios.areas.ground import Ground, projector, reproject
from scenarios.areas.osm_frame import core_box, projected_system
from scenarios.areas.osm_restrictions import NOT_FOR_CARS
from twin.errors import Fault, InputError

MARGIN = 0.01  # degrees, some 1 km
SMALL_EXTRACT = 3_000.0  # m (assumption)


def read_ground(path: str | Path, boundary: Any = None) -> Ground:
    """Streets and buildings of an extract where it is complete.

    path     : .osm.pbf, .osm, .osm.gz or .osm.xml.gz
    boundary : polygon in WGS84 degrees that cuts the extract, as a municipality's; None: the whole extract
    Raises InputError with one clear reason: no file, cut off, no roads, nothing drivable, nothing inside the boundary.
    """
    extract = osm_read.read_extract(path, _around(boundary) if boundary is not None else None)
    crs, to_xy, outline = _frame(extract)
    account = Account("OpenStreetMap extract", Path(path).name, "ODbL-1.0", "© OpenStreetMap contributors")
    if boundary is not None:
        outline = _cut(outline, reproject(boundary, "EPSG:4326", crs), str(path))
    facts: dict[str, Any] = {"bounds_m": [round(v, 1) for v in outline.bounds]}
    net, facts["streets"], turns = osm_streets.osm_streets(extract, outline, to_xy)
    if not len(net.tail) or not len(net.marks.get("gateway", ())):
        raise InputError(
            Fault(
                str(path),
                "has no roads that cars can use, mutually reachable, where it is complete",
                "a connected street network",
                "take an extract that covers whole streets",
            )
        )
    stock = osm_buildings.read_stock(extract, outline, to_xy) if extract.buildings else None
    if stock is not None and not len(stock.shapes):
        stock = None
    lots = osm_parking.read_lots(extract, outline, to_xy)
    account.count("read", "car parks", len(lots["x"]))
    _tell(account, extract, stock, facts["streets"])
    if stock is not None:
        facts["buildings"] = stock.facts
    title = Path(path).name.split(".")[0].replace("_", " ").title()
    return Ground(crs, outline, net, "observed", stock, account, facts, title, turns=turns, lots=lots)


def _around(boundary: Any) -> osm_read.Box:
    """The bounds of a boundary with a margin, in degrees: streets are followed a little beyond it."""
    west, south, east, north = boundary.bounds
    return west - MARGIN, south - MARGIN, east + MARGIN, north + MARGIN


def _tell(account: Account, extract: osm_read.Extract, stock: Any, cleaned: dict[str, Any]) -> None:
    account.count("read", "ways for traffic", len(extract.ways))
    account.count("read", "buildings", len(extract.buildings))
    account.count("read", "points of interest", len(extract.points))
    account.count("read", "addresses", len(extract.addresses))
    known = sum(extract.dropped[why] for why in NOT_FOR_CARS)
    account.count("read", "turn restrictions", len(extract.restrictions) + known)
    for what, number in sorted(extract.repaired.items()):
        account.count("repaired", what, number)
    for what, number in sorted(extract.dropped.items()):
        account.count("dropped", what, number)
    account.count("repaired", "short edges merged into a junction", cleaned["short_edges_merged"])
    if cleaned["dead_ends_kept"]:
        account.notes.append(f"{cleaned['dead_ends_kept']:,} dead ends are kept")
    account.count("repaired", "links along the border between parts of the network", cleaned["outside_links"])
    if stock is not None:
        account.count("dropped", "buildings outside the area", stock.facts["outside"])
        account.count("dropped", "buildings with the outline of another", stock.facts["doubled"])
        account.count("dropped", "outlines under 1 m2 or over 1 km2", stock.facts["unfit"])
        account.count("repaired", "numbers of storeys that cannot be", stock.facts["implausible_levels"])
    for mode, ways in cleaned["ways_dropped"].items():
        account.count("dropped", f"ways for {mode} that no way leads to", len(ways))
    account.count("dropped", "turn restrictions where cars cannot go anyway", cleaned["turns"].get("needless", 0))
    account.count("dropped", "turn restrictions outside the area", cleaned["turns"].get("outside", 0))
    account.count("dropped", "bans of a turn that would cut a place off", cleaned["turns"].get("cut_off", 0))
    account.count("unplaced", "turn restrictions", cleaned["turns"].get("unplaced", 0))
    account.count("unplaced", "signal posts without a junction", cleaned["signal_posts_unmatched"])


def _cut(outline: Any, boundary: Any, path: str) -> Any:
    import shapely

    inside = shapely.intersection(outline, boundary)
    if shapely.area(inside) < 1e4:
        raise InputError(
            Fault(
                path,
                "covers nothing of the municipality",
                "an extract that overlaps its boundary",
                "take the extract of the right region, or leave out --municipality",
            )
        )
    return inside


def _frame(extract: osm_read.Extract) -> tuple[str, Any, Any]:
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
    crs = projected_system(float(np.median(lon)), float(np.median(lat)))
    to_xy = projector(crs)
    x, y = to_xy(lon, lat)
    return crs, to_xy, shapely.box(*core_box(x, y, cell, least, margin))
