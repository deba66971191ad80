"""`twin counts`: where a count belongs, when it holds, its GEH beside the run, and files that are wrong."""

import csv
import io
import json

import pytest

from scenarios.counting import fit_run
from tests.small_run import small_area, small_run
from twin.area import Area
from twin.errors import InputError

# the small run: links 0, 1, 2 run east over x = 0, 300, 600, 900; 3, 4, 5 back west; 12 vehicles a quarter on each


@pytest.fixture
def run(tmp_path):
    area = small_area()
    area.put("turns", {})
    area.links.osm_id[:] = [7, 7, 8, 7, 7, 8]
    area.facts["link_ids"] = ["e0", "e1", "e2", "-e0", "-e1", "-e2"]
    area.links.car[5] = False
    return small_run(tmp_path / "a_run", area)


def fits(run, text, name="counts.csv"):
    file = run.parent / name
    file.write_text(text)
    return fit_run(run, file)


def faults(run, text, name="counts.csv"):
    with pytest.raises(InputError) as error:
        fits(run, text, name)
    return [str(fault) for fault in error.value.faults]


def test_flows_are_by_the_hour(run):
    (fit,) = fits(run, "link,from,until,vehicles,name\n1,15:00,16:30,60,Mill Road\n")
    assert (fit.place, fit.link, fit.hours) == ("Mill Road", 1, 1.5)
    assert fit.modelled == pytest.approx(48.0)
    assert fit.counted == pytest.approx(40.0)
    assert fit.geh == pytest.approx((2 * 8**2 / 88) ** 0.5)
    assert fit.flow_fits
    assert fit.spread == 0.0


@pytest.mark.parametrize(
    ("heads", "cells", "link"),
    [
        ("link", "4", 4),
        ("edge", "-e1", 4),
        ("osm_id,bearing,x,y", "7,90,500,0", 1),
        ("osm_id,bearing,x,y", "7,271,500,0", 4),
        ("osm_id,towards_x,towards_y", "8,900,0", 2),
        ("x,y,bearing", "700,10,80", 2),
        ("x,y,bearing", "200,-5,-90", 3),
    ],
)
def test_places(run, heads, cells, link):
    (fit,) = fits(run, f"{heads},from,until,vehicles\n{cells},15:00,16:00,48\n")
    assert fit.link == link
    assert fit.geh == 0.0


def test_degrees(run, tmp_path):
    import pyproj

    lon, lat = pyproj.Transformer.from_crs("EPSG:28992", "EPSG:4326", always_xy=True).transform(700.0, 10.0)
    (fit,) = fits(run, f"lon,lat,bearing,from,until,vehicles\n{lon},{lat},90,15:00,16:00,48\n")
    assert fit.link == 2


def test_dates_and_seconds(run):
    (fit,) = fits(run, "link,from,until,vehicles\n1,2025-03-11T15:00,2025-03-11T16:00,48\n")
    assert fit.modelled == pytest.approx(48.0)
    sumo = '<meandata><interval begin="54000" end="57600"><edge id="e1" entered="12"/></interval></meandata>'
    (fit,) = fits(run, sumo, "counts.xml")
    assert (fit.link, fit.counted, fit.modelled) == (1, 12.0, pytest.approx(48.0))
    cadyts = '<measurements><singlelink link="e2" start="0" end="7200" value="{}" type="{}"/></measurements>'
    for value, kind in ((96, "COUNT_VEH"), (48, "FLOW_VEH_H")):
        (fit,) = fits(run, cadyts.format(value, kind), "counts.xml")
        assert (fit.link, fit.counted, fit.geh) == (2, 48.0, pytest.approx(0.0))


def test_a_sampled_run_says_how_its_luck_spreads(tmp_path):
    area = small_area()
    area = Area(area.name, area.crs, {n: vars(t) for n, t in area.tables.items()}, facts={"represents": 3.0})
    run = small_run(tmp_path / "sampled", area)
    (fit,) = fits(run, "link,from,until,vehicles\n1,15:00,16:00,48\n")
    assert fit.modelled == pytest.approx(48.0)  # the series counts what the sample stands for
    assert fit.spread == pytest.approx((3 * 48) ** 0.5)


def test_the_command(twin, run, tmp_path):
    file = tmp_path / "counts.csv"
    file.write_text("link,from,until,vehicles\n0,15:00,16:00,48\n1,15:00,16:00,900\n")
    answer = twin("counts", run, file)
    assert answer.code == 0  # whatever the fit
    assert "GEH below 5: 1 of 2 (50%" in answer.out
    found = json.loads(twin("counts", run, file, "--json").out)
    assert found["counts"][1]["geh"] == pytest.approx((2 * 852**2 / 948) ** 0.5, abs=1e-3)
    rows = list(csv.DictReader(io.StringIO(twin("counts", run, file, "--csv").out)))
    assert [row["flow_fits"] for row in rows] == ["True", "False"]


def test_every_fault_of_a_file_at_once(run):
    text = """link,osm_id,bearing,x,y,from,until,vehicles
9,,,,,15:00,16:00,1
5,,,,,15:00,16:00,1
1,,,,,15:00,16:00,-1
1,,,,,16:00,15:00,1
1,,,,,15h,16:00,1
,,,,,15:00,16:00,1
,7,90,,,15:00,16:00,1
,99,90,,,15:00,16:00,1
,,0,700,10,15:00,16:00,1
0,,,,,15:00,16:00,1
0,,,,,15:30,16:30,1
2,,,,,2025-03-12T15:00,2025-03-12T16:00,1
2,,,,,2025-03-11T15:00,16:00,1
,,400,700,10,15:00,16:00,1
"""
    told = faults(run, text)
    wanted = (
        "row 4, vehicles: is '-1'",
        "row 5: is counted from 16:00 until 15:00",
        "row 6, column from: is '15h'",
        "row 7: has no place",
        "row 14: has a date in one of from and until only",
        "row 15, column bearing: is '400'",
        "row 2: link 9 is none of the area",
        "row 3: link 5 is closed to cars",
        "row 8: 2 links of cars lie on way 7 in that direction",
        "row 9: way 99 of OpenStreetMap is none of the area",
        "row 10: no links of cars lie on 30 m around 700, 10 in that direction",
        "row 12: is a second count of link 0 at that time, beside counts.csv: row 11",
        "row 13: is counted from day 2, 15:00 until day 2, 16:00, which the run does not cover",
    )
    for words in wanted:
        assert any(text.startswith(f"counts.csv: {words}") for text in told), words
    assert len(told) == len(wanted)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("link,vehicles\n1,2\n", "has no column from"),
        ("link,from,until,vehicles\n1,2\n", "has a heading but no rows"),
        ("<routes/>", "is XML without counts"),
        ("<meandata></meandata>", "holds no count"),
        ('<meandata><interval begin="9" end="0"><edge id="e1" entered="x"/></interval></meandata>', "is 'x'"),
        ("", "is empty"),
    ],
)
def test_files_that_are_none(run, text, said):
    assert any(said in fault for fault in faults(run, text))
