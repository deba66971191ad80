"""Banned turns of streets from the turn restrictions of an extract.

A restriction speaks of ways as they were drawn. Cleaning merges the nodes and short pieces of one junction, so what may
be driven is worked out on the streets as read: which ways out of a junction each way in leads to, with and without the
restrictions. What only they close is a banned turn of the cleaned streets.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import numpy as np

from scenarios.areas.osm_restrictions import Restriction
from scenarios.areas.streets import BACKWARD, CAR_B, CAR_F, FORWARD, Streets, directions
from twin.turns import Arcs, Ids, expand, plain

MARK = "via "  # marks of streets at which a restriction holds: this and the node's id

ROUND_M = (
    500.0  # m behind a banned turn within which nobody turns round in the street to make it after all (assumption)
)
ASSUMPTIONS = {
    "osm.turns": "cars do not turn round at junctions within 500 m behind a banned turn, unless it is the only way on "
    "(assumption); restrictions at some times only are left out"
}

Turn = tuple[int, ...]  # links that may not follow each other


def marks_of(restrictions: Iterable[Restriction], ways: Iterable[Any]) -> dict[int, tuple[int, int]]:
    """Where each restriction's turn begins and ends, by its id: the via node twice, or where the via ways meet the others.

    ways : of the extract, with id and nodes.  A restriction for which they do not show one such node is left out.
    """
    restrictions = list(restrictions)
    named = {w for r in restrictions if r.ways for w in (*r.start, *r.ways, *r.stop)}
    nodes: dict[int, set[int]] = defaultdict(set)
    for way in ways:
        if way.id in named:
            nodes[way.id].update(way.nodes)
    found = {r.id: (r.node, r.node) for r in restrictions if not r.ways}
    for r in restrictions:
        if r.ways:
            begin, between, finish = (set().union(*(nodes[w] for w in side)) for side in (r.start, r.ways, r.stop))
            if len(begin & between) == len(finish & between) == 1:
                found[r.id] = (min(begin & between), min(finish & between))
    return found


def turns_of(
    raw: Streets, streets: Streets, restrictions: Sequence[Restriction], places: dict[int, tuple[int, int]]
) -> tuple[dict[str, Any], Counter[str]]:
    """Table `turns` of the cleaned `streets`, and counts of what became of the restrictions.

    raw : the streets as read, to which `streets.ends` refer;  places: of `marks_of`, which both carry as marks
    A ban that would cut a place off is dropped; so is one between ways that cars cannot use.
    """
    drawn = _Drawn(raw)
    counts: Counter[str] = Counter()
    bans: set[Turn] = set()
    placed: list[Restriction] = []
    for restriction in restrictions:
        found = drawn.bans(restriction, places.get(restriction.id))
        if isinstance(found, str):
            counts[found] += 1
        else:
            bans |= set(found)
            placed.append(restriction)
    if not bans:
        return {}, counts
    rows = _Rows(streets, drawn, bans)
    wanted: dict[Turn, None] = {}
    for restriction in placed:
        turns = rows.turns(restriction, places[restriction.id])
        counts["unplaced" if turns is None else "placed"] += 1
        wanted |= dict.fromkeys(turns or ())
    kept = reachable_bans(len(streets.x), rows, sorted(wanted))
    counts["turns"], counts["cut_off"] = len(kept), len(wanted) - len(kept)
    if not kept:
        return {}, counts
    every = reachable_bans(len(streets.x), rows, rows.rounds(kept, streets), kept)
    return {
        "from_link": np.array([t[0] for t in every]),
        "via": np.array([t[1] if len(t) == 3 else -1 for t in every]),
        "to_link": np.array([t[-1] for t in every]),
        "origin": np.array(["observed"] * len(kept) + ["inferred"] * (len(every) - len(kept)), object),
    }, counts


class _Drawn:
    """The car streets as read: link k is the half-edge `half[k]`, 2e along edge e and 2e + 1 against it."""

    def __init__(self, raw: Streets) -> None:
        self.half = np.concatenate(
            [2 * np.flatnonzero((raw.flags & CAR_F) > 0), 2 * np.flatnonzero((raw.flags & CAR_B) > 0) + 1]
        )
        edge, against = self.half >> 1, self.half & 1 > 0
        self.tail = np.where(against, raw.head[edge], raw.tail[edge]).astype(np.int32)
        self.head = np.where(against, raw.tail[edge], raw.head[edge]).astype(np.int32)
        self.way, self.marks, self.nodes = raw.way[edge], raw.marks, len(raw.x)
        self.ways = set(self.way.tolist())
        self.out: dict[int, list[int]] = defaultdict(list)
        self.into: dict[int, list[int]] = defaultdict(list)
        for link, (a, b) in enumerate(zip(self.tail.tolist(), self.head.tolist(), strict=True)):
            self.out[a].append(link)
            self.into[b].append(link)

    def bans(self, restriction: Restriction, via: tuple[int, int] | None) -> list[Turn] | str:
        """The sequences of links that a restriction bans, or why there are none, in a word to count by."""
        if via is None:
            known = not self.ways.isdisjoint((*restriction.start, *restriction.ways, *restriction.stop))
            return "unplaced" if known else "outside"
        if not all(f"{MARK}{node}" in self.marks for node in via):
            return "outside"
        begin, finish = (int(self.marks[f"{MARK}{node}"][0]) for node in via)
        into = [k for k in self.into[begin] if self.way[k] in restriction.start]
        out = [k for k in self.out[finish] if self.way[k] in restriction.stop]
        middle = self._along(begin, finish, restriction.ways)
        if not into or not out or middle is None:
            return "needless"
        pairs = self._pairs(restriction, into, out)
        if not pairs:
            return "unplaced"
        if restriction.kind.startswith("no_"):
            return [(a, *middle, b) for a, b in pairs]
        return self._all_but(pairs, middle, finish) or "needless"

    def _along(self, begin: int, finish: int, ways: tuple[int, ...]) -> Turn | None:
        """The links of the via ways from node to node, the fewest; None where cars cannot go there."""
        path: dict[int, Turn] = {begin: ()}
        todo = [begin]
        for node in todo:
            for k in self.out[node]:
                if self.way[k] in ways and int(self.head[k]) not in path:
                    path[int(self.head[k])] = (*path[node], k)
                    todo.append(int(self.head[k]))
        return path.get(finish)

    def _pairs(self, restriction: Restriction, into: list[int], out: list[int]) -> list[tuple[int, int]]:
        """Pairs of a way in and a way out; none where a way runs on through the junction, as no rule lets it."""
        pairs = list(product(into, out))
        same = [(a, b) for a, b in pairs if self.half[a] == self.half[b] ^ 1]
        if restriction.kind.endswith("u_turn") and set(restriction.start) & set(restriction.stop):
            return same
        pairs = [p for p in pairs if p not in same]
        many = restriction.kind in ("no_entry", "no_exit")
        return pairs if many or len(pairs) == 1 else []

    def _all_but(self, pairs: list[tuple[int, int]], middle: Turn, finish: int) -> list[Turn]:
        """Only this turn is allowed: every other one is banned, those off the links between as well."""
        allowed = {b for _, b in pairs}
        found: list[Turn] = []
        for start in sorted({a for a, _ in pairs}):
            found += [(start, *middle, b) for b in self.out[finish] if b not in allowed]
            for k, link in enumerate(middle):
                found += [(start, *middle[:k], b) for b in self.out[int(self.tail[link])] if b != link]
        return found


class _Rows:
    """The link rows of cleaned streets, and which of them follow each other through what was drawn."""

    def __init__(self, streets: Streets, drawn: _Drawn, bans: set[Turn]) -> None:
        edge, against = directions(streets)
        self.tail = np.where(against, streets.head[edge], streets.tail[edge]).astype(np.int32)
        self.head = np.where(against, streets.tail[edge], streets.head[edge]).astype(np.int32)
        self.car = (streets.flags[edge] & np.where(against, BACKWARD["car"], FORWARD["car"])) > 0
        self.edge, self.marks, self.drawn = edge, streets.marks, drawn
        link = dict(zip(drawn.half.tolist(), range(len(drawn.half)), strict=True))
        start = np.where(against, streets.ends[edge, 1] ^ 1, streets.ends[edge, 0])
        stop = np.where(against, streets.ends[edge, 0] ^ 1, streets.ends[edge, 1])
        self.last = [link.get(h, -1) for h in stop.tolist()]
        self.rows: dict[int, list[int]] = defaultdict(list)  # of the link as read with which they begin
        for row in np.flatnonzero(self.car).tolist():
            self.rows[link.get(int(start[row]), -1)].append(row)
        ends = (drawn.nodes, drawn.tail, drawn.head)
        self.free, self.kept = _Ways(plain(*ends), self), _Ways(expand(*ends, bans), self)

    def turns(self, restriction: Restriction, via: tuple[int, int]) -> list[Turn] | None:
        """The banned turns at a restriction's junction; None where it takes more than one link between from and to."""
        at = [self.marks.get(f"{MARK}{node}", ()) for node in via]
        if not all(len(nodes) == 1 for nodes in at):
            return None
        begin, finish = (int(nodes[0]) for nodes in at)
        found: list[Turn] = []
        middle = None
        for a in np.flatnonzero((self.head == begin) & self.car).tolist():
            if self.last[a] < 0:
                continue
            free, kept = self.free.out(self.last[a], begin), self.kept.out(self.last[a], begin)
            found += [(a, b) for b in sorted(free.keys() - kept.keys())]
            for v in free.keys() & kept.keys() if begin != finish else ():
                if self.head[v] != finish or self.drawn.way[self.free.arcs.link[free[v]]] not in restriction.ways:
                    continue
                middle = v
                on, off = self.free.out(free[v], finish), self.kept.out(kept[v], finish)
                found += [(a, v, b) for b in sorted(on.keys() - off.keys())]
        return None if begin != finish and middle is None else found

    def rounds(self, bans: Sequence[Turn], streets: Streets) -> list[Turn]:
        """Turning round, ROUND_M or less behind a banned turn, where there is another way on."""
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import dijkstra

        n, car = len(streets.x), np.flatnonzero(self.car)
        length = np.maximum(streets.lengths()[self.edge[car]], 0.1)
        graph = coo_matrix((length, (self.tail[car], self.head[car])), shape=(n, n)).tocsr()
        start = np.unique(self.head[[ban[0] for ban in bans]])
        near = np.isfinite(dijkstra(graph, indices=start, min_only=True, limit=ROUND_M))
        ways = np.bincount(self.tail[car], minlength=n)
        two = np.flatnonzero((self.edge[:-1] == self.edge[1:]) & self.car[:-1] & self.car[1:])
        pairs = [
            *zip(two.tolist(), (two + 1).tolist(), strict=True),
            *zip((two + 1).tolist(), two.tolist(), strict=True),
        ]
        known = set(bans)
        return sorted(p for p in pairs if near[self.head[p[0]]] and ways[self.head[p[0]]] > 1 and p not in known)


