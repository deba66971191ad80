"""Listed sites in the places of an area: each in a building, once, and stand-ins give way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely

from scenarios.areas.account import Account
from scenarios.areas.care_sites import Sites
from scenarios.areas.ground import projector
from scenarios.areas.sites import join_sites

CRS = "EPSG:28992"
BUILDINGS = {
    "x": 84_000.0 + np.array([0.0, 100.0, 1_000.0]),
    "y": np.full(3, 446_000.0),
    "use": np.array(["office", "office", "house"], object),
    "floor_m2": np.full(3, 500.0),
}
GATEWAYS = np.array([[83_000.0, 446_000.0], [86_000.0, 446_000.0]])
OUTLINE = shapely.box(83_000.0, 445_000.0, 86_000.0, 447_000.0)


def listed(*sites: tuple[str, str, float, int]) -> Sites:
    """Kind, name, metres east of the first building and capacity of each."""
    east = 84_000.0 + np.array([s[2] for s in sites])
    lon, lat = projector("EPSG:4326", CRS)(east, np.full(len(sites), 446_000.0))
    account = Account("sites", "sites.csv", "", "")
    names = [s[1] for s in sites]
    return Sites(
        [s[0] for s in sites], names, np.asarray(lon), np.asarray(lat), np.array([s[3] for s in sites]), account
    )


def places(*rows: tuple[str, str, int, int, str]) -> dict[str, Any]:
    """Kind, name, building, capacity and origin of each place that is there before."""
    n = len(rows)
    kinds = {"kind": object, "name": object, "building": np.int64, "capacity": np.int64, "origin": object}
    table = {c: np.array([r[k] for r in rows], dtype) for k, (c, dtype) in enumerate(kinds.items())}
    return {**table, "gateway": np.full(n, -1), "beyond": np.zeros(n)}


def joined(table: dict[str, Any], *lists: Sites, facts: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    out = join_sites(table, lists, BUILDINGS, GATEWAYS, OUTLINE, CRS, 20_000, {} if facts is None else facts)
    return list(zip(out["kind"], out["name"], out["building"], out["capacity"], strict=True))


def test_two_of_one_list_are_two_however_near() -> None:
    both = listed(("pharmacy", "East", 100, 5), ("pharmacy", "West", 0, 7))
    assert joined(places(), both) == [("pharmacy", "West", 0, 7), ("pharmacy", "East", 1, 5)]


def test_what_another_source_has_becomes_one_and_is_counted() -> None:
    sites = listed(("pharmacy", "West", 0, 7))
    assert joined(places(("pharmacy", "", 1, 3, "observed")), sites) == [("pharmacy", "West", 1, 7)]
    assert sites.account.repaired == {"pharmacies that another source has, made one": 1}


def test_a_stand_in_gives_way_to_a_listed_place_and_far_ones_are_told() -> None:
    sites, facts = (
        listed(("hospital", "Here", 0, 0), ("hospital", "Far", 9_000, 0)),
        {"served_from_outside": ["hospital"]},
    )
    assert joined(places(("hospital", "", 2, 9, "synthetic")), sites, facts=facts) == [("hospital", "Here", 0, 250)]
    assert facts["served_from_outside"] == []
    assert sites.account.unplaced == {"hospitals outside the area": 1}


def test_a_site_inside_the_border_is_in_the_nearest_building_however_far() -> None:
    sites = listed(("hospital", "In the fields", 1_900, 30))
    assert joined(places(("hospital", "", 2, 9, "synthetic")), sites) == [("hospital", "In the fields", 2, 30)]


def test_a_listed_place_outside_tells_where_the_stand_in_is() -> None:
    sites = listed(("hospital", "Far", 30_000, 0), ("hospital", "Near", 4_000, 400))
    table = {
        **places(("hospital", "Ziekenhuis", 2, 9, "synthetic")),
        "gateway": np.array([0]),
        "beyond": np.array([7e3]),
    }
    out = join_sites(table, [sites], BUILDINGS, GATEWAYS, OUTLINE, CRS, 20_000, {})
    assert (out["name"].tolist(), out["capacity"].tolist(), out["gateway"].tolist()) == (["Near"], [400], [1])
    assert out["beyond"][0] == pytest.approx(1.3 * 2_000, rel=1e-3)
    assert out["origin"].tolist() == ["inferred"]
    assert sites.account.repaired == {"hospitals outside the area, reached by a gateway": 1}
    assert sites.account.unplaced == {"hospitals outside the area": 1}


@pytest.mark.parametrize("given", [0, 3])
def test_posts_have_ambulances(given: int) -> None:
    ((_, _, _, units),) = joined(places(), listed(("ambulance_post", "Post", 0, given)))
    assert units == given or (given == 0 and units >= 1)
