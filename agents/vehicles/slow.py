"""Cyclists and walkers: each at a steady speed along the shortest way of its own network; and pending moments."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.network import Network, Router
from twin.parts import Part

Array = np.ndarray[Any, Any]


class SlowMode:
    """Travel times of one mode that knows no queues.

    speed : m/s
    """

    def __init__(self, area: Any, mode: str, speed: float) -> None:
        self.mode, self.speed = mode, speed
        self.network = Network.of(area, mode)
        millimetres = np.maximum(np.rint(self.network.length * 1000.0), 1).astype(np.int64)
        self.router = Router(self.network, millimetres)
        self.node = area.location_node(mode)

    def metres(self, origin: Array, destination: Array) -> Array:
        """Length of the shortest way between locations, m; -1.0 where there is none; float64 (n,)."""
        found = self.router.times(self.node[origin], self.node[destination])
        return np.where(found < 0, -1.0, found / 1000.0)


class Moments(Part):
    """Rows that wait for their time, as arrays: time (ms) and some columns."""

    def __init__(self, *columns: str) -> None:
        self.rows: dict[str, Array] = {name: np.zeros(0, np.int64) for name in ("time", *columns)}

    def __len__(self) -> int:
        return len(self.rows["time"])

    def add(self, **columns: Array) -> None:
        """Add rows; arrays of one shape (n,)."""
        self.rows = {
            name: np.concatenate([kept, np.asarray(columns[name], np.int64)]) for name, kept in self.rows.items()
        }

    def take(self, before: int) -> dict[str, Array]:
        """Remove and return the rows whose time is before `before`."""
        due = self.rows["time"] < before
        taken = {name: kept[due] for name, kept in self.rows.items()}
        if len(taken["time"]):
            self.rows = {name: kept[~due] for name, kept in self.rows.items()}
        return taken

    def drop(self, column: str, values: Array) -> int:
        """Forget the rows with one of `values` in a column; how many there were."""
        gone = np.isin(self.rows[column], values)
        if gone.any():
            self.rows = {name: kept[~gone] for name, kept in self.rows.items()}
        return int(gone.sum())
