"""Measure: what every what-if has. Add one as a pydantic model with a docstring, and name it in the registry."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from twin.errors import Fault, InputError
from twin.units import duration, share, time_of_day
from twin.world import World

Time = Annotated[int, BeforeValidator(time_of_day)]
Duration = Annotated[int, BeforeValidator(duration)]
Share = Annotated[float, BeforeValidator(share)]


class Measure(BaseModel):
    """A change of the world. `settings` changes a domain's configuration; `post` puts commands on the clock."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    def settings(self, domain: str) -> dict[str, Any]:
        """Settings of `domain` that the measure overrides."""
        return {}

    def post(self, world: World, where: str) -> None:
        """Post the measure's commands; `where` is its place in the configuration, for messages."""

    def begins(self) -> int:
        """Millisecond from which the measure changes anything."""
        return 0


class Timed(Measure):
    """A measure with a beginning and an end: `until` a time, or `for` a duration."""

    start: Time = Field(alias="from")
    until: Time | None = None
    lasting: Duration | None = Field(None, alias="for")

    def begins(self) -> int:
        """Its `from`."""
        return self.start

    def end(self, where: str) -> int:
        """Its end in ms. Raises InputError where there is none, two, or one before the beginning."""
        if (self.until is None) == (self.lasting is None):
            raise InputError(Fault(where, "needs either until or for", 'until: "19:00", or for: 2 h'))
        end = self.until if self.until is not None else self.start + (self.lasting or 0)
        if end <= self.start:
            raise InputError(Fault(f"{where}.until", "is not after from", "a later time"))
        return end
