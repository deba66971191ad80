"""Turn pockets: the last metres of a link, where vehicles stand apart by movement (left turn, straight on, right turn).

A link with pockets becomes its body, the same row but shorter, and one further link per pocket between the body and
where the pocket's movements lead. The kernel's laws then give what a pocket does: vehicles on the body are first in,
first out; one whose pocket has room drives on past those that stand in another; the first whose pocket is full blocks
all behind it. Links without pockets stay as they are and cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agents.vehicles.state import BACKWARD_WAVE, largest_flow

Array = NDArray[Any]


@dataclass(frozen=True)
class Pockets:
    """Pockets and the movements that they are for.

    link     : int (pockets,): the link at whose end a pocket lies
    length   : float64 (pockets,): m, the same for all pockets of a link, less than the link
    lanes, capacity, storage : float64 (pockets,): lanes; veh/s out of the pocket; vehicles that it holds
    pocket, onto : int (movements,): the movement from a pocket's link onto the link `onto` goes through `pocket`
    """

    link: Array
    length: Array
    lanes: Array
    capacity: Array
    storage: Array
    pocket: Array
    onto: Array

    def links(
        self,
        length: ArrayLike,
        speed: ArrayLike,
        lanes: ArrayLike,
        capacity: ArrayLike,
        storage: ArrayLike,
        wave: float = BACKWARD_WAVE,
    ) -> dict[str, Array]:
        """What `State.of` takes for a network with these pockets: the links, then a row for each pocket.

        A body keeps its share of the link's storage; its capacity is the most that its lanes carry, since what limits a
        junction stands at the end of the pockets. Raises ValueError for a pocket that is too long or unlike its neighbour.
        """
        length, speed, lanes, capacity, storage = (
            np.array(v, np.float64) for v in (length, speed, lanes, capacity, storage)
        )
        cut = np.zeros(len(length))
        cut[self.link] = self.length
        if (cut[self.link] != self.length).any():
            raise ValueError("pockets of one link with different lengths")
        if (cut >= length).any():
            raise ValueError("a pocket as long as its link")
        body = cut > 0
        storage[body] *= 1.0 - cut[body] / length[body]
        length -= cut
        most = largest_flow(speed[body], storage[body] / length[body], wave)
        capacity[body] = np.maximum(capacity[body], most)
        return {
            "length": np.append(length, self.length),
            "speed": np.append(speed, speed[self.link]),
            "lanes": np.append(lanes, self.lanes),
            "capacity": np.append(capacity, self.capacity),
            "storage": np.append(storage, self.storage),
        }

    def routes(self, ptr: ArrayLike, links: ArrayLike, count: int) -> tuple[Array, Array]:
        """Routes with the pockets put in, as CSR; `count` is the number of links without pockets.

        A trip that ends on a link with pockets ends where they begin. Raises ValueError for a movement that is in none.
        """
        ptr, links = np.asarray(ptr, np.int64), np.asarray(links, np.int64)
        inner = np.ones(len(links), bool)
        inner[ptr[1:] - 1] = False  # the last of each trip leads nowhere
        following = np.append(links[1:], 0)
        key = self.link[self.pocket] * count + self.onto
        order = np.argsort(key)
        at = np.searchsorted(key[order], links * count + following)
        pocket = order[np.minimum(at, len(key) - 1)]
        through = inner & (key[pocket] == links * count + following)
        missing = inner & np.isin(links, self.link) & ~through
        if missing.any():
            i = int(np.flatnonzero(missing)[0])
            raise ValueError(f"the movement from link {links[i]} onto {following[i]} is in no pocket")
        places = np.concatenate([[0], np.cumsum(1 + through)])
        out = np.empty(places[-1], np.int32)
        out[places[:-1]] = links
        out[places[:-1][through] + 1] = count + self.pocket[pocket[through]]
        return places[ptr], out
