"""Care posts and hospitals of a list put into the places of an area: in the building where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas import places
from scenarios.areas.care_sites import Sites
from scenarios.areas.ground import projector

KINDS = ("ambulance_post", "hospital", "gp_post", "pharmacy", "care_home")
REACH = 250.0  # m from a site to its building, and between a site and the same place of another source (assumption)
DETOUR = 1.3  # road over straight line between a gateway and a site beyond it (assumption)
# beds, consulting places or ambulances where a list tells none (assumption; ambulances: of the residents' number)
USUAL = {"hospital": 250, "gp_post": 6, "pharmacy": 8, "care_home": 60}

ASSUMPTIONS = {
    "sites.building": "a listed site is in the largest building that is no house within 250 m, else in the nearest; one "
    "outside the border and farther from every building lies outside the area; listed places within 250 m of an observed "
    "one are the same",
    "sites.outside": "where a kind has no site in the area, listed ones outside stand for it: the nearest first, beyond the "
    "gateway nearest to each, 1.3 times the straight line from there (assumption)",
    "sites.capacity": "without a number: hospital 250 beds, GP post 6 places, pharmacy 8, care home 60 (assumption)",
}


def join_sites(
    table: dict[str, Any],
    lists: Sequence[Sites],
    buildings: dict[str, Any],
    gateways: NDArray[np.float64],
    outline: Any,
    crs: str,
    citizens: int,
    facts: Any,
) -> dict[str, Any]:
    """The table places with the sites of `lists`; kinds that stood in for places outside give way to listed ones.

    gateways : coordinates, shape (gateways, 2);  outline : polygon of the area, in `crs`

    Sites outside the outline that no building is near lie outside: they tell where the stand-ins of their kind are, or are
    counted as not placed. So are schools and universities: their places come with the buildings.
    """
    rows = {c: list(table[c]) for c in table}
    for sites in lists:
        for kind in KINDS:
            called = f"{kind}s".replace("ys", "ies").replace("_", " ")
            chosen = [k for k in range(len(sites)) if sites.kind[k] == kind]
            at = _buildings(sites, chosen, buildings, outline, crs)
            placed = [(k, b) for k, b in zip(chosen, at, strict=True) if b >= 0]
            outside = [k for k, b in zip(chosen, at, strict=True) if b < 0]
            if not placed:
                named = _stand_outside(rows, kind, sites, outside, gateways, crs)
                sites.account.count("repaired", f"{called} outside the area, reached by a gateway", named)
                sites.account.count("unplaced", f"{called} outside the area", len(outside) - named)
            else:
                sites.account.count("unplaced", f"{called} outside the area", len(outside))
                _drop_stand_ins(rows, kind)
                facts["served_from_outside"] = [k for k in facts.get("served_from_outside", ()) if k != kind]
            given = len(rows["kind"])  # two of one list are two, however near
            joined = sum(_put(rows, kind, sites, k, b, buildings, given) for k, b in placed)
            sites.account.count("repaired", f"{called} that another source has, made one", joined)
        others = sum(kind not in KINDS for kind in sites.kind)
        sites.account.count("unplaced", "schools and others, whose places come with the buildings", others)
    posts = [i for i, kind in enumerate(rows["kind"]) if kind == "ambulance_post"]
    if posts and not any(rows["capacity"][i] for i in posts):
        for i, units in zip(posts, places.ambulances(citizens, len(posts)).tolist(), strict=True):
            rows["capacity"][i] = units
    order = sorted(range(len(rows["kind"])), key=lambda i: (rows["building"][i], rows["kind"][i]))
    return {c: np.array([values[i] for i in order], np.asarray(table[c]).dtype) for c, values in rows.items()}


def _buildings(sites: Sites, chosen: list[int], buildings: dict[str, Any], outline: Any, crs: str) -> list[int]:
    """Row of the building of each chosen site, the nearest where none is near; -1 outside the outline."""
    import shapely

    if not chosen:
        return []
    x, y = projector(crs)(sites.lon[chosen], sites.lat[chosen])
    use = buildings["use"].astype(str)
    public = ~np.isin(use, ("house", "garage"))
    out = []
    for px, py in zip(np.atleast_1d(x), np.atleast_1d(y), strict=True):
        far = np.hypot(buildings["x"] - px, buildings["y"] - py)
        near = np.flatnonzero((far <= REACH) & public)
        if len(near):
            out.append(int(near[np.argmax(buildings["floor_m2"][near] / (50.0 + far[near]))]))
        else:
            nearest = int(np.argmin(far))
            inside = far[nearest] <= REACH or bool(shapely.contains_xy(outline, px, py))
            out.append(nearest if inside else -1)
    return out


def _stand_outside(
    rows: dict[str, list[Any]],
    kind: str,
    sites: Sites,
    outside: list[int],
    gateways: NDArray[np.float64],
    crs: str,
) -> int:
    """Give the stand-ins of a kind the names and distances of listed sites outside, the nearest first; how many."""
    kinds, gates, origins = rows["kind"], rows["gateway"], rows["origin"]
    stand_ins = [i for i, k in enumerate(kinds) if k == kind and gates[i] >= 0 and origins[i] == "synthetic"]
    if not stand_ins or not outside or not len(gateways):
        return 0
    x, y = projector(crs)(sites.lon[outside], sites.lat[outside])
    far = np.hypot(np.subtract.outer(x, gateways[:, 0]), np.subtract.outer(y, gateways[:, 1])) * DETOUR
    nearest = np.argsort(far.min(axis=1), kind="stable")
    for i, at in zip(stand_ins, nearest.tolist(), strict=False):
        k, gateway = outside[at], int(np.argmin(far[at]))
        rows["name"][i], rows["origin"][i] = sites.name[k], "inferred"
        rows["capacity"][i] = int(sites.capacity[k]) or rows["capacity"][i]
        rows["gateway"][i], rows["beyond"][i] = gateway, float(far[at, gateway])
    return min(len(stand_ins), len(outside))


def _drop_stand_ins(rows: dict[str, list[Any]], kind: str) -> None:
    keep = [not (k == kind and o == "synthetic") for k, o in zip(rows["kind"], rows["origin"], strict=True)]
    for column, values in rows.items():
        rows[column] = [v for v, kept in zip(values, keep, strict=True) if kept]


def _put(
    rows: dict[str, list[Any]], kind: str, sites: Sites, k: int, building: int, buildings: dict[str, Any], given: int
) -> bool:
    """Add a site, or give its name and capacity to the same place among the `given` rows of other sources; whether so."""
    capacity = int(sites.capacity[k]) or USUAL.get(kind, 0)
    for i, (other, at) in enumerate(zip(rows["kind"][:given], rows["building"][:given], strict=True)):
        far = np.hypot(buildings["x"][at] - buildings["x"][building], buildings["y"][at] - buildings["y"][building])
        if other == kind and far <= REACH and rows["origin"][i] == "observed":
            rows["name"][i] = rows["name"][i] or sites.name[k]
            rows["capacity"][i] = int(sites.capacity[k]) or rows["capacity"][i]
            return True
    for column, value in (
        ("building", building),
        ("kind", kind),
        ("name", sites.name[k]),
        ("capacity", capacity),
        ("gateway", -1),
        ("beyond", 0.0),
        ("origin", "observed"),
    ):
        rows[column].append(value)
    return False
