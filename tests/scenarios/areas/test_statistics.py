"""Districts of Statistics Netherlands: the real files, every published layout, and files that are broken."""

from __future__ import annotations

import gzip
import json
import sqlite3
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import shapely

from scenarios.areas.ground import reproject
from scenarios.areas.osm_frame import projected_system
from scenarios.areas.statistics import Zones, find_municipality, read_zones
from twin.errors import InputError

Data = Callable[..., Path]

KWB = (
    "gwb_code_10;gwb_code_8;regio;gm_naam;recs;gwb_code;a_inw;a_00_14;a_15_24;a_25_44;a_45_64;a_65_oo;a_hh;a_1p_hh;"
    "a_hh_z_k;a_hh_m_k;g_hhgro;a_woning;g_wozbag;p_koopw;p_wcorpw;a_opl_bvm;a_opl_hvm;a_opl_hw;p_arb_pp;p_ink_li;"
    "p_ink_hi;a_pau;g_pau_hh;a_opp_ha;ste_mvs\n"
    "NL00;0;Nederland;Nederland;Land;NL00;17942942;.;.;.;.;.;.;.;.;.;2,1;.;.;.;.;.;.;.;.;.;.;.;.;.;2\n"
    "GM0503;05030000;Delft;Delft;Gemeente;GM0503;109577;12500;27000;31000;21000;18077;66000;38000;14000;14000;1,6;53000;"
    "341;41;44;13000;26000;39000;66,1;45,2;17,4;30000;0,5;2406;1\n"
    "WK050311;05031100;Wijk 11 Binnenstad;Delft;Wijk;WK050311;13000;900;3400;4400;2700;1600;9400;6500;1900;1000;1,4;6900;"
    "382;39;22;800;2700;6500;.;.;.;2800;0,3;148;1\n"
    "BU05031100;05031100;Centrum-Noord;Delft;Buurt;BU05031100;20;.;.;.;.;.;15;.;.;.;1,3;16;;x;.;.;.;.;.;.;.;.;.;9;1\n"
)


def square(x: float, y: float, size: float) -> shapely.Polygon:
    return shapely.box(x, y, x + size, y + size)


def geopackage(path: Path, layers: dict[str, list[dict[str, object]]]) -> Path:
    """A GeoPackage as GDAL writes it: header with bounds, coordinate system 28992."""
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE gpkg_geometry_columns (table_name, column_name, geometry_type_name, srs_id, z, m)")
    base.execute("CREATE TABLE gpkg_spatial_ref_sys (srs_name, srs_id, organization, organization_coordsys_id)")
    base.execute("INSERT INTO gpkg_spatial_ref_sys VALUES ('RD', 28992, 'EPSG', 28992)")
    for name, rows in layers.items():
        columns = [c for c in rows[0] if c != "geom"]
        base.execute(f'CREATE TABLE "{name}" (fid INTEGER PRIMARY KEY, geom BLOB, {", ".join(columns)})')
        base.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 'MULTIPOLYGON', 28992, 0, 0)", (name,))
        for row in rows:
            shape = row["geom"]
            header = b"GP\0\x03" + struct.pack("<i4d", 28992, *[shape.bounds[i] for i in (0, 2, 1, 3)])
            values = [header + shapely.to_wkb(shape), *(row[c] for c in columns)]
            base.execute(f'INSERT INTO "{name}" VALUES (NULL, {", ".join("?" * len(values))})', values)
    base.commit()
    base.close()
    return path


@pytest.fixture(scope="module")
def dutch(reference_data: Data) -> Zones:
    return read_zones(reference_data("stats_nl"))


def test_the_folder_of_2022(dutch: Zones) -> None:
    assert dutch.account.read == {"municipalities": 345, "districts": 3340}
    assert dutch.account.dropped == {"missing cells": 1169}
    assert sum(z.figures["population"] or 0 for z in dutch if z.level == "municipality") == 17_590_672
    assert all(z.shape is not None and z.crs == "EPSG:4326" for z in dutch)
    assert not dutch.account.unplaced


def test_table_and_map_agree(reference_data: Data) -> None:
    table = read_zones(reference_data("stats_nl", "nl_municipalities_2022.csv.gz"))
    shapes = read_zones(reference_data("stats_nl", "nl_municipalities_2022.geojson.gz"))
    assert [z.figures for z in table] == [z.figures for z in shapes]
    assert table.account.unplaced == {"municipalities without a border": 345}


