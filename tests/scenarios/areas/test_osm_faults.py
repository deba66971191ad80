"""Extracts with faults of every kind: what is mended, what is dropped, and that both are counted."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely

from scenarios.areas.check import check_area
from scenarios.areas.osm import read_ground
from scenarios.areas.place import build_place
from tests.scenarios.areas.osm_text import Text, told
from twin.errors import InputError

BROKEN, MENDED = "broken outlines", "outlines of buildings that cross themselves or are open"


def built(text: Text, folder, **options):
    """The area of a hand-written extract, without errors."""
    area = build_place(text.write(folder), **options)
    assert [f for f in check_area(area) if f.severity == "error"] == []
    return area


@pytest.mark.parametrize(
    ("name", "what", "least"),
    [
        ("delft_station.osm.pbf", "ways for traffic without two nodes in a row", 100),
        ("amsterdam_duivendrecht_tiny.osm.pbf", "ways for bicycle that no way leads to", 1),
    ],
)
def test_tiny_extracts_that_were_cut(reference_data, name, what, least) -> None:
    area = build_place(reference_data("osm", name))
    assert [f for f in check_area(area) if f.severity == "error"] == []
    assert told(area, "dropped")[what] >= least


def test_a_way_over_a_node_that_is_absent_is_cut_there(tmp_path) -> None:
    text = Text()
    a, _, c, _ = text.block()
    text.way([a, 9_999, c], {"highway": "residential"})
    area = built(text, tmp_path)
    assert told(area, "repaired")["nodes that the extract lacks or misplaces, ways cut there"] == 1
    assert told(area, "dropped")["ways for traffic without two nodes in a row"] == 1
    assert len(area.links) == len(built(block(), tmp_path).links)


def block(**options) -> Text:
    text = Text(**options)
    text.block()
    return text


def test_doubled_buildings_and_ways_are_dropped(tmp_path) -> None:
    text = Text()
    a, b, *_ = text.block()
    plain = built(text, tmp_path)
    text.house(40, 40)
    text.way([a, b], {"highway": "residential", "name": "Once more"})
    area = built(text, tmp_path)
    assert len(area.buildings) == len(plain.buildings)
    assert len(area.links) == len(plain.links)
    assert told(area, "dropped")["buildings with the outline of another"] == 1
    assert told(area, "dropped")["ways for traffic as another over the same nodes"] == 1


def test_objects_given_twice_and_out_of_order(tmp_path) -> None:
    text = block()
    plain = built(text, tmp_path)
    text.parts += text.parts[:8]
    area = built(text, tmp_path)
    assert told(area, "dropped")["objects given twice"] == 8
    (tmp_path / "shuffled").mkdir()
    path = text.write(tmp_path / "shuffled")
    head, body = path.read_text(encoding="utf-8").split('<osm version="0.6">')
    first, rest = body.split("<way", 1)
    path.write_text(f'{head}<osm version="0.6"><way{rest.removesuffix("</osm>")}{first}</osm>', encoding="utf-8")
    again = build_place(path)
    assert again.digest() == area.digest()
    assert told(again, "repaired")["objects in another order, or with a number below zero"] > 8
    assert len(again.links) == len(plain.links)


def test_numbers_below_zero(tmp_path) -> None:
    text = block()
    plain = built(text, tmp_path)
    for k, (kind, number, words) in enumerate(text.parts):
        text.parts[k] = (kind, -number, words.replace('id="', 'id="-').replace('ref="', 'ref="-'))
    area = built(text, tmp_path)
    assert told(area, "repaired")["objects in another order, or with a number below zero"] == len(text.parts)
    assert (len(area.links), len(area.buildings)) == (len(plain.links), len(plain.buildings))


@pytest.mark.parametrize(
    ("corners", "mended", "size"),
    [
        ([(0, 0), (20, 20), (20, 0), (0, 20), (0, 0)], True, 100.0),  # a bow tie: its larger half
        ([(0, 0), (20, 0), (20, 20), (0, 20)], True, 400.0),  # left open
        ([(0, 0), (20, 0), (0, 0)], False, 0.0),  # a line
    ],
)
def test_buildings_whose_outline_is_no_polygon(tmp_path, corners, mended, size) -> None:
    text = block()
    number = text.way([text.node(100 + x, 150 + y) for x, y in corners], {"building": "house"})
    area = built(text, tmp_path)
    found = area.buildings.osm_id == number
    assert found.any() == mended
    assert told(area, "repaired" if mended else "dropped")[MENDED if mended else BROKEN] == 1
    assert area.buildings.footprint_m2[found].sum() == pytest.approx(size, rel=0.02)
    assert shapely.is_valid(area.geometry("buildings")).all()


def test_members_in_any_order_and_a_courtyard(tmp_path) -> None:
    text = block()
    rings = []
    for size in (60, 20):
        a = [text.node(150 + x * size, 150 + y * size) for x, y in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))]
        rings.append([text.way(a[:3], {}), text.way([a[2], a[3], a[0]], {})])
    (b, c), (d, e) = rings
    members = [("way", e, "inner"), ("way", c, "outer"), ("way", d, "inner"), ("way", b, "outer")]
    text.relation(members, {"type": "multipolygon", "building": "apartments"})
    area = built(text, tmp_path)
    assert area.buildings.footprint_m2.max() == pytest.approx(60**2 - 20**2, rel=0.02)


@pytest.mark.parametrize(
    ("levels", "storeys", "stated"),
    [
        ("3", 3, True),
        ("2;3", 2, True),
        ("1,5", 2, True),
        ("999", 2, False),
        ("-3", 2, False),
        ("two", 2, False),
        ("1e9", 2, False),
        ("inf", 2, False),
    ],
)
def test_storeys(tmp_path, levels, storeys, stated) -> None:
    text = block()
    number = text.house(40, 150, {"building:levels": levels})
    area = built(text, tmp_path)
    row = np.flatnonzero(area.buildings.osm_id == number)
    assert area.buildings.storeys[row] == storeys
    assert (area.buildings.origin[row] == "observed") == stated
    assert told(area, "repaired").get("numbers of storeys that cannot be", 0) == (not stated)


def test_a_height_in_feet(tmp_path) -> None:
    text = block()
    number = text.house(40, 150, {"height": "40 ft"})
    area = built(text, tmp_path)
    assert area.buildings.height[area.buildings.osm_id == number] == pytest.approx(12.192)


@pytest.mark.parametrize(
    ("at", "crs"),
    [
        ((4.9, 52.3), "EPSG:28992"),
        ((9.7, 50.87), "EPSG:25832"),
        ((24.94, 60.17), "EPSG:25835"),
        ((151.2, -33.86), "EPSG:32756"),
        ((-74.0, 40.7), "EPSG:32618"),
        ((-58.4, -34.6), "EPSG:32721"),
        ((0.0005, 0.0005), "EPSG:32631"),
    ],
)
def test_anywhere_on_earth_metres_are_metres(tmp_path, at, crs) -> None:
    area = built(block(at=at), tmp_path)
    assert area.crs == crs
    assert area.buildings.footprint_m2.mean() == pytest.approx(100.0, rel=0.02)
    west_east = np.ptp(area.buildings.x)
    assert west_east == pytest.approx(150.0, rel=0.02)


@pytest.mark.parametrize("spot", [("0", "0"), ("200", "52.3"), ("9", "52.3"), ("4.9", "-52.3")])
def test_a_misplaced_node_is_no_part_of_a_street(tmp_path, spot) -> None:
    text = Text()
    a, *_ = text.block()
    text.way([a, text.spot(*spot)], {"highway": "residential"})
    area = built(text, tmp_path)
    assert np.ptp(area.nodes.x) < 3_000
    assert told(area, "repaired")["nodes that the extract lacks or misplaces, ways cut there"] == 1


@pytest.mark.parametrize("lon", ["300", "4,9", "NaN", ""])
def test_coordinates_that_are_none_refuse_the_file(tmp_path, lon) -> None:
    text = block()
    text.spot(lon, "52.3")
    with pytest.raises(InputError, match="cannot be read as an OpenStreetMap extract") as caught:
        build_place(text.write(tmp_path))
    assert len(caught.value.faults) == 1


def test_a_boundary_with_a_hole_and_an_island(tmp_path) -> None:
    text = Text()
    for k in range(3):  # three blocks in a row, joined by the road
        text.at = (4.9 + 0.006 * k, 52.3)
        text.block()
    whole = read_ground(text.write(tmp_path))
    west, south, east, north = 4.899, 52.299, 4.9175, 52.304
    ring = shapely.box(west, south, 4.912, north) - shapely.box(4.9012, 52.3001, 4.9022, 52.3012)
    border = shapely.MultiPolygon([ring, shapely.box(4.913, south, east, north)])
    ground = read_ground(text.write(tmp_path), border)
    assert 0 < len(ground.stock.shapes) < len(whole.stock.shapes)
    assert ground.outline.area < whole.outline.area
    inside = shapely.contains(ground.outline.buffer(0.01), shapely.centroid(ground.stock.shapes))
    assert inside.all()
    assert ground.account.dropped["buildings outside the area"] == len(whole.stock.shapes) - len(ground.stock.shapes)


def test_an_extract_that_touches_no_municipality(tmp_path) -> None:
    with pytest.raises(InputError, match="holds no roads in the municipality"):
        read_ground(block().write(tmp_path), shapely.box(6.0, 53.0, 6.1, 53.1))
    with pytest.raises(InputError, match="covers nothing of the municipality"):
        read_ground(block().write(tmp_path), shapely.box(4.89, 52.30, 4.8989, 52.31))


def districts(folder, *squares: tuple[float, float, float, float]):
    """A file of districts with 400 residents in 200 dwellings each, by their bounds in degrees."""
    features = [
        {
            "type": "Feature",
            "geometry": shapely.geometry.mapping(shapely.box(*bounds)),
            "properties": {
                "gm_code": "GM9999",
                "gm_naam": "Hand",
                "wk_code": f"WK99990{k}",
                "wk_naam": f"District {k}",
                "aantal_inwoners": 400,
                "woningvoorraad": 200,
            },
        }
        for k, bounds in enumerate(squares)
    ]
    path = folder / "districts.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def test_a_district_without_buildings_and_districts_elsewhere(tmp_path) -> None:
    file = districts(tmp_path, (4.895, 52.295, 4.9035, 52.31), (4.9035, 52.295, 4.92, 52.31))
    area = built(block(), tmp_path, stats=file)
    whole = area.zones.level == "district"
    assert list(area.zones.name[whole]) == ["District 0"]
    assert (area.zones.population > 0).all()
    area = built(block(), tmp_path, stats=districts(tmp_path, (6.0, 53.0, 6.1, 53.1)))
    assert list(area.zones.name[area.zones.level == "district"]) == ["Hand"]
    assert area.facts["sources"][1]["notes"] == ["none of its districts touches the area"]


@pytest.mark.parametrize("name", ["x" * 250, "<script>alert(1)</script>", "a\tb\nc", "道路 🚲", "%s {0} \\", "'\"&"])
def test_names_are_kept_and_escaped_on_the_page(tmp_path, name) -> None:
    from scenarios.report.area import page

    text = Text()
    text.block(tags={"name": name})
    area = built(text, tmp_path, name=name)
    assert " ".join(name.split()) in {" ".join(str(n).split()) for n in area.links.name}
    assert "<script>alert" not in page(area)
