"""Car parks of an OpenStreetMap extract: where they are, and how many cars they hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from scenarios.areas.opening import decimal
from scenarios.areas.osm_buildings import project_shapes
from scenarios.areas.osm_read import Extract

PLACE_M2 = 25.0  # ground of a car park per car, its lanes included (assumption)
STREET_M2 = 12.5  # of places along a street, which use its lane (assumption)
POINT = 20  # places of a car park that is a point without a capacity (assumption)
MOST = 20_000  # places; assumption: no car park has more, and what says so is an error
STREET = ("street_side", "lane", "on_kerb", "half_on_kerb", "shoulder")
GARAGE = ("multi-storey", "underground", "rooftop")
OWN = ("private", "no", "customers", "permit", "delivery")
ASSUMPTIONS = {
    "osm.parking": "car parks without a capacity: their ground / 25 m2 per car (12.5 m2 along a street) x levels, 20 where "
    "the map shows a point; those not open to all count as own ground (assumption)",
}


def read_lots(extract: Extract, outline: Any, to_xy: Any) -> dict[str, Any]:
    """x, y, capacity, kind and rule of the car parks whose middle lies in the polygon `outline`."""
    import shapely

    grounds = [(wkb, t) for _, wkb, t in [*extract.areas, *extract.buildings] if t.get("amenity") == "parking"]
    points = [(lon, lat, t) for _, lon, lat, t in extract.points if t.get("amenity") == "parking"]
    shapes = project_shapes(shapely.from_wkb(np.array([wkb for wkb, _ in grounds], object)), to_xy)
    middle = shapely.centroid(shapes)
    px, py = to_xy(np.array([p[0] for p in points], float), np.array([p[1] for p in points], float))
    x, y = np.concatenate([shapely.get_x(middle), px]), np.concatenate([shapely.get_y(middle), py])
    size = np.concatenate([shapely.area(shapes), np.zeros(len(points))])
    tags = [t for _, t in grounds] + [t for *_, t in points]
    found = [_capacity(t, m2) for t, m2 in zip(tags, size.tolist(), strict=True)]
    capacity = np.array([places for places, _ in found], np.int64)
    keep = shapely.contains_xy(outline, x, y) & (capacity > 0)
    return {
        "x": x[keep],
        "y": y[keep],
        "capacity": capacity[keep],
        "kind": np.array([_kind(t) for t in tags], object)[keep],
        "rule": np.array([rule for _, rule in found], object)[keep],
    }


def _capacity(tags: dict[str, str], m2: float) -> tuple[int, str]:
    """Places of a car park, and how they were found; "" where the map states them."""
    stated = decimal(tags.get("capacity", ""))
    if 0 < stated <= MOST:
        return int(stated), ""
    if not m2:
        return POINT, "capacity: 20 per car park"
    levels = decimal(tags.get("parking:levels", tags.get("building:levels", tags.get("levels", ""))).split(";")[0])
    levels = levels if 1 <= levels <= 20 else 1.0
    per = STREET_M2 if _kind(tags) == "street" else PLACE_M2
    return min(int(m2 * levels / per), MOST), f"capacity: ground / {per:g} m2 x levels"


def _kind(tags: dict[str, str]) -> str:
    if tags.get("access", "yes") in OWN:
        return "own ground"
    form = tags.get("parking", "")
    return "street" if form in STREET else "garage" if form in GARAGE or "building" in tags else "lot"
