"""What a file is: every reference file of a kind, disguises, and what is none."""

from __future__ import annotations

import bz2
import gzip
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import shapely

from scenarios.areas.recognise import recognise, sort_sources
from tests.scenarios.areas.test_statistics import geopackage
from twin.errors import InputError

Data = Callable[..., Path]
FILES = {
    "osm": ["osm/delft.osm.pbf", "osm/bad_hersfeld.osm.xml.gz", "osm/amsterdam_centre.osm.gz"],
    "cityjson": [
        "buildings3d/delft.city.json.gz",
        "buildings3d/3dbag_one_building.city.jsonl",
        "buildings3d/3dbag_tile_901_trimmed.city.jsonl.gz",
    ],
    "zones": ["stats_nl", "stats_nl/nl_districts_2022.csv.gz", "stats_nl/nl_municipalities_2022.geojson.gz"],
    "energy": ["energy/nl_municipality_energy_2023.csv.gz"],
    "weather": ["energy/knmi_hourly_260_de_bilt_2021_2025.zip"],
    "jemss": ["care/jemss_utrecht", "care/jemss_manhattan"],
    "sumo": ["mobility/sumo_bad_hersfeld/osm_edited.net.xml.gz", "mobility/sumo_wildau/net.net.xml.gz"],
    "transit": ["mobility/gtfs_berlin_sample.zip"],
    "boundary": ["stats_nl/nl_provinces_2022.geojson.gz"],
}
OTHERS = [
    "crime/york_street_crime.csv.gz",  # coordinates and categories, but not of care
    "energy/substation_HAL_15min.csv.gz",
    "mobility/sumo_wildau/flows_SUMOV2.2.rou.xml",
    "care/jemss_utrecht/pop_density_raster.zip",
    "osm/SOURCES.md",
    "reference_cases.json",
]


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, names in FILES.items() for n in names])
def test_reference_files(reference_data: Data, kind: str, name: str) -> None:
    assert recognise(reference_data(*name.split("/"))) == kind


@pytest.mark.parametrize("name", OTHERS)
def test_other_files_are_refused(reference_data: Data, name: str) -> None:
    with pytest.raises(InputError, match="not recognised; allowed: an OpenStreetMap extract"):
        recognise(reference_data(*name.split("/")))


def test_a_folder_of_other_things_is_refused(reference_data: Data) -> None:
    with pytest.raises(InputError, match="holds energy, weather"):
        recognise(reference_data("energy"))


def test_names_do_not_matter(reference_data: Data, tmp_path: Path) -> None:
    shutil.copy(reference_data("osm", "delft_station.osm.pbf"), tmp_path / "weather.txt")
    assert recognise(tmp_path / "weather.txt") == "osm"


CARE = "soort;naam;lon;lat\nziekenhuis;A;4.3;52.0\n"
POINT = {"type": "Point", "coordinates": [4.3, 52.0]}
AREA = {"type": "Polygon", "coordinates": [[[4, 52], [5, 52], [5, 53], [4, 52]]]}


def feature(properties: dict[str, object], shape: dict[str, object]) -> str:
    one = {"type": "Feature", "geometry": shape, "properties": properties}
    return json.dumps({"type": "FeatureCollection", "features": [one]})


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (CARE, "care"),
        (feature({"amenity": "hospital"}, POINT), "care"),
        (feature({"name": "my plan area"}, AREA), "boundary"),
        (feature({}, AREA), "boundary"),
        (feature({"buurtcode": "BU05031100"}, AREA), "zones"),
        ("gwb_code;regio;recs;a_inw\n503;Delft;Gemeente;1\n", "zones"),
        ("code,population\nWK050311,12\n", "zones"),
        ('<?xml version="1.0"?>\n<!-- <net> in a remark -->\n<osm version="0.6">', "osm"),
        ('<net version="1.9">', "sumo"),
        ("# STN,YYYYMMDD,HH,T,Q\n344,20240101,1,5,0\n", "weather"),
    ],
)
@pytest.mark.parametrize("pack", ["plain", "gz", "bz2", "zip", "mark"])
def test_made_up_files(tmp_path: Path, text: str, kind: str, pack: str) -> None:
    data = text.encode("utf-8-sig" if pack == "mark" else "utf-8")
    path = tmp_path / "x"
    if pack == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("read me.txt", "some prose that is longer than the table\n" * 50)
            archive.writestr("folder/x", data)
    else:
        path.write_bytes({"gz": gzip.compress, "bz2": bz2.compress}.get(pack, bytes)(data))
    assert recognise(path) == kind


def test_geopackages_of_districts_and_of_other_things(tmp_path: Path) -> None:
    shape = shapely.box(84_000, 447_000, 85_000, 448_000)
    assert recognise(geopackage(tmp_path / "a", {"wijken": [{"wijkcode": "WK050311", "geom": shape}]})) == "zones"
    with pytest.raises(InputError, match="not recognised"):
        recognise(geopackage(tmp_path / "b", {"pand": [{"identificatie": "NL", "geom": shape}]}))


def test_all_faults_at_once(tmp_path: Path) -> None:
    (tmp_path / "care.csv").write_text(CARE)
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(CARE.encode() * 9)[:-12])
    (tmp_path / "code.csv").write_text("code,value\nA1,2\n")
    good = tmp_path / "care.csv"
    assert sort_sources([good, good]) == {"care": [good, good]}
    with pytest.raises(InputError) as error:
        sort_sources([good, *(tmp_path / n for n in ("empty.csv", "cut.gz", "code.csv", "absent"))])
    assert [f.what.split(" (")[0] for f in error.value.faults] == [
        "is empty",
        "cannot be unpacked",
        "is not recognised",
        "no such file or folder",
    ]
