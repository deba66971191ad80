"""The resolved configuration, validated: pydantic models of `run` and `scenario`."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from twin.clock import day
from twin.units import duration


class RunConfig(BaseModel):
    """How long, from when and with which luck; durations as texts with a unit."""

    model_config = ConfigDict(extra="forbid")
    seed: int = Field(1, ge=0, lt=2**63)
    start: str = "2025-03-11"
    time_zone: str = "Europe/Amsterdam"
    days: float = Field(1.0, gt=0.0, le=366.0)
    warm_up: str = "0 h"
    window: str = "1 min"
    threads: int = Field(1, ge=1)
    cut: list[str] = Field(default_factory=list)
    folder: str = Field("runs", min_length=1)
    learning: int = Field(0, ge=0, le=100)
    learned: str = Field("", pattern=r"^([0-9a-f]{32})?$")
    record: Literal["full", "indicators"] = "full"
    alternative: str = ""
    least_residents: int = Field(10, ge=1)
    purpose: str = ""
    owner: str = ""
    keep_until: str = ""

    @field_validator("start", mode="before")
    @classmethod
    def _date(cls, value: str) -> str:
        try:
            if not 1900 <= date.fromisoformat(str(value)).year <= 2200:
                raise ValueError
        except ValueError:
            raise ValueError(f'{value!r} is no date from 1900 to 2200; write it as "2025-03-11"') from None
        return value

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value!r} is no time zone, as Europe/Amsterdam")
        ZoneInfo(value)
        return value

    @field_validator("warm_up", "window", mode="before")
    @classmethod
    def _duration(cls, value: str) -> str:
        duration(value)
        return value

    @field_validator("window")
    @classmethod
    def _whole_minutes(cls, value: str) -> str:
        if not 0 < duration(value) <= 60_000 or 60_000 % duration(value):
            raise ValueError(f"{value!r} is no whole part of a minute; write 10 s, 30 s or 1 min")
        return value

    @field_validator("learning")
    @classmethod
    def _days(cls, value: int) -> int:
        if value == 1:
            raise ValueError("is 1; 0 for none, or 2 or more: one day to see, and another to act on it")
        return value

    @model_validator(mode="after")
    def _long_enough(self) -> RunConfig:
        if self.days * day < duration(self.window):
            raise ValueError(f"{self.days:g} days are less than one window of {self.window}; raise run.days")
        if duration(self.warm_up) >= self.days * day:
            raise ValueError(
                f"a warm_up of {self.warm_up} leaves nothing of {self.days:g} days; raise run.days or lower run.warm_up"
            )
        return self


class ScenarioConfig(BaseModel):
    """A question, its measures, and what to watch."""

    model_config = ConfigDict(extra="forbid")
    title: str | dict[str, str] = ""
    question: str = ""
    area: str | None = None
    base: str | None = None
    measures: dict[str, dict[str, Any]] = Field(default_factory=dict)
    alternatives: dict[str, dict[str, dict[str, Any]]] = Field(default_factory=dict)
    watch: list[str] = Field(default_factory=list)

    @property
    def name(self) -> str:
        """The English title, or whatever there is."""
        return (
            self.title if isinstance(self.title, str) else self.title.get("en") or next(iter(self.title.values()), "")
        )
