"""Streets: an undirected street graph with a permission per direction and mode, its cleaning, and its tables.

Both the generated town and the OpenStreetMap reader make a `Streets`; everything after that (contracting short edges,
dropping pseudo nodes, keeping what is mutually reachable, speeds and capacities by class) stands here once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.tables import OUTSIDE, ROAD_CLASSES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CAR_F, CAR_B, BIKE_F, BIKE_B, WALK, ROUND = 1, 2, 4, 8, 16, 32
SAID_SPEED, SAID_LANES = 1, 2
FORWARD = {"car": CAR_F, "bicycle": BIKE_F, "walk": WALK}
BACKWARD = {"car": CAR_B, "bicycle": BIKE_B, "walk": WALK}
MODES = ("car", "bicycle", "walk")
CLASS = {name: i for i, name in enumerate(ROAD_CLASSES)}

# free speed in km/h where a way states none, by class in the order of ROAD_CLASSES. Dutch legal limits: motorway 100
# by day, trunk 80, built-up area 50, zone 30, woonerf 15 (RVV 1990, art. 20-22 and 45); service and track: assumption
SPEED_KMH = np.array([100, 80, 50, 50, 50, 50, 30, 15, 15, 15, 10, 18, 10, 10, 5], float)
# lanes per direction where a way states none (assumption: the usual Dutch cross-section)
LANES = np.array([2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], np.int16)
# vehicles per hour and lane with priority or green. Motorway 2,100: two lanes carry some 4,200 (Handboek
# Capaciteitswaarden Infrastructuur Autosnelwegen, from memory). 1,900: base saturation flow, HCM 2010 ch. 18;
# 1,800: with the usual corrections for lane width and turns. Smaller streets: assumption (parking, narrow lanes)
CAPACITY_VEH_H = np.array([2100, 1900, 1800, 1800, 1600, 1500, 1200, 600, 600, 300, 300, 300, 300, 300, 300], float)

# how a link's speed, lanes and capacity were found, by what its source states
RULES = (
    "speed: class; lanes: class; capacity: class",
    "lanes: class; capacity: class",
    "speed: class; capacity: class",
    "capacity: class",
)
RULE_OUTSIDE = "all: stands for roads beyond the area"
ASSUMPTIONS = {
    "streets.speed": "limits by class where a way states none: RVV 1990 for Dutch classes, service and track assumed",
    "streets.capacity": "1,800-1,900 veh/h per lane on main roads (HCM base saturation flow 1,900), 2,100 on "
    "motorways, 600-1,600 on smaller streets (assumption: parking, narrow lanes)",
    "streets.lanes": "one lane per direction where a way states none, two on a motorway (assumption)",
}


@dataclass
class Streets:
    """Undirected edges between nodes; `flags` says who may go along an edge, forward and backward.

    x, y, osm_id    : shape (nodes,); metres
    tail, head      : shape (edges,), rows of nodes
    lines           : one array of shape (points, 2) per edge, from tail to head
    road_class      : shape (edges,), rows of ROAD_CLASSES;  name, way: shape (edges,)
    speed           : m/s;  lanes_f, lanes_b: lanes of either direction
    flags           : sum of CAR_F, CAR_B, BIKE_F, BIKE_B, WALK, ROUND
    ends            : shape (edges, 2), the half-edges of the streets as first made with which an edge begins and ends,
                      along it: 2e runs with their edge e, 2e + 1 against it
    stated          : what the source states of an edge: sum of SAID_SPEED, SAID_LANES
    """

    x: Floats
    y: Floats
    osm_id: Ints
    tail: Ints
    head: Ints
    lines: list[Floats]
    road_class: Ints
    name: NDArray[Any]
    way: Ints
    speed: Floats
    lanes_f: Ints
    lanes_b: Ints
    flags: Ints
    marks: dict[str, Ints] = field(default_factory=dict)  # named sets of nodes that every cleaning step carries along
    ends: Ints = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    stated: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        if len(self.ends) != len(self.way):
            self.ends = np.repeat(2 * np.arange(len(self.way))[:, None], 2, axis=1)
        if len(self.stated) != len(self.way):
            self.stated = np.zeros(len(self.way), np.int64)

    def lengths(self) -> Floats:
        """Length of each edge in metres, along its line."""
        counts = np.fromiter((len(line) for line in self.lines), np.int64, len(self.lines))
        if not len(counts):
            return np.zeros(0)
        points = np.concatenate(self.lines)
        steps = np.hypot(*np.diff(points, axis=0).T)
        ends = np.cumsum(counts)
        steps[ends[:-1] - 1] = 0.0  # the jump from one line to the next
        return np.add.reduceat(np.append(steps, 0.0), ends - counts)

    def degree(self) -> Ints:
        """Number of edge ends at each node."""
        n = len(self.x)
        return np.bincount(self.tail, minlength=n) + np.bincount(self.head, minlength=n)

    def directed(self, mode: str) -> tuple[Ints, Ints]:
        """Tails and heads of every directed link that `mode` may use."""
        f, b = (self.flags & FORWARD[mode]) > 0, (self.flags & BACKWARD[mode]) > 0
        return (np.concatenate([self.tail[f], self.head[b]]), np.concatenate([self.head[f], self.tail[b]]))


def take_edges(streets: Streets, keep: Bools | Ints) -> Streets:
    """The streets with only the edges `keep` (a mask or row numbers); nodes stay."""
    rows = np.flatnonzero(keep) if np.asarray(keep).dtype == bool else np.asarray(keep)
    return replace(
        streets,
        tail=streets.tail[rows],
        head=streets.head[rows],
        lines=[streets.lines[i] for i in rows],
        road_class=streets.road_class[rows],
        name=streets.name[rows],
        way=streets.way[rows],
        speed=streets.speed[rows],
        lanes_f=streets.lanes_f[rows],
        lanes_b=streets.lanes_b[rows],
        flags=streets.flags[rows],
        ends=streets.ends[rows],
        stated=streets.stated[rows],
    )


def drop_unused_nodes(streets: Streets) -> Streets:
    """Renumber so that every node has an edge."""
    used = streets.degree() > 0
    new = np.cumsum(used) - 1
    marks = {name: new[nodes[used[nodes]]] for name, nodes in streets.marks.items()}
    return replace(
        streets,
        x=streets.x[used],
        y=streets.y[used],
        osm_id=streets.osm_id[used],
        tail=new[streets.tail],
        head=new[streets.head],
        marks=marks,
    )


def contract(streets: Streets, labels: Ints) -> Streets:
    """Merge the nodes of equal label into one at their mean position; edges inside a group vanish unless long.

    labels : shape (nodes,), any integers
    """
    _, group = np.unique(labels, return_inverse=True)
    n = int(group.max()) + 1 if len(group) else 0
    size = np.bincount(group, minlength=n)
    x = np.bincount(group, streets.x, n) / size
    y = np.bincount(group, streets.y, n) / size
    osm = np.zeros(n, np.int64)
    osm[group[::-1]] = streets.osm_id[::-1]
    moved = size[group] > 1
    lines = list(streets.lines)
    for e in np.flatnonzero(moved[streets.tail] | moved[streets.head]):
        line = lines[e].copy()
        line[0] = x[group[streets.tail[e]]], y[group[streets.tail[e]]]
        line[-1] = x[group[streets.head[e]]], y[group[streets.head[e]]]
        lines[e] = line
    marks = {name: np.unique(group[nodes]) for name, nodes in streets.marks.items()}
    merged = replace(
        streets, x=x, y=y, osm_id=osm, tail=group[streets.tail], head=group[streets.head], lines=lines, marks=marks
    )
    return split_loops(merged)


def split_loops(streets: Streets, shortest: float = 60.0) -> Streets:
    """Give every loop a node half-way, so that no link ends where it starts; drop loops under `shortest` metres."""
    loops = np.flatnonzero(streets.tail == streets.head)
    if not len(loops):
        return streets
    length = streets.lengths()
    keep = np.ones(len(streets.tail), bool)
    keep[loops] = False
    rows, tails, heads, lines = [], [], [], []
    xs: list[float] = []
    ys: list[float] = []
    for e in loops:
        line = streets.lines[e]
        if length[e] < shortest or len(line) < 3:
            continue
        mid, node = len(line) // 2, len(streets.x) + len(xs)
        xs.append(line[mid, 0])
        ys.append(line[mid, 1])
        rows += [e, e]
        tails += [streets.tail[e], node]
        heads += [node, streets.head[e]]
        lines += [line[: mid + 1], line[mid:]]
    extra = take_edges(streets, np.array(rows, np.int64))
    base = take_edges(streets, keep)
    out = join(base, replace(extra, tail=np.array(tails, np.int64), head=np.array(heads, np.int64), lines=lines))
    return replace(
        out,
        x=np.append(streets.x, xs),
        y=np.append(streets.y, ys),
        osm_id=np.append(streets.osm_id, np.zeros(len(xs), np.int64)),
    )


def join(first: Streets, second: Streets) -> Streets:
    """The edges of both, over the nodes of `first`."""

    def both(name: str) -> Any:
        return np.concatenate([getattr(first, name), getattr(second, name)])

    columns = ("tail", "head", "road_class", "name", "way", "speed", "lanes_f", "lanes_b", "flags", "ends", "stated")
    return replace(first, lines=[*first.lines, *second.lines], **{c: both(c) for c in columns})


def _codes(streets: Streets) -> Ints:
    """One number per half-edge; equal numbers mean the same street seen in the direction of travel."""
    _, name = np.unique(streets.name.astype(str), return_inverse=True)
    flags = streets.flags
    swapped = (flags & (WALK | ROUND)) | ((flags & (CAR_F | BIKE_F)) << 1) | ((flags & (CAR_B | BIKE_B)) >> 1)
    speed = np.rint(streets.speed * 100).astype(np.int64)
    ahead = np.stack([streets.road_class, name, speed, streets.lanes_f, streets.lanes_b, flags], 1)
    back = np.stack([streets.road_class, name, speed, streets.lanes_b, streets.lanes_f, swapped], 1)
    _, code = np.unique(np.concatenate([ahead, back]), axis=0, return_inverse=True)
    n = len(flags)
    return np.stack([code[:n], code[n:]], 1).ravel().astype(np.int64)


def simplify(streets: Streets, protected: Bools | None = None) -> Streets:
    """Drop nodes where only one street passes; the line keeps its shape.

    Half-edge 2e runs with edge e, 2e+1 against it.

    protected : shape (nodes,), nodes that stay (signals, gateways)
    """
    n, m = len(streets.x), len(streets.tail)
    origin = np.stack([streets.tail, streets.head], 1).ravel()
    end = np.stack([streets.head, streets.tail], 1).ravel()
    passing = streets.degree() == 2
    if protected is not None:
        passing &= ~protected
    out = np.argsort(origin, kind="stable")
    first = np.searchsorted(origin[out], np.arange(n))
    a, b = out[np.minimum(first, 2 * m - 1)], out[np.minimum(first + 1, 2 * m - 1)]
    code = _codes(streets)
    passing &= (a // 2 != b // 2) & (code[a ^ 1] == code[b])
    after = np.full(2 * m, -1, np.int64)
    nodes = np.flatnonzero(passing)
    after[a[nodes] ^ 1], after[b[nodes] ^ 1] = b[nodes], a[nodes]

    seen = np.zeros(m, bool)
    rows, lines, tails, heads, flip, ends, stated = [], [], [], [], [], [], []
    follow = after.tolist()
    starts = np.flatnonzero(~passing[origin]).tolist()

    def along(step: int) -> Ints:
        """The ends of a half-edge, in its direction."""
        found = streets.ends[step >> 1]
        return found[::-1] ^ 1 if step & 1 else found

    # a ring of passing nodes only has no start: its edges stay as they are
    for h in starts:
        if seen[h >> 1]:
            continue
        chain = [h]
        while follow[chain[-1]] >= 0:
            chain.append(follow[chain[-1]])
        for step in chain:
            seen[step >> 1] = True
        rows.append(h >> 1)
        flip.append(h & 1)
        tails.append(origin[h])
        heads.append(end[chain[-1]])
        first, last = along(h), along(chain[-1])
        ends.append((first[0], last[1]))
        stated.append(np.bitwise_and.reduce(streets.stated[[s >> 1 for s in chain]]))
        parts = [streets.lines[s >> 1][::-1] if s & 1 else streets.lines[s >> 1] for s in chain]
        lines.append(np.concatenate([parts[0], *(p[1:] for p in parts[1:])]) if len(parts) > 1 else parts[0])
    left = np.flatnonzero(~seen)
    merged = take_edges(streets, np.array(rows, np.int64))
    merged = replace(merged, tail=np.array(tails, np.int64), head=np.array(heads, np.int64), lines=lines)
    merged = replace(merged, ends=np.array(ends, np.int64).reshape(-1, 2), stated=np.array(stated, np.int64))
    merged = _flip(merged, np.array(flip, bool))
    return drop_unused_nodes(split_loops(join(merged, take_edges(streets, left))))


def _flip(streets: Streets, turned: Bools) -> Streets:
    """Exchange what belongs to forward and backward where the line was taken against its direction."""
    flags = streets.flags
    swapped = (flags & (WALK | ROUND)) | ((flags & (CAR_F | BIKE_F)) << 1) | ((flags & (CAR_B | BIKE_B)) >> 1)
    return replace(
        streets,
        flags=np.where(turned, swapped, flags),
        lanes_f=np.where(turned, streets.lanes_b, streets.lanes_f),
        lanes_b=np.where(turned, streets.lanes_f, streets.lanes_b),
    )


def components(n: int, tails: Ints, heads: Ints, strong: bool = True) -> Ints:
    """Component number of each of `n` nodes in a directed graph, shape (n,)."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(tails), np.int8), (tails, heads)), shape=(n, n)).tocsr()
    label = connected_components(graph, directed=True, connection="strong" if strong else "weak")[1]
    return np.asarray(label, np.int64)


