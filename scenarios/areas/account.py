"""What a source gave an area: what was read of it, repaired, dropped, and could not be placed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Deed = Literal["read", "repaired", "dropped", "unplaced"]
DEEDS: tuple[Deed, ...] = ("read", "repaired", "dropped", "unplaced")


@dataclass
class Account:
    """One source of an area and what became of its contents.

    source, file         : what it is and the file's name (no folder: an area travels)
    licence, attribution : as its publisher asks
    read, repaired, dropped, unplaced : number of things, by what they are in words
    notes                : sentences that a reader of the area should know
    """

    source: str
    file: str
    licence: str
    attribution: str
    read: dict[str, int] = field(default_factory=dict)
    repaired: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    unplaced: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def count(self, deed: Deed, what: str, number: int = 1) -> None:
        """Add `number` things to what was done to them; nothing is written for none."""
        if number:
            counts: dict[str, int] = getattr(self, deed)
            counts[what] = counts.get(what, 0) + int(number)

    def plain(self) -> dict[str, Any]:
        """As plain values, for area.json."""
        return asdict(self)

    @property
    def about(self) -> dict[str, str]:
        """The entry of a table in an area's sources."""
        return {"licence": self.licence, "attribution": self.attribution, "from": self.file}

    def __str__(self) -> str:
        return describe(self.plain())


def describe(account: Mapping[str, Any]) -> str:
    """One line for a person: "delft.osm.pbf (OpenStreetMap): read 3,482 buildings; dropped 12 ways ..."."""
    told = []
    for deed in DEEDS:
        things = ", ".join(f"{n:,} {what}" for what, n in account[deed].items())
        if things:
            told.append(f"{'not placed' if deed == 'unplaced' else deed} {things}")
    return f"{account['file']} ({account['source']}): " + "; ".join([*told, *account["notes"]])
