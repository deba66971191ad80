"""3D buildings from CityJSON: every version and geometry gives the same building; what is broken is counted."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenarios.areas.cityjson import read_models
from tests.scenarios.areas.boxes3d import EAST, LEVEL, MILLIMETRES, NORTH, Model
from twin.errors import InputError


def house(**more: Any) -> Model:
    model = Model()
    model.add("a", eaves=5.4, ridge=9.0, **more)
    return model


def check_house(models: Any, row: int = 0) -> None:
    assert models.crs == "EPSG:28992"
    assert models.shape[row].equals_exact(shapely.box(EAST, NORTH, EAST + 6, NORTH + 9), 2e-3) or (
        models.shape[row].symmetric_difference(shapely.box(EAST, NORTH, EAST + 6, NORTH + 9)).area < 0.05
    )
    assert models.ground[row] == pytest.approx(LEVEL)
    assert models.height[row] == pytest.approx(9.0)
    assert models.eaves[row] == pytest.approx(5.4)
    assert models.storeys[row] == 2  # (5.4 + 9) / 2 / 3 m
    faces = shapely.from_wkb(models.surfaces[row])
    assert faces.has_z
    assert faces.geom_type == "MultiPolygon"
    z = shapely.get_coordinates(faces, include_z=True)[:, 2]
    assert (z.min(), z.max()) == (pytest.approx(0.0), pytest.approx(9.0))


@pytest.mark.parametrize("semantics", [True, False])
@pytest.mark.parametrize("kind", ["Solid", "MultiSolid", "CompositeSolid", "MultiSurface", "CompositeSurface"])
def test_every_geometry_gives_the_same_house(tmp_path: Path, kind: str, semantics: bool) -> None:
    models = read_models(house(kind=kind, semantics=semantics).write(tmp_path / "a.city.json"))
    check_house(models)
    assert len(shapely.get_parts(shapely.from_wkb(models.surfaces[0]))) == 6  # four walls, two roofs, no ground
    said = "ground surfaces" if semantics else "lowest level surfaces"
    assert f"footprint: {said} of LoD 2.2" in models.rule[0]
    assert "height: roof less ground of LoD 2.2" in models.rule[0]


@pytest.mark.parametrize("ending", [".json", ".city.json.gz", ".city.jsonl", ".jsonl.gz"])
@pytest.mark.parametrize("version", ["1.0", "1.1", "2.0"])
def test_every_version_and_packing(tmp_path: Path, version: str, ending: str) -> None:
    model = house(lod=2.2 if version == "1.0" else "2.2")
    model.version = version
    model.metadata = {"referenceSystem": "urn:ogc:def:crs:EPSG::7415"} if version == "1.0" else model.metadata
    check_house(read_models(model.write(tmp_path / f"a{ending}")))


def test_without_a_floor_the_footprint_is_what_is_seen_from_above(tmp_path: Path) -> None:
    model = house(kind="MultiSurface", semantics=False)
    del model.objects["a"]["geometry"][0]["boundaries"][0]
    models = read_models(model.write(tmp_path / "a.json"))
    check_house(models)
    assert "all surfaces seen from above" in models.rule[0]


def test_parts_are_joined_and_the_most_detailed_level_is_taken(tmp_path: Path) -> None:
    """As 3DBAG: attributes and a footprint on the building, solids of three levels in its part."""
    model = Model()
    model.add("p", eaves=5.4, ridge=9.0, lod=1.2, object_type="BuildingPart")
    for lod in (2.2, 1.3):
        shell, kinds = model.faces(0, 0, 6, 9, 5.4 if lod == 2.2 else 7.0, 9.0 if lod == 2.2 else 7.0)
        named = [{"type": t} for t in ("GroundSurface", "WallSurface", "RoofSurface")]
        geometry = {"type": "Solid", "lod": lod, "boundaries": [shell]}
        geometry["semantics"] = {"surfaces": named, "values": [kinds]}
        model.objects["p"]["geometry"].append(geometry)
    model.add("annex", x=6.0, wide=3.0, eaves=3.0, ridge=3.0, object_type="BuildingPart")
    flat = [[[model.corner(x, y, 0) for x, y in ((0, 0), (9, 0), (9, 9), (0, 9))]]]
    model.objects["b"] = {
        "type": "Building",
        "children": ["p", "annex", "absent"],
        "attributes": {
            "b3_h_maaiveld": LEVEL + 0.2,
            "oorspronkelijkbouwjaar": 1936,
            "b3_bouwlagen": 3,
            "status": "Pand in gebruik",
        },
        "geometry": [{"type": "MultiSurface", "lod": 0, "boundaries": flat}],
    }
    for part in ("p", "annex"):
        model.objects[part]["parents"] = ["b"]
    models = read_models(model.write(tmp_path / "a.jsonl.gz".replace("jsonl", "json")))
    assert models.id.tolist() == ["b"]
    assert models.lod[0] == "2.2"
    assert models.shape[0].area == pytest.approx(81.0, abs=0.1)
    assert models.height[0] == pytest.approx(8.8)
    assert models.eaves[0] == pytest.approx(5.2)
    assert (models.year[0], models.storeys[0], models.stated[0]) == (1936, 3, True)
    assert "ground: b3_h_maaiveld" in models.rule[0]
    assert "storeys" not in models.rule[0]
    assert models.account.dropped == {"parts that are not there": 1}


def test_attributes_of_other_publishers(tmp_path: Path) -> None:
    model = Model()
    model.add("a", yearOfConstruction=1987, storeysAboveGround=4, function="1000")
    model.add("b", x=20, bouwjaar="1905", gebruiksdoel=["winkelfunctie", "woonfunctie"])
    model.add("c", x=40, oorspronkelijkbouwjaar=9999, usage="Kantoor")
    model.add("d", x=60, status="Pand gesloopt")
    model.add("e", x=80, b3_kas_warenhuis=True)
    models = read_models(model.write(tmp_path / "a.json"))
    assert models.id.tolist() == ["a", "b", "c", "e"]
    assert models.year.tolist() == [1987, 1905, 0, 0]
    assert models.storeys.tolist() == [4, 2, 2, 2]
    assert models.stated.tolist() == [True, False, False, False]
    assert models.use.tolist() == ["apartments", "shop", "office", "garage"]
    assert models.account.dropped == {
        "buildings not built, pulled down or below the ground": 1,
        "years of construction outside 1100 to 2100": 1,
    }


def test_a_footprint_takes_its_height_from_what_is_stated(tmp_path: Path) -> None:
    model = Model()
    for name, attributes in (
        ("bag", {"b3_h_maaiveld": 1.0, "b3_h_dak_max": 11.0, "b3_h_dak_70p": 9.0}),
        ("measured", {"measuredHeight": {"value": 20, "uom": "ft"}}),
        ("storeys", {"storeysAboveGround": 5}),
        ("nothing", {}),
    ):
        model.add(name, x=20 * len(model.objects), lod="0", kind="MultiSurface", **attributes)
        geometry = model.objects[name]["geometry"][0]
        geometry["boundaries"], geometry["semantics"] = geometry["boundaries"][:1], None
    models = read_models(model.write(tmp_path / "a.json"))
    assert models.height.tolist() == pytest.approx([10.0, 6.096, 15.0, 6.0])
    assert all(s == b"" for s in models.surfaces)
    assert models.account.repaired == {"buildings without a height, taken from their storeys": 2}


@pytest.mark.parametrize("system", [None, "EPSG:28992", "urn:ogc:def:crs,crs:EPSG::28992,crs:EPSG::5709", "rubbish"])
def test_the_system_is_as_stated_or_told_from_the_numbers(tmp_path: Path, system: str | None) -> None:
    model = Model(system=system)
    model.add("a", eaves=5.4, ridge=9.0)
    models = read_models(model.write(tmp_path / "a.json"))
    check_house(models)
    told = any("told from the numbers" in n for n in models.account.notes)
    assert told == (system in (None, "rubbish"))


def test_degrees_and_feet_become_metres(tmp_path: Path) -> None:
    from pyproj import Transformer

    document = house().document()
    xyz = np.array(document["vertices"]) * 0.001 + MILLIMETRES["translate"]
    lon, lat = Transformer.from_crs("EPSG:28992", "EPSG:4326", always_xy=True).transform(xyz[:, 0], xyz[:, 1])
    for system, unit, metadata in (
        ("EPSG:4326", 1.0, {}),
        ("EPSG:4326+6360", 1200 / 3937, {}),  # NAVD88 in US survey feet
        ("EPSG:4979", 0.3048, {"verticalUnit": "feet"}),
    ):
        document.pop("transform", None)
        document["vertices"] = np.stack([lon, lat, xyz[:, 2] / unit], 1).tolist()
        document["metadata"] = {"referenceSystem": system, **metadata}
        if "+" in system:
            document["metadata"]["referenceSystem"] = "urn:ogc:def:crs,crs:EPSG::4326,crs:EPSG::6360"
        (tmp_path / "a.json").write_text(json.dumps(document))
        models = read_models(tmp_path / "a.json")
        check_house(models)
        assert any("heights converted" in n for n in models.account.notes) == (unit != 1.0)


def test_reprojection_to_the_system_wanted(tmp_path: Path) -> None:
    models = read_models(house().write(tmp_path / "a.json"), "EPSG:25831")
    assert models.crs == "EPSG:25831"
    assert models.shape[0].area == pytest.approx(54.0, rel=2e-3)
    assert models.height[0] == pytest.approx(9.0)


def test_what_is_broken_is_left_out_and_counted(tmp_path: Path) -> None:
    model = Model()
    model.add("whole")
    lost = model.add("lost corner", x=20)
    lost["geometry"][0]["boundaries"][0][1][0][0] = 99_999
    bow = model.add("bow", x=40)
    ring = bow["geometry"][0]["boundaries"][0][0][0]
    ring[1], ring[2] = ring[2], ring[1]
    model.vertices[ring[0]][1] += 4_000
    model.add("line", x=60)["geometry"][0]["boundaries"][0][1] = [[3, 3, 4]]
    model.add("far", x=80)
    model.vertices[-1] = [10**9, 0, 0]
    model.vertices.append("broken")
    model.objects |= {
        "nothing": {"type": "Building", "geometry": []},
        "points": {"type": "Building", "geometry": [{"type": "MultiPoint", "boundaries": [0, 1]}]},
        "rubbish": {
            "type": "Building",
            "geometry": [{"type": "Solid", "lod": "2", "boundaries": [[["a", [None]], 7]]}],
        },
        "no type": {"attributes": {}},
        "text": "Building",
        "road": {"type": "Road", "geometry": [{"type": "MultiSurface", "lod": "1", "boundaries": [[[0, 1, 2]]]}]},
        "lost part": {"type": "BuildingPart", "parents": ["gone"], "geometry": lost["geometry"]},
    }
    models = read_models(model.write(tmp_path / "a.json"))
    assert models.id.tolist() == ["whole", "lost corner", "bow", "line", "lost part"]
    assert shapely.is_valid(models.shape).all()
    assert set(shapely.get_type_id(models.shape)) == {3}
    account = models.account
    assert account.read == {"Road objects, not used": 1, "buildings": 5}
    assert account.dropped == {
        "objects without a type": 2,
        "buildings without a geometry": 3,
        "geometries of type MultiPoint": 1,
        "faces without a surface": 3,
        "buildings over 500 m high or 2 km wide": 1,
    }
    assert account.repaired["rings with corners that the file lacks, drawn without them"] >= 2
    assert account.repaired["outlines that cross themselves"] == 1
    assert account.repaired["parts without their building, taken as one"] == 1


def test_a_sequence_that_is_cut_off_keeps_what_is_whole(tmp_path: Path) -> None:
    model = Model()
    for k in range(4):
        model.add(f"b{k}", x=20 * k)
    lines = model.lines()
    text = "\n".join([*lines, lines[1], "", "{ not json", lines[-1][:-20]])
    (tmp_path / "a.jsonl").write_text(text)
    models = read_models(tmp_path / "a.jsonl")
    assert models.id.tolist() == ["b0", "b1", "b2", "b3"]
    assert models.account.dropped == {
        "lines that are cut off or no JSON": 2,
        "objects whose id was there before": 1,
    }


def test_an_id_that_stands_twice_in_one_document_counts_once(tmp_path: Path) -> None:
    text = json.dumps(house().document())
    one = json.dumps(house().objects["a"])
    twice = text.replace('"CityObjects": {', f'"CityObjects": {{"a": {one}, ')
    (tmp_path / "a.json").write_text(twice)
    models = read_models(tmp_path / "a.json")
    assert len(models) == 1
    assert models.account.dropped == {"entries whose name stands twice": 1}


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", '{"type": "FeatureCollection"}', '{"type": "CityJSON"}', "[" * 100_000, "plain words", "\0\0"],
)
def test_what_is_no_cityjson_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(InputError, match=r"odd\.json"):
        read_models(tmp_path / "odd.json")


def test_a_document_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = house().write(tmp_path / "a.json.gz")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match="whole file"):
        read_models(path)
    (tmp_path / "b.json").write_text(json.dumps(house().document())[:-30])
    with pytest.raises(InputError, match="cannot be read as JSON"):
        read_models(tmp_path / "b.json")


def test_numbers_that_tell_no_system_are_refused(tmp_path: Path) -> None:
    model = Model(system=None)
    model.add("a")
    document = model.document() | {"transform": {"scale": [1, 1, 1], "translate": [9e6, 9e6, 0]}}
    (tmp_path / "a.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match="referenceSystem"):
        read_models(tmp_path / "a.json")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_ends_in_a_traceback(tmp_path: Path, data: st.DataObject) -> None:
    """Any value anywhere in the document replaced by rubbish: a reading or a clear refusal."""
    model = house()
    model.add("b", x=20, measuredHeight=4)
    document = json.loads(json.dumps(model.document()))
    spot: Any = document
    for _ in range(data.draw(st.integers(1, 9))):
        keys = list(spot) if isinstance(spot, dict) else list(range(len(spot)))
        key = data.draw(st.sampled_from(keys))
        inner = spot[key]
        if not isinstance(inner, dict | list) or not inner:
            break
        parent, spot = spot, inner
    else:
        spot = parent
    rubbish = st.sampled_from(
        [None, -1, 10**30, 1e300, math.nan, math.inf, "x", [], {}, [[]], [None], True, {"type": 3}]
    )
    spot[key] = data.draw(rubbish)
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document))
    try:
        models = read_models(path)
    except InputError:
        return
    assert np.isfinite(models.height).all()
    assert (models.height >= 1.0).all()
    assert (models.storeys >= 1).all()


@pytest.mark.parametrize(
    ("file", "count", "unused"),
    [
        ("rotterdam_delfshaven.city.json.gz", 853, 0),
        ("3d_basisvoorziening_subset.city.json.gz", 26, 72),
        ("rotterdam_subset.city.json", 16, 0),
        ("3dbag_one_building.city.jsonl", 2, 0),
        ("delft.city.json.gz", 160, 410),
        ("3dbag_tile_901_trimmed.city.jsonl.gz", 52, 0),
    ],
)
def test_published_files(reference_data: Any, file: str, count: int, unused: int) -> None:
    models = read_models(reference_data("buildings3d", file))
    assert len(models) == count
    assert models.crs == "EPSG:28992"
    assert sum(n for what, n in models.account.read.items() if "not used" in what) == unused
    assert shapely.is_valid(models.shape).all()
    assert set(shapely.get_type_id(models.shape)) == {3}
    assert 1.5 <= np.median(models.height) < 20
    assert (models.eaves <= models.height).all()


def test_heights_agree_with_those_that_3dbag_states(reference_data: Any) -> None:
    """Our ridge from the surfaces against the highest roof point that 3DBAG gives; both are of the same laser points."""
    path = reference_data("buildings3d", "3dbag_tile_901_trimmed.city.jsonl.gz")
    models = read_models(path)
    import gzip

    stated = {}
    for line in gzip.decompress(path.read_bytes()).splitlines():
        for name, thing in json.loads(line).get("CityObjects", {}).items():
            if "h_dak_max" in thing.get("attributes", {}):
                a = thing["attributes"]
                stated[name] = (a["h_dak_max"] - a["h_maaiveld"], a["oorspronkelijkbouwjaar"])
    gap = models.height - np.array([stated[i][0] for i in models.id])
    assert np.median(np.abs(gap)) < 0.35
    assert models.year.tolist() == [int(stated[i][1]) for i in models.id]
