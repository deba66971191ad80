"""What measures on streets share: where they hold, from when until when, and the streets left out."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field, field_validator

from scenarios.measures.measure import Placed, Timed, one_place
from scenarios.measures.where import links
from twin.area import Area
from twin.errors import Fault, InputError
from twin.world import World


class OnStreets(Placed, Timed):
    """A measure on the streets that `where` names, but for those that `except` names, from `from` to `until`.

    where, except : {street: NAME} or {street: busiest}, {district: NAME}, {osm: WAY}, {polygon: [[x, y], ...]},
        {class: [residential, tertiary]}; `except` takes several of them
    """

    kinds: ClassVar[tuple[str, ...]] = ("street", "district", "osm", "polygon", "class")
    unless: dict[str, Any] = Field(default_factory=dict, alias="except")

    @field_validator("unless")
    @classmethod
    def _places(cls, unless: dict[str, Any]) -> dict[str, Any]:
        for kind, value in unless.items():
            one_place({kind: value}, cls.kinds, cls.things)
        return unless

    def links(self, area: Area, where: str) -> np.ndarray[Any, Any]:
        """The rows of the links for cars that the measure is about; where there is none, InputError."""
        rows = links(area, self.where, where)
        for kind, value in self.unless.items():
            rows = np.setdiff1d(rows, links(area, {kind: value}, where, "except"))
        if not len(rows):
            raise InputError(
                Fault(f"{where}.except", "leaves no street of where", "some of its streets", "name fewer in except")
            )
        return rows

    def order(self, world: World, rows: Any, begin: str, end: str, values: Any = None) -> None:
        """Post the command `begin` for each link at the measure's start and `end` at its end; values: (rows,)."""
        for k, row in enumerate(np.asarray(rows).tolist()):
            more = {} if values is None else {"value": float(values[k])}
            cause = world.post(begin, at=self.start, subject=row, **more)
            if self.end is not None:
                world.post(end, at=self.end, subject=row, because=[cause], **more)
