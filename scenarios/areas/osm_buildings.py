"""Buildings and points of interest of an extract: use, storeys, height, dwellings, and which building a point is in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.opening import decimal
from scenarios.areas.osm_read import Extract
from scenarios.areas.osm_tags import parse_length
from scenarios.areas.osm_uses import poi_use, uses

# storeys where a building states none, by use (assumption; the usual Dutch stock)
STOREYS = {
    "house": 2,
    "apartments": 4,
    "office": 4,
    "shop": 2,
    "school": 2,
    "university": 4,
    "hospital": 4,
    "care": 3,
    "industry": 1,
    "leisure": 1,
    "public": 2,
    "garage": 1,
    "other": 2,
}
STOREY_M, ROOF_M = 3.0, 1.0  # m per storey and for the roof (assumption)
BY_FLOOR = "floor / "  # how a rule begins that finds dwellings from the gross floor
# no building of the world covers more ground, has more storeys or more floor: flower auction of Aalsmeer 0.52 km2, Burj
# Khalifa 163, New Century Global Center 1.7 km2 (from memory); what says so is an error
LARGEST, HIGHEST, MOST_FLOOR = 1e6, 170, 2e6
FLAT_M2, HOUSE_M2, ROOM_M2 = 85.0, 130.0, 28.0  # gross floor of a flat, a house, a student room (assumption)
ASSUMPTIONS = {
    "osm.storeys": "where a building states neither levels nor height: house 2, apartments 4, office 4, university 4, "
    "hospital 4, school 2, shop 2, industry 1; 3 m per storey (assumption)",
    "osm.dwellings": "the addresses inside a residential building; without addresses gross floor / 85 m2 per flat, 130 "
    "m2 per house, 28 m2 per student room (assumption)",
}


@dataclass
class Stock:
    """The buildings of an extract and what is in them.

    columns : columns of the table buildings but zone and nodes
    points  : (building, tags) of every point or ground of interest
    shapes  : polygons, shape (buildings,)
    """

    columns: dict[str, Any]
    points: list[tuple[int, dict[str, str]]]
    shapes: NDArray[Any]
    facts: dict[str, Any]


def project_shapes(shapes: NDArray[Any], to_xy: Any) -> NDArray[Any]:
    """Geometries from degrees to metres; multipolygons become their largest part."""
    import shapely

    moved = shapely.transform(shapes, lambda c: np.stack(to_xy(c[:, 0], c[:, 1]), 1))
    parts, of = shapely.get_parts(moved, return_index=True)
    order = np.lexsort((-shapely.area(parts), of))
    first = np.concatenate([[True], np.diff(of[order]) > 0]) if len(of) else np.zeros(0, bool)
    return np.asarray(parts[order[first]])


def read_stock(extract: Extract, outline: Any, to_xy: Any) -> Stock:
    """Buildings whose centre lies in the polygon `outline`, with their uses, sizes and addresses."""
    import shapely

    facts: dict[str, Any] = {}
    shapes = project_shapes(shapely.from_wkb([b[1] for b in extract.buildings]), to_xy)
    centre = shapely.centroid(shapes)
    x, y = shapely.get_x(centre), shapely.get_y(centre)
    size = shapely.area(shapes)
    once, fit, inside = _once(shapes), (size >= 1.0) & (size <= LARGEST), shapely.contains_xy(outline, x, y)
    keep = np.flatnonzero(inside & fit & once)
    tags = [extract.buildings[i][2] for i in keep]
    shapes, x, y, size = shapes[keep], x[keep], y[keep], size[keep]
    tree = shapely.STRtree(shapes)
    grounds = _grounds(extract, to_xy)
    points = _join_points(extract, tree, shapes, to_xy, grounds, size, x, y)
    count, address = _addresses(extract, tree, to_xy, tags)
    use, why = uses(tags, size, count, points, _ground_use(grounds, x, y))
    storeys, height, levels, high = _sizes(tags, use, size)
    stated = levels | high
    floor = size * storeys
    dwellings = _dwellings(tags, use, size, floor, count, storeys)
    facts.update(
        buildings=len(keep),
        addresses=int(count.sum()),
        with_levels_or_height=int(stated.sum()),
        outside=int((~inside).sum()),
        doubled=int((inside & fit & ~once).sum()),
        unfit=int((inside & ~fit).sum()),
        implausible_levels=int((~levels & [bool(t.get("building:levels")) for t in tags]).sum()),
    )
    columns = {
        "x": x,
        "y": y,
        "use": use,
        "storeys": storeys,
        "height": height,
        "footprint_m2": size,
        "floor_m2": floor,
        "dwellings": dwellings,
        "year": np.array([_year(t) for t in tags], np.int64),
        "address": address,
        "osm_id": np.array([extract.buildings[i][0] for i in keep], np.int64),
        "geometry": shapely.to_wkb(shapes),
        "rule": _rules(tags, use, why, count, levels, high),
        "origin": np.where(stated, "observed", "inferred").astype(object),
    }
    return Stock(columns, points, shapes, facts)


def _once(shapes: NDArray[Any]) -> NDArray[np.bool_]:
    """Mask of the outlines that no other one before is the same as, to the centimetre; bool (shapes,)."""
    import shapely

    whole = shapely.to_wkb(shapely.normalize(shapely.set_precision(shapes, 0.01, mode="pointwise")))
    first: dict[bytes, int] = {}
    return np.array([first.setdefault(outline, i) == i for i, outline in enumerate(whole)], bool)


def _rules(
    tags: list[dict[str, str]], use: Any, why: Any, count: Any, levels: NDArray[np.bool_], high: NDArray[np.bool_]
) -> NDArray[Any]:
    """How what a building does not state was found: "use: size; storeys: use; height: storeys x 3 m; dwellings: ..."."""
    out = np.empty(len(tags), object)
    for i, t in enumerate(tags):
        told = [f"use: {why[i]}"] if why[i] else []
        if not levels[i]:
            told.append("storeys: height / 3 m" if high[i] else "storeys: use")
        if not high[i]:
            told.append("height: storeys x 3 m")
        if use[i] in ("house", "apartments"):
            dormitory, flats = t["building"] == "dormitory", use[i] == "apartments"
            if not dormitory and count[i] >= (2 if flats else 1):
                told.append("dwellings: addresses")
            else:
                told.append(f"dwellings: {BY_FLOOR}{ROOM_M2 if dormitory else FLAT_M2 if flats else HOUSE_M2:.0f} m2")
        out[i] = "; ".join(told)
    return out


def _year(tags: dict[str, str]) -> int:
    text = tags.get("start_date", "")[:4]
    return int(text) if text.isdecimal() and 1000 < int(text) < 2100 else 0


def _grounds(extract: Extract, to_xy: Any) -> list[tuple[Any, dict[str, str], float]]:
    """School grounds, campuses, industrial land: polygons with a use, largest first: the smallest has the last word."""
    import shapely

    found = [(wkb, tags) for _, wkb, tags in extract.areas if poi_use(tags)]
    if not found:
        return []
    shapes = project_shapes(shapely.from_wkb([w for w, _ in found]), to_xy)
    size = shapely.area(shapes)
    return [(shapes[i], found[i][1], float(size[i])) for i in np.argsort(-size, kind="stable")]


def _ground_use(grounds: list[tuple[Any, dict[str, str], float]], x: Any, y: Any) -> NDArray[Any]:
    import shapely

    use = np.full(len(x), "", object)
    for shape, tags, _ in grounds:
        shapely.prepare(shape)
        use[shapely.contains_xy(shape, x, y)] = poi_use(tags)
    return use


def _nearest(tree: Any, points: Any, reach: float) -> NDArray[np.int64]:
    """The building that contains each point, else the nearest within `reach` metres, else -1."""
    out = np.full(len(points), -1, np.int64)
    if not len(points) or not len(tree.geometries):
        return out
    which, building = tree.query_nearest(points, max_distance=reach, all_matches=False)
    out[which] = building
    return out


def _join_points(extract: Extract, tree: Any, shapes: Any, to_xy: Any, grounds: Any, size: Any, x: Any, y: Any) -> Any:
    """(building, tags): points in or beside a building; grounds by their largest building; buildings' own tags."""
    import shapely

    found: list[tuple[int, dict[str, str]]] = []
    if extract.points:
        px, py = to_xy(np.array([p[1] for p in extract.points]), np.array([p[2] for p in extract.points]))
        at = _nearest(tree, shapely.points(px, py), 60.0)
        found += [(int(b), p[3]) for b, p in zip(at, extract.points, strict=True) if b >= 0]
    for shape, tags, _ in grounds:
        if "landuse" in tags and not any(k in tags for k in ("amenity", "healthcare")):
            continue
        inside = np.flatnonzero(shapely.contains_xy(shape, x, y)) if len(x) else np.zeros(0, int)
        if len(inside):
            found.append((int(inside[np.argmax(size[inside])]), {**tags, "_buildings": ",".join(map(str, inside))}))
    return found


