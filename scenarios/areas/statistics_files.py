"""The files in which figures and borders of districts are published: tables, GeoJSON, GeoPackages, also packed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenarios.areas.account import Account
from scenarios.areas.coordinates import tell_system
from scenarios.areas.geojson import read_geojson
from scenarios.areas.opening import decode, read_members, read_sheet
from scenarios.areas.statistics_figures import plain_name

MEMBERS = (".csv", ".geojson", ".json", ".gpkg")
ENDINGS = (*MEMBERS, *(m + ".gz" for m in MEMBERS), ".zip")
ALLOWED = (
    "the table Kerncijfers wijken en buurten (CSV), the map Wijk- en buurtkaart (GeoPackage, GeoJSON), or CSV or "
    "GeoJSON with a column code (GM0503, WK050311, BU05031100)"
)


@dataclass
class Feature:
    """One row of a file: its cells by plain names, its shape and the system that the shape is in."""

    cells: dict[str, Any]
    shape: Any = None
    crs: str = ""


def read_features(path: Path, account: Account) -> list[Feature]:
    """The rows of every layout in a file, or in each file of a zip. Raises InputError where one cannot be read."""
    out: list[Feature] = []
    for name, data in read_members(path, MEMBERS):
        where = str(path) if name == path.name else f"{path}: {name}"
        if data.startswith(b"SQLite format 3\0"):
            out += _from_geopackage(data, where)
            continue
        text = decode(data, where, account)
        out += _from_geojson(text, where) if text.lstrip()[:1] in ("{", "[") else _from_table(text, where, account)
    return out


def _from_geopackage(data: bytes, where: str) -> list[Feature]:
    import shapely

    from scenarios.areas.geopackage import read_layers

    out = []
    for layer in read_layers(data, where):
        names = [plain_name(c) for c in layer.columns]
        shapes = shapely.from_wkb(layer.geometry, on_invalid="ignore")
        crs = layer.crs or tell_system(*_corners(shapes))
        for row, shape in zip(layer.rows, shapes, strict=True):
            out.append(Feature(_first_named(zip(names, row, strict=True)), shape, crs))
    return out


def _from_table(text: str, where: str, account: Account) -> list[Feature]:
    sheet = read_sheet(text, where)
    account.count("dropped", "rows with too few or too many cells", sheet.ragged)
    names = [plain_name(n) for n in sheet.header]
    return [Feature(_first_named(zip(names, row, strict=True))) for row in sheet.rows]


def _from_geojson(text: str, where: str) -> list[Feature]:
    found = read_geojson(text, where, ALLOWED)
    crs = found.crs
    rows = [_first_named((plain_name(k), v) for k, v in cells.items()) for cells in found.cells]
    return [Feature(cells, shape, crs) for cells, shape in zip(rows, found.shapes, strict=True)]


def _first_named(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """A dictionary in which the first of equal names counts."""
    out: dict[str, Any] = {}
    for name, value in pairs:
        out.setdefault(name, value)
    return out


def _corners(shapes: Any) -> tuple[Any, Any]:
    import shapely

    bounds = shapely.bounds(shapes)
    return bounds[:, 0], bounds[:, 1]
