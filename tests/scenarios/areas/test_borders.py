"""Districts and neighbourhoods as published: whose border cuts what, and which figures hold where some are withheld."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely

from scenarios.areas import zones
from scenarios.areas.borders import districts_in, find_town, land_around
from scenarios.areas.place import build_place
from scenarios.areas.statistics import read_zones
from tests.scenarios.areas.test_osm import square
from twin.errors import InputError

WEST, MIDDLE, EAST, SOUTH, NORTH = 4.895, 4.9025, 4.912, 52.297, 52.307


def feature(kind: str, code: str, name: str, box: tuple[float, float, float, float], **figures: float | None):
    names = {"B": ("buurtcode", "buurtnaam"), "W": ("wijkcode", "wijknaam"), "G": ("gemeentecode", "gemeentenaam")}[
        kind
    ]
    shape = json.loads(shapely.to_geojson(shapely.box(*box)))
    return {
        "type": "Feature",
        "geometry": shape,
        "properties": {names[0]: code, names[1]: name, "water": "NEE", "gemeentenaam": "Testum", **figures},
    }


AGES = dict(
    zip(
        (f"percentage_personen_{a}" for a in ("0_tot_15_jaar", "15_tot_25_jaar", "25_tot_45_jaar", "45_tot_65_jaar")),
        (20, 10, 30, 25),
        strict=True,
    )
) | {"percentage_personen_65_jaar_en_ouder": 15}


@pytest.fixture
def published(tmp_path: Path):
    """One municipality, one district, two neighbourhoods, of which the second withholds its ages."""
    whole = (WEST, SOUTH, EAST, NORTH)
    rows = [
        feature("G", "GM9999", "Testum", whole, aantal_inwoners=900),
        feature(
            "W", "WK999901", "Oost", whole, aantal_inwoners=900, woningvoorraad=400, percentage_koopwoningen=50, **AGES
        ),
        feature(
            "B", "BU99990101", "Links", (WEST, SOUTH, MIDDLE, NORTH), aantal_inwoners=300, woningvoorraad=150, **AGES
        ),
        feature("B", "BU99990102", "Rechts", (MIDDLE, SOUTH, EAST, NORTH), aantal_inwoners=600, woningvoorraad=250),
    ]
    path = tmp_path / "map.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}), encoding="utf-8")
    return path


def test_neighbourhoods_take_the_place_of_their_district(published) -> None:
    found = read_zones(published)
    town = find_town(found, "Testum", None)
    outline = shapely.box(WEST, SOUTH, EAST, NORTH)
    assert [d.code for d in districts_in(found, town, outline, "EPSG:4326")] == ["WK999901"]
    parts = districts_in(found, town, outline, "EPSG:4326", parts=True)
    assert [d.code for d in parts] == ["BU99990101", "BU99990102"]
    assert {d.of for d in parts} == {("WK999901", "Oost")}
    assert parts[1].figure("pop_25_44") == 30  # its district's share
    assert parts[1].figure("population") == 600  # its own number
    assert parts[1].figure("owner_occupied") == 50


def test_an_area_has_the_published_neighbourhoods(published, tmp_path: Path) -> None:
    extract = tmp_path / "square.osm"
    extract.write_text(square(), encoding="utf-8")
    area = build_place(osm=extract, stats=published, municipality="GM9999")
    inner = area.zones.level == "neighbourhood"
    assert set(area.zones.name[inner]) <= {"Links", "Rechts"}
    assert (area.zones.origin[inner] == "observed").all()
    assert area.zones.name[~inner].tolist() == ["Oost"]
    assert (area.zones.parent[inner] == 0).all()
    assert area.facts["municipality"]["code"] == "GM9999"
    assert area.zones.population[0] == area.zones.population[inner].sum() == area.people.resident.sum()


def test_land_around_leaves_the_town_out(published) -> None:
    found = read_zones(published)
    town = find_town(found, "Testum", None)
    outline = shapely.box(WEST, SOUTH, EAST, NORTH)
    around = land_around(found, town, outline, "EPSG:4326", 0.01)
    assert around is None
    assert land_around(found, None, outline, "EPSG:4326", 0.01).area == pytest.approx(outline.area)


def test_what_cannot_be_found_is_said(published) -> None:
    with pytest.raises(InputError, match="did you mean Testum"):
        find_town(read_zones(published), "Testem", None)
    with pytest.raises(InputError, match="--stats"):
        find_town(None, "Testum", None)
    with pytest.raises(InputError, match="--municipality"):
        find_town(read_zones(published), None, "energy.csv")


def test_zones_without_buildings_are_left_out() -> None:
    whole = shapely.box(0, 0, 1000, 1000)
    halves = shapely.box(0, 0, 500, 1000), shapely.box(500, 0, 1000, 1000)
    rows = [zones.District(f"BU{k}", f"n{k}", halves[k], {}, of=("WK1", "d")) for k in range(2)]
    x, homes = np.array([100.0, 200.0]), np.array([1, 1])
    table, zone = zones.make_zones(x, x, homes, np.array(["", ""], object), whole, rows, zones.members(x, x, rows))
    assert table["code"].tolist() == ["WK1", "BU0"]
    assert zone.tolist() == [1, 1]


def border_file(path: Path, *box: float) -> Path:
    path.write_text(shapely.to_geojson(shapely.box(*box)), encoding="utf-8")
    return path


def test_a_border_outside_the_municipality_is_refused(published: Path, tmp_path: Path) -> None:
    for box in ((5.1, SOUTH, 5.2, NORTH), (EAST, SOUTH, 5.2, NORTH)):  # apart, and touching it along one side
        with pytest.raises(InputError, match="lies outside the municipality Testum"):
            build_place(stats=published, municipality="Testum", boundary=border_file(tmp_path / "b.geojson", *box))


def test_of_a_municipality_the_land_within_the_border_is_taken(published: Path, tmp_path: Path) -> None:
    inner = border_file(tmp_path / "b.geojson", WEST - 0.1, SOUTH, MIDDLE, NORTH)
    area = build_place(stats=published, municipality="Testum", boundary=inner)
    (told,) = (s for s in area.facts["sources"] if s["file"] == inner.name)
    assert told["read"] == {"polygons of a border": 1}
    whole = build_place(stats=published, municipality="Testum")
    share = (MIDDLE - WEST) / (EAST - WEST)
    level = [np.asarray(a.zones.level == "district") for a in (area, whole)]
    assert area.zones.area_m2[level[0]].sum() == pytest.approx(share * whole.zones.area_m2[level[1]].sum(), rel=0.01)
