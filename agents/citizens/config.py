"""What is assumed about the citizens' days, as configuration. Every default is an assumption unless a source stands by it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

HOUR = 3600.0


class Habit(BaseModel):
    """The day of one occupation. Chances per workday; times in hours.

    to_main : chance of going to work or school; leave, leave_sd, stay, stay_sd : h
    errand  : chance of a shop on the way home; outing, outing_again : chance of a first and second tour on a day at home
    evening : chance of an evening tour
    """

    model_config = ConfigDict(extra="forbid")
    to_main: float = Field(0.0, ge=0.0, le=1.0)
    leave: float = Field(8.0, ge=0.0, le=24.0)
    leave_sd: float = Field(0.7, ge=0.0, le=6.0)
    stay: float = Field(8.0, ge=0.0, le=24.0)
    stay_sd: float = Field(1.0, ge=0.0, le=6.0)
    errand: float = Field(0.0, ge=0.0, le=1.0)
    outing: float = Field(0.0, ge=0.0, le=1.0)
    outing_again: float = Field(0.0, ge=0.0, le=1.0)
    evening: float = Field(0.0, ge=0.0, le=1.0)

    def row(self) -> list[float]:
        """As a row of the habits table of the kernels, in seconds."""
        return [
            self.to_main,
            self.leave * HOUR,
            self.leave_sd * HOUR,
            self.stay * HOUR,
            self.stay_sd * HOUR,
            self.errand,
            self.outing,
            self.outing_again,
            self.evening,
        ]


class DayType(BaseModel):
    """A type of day: factors on the chances of a workday, each at most 1 in the end."""

    model_config = ConfigDict(extra="forbid")
    main: float = Field(1.0, ge=0.0, le=2.0, description="of going to work or school")
    outing: float = Field(1.0, ge=0.0, le=2.0, description="of tours by day, and of a shop on the way home")
    evening: float = Field(1.0, ge=0.0, le=2.0, description="of an evening tour")


class ModeTaste(BaseModel):
    """Utility of one mode: constant + per_minute x (travel time + overhead). speeds in km/h, distances in km."""

    model_config = ConfigDict(extra="forbid")
    constant: float = 0.0
    per_minute: float = Field(-0.06, le=0.0)
    overhead: float = Field(0.0, ge=0.0, description="min at the ends: to walk, park or wait")
    speed: float = Field(15.0, gt=0.0, description="km/h, door to door; a driver takes the live time instead")
    beyond_speed: float | None = Field(None, gt=0.0, description="km/h beyond a gateway; as `speed` if absent")
    shortest: float = Field(0.0, ge=0.0)
    longest: float = Field(1000.0, gt=0.0)


class Nest(BaseModel):
    """Modes that are more alike than others. scale: 1 is not alike at all, towards 0 the better takes all."""

    model_config = ConfigDict(extra="forbid")
    modes: list[str] = Field(min_length=1)
    scale: float = Field(gt=0.0, le=1.0)


def _habits() -> dict[str, Habit]:
    # assumption; set so that trips per person and day come to the published 3.08 (CBS, 2002/03)
    return {
        "child": Habit(outing=0.72, outing_again=0.40, evening=0.08),
        "pupil": Habit(
            to_main=0.93,
            leave=8.15,
            leave_sd=0.13,
            stay=6.6,
            stay_sd=0.75,
            errand=0.08,
            outing=0.7,
            outing_again=0.45,
            evening=0.38,
        ),
        "student": Habit(
            to_main=0.70,
            leave=8.8,
            leave_sd=1.0,
            stay=6.0,
            stay_sd=1.8,
            errand=0.25,
            outing=0.8,
            outing_again=0.45,
            evening=0.42,
        ),
        "worker": Habit(
            to_main=0.74,
            leave=7.85,
            leave_sd=0.8,
            stay=8.8,
            stay_sd=1.1,
            errand=0.22,
            outing=0.88,
            outing_again=0.60,
            evening=0.36,
        ),
        "home": Habit(outing=0.88, outing_again=0.60, evening=0.25),
        "retired": Habit(outing=0.86, outing_again=0.48, evening=0.16),
        "through": Habit(),
        "goods": Habit(to_main=1.0, leave=10.5, leave_sd=2.6, stay=0.5, stay_sd=0.2),
    }


def _tastes() -> dict[str, ModeTaste]:
    # assumption; constants set so that shares come near the published ones (CBS 2002/03: driver .32, passenger .16,
    # bicycle .26, walk .19, public transport .05 of 3.08 trips)
    return {
        "car": ModeTaste(constant=0.15, per_minute=-0.06, overhead=4.0),
        "passenger": ModeTaste(constant=-2.15, per_minute=-0.06, overhead=4.0, speed=30.0, beyond_speed=60.0),
        "transit": ModeTaste(
            constant=-2.3, per_minute=-0.05, overhead=14.0, speed=22.0, beyond_speed=40.0, shortest=1.5
        ),
        "bicycle": ModeTaste(constant=-0.4, per_minute=-0.08, overhead=2.0, speed=16.0, longest=15.0),
        "walk": ModeTaste(constant=-0.45, per_minute=-0.09, overhead=0.0, speed=5.0, longest=5.0),
    }


def _days() -> dict[str, DayType]:
    # assumption, after the Dutch pattern: as many trips on Saturdays as on workdays, a quarter fewer on Sundays
    return {
        "workday": DayType(),
        "saturday": DayType(main=0.17, outing=1.0, evening=1.15),
        "sunday": DayType(main=0.13, outing=0.78, evening=0.8),
    }


class CitizensConfig(BaseModel):
    """The citizens' habits and tastes.

    days          : factors on the habits by type of day: workday, saturday, sunday
    visit_range   : km; the chance of visiting a shop falls as exp(-distance / visit_range)
    visit_outside : share of visits made beyond the gateways by residents of a large place; that of a place of R residents
                    is visit_outside + visit_village x 5000 / (5000 + R): villagers shop elsewhere
    visit_far     : km; the chance of a gateway falls as exp(-road beyond it / visit_far)
    nests         : modes that are alike, by any name: {motor: {modes: [car, passenger], scale: 0.8}}. A mode in none has one
                    of its own, so without nests the choice is a multinomial logit: the tastes were set by one, and no
                    source at hand gives scales for these modes in the Netherlands
    lift          : utility added for a passenger whose household has no car for him
    dwell         : min; shortest stay at a stop, however late one came
    beyond_speed  : km/h on the road beyond a gateway
    through_by_hour : weights of through traffic by the hour
    """

    model_config = ConfigDict(extra="forbid")
    habits: dict[str, Habit] = Field(default_factory=_habits)
    tastes: dict[str, ModeTaste] = Field(default_factory=_tastes)
    nests: dict[str, Nest] = Field(default_factory=dict)
    days: dict[str, DayType] = Field(default_factory=_days)
    visit_range: float = Field(1.6, gt=0.0)
    # assumption; set so that the mean trip comes to the published 10.35 km (CBS 2002/03: 31.87 km in 3.08 trips)
    visit_outside: float = Field(0.16, ge=0.0, le=1.0)
    visit_village: float = Field(0.45, ge=0.0, le=1.0)
    visit_far: float = Field(12.0, gt=0.0)
    lift: float = Field(-1.0, le=0.0)  # assumption
    dwell: float = Field(5.0, ge=1.0)
    # assumption: motorways and the streets at the far end; set so that travel comes to the published 59.64 min a day (CBS
    # 2002/03), as the overhead of cars and bicycles is
    beyond_speed: float = Field(60.0, gt=0.0)
    through_by_hour: list[float] = Field(
        # assumption, after the double peak of Dutch main roads
        default=[
            0.6,
            0.4,
            0.3,
            0.4,
            0.8,
            2.0,
            4.6,
            7.2,
            7.4,
            5.8,
            5.0,
            5.0,
            5.2,
            5.4,
            5.6,
            6.2,
            7.4,
            7.8,
            6.0,
            4.6,
            3.6,
            3.0,
            2.4,
            1.3,
        ],
        min_length=24,
        max_length=24,
    )

    @field_validator("habits", "tastes", "days", mode="before")
    @classmethod
    def _over_defaults(cls, given: Any, info: ValidationInfo) -> Any:
        """What is given changes that much of the defaults; there are no others than these names."""
        factory: Any = cls.model_fields[str(info.field_name)].default_factory
        defaults = {name: model.model_dump() for name, model in factory().items()}
        if not isinstance(given, dict):
            return given
        if unknown := [str(name) for name in given if name not in defaults]:
            raise ValueError(f"{', '.join(unknown)} is none of {', '.join(defaults)}")
        merged = {
            name: {**old, **new} for name, old in defaults.items() if isinstance(new := given.get(name, {}), dict)
        }
        return {**given, **merged}

    @field_validator("nests")
    @classmethod
    def _each_mode_once(cls, nests: dict[str, Nest]) -> dict[str, Nest]:
        """Every mode stands in one nest at most."""
        modes, seen, faults = list(_tastes()), {}, []
        for name, nest in nests.items():
            for mode in nest.modes:
                if mode not in modes:
                    faults.append(f"{name}: {mode} is none of {', '.join(modes)}")
                elif mode in seen:
                    faults.append(f"{name}: {mode} stands in the nest {seen[mode]} already; leave it in one")
                seen.setdefault(mode, name)
        if faults:
            raise ValueError("; ".join(faults))
        return nests
