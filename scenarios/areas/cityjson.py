"""3D buildings from CityJSON and CityJSONSeq: footprint, height above ground, storeys, year, use, and the surfaces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas import cityjson_attributes as said
from scenarios.areas.account import Account
from scenarios.areas.cityjson_files import ALLOWED, City, Frame, Thing, frame_of, on_earth, read_city
from scenarios.areas.cityjson_surfaces import Form, Surface, best_surfaces, form_of
from scenarios.areas.coordinates import DEGREES
from scenarios.areas.ground import projector
from scenarios.areas.opening import refuse
from scenarios.areas.osm_frame import projected_system

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BUILDINGS = ("Building", "BuildingPart")
STOREY_M = 3.0  # m per storey (assumption)
LEAST_M, MOST_M, WIDEST_M = 1.5, 500.0, 2_000.0  # height of a building, and its width: beyond them it is an error
USUAL_STOREYS = 2  # where nothing tells the height (assumption)
YEARS = (1100, 2100)  # outside of them a year is a stand-in for "not known" (the Dutch register uses 1005 and 9999)

ASSUMPTIONS = {
    "cityjson.height": "ridge less ground of the most detailed model; ground as stated where it lies below the roof, else "
    "the lowest corner of the ground surfaces (assumption)",
    "cityjson.eaves": "the lowest heights of the roof surfaces, their median over the roof's area (assumption)",
    "cityjson.storeys": "where none are stated: the mean of eaves and ridge / 3 m, at least one (assumption)",
}


@dataclass
class Models:
    """3D buildings, one row each, in the projected system `crs`.

    id      : as in the file;  lod: level of detail used, as "2.2"
    shape   : footprint polygons;  ground: m in the file's datum
    height, eaves : ridge and eaves above the ground, m
    storeys, year (0 unknown), use (a word of the area's USES, "" not stated)
    stated  : whether the storeys are
    surfaces: WKB MultiPolygon Z of roofs and walls, z in m above the ground; b"" where there are none
    rule    : how what is not stated was found
    """

    crs: str
    id: NDArray[Any]
    shape: NDArray[Any]
    ground: Floats
    height: Floats
    eaves: Floats
    storeys: Ints
    year: Ints
    use: NDArray[Any]
    lod: NDArray[Any]
    surfaces: NDArray[Any]
    rule: NDArray[Any]
    stated: NDArray[np.bool_]
    account: Account

    def __len__(self) -> int:
        return len(self.id)


def read_models(path: str | Path, crs: str | None = None) -> Models:
    """The buildings of a CityJSON or CityJSONSeq file, plain or gzip.

    crs : projected system wanted; the usual one of the place if absent
    Raises InputError where the file is absent, cut off, no CityJSON, without buildings, or its system cannot be told.
    """
    path = Path(path)
    account = Account("3D buildings (CityJSON)", path.name, "as its publisher states", "the publisher of the file")
    city = read_city(path, account)
    if city.version and not city.version.startswith(("1.", "2.")):
        account.notes.append(f"version {city.version} is not known, read as 2.0")
    families = _families(city, account)
    crs, unit = _project(city, families, path, crs, account)
    rows = [row for family in families if (row := _model(family, unit, account)) is not None]
    if not rows:
        raise refuse(path, f"holds no building that can be used ({account})", ALLOWED, "take a file with buildings")
    account.count("read", "buildings", len(rows))
    _credit(account, city, [r[0] for r in rows])
    names = ("id", "shape", "ground", "height", "eaves", "storeys", "year", "use", "lod", "surfaces", "rule", "stated")
    kinds = (object, object, float, float, float, np.int64, np.int64, object, object, object, object, bool)
    columns = {}
    for k, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        columns[name] = np.empty(len(rows), kind)
        columns[name][:] = [r[k] for r in rows]
    return Models(crs, account=account, **columns)


def _families(city: City, account: Account) -> list[list[Thing]]:
    """Each building with its parts, parts of parts too; other objects are counted."""
    out, taken = [], set()
    for thing in city.things.values():
        lost = thing.kind == "BuildingPart" and not any(p in city.things for p in thing.parents)
        if thing.kind == "Building" or lost:
            account.count("repaired", "parts without their building, taken as one", int(lost))
            family, ahead = [], [thing]
            while ahead:
                part = ahead.pop(0)
                if part.kind in BUILDINGS and part.id not in taken:
                    taken.add(part.id)
                    family.append(part)
                    ahead += [city.things[c] for c in part.children if c in city.things]
                    account.count(
                        "dropped", "parts that are not there", sum(c not in city.things for c in part.children)
                    )
            if family:
                out.append(family)
        elif thing.kind not in BUILDINGS:
            account.count("read", f"{thing.kind} objects, not used")
    stray = [t for t in city.things.values() if t.kind == "BuildingPart" and t.id not in taken]
    account.count("repaired", "parts that their building does not name", len(stray))
    by_head = {family[0].id: family for family in out}
    for part in stray:
        head = next((by_head[p] for p in part.parents if p in by_head), None)
        if head is None:
            out.append([part])
        else:
            head.append(part)
    return out


def _project(
    city: City, families: Sequence[Sequence[Thing]], path: Path, crs: str | None, account: Account
) -> tuple[str, float]:
    """Bring every corner to the system wanted and metres; returns the system and metres per unit of height."""
    arrays = {id(t.corners): t.corners for family in families for t in family}
    every = np.concatenate([*arrays.values(), np.zeros((0, 3))])
    every = every[np.isfinite(every).all(1)]
    if not len(every):
        raise refuse(path, "holds no building with corners", ALLOWED, "take a file with buildings")
    frame: Frame = frame_of(city, every[:, 0], every[:, 1], path, account)
    x, y = (float(np.median(v)) for v in (every[:, 0], every[:, 1]))
    crs = crs or projected_system(*projector(DEGREES, frame.crs)(x, y))
    move = None if frame.crs == crs else projector(crs, frame.crs)
    moved = {}
    for key, corners in arrays.items():
        xy = np.stack(move(corners[:, 0], corners[:, 1]), 1) if move else corners[:, :2]
        moved[key] = on_earth(np.concatenate([xy, corners[:, 2:] * frame.height_unit], 1))
    for family in families:
        for thing in family:
            thing.corners = moved[id(thing.corners)]
    return crs, frame.height_unit


def _model(family: Sequence[Thing], unit: float, account: Account) -> tuple[Any, ...] | None:
    """The row of a building and its parts; None where there is nothing to draw or it does not stand."""
    attributes = said.lower_names({k: v for part in reversed(family) for k, v in part.attributes.items()})
    if said.gone(attributes):
        account.count("dropped", "buildings not built, pulled down or below the ground")
        return None
    surfaces, lod = best_surfaces(family, account)
    if not surfaces:
        account.count("dropped", "buildings without a geometry")
        return None
    form = form_of(surfaces, account)
    if form is None:
        account.count("dropped", "buildings under 1 m2 seen from above")
        return None
    rules = [f"footprint: {form.from_what} of LoD {lod or 'unstated'}"]
    ground, height, eaves = _heights(form, attributes, unit, lod, rules, account)
    if height > MOST_M or form.wide > WIDEST_M:
        account.count("dropped", "buildings over 500 m high or 2 km wide")
        return None
    storeys, stated = _storeys(attributes, height, eaves, rules)
    year = said.number(attributes, said.YEAR)[0]
    if not YEARS[0] <= year <= YEARS[1]:
        account.count("dropped", "years of construction outside 1100 to 2100", int(not math.isnan(year)))
        year = 0
    wkb = _wkb(form.outside, ground) if form.ridge - form.base >= LEAST_M else b""
    use = said.stated_use(attributes)
    rule = "; ".join(rules)
    return family[0].id, form.footprint, ground, height, eaves, storeys, int(year), use, lod, wkb, rule, stated


def _heights(
    form: Form, attributes: dict[str, Any], unit: float, lod: str, rules: list[str], account: Account
) -> tuple[float, float, float]:
    """Ground in the file's datum, ridge and eaves above it, each with its rule."""
    ground, name = said.number(attributes, said.GROUND, unit)
    solid = form.ridge - form.base >= LEAST_M
    if name and (not solid or form.base - 1.0 <= ground <= form.ridge - LEAST_M):
        rules.append(f"ground: {name}")
    else:
        account.count("dropped", "stated grounds above the roof or below the building", int(bool(name)))
        ground = form.base
        rules.append("ground: lowest corner")
    if solid:
        rules.append(f"height: roof less ground of LoD {lod or 'unstated'}")
        return ground, form.ridge - ground, max(min(form.eaves, form.ridge) - ground, min(1.0, form.ridge - ground))
    top, name = said.number(attributes, said.TOP, unit)
    if name and top - ground >= LEAST_M:
        rules.append(f"height: {name} less ground")
        return ground, top - ground, top - ground
    height, name = said.number(attributes, said.HEIGHT, unit)
    if name and height >= LEAST_M:
        rules.append(f"height: {name}")
        return ground, height, height
    storeys, name = said.number(attributes, said.STOREYS)
    account.count("repaired", "buildings without a height, taken from their storeys", 1)
    storeys = storeys if name and storeys >= 1 else USUAL_STOREYS
    rules.append("height: storeys x 3 m" if name else f"height: {USUAL_STOREYS} storeys x 3 m, as nothing tells it")
    return ground, storeys * STOREY_M, storeys * STOREY_M


def _storeys(attributes: dict[str, Any], height: float, eaves: float, rules: list[str]) -> tuple[int, bool]:
    """Storeys as stated, else from the height, and whether they are stated."""
    storeys, name = said.number(attributes, said.STOREYS)
    if name and 1 <= storeys <= 200:
        return math.ceil(storeys), True
    rules.append("storeys: mean of eaves and ridge / 3 m")
    return max(round((height + eaves) / 2.0 / STOREY_M), 1), False


def _wkb(surfaces: Sequence[Surface], ground: float) -> bytes:
    """Faces as WKB MultiPolygon Z, z above the ground."""
    import shapely

    down = np.array([0.0, 0.0, ground])
    faces = [shapely.Polygon(s.rings[0] - down, [r - down for r in s.rings[1:]]) for s in surfaces]
    return bytes(shapely.to_wkb(shapely.multipolygons(faces), output_dimension=3))


def _credit(account: Account, city: City, ids: Sequence[str]) -> None:
    """Whose data they are, as far as the file tells."""
    contact = city.metadata.get("pointOfContact", city.metadata.get("datasetPointOfContact"))
    whose = contact.get("contactName") if isinstance(contact, dict) else None
    if any(i.startswith("NL.IMBAG") for i in ids[:50]):
        account.licence, account.attribution = "CC BY 4.0", "© 3D BAG by tudelft3d and 3DGI"
    elif whose:
        account.attribution = str(whose)
