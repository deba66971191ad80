"""Where the dwellings of a municipality's districts stand: towns, villages and hamlets of superblocks.

Dense districts are built all over, others where they are nearest to the people of the whole municipality, so that the
built parts of neighbouring districts join to one town; thinly peopled districts get villages of their own.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.land import CELLS, Land
from scenarios.areas.streets import Floats, Ints
from scenarios.areas.town_blocks import (
    CAULIFLOWER,
    CENTRE,
    CITY,
    HAMLET,
    INDUSTRY,
    PARK,
    POSTWAR,
    PREWAR,
    SIDE,
    VILLAGE,
    VINEX,
)
from scenarios.areas.town_plan import CELL, RESIDENTS_PER_BLOCK, Town, main_ring
from twin.draws import stream, uniforms

PULL = 1_200.0  # m, decay of the pull of dwellings on where others stand (assumption)
# dwellings per superblock that are aimed at, by dwellings per km2 of the district (assumption)
AIM = ((50.0, 190.0), (300.0, 240.0), (1_000.0, 320.0), (2_500.0, 420.0))
FULL = 0.93  # share of a district's cells that may be built upon by homes
HAMLET_HOMES = 45  # most dwellings of a hamlet (assumption)
THIN, VILLAGE_KM2, VILLAGE_HOMES = 120.0, 9.0, 120  # dwellings/km2, km2 per village, fewest dwellings (assumption)
QUIET_KM2 = 200.0  # dwellings per km2 below which a district has room for industry (assumption)
RANK_SIZE = 1.1  # exponent of the sizes of a district's villages by rank (Zipf; assumption)
TOWN_BLOCKS = 6  # superblocks from which a cluster has the quarters of a town (assumption)
PARK_SHARE = WORK_SHARE = (
    0.09  # superblocks of park and of industry per superblock's worth of residents, as in the town
)
# dwellings that a superblock of each kind holds when no row is left out: measured on generated towns
HOLDS = {CENTRE: 970, PREWAR: 660, POSTWAR: 670, CAULIFLOWER: 400, VINEX: 400, CITY: 1_700, VILLAGE: 300, HAMLET: 60}
FILLED = 0.82  # share of what a superblock holds that is aimed at: rows left out make room for green (assumption)
SHARED = 2.5  # superblocks of distance that one wholly in other districts would seem farther (assumption)
ESTATES_APART = 3_000.0  # m over which one industrial estate keeps others away (assumption)
LOOSE = 0.62  # share below which a superblock gets a looser kind (assumption)
PERIODS = ((0.11, CENTRE), (0.33, PREWAR), (0.56, POSTWAR), (0.79, CAULIFLOWER), (9.0, VINEX))

ASSUMPTIONS = {
    "settlements.place": "dwellings of a district stand where most dwellings of all districts are near (decay 1.2 km); "
    "districts with under 120 dwellings per km2 get a village per 9 km2, sizes by rank (assumption)",
    "settlements.density": "190 to 420 dwellings per superblock of 0.18 km2, more where a district has no room (assumption)",
}


@dataclass
class Settlements:
    """Kind of each superblock, the towns and the town of each superblock, all over the lattice of the land.

    homes : dwellings planned in each superblock, shape (side, side)
    """

    blocks: NDArray[np.int8]
    towns: list[Town]
    town: Ints
    homes: Floats


def settle(
    land: Land, dwellings: Ints, km2: Floats, estates: NDArray[np.bool_], residents: int, seed: int
) -> Settlements:
    """Superblocks for the dwellings of every district.

    dwellings, km2 : of each district;  residents: of all together
    estates        : districts that are known for their industry
    """
    pull = _pull(land, dwellings)
    kind = np.zeros(land.side**2, np.int8)
    per_km2 = dwellings / np.maximum(km2, 0.01)
    for d in np.argsort(-per_km2, kind="stable").tolist():
        if dwellings[d]:
            _build_district(land, d, int(dwellings[d]), float(per_km2[d]), float(km2[d]), pull, kind, seed)
    homes = _homes(land, kind, dwellings)
    quiet = per_km2 < QUIET_KM2
    fit = np.where(estates & quiet, 3.0, np.where(quiet, 1.0, 0.35))
    _parks_and_estates(land, kind, pull, fit, residents, seed)
    blocks = kind.reshape(land.side, land.side)
    return _towns(land, blocks, homes.reshape(blocks.shape), seed)


def _pull(land: Land, dwellings: Ints) -> Floats:
    """Dwellings near each superblock, each counting less with its distance; shape (side ** 2,)."""
    from scipy.signal import fftconvolve

    mass = np.zeros(land.side**2)
    whole = np.maximum(np.bincount(land.owner, land.cells, len(dwellings)), 1)
    np.add.at(mass, land.block, land.cells * (dwellings / whole)[land.owner])
    reach = math.ceil(4 * PULL / (SIDE * CELL))
    a = np.arange(-reach, reach + 1) * SIDE * CELL
    kernel = np.exp(-np.hypot(a[:, None], a[None]) / PULL)
    return np.maximum(fftconvolve(mass.reshape(land.side, -1), kernel, "same"), 0.0).ravel()


def _build_district(
    land: Land, d: int, dwellings: int, per_km2: float, km2: float, pull: Floats, kind: NDArray[np.int8], seed: int
) -> None:
    """Take superblocks for the homes of one district, marked VILLAGE or HAMLET for now."""
    mine = land.owner == d
    cells = dict(zip(land.block[mine].tolist(), land.cells[mine].tolist(), strict=True))
    if not cells:  # thinner than a cell: the superblock around its inner point, taken by `generate`
        return
    room = sum(cells.values())
    aim = float(np.interp(per_km2, *zip(*AIM, strict=True)))
    per_cell = max(aim / CELLS, dwellings / (FULL * room))
    count = 1
    if per_km2 < THIN:
        count = int(np.clip(round(km2 / VILLAGE_KM2), 1, max(1, dwellings // VILLAGE_HOMES)))
    share = np.arange(1, count + 1) ** -RANK_SIZE
    have = sum(n for b, n in cells.items() if kind[b])
    for k, part in enumerate(share / share.sum()):
        homes = part * dwellings
        need = homes / per_cell - (have if k == 0 else 0)
        if need <= 0 and have:
            continue
        start = _seed_block(land, cells, pull, kind, k, seed)
        if start >= 0:
            _grow(land, cells, start, need, HAMLET if homes <= HAMLET_HOMES else VILLAGE, kind, seed)


def _seed_block(land: Land, cells: dict[int, int], pull: Floats, kind: NDArray[np.int8], k: int, seed: int) -> int:
    """Where a district's next settlement begins: the first by pull, further ones far from all that is built."""
    free = np.array([b for b in cells if not kind[b]], np.int64)
    if not len(free):
        return -1
    whole = np.array([cells[b] for b in free.tolist()]) / CELLS
    luck = uniforms(stream(seed, "municipality.village"), free)
    if k == 0:
        return int(free[np.argmax(pull[free] * np.minimum(whole, 0.8))])
    at = land.middle()
    built = np.flatnonzero(kind)
    far = np.full(len(free), 1e9)
    for b in built[np.lexsort((built,))].tolist():
        far = np.minimum(far, np.hypot(*(at[free] - at[b]).T))
    return int(free[np.argmax(np.minimum(far, 3_500.0) * whole**2 * (0.6 + 0.4 * luck))])


