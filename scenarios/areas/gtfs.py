"""Public transport from a GTFS feed (zip or folder): an ordinary week of it, whole trips, times that make sense.

Read after the reference of the General Transit Feed Specification (gtfs.org, schedule). Feeds of a whole country are
read in pieces: of their calls only those at stops inside `bounds` are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.account import Account
from scenarios.areas.gtfs_files import ALLOWED, NEEDED, Feed, open_feed
from scenarios.areas.opening import decimal, refuse
from scenarios.areas.timetable import WEEK, Timetable
from twin.tables import LATEST

Bounds = tuple[float, float, float, float]
WORLD = (-180.0, -90.0, 180.0, 90.0)
# mode by route_type: the basic ones, and the hundreds of the extended ones
BASIC = {0: "tram", 1: "metro", 2: "rail", 3: "bus", 4: "ferry", 5: "tram", 6: "tram", 7: "rail", 11: "bus", 12: "rail"}
EXTENDED = {
    1: "rail",
    2: "bus",
    3: "rail",
    4: "metro",
    5: "metro",
    6: "metro",
    7: "bus",
    8: "bus",
    9: "tram",
    10: "ferry",
    12: "ferry",
}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
GONE = -2  # row of a stop that the feed lacks


def read_feed(path: str | Path, bounds: Bounds = WORLD) -> Timetable:
    """The timetable of a feed within `bounds` (west, south, east, north; degrees).

    Each weekday is taken from the date of that weekday on which most trips run. Raises InputError where the feed is cut
    off, lacks a file or column, or has no trip with two stops within the bounds.
    """
    path = Path(path)
    account = Account("public transport (GTFS)", path.name, "as its publisher states", "the publisher of the feed")
    with open_feed(path) as feed:
        lacking = [name for name in NEEDED if name not in feed.names]
        if not {"calendar.txt", "calendar_dates.txt"} & feed.names:
            lacking.append("calendar.txt or calendar_dates.txt")
        if lacking:
            raise refuse(path, f"lacks {', '.join(lacking)}", ALLOWED, "fetch the whole feed")
        stops = _stops(feed, bounds, account)
        lines = _lines(feed, account)
        days = _weekdays(feed, account)
        trips = _trips(feed, lines, days, account)
        calls = _calls(feed, trips, stops, account)
        account.count("dropped", "rows with too few or too many cells", sum(feed.ragged.values()))
    return _whole(path, stops, lines, trips, calls, account)


@dataclass
class _Stops:
    row: dict[str, int]  # of every stop in the feed; -1: outside the bounds, or nowhere
    name: list[str]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]


def _stops(feed: Feed, bounds: Bounds, account: Account) -> _Stops:
    columns = ("stop_id", "stop_name", "stop_lat", "stop_lon", "location_type", "parent_station")
    table = feed.table("stops.txt", columns)
    place = {
        stop: (lon, lat)
        for stop, lon, lat in zip(
            table["stop_id"], _numbers(table["stop_lon"]), _numbers(table["stop_lat"]), strict=True
        )
    }
    row: dict[str, int] = {}
    name: list[str] = []
    found: list[tuple[float, float]] = []
    west, south, east, north = bounds
    for stop, title, kind, parent in zip(
        *(table[c] for c in ("stop_id", "stop_name", "location_type", "parent_station")), strict=True
    ):
        lon, lat = place[stop]
        if np.isnan(lon + lat) and parent in place:
            lon, lat = place[parent]
            account.count("repaired", "stops put where their station is", int(not np.isnan(lon + lat)))
        row[stop] = -1
        if kind not in ("", "0"):
            continue  # a station or an entrance: nobody boards there
        if np.isnan(lon + lat) or not (-180 <= lon <= 180 and -90 <= lat <= 90) or (lon == 0.0 and lat == 0.0):
            account.count("dropped", "stops without a place")
        elif not (west <= lon <= east and south <= lat <= north):
            account.count("dropped", "stops outside the area looked at")
        else:
            row[stop] = len(name)
            name.append(title or stop)
            found.append((lon, lat))
    lon_lat = np.array(found, np.float64).reshape(-1, 2)
    return _Stops(row, name, lon_lat[:, 0], lon_lat[:, 1])


@dataclass
class _Lines:
    row: dict[str, int]
    name: list[str]
    mode: list[str]


def _lines(feed: Feed, account: Account) -> _Lines:
    table = feed.table("routes.txt", ("route_id", "route_short_name", "route_long_name", "route_type"))
    out = _Lines({}, [], [])
    for line, short, long, kind in zip(*table.values(), strict=True):
        mode = _mode(kind)
        if not mode:
            account.count("dropped", f"lines of route_type {kind!r}")
            continue
        out.row[line] = len(out.name)
        out.name.append(short or long or line)
        out.mode.append(mode)
    return out


def _mode(kind: str) -> str:
    if not kind.isdigit():
        return ""
    number = int(kind)
    return EXTENDED.get(number // 100, "") if number >= 100 else BASIC.get(number, "")


def _weekdays(feed: Feed, account: Account) -> dict[str, int]:
    """The weekdays of each service, a bit each: those of the date of each weekday on which most trips run."""
    base = feed.table("calendar.txt", ("service_id", *DAYS, "start_date", "end_date"))
    extra = feed.table("calendar_dates.txt", ("service_id", "date", "exception_type"))
    services = sorted({*base["service_id"], *extra["service_id"]})
    number = {s: i for i, s in enumerate(services)}
    starts, ends, dates = (_dates(c) for c in (base["start_date"], base["end_date"], extra["date"]))
    known = [d for d in (*starts, *ends, *dates) if d is not None]
    if not known:
        raise refuse(feed.path, "has no date on which anything runs", ALLOWED, "fetch the whole feed")
    first, last = min(known), max(known)
    runs = np.zeros((len(services), (last - first).days + 1), bool)
    weekday = (first.weekday() + np.arange(runs.shape[1])) % WEEK
    for k, service in enumerate(base["service_id"]):
        start, end = starts[k], ends[k]
        if start is None or end is None:
            account.count("dropped", "services without dates")
            continue
        open_days = np.array([base[d][k] == "1" for d in DAYS])
        span = slice((start - first).days, max((end - first).days + 1, 0))
        runs[number[service], span] |= open_days[weekday[span]]
    for service, when, kind in zip(extra["service_id"], dates, extra["exception_type"], strict=True):
        if when is not None and kind in ("1", "2"):
            runs[number[service], (when - first).days] = kind == "1"
    trips = feed.table("trips.txt", ("service_id",))["service_id"]
    weight = np.bincount([number[s] for s in trips if s in number], minlength=len(services))
    total = weight @ runs
    out = dict.fromkeys(services, 0)
    chosen = []
    for day in range(WEEK):
        at = np.flatnonzero(weekday == day)
        best = int(at[np.argmax(total[at])]) if len(at) else -1
        if best < 0 or not total[best]:
            continue
        chosen.append((first + timedelta(days=best)).isoformat())
        for service in np.flatnonzero(runs[:, best]).tolist():
            out[services[service]] |= 1 << day
    account.notes.append("weekdays as on " + ", ".join(chosen))
    return out


@dataclass
class _Trips:
    row: dict[str, int]
    line: list[int]
    days: list[int]


def _trips(feed: Feed, lines: _Lines, days: dict[str, int], account: Account) -> _Trips:
    table = feed.table("trips.txt", ("trip_id", "route_id", "service_id"))
    out = _Trips({}, [], [])
    for trip, line, service in zip(*table.values(), strict=True):
        if line not in lines.row:
            account.count("dropped", "trips of no line")
        elif not days.get(service, 0):
            account.count("dropped", "trips that run on none of the days taken")
        elif trip in out.row:
            account.count("dropped", "trips given twice")
        else:
            out.row[trip] = len(out.line)
            out.line.append(lines.row[line])
            out.days.append(days[service])
    return out


def _calls(feed: Feed, trips: _Trips, stops: _Stops, account: Account) -> NDArray[np.int64]:
    """Rows (trip, sequence, stop, arrival, departure) of trips with two calls at kept stops; -1: a time not given, and a
    stop that is not kept, whose time may still tell that of others."""
    inside = np.zeros(len(trips.line), np.int64)
    for trip, stop, _ in _pieces(feed, trips, stops):
        inside += np.bincount(trip[(trip >= 0) & (stop >= 0)], minlength=len(inside))
    parts = []
    for trip, stop, cells in _pieces(feed, trips, stops):
        of = (trip >= 0) & (inside[trip] >= 2)
        account.count("dropped", "calls at stops that the feed lacks", int((of & (stop == GONE)).sum()))
        rows = np.flatnonzero(of & (stop != GONE))
        sequence = _numbers(cells[0][rows])
        bad = np.isnan(sequence)
        account.count("dropped", "calls without a place in their trip", int(bad.sum()))
        rows, sequence = rows[~bad], sequence[~bad]
        parts.append(
            np.stack([trip[rows], sequence.astype(np.int64), stop[rows], *(_times(c[rows]) for c in cells[1:])], 1)
        )
    return np.concatenate(parts) if parts else np.zeros((0, 5), np.int64)


def _pieces(feed: Feed, trips: _Trips, stops: _Stops) -> Iterator[tuple[Any, Any, list[Any]]]:
    """Rows of trips and stops of the calls, piece by piece, and their cells of sequence, arrival and departure."""
    columns = ("stop_sequence", "arrival_time", "departure_time")
    for piece in feed.pieces("stop_times.txt", ("trip_id", "stop_id", *columns)):
        trip = np.array([trips.row.get(t, -1) for t in piece["trip_id"].tolist()], np.int64)
        stop = np.array([stops.row.get(s, GONE) for s in piece["stop_id"].tolist()], np.int64)
        yield trip, stop, [piece.get(c, np.full(len(trip), "", object)) for c in columns]


def _whole(
    path: Path, stops: _Stops, lines: _Lines, trips: _Trips, calls: NDArray[np.int64], account: Account
) -> Timetable:
    """Calls in order, with all their times, of trips that make sense."""
    calls = calls[np.lexsort((calls[:, 1], calls[:, 0]))]
    fresh = np.append(True, (np.diff(calls[:, :2], axis=0) != 0).any(axis=1))[: len(calls)]
    account.count("dropped", "calls given twice", int((~fresh).sum()))
    calls = _timed(calls[fresh], account)
    calls = calls[calls[:, 2] >= 0]
    trip, arrival, departure = calls[:, 0], calls[:, 3], calls[:, 4]
    same = np.append(False, trip[1:] == trip[:-1])[: len(trip)]
    back = (departure < arrival) | (same & (arrival < np.append(0, departure[:-1])[: len(trip)]))
    wrong = np.zeros(len(trips.line), bool)
    wrong[trip[back]] = True
    account.count("dropped", "trips whose times run backwards", int(wrong.sum()))
    late = np.zeros(len(trips.line), bool)
    late[trip[departure > LATEST]] = True
    account.count("dropped", "trips that end more than 36 hours after their midnight", int((late & ~wrong).sum()))
    kept = ~(wrong | late)[trip]
    calls = calls[kept]
    whole = Timetable(
        stops.name,
        stops.lon,
        stops.lat,
        lines.name,
        lines.mode,
        np.array(trips.line, np.int32),
        np.array(trips.days, np.uint8),
        calls[:, 0].astype(np.int32),
        calls[:, 2].astype(np.int32),
        calls[:, 3].astype(np.int32),
        calls[:, 4].astype(np.int32),
        account,
    ).keep_stops(np.ones(len(stops.name), bool))
    if not whole.trips:
        raise refuse(path, "has no trip with two stops here", ALLOWED, "take the feed of this place")
    account.count("repaired", "calls after midnight, of the day before", int((whole.departure >= 86_400).sum()))
    for what, n in (("stops", len(whole.lon)), ("lines", len(whole.line_name)), ("trips", whole.trips)):
        account.count("read", what, n)
    account.count("read", "calls", len(whole.call_trip))
    return whole


def _timed(calls: NDArray[np.int64], account: Account) -> NDArray[np.int64]:
    """Calls with both times: one from the other, else even between the calls of the trip that have one; others are dropped."""
    calls = calls.copy()
    for this, other in ((3, 4), (4, 3)):
        calls[:, this] = np.where(calls[:, this] < 0, calls[:, other], calls[:, this])
    known = np.flatnonzero(calls[:, 3] >= 0)
    blank = np.flatnonzero(calls[:, 3] < 0)
    if not len(blank) or not len(known):
        account.count("dropped", "calls without a time at an end of their trip", len(blank))
        return calls[known]
    after = np.searchsorted(known, blank)
    inside = (after > 0) & (after < len(known))
    before, next_ = known[np.maximum(after - 1, 0)], known[np.minimum(after, len(known) - 1)]
    inside &= (calls[before, 0] == calls[blank, 0]) & (calls[next_, 0] == calls[blank, 0])
    part = (blank - before) / np.maximum(next_ - before, 1)
    time = np.rint(calls[before, 4] + part * (calls[next_, 3] - calls[before, 4])).astype(np.int64)
    calls[blank[inside], 3:] = time[inside, None]
    account.count("repaired", "calls without a time, spread evenly", int(inside.sum()))
    account.count("dropped", "calls without a time at an end of their trip", int((~inside).sum()))
    return np.delete(calls, blank[~inside], axis=0)


def _times(cells: NDArray[Any]) -> NDArray[np.int64]:
    """Seconds of H:MM:SS, hours beyond 24 allowed; -1 where a cell is none."""
    seconds: dict[str, int] = {}
    for cell in set(cells.tolist()):
        parts = (cell or "").strip().split(":")
        good = len(parts) == 3 and all(p.isdigit() for p in parts) and int(parts[1]) < 60 and int(parts[2]) < 60
        seconds[cell] = int(parts[0]) * 3600 + int(parts[1]) * 60 + int(parts[2]) if good else -1
    return np.array([seconds[c] for c in cells.tolist()], np.int64)


def _numbers(cells: NDArray[Any]) -> NDArray[np.float64]:
    return np.array([decimal(c) if c else np.nan for c in cells.tolist()], np.float64)


def _dates(cells: NDArray[Any]) -> list[date | None]:
    out: list[date | None] = []
    for cell in cells.tolist():
        try:
            out.append(date(int(cell[:4]), int(cell[4:6]), int(cell[6:8])))
        except ValueError:
            out.append(None)
    return out
