"""What is assumed about vehicles, cyclists and walkers. Every default is an assumption unless a source stands by it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class VehiclesConfig(BaseModel):
    """Speeds, queues, electric cars and what is recorded.

    reroute_every : min; how often the live travel times become the router's weights
    memory        : min; time constant of the mean that makes the live travel times
    stuck         : s after which a waiting vehicle is lifted out of a jam; 0 never. 300 s is the default of SUMO
    roundabout    : priority of a circulating link over an entry of the same capacity
    backward_wave : m/s; jam_density: veh/m per lane (Newell 1993; Treiber & Kesting 2013, ch. 8)
    bicycle_speed, walk_speed : km/h. 15 km/h: mean of Dutch cyclists; 4.8 km/h: free walking speed, 1.34 m/s
        (Weidmann 1993, Transporttechnik der Fussgaenger)
    beyond_speed  : km/h of cars on the road beyond a gateway, the streets at its far end included
    electric_share: share of drivers whose car is electric. A larger share only adds electric cars
    kwh_per_km    : kWh/km of an electric car on roads up to 50 km/h, up to 80 km/h and above
    slow_ratio, clear_ratio : a junction is slow when the time over its approaches exceeds this multiple of what it was
        before its signals went dark, and clear again below the other
    series_every, snapshot_every : min; 0 never
    """

    model_config = ConfigDict(extra="forbid")
    reroute_every: float = Field(5.0, gt=0.0)
    memory: float = Field(4.0, ge=0.0)
    stuck: float = Field(300.0, ge=0.0)
    roundabout: float = Field(5.0, gt=0.0)
    backward_wave: float = Field(5.0, gt=0.0)
    jam_density: float = Field(0.15, gt=0.0, le=0.5)
    bicycle_speed: float = Field(15.0, gt=0.0)
    walk_speed: float = Field(4.8, gt=0.0)
    beyond_speed: float = Field(60.0, gt=0.0)
    electric_share: float = Field(0.1, ge=0.0, le=1.0)
    # assumption, after mean test figures of cars of 2020-24: 0.14-0.16 in towns, 0.20-0.22 at 110-120 km/h
    kwh_per_km: tuple[float, float, float] = (0.15, 0.16, 0.21)
    slow_ratio: float = Field(1.5, gt=1.0)
    clear_ratio: float = Field(1.2, gt=1.0)
    series_every: float = Field(15.0, ge=0.0)
    snapshot_every: float = Field(5.0, ge=0.0)
