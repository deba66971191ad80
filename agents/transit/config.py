"""What is assumed about public transport. Every default is an assumption unless a source stands by it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class TransitConfig(BaseModel):
    """Vehicles of the timetable.

    dwell        : s that a bus in traffic stands at a stop at least; other vehicles stand as long as the timetable has them,
        and no longer than this when they are late. At least 10 s, the step in which buses join the traffic
    traffic      : whether buses drive in the traffic of the streets; else they keep to the timetable
    series_every : min; 0 never
    """

    model_config = ConfigDict(extra="forbid")
    dwell: float = Field(15.0, ge=10.0, le=600.0)
    traffic: bool = True
    series_every: float = Field(15.0, ge=0.0)
