"""A GTFS feed: an ordinary week, night trips, stops that are not there, times that are blank or run backwards."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.areas.gtfs import read_feed
from twin.errors import InputError

FILES = {
    "stops.txt": (
        "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
        "S,Station,52.00,4.36,1,\nA,Markt,52.01,4.35,,\nB,Station,,,0,S\nC,Campus,52.00,4.38,0,\nX,Nowhere,,,0,\n"
    ),
    "routes.txt": "route_id,route_short_name,route_long_name,route_type\nr,69,,3\nt,,Tram 1,900\nz,,Balloon,77\n",
    "trips.txt": "route_id,service_id,trip_id\nr,week,1\nr,week,2\nt,night,3\nz,week,4\nr,never,5\n",
    "stop_times.txt": (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "1,08:00:00,08:00:00,A,1\n1,,,B,2\n1,08:10:00,08:11:00,C,5\n"
        "2,09:05:00,09:05:00,C,20\n2,9:00:00,9:00:00,A,3\n2,09:03:00,09:03:00,GONE,7\n2,09:04:00,09:04:00,X,8\n"
        "3,23:50:00,23:50:00,A,0\n3,24:20:00,24:20:30,C,1\n"
    ),
    "calendar.txt": (
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "week,1,1,1,1,1,0,0,20240101,20240331\nnever,0,0,0,0,0,0,0,20240101,20240331\n"
    ),
    "calendar_dates.txt": "service_id,date,exception_type\nweek,20240101,2\nnight,20240106,1\n",
}


def feed(path: Path, **changed: str | None) -> Path:
    """A feed as a zip; a file named with _ for its dot may be given another text, or None to leave it out."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in FILES.items():
            given_ = changed.get(name.replace(".", "_"), text)
            if given_ is not None:
                archive.writestr(name, given_)
    return path


def test_an_ordinary_week(tmp_path: Path) -> None:
    found = read_feed(feed(tmp_path / "feed.zip"))
    assert found.stop_name == ["Markt", "Station", "Campus"]
    assert (found.lon[1], found.lat[1]) == (4.36, 52.00)  # its station's
    assert list(zip(found.line_name, found.line_mode, strict=True)) == [("69", "bus"), ("Tram 1", "tram")]
    assert found.trip_days.tolist() == [0b0011111, 0b0011111, 0b0100000]
    calls = list(zip(found.call_trip, found.call_stop, found.arrival, found.departure, strict=True))
    assert calls == [
        (0, 0, 28_800, 28_800),
        (0, 1, 29_100, 29_100),  # no time: half-way
        (0, 2, 29_400, 29_460),
        (1, 0, 32_400, 32_400),
        (1, 2, 32_700, 32_700),
        (2, 0, 85_800, 85_800),
        (2, 2, 87_600, 87_630),  # in the night after its own day
    ]
    assert found.account.repaired == {
        "stops put where their station is": 1,
        "calls without a time, spread evenly": 1,
        "calls after midnight, of the day before": 1,
    }
    assert found.account.dropped == {
        "stops without a place": 1,
        "lines of route_type '77'": 1,
        "trips of no line": 1,
        "trips that run on none of the days taken": 1,
        "calls at stops that the feed lacks": 1,
    }
    assert "weekdays as on 2024-01-08, 2024-01-02" in found.account.notes[0]  # no service on New Year's Day


def test_the_part_inside_bounds_keeps_trips_with_two_stops(tmp_path: Path) -> None:
    path = feed(tmp_path / "feed.zip")
    east = read_feed(path, (4.355, 51.9, 4.5, 52.1))
    assert (east.stop_name, east.trips, east.departure.tolist()) == (["Station", "Campus"], 1, [29_100, 29_460])
    with pytest.raises(InputError, match="has no trip with two stops here"):
        read_feed(path, (0.0, 40.0, 1.0, 41.0))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"stops_txt": None}, r"lacks stops\.txt"),
        ({"calendar_txt": None, "calendar_dates_txt": None}, r"lacks calendar\.txt or calendar_dates\.txt"),
        ({"trips_txt": "route_id,trip_id\nr,1\n"}, "lacks the column service_id"),
        ({"calendar_txt": "service_id,monday\nweek,1\n", "calendar_dates_txt": None}, "no date on which anything runs"),
        ({"stop_times_txt": "trip_id,stop_id,stop_sequence\n"}, "has no trip with two stops"),
        ({"stop_times_txt": FILES["stop_times.txt"].replace(":", ";")}, "has no trip with two stops"),
        ({"stops_txt": ""}, r"stops\.txt: (lacks the column|cannot be read)"),
    ],
)
def test_broken_feeds_are_refused(tmp_path: Path, changed: dict[str, str | None], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_feed(feed(tmp_path / "feed.zip", **changed))


def test_a_feed_that_is_cut_off_or_no_zip_is_refused(tmp_path: Path) -> None:
    whole = feed(tmp_path / "feed.zip").read_bytes()
    for name, content in (("cut.zip", whole[:-40]), ("not.zip", b"hello"), ("empty.zip", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match="cannot be unpacked"):
            read_feed(tmp_path / name)
    with pytest.raises(InputError, match="no such file or folder"):
        read_feed(tmp_path / "absent.zip")


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(0, 60), st.one_of(st.none(), st.integers(0, 200_000)), st.integers(-60, 60)
        ),
        min_size=2,
        max_size=14,
    )
)
@settings(max_examples=60, deadline=None)
def test_calls_are_in_order_or_dropped(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple]) -> None:
    """Whatever times a trip has: what is kept runs forward, trip by trip, and every trip has two calls."""

    def clock(seconds: int | None) -> str:
        return (
            ""
            if seconds is None or seconds < 0
            else f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        )

    lines = [
        f"{trip + 1},{clock(at)},{clock(None if at is None else at + stay)},{'ABC'[k % 3]},{k}"
        for k, (trip, _, at, stay) in enumerate(rows)
    ]
    times = FILES["stop_times.txt"].splitlines()[0] + "\n" + "\n".join(lines) + "\n"
    path = feed(tmp_path_factory.mktemp("feed") / "feed.zip", stop_times_txt=times)
    try:
        found = read_feed(path)
    except InputError as error:
        refused = str(error)
    else:
        refused = ""
    if refused:
        assert "has no trip with two stops" in refused
        return
    first = found.first_call()
    assert (np.diff(first) >= 2).all()
    for k in range(found.trips):
        calls = slice(first[k], first[k + 1])
        moments = np.stack([found.arrival[calls], found.departure[calls]], 1).ravel()
        assert (np.diff(moments) >= 0).all()
        assert moments.min() >= 0


def test_the_sample_of_berlin(reference_data: Callable[..., Path]) -> None:
    found = read_feed(reference_data("mobility", "gtfs_berlin_sample.zip"))
    # rows of stops.txt and routes.txt
    assert (len(found.stop_name), len(found.line_name)) == (211, 6)
    assert set(found.line_mode) == {"bus"}
    assert found.account.read["trips"] + found.account.dropped["trips that run on none of the days taken"] == 348
