"""Banned turns: the graph that paths are sought on where some sequences of links may not be driven.

Only where a ban begins the head of its link is split: a copy of the node that remembers the link (or links) by which it
was reached and lacks what is banned from there. This is partial edge expansion; which copy follows which is the
automaton of Aho & Corasick (1975) over the banned sequences. Without bans the graph is the network itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]
Ints = NDArray[np.int64]
Links = tuple[int, ...]


@dataclass(frozen=True)
class Arcs:
    """A graph for searches; its first nodes are the network's, its first arcs the network's links.

    nodes      : number of nodes: the network's, one per copy, one where paths end for every node that has copies
    tail, head : int32 (arcs,);  link: int32 (arcs,), the link that an arc stands for; -1: an end of paths, costs nothing
    place      : int32 (nodes,), the network's node that a node stands for
    end        : int32 (network's nodes,), where a path to a node ends
    """

    nodes: int
    tail: Ids
    head: Ids
    link: Ids
    place: Ids
    end: Ids

    def weights(self, weight: NDArray[np.int64]) -> NDArray[np.int64]:
        """The weight of every arc from those of the links; int64 (arcs,)."""
        return weight if len(self.link) == len(weight) else np.append(weight, 0)[self.link]


def plain(nodes: int, tail: Ids, head: Ids) -> Arcs:
    """The network itself: nothing is banned."""
    every = np.arange(nodes, dtype=np.int32)
    return Arcs(nodes, tail, head, np.arange(len(tail), dtype=np.int32), every, every)


def expand(nodes: int, tail: Ids, head: Ids, bans: Iterable[Links]) -> Arcs:
    """The graph on which no path drives a banned sequence.

    bans : sequences of two or more links, each link beginning where the one before it ends
    Raises ValueError for a sequence that is too short or not connected.
    """
    banned = set(bans)
    for ban in banned:
        if len(ban) < 2 or any(head[a] != tail[b] for a, b in pairwise(ban)):
            raise ValueError(f"{ban} is no sequence of two or more links that meet")
    if not banned:
        return plain(nodes, tail, head)
    states = sorted({ban[:k] for ban in banned for k in range(1, len(ban))})
    number = {state: nodes + k for k, state in enumerate(states)}
    leaving = _leaving(tail, {int(head[state[-1]]) for state in states})
    every = np.arange(nodes, dtype=np.int32)
    links = np.arange(len(tail), dtype=np.int32)
    first = head.copy()
    for state in states:
        if len(state) == 1:
            first[state[0]] = number[state]
    extra: list[tuple[int, int, int]] = []
    for state in states:
        for link in leaving[int(head[state[-1]])]:
            way = (*state, link)
            if not any(way[k:] in banned for k in range(len(way) - 1)):
                known = (number[way[k:]] for k in range(len(way)) if way[k:] in number)
                extra.append((number[state], next(known, int(head[link])), link))
    split = sorted(leaving)
    end = every.copy()
    end[split] = nodes + len(states) + np.arange(len(split))
    extra += [(node, int(end[node]), -1) for node in split]
    extra += [(number[state], int(end[head[state[-1]]]), -1) for state in states]
    more = np.array(extra, np.int32).reshape(-1, 3)
    return Arcs(
        nodes + len(states) + len(split),
        np.concatenate([tail, more[:, 0]]),
        np.concatenate([first, more[:, 1]]),
        np.concatenate([links, more[:, 2]]),
        np.concatenate([every, head[[state[-1] for state in states]], np.array(split, np.int32)]),
        end,
    )


def _leaving(tail: Ids, nodes: set[int]) -> dict[int, list[int]]:
    """The links that leave each of `nodes`, by rising link."""
    out: dict[int, list[int]] = {node: [] for node in nodes}
    for link in np.flatnonzero(np.isin(tail, list(nodes))).tolist():
        out[int(tail[link])].append(link)
    return out
