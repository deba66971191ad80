"""Traffic signals: which junctions get them, and a fixed-time plan for every node of kind `signal`.

One phase per arm where the traffic allows it, as Dutch plans let no conflicting streams go together; else one phase per
axis. Cycle and greens follow Webster (1958, Traffic Signal Settings, Road Research Technical Paper 39): cycle
(1.5 L + 5) / (1 - Y) with lost time L and the sum Y of the phases' flow ratios; green in proportion to these.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

AMBER = 3.5  # s, within the range 3-5 s of Dutch practice (assumption)
ALL_RED = 1.5  # s, clearance (assumption)
SHORTEST = 6.0  # s, least green (Dutch practice for cars, from memory)
CYCLE = (50.0, 100.0)  # s; Dutch fixed-time plans in towns stay between some 50 and 100-120 (assumption)
FULL = 0.33  # sum of flow ratios above which arms of one axis share a phase (assumption)
LEAST_RATIO = 0.03  # flow ratio below which a phase is timed no shorter (assumption)
PER_CITIZEN = 60 / 100_000  # Dutch towns have some 50-70 per 100,000 inhabitants, the country some 31 (assumption)
LEAST_FLOW = 400.0  # veh/h entering a junction that is worth a signal (assumption)

ASSUMPTIONS = {
    "signals.plan": "fixed time; a phase per arm, or per axis where flow ratios add up to over 0.33; Webster's cycle "
    "within 50-100 s and his greens for the estimated peak; amber 3.5 s and all-red 1.5 s lost per phase (assumption)",
    "signals.number": "60 signals per 100,000 citizens of a generated town, at the crossings of main roads with main "
    "roads and collectors where most traffic conflicts, at 400 veh/h or more (assumption)",
}


def choose(
    kind: NDArray[Any], links: dict[str, Any], flow: NDArray[Any], lights: NDArray[Any], citizens: int
) -> NDArray[Any]:
    """Column `kind` of the nodes with signals where the traffic asks for them.

    kind   : shape (nodes,); "signal" are crossings of main roads;  lights: further nodes that may get a signal
    flow   : expected veh/h of each link
    Of these the ones with the largest product of busiest and crossing approach get one, up to the usual number; a
    crossing of main roads with little traffic keeps priority.
    """
    kind = kind.copy()
    main = np.flatnonzero(kind == "signal")
    candidates = np.union1d(main, lights)
    heads, car = np.asarray(links["head"]), np.asarray(links["car"])
    score, total = np.zeros(len(candidates)), np.zeros(len(candidates))
    for k, node in enumerate(candidates):
        approaches = np.flatnonzero(car & (heads == node))
        own = np.sort(flow[approaches])[::-1]
        total[k] = own.sum()
        score[k] = own[0] * own[2:].sum() if len(own) > 2 else 0.0  # the third and further arms cross the first two
    order = np.argsort(-score, kind="stable")
    busy = total[order] >= LEAST_FLOW
    busy[:1] = True  # the town's busiest crossing has a signal, however small the town
    order = order[busy & (score[order] > 0)]
    kind[main] = "priority"
    kind[candidates[order[: max(1, round(PER_CITIZEN * citizens))]]] = "signal"
    return kind


def build_signals(
    nodes: dict[str, Any], links: dict[str, Any], origin: str, flow: NDArray[Any] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Tables `signals` and `signal_groups` for the nodes of kind `signal` that cars enter by two links or more.

    flow : expected veh/h of each link, shape (links,); without it the widest approach is taken to need a quarter of its
        green time, others less in proportion to their capacity
    """
    at = np.flatnonzero(np.asarray(nodes["kind"]).astype(str) == "signal")
    entering = np.flatnonzero(np.asarray(links["car"]))
    order = entering[np.argsort(np.asarray(links["head"])[entering], kind="stable")]
    heads = np.asarray(links["head"])[order]
    capacity = np.asarray(links["capacity"])
    ratio = 0.25 * capacity / capacity.max() if flow is None else flow / 3600.0 / capacity
    signals: dict[str, list[Any]] = {"node": [], "cycle": []}
    groups: dict[str, list[Any]] = {"signal": [], "link": [], "green_from": [], "green_to": []}
    for node in at:
        approaches = order[np.searchsorted(heads, node) : np.searchsorted(heads, node, "right")]
        if not len(approaches):
            continue
        phase = _phases(nodes, links, approaches, ratio[approaches])
        cycle, start, stop = _greens(ratio[approaches], phase)
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


def _phases(nodes: dict[str, Any], links: dict[str, Any], approaches: Any, ratio: Any) -> Any:
    """Phase of each approach: its own, or that of its axis modulo 180 degrees where the traffic is too much for that."""
    if len(approaches) <= 4 and np.maximum(ratio, LEAST_RATIO).sum() <= FULL:
        return np.arange(len(approaches))
    tail = np.asarray(links["tail"])[approaches]
    head = np.asarray(links["head"])[approaches]
    bearing = np.arctan2(nodes["y"][head] - nodes["y"][tail], nodes["x"][head] - nodes["x"][tail])
    reference = bearing[np.argmax(ratio)]
    across = np.abs(np.sin(bearing - reference)) > np.sin(np.pi / 4)
    if len(approaches) > 1 and (across.all() or not across.any()):
        across = np.arange(len(approaches)) % 2 == 1
    return across.astype(int)


def _greens(ratio: Any, phase: Any) -> tuple[float, Any, Any]:
    """Cycle, and start and end of green of each phase, in seconds."""
    count = max(int(phase.max()) + 1, 2)
    weight = np.full(count, LEAST_RATIO)
    np.maximum.at(weight, phase, ratio)
    lost = count * (AMBER + ALL_RED)
    wanted = (1.5 * lost + 5.0) / max(1.0 - weight.sum(), 0.05)
    cycle = float(np.clip(round(wanted), max(CYCLE[0], lost + count * SHORTEST), CYCLE[1]))
    green = (cycle - lost) * weight / weight.sum()
    short = green < SHORTEST
    while short.any() and not short.all():  # the least green is taken from the others
        green[short] = SHORTEST
        rest = cycle - lost - SHORTEST * short.sum()
        green[~short] = rest * weight[~short] / weight[~short].sum()
        more = short | (green < SHORTEST)
        if (more == short).all():
            break
        short = more
    start = np.concatenate([[0.0], np.cumsum(green + AMBER + ALL_RED)[:-1]])
    return cycle, start, np.minimum(start + green, cycle)
