"""Iterative proportional fitting in any number of dimensions, and whole numbers from its result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin import draws

Floats = NDArray[np.float64]


def fit(seed: Any, margins: Mapping[tuple[int, ...], Any], tolerance: float = 1e-10, rounds: int = 1000) -> Floats:
    """Scale `seed` until it has the given margins, keeping its odds ratios (Deming & Stephan 1940).

    Parameters
    ----------
    seed : non-negative array of any shape; a zero stays zero
    margins : axes kept -> wanted sums over all other axes, e.g. {(0,): rows, (1,): columns, (0, 2): table}
    tolerance : largest absolute difference left, relative to the grand total

    Raises
    ------
    ValueError : margins of different totals, of a wrong shape, or out of reach (a wanted sum over zeros only, or no
        convergence within `rounds`); the message names the margin
    """
    table = np.array(seed, np.float64)
    wanted = {tuple(axes): np.asarray(values, np.float64) for axes, values in margins.items()}
    totals = [values.sum() for values in wanted.values()]
    if not np.allclose(totals, totals[0], rtol=1e-9):
        raise ValueError(f"margins have different totals: {', '.join(f'{total:g}' for total in totals)}")
    others = {axes: tuple(i for i in range(table.ndim) if i not in axes) for axes in wanted}
    for axes, values in wanted.items():
        found = table.sum(axis=others[axes])
        if found.shape != values.shape:
            raise ValueError(f"margin {axes} has shape {values.shape}; the seed needs {found.shape}")
        if ((found == 0) & (values > 0)).any():
            raise ValueError(f"margin {axes} wants a positive sum where the seed is zero")
    worst = np.inf
    for _ in range(rounds):
        for axes, values in wanted.items():
            found = table.sum(axis=others[axes])
            factor = np.divide(values, found, out=np.zeros_like(found), where=found > 0)
            table *= np.expand_dims(factor, others[axes])
        worst = max(float(np.abs(table.sum(axis=others[axes]) - values).max()) for axes, values in wanted.items())
        if worst <= tolerance * max(totals[0], 1e-300):
            return table
    raise ValueError(f"no convergence in {rounds} rounds: a margin is still off by {worst:g}")


def integerise(table: Any, stream: int, total: int | None = None) -> NDArray[np.int64]:
    """Whole numbers near `table` with the given total (default its rounded sum): truncate, replicate, sample.

    The units left after truncation go to cells by systematic sampling with their fractions as chances, so every cell
    gets its floor or ceiling and its mean is kept (Lovelace & Ballas 2013, with systematic instead of simple sampling).
    """
    table = np.asarray(table, np.float64)
    cells = np.floor(table).astype(np.int64).ravel()
    left = (round(float(table.sum())) if total is None else total) - int(cells.sum())
    rest = table.ravel() - cells
    if left > 0 and rest.sum() > 0:
        edges = np.cumsum(rest) / rest.sum() * left
        at = np.arange(left) + draws.uniforms(stream, [0])[0]
        np.add.at(cells, np.minimum(np.searchsorted(edges, at, side="right"), len(cells) - 1), 1)
    return np.asarray(cells.reshape(table.shape))
