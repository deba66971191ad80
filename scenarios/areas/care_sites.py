"""Sites of care and learning that a municipality keeps in a list: CSV with coordinates, or GeoJSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.account import Account
from scenarios.areas.coordinates import DEGREES, DUTCH_DEGREES, DUTCH_METRES, RD, within
from scenarios.areas.geojson import read_geojson
from scenarios.areas.opening import decimal, decode, read_members, read_sheet, refuse

Floats = NDArray[np.float64]
Bounds = tuple[float, float, float, float]

# kind of place -> how Dutch and English lists call it; the first that is in the text counts
KINDS: dict[str, str] = {
    "ambulance_post": r"ambulance|standplaats|\brav\b",
    "gp_post": r"huisarts|\bhap\b|\bgps?\b|gp_post|general practi|doctor",
    "pharmacy": r"apothe|pharmac|chemist",
    "care_home": r"verple|verzorg|zorgcent|woonzorg|zorginstell|care_?\s?home|nursing|hospice|social_facility",
    "hospital": r"ziekenhu|hospital|\bumc\b|medisch centrum|medical cent|kliniek",
    "university": r"universit|hogeschool|college|\bhbo\b",
    "school": r"school|onderwijs|\bmbo\b|lyceum|gymnasium",
}
COLUMNS = {  # ours -> headings, letters and digits only
    "kind": [
        "soort",
        "kind",
        "type",
        "categorie",
        "category",
        "functie",
        "voorziening",
        "amenity",
        "healthcare",
        "emergency",
    ],
    "name": ["naam", "name", "instelling", "locatie", "locatienaam", "instellingsnaam"],
    "x": [
        "lon",
        "longitude",
        "lengtegraad",
        "lng",
        "long",
        "x",
        "xrd",
        "rdx",
        "xcoord",
        "xcoordinaat",
        "xcoordinate",
        "easting",
    ],
    "y": ["lat", "latitude", "breedtegraad", "y", "yrd", "rdy", "ycoord", "ycoordinaat", "ycoordinate", "northing"],
    "capacity": [
        "capaciteit",
        "capacity",
        "bedden",
        "beds",
        "plaatsen",
        "places",
        "ambulances",
        "leerlingen",
        "pupils",
        "aantal",
    ],
}
ALLOWED = (
    "a CSV with soort or kind, naam or name, and lon and lat or x and y (EPSG:28992), or GeoJSON of points with soort "
    "or kind; kinds: " + ", ".join(KINDS)
)


@dataclass
class Sites:
    """Sites in degrees (EPSG:4326), all of length (sites,). kind: a word of PLACE_KINDS; capacity: 0 where not told."""

    kind: list[str]
    name: list[str]
    lon: Floats
    lat: Floats
    capacity: NDArray[np.int64]
    account: Account

    def __len__(self) -> int:
        return len(self.kind)


def plain(heading: str) -> str:
    """A heading for comparing: lower case letters and digits."""
    return re.sub(r"[^a-z0-9]", "", heading.lower())


def kind_of(text: str) -> str:
    """The kind of place that a text names, "" if none known here."""
    return next((kind for kind, pattern in KINDS.items() if re.search(pattern, text.lower())), "")


def read_sites(path: str | Path, bounds: Bounds = DUTCH_DEGREES) -> Sites:
    """The sites of a list that lie within `bounds` (west, south, east, north; degrees).

    Coordinates are told apart by their values: degrees, degrees the wrong way round, or Dutch metres (EPSG:28992),
    also the wrong way round. Raises InputError where the file has no site with a kind and coordinates.
    """
    path = Path(path)
    account = Account("sites of care and learning", path.name, "as its publisher states", "the publisher of the file")
    rows, crs = _rows(path, account)
    x = np.array([decimal(r.get("x")) for r in rows])
    y = np.array([decimal(r.get("y")) for r in rows])
    if np.isnan(x + y).all():
        raise refuse(path, "has no coordinates that can be read", ALLOWED, "add columns lon and lat, or x and y")
    lon, lat = _degrees(x, y, crs, bounds, account)
    kinds = _kinds(rows, path, account)
    keep = ~np.isnan(lon) & (np.array(kinds, object) != "")
    keep &= _first_of_each(kinds, rows, lon, lat, keep, account)
    if not keep.any():
        raise refuse(path, f"has no site of use ({account})", ALLOWED, "check the kinds and the coordinates")
    chosen = np.flatnonzero(keep).tolist()
    account.count("read", "sites", len(chosen))
    capacity = [decimal(rows[i].get("capacity")) for i in chosen]
    given = [str(rows[i].get("capacity") or "").strip() for i in chosen]
    wrong = sum(bool(text) and not c > 0 for text, c in zip(given, capacity, strict=True))
    account.count("repaired", "capacities that are no number above 0, left open", wrong)
    unknown = sum(not c > 0 for c in capacity)
    if unknown:
        account.notes.append(f"{unknown} sites tell no capacity")
    return Sites(
        [kinds[i] for i in chosen],
        [str(rows[i].get("name") or "") for i in chosen],
        lon[keep],
        lat[keep],
        np.array([round(c) if c > 0 else 0 for c in capacity], np.int64),
        account,
    )


def _rows(path: Path, account: Account) -> tuple[list[dict[str, Any]], str]:
    """Rows by our names of columns (several kinds joined to one text), and the system that the file names, or ""."""
    name, data = read_members(path, (".csv", ".geojson", ".json", ".txt"))[0]
    text = decode(data, path, account)
    if text.lstrip()[:1] in ("{", "["):
        return _from_geojson(text, path, account)
    sheet = read_sheet(text, path)
    account.count("dropped", "rows with too few or too many cells", sheet.ragged)
    rows = [_ours(r) for r in sheet.dicts()]
    if not any("x" in r and "y" in r for r in rows):
        raise refuse(
            f"{path}: {name}", f"has no columns of coordinates ({', '.join(sheet.header[:8])})", ALLOWED, "add them"
        )
    return rows, ""


def _from_geojson(text: str, path: Path, account: Account) -> tuple[list[dict[str, Any]], str]:
    import shapely

    found = read_geojson(text, path, ALLOWED)
    if not len(found.cells):
        raise refuse(path, "holds no features", ALLOWED, "check which file it is")
    there = ~shapely.is_missing(found.shapes)
    account.count("dropped", "features without a place", int((~there).sum()))
    account.count("repaired", "shapes taken as their middle", int((shapely.get_type_id(found.shapes) > 0).sum()))
    middle = shapely.centroid(found.shapes)
    points = zip(found.cells, there, shapely.get_x(middle), shapely.get_y(middle), strict=True)
    return [{**_ours(cells), "x": float(x), "y": float(y)} for cells, known, x, y in points if known], found.named


def _ours(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row by our names: the first heading of each list that is there and filled; texts of all kinds joined."""
    cells = {plain(k): v for k, v in row.items() if v is not None}
    out: dict[str, Any] = {}
    for ours, headings in COLUMNS.items():
        there = [cells[h] for h in headings if h in cells]
        if ours == "kind":
            out[ours] = " ".join(str(v) for v in there).strip()
        elif there:
            out[ours] = next((v for v in there if str(v).strip()), "")
    return out


