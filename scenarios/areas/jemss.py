"""A city of JEMSS, the ambulance simulation of the University of Auckland: posts, hospitals, calls, population, roads."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.account import Account
from scenarios.areas.cleaning import clean
from scenarios.areas.geotiff import Raster, read_raster
from scenarios.areas.ground import projector
from scenarios.areas.opening import Sheet, decode, read_bytes, read_members, refuse
from scenarios.areas.osm_frame import projected_system
from scenarios.areas.streets import BIKE_B, BIKE_F, CAR_B, CAR_F, CLASS, LANES, SAID_SPEED, WALK, Floats, Streets
from twin.errors import Fault, InputError

MINUTES, HOURS = 1440.0, 24.0  # of a day: JEMSS counts in days and kilometres
# lowest ordinary speed, km/h, of each class of road: the roads have speeds but no classes (assumption: the speeds of
# the classes in JEMSS's own cities lie between these)
SPEED_CLASSES = ((60.0, "motorway"), (30.0, "primary"), (24.0, "secondary"), (15.0, "tertiary"), (0.0, "residential"))
ALLOWED = "a folder of a JEMSS city: stations_1.csv, and if there hospitals_1.csv, ambulances_1.csv, roads.zip ..."

ASSUMPTIONS = {
    "jemss.class": "roads of JEMSS have speeds and no classes: motorway from 60 km/h, primary from 30, secondary from "
    "24, tertiary from 15, else residential (assumption)",
    "jemss.modes": "people walk and cycle on every road of JEMSS but motorways, cycling in the direction of cars (assumption)",
}


@dataclass
class City:
    """What the folder holds; what is not there is empty or None.

    post_lon, post_lat, post_capacity, post_name : ambulance posts; degrees, ambulances
    hospital_lon, hospital_lat, hospital_name    : hospitals
    ambulances   : row of the post of each ambulance
    calls        : priority -> calls per day;  targets: priority -> minutes within which a unit is to be there
    speeds       : priority -> km/h off the roads, as the crow flies
    bounds       : west, south, east, north; degrees
    population   : residents per m2 as the raster states; only the proportions are of use
    streets, crs : cleaned roads in a projected system
    """

    post_lon: Floats
    post_lat: Floats
    post_capacity: NDArray[np.int64]
    post_name: list[str]
    account: Account
    hospital_lon: Floats = field(default_factory=lambda: np.zeros(0))
    hospital_lat: Floats = field(default_factory=lambda: np.zeros(0))
    hospital_name: list[str] = field(default_factory=list)
    ambulances: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    calls: dict[str, float] = field(default_factory=dict)
    targets: dict[str, float] = field(default_factory=dict)
    speeds: dict[str, float] = field(default_factory=dict)
    bounds: tuple[float, float, float, float] | None = None
    population: Raster | None = None
    streets: Streets | None = None
    crs: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def read_city(folder: str | Path) -> City:
    """The city in a folder. Raises InputError with the faults of all its files, or where it has no posts."""
    folder = Path(folder)
    if not (folder / "stations_1.csv").is_file():
        raise refuse(folder, "is no city of JEMSS (no stations_1.csv)", ALLOWED, "check the path")
    whose = "University of Auckland EMS research group (JEMSS); roads © OpenStreetMap contributors (ODbL)"
    account = Account("JEMSS city", folder.name, "Apache-2.0", whose)
    posts = _posts(folder / "stations_1.csv")
    city = City(*posts, account)
    account.count("read", "ambulance posts", len(city.post_name))
    faults: list[Fault] = []
    for name, reader in READERS.items():
        if not (folder / name).exists():
            account.notes.append(f"has no {name}")
            continue
        try:
            reader(city, folder / name)
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    _question(city)
    return city


def read_tables(text: str, where: str | Path) -> dict[str, Sheet]:
    """The tables of a file: a line with the name, a line of headings, rows, and an empty line after each.

    Raises InputError where a table has no headings.
    """
    out: dict[str, Sheet] = {}
    lines = [[c.strip() for c in row] for row in csv.reader(io.StringIO(text))]
    for block in _blocks(lines):
        if len(block) < 2:
            raise refuse(where, f"table {block[0][0]!r} has no headings", ALLOWED)
        width = max(k for k, name in enumerate(block[1]) if name) + 1
        rows = [(row + [""] * width)[:width] for row in block[2:]]
        out[block[0][0]] = Sheet(block[1][:width], rows)
    return out


def _blocks(lines: list[list[str]]) -> Iterator[list[list[str]]]:
    block: list[list[str]] = []
    for row in [*lines, []]:
        if any(row):
            block.append(row)
        elif block:
            yield block
            block = []


def _table(path: Path, name: str, columns: tuple[str, ...], data: bytes | None = None) -> Sheet:
    """One table of a file, with at least `columns` and one row. Raises InputError else."""
    where = path if data is None else f"{path}: {name}"
    tables = read_tables(decode(read_bytes(path) if data is None else data, where), where)
    if name not in tables:
        raise refuse(where, f"has no table {name}", ", ".join(tables) or ALLOWED, "check which file it is")
    lacking = [c for c in columns if c not in tables[name].header]
    if lacking or not tables[name].rows:
        what = f"lacks {', '.join(lacking)}" if lacking else "has no rows"
        raise refuse(where, f"table {name} {what}", ", ".join(columns), "check which file it is")
    return tables[name]


def _numbers(sheet: Sheet, name: str, where: str | Path) -> Floats:
    try:
        return np.array([float(c) for c in sheet.column(name)])
    except ValueError as error:
        raise refuse(where, f"column {name} holds no number ({error})", "numbers", "correct it") from error


def _places(path: Path, table: str) -> tuple[Sheet, Floats, Floats]:
    sheet = _table(path, table, ("index", "x", "y"))
    lon, lat = _numbers(sheet, "x", path), _numbers(sheet, "y", path)
    if not ((np.abs(lon) <= 180) & (np.abs(lat) <= 90)).all():
        raise refuse(path, "has places that are not in degrees", "x: longitude, y: latitude", "correct them")
    return sheet, lon, lat


def _named(sheet: Sheet) -> list[str]:
    """A name for each row: the first filled of the columns that cities use for it."""
    rows = [{k.lower(): v for k, v in row.items()} for row in sheet.dicts()]
    return [next((row[c] for c in ("name", "city", "address") if row.get(c)), "") for row in rows]


def _posts(path: Path) -> tuple[Floats, Floats, NDArray[np.int64], list[str]]:
    sheet, lon, lat = _places(path, "stations")
    there = "capacity" in sheet.header
    capacity = _numbers(sheet, "capacity", path).astype(np.int64) if there else np.zeros(len(lon), np.int64)
    return lon, lat, capacity, _named(sheet)


def _hospitals(city: City, path: Path) -> None:
    sheet, city.hospital_lon, city.hospital_lat = _places(path, "hospitals")
    city.hospital_name = _named(sheet)
    city.account.count("read", "hospitals", len(city.hospital_name))


def _ambulances(city: City, path: Path) -> None:
    station = _numbers(_table(path, "ambulances", ("index", "stationIndex")), "stationIndex", path).astype(np.int64)
    known = (station >= 1) & (station <= len(city.post_name))
    city.ambulances = station[known] - 1
    city.account.count("read", "ambulances", int(known.sum()))
    city.account.count("unplaced", "ambulances of a post that is not there", int((~known).sum()))


def _by_priority(path: Path, table: str, column: str, priority: str) -> dict[str, float]:
    sheet = _table(path, table, (priority, column))
    return dict(zip(sheet.column(priority), _numbers(sheet, column, path).tolist(), strict=True))


def _calls(city: City, path: Path) -> None:
    city.calls = _by_priority(path, "demandModes", "arrivalRate", "priority")
    city.account.count("read", "rates of calls", len(city.calls))


def _targets(city: City, path: Path) -> None:
    days = _by_priority(path, "coverTimes", "coverTime", "demandPriority")
    city.targets = {p: v * MINUTES for p, v in days.items()}


def _speeds(city: City, path: Path) -> None:
    modes = _table(path, "travelModes", ("travelModeIndex", "offRoadSpeed"))
    km_day = dict(zip(modes.column("travelModeIndex"), _numbers(modes, "offRoadSpeed", path).tolist(), strict=True))
    sets = _table(path, "travelSets", ("priority", "travelModeIndex"))
    pairs = zip(sets.column("priority"), sets.column("travelModeIndex"), strict=True)
    city.speeds = {p: km_day[mode] / HOURS for p, mode in pairs if mode in km_day}


def _bounds(city: City, path: Path) -> None:
    sheet = _table(path, "map", ("xMin", "xMax", "yMin", "yMax"))
    city.bounds = tuple(float(_numbers(sheet, c, path)[0]) for c in ("xMin", "yMin", "xMax", "yMax"))  # type: ignore[assignment]


def _population(city: City, path: Path) -> None:
    name, data = read_members(path, (".tif", ".tiff"))[0]
    raster = read_raster(data, f"{path}: {name}")
    bad = ~np.isfinite(raster.values) | (raster.values < 0)
    raster.values[bad] = 0.0
    city.account.count("dropped", "cells of the population raster without a number", int(bad.sum()))
    if not raster.values.any():
        raise refuse(f"{path}: {name}", "has nobody in it", "residents per m2", "check which file it is")
    city.population = raster
    city.account.count("read", "inhabited cells of the population raster", int((raster.values > 0).sum()))


def _roads(city: City, path: Path) -> None:
    """Roads as streets: an arc and the one back become one; times of the last travel mode are ordinary ones."""
    members = dict(read_members(path, ("nodes.csv", "arcs.csv")))
    if set(members) != {"nodes.csv", "arcs.csv"}:
        raise refuse(path, f"holds only {', '.join(members)}", "nodes.csv and arcs.csv", "fetch the file again")
    nodes = _table(path, "nodes", ("index", "x", "y"), members["nodes.csv"])
    arcs = _table(path, "arcs", ("index", "fromNode", "toNode", "mode_1"), members["arcs.csv"])
    mode = max(c for c in arcs.header if c.startswith("mode_"))
    lon, lat = _numbers(nodes, "x", path), _numbers(nodes, "y", path)
    city.crs = projected_system(float(np.median(lon)), float(np.median(lat)))
    x, y = projector(city.crs)(lon, lat)
    row = {int(k): i for i, k in enumerate(_numbers(nodes, "index", path))}
    ends = np.array([[row.get(int(v), -1) for v in _numbers(arcs, c, path)] for c in ("fromNode", "toNode")])
    days = _numbers(arcs, mode, path)
    sound = (ends >= 0).all(0) & (ends[0] != ends[1]) & (days > 0)
    city.account.count("dropped", "arcs without nodes, length or time", int((~sound).sum()))
    city.account.count("read", "arcs", int(sound.sum()))
    if not sound.any():
        raise refuse(path, "has no arc between two of its nodes", ALLOWED)
    form = read_tables(decode(members["arcs.csv"], path), path).get("miscData")
    both = form is not None and "arcForm" in form.header and form.rows and form.column("arcForm")[0] == "undirected"
    raw = _paired(np.asarray(x), np.asarray(y), ends[:, sound], days[sound], bool(both))
    city.streets, city.facts = clean(raw, lambda s: (s, {}))
    city.account.count("read", "streets", len(city.streets.tail))


def _paired(x: Floats, y: Floats, ends: NDArray[np.int64], days: Floats, both: bool) -> Streets:
    tail, head = ends
    low, high = np.minimum(tail, head), np.maximum(tail, head)
    _, group = np.unique(low * len(x) + high, return_inverse=True)
    n = int(group.max()) + 1
    a, b = np.zeros(n, np.int64), np.zeros(n, np.int64)
    a[group], b[group] = low, high
    ahead = np.bincount(group, tail == low, n) > 0
    back = np.bincount(group, tail != low, n) > 0
    if both:
        ahead[:] = back[:] = True
    metres = np.hypot(x[tail] - x[head], y[tail] - y[head])
    speed = np.bincount(group, metres / (days * 86_400.0), n) / np.bincount(group, minlength=n)
    classes = np.full(n, CLASS["residential"])
    for least, name in SPEED_CLASSES[::-1]:
        classes[speed * 3.6 >= least] = CLASS[name]
    turned = ~ahead  # a one-way road runs from its tail
    a, b = np.where(turned, b, a), np.where(turned, a, b)
    two_way = ahead & back
    slow = classes != CLASS["motorway"]
    flags = CAR_F + CAR_B * two_way + slow * (WALK + BIKE_F + BIKE_B * two_way)
    points = np.stack([x, y], 1)
    lanes = LANES[classes].astype(np.int64)
    none = np.zeros(0, np.int64)
    return Streets(
        x,
        y,
        np.zeros(len(x), np.int64),
        a,
        b,
        list(np.stack([points[a], points[b]], 1)),
        classes,
        np.full(n, "", object),
        np.zeros(n, np.int64),
        speed,
        lanes,
        lanes,
        flags.astype(np.int64),
        {"border": none, "signal": none},
        stated=np.full(n, SAID_SPEED),
    )


def _question(city: City) -> None:
    if city.bounds:
        west, south, east, north = city.bounds
        out = (city.post_lon < west) | (city.post_lon > east) | (city.post_lat < south) | (city.post_lat > north)
        if out.any():
            city.account.notes.append(f"{int(out.sum())} posts lie outside the bounds of the map")
    held = np.bincount(city.ambulances, minlength=len(city.post_name))
    over = (held > city.post_capacity) & (city.post_capacity > 0)
    if over.any():
        city.account.notes.append(f"{int(over.sum())} posts have more ambulances than room")


READERS = {
    "hospitals_1.csv": _hospitals,
    "ambulances_1.csv": _ambulances,
    "demand_1.csv": _calls,
    "demand_coverage_1.csv": _targets,
    "travel_1.csv": _speeds,
    "map_1.csv": _bounds,
    "pop_density_raster.zip": _population,
    "roads.zip": _roads,
}
