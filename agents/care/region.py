"""The rest of the region: calls from beyond the gateways.

The ambulances of a small area stand in it but serve more people than live there. What the others ask of them is a
calendar process of its own: keyed by day and ordinal, so that two scenarios share it call by call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twin.arrivals import arrivals
from twin.clock import hour
from twin.draws import uniforms

if TYPE_CHECKING:
    from agents.care.domain import Care

Array = np.ndarray[Any, Any]
MOST_A_DAY = 100_000  # callers of one day; the n-th of a day is caller -1 - MOST_A_DAY * day - n


class Region:
    """Who lives outside and calls the area's ambulances, and the gateways through which these are reached.

    residents : people served by the area's ambulances who do not live in it
    gates     : locations, int64 (gates,): gateways that an ambulance reaches and comes back from
    share     : float64 (gates,): of the callers beyond each, in proportion to its commuters (assumption)
    """

    def __init__(self, care: Care, posts: list[int]) -> None:
        self.care, area, config = care, care.area, care.config
        gateways = np.arange(len(area.gateways))
        if len(gateways):
            nodes, start = care.node[len(area.buildings) + gateways], posts[0] if posts else int(care.node[0])
            there, back = care.empty_router.table([start], nodes)[0], care.empty_router.many_to_one(nodes, start)
            gateways = gateways[(there >= 0) & (back >= 0)]
        weight = np.asarray(area.gateways.commuters_in + area.gateways.commuters_out, float)[gateways]
        self.gates = len(area.buildings) + gateways
        self.share = weight / weight.sum() if weight.sum() > 0 else np.full(len(gateways), 1 / max(len(gateways), 1))
        served = len(posts) * config.residents_per_ambulance
        self.residents = max(0.0, served - care.residents) if len(gateways) else 0.0
        self.per_day = self.residents / 1e6 * (config.urgent_calls + config.other_calls)

    def calls_of_day(self, day: int) -> tuple[Array, Array, Array]:
        """Calls of one day: caller (below 0, never the same twice), location of the gateway, ms of the day.

        Raises ValueError where there are more than MOST_A_DAY.
        """
        rates = self.per_day * self.care.hourly / (hour / 1000)
        seconds = arrivals(self.care.stream("outside"), 0, day, rates, hour / 1000)
        if len(seconds) > MOST_A_DAY:
            raise ValueError(f"more than {MOST_A_DAY} calls a day from outside the area: the rates are too high")
        caller = -1 - MOST_A_DAY * day - np.arange(len(seconds))
        luck = uniforms(self.care.stream("gateway"), caller)
        gate = np.searchsorted(np.cumsum(self.share), luck, side="right")
        location = self.gates[np.minimum(gate, len(self.gates) - 1)] if len(self.gates) else gate
        return caller, location, (1000.0 * seconds).astype(np.int64)