def _grow(
    land: Land, cells: dict[int, int], start: int, need: float, mark: int, kind: NDArray[np.int8], seed: int
) -> None:
    """Take superblocks of one district around `start`, nearest first, until they have `need` cells in it."""
    at, side = land.middle(), land.side
    blocks = np.array(list(cells), np.int64)
    away = np.hypot(*(at[blocks] - at[start]).T) / (SIDE * CELL)
    away += 0.5 * uniforms(stream(seed, "municipality.growth"), blocks)
    own = np.array([cells[b] for b in blocks.tolist()]) / CELLS
    away += SHARED * (1.0 - own)  # what lies half in another district comes last
    cost = dict(zip(blocks.tolist(), away.tolist(), strict=True))
    queue, seen = [(0.0, start)], {start}
    rest = sorted((c, b) for b, c in cost.items())
    while need > 0:
        if not queue:  # the district is in several pieces
            rest = [(c, b) for c, b in rest if b not in seen and not kind[b]]
            if not rest:
                return
            queue.append(rest[0])
            seen.add(rest[0][1])
        _, b = heapq.heappop(queue)
        if not kind[b]:
            kind[b] = mark
            need -= cells[b]
        for other in (b - side, b + side, b - 1, b + 1):
            if other in cost and other not in seen:
                seen.add(other)
                heapq.heappush(queue, (cost[other], other))


def _homes(land: Land, kind: NDArray[np.int8], dwellings: Ints) -> Floats:
    """Dwellings planned in each superblock: a district's are spread evenly over its built cells."""
    taken = kind[land.block] > 0
    built = np.bincount(land.owner[taken], land.cells[taken], len(dwellings))
    rate = dwellings / np.maximum(built, 1)
    return np.bincount(land.block[taken], (land.cells * rate[land.owner])[taken], land.side**2)


def _neighbours(mask: NDArray[np.bool_]) -> Ints:
    """Number of the eight neighbours of each superblock that are in the mask."""
    grid = np.pad(mask.astype(np.int64), 1)
    n = len(mask)
    out = sum(grid[1 + a : 1 + a + n, 1 + b : 1 + b + n] for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b)
    return np.asarray(out)


