"""Buildings of a generated town: rows, flats, halls and public buildings along both sides of every street."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.streets import CLASS, Floats, Ints
from scenarios.areas.town_blocks import (
    CAULIFLOWER,
    CENTRE,
    CITY,
    FARMS,
    HAMLET,
    INDUSTRY,
    KINDS,
    PARK,
    POSTWAR,
    PREWAR,
    SIDE,
    VILLAGE,
    VINEX,
    YEARS,
)
from scenarios.areas.town_plan import Plan, edge_list
from scenarios.areas.town_streets import lattice_names
from twin.draws import stream, uniforms

RULE = "use: kind of superblock; storeys: form; height: storeys x 2.9 m; dwellings: form; year: kind of superblock"
# what stands on one side of one street piece: pitch along the street (m), depth (m), storeys from-to, dwellings per
# building, use. Dutch row houses are some 5.4-6.0 m wide and 9-10 m deep; all of it is an assumption
ROW, SEMI, DETACHED, CORNER_FLATS, SLAB, MIXED, SHOPS, OFFICE, HALL, EMPTY, SPECIAL = range(11)
FORMS: dict[int, tuple[float, float, tuple[int, int], int, str]] = {
    ROW: (5.7, 9.5, (2, 3), 1, "house"),
    SEMI: (11.5, 9.5, (2, 2), 1, "house"),
    DETACHED: (17.0, 10.0, (2, 2), 1, "house"),
    CORNER_FLATS: (16.0, 11.0, (3, 4), 7, "apartments"),
    SLAB: (60.0, 12.0, (4, 9), 0, "apartments"),
    MIXED: (7.5, 12.0, (3, 4), 3, "apartments"),
    SHOPS: (7.5, 14.0, (2, 3), 1, "shop"),
    OFFICE: (40.0, 15.0, (3, 6), 0, "office"),
    HALL: (60.0, 36.0, (1, 2), 0, "industry"),
    EMPTY: (60.0, 1.0, (1, 1), 0, ""),
    SPECIAL: (60.0, 17.0, (2, 3), 0, ""),
}
# shares of forms along a quiet street and along a main road, by kind of superblock (assumption)
QUIET = {
    CENTRE: {MIXED: 0.74, SHOPS: 0.20, OFFICE: 0.06},
    PREWAR: {ROW: 0.62, SEMI: 0.12, CORNER_FLATS: 0.08, EMPTY: 0.18},
    POSTWAR: {SLAB: 0.10, ROW: 0.52, SEMI: 0.10, EMPTY: 0.28},
    CAULIFLOWER: {ROW: 0.70, SEMI: 0.14, EMPTY: 0.16},
    VINEX: {ROW: 0.45, SEMI: 0.24, DETACHED: 0.20, CORNER_FLATS: 0.03, EMPTY: 0.08},
    INDUSTRY: {HALL: 0.72, OFFICE: 0.18, EMPTY: 0.10},
    PARK: {EMPTY: 1.0},
    CITY: {CORNER_FLATS: 0.72, MIXED: 0.16, SHOPS: 0.02, EMPTY: 0.10},
    VILLAGE: {ROW: 0.22, SEMI: 0.30, DETACHED: 0.26, CORNER_FLATS: 0.01, SHOPS: 0.002, EMPTY: 0.208},
    HAMLET: {SEMI: 0.25, DETACHED: 0.60, EMPTY: 0.15},
    FARMS: {EMPTY: 1.0},
}
BUSY = {
    CENTRE: {MIXED: 0.45, SHOPS: 0.40, OFFICE: 0.15},
    PREWAR: {ROW: 0.35, CORNER_FLATS: 0.15, EMPTY: 0.50},
    POSTWAR: {SLAB: 0.15, ROW: 0.15, OFFICE: 0.05, EMPTY: 0.65},
    CAULIFLOWER: {ROW: 0.15, EMPTY: 0.85},
    VINEX: {ROW: 0.2, SEMI: 0.1, EMPTY: 0.7},
    INDUSTRY: {HALL: 0.4, OFFICE: 0.4, EMPTY: 0.2},
    PARK: {EMPTY: 1.0},
    CITY: {CORNER_FLATS: 0.50, MIXED: 0.25, SHOPS: 0.08, OFFICE: 0.07, EMPTY: 0.10},
    VILLAGE: {ROW: 0.12, SEMI: 0.22, DETACHED: 0.24, SHOPS: 0.015, HALL: 0.04, EMPTY: 0.365},
    HAMLET: {SEMI: 0.15, DETACHED: 0.45, HALL: 0.03, EMPTY: 0.37},
    FARMS: {DETACHED: 0.07, HALL: 0.03, EMPTY: 0.90},
}
FLAT_M2 = 78.0  # gross floor of a flat with its share of stairs (assumption)

# public buildings: kind of place, use, one per this many citizens (0: one), at least, storeys, depth (m), wanted block
PUBLIC: tuple[tuple[str, str, float, int, int, float, int], ...] = (
    ("hospital", "hospital", 150_000, 1, 6, 42.0, PARK),
    ("gp_post", "hospital", 100_000, 1, 2, 20.0, PARK),
    ("ambulance_post", "public", 50_000, 2, 1, 17.0, 0),
    ("secondary", "school", 14_000, 1, 3, 24.0, 0),
    ("primary", "school", 2_600, 1, 2, 20.0, 0),
    ("library", "public", 45_000, 1, 3, 17.0, CENTRE),
    ("care_home", "care", 9_000, 1, 4, 15.0, 0),
    ("supermarket", "shop", 4_500, 1, 1, 24.0, 0),
    ("sports", "leisure", 8_000, 1, 2, 24.0, 0),
    ("cinema", "leisure", 30_000, 1, 3, 20.0, CENTRE),
    ("town_hall", "public", 0, 1, 4, 18.0, CENTRE),
)


@dataclass
class Sides:
    """One side of one street piece per row: where a row of buildings can stand."""

    edge: Ints
    left: NDArray[np.bool_]
    block: Ints
    kind: Ints
    start: Floats  # m from the tail at which building may begin
    room: Floats  # m that are free along the street
    busy: NDArray[np.bool_]
    setback: Floats  # m from the axis to the front
    form: Ints
    public: Ints  # row of PUBLIC, or -1


def sides_of(plan: Plan) -> Sides:
    """Both sides of every lattice edge with cars or shops, with the room between cross streets."""
    tail, head, road, _, across = edge_list(plan)
    n = plan.points.shape[0]
    flat = plan.points.reshape(-1, 2)
    length = np.hypot(*(flat[head] - flat[tail]).T)
    frontal = np.flatnonzero(~np.isin(road, (CLASS["footway"], CLASS["cycleway"])))
    edge = np.repeat(frontal, 2)
    left = np.tile([True, False], len(frontal))
    i, j = tail[edge] // n, tail[edge] % n
    # left of an edge across (towards greater j) is cell j; left of an edge along (towards smaller i) is cell i - 1
    cell_i = np.where(across[edge], i, np.where(left, i - 1, i))
    cell_j = np.where(across[edge], np.where(left, j, j - 1), j)
    inside = (cell_i >= 0) & (cell_j >= 0) & (cell_i < n - 1) & (cell_j < n - 1)
    edge, left, cell_i, cell_j = edge[inside], left[inside], cell_i[inside], cell_j[inside]
    i, j = tail[edge] // n, tail[edge] % n
    kind = plan.blocks[cell_i // SIDE, cell_j // SIDE].astype(np.int64)
    built = plan.blocks > 0
    number = np.cumsum(built).reshape(built.shape) - 1
    margin = _margins(plan, across[edge], i, j, cell_i, cell_j)
    busy = road[edge] <= CLASS["tertiary"]
    keep = (kind > 0) if plan.land is None else (kind > 0) & plan.land[cell_i, cell_j]
    start, room = margin[0], length[edge] - margin[0] - margin[1]
    setback = np.where(busy, 12.0, np.where(kind == CENTRE, 5.0, 6.5))
    out = Sides(
        edge,
        left,
        number[cell_i // SIDE, cell_j // SIDE],
        kind,
        start,
        room,
        busy,
        setback,
        np.full(len(edge), EMPTY),
        np.full(len(edge), -1),
    )
    return _take(out, keep)


def _take(sides: Sides, keep: Any) -> Sides:
    return Sides(**{name: value[keep] for name, value in vars(sides).items()})


def _margins(plan: Plan, across: Any, i: Any, j: Any, cell_i: Any, cell_j: Any) -> tuple[Floats, Floats]:
    """Metres to keep free at the tail and at the head of a side: a corner where a street comes in on that side."""
    n = plan.points.shape[0]
    by_class = np.full(len(CLASS) + 1, 17.5)
    by_class[[CLASS["footway"], CLASS["cycleway"]]] = 4.0
    by_class[[CLASS["primary"], CLASS["secondary"], CLASS["tertiary"]]] = 24.0
    by_class[-1] = 0.6
    out = []
    for step in (0, 1):
        a, b = np.minimum(i + step, n - 1), np.minimum(j + step, n - 1)
        meeting = np.where(across, plan.along[a, np.minimum(cell_j, n - 2)], plan.across[np.minimum(cell_i, n - 2), b])
        out.append(by_class[meeting])
    return out[0], out[1]


def choose_forms(sides: Sides, counts: Ints, seed: int, weight: Floats | None = None) -> None:
    """Set `form` and `public` of every side.

    counts : of each row of PUBLIC;  weight: dwellings of each superblock, near which public buildings are put; None:
        superblocks count alike
    """
    key = sides.edge * 2 + sides.left
    draw = uniforms(stream(seed, "town.forms"), key)
    for kind in range(1, len(KINDS)):
        for shares, rows in (
            (QUIET[kind], (sides.kind == kind) & ~sides.busy),
            (BUSY[kind], (sides.kind == kind) & sides.busy),
        ):
            forms, weights = np.array(list(shares)), np.cumsum(list(shares.values()))
            sides.form[rows] = forms[np.minimum(np.searchsorted(weights, draw[rows]), len(forms) - 1)]
    sides.form[(sides.room < 14) & np.isin(sides.form, (SLAB, OFFICE, HALL))] = EMPTY
    _place_public(sides, counts, uniforms(stream(seed, "town.public"), key), weight)


def public_counts(citizens: int) -> Ints:
    """Number of each row of PUBLIC in a town of its own."""
    return np.array([max(least, round(citizens / per)) if per else least for _, _, per, least, *_ in PUBLIC], np.int64)


def _place_public(sides: Sides, counts: Ints, draw: Floats, weight: Floats | None) -> None:
    """Give each public building the roomiest free side of a superblock; superblocks are taken at even distances."""
    suited = (sides.room >= 18) & (sides.kind != CENTRE) | (sides.room >= 12) & (sides.kind == CENTRE)
    suited &= ~np.isin(sides.kind, (HAMLET, FARMS)) | np.isin(sides.kind, (HAMLET, FARMS)).all()
    order = np.lexsort((draw, -np.minimum(sides.room, 45), sides.block))
    order = order[suited[order]]
    queue: dict[int, list[int]] = {}
    for row in order.tolist():
        queue.setdefault(int(sides.block[row]), []).append(row)
    kinds = {b: int(sides.kind[rows[0]]) for b, rows in queue.items()}
    lived = [b for b in sorted(queue) if kinds[b] not in (INDUSTRY, PARK)]
    for p, count in enumerate(counts.tolist()):
        wanted = PUBLIC[p][-1]
        blocks = [b for b in sorted(queue) if kinds[b] == wanted] if wanted else lived
        blocks = blocks or sorted(b for b in queue if kinds[b] == INDUSTRY) or lived
        if not wanted and count < len(blocks):
            share = np.cumsum(np.ones(len(blocks)) if weight is None else weight[blocks])
            spots = np.searchsorted(share, (np.arange(count) + 0.5) / count * share[-1], "right")
            shift = 3 * p if weight is None else p
            blocks = [blocks[(s + shift) % len(blocks)] for s in spots]
        for k in range(count):
            for turn in range(len(blocks) + 1):
                rows = (
                    queue[blocks[(k + turn) % len(blocks)]]
                    if turn < len(blocks)
                    else next(filter(None, queue.values()), [])
                )
                if rows:
                    row = rows.pop(0)
                    sides.form[row], sides.public[row] = SPECIAL, p
                    break


def build(plan: Plan, sides: Sides, seed: int) -> dict[str, Any]:
    """Columns of the buildings, and under "_" keys what later steps need (block, public, edge, left)."""
    tail, head, _, _, _ = edge_list(plan)
    flat = plan.points.reshape(-1, 2)
    pitch = np.array([FORMS[f][0] for f in range(len(FORMS))])[sides.form]
    count = np.where(pitch >= 40.0, (sides.room >= 12.0).astype(int), np.floor(sides.room / pitch).astype(int))
    count = np.where(sides.form == EMPTY, 0, np.maximum(count, 0))
    side = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(side)) - np.repeat(np.cumsum(count) - count, count)
    form, key = sides.form[side], side * 64 + place
    u = [
        uniforms(stream(seed, "town.building"), (sides.edge[side] * 2 + sides.left[side]) * 64 + place, k)
        for k in range(4)
    ]
    whole = pitch[side] >= 40.0
    step = np.where(whole, sides.room[side], sides.room[side] / np.maximum(count[side], 1))
    gap = np.where(
        whole,
        np.minimum(6.0, 0.15 * step),
        np.select([form == SEMI, form == DETACHED, form == CORNER_FLATS], [3.0, 6.5, 2.0], 0.05),
    )
    centre = sides.start[side] + step * (place + 0.5)
    width = np.maximum(np.minimum(step, np.where(form == ROW, 6.4, 99.0)) - gap, 4.0)
    depth = np.array([FORMS[f][1] for f in range(len(FORMS))])[form]
    public = sides.public[side]
    depth = np.where(public >= 0, np.array([p[5] for p in PUBLIC])[public], depth) * (0.92 + 0.16 * u[0])
    low = np.array([FORMS[f][2][0] for f in range(len(FORMS))])[form]
    high = np.array([FORMS[f][2][1] for f in range(len(FORMS))])[form]
    storeys = np.where(
        public >= 0, np.array([p[4] for p in PUBLIC])[public], low + ((high - low + 1) * u[1]).astype(int)
    )
    use = np.array([FORMS[f][4] for f in range(len(FORMS))], object)[form]
    use[public >= 0] = np.array([p[1] for p in PUBLIC], object)[public[public >= 0]]
    geometry, x, y = _footprints(flat, tail, head, sides, side, centre, width, depth)
    footprint = width * depth
    floor = footprint * storeys
    dwellings = np.array([FORMS[f][3] for f in range(len(FORMS))])[form]
    dwellings = np.where(form == SLAB, np.maximum(floor / FLAT_M2, 1).astype(int), dwellings)
    dwellings = np.where(form == CORNER_FLATS, np.maximum(floor / FLAT_M2, 2).astype(int), dwellings)
    dwellings = np.where((form == MIXED) & (u[2] < 0.3), 2, dwellings)  # a shop or workshop on the ground floor
    years = np.array([YEARS.get(k, (1900, 2000)) for k in range(len(KINDS))])
    per_side = uniforms(stream(seed, "town.year"), sides.edge * 2 + sides.left)[side]
    span = years[sides.kind[side]]
    year = (span[:, 0] + (span[:, 1] - span[:, 0]) * per_side).astype(int)
    return {
        "x": x,
        "y": y,
        "use": use,
        "storeys": storeys,
        "height": _heights(use, storeys, form),
        "footprint_m2": footprint,
        "floor_m2": floor,
        "dwellings": dwellings,
        "year": year,
        "geometry": geometry,
        "rule": np.full(len(x), RULE, object),
        "_block": sides.block[side],
        "_public": public,
        "_edge": sides.edge[side],
        "_left": sides.left[side],
        "_centre": centre,
        "_key": key,
    }


def _heights(use: Any, storeys: Ints, form: Ints) -> Floats:
    """2.9 m per storey, 3.4 m in offices and public buildings, 7 m in halls; a pitched roof adds 2.5 m (assumption)."""
    per = np.where(use == "industry", 7.0, np.where(np.isin(use.astype(str), ("house", "apartments")), 2.9, 3.4))
    return np.asarray(per * storeys + np.where(np.isin(form, (ROW, SEMI, DETACHED, MIXED)), 2.5, 0.5))


def _footprints(
    flat: Floats, tail: Ints, head: Ints, sides: Sides, side: Ints, centre: Floats, width: Floats, depth: Floats
) -> tuple[NDArray[Any], Floats, Floats]:
    """Rectangles beside their street piece, as WKB, and their centres."""
    import shapely

    edge = sides.edge[side]
    start = flat[tail[edge]]
    along = flat[head[edge]] - start
    along /= np.hypot(*along.T)[:, None]
    away = np.stack([-along[:, 1], along[:, 0]], 1) * np.where(sides.left[side], 1.0, -1.0)[:, None]
    middle = start + along * centre[:, None] + away * (sides.setback[side] + depth / 2)[:, None]
    a, b = along * (width / 2)[:, None], away * (depth / 2)[:, None]
    ring = np.stack([middle - a - b, middle + a - b, middle + a + b, middle - a + b, middle - a - b], 1)
    return shapely.to_wkb(shapely.polygons(np.round(ring, 2))), middle[:, 0], middle[:, 1]


def without_overlaps(buildings: dict[str, Any]) -> dict[str, Any]:
    """The buildings less those that stand on another: the smaller one goes, public ones stay."""
    import shapely

    shapes = shapely.from_wkb(buildings["geometry"])
    a, b = shapely.STRtree(shapes).query(shapes, predicate="overlaps")
    a, b = a[a < b], b[a < b]
    shared = shapely.area(shapely.intersection(shapes[a], shapes[b]))
    a, b = a[shared > 1.0], b[shared > 1.0]
    weight = buildings["footprint_m2"] + np.where(buildings["_public"] >= 0, 1e6, 0.0)
    keep = np.ones(len(shapes), bool)
    keep[np.where(weight[a] < weight[b], a, b)] = False
    return {column: values[keep] for column, values in buildings.items()}


def addresses(plan: Plan, buildings: dict[str, Any], place: Ints | None = None) -> NDArray[Any]:
    """Street and house number: odd on the left, even on the right, counted along each named street.

    place : of each building; streets of one name in two places are two streets
    """
    names, _, _ = lattice_names(plan)
    street = names[buildings["_edge"]].astype(str)
    _, group = np.unique(street, return_inverse=True)
    group = group if place is None else place * (int(group.max(initial=0)) + 1) + group
    lane = group * 2 + buildings["_left"]
    order = np.lexsort((buildings["_centre"], buildings["_edge"], lane))
    sorted_lane = lane[order]
    first = np.searchsorted(sorted_lane, sorted_lane)
    number = np.empty(len(order), np.int64)
    number[order] = (np.arange(len(order)) - first) * 2 + np.where(buildings["_left"][order], 1, 2)
    return np.array([f"{s} {k}" for s, k in zip(street.tolist(), number.tolist(), strict=True)], object)
