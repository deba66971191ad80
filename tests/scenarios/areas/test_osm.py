"""Areas from OpenStreetMap extracts: tags, small hand-written extracts, and the real files."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from scenarios.areas.check import check_area, summary
from scenarios.areas.osm_frame import projected_system
from scenarios.areas.osm_tags import parse_length, parse_speed, read_rule
from scenarios.areas.place import build_place
from scenarios.areas.streets import BIKE_B, BIKE_F, CAR_B, CAR_F, ROUND, WALK
from twin.errors import InputError

STATED = os.environ.get("TWIN_REFERENCE_DATA")
DATA = Path(STATED or Path(__file__).parents[3].parent / "shared" / "data")


def extract(name: str) -> Path:
    path = DATA / "osm" / name
    if not path.is_file():
        message = f"{path} is absent"
        if STATED:
            pytest.fail(message)
        pytest.skip(message)
    return path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50", 50.0),
        ("30 mph", 48.28032),
        ("NL:urban", 50.0),
        ("DE:rural", 100.0),
        ("walk", 10.0),
        ("DE:zone30", 30.0),
        ("none", 130.0),
        ("signals", None),
    ],
)
def test_speeds(text: str, expected: float | None) -> None:
    assert parse_speed(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"), [("12", 12.0), ("12.5 m", 12.5), ("40 ft", 12.192), ("12'6\"", 3.81), ("tall", None)]
)
def test_lengths_in_metres_and_feet(text: str, expected: float | None) -> None:
    assert parse_length(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("tags", "flags"),
    [
        ({}, CAR_F | CAR_B | BIKE_F | BIKE_B | WALK),
        ({"oneway": "yes"}, CAR_F | BIKE_F | WALK),
        ({"oneway": "-1"}, CAR_B | BIKE_B | WALK),
        ({"oneway": "yes", "oneway:bicycle": "no"}, CAR_F | BIKE_F | BIKE_B | WALK),
        ({"oneway": "yes", "cycleway": "opposite_lane"}, CAR_F | BIKE_F | BIKE_B | WALK),
        ({"junction": "roundabout"}, CAR_F | BIKE_F | WALK | ROUND),
        ({"access": "private", "bicycle": "yes"}, BIKE_F | BIKE_B),
        ({"motor_vehicle": "no"}, BIKE_F | BIKE_B | WALK),
        ({"bicycle": "use_sidepath"}, CAR_F | CAR_B | WALK),
    ],
)
def test_permissions(tags: dict[str, str], flags: int) -> None:
    rule = read_rule({"highway": "residential", **tags})
    assert rule is not None
    assert rule.flags == flags


def test_lanes() -> None:
    rule = read_rule({"highway": "primary", "lanes": "3"})
    assert rule is not None
    assert (rule.lanes_f, rule.lanes_b) == (2, 1)
    rule = read_rule({"highway": "primary", "lanes": "3", "oneway": "yes", "lanes:bus": "1"})
    assert rule is not None
    assert rule.lanes_f == 2


@pytest.mark.parametrize(
    ("lon", "lat", "crs"),
    [
        (4.37, 52.0, "EPSG:28992"),
        (9.7, 50.87, "EPSG:25832"),
        (24.94, 60.17, "EPSG:25835"),
        (-74.0, 40.7, "EPSG:32618"),
        (6.09, 50.78, "EPSG:25832"),
    ],
)
def test_projected_system(lon: float, lat: float, crs: str) -> None:
    assert projected_system(lon, lat) == crs


def square(tags: str = "", buildings: bool = True) -> str:
    """A block of four streets of 300 m, with two houses, a school and a way that leads out."""
    spots = {1: (4.90, 52.30), 2: (4.9044, 52.30), 3: (4.9044, 52.3027), 4: (4.90, 52.3027), 5: (4.93, 52.30)}
    ways = [
        (10, (1, 2), "residential"),
        (11, (2, 3), "residential"),
        (12, (3, 4), "residential"),
        (13, (4, 1), "residential"),
        (14, (2, 5), "secondary"),
    ]
    text = [f'<node id="{i}" lon="{x}" lat="{y}"/>' for i, (x, y) in spots.items()]
    for i, nodes, kind in ways:
        refs = "".join(f'<nd ref="{n}"/>' for n in nodes)
        text.append(f'<way id="{i}">{refs}<tag k="highway" v="{kind}"/><tag k="name" v="Street {i}"/>{tags}</way>')
    if buildings:
        for k, kind in enumerate(("house", "apartments", "school", "house")):
            x, y, ids = 4.9008 + 0.0009 * k, 52.3004, [100 + 10 * k + c for c in range(4)]
            corners = [(x, y), (x + 0.0005, y), (x + 0.0005, y + 0.0003), (x, y + 0.0003)]
            text += [f'<node id="{i}" lon="{a:.7f}" lat="{b:.7f}"/>' for i, (a, b) in zip(ids, corners, strict=True)]
            refs = "".join(f'<nd ref="{n}"/>' for n in [*ids, ids[0]])
            text.append(
                f'<way id="{200 + k}">{refs}<tag k="building" v="{kind}"/><tag k="building:levels" v="3"/></way>'
            )
    text.sort(key=lambda t: t.startswith("<way"))
    return '<?xml version="1.0"?><osm version="0.6">' + "".join(text) + "</osm>"


def test_a_small_extract(tmp_path: Path) -> None:
    path = tmp_path / "square.osm"
    path.write_text(square(), encoding="utf-8")
    area = build_place(path)
    assert [f for f in check_area(area) if f.severity == "error"] == []
    assert len(area.buildings) == 4
    assert set(area.buildings.use) == {"house", "apartments", "school"}
    assert (area.buildings.storeys == 3).all()
    assert (area.buildings.origin == "observed").all()
    assert len(area.gateways) >= 1
    assert area.gateways.name[0] == "Street 14"
    assert set(area.facts["served_from_outside"]) == {"hospital", "gp_post", "ambulance_post"}
    outside = area.places.kind == "hospital"
    assert (area.places.origin[outside] == "synthetic").all()
    assert (area.places.gateway[outside] >= 0).all()
    assert (area.places.beyond[outside] <= area.gateways.distance.max()).all()
    assert (area.places.beyond[outside] > 0).all()
    packed = tmp_path / "square.osm.gz"
    packed.write_bytes(gzip.compress(square().encode()))
    assert build_place(packed, name=area.name).digest() == area.digest()


def test_citizens_may_be_given(tmp_path: Path) -> None:
    path = tmp_path / "square.osm"
    path.write_text(square(), encoding="utf-8")
    area = build_place(path, citizens=333)
    assert int(area.people.resident.sum()) == 333
    assert [f for f in check_area(area) if f.severity == "error"] == []


def test_without_buildings_the_houses_are_synthetic(tmp_path: Path) -> None:
    path = tmp_path / "bare.osm"
    path.write_text(square(buildings=False), encoding="utf-8")
    area = build_place(path)
    assert (area.buildings.origin == "synthetic").all()
    assert "synthetic" in area.facts["buildings"]["note"]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("no_roads.osm", square().replace('k="highway"', 'k="waterway"'), "no roads"),
        ("cut.osm", square()[:900], "cannot be read"),
        ("words.osm", "once upon a time", "cannot be read"),
        ("area.txt", square(), "not the name of an OpenStreetMap extract"),
        ("walkers.osm", square(tags='<tag k="motor_vehicle" v="no"/>'), "no roads that cars can use"),
    ],
)
def test_bad_files_give_one_clear_reason(tmp_path: Path, name: str, text: str, reason: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=reason) as caught:
        build_place(path)
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].remedy


def test_absent_file() -> None:
    with pytest.raises(InputError, match="no such file"):
        build_place("nowhere.osm.pbf")


def test_truncated_pbf(tmp_path: Path) -> None:
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(extract("delft.osm.pbf").read_bytes()[:400_000])
    with pytest.raises(InputError, match="cannot be read"):
        build_place(path)


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("delft.osm.pbf", 0.95),
        ("amsterdam_centre.osm.gz", 0.95),
        ("helsinki_centre.osm.pbf", 0.95),
        ("bad_hersfeld.osm.xml.gz", 0.95),
        ("delft_station.osm.pbf", 0.95),
        ("amsterdam_duivendrecht_tiny.osm.pbf", 0.95),
    ],
)
def test_every_real_extract_gives_a_usable_area(name: str, least: float) -> None:
    area = build_place(extract(name), stats=DATA / "stats_nl" if "delft" in name or "amsterdam" in name else None)
    ours = [
        f for f in check_area(area) if f.severity == "error" and f.table not in ("feeders", "cables", "transformers")
    ]
    assert ours == []
    told = summary(area)
    assert told["connected_share"] == {"car": 1.0, "bicycle": 1.0, "walk": 1.0}
    assert area.facts["streets"]["largest_component_share_joined"]["car"] >= least
    assert len(area.gateways) >= 1
    assert told["residents"] > 0
    assert set(np.unique(area.people.origin)) <= {"synthetic"}


def test_delft_shows_the_campus_and_its_district() -> None:
    area = build_place(extract("delft.osm.pbf"), stats=DATA / "stats_nl")
    assert "Wippolder" in area.facts["districts"]
    assert area.crs == "EPSG:28992"
    campus = area.buildings.use == "university"
    assert campus.sum() > 30
    assert area.buildings.dwellings[campus].sum() == 0
    district = area.buildings.zone[campus]
    parent = area.zones.name[area.zones.parent[district]]
    assert (parent == "Wippolder").mean() > 0.8
    inner = area.zones.level == "neighbourhood"
    large = area.zones.population[inner & (area.zones.population > 600)]
    assert large.max() <= 3_500
