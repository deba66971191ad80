"""Networks in TNTP format: `*_net.tntp`, `*_trips.tntp` and, if there, `*_node.tntp`, of one folder.

The format is described in the README of Transportation Networks for Research (bstabler/TransportationNetworks): metadata
in angle brackets, `~` before a comment, `;` after a row. Units are not part of it; they stand in a network's README.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scenarios.areas.account import Account
from scenarios.areas.opening import decode, read_bytes, refuse
from scenarios.areas.road_network import (
    LENGTHS,
    TIMES,
    Floats,
    Gathered,
    Ints,
    RoadNetwork,
    lanes_for,
    usable_capacity,
    usable_length,
    usable_trips,
)

ALLOWED = "a folder with one *_net.tntp, one *_trips.tntp and at most one *_node.tntp"
COLUMNS = ("init_node", "term_node", "capacity", "length", "free_flow_time", "b", "power", "speed", "toll", "link_type")
NEEDED = 7  # columns without which a link has no cost
FIRST = "FIRST THRU NODE"
ASSUMPTIONS = {
    "tntp.units": "a TNTP network whose README and heading state no units has minutes, miles, and no cost of toll and "
    "distance (assumption: so do most networks that state them)",
}


@dataclass(frozen=True)
class Units:
    """Units of a network. time: s in one unit of time; length: m in one unit of length.

    toll, distance : units of time that one unit of toll, one unit of length costs
    """

    time: float = 60.0
    length: float = 1609.344
    toll: float = 0.0
    distance: float = 0.0


@dataclass
class _Rows:
    """Rows of a file without comments: the words of each, and its row as an editor counts."""

    file: str
    about: dict[str, str]
    rows: list[list[str]]
    lines: list[int]


def read_tntp(folder: str | Path, units: Units | None = None) -> RoadNetwork:
    """The network in a folder.

    units : where the caller knows them; else the folder's README.md, else the heading of the network file tells
    Raises InputError with the faults of all files: file, row, column, what is allowed.
    """
    folder = Path(folder)
    net_file, trips_file, node_file = _files(folder)
    whose = "Transportation Networks for Research; for academic research only"
    account = Account("TNTP network", folder.name, "as its publisher states", whose)
    gathered = Gathered()
    net = _rows(net_file, account)
    units = units or _units(folder, net, account)
    zones, nodes, through = (_whole(gathered, net, key) for key in ("NUMBER OF ZONES", "NUMBER OF NODES", FIRST))
    gathered.refuse()
    cells = _links(gathered, net, nodes, account)
    x, y = _coordinates(gathered, node_file, nodes, account)
    origin, destination, trips = _trips(gathered, trips_file, zones, account)
    gathered.refuse()
    capacity, length, alpha = cells["capacity"], cells["length"], cells["b"]
    network = RoadNetwork(
        re.sub(r"_net\.tntp$", "", net_file.name, flags=re.IGNORECASE),
        np.arange(1, nodes + 1),
        x,
        y,
        (cells["init_node"] - 1).astype(np.int32),
        (cells["term_node"] - 1).astype(np.int32),
        usable_length(length * units.length, account),
        cells["free_flow_time"] * units.time,
        capacity,
        lanes_for(capacity, account),
        alpha,
        cells["power"],
        (units.toll * cells["toll"] + units.distance * length) * units.time,
        through - 1,
        *usable_trips((origin - 1).astype(np.int32), (destination - 1).astype(np.int32), trips, account),
        units.time,
        account,
    )
    account.count("read", "nodes", nodes)
    account.count("read", "links", len(capacity))
    return network


def looks_like_tntp(folder: Path) -> bool:
    """Whether a folder holds a TNTP network and its trips."""
    return all(any(p.name.lower().endswith(end) for p in folder.iterdir()) for end in ("_net.tntp", "_trips.tntp"))


def _files(folder: Path) -> tuple[Path, Path, Path | None]:
    if not folder.is_dir():
        raise refuse(folder, "is no folder", ALLOWED, "check the path")
    gathered = Gathered()
    found: list[Path | None] = []
    for ending, least in (("_net.tntp", 1), ("_trips.tntp", 1), ("_node.tntp", 0)):
        files = sorted(p for p in folder.iterdir() if p.name.lower().endswith(ending))
        if not least <= len(files) <= 1:
            names = ", ".join(p.name for p in files) or "none"
            gathered.add(f"{folder}: *{ending}", f"{len(files)} files ({names})", ALLOWED, "leave one in the folder")
        found.append(files[0] if files else None)
    gathered.refuse()
    net, trips, node = found
    assert net is not None
    assert trips is not None
    return net, trips, node


def _rows(path: Path, account: Account) -> _Rows:
    """The metadata and the rows of a file: comments, the ends of rows and lines without a number left out."""
    about: dict[str, str] = {}
    rows, lines = [], []
    for number, line in enumerate(decode(read_bytes(path), path, account).splitlines(), 1):
        stated = re.match(r"\s*<([^>]*)>\s*(.*)", line)
        if stated:
            about[stated[1].strip().upper()] = stated[2].strip()
            continue
        words = line.split("~")[0].replace(";", " ; ").split()
        if words and words != [";"]:
            rows.append(words)
            lines.append(number)
    return _Rows(path.name, about, rows, lines)


def _cells(table: _Rows) -> list[tuple[list[str], int]]:
    """The words of each row before its first `;`, and its line; headings left out."""
    rows = [(row[: row.index(";")] if ";" in row else row, n) for row, n in zip(table.rows, table.lines, strict=True)]
    return [(row, n) for row, n in rows if row and not row[0][0].isalpha()]


def _whole(gathered: Gathered, net: _Rows, key: str) -> int:
    """A whole number of 1 or more in the metadata."""
    text = net.about.get(key, "")
    if text.isdigit() and int(text) > 0:
        return int(text)
    gathered.add(f"{net.file}: <{key}>", f"is {text!r}", "a whole number of 1 or more", "add it before the rows")
    return 0


def _units(folder: Path, net: _Rows, account: Account) -> Units:
    """Units that the README and the heading state; what neither does is assumed, and said."""
    readme = next((p for p in sorted(folder.iterdir()) if p.name.lower() == "readme.md"), None)
    text = decode(read_bytes(readme), readme) if readme else ""
    heading = net.about.get("ORIGINAL HEADER", "")
    usual = Units()
    time = _unit(r"^Time:", text, TIMES) or _unit(r"(?:fftt|time)\s*\(", heading, TIMES)
    length = _unit(r"^Distance:", text, LENGTHS) or _unit(r"length\s*\(", heading, LENGTHS)
    weights = text[text.find("Generalized Cost Weights") :] if "Generalized Cost Weights" in text else ""
    toll, distance = (_weight(name, weights) for name in ("Toll", "Distance"))
    for what, found in (("time", time), ("length", length)):
        if not found:
            account.notes.append(f"states no unit of {what}: {'minutes' if what == 'time' else 'miles'} assumed")
    return Units(time or usual.time, length or usual.length, toll, distance)


def _unit(before: str, text: str, known: dict[str, float]) -> float:
    """The size of the unit named after the words `before`; 0 where none is."""
    found = re.search(before + r"[ \t]*([A-Za-z]+)", text, flags=re.IGNORECASE | re.MULTILINE)
    word = found[1].lower() if found else ""
    return known.get(word, known.get(word.removesuffix("s"), 0.0))


def _weight(name: str, text: str) -> float:
    found = re.search(rf"^{name}:[ \t]*([\d.]+)", text, flags=re.MULTILINE)
    return float(found[1]) if found else 0.0


def _links(gathered: Gathered, net: _Rows, nodes: int, account: Account) -> dict[str, Floats]:
    """The columns of the links, the first of several between two nodes kept."""
    rows = _cells(net)
    for row, line in rows:
        if len(row) < NEEDED:
            gathered.add(
                f"{net.file}: row {line}",
                f"has {len(row)} columns",
                f"{', '.join(COLUMNS[:NEEDED])} at least",
                "complete the row",
            )
    rows = [(row, line) for row, line in rows if len(row) >= NEEDED]
    stated = net.about.get("NUMBER OF LINKS", "")
    if stated.isdigit() and int(stated) != len(rows):
        gathered.add(
            net.file, f"holds {len(rows)} links, its heading says {stated}", remedy="fetch it again, or correct it"
        )
    lines = [line for _, line in rows]
    cells = {
        column: gathered.numbers(net.file, column, [r[k] if k < len(r) else "0" for r, _ in rows], lines)
        for k, column in enumerate(COLUMNS)
        if column not in ("speed", "link_type")  # of no agreed meaning, and not used
    }
    for column in COLUMNS[:2]:
        gathered.rows_of(net.file, column, cells[column], lines, np.arange(1, nodes + 1), "nodes")
    usable_capacity(gathered, net.file, lines, cells["capacity"], cells["b"])
    keep = _first_of_each(cells["init_node"], cells["term_node"])
    account.count("dropped", "second links between the same nodes", len(rows) - len(keep))
    return {column: values[keep] for column, values in cells.items()}


def _first_of_each(tail: Floats, head: Floats) -> Ints:
    """Rows of the first link of each pair of nodes, in order: so the publisher asks for duplicates to be read."""
    _, first = np.unique(np.stack([tail, head], 1), axis=0, return_index=True)
    return np.sort(first)


def _coordinates(gathered: Gathered, path: Path | None, nodes: int, account: Account) -> tuple[Floats, Floats]:
    """x and y of every node, NaN where unknown."""
    x, y = np.full(nodes, np.nan), np.full(nodes, np.nan)
    if path is None:
        account.notes.append("has no coordinates")
        return x, y
    table = _rows(path, account)
    rows = [(row, n) for row, n in _cells(table) if len(row) >= 3]
    lines = [n for _, n in rows]
    columns = [
        gathered.numbers(table.file, name, [row[k] for row, _ in rows], lines, low)
        for k, (name, low) in enumerate((("node", 1.0), ("x", -np.inf), ("y", -np.inf)))
    ]
    at = gathered.rows_of(table.file, "node", columns[0], lines, np.arange(1, nodes + 1), "nodes")
    x[at[at >= 0]], y[at[at >= 0]] = columns[1][at >= 0], columns[2][at >= 0]
    account.count("unplaced", "nodes without coordinates", int(np.isnan(x).sum()))
    return x, y


def _trips(gathered: Gathered, path: Path, zones: int, account: Account) -> tuple[Ints, Ints, Floats]:
    """Origin, destination (numbers of zones) and trips of each pair that the table names."""
    table = _rows(path, account)
    origins, goals, volumes, lines = [], [], [], []
    origin = ""
    for words, line in zip(table.rows, table.lines, strict=True):
        if words[0].lower() == "origin":
            origin = words[1] if len(words) > 1 else ""
            continue
        for item in " ".join(words).split(";"):
            if not item.strip():
                continue
            goal, _, volume = item.partition(":")
            if not origin or not volume.strip():
                what = "stands before any origin" if not origin else "is no pair"
                gathered.add(f"{table.file}: row {line}", f"{item.strip()!r} {what}", '"destination : trips ;"')
                continue
            origins.append(origin)
            goals.append(goal.strip())
            volumes.append(volume.strip())
            lines.append(line)
    known = np.arange(1, zones + 1)
    ends = []
    for column, texts in (("origin", origins), ("destination", goals)):
        numbers = gathered.numbers(table.file, column, texts, lines, 1.0)
        ends.append(gathered.rows_of(table.file, column, numbers, lines, known, "zones") + 1)
    trips = gathered.numbers(table.file, "trips", volumes, lines)
    _compare(table, float(np.nansum(trips)), account)
    return ends[0].astype(np.int64), ends[1].astype(np.int64), trips


def _compare(table: _Rows, total: float, account: Account) -> None:
    """A note where the trips are not as many as the file says."""
    try:
        stated = float(table.about.get("TOTAL OD FLOW", ""))
    except ValueError:
        return
    if abs(total - stated) > 1e-4 * max(stated, 1.0):
        account.notes.append(f"its heading says {stated:,.1f} trips, its pairs hold {total:,.1f}")
