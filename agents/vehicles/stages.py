"""Stages: which approaches of a signal have green together, told from its fixed-time plan."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
MOST = 62  # stages, as bits of a column


class Stages(NamedTuple):
    """The stages of the signals of an area, in the order of their plans.

    mask      : int64 (approaches,): bits of the stages in which each has green
    count     : int64 (signals,)
    green     : float64 (signals, stages): s that each stage has in the plan
    clearance : float64 (signals, stages): s between it and the next stage, for approaches that have green in one of them
    """

    mask: Array
    count: Array
    green: Array
    clearance: Array


def stages(signals: int, signal: Array, cycle: Array, start: Array, length: Array) -> Stages:
    """Stages of plans with one green per approach; arrays (approaches,), s.

    The cycle is cut wherever a green begins or ends. A stage is a largest set of approaches that are green at once; what
    lies between two cuts and is part of the stage beside it belongs to that.
    Raises ValueError for more than `MOST` stages of one signal.
    """
    order = np.argsort(signal, kind="stable")
    first = np.searchsorted(signal[order], np.arange(signals + 1))
    mask, found = np.zeros(len(signal), np.int64), []
    for s in range(signals):
        rows = order[first[s] : first[s + 1]]
        plan = _of_one(float(cycle[rows[0]]), start[rows], length[rows]) if len(rows) else []
        if len(plan) > MOST:
            raise ValueError(f"a signal with {len(plan)} stages; at most {MOST}")
        for k, (members, _, _) in enumerate(plan):
            mask[rows[sorted(members)]] |= 1 << k
        found.append(plan)
    wide = max([1, *map(len, found)])
    green, clearance = np.zeros((signals, wide)), np.zeros((signals, wide))
    for s, plan in enumerate(found):
        for k, (_, lasting, gap) in enumerate(plan):
            green[s, k], clearance[s, k] = lasting, gap
    return Stages(mask, np.array([len(plan) for plan in found], np.int64), green, clearance)


def _of_one(cycle: float, start: Array, length: Array) -> list[tuple[frozenset[int], float, float]]:
    """Of each stage of one signal: its approaches, s of green, and s until the next stage's green."""
    begin, lasting = start % cycle, np.minimum(length, cycle)
    cuts = np.unique(np.concatenate([begin, (begin + lasting) % cycle]))
    pieces = []
    for a, b in zip(cuts, np.append(cuts[1:], cuts[0] + cycle), strict=True):
        middle = (a + b) / 2.0
        members = frozenset(np.flatnonzero((middle - begin) % cycle < lasting).tolist())
        pieces.append((members, a, b))
    sets = {members for members, _, _ in pieces if members}
    largest = {members for members in sets if not any(members < other for other in sets)}
    if not largest:
        return []
    turn = next(i for i, piece in enumerate(pieces) if piece[0] in largest)
    pieces = [*pieces[turn:], *((m, a + cycle, b + cycle) for m, a, b in pieces[:turn])]
    out: list[list[Any]] = []
    for members, a, b in pieces:
        if not members:
            continue
        if out and members <= out[-1][0]:  # the tail of the stage before, or more of it
            out[-1][2] = b
        else:
            out.append([members, a, b])
    greens = _joined(out, largest, cycle)
    order, ends = list(greens), (begin + lasting) % cycle
    following = [*order[1:], order[0]]
    return [
        (members, greens[members], _between(members, after, begin, ends, cycle))
        for members, after in zip(order, following, strict=True)
    ]


def _between(stage: frozenset[int], after: frozenset[int], begin: Array, end: Array, cycle: float) -> float:
    """s from the end of the greens that a stage has alone to the begin of those that the next one has alone, at least."""
    out, into = sorted(stage - after), sorted(after - stage)
    if not out or not into:
        return cycle - float(((end - begin) % cycle)[sorted(stage)].max())
    return float(((begin[into][None, :] - end[out][:, None]) % cycle).min())


def _joined(runs: list[list[Any]], largest: set[frozenset[int]], cycle: float) -> dict[frozenset[int], float]:
    """s of green of each stage: runs that are the head of the next stage put to it; of one that comes twice the longer."""
    whole: list[list[Any]] = []
    head: float | None = None
    for members, a, b in runs:
        if members not in largest:
            head = a if head is None else head
            continue
        whole.append([members, a if head is None else head, b])
        head = None
    if head is not None:  # of the first stage, at the end of the turn
        whole[0][1] = head - cycle
    kept: dict[frozenset[int], float] = {}
    for members, a, b in whole:
        kept[members] = max(b - a, kept.get(members, 0.0))
    return kept
