"""Vehicles counted where roads cross the border of an area: a list with coordinates, matched to its gateways."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.account import Account
from scenarios.areas.coordinates import DEGREES, tell_system
from scenarios.areas.ground import projector
from scenarios.areas.opening import decimal, decode, read_members, read_sheet, refuse

REACH = 500.0  # m from a count to its gateway (assumption)
ALLOWED = "CSV with columns lon and lat (or x and y) and vehicles: both directions, an average workday"


@dataclass
class Counts:
    """Counted vehicles a day, both directions. x, y in `crs`; all of shape (counts,)."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    vehicles: NDArray[np.float64]
    crs: str
    account: Account

    def at_gateways(self, gateway_xy: NDArray[np.float64], crs: str) -> NDArray[np.float64]:
        """Vehicles a day of each gateway (shape (gateways, 2) in `crs`), NaN where none were counted.

        A count belongs to the nearest gateway within REACH; of several at one gateway the mean is taken.
        """
        out = np.zeros((len(gateway_xy), 2))
        x, y = projector(crs, self.crs)(self.x, self.y)
        for px, py, vehicles in zip(x, y, self.vehicles, strict=True):
            far = np.hypot(gateway_xy[:, 0] - px, gateway_xy[:, 1] - py)
            if not len(far) or far.min() > REACH:
                self.account.count("unplaced", f"counts farther than {REACH:.0f} m from a gateway")
                continue
            out[np.argmin(far)] += vehicles, 1.0
        with np.errstate(invalid="ignore"):
            return np.asarray(out[:, 0] / np.where(out[:, 1] > 0, out[:, 1], np.nan))


def read_counts(path: str | Path) -> Counts:
    """The counts of a file. Raises InputError where it holds none."""
    path = Path(path)
    account = Account("traffic counts", path.name, "as its publisher states", "the publisher of the file")
    _, data = read_members(path, (".csv", ".txt"))[0]
    sheet = read_sheet(decode(data, path, account), path)
    rows = [{k.strip().lower(): v for k, v in row.items()} for row in sheet.dicts()]
    x = np.array([_number(r, ("lon", "longitude", "x")) for r in rows])
    y = np.array([_number(r, ("lat", "latitude", "y")) for r in rows])
    vehicles = np.array([_number(r, ("vehicles", "voertuigen", "count", "intensiteit")) for r in rows])
    good = np.isfinite(x + y + vehicles) & (vehicles >= 0)
    account.count("dropped", "rows without coordinates or a number", int((~good).sum()))
    if not good.any():
        raise refuse(path, "holds no count", ALLOWED, "check the columns")
    crs = tell_system(x[good], y[good])
    if not crs:
        raise refuse(path, "has coordinates in no system known here", ALLOWED, f"give degrees ({DEGREES})")
    account.count("read", "counts", int(good.sum()))
    return Counts(x[good], y[good], vehicles[good], crs, account)


def _number(row: dict[str, Any], names: tuple[str, ...]) -> float:
    """The first of the columns `names` that holds a number; NaN where none does."""
    return next((value for name in names if np.isfinite(value := decimal(row.get(name)))), float("nan"))
