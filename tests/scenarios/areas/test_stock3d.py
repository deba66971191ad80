"""Buildings of an area from 3D models, alone and joined with a map: who wins, what is added, what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from scenarios.areas.cityjson import read_models
from scenarios.areas.osm_buildings import Stock
from scenarios.areas.stock3d import join, merge_rules, read_all, rules_of, stock_of
from tests.scenarios.areas.boxes3d import EAST, NORTH, Model

ROW = [(EAST + 20 * k, NORTH, EAST + 20 * k + 6, NORTH + 9) for k in range(12)]


def on_the_map(shapes: Any, **columns: Any) -> Stock:
    """A map's buildings: two storeys, 7 m, one dwelling, nothing stated."""
    n = len(shapes)
    size = shapely.area(shapes)
    centre = shapely.centroid(shapes)
    usual = {
        "x": shapely.get_x(centre),
        "y": shapely.get_y(centre),
        "use": np.full(n, "house", object),
        "storeys": np.full(n, 2),
        "height": np.full(n, 7.0),
        "footprint_m2": size,
        "floor_m2": 2 * size,
        "dwellings": np.ones(n, np.int64),
        "year": np.zeros(n, np.int64),
        "address": np.array([f"Straat {k}" for k in range(n)], object),
        "osm_id": np.arange(n) + 100,
        "geometry": shapely.to_wkb(shapes),
        "rule": np.full(n, "storeys: use; height: storeys x 3 m; dwellings: addresses", object),
        "origin": np.full(n, "inferred", object),
    }
    return Stock({**usual, **columns}, [(0, {"shop": "bakery"})], shapes, {"buildings": n})


def models_of(tmp_path: Path, model: Model, name: str = "a.json") -> Any:
    return read_models(model.write(tmp_path / name))


def row_of_models(shift: float = 0.0) -> Model:
    model = Model()
    for k in range(12):
        model.add(f"m{k}", x=20 * k + shift, eaves=8.4, ridge=12.0, oorspronkelijkbouwjaar=1900 + k)
    return model


def test_height_year_and_roof_are_of_the_model_and_the_rest_of_the_map(tmp_path: Path) -> None:
    stock, models = on_the_map(np.array([shapely.box(*b) for b in ROW])), models_of(tmp_path, row_of_models(1.5))
    found = join(stock, models, shapely.box(EAST - 50, NORTH - 50, EAST + 500, NORTH + 50))
    c = found.columns
    assert len(found.shapes) == 12
    assert c["height"].tolist() == pytest.approx([12.0] * 12)
    assert c["year"].tolist() == list(range(1900, 1912))
    assert c["storeys"].tolist() == [3] * 12
    assert c["floor_m2"] == pytest.approx(3 * c["footprint_m2"])
    assert c["osm_id"].tolist() == list(range(100, 112))
    assert c["dwellings"].tolist() == [1] * 12
    assert set(c["origin"]) == {"observed"}
    assert rules_of(c["rule"][0]) == {
        "ground": "lowest corner",
        "height": "roof less ground of LoD 2.2",
        "storeys": "mean of eaves and ridge / 3 m",
        "dwellings": "addresses",
    }
    faces = shapely.from_wkb(c["surfaces"])
    assert all(f.has_z for f in faces)
    # the roofs are moved with the footprints: they lie on the map's buildings
    assert np.abs(shapely.bounds(faces) - np.array(ROW)).max() < 0.01
    assert any("-1.50 m east" in note for note in models.account.notes)
    assert models.account.read["buildings on the map that got height and roof"] == 12
    assert found.points == stock.points


def test_storeys_that_the_map_states_stay_and_homes_by_floor_grow_with_it(tmp_path: Path) -> None:
    rule = np.array(
        ["height: storeys x 3 m; dwellings: addresses"] + ["storeys: use; dwellings: floor / 85 m2"] * 11, object
    )
    stock = on_the_map(
        np.array([shapely.box(*b) for b in ROW]), rule=rule, dwellings=np.full(12, 4), storeys=np.full(12, 2)
    )
    c = join(
        stock, models_of(tmp_path, row_of_models()), shapely.box(EAST - 50, NORTH - 50, EAST + 500, NORTH + 50)
    ).columns
    assert c["storeys"].tolist() == [2] + [3] * 11
    assert c["dwellings"].tolist() == [4] + [6] * 11
    assert "storeys" not in rules_of(c["rule"][0])
    assert rules_of(c["rule"][1])["dwellings"] == "floor / 85 m2"


