"""Access: links that only some cars may use - car-free zones with permits, bus lanes - and the walk from where others park.

Buses and emergency vehicles may go everywhere. Of a way over links that a driver may not use the longest stretch that he
may is driven, and what lies before and after it is walked; where that is too far, the trip is given up. Routes go round
such links wherever they can. Whoever is under way when a restriction begins may finish the drive.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from twin.network import Network
from twin.parts import Part

Array = np.ndarray[Any, Any]

NOBODY, RESIDENTS, GOODS = 0, 1, 2  # bits: who may enter
ANYBODY = RESIDENTS | GOODS | 4
DETOUR = 3_000_000  # ms that a link for some counts as more than it takes, so that routes go round it wherever they can
MOST = 1_000_000_000  # ms that all such links count as more: a way over each of them is still one


class Driven(NamedTuple):
    """The driven part of each trip, and what is walked before and after it.

    ptr, links : routes as CSR, int64 (n + 1,), int (ptr[n],)
    before, after : float64 (n,), m on foot
    """

    ptr: Array
    links: Array
    before: Array
    after: Array


class Access(Part):
    """Who may use which link.

    permits : int64 (links,): bits of who may enter each link; `ANYBODY` where it is open to all
    zone    : int64 (links,): of the links for residents those that hang together have one number; -1 elsewhere
    lives   : int64 (persons,): the zone of each resident's home, or -1
    """

    unsaved = ("network", "home", "goods")

    def __init__(self, area: Any, network: Network) -> None:
        people = area.people
        self.network = network
        self.home = np.where(people.resident, area.location_node("car")[people.home], -1) if len(people) else None
        self.goods = np.asarray(people.occupation) == _occupation("goods")
        self.permits = np.full(network.links, ANYBODY)
        self.zone, self.lives = np.full(network.links, -1), np.full(len(people), -1)

    @property
    def restricted(self) -> Array:
        """bool (links,): not open to all."""
        return np.asarray(self.permits != ANYBODY)

    @property
    def extra_ms(self) -> Array:
        """ms that each link counts as more when routes are sought; int64 (links,)."""
        return np.where(self.restricted, min(DETOUR, MOST // max(int(self.restricted.sum()), 1)), 0)

    @property
    def barred(self) -> Array:
        """bool (links,): for no car at all."""
        return np.asarray(self.permits == NOBODY)

    @property
    def holders(self) -> Array:
        """bool (persons,): who has a permit for some link."""
        goods = self.goods & (self.restricted & (self.permits & GOODS > 0)).any()
        return np.asarray((self.lives >= 0) | goods)

    def restrict(self, permits: Array) -> None:
        """Let `permits` say who may enter each link from now on.

        A resident is who lives at a node where a link for residents begins or ends; the permit is for that zone alone.
        """
        self.permits = permits
        own = (permits & RESIDENTS > 0) & self.restricted
        self.zone, node = self._zones(own)
        if self.home is not None:
            self.lives = np.where(self.home >= 0, node[self.home], -1)

    def _zones(self, own: Array) -> tuple[Array, Array]:
        """The zone of each link in the mask and of each node at one; -1 elsewhere."""
        net, rows = self.network, np.flatnonzero(own)
        link, node = np.full(net.links, -1), np.full(net.nodes, -1)
        if len(rows):
            from scipy.sparse import coo_matrix
            from scipy.sparse.csgraph import connected_components

            ends = net.tail[rows], net.head[rows]
            graph = coo_matrix((np.ones(len(rows)), ends), shape=(net.nodes, net.nodes))
            part = connected_components(graph, directed=False)[1]
            link[rows] = part[ends[0]]
            for end in ends:
                node[end] = part[end]
        return link, node

    def may(self, person: Array, links: Array) -> Array:
        """Whether each person may drive on each link; arrays of one shape (n,). Who is none of the people, a bus, may."""
        permits = self.permits[links]
        people = person < len(self.lives)
        who = np.where(people, person, 0)
        at_home = (permits & RESIDENTS > 0) & (self.zone[links] == self.lives[who]) & (self.zone[links] >= 0)
        return np.asarray(~people | (permits == ANYBODY) | at_home | ((permits & GOODS > 0) & self.goods[who]))

    def driven(self, person: Array, ptr: Array, links: Array) -> Driven:
        """What of the routes `links`, as CSR with `ptr`, each person may drive."""
        n, sizes = len(person), np.diff(ptr)
        if not self.restricted.any():
            return Driven(ptr, links, np.zeros(n), np.zeros(n))
        trip = np.repeat(np.arange(n), sizes)
        free = self.may(person[trip], links)
        begins = np.ones(len(links), bool)
        begins[1:] = (free[1:] != free[:-1]) | (trip[1:] != trip[:-1])
        stretch = np.cumsum(begins) - 1
        metres = self.network.length[links]
        of, longest = trip[begins], np.bincount(stretch, metres * free)
        order = np.lexsort((np.arange(len(of)), -longest, of))
        best = np.full(n, -1)
        best[of[order][::-1]] = order[::-1]  # of each trip the first in that order is written last
        best[best >= 0] = np.where(
            longest[best[best >= 0]] > 0.0, best[best >= 0], len(of)
        )  # nothing driven, all walked
        before, after = (
            np.bincount(trip, metres * side, minlength=n) for side in (stretch < best[trip], stretch > best[trip])
        )
        drives = stretch == best[trip]
        kept = np.concatenate([[0], np.cumsum(np.bincount(trip[drives], minlength=n))])
        return Driven(kept, links[drives], before, after)


def _occupation(name: str) -> int:
    from twin.tables import OCCUPATIONS

    return OCCUPATIONS.index(name)
