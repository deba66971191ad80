"""Counts of vehicles from files: CSV of our own, SUMO's edge data, and measurements of cadyts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from scenarios.areas.opening import decimal, decode, read_bytes, read_sheet, refuse
from scenarios.areas.road_network import Gathered
from scenarios.areas.sumo import elements
from twin.clock import Calendar, day, second

NAN = float("nan")
ALLOWED = (
    "CSV with columns vehicles, from, until and a place (link; or edge; or osm_id and bearing; or x, y and bearing), SUMO "
    "edge data (<meandata> with `entered`) or measurements of cadyts (<measurements>)"
)
HEADS = {
    "link": ("link", "link_id"),
    "edge": ("edge", "edge_id"),
    "osm": ("osm_id", "way"),
    "x": ("x", "lon", "longitude"),
    "y": ("y", "lat", "latitude"),
    "bearing": ("bearing", "direction"),
    "towards_x": ("towards_x", "towards_lon"),
    "towards_y": ("towards_y", "towards_lat"),
    "from": ("from", "begin", "start"),
    "until": ("until", "to", "end"),
    "vehicles": ("vehicles", "count", "volume", "entered"),
    "name": ("name", "station"),
}


@dataclass(frozen=True)
class Count:
    """Vehicles that passed a place.

    where        : file and row, for messages
    link, edge, osm, x, y, bearing, towards : the place, as the file gives it: -1, "" or NaN where it does not; degrees
                   clockwise from north
    begin, until : ms; since midnight of each day where `daily`, else since the start of the run
    """

    where: str
    vehicles: float
    begin: int
    until: int
    daily: bool
    name: str = ""
    link: int = -1
    edge: str = ""
    osm: int = 0
    x: float = NAN
    y: float = NAN
    bearing: float = NAN
    towards: tuple[float, float] = (NAN, NAN)

    @property
    def place(self) -> str:
        """The place in words."""
        if self.name:
            return self.name
        if self.link >= 0:
            return f"link {self.link}"
        if self.edge or self.osm:
            return self.edge or f"way {self.osm}"
        return f"{self.x:g}, {self.y:g}"


def read_counts(path: Path, calendar: Calendar, gathered: Gathered) -> list[Count]:
    """The counts in a file; a fault for each row that is none.

    calendar : of the run, in which dates are read. Raises InputError where the file is no file of counts.
    """
    text = decode(read_bytes(path), path)
    head = text.lstrip("\ufeff \r\n\t")
    if head.startswith("<"):
        readers = {"<meandata": _edge_data, "<measurements": _cadyts}
        for root, read in readers.items():
            if root in text:
                found = read(path, gathered)
                break
        else:
            raise refuse(path, "is XML without counts", ALLOWED, "check which file it is")
    else:
        found = _csv(text, path, calendar, gathered)
    if not found and not gathered.faults:
        raise refuse(path, "holds no count", ALLOWED, "check which file it is")
    return found


def _csv(text: str, path: Path, calendar: Calendar, gathered: Gathered) -> list[Count]:
    sheet = read_sheet(text, path)
    heads = [name.strip().lower() for name in sheet.header]
    names = {name: next((heads.index(n) for n in known if n in heads), -1) for name, known in HEADS.items()}
    for name in ("vehicles", "from", "until"):
        if names[name] < 0:
            gathered.add(path.name, f"has no column {name}", " or ".join(HEADS[name]), "add it")
    if sheet.ragged:
        gathered.add(path.name, f"{sheet.ragged} rows have not as many cells as the heading", "", "complete them")
    if gathered.faults:
        return []
    found = []
    for line, row in enumerate(sheet.rows, 2):
        cells = {name: row[at] if at >= 0 else "" for name, at in names.items()}
        count = _row(cells, f"{path.name}: row {line}", calendar, gathered)
        if count is not None:
            found.append(count)
    return found


def _row(cells: Mapping[str, str], where: str, calendar: Calendar, gathered: Gathered) -> Count | None:
    known = len(gathered.faults)
    vehicles = decimal(cells["vehicles"])
    _check_vehicles(vehicles, cells["vehicles"], where, gathered)
    times = []
    for name in ("from", "until"):
        try:
            times.append(moment(cells[name], calendar))
        except ValueError:
            gathered.add(f"{where}, column {name}", f"is {cells[name]!r}", "15:00, 24:00 or 2025-03-11T15:00")
    if len(times) == 2:
        if times[0][1] != times[1][1]:
            gathered.add(where, "has a date in one of from and until only", "a date in both, or in neither")
        elif times[1][0] <= times[0][0]:
            gathered.add(where, f"is counted from {cells['from']} until {cells['until']}", "an end after its beginning")
    numbers = {name: decimal(cells[name]) for name in ("link", "osm", "x", "y", "bearing", "towards_x", "towards_y")}
    for name, value in numbers.items():
        if cells[name] and not np.isfinite(value):
            gathered.add(f"{where}, column {name}", f"is {cells[name]!r}", "a number")
    if cells["bearing"] and not -180.0 <= numbers["bearing"] <= 360.0 and np.isfinite(numbers["bearing"]):
        gathered.add(f"{where}, column bearing", f"is {cells['bearing']!r}", "degrees clockwise from north, -180 to 360")
    if not (cells["link"] or cells["edge"] or cells["osm"] or (cells["x"] and cells["y"])):
        gathered.add(
            where, "has no place", "link; edge; osm_id and bearing; or x, y and bearing", "fill one of them in"
        )
    if len(gathered.faults) > known:
        return None
    return Count(
        where,
        vehicles,
        times[0][0],
        times[1][0],
        times[0][1],
        cells["name"],
        int(numbers["link"]) if cells["link"] else -1,
        cells["edge"],
        int(numbers["osm"]) if cells["osm"] else 0,
        *(numbers[name] for name in ("x", "y", "bearing")),
        (numbers["towards_x"], numbers["towards_y"]),
    )


def _check_vehicles(vehicles: float, text: str, where: str, gathered: Gathered) -> None:
    if not 0.0 <= vehicles < np.inf:
        gathered.add(f"{where}, vehicles", f"is {text!r}", "a number of 0 or more", "correct it, or take the row out")


def moment(text: str, calendar: Calendar) -> tuple[int, bool]:
    """ "15:00" as (ms of the day, True), "2025-03-11T15:00" as (ms since the run's start, False). Raises ValueError."""
    text = text.strip()
    if "-" in text:
        at = datetime.fromisoformat(text)
        return round((at.replace(tzinfo=None) - calendar.start.replace(tzinfo=None)).total_seconds() * second), False
    parts = [int(part) for part in text.split(":")]
    if len(parts) not in (2, 3) or not all(0 <= p < 60 for p in parts[1:]) or not 0 <= parts[0] <= 24:
        raise ValueError(text)
    ms = sum(p * unit for p, unit in zip(parts, (3_600_000, 60_000, 1_000), strict=False))
    if ms > day:
        raise ValueError(text)
    return ms, True


def _edge_data(path: Path, gathered: Gathered) -> list[Count]:
    """SUMO's <meandata>: of each interval and edge, what entered it."""
    found = []
    for tag, interval in elements(path, "meandata", ALLOWED):
        for item in interval.iter("edge") if tag == "interval" else ():
            where = f"{path.name}: edge {item.get('id')}"
            times = interval.get("begin", ""), interval.get("end", "")
            found += _counted(where, item.get("id", ""), times, item.get("entered", ""), gathered)
    return found


def _cadyts(path: Path, gathered: Gathered) -> list[Count]:
    """Measurements of cadyts: vehicles of a link, or flows in veh/h (FLOW_VEH_H)."""
    found = []
    for tag, item in elements(path, "measurements", ALLOWED):
        if tag != "singlelink":
            continue
        where = f"{path.name}: link {item.get('link')}"
        times = item.get("start", ""), item.get("end", "")
        hours = (decimal(times[1]) - decimal(times[0])) / 3600.0 if item.get("type") == "FLOW_VEH_H" else 1.0
        value = item.get("value", "")
        found += _counted(where, item.get("link", ""), times, value, gathered, hours)
    return found


def _counted(
    where: str, edge: str, times: tuple[str, str], value: str, gathered: Gathered, factor: float = 1.0
) -> list[Count]:
    """A count between seconds since midnight; none and a fault where it is wrong."""
    vehicles, (begin, until) = decimal(value), (decimal(t) for t in times)
    known = len(gathered.faults)
    _check_vehicles(vehicles, value, where, gathered)
    if not until > begin >= 0:
        gathered.add(where, f"is counted from {times[0]!r} until {times[1]!r} s", "an end after its beginning")
    if len(gathered.faults) > known:
        return []
    ms = round(begin * second), round(until * second)
    return [Count(where, vehicles * factor, *ms, ms[1] <= day, edge=edge)]
