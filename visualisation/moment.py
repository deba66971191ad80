"""What a run says about one moment: what is dark, how fast the streets are, where cars and ambulances are.

Read from the run folder and its area; a run may lack any of it. `restricted/` is never opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twin.area import Area, read_area
from twin.clock import Calendar, minute
from twin.errors import Fault, InputError
from twin.recording import Run
from twin.tables import OUTSIDE
from twin.units import time_of_day

Array = np.ndarray[Any, Any]
QUARTER = 15 * minute
NEAR = 5 * minute  # a position recorded further away than this says nothing about the moment


@dataclass
class Moment:
    """A run at `ms`.

    dark         : bool (buildings,): without power
    dark_signals : int, rows of signals without power
    ratio        : float (links,): speed over free speed in the quarter of an hour; nan where no car drove
    closed       : bool (links,): closed to cars
    cars         : link rows (n,) and fractions (n,) of their length
    ambulances   : x, y and whether busy, (n, 3)
    customers    : customers without power
    """

    run: Run
    area: Area
    ms: int
    dark: Array
    dark_signals: Array
    ratio: Array
    closed: Array
    cars: tuple[Array, Array]
    ambulances: Array
    customers: int

    @property
    def clock(self) -> str:
        """ "Tuesday 11 March 2025, 17:30"."""
        manifest = self.run.manifest
        start, zone = manifest.get("start", "2025-03-11"), manifest.get("time_zone", "Europe/Amsterdam")
        date = Calendar(str(start), str(zone)).at(self.ms)
        return f"{date:%A} {date.day} {date:%B %Y}, {date:%H:%M}"


def moment_of(folder: str | Path, at: str) -> Moment:
    """The moment `at` ("17:30", "day 2, 08:30") of the run in `folder`.

    Raises InputError where the folder is no run, has no area, or the time is none or lies outside the run.
    """
    run = Run(folder)
    ms = _time(run, at)
    area = area_of(run)
    feeders, customers = _dark_feeders(run, area, ms)
    connections = area.connections
    dark = np.zeros(len(area.buildings), bool)
    dark_signals = np.zeros(0, np.int64)
    if len(connections) and feeders.any():
        without = feeders[connections.feeder]
        dark[connections.target[without & (connections.kind == "building")]] = True
        dark_signals = connections.target[without & (connections.kind == "signal")]
    told = _told(run, "vehicles", ms)
    lights = _state(told, "signal_dark", "signal_live", dark_signals)
    shut = _state(told, "close_link", "open_link", np.zeros(0, np.int64))
    closed = np.zeros(len(area.links), bool)
    closed[shut[shut < len(closed)]] = True
    return Moment(
        run,
        area,
        ms,
        dark,
        lights,
        _ratio(run, area, ms),
        closed,
        _cars(run, area, ms),
        _ambulances(run, ms),
        customers,
    )


def area_of(run: Run) -> Area:
    """The area of a run: as the run keeps it, or the folder that it was read from. Raises InputError if neither is."""
    kept = run.folder / "area"
    if (kept / "area.json").is_file():
        return read_area(kept)
    path = (run.manifest.get("area") or {}).get("path") or {}
    if path.get("type") == "folder" and path.get("path"):
        return read_area(path["path"])
    raise InputError(
        Fault(
            str(run.folder),
            "keeps no area to draw",
            "a run with --record full",
            "run it again: twin run ... --record full",
        )
    )


def _time(run: Run, at: str) -> int:
    try:
        ms = time_of_day(at)
    except ValueError as error:
        raise InputError(Fault("--at", str(error))) from None
    until = int(run.manifest.get("simulated_ms") or 0)
    if not until:  # still running, or killed: as far as the recorded events and series go
        until = max(
            (
                int(table.column("time").to_numpy().max())
                for table in (run.events(), run.series("link"))
                if table is not None and table.num_rows
            ),
            default=0,
        )
    if ms > until:
        calendar = Calendar()
        raise InputError(Fault("--at", f"{at} lies after the end of the run", f"00:00 to {calendar.text(until)}"))
    return ms


def _dark_feeders(run: Run, area: Area, ms: int) -> tuple[Array, int]:
    """Which feeders are without power at `ms`, bool (feeders,), and how many customers hang on them."""
    dark, customers = np.zeros(len(area.feeders), bool), np.zeros(len(area.feeders))
    table = run.events("grid")
    if table is None:
        return dark, 0
    kind, time = table.column("kind").to_numpy(zero_copy_only=False), table.column("time").to_numpy()
    told = np.flatnonzero(np.isin(kind, ("feeder_dark", "feeder_live")) & (time <= ms))
    row, value = table.column("subject").to_numpy()[told], table.column("value").to_numpy()[told]
    for k in np.argsort(time[told], kind="stable").tolist():
        if 0 <= row[k] < len(dark):
            dark[row[k]] = kind[told[k]] == "feeder_dark"
            customers[row[k]] = value[k]
    return dark, int(customers[dark].sum())


def _told(run: Run, domain: str, ms: int) -> list[tuple[str, int]] | None:
    """(kind, subject) of a domain's events up to `ms`, in order of time; None where it told nothing in the whole run."""
    table = run.events(domain)
    if table is None:
        return None
    columns = (table.column(name).to_pylist() for name in ("time", "kind", "subject"))
    return [(kind, subject) for _, kind, subject in sorted(row for row in zip(*columns, strict=True) if row[0] <= ms)]


