"""The zones of an area on a page: their rows, and what they are called."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from twin.area import Area


@dataclass
class Place:
    """An area as pages speak of it."""

    area: Area

    @cached_property
    def zone_row(self) -> dict[tuple[str, str], int]:
        """(level, code) -> row of zones."""
        zones = self.area.zones
        keys = zip(zones.level, zones.code, strict=True)
        return {(str(level), str(code)): row for row, (level, code) in enumerate(keys)}

    def called(self, row: int) -> str:
        """Name of a zone; a builder may have put the area's name before it."""
        return str(self.area.zones.name[row]).removeprefix(f"{self.area.name}, ")

    @property
    def place(self) -> str:
        """Name of the area, as people write it."""
        name = self.area.name.replace("_", " ")
        return name[:1].upper() + name[1:]
