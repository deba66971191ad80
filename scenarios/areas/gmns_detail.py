"""What GMNS tells of nodes and links beyond their cost: names, classes, uses, lines, and which turns there are.

`movement.csv` lists the movements of a junction; where it lists any, a turn that is not listed is banned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.account import Account
from scenarios.areas.road_network import Detail, Ids, Ints
from twin.attributes import ORIGINS
from twin.tables import NODES, ROAD_CLASSES

Cells = Mapping[str, Sequence[str]]
# our name -> names of the column, in lower case; from `osm` on they are fields of our own, which GMNS allows
DETAIL = {
    "id": ("link_id",),
    "name": ("name",),
    "class": ("facility_type",),
    "uses": ("allowed_uses",),
    "line": ("geometry",),
    "drawn": ("dir_flag",),
    "osm": ("osm_id",),
    "roundabout": ("roundabout",),
    "rule": ("rule",),
    "origin": ("origin",),
}
NODE_DETAIL = {"kind": ("node_type",), "control": ("ctrl_type", "control_type")}
MOVEMENT = {"from": ("ib_link_id",), "to": ("ob_link_id",)}
# words of `allowed_uses` by mode; "all" is everybody, and so is an empty cell
USES = {
    "car": {"auto", "car", "passenger", "drive", "motor", "sov", "hov", "all"},
    "bicycle": {"bike", "bicycle", "cycle", "all"},
    "walk": {"walk", "ped", "pedestrian", "foot", "all"},
}
NO_NAME = ("", "(null)", "nan", "none")
KINDS = NODES["kind"].allowed or ()


def read_detail(
    nodes: Cells,
    links: Cells,
    rows: Ints,
    against: NDArray[np.bool_],
    ends: tuple[Ids, Ids],
    movements: Cells | None,
    crs: str,
    account: Account,
) -> Detail:
    """The detail of a network whose links are `rows` of link.csv, `against` their direction where that is set."""
    n = len(rows)

    def cells(name: str) -> NDArray[Any]:
        found = np.array([*links[name], None], object)[:-1][rows] if name in links else np.full(n, "", object)
        return np.where(np.isin(found, [None]), "", found)

    kind, control = (nodes.get(c, [""] * len(next(iter(nodes.values())))) for c in ("kind", "control"))
    known = [k if k in KINDS else "signal" if c == "signal" else "plain" for k, c in zip(kind, control, strict=True)]
    name, road, origin = cells("name"), cells("class"), cells("origin")
    osm, ids = cells("osm"), cells("id")
    users = {mode: allowed(links, mode, len(links["tail"]))[rows] for mode in USES}
    return Detail(
        crs,
        np.array(known, object),
        ids,
        np.where(np.isin(np.char.lower(name.astype(str)), NO_NAME), "", name),
        np.where(np.isin(road.astype(str), ROAD_CLASSES), road, ""),
        *users.values(),
        _lines(cells("line"), cells("drawn"), against, "directed" in links, account),
        np.isin(cells("roundabout").astype(str), ("1", "true", "True")),
        np.array([int(t) if t.lstrip("-").isdigit() else 0 for t in osm], np.int64),
        cells("rule"),
        np.where(np.isin(origin.astype(str), ORIGINS), origin, "observed"),
        _banned(movements, ids, against, ends, users["car"], account),
    )


def allowed(links: Cells, mode: str, n: int) -> NDArray[np.bool_]:
    """Which rows of link.csv a mode ("car", "bicycle", "walk") may use; bool (n,)."""
    texts = links.get("uses", [""] * n)
    words = [set(text.lower().replace(";", ",").replace(" ", ",").split(",")) - {""} for text in texts]
    return np.array([not found or bool(found & USES[mode]) for found in words], bool)


def _lines(
    texts: NDArray[Any], flags: NDArray[Any], against: NDArray[np.bool_], directed: bool, account: Account
) -> NDArray[Any]:
    """The points of each link along its direction; none where its geometry is absent or no line."""
    import shapely

    found = shapely.from_wkt(np.where(texts == "", None, texts), on_invalid="ignore")
    good = shapely.get_type_id(found) == shapely.GeometryType.LINESTRING
    account.count("repaired", "links whose geometry is no WKT line, drawn straight", int((~good & (texts != "")).sum()))
    # dir_flag tells how the points run where `directed` tells the direction; else it is the direction
    turned = against ^ ((flags == "-1") & directed)
    lines = np.empty(len(texts), object)
    for i in range(len(texts)):
        points = shapely.get_coordinates(found[i]) if good[i] else np.zeros((0, 2))
        lines[i] = points[::-1] if turned[i] else points
    return lines


def _banned(
    movements: Cells | None,
    ids: NDArray[Any],
    against: NDArray[np.bool_],
    ends: tuple[Ids, Ids],
    car: NDArray[np.bool_],
    account: Account,
) -> Ints:
    """The turns of cars that movement.csv leaves out, where it lists any at a node; int64 (bans, 3) with via -1."""
    none = np.zeros((0, 3), np.int64)
    if movements is None:
        return none
    if against.any():
        account.notes.append("movement.csv is not read: some links are open both ways, of which it names neither")
        return none
    row = {link: i for i, link in enumerate(ids.tolist())}
    pairs = [(row.get(a, -1), row.get(b, -1)) for a, b in zip(movements["from"], movements["to"], strict=True)]
    tail, head = ends
    listed = {(a, b) for a, b in pairs if min(a, b) >= 0 and head[a] == tail[b]}
    account.count("read", "movements", len(pairs))
    account.count(
        "dropped", "movements between links that are unknown or do not meet", sum(p not in listed for p in pairs)
    )
    told = sorted({int(head[a]) for a, _ in listed})
    into: dict[int, list[int]] = {node: [] for node in told}
    out: dict[int, list[int]] = {node: [] for node in told}
    for nodes_of, lists in ((head, into), (tail, out)):
        for link in np.flatnonzero(np.isin(nodes_of, told) & car).tolist():
            lists[int(nodes_of[link])].append(link)
    bans = [(a, -1, b) for node in told for a in into[node] for b in out[node] if (a, b) not in listed]
    account.count("read", "turns that movement.csv leaves out, banned", len(bans))
    return np.array(sorted(bans), np.int64) if bans else none
