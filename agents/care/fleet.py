"""The units of the area and those that neighbours lend it, and which of them goes to which call."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agents.care.ambulance import A1, Ambulance, Call

if TYPE_CHECKING:
    from agents.care.domain import Care

Order = tuple[int, int, int, int]


class Fleet:
    """Every unit, those that are free, and the calls that wait for one.

    units      : of the area's posts, in it or beyond a gateway; idle: the free ones by key
    neighbours : of neighbouring regions, their posts beyond the gateways, the nearest first; their keys are -1, -2, ...
    lendable   : those of them that are not on a call of ours, by key
    """

    def __init__(self, care: Care) -> None:
        self.care, area, places = care, care.area, care.area.places
        self.queue: list[tuple[Order, Call]] = []
        self.idle: dict[int, Ambulance] = {}
        self.lendable: dict[int, Ambulance] = {}
        self.neighbours: list[Ambulance] = []
        posts = np.flatnonzero(places.kind == "ambulance_post")
        at, ways = area.place_location(), [care.beyond_ms(float(metres)) for metres in places.beyond]
        rows = [p for p in posts for _ in range(max(int(places.capacity[p]), 1))]
        self.units = [
            Ambulance(care, k, care.node_of(at[p]), self.idle, ways[p], int(places.gateway[p]))
            for k, p in enumerate(rows)
        ]

    def borrow(self) -> None:
        """Let neighbours have the units that the configuration gives them, at the gateways that a unit can use."""
        care, aid, buildings = self.care, self.care.config.mutual_aid, len(self.care.area.buildings)
        gates = care.region.gates
        metres = np.minimum(care.area.gateways.distance[gates - buildings], 1000.0 * aid.farthest)
        for k, g in enumerate(np.tile(np.argsort(metres, kind="stable"), aid.units)[: aid.in_all]):
            home, way = care.node_of(gates[g]), care.beyond_ms(float(metres[g]))
            self.neighbours.append(Ambulance(care, -1 - k, home, self.lendable, way, int(gates[g]) - buildings))

    @property
    def everyone(self) -> list[Ambulance]:
        """The area's own units, then the neighbours'."""
        return [*self.units, *self.neighbours]

    def on_calls(self) -> list[str]:
        """Ids of the calls that own units are on."""
        return [unit.call.id for unit in self.units if unit.call is not None]

    def show(self) -> None:
        """Record where the units are: the area's own, and those of neighbours that are in the area."""
        care, nodes = self.care, self.care.area.nodes
        units = [unit for unit in self.everyone if unit.key >= 0 or unit.passed is None]
        at = np.array([unit.position() for unit in units], np.int64)
        care.rows(
            "replay/ambulances",
            time=np.full(len(at), care.now),
            unit=np.array([unit.key for unit in units], np.int64),
            x=nodes.x[at],
            y=nodes.y[at],
            busy=np.array([unit.call is not None for unit in units], bool),
        )

    # -- dispatch ----------------------------------------------------------------------------------------------------

    def ask(self, call: Call) -> None:
        """A call needs a unit: a neighbour's, where ours would be late and later than that; else one of ours in turn."""
        helper = self.helper(call)
        if helper:
            self.send(helper, call)
        else:
            heapq.heappush(self.queue, (call.order, call))
            self.assign()

    def offer(self, unit: Ambulance) -> None:
        """A unit is free from now on."""
        unit.pool[unit.key] = unit
        self.assign()

    def assign(self) -> None:
        """The most urgent waiting call gets the closest free unit of ours."""
        while self.queue and self.idle:
            _, call = heapq.heappop(self.queue)
            self.send(self.first_at([self.idle[key] for key in sorted(self.idle)], call)[0], call)

    def helper(self, call: Call) -> Ambulance | None:
        """The neighbour's unit that comes to a call, if one does.

        Neighbours are asked once, about urgent calls of residents; whether one can send its unit is luck of that call.
        """
        care = self.care
        if call.urgency != A1 or call.outside:
            return None
        able = [unit for _, unit in sorted(self.lendable.items(), reverse=True) if self._can_come(unit, call)]
        if not able:
            return None
        unit, theirs = self.first_at(able, call)
        if not self.idle:
            return unit
        _, ours = self.first_at([self.idle[key] for key in sorted(self.idle)], call)
        late = care.now - call.time + care.ms(care.config.chute) + ours > care.ms(care.config.norm)
        return unit if late and theirs < ours else None

    def _can_come(self, unit: Ambulance, call: Call) -> bool:
        luck = self.care.draw(f"mutual_aid{unit.key}", call.person, call.ordinal)
        return luck < self.care.config.mutual_aid.available

    def first_at(self, units: Sequence[Ambulance], call: Call) -> tuple[Ambulance, int]:
        """Which of several free units would be the first at a caller, and the ms that it drives."""
        nodes, ahead = tuple(unit.position() for unit in units), tuple(unit.ahead() for unit in units)
        first, ms = self.care.soonest(nodes, ahead, self.care.node_of(call.location))
        return units[first], ms

    def send(self, unit: Ambulance, call: Call) -> None:
        """A free unit is sent to a call."""
        del unit.pool[unit.key]
        unit.call, call.neighbour = call, unit.key < 0
        self.care.tell_dispatched(unit, call)
        unit.woken.succeed()
