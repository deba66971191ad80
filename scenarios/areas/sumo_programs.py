"""Signal programs of SUMO (<tlLogic>) as cycles and greens of approaches."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.account import Account
from twin.tables import SIGNALS

GREEN = "gG"


@dataclass(frozen=True)
class Program:
    """Phases in order: `seconds` of each, and `states`, one letter per controlled connection."""

    seconds: tuple[float, ...]
    states: tuple[str, ...]
    offset: float
    kind: str

    @classmethod
    def of(cls, item: ET.Element) -> Program:
        """The program in an element. Raises ValueError for a duration that is none."""
        phases = item.findall("phase")
        return cls(
            tuple(float(p.get("duration", "")) for p in phases),
            tuple(p.get("state", "") for p in phases),
            float(item.get("offset", "0")),
            item.get("type", "static"),
        )

    @property
    def cycle(self) -> float:
        """s of all phases together."""
        return sum(self.seconds)

    def greens(self, indices: Sequence[int]) -> list[tuple[float, float]]:
        """(from, to) within the cycle, s, of the time in which any of some connections has green, its offset included.

        A green over the end of the cycle ends in the next one. (A positive offset delays the program.)
        """
        on = [any(k < len(state) and state[k] in GREEN for k in indices) for state in self.states]
        spans: list[tuple[float, float]] = []
        begin = 0.0
        for green, lasting in zip(on, self.seconds, strict=True):
            if green:
                start = spans.pop()[0] if spans and spans[-1][1] == begin else begin
                spans.append((start, begin + lasting))
            begin += lasting
        return self._shifted(spans)

    def _shifted(self, spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
        cycle = self.cycle
        if not spans or sum(b - a for a, b in spans) >= cycle:
            return [(0.0, cycle)] if spans else []
        if len(spans) > 1 and spans[0][0] == 0.0 and spans[-1][1] == cycle:  # one green over the end
            spans = [*spans[1:-1], (spans[-1][0], cycle + spans[0][1])]
        out = []
        for a, b in spans:
            start = (a + self.offset) % cycle
            out.append((start, start + b - a))
        return sorted(out)


def signal_tables(
    programs: Mapping[str, Program],
    connections: Sequence[Mapping[str, str]],
    row: Mapping[str, int],
    head: NDArray[Any],
    car: NDArray[np.bool_],
    account: Account,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Columns of the tables signals and signal_groups: a signal for each program and junction, greens of its approaches."""
    controlled: dict[tuple[str, int], dict[int, list[int]]] = {}
    for c in connections:
        name, link = c.get("tl", ""), row.get(c.get("from", ""), -1)
        if name in programs and link >= 0 and car[link] and int(c.get("linkIndex", "-1")) >= 0:
            lights = controlled.setdefault((name, int(head[link])), {})
            lights.setdefault(link, []).append(int(c["linkIndex"]))
    low, high = SIGNALS["cycle"].low or 0.0, SIGNALS["cycle"].high or np.inf
    signals: list[tuple[int, float]] = []
    groups: list[tuple[int, int, float, float]] = []
    for (name, node), lights in sorted(controlled.items()):
        program = programs[name]
        if not low <= program.cycle <= high:
            account.count("dropped", f"signal programs with a cycle outside {low:g}-{high:g} s")
            continue
        account.count("read", "signal programs of a junction")
        account.count("repaired", "actuated signals, made fixed", int(program.kind != "static"))
        for link, indices in sorted(lights.items()):
            greens = program.greens(indices)
            account.count("repaired", "approaches that never have green, left without a signal", int(not greens))
            account.count(
                "repaired",
                "further greens of an approach in one cycle, of which the longest counts",
                max(len(greens) - 1, 0),
            )
            groups += [(len(signals), link, a, b) for a, b in greens]
        signals.append((node, program.cycle))
    if not groups:
        return {}, {}
    node, cycle = (np.array(values) for values in zip(*signals, strict=True))
    signal, link, begin, end = (np.array(values) for values in zip(*groups, strict=True))
    return (
        {"node": node, "cycle": cycle, "origin": np.full(len(node), "observed", object)},
        {
            "signal": signal,
            "link": link,
            "green_from": begin,
            "green_to": end,
            "origin": np.full(len(link), "observed", object),
        },
    )
