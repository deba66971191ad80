"""What a report is made of: the run, its area and its configuration, read once. Nothing in `restricted/` is opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from scenarios.files import read_plain
from scenarios.report.places import Place
from twin.area import Area
from twin.clock import Calendar, day
from twin.errors import InputError
from twin.recording import Run
from twin.units import duration, time_of_day

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Band:
    """A stretch of time that figures shade: `start` and `end` in ms."""

    start: int
    end: int
    label: str


@dataclass
class Material(Place):
    """A run and everything beside it.

    plain : the run's resolved configuration
    least : cells that rest on fewer residents are withheld
    """

    run: Run
    plain: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: str | Path, area: Area) -> Material:
        """Read the run in `folder`. Raises InputError where it is none."""
        run = Run(folder)
        return cls(area, run, read_plain(run.folder))

    @property
    def manifest(self) -> dict[str, Any]:
        """The run's manifest."""
        return self.run.manifest

    @property
    def least(self) -> int:
        """The fewest residents of a cell that is shown."""
        return int(self.manifest.get("least_residents", 10))

    @property
    def scenario(self) -> dict[str, Any]:
        """The scenario's part of the configuration."""
        return dict(self.plain.get("scenario") or {})

    @property
    def measures(self) -> dict[str, dict[str, Any]]:
        """The scenario's measures by name, as configured."""
        return dict(self.scenario.get("measures") or {})

    @cached_property
    def indicators(self) -> list[dict[str, Any]]:
        """Rows of indicators.json; none where the run did not finish."""
        try:
            return self.run.indicators
        except InputError:
            return []

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """Every recorded event in order of time."""
        table = self.run.events()
        rows = table.to_pylist() if table is not None else []
        return sorted(rows, key=lambda row: (row["time"], row["event_id"]))

    @cached_property
    def calendar(self) -> Calendar:
        """Dates and clock times of the run."""
        start, zone = self.manifest.get("start", "2025-03-11"), self.manifest.get("time_zone", "Europe/Amsterdam")
        return Calendar(str(start), str(zone))

    @cached_property
    def until(self) -> int:
        """End of what was simulated, ms."""
        return int(self.manifest.get("simulated_ms") or round(float(self.manifest.get("days", 1.0)) * day))

    def series(self, kind: str) -> dict[str, Array]:
        """A series as arrays by column; empty where nothing was recorded."""
        found = self.run.series(kind)
        if found is None or not found.num_rows:
            return {}
        return {name: found.column(name).to_numpy() for name in found.column_names}

    @cached_property
    def bands(self) -> list[Band]:
        """When the warm-up runs and when each measure is in force."""
        found = []
        warm = _ms(duration, (self.plain.get("run") or {}).get("warm_up"))
        if warm:
            found.append(Band(0, warm, "warm-up, not counted"))
        for name, measure in self.measures.items():
            start, end, lasting = (
                _ms(reads, measure.get(key))
                for reads, key in ((time_of_day, "from"), (time_of_day, "until"), (duration, "for"))
            )
            if start is not None and (end is not None or lasting is not None):
                found.append(Band(start, end if end is not None else start + (lasting or 0), name.replace("_", " ")))
        return found

    def zone_name(self, row: int) -> str:
        """Name of a zone with enough residents to be named beside an event; empty otherwise."""
        zones = self.area.zones
        return self.called(row) if 0 <= row < len(zones) and zones.population[row] >= self.least else ""


def _ms(reads: Any, value: Any) -> int | None:
    try:
        return None if value is None else int(reads(value))
    except ValueError:
        return None
