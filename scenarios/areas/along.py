"""Buildings along the streets of a place that has no source of buildings: houses on quiet streets, work on busier ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.osm_buildings import Stock
from twin.errors import Fault, InputError
from twin.tables import OUTSIDE

QUIET = ("residential", "living_street")
BUSY = ("unclassified", "tertiary", "secondary", "primary")
NEAR = 250.0  # m from a house within which a busier street is one of the town (assumption)
# m along the street from building to building, m from its axis, width, depth, storeys, by kind of street (assumption)
HOUSE = (10.0, 14.0, 8.0, 9.0, 2)
WORK = (45.0, 20.0, 30.0, 16.0, 2)
USES = ("shop", "office", "industry", "leisure", "office", "public")  # in turn along busier streets (assumption)
RULE = "use: kind of street; storeys: two; height: storeys x 3 m; dwellings: one per house"

ASSUMPTIONS = {
    "along.houses": "without a source of buildings: a house of two storeys every 10 m on both sides of residential "
    "streets, and shops, offices, workshops every 45 m along busier streets within 250 m of houses (assumption)",
}


def along_streets(links: dict[str, Any], file: str) -> Stock:
    """Synthetic buildings along the car links, on the right of each direction.

    Raises InputError where there is no street along which any could stand.
    """
    import shapely

    lines = shapely.from_wkb(links["geometry"])
    road = np.asarray(links["road_class"]).astype(str)
    open_ = np.asarray(links["car"]) & (np.asarray(links["name"]) != OUTSIDE)
    quiet = np.flatnonzero(open_ & np.isin(road, QUIET))
    if not len(quiet):
        quiet = np.flatnonzero(open_ & ~np.isin(road, ("motorway", "trunk")))
    homes = _row(lines, links["length"], quiet, HOUSE)
    if not len(homes[0]):
        raise InputError(
            Fault(
                file,
                "holds no buildings and no street along which any could stand",
                "buildings, or residential streets",
                "take a larger extract",
            )
        )
    work = _row(lines, links["length"], _in_town(lines, open_ & np.isin(road, BUSY), homes[1], homes[2]), WORK)
    n, m = len(homes[0]), len(work[0])
    of, x, y, shapes = (np.concatenate([h, w]) for h, w in zip(homes, work, strict=True))
    clear = _apart(shapes)
    use = np.concatenate([np.full(n, "house", object), np.array(USES, object)[np.arange(m) % len(USES)]])
    storeys, footprint = np.full(n + m, HOUSE[4]), shapely.area(shapes)
    columns = {
        "x": x,
        "y": y,
        "use": use,
        "storeys": storeys,
        "height": 3.0 * storeys + 1.0,
        "footprint_m2": footprint,
        "floor_m2": footprint * storeys,
        "dwellings": (use == "house").astype(np.int64),
        "year": np.zeros(n + m, np.int64),
        "address": np.asarray(links["name"])[of],
        "osm_id": np.zeros(n + m, np.int64),
        "geometry": shapely.to_wkb(shapes),
        "rule": np.full(n + m, RULE, object),
        "origin": np.full(n + m, "synthetic", object),
    }
    note = "the sources hold no buildings; those along the streets are synthetic"
    return Stock(
        {c: v[clear] for c, v in columns.items()}, [], shapes[clear], {"buildings": int(clear.sum()), "note": note}
    )


def _in_town(lines: NDArray[Any], chosen: Any, x: Any, y: Any) -> NDArray[np.int64]:
    """Rows of the chosen links whose middle is near a house."""
    import shapely
    from scipy.spatial import cKDTree

    rows = np.flatnonzero(chosen)
    if not len(rows):
        return rows
    middle = shapely.get_coordinates(shapely.line_interpolate_point(lines[rows], 0.5, normalized=True))
    return rows[cKDTree(np.stack([x, y], 1)).query(middle)[0] <= NEAR]


def _row(
    lines: NDArray[Any], length: Any, rows: NDArray[np.int64], form: tuple[float, ...]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[Any]]:
    """Link, centre and rectangle of each building along the links `rows`."""
    import shapely

    pitch, back, width, depth, _ = form
    count = np.maximum((np.asarray(length)[rows] - 24.0) / pitch, 0).astype(int)
    of = np.repeat(rows, count)
    place = 12.0 + pitch * (np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count) + 0.5)
    here = shapely.get_coordinates(shapely.line_interpolate_point(lines[of], place))
    there = shapely.get_coordinates(shapely.line_interpolate_point(lines[of], place + 1.0))
    step = there - here
    step /= np.maximum(np.hypot(*step.T), 1e-6)[:, None]
    away = np.stack([step[:, 1], -step[:, 0]], 1)
    middle = here + away * back
    a, b = step * (width / 2), away * (depth / 2)
    ring = np.stack([middle - a - b, middle + a - b, middle + a + b, middle - a + b, middle - a - b], 1)
    return of, middle[:, 0], middle[:, 1], shapely.polygons(ring) if len(of) else np.zeros(0, object)


def _apart(shapes: NDArray[Any]) -> NDArray[np.bool_]:
    """Which buildings stay so that none stands on another: the earlier one does."""
    import shapely

    a, b = shapely.STRtree(shapes).query(shapes, predicate="overlaps")
    keep = np.ones(len(shapes), bool)
    for first, second in sorted((int(i), int(j)) for i, j in zip(a, b, strict=True) if i < j):
        if keep[first]:
            keep[second] = False
    return keep
