"""Areas from 3D buildings: with streets between them, joined with a map, and on the disk of an older version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from scenarios.areas import build
from scenarios.areas.check import check_area
from tests.scenarios.areas.boxes3d import EAST, NORTH, Model
from twin.area import read_area
from twin.errors import InputError


def quarter(across: int = 4, along: int = 4) -> Model:
    """Blocks of two facing rows of six houses each, streets of 14 m between blocks, and a flat on every other block."""
    model = Model()
    for i in range(across):
        for j in range(along):
            x, y = i * 62.0, j * 60.0
            for k in range(8):
                for row, depth in ((0, 0.0), (1, 36.0)):
                    model.add(f"h{i}.{j}.{k}.{row}", x + 6 * k, y + depth, 6, 9.5, eaves=5.6, ridge=9.0)
            for end, east in (("w", 0.0), ("e", 42.0)):  # the heads of the block close it
                model.add(f"f{i}.{j}.{end}", x + east, y + 9.5, 6, 26.5, eaves=11.5, ridge=11.5)
    return model


@pytest.fixture(scope="module")
def area(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = quarter().write(tmp_path_factory.mktemp("quarter") / "my_quarter.city.json")
    return build("place", buildings=[path])


def test_an_area_of_3d_buildings_alone_is_sound(area: Any) -> None:
    assert [str(f) for f in check_area(area) if f.severity == "error"] == []
    assert area.name == "My Quarter"
    assert len(area.buildings) == 16 * 18
    assert set(area.buildings.origin) == {"observed"}
    assert set(area.links.origin) == {"synthetic"}
    assert 500 < area.people.resident.sum() < 1_500
    assert area.sources["buildings"]["from"] == "my_quarter.city.json"
    assert "laid between" in area.sources["links"]["from"]


def test_streets_lie_between_the_blocks_and_around_them(area: Any) -> None:
    lines = area.geometry("links")
    assert not shapely.intersects(lines, shapely.union_all(area.geometry("buildings"))).any()
    for k in range(3):  # a street runs down the middle of every gap of 14 m
        middle = shapely.LineString([(EAST + 62 * k + 55, NORTH + 20), (EAST + 62 * k + 55, NORTH + 200)])
        near = shapely.buffer(shapely.union_all(lines), 4.0)
        assert shapely.length(shapely.intersection(middle, near)) > 0.85 * middle.length
    west, south, east, north = shapely.total_bounds(lines)
    assert (west < EAST, south < NORTH) == (True, True)
    assert (east > EAST + 3 * 62 + 48, north > NORTH + 3 * 60 + 45) == (True, True)
    assert len(area.gateways) >= 2


def test_everything_says_how_it_was_found(area: Any) -> None:
    assert all("height: roof less ground of LoD 2.2" in r for r in area.buildings.rule)
    assert set(area.links.rule) == {"speed: class; lanes: class; capacity: class"}
    assert {"between.streets", "cityjson.height", "joining.share", "stock3d.use"} <= set(area.facts["assumptions"])


def test_an_area_without_the_new_columns_is_still_read(area: Any, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    area.write(tmp_path / "a")
    for table, columns in (("buildings", ["surfaces", "rule"]), ("links", ["rule"])):
        file = tmp_path / "a" / f"{table}.parquet"
        pq.write_table(pq.ParquetFile(file).read().drop_columns(columns), file)
    old = read_area(tmp_path / "a")
    assert set(old.buildings.surfaces) == {b""}
    assert set(old.buildings.rule) == set(old.links.rule) == {""}
    assert (old.buildings.height == area.buildings.height).all()


def test_the_roofs_come_back_from_disk(area: Any, tmp_path: Path) -> None:
    area.write(tmp_path / "a")
    read = read_area(tmp_path / "a")
    assert read.digest() == area.digest()
    assert read.buildings.surfaces.tolist() == area.buildings.surfaces.tolist()
    header = json.loads((tmp_path / "a" / "area.json").read_text())
    assert header["facts"]["sources"][1]["read"]["buildings"] == 16 * 18


def test_a_border_that_holds_no_building_is_refused(tmp_path: Path) -> None:
    border = {"type": "Polygon", "coordinates": [[[4.0, 52.5], [4.1, 52.5], [4.1, 52.6], [4.0, 52.5]]]}
    (tmp_path / "border.geojson").write_text(json.dumps(border))
    path = quarter(1, 2).write(tmp_path / "a.json")
    with pytest.raises(InputError, match="covers nothing"):
        build("place", buildings=[path], boundary=tmp_path / "border.geojson")


@pytest.mark.parametrize("count", [1, 2, 3])
def test_even_a_single_building_gets_a_street_around_it(tmp_path: Path, count: int) -> None:
    from scenarios.areas.between import lay_streets

    shapes = shapely.box(np.arange(count) * 40.0, 0.0, np.arange(count) * 40.0 + 20, 15.0)
    laid = lay_streets(shapes)
    assert len(laid.streets.marks["gateway"]) == 2
    assert shapely.union_all(shapes).within(laid.outline)
    made = shapely.linestrings(laid.streets.lines[0])
    assert shapely.distance(made, shapely.union_all(shapes)) > 5.0


def test_sheds_alone_make_no_place() -> None:
    from scenarios.areas.between import lay_streets

    with pytest.raises(InputError, match="leave no street"):
        lay_streets(shapely.box(np.arange(5) * 20.0, 0.0, np.arange(5) * 20.0 + 3, 3.0))


def test_rotterdam_delfshaven(reference_data: Any) -> None:
    """A whole quarter: every street clear of the houses, reachable, with the district's own figures."""
    file, stats = reference_data("buildings3d", "rotterdam_delfshaven.city.json.gz"), reference_data("stats_nl")
    area = build("place", buildings=[file], stats=stats)
    assert [str(f) for f in check_area(area) if f.severity == "error"] == []
    lines = area.geometry("links")
    large = area.geometry("buildings")[area.buildings.footprint_m2 >= 30]
    assert shapely.intersects(lines, shapely.union_all(large)).mean() < 0.02
    assert len(area.buildings) >= 850
    assert "WK059903" in set(area.zones.code) or "Delfshaven" in set(area.zones.name)
    assert (np.array([len(s) for s in area.buildings.surfaces]) > 0).mean() > 0.99


def test_the_layers_of_delft_do_not_overlap_and_nothing_is_invented(reference_data: Any) -> None:
    osm, models = reference_data("osm", "delft_station.osm.pbf"), reference_data("buildings3d", "delft.city.json.gz")
    area = build("place", osm=osm, buildings=[models])
    account = next(a for a in area.facts["sources"] if a["source"].startswith("3D"))
    assert account["unplaced"] == {"buildings outside the area": 160}
    assert all(s == b"" for s in area.buildings.surfaces)
