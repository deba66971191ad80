"""What the report of an experiment is made of: its comparison, its area and its configuration, read once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from scenarios.comparison import Comparison
from scenarios.files import read_plain
from scenarios.report.places import Place
from twin.area import Area, read_area
from twin.errors import Fault, InputError

Row = dict[str, Any]


@dataclass
class Material(Place):
    """An experiment and everything beside it. Nothing in the folders of its runs is opened.

    about      : experiment.json
    comparison : its rows
    plain      : the resolved configuration of the scenario; empty where it is not there
    """

    folder: Path
    about: dict[str, Any]
    comparison: Comparison
    plain: dict[str, Any]

    @classmethod
    def of(cls, folder: str | Path, area: Area | None = None) -> Material:
        """Read the experiment in `folder`; without `area`, the one kept beside it. Raises InputError where it is none."""
        folder = Path(folder)
        about = _about(folder)
        if area is None:
            kept = folder / "area"
            area = read_area(kept) if (kept / "area.json").is_file() else _nowhere(about)
        return cls(area, folder, about, Comparison.read(folder), read_plain(folder))

    @property
    def least(self) -> int:
        """The fewest residents of a cell that is shown."""
        return self.comparison.least_residents

    @cached_property
    def rows(self) -> list[Row]:
        """Rows that are not withheld, losers first."""
        return self.comparison.shown()[0].rows

    @property
    def hidden(self) -> int:
        """Rows that are withheld."""
        return len(self.comparison) - len(self.rows)

    @cached_property
    def alternatives(self) -> list[str]:
        """Names of the alternatives in the experiment's order."""
        known = self.comparison.alternatives
        asked = [name for name in self.about.get("alternatives", ()) if name in known]
        return asked + [name for name in known if name not in asked]

    @property
    def watch(self) -> list[str]:
        """The watched indicators, in their order."""
        return list(self.about.get("watch") or self.comparison.watch)

    @property
    def scenario(self) -> dict[str, Any]:
        """The scenario's part of the configuration."""
        return dict(self.plain.get("scenario") or {})

    def headlines(self, alternative: str) -> list[Row]:
        """Rows that answer the question for one alternative."""
        area = [row for row in self.rows if row["level"] == "area" and row["alternative"] == alternative]
        return [row for name in self.watch for row in area if row["indicator"] == name] or area

    def zone_name(self, row: Row) -> str:
        """Name of the zone of a row; its code where the area does not know it."""
        zone = self.zone_row.get((row["level"], row["code"]))
        return "whole area" if row["level"] == "area" else row["code"] if zone is None else self.called(zone)


def _about(folder: Path) -> dict[str, Any]:
    path = folder / "experiment.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            Fault(str(folder), "has no experiment.json", "the folder of an experiment", "twin compare makes one")
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(Fault(str(path), f"cannot be read ({error})", "the folder of an experiment")) from error
    if not isinstance(found, dict):
        raise InputError(Fault(str(path), "is no experiment", "the folder of an experiment"))
    return found


def _nowhere(about: dict[str, Any]) -> Area:
    area = about.get("area") or {}
    return Area(str(area.get("name", "an area")), str(area.get("crs", "")), {})
