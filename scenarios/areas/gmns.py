"""Networks in GMNS format (General Modeling Network Specification, Zephyr Foundation): node.csv, link.csv and, if there,
movement.csv, demand.csv and config.csv of one folder.

Columns of volume-delay functions (VDF_fftt1 in minutes, VDF_cap1 of all lanes, VDF_alpha1, VDF_beta1) are those that
DTALite and Path4GMNS write; the specification itself has none. Its `capacity` is per lane.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scenarios.areas.account import Account
from scenarios.areas.gmns_detail import DETAIL, MOVEMENT, NODE_DETAIL, allowed, read_detail
from scenarios.areas.opening import decode, read_bytes, refuse
from scenarios.areas.road_network import (
    BPR,
    LANE,
    LENGTHS,
    Floats,
    Gathered,
    Ids,
    Ints,
    RoadNetwork,
    usable_capacity,
    usable_length,
    usable_trips,
)

ALLOWED = "a folder with node.csv and link.csv, and if there demand.csv and config.csv"
SPEEDS = {"mph": 0.44704, "kph": 1 / 3.6, "km/h": 1 / 3.6, "kmh": 1 / 3.6, "m/s": 1.0, "mps": 1.0}  # m/s
# our name -> names of the column, in lower case; the first that the file has is taken
NODE = {"node": ("node_id",), "x": ("x_coord", "x"), "y": ("y_coord", "y"), "zone": ("zone_id",), **NODE_DETAIL}
LINK = {
    "tail": ("from_node_id", "from_node"),
    "head": ("to_node_id", "to_node"),
    "directed": ("directed", "dir_flag"),
    "length": ("length",),
    "lanes": ("lanes",),
    "speed": ("free_speed",),
    "capacity": ("capacity",),
    "free": ("vdf_fftt1", "vdf_fftt"),
    "whole": ("vdf_cap1", "vdf_cap"),
    "alpha": ("vdf_alpha1", "vdf_alpha"),
    "beta": ("vdf_beta1", "vdf_beta"),
    **DETAIL,
}
DEMAND = {"origin": ("o_zone_id",), "destination": ("d_zone_id",), "trips": ("volume",)}
ASSUMPTIONS = {
    "gmns.units": "a GMNS network without config.csv has miles and miles per hour (assumption: so have the examples of "
    "Path4GMNS and DTALite)",
    "gmns.zone": "the trips of a zone begin and end at the first of its nodes (assumption)",
    "gmns.lanes": "a link without a number of lanes has one, without a capacity 1,900 veh/h per lane (HCM 2010 base "
    "saturation flow), without a delay function that of the Bureau of Public Roads, 0.15 and 4 (assumption)",
}


@dataclass
class _Table:
    """Cells of a file by our names of its columns; `lines` counts rows as an editor does."""

    file: str
    cells: dict[str, list[str]]
    lines: list[int]


def read_gmns(folder: str | Path) -> RoadNetwork:
    """The network in a folder. Raises InputError with the faults of all files: file, row, column, what is allowed."""
    folder = Path(folder)
    if not looks_like_gmns(folder):
        raise refuse(folder, "holds no node.csv and link.csv", ALLOWED, "check the path")
    account = Account("GMNS network", folder.name, "as its publisher states", "the publisher of the network")
    gathered = Gathered()
    metres, speed, crs = _units(gathered, folder, account)
    nodes = _table(gathered, folder / "node.csv", NODE, ("node",), account)
    links = _table(gathered, folder / "link.csv", LINK, ("tail", "head", "length"), account)
    gathered.refuse()
    _number_names(nodes, links, account)
    ids, zones, x, y = _nodes(gathered, nodes, account)
    cells = _links(gathered, links, ids, metres, speed, account)
    pairs = _trips(gathered, folder / "demand.csv", zones, account)
    gathered.refuse()
    ahead, back = _directions(links)
    rows = np.concatenate([ahead, back])
    moves = folder / "movement.csv"
    movements = _table(gathered, moves, MOVEMENT, tuple(MOVEMENT), account) if moves.is_file() else None
    gathered.refuse()
    account.count("read", "nodes", len(ids))
    account.count("read", "links", len(links.lines))
    account.count("repaired", "links open both ways, made two", len(np.intersect1d(ahead, back)))
    tail, head = (cells[c].astype(np.int32) for c in ("tail", "head"))
    ends = np.concatenate([tail[ahead], head[back]]), np.concatenate([head[ahead], tail[back]])
    against = np.repeat([False, True], [len(ahead), len(back)])
    detail = read_detail(nodes.cells, links.cells, rows, against, ends, movements and movements.cells, crs, account)
    return RoadNetwork(
        folder.name,
        ids,
        x,
        y,
        *ends,
        *(cells[c][rows] for c in ("length", "free", "capacity", "lanes", "alpha", "beta")),
        np.zeros(len(rows)),
        0,
        *usable_trips(*pairs, account),
        60.0,
        account,
        detail,
    )


def looks_like_gmns(folder: Path) -> bool:
    """Whether a folder holds the two tables that every GMNS network has."""
    return all((folder / name).is_file() for name in ("node.csv", "link.csv"))


def _units(gathered: Gathered, folder: Path, account: Account) -> tuple[float, float, str]:
    """m in a unit of length, m/s in a unit of speed; the coordinate system, "" where none is stated."""
    file = folder / "config.csv"
    if not file.is_file():
        account.notes.append("has no config.csv: miles and miles per hour assumed")
        return LENGTHS["mile"], SPEEDS["mph"], ""
    known_as = {"length": ("long_length",), "speed": ("speed",), "crs": ("crs",)}
    table = _table(gathered, file, known_as, (), account)
    out = []
    for name, known, usual in (("length", LENGTHS, "mile"), ("speed", SPEEDS, "mph")):
        word = (table.cells.get(name) or [""])[0].lower()
        if not word:
            account.notes.append(f"config.csv states no unit of {name}: {usual} assumed")
        size = known.get(word or usual, known.get(word.removesuffix("s"), 0.0))
        if not size:
            gathered.add(f"{file.name}: {name}", f"is {word!r}", ", ".join(known), "write one of these")
        out.append(size)
    return out[0], out[1], (table.cells.get("crs") or [""])[0]


def _table(
    gathered: Gathered, path: Path, columns: dict[str, tuple[str, ...]], needed: tuple[str, ...], account: Account
) -> _Table:
    """The wanted columns of a file; a fault for each needed one that is missing and each row of the wrong width."""
    reader = csv.reader(io.StringIO(decode(read_bytes(path), path, account)))
    header = [name.strip().lower() for name in next(reader)]
    rows, lines = [], []
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            gathered.add(
                f"{path.name}: row {reader.line_num}", f"has {len(row)} columns", f"{len(header)}, as its heading"
            )
            continue
        rows.append([cell.strip() for cell in row])
        lines.append(reader.line_num)
    cells = {}
    for name, names in columns.items():
        found = next((n for n in names if n in header), None)
        if found is not None:
            cells[name] = [row[header.index(found)] for row in rows]
        elif name in needed:
            gathered.add(path.name, f"has no column {names[0]}", " or ".join(names), "add the column")
    if not rows:
        gathered.add(path.name, "holds no rows")
    return _Table(path.name, cells, lines)


def _number_names(nodes: _Table, links: _Table, account: Account) -> None:
    """Give nodes whose ids are names a number each: their row, from 1; a name that no node has stays what it is."""
    names = nodes.cells["node"]
    if all(name.replace(".", "", 1).lstrip("-").isdigit() for name in names):
        return
    number: dict[str, str] = {}
    for k, name in enumerate(names, 1):
        number.setdefault(name, str(k))
    account.notes.append("ids of nodes are names: numbered by their rows")
    nodes.cells["node"] = [number[name] for name in names]
    for column in ("tail", "head"):
        links.cells[column] = [number.get(name, f"node {name}") for name in links.cells[column]]


def _nodes(gathered: Gathered, table: _Table, account: Account) -> tuple[Ints, dict[str, int], Floats, Floats]:
    """Number of each node, the row of the first node of each zone, and coordinates with NaN where there are none."""
    n = len(table.lines)
    ids = gathered.numbers(table.file, "node_id", table.cells["node"], table.lines, -np.inf)
    _, first, count = np.unique(ids, return_index=True, return_counts=True)
    for k in first[count > 1]:
        if np.isfinite(ids[k]):
            gathered.add(f"{table.file}: row {table.lines[k]}, column node_id", f"{ids[k]:g} is there twice", "once")
    xy = []
    for name in ("x", "y"):
        texts = [cell or "nan" for cell in table.cells.get(name, [""] * n)]
        known = np.array([text.lower() != "nan" for text in texts], bool)
        values = np.full(n, np.nan)
        rows = np.flatnonzero(known)
        values[rows] = gathered.numbers(
            table.file, f"{name}_coord", [texts[i] for i in rows], [table.lines[i] for i in rows], -np.inf
        )
        xy.append(values)
    account.count("unplaced", "nodes without coordinates", int(np.isnan(xy[0]).sum()))
    zones: dict[str, int] = {}
    several = 0
    for row, zone in enumerate(table.cells.get("zone", [])):
        if zone and zones.setdefault(_plain(zone), row) != row:
            several += _plain(zone) != "0"  # 0 stands for no zone
    account.count("dropped", "further nodes of a zone as ends of its trips", several)
    if not zones:  # without zones every node is one
        zones = {_plain(cell): row for row, cell in enumerate(table.cells["node"])}
    return np.where(np.isfinite(ids), ids, -1).astype(np.int64), zones, xy[0], xy[1]


def _plain(text: str) -> str:
    """A number of a zone without a decimal part of 0, which spreadsheets add."""
    return text.removesuffix(".0")


def _links(
    gathered: Gathered, table: _Table, ids: Ints, metres: float, speed: float, account: Account
) -> dict[str, Floats]:
    """The columns of the links in SI units (capacity in veh/h), missing cells filled and counted."""
    file, lines, n = table.file, table.lines, len(table.lines)

    def numbers(name: str, usual: str, what: str = "", low: float = 0.0) -> Floats:
        texts = table.cells.get(name, [""] * n)
        account.count("repaired", what or f"links without {name}, given {usual}", texts.count("") if usual else 0)
        return gathered.numbers(file, LINK[name][0], [text or usual for text in texts], lines, low)

    out = {name: numbers(name, "", low=-np.inf) for name in ("tail", "head")}
    for name in ("tail", "head"):
        out[name] = gathered.rows_of(file, LINK[name][0], out[name], lines, ids, "nodes").astype(float)
    out["length"] = usable_length(numbers("length", "") * metres, account)
    out["lanes"] = _lanes(gathered, table, numbers("lanes", "1"))
    per_lane = numbers("capacity", f"{LANE:.0f}")
    given = np.array([cell != "" for cell in table.cells.get("whole", [""] * n)], bool)
    whole = gathered.numbers(file, "VDF_cap1", [c or "0" for c in table.cells.get("whole", ["0"] * n)], lines)
    out["capacity"] = np.where(given, whole, per_lane * out["lanes"])
    out["alpha"], out["beta"] = (numbers(name, usual) for name, usual in BPR.items())
    minutes = gathered.numbers(file, "VDF_fftt1", [c or "0" for c in table.cells.get("free", ["0"] * n)], lines)
    out["free"] = _free(gathered, table, 60.0 * minutes, out["length"], speed, account)
    usable_capacity(gathered, file, lines, out["capacity"], out["alpha"])
    return out


def _lanes(gathered: Gathered, table: _Table, stated: Floats) -> Floats:
    """Lanes, a fault for each link without one that cars may use; one where they may not."""
    cars = allowed(table.cells, "car", len(stated))
    for i in np.flatnonzero((stated < 1) & cars):
        where = f"{table.file}: row {table.lines[i]}, column lanes"
        gathered.add(where, f"is {table.cells['lanes'][i]!r}", "a number of 1 or more", "correct the cell")
    return np.maximum(stated, 1.0)


def _free(gathered: Gathered, table: _Table, stated: Floats, length: Floats, unit: float, account: Account) -> Floats:
    """Free-flow time in s: as stated, else length / speed; a fault where there is neither."""
    rows = np.flatnonzero(~(stated > 0))
    texts = table.cells.get("speed", [""] * len(stated))
    cells, lines = [texts[i] for i in rows], [table.lines[i] for i in rows]
    speed = gathered.numbers(table.file, "free_speed", cells, lines, positive=True)
    out = stated.copy()
    out[rows] = length[rows] / (speed * unit)
    if "free" in table.cells:
        account.count("repaired", "links without a free-flow time, told from length and speed", len(rows))
    return out


def _directions(table: _Table) -> tuple[Ints, Ints]:
    """Rows of the links that are open from tail to head, and from head to tail.

    directed is true or 1 for one way and false or 0 for both; dir_flag is 1, -1 (against the direction) or 0 (both).
    """
    texts = [t.lower() for t in table.cells.get("directed", ["1"] * len(table.lines))]
    both = np.array([t in ("0", "false") for t in texts], bool)
    against = np.array([t == "-1" for t in texts], bool)
    return np.flatnonzero(~against), np.flatnonzero(both | against)


def _trips(gathered: Gathered, path: Path, zones: dict[str, int], account: Account) -> tuple[Ids, Ids, Floats]:
    """Rows of the nodes where trips begin and end, and trips."""
    if not path.is_file():
        account.notes.append("has no demand.csv: no trips")
        return np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0)
    table = _table(gathered, path, DEMAND, tuple(DEMAND), account)
    gathered.refuse()
    trips = gathered.numbers(table.file, "volume", table.cells["trips"], table.lines)
    ends = []
    for name, (column,) in list(DEMAND.items())[:2]:
        texts = [_plain(text) for text in table.cells[name]]
        unknown = {t: table.lines[i] for i, t in reversed(list(enumerate(texts))) if t not in zones}
        for text, line in unknown.items():
            gathered.add(
                f"{table.file}: row {line}, column {column}",
                f"zone {text!r} has no node",
                f"one of {len(zones):,} zones",
            )
        ends.append(np.array([zones.get(t, 0) for t in texts], np.int32))
    return ends[0], ends[1], trips
