"""The day in curves: people, traffic, electricity, care and weather, each where the run recorded it."""

from __future__ import annotations

import numpy as np

from scenarios.report.charts import Array, Line, lines, stacked
from scenarios.report.material import Material

MODES = (
    ("car", "driving a car"),
    ("passenger", "passenger"),
    ("transit", "public transport"),
    ("bicycle", "bicycle"),
    ("walk", "on foot"),
)


def figures(material: Material) -> list[str]:
    """Every figure for which there are data."""
    drawn = [draw(material) for draw in FIGURES]
    return [figure for figure in drawn if figure]


def _trips(m: Material) -> str:
    data = m.series("citizens")
    curves = [Line(label, data["time"], data[mode], k + 1) for k, (mode, label) in enumerate(MODES) if mode in data]
    return stacked("trips", "Trips begun per quarter of an hour, by mode", "trips", curves, m.until, m.bands)


def _people(m: Material) -> str:
    data = m.series("citizens")
    curves = [
        Line(label, data["time"], data[name], colour)
        for name, label, colour in (("away", "residents not at home", 2), ("under_way", "people under way", 1))
        if name in data
    ]
    return lines("people", "People away from home and under way", "persons", curves, m.until, m.bands)


def by_time(data: dict[str, Array], weights: dict[str, Array]) -> tuple[Array, dict[str, Array]]:
    """Sums of `weights` (arrays of shape (rows,)) over the rows of each time of a series."""
    times, at = np.unique(data["time"], return_inverse=True)
    return times, {name: np.bincount(at, weight, len(times)) for name, weight in weights.items()}


def _streets(m: Material) -> str:
    data = m.series("link")
    if not {"flow", "speed"} <= data.keys():
        return ""
    moving = data["speed"] > 0.0
    data = {name: column[moving] for name, column in data.items()}
    length, free = (m.area.links[name][data["id"]] for name in ("length", "speed"))
    times, sums = by_time(
        data,
        {
            "metres": data["flow"] * length,
            "seconds": data["flow"] * length / data["speed"],
            "free": data["flow"] * length / free,
        },
    )
    busy = sums["seconds"] > 0
    metres = sums["metres"][busy]
    curves = [
        Line("mean speed of cars", times[busy], 3.6 * metres / sums["seconds"][busy], 1),
        Line("the same at free flow", times[busy], 3.6 * metres / sums["free"][busy], 5, dashed=True),
    ]
    return lines(
        "speed",
        "Mean speed on the streets of the area",
        "km/h",
        curves,
        m.until,
        m.bands,
        "Weighted with the distance driven; waiting at junctions included.",
    )


def _cars(m: Material) -> str:
    data = m.series("vehicles")
    curves = [
        Line(label, data["time"], data[name], colour)
        for name, label, colour in (("on_road", "cars on the road", 1), ("waiting", "cars waiting to enter", 4))
        if name in data
    ]
    return lines("cars", "Cars on the road", "veh", curves, m.until, m.bands)


def _lost(m: Material) -> str:
    data = m.series("link")
    if "delay" not in data:
        return ""
    times, sums = by_time(data, {"delay": data["delay"]})
    return lines(
        "delay",
        "Time that cars lost, per quarter of an hour",
        "vehicle min",
        [Line("beyond free flow", times, sums["delay"] / 60.0, 2)],
        m.until,
        m.bands,
    )


def _load(m: Material) -> str:
    data = m.series("grid")
    curves = [
        Line(label, data["time"], data[name] / 1e3, colour, dashed=dashed)
        for name, label, colour, dashed in (
            ("load", "buildings and signals", 1, False),
            ("ev", "charging of electric cars", 4, False),
            ("pv", "solar power", 3, False),
            ("source", "from the grid above", 5, True),
        )
        if name in data
    ]
    return lines("load", "Electricity: mean load between two power flows", "kW", curves, m.until, m.bands)


def _customers(m: Material) -> str:
    data = m.series("grid")
    if "customers" not in data or np.ptp(data["customers"]) == 0:
        return ""
    return lines(
        "customers",
        "Customers with power",
        "customers",
        [Line("customers with power", data["time"], data["customers"], 1, step=True)],
        m.until,
        m.bands,
    )


def _reach(m: Material) -> str:
    data = m.series("care")
    curves = [Line("residents within reach", data["time"], data["reach"], 1)] if "reach" in data else []
    return lines(
        "reach",
        "Residents whom the nearest free ambulance would reach in time, at each moment",
        "%",
        curves,
        m.until,
        m.bands,
        top=100.0,
    )


def _units(m: Material) -> str:
    data = m.series("care")
    curves = [
        Line(label, data["time"], data[name], colour, step=True)
        for name, label, colour in (("free_units", "free ambulances", 1), ("waiting", "calls that wait for one", 2))
        if name in data
    ]
    return lines("units", "Free ambulances and waiting calls", "", curves, m.until, m.bands)


def _devices(m: Material) -> str:
    data = m.series("care")
    if not data.get("devices_unpowered", np.zeros(1)).any():
        return ""
    curve = Line("oxygen and alarms", data["time"], data["devices_unpowered"], 4, step=True)
    return lines("devices", "Devices at home with an empty battery and no power", "devices", [curve], m.until, m.bands)


def _weather(m: Material) -> str:
    data = m.series("weather")
    curves = [Line("air temperature", data["time"], data["temperature"], 2)] if "temperature" in data else []
    return lines("temperature", "Temperature", "deg C", curves, m.until, m.bands)


FIGURES = (_trips, _people, _streets, _lost, _cars, _load, _customers, _devices, _reach, _units, _weather)