def _parks_and_estates(
    land: Land, kind: NDArray[np.int8], pull: Floats, fit: Floats, residents: int, seed: int
) -> None:
    """Parks in the gaps of towns, industrial estates at their edges where few live; `fit` for these by district."""
    side = land.side
    free = (kind == 0) & (land.total() >= CELLS // 2)
    near = _neighbours((kind > 0).reshape(side, side)).ravel()
    luck = uniforms(stream(seed, "municipality.parks"), np.arange(len(kind)))
    parks = round(PARK_SHARE * residents / RESIDENTS_PER_BLOCK)
    gaps = np.flatnonzero(free & (near >= 4))
    gaps = gaps[np.argsort(-near[gaps] - luck[gaps], kind="stable")]
    enclosed = int((near[gaps] >= 7).sum())
    kind[gaps[: max(parks, enclosed)]] = PARK
    works = round(WORK_SHARE * residents / RESIDENTS_PER_BLOCK)
    score = np.sqrt(pull) * fit[land.home()] * (0.7 + 0.3 * luck)
    estates = 1 + works // 7
    for k in range(estates if works else 0):
        free = (kind == 0) & (land.total() >= CELLS // 2)
        edge = np.flatnonzero(free & (_neighbours((kind > 0).reshape(side, side)).ravel() >= 2))
        if not len(edge):
            return
        start = int(edge[np.argmax(score[edge])])
        score *= 1.0 - np.exp(-((np.hypot(*(land.middle() - land.middle()[start]).T) / ESTATES_APART) ** 2))
        cells = {int(b): CELLS for b in np.flatnonzero(free)}
        _grow(land, cells, start, CELLS * (works // estates + (k < works % estates)), INDUSTRY, kind, seed)


def _towns(land: Land, blocks: NDArray[np.int8], homes: Floats, seed: int) -> Settlements:
    """Name the clusters of superblocks as towns, and give their superblocks a period."""
    from scipy.ndimage import distance_transform_edt, label

    cluster, count = label(blocks > 0, structure=np.ones((3, 3)))
    nearest = distance_transform_edt(cluster == 0, return_distances=False, return_indices=True)
    towns = []
    density = homes / np.maximum(land.total().reshape(blocks.shape), 10) * CELLS
    where = np.argsort(cluster, axis=None, kind="stable")
    sizes = np.bincount(cluster.ravel(), minlength=count + 1)
    groups = np.split(where, np.cumsum(sizes)[:-1])
    for own in groups[1:]:
        p, q = np.divmod(own, land.side)
        a, b = _heart(density, p, q)
        radius = math.sqrt(len(own) / math.pi)
        towns.append(Town(a, b, main_ring(radius), radius))
        lived = np.isin(blocks[p, q], (VILLAGE, HAMLET))
        p, q = p[lived], q[lived]
        far = np.hypot(p + 0.5 - a, q + 0.5 - b)
        key = p * 20_000 + q
        order = np.argsort(far + 0.1 * uniforms(stream(seed, "municipality.blocks"), key), kind="stable")
        blocks[p[order], q[order]] = _periods(blocks[p, q][order], density[p, q][order], key[order], seed)
    return Settlements(blocks, towns, cluster[tuple(nearest)].astype(np.int64) - 1, homes)


def _heart(density: Floats, p: Ints, q: Ints) -> tuple[int, int]:
    """The crossing of border lines in a cluster with most dwellings around it, within about a kilometre."""
    weight = density[p, q] + 1e-6
    spread = np.exp(-np.hypot(p[:, None] - p[None], q[:, None] - q[None]) / 2.0) if len(p) <= 3_000 else np.eye(1)
    best = int(np.argmax(spread @ weight)) if len(p) <= 3_000 else int(np.argmax(weight))
    around = [
        (density[max(p[best] + a - 1, 0) : p[best] + a + 1, max(q[best] + b - 1, 0) : q[best] + b + 1].sum(), a, b)
        for a in (0, 1)
        for b in (0, 1)
    ]
    _, a, b = max(around)
    return int(p[best] + a), int(q[best] + b)


def _periods(kind: Ints, density: Floats, key: Ints, seed: int) -> Ints:
    """Kinds of a cluster's superblocks of homes, ordered from its heart: by period, and as dense as they must be."""
    n = len(kind)
    out = np.asarray(kind, np.int64).copy()
    if n >= TOWN_BLOCKS:
        rank = (np.arange(n) + 0.5) / n + 0.12 * (uniforms(stream(seed, "municipality.period"), key) - 0.5)
        period = np.array([k for _, k in PERIODS])[np.digitize(rank, [r for r, _ in PERIODS[:-1]])]
        out = np.where(out == HAMLET, out, period)
        out[0] = CENTRE
    luck = uniforms(stream(seed, "municipality.density"), key)
    for b in range(n):
        wanted, holds = density[b] / FILLED, HOLDS[int(out[b])]
        if wanted > holds:
            base = int(out[b]) if holds >= HOLDS[PREWAR] else POSTWAR
            dense = luck[b] < (wanted - HOLDS[base]) / (HOLDS[CITY] - HOLDS[base])
            out[b] = CITY if dense else base
        elif wanted < LOOSE * holds and not (n >= TOWN_BLOCKS and b < 2) and out[b] != HAMLET:
            newer = CAULIFLOWER if luck[b] < 0.5 else VINEX
            out[b] = newer if n >= TOWN_BLOCKS and wanted >= LOOSE * HOLDS[newer] else VILLAGE
    return out
