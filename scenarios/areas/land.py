"""The land of a municipality on the lattice of a town plan: which points lie inside, and whose every cell is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.streets import Floats, Ints
from scenarios.areas.town_blocks import SIDE
from scenarios.areas.town_plan import CELL, bent

MARGIN = 14.0  # m between the outline and the nearest street: jitter of the lattice and half a carriageway
CELLS = SIDE * SIDE
BENDS = 82.0  # m, the most that the bends of a plan move a point


@dataclass
class Land:
    """A lattice over an outline, bent and turned as that of a town, but not pressed to a disc.

    half, turn, centre : of the lattice, see `town_plan.bent`
    points    : shape (N, N, 2), lattice points before jitter
    room      : polygon that streets keep to;  inside: shape (N, N), points within it
    district  : shape (N-1, N-1), row of the district of each cell, -1 outside;  buildable: cells wholly inside
    block, owner, cells : the superblock (flat), the district and the number of cells that they share, one row per pair
    """

    half: int
    turn: float
    centre: tuple[float, float]
    points: Floats
    room: Any
    inside: NDArray[np.bool_]
    district: Ints
    buildable: NDArray[np.bool_]
    block: Ints
    owner: Ints
    cells: Ints

    @property
    def side(self) -> int:
        """Superblocks along either side of the lattice."""
        return 2 * self.half

    def total(self) -> Ints:
        """Buildable cells of each superblock, shape (side ** 2,)."""
        return np.bincount(self.block, self.cells, self.side**2).astype(np.int64)

    def home(self) -> Ints:
        """The district that has most cells of each superblock, -1 where none has any; shape (side ** 2,)."""
        out = np.full(self.side**2, -1, np.int64)
        order = np.lexsort((-self.owner, self.cells))  # the last entry wins: most cells, then the first district
        out[self.block[order]] = self.owner[order]
        return out

    def middle(self) -> Floats:
        """Centre of each superblock, shape (side ** 2, 2)."""
        at = np.arange(self.side) * SIDE + SIDE // 2
        return self.points[np.ix_(at, at)].reshape(-1, 2)


def survey(outline: Any, shapes: Sequence[Any], seed: int) -> Land:
    """The lattice over `outline`, turned along its longest side, and the district of every cell."""
    import shapely

    turn, centre, half = _frame(outline)
    at = (np.arange(2 * half * SIDE + 1) - half * SIDE) * CELL
    x, y = np.meshgrid(at, at, indexing="ij")
    points = bent(x, y, turn, centre, seed)
    room = shapely.buffer(outline, -MARGIN)
    shapely.prepare(room)
    inside = shapely.contains_xy(room, points[..., 0], points[..., 1])
    corners = inside[:-1, :-1] & inside[1:, :-1] & inside[:-1, 1:] & inside[1:, 1:]
    middle = (points[:-1, :-1] + points[1:, :-1] + points[:-1, 1:] + points[1:, 1:]) / 4
    district = _districts(middle, shapes)
    block, owner, cells = _shared_cells(np.where(corners, district, -1), half)
    return Land(half, turn, centre, points, room, inside, district, corners & (district >= 0), block, owner, cells)


def _frame(outline: Any) -> tuple[float, tuple[float, float], int]:
    """Turn, centre and half the number of superblocks of a lattice that covers the outline."""
    import shapely

    box = shapely.get_coordinates(shapely.minimum_rotated_rectangle(outline))
    sides = np.diff(box[:3], axis=0)
    longest = sides[np.argmax(np.hypot(*sides.T))]
    turn = math.atan2(longest[1], longest[0]) % (math.pi / 2)
    centre = box[:4].mean(0)
    reach = np.hypot(*(box[1] - box[0])) / 2, np.hypot(*(box[2] - box[1])) / 2
    half = math.ceil((max(reach) + BENDS) / (SIDE * CELL)) + 1
    return turn, (float(centre[0]), float(centre[1])), half


def _districts(middle: Floats, shapes: Sequence[Any]) -> Ints:
    import shapely

    out = np.full(middle.shape[:2], -1, np.int64)
    for k, shape in enumerate(shapes):
        west, south, east, north = shape.bounds
        x, y = middle[..., 0], middle[..., 1]
        near = np.flatnonzero(((x > west) & (x < east) & (y > south) & (y < north) & (out < 0)).ravel())
        shapely.prepare(shape)
        out.ravel()[near[shapely.contains_xy(shape, x.ravel()[near], y.ravel()[near])]] = k
    return out


def _shared_cells(district: Ints, half: int) -> tuple[Ints, Ints, Ints]:
    i, j = np.nonzero(district >= 0)
    block = i // SIDE * (2 * half) + j // SIDE
    count = int(district.max(initial=0)) + 1
    pairs, cells = np.unique(block * count + district[i, j], return_counts=True)
    return pairs // count, pairs % count, cells.astype(np.int64)