def test_what_only_one_has_is_kept_and_what_lies_outside_is_counted(tmp_path: Path) -> None:
    model = row_of_models()
    model.add("new", x=4, y=30, wide=12, deep=10, eaves=12, ridge=12)
    model.add("far", x=0, y=900)
    models = models_of(tmp_path, model)
    shapes = np.array([shapely.box(*b) for b in [*ROW, (EAST, NORTH - 40, EAST + 5, NORTH - 30)]])
    found = join(on_the_map(shapes), models, shapely.box(EAST - 50, NORTH - 50, EAST + 500, NORTH + 50))
    c = found.columns
    assert len(found.shapes) == 14
    assert (c["height"][12], c["surfaces"][12], c["origin"][12]) == (7.0, b"", "inferred")
    assert (c["use"][13], c["storeys"][13], c["dwellings"][13], c["osm_id"][13]) == ("apartments", 4, 5, 0)
    assert rules_of(c["rule"][13])["use"] == "size"
    assert models.account.unplaced == {"buildings outside the area": 1}
    assert models.account.read["buildings added to the map"] == 1


def test_one_model_over_several_buildings_and_the_other_way_round(tmp_path: Path) -> None:
    model = Model()
    model.add("long", wide=18, eaves=5.0, ridge=8.0)  # over three houses of the map
    model.add("left", x=40, wide=6, eaves=9, ridge=9)
    model.add("right", x=46, wide=3, eaves=4, ridge=4)  # both are one on the map
    shapes = [shapely.box(EAST + 6 * k, NORTH, EAST + 6 * k + 6, NORTH + 9) for k in range(3)]
    shapes.append(shapely.box(EAST + 40, NORTH, EAST + 49, NORTH + 9))
    found = join(
        on_the_map(np.array(shapes)),
        models_of(tmp_path, model),
        shapely.box(EAST - 9, NORTH - 9, EAST + 99, NORTH + 99),
    )
    assert found.columns["height"].tolist() == pytest.approx([8.0, 8.0, 8.0, 9.0])
    parts = [len(shapely.get_parts(shapely.from_wkb(s))) for s in found.columns["surfaces"]]
    assert sorted(parts[:3]) == [0, 0, 6]  # drawn once
    assert parts[3] == 10  # both boxes: four walls and a roof each


def test_layers_that_do_not_overlap_leave_the_map_as_it_is(tmp_path: Path) -> None:
    model = Model()
    for k in range(12):
        model.add(f"m{k}", x=20 * k, y=2_000)
    stock, models = on_the_map(np.array([shapely.box(*b) for b in ROW])), models_of(tmp_path, model)
    found = join(stock, models, shapely.box(EAST - 50, NORTH - 50, EAST + 500, NORTH + 50))
    assert models.account.unplaced == {"buildings outside the area": 12}
    for name, values in stock.columns.items():
        assert (found.columns[name] == values).all(), name
    assert (found.columns["surfaces"] == b"").all()


def test_a_footprint_without_faces_hides_no_building(tmp_path: Path) -> None:
    model = Model()
    model.add("flat", wide=12, lod="0", kind="MultiSurface", b3_h_maaiveld=-1.2, b3_h_dak_max=8.8)
    geometry = model.objects["flat"]["geometry"][0]
    geometry["boundaries"], geometry["semantics"] = geometry["boundaries"][:1], None
    shapes = np.array([shapely.box(EAST + 6 * k, NORTH, EAST + 6 * k + 6, NORTH + 9) for k in range(2)])
    found = join(
        on_the_map(shapes), models_of(tmp_path, model), shapely.box(EAST - 9, NORTH - 9, EAST + 99, NORTH + 99)
    )
    assert found.columns["height"].tolist() == pytest.approx([10.0, 10.0])
    assert found.columns["surfaces"].tolist() == [b"", b""]


