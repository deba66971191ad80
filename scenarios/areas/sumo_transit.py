"""Public transport from SUMO's files: stops on lanes, routes that call at them, and the vehicles of one day."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scenarios.areas.account import Account
from scenarios.areas.coordinates import DEGREES
from scenarios.areas.opening import refuse
from scenarios.areas.sumo import elements, points_of, projection
from scenarios.areas.timetable import Timetable

ALLOWED = (
    "a folder with a SUMO network (.net.xml), stops and routes (<additional> with <busStop> and <route>) and vehicles "
    "(<routes>), each plain or gzip"
)
MODES = {
    "bus": "bus",
    "coach": "bus",
    "tram": "tram",
    "subway": "metro",
    "rail": "rail",
    "train": "rail",
    "ship": "ferry",
}
EVERY_DAY = 127


def parts(folder: Path) -> dict[str, Path]:
    """The files of a folder by what they are of: net, additional, routes; the first with stops, and with vehicles."""
    found: dict[str, Path] = {}
    for ending, name in (("net", "net"), ("add", "additional"), ("rou", "routes")):
        for path in sorted([*folder.glob(f"*.{ending}.xml"), *folder.glob(f"*.{ending}.xml.gz")]):
            wanted = {"net": "location", "additional": "busStop", "routes": "vehicle"}[name]
            if name not in found and any(tag == wanted for tag, _ in elements(path, name, ALLOWED)):
                found[name] = path
    return found


def read_sumo_timetable(folder: str | Path) -> Timetable:
    """The timetable in a folder of SUMO's files. Raises InputError where a file is absent or no vehicle calls twice.

    The files tell one day; it is taken for every day of the week. SUMO counts `until` from the end of the first stop.
    """
    folder = Path(folder)
    account = Account("public transport (SUMO)", folder.name, "as its publisher states", "the publisher of the files")
    files = parts(folder)
    if lacking := {"net", "additional", "routes"} - set(files):
        raise refuse(folder, f"has no file of {', '.join(sorted(lacking))}", ALLOWED, "add it to the folder")
    try:
        return _read(folder, files, account)
    except ValueError as error:
        raise refuse(folder, f"cannot be read ({error})", "numbers as SUMO writes them") from error


def _read(folder: Path, files: Mapping[str, Path], account: Account) -> Timetable:
    stops: dict[str, tuple[str, str, float]] = {}  # id -> name, lane, m along it
    routes: dict[str, list[tuple[str, float, float]]] = {}  # id -> stop, s of stay, s until it is over
    for tag, item in elements(files["additional"], "additional", ALLOWED):
        if tag == "busStop":
            middle = (float(item.get("startPos", "0")) + float(item.get("endPos", "0"))) / 2
            stops[item.get("id", "")] = item.get("name", item.get("id", "")), item.get("lane", ""), middle
        elif tag == "route":
            routes[item.get("id", "")] = [
                (s.get("busStop", ""), float(s.get("duration", "0")), float(s.get("until", "nan")))
                for s in item.iter("stop")
            ]
    placed = _place(files["net"], stops, account)
    row = {stop: k for k, stop in enumerate(placed)}
    lines: dict[tuple[str, str], int] = {}
    trip_line, calls = [], []
    for tag, item in elements(files["routes"], "routes", ALLOWED):
        if tag != "vehicle":
            continue
        mode = MODES.get(item.get("type", ""), "")
        plan = routes.get(item.get("route", ""), [])
        known = [(row[s], stay, until) for s, stay, until in plan if s in row and np.isfinite(until)]
        account.count("dropped", "calls at stops that no file places, or without a time", len(plan) - len(known))
        if not mode:
            account.count("dropped", f"vehicles of type {item.get('type')!r}")
        elif len(known) < 2 or (np.diff([until for _, _, until in known]) < 0).any():
            account.count("dropped", "vehicles with fewer than two calls in order")
        else:
            begin = float(item.get("depart", "nan")) + plan[0][1]
            line = re.sub(r"_\d+$", "", item.get("line", item.get("route", "")))
            trip_line.append(lines.setdefault((line, mode), len(lines)))
            for k, (stop, stay, until) in enumerate(known):
                before = begin + known[k - 1][2] if k else begin + until - stay
                leaves = begin + until
                calls.append((len(trip_line) - 1, stop, round(max(leaves - stay, before)), round(leaves)))
    if not calls:
        raise refuse(folder, "has no vehicle that calls at two stops", ALLOWED, "check which files they are")
    table = np.array(calls, np.int32)
    account.notes.append("one day of vehicles, taken for every day of the week")
    for what, n in (("stops", len(row)), ("lines", len(lines)), ("trips", len(trip_line)), ("calls", len(table))):
        account.count("read", what, n)
    lon_lat = np.array(list(placed.values()))
    return Timetable(
        [stops[s][0] for s in placed],
        lon_lat[:, 0],
        lon_lat[:, 1],
        [name for name, _ in lines],
        [mode for _, mode in lines],
        np.array(trip_line, np.int32),
        np.full(len(trip_line), EVERY_DAY, np.uint8),
        *table.T,
        account,
    )


def _place(net: Path, stops: dict[str, tuple[str, str, float]], account: Account) -> dict[str, Any]:
    """Longitude and latitude of the stops whose lane the network has."""
    wanted = {lane for _, lane, _ in stops.values()}
    lanes: dict[str, Any] = {}
    location: dict[str, str] = {}
    for tag, item in elements(net, "net", ALLOWED):
        if tag == "location":
            location = dict(item.attrib)
        elif tag == "edge":
            for lane in item.iter("lane"):
                if lane.get("id", "") in wanted:
                    lanes[lane.get("id", "")] = points_of(lane.get("shape", ""))
    there = {s: (lane, along) for s, (_, lane, along) in stops.items() if len(lanes.get(lane, ())) > 1}
    account.count("dropped", "stops on lanes that the network lacks", len(stops) - len(there))
    if not there:
        raise refuse(net, "has none of the lanes that the stops are on", ALLOWED, "take the network of the stops")
    points = np.array([_along(lanes[lane], along) for lane, along in there.values()])
    _, move = projection(location, points, net, DEGREES, account)
    return dict(zip(there, move(points), strict=True))


def _along(shape: Any, metres: float) -> tuple[float, float]:
    """The point so many metres along a line."""
    step = np.hypot(*np.diff(shape, axis=0).T)
    at = np.append(0.0, np.cumsum(step))
    return float(np.interp(metres, at, shape[:, 0])), float(np.interp(metres, at, shape[:, 1]))
