"""Timetable: stops, lines, trips and their calls, as any reader of public transport gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.account import Account
from scenarios.areas.ground import projector

Ids = NDArray[np.int32]
WEEK = 7  # bits of `days`: Monday 1, Tuesday 2, ... Sunday 64
# places for passengers, standing ones included, by mode: a standard city bus, an articulated tram, a regional train
# (assumption, after usual Dutch vehicles)
CAPACITY = {"bus": 75, "tram": 180, "metro": 600, "rail": 500, "ferry": 150}
REACH = 300.0  # m beyond the border at which a stop still serves the area (assumption)

ASSUMPTIONS = {
    "timetable.capacity": "passengers per vehicle: bus 75, tram 180, metro 600, rail 500, ferry 150 (assumption, after "
    "usual vehicles)",
}


@dataclass
class Timetable:
    """Public transport of an ordinary week.

    stop_name, lon, lat  : of each stop, degrees (EPSG:4326)
    line_name, line_mode : of each line; the mode is a key of CAPACITY
    trip_line, trip_days : of each trip: its line, and the weekdays on which it runs, a bit each (Monday 1)
    call_trip, call_stop : of each call, in the order of trips and of their stops
    arrival, departure   : int32 (calls,), s from the midnight with which the day of operation begins; after 86,400 it is
        the small hours of the next day
    """

    stop_name: list[str]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    line_name: list[str]
    line_mode: list[str]
    trip_line: Ids
    trip_days: NDArray[np.uint8]
    call_trip: Ids
    call_stop: Ids
    arrival: Ids
    departure: Ids
    account: Account

    @property
    def trips(self) -> int:
        """Number of trips."""
        return len(self.trip_line)

    def first_call(self) -> NDArray[np.int64]:
        """int64 (trips + 1,): the calls of trip k are first[k]:first[k + 1]."""
        first = np.zeros(self.trips + 1, np.int64)
        np.cumsum(np.bincount(self.call_trip, minlength=self.trips), out=first[1:])
        return first

    def keep_stops(self, keep: NDArray[np.bool_]) -> Timetable:
        """The part of it that calls at the stops in the mask `keep`; trips that are left with one call go as well.

        A trip that leaves and comes back is one trip: between the two calls its passengers stay on board.
        """
        called = keep[self.call_stop]
        left = np.bincount(self.call_trip[called], minlength=self.trips) >= 2
        called &= left[self.call_trip]
        used = np.zeros(len(keep), bool)
        used[self.call_stop[called]] = True
        lines = np.zeros(len(self.line_name), bool)
        lines[self.trip_line[left]] = True
        stop, trip, line = (np.cumsum(mask) - 1 for mask in (used, left, lines))
        self.account.count("dropped", "stops outside the area", int((~keep).sum()))
        self.account.count("dropped", "trips with fewer than two stops in the area", int((~left).sum()))
        return Timetable(
            _some(self.stop_name, used),
            self.lon[used],
            self.lat[used],
            _some(self.line_name, lines),
            _some(self.line_mode, lines),
            line[self.trip_line[left]].astype(np.int32),
            self.trip_days[left],
            trip[self.call_trip[called]].astype(np.int32),
            stop[self.call_stop[called]].astype(np.int32),
            self.arrival[called],
            self.departure[called],
            self.account,
        )

    def tables(self, crs: str, outline: Any) -> dict[str, dict[str, Any]]:
        """Tables stops, lines, services and calls of the part inside `outline` (in `crs`); none where nothing calls there."""
        import shapely

        around = shapely.buffer(outline, REACH)
        here = self.keep_stops(shapely.contains_xy(around, *projector(crs)(self.lon, self.lat)))
        if not here.trips:
            self.account.notes.append("nothing calls at two stops of the area")
            return {}
        for what, n in (("stops", len(here.lon)), ("lines", len(here.line_name)), ("trips", here.trips)):
            self.account.count("read", f"{what} in the area", n)
        x, y = projector(crs)(here.lon, here.lat)
        seen = np.full(len(here.lon), "observed", object)
        return {
            "stops": {"name": np.array(here.stop_name, object), "x": x, "y": y, "origin": seen},
            "lines": {
                "name": np.array(here.line_name, object),
                "mode": np.array(here.line_mode, object),
                "capacity": np.array([CAPACITY[m] for m in here.line_mode], np.int32),
                "origin": np.full(len(here.line_name), "observed", object),
            },
            "services": {
                "line": here.trip_line,
                "days": here.trip_days,
                "origin": np.full(here.trips, "observed", object),
            },
            "calls": {
                "service": here.call_trip,
                "stop": here.call_stop,
                "arrival": here.arrival,
                "departure": here.departure,
            },
        }


def _some(values: list[str], mask: NDArray[Any]) -> list[str]:
    return [values[i] for i in np.flatnonzero(mask).tolist()]
