"""What a run recorded of its links: vehicles, speed and delay by interval, read from `series/link`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenarios.files import read_plain
from twin.clock import Calendar, day, hour, minute
from twin.errors import Fault, InputError
from twin.recording import Run
from twin.units import duration

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

QUARTER = 15.0  # min of an interval where the run's configuration does not say


@dataclass
class LinkResults:
    """Rows of a run's links; an interval in which no car left a link has no row.

    end, link : int64 (rows,): end of the interval, ms since the scenario's start; row of the area's links
    vehicles  : float64 (rows,): cars that left the link; in a sampled run those that they stand for
    speed     : m/s, their mean over the link, waiting included;  delay: s beyond free flow, of all of them together
    every     : ms of an interval;  begin, until: ms: the end of the warm-up, and of the run
    """

    end: Ints
    link: Ints
    vehicles: Floats
    speed: Floats
    delay: Floats
    every: int
    begin: int
    until: int
    calendar: Calendar

    @classmethod
    def of(cls, run: Run) -> LinkResults:
        """Read those of a run. Raises InputError where it recorded none."""
        found = run.series("link")
        if found is None or not found.num_rows:
            remedy = "record them: twin run ... --record full, with domain.vehicles.series_every above 0"
            raise InputError(Fault(str(run.folder / "series" / "link"), "holds no results of links", remedy=remedy))
        plain, manifest = read_plain(run.folder), run.manifest
        vehicles = (plain.get("domain") or {}).get("vehicles") or {}
        every = round(float(vehicles.get("series_every", QUARTER)) * minute)
        warm = duration((plain.get("run") or {}).get("warm_up") or "0 h")
        until = int(manifest.get("simulated_ms") or round(float(manifest.get("days", 1.0)) * day))
        columns = [found.column(name).to_numpy() for name in ("time", "id", "flow", "speed", "delay")]
        keep = columns[0] > warm
        end, link, *values = (column[keep] for column in columns)
        start, zone = manifest.get("start", "2025-03-11"), manifest.get("time_zone", "Europe/Amsterdam")
        calendar = Calendar(str(start), str(zone))
        return cls(
            end.astype(np.int64),
            link.astype(np.int64),
            *(v.astype(np.float64) for v in values),
            every,
            warm,
            until,
            calendar,
        )

    def totals(self, links: int) -> dict[str, Floats]:
        """Of each link over the whole of the run: vehicles, delay (s), and mean speed (m/s), NaN where nobody drove."""
        return self._gathered(self.link, links)

    def by_hour(self, links: int) -> tuple[Floats, Floats]:
        """Vehicles an hour and mean speed (m/s) by hour of the day, shape (links, 24) each.

        An interval counts for the hour in which it begins. Vehicles are divided by the time that the run recorded of
        that hour on all days, after the warm-up; NaN where it recorded none. The speed is NaN where nobody drove.
        """
        found = self._gathered(self.link * 24 + self._hour(self.end), links * 24)
        ends = np.arange(self.every, self.until + 1, self.every)
        hours = np.bincount(self._hour(ends[ends > self.begin]), minlength=24) * (self.every / hour)
        flow = found["vehicles"].reshape(links, 24) / np.where(hours > 0.0, hours, np.nan)
        return flow, found["speed"].reshape(links, 24)

    def _hour(self, end: Ints) -> Ints:
        """The hour of the day in which the intervals with these ends, ms, begin."""
        return (end - self.every) // hour % 24

    def _gathered(self, key: Ints, n: int) -> dict[str, Floats]:
        """Sums by key; the mean speed is the space-mean: harmonic, weighted by vehicles (Wardrop 1952)."""
        vehicles = np.bincount(key, self.vehicles, n)
        slowness = np.bincount(key, self.vehicles / self.speed, n)
        speed = np.divide(vehicles, slowness, out=np.full(n, np.nan), where=slowness > 0)
        return {"vehicles": vehicles, "delay": np.bincount(key, self.delay, n), "speed": speed}

    def between(self, begin: int, stop: int, links: int) -> tuple[Floats, float]:
        """Vehicles that left each link from `begin` to `stop` (ms), and the share of that time which the run covers.

        An interval that is cut counts in proportion: vehicles are taken to leave evenly within it.
        """
        shared = np.minimum(self.end, stop) - np.maximum(self.end - self.every, begin)
        part = np.clip(shared / self.every, 0.0, 1.0)
        covered = max(0, min(stop, self.until) - max(begin, self.begin))
        return np.bincount(self.link, self.vehicles * part, links), covered / (stop - begin)
