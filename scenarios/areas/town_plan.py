"""The street plan of a generated Dutch town: superblocks on a warped lattice, main roads between them, streets inside.

The town is drawn on a lattice of cells of 60 m; seven by seven cells are a superblock (some 400 m, a Dutch *buurt*).
Superblock borders are main roads (two radials, a ring, in larger towns a mesh) and 30 km/h collectors between them.
Inside, each period of building has its own pattern. The lattice is then pressed towards a disc, turned and bent, which
makes the ring round and the streets curved.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.streets import CLASS, Floats, Ints
from scenarios.areas.town_blocks import (
    CAULIFLOWER,
    CENTRE,
    FARMS,
    HAMLET,
    INDUSTRY,
    PARK,
    POSTWAR,
    PREWAR,
    SIDE,
    VILLAGE,
    VINEX,
    inside,
)
from twin.draws import stream, uniforms

CELL = 60.0  # metres per lattice cell
CENTRE_X, CENTRE_Y = 164_000.0, 471_000.0  # a place on the Dutch grid; the town is fictitious
MESH = 3  # superblocks between main roads: 1,260 m (assumption; Duurzaam Veilig: 30 km/h areas as large as possible)
CLOSED_SHARE = 0.85  # of the residential streets that end at a main road: no way for cars (assumption)
RING_RADIUS, MESH_RADIUS, CITY_RADIUS = 1.95, 3.5, 12.0  # superblocks; from there on: a ring, a mesh, two levels
WIDE_RADIUS = 8.5  # superblocks, some 150,000 citizens: from there on all main roads have two lanes (assumption)
VILLAGE_RADIUS = 0.9  # superblocks: up to two of them have no main road (assumption)
RESIDENTS_PER_BLOCK = 780.0  # about 4,400 per km2 of superblock: an ordinary Dutch town (assumption)


@dataclass(frozen=True)
class Town:
    """A town on the lattice: the border lines that cross at its centre, its ring's distance from there, its radius.

    All in superblocks; ring is 0 where there is none.
    """

    across: int
    along: int
    ring: int
    radius: float


@dataclass
class Plan:
    """One or several towns on a lattice.

    blocks     : shape (2K, 2K), kind of each superblock;  half: K
    across     : shape (N-1, N), road class of the edge (i, j)-(i+1, j), -1 none;  along: (N, N-1), of (i, j)-(i, j+1)
    one_way_*  : same shapes; 1 only forward for cars, 2 only backward
    points     : shape (N, N, 2), metres
    gateways   : lattice points (i, j) where a road leaves, with the class
    towns      : the towns;  town: shape (2K, 2K), the town that each superblock belongs to or is nearest to
    land       : shape (N-1, N-1), cells that may be built upon; None: all
    roads      : names of roads outside towns;  road_across, road_along: their rows by edge, -1 none; None: no such road
    outside    : pairs of flat lattice points joined by roads beyond the plan
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
    towns: list[Town]
    town: Ints
    land: NDArray[np.bool_] | None = None
    roads: list[str] = field(default_factory=list)
    road_across: Ints | None = None
    road_along: Ints | None = None
    outside: list[tuple[int, int]] = field(default_factory=list)

    @property
    def urban(self) -> NDArray[np.bool_]:
        """Superblocks of towns, shape (2K, 2K): all but countryside and its farms."""
        return (self.blocks > 0) & (self.blocks != FARMS)


def plan_town(citizens: int, seed: int, spread: float = 1.0) -> Plan:
    """The plan of one round town with room for `citizens`; `spread` > 1 makes more superblocks."""
    blocks, half, ring = _blocks(citizens, seed, spread)
    town = Town(half, half, ring, radius_of(blocks))
    of = np.zeros(blocks.shape, np.int64)
    across, along, *ways = inner_streets(blocks, [town], of, seed)
    borders(blocks > 0, town, across, along)
    close_to_main_roads(blocks, [town], of, across, along, seed)
    gateways = _approaches(blocks, half, ring, across, along)
    points = _points(blocks, half, seed)
    return Plan(seed, blocks, half, across, along, ways[0], ways[1], points, gateways, [town], of)


def inner_streets(blocks: NDArray[np.int8], towns: list[Town], town: Ints, seed: int) -> tuple[Any, Any, Any, Any]:
    """Road classes across and along of a lattice with only the streets inside its superblocks, and one-way codes."""
    half = len(blocks) // 2
    n = 2 * half * SIDE + 1
    across, along = np.full((n - 1, n), -1, np.int8), np.full((n, n - 1), -1, np.int8)
    ways = np.zeros_like(across), np.zeros_like(along)
    for p, q in np.argwhere((blocks > 0) & (blocks != FARMS)):
        at = towns[town[p, q]]
        heart = math.hypot(p - at.across + 0.5, q - at.along + 0.5) < 1.5
        key = (p - half + 5000) * 20_000 + (q - half + 5000)
        h, v, wh, wv = inside(int(blocks[p, q]), key, heart, seed)
        i, j = p * SIDE, q * SIDE
        across[i : i + SIDE, j + 1 : j + SIDE], along[i + 1 : i + SIDE, j : j + SIDE] = h, v
        ways[0][i : i + SIDE, j + 1 : j + SIDE], ways[1][i + 1 : i + SIDE, j : j + SIDE] = wh, wv
    return across, along, *ways


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


