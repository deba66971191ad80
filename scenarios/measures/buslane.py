"""bus_lane: a lane that buses and emergency vehicles have for themselves."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.vehicles.access import NOBODY
from scenarios.measures.building import Built, built, with_links
from scenarios.measures.streets import OnStreets
from twin.area import Area
from twin.errors import Fault, InputError
from twin.world import World

SHORTER = 0.2  # m by which the lane is shorter than the street, so that buses take it


class BusLane(Built, OnStreets):
    """Streets get a lane for buses: one of theirs (`widen: false`), or a new one beside them (`widen: true`).

    Of theirs only where a direction has two lanes or more. The other lanes keep their share of the capacity and, as at
    road works, their room for waiting cars (assumption). Emergency vehicles may use it, everybody else may not (RVV 1990,
    art. 81, where the sign says BUS). Times in force: `from`, `until`; before and after it is an ordinary lane.
    """

    widen: bool = False

    def _streets(self, area: Area, where: str) -> np.ndarray[Any, Any]:
        rows = np.setdiff1d(self.links(area, where), built(area, where))
        if not self.widen:
            rows = rows[area.links.lanes[rows] > 1]
        if not len(rows):
            raise InputError(
                Fault(
                    f"{where}.where",
                    "no street there has two lanes in a direction",
                    "a street with a lane to spare",
                    "add one with widen: true",
                )
            )
        return rows

    def alter(self, area: Area, where: str) -> Area:
        """The area with a link for each bus lane, beside its street."""
        rows, links = self._streets(area, where), area.links
        columns = {name: column[rows] for name, column in vars(links).items() if name not in ("rule", "origin")}
        one = columns["capacity"] / columns["lanes"]
        columns |= {"capacity": one, "lanes": np.ones(len(rows), int)}
        columns |= {"length": np.maximum(columns["length"] - SHORTER, 0.1)}
        columns |= {"bicycle": np.zeros(len(rows), bool), "walk": np.zeros(len(rows), bool)}
        return with_links(area, columns, where, greens=rows)

    def post(self, world: World, where: str) -> None:
        """Nobody else may enter the lanes; before and after, they are closed and the streets have all of theirs."""
        self.open(world, where)
        for row in built(world.area, where).tolist():
            world.post("vehicles.restrict_link", at=0, subject=row, value=float(NOBODY))
        if not self.widen:
            rows = self._streets(world.area, where)
            lanes = world.area.links.lanes[rows]
            self.order(world, rows, "vehicles.narrow_link", "vehicles.widen_link", (lanes - 1) / lanes)
