"""`where`: from a street's name, an asset, a district or an OpenStreetMap number to rows of the area."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from twin.area import Area
from twin.errors import Fault, InputError, nearest


def links(area: Area, where: Mapping[str, Any], place: str, key_in: str = "where") -> np.ndarray[Any, Any]:
    """Car link rows that `where` names: street, district, osm, polygon or class; "street: busiest" takes the main street.

    The main street is the named street whose links have the largest capacity x length of all that is not a motorway,
    a stretch that all neighbourhoods can spare only with effort. `place` is where the configuration says so, for the
    InputError that is raised where nothing is found.
    """
    by: dict[str, Callable[[Any], np.ndarray[Any, Any]]] = {
        "street": lambda name: _street(area, name, place),
        "district": lambda name: _in_zone(area, name, place),
        "osm": lambda number: np.flatnonzero(area.links.osm_id == int(number)),
        "polygon": lambda ring: _in_polygon(area, ring),
        "class": lambda names: np.flatnonzero(np.isin(area.links.road_class.astype(str), names)),
    }
    ((key, value),) = where.items()
    rows = by[key](value)
    rows = rows[area.links.car[rows]]
    if not len(rows):
        raise InputError(
            Fault(f"{place}.{key_in}.{key}", f"{value!r} has no link for cars", "a place in the area with streets")
        )
    return rows


def _street(area: Area, name: str, place: str) -> np.ndarray[Any, Any]:
    links = area.links
    if name == "busiest":
        name = main_street(area)
    rows = np.flatnonzero([n.casefold() == name.casefold() for n in links.name])
    if not len(rows):
        known = sorted({n for n in links.name[links.car] if n})
        close = nearest(name, known)
        raise InputError(
            Fault(
                f"{place}.where.street",
                f"no street is called {name!r}",
                "a named street of the area, or busiest",
                f"did you mean {close}?" if close else "",
            )
        )
    return rows


def main_street(area: Area) -> str:
    """The named car street, no motorway or trunk road, with the largest sum of capacity x length."""
    links = area.links
    weight: dict[str, float] = {}
    for row in np.flatnonzero(links.car):
        if links.name[row] and links.road_class[row] not in ("motorway", "trunk"):
            weight[links.name[row]] = weight.get(links.name[row], 0.0) + links.capacity[row] * links.length[row]
    return max(sorted(weight), key=lambda n: weight[n]) if weight else ""


def zone(area: Area, name: str, place: str) -> int:
    """Row of the zone of that name or code."""
    zones = area.zones
    rows = [k for k in range(len(zones)) if name.casefold() in (zones.name[k].casefold(), zones.code[k].casefold())]
    if not rows:
        names = [*zones.name, *zones.code]
        raise InputError(
            Fault(
                f"{place}.where.district",
                f"no district is called {name!r}",
                "a name or code of a zone",
                f"did you mean {nearest(name, names)}?" if nearest(name, names) else "",
            )
        )
    return rows[0]


def _in_zone(area: Area, name: str, place: str) -> np.ndarray[Any, Any]:
    import shapely

    row = zone(area, name, place)
    middle = shapely.line_interpolate_point(area.geometry("links"), 0.5, normalized=True)
    return np.flatnonzero(shapely.contains(area.geometry("zones")[row], middle))


def _in_polygon(area: Area, ring: Any) -> np.ndarray[Any, Any]:
    import shapely

    middle = shapely.line_interpolate_point(area.geometry("links"), 0.5, normalized=True)
    return np.flatnonzero(shapely.contains(shapely.Polygon(ring), middle))
