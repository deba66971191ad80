"""Timetable: the public transport of an area as its passengers know it: stops on foot, and the connections of a day.

A service runs on its days of the week, and its calls count from the midnight with which that day of service begins. A
*run* is a service on one day, a *call* of a run one of its calls. Both are numbered within three slots, the day of
service modulo 3: run = slot x services + service, call = slot x calls + row. So a number comes back after three days,
when the run that had it is over (no service ends later than 36 h after its midnight).
"""

# mypy: disable-error-code="untyped-decorator"
# numba publishes no types, so its decorator is untyped to mypy
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twin.connections import Connections, Ids, Ints, Ways
from twin.errors import Fault, InputError
from twin.tables import LATEST

if TYPE_CHECKING:
    from twin.area import Area

Array = NDArray[Any]
Csr = tuple[Ints, Ids, Ints]

DAY = 86_400  # s
SLOTS = 3
HORIZON = 30 * 3600  # s after midnight; later departures are another day's business
WALK_SPEED = 4.8 / 3.6  # m/s; free walking speed, 1.34 m/s (Weidmann 1993, Transporttechnik der Fussgaenger)
DETOUR = 1.3  # way on foot / straight line (assumption, usual in European towns)
REACH = 800.0  # m in a straight line from a door to a stop (assumption)
BETWEEN = 400.0  # m in a straight line from stop to stop, to change (assumption)
WALKED = 3000.0  # m in a straight line that somebody walks who finds no vehicle faster (assumption)
CHANGE = 60  # s that a change at one stop takes at least (assumption)


def call_faults(area: Area) -> Iterator[Fault]:
    """What is wrong with the calls: their order, their times, and services that do not go from one stop to another."""
    calls = area.calls
    same = calls.service[1:] == calls.service[:-1]
    arrival, departure = calls.arrival, calls.departure
    rules = (
        (
            np.append(False, calls.service[1:] < calls.service[:-1]),
            "service",
            "the calls of a service together, rising",
        ),
        (departure < arrival, "departure", "not before the arrival"),
        (
            np.append(False, same & (arrival[1:] < departure[:-1])),
            "arrival",
            "not before the departure of the call before",
        ),
        (departure > LATEST, "departure", f"at most {LATEST} s: 36 h after the midnight of its day"),
    )
    for wrong, column, allowed in rules:
        rows = np.flatnonzero(wrong)
        if len(rows):
            where = f"calls.{column}[{rows[0]}]"
            yield Fault(
                where,
                f"{len(rows)} of {len(calls)} calls are not so",
                allowed,
                "correct the table, or build the area again",
            )
    short = np.flatnonzero(np.bincount(calls.service, minlength=len(area.services)) < 2)
    if len(calls) and len(short):
        yield Fault(f"services[{short[0]}]", f"{len(short)} services have fewer", "two calls or more", "leave them out")


def on_foot(metres: Any) -> Any:
    """Seconds on foot over a straight line, rounded up; int64, the shape of `metres`."""
    return np.ceil(np.asarray(metres) * DETOUR / WALK_SPEED).astype(np.int64)


def nearby_stops(area: Area, metres: float = REACH) -> Csr:
    """The stops within `metres` of each location, and s on foot to them: CSR by location, rising by stop.

    Buildings come first; gateways have none: what lies beyond is too far to walk.
    """
    stops, buildings = area.stops, area.buildings
    at, stop, distance = _near(np.stack([buildings.x, buildings.y], 1), np.stack([stops.x, stops.y], 1), metres)
    first = np.zeros(area.locations + 1, np.int64)
    np.cumsum(np.bincount(at, minlength=area.locations), out=first[1:])
    return first, stop.astype(np.int32), on_foot(distance)


def stop_walks(area: Area, metres: float = BETWEEN) -> tuple[Ints, Ints, Ints]:
    """Walks between different stops within `metres`: from, to, s; rising by (from, to)."""
    place = np.stack([area.stops.x, area.stops.y], 1)
    begin, end, distance = _near(place, place, metres)
    apart = begin != end
    return begin[apart], end[apart], on_foot(distance[apart])


