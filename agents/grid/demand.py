"""What every load node uses: shapes of the week times the mean power that hangs on the node."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.grid import profiles
from agents.grid.assets import customers
from twin.draws import normals, uniforms

Floats = NDArray[np.float64]


class Demand:
    """Base load and solar power per load node (the rows of `PowerFlow.load_nodes`).

    node   : load row of each connection, int64, shape (connections,)
    mean_w : mean power by shape, shape (shapes, loads); pv_w : installed solar power, shape (loads,)
    """

    def __init__(self, area: Any, load_nodes: NDArray[np.int64], config: Any, diversity: int, solar: int) -> None:
        c, b = area.connections, area.buildings
        n = len(load_nodes)
        self.node = np.searchsorted(load_nodes, c.grid_node).astype(np.int64)
        building = np.flatnonzero(c.kind == "building")
        rows, at = c.target[building].astype(np.int64), self.node[building]
        homes, other = profiles.annual_kwh(b.use, b.floor_m2, b.dwellings)
        homes = homes[rows] * spread(diversity, rows, b.dwellings[rows])
        shape = profiles.shape_rows(b.use)[rows]
        to_w = config.load_factor * 1e3 / 8760.0
        self.mean_w = np.zeros((len(profiles.SHAPES), n))
        np.add.at(self.mean_w, (profiles.HOME, at), homes * to_w)
        np.add.at(self.mean_w, (shape, at), other[rows] * to_w)
        np.add.at(self.mean_w, (profiles.FLAT, self.node[c.kind == "signal"]), profiles.ASSUMPTIONS["signal_w"][0])
        panels = (b.use[rows] == "house") & (uniforms(solar, rows) < config.pv_share)
        self.pv_w = np.bincount(at, panels * config.pv_w * config.pv_yield, n)
        self.customers = np.bincount(self.node, customers(area), n)
        self.ratio = float(np.tan(np.arccos(profiles.ASSUMPTIONS["power_factor"][0])))

    def base_w(self, hour: float, weekend: bool) -> Floats:
        """Use of every load row at a clock hour, W, shape (loads,)."""
        return np.asarray(profiles.shapes_at(hour, weekend) @ self.mean_w)

    def solar_w(self, irradiance: float) -> Floats:
        """Solar power of every load row at an irradiance in W/m2, W, shape (loads,)."""
        return np.asarray(self.pv_w * (irradiance / 1000.0))


def spread(stream: int, rows: NDArray[np.int64], dwellings: Any) -> Floats:
    """Factor on the annual use of each building: lognormal of mean 1, narrower where many dwellings share it."""
    sigma2 = np.log1p(profiles.ASSUMPTIONS["diversity"][0] ** 2 / np.maximum(dwellings, 1))
    return np.asarray(np.exp(np.sqrt(sigma2) * normals(stream, rows) - sigma2 / 2))
