"""Years of construction where no source states them: the municipality's dwellings by type and period, shared out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.energy import TYPES, YEARS, Energy
from scenarios.areas.margins import shares_of
from twin.draws import stream, uniforms

Ints = NDArray[np.int64]

RULE = "year: the municipality's dwellings by type and period, older nearer its middle"
ASSUMPTIONS = {
    "construction.years": "where no source states a year, houses and flats get the municipality's periods of construction "
    "(energy figures), neighbourhood by neighbourhood, older ones nearer the middle of all dwellings (assumption)",
}


def years(buildings: dict[str, Any], energy: Energy, seed: int) -> Ints:
    """Year of each building, shape (buildings,): as stated, else drawn for residential ones; 0 stays for all others.

    Flats and houses have the shares of the five periods that the energy figures give, those with a stated year counted
    in. A neighbourhood is of one time: its buildings follow each other in the order of periods.
    """
    out = np.asarray(buildings["year"], np.int64).copy()
    use = np.asarray(buildings["use"]).astype(str)
    homes = np.asarray(buildings["dwellings"], np.int64)
    x, y, zone = buildings["x"], buildings["y"], np.asarray(buildings["zone"])
    weight = np.maximum(homes, 0)
    if not weight.sum():
        return out
    middle = np.average(x, weights=weight), np.average(y, weights=weight)
    n = int(zone.max()) + 1
    total = np.maximum(np.bincount(zone, weight, n), 1e-9)
    far = np.hypot(
        np.bincount(zone, weight * x, n) / total - middle[0], np.bincount(zone, weight * y, n) / total - middle[1]
    )
    first, last = np.array(YEARS).T
    flats = TYPES.index("apartments")
    for kind, wanted in (
        ("apartments", energy.dwellings[flats]),
        ("house", energy.dwellings.sum(axis=0) - energy.dwellings[flats]),
    ):
        rows = np.flatnonzero((use == kind) & (homes > 0))
        unknown = rows[out[rows] == 0]
        if not len(unknown) or not wanted.sum():
            continue
        known = rows[out[rows] > 0]
        have = np.bincount(np.clip(np.searchsorted(first, out[known], "right") - 1, 0, 4), homes[known], 5)
        left = np.maximum(shares_of(wanted.astype(float), int(homes[rows].sum())) - have, 0.0)
        order = unknown[np.lexsort((unknown, far[zone[unknown]]))]
        share = (np.cumsum(homes[order]) - 0.5 * homes[order]) / max(int(homes[order].sum()), 1)
        period = np.minimum(np.searchsorted(np.cumsum(left) / max(left.sum(), 1e-9), share), 4)
        luck = uniforms(stream(seed, "construction.year"), zone[order], period)
        out[order] = first[period] + (luck * (last - first + 1)[period]).astype(np.int64)
    return out
