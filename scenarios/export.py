"""Runs and areas in formats of others: GMNS networks with link results, and GeoParquet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.attributes import Column
from twin.errors import Fault, InputError
from twin.recording import Run, writing
from twin.tables import OUTSIDE

if TYPE_CHECKING:
    from scenarios.link_results import LinkResults
    from twin.area import Area

KMH = 3.6
UNITS = {  # of link_performance.csv
    "link_id": "row of link.csv",
    "from_node_id": "",
    "to_node_id": "",
    "begin": "local date and time",
    "end": "local date and time",
    "volume": "vehicles that left the link",
    "speed": "km/h, mean over the link, waiting included",
    "travel_time": "s, mean over the link",
    "delay": "s beyond free flow, of all those vehicles together",
}


def export(source: Path, out: Path, gmns: bool, geoparquet: bool) -> list[str]:
    """Write a run or an area to the folder `out` in the formats asked for; what was written and left out, in words.

    Raises InputError where the source is neither, `out` is taken, or no format is asked for.
    """
    from scenarios.areas import area_of
    from scenarios.link_results import LinkResults
    from twin.area import read_area

    if not (gmns or geoparquet):
        raise InputError(Fault("twin export", "no format is named", "--gmns, --geoparquet, or both"))
    free(out)
    if (source / "area.json").is_file():
        area, results = read_area(source), None
        if geoparquet and not gmns:
            raise InputError(Fault(str(source), "is an area, whose tables are GeoParquet already", "a run, or --gmns"))
    else:
        run = Run(source)
        area, results = area_of(run), LinkResults.of(run)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    said = _gmns(area, results, out) if gmns else []
    if geoparquet and results is not None:
        said.append(write_geoparquet(area, results, out / "links.parquet"))
    return said


def free(out: Path) -> None:
    """Raise InputError where something stands in the folder already."""
    try:
        taken = out.exists() and (not out.is_dir() or any(out.iterdir()))
    except OSError as error:
        raise InputError(Fault(str(out), f"cannot be a folder ({error.strerror or error})")) from error
    if taken:
        raise InputError(Fault(str(out), "exists and is not empty", "a new or empty folder", "name another"))


def _gmns(area: Area, results: LinkResults | None, out: Path) -> list[str]:
    from scenarios.areas.gmns_writing import write_gmns, write_rows

    lost = write_gmns(area, out)
    said = [f"{len(area.nodes):,} nodes and {len(area.links):,} links as GMNS"]
    said += [f"left out, as GMNS has no place for it: {number:,} {what}" for what, number in lost.items()]
    if results is not None:
        with writing(out):
            write_rows(out / "link_performance.csv", tuple(UNITS), _performance(area, results))
            units = [(f"link_performance.{name}", unit) for name, unit in UNITS.items() if unit]
            write_rows(out / "units.csv", ("field", "unit"), units)
        said.append(f"{len(results.end):,} rows of link results by {results.every // 60_000} min; units in units.csv")
    return said


def _performance(area: Area, results: LinkResults) -> Any:
    """Rows of link_performance.csv in order of time and link."""
    links, at = area.links, results.calendar.at
    clock = {ms: at(ms).strftime("%Y-%m-%dT%H:%M:%S") for ms in np.unique([results.end, results.end - results.every])}
    order = np.lexsort((results.link, results.end))
    end, link, vehicles, speed, delay = (
        column[order] for column in (results.end, results.link, results.vehicles, results.speed, results.delay)
    )
    columns = (
        link.tolist(),
        links.tail[link].tolist(),
        links.head[link].tolist(),
        [clock[ms] for ms in (end - results.every).tolist()],
        [clock[ms] for ms in end.tolist()],
        vehicles.tolist(),
        (speed * KMH).round(3).tolist(),
        (links.length[link] / speed).round(3).tolist(),
        delay.round(3).tolist(),
    )
    return zip(*columns, strict=True)


def write_geoparquet(area: Area, results: LinkResults, file: Path) -> str:
    """Write one row per link: its properties, totals of the run, and vehicles and speed by hour; GeoParquet 1.0.

    Links beyond the area, and those on which nobody drives a car, are left out. Returns what was written, in words.
    """
    from twin.parquet import write_table

    links, n = area.links, len(area.links)
    rows = np.flatnonzero(links.car & (links.name != OUTSIDE))
    totals, (flow, speed) = results.totals(n), results.by_hour(n)
    free = links.speed[rows] * KMH
    table: dict[str, tuple[Any, str, str]] = {
        "link": (rows.astype(np.int32), "", "row of the area's links"),
        "name": (links.name[rows], "", ""),
        "road_class": (links.road_class[rows], "", ""),
        "osm_id": (links.osm_id[rows], "", ""),
        "lanes": (links.lanes[rows], "", ""),
        "length": (links.length[rows], "m", ""),
        "free_speed": (free, "km/h", ""),
        "capacity": (links.capacity[rows] * 3600.0, "veh/h", "of all lanes together"),
        "vehicles": (totals["vehicles"][rows], "veh", "cars that left the link in the whole run, warm-up aside"),
        "speed": (totals["speed"][rows] * KMH, "km/h", "their mean over the link, waiting included"),
        "delay": (totals["delay"][rows] / 3600.0, "veh h", "their time beyond free flow, in all"),
    }
    for hour in range(24):
        told = f"from {hour:02d}:00 to {hour + 1:02d}:00, mean of the days"
        table[f"flow_{hour:02d}"] = flow[rows, hour], "veh/h", f"cars that left the link {told}; NaN: not simulated"
        table[f"speed_{hour:02d}"] = speed[rows, hour] * KMH, "km/h", f"their mean speed {told}; NaN: no car"
    table["geometry"] = links.geometry[rows], "", "linestring from tail to head"
    columns = {
        name: Column("geometry" if name == "geometry" else _kind(values), unit=unit, meaning=meaning)
        for name, (values, unit, meaning) in table.items()
    }
    arrays = {name: values for name, (values, _, _) in table.items()}
    with writing(file.parent):
        write_table(file, arrays, columns, geometry=("LineString",), crs=area.crs)
    return f"{len(rows):,} links with their results as GeoParquet in {file.name}"


def _kind(values: Any) -> str:
    return "str" if values.dtype == object else str(values.dtype)
