"""Finding streets, districts, assets and places of an area by a part of their name."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.tables import OUTSIDE

if TYPE_CHECKING:
    from twin.area import Area


ORDER = (
    "district",
    "neighbourhood",
    "street",
    "gateway",
    "place",
    "substation",
    "neighbourhood station",
    "10 kV feeder",
    "0.4 kV feeder",
)


@dataclass(frozen=True)
class Hit:
    """Something with a name: what it is, how many rows it has, where it lies, and how a measure names it.

    where : the entry of `where` in a scenario, as "street: Julianalaan"; "" for what no measure takes
    """

    kind: str
    name: str
    rows: int
    zone: str
    about: str
    where: str = ""

    @property
    def code(self) -> str:
        """What a measure writes behind the kind, as the code of a district."""
        return self.where.partition(": ")[2]


def plain(text: str) -> str:
    """Text without capitals and accents, for comparing names."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in letters if not unicodedata.combining(c)).strip()


def find(area: Area, text: str) -> list[Hit]:
    """Everything whose name or code contains `text`, ignoring capitals and accents.

    Zones and streets come first; of one kind, names that begin with the text.
    """
    wanted = plain(text)
    hits = [hit for hit in everything(area) if wanted in plain(hit.name) or wanted in plain(hit.code)]
    return sorted(hits, key=lambda h: (_rank(h.kind), not plain(h.name).startswith(wanted), h.name))


def _rank(kind: str) -> int:
    """Zones and streets first, the many feeders last."""
    return ORDER.index(kind) if kind in ORDER else ORDER.index("place")


def close_names(area: Area, text: str) -> list[str]:
    """Up to five names that are nearly `text`, the nearest first."""
    from difflib import get_close_matches

    names = {plain(hit.name): hit.name for hit in everything(area)}
    return [names[key] for key in get_close_matches(plain(text), list(names), 5, 0.6)]


def everything(area: Area) -> Iterator[Hit]:
    """Every named thing of the area."""
    yield from _zones(area)
    yield from _streets(area)
    yield from _places(area)
    yield from _assets(area)
    for k, name in enumerate(area.gateways.name):
        yield Hit("gateway", str(name), 1, "", f"{area.gateways.road_class[k]} road over the border")


def _zones(area: Area) -> Iterator[Hit]:
    zones = area.zones
    for k in range(len(zones)):
        parent = zones.name[zones.parent[k]] if zones.parent[k] >= 0 else ""
        about = f"{zones.code[k]}, {zones.population[k]:,} residents"
        yield Hit(str(zones.level[k]), str(zones.name[k]), 1, str(parent), about, f"district: {zones.code[k]}")


def _zone_at(area: Area, x: Any, y: Any) -> list[str]:
    """Name of the district or neighbourhood that each point is nearest to."""
    inner = np.flatnonzero(area.zones.level == "neighbourhood")
    if not len(inner):
        return [""] * len(x)
    from scipy.spatial import cKDTree

    tree = cKDTree(np.stack([area.zones.x[inner], area.zones.y[inner]], 1))
    return [str(area.zones.name[inner[k]]) for k in tree.query(np.stack([x, y], 1))[1]]


def _streets(area: Area) -> Iterator[Hit]:
    links, nodes = area.links, area.nodes
    named = np.flatnonzero((links.name != "") & (links.name != OUTSIDE))
    if not len(named):
        return
    names, first, of, count = np.unique(
        links.name[named].astype(str), return_index=True, return_inverse=True, return_counts=True
    )
    metres = np.bincount(of, links.length[named])
    cars = np.bincount(of, links.car[named]) > 0
    at = links.tail[named[first]]
    zones = _zone_at(area, nodes.x[at], nodes.y[at])
    for k, name in enumerate(names.tolist()):
        about = f"{links.road_class[named[first[k]]]}, {metres[k]:,.0f} m of lanes in both directions"
        yield Hit("street", name, int(count[k]), zones[k], about, f"street: {name}" if cars[k] else "")


def _places(area: Area) -> Iterator[Hit]:
    places, buildings = area.places, area.buildings
    for k in np.flatnonzero(places.name != ""):
        zone = area.zones.name[buildings.zone[places.building[k]]]
        yield Hit(
            str(places.kind[k]).replace("_", " "), str(places.name[k]), 1, str(zone), f"for {places.capacity[k]:,}"
        )


def _assets(area: Area) -> Iterator[Hit]:
    for table in ("transformers", "feeders"):
        rows = area.tables[table]
        for k in range(len(rows)):
            kind = {
                "hv_mv": "substation",
                "mv_lv": "neighbourhood station",
                "mv": "10 kV feeder",
                "lv": "0.4 kV feeder",
            }
            zone = rows.zone[k] if "zone" in rows else -1
            name = str(area.zones.name[zone]) if zone >= 0 else ""
            yield Hit(kind[rows.kind[k]], str(rows.name[k]), 1, name, f"{table}[{k}]", f"asset: {rows.name[k]}")