def _near(a: Array, b: Array, metres: float) -> tuple[Ints, Ints, Array]:
    """Rows of `a` and `b` (n, 2) within `metres`, rising, and the distance."""
    from scipy.spatial import cKDTree

    if not (len(a) and len(b)):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    found = cKDTree(a).sparse_distance_matrix(cKDTree(b), metres, output_type="ndarray")
    order = np.lexsort((found["j"], found["i"]))
    return found["i"][order].astype(np.int64), found["j"][order].astype(np.int64), found["v"][order]


def rows_of(csr: Csr, rows: Array) -> Csr:
    """The given rows of a CSR, as a CSR."""
    first, value, s = csr
    size = first[rows + 1] - first[rows]
    new = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(size, out=new[1:])
    at = np.arange(new[-1]) + np.repeat(first[rows] - new[:-1], size)
    return new, value[at], s[at]


def day_connections(area: Area, day: int, weekday: int, foot: tuple[Ints, Ints, Ints]) -> tuple[Connections, Ints]:
    """The connections of a day, yesterday's after midnight and tomorrow's until `HORIZON` included.

    day, weekday : the number of the day, and its day of the week, 0 Monday
    foot         : walks between stops; see `stop_walks`

    Returns the connections, times in s since the day's midnight; and int64 (connections,), in their order: the call of
    a run from which each leaves. It arrives at the call after that one.
    """
    calls, services = area.calls, area.services
    leaving = np.flatnonzero(calls.service[1:] == calls.service[:-1])
    rows: list[tuple[Array, ...]] = []
    for off in (-1, 0, 1):
        runs = (services.days >> ((weekday + off) % 7)) & 1
        leave = calls.departure[leaving].astype(np.int64) + off * DAY
        c = leaving[(runs[calls.service[leaving]] == 1) & (leave >= 0) & (leave < HORIZON)]
        slot = (day + off) % SLOTS
        rows.append(
            (
                calls.departure[c].astype(np.int64) + off * DAY,
                calls.arrival[c + 1].astype(np.int64) + off * DAY,
                calls.stop[c],
                calls.stop[c + 1],
                slot * len(services) + calls.service[c].astype(np.int64),
                slot * len(calls) + c,
            )
        )
    *columns, call = (np.concatenate(column) for column in zip(*rows, strict=True))
    departure, arrival, start, end, run = columns
    found = Connections(len(area.stops), departure, arrival, start, end, run, foot, CHANGE)
    return found, call[found.order].astype(np.int64)


@njit(cache=True)
def leaves(due: int, arrived: int, dwell: int) -> int:
    """The moment at which a vehicle leaves a stop: never early, and not before it has stood there for `dwell`."""
    return max(due, arrived + dwell)


@dataclass(frozen=True)
class Journeys:
    """Ways through the timetable, one per question.

    arrival : int64 (n,), s since midnight; -1 where no way leads
    first   : int64 (n + 1,): the rides of way i are first[i]:first[i + 1]; none where it is walked
    board, alight : int64 (first[n],), calls of runs
    walk_s  : int64 (first[n],), s on foot before each ride, or that the change takes
    egress_s : int64 (n,), s on foot from the last stop; all the way where it is walked
    """

    arrival: Ints
    first: Ints
    board: Ints
    alight: Ints
    walk_s: Ints
    egress_s: Ints