def test_a_municipality_and_its_districts(dutch: Zones) -> None:
    code = find_municipality(dutch, "delft")
    assert code == find_municipality(dutch, "GM0503") == find_municipality(dutch, 503) == "GM0503"
    inside = [z for z in dutch if z.municipality_code == code]
    districts = [z for z in inside if z.level == "district"]
    assert len(districts) == 13
    assert districts[0].name == "Binnenstad"
    (whole,) = (z.figures["population"] for z in inside if z.level == "municipality")
    assert sum(z.figures["population"] or 0 for z in districts) == pytest.approx(whole, rel=0.01)


def test_every_municipality_lies_in_the_dutch_system(dutch: Zones) -> None:
    whole = [z for z in dutch if z.level == "municipality"]
    middles = [reproject(z.shape, z.crs, "EPSG:4326").centroid for z in whole]
    elsewhere = [z.name for z, m in zip(whole, middles, strict=True) if projected_system(m.x, m.y) != "EPSG:28992"]
    assert (len(whole), elsewhere) == (345, [])
    abroad = {"Antwerp": (4.40, 51.22), "Zelzate": (3.81, 51.20), "Wassenberg": (6.15, 51.10), "Aachen": (6.09, 50.78)}
    assert [name for name, at in abroad.items() if projected_system(*at) == "EPSG:28992"] == []


@pytest.mark.parametrize(
    ("text", "code"),
    [("den haag", "GM0518"), ("Sudwest-Fryslan", "GM1900"), ("bergen (nh.)", "GM0373"), ("'s hertogenbosch", "GM0796")],
)
def test_names_are_found_however_they_are_written(dutch: Zones, text: str, code: str) -> None:
    assert find_municipality(dutch, text) == code


