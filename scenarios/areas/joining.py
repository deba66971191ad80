"""Two sets of footprints of the same place: the common shift between them, and which overlap which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHARE = 0.5  # of the smaller footprint that two must have in common to be one building (assumption)
REACH = 3.0  # m, largest shift between two layers that is looked for (assumption; published layers differ by up to 2)
ALIKE = 0.15  # by which the areas of two footprints may differ to tell the shift (assumption)
LEAST = 8  # pairs that tell a shift (assumption)

ASSUMPTIONS = {
    "joining.share": "two footprints are one building where they share half of the smaller one (assumption)",
    "joining.shift": "layers are first moved over each other by the median distance between footprints of like size "
    "within 3 m, where at least 8 tell it and they overlap more afterwards (assumption)",
}


@dataclass(frozen=True)
class Match:
    """Pairs of footprints that are one building, several of one set with one of the other included.

    first, second : rows of either set, shape (pairs,);  area: what a pair has in common, m2
    """

    first: Ints
    second: Ints
    area: Floats

    def best_second(self, n: int) -> Ints:
        """For each of `n` footprints of the first set the row of the second that covers most of it; -1 none."""
        return _best(self.first, self.second, self.area, n)

    def best_first(self, n: int) -> Ints:
        """For each of `n` footprints of the second set the row of the first that covers most of it; -1 none."""
        return _best(self.second, self.first, self.area, n)


def _best(of: Ints, other: Ints, area: Floats, n: int) -> Ints:
    out = np.full(n, -1, np.int64)
    order = np.lexsort((-other, area))  # ties: the lowest row
    out[of[order]] = other[order]
    return out


def match(first: NDArray[Any], second: NDArray[Any], share: float = SHARE) -> Match:
    """The pairs whose common area is at least `share` of the smaller footprint.

    first, second : shapely polygons in one projected system
    """
    import shapely

    if not len(first) or not len(second):
        none = np.zeros(0, np.int64)
        return Match(none, none, np.zeros(0))
    b, a = shapely.STRtree(first).query(second, predicate="intersects")
    common = shapely.area(shapely.intersection(first[a], second[b]))
    smaller = np.minimum(shapely.area(first[a]), shapely.area(second[b]))
    keep = common >= share * np.maximum(smaller, 1e-9)
    order = np.lexsort((b[keep], a[keep]))
    return Match(*(v[keep][order] for v in (a.astype(np.int64), b.astype(np.int64), common)))


def common_shift(first: NDArray[Any], second: NDArray[Any]) -> tuple[float, float]:
    """Metres (east, north) by which the second set is to be moved to lie on the first; (0, 0) where nothing tells it.

    The median distance between the centres of footprints of like size, found again after moving; taken only where the
    sets then overlap more.
    """
    import shapely
    from scipy.spatial import cKDTree

    if len(first) < LEAST or len(second) < LEAST:
        return 0.0, 0.0
    a, b = (shapely.get_coordinates(shapely.centroid(s)) for s in (first, second))
    size_a, size_b = shapely.area(first), shapely.area(second)
    tree, move = cKDTree(a), np.zeros(2)
    for _ in range(4):
        far, near = tree.query(b + move, distance_upper_bound=REACH)
        found = np.flatnonzero(np.isfinite(far))
        alike = np.abs(size_a[near[found]] - size_b[found]) <= ALIKE * size_b[found]
        found = found[alike]
        if len(found) < LEAST:
            return 0.0, 0.0
        move = np.median(a[near[found]] - b[found], axis=0)
    if np.hypot(*move) > REACH or _common(first, moved(second, move)) <= _common(first, second):
        return 0.0, 0.0
    return float(move[0]), float(move[1])


def moved(shapes: NDArray[Any], move: Any) -> NDArray[Any]:
    """Geometries moved by (east, north) metres; heights stay."""
    import shapely

    by = np.array([move[0], move[1], 0.0])
    return np.asarray(shapely.transform(shapes, lambda c: c + by[: c.shape[1]], include_z=None))


def _common(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Total area that the pairs of both sets have in common, m2."""
    return float(match(first, second, 0.0).area.sum())