def test_several_files_count_a_building_once(tmp_path: Path) -> None:
    second = row_of_models()
    second.objects["again"] = second.objects.pop("m0")
    del second.objects["m1"]
    second.add("more", x=0, y=100)
    files = [row_of_models().write(tmp_path / "a.json"), second.write(tmp_path / "b.jsonl")]
    first, more = read_all(files)
    assert first.id.tolist() == [f"m{k}" for k in range(12)]
    assert more.id.tolist() == ["more"]
    assert [m.account.file for m in (first, more)] == ["a.json", "b.jsonl"]
    assert more.account.dropped == {"buildings that another file has": 11}
    assert read_all([]) == []


def test_a_second_file_leaves_the_roofs_of_the_first(tmp_path: Path) -> None:
    """Each file is moved and counted on its own."""
    west, east = Model(), Model()
    for k in range(12):
        (west if k < 6 else east).add(f"m{k}", x=20 * k, eaves=8.4, ridge=12.0)
    files = [west.write(tmp_path / "w.json"), east.write(tmp_path / "e.json")]
    stock, outline = (
        on_the_map(np.array([shapely.box(*b) for b in ROW])),
        shapely.box(EAST - 9, NORTH - 9, EAST + 999, NORTH + 99),
    )
    for models in read_all(files):
        stock = join(stock, models, outline)
        assert models.account.read["buildings on the map that got height and roof"] == 6
    assert all(len(s) > 100 for s in stock.columns["surfaces"])
    assert stock.columns["height"].tolist() == pytest.approx([12.0] * 12)


def test_models_alone_make_a_stock(tmp_path: Path) -> None:
    model = Model()
    model.add("shed", wide=4, deep=5, eaves=2.5, ridge=2.5)
    model.add("house", x=20, eaves=5.4, ridge=9.0)
    model.add("flats", x=40, wide=20, deep=12, eaves=13, ridge=13)
    model.add("hall", x=80, wide=40, deep=30, eaves=7, ridge=7)
    model.add("office", x=140, wide=60, deep=40, eaves=20, ridge=20)
    model.add("school", x=220, wide=30, deep=20, gebruiksdoel="onderwijsfunctie")
    c = stock_of(models_of(tmp_path, model)).columns
    assert c["use"].tolist() == ["garage", "house", "apartments", "industry", "office", "school"]
    assert c["dwellings"].tolist() == [0, 1, 11, 0, 0, 0]
    assert "use" not in rules_of(c["rule"][5])
    assert rules_of(c["rule"][2])["dwellings"] == "floor / 85 m2"
    assert all(len(v) == 6 for v in c.values())


def test_two_houses_of_3dbag_on_the_map_of_delft(reference_data: Any) -> None:
    """Real layers that do overlap: the footprints are the same to a metre, and height and year come from 3DBAG."""
    from scenarios.areas import osm_buildings, osm_read
    from scenarios.areas.ground import projector

    extract = osm_read.read_extract(reference_data("osm", "delft.osm.pbf"))
    outline = shapely.box(84_500, 446_300, 85_300, 446_800)
    stock = osm_buildings.read_stock(extract, outline, projector("EPSG:28992"))
    (models,) = read_all([reference_data("buildings3d", "3dbag_one_building.city.jsonl")], "EPSG:28992")
    found = join(stock, models, outline)
    c = found.columns
    assert len(found.shapes) == len(stock.shapes)
    rows = np.flatnonzero([len(s) > 0 for s in c["surfaces"]])
    assert c["osm_id"][rows].tolist() == [253721955, 253722294]
    assert c["height"][rows] == pytest.approx([13.19, 9.41], abs=0.01)
    assert c["year"][rows].tolist() == [1936, 1949]
    assert all("Prins Bernhardlaan" in a for a in c["address"][rows])
    rest = np.setdiff1d(np.arange(len(stock.shapes)), rows)
    assert (c["height"][rest] == stock.columns["height"][rest]).all()


def test_rules_are_merged_by_name() -> None:
    assert merge_rules("a: 1; b: 2", {"b": "3", "c": "x / 3 m"}) == "a: 1; b: 3; c: x / 3 m"
    assert rules_of("") == {}
