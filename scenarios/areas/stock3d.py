"""Buildings of an area from 3D models: alone, or joined with those of a map, each value from the source that knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.cityjson import Models, read_models
from scenarios.areas.joining import common_shift, match, moved
from scenarios.areas.osm_buildings import BY_FLOOR, FLAT_M2, HOUSE_M2, Stock

Ints = NDArray[np.int64]
SHED_M2, LOW_M, LOW_SHED_M2 = 35.0, 3.5, 45.0  # largest shed; and where it is low (assumption)
WIDE_M2, HALL_M2 = 420.0, 1_500.0  # footprint from which a building is no house, and no block of flats (assumption)
TALL, FLATS = 3, 4  # storeys from which a wide building holds flats, and any does (assumption)

ASSUMPTIONS = {
    "stock3d.use": "a 3D building that states no use: under 35 m2, or under 3.5 m and 45 m2, a garage; from 4 storeys, or "
    "420 m2 and 3 storeys, apartments, above 1,500 m2 an office; wide and low an industrial hall; else a house (assumption)",
    "stock3d.join": "height, year and roof of the 3D building that covers most of a building on the map; storeys of "
    "whichever source states them; use, address and dwellings of the map (assumption)",
}


def read_all(files: Sequence[str | Path], crs: str | None = None) -> list[Models]:
    """The models of each file in one system, that of the first if none is given.

    A building that an earlier file has, by id or by place, is left out and counted.
    """
    out: list[Models] = []
    for file in files:
        found = read_models(file, crs or (out[0].crs if out else None))
        twice = np.zeros(len(found), bool)
        for earlier in out:
            twice |= np.isin(found.id.astype(str), earlier.id.astype(str))
            twice[match(earlier.shape, found.shape).second] = True
        found.account.count("dropped", "buildings that another file has", int(twice.sum()))
        out.append(take(found, ~twice))
    return out


def _columns(models: Models) -> dict[str, Any]:
    return {f.name: getattr(models, f.name) for f in fields(models) if f.name not in ("crs", "account")}


def take(models: Models, keep: Any) -> Models:
    """Some of the models: a mask or row numbers."""
    return replace(models, **{name: values[keep] for name, values in _columns(models).items()})


def shifted(models: Models, move: tuple[float, float]) -> Models:
    """The models moved by (east, north) metres."""
    import shapely

    solid = np.array([len(s) > 0 for s in models.surfaces], bool)
    surfaces = models.surfaces.copy()
    if solid.any():
        surfaces[solid] = shapely.to_wkb(moved(shapely.from_wkb(surfaces[solid]), move), output_dimension=3)
    return replace(models, shape=moved(models.shape, move), surfaces=surfaces)


def stock_of(models: Models) -> Stock:
    """The models as the buildings of an area; uses and dwellings by rule where the models state none."""
    import shapely

    size = shapely.area(models.shape)
    use, by_size = models.use.copy(), models.use == ""
    use[by_size] = _uses(size, models.height, models.storeys)[by_size]
    floor = size * models.storeys
    homes = np.where(use == "apartments", np.maximum(floor / FLAT_M2, 1), np.clip(np.rint(floor / HOUSE_M2), 1, 4))
    dwellings = np.where(np.isin(use.astype(str), ("house", "apartments")), homes, 0).astype(np.int64)
    per = {"apartments": FLAT_M2, "house": HOUSE_M2}
    rules = [
        merge_rules(
            rule,
            {
                **({"use": "size"} if sized else {}),
                **({"dwellings": f"{BY_FLOOR}{per[u]:.0f} m2"} if u in per else {}),
            },
        )
        for rule, sized, u in zip(models.rule, by_size, use, strict=True)
    ]
    n = len(models)
    centre = shapely.centroid(models.shape)
    columns = {
        "x": shapely.get_x(centre),
        "y": shapely.get_y(centre),
        "use": use,
        "storeys": models.storeys.copy(),
        "height": models.height.copy(),
        "footprint_m2": size,
        "floor_m2": floor,
        "dwellings": dwellings,
        "year": models.year.copy(),
        "address": np.full(n, "", object),
        "osm_id": np.zeros(n, np.int64),
        "geometry": shapely.to_wkb(models.shape),
        "surfaces": models.surfaces.copy(),
        "rule": np.array(rules, object),
        "origin": np.full(n, "observed", object),
    }
    return Stock(columns, [], models.shape, {"buildings": n, "from_3d": n})


def _uses(size: Any, height: Any, storeys: Ints) -> NDArray[Any]:
    """Use by footprint (m2), height (m) and storeys, where nothing is stated."""
    return np.select(
        [
            (size < SHED_M2) | (height < LOW_M) & (size < LOW_SHED_M2),
            (size >= HALL_M2) & (storeys >= TALL),
            (storeys >= FLATS) | (size >= WIDE_M2) & (storeys >= TALL),
            size >= WIDE_M2,
        ],
        np.array(["garage", "office", "apartments", "industry"], object),
        "house",
    ).astype(object)


def join(stock: Stock, models: Models, outline: Any) -> Stock:
    """The buildings of a map with the 3D models of the same place; models that no building has are added.

    outline : polygon in the area's system; models whose centre lies outside are left out and counted
    What was done is counted in the account of the models.
    """
    import shapely

    account = models.account
    move = common_shift(stock.shapes, models.shape)
    if any(move):
        models = shifted(models, move)
        account.notes.append(f"moved {move[0]:+.2f} m east, {move[1]:+.2f} m north to lie on the map")
    centre = shapely.get_coordinates(shapely.centroid(models.shape))
    inside = shapely.contains_xy(outline, centre[:, 0], centre[:, 1])
    account.count("unplaced", "buildings outside the area", int((~inside).sum()))
    models = take(models, inside)
    pairs = match(stock.shapes, models.shape)
    n = len(stock.shapes)
    covering, owner = pairs.best_second(n), pairs.best_first(len(models))
    known, added = np.flatnonzero(covering >= 0), owner < 0
    account.count("read", "buildings on the map that got height and roof", len(known))
    account.count("read", "buildings added to the map", int(added.sum()))
    columns = {c: np.asarray(v).copy() for c, v in stock.columns.items()}
    _heights(columns, known, models, covering[known])
    faces = _surfaces(n, covering, models, owner)
    columns["surfaces"] = np.where(faces == b"", columns.get("surfaces", faces), faces)
    more = stock_of(take(models, added))
    return Stock(
        {c: np.concatenate([v, more.columns[c]]) for c, v in columns.items()},
        stock.points,
        np.concatenate([stock.shapes, more.shapes]),
        {**stock.facts, "buildings": n + len(more.shapes), "with_3d": len(known), "from_3d": len(more.shapes)},
    )


def _heights(columns: dict[str, Any], rows: Ints, models: Models, of: Ints) -> None:
    """Height, storeys, floor, year and their rules of the buildings `rows` from the models `of`."""
    said = np.array(["storeys" not in rules_of(columns["rule"][i]) for i in rows], bool)
    storeys = np.where(said & ~models.stated[of], columns["storeys"][rows], models.storeys[of])
    before = columns["floor_m2"][rows]
    columns["height"][rows] = models.height[of]
    columns["storeys"][rows] = storeys
    columns["floor_m2"][rows] = columns["footprint_m2"][rows] * storeys
    columns["year"][rows] = np.where(models.year[of] > 0, models.year[of], columns["year"][rows])
    columns["origin"][rows] = "observed"
    grown = columns["floor_m2"][rows] / np.maximum(before, 1e-9)
    for i, model, factor, kept in zip(rows, of, grown, said & ~models.stated[of], strict=True):
        old = rules_of(columns["rule"][i])
        if old.get("dwellings", "").startswith(BY_FLOOR) and columns["dwellings"][i]:
            columns["dwellings"][i] = max(round(columns["dwellings"][i] * factor), 1)
        new = rules_of(models.rule[model])
        told = ("ground", "height") if kept else ("ground", "height", "storeys")
        old = {
            name: rule
            for name, rule in old.items()
            if name not in ("height", "storeys") or (kept and name == "storeys")
        }
        columns["rule"][i] = merge_rules("", {**{k: new[k] for k in told if k in new}, **old})


def _surfaces(n: int, covering: Ints, models: Models, owner: Ints) -> NDArray[Any]:
    """Faces of each of the `n` buildings: those of the models that it has most of, together.

    covering : the model that covers most of each building;  owner: the building that has most of each model; -1 none
    A building whose model belongs to another gets a multipolygon without parts: it is drawn with that one.
    """
    import shapely

    out = np.full(n, b"", object)
    solid = np.array([len(s) > 0 for s in models.surfaces], bool)
    rows = np.flatnonzero(solid & (owner >= 0))
    parts, of = shapely.get_parts(shapely.from_wkb(models.surfaces[rows]), return_index=True)
    home = owner[rows][of]
    order = np.argsort(home, kind="stable")
    borders = np.append(np.flatnonzero(np.diff(home[order], prepend=-1)), len(order))
    for start, stop in pairwise(borders.tolist()):
        whole = shapely.multipolygons(parts[order[start:stop]])
        out[home[order[start]]] = shapely.to_wkb(whole, output_dimension=3)
    empty = shapely.to_wkb(shapely.MultiPolygon())
    for i in np.flatnonzero((covering >= 0) & (out == b"")):
        out[i] = empty if solid[covering[i]] else b""
    return out


def rules_of(text: str) -> dict[str, str]:
    """A rule "height: levels x 3 m; use: size" by name."""
    return dict(part.split(": ", 1) for part in text.split("; ") if ": " in part)


def merge_rules(text: str, more: Mapping[str, str]) -> str:
    """A rule with more in it; what it said of the same thing gives way."""
    return "; ".join(f"{name}: {rule}" for name, rule in {**rules_of(text), **more}.items())
