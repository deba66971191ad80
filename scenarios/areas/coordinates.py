"""Which coordinate system numbers are in, told from the numbers themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DEGREES, RD = "EPSG:4326", "EPSG:28992"
# bounds of the Netherlands, with its islands and territorial water: degrees (EPSG:4326) and metres (EPSG:28992)
DUTCH_DEGREES = (3.0, 50.6, 7.4, 53.9)
DUTCH_METRES = (-7_000.0, 300_000.0, 290_000.0, 629_000.0)


def within(x: Floats, y: Floats, bounds: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    """Which points lie within `bounds` (west, south, east, north), shape (points,)."""
    west, south, east, north = bounds
    return np.asarray((x >= west) & (x <= east) & (y >= south) & (y <= north))


def tell_system(x: Any, y: Any) -> str:
    """EPSG:4326 where the numbers can be degrees, EPSG:28992 where they can be Dutch metres, else ""."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    x, y = x[np.isfinite(x)], y[np.isfinite(y)]
    if not len(x) or not len(y):
        return ""
    mid_x, mid_y = np.median(x), np.median(y)
    if abs(mid_x) <= 180 and abs(mid_y) <= 90:
        return DEGREES
    return RD if within(mid_x, mid_y, DUTCH_METRES) else ""


def named_system(collection: dict[str, Any]) -> str:
    """The system that a GeoJSON names in its (outdated, but usual) member `crs`, as "EPSG:28992"; "" if none known.

    The urn of longitude and latitude, CRS84, is EPSG:4326 here, as everywhere in these readers x is the longitude.
    """
    crs = collection.get("crs")
    inner = crs.get("properties") if isinstance(crs, dict) else None
    name = str(inner.get("name", "")) if isinstance(inner, dict) else ""
    last = name.replace("/", ":").rsplit(":", 1)[-1]
    if last.upper() == "CRS84":
        return DEGREES
    return f"EPSG:{last}" if last.isdigit() and _known(int(last)) else ""


def _known(code: int) -> bool:
    import pyproj

    try:
        pyproj.CRS.from_epsg(code)
    except pyproj.exceptions.CRSError:
        return False
    return True
