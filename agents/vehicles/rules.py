"""Rules: who gives way to whom at junctions, as the kernel reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agents.vehicles.layout import MOVE, records

Array = NDArray[Any]
NEVER = -1e12  # s; finite, since gaps are added to it


@dataclass(frozen=True)
class Rules:
    """Movements and conflicts as in `agents.vehicles.crossing`.

    moves     : records (movements + 1,)
    conflicts : int32
    first     : int32 (links,): a link's first movement; -1 none
    rule      : int32 (links,): what holds at its end where no signal stands: ANY_TIME, GIVE_WAY or ALL_WAY
    """

    moves: Any
    conflicts: Array
    first: Array
    rule: Array

    @classmethod
    def none(cls, links: int) -> Rules:
        """All merges by priority."""
        nothing: Sequence[int] = ()
        return cls.of(np.zeros(links), nothing, nothing, nothing, nothing, [0], nothing)

    @classmethod
    def of(
        cls,
        rule: ArrayLike,
        link: ArrayLike,
        onto: ArrayLike,
        gap: ArrayLike,
        follow: ArrayLike,
        ptr: ArrayLike,
        conflicts: ArrayLike,
    ) -> Rules:
        """Rules from movements.

        rule              : (links,)
        link, onto        : (movements,): from and to; those of one link stand together
        gap, follow       : (movements,): s
        ptr, conflicts    : (movements + 1,), (ptr[-1],): rows of the movements that each gives way to, or the other
            approaches of an all-way stop, ~link where opposite

        Raises ValueError where the movements of a link do not stand together.
        """
        link = np.asarray(link, np.int32)
        starts = np.flatnonzero(np.diff(link, prepend=-1))
        if len(np.unique(link)) != len(starts):
            raise ValueError("the movements of a link do not stand together")
        moves = records(len(link) + 1, MOVE)
        moves.link[-1], moves.last, moves.before = -1, NEVER, NEVER
        at = moves[:-1]
        at.link, at.onto, at.gap, at.follow = link, onto, gap, follow
        at.first, at.count = np.asarray(ptr)[:-1], np.diff(ptr)
        first = np.full(len(np.asarray(rule)), -1, np.int32)
        first[link[starts]] = starts
        return cls(moves, np.asarray(conflicts, np.int32), first, np.asarray(rule, np.int32))