class Timetable:
    """Answers how one gets from door to door. What it knows comes from the area alone, so a checkpoint keeps nothing.

    access : the stops near each location;  around : near each stop, itself included; both as `nearby_stops` gives them
    """

    def __init__(self, area: Area) -> None:
        """Raises InputError where the calls are out of order or their times run backwards."""
        if faults := list(call_faults(area)):
            raise InputError(faults)
        self.area = area
        self.access = nearby_stops(area)
        begin, end, s = self.foot = stop_walks(area)
        stops = np.arange(len(area.stops))
        begin, end, s = np.append(begin, stops), np.append(end, stops), np.append(s, np.zeros_like(stops))
        order = np.lexsort((end, begin))
        first = np.searchsorted(begin[order], np.arange(len(stops) + 1)).astype(np.int64)
        self.around: Csr = (first, end[order].astype(np.int32), s[order])
        self.xy, self.stop_xy = area.location_xy(), np.stack([area.stops.x, area.stops.y], 1)
        self._day = -1

    def saved(self) -> None:
        """Nothing."""

    def restore(self, nothing: None) -> None:
        """Stay as it is."""

    def turn_to(self, day: int, weekday: int) -> None:
        """Look at the timetable of one day from now on; its number, and 0 for a Monday."""
        if day != self._day:
            self._day = day
            self.connections, self.call = day_connections(self.area, day, weekday, self.foot)

    def seconds(self, leave: Array, origin: Array, goal: Array) -> Ints:
        """Seconds from door to door, leaving at s since midnight; -1 where no way leads, or none faster than walking.

        leave, origin, goal : (n,), the latter two locations
        """
        doors = rows_of(self.access, origin), rows_of(self.access, goal)
        s: Ints = self.connections.ways(leave, *doors).arrival - leave
        return np.where((s >= 0) & (s < on_foot(_apart(self.xy[origin], self.xy[goal]))), s, -1)

    def from_doors(self, leave: Array, origin: Array, goal: Array) -> Journeys:
        """The fastest ways from door to door, arguments as `seconds`; on foot up to `WALKED`, no vehicle being faster."""
        metres = _apart(self.xy[origin], self.xy[goal])
        walked = on_foot(metres)
        found = self._journeys(leave, rows_of(self.access, origin), goal, np.where(metres <= WALKED, walked, -1))
        slow = (np.diff(found.first) > 0) & (found.arrival >= leave + walked)
        return replace(found, arrival=np.where(slow, -1, found.arrival))

    def from_stops(self, leave: Array, stop: Array, goal: Array) -> Journeys:
        """The fastest ways from stops to doors; on foot all the way where that is fastest."""
        return self._journeys(
            leave, rows_of(self.around, stop), goal, on_foot(_apart(self.stop_xy[stop], self.xy[goal]))
        )

    def _journeys(self, leave: Array, access: Csr, goal: Array, by_foot_s: Ints) -> Journeys:
        day, egress = self.connections, rows_of(self.access, goal)
        found: Ways = day.ways(leave, access, egress, by_foot_s)
        first = found.first
        query = np.repeat(np.arange(len(leave)), np.diff(first))
        begins = np.append(True, query[1:] != query[:-1])[: len(query)]
        start, end = day.start[found.board], day.end[found.alight]
        before = np.append(0, end[:-1])[: len(end)]  # the stop at which the ride before ended
        walk_s = np.empty(len(query), np.int64)
        walk_s[begins] = _of(access, query[begins], start[begins], day.stops)
        later = ~begins
        walk_s[later] = np.where(
            before[later] == start[later], day.change_s, _of(self.around, before[later], start[later], day.stops)
        )
        egress_s = by_foot_s.copy()
        ends = np.append(begins[1:], True)[: len(query)]
        egress_s[query[ends]] = _of(egress, query[ends], end[ends], day.stops)
        return Journeys(found.arrival, first, self.call[found.board], self.call[found.alight] + 1, walk_s, egress_s)


def _apart(a: Array, b: Array) -> Array:
    return np.asarray(np.hypot(*(a - b).T))


def _of(csr: Csr, row: Array, value: Array, values: int) -> Ints:
    """What stands at (row, value) of a CSR whose rows are rising; it must be there."""
    first, inside, s = csr
    if not len(row):
        return np.zeros(0, np.int64)
    codes = np.repeat(np.arange(len(first) - 1), np.diff(first)) * values + inside
    return s[np.searchsorted(codes, row * values + value)]