def _state(told: list[tuple[str, int]] | None, begins: str, ends: str, unknown: Array) -> Array:
    """Subjects for which more events of kind `begins` than of kind `ends` were told; `unknown` where nothing was."""
    if told is None:
        return unknown
    count: dict[int, int] = {}
    for kind, subject in told:
        if kind in (begins, ends):
            count[subject] = max(count.get(subject, 0) + (1 if kind == begins else -1), 0)
    return np.array([subject for subject, n in count.items() if n], np.int64)


def _ratio(run: Run, area: Area, ms: int) -> Array:
    """Speed over free speed of each link in the recorded quarter of an hour that holds `ms`."""
    ratio = np.full(len(area.links), np.nan)
    table = run.series("link", ["time", "id", "speed"])
    if table is None or not table.num_rows:
        return ratio
    time, row, speed = (table.column(name).to_numpy() for name in ("time", "id", "speed"))
    times = np.unique(time)
    k = min(int(np.searchsorted(times, ms)), len(times) - 1)
    if abs(int(times[k]) - ms) > QUARTER:
        return ratio
    now = (time == times[k]) & (row >= 0) & (row < len(ratio))
    ratio[row[now]] = speed[now] / area.links.speed[row[now]]
    return ratio


def _cars(run: Run, area: Area, ms: int) -> tuple[Array, Array]:
    table = _nearest(run.table("replay/vehicles"), ms)
    if table is None:
        return np.zeros(0, np.int64), np.zeros(0)
    link, fraction = table.column("link").to_numpy().astype(np.int64), table.column("fraction").to_numpy().astype(float)
    shown = area.links.name[link] != OUTSIDE
    return link[shown], fraction[shown]


def _ambulances(run: Run, ms: int) -> Array:
    table = _nearest(run.table("replay/ambulances"), ms)
    if table is None:
        return np.zeros((0, 3))
    columns = [table.column(name).to_numpy(zero_copy_only=False) for name in ("x", "y", "busy")]
    return np.stack(columns, axis=1).astype(float)


def _nearest(table: Any, ms: int) -> Any:
    """Rows of the recorded time next to `ms`; None where there is none near."""
    if table is None or not table.num_rows:
        return None
    time = table.column("time").to_numpy()
    best = time[np.argmin(np.abs(time - ms))]
    return table.filter(time == best) if abs(int(best) - ms) <= NEAR else None
