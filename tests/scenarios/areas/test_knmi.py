"""Hourly weather of KNMI: the real stations, gaps, and files that are no such text."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from scenarios.areas.knmi import TRACE, read_hours
from twin.errors import InputError

Data = Callable[..., Path]
HEADING = "BRON: KNMI\n\n# STN,YYYYMMDD,   HH,   FH,   FF,    T,    Q,   RH\n"


def write(path: Path, rows: list[str], heading: str = HEADING) -> Path:
    path.write_text(heading + "".join(f"  344,{r}\n" for r in rows))
    return path


def day(temperature: dict[int, str], hours: range = range(1, 25)) -> list[str]:
    return [f"20240310,{h},30,20,{temperature.get(h, str(10 * h))},{36 * (6 < h < 19)},0" for h in hours]


def test_rotterdam_hour_by_hour(reference_data: Data) -> None:
    path = reference_data("energy", "knmi_hourly_344_rotterdam_2021_2025.zip")
    found = read_hours(path)
    assert (found.station, len(found.time), found.account.read["hours"]) == (344, 38_568, 38_568)
    assert np.all(np.diff(found.time) == 3600)
    assert found.time[0] == datetime(2021, 1, 1, 1, tzinfo=UTC).timestamp()
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as lines:
        rows = [line.decode().split(",") for line in lines if line.startswith(b"  344,")]
    assert found.temperature == pytest.approx([int(r[7]) / 10 for r in rows])
    assert found.irradiance == pytest.approx([int(r[11]) / 0.36 for r in rows])
    # the energy of the whole file, in J/m2
    assert found.irradiance.sum() * 3600 == pytest.approx(sum(int(r[11]) for r in rows) * 1e4)
    rain = np.array([int(r[13]) for r in rows])
    assert found.rain == pytest.approx(np.where(rain == -1, TRACE, rain / 10))
    assert found.account.repaired["hours with a trace of rain"] == (rain == -1).sum()


def test_the_last_hour_of_a_day_is_midnight(tmp_path: Path) -> None:
    found = read_hours(write(tmp_path / "a.txt", day({})))
    assert found.time[-1] == datetime(2024, 3, 11, tzinfo=UTC).timestamp()
    assert found.temperature[-1] == 24.0
    assert found.irradiance.max() == pytest.approx(100.0)
    assert found.wind[0] == 3.0  # the mean of the hour, not of its last ten minutes


def test_short_gaps_are_filled_and_long_ones_left_out(tmp_path: Path) -> None:
    rows = day({2: "", 3: "", 4: "", 10: "", 11: "", 12: "", 13: ""})
    del rows[19]  # hour 20 has no row at all
    found = read_hours(write(tmp_path / "a.txt", rows))
    hours = (found.time - found.time[0]) // 3600 + 1
    assert hours.tolist() == [*range(1, 10), *range(14, 25)]
    assert found.temperature == pytest.approx(hours)
    assert found.account.repaired["values of temperature filled"] == 4
    inferred = np.flatnonzero(found.table()["origin"] == "inferred")
    assert hours[inferred].tolist() == [2, 3, 4, 20]
    assert found.account.repaired["hours without a row between the first and the last"] == 1
    assert found.account.dropped["hours in gaps longer than 3 h"] == 4
    assert any("left out" in note for note in found.account.notes)


def test_gaps_at_the_ends_are_not_filled(tmp_path: Path) -> None:
    found = read_hours(write(tmp_path / "a.txt", day({1: "", 24: ""})))
    assert len(found.time) == 22


def test_disorder_doubles_and_nonsense_are_counted(tmp_path: Path) -> None:
    rows = day({5: "9999"})[::-1]
    rows += [rows[0], "20240310,25,30,20,100,0,0", "20240310,7,30,2", "20240310,8,a,20,100,0,0"]
    found = read_hours(write(tmp_path / "a.txt", rows))
    assert len(found.time) == 24
    assert found.temperature[4] == pytest.approx(5.0)
    for what in (
        "hours given twice",
        "rows without a date or an hour from 1 to 24",
        "rows cut off",
        "rows with a cell that is no number",
        "values of temperature outside -40 to 50",
    ):
        assert found.account.dropped[what] == 1


def test_a_day_that_is_not_in_the_calendar(tmp_path: Path) -> None:
    rows = [*day({}), "20240230,5,30,20,50,0,0", "20230229,5,30,20,50,0,0", "20240229,5,30,20,50,0,0"]
    found = read_hours(write(tmp_path / "a.txt", rows))
    assert found.account.dropped["rows without a date or an hour from 1 to 24"] == 2
    assert found.time[0] == datetime(2024, 2, 29, 5, tzinfo=UTC).timestamp()


def test_one_station_of_several(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", day({}))
    path.write_text(path.read_text() + "  260,20240310,1,30,20,-50,0,0\n")
    assert read_hours(path).station == 344
    other = read_hours(path, 260)
    assert other.temperature.tolist() == [-5.0]
    assert other.account.dropped["hours of other stations"] == 24
    with pytest.raises(InputError, match="allowed: 260, 344"):
        read_hours(path, 235)


def test_what_a_station_does_not_measure(tmp_path: Path) -> None:
    rows = [r.replace(",30,20,", ",,,") for r in day({})]
    found = read_hours(write(tmp_path / "a.txt", rows))
    assert set(found.wind) == {-1.0}
    assert "the station does not measure wind" in found.account.notes


def test_an_hour_without_rain_gauge_or_wind_keeps_its_warmth(tmp_path: Path) -> None:
    rows = day({})
    rows[5:12] = [",".join([*r.split(",")[:2], "", "", *r.split(",")[4:-1], ""]) for r in rows[5:12]]
    found = read_hours(write(tmp_path / "a.txt", rows))
    assert found.temperature.tolist() == pytest.approx(np.arange(1.0, 25.0))
    assert found.wind.tolist() == [3.0] * 5 + [-1.0] * 7 + [3.0] * 12
    assert (found.rain == -1.0).sum() == 7
    assert found.account.repaired["hours without rain, told as not measured"] == 7
    assert "hours in gaps longer than 3 h" not in found.account.dropped


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (HEADING.encode(), "no hours"),
        (b"prose\n", "no heading"),
        (b"# STN,YYYYMMDD,HH,T\n344,20240101,1,5\n", "lacks irradiance"),
        (b"# STN,YYYYMMDD,HH,T,Q\n344,20240101,1,5,\n", "no irradiance at all"),
        (b"\0" * 100, "is no text"),
        (b"PK\3\4" + b"\0" * 100, "cannot be unpacked"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_hours(tmp_path / "a.txt")
