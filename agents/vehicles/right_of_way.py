"""Right of way: who gives way to whom at the junctions of an area, for cars, as `Rules`.

Per junction one of these, the first that applies; at all others merges are by shares:

* *roundabout*: whoever drives in gives way to who drives on along the circle; where a roundabout is drawn as one node,
  to who passes on the circle before it.
* *signal*, while it is dark: an all-way stop, or the give-way signs below it, as `dark_rule` says.
* *give way*: where streets of different class meet, the lower class (the later in `ROAD_CLASSES`) gives way to the
  highest there; at nodes of kind `priority` where all are of one class, the other streets to the one, told by its name,
  with most approaches and capacity. A left turn gives way to who comes from opposite. (Reglement verkeersregels en
  verkeerstekens 1990, articles 15, 18 and 54: priority signs, turning, exits. That a street of lower class has the signs
  is an assumption.)

Streets of one class at a plain node share, since there traffic from the right goes first on all sides; so do ramps and
motorways (classes motorway and trunk), where traffic zips, and links that stand for roads outside the area. Two movements
conflict that end on one link or whose ways cross, arms being straight to the next node and traffic keeping right.

A limit: at a roundabout drawn as one node movements may give way to each other, two left turns from opposite or, in a
ring, the four ways straight on. Where only such come and never cease, who passes first goes on passing, since a follow-up
time is shorter than a gap: one side lets some 1,130 cars/h through and the other none, but for those released after
`stuck` s. With turns mixed on all sides the sides share evenly; a roundabout drawn as a circle has no such case.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.vehicles.crossing import ALL_WAY, ANY_TIME, GIVE_WAY
from agents.vehicles.rules import Rules
from twin.network import Network
from twin.tables import OUTSIDE, ROAD_CLASSES

Array = NDArray[Any]
NONE, CIRCLE, SMALL_CIRCLE, DARK, PRIORITY = range(5)  # what governs a junction
# s: critical gap and follow-up time. Highway Capacity Manual 2000, exhibit 17-5, two-lane major street
LEFT_FROM_MAJOR, RIGHT, THROUGH, LEFT = (4.1, 2.2), (6.2, 3.3), (6.5, 4.0), (7.1, 3.5)
# capacity 1130 exp(-0.001 q) veh/h of one lane, Highway Capacity Manual 2010, chapter 21: follow-up 3600 / 1130 s,
# critical gap 3.6 s + half of that
ROUND = (3.6 + 1800.0 / 1130.0, 3600.0 / 1130.0)
ASIDE = 1e-3  # rad from the middle of an arm to its lanes: only their order around the junction matters


def right_of_way(area: Any, network: Network, signalled: Array, dark_rule: str) -> Rules:
    """The rules of the car network of an area.

    signalled : bool (links,): links whose end a signal governs
    dark_rule : "all_way_stop" or "priority"

    Gaps and follow-up times are those of as many cars as each stands for, so that a sample keeps its capacities; the
    follow-up times of a link of several lanes are shared among them.
    """
    links, kind = area.links, np.asarray(area.nodes.kind).astype(str)
    circle = np.asarray(links.roundabout)[network.rows]
    major = _major(area, network, kind)
    share = np.isin(np.asarray(links.road_class)[network.rows].astype(str), ("motorway", "trunk"))
    share |= np.asarray(links.name)[network.rows] == OUTSIDE
    governed = _governed(network, kind, circle, signalled, major, share)
    m = _Movements(area, network, governed)
    p, q = m.pairs()
    by = governed[m.node[p]]
    first_major, second_major = major[m.link[p]], major[m.link[q]]
    yields = (by == CIRCLE) & ~circle[m.link[p]] & circle[m.link[q]] & circle[m.onto[q]]
    yields |= (by == SMALL_CIRCLE) & _within(m.entry[p], m.entry[q], m.exit[q])
    turning = (first_major == second_major) & m.left[p] & ~m.left[q] & m.opposite(p, q)
    signs = (by == PRIORITY) | ((by == DARK) & (dark_rule == "priority"))
    yields |= signs & m.conflict(p, q) & ((~first_major & second_major) | turning)
    of, conflicts = p[yields], q[yields]
    rule = np.full(network.links, ANY_TIME)
    rule[m.link[of]] = GIVE_WAY
    rule[(governed[network.head] == DARK) & ~signalled] = (
        ANY_TIME  # whatever holds here holds while the others have light
    )
    gap, follow = _times(m, governed, major)
    if dark_rule == "all_way_stop":
        stops = signalled & (governed[network.head] == DARK)
        rule[stops] = ALL_WAY
        more, others = _other_approaches(m, p, q, stops)
        of, conflicts = np.concatenate([of, more]), np.concatenate([conflicts, others])
        follow[stops[m.link]] = 1.0
    order = np.argsort(of, kind="stable")
    ptr = np.concatenate([[0], np.cumsum(np.bincount(of, minlength=len(m.link)))])
    weight = area.represents
    lanes = np.maximum(np.asarray(links.lanes)[network.rows][m.link], 1)
    return Rules.of(rule, m.link, m.onto, weight * gap, weight * follow / lanes, ptr, conflicts[order])


def _major(area: Any, network: Network, kind: Array) -> Array:
    """Which links have priority at their end, as far as there are others; bool (links,)."""
    rank = _ranks(np.asarray(area.links.road_class)[network.rows])
    head, nodes = network.head, network.nodes
    best, worst = np.full(nodes, len(ROAD_CLASSES)), np.zeros(nodes, np.int64)
    np.minimum.at(best, head, rank)
    np.maximum.at(worst, head, rank)
    major = rank == best[head]
    by_name = np.isin(kind, ("priority", "signal")) & (best == worst)
    rows = np.flatnonzero(by_name[head])
    names, name = np.unique(np.asarray(area.links.name)[network.rows][rows].astype(str), return_inverse=True)
    street, at = np.unique(head[rows].astype(np.int64) * max(len(names), 1) + name, return_inverse=True)
    node, count = street // max(len(names), 1), np.bincount(at, minlength=len(street))
    capacity = np.round(np.bincount(at, np.asarray(area.links.capacity)[network.rows][rows], len(street)), 6)
    order = np.lexsort((capacity, count, node))
    node, count, capacity = node[order], count[order], capacity[order]
    last = np.append(node[1:] != node[:-1], True)
    tied = np.append(False, (node[1:] == node[:-1]) & (count[1:] == count[:-1]) & (capacity[1:] == capacity[:-1]))
    named = names[(street % max(len(names), 1))[order]] != "" if len(names) else np.zeros(0, bool)
    main = np.zeros(len(street), bool)
    main[order[last & ~tied & named & (count >= 2)]] = True
    decided = np.zeros(nodes, bool)
    decided[street[main] // max(len(names), 1)] = True
    told = decided[head[rows]]
    major[rows[told]] = main[at[told]]
    return major


def _ranks(road_class: Array) -> Array:
    of = {name: i for i, name in enumerate(ROAD_CLASSES)}
    return np.array([of[name] for name in road_class.astype(str).tolist()], np.int64)


def _governed(network: Network, kind: Array, circle: Array, signalled: Array, major: Array, share: Array) -> Array:
    """What governs each junction; int (nodes,). At those where a link is in the mask `share`, no sign does."""
    head, nodes = network.head, network.nodes

    def some(mask: Array) -> Array:
        return np.bincount(head[mask], minlength=nodes) > 0

    out = np.full(nodes, NONE)
    signs = np.isin(kind, ("plain", "priority")) & some(major) & some(~major) & ~some(share)
    out[signs & (_arms(network) >= 3)] = PRIORITY
    out[some(signalled)] = DARK
    out[(kind == "roundabout") & ~some(circle) & (_arms(network) >= 3)] = SMALL_CIRCLE
    out[some(circle) & some(~circle)] = CIRCLE
    return out


def _arms(network: Network) -> Array:
    """To how many other nodes the streets at each node lead."""
    ends = np.concatenate([network.tail, network.head]).astype(np.int64) * network.nodes
    pairs = np.unique(ends + np.concatenate([network.head, network.tail]))
    pairs = pairs[pairs // network.nodes != pairs % network.nodes]
    return np.bincount(pairs // network.nodes, minlength=network.nodes)


def _within(angle: Array, start: Array, end: Array) -> Array:
    """Whether an angle lies on the way from `start` to `end`, counterclockwise."""
    return (angle - start) % (2 * np.pi) < (end - start) % (2 * np.pi)


class _Movements:
    """The movements at governed junctions: arrays (movements,), those of a link and of a node together."""

    def __init__(self, area: Any, network: Network, governed: Array) -> None:
        links = network.in_links[(governed != NONE)[network.head[network.in_links]]]  # by node
        count = np.diff(network.first_out)[network.head[links]]
        self.link = np.repeat(links, count)
        self.node = network.head[self.link]
        self.onto = network.out_links[_cells(network.first_out[network.head[links]], count)]
        x, y = np.asarray(area.nodes.x), np.asarray(area.nodes.y)
        bearing = np.arctan2(y[network.head] - y[network.tail], x[network.head] - x[network.tail])
        self.bearing = bearing[self.link]
        self.entry = (
            self.bearing + np.pi + ASIDE
        )  # seen from the junction, who keeps right comes in on the left of an arm
        self.exit = bearing[self.onto] - ASIDE
        turn = (bearing[self.onto] - self.bearing + np.pi) % (2 * np.pi) - np.pi
        back = network.head[self.onto] == network.tail[self.link]
        self.left, self.right = back | (turn > np.pi / 4), ~back & (turn < -np.pi / 4)
        self.first = np.concatenate([[0], np.cumsum(np.bincount(self.node, minlength=network.nodes))])

    def pairs(self) -> tuple[Array, Array]:
        """All pairs of movements of one junction that come from different links, by rising first one."""
        count = np.diff(self.first)[self.node]
        p = np.repeat(np.arange(len(self.link)), count)
        q = _cells(self.first[self.node], count)
        other = self.link[p] != self.link[q]
        return p[other], q[other]

    def conflict(self, p: Array, q: Array) -> Array:
        """Whether two movements end on one link or cross each other."""
        crossed = _within(self.entry[q], self.entry[p], self.exit[p]) != _within(
            self.exit[q], self.entry[p], self.exit[p]
        )
        return crossed | (self.onto[p] == self.onto[q])

    def opposite(self, p: Array, q: Array) -> Array:
        """Whether two movements come from opposite sides."""
        return np.cos(self.bearing[p] - self.bearing[q]) < -np.sqrt(0.5)


def _cells(first: Array, count: Array) -> Array:
    """The numbers first[i] ... first[i] + count[i] - 1 for each i, one after the other."""
    ends = np.cumsum(count)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - ends + count, count)


def _times(m: _Movements, governed: Array, major: Array) -> tuple[Array, Array]:
    """Critical gap and follow-up time of each movement, s."""
    found = np.where(m.left[:, None], LEFT, np.where(m.right[:, None], RIGHT, THROUGH))
    found = np.where((major[m.link] & m.left)[:, None], LEFT_FROM_MAJOR, found)
    found = np.where(np.isin(governed[m.node], (CIRCLE, SMALL_CIRCLE))[:, None], ROUND, found)
    return found[:, 0].copy(), found[:, 1].copy()


def _other_approaches(m: _Movements, p: Array, q: Array, stops: Array) -> tuple[Array, Array]:
    """For each movement from an all-way stop the other approaches, ~link where opposite, as pairs."""
    both = stops[m.link[p]] & stops[m.link[q]]
    p, q = p[both], q[both]
    _, one = np.unique(p.astype(np.int64) * len(stops) + m.link[q], return_index=True)
    p, q = p[one], q[one]
    return p, np.where(m.opposite(p, q), ~m.link[q], m.link[q])
