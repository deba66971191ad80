"""The generated town: the same for the same seed, whole, and plausible at every size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.areas import build
from scenarios.areas.check import check_area, summary
from scenarios.areas.streets import MODES, main_component
from scenarios.areas.town import generate_town
from twin.area import read_area
from twin.errors import InputError
from twin.tables import OCCUPATIONS


@pytest.fixture(scope="module")
def town():
    return generate_town(20_000)


def test_same_seed_same_town_and_another_seed_another() -> None:
    assert generate_town(2_000, seed=5).digest() == generate_town(2_000, seed=5).digest()
    assert generate_town(2_000, seed=5).digest() != generate_town(2_000, seed=6).digest()


@pytest.mark.parametrize("citizens", [1_000, 5_000, 20_000, 60_000])
def test_every_size_is_whole(citizens: int) -> None:
    area = generate_town(citizens, seed=3)
    assert [f for f in check_area(area) if f.severity == "error"] == []
    assert int(area.people.resident.sum()) == citizens
    for mode in MODES:
        rows = area.links[mode]
        inside, share = main_component(len(area.nodes), area.links.tail[rows], area.links.head[rows])
        assert share == 1.0
        assert inside[area.location_node(mode)[: len(area.buildings)]].all()
    assert len(area.households) <= area.buildings.dwellings.sum()


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**31), citizens=st.integers(1_000, 6_000))
def test_any_seed_gives_a_town_without_errors(seed: int, citizens: int) -> None:
    area = generate_town(citizens, seed)
    assert [f for f in check_area(area) if f.severity == "error"] == []
    assert int(area.people.resident.sum()) == citizens


def test_street_density_of_the_default_town(town) -> None:
    assert 1_000 <= len(town.nodes) <= 1_500
    assert 3_000 <= len(town.links) <= 4_500


def test_provision(town) -> None:
    kinds = town.places.kind
    for kind in ("hospital", "gp_post", "library", "pharmacy", "care_home", "shop", "leisure", "work"):
        assert (kinds == kind).any(), kind
    assert (kinds == "school").sum() >= 2
    posts = kinds == "ambulance_post"
    assert posts.sum() >= 2
    assert town.places.capacity[posts].sum() >= 2


def test_people_are_consistent_with_households_and_gateways(town) -> None:
    people, n = town.people, len(town.buildings)
    inside = people.resident
    assert (town.households.building[people.household[inside]] == people.home[inside]).all()
    assert (people.household[~inside] == -1).all()
    assert (people.home[~inside] >= n).all()
    through = people.occupation == OCCUPATIONS.index("through")
    assert (people.main[through] >= n).all()
    assert (people.main[through] != people.home[through]).all()
    goods = people.occupation == OCCUPATIONS.index("goods")
    assert town.gateways.through.sum() == through.sum()
    assert town.gateways.goods.sum() == goods.sum() > 0
    assert town.gateways.commuters_in.sum() == (~inside & ~through & ~goods).sum()
    assert town.gateways.commuters_out.sum() == (inside & (people.main >= n)).sum()


def test_shares_are_dutch(town) -> None:
    residents = town.people.resident
    assert 0.42 <= town.households.cars.sum() / residents.sum() <= 0.55
    assert 1.9 <= town.households["size"].mean() <= 2.3
    age = town.people.age[residents]
    assert 0.12 <= (age < 15).mean() <= 0.18
    assert 0.15 <= (age >= 65).mean() <= 0.24
    assert (town.people.licence[residents] <= (age >= 18)).all()
    assert 0.8 <= town.people.has_bicycle[residents].mean() <= 0.95


def test_buildings_hardly_overlap(town) -> None:
    import shapely

    shapes = town.geometry("buildings")
    tree = shapely.STRtree(shapes)
    a, b = tree.query(shapes, predicate="overlaps")
    pair = a < b
    common = shapely.area(shapely.intersection(shapes[a[pair]], shapes[b[pair]]))
    assert common.sum() < 0.02 * shapely.area(shapes).sum()


def test_survives_the_disk(town, tmp_path) -> None:
    assert read_area(town.write(tmp_path / "town")).digest() == town.digest()


def test_zone_counts_add_up(town) -> None:
    zones = town.zones
    district = zones.level == "district"
    assert zones.population[district].sum() == zones.population[~district].sum() == 20_000
    assert (zones.parent[~district] >= 0).all()


def test_summary_tells_the_provenance(town) -> None:
    told = summary(town)
    assert told["origin"]["buildings"] == {"synthetic": 1.0}
    assert told["connected_share"] == {"car": 1.0, "bicycle": 1.0, "walk": 1.0}
    assert told["residents"] == 20_000


@pytest.mark.parametrize("citizens", [0, 999, 1_000_001])
def test_refuses_other_sizes(citizens: int) -> None:
    with pytest.raises(InputError, match="1,000 to 1,000,000"):
        generate_town(citizens)


def test_registry_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean town"):
        build("twon")
    with pytest.raises(InputError, match="did you mean citizens"):
        build("town", citizen=5_000)
    assert int(np.sum(build("town", citizens=1_000).people.resident)) == 1_000
