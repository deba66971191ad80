"""Each indicator: what it is called, what it means, its source, and which way is better."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from twin.domain import Indicator


@dataclass(frozen=True)
class Definition:
    """How an indicator is called and read. better : "lower", "higher" or ""; norm : a published target, or None."""

    label: str
    meaning: str
    better: str = ""
    norm: float | None = None
    published: str = ""


DEFINITIONS = {
    "temperature_max": Definition("Highest temperature", "warmest quarter of an hour"),
    "weather_observed": Definition(
        "Weather observed", "share of the time; the rest is drawn around the month's climate"
    ),
    "trips_per_person": Definition(
        "Trips per person and day", "trips begun by residents", published="3.08 (CBS, 2002/03)"
    ),
    "travel_time_per_person": Definition(
        "Travel time per person and day", "door to door, residents", "lower", published="59.6 min (CBS, 2002/03)"
    ),
    "distance_per_person": Definition(
        "Distance per person and day", "of residents, beyond the gateways included", published="31.87 km (CBS, 2002/03)"
    ),
    "trip_length_mean": Definition(
        "Mean length of a trip", "of residents", published="10.35 km (CBS, 2002/03); 11.76 km (2023)"
    ),
    "mode_share": Definition(
        "Share of trips",
        "of residents, by main mode",
        published="driver 32, passenger 16, bicycle 26, walk 19, public transport 5 % (CBS, 2002/03)",
    ),
    "car_trips_by_kind": Definition("Car trips by who drives", "trips begun; all but residents come from outside"),
    "travel_time_mean": Definition(
        "Mean travel time of a trip",
        "door to door, residents",
        "lower",
        published="19.4 min (CBS, 2002/03); 27.05 (2023)",
    ),
    "trips_given_up": Definition(
        "Trips without a way", "the network had no way; the person took public transport instead", "lower"
    ),
    "vehicle_delay": Definition("Lost vehicle hours", "time on the road inside the area beyond free flow", "lower"),
    "vehicle_km": Definition("Distance driven", "by cars inside the area"),
    "electric_energy": Definition(
        "Electricity of cars",
        "what electric cars used, from the plug, by their mean speed and the temperature",
        "lower",
    ),
    "electric_kwh_per_km": Definition(
        "Electricity of cars per kilometre",
        "beyond the gateways included",
        "lower",
        published="0.14-0.21 kWh/km from the plug in the WLTP's mild tests",
    ),
    "exhaust_co2": Definition(
        "CO2 from exhausts", "of cars inside the area, by their mean speed on each link", "lower"
    ),
    "exhaust_nox": Definition(
        "NOx from exhausts", "of cars inside the area, by their mean speed on each link", "lower"
    ),
    "exhaust_pm": Definition(
        "Particles from exhausts", "of cars inside the area, by their mean speed; tyres and brakes apart", "lower"
    ),
    "car_travel_time": Definition(
        "Mean travel time of a car trip", "of those that arrived by car, beyond gateways included", "lower"
    ),
    "car_trips": Definition("Car trips", "that arrived, everybody's"),
    "parking_full": Definition(
        "Arrivals without a place at the goal",
        "cars that found no free place at the junction of their goal, of those that looked for one",
        "lower",
    ),
    "parking_search": Definition(
        "Mean time to park elsewhere",
        "of those that found no place at their goal: the drive to the nearest free one, kept for them, and the walk back",
        "lower",
    ),
    "parked_without_place": Definition(
        "Cars parked without a place", "none was free within reach of the goal (0.6 km by road)", "lower"
    ),
    "cars_out_of_reach": Definition(
        "Cars too far from their drivers",
        "the driver had been carried by other means; the car was taken from where he was",
        "lower",
    ),
    "parking_fullest": Definition(
        "Highest use of parking places", "cars per place, fullest quarter of an hour", "lower"
    ),
    "bicycle_trips": Definition("Bicycle trips", "that arrived, everybody's"),
    "walk_trips": Definition("Trips on foot", "that arrived, everybody's"),
    "trips_routed": Definition("Trips for which a way was found", "by car, bicycle and on foot", "higher"),
    "trips_unrouted": Definition("Trips without a way on the streets", "by car, bicycle and on foot", "lower"),
    "transit_trips": Definition(
        "Trips by public transport", "that arrived by the timetable, everybody's; those on foot included"
    ),
    "transit_unserved": Definition(
        "Trips that the timetable cannot serve",
        "too far to walk, and no way by it that is faster; carried at a stated speed instead",
        "lower",
    ),
    "transit_walked": Definition(
        "Trips of public transport's users on foot", "no way by the timetable was faster, most often on a short leg"
    ),
    "transit_wait_mean": Definition(
        "Mean wait at a stop", "from reaching the stop to leaving it, per boarding", "lower"
    ),
    "transit_delay_mean": Definition(
        "Mean lateness of public transport", "at its stops, against the timetable; early counts as 0", "lower"
    ),
    "missed_connections": Definition("Missed connections", "the vehicle had left when the passenger came", "lower"),
    "left_behind": Definition("Passengers left behind", "the vehicle was full", "lower"),
    "transit_load_peak": Definition("Highest load of a vehicle", "passengers on board, of its places", "lower"),
    "gridlock_releases": Definition("Cars lifted out of a jam", "after waiting for the stated stuck time", "lower"),
    "rerouted": Definition(
        "Cars turned onto another way",
        "already on the road when a street on theirs closed; later ones choose theirs anew",
    ),
    "changed_way": Definition(
        "Informed drivers on another way",
        "times that one changed it on the road for a quicker one (domain.vehicles.informed)",
    ),
    "held_up_by_closure": Definition("Cars held up by a closure", "no other way led to their goal", "lower"),
    "outage_customer_hours": Definition("Customer hours without power", "customers x hours", "lower"),
    "energy_not_supplied": Definition("Energy not supplied", "load of customers without power", "lower"),
    "peak_load": Definition(
        "Highest load", "drawn from the grid above, losses included and solar power subtracted", "lower"
    ),
    "transformer_hours_over": Definition("Transformer hours above rating", "hours x transformers above 100 %", "lower"),
    "voltage_lowest": Definition("Lowest voltage", "of all energised grid nodes, of rated", "higher"),
    "ev_energy": Definition("Energy charged by cars", "from the grid"),
    "pv_energy": Definition("Solar energy", "of the roofs", "higher"),
    "energy_used": Definition("Energy used", "by buildings and signals; cars are counted apart"),
    "grid_losses": Definition("Losses of the grid", "in transformers and cables"),
    "power_flows_unsolved": Definition(
        "Power flows without a solution", "steps at which the loads cannot be served", "lower"
    ),
    "ambulance_reach_15min": Definition(
        "Reach of ambulances",
        "residents whom the nearest free unit would reach within 15 min now, mean of probes",
        "higher",
    ),
    "ambulance_reach_least": Definition("Lowest reach of ambulances", "smallest of all probes", "higher"),
    "response_mean": Definition("Mean response time", "from call to arrival", "lower"),
    "late_share": Definition(
        "A1 calls later than 15 min", "share of real calls", "lower", 5.0, "7.6 % (2018); norm 5 %"
    ),
    "calls": Definition("112 calls", "by outcome"),
    "mutual_aid": Definition("Calls that neighbours serve", "residents' urgent calls, by a unit of another region"),
    "calls_oxygen": Definition("Calls because oxygen ran out", "after a battery was empty", "lower"),
    "device_minutes_unpowered": Definition(
        "Device minutes without power", "oxygen and alarms at home, battery empty", "lower"
    ),
    "emergency_wait_mean": Definition("Mean wait for a bay", "emergency department, all patients", "lower"),
}


def described(indicator: Indicator) -> dict[str, Any]:
    """An indicator as a row of indicators.json: the domain's number with the label and direction of its definition."""
    row = asdict(indicator)
    del row["summed"]
    definition = DEFINITIONS.get(indicator.indicator)
    if definition:
        row["label"] = row["label"] or definition.label
        row["better"] = row["better"] or definition.better
        row["norm"] = definition.norm if row["norm"] is None else row["norm"]
    row["label"] = row["label"] or indicator.indicator.replace("_", " ")
    return row