def _addresses(
    extract: Extract, tree: Any, to_xy: Any, tags: list[dict[str, str]]
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Number of addresses in each building (points within 3 m; else its own tag), and one address text."""
    import shapely

    count = np.zeros(len(tags), np.int64)
    text = np.array([_address(t) for t in tags], object)
    if extract.addresses:
        px, py = to_xy(np.array([p[1] for p in extract.addresses]), np.array([p[2] for p in extract.addresses]))
        at = _nearest(tree, shapely.points(px, py), 3.0)
        for b, point in zip(at, extract.addresses, strict=True):
            if b >= 0:
                count[b] += 1
                text[b] = text[b] or _address(point[3])
    own = np.array([bool(t.get("addr:housenumber")) for t in tags], bool)
    numbers = np.array([t.get("addr:housenumber", "").count(";") + 1 for t in tags], np.int64)
    return np.where(count > 0, count, np.where(own, numbers, 0)), text


def _address(tags: dict[str, str]) -> str:
    street, number = tags.get("addr:street", tags.get("addr:place", "")), tags.get("addr:housenumber", "")
    return f"{street} {number}".strip() if number else ""


def _sizes(
    tags: list[dict[str, str]], use: NDArray[Any], size: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Storeys, height in metres, and whether each was stated in a way that can be true."""
    levels = np.array([decimal(t.get("building:levels", "").split(";")[0]) for t in tags])
    levels[~((levels >= 1) & (levels <= HIGHEST) & (levels * size <= MOST_FLOOR))] = np.nan
    roof = np.array([decimal(t.get("roof:levels", "").split(";")[0]) for t in tags])
    high = np.array([parse_length(t.get("height", t.get("building:height", ""))) or np.nan for t in tags], float)
    roof[~((roof >= 0) & (roof <= 5))] = np.nan
    high[(high < 1.5) | (high > 500) | (high / STOREY_M * size > MOST_FLOOR)] = np.nan
    usual = np.array([STOREYS[u] for u in use], float)
    from_height = np.maximum(np.round((high - ROOF_M) / STOREY_M), 1)
    storeys = np.where(
        np.isfinite(levels),
        levels + np.nan_to_num(roof) * 0.5,
        np.where(np.isfinite(from_height), from_height, usual),
    )
    storeys = np.ceil(storeys).astype(np.int64)
    height = np.where(np.isfinite(high), high, storeys * STOREY_M + np.where(use == "garage", 0.0, ROOF_M))
    return storeys, np.maximum(height, 2.0), np.isfinite(levels), np.isfinite(high)


def _dwellings(
    tags: list[dict[str, str]], use: Any, size: Any, floor: Any, count: Any, storeys: Any
) -> NDArray[np.int64]:
    """Dwellings of each building; campus and work buildings have none; flats above shops: addresses less one."""
    kind = np.array([t["building"] for t in tags], object)
    flats = np.where(kind == "dormitory", floor / ROOM_M2, floor / FLAT_M2)
    out = np.where(use == "apartments", np.where((count >= 2) & (kind != "dormitory"), count, np.maximum(flats, 1)), 0)
    out = np.where((kind == "dormitory") & (use == "apartments"), np.maximum(out, count), out)
    houses = np.where(count > 0, count, np.clip(np.rint(floor / HOUSE_M2), 1, 4))
    houses = np.where(kind == "terrace", np.maximum(count, np.maximum(size / 60.0, 1)), houses)
    out = np.where(use == "house", np.where((size < 20) & (count == 0), 0, houses), out)
    above = np.isin(use.astype(str), ("shop", "office", "leisure", "other")) & (count >= 3) & (storeys >= 2)
    # no more than the floors above the ground can hold
    out = np.where(above, np.minimum(count - 1, floor * (storeys - 1) / storeys / 45.0), out)
    return np.asarray(out).astype(np.int64)
