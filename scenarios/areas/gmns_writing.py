"""An area's network in GMNS format, version 0.95: config, node, link, movement, use_definition and, of a network with
trips of its own, demand.

Lengths in km, speeds in km/h, coordinates in the area's own system; capacity per hour and lane, as the specification has
it. `osm_id`, `roundabout`, `rule` and `origin` are fields of our own. What GMNS has no field for is counted.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scenarios.areas.demand import THROUGH
from twin.network import banned
from twin.recording import writing

if TYPE_CHECKING:
    from twin.area import Area

VERSION = "0.95"
UNITS = {
    "short_length": "m",
    "long_length": "km",
    "speed": "km/h",
    "geometry_field_format": "WKT",
    "version_number": VERSION,
    "id_type": "integer",
}
KM, KMH, HOUR = 1000.0, 3.6, 3600.0
USES = (("car", "auto"), ("bicycle", "bike"), ("walk", "walk"))
CONTROL = {"signal": "signal", "priority": "yield", "roundabout": "yield"}
STRAIGHT, BACK = (
    45.0,
    150.0,
)  # degrees of a turn: up to where it goes straight on, from where it turns round (assumption)
PEOPLE = (("auto", 1.0, 1.0, "cars"), ("bike", 1.0, 0.2, "bicycles"), ("walk", 1.0, 0.0, "people on foot"))


def write_gmns(area: Area, folder: Path) -> dict[str, int]:
    """Write the tables into `folder`, which exists; what GMNS cannot hold, by what it is in words.

    Raises InputError where they cannot be written.
    """
    with writing(folder):
        config = {"dataset_name": area.name, "crs": area.crs, **UNITS}
        write_rows(folder / "config.csv", tuple(config), [tuple(config.values())])
        uses = ("use", "persons_per_vehicle", "pce", "description")
        write_rows(folder / "use_definition.csv", uses, PEOPLE)
        write_rows(folder / "node.csv", *_nodes(area))
        write_rows(folder / "link.csv", *_links(area))
        moves = _movements(area)
        if moves:
            names = ("mvmt_id", "node_id", "ib_link_id", "ob_link_id", "type")
            write_rows(folder / "movement.csv", names, ((i, *row) for i, row in enumerate(moves)))
        pairs = _demand(area)
        if pairs:
            write_rows(folder / "demand.csv", ("o_zone_id", "d_zone_id", "volume"), pairs)
    over, turns = int((area.turns.via >= 0).sum()), area.turns
    told = np.isin(area.links.head[turns.from_link], [node for node, *_ in moves])
    lost = {
        "banned turns over a link between": over,
        "banned turns where no turn is allowed": int((~told & (turns.via < 0)).sum()),
        "signal plans (their junctions have ctrl_type signal)": len(area.signals),
    }
    return {what: number for what, number in lost.items() if number}


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A CSV file with a heading; numbers to the last digit."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)


def _nodes(area: Area) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
    nodes = area.nodes
    zone = np.full(len(nodes), "", object)
    zone[area.gateways.node] = area.gateways.node
    kinds = nodes.kind.tolist()
    control = [CONTROL.get(kind, "none") for kind in kinds]
    columns = (range(len(nodes)), nodes.x.tolist(), nodes.y.tolist(), kinds, control, zone.tolist())
    names = ("node_id", "x_coord", "y_coord", "node_type", "ctrl_type", "zone_id")
    return names, zip(*columns, strict=True)


def _links(area: Area) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
    import shapely

    links = area.links
    lines = shapely.to_wkt(area.geometry("links"), rounding_precision=-1)
    allowed = np.stack([links[mode] for mode, _ in USES], 1)
    uses = [",".join(word for (_, word), may in zip(USES, row, strict=True) if may) for row in allowed]
    n = len(links)
    columns = {
        "link_id": range(n),
        "name": links.name.tolist(),
        "from_node_id": links.tail.tolist(),
        "to_node_id": links.head.tolist(),
        "directed": ["true"] * n,
        "dir_flag": [1] * n,
        "length": (links.length / KM).tolist(),
        "facility_type": links.road_class.tolist(),
        "capacity": (links.capacity * HOUR / links.lanes).tolist(),
        "free_speed": (links.speed * KMH).tolist(),
        "lanes": np.where(links.car, links.lanes, 0).tolist(),  # of motor vehicles, by the specification
        "allowed_uses": uses,
        "geometry": lines.tolist(),
        "osm_id": links.osm_id.tolist(),
        "roundabout": links.roundabout.astype(int).tolist(),
        "rule": links.rule.tolist(),
        "origin": links.origin.tolist(),
    }
    return tuple(columns), zip(*columns.values(), strict=True)


def _movements(area: Area) -> list[tuple[int, int, int, str]]:
    """(node, link in, link out, type) of every allowed turn of cars at the junctions where any is banned."""
    links, cars = area.links, np.flatnonzero(area.links.car)
    bans = {turn for turn in banned(area.turns, np.arange(len(links))) if len(turn) == 2}
    nodes = sorted({int(links.head[a]) for a, _ in bans})
    into: dict[int, list[int]] = {node: [] for node in nodes}
    out: dict[int, list[int]] = {node: [] for node in nodes}
    for link in cars.tolist():
        for lists, node in ((into, int(links.head[link])), (out, int(links.tail[link]))):
            if node in lists:
                lists[node].append(link)
    shapes = area.geometry("links")
    return [
        (node, a, b, _turn(shapes[a], shapes[b]))
        for node in nodes
        for a in into[node]
        for b in out[node]
        if (a, b) not in bans
    ]


def _turn(into: Any, out: Any) -> str:
    """The type of a movement by the angle between the last part of one line and the first of the other."""
    import shapely

    a, b = shapely.get_coordinates(into)[-2:], shapely.get_coordinates(out)[:2]
    ahead, after = np.arctan2(*(a[1] - a[0])[::-1]), np.arctan2(*(b[1] - b[0])[::-1])
    left = (np.degrees(after - ahead) + 180.0) % 360.0 - 180.0
    if abs(left) <= STRAIGHT:
        return "thru"
    return "uturn" if abs(left) >= BACK else "left" if left > 0 else "right"


def _demand(area: Area) -> list[tuple[int, int, int]]:
    """(node, node, vehicles) of through traffic between gateways, where the area is a network and its trips alone."""
    people, gates = area.people, area.gateways
    if len(area.buildings) or not len(people) or not (people.occupation == THROUGH).all():
        return []
    pairs, number = np.unique(np.stack([people.home, people.main], 1), axis=0, return_counts=True)
    nodes = gates.node[pairs]
    return list(zip(*nodes.T.tolist(), number.tolist(), strict=True))
