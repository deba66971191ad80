"""Reach: the share of residents whom the nearest free ambulance would reach within the norm now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from twin.domain import Indicator
from twin.network import Network
from twin.parts import Part

Array = np.ndarray[Any, Any]


class Reach(Part):
    """Probes of the reach, and their means.

    home_node, home_zone : int (residents,): street node and neighbourhood of each resident's home
    limit_ms             : driving time within the norm
    residents            : int (zones,): residents of each zone
    """

    unsaved = ("network", "home_node", "home_zone", "residents", "limit_ms")

    def __init__(self, network: Network, home_node: Array, home_zone: Array, zones: int, limit_ms: int) -> None:
        self.network, self.home_node, self.limit_ms = network, home_node, limit_ms
        self.home_zone = np.maximum(home_zone, 0)
        self.residents = np.bincount(self.home_zone, minlength=zones)
        self.forget()

    def forget(self) -> None:
        """Begin the means anew."""
        self.probes, self.total, self.least = 0, 0.0, 100.0
        self.by_zone = np.zeros(len(self.residents))

    def probe(self, units: Iterable[tuple[int, int]], travel_ms: Array) -> tuple[Array, float]:
        """Share of residents reached by free units, by zone and in all, in %.

        units     : node of each and ms from the unit to that node, more than 0 for one beyond a gateway
        travel_ms : int64 (links of the network,), time over each link
        """
        free = sorted(set(units))
        reached = np.zeros(len(self.home_node), bool)
        if free:
            ms = self.network.nearest(travel_ms, *zip(*free, strict=True))[self.home_node]
            reached = (ms >= 0) & (ms <= self.limit_ms)
        counts = np.bincount(self.home_zone, reached, minlength=len(self.residents))
        return 100.0 * counts / np.maximum(self.residents, 1), 100.0 * float(reached.sum()) / max(len(reached), 1)

    def note(self, by_zone: Array, share: float) -> None:
        """Count one probe."""
        self.probes += 1
        self.total += share
        self.by_zone += by_zone
        self.least = min(self.least, share)

    def indicators(self, codes: Array) -> Iterator[Indicator]:
        """Means over the probes, in all and by neighbourhood; `codes` are the zones' codes."""
        name, n = "ambulance_reach_15min", self.probes
        if not n:
            return
        yield Indicator(name, self.total / n, "%", n=n, better="higher")
        yield Indicator("ambulance_reach_least", self.least, "%", n=n, better="higher")
        for z in np.flatnonzero(self.residents):
            mean, code, residents = self.by_zone[z] / n, str(codes[z]), int(self.residents[z])
            yield Indicator(name, mean, "%", "neighbourhood", code, n=n, better="higher", residents=residents)
