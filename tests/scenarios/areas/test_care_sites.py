"""Lists of care sites: Dutch and English headings, degrees and metres, the wrong way round, and files that are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scenarios.areas.care_sites import kind_of, read_sites
from twin.errors import InputError

# Delft's hospital: the same point in degrees and in metres
LON, LAT, X, Y = 4.3568, 52.0027, 84_263.0, 446_499.0


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Ambulancepost", "ambulance_post"),
        ("standplaats", "ambulance_post"),
        ("Huisartsenpost", "gp_post"),
        ("verpleeghuis", "care_home"),
        ("Hogeschool", "university"),
        ("basisschool", "school"),
        ("nursing_home", "care_home"),
        ("tandarts", ""),
    ],
)
def test_kinds(text: str, kind: str) -> None:
    assert kind_of(text) == kind


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_dutch_list_in_metres(tmp_path: Path, encoding: str) -> None:
    file = write(tmp_path / "zorg.csv", f"Soort;Naam;X;Y;Bedden\nZiekenhuis;Reiniér;{X};{Y};300\n", encoding)
    sites = read_sites(file)
    assert (sites.kind, sites.name, sites.capacity.tolist()) == (["hospital"], ["Reiniér"], [300])
    assert (sites.lon[0], sites.lat[0]) == (pytest.approx(LON, abs=2e-3), pytest.approx(LAT, abs=2e-3))


def test_an_english_list_in_degrees_with_every_mistake(tmp_path: Path) -> None:
    rows = [
        f"hospital,A,{LON},{LAT},10",
        f"hospital,A,{LON},{LAT},10",  # twice
        f"pharmacy,B,{LAT},{LON},",  # the wrong way round
        f"school,C,{Y},{X},250",  # metres, the wrong way round
        "ambulance station,D,-73.98,40.71,5",  # Manhattan
        f"dentist,E,{LON},{LAT},",
        "hospital,F,,,5",
        "hospital,G,4.3",
    ]
    sites = read_sites(write(tmp_path / "a.csv", "kind,name,lon,lat,capacity\n" + "\n".join(rows)))
    assert sites.kind == ["hospital", "pharmacy", "school"]
    assert sites.capacity.tolist() == [10, 0, 250]
    assert sites.lon == pytest.approx([LON] * 3, abs=2e-3)
    assert sites.account.repaired == {
        "rows with longitude and latitude the wrong way round": 1,
        "rows with x and y the wrong way round": 1,
    }
    assert sites.account.dropped == {
        "rows with too few or too many cells": 1,
        "rows without coordinates": 1,
        "rows outside the area looked at": 1,
        "rows of kind 'dentist'": 1,
        "sites given twice": 1,
    }


def test_other_bounds_than_the_netherlands(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "kind,name,lon,lat\nhospital,A,-73.98,40.71\n")
    assert len(read_sites(file, (-74.1, 40.6, -73.9, 40.9))) == 1


def test_decimal_commas(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", "soort;naam;lengtegraad;breedtegraad\napotheek;B;4,3568;52,0027\n")
    assert read_sites(file).lon[0] == LON


def test_the_name_of_the_file_tells_the_kind(tmp_path: Path) -> None:
    text = f"naam;lon;lat\nNoord;{LON};{LAT}\n"
    sites = read_sites(write(tmp_path / "ambulanceposten_2024.csv", text))
    assert sites.kind == ["ambulance_post"]
    assert sites.account.repaired == {"kinds taken from the name of the file": 1}
    with pytest.raises(InputError, match="does not tell what the sites are"):
        read_sites(write(tmp_path / "lijst.csv", text))


@pytest.mark.parametrize("crs", [None, "urn:ogc:def:crs:EPSG::28992", "urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:99999"])
def test_geojson(tmp_path: Path, crs: str | None) -> None:
    x, y = (X, Y) if crs and "28992" in crs else (LON, LAT)
    ring = [[x, y], [x, y], [x, y], [x, y]]
    features = [
        {"properties": {"amenity": "doctors", "name": "P"}, "geometry": {"type": "Point", "coordinates": [x, y]}},
        {"properties": {"amenity": "hospital"}, "geometry": {"type": "Polygon", "coordinates": [ring]}},
        {"properties": {"amenity": "hospital"}, "geometry": None},
    ]
    whole: dict[str, object] = {"type": "FeatureCollection", "features": [{"type": "Feature", **f} for f in features]}
    if crs:
        whole["crs"] = {"type": "name", "properties": {"name": crs}}
    sites = read_sites(write(tmp_path / "a.geojson", json.dumps(whole)))
    assert sites.kind == ["gp_post", "hospital"]
    assert sites.lat == pytest.approx([LAT] * 2, abs=2e-3)
    assert sites.account.repaired["shapes taken as their middle"] == 1


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "", "is empty"),
        ("a.csv", "kind,name,lon,lat\n", "no rows"),
        ("a.csv", "kind,name\nhospital,A\n", "no columns of coordinates"),
        ("a.csv", "kind,name,lon,lat\nhospital,A,x,y\n", "no coordinates that can be read"),
        ("a.csv", "kind,name,lon,lat\nhospital,A,10,20\n", "outside the area"),
        ("a.geojson", '{"type": "FeatureCollection", "features": []}', "holds no features"),
        ("a.geojson", '{"type": "Feature', "cannot be read as GeoJSON"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_sites(write(tmp_path / name, text))
