"""`twin export`: networks and link results of a run as GMNS and GeoParquet."""

import csv
import json

import numpy as np
import pyarrow.parquet as pq
import pyproj
import pytest
import shapely

from scenarios.areas.roads_only import build_roads
from scenarios.link_results import LinkResults
from tests.small_run import small_area, small_run
from twin.clock import Calendar, hour, minute
from twin.errors import InputError
from twin.recording import Run


@pytest.fixture
def run(tmp_path):
    return small_run(tmp_path / "a_run")


def results(end, link, vehicles, speed, days=1):
    rows = (np.array(v, float) for v in (vehicles, speed, np.zeros(len(end))))
    return LinkResults(np.array(end), np.array(link), *rows, 15 * minute, 0, days * 24 * hour, Calendar())


def test_gmns_of_a_run_is_read_back(twin, run, tmp_path):
    answer = twin("export", run, tmp_path / "out", "--gmns")
    assert answer.code == 0, answer.err
    assert "4 nodes and 6 links as GMNS" in answer.out
    again, area = build_roads(tmp_path / "out"), small_area()
    np.testing.assert_allclose(again.links.speed, area.links.speed)
    np.testing.assert_array_equal(again.links.name, area.links.name)
    with (tmp_path / "out" / "link_performance.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 576
    assert rows[2] == {
        "link_id": "2",
        "from_node_id": "2",
        "to_node_id": "3",
        "begin": "2025-03-11T00:00:00",
        "end": "2025-03-11T00:15:00",
        "volume": "12.0",
        "speed": "7.2",
        "travel_time": "150.0",
        "delay": "60.0",
    }
    with (tmp_path / "out" / "units.csv").open() as stream:
        units = {row["field"]: row["unit"] for row in csv.DictReader(stream)}
    assert units["link_performance.speed"].startswith("km/h")


def test_geoparquet_holds_its_system_units_and_lines(twin, run, tmp_path):
    assert twin("export", run, tmp_path / "out", "--geoparquet").code == 0
    file = pq.ParquetFile(tmp_path / "out" / "links.parquet")
    about = json.loads(file.schema_arrow.metadata[b"geo"])
    assert about["version"].startswith("1.")
    column = about["columns"][about["primary_column"]]
    assert (column["encoding"], column["geometry_types"]) == ("WKB", ["LineString"])
    assert pyproj.CRS.from_json_dict(column["crs"]).to_epsg() == 28992
    table = file.read()
    lines = shapely.from_wkb(table["geometry"].to_pylist())
    np.testing.assert_allclose(shapely.length(lines), table["length"].to_numpy())
    assert table["vehicles"].to_pylist() == [1152.0] * 6  # 96 quarters of 12
    np.testing.assert_allclose(table["flow_17"].to_numpy(), 48.0)
    np.testing.assert_allclose(table["speed_17"].to_numpy(), [50.04, 32.4, 7.2, 50.04, 50.04, 3.6])
    np.testing.assert_allclose(table["delay"].to_numpy(), 1.6)  # veh h
    assert file.schema_arrow.field("delay").metadata[b"unit"] == b"veh h"


def test_an_area_as_gmns(twin, tmp_path):
    small_area().write(tmp_path / "area")
    assert twin("export", tmp_path / "area", tmp_path / "out", "--gmns").code == 0
    assert not (tmp_path / "out" / "link_performance.csv").exists()
    assert len(build_roads(tmp_path / "out").links) == 6


def test_nothing_of_a_person_is_read(twin, run, tmp_path):
    assert twin("export", run, tmp_path / "out", "--gmns", "--geoparquet").code == 0
    text = b"".join(file.read_bytes() for file in (tmp_path / "out").iterdir())
    assert b"PERSON" not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a_run", "out"), "no format is named"),
        (("a_run", "a_run", "--gmns"), "exists and is not empty"),
        (("nowhere", "out", "--gmns"), "has no manifest.json"),
        (("area", "out", "--geoparquet"), "is an area, whose tables are GeoParquet already"),
    ],
)
def test_wrong_input_leaves_nothing(twin, run, tmp_path, arguments, said):
    small_area().write(tmp_path / "area")
    source, out, *options = arguments
    answer = twin("export", tmp_path / source, tmp_path / out, *options)
    assert answer.code == 2
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert not (tmp_path / "out").exists()


def test_a_run_without_link_results_says_how_to_get_them(run):
    for part in (run / "series" / "link").iterdir():
        part.unlink()
    with pytest.raises(InputError, match="record full"):
        LinkResults.of(Run(run))


def test_hours_are_means_of_days_and_speeds_harmonic():
    day = 24 * hour
    got = results(
        end=[hour, hour + 15 * minute, day + hour], link=[0, 0, 0], vehicles=[10, 30, 20], speed=[10, 5, 20], days=2
    )
    flow, speed = got.by_hour(2)
    assert flow[0, 0] == 15.0  # 10 and 20 in the first hour of two days
    assert flow[0, 1] == 15.0
    assert speed[0, 0] == pytest.approx(30 / (10 / 10 + 20 / 20))
    assert np.isnan(speed[1]).all()
    assert got.totals(2)["vehicles"].tolist() == [60.0, 0.0]


def test_an_hour_is_divided_by_the_time_that_the_run_recorded_of_it():
    """100 veh/h throughout, after 6 h of warm-up, for 1.25 days: some hours come once, others twice."""
    begin, until = 6 * hour, 30 * hour + 30 * minute
    end = np.arange(begin, until, 15 * minute) + 15 * minute
    for stop in (until, 20 * hour):
        rows = (np.full(len(end), value)[end <= stop] for value in (0.0, 25.0, 10.0, 0.0))
        link, *values = rows
        got = LinkResults(end[end <= stop], link.astype(int), *values, 15 * minute, begin, stop, Calendar())
        flow, _ = got.by_hour(2)
        covered = [stop == until or 6 <= h < 20 for h in range(24)]
        np.testing.assert_allclose(flow[0], np.where(covered, 100.0, np.nan))
        np.testing.assert_allclose(flow[1], np.where(covered, 0.0, np.nan))


def test_cut_intervals_count_in_proportion():
    got = results(end=[hour, hour + 15 * minute], link=[0, 1], vehicles=[30, 60], speed=[10, 10])
    vehicles, covered = got.between(hour - 5 * minute, hour + 5 * minute, 2)
    np.testing.assert_allclose(vehicles, [10.0, 20.0])
    assert covered == 1.0
    assert got.between(23 * hour, 25 * hour, 2)[1] == 0.5
