"""The ground of a place: its streets and buildings, from one builder, before anybody lives there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.account import Account
from scenarios.areas.osm_buildings import Stock
from scenarios.areas.places import WayOut
from scenarios.areas.streets import Streets


@dataclass
class Ground:
    """What a source of streets hands over.

    crs     : projected system, as "EPSG:28992"
    outline : polygon in that system that the source covers completely
    net     : cleaned streets, with the mark "gateway"
    origin  : of the streets: observed or synthetic
    stock   : buildings with what is in them; None where the source has none
    facts   : of cleaning and clipping
    title   : what to call it
    part    : whether it is a part of a town, whose other parts lie beyond its gateways
    places  : where the source places what buildings hold: table places, jobs and schools; None: told from the stock
    member  : row of the districts of each building, where the source knows it
    turns   : columns of the table turns; empty where the source bans none
    lots    : car parks that the source shows, see `parking.parking_places`
    """

    crs: str
    outline: Any
    net: Streets
    origin: str
    stock: Stock | None
    account: Account
    facts: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    part: bool = True
    places: Callable[[WayOut | None], tuple[dict[str, Any], Any, Any]] | None = None
    member: NDArray[np.int64] | None = None
    turns: dict[str, Any] = field(default_factory=dict)
    lots: dict[str, Any] | None = None


def projector(crs: str, source: str = "EPSG:4326") -> Any:
    """A function (x, y) in `source` -> (x, y) in `crs`, on arrays; longitude before latitude."""
    from pyproj import Transformer

    return Transformer.from_crs(source, crs, always_xy=True).transform


def reproject(shapes: Any, source: str, crs: str) -> Any:
    """Shapely geometries from `source` to `crs`; invalid ones are made valid first."""
    import shapely

    shapes = shapely.make_valid(shapes)
    if source == crs:
        return shapes
    move = projector(crs, source)
    return shapely.transform(shapes, lambda c: np.stack(move(c[:, 0], c[:, 1]), 1))
