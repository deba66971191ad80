"""Modelled flows of a run beside counts: which link a count is of, and the table of the fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.coordinates import DEGREES, tell_system
from scenarios.areas.road_network import Gathered
from scenarios.count_files import Count, read_counts
from scenarios.geh import GOOD, SHARE, flow_fits, geh
from scenarios.link_results import LinkResults
from twin.clock import day, hour
from twin.recording import Run

if TYPE_CHECKING:
    from twin.area import Area

REACH = 30.0  # m from a count's coordinates to its link (assumption: a road with its verges)
LONG = 1.0  # h of a count beyond which GEH, which is of hourly flows, flatters
ASTRAY = 60.0  # degrees between the bearings of a count and its link (assumption)


@dataclass(frozen=True)
class Fit:
    """One count and what the run says of it; flows in veh/h.

    spread : standard deviation that the luck of a sample gives the modelled flow, veh/h: each vehicle simulated stands for w,
             and their number is about Poisson, so sqrt(w m); 0 in a whole run
    """

    place: str
    link: int
    hours: float
    counted: float
    modelled: float
    geh: float
    flow_fits: bool
    spread: float


def fit_run(folder: Path, file: Path) -> list[Fit]:
    """The fit of a run to the counts in a file. Raises InputError with all faults of the file at once."""
    from scenarios.areas import area_of

    run = Run(folder)
    results, area = LinkResults.of(run), area_of(run)
    gathered = Gathered()
    counts = read_counts(file, results.calendar, gathered)
    links = Places(area, gathered)
    rows = [links.of(count) for count in counts]
    found = [fit(count, row, results, area, gathered) for count, row in zip(counts, rows, strict=True) if row >= 0]
    _one_each(counts, rows, gathered)
    gathered.refuse()
    return [f for f in found if f is not None]


def fit(count: Count, link: int, results: LinkResults, area: Area, gathered: Gathered) -> Fit | None:
    """The fit of one count; None and a fault where the run does not cover its time.

    A time of the day without a date is taken on every day that the run covers whole, and the mean is told.
    """
    days = range(results.until // day + 1) if count.daily else (0,)
    spans = [(d * day + count.begin, d * day + count.until) for d in days]
    spans = [(a, b) for a, b in spans if results.begin <= a and b <= results.until]
    if not spans:
        text = results.calendar.text
        gathered.add(
            count.where,
            f"is counted from {text(count.begin)} until {text(count.until)}, which the run does not cover",
            f"{text(results.begin)} to {text(results.until)}",
            "simulate that time, or take the row out",
        )
        return None
    vehicles = float(np.mean([results.between(a, b, len(area.links))[0][link] for a, b in spans]))
    hours = (count.until - count.begin) / hour
    modelled, counted, weight = vehicles / hours, count.vehicles / hours, area.represents
    spread = np.sqrt(weight * vehicles / len(spans)) / hours if weight > 1.0 else 0.0
    fits = bool(flow_fits(modelled, counted))
    return Fit(count.place, link, hours, counted, modelled, float(geh(modelled, counted)), fits, float(spread))


def _one_each(counts: Sequence[Count], rows: Sequence[int], gathered: Gathered) -> None:
    """A fault for each count whose link has another one at the same time."""
    seen: dict[int, list[Count]] = {}
    for count, row in zip(counts, rows, strict=True):
        for other in seen.get(row, []) if row >= 0 else ():
            if count.begin < other.until and other.begin < count.until and count.daily == other.daily:
                what = f"is a second count of link {row} at that time, beside {other.where}"
                gathered.add(count.where, what, "one", "leave one of them out")
                break
        seen.setdefault(row, []).append(count)


class Places:
    """The links of an area that counts are of."""

    def __init__(self, area: Area, gathered: Gathered) -> None:
        import shapely

        self.area, self.gathered, self.links = area, gathered, area.links
        self.lines = area.geometry("links")
        self.edges = {edge: row for row, edge in enumerate(area.facts.get("link_ids", []))}
        self.middle = shapely.get_coordinates(shapely.line_interpolate_point(self.lines, 0.5, normalized=True))

    def of(self, count: Count) -> int:
        """The link of a count; -1 and a fault where there is none, or more than one."""
        if count.link >= 0:
            return self._checked(count, count.link if count.link < len(self.links) else -1, f"link {count.link}")
        if count.edge:
            return self._checked(count, self.edges.get(count.edge, -1), f"edge {count.edge!r}")
        x, y = self._metres(count.x, count.y)
        rows = np.flatnonzero(self.links.car)
        if count.osm:
            rows = rows[self.links.osm_id[rows] == count.osm]
            if not len(rows):
                return self._checked(count, -1, f"way {count.osm} of OpenStreetMap")
        elif np.isfinite(x):
            rows = rows[self._distance(rows, x, y) <= REACH]
        rows = self._in_direction(rows, count, x, y)
        if len(rows) > 1 and np.isfinite(x):
            rows = rows[[int(np.argmin(self._distance(rows, x, y)))]]
        if len(rows) == 1:
            return int(rows[0])
        where = f"way {count.osm}" if count.osm else f"{REACH:g} m around {count.x:g}, {count.y:g}"
        what = f"{len(rows) or 'no'} links of cars lie on {where} in that direction"
        names = ", ".join(map(str, rows[:5]))
        self.gathered.add(count.where, what, "one", f"give x and y, or link: one of {names}" if names else "correct it")
        return -1

    def _checked(self, count: Count, row: int, what: str) -> int:
        if row >= 0 and self.links.car[row]:
            return row
        why = "is closed to cars" if row >= 0 else "is none of the area"
        allowed = f"{len(self.links):,} links" if not count.edge or self.edges else "an area of a SUMO or GMNS network"
        self.gathered.add(count.where, f"{what} {why}", allowed, "correct it, or take the row out")
        return -1

    def _metres(self, x: float, y: float) -> tuple[float, float]:
        from scenarios.areas.ground import projector

        if np.isfinite(x) and np.isfinite(y) and tell_system([x], [y]) == DEGREES:
            x, y = (float(v) for v in projector(self.area.crs)(x, y))
        return x, y

    def _distance(self, rows: NDArray[Any], x: float, y: float) -> NDArray[np.float64]:
        import shapely

        return np.asarray(shapely.distance(self.lines[rows], shapely.Point(x, y)))

    def _in_direction(self, rows: NDArray[Any], count: Count, x: float, y: float) -> NDArray[Any]:
        """Those of the links that run as the count's bearing says, or towards its point."""
        import shapely

        lines = self.lines[rows]
        if np.isfinite(count.bearing):
            at = shapely.line_locate_point(lines, shapely.Point(x, y)) if np.isfinite(x) else shapely.length(lines) / 2
            step = 1.0
            before = shapely.get_coordinates(shapely.line_interpolate_point(lines, np.maximum(at - step, 0.0)))
            after = shapely.get_coordinates(shapely.line_interpolate_point(lines, at + step))
            bearing = np.degrees(np.arctan2(*(after - before).T))
            return rows[np.abs((bearing - count.bearing + 180.0) % 360.0 - 180.0) <= ASTRAY]
        goal = self._metres(*count.towards)
        if np.isfinite(goal[0]):
            ends = [shapely.distance(shapely.get_point(lines, k), shapely.Point(goal)) for k in (-1, 0)]
            return rows[ends[0] < ends[1]]
        return rows


