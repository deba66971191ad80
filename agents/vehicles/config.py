"""What is assumed about vehicles, cyclists and walkers. Every default is an assumption unless a source stands by it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ElectricCar(BaseModel):
    """The electric car that stands for all: a Nissan Leaf of 2013, an assumption; one of the heavier half weighs more.

    mass, drag_area : kg; m2, drag coefficient times frontal area (Fiori, Ahn & Rakha 2016, Applied Energy 168)
    devices         : W, of lights, fans and electronics (the same)
    mild            : deg C at which neither cabin nor battery needs anything: 72 F, of AAA's cabins
    heating, cooling: W of the cabin per K below and above `mild`
    cold, hot       : share that the rest of the car uses more per K below and above it
    charging        : kWh in the battery per kWh from the plug (FASTSim, NREL, for the Leaf)

    What temperature does: AAA 2019, Electric Vehicle Range Testing, means of five cars. With the cabin as it is, range
    falls by 12 % at -6.7 C and by 4 % at 35 C; with 22 C in it, by 41 and 17 %. Of that at 44 km/h and 134 Wh/km, the
    means of its cycles (UDDS and HWFET, 55 and 45 % of the way, by the same law), the cabin takes 3.3 and 0.97 kW.
    Proportional to the difference of temperatures: assumption. Heat pumps, sun and warming up while plugged in: left out.
    """

    model_config = ConfigDict(extra="forbid")
    mass: float = Field(1521.0, gt=0.0)
    drag_area: float = Field(0.653, gt=0.0)
    devices: float = Field(700.0, ge=0.0)
    mild: float = Field(22.0, ge=10.0, le=30.0)
    heating: float = Field(115.0, ge=0.0)
    cooling: float = Field(75.0, ge=0.0)
    cold: float = Field(0.0047, ge=0.0)
    hot: float = Field(0.0032, ge=0.0)
    charging: float = Field(0.86, gt=0.0, le=1.0)


class VehiclesConfig(BaseModel):
    """Speeds, queues, electric cars and what is recorded.

    reroute_every : min; how often the live travel times become the router's weights
    informed      : share of drivers who then look again on their way. A larger share only adds drivers. 0: everybody
        keeps the way that was the best when he set out (assumption; shares of those who follow live advice differ widely)
    switch_gain, switch_least : share of what is left of the way, and s, that another one must be quicker by for them to
        change (the form is that of Mahmassani & Jayakrishnan 1991, Transportation Research A 25(5); the values: assumption)
    memory        : min; time constant of the mean that makes the live travel times
    stuck         : s after which a waiting vehicle is lifted out of a jam; 0 never. 300 s is the default of SUMO
    roundabout    : priority of a circulating link over an entry of the same capacity where both stand
    dark_rule     : what holds at a signal without power: all_way_stop (as California Vehicle Code, section 21800 (d) (1)), or
        priority, the signs at the junction (as in the Netherlands, Reglement verkeersregels en verkeerstekens 1990)
    signals       : actuated, the traffic decides how long each green is, as at nearly all Dutch signals (assumption); or
        fixed, the plan of the area. A sampled run has the plan's shares of green
    signal_gap, least_green : s; a green ends when nobody comes for so long, and lasts at least so long (HCM 2010, ch. 18:
        2-4 s, and 6 s for sight and start)
    longest_green : as a multiple of the plan's green (assumption)
    signal_step   : s between two decisions
    backward_wave : m/s; jam_density: veh/m per lane (Newell 1993; Treiber & Kesting 2013, ch. 8)
    bicycle_speed, walk_speed : km/h. 15 km/h: mean of Dutch cyclists; 4.8 km/h: free walking speed, 1.34 m/s
        (Weidmann 1993, Transporttechnik der Fussgaenger)
    farthest_walk : km that are walked at most between a parked car and a door where cars may not go
    parking_reach : km that are driven on at most to a free place, where the goal's node has none
    beyond_speed  : km/h of cars on the road beyond a gateway, the streets at its far end included
    electric_share: share of drivers whose car is electric. A larger share only adds electric cars
    electric_car  : what an electric car uses by its mean speed and the temperature (agents.vehicles.consumption)
    slow_ratio, clear_ratio : a junction is slow when the time over its approaches exceeds this multiple of what it was
        before its signals went dark, and clear again below the other
    series_every, snapshot_every : min; 0 never
    """

    model_config = ConfigDict(extra="forbid")
    reroute_every: float = Field(5.0, gt=0.0)
    informed: float = Field(0.0, ge=0.0, le=1.0)
    switch_gain: float = Field(0.05, ge=0.0, le=1.0)
    switch_least: float = Field(60.0, ge=0.0)
    memory: float = Field(4.0, ge=0.0)
    stuck: float = Field(300.0, ge=0.0)
    roundabout: float = Field(5.0, gt=0.0)
    dark_rule: Literal["all_way_stop", "priority"] = "all_way_stop"
    signals: Literal["actuated", "fixed"] = "actuated"
    signal_gap: float = Field(3.0, gt=0.0, le=20.0)
    least_green: float = Field(6.0, gt=0.0, le=60.0)
    longest_green: float = Field(1.5, ge=1.0, le=10.0)
    signal_step: int = Field(1, ge=1, le=10)
    backward_wave: float = Field(5.0, gt=0.0)
    jam_density: float = Field(0.15, gt=0.0, le=0.5)
    bicycle_speed: float = Field(15.0, gt=0.0)
    walk_speed: float = Field(4.8, gt=0.0)
    farthest_walk: float = Field(2.0, ge=0.0)
    parking_reach: float = Field(0.6, ge=0.0)
    beyond_speed: float = Field(60.0, gt=0.0)
    electric_share: float = Field(0.1, ge=0.0, le=1.0)
    electric_car: ElectricCar = Field(default_factory=ElectricCar)
    slow_ratio: float = Field(1.5, gt=1.0)
    clear_ratio: float = Field(1.2, gt=1.0)
    series_every: float = Field(15.0, ge=0.0)
    snapshot_every: float = Field(5.0, ge=0.0)