class _Ways:
    """Ways through the junctions of a graph of what was drawn."""

    def __init__(self, arcs: Arcs, rows: _Rows) -> None:
        self.arcs, self.rows = arcs, rows
        self.leaving: dict[int, list[int]] = defaultdict(list)
        for arc, node in enumerate(arcs.tail.tolist()):
            self.leaving[node].append(arc)

    def out(self, arc: int, node: int) -> dict[int, int]:
        """The rows that leave the cleaned `node` and can be driven after `arc`, each with the arc that begins it.

        Inside a junction nobody turns round.
        """
        rows, arcs, half = self.rows, self.arcs, self.rows.drawn.half
        found: dict[int, int] = {}
        seen, todo = {arc}, [arc]
        while todo:
            now = todo.pop()
            for other in self.leaving[int(arcs.head[now])]:
                link = int(arcs.link[other])
                if link < 0:
                    continue
                if link in rows.rows:
                    found |= {row: other for row in rows.rows[link] if rows.tail[row] == node}
                elif other not in seen and half[link] != half[arcs.link[now]] ^ 1:
                    seen.add(other)
                    todo.append(other)
        return found


def reachable_bans(nodes: int, rows: _Rows, bans: list[Turn], before: Sequence[Turn] = ()) -> list[Turn]:
    """The bans `before` and those of `bans` under which cars still get from everywhere to everywhere.

    Bans are tried together, and where that fails by halves, in their order.
    """
    car = np.flatnonzero(rows.car)
    link = np.full(len(rows.car), -1)
    link[car] = np.arange(len(car))
    kept = list(before)

    def take(some: list[Turn]) -> None:
        tried = [tuple(int(link[row]) for row in ban) for ban in [*kept, *some]]
        if mutually_reachable(nodes, rows.tail[car], rows.head[car], tried):
            kept.extend(some)
        elif len(some) > 1:
            half = len(some) // 2
            take(some[:half])
            take(some[half:])

    if bans:
        take(bans)
    return kept


def mutually_reachable(nodes: int, tail: Ids, head: Ids, bans: Sequence[Turn]) -> bool:
    """Whether a path without banned turns leads from every node that has a link to every other.

    True if all nodes reach the largest strongly connected part of the expanded graph, and it every node's end of paths.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import breadth_first_order, connected_components

    arcs = expand(nodes, tail, head, bans)
    graph = coo_matrix((np.ones(len(arcs.tail), np.int8), (arcs.tail, arcs.head)), shape=(arcs.nodes,) * 2).tocsr()
    label = connected_components(graph, directed=True, connection="strong")[1]
    core = int(np.argmax(label == np.argmax(np.bincount(label))))
    used = np.unique(np.concatenate([tail, head]))
    ahead = breadth_first_order(graph, core, return_predecessors=False)
    back = breadth_first_order(graph.T.tocsr(), core, return_predecessors=False)
    return bool(np.isin(used, back).all() and np.isin(arcs.end[used], ahead).all())
