"""From the lattice plan of a town to its `Streets`: names, junctions, cycle paths beside main roads, roundabouts."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas import town_names
from scenarios.areas.osm_outside import LANES as OUTSIDE_LANES
from scenarios.areas.osm_outside import SPEED as OUTSIDE_SPEED
from scenarios.areas.streets import (
    BIKE_B,
    BIKE_F,
    CAR_B,
    CAR_F,
    CLASS,
    LANES,
    ROUND,
    SPEED_KMH,
    WALK,
    Floats,
    Ints,
    Streets,
    connect,
    drop_unused_nodes,
    join,
    simplify,
    split_loops,
    take_edges,
)
from scenarios.areas.town_blocks import CENTRE, SIDE
from scenarios.areas.town_plan import MESH_RADIUS, WIDE_RADIUS, Plan, Town, edge_list, edge_towns
from twin.draws import stream, uniforms
from twin.tables import OUTSIDE

PATH_OFFSET = 8.0  # m from the axis of a main road to its cycle path (assumption)
# Dutch limits: through roads in town 50, all other streets 30, the default of the guideline GOW30 (CROW 2023); ring
# roads 70; roads outside towns 80 (RVV 1990), the smaller ones 60 (Duurzaam Veilig). Industrial estates keep 50
# (assumption)
TOWN_KMH = SPEED_KMH.astype(np.int64)
TOWN_KMH[CLASS["tertiary"]] = 30
RING_KMH, RURAL_KMH, LANE_KMH = 70, 80, 60
RING_RADIUS = 14.0  # m, radius of a single-lane roundabout's carriageway (CROW recommends 12.5-20, from memory)
ROUNDABOUTS = 0.3  # share of the junctions of collectors that are roundabouts (assumption)
MAIN = (CLASS["primary"], CLASS["secondary"])
FOR_ALL = CAR_F | CAR_B | BIKE_F | BIKE_B | WALK
_BY_CLASS = np.full(len(LANES), FOR_ALL)
_BY_CLASS[[CLASS["footway"], CLASS["pedestrian"]]] = WALK
_BY_CLASS[CLASS["pedestrian"]] = WALK | BIKE_F | BIKE_B
_BY_CLASS[CLASS["cycleway"]] = BIKE_F | BIKE_B | WALK


def lattice_names(plan: Plan) -> tuple[NDArray[Any], Ints, list[str]]:
    """Street name of every lattice edge, superblock of every edge (-1 on a border), and the superblocks' names."""
    tail, _, road, _, across = edge_list(plan)
    n = plan.points.shape[0]
    i, j = tail // n, tail % n
    on_border = np.where(across, j % SIDE == 0, i % SIDE == 0)
    p, q = np.minimum(i // SIDE, 2 * plan.half - 1), np.minimum(j // SIDE, 2 * plan.half - 1)
    built = np.argwhere(plan.blocks > 0)
    row = np.full(plan.blocks.shape, -1, np.int64)
    row[built[:, 0], built[:, 1]] = np.arange(len(built))
    kinds = plan.blocks[built[:, 0], built[:, 1]]
    themes = town_names.block_themes(kinds, plan.seed)
    block = np.where(on_border, -1, row[p, q])
    line = np.where(across, j % SIDE, 6 + i % SIDE) - 1  # 0..5 across, 6..11 along
    names = np.empty(len(tail), object)
    draws = uniforms(stream(plan.seed, "town.names"), np.arange(len(built) * 12)).reshape(-1, 12)
    town = plan.town[built[:, 0], built[:, 1]]
    centre_rank = np.zeros(len(built), np.int64)  # of the old superblocks of each town: each has its own market
    for k in np.unique(town[kinds == CENTRE]):
        own = (kinds == CENTRE) & (town == k)
        centre_rank[own] = np.arange(own.sum())
    table = [
        [
            town_names.street_name(
                themes[b], int(kinds[b]), (int(centre_rank[b]) * 12 if kinds[b] == CENTRE else 0) + s, draws[b, s]
            )
            for s in range(12)
        ]
        for b in range(len(built))
    ]
    inside = np.flatnonzero(block >= 0)
    for e in inside:
        names[e] = table[block[e]][line[e]]
    towns = edge_towns(plan)
    for e in np.flatnonzero(block < 0):
        names[e] = _main_name(towns[e], bool(across[e]), int(i[e]), int(j[e]), int(road[e]))
    if plan.road_across is not None and plan.road_along is not None:
        own = np.concatenate([plan.road_across[plan.across >= 0], plan.road_along[plan.along >= 0]])
        names[own >= 0] = np.array(plan.roads, object)[own[own >= 0]]
    return names, block, themes


def _main_name(town: Town, across: bool, i: int, j: int, road: int) -> str:
    line = j // SIDE - town.along if across else i // SIDE - town.across
    place = i / SIDE - town.across if across else j / SIDE - town.along
    if line == 0:
        return town_names.RADIALS[(0 if place > 0 else 1) + (2 if across else 0)]
    x, y = (place, line) if across else (line, place)
    side = town_names.SIDES[round(math.atan2(y, x) / (math.pi / 4)) % 8]
    if town.ring and abs(line) == town.ring and road == CLASS["primary"]:
        return f"Ringweg {side}"
    stem = town_names.THEMES["Provinciebuurt"][(abs(line) * 2 + (1 if across else 0)) % 14]
    ending = "dreef" if line > 0 else "laan"
    return stem + ending if abs(line) < 8 else f"{stem}{ending} {side}"


def town_streets(plan: Plan) -> tuple[Streets, dict[str, Any]]:
    """The cleaned streets of the town, junction kinds in `marks`, and the facts of their cleaning."""
    tail, head, road, way, _ = edge_list(plan)
    names, _, _ = lattice_names(plan)
    flat = plan.points.reshape(-1, 2)
    n = plan.points.shape[0]
    flags = _BY_CLASS[road].copy()
    flags[way == 1] &= ~CAR_B  # cyclists may go against a one-way street, as in most Dutch 30 km/h zones
    flags[way == 2] &= ~CAR_F
    ends = np.array([i * n + j for i, j, _ in plan.gateways], np.int64)
    radius = np.array([town.radius for town in edge_towns(plan)])
    speed = _speeds(plan, road, radius) / 3.6
    wide = (road == CLASS["primary"]) & (radius >= MESH_RADIUS) | (road == CLASS["secondary"]) & (radius >= WIDE_RADIUS)
    lanes = np.where(wide, 2, LANES[road]).astype(np.int64)
    streets = Streets(
        flat[:, 0].copy(),
        flat[:, 1].copy(),
        np.zeros(len(flat), np.int64),
        tail,
        head,
        list(np.stack([flat[tail], flat[head]], 1)),
        road,
        names,
        np.zeros(len(tail), np.int64),
        speed,
        lanes,
        lanes.copy(),
        flags,
        {"gateway": ends},
    )
    streets.marks["stop"] = np.concatenate([ends, _along_roads(plan)])
    streets = drop_unused_nodes(_beyond(streets, plan.outside))
    protected = np.zeros(len(streets.x), bool)
    protected[streets.marks.pop("stop")] = True
    streets, facts = connect(simplify(streets, protected))
    streets = _mark_junctions(streets, plan)
    streets = _cycle_paths(streets)
    return split_loops(_roundabouts(streets)), facts


def _along_roads(plan: Plan) -> Ints:
    """Points of roads outside towns that stay nodes, so that what stands there is near one: one in seven or so.

    Crossings of border lines, and off these lines one point of each row and column of a superblock.
    """
    if plan.road_across is None or plan.road_along is None:
        return np.zeros(0, np.int64)
    n = plan.points.shape[0]
    i, j = np.nonzero(plan.road_across >= 0)
    k, m = np.nonzero(plan.road_along >= 0)
    points = np.unique(np.concatenate([i * n + j, k * n + m]))
    i, j = points // n % SIDE, points % n % SIDE
    return points[(i == 0) & (j == 0) | (i > 0) & (j > 0) & ((i + 2 * j) % SIDE == 0)]


def _beyond(streets: Streets, pairs: list[tuple[int, int]]) -> Streets:
    """Add two-way links between pairs of nodes that stand for roads and ferries outside the plan."""
    if not pairs:
        return streets
    tail, head = np.array(pairs, np.int64).T
    ends = np.stack([streets.x, streets.y], 1)
    m = len(pairs)
    links = replace(
        take_edges(streets, np.zeros(m, np.int64)),
        tail=tail,
        head=head,
        lines=list(np.stack([ends[tail], ends[head]], 1)),
        road_class=np.full(m, CLASS["tertiary"]),
        name=np.full(m, OUTSIDE, object),
        speed=np.full(m, OUTSIDE_SPEED),
        lanes_f=np.full(m, OUTSIDE_LANES),
        lanes_b=np.full(m, OUTSIDE_LANES),
        flags=np.full(m, FOR_ALL),
    )
    return join(streets, links)


def _speeds(plan: Plan, road: Ints, radius: Floats) -> Ints:
    """Limits in km/h of the lattice edges; roads beyond the last houses 80, small ones 60."""
    tail, _, _, _, across = edge_list(plan)
    n = plan.points.shape[0]
    i, j = tail // n, tail % n
    built = np.pad(plan.urban, 1)  # superblock (p, q) at [p + 1, q + 1]
    p, q = i // SIDE + 1, j // SIDE + 1
    on_border = np.where(across, j % SIDE == 0, i % SIDE == 0)
    beside = built[p, q] | on_border & np.where(across, built[p, q - 1], built[p - 1, q])
    town = TOWN_KMH[road]
    ring = (road == CLASS["primary"]) & (radius >= MESH_RADIUS)
    rural = np.select([road <= CLASS["secondary"], road <= CLASS["unclassified"]], [RURAL_KMH, LANE_KMH], town)
    return np.where(beside, np.where(ring, RING_KMH, town), rural)


def _mark_junctions(streets: Streets, plan: Plan) -> Streets:
    """What each junction may become: signals where main roads meet, roundabouts among collectors, else priority.

    "signal" are the crossings of main roads; "lights" those of a main road with a collector, of which the busiest get
    signals when the traffic is known (`signals.choose`).
    """
    n = len(streets.x)
    car = (streets.flags & (CAR_F | CAR_B)) > 0

    def arms(mask: Any) -> Any:
        return np.bincount(streets.tail[mask], minlength=n) + np.bincount(streets.head[mask], minlength=n)

    main = arms(np.isin(streets.road_class, MAIN))
    collector = arms(np.isin(streets.road_class, (*MAIN, CLASS["tertiary"], CLASS["unclassified"])))
    every = arms(car)
    draw = uniforms(stream(plan.seed, "town.roundabouts"), np.arange(n))
    signal = main >= 3
    lights = ~signal & (main >= 2) & (collector >= 3)
    ring = (collector >= 3) & (main == 0) & (draw < ROUNDABOUTS) & (every <= 5)
    priority = ~signal & ~ring & (collector >= 2) & (every >= 3)
    marks = {"signal": signal, "lights": lights, "roundabout": ring, "priority": priority}
    return replace(streets, marks={**streets.marks, **{name: np.flatnonzero(mask) for name, mask in marks.items()}})


def _cycle_paths(streets: Streets) -> Streets:
    """A two-way cycle path beside every main road; cyclists leave the carriageway."""
    import shapely

    main = np.flatnonzero(np.isin(streets.road_class, MAIN))
    paths = take_edges(streets, main)
    lines = []
    for line in paths.lines:
        moved = shapely.get_coordinates(shapely.offset_curve(shapely.LineString(line), PATH_OFFSET, join_style="mitre"))
        lines.append(np.concatenate([line[:1], moved, line[-1:]]) if len(moved) else line)
    flags = np.full(len(main), BIKE_F | BIKE_B | WALK)
    cycleway = CLASS["cycleway"]
    paths = replace(
        paths,
        lines=lines,
        road_class=np.full(len(main), cycleway),
        flags=flags,
        speed=np.full(len(main), SPEED_KMH[cycleway] / 3.6),
        lanes_f=np.ones(len(main), np.int64),
        lanes_b=np.ones(len(main), np.int64),
    )
    carriageway = streets.flags.copy()
    carriageway[main] &= ~(BIKE_F | BIKE_B)
    return join(replace(streets, flags=carriageway), paths)


def _roundabouts(streets: Streets) -> Streets:
    """Replace each marked node by a one-way ring with one node per arm."""
    marked = streets.marks["roundabout"]
    if not len(marked):
        return streets
    tail, head, lines = streets.tail.copy(), streets.head.copy(), list(streets.lines)
    rows, tails, heads, rings, kinds = [], [], [], [], []
    xs: list[float] = []
    ys: list[float] = []
    for node in marked.tolist():
        at = np.array([streets.x[node], streets.y[node]])
        arms = []
        for e in np.flatnonzero((streets.tail == node) | (streets.head == node)).tolist():
            ahead = streets.tail[e] == node
            towards = lines[e][1] if ahead else lines[e][-2]
            arms.append((math.atan2(towards[1] - at[1], towards[0] - at[0]), e, ahead))
        arms.sort()
        first = len(streets.x) + len(xs)
        for k, (angle, e, ahead) in enumerate(arms):
            spot = at + RING_RADIUS * np.array([math.cos(angle), math.sin(angle)])
            xs.append(spot[0])
            ys.append(spot[1])
            kinds.append(first + k)
            line = lines[e].copy()
            line[0 if ahead else -1] = spot
            lines[e] = line
            (tail if ahead else head)[e] = first + k
            last = arms[(k + 1) % len(arms)][0]
            turn = (last - angle) % (2 * math.pi)
            bow = angle + np.linspace(0, turn, 5)
            rows.append(e)
            tails.append(first + k)
            heads.append(first + (k + 1) % len(arms))
            rings.append(at + RING_RADIUS * np.stack([np.cos(bow), np.sin(bow)], 1))
    arcs = take_edges(streets, np.array(rows, np.int64))
    m = len(rows)
    arcs = replace(
        arcs,
        tail=np.array(tails, np.int64),
        head=np.array(heads, np.int64),
        lines=rings,
        road_class=np.full(m, CLASS["tertiary"]),
        flags=np.full(m, CAR_F | BIKE_F | WALK | ROUND),
        speed=np.full(m, 30 / 3.6),
    )
    grown = replace(
        streets,
        tail=tail,
        head=head,
        lines=lines,
        x=np.append(streets.x, xs),
        y=np.append(streets.y, ys),
        osm_id=np.append(streets.osm_id, np.zeros(len(xs), np.int64)),
        marks={**streets.marks, "roundabout": np.array(kinds, np.int64)},
    )
    return drop_unused_nodes(join(grown, arcs))


def node_kinds(streets: Streets) -> NDArray[Any]:
    """Column `kind` of the nodes from the marks."""
    kinds = np.full(len(streets.x), "plain", object)
    for kind in ("priority", "roundabout", "signal", "gateway"):
        kinds[streets.marks.get(kind, np.zeros(0, np.int64))] = kind
    return kinds
