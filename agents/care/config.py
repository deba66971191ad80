"""What is assumed about illness, crews, hospitals and devices at home. Every default names its source or "assumption"."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class MutualAid(BaseModel):
    """Units of neighbouring regions that come in by a gateway, to urgent calls that no own unit reaches in time.

    units     : at each gateway; 0: neighbours do not help
    in_all    : at all gateways together; the nearest neighbours help
    available : chance that a unit is free when it is asked, and that its own region can spare it
    farthest  : km of road from a gateway to the neighbour's post, at most; less where less road lies beyond it
    """

    model_config = ConfigDict(extra="forbid")
    units: int = Field(1, ge=0, le=100)  # assumption
    in_all: int = Field(4, ge=0)  # assumption
    available: float = Field(0.5, ge=0.0, le=1.0)  # assumption
    farthest: float = Field(8.0, ge=0.0)  # 226 posts (2023) on 33,500 km2: 0.5 sqrt(33,500 / 226) km, times 1.3 by road


class BlueLight(BaseModel):
    """How ambulances drive, speeds in km/h.

    limit_over : at most so much above the limit: Brancherichtlijn OGS ambulancezorg, vehicles of up to 5 t
    faster     : times the limit where that is less: JEMSS, Utrecht region, "lights and sirens" over "regular"
    calm       : streets of this limit and below are driven at the limit: on those of 30 km/h ambulances on urgent missions
                 stayed below it, on all others above (Pappinen & Nordquist 2022, Nursing Reports 12(1), 50-58; Finland)
    red        : speed through a red light: the same guideline
    braking    : m/s2 with which it slows down to that and speeds up again
    past_queue : how much faster than a queue it goes past it, where there is room: two lanes, or those of the other way
    """

    model_config = ConfigDict(extra="forbid")
    limit_over: float = Field(40.0, ge=0.0, le=100.0)
    faster: float = Field(1.10, ge=1.0, le=2.0)
    calm: float = Field(30.0, ge=0.0)
    red: float = Field(20.0, gt=0.0)
    braking: float = Field(2.0, gt=0.0)  # assumption
    past_queue: float = Field(20.0, ge=0.0)  # assumption


class CareConfig(BaseModel):
    """Rates per million residents and day, times in minutes unless said.

    urgent_calls, other_calls : calls that need an ambulance at once (A1) or soon (A2)
    advice_calls   : 112 calls that end with advice
    residents_per_ambulance : whom one ambulance serves; where fewer live in the area, the rest call from outside it;
                     0: nobody calls from outside
    walk_ins       : patients who come to the emergency department by themselves
    calls_by_hour  : weights of the hours of the day
    age_weight     : relative rate from the ages 0, 15, 45, 65 and 80 on
    health_weight  : factor for well, chronic, frail, needs daily care
    """

    model_config = ConfigDict(extra="forbid")
    # JEMSS, Utrecht region: 101.3 urgent and 49.9 other calls a day; 1.3 million residents
    urgent_calls: float = Field(78.0, ge=0.0)
    other_calls: float = Field(38.0, ge=0.0)
    advice_calls: float = Field(30.0, ge=0.0)  # assumption
    residents_per_ambulance: float = Field(
        28_000.0, ge=0.0
    )  # RIVM reference frame: 608 by weekday daytime for 17 million
    beyond: float = Field(8.0, ge=0.0)  # assumption: min under blue light from a gateway to a caller outside
    outside_hospital: float = Field(20.0, ge=0.0)  # assumption: min from there to one outside, where the area has none
    beyond_speed: float = Field(
        75.0, gt=0.0
    )  # km/h of cars beyond a gateway; an ambulance drives there by its own rule
    mutual_aid: MutualAid = Field(default_factory=MutualAid)
    walk_ins: float = Field(
        220.0, ge=0.0
    )  # assumption: about 2 million visits a year in the Netherlands, a quarter by ambulance
    calls_by_hour: list[float] = Field(  # assumption: low at night, high from late morning to evening
        default=[
            2.6,
            2.2,
            2.0,
            1.8,
            1.8,
            2.0,
            2.6,
            3.4,
            4.4,
            5.2,
            5.6,
            5.6,
            5.4,
            5.2,
            5.2,
            5.2,
            5.2,
            5.3,
            5.3,
            5.1,
            4.8,
            4.4,
            3.8,
            3.2,
        ],
        min_length=24,
        max_length=24,
    )
    age_weight: list[float] = Field(default=[0.4, 0.6, 1.0, 2.0, 4.5], min_length=5, max_length=5)  # assumption
    health_weight: list[float] = Field(default=[1.0, 1.5, 2.5, 4.0], min_length=4, max_length=4)  # assumption

    intake: float = Field(50.0 / 60.0, gt=0.0)  # JEMSS, Auckland: dispatch after 50 s
    chute: float = Field(1.0, ge=0.0)  # assumption: the crew is in the vehicle within a minute
    on_scene: float = Field(12.0, gt=0.0)  # JEMSS, Auckland: exponential of mean 12
    shortest_on_scene: float = Field(4.0, ge=0.0)  # assumption
    transport: float = Field(0.8, ge=0.0, le=1.0)  # JEMSS, Auckland: share of patients taken to hospital
    handover: float = Field(12.0, gt=0.0)  # JEMSS, Auckland: exponential of mean 12
    norm: float = Field(15.0, gt=0.0)  # Dutch norm: 95 % of the A1 calls reached within 15 min
    blue_light: BlueLight = Field(default_factory=BlueLight)

    bays_per_bed: float = Field(0.06, gt=0.0)  # assumption: bays of the emergency department per hospital bed
    least_bays: int = Field(8, ge=1)  # assumption: bays of the smallest emergency department
    treatment: float = Field(110.0, gt=0.0)  # assumption: mean minutes in a bay, exponential
    admitted: float = Field(0.33, ge=0.0, le=1.0)  # assumption: share of emergency patients who need a bed
    stay: float = Field(5.0, gt=0.0)  # days, mean, exponential; assumption near the Dutch mean
    occupied: float = Field(0.75, ge=0.0, le=1.0)  # assumption: share of beds in use at the start

    oxygen: float = Field(0.0010, ge=0.0, le=1.0)  # assumption: residents on oxygen at home, mostly 65+
    alarm: float = Field(0.08, ge=0.0, le=1.0)  # assumption: share of those of 75 and over with a personal alarm
    oxygen_battery: tuple[float, float] = (45.0, 240.0)  # assumption: min, uniform; battery or spare cylinder
    alarm_battery: tuple[float, float] = (60.0, 360.0)  # assumption: min, uniform
    oxygen_call: float = Field(0.5, ge=0.0, le=1.0)  # assumption: chance of a 112 call when oxygen runs out
    probe: float = Field(5.0, gt=0.0)  # min between two looks at the reach
