"""Orders: what is in force on links for a while - closures, speed limits, lanes taken away. Several may be at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.parts import Part

Array = np.ndarray[Any, Any]
CLOSED, LIMIT, NARROW = "closed", "limit", "narrow"


class Orders(Part):
    """The orders on the links of a network.

    rows    : (kind, link, value) of each order in force; value: m/s of a limit, the share of capacity that is left
    changed : something began or ended since `take`
    """

    unsaved = ("speed",)

    def __init__(self, speed: Array) -> None:
        """speed : (links,), m/s without any order."""
        self.speed = speed
        self.rows: list[tuple[str, int, float]] = []
        self.changed = False

    def begin(self, kind: str, link: int, value: float = 0.0) -> None:
        """An order comes into force; a link of -1 is none of the network's."""
        if link >= 0:
            self.rows.append((kind, int(link), float(value)))
            self.changed = True

    def end(self, kind: str, link: int, value: float = 0.0) -> None:
        """One order of that kind, link and value ends; nothing happens where there is none."""
        row = (kind, int(link), float(value))
        if row in self.rows:
            self.rows.remove(row)
            self.changed = True

    def _of(self, kind: str) -> tuple[Array, Array]:
        found = [(link, value) for k, link, value in self.rows if k == kind]
        return np.array([f[0] for f in found], np.int64), np.array([f[1] for f in found], np.float64)

    def closed(self) -> Array:
        """Which links nobody may enter; bool (links,)."""
        out = np.zeros(len(self.speed), bool)
        out[self._of(CLOSED)[0]] = True
        return out

    def speeds(self) -> Array:
        """m/s: the lowest of a link's own speed and all limits on it; (links,)."""
        out = self.speed.copy()
        np.minimum.at(out, *self._of(LIMIT))
        return out

    def shares(self) -> Array:
        """The share of its capacity that each link is left: the product of all orders; (links,)."""
        out = np.ones(len(self.speed))
        np.multiply.at(out, *self._of(NARROW))
        return out