def _class_of_line(line: int, cross: Floats, town: Town) -> NDArray[np.int8]:
    """Class of the pieces of border line `line`; `cross` is the superblock number along it, in halves.

    Main roads enclose quarters of some MESH x MESH superblocks, as the 30 km/h areas of Dutch towns (Duurzaam Veilig:
    as large as possible, about a square kilometre); the other borders are collector streets. A village has only these.
    """
    tertiary, secondary, primary = CLASS["tertiary"], CLASS["secondary"], CLASS["primary"]
    ring, radius = town.ring, town.radius
    out = np.full(len(cross), tertiary, np.int8)
    if line == 0 and radius >= VILLAGE_RADIUS:
        out[:] = secondary if not ring else np.where(np.abs(cross) > ring, primary, secondary)
    elif radius >= MESH_RADIUS and line % MESH == 0:
        out[:] = primary if radius >= CITY_RADIUS and line % (2 * MESH) == 0 else secondary
    if ring and abs(line) == ring:
        out[np.abs(cross) < ring] = primary
    return out


def borders(built: NDArray[np.bool_], town: Town, across: Any, along: Any) -> None:
    """Main roads and collectors on the borders of the superblocks `built` of one town."""
    rows, columns = np.flatnonzero(built.any(1)), np.flatnonzero(built.any(0))
    number = np.arange(len(built)) + 0.5
    for k in range(max(rows[0], 1), min(rows[-1] + 2, len(built))):
        classes = np.repeat(_class_of_line(k - town.across, number - town.along, town), SIDE)
        here = np.repeat(built[k - 1] | built[k], SIDE)
        along[k * SIDE, here] = classes[here]
    for k in range(max(columns[0], 1), min(columns[-1] + 2, len(built))):
        classes = np.repeat(_class_of_line(k - town.along, number - town.across, town), SIDE)
        here = np.repeat(built[:, k - 1] | built[:, k], SIDE)
        across[here, k * SIDE] = classes[here]


def close_to_main_roads(
    blocks: NDArray[np.int8], towns: list[Town], town: Ints, across: Any, along: Any, seed: int
) -> None:
    """Let most streets of a superblock reach a main road only by bicycle: cars come by the collectors on other sides.

    Few side streets on main roads is Dutch practice since Duurzaam Veilig. No superblock has main roads on two opposite
    sides, so every street keeps a way out; what does not, `connect` finds. Where the ring is one superblock away from
    the centre, a superblock may have main roads on all sides, and all stays open.
    """
    street, cycle = CLASS["residential"], CLASS["cycleway"]
    for p, q in np.argwhere((blocks > 0) & ~np.isin(blocks, (CENTRE, CAULIFLOWER, VILLAGE, HAMLET, FARMS))):
        if towns[town[p, q]].ring == 1:
            continue
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


def _points(blocks: NDArray[np.int8], half: int, seed: int) -> Floats:
    """Positions of the lattice points: jittered, pressed towards a disc, turned and bent. Shape (n, n, 2)."""
    x, y = jittered(blocks, half, seed)
    radius = radius_of(blocks) * SIDE * CELL * 1.25
    u, v = np.clip(x / radius, -1.25, 1.25), np.clip(y / radius, -1.25, 1.25)
    x, y = x * np.sqrt(1 - 0.33 * v * v), y * np.sqrt(1 - 0.33 * u * u)  # square to disc, two thirds of the way
    turn = 0.25 + bends(seed)[4] / 8
    return bent(x, y, turn, (CENTRE_X, CENTRE_Y), seed)


def jittered(blocks: NDArray[np.int8], half: int, seed: int) -> tuple[Floats, Floats]:
    """Lattice points in metres from its centre, moved a little, most in old centres; each of shape (n, n)."""
    i, j = np.meshgrid(np.arange(2 * half * SIDE + 1), np.arange(2 * half * SIDE + 1), indexing="ij")
    x, y = (i - half * SIDE) * CELL, (j - half * SIDE) * CELL
    key = (i - half * SIDE + 50_000).ravel() * 100_000 + (j - half * SIDE + 50_000).ravel()
    inner = ((i % SIDE > 0) & (j % SIDE > 0)).astype(float)
    kind = np.pad(blocks, ((0, 1), (0, 1)))[i // SIDE, j // SIDE]
    size = inner * np.where(kind == CENTRE, 18.0, np.where(kind == CAULIFLOWER, 14.0, 7.0))
    x = x + size * (uniforms(stream(seed, "town.jitter"), key, 0).reshape(x.shape) - 0.5)
    y = y + size * (uniforms(stream(seed, "town.jitter"), key, 1).reshape(x.shape) - 0.5)
    return x, y


def bends(seed: int) -> Floats:
    """Phases of the waves that curve the streets of a town, shape (9,), radians."""
    return np.asarray(uniforms(stream(seed, "town.bend"), np.arange(9)) * 2 * math.pi)


def bent(x: Floats, y: Floats, turn: float, centre: tuple[float, float], seed: int) -> Floats:
    """Points bent by waves, turned by `turn` radians and set around `centre`; shape (..., 2)."""
    phase = bends(seed)
    # bends whose slopes add up to about 0.4: no fold, and streets still meet at fair angles
    bend_x = 60 * np.sin(y / 390 + phase[0]) + 22 * np.sin(y / 170 + x / 900 + phase[1])
    bend_y = 55 * np.sin(x / 420 + phase[2]) + 20 * np.sin(x / 150 + y / 800 + phase[3])
    x, y = x + bend_x, y + bend_y
    out = np.empty((*x.shape, 2))
    out[..., 0] = centre[0] + x * math.cos(turn) - y * math.sin(turn)
    out[..., 1] = centre[1] + x * math.sin(turn) + y * math.cos(turn)
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


def edge_towns(plan: Plan) -> list[Town]:
    """The town of every edge of `edge_list`."""
    tail, *_ = edge_list(plan)
    n, last = plan.points.shape[0], 2 * plan.half - 1
    rows = plan.town[np.minimum(tail // n // SIDE, last), np.minimum(tail % n // SIDE, last)]
    return [plan.towns[k] for k in rows.tolist()]
