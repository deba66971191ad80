"""Measure: what every what-if has. Add one as a pydantic model with a docstring, and name it in the registry."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from twin.area import Area
from twin.errors import nearest
from twin.tables import ROAD_CLASSES
from twin.units import duration, share, time_of_day
from twin.world import World

Time = Annotated[int, BeforeValidator(time_of_day)]
Duration = Annotated[int, BeforeValidator(duration)]
Share = Annotated[float, BeforeValidator(share)]


class Measure(BaseModel):
    """A change of the world.

    `settings` changes a domain's configuration, `alter` the area, and `post` puts commands on the clock.
    """

    model_config = ConfigDict(extra="forbid")

    def settings(self, domain: str) -> dict[str, Any]:
        """Settings of `domain` that the measure overrides."""
        return {}

    def alter(self, area: Area, where: str) -> Area:
        """The area with what the measure builds in it, as a new one; the same one where it builds nothing.

        Rows are added at the end of tables only, so that all others keep their numbers. A measure that builds differs
        from midnight on: its `begins` is 0.
        """
        return area

    def post(self, world: World, where: str) -> None:
        """Post the measure's commands; `where` is its place in the configuration, for messages."""

    def begins(self) -> int:
        """Millisecond from which the measure changes anything."""
        return 0


class Placed(Measure):
    """A measure that acts somewhere: `where`, a mapping with one entry, whose key is one of `kinds`."""

    kinds: ClassVar[tuple[str, ...]] = ("street", "district", "osm", "polygon")
    things: ClassVar[tuple[str, ...]] = ()  # what `kind:` may name
    where: dict[str, Any]

    @field_validator("where")
    @classmethod
    def _one_place(cls, where: dict[str, Any]) -> dict[str, Any]:
        one_place(where, cls.kinds, cls.things)
        return where


def one_place(where: dict[str, Any], kinds: tuple[str, ...], things: tuple[str, ...]) -> None:
    """ValueError where `where` is not one entry with a key of `kinds` and a value that fits it."""
    if len(where) != 1 or next(iter(where)) not in kinds:
        wrong = [key for key in where if key not in kinds and nearest(key, kinds)]
        close = "".join(f"; did you mean {nearest(key, kinds)}?" for key in wrong)
        raise ValueError(f"is {where}: one of {', '.join(f'{kind}:' for kind in kinds)}{close}")
    (kind, value), *_ = where.items()
    check = {"osm": _number, "polygon": _ring, "class": _classes}.get(kind, _text)
    check(value)
    if kind == "kind" and value not in things:
        raise ValueError(f"{value!r} is no kind of thing that the measure acts on: {', '.join(things)}")


def _classes(value: Any) -> None:
    names = value if isinstance(value, list) else [value]
    unknown = [str(n) for n in names if n not in ROAD_CLASSES]
    if unknown or not names:
        raise ValueError(f"{', '.join(unknown) or 'nothing'} is no class of road: {', '.join(ROAD_CLASSES)}")


def _text(value: Any) -> None:
    if not isinstance(value, str) or not value:
        raise ValueError(f'{value!r} is no name; write names and codes with quotes, as "0503"')


def _number(value: Any) -> None:
    if not str(value).isdigit():
        raise ValueError(f"{value!r} is no number of a way in OpenStreetMap")


def _ring(value: Any) -> None:
    import numpy as np

    try:
        ring = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        ring = np.zeros(0)
    if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < 3 or not np.isfinite(ring).all():
        raise ValueError("a polygon is three or more corners [x, y] in metres of the area's coordinate system")


class Timed(Measure):
    """A measure with a beginning and an end: `until` a time, or `for` a duration.

    lasts : whether it may be without both, and then lasts to the end of the run; and without `from`, from its beginning on
    """

    lasts: ClassVar[bool] = False
    start: Time = Field(alias="from")
    until: Time | None = None
    lasting: Duration | None = Field(None, alias="for")

    @model_validator(mode="before")
    @classmethod
    def _from_midnight(cls, given: Any) -> Any:
        return {"from": "00:00", **given} if cls.lasts and isinstance(given, dict) else given

    @model_validator(mode="after")
    def _one_end(self) -> Timed:
        if self.until is not None and self.lasting is not None:
            raise ValueError('needs either until or for, and has both: until: "19:00", or for: 2 h')
        if self.end is None and not self.lasts:
            raise ValueError('needs either until or for, and has neither: until: "19:00", or for: 2 h')
        if self.end is not None and self.end <= self.start:
            raise ValueError("does not end after it begins: write a later until, or for as a duration above zero")
        return self

    @property
    def end(self) -> int | None:
        """Its end in ms since the start; None: the end of the run."""
        return self.until if self.lasting is None else self.start + self.lasting

    def begins(self) -> int:
        """Its `from`."""
        return self.start
