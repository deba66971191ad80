"""Municipalities generated inside their real boundary: exact by district, inside, connected, the same again."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from scenarios.areas.ground import projector
from scenarios.areas.municipality import Generated, generate
from scenarios.areas.places import WayOut
from scenarios.areas.streets import MODES, main_component
from scenarios.areas.zones import District
from twin.draws import stream, uniforms
from twin.errors import InputError
from twin.tables import OUTSIDE

DISTRICTS = ("stats_nl", "nl_districts_2022.geojson.gz")
LARGEST = 40_000  # residents of a municipality drawn for this test: seconds count


@cache
def _features(path: Path) -> dict[str, list[District]]:
    """Districts by municipality."""
    import shapely

    to_xy = projector("EPSG:28992")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        features = json.load(file)["features"]
    shapes = shapely.make_valid(shapely.from_geojson([json.dumps(f["geometry"]) for f in features]))
    shapes = shapely.transform(shapes, lambda c: np.stack(to_xy(c[:, 0], c[:, 1]), 1))
    found: dict[str, list[District]] = {}
    for feature, shape in zip(features, shapes, strict=True):
        told = feature["properties"]
        figures = {"dwellings": told["dwelling_total"], "population": told["population"]}
        found.setdefault(f"GM{told['code'][2:6]}", []).append(District(told["code"], told["name"], shape, figures))
    return found


def _outline(districts: list[District]):
    import shapely

    return shapely.union_all([d.shape for d in districts])


@pytest.fixture(scope="module")
def municipalities(reference_data) -> dict[str, list[District]]:
    return _features(reference_data(*DISTRICTS))


@pytest.fixture(scope="module")
def delft(municipalities) -> tuple[Generated, list[District]]:
    districts = municipalities["GM0503"]
    return generate(_outline(districts), districts, 1, "Delft"), districts


def _sound(made: Generated, districts: list[District]) -> None:
    """Exact, inside, mutually reachable for every mode, and with gateways on the boundary."""
    import shapely

    wanted = [d.figure("dwellings") or 0 for d in districts]
    assert np.bincount(made.member, made.buildings["dwellings"], len(districts)).tolist() == wanted
    shapes = np.array([d.shape for d in districts], object)[made.member]
    assert shapely.contains_xy(shapes, made.buildings["x"], made.buildings["y"]).all()
    outline = _outline(districts)
    shapely.prepare(outline)
    assert shapely.contains(outline, shapely.from_wkb(made.buildings["geometry"])).all()
    net = made.streets
    for mode in MODES:
        assert main_component(len(net.x), *net.directed(mode))[1] == 1.0
    own = net.name != OUTSIDE
    lines = shapely.linestrings(
        np.concatenate([net.lines[e] for e in np.flatnonzero(own)]),
        indices=np.repeat(np.arange(own.sum()), [len(net.lines[e]) for e in np.flatnonzero(own)]),
    )
    assert shapely.contains(shapely.buffer(outline, 25.0), lines).all()
    gateways = net.marks["gateway"]
    assert len(gateways) >= 2
    spots = shapely.points(net.x[gateways], net.y[gateways])
    assert shapely.distance(spots, outline.boundary).max() < 1.0


def test_delft_is_sound_and_a_town_of_its_size(delft) -> None:
    made, districts = delft
    _sound(made, districts)
    assert made.citizens == 104_580
    assert 6 <= len(made.streets.marks["gateway"]) <= 14
    assert 2_000 <= len(made.streets.x) <= 6_000
    use = made.buildings["use"].astype(str)
    for kind in ("house", "apartments", "shop", "office", "industry", "school", "hospital"):
        assert (use == kind).any(), kind


def test_buildings_of_delft_do_not_overlap_and_stand_on_no_street(delft) -> None:
    import shapely

    made, _ = delft
    shapes = shapely.from_wkb(made.buildings["geometry"])
    tree = shapely.STRtree(shapes)
    a, b = tree.query(shapes, predicate="overlaps")
    pair = a < b
    assert shapely.area(shapely.intersection(shapes[a[pair]], shapes[b[pair]])).max(initial=0.0) < 1.01
    driven = np.flatnonzero(made.streets.flags & 3)
    lines = shapely.linestrings(
        np.concatenate([made.streets.lines[e] for e in driven]),
        indices=np.repeat(np.arange(len(driven)), [len(made.streets.lines[e]) for e in driven]),
    )
    assert len(np.unique(tree.query(lines, predicate="intersects")[1])) < 0.001 * len(shapes)


def test_dense_districts_have_more_flats(delft) -> None:
    made, districts = delft
    homes = made.buildings["dwellings"]
    flats = np.where(made.buildings["use"] == "apartments", homes, 0)
    share = np.bincount(made.member, flats) / np.maximum(np.bincount(made.member, homes), 1)
    codes = [d.code for d in districts]
    assert share[codes.index("WK050324")] > 1.3 * share[codes.index("WK050328")]  # Voorhof, Wippolder


def test_places_of_delft(delft) -> None:
    made, _ = delft
    table, (_, jobs), (_, room, level) = made.places(None)
    assert made.facts["served_from_outside"] == []
    assert set(table["kind"]) >= {"hospital", "gp_post", "ambulance_post", "school", "shop", "work", "library"}
    assert 0.4 * made.citizens < jobs.sum() < 0.6 * made.citizens
    assert room[level == 0].sum() > 0.095 * made.citizens


def test_same_seed_same_municipality_and_another_seed_another(municipalities) -> None:
    districts = municipalities["GM0096"]  # Vlieland
    first, again, other = (generate(_outline(districts), districts, seed) for seed in (1, 1, 2))
    assert first.buildings["geometry"].tolist() == again.buildings["geometry"].tolist()
    assert first.streets.x.tolist() == again.streets.x.tolist()
    assert first.buildings["geometry"].tolist() != other.buildings["geometry"].tolist()


def test_small_municipality_is_served_from_outside(municipalities) -> None:
    districts = municipalities["GM0096"]
    made = generate(_outline(districts), districts, 1)
    _sound(made, districts)
    table, _, (school, _, level) = made.places(WayOut(2, 0.0, 0.0, 20_000.0))
    assert made.facts["served_from_outside"] == ["gp_post", "hospital", "secondary"]
    told = {n: (g, b) for n, g, b in zip(table["name"], table["gateway"], table["beyond"], strict=True) if g >= 0}
    assert told == {"Hospital outside": (2, 7_000.0), "GP post outside": (2, 6_500.0)}
    assert set(level.tolist()) == {0}  # pupils of secondary schools leave by the gateways
    assert (school < len(made.buildings["x"])).all()


def test_ten_municipalities_of_the_table(municipalities) -> None:
    small = [
        code
        for code, districts in sorted(municipalities.items())
        if sum(d.figure("population") or 0 for d in districts) < LARGEST
    ]
    for k in np.argsort(uniforms(stream(2022, "test.municipalities"), np.arange(len(small))))[:10].tolist():
        districts = municipalities[small[k]]
        _sound(generate(_outline(districts), districts, 1), districts)


def test_islands_are_linked_over_water_and_holes_stay_empty() -> None:
    import shapely

    ring = shapely.box(0, 0, 4_000, 4_000).difference(shapely.box(1_500, 1_500, 2_600, 2_600))
    island, sliver = shapely.box(6_000, 1_000, 7_500, 2_500), shapely.box(0, 4_000, 4_000, 4_030)
    districts = [
        District("WK01", "Ring", ring, {"dwellings": 2_000, "population": 4_500}),
        District("WK02", "Island", island, {"dwellings": 300, "population": 700}),
        District("WK03", "Sliver", sliver, {"dwellings": 9, "population": 20}),
        District("WK04", "Nobody", shapely.box(7_500, 1_000, 8_500, 2_500), {"dwellings": 0, "population": 0}),
        District("WK05", "Unknown", shapely.box(7_500, 2_500, 8_500, 3_500), {"dwellings": None, "population": None}),
    ]
    made = generate(_outline(districts), districts, 3)
    _sound(made, districts)
    assert (made.streets.name == OUTSIDE).any()
    assert made.facts["links_over_water"] >= 1
    assert made.facts["notes"] == ["no figures, nothing built: WK05"]
    assert made.citizens == 5_220


def test_no_road_leads_into_the_sea(municipalities) -> None:
    import shapely

    districts = municipalities["GM1676"]  # Schouwen-Duiveland
    outline = _outline(districts)
    _, south, east, north = outline.bounds
    land = shapely.box(east - 4_000, south - 5_000, east + 9_000, north + 9_000).difference(outline)
    made = generate(outline, districts, 1, neighbours=land)
    _sound(made, districts)
    gateways = made.streets.marks["gateway"]
    assert shapely.distance(shapely.points(made.streets.x[gateways], made.streets.y[gateways]), land).max() < 301.0
    assert made.facts["island"] is False
    alone = generate(outline, districts, 1, neighbours=shapely.Polygon())
    assert alone.facts["island"] is True
    assert len(alone.streets.marks["gateway"]) == 2
    ends = np.isin(alone.streets.tail, alone.streets.marks["gateway"]) | np.isin(
        alone.streets.head, alone.streets.marks["gateway"]
    )
    assert all(name.startswith("Haven ") for name in alone.streets.name[ends])


def test_refuses_what_holds_no_town() -> None:
    import shapely

    square = shapely.box(0, 0, 3_000, 3_000)
    with pytest.raises(InputError, match="no dwellings"):
        generate(square, [District("WK01", "Empty", square, {"dwellings": 0, "population": None})], 1)
    tiny = shapely.box(0, 0, 60, 60)
    with pytest.raises(InputError, match="too little for streets"):
        generate(tiny, [District("WK01", "Tiny", tiny, {"dwellings": 10, "population": 20})], 1)
