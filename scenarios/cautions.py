"""What a reader should know before the numbers of a run: streets that jam as no real ones do, weather that is not as observed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

LIFTED = 0.01  # share of the car trips with a car lifted out of a jam from which a run is called jammed (assumption)
LOST = 0.25  # h lost per car trip from which it is (assumption: Dutch drivers lose some minutes a day)


def jam(rows: Iterable[Mapping[str, Any]]) -> str:
    """What a reader should know before the numbers of a run, or of several together; "" where the traffic flowed.

    rows : as in indicators.json
    """
    found: dict[str, float] = {}
    for row in rows:
        if row["level"] == "area" and not row["group"]:
            found[row["indicator"]] = found.get(row["indicator"], 0.0) + float(row["value"])
    trips, lifted, lost = (found.get(name, 0.0) for name in ("car_trips", "gridlock_releases", "vehicle_delay"))
    if not trips or (lifted < LIFTED * trips and lost < LOST * trips):
        return ""
    return (
        f"the streets are jammed: {lifted / trips:.1%} of the cars had to be lifted out of queues and a car trip loses "
        f"{60.0 * lost / trips:.0f} min; travel times and all that hangs on them say little about a real day"
    )


def unseen_weather(rows: Iterable[Mapping[str, Any]]) -> str:
    """That an area's observed weather does not cover the days of the run; "" where it does, or there is none."""
    seen = next((float(row["value"]) for row in rows if row["indicator"] == "weather_observed"), 100.0)
    if seen > 99.0:
        return ""
    return (
        f"{100.0 - seen:.0f} % of the run's hours lie outside the observed weather of the area and are drawn from the climate; "
        "run.start=YYYY-MM-DD moves the run"
    )
