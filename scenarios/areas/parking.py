"""Parking places of an area: those that a source shows, and beside them what the usual norms ask of each building."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.streets import nearest_nodes
from twin.tables import PARKING_KINDS

if TYPE_CHECKING:
    from twin.area import Area

# places per dwelling, visitors' included, and per 100 m2 of gross floor: where there is room, and in a dense centre.
# Dutch municipalities take such figures from CROW (publications 317 and 381): the zoning plan NL.IMRO.0406.BPHWC2011 has
# 1.5 per dwelling, 2.5 for offices, 3 to 4 for shops and 2 for businesses; the rest, and all for centres: assumption
PER_DWELLING = {"house": (1.8, 1.3), "apartments": (1.5, 1.0)}
PER_100_M2 = {
    "office": (2.5, 1.5),
    "shop": (3.5, 2.5),
    "school": (1.0, 0.7),
    "university": (1.5, 1.0),
    "hospital": (1.8, 1.4),
    "care": (0.8, 0.6),
    "industry": (1.5, 1.0),
    "leisure": (4.0, 2.5),
    "public": (2.0, 1.3),
}
OPEN, DENSE = 0.3, 1.0  # gross floor per land of a neighbourhood that has room, and of a dense centre (assumption)
# norms are for what is newly built: before cars were common streets were laid out with less room (assumption)
NEW, OLD, SHARE_OLD, SHARE_UNKNOWN = 1975, 1945, 0.6, 0.8  # year from which they hold in full, up to which SHARE_OLD
DWELLING_M2 = 60.0  # gross floor of a dwelling above a shop or an office (assumption)
# whose places they are: inferred ones are used up in this order by those that a source shows at the same node
KIND_OF = {"shop": "lot", "leisure": "lot", "public": "lot", "house": "street", "apartments": "street"}
ORDER = ("lot", "own ground", "street")
COLUMNS = ("node", "x", "y", "capacity", "kind", "rule", "origin")
RULE = "capacity: parking norm by use, at least the cars of those who live there"
ASSUMPTIONS = {
    "parking.norms": "places by use, as Dutch municipalities take them from CROW: 1.3 to 1.8 per house and 1.0 to 1.5 per "
    "flat, visitors included; per 100 m2 of gross floor: offices 1.5 to 2.5, shops 2.5 to 3.5, industry 1.0 to 1.5, "
    "schools 0.7 to 1.0, hospitals 1.4 to 1.8, leisure 2.5 to 4.0; the lower ones from a floor of 1.0 per land of the "
    "neighbourhood on, the higher ones up to 0.3 (assumption)",
    "parking.age": "of the norm a building of before 1945 has 60 %, one of 1975 or later all of it, in between in "
    "proportion, of unknown age 80 % (assumption)",
    "parking.homes": "never fewer at a junction than the cars of the households that live at it (assumption)",
    "parking.observed": "car parks of a source count as part of what the norms ask at their junction (assumption)",
}


def parking_places(area: Area, lots: dict[str, Any] | None = None) -> dict[str, Any]:
    """Columns of the table parking: one row per car park of a source, and per node and kind of what the norms add.

    lots : x, y, capacity, kind, rule of the car parks that a source shows
    An area without buildings has no places that anybody could infer.
    """
    buildings, nodes = area.buildings, area.nodes
    if not len(buildings):
        return {}
    shown = _shown(area, lots)
    wanted = np.zeros((len(PARKING_KINDS), len(nodes)))
    at = np.asarray(buildings.node_car, np.int64)
    for kind, places in _norms(area).items():
        wanted[PARKING_KINDS.index(kind)] += np.bincount(at, places, len(nodes))
    inferred = np.rint(wanted).astype(np.int64)
    street = PARKING_KINDS.index("street")
    cars = np.bincount(at[area.households.building], area.households.cars, len(nodes)).astype(np.int64)
    inferred[street] = np.maximum(inferred[street], cars)
    left = np.bincount(shown["node"], shown["capacity"], len(nodes)).astype(np.int64)
    for name in ORDER:
        kind = PARKING_KINDS.index(name)
        used = np.minimum(inferred[kind], left)
        inferred[kind] -= used
        left -= used
    node, kind = np.nonzero(inferred.T)
    n = len(node)
    rows = {
        "node": node,
        "x": nodes.x[node],
        "y": nodes.y[node],
        "capacity": inferred[kind, node],
        "kind": np.array(PARKING_KINDS, object)[kind],
        "rule": np.full(n, RULE, object),
        "origin": np.full(n, "synthetic" if (buildings.origin == "synthetic").all() else "inferred", object),
    }
    return {column: np.concatenate([shown[column], values]) for column, values in rows.items()}


def _shown(area: Area, lots: dict[str, Any] | None) -> dict[str, NDArray[Any]]:
    """Rows of the car parks that a source shows."""
    if lots is None or not len(lots["x"]):
        return {column: np.zeros(0, object if column in ("kind", "rule", "origin") else np.int64) for column in COLUMNS}
    node = nearest_nodes(vars(area.nodes), vars(area.links), "car", lots["x"], lots["y"])
    return {"node": node, **lots, "origin": np.full(len(node), "observed", object)}


def _norms(area: Area) -> dict[str, NDArray[np.float64]]:
    """Places that the norms ask of each building, by kind; float64 (buildings,) each."""
    buildings = area.buildings
    use = buildings.use.astype(str)
    dense, share = density(area), _share(buildings.year)
    names = np.unique(use)
    row = np.searchsorted(names, use)

    def norm(table: dict[str, tuple[float, float]], other: tuple[float, float]) -> NDArray[np.float64]:
        ends = np.array([table.get(str(name), other) for name in names])[row]
        return np.asarray((ends[:, 0] + (ends[:, 1] - ends[:, 0]) * dense) * share)

    homes = buildings.dwellings * norm(PER_DWELLING, PER_DWELLING["apartments"])
    lived = np.isin(use, list(PER_DWELLING))
    floor = np.where(lived, 0.0, np.maximum(buildings.floor_m2 - DWELLING_M2 * buildings.dwellings, 0.0))
    work = floor / 100.0 * norm(PER_100_M2, (0.0, 0.0))
    kinds = np.array([KIND_OF.get(str(name), "own ground") for name in names], object)[row]
    return {kind: np.where(kinds == kind, work, 0.0) + (homes if kind == "street" else 0.0) for kind in ORDER}


def _share(year: NDArray[Any]) -> NDArray[np.float64]:
    """What a building of that year (0 unknown) has of the norm."""
    share = SHARE_OLD + (1.0 - SHARE_OLD) * (year - OLD) / (NEW - OLD)
    return np.where(year > 0, np.clip(share, SHARE_OLD, 1.0), SHARE_UNKNOWN)


def density(area: Area) -> NDArray[np.float64]:
    """How dense the neighbourhood of each building is, 0 with room to 1 a dense centre; float64 (buildings,)."""
    buildings, zones = area.buildings, area.zones
    floor = np.bincount(buildings.zone, buildings.floor_m2, len(zones))
    per_land = floor / np.maximum(zones.area_m2, 1.0)
    return np.asarray(np.clip((per_land - OPEN) / (DENSE - OPEN), 0.0, 1.0)[buildings.zone])
