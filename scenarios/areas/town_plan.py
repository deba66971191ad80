"""The street plan of a generated Dutch town: superblocks on a warped lattice, main roads between them, streets inside.

The town is drawn on a lattice of cells of 60 m; seven by seven cells are a superblock (some 400 m, a Dutch *buurt*).
Superblock borders are main roads (two radials, a ring, in larger towns a mesh) and 30 km/h collectors between them.
Inside, each period of building has its own pattern. The lattice is then pressed towards a disc, turned and bent, which
makes the ring round and the streets curved.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.streets import CLASS, Floats, Ints
from twin.draws import stream, uniforms

CELL, SIDE = 60.0, 7  # metres per lattice cell; cells per side of a superblock
CENTRE_X, CENTRE_Y = 164_000.0, 471_000.0  # a place on the Dutch grid; the town is fictitious
MESH = 3  # superblocks between main roads: 1,260 m (assumption; Duurzaam Veilig: 30 km/h areas as large as possible)
CLOSED_SHARE = 0.85  # of the residential streets that end at a main road: no way for cars (assumption)
RING_RADIUS, MESH_RADIUS, CITY_RADIUS = 1.95, 3.5, 12.0  # superblocks; from there on: a ring, a mesh, two levels
WIDE_RADIUS = 8.5  # superblocks, some 150,000 citizens: from there on all main roads have two lanes (assumption)
RESIDENTS_PER_BLOCK = 780.0  # about 4,400 per km2 of superblock: an ordinary Dutch town (assumption)

NONE, CENTRE, PREWAR, POSTWAR, CAULIFLOWER, VINEX, INDUSTRY, PARK = range(8)
KINDS = ("", "centre", "prewar", "postwar", "cauliflower", "vinex", "industry", "park")
YEARS = {
    CENTRE: (1650, 1925),
    PREWAR: (1905, 1942),
    POSTWAR: (1950, 1969),
    CAULIFLOWER: (1970, 1989),
    VINEX: (1995, 2021),
    INDUSTRY: (1965, 2018),
    PARK: (1960, 2015),
}


@dataclass
class Plan:
    """The lattice of a town.

    blocks     : shape (2K, 2K), kind of each superblock;  half: K
    across     : shape (N-1, N), road class of the edge (i, j)-(i+1, j), -1 none;  along: (N, N-1), of (i, j)-(i, j+1)
    one_way_*  : same shapes; 1 only forward for cars, 2 only backward
    points     : shape (N, N, 2), metres
    gateways   : lattice points (i, j) where a road leaves, with the class
    """

    seed: int
    blocks: NDArray[np.int8]
    half: int
    across: NDArray[np.int8]
    along: NDArray[np.int8]
    one_way_across: NDArray[np.int8]
    one_way_along: NDArray[np.int8]
    points: Floats
    gateways: list[tuple[int, int, int]]
    ring: int


def plan_town(citizens: int, seed: int, spread: float = 1.0) -> Plan:
    """The plan of a town with room for `citizens`; `spread` > 1 makes more superblocks."""
    blocks, half, ring = _blocks(citizens, seed, spread)
    n = 2 * half * SIDE + 1
    across, along = np.full((n - 1, n), -1, np.int8), np.full((n, n - 1), -1, np.int8)
    ways = np.zeros_like(across), np.zeros_like(along)
    for p, q in np.argwhere(blocks > 0):
        h, v, wh, wv = _inside(int(blocks[p, q]), p - half, q - half, seed)
        i, j = p * SIDE, q * SIDE
        across[i : i + SIDE, j + 1 : j + SIDE], along[i + 1 : i + SIDE, j : j + SIDE] = h, v
        ways[0][i : i + SIDE, j + 1 : j + SIDE], ways[1][i + 1 : i + SIDE, j : j + SIDE] = wh, wv
    _borders(blocks, half, ring, across, along)
    if ring != 1:  # there, a superblock may have main roads on all sides
        _close_to_main_roads(blocks, across, along, seed)
    gateways = _approaches(blocks, half, ring, across, along)
    points = _points(n, half, blocks, seed)
    return Plan(seed, blocks, half, across, along, *ways, points, gateways, ring)


def _blocks(citizens: int, seed: int, spread: float) -> tuple[NDArray[np.int8], int, int]:
    homes = max(2, round(citizens / RESIDENTS_PER_BLOCK * spread))
    works, parks = max(1, round(0.09 * homes)), round(0.09 * homes) if homes < 6 else max(1, round(0.09 * homes))
    total = homes + works + parks
    radius = math.sqrt(total / math.pi)
    half = math.ceil(radius * 1.4) + 3
    p, q = np.meshgrid(np.arange(-half, half) + 0.5, np.arange(-half, half) + 0.5, indexing="ij")
    key = np.arange(p.size)
    a, b, turn = uniforms(stream(seed, "town.outline"), np.arange(3)) * 2 * math.pi
    angle = np.arctan2(q, p)
    far = np.hypot(p, q) * (1 + 0.13 * np.sin(2 * angle + a) + 0.09 * np.sin(3 * angle + b))
    order = np.argsort(far.ravel() + 0.1 * uniforms(stream(seed, "town.blocks"), key), kind="stable")[:total]
    blocks = np.zeros(p.size, np.int8)
    # industry: in the outer third, in one direction
    outer = order[max(1, int(0.6 * total)) :] if total > 3 else order[-1:]
    toward = np.cos(angle.ravel()[outer] - turn) * far.ravel()[outer]
    industry = outer[np.argsort(-toward, kind="stable")[:works]]
    blocks[industry] = INDUSTRY
    rest = order[~np.isin(order, industry)]
    middle = rest[max(1, int(0.2 * len(rest))) :]
    chance = uniforms(stream(seed, "town.parks"), middle)
    blocks[middle[np.argsort(chance, kind="stable")[:parks]]] = PARK
    rest = rest[blocks[rest] == 0]
    rank = (np.arange(len(rest)) + 0.5) / len(rest) + 0.12 * (uniforms(stream(seed, "town.period"), rest) - 0.5)
    period = np.digitize(rank, [0.11, 0.33, 0.56, 0.79])
    blocks[rest] = np.array([CENTRE, PREWAR, POSTWAR, CAULIFLOWER, VINEX])[period]
    blocks[rest[0]] = CENTRE
    return blocks.reshape(p.shape), half, main_ring(radius)


def _inside(kind: int, p: int, q: int, seed: int) -> tuple[Any, Any, Any, Any]:
    """Streets inside one superblock: classes of edges across (7, 6) and along (6, 7), and their one-way codes."""
    key = (p + 5000) * 20_000 + (q + 5000)
    u = uniforms(stream(seed, "town.streets"), np.full(200, key), np.arange(200))
    h, v = np.full((SIDE, SIDE - 1), -1, np.int8), np.full((SIDE - 1, SIDE), -1, np.int8)
    wh, wv = np.zeros_like(h), np.zeros_like(v)
    uh, uv, flip = u[:42].reshape(h.shape), u[42:84].reshape(v.shape), u[199] < 0.5
    street, living, foot, cycle = CLASS["residential"], CLASS["living_street"], CLASS["footway"], CLASS["cycleway"]
    if kind == CENTRE:
        h[uh < 0.9], v[uv < 0.85] = street, street
        near = math.hypot(p + 0.5, q + 0.5) < 1.5
        h[(uh < (0.35 if near else 0.12))], v[(uv < (0.3 if near else 0.1))] = CLASS["pedestrian"], CLASS["pedestrian"]
        wh[:, 1::4], wh[:, 3::4] = 1, 2
        wv[1::4, :], wv[3::4, :] = 1, 2
    elif kind == PREWAR:
        h[:] = street
        h[0, uh[0] > 0.65], h[-1, uh[-1] > 0.65] = foot, foot
        v[uv < 0.18] = foot
        v[[[1, 4], [0, 3], [2, 5], [1, 3]][int(u[100] * 4)], :] = street
        if u[101] < 0.5:
            wh[:, 2], wh[:, 3] = 1, 2
    elif kind == POSTWAR:
        h[:, [0, 2, 4] if u[100] < 0.5 else [1, 3, 5]] = street
        v[uv < 0.22] = foot
        v[[0, 2, 5] if u[101] < 0.5 else [0, 3, 5], :] = street
    elif kind == CAULIFLOWER:
        h[uh < 0.72], v[uv < 0.6] = living, living
        edge_h, edge_v = uh[[0, -1]] < 0.45, uv[:, [0, -1]] < 0.45
        h[[0, -1]], v[:, [0, -1]] = np.where(edge_h, cycle, -1), np.where(edge_v, foot, -1)
        h[2:5, [1, 4]], v[[1, 4], 2:5] = street, street  # a loop road, and three ways in
        h[0:2, 1], h[5:7, 4], v[4, 5:7] = street, street, street
    elif kind == VINEX:
        h[:], water = street, 2 + int(u[100] * 2)
        h[[0, -1]] = np.where(uh[[0, -1]] < 0.5, street, cycle)
        h[:, water] = np.where(uh[:, water] < 0.5, -1, foot)
        v[uv < 0.15] = foot
        v[[0, 5, 2 + int(u[101] * 2)], :] = street
    elif kind == INDUSTRY:
        h[:, [1, 4]], v[[1 + int(u[100] * 2), 5], :] = CLASS["unclassified"], CLASS["unclassified"]
        v[3, 2:5] = foot
    else:
        h[:, 2 + int(u[100] * 3)], v[2 + int(u[101] * 3), :] = cycle, foot
    if flip:
        h, v, wh, wv = v.T, h.T, wv.T, wh.T
    return h, v, wh, wv


def radius_of(blocks: NDArray[np.int8]) -> float:
    """Radius of the disc of all superblocks, in superblocks."""
    return math.sqrt(float((blocks > 0).sum()) / math.pi)


def main_ring(radius: float) -> int:
    """Border line of the ring road; 0 in towns too small for one."""
    if radius < RING_RADIUS:
        return 0
    if radius < MESH_RADIUS:
        return max(1, round(0.62 * radius))
    return MESH * max(1, round(0.55 * radius / MESH))


def _class_of_line(line: int, cross: NDArray[Any], ring: int, radius: float) -> NDArray[np.int8]:
    """Class of the pieces of border line `line`; `cross` is the superblock number along it, in halves.

    Main roads enclose quarters of some MESH x MESH superblocks, as the 30 km/h areas of Dutch towns (Duurzaam Veilig:
    as large as possible, about a square kilometre); the other borders are collector streets.
    """
    tertiary, secondary, primary = CLASS["tertiary"], CLASS["secondary"], CLASS["primary"]
    out = np.full(len(cross), tertiary, np.int8)
    if line == 0:
        out[:] = secondary if not ring else np.where(np.abs(cross) > ring, primary, secondary)
    elif radius >= MESH_RADIUS and line % MESH == 0:
        out[:] = primary if radius >= CITY_RADIUS and line % (2 * MESH) == 0 else secondary
    if ring and abs(line) == ring:
        out[np.abs(cross) < ring] = primary
    return out


def _borders(blocks: NDArray[np.int8], half: int, ring: int, across: Any, along: Any) -> None:
    """Main roads and collectors on the borders of the superblocks that are built or park."""
    built, radius = blocks > 0, radius_of(blocks)
    cross = np.arange(-half, half) + 0.5
    for line in range(-half + 1, half):
        k = line + half
        classes = np.repeat(_class_of_line(line, cross, ring, radius), SIDE)
        along[k * SIDE, np.repeat(built[k - 1] | built[k], SIDE)] = classes[np.repeat(built[k - 1] | built[k], SIDE)]
        here = np.repeat(built[:, k - 1] | built[:, k], SIDE)
        across[here, k * SIDE] = classes[here]


def _close_to_main_roads(blocks: NDArray[np.int8], across: Any, along: Any, seed: int) -> None:
    """Let most streets of a superblock reach a main road only by bicycle: cars come by the collectors on other sides.

    Few side streets on main roads is Dutch practice since Duurzaam Veilig. No superblock has main roads on two opposite
    sides, so every street keeps a way out; what does not, `connect` finds.
    """
    street, cycle = CLASS["residential"], CLASS["cycleway"]
    for p, q in np.argwhere((blocks > 0) & ~np.isin(blocks, (CENTRE, CAULIFLOWER))):
        i, j = p * SIDE, q * SIDE
        inner = slice(1, SIDE)
        sides = (
            (along[i, j], across[i, j : j + SIDE][inner]),
            (along[i + SIDE, j], across[i + SIDE - 1, j : j + SIDE][inner]),
            (across[i, j], along[i : i + SIDE, j][inner]),
            (across[i, j + SIDE], along[i : i + SIDE, j + SIDE - 1][inner]),
        )
        for k, (border, ends) in enumerate(sides):
            if border not in (CLASS["primary"], CLASS["secondary"]):
                continue
            u = uniforms(
                stream(seed, "town.side_streets"), np.full(len(ends), p * 20_000 + q), 8 * k + np.arange(len(ends))
            )
            ends[(ends == street) & (u < CLOSED_SHARE)] = cycle  # a view: changes the plan


def _approaches(blocks: NDArray[np.int8], half: int, ring: int, across: Any, along: Any) -> list[tuple[int, int, int]]:
    """Carry the radials, and in a large town the ring roads, on beyond the last houses to a gateway each."""
    radius = radius_of(blocks)
    steps = SIDE + 2
    found = []
    large = radius >= MESH_RADIUS
    lines = [
        line
        for line in range(-half + 1, half)
        if line == 0
        or (large and abs(line) == ring)
        or (radius >= CITY_RADIUS and line % (2 * MESH) == 0 and abs(line) < radius)
    ]
    for line in lines:
        k = (line + half) * SIDE
        for pieces, is_along in ((along[k], True), (across[:, k], False)):
            there = np.flatnonzero(pieces >= 0)
            if not len(there):
                continue
            low, high = int(there[0]), int(there[-1])
            road = int(pieces[high]) if line == 0 else CLASS["secondary"]
            pieces[high + 1 : high + 1 + steps], pieces[low - steps : low] = road, road  # views: change the plan
            ends = (high + 1 + steps, low - steps)
            found += [(k, e, road) if is_along else (e, k, road) for e in ends]
    return found


def _points(n: int, half: int, blocks: NDArray[np.int8], seed: int) -> Floats:
    """Positions of the lattice points: jittered, pressed towards a disc, turned and bent. Shape (n, n, 2)."""
    i, j = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    x, y = (i - half * SIDE) * CELL, (j - half * SIDE) * CELL
    key = (i - half * SIDE + 50_000).ravel() * 100_000 + (j - half * SIDE + 50_000).ravel()
    inner = ((i % SIDE > 0) & (j % SIDE > 0)).astype(float)
    kind = np.pad(blocks, ((0, 1), (0, 1)))[i // SIDE, j // SIDE]
    size = inner * np.where(kind == CENTRE, 18.0, np.where(kind == CAULIFLOWER, 14.0, 7.0))
    x = x + size * (uniforms(stream(seed, "town.jitter"), key, 0).reshape(x.shape) - 0.5)
    y = y + size * (uniforms(stream(seed, "town.jitter"), key, 1).reshape(x.shape) - 0.5)
    radius = math.sqrt((blocks > 0).sum() / math.pi) * SIDE * CELL * 1.25
    u, v = np.clip(x / radius, -1.25, 1.25), np.clip(y / radius, -1.25, 1.25)
    x, y = x * np.sqrt(1 - 0.33 * v * v), y * np.sqrt(1 - 0.33 * u * u)  # square to disc, two thirds of the way
    phase = uniforms(stream(seed, "town.bend"), np.arange(9)) * 2 * math.pi
    # bends whose slopes add up to about 0.4: no fold, and streets still meet at fair angles
    bend_x = 60 * np.sin(y / 390 + phase[0]) + 22 * np.sin(y / 170 + x / 900 + phase[1])
    bend_y = 55 * np.sin(x / 420 + phase[2]) + 20 * np.sin(x / 150 + y / 800 + phase[3])
    x, y = x + bend_x, y + bend_y
    turn = 0.25 + phase[4] / 8
    out = np.empty((n, n, 2))
    out[..., 0] = CENTRE_X + x * math.cos(turn) - y * math.sin(turn)
    out[..., 1] = CENTRE_Y + x * math.sin(turn) + y * math.cos(turn)
    return out


def edge_list(plan: Plan) -> tuple[Ints, Ints, Ints, Ints, NDArray[np.bool_]]:
    """Every edge of the lattice: flat tail and head, class, one-way code, and whether it runs across (i to i+1)."""
    n = plan.points.shape[0]
    i, j = np.nonzero(plan.across >= 0)
    k, m = np.nonzero(plan.along >= 0)
    tail = np.concatenate([i * n + j, k * n + m])
    head = np.concatenate([(i + 1) * n + j, k * n + m + 1])
    road = np.concatenate([plan.across[i, j], plan.along[k, m]]).astype(np.int64)
    way = np.concatenate([plan.one_way_across[i, j], plan.one_way_along[k, m]]).astype(np.int64)
    return tail, head, road, way, np.arange(len(tail)) < len(i)
