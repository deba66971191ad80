"""Dwellings of generated buildings brought to a number: rows are left out, or flats get more storeys."""

from __future__ import annotations

from typing import Any

import numpy as np

from scenarios.areas.streets import Bools, Ints
from scenarios.areas.town_buildings import FLAT_M2

STOREYS = 60  # most storeys that are drawn


def thinned(homes: Ints, order: Ints, need: int) -> Bools:
    """Mask of the buildings that stay: those without homes, and in `order` as many as hold `need` dwellings."""
    keep = homes == 0
    keep[order[: int(np.searchsorted(np.cumsum(homes[order]), need)) + 1]] = True
    return keep


def add_flats(buildings: dict[str, Any], flats: Ints, more: int) -> None:
    """Spread `more` dwellings over the buildings `flats`, which get the storeys that they need."""
    b = buildings
    b["dwellings"][flats] += np.diff(np.linspace(0, more, len(flats) + 1).astype(int))
    storeys = np.ceil(b["dwellings"][flats] * FLAT_M2 / b["footprint_m2"][flats]).astype(int)
    b["storeys"][flats] = np.maximum(b["storeys"][flats], np.minimum(storeys, STOREYS))
    b["floor_m2"][flats] = b["storeys"][flats] * b["footprint_m2"][flats]
    b["height"][flats] = 2.9 * b["storeys"][flats] + 1.0


def fit_districts(
    buildings: dict[str, Any], member: Ints, wanted: Ints, luck: Any
) -> tuple[Bools, Ints, dict[str, int]]:
    """Bring the dwellings of every district to exactly its number; changes `buildings`.

    member : district of each building;  wanted: dwellings of each district
    luck   : of each building; the least lucky are left out first
    Returns which buildings stay, the dwellings still missing in each district (all those of one without buildings of
    homes), and what was done.
    """
    homes, use = buildings["dwellings"], buildings["use"].astype(str)
    keep, missing = np.ones(len(homes), bool), np.zeros(len(wanted), np.int64)
    told = {"thinned": 0, "raised": 0, "houses made flats": 0}
    rows_of = np.split(np.argsort(member, kind="stable"), np.searchsorted(np.sort(member), np.arange(1, len(wanted))))
    for d, rows in enumerate(rows_of):
        need, have = int(wanted[d]), int(homes[rows].sum())
        if have > need:
            order = rows[np.lexsort((buildings["_key"][rows], -luck[rows]))]
            told["thinned"] += have - need
            _leave_out(buildings, order[homes[order] > 0], need, keep)
        elif have < need:
            flats = rows[use[rows] == "apartments"]
            if not len(flats):
                flats = _made_flats(buildings, rows[use[rows] == "house"])
                told["houses made flats"] += len(flats)
            if len(flats):
                add_flats(buildings, flats, need - have)
                told["raised"] += need - have
            else:
                missing[d] = need - have
    return keep, missing, told


def _leave_out(buildings: dict[str, Any], order: Ints, need: int, keep: Bools) -> None:
    """Keep the first buildings of `order` up to `need` dwellings; shops stay, without the dwelling above."""
    homes = buildings["dwellings"]
    total = np.cumsum(homes[order])
    last = int(np.searchsorted(total, need))
    beyond = order[last + 1 :] if need else order
    if need:
        homes[order[last]] -= total[last] - need
    keep[beyond[np.isin(buildings["use"][beyond].astype(str), ("house", "apartments"))]] = False
    homes[beyond] = 0


def _made_flats(buildings: dict[str, Any], houses: Ints) -> Ints:
    """The largest fifth of the houses, at least one, now blocks of flats."""
    largest = houses[np.argsort(-buildings["footprint_m2"][houses], kind="stable")][: max(1, len(houses) // 5)]
    buildings["use"][largest] = "apartments"
    return np.asarray(largest, np.int64)


def put_up(buildings: dict[str, Any], member: Ints, missing: Ints, shapes: list[Any]) -> tuple[dict[str, Any], Ints]:
    """One building for the missing dwellings of each district that no street gave a home to, in its widest part.

    What it shares with a building (its street, its year) it has from the nearest one.
    """
    import shapely

    rows, spots, sides = [], [], []
    short = np.flatnonzero(missing) if len(member) else np.zeros(0, np.int64)
    for d in short.tolist():
        radius = shapely.maximum_inscribed_circle(shapes[d])
        spot = shapely.get_coordinates(radius)[0]
        rows.append(int(np.argmin(np.hypot(buildings["x"] - spot[0], buildings["y"] - spot[1]))))
        spots.append(spot)
        sides.append(min(1.3 * shapely.length(radius), 9.0 if missing[d] <= 2 else 20.0))
    if not rows:
        return buildings, member
    more = {c: v[rows].copy() for c, v in buildings.items()}
    at, half = np.array(spots), np.array(sides) / 2
    x, y = at.T
    more |= {
        "x": x,
        "y": y,
        "footprint_m2": 4 * half**2,
        "geometry": shapely.to_wkb(shapely.box(x - half, y - half, x + half, y + half)),
    }
    more["use"] = np.where(missing[short] <= 2, "house", "apartments").astype(object)
    more["_public"] = np.full(len(rows), -1)
    more["dwellings"] = np.zeros(len(rows), np.int64)
    more["storeys"] = np.full(len(rows), 2)
    for k in range(len(rows)):
        add_flats(more, np.array([k]), int(missing[short[k]]))
    return {c: np.concatenate([v, more[c]]) for c, v in buildings.items()}, np.concatenate([member, short])
