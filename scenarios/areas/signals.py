"""Traffic signals: a fixed-time plan for every node of kind `signal`, from its approaches.

Two phases (four where both axes have several lanes), green in proportion to the capacity of the busiest approach of
each phase, which is Webster's equal-saturation split with capacity standing in for flow (Webster 1958, Traffic Signal
Settings, Road Research Technical Paper 39).
"""

from __future__ import annotations

from typing import Any

import numpy as np

AMBER = 3.5  # s, within the range 3-5 s of Dutch practice (assumption)
ALL_RED = 1.5  # s, clearance (assumption)
SHORTEST = 6.0  # s, least green (Dutch practice for cars, from memory)
CYCLES = {2: 60.0, 3: 75.0, 4: 90.0}  # s, by number of phases (assumption: 60-90 s, as usual in towns)

ASSUMPTIONS = {
    "signals.plan": "fixed time; cycle 60 s with two phases, 75 s with three, 90 s with four; amber 3.5 s and all-red "
    "1.5 s lost per phase; green in proportion to the capacity of a phase's largest approach (assumption)"
}


def build_signals(nodes: dict[str, Any], links: dict[str, Any], origin: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Tables `signals` and `signal_groups` for the nodes of kind `signal` that cars enter by two links or more."""
    at = np.flatnonzero(np.asarray(nodes["kind"]).astype(str) == "signal")
    entering = np.flatnonzero(np.asarray(links["car"]))
    order = entering[np.argsort(np.asarray(links["head"])[entering], kind="stable")]
    heads = np.asarray(links["head"])[order]
    signals: dict[str, list[Any]] = {"node": [], "cycle": []}
    groups: dict[str, list[Any]] = {"signal": [], "link": [], "green_from": [], "green_to": []}
    for node in at:
        approaches = order[np.searchsorted(heads, node) : np.searchsorted(heads, node, "right")]
        if not len(approaches):
            continue
        phase = _phases(nodes, links, approaches)
        cycle, start, stop = _greens(np.asarray(links["capacity"])[approaches], phase)
        for link, p in zip(approaches, phase, strict=True):
            groups["signal"].append(len(signals["node"]))
            groups["link"].append(link)
            groups["green_from"].append(start[p])
            groups["green_to"].append(stop[p])
        signals["node"].append(node)
        signals["cycle"].append(cycle)
    return _table(signals, origin), _table(groups, origin)


def _table(columns: dict[str, list[Any]], origin: str) -> dict[str, Any]:
    out = {name: np.array(values) for name, values in columns.items()}
    n = len(next(iter(out.values())))
    return {**out, "origin": np.full(n, origin, object)} if n else {}


def _phases(nodes: dict[str, Any], links: dict[str, Any], approaches: Any) -> Any:
    """Phase of each approach: its axis modulo 180 degrees; each approach alone where both axes are wide."""
    tail = np.asarray(links["tail"])[approaches]
    head = np.asarray(links["head"])[approaches]
    bearing = np.arctan2(nodes["y"][head] - nodes["y"][tail], nodes["x"][head] - nodes["x"][tail])
    lanes = np.asarray(links["lanes"])[approaches]
    reference = bearing[np.argmax(np.asarray(links["capacity"])[approaches])]
    across = np.abs(np.sin(bearing - reference)) > np.sin(np.pi / 4)
    if (
        across.any()
        and not across.all()
        and len(approaches) == 4
        and lanes[across].min() > 1
        and lanes[~across].min() > 1
    ):
        return np.argsort(np.argsort(bearing, kind="stable"), kind="stable")
    if len(approaches) > 1 and (across.all() or not across.any()):
        across = np.arange(len(approaches)) % 2 == 1
    return across.astype(int)


def _greens(capacity: Any, phase: Any) -> tuple[float, Any, Any]:
    """Cycle, and start and end of green of each phase, in seconds."""
    count = max(int(phase.max()) + 1, 2)
    cycle = CYCLES.get(count, 90.0)
    lost = count * (AMBER + ALL_RED)
    weight = np.array([capacity[phase == p].max() if (phase == p).any() else capacity.min() for p in range(count)])
    spare = cycle - lost - count * SHORTEST
    green = SHORTEST + spare * weight / weight.sum()
    start = np.concatenate([[0.0], np.cumsum(green + AMBER + ALL_RED)[:-1]])
    return cycle, start, start + green
