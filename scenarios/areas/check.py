"""Checks of an area beyond types and ranges, and its summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scenarios.areas.check_network import geometry, peak, reach, signals, topology, turns
from scenarios.areas.check_people import capacity, grid, people, plausible
from scenarios.areas.check_sources import fit, sources
from scenarios.areas.check_transit import timetable
from scenarios.areas.findings import Finding
from scenarios.areas.outside import crossings, services
from scenarios.areas.streets import MODES, main_component
from twin.attributes import ORIGINS
from twin.tables import OCCUPATIONS, OUTSIDE

if TYPE_CHECKING:
    from twin.area import Area

RULES = (geometry, topology, turns, peak, reach, people, capacity, signals, plausible, grid, timetable, sources, fit)


def check_area(area: Area) -> list[Finding]:
    """Every finding, errors first. An area with no error can be run."""
    found = [
        Finding(
            "type_or_range",
            *_where(f.where),
            f"{f.what}; allowed: {f.allowed}" if f.allowed else f.what,
            f.remedy or "correct the table",
            "error",
        )
        for f in area.faults()
    ]
    if not found:
        for rule in RULES:
            found += rule(area)
    return sorted(found, key=lambda f: (f.severity != "error", f.rule, f.table, f.row))


def _where(text: str) -> tuple[str, int, str]:
    """Table, row and column from "links.speed[3]"."""
    table, _, rest = text.partition(".")
    column, _, row = rest.partition("[")
    return table, int(row.rstrip("]") or -1) if row else -1, column


LISTED = 12  # dropped ways that the summary names


def _cleaning(area: Area) -> dict[str, Any]:
    """What cleaning the car network took away: share of its nodes mutually reachable before, and the ways without cars."""
    facts = area.facts.get("streets", {})
    before = facts.get("largest_component_share_joined", {}).get(
        "car", facts.get("car", {}).get("largest_component_share")
    )
    if before is None:
        return {}
    ways = facts["ways_dropped"]["car"] if "ways_dropped" in facts else facts["car"]["ways_dropped"]
    modes = facts.get("modes", facts)
    ways = sorted({*ways, *modes["car"]["ways_dropped"]})
    lost = len(ways) or int(modes["car"]["edges_dropped"])
    listed = ", ".join(str(w) for w in ways[:LISTED]) + (" ..." if len(ways) > LISTED else "")
    told: dict[str, Any] = {
        "car_nodes_reachable_before_cleaning": round(float(before), 4),
        "car_streets_dropped": f"{lost}: {listed}" if listed else lost,
    }
    if "largest_component_share_raw" in facts:
        told["car_nodes_reachable_in_extract_alone"] = facts["largest_component_share_raw"]["car"]
        told["roads_beyond_the_border"] = facts["outside_links"]
    return told


SCHOOLS = {
    "school": "primary school: in the suitable building nearest the busiest gateway",
    "secondary": "secondary school: its pupils leave by the gateways",
}


def _outside(area: Area) -> list[str]:
    """What the area lacks, with the road to it where it is a place of its own."""
    found = services(area)
    told = {service.kind for service in found}
    others = (kind for kind in area.facts.get("served_from_outside", ()) if kind not in told)
    return sorted([*map(str, found), *(SCHOOLS.get(kind, kind.replace("_", " ")) for kind in others)])


def _from_outside(area: Area) -> dict[str, int]:
    """Who comes in on a day, by what they do."""
    coming = np.asarray(area.people.occupation)[~np.asarray(area.people.resident, bool)]
    through, goods = (int((coming == OCCUPATIONS.index(name)).sum()) for name in ("through", "goods"))
    return {"commuters": len(coming) - through - goods, "goods_vehicles": goods, "through_traffic": through}


def _street_km(area: Area) -> float:
    """Kilometres of streets for cars, a street of two directions once."""
    links = area.links
    rows = np.flatnonzero(links.car & (links.name != OUTSIDE)) if len(links) else np.zeros(0, np.int64)
    both = set(zip(links.tail[rows].tolist(), links.head[rows].tolist(), strict=True))
    share = [
        0.5 if (h, t) in both else 1.0
        for t, h in zip(links.tail[rows].tolist(), links.head[rows].tolist(), strict=True)
    ]
    return round(float((links.length[rows] * np.array(share)).sum()) / 1000, 1)


def summary(area: Area) -> dict[str, Any]:
    """Counts, connectivity, housing and provenance of an area, as plain values."""
    links, residents = area.links, int(area.people.resident.sum())
    share = {
        mode: round(main_component(len(area.nodes), links.tail[links[mode]], links.head[links[mode]])[1], 4)
        if len(links) and links[mode].any()
        else 0.0
        for mode in MODES
    }
    origins = {
        name: {o: round(float((table.origin == o).mean()), 4) for o in ORIGINS if (table.origin == o).any()}
        for name, table in area.tables.items()
        if len(table) and "origin" in vars(table)
    }
    housed = area.people.resident & (area.people.home < len(area.buildings))
    kinds, counts = np.unique(area.places.kind.astype(str), return_counts=True)
    homes = int(area.buildings.dwellings.sum())
    return {
        "name": area.name,
        "crs": area.crs,
        "rows": {name: len(t) for name, t in area.tables.items() if len(t)},
        "connected_share": share,
        **_cleaning(area),
        "residents": residents,
        "citizens_housed": round(float(housed.sum()) / max(residents, 1), 4),
        "from_outside": _from_outside(area),
        "dwellings": homes,
        "dwellings_lived_in": round(len(area.households) / homes, 4) if homes else 0.0,
        "cars_per_resident": round(float(area.households.cars.sum()) / max(residents, 1), 3),
        "jobs": int(area.places.capacity[area.places.kind == "work"].sum()),
        "street_km": _street_km(area),
        "places": dict(zip(kinds.tolist(), counts.tolist(), strict=True)),
        "served_from_outside": _outside(area),
        "leave_by_gateways": {c.who: c.leave for c in crossings(area)},
        "origin": origins,
    }
