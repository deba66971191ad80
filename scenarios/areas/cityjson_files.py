"""Files of CityJSON and CityJSONSeq: city objects with their corners in metres; what is broken is left out and counted."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.account import Account
from scenarios.areas.coordinates import DEGREES, tell_system
from scenarios.areas.opening import AGAIN, decode, read_bytes, refuse

Floats = NDArray[np.float64]
ALLOWED = "CityJSON 1.0, 1.1 or 2.0 (.json), or CityJSONSeq (.jsonl), also as .gz"
FOOT = 0.3048  # m


@dataclass
class Thing:
    """One city object: its kind, plain values and geometries; `corners` (n, 3) is shared by the objects of a document."""

    id: str
    kind: str
    attributes: dict[str, Any]
    geometry: list[dict[str, Any]]
    parents: list[str]
    children: list[str]
    corners: Floats


@dataclass
class City:
    """The objects of a file by id, and what its header says."""

    things: dict[str, Thing]
    metadata: dict[str, Any]
    version: str


def read_city(path: str | Path, account: Account) -> City:
    """Every city object of a file; coordinates as the file's system has them.

    Raises InputError where the file is absent, cut off (a single document), or no CityJSON.
    """
    documents = _documents(path, account)
    header = next((d for d in documents if d.get("type") == "CityJSON"), {})
    city = City({}, as_dict(header.get("metadata")), str(header.get("version", "")))
    if not city.metadata and isinstance(header.get("crs"), dict):
        city.metadata = {"referenceSystem": header["crs"].get("epsg", "")}
    for document in documents:
        corners = _corners(document, as_dict(document.get("transform") or header.get("transform")), account)
        for name, raw in as_dict(document.get("CityObjects")).items():
            _take(city, str(name), raw, corners, account)
    if not city.things:
        raise refuse(path, "holds no city objects", ALLOWED, "check which file it is")
    return city


def as_dict(value: Any) -> dict[str, Any]:
    """The value where it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def _documents(path: str | Path, account: Account) -> list[dict[str, Any]]:
    """The JSON documents of a file: one, or one per line."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        out = dict(reversed(found))  # of two objects of one name the first counts
        account.count("dropped", "entries whose name stands twice", len(found) - len(out))
        return dict(reversed(out.items()))

    text = decode(read_bytes(path), path, account)
    try:
        whole = [json.loads(text, object_pairs_hook=pairs)]
    except (ValueError, RecursionError) as error:
        account.dropped.pop("entries whose name stands twice", None)
        whole = []
        for line in text.splitlines():
            if line.strip():
                try:
                    whole.append(json.loads(line, object_pairs_hook=pairs))
                except (ValueError, RecursionError):
                    account.count("dropped", "lines that are cut off or no JSON")
        if not any(_is_city(d) for d in whole):
            raise refuse(path, f"cannot be read as JSON ({error})", ALLOWED, AGAIN) from error
    known = [d for d in whole if _is_city(d)]
    account.count("dropped", "documents of another kind", len(whole) - len(known))
    if not known:
        raise refuse(path, "is no CityJSON", ALLOWED, "check which file it is")
    return known


def _is_city(document: Any) -> bool:
    return isinstance(document, dict) and document.get("type") in ("CityJSON", "CityJSONFeature")


def _corners(document: dict[str, Any], transform: dict[str, Any], account: Account) -> Floats:
    """Corners (n, 3) of a document: v * scale + translate; one that is no three numbers becomes nan."""
    raw = as_list(document.get("vertices"))
    try:
        found = np.array(raw, np.float64).reshape(-1, 3) if raw else np.zeros((0, 3))
        if len(found) != len(raw):
            raise ValueError
    except (ValueError, TypeError, OverflowError):
        found = np.array([_triple(v) for v in raw])
        account.count("repaired", "corners that are no three numbers, left out", int(np.isnan(found).any(1).sum()))
    scale, move = (_triple(transform.get(k, d)) for k, d in (("scale", [1, 1, 1]), ("translate", [0, 0, 0])))
    if np.isnan([scale, move]).any() or not np.all(scale):
        account.count("repaired", "transforms that are none, left out")
        scale, move = np.ones(3), np.zeros(3)
    with np.errstate(over="ignore", invalid="ignore"):
        return on_earth(found * scale + move)


def on_earth(corners: Floats) -> Floats:
    """The corners (n, 3), nan where a number is larger than any coordinate on Earth."""
    corners[~(np.abs(corners) < 1e9).all(1)] = np.nan
    return corners


def _triple(value: Any) -> Floats:
    try:
        out = np.array(value, np.float64)
    except (ValueError, TypeError, OverflowError):
        return np.full(3, np.nan)
    return out if out.shape == (3,) else np.full(3, np.nan)


def _take(city: City, name: str, raw: Any, corners: Floats, account: Account) -> None:
    if not isinstance(raw, dict) or not isinstance(raw.get("type"), str):
        account.count("dropped", "objects without a type")
    elif name in city.things:
        account.count("dropped", "objects whose id was there before")
    else:
        city.things[name] = Thing(
            name,
            raw["type"],
            as_dict(raw.get("attributes")),
            [g for g in as_list(raw.get("geometry")) if isinstance(g, dict)],
            [str(p) for p in as_list(raw.get("parents"))],
            [str(c) for c in as_list(raw.get("children"))],
            corners,
        )


@dataclass(frozen=True)
class Frame:
    """The horizontal system of a file, as pyproj takes it, and metres per unit of its heights."""

    crs: str
    height_unit: float


def frame_of(city: City, x: Floats, y: Floats, path: str | Path, account: Account) -> Frame:
    """The system that the file states, else the one that its numbers can be in. Raises InputError where neither tells."""
    import pyproj

    stated = str(city.metadata.get("referenceSystem") or "")
    told = tell_system(x, y)
    found = _stated(stated)
    if found is not None:
        flat = found.sub_crs_list[0] if found.is_compound else found
        if not (flat.is_geographic and told != DEGREES) and not (flat.is_projected and told == DEGREES):
            code = flat.to_2d().to_epsg() or flat.to_epsg()
            return Frame(f"EPSG:{code}" if code else flat.to_wkt(), _height_unit(found, flat, city, account))
        account.count("repaired", "coordinate system that the numbers cannot be in, told from the numbers")
    elif stated:
        account.count("repaired", "coordinate system that is not known, told from the numbers")
    if not told:
        remedy = "add metadata.referenceSystem, as https://www.opengis.net/def/crs/EPSG/0/7415"
        raise refuse(path, "states no coordinate system, and its numbers do not tell it", "an EPSG code", remedy)
    account.notes.append(f"coordinates taken as {told}, told from the numbers")
    return Frame(told, _height_unit(pyproj.CRS(told), pyproj.CRS(told), city, account))


def _stated(text: str) -> Any:
    """The system that a text names (EPSG:7415, a urn or an address, also a compound of two); None if it is none."""
    import pyproj

    codes = re.findall(r"(?:EPSG\D{0,12}?|^)(\d{4,6})(?!\d)", re.sub(r"/0/", "/", text))
    try:
        if len(codes) == 2:
            return pyproj.CRS.from_user_input(f"EPSG:{codes[0]}+{codes[1]}")
        return pyproj.CRS.from_epsg(int(codes[0])) if codes else None
    except pyproj.exceptions.CRSError:
        return None


def _height_unit(whole: Any, flat: Any, city: City, account: Account) -> float:
    """Metres per unit of the heights: as stated, of the vertical system, else of the horizontal one where it is projected."""
    stated = _stated_unit(city)
    axes = whole.axis_info[2:] or (flat.axis_info[:1] if flat.is_projected else [])
    unit = stated or (float(axes[0].unit_conversion_factor) if axes else 1.0)
    if unit != 1.0:
        account.notes.append(f"heights converted from units of {unit:.6g} m")
    return unit


def _stated_unit(city: City) -> float:
    """Metres per unit where the metadata say in what unit heights are; 0 where they do not."""
    for key, value in city.metadata.items():
        if "unit" in key.lower() and isinstance(value, str):
            return unit_of(value)
    return 0.0


def unit_of(text: str) -> float:
    """Metres per unit of a name of a unit of length; 0 where it is not known."""
    word = text.strip().lower()
    if re.match(r"(us[ _-]?survey[ _-]?)?(f(oo|ee)?t\b|ft|'|us-ft)", word):
        return FOOT
    return 1.0 if re.match(r"m(et(er|re)s?)?$", word) else 0.0