def main_component(n: int, tails: Ints, heads: Ints) -> tuple[Bools, float]:
    """Mask of the nodes in the largest strongly connected part, and their share of the nodes with a link."""
    used = np.zeros(n, bool)
    used[tails] = used[heads] = True
    if not used.any():
        return used, 0.0
    label = components(n, tails, heads)
    inside = used & (label == np.argmax(np.bincount(label[used])))
    return inside, float(inside.sum() / used.sum())


def connect(streets: Streets) -> tuple[Streets, dict[str, Any]]:
    """Take each mode's permission from what its largest strongly connected part does not reach; drop what nobody uses.

    Returns the streets and facts: share of nodes in the largest part before, and the ways that lost the mode.
    """
    facts: dict[str, Any] = {}
    flags = streets.flags.copy()
    for mode in MODES:
        inside, share = main_component(len(streets.x), *streets.directed(mode))
        outside = ~(inside[streets.tail] & inside[streets.head])
        bits = FORWARD[mode] | BACKWARD[mode]
        lost = outside & ((flags & bits) > 0)
        flags[outside] &= ~bits
        facts[mode] = {
            "largest_component_share": round(share, 4),
            "edges_dropped": int(lost.sum()),
            "ways_dropped": sorted({int(w) for w in streets.way[lost] if w})[:200],
        }
    streets = replace(streets, flags=flags)
    return drop_unused_nodes(take_edges(streets, (flags & ~ROUND) > 0)), facts