def _degrees(x: Floats, y: Floats, crs: str, bounds: Bounds, account: Account) -> tuple[Floats, Floats]:
    """Longitude and latitude of each row; NaN where a row lies outside `bounds` whichever way it is read."""
    from pyproj import Transformer

    lon, lat = np.full(len(x), np.nan), np.full(len(x), np.nan)
    account.count("dropped", "rows without coordinates", int(np.isnan(x + y).sum()))
    if crs not in ("", DEGREES, RD):
        x, y = Transformer.from_crs(crs, DEGREES, always_xy=True).transform(x, y)
        account.notes.append(f"coordinates are given in {crs}")
    to_degrees = Transformer.from_crs(RD, DEGREES, always_xy=True).transform
    readings = (
        (x, y, bounds, None, ""),
        (y, x, bounds, None, "rows with longitude and latitude the wrong way round"),
        (x, y, DUTCH_METRES, to_degrees, ""),
        (y, x, DUTCH_METRES, to_degrees, "rows with x and y the wrong way round"),
    )
    for east, north, box, convert, repair in readings:
        fits = np.isnan(lon) & within(east, north, box)
        lon[fits], lat[fits] = convert(east[fits], north[fits]) if convert else (east[fits], north[fits])
        if repair:
            account.count("repaired", repair, int(fits.sum()))
    inside = within(lon, lat, bounds)
    account.count("dropped", "rows outside the area looked at", int((~np.isnan(x + y) & ~inside).sum()))
    return np.where(inside, lon, np.nan), np.where(inside, lat, np.nan)


def _kinds(rows: list[dict[str, Any]], path: Path, account: Account) -> list[str]:
    """The kind of each row, "" where it is not known; where no row tells one, the file's name does for all."""
    texts = [r["kind"] for r in rows]
    if not any(texts):
        kind = kind_of(path.name)
        if not kind:
            raise refuse(
                path, "does not tell what the sites are", ALLOWED, "add a column soort, or name the file after them"
            )
        account.count("repaired", "kinds taken from the name of the file", len(rows))
        return [kind] * len(rows)
    kinds = [kind_of(t) for t in texts]
    for text, kind in zip(texts, kinds, strict=True):
        if not kind:
            account.count("dropped", f"rows of kind {text!r}" if text else "rows without a kind")
    return kinds


def _first_of_each(
    kinds: list[str], rows: list[dict[str, Any]], lon: Floats, lat: Floats, keep: NDArray[np.bool_], account: Account
) -> NDArray[np.bool_]:
    """False for a row whose kind, name and place (to some 10 m) an earlier one has."""
    seen: set[tuple[Any, ...]] = set()
    out = np.ones(len(rows), bool)
    for i in np.flatnonzero(keep).tolist():
        key = (kinds[i], str(rows[i].get("name") or "").lower(), round(lon[i], 4), round(lat[i], 4))
        out[i] = key not in seen
        seen.add(key)
    account.count("dropped", "sites given twice", int((~out).sum()))
    return out


def looks_like_sites(path: Path, rows: Iterable[Mapping[str, Any]]) -> bool:
    """Whether these rows are of a list of sites: with coordinates, and a kind that is known in one of them or `path`."""
    ours = [r for r in map(_ours, rows) if "x" in r and "y" in r]
    return bool(ours) and any(kind_of(text) for text in [path.name, *(r["kind"] for r in ours)])
