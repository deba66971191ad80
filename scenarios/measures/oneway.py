"""one_way: cars may use a street in one direction only."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from scenarios.measures.streets import OnStreets
from twin.area import Area
from twin.errors import Fault, InputError
from twin.world import World

TOWARDS = {"north": (0.0, 1.0), "east": (1.0, 0.0), "south": (0.0, -1.0), "west": (-1.0, 0.0)}


class OneWay(OnStreets):
    """Cars may drive only `towards` north, east, south or west; what leads the other way is closed.

    A street that is one-way already must not end up closed: that is refused.
    """

    lasts = True
    towards: Literal["north", "east", "south", "west"]

    def post(self, world: World, where: str) -> None:
        """Post one closing and one opening for each link of the direction that is closed."""
        rows = self.links(world.area, where)
        against = rows[_along(world.area, rows, self.towards) < 0.0]
        if not len(against):
            raise InputError(
                Fault(
                    f"{where}.towards",
                    f"nothing leads away from {self.towards}",
                    ", ".join(TOWARDS),
                    "take another side",
                )
            )
        back = {(t, h) for t, h in zip(*_ends(world.area, rows), strict=True)}
        single = [r for r, t, h in zip(against, *_ends(world.area, against), strict=True) if (h, t) not in back]
        if single:
            raise InputError(
                Fault(
                    f"{where}.where",
                    f"{len(single)} of its links are one-way already, the other way",
                    "streets with two directions",
                    "take the other side, or leave them out with except",
                )
            )
        self.order(world, against, "vehicles.close_link", "vehicles.open_link")


def _ends(area: Area, rows: Any) -> tuple[list[int], list[int]]:
    return area.links.tail[rows].tolist(), area.links.head[rows].tolist()


def _along(area: Area, rows: Any, towards: str) -> np.ndarray[Any, Any]:
    """m that each link leads towards that side, negative away from it."""
    nodes, tail, head = area.nodes, area.links.tail[rows], area.links.head[rows]
    x, y = TOWARDS[towards]
    return np.asarray(x * (nodes.x[head] - nodes.x[tail]) + y * (nodes.y[head] - nodes.y[tail]))
