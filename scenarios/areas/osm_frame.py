"""Where an extract lies: its projected system, and the box that it covers completely."""

from __future__ import annotations

from typing import Any

import numpy as np

REACH = 150_000.0  # m from the middle of an extract to its farthest corner: a province (assumption)

# a rough outline of the Netherlands in degrees, enough to choose a projected system
NETHERLANDS = (
    (3.36, 51.26),
    (3.95, 51.20),
    (4.25, 51.33),
    (5.05, 51.40),
    (5.60, 51.20),
    (5.55, 50.83),
    (5.70, 50.74),
    (6.03, 50.72),
    (6.10, 50.92),
    (5.90, 51.05),
    (6.18, 51.17),
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

    Extracts keep roads whole where they leave, so the bounds of all data are no guide; single strays fall away here, and
    whatever is farther than REACH from the middle.
    """
    x, y = np.asarray(x), np.asarray(y)
    known = np.isfinite(x) & np.isfinite(y)
    known[known] = np.hypot(x[known] - np.median(x[known]), y[known] - np.median(y[known])) <= REACH
    x, y = x[known], y[known]
    i, j = np.floor(x / cell).astype(np.int64), np.floor(y / cell).astype(np.int64)
    _, which, count = np.unique(np.stack([i, j], 1), axis=0, return_inverse=True, return_counts=True)
    dense = count[which.ravel()] >= min(least, count.max())
    x, y = x[dense], y[dense]
    return float(x.min() - margin), float(y.min() - margin), float(x.max() + margin), float(y.max() + margin)
