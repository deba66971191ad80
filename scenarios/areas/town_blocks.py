"""Superblocks of a generated town: the kinds by period and density, and the pattern of streets inside each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.streets import CLASS, Floats
from twin.draws import stream, uniforms

SIDE = 7  # lattice cells per side of a superblock
(NONE, CENTRE, PREWAR, POSTWAR, CAULIFLOWER, VINEX, INDUSTRY, PARK, CITY, VILLAGE, HAMLET, FARMS) = range(12)
KINDS = (
    "",
    "centre",
    "prewar",
    "postwar",
    "cauliflower",
    "vinex",
    "industry",
    "park",
    "city",
    "village",
    "hamlet",
    "farms",
)
YEARS = {
    CENTRE: (1650, 1925),
    PREWAR: (1905, 1942),
    POSTWAR: (1950, 1969),
    CAULIFLOWER: (1970, 1989),
    VINEX: (1995, 2021),
    INDUSTRY: (1965, 2018),
    PARK: (1960, 2015),
    CITY: (1885, 1935),
    VILLAGE: (1900, 2005),
    HAMLET: (1880, 1990),
    FARMS: (1850, 1980),
}


STREET, LIVING, LANE = CLASS["residential"], CLASS["living_street"], CLASS["unclassified"]
FOOT, CYCLE, SQUARE = CLASS["footway"], CLASS["cycleway"], CLASS["pedestrian"]


@dataclass
class Pattern:
    """Streets of one superblock while they are drawn.

    across, along         : road classes of the inner edges, shapes (7, 6) and (6, 7); -1 none
    one_way_across, _along : their one-way codes
    chance                : 200 draws in [0, 1);  heart: whether the superblock is in the heart of its town
    """

    chance: Floats
    heart: bool
    across: NDArray[np.int8]
    along: NDArray[np.int8]
    one_way_across: NDArray[np.int8]
    one_way_along: NDArray[np.int8]

    @property
    def by_edge(self) -> tuple[Floats, Floats]:
        """A draw for each edge across and along."""
        return self.chance[:42].reshape(7, 6), self.chance[42:84].reshape(6, 7)


def _centre(b: Pattern) -> None:
    uh, uv = b.by_edge
    b.across[uh < 0.9], b.along[uv < 0.85] = STREET, STREET
    b.across[uh < (0.35 if b.heart else 0.12)], b.along[uv < (0.3 if b.heart else 0.1)] = SQUARE, SQUARE
    b.one_way_across[:, 1::4], b.one_way_across[:, 3::4] = 1, 2
    b.one_way_along[1::4, :], b.one_way_along[3::4, :] = 1, 2


def _prewar(b: Pattern) -> None:
    uh, uv = b.by_edge
    b.across[:] = STREET
    b.across[0, uh[0] > 0.65], b.across[-1, uh[-1] > 0.65] = FOOT, FOOT
    b.along[uv < 0.18] = FOOT
    b.along[[[1, 4], [0, 3], [2, 5], [1, 3]][int(b.chance[100] * 4)], :] = STREET
    if b.chance[101] < 0.5:
        b.one_way_across[:, 2], b.one_way_across[:, 3] = 1, 2


def _postwar(b: Pattern) -> None:
    b.across[:, [0, 2, 4] if b.chance[100] < 0.5 else [1, 3, 5]] = STREET
    b.along[b.by_edge[1] < 0.22] = FOOT
    b.along[[0, 2, 5] if b.chance[101] < 0.5 else [0, 3, 5], :] = STREET


def _cauliflower(b: Pattern) -> None:
    uh, uv = b.by_edge
    b.across[uh < 0.72], b.along[uv < 0.6] = LIVING, LIVING
    b.across[[0, -1]] = np.where(uh[[0, -1]] < 0.45, CYCLE, -1)
    b.along[:, [0, -1]] = np.where(uv[:, [0, -1]] < 0.45, FOOT, -1)
    b.across[2:5, [1, 4]], b.along[[1, 4], 2:5] = STREET, STREET  # a loop road, and three ways in
    b.across[0:2, 1], b.across[5:7, 4], b.along[4, 5:7] = STREET, STREET, STREET


def _vinex(b: Pattern) -> None:
    uh, uv = b.by_edge
    water = 2 + int(b.chance[100] * 2)
    b.across[:] = STREET
    b.across[[0, -1]] = np.where(uh[[0, -1]] < 0.5, STREET, CYCLE)
    b.across[:, water] = np.where(uh[:, water] < 0.5, -1, FOOT)
    b.along[uv < 0.15] = FOOT
    b.along[[0, 5, 2 + int(b.chance[101] * 2)], :] = STREET


def _industry(b: Pattern) -> None:
    b.across[:, [1, 4]], b.along[[1 + int(b.chance[100] * 2), 5], :] = LANE, LANE
    b.along[3, 2:5] = FOOT


def _park(b: Pattern) -> None:
    b.across[:, 2 + int(b.chance[100] * 3)], b.along[2 + int(b.chance[101] * 3), :] = CYCLE, FOOT


def _city(b: Pattern) -> None:
    """Closed blocks of flats: streets all through, every other one a way through for cars."""
    b.across[:], b.along[:] = STREET, np.where(b.by_edge[1] < 0.25, FOOT, -1)
    b.along[[0, 2, 4] if b.chance[100] < 0.5 else [1, 3, 5], :] = STREET
    b.one_way_across[:, 1::4], b.one_way_across[:, 3::4] = 1, 2


def _village(b: Pattern) -> None:
    """A street through, some streets off it, and paths; the rest is gardens."""
    first = int(b.chance[100] * 2)
    b.across[:, [first, 3, 5 - int(b.chance[101] * 2)]] = STREET
    b.along[[1, 4], :] = STREET
    b.across[b.by_edge[0] < 0.07] = FOOT


def _hamlet(b: Pattern) -> None:
    b.across[:, 3] = STREET


# what stands on no street of its own is left out: farms stand along the roads that pass
PATTERNS: dict[int, Callable[[Pattern], None]] = {
    CENTRE: _centre,
    PREWAR: _prewar,
    POSTWAR: _postwar,
    CAULIFLOWER: _cauliflower,
    VINEX: _vinex,
    INDUSTRY: _industry,
    PARK: _park,
    CITY: _city,
    VILLAGE: _village,
    HAMLET: _hamlet,
}


def inside(kind: int, key: int, heart: bool, seed: int) -> tuple[Any, Any, Any, Any]:
    """Streets inside one superblock: classes of edges across (7, 6) and along (6, 7), and their one-way codes."""
    chance = uniforms(stream(seed, "town.streets"), np.full(200, key), np.arange(200))
    h, v = np.full((SIDE, SIDE - 1), -1, np.int8), np.full((SIDE - 1, SIDE), -1, np.int8)
    wh, wv = np.zeros_like(h), np.zeros_like(v)
    PATTERNS[kind](Pattern(chance, heart, h, v, wh, wv))
    if chance[199] < 0.5 and kind != HAMLET:  # the lane of a hamlet meets the road on its first side
        h, v, wh, wv = v.T, h.T, wv.T, wh.T
    return h, v, wh, wv
