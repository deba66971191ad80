"""new_link: a street, a bridge or a tunnel that is not there yet."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator

from scenarios.measures.building import Built, with_links
from twin.area import Area
from twin.errors import Fault, InputError
from twin.world import World

NEAR = 50.0  # m from an end of the line to the junction that it joins, at most
CLASSES = ("motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street")


class NewLink(Built):
    """A street along `line`, corners [x, y] in metres of the area's system; each end joins the nearest junction of cars.

    where     : {line: [[x, y], [x, y], ...]}
    class     : class of road, which gives the capacity of a lane and, where it is not stated, the speed
    speed     : km/h; lanes: of each direction; both_ways: whether it leads back as well
    bicycle, walk : whether cyclists and walkers may use it
    At a signal it shares the longest green (assumption). Traffic finds it as soon as it is open.
    """

    where: dict[Literal["line"], list[tuple[float, float]]]
    road_class: Literal[CLASSES] = Field("residential", alias="class")  # type: ignore[valid-type]
    speed: float | None = Field(None, ge=5.0, le=130.0)
    lanes: int = Field(1, ge=1, le=6)
    both_ways: bool = True
    bicycle: bool = True
    walk: bool = True

    @field_validator("where")
    @classmethod
    def _line(cls, where: dict[str, Any]) -> dict[str, Any]:
        points = np.asarray(where.get("line", ()), np.float64)
        if len(points) < 2 or not np.isfinite(points).all() or (points[0] == points[-1]).all():
            raise ValueError("a line is two or more corners [x, y] in metres of the area's coordinate system")
        return where

    def alter(self, area: Area, where: str) -> Area:
        """The area with the new street."""
        import shapely

        from scenarios.areas.streets import CAPACITY_VEH_H, CLASS, SPEED_KMH

        points, (a, b) = self._joined(area, where)
        line = shapely.linestrings(points)
        kind, ways = CLASS[self.road_class], 2 if self.both_ways else 1
        lines = [line, shapely.reverse(line)][:ways]
        columns = {
            "tail": np.array([a, b][:ways]),
            "head": np.array([b, a][:ways]),
            "length": np.full(ways, max(float(line.length), 0.1)),
            "speed": np.full(ways, (self.speed or SPEED_KMH[kind]) / 3.6),
            "lanes": np.full(ways, self.lanes),
            "capacity": np.full(ways, CAPACITY_VEH_H[kind] / 3600.0 * self.lanes),
            "car": np.ones(ways, bool),
            "bicycle": np.full(ways, self.bicycle),
            "walk": np.full(ways, self.walk),
            "road_class": np.full(ways, self.road_class, object),
            "name": np.full(ways, where.rpartition(".")[2].replace("_", " "), object),
            "geometry": shapely.to_wkb(np.array(lines, object)),
        }
        return with_links(area, columns, where)

    def _joined(self, area: Area, where: str) -> tuple[np.ndarray[Any, Any], list[int]]:
        """The line's corners with its ends at the junctions that they join, and these. Raises InputError."""
        links, nodes = area.links, area.nodes
        used = np.unique(np.concatenate([links.tail[links.car], links.head[links.car]]))
        points, ends, faults = np.array(self.where["line"], np.float64), [], []
        for at in (0, -1):
            metres = np.hypot(nodes.x[used] - points[at, 0], nodes.y[used] - points[at, 1])
            node = int(used[metres.argmin()])
            ends.append(node)
            if metres.min() > NEAR:
                faults.append(
                    Fault(
                        f"{where}.where.line",
                        f"its {'last' if at else 'first'} corner is {metres.min():.0f} m from the nearest junction",
                        f"at most {NEAR:g} m",
                        f"the nearest is at [{nodes.x[node]:.0f}, {nodes.y[node]:.0f}]",
                    )
                )
            points[at] = nodes.x[node], nodes.y[node]
        if ends[0] == ends[1] and not faults:
            faults.append(Fault(f"{where}.where.line", "begins and ends at one junction", "two", "draw it longer"))
        if faults:
            raise InputError(faults)
        return points, ends

    def post(self, world: World, where: str) -> None:
        """Keep it closed before `from` and after `until`."""
        self.open(world, where)
