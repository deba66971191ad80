"""Types of transformers and cables from which a synthetic grid is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CableType:
    """Positive-sequence values per metre (ohm/m, F/m) and the rated current in the ground (A)."""

    name: str
    r: float
    x: float
    c: float
    i_max: float


# NAYY 4x150 SE and NA2XS2Y 1x240 RM/25 6/10 kV, as in pandapower's standard types (BSD-3-Clause)
LV_CABLE = CableType("4x150 Al, PVC, 0.4 kV", 0.208e-3, 0.080e-3, 261e-15, 270.0)
MV_CABLE = CableType("3x1x240 Al, XLPE, 10 kV", 0.122e-3, 0.105e-3, 456e-15, 423.0)

# rating (VA), load losses (W), no-load losses (W): largest allowed by EU regulation 548/2014, tier 1, oil-immersed
_DISTRIBUTION = np.array(
    [
        (100e3, 1750, 145),
        (160e3, 2350, 210),
        (250e3, 3250, 300),
        (400e3, 4600, 430),
        (630e3, 6500, 600),
        (1000e3, 10500, 770),
        (1600e3, 14000, 1200),
        (2500e3, 22000, 1750),
    ]
)
# assumption: usual sizes of Dutch substations; losses 0.4 % and 0.05 %, short-circuit voltage 12 %
_SUBSTATION = np.array([(s * 1e6, s * 4e3, s * 500.0) for s in (4, 6.3, 10, 16, 20, 25, 31.5, 40, 50, 63, 80)])
LARGEST_STATION = 1000e3  # VA, of a neighbourhood station; a large customer may have more


def _choose(table: Floats, needed: Floats) -> Floats:
    """The smallest row of `table` that carries each of `needed` (VA); beyond the largest, several in parallel."""
    parallel = np.maximum(1.0, np.ceil(needed / table[-1, 0]))
    rows = np.searchsorted(table[:, 0], needed / parallel)
    return np.asarray(table[np.minimum(rows, len(table) - 1)] * parallel[:, None])


def stations(needed_va: Floats) -> dict[str, Any]:
    """10/0.4 kV transformers for each needed power (VA): rating, uk, pk, p0, i0, clock."""
    rows = _choose(_DISTRIBUTION, needed_va)
    return {
        "rating": rows[:, 0],
        "uk": np.where(rows[:, 0] > 630e3, 0.06, 0.04),
        "pk": rows[:, 1],
        "p0": rows[:, 2],
        "i0": np.full(len(rows), 0.003),
        "clock": np.full(len(rows), 5),
    }


def substations(needed_va: Floats) -> dict[str, Any]:
    """Transformers to 10 kV for each needed power (VA)."""
    rows = _choose(_SUBSTATION, needed_va)
    return {
        "rating": rows[:, 0],
        "uk": np.full(len(rows), 0.12),
        "pk": rows[:, 1],
        "p0": rows[:, 2],
        "i0": np.full(len(rows), 0.001),
        "clock": np.full(len(rows), 5),
    }


def cables(kind: CableType, length: Floats, parallel: Floats) -> dict[str, Floats]:
    """r (ohm), x (ohm), c (F) and i_max (A) of cables of `length` metres, `parallel` of them side by side."""
    return {
        "length": length,
        "r": kind.r * length / parallel,
        "x": kind.x * length / parallel,
        "c": kind.c * length * parallel,
        "i_max": kind.i_max * parallel,
    }
