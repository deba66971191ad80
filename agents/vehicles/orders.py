"""Orders: what is in force on links for a while - closures, limits, lanes taken away, access. Several may be at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.vehicles.access import ANYBODY
from twin.parts import Part

Array = np.ndarray[Any, Any]
CLOSED, LIMIT, NARROW, RESTRICT = "closed", "limit", "narrow", "restrict"


class Orders(Part):
    """The orders on the links of a network.

    count   : (kind, link, value) -> how many such orders are in force; value: m/s of a limit, the share of
              capacity left, bits of who may enter (`agents.vehicles.access`)
    changed : something began or ended since `take`
    """

    unsaved = ("speed",)

    def __init__(self, speed: Array) -> None:
        """speed : (links,), m/s without any order."""
        self.speed = speed
        self.count: dict[tuple[str, int, float], int] = {}
        self.changed = False

    def begin(self, kind: str, link: int, value: float = 0.0) -> None:
        """An order comes into force; a link of -1 is none of the network's."""
        if link >= 0:
            order = (kind, int(link), float(value))
            self.count[order] = self.count.get(order, 0) + 1
            self.changed = True

    def end(self, kind: str, link: int, value: float = 0.0) -> None:
        """One order of that kind, link and value ends; nothing happens where there is none."""
        order = (kind, int(link), float(value))
        if order in self.count:
            self.count[order] -= 1
            if not self.count[order]:
                del self.count[order]
            self.changed = True

    def _of(self, kind: str) -> tuple[Array, Array]:
        found = sorted((link, value, n) for (k, link, value), n in self.count.items() if k == kind)
        link, value, often = (np.array([f[i] for f in found]) for i in range(3))
        often = often.astype(np.int64)
        return np.repeat(link.astype(np.int64), often), np.repeat(value.astype(np.float64), often)

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

    def permits(self) -> Array:
        """Bits of who may enter each link: those that all restrictions on it let in; int64 (links,)."""
        out = np.full(len(self.speed), ANYBODY)
        link, bits = self._of(RESTRICT)
        np.bitwise_and.at(out, link, bits.astype(np.int64))
        return out
