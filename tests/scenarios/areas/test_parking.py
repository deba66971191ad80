"""Parking places of areas: what norms ask, what a map shows, and that the cars of the residents have room at home."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from scenarios.areas import finish, osm_parking
from scenarios.areas.osm_read import Extract
from scenarios.areas.parking import density, parking_places
from scenarios.areas.town import generate_town
from twin.area import Area


@pytest.fixture(scope="module")
def town():
    return generate_town(3_000, seed=2)


def per_node(area, table):
    return np.bincount(table["node"], table["capacity"], len(area.nodes))


def test_the_cars_of_the_residents_have_places_at_home(town) -> None:
    assert not list(town.faults())
    cars = np.bincount(
        town.buildings.node_car[town.households.building], town.households.cars, minlength=len(town.nodes)
    )
    places = per_node(town, town.parking)
    assert (places >= cars).all()
    assert 1.2 * cars.sum() < places.sum() < 3.5 * cars.sum()
    assert set(town.parking.node.tolist()) <= set(town.buildings.node_car.tolist())
    assert "parking.norms" in town.facts["assumptions"]


def test_old_and_dense_neighbourhoods_have_fewer(town) -> None:
    modern = {**vars(town.buildings), "year": np.full(len(town.buildings), 2010)}
    newer = Area(town.name, town.crs, {**{n: vars(t) for n, t in town.tables.items()}, "buildings": modern})
    assert parking_places(newer)["capacity"].sum() > parking_places(town)["capacity"].sum()
    assert 0.0 <= density(town).min() < density(town).max() <= 1.0


def test_car_parks_of_a_map_count_as_part_of_what_the_norms_ask(town) -> None:
    inferred = parking_places(town)
    row = int(np.argmax(np.where(inferred["kind"] == "lot", inferred["capacity"], 0)))
    node, capacity = int(inferred["node"][row]), int(inferred["capacity"][row])
    lots = {
        "x": town.nodes.x[[node]],
        "y": town.nodes.y[[node]],
        "capacity": np.array([3]),
        "kind": ["garage"],
        "rule": [""],
    }
    found = parking_places(town, lots)
    assert (found["origin"][0], found["node"][0], found["kind"][0]) == ("observed", node, "garage")
    assert per_node(town, found)[node] == per_node(town, inferred)[node]
    many = parking_places(town, {**lots, "capacity": np.array([capacity + 10_000])})
    assert many["node"].tolist().count(node) == 1
    assert per_node(town, many)[node] == capacity + 10_000


def test_an_area_without_buildings_has_none() -> None:
    area = Area("roads", "EPSG:28992", {})
    before = area.digest()
    area.facts["domains_built"] = []
    assert parking_places(area) == {}
    area.put("parking", {})
    assert area.digest() == before


def extract(*tags):
    """Squares of 50 m by 50 m, 100 m apart, with these tags; points where the tags say so."""
    out = Extract()
    for i, given in enumerate(tags):
        t = {"amenity": "parking", **given}
        if t.pop("point", ""):
            out.points.append((i, 100.0 * i, 0.0, t))
        else:
            into = out.buildings if "building" in t else out.areas
            into.append((i, shapely.to_wkb(shapely.box(100.0 * i, 0.0, 100.0 * i + 50, 50.0)), t))
    return out


@pytest.mark.parametrize(
    ("tags", "capacity", "kind"),
    [
        ({}, 100, "lot"),
        ({"capacity": "37"}, 37, "lot"),
        ({"capacity": "many"}, 100, "lot"),
        ({"capacity": "-4"}, 100, "lot"),
        ({"capacity": "1e9"}, 100, "lot"),
        ({"access": "private"}, 100, "own ground"),
        ({"access": "customers", "parking": "multi-storey"}, 100, "own ground"),
        ({"parking": "street_side"}, 200, "street"),
        ({"parking": "multi-storey", "building": "parking", "building:levels": "5"}, 500, "garage"),
        ({"building": "yes", "building:levels": "nan"}, 100, "garage"),
        ({"point": "yes"}, 20, "lot"),
    ],
)
def test_what_a_map_says_of_a_car_park(tags, capacity, kind) -> None:
    found = osm_parking.read_lots(extract(tags), shapely.box(-10, -10, 2_000, 60), lambda x, y: (x, y))
    assert (found["capacity"].tolist(), found["kind"].tolist()) == ([capacity], [kind])
    assert (found["rule"][0] == "") == (tags.get("capacity") == "37")


def test_car_parks_outside_the_outline_are_left_out() -> None:
    found = osm_parking.read_lots(extract({}, {}, {}), shapely.box(90, -10, 160, 60), lambda x, y: (x, y))
    assert len(found["x"]) == 1
    assert not len(osm_parking.read_lots(Extract(), shapely.box(0, 0, 1, 1), lambda x, y: (x, y))["x"])


def test_finish_gives_every_area_its_places(town) -> None:
    again = Area(town.name, town.crs, {n: vars(t) for n, t in town.tables.items() if n != "parking"})
    assert not len(again.parking)
    assert len(finish(again).parking) == len(town.parking)