def rows_of(fits: Sequence[Fit]) -> list[dict[str, Any]]:
    """The fits as plain rows, rounded."""
    return [{k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(f).items()} for f in fits]


def summary(fits: Sequence[Fit]) -> list[str]:
    """How many counts fit, in words."""
    good, n = sum(f.geh < GOOD for f in fits), len(fits)
    flows, worst = sum(f.flow_fits for f in fits), max(fits, key=lambda f: f.geh)
    modelled, counted = sum(f.modelled * f.hours for f in fits), sum(f.counted * f.hours for f in fits)
    told = [
        f"GEH below {GOOD:g}: {good} of {n} ({good / n:.0%}; UK guidance, TAG unit M3.1, asks {SHARE:.0%})",
        f"flows within the criterion of TAG unit M3.1: {flows} of {n} ({flows / n:.0%}; it asks {SHARE:.0%})",
        f"in all {modelled:,.0f} vehicles modelled, {counted:,.0f} counted; worst: {worst.place}, GEH {worst.geh:.1f}",
    ]
    if any(f.hours > LONG for f in fits):
        told.append("some counts are of more than an hour: as a mean of hours they fit better than each hour would")
    if any(f.spread for f in fits):
        told.append("a sampled run: the luck of the sample alone spreads the modelled flows by what stands after them")
    return told