@pytest.mark.parametrize(
    ("text", "said"),
    [("Bergen", r"Bergen \(NH\.\) \(GM0373\), Bergen \(L\.\) \(GM0893\)"), ("Delt", "Delft"), ("9999", "GM")],
)
def test_a_miss_names_what_there_is(dutch: Zones, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        find_municipality(dutch, text)


def test_provinces_are_no_zones(reference_data: Data) -> None:
    with pytest.raises(InputError, match="holds no Dutch municipality"):
        read_zones(reference_data("stats_nl", "nl_provinces_2022.geojson.gz"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_the_table_of_key_figures(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "kwb-2024.csv"
    file.write_bytes(KWB.replace("Centrum-Noord", "Coëlhorst").encode(encoding))
    zones = read_zones(file)
    assert [z.code for z in zones] == ["GM0503", "WK050311", "BU05031100"]
    city, district, quarter = zones
    assert quarter.name == "Coëlhorst"
    assert (district.name, district.municipality, district.municipality_code) == ("Binnenstad", "Delft", "GM0503")
    assert city.figures["household_size"] == 1.6
    assert city.figures["area_km2"] == 24.06
    assert city.figures["pop_15_24"] == pytest.approx(100 * 27000 / 109577)
    assert city.figures["one_person"] == pytest.approx(100 * 38000 / 66000)
    assert city.figures["education_high"] == pytest.approx(100 * 39 / 78)
    assert city.figures["dwelling_value"] == 341
    assert district.figures["employment_rate"] is None
    assert quarter.figures["dwelling_value"] is None
    assert zones.account.dropped["rows of the country and provinces"] == 1
    assert zones.account.dropped["secret cells"] > 10
    assert zones.account.dropped["missing cells"] == 1
    repaired = "file in Windows-1252 instead of UTF-8"
    assert (repaired in zones.account.repaired) == (encoding == "cp1252")


def test_codes_that_a_spreadsheet_spoilt(tmp_path: Path) -> None:
    file = tmp_path / "kwb.csv"
    file.write_text("gwb_code;regio;recs;a_inw\n503;Delft;Gemeente;109577\n50311;Binnenstad;Wijk;13000\n")
    zones = read_zones(file)
    assert [z.code for z in zones] == ["GM0503", "WK050311"]
    assert zones.account.repaired["codes without their letters or leading zeros"] == 2


def test_the_columns_of_statline(tmp_path: Path) -> None:
    file = tmp_path / "85039NED.csv"
    file.write_text(
        '"ID";"WijkenEnBuurten";"Gemeentenaam_1";"SoortRegio_2";"Codering_3";"AantalInwoners_5";"k_0Tot15Jaar_8";'
        '"HuishoudensTotaal_28";"GemiddeldeHuishoudensgrootte_32";"PersonenautoSPerHuishouden_102"\n'
        '3;"WK050311  ";"Delft   ";"Wijk   ";"WK050311  ";"13000";"1300";"9000";"      1.4";"       ."\n'
    )
    zone = read_zones(file).rows[0]
    assert zone.code == "WK050311"
    assert zone.figures["pop_0_14"] == 10.0
    assert zone.figures["household_size"] == 1.4
    assert zone.figures["cars_per_household"] is None


def test_the_map_of_districts(tmp_path: Path) -> None:
    row = {"gemeentecode": "GM0503", "gemeentenaam": "Delft", "water": "NEE"}
    buurt = {
        "buurtcode": "BU05031100",
        "buurtnaam": "Centrum",
        "wijkcode": "WK050311",
        **row,
        "aantal_inwoners": 1200,
        "percentage_personen_0_tot_15_jaar": 8,
        "percentage_koopwoningen": -99997,
        "woningvoorraad": -99995.0,
        "gemiddelde_huishoudsgrootte": 1.6,
        "personenautos_per_huishouden": -99999999,
        "stedelijkheid_adressen_per_km2": 1,
        "oppervlakte_totaal_in_ha": 25,
        "geom": shapely.MultiPolygon([square(84_000, 447_000, 500)]),
    }
    gemeente = {**row, "aantal_inwoners": 105_000, "geom": square(83_000, 446_000, 5_000)}
    water = {**gemeente, "water": "JA", "aantal_inwoners": -99999999}
    file = geopackage(tmp_path / "wijkenbuurten_2024.gpkg", {"buurten": [buurt], "gemeenten": [gemeente, water]})
    archive = tmp_path / "WijkBuurtkaart_2024.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(file, "WijkBuurtkaart_2024_v1/wijkenbuurten_2024.gpkg")
    for path in (file, archive):
        zones = read_zones(path)
        city, quarter = zones
        assert (city.code, city.name, quarter.code, quarter.name) == ("GM0503", "Delft", "BU05031100", "Centrum")
        assert quarter.crs == city.crs == "EPSG:28992"
        assert quarter.shape.area == pytest.approx(250_000)
        assert quarter.figures["population"] == 1200
        assert quarter.figures["area_km2"] == 0.25
        assert quarter.figures["owner_occupied"] is quarter.figures["dwellings"] is None
        assert zones.account.dropped == {"areas of water": 1, "secret cells": 1, "missing cells": 2}


def test_figures_join_borders_by_code(tmp_path: Path) -> None:
    (tmp_path / "kwb-2024.csv").write_text(KWB)
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [200, 200], [200, 0], [0, 200], [0, 0]]]}
    moved = json.loads(json.dumps(bow))
    moved["coordinates"][0] = [[x + 84_000, y + 447_000] for x, y in bow["coordinates"][0]]
    features = [
        {"type": "Feature", "properties": {"statcode": "WK050311", "statnaam": "Binnenstad"}, "geometry": moved},
        {"type": "Feature", "properties": {"statcode": "WK050312", "statnaam": "Vrijenban"}, "geometry": moved},
    ]
    (tmp_path / "wijken.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    zones = read_zones(tmp_path, "district")
    assert [z.code for z in zones] == ["WK050311", "WK050312"]
    first, second = zones
    assert first.shape.is_valid
    assert first.shape.area == pytest.approx(20_000)
    assert first.crs == "EPSG:28992"  # told from the numbers: the file names none
    assert first.figures["population"] == 13_000
    assert second.figures["population"] is None
    assert zones.account.repaired["borders that crossed themselves"] == 2
    assert "1 zones have no figures" in zones.account.notes


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"code;name;population\n", "no rows"),
        ("a.csv", b"some prose", "no heading"),
        ("a.csv", b"x;y\n1;2\n", "holds no Dutch municipality"),
        ("a.csv", b"\x00\x01\x02\x03" * 50, "is no text"),
        ("a.csv.gz", gzip.compress(KWB.encode())[:-200], "cannot be read"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": [', "cannot be read as GeoJSON"),
        ("a.geojson", b'{"type": "Topology"}', "cannot be read as GeoJSON"),
        ("a.gpkg", b"SQLite format 3\0" + b"\1" * 4000, "cannot be read as a GeoPackage"),
        ("a.zip", b"PK\3\4" + b"\0" * 100, "cannot be unpacked"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_zones(tmp_path / name)


def test_impossible_values_are_dropped(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("code,name,population,pop_0_14,pop_15_24\nGM0001,A,-5,140,12\nGM0002,B,1e9,twelve,12\n")
    zones = read_zones(file)
    assert [z.figures["population"] for z in zones] == [None, None]
    assert [z.figures["pop_0_14"] for z in zones] == [None, None]
    assert zones.account.dropped["cells that are no number"] == 1
    assert zones.account.dropped["values of population outside 0 to 2e+06"] == 2