def directions(streets: Streets) -> tuple[Ints, Bools]:
    """The edge of each row of the table links, and whether the row runs against it; shape (links,) each."""
    ahead = (streets.flags & (CAR_F | BIKE_F | WALK)) > 0
    back = (streets.flags & (CAR_B | BIKE_B | WALK)) > 0
    edge = np.concatenate([np.flatnonzero(ahead), np.flatnonzero(back)])
    against = np.concatenate([np.zeros(ahead.sum(), bool), np.ones(back.sum(), bool)])
    order = np.lexsort([against, edge])
    return edge[order], against[order]


def link_tables(streets: Streets, node_kind: NDArray[Any], origin: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Tables `nodes` and `links` (one row per direction) of the streets.

    node_kind : shape (nodes,), texts as in the table;  origin : of both tables
    """
    import shapely

    n = len(streets.x)
    nodes = {
        "x": streets.x,
        "y": streets.y,
        "kind": node_kind,
        "osm_id": streets.osm_id,
        "origin": np.full(n, origin, object),
    }
    edge, against = directions(streets)
    flags = streets.flags[edge]
    lanes = np.clip(np.where(against, streets.lanes_b[edge], streets.lanes_f[edge]), 1, 12)
    geometry = _line_geometry(streets.lines)
    reverse = shapely.reverse(geometry)
    lines = np.where(against, reverse[edge], geometry[edge])
    car = (flags & np.where(against, CAR_B, CAR_F)) > 0
    classes = np.array(ROAD_CLASSES, dtype=object)
    links = {
        "tail": np.where(against, streets.head[edge], streets.tail[edge]),
        "head": np.where(against, streets.tail[edge], streets.head[edge]),
        "length": np.maximum(streets.lengths()[edge], 0.1),
        "speed": np.clip(streets.speed[edge], 0.5, 60.0),
        "lanes": lanes,
        "capacity": CAPACITY_VEH_H[streets.road_class[edge]] / 3600.0 * np.where(car, lanes, 1),
        "car": car,
        "bicycle": (flags & np.where(against, BIKE_B, BIKE_F)) > 0,
        "walk": (flags & WALK) > 0,
        "road_class": classes[streets.road_class[edge]],
        "name": streets.name[edge],
        "roundabout": (flags & ROUND) > 0,
        "osm_id": streets.way[edge],
        "geometry": shapely.to_wkb(lines),
        "rule": np.where(streets.name == OUTSIDE, RULE_OUTSIDE, np.array(RULES, object)[streets.stated])[edge],
        "origin": np.full(len(edge), origin, object),
    }
    return nodes, links


def _line_geometry(lines: list[Floats]) -> NDArray[Any]:
    import shapely

    if not lines:
        return np.zeros(0, object)
    counts = np.fromiter((len(line) for line in lines), np.int64, len(lines))
    return np.asarray(shapely.linestrings(np.concatenate(lines), indices=np.repeat(np.arange(len(lines)), counts)))


def nearest_nodes(nodes: dict[str, Any], links: dict[str, Any], mode: str, x: Floats, y: Floats) -> NDArray[np.int32]:
    """The nearest node that `mode` can use, for each point; int32, shape (points,). Motorways do not count."""
    from scipy.spatial import cKDTree

    fast = np.isin(links["road_class"].astype(str), ("motorway", "trunk"))
    usable = np.asarray(links[mode])
    slow = np.unique(np.concatenate([links["tail"][usable & ~fast], links["head"][usable & ~fast]]))
    if not len(slow):
        slow = np.unique(np.concatenate([links["tail"][usable], links["head"][usable]]))
    tree = cKDTree(np.stack([nodes["x"][slow], nodes["y"][slow]], 1))
    return np.asarray(slow[tree.query(np.stack([x, y], 1))[1]], np.int32)
