"""Dwellings and residents of districts, whole and cut: exact where a number is published, said where it cannot be met."""

from __future__ import annotations

import numpy as np
import shapely

from scenarios.areas.housing import control, residents_of
from scenarios.areas.zones import District, profile_of


def district(inside: float = 1.0, **figures: float) -> District:
    return District("WK000001", "Oost", shapely.box(0, 0, 1000, 1000), figures, inside)


def controlled(dwellings: list[int], *districts: District, use: str = "house"):
    n = len(dwellings)
    member = np.arange(n) % len(districts)
    return control(np.array(dwellings), np.full(n, use, object), np.full(n, 100.0), member, districts)


def residents(dwellings: list[int], *districts: District) -> list[int]:
    member = np.arange(len(dwellings)) % len(districts)
    return residents_of(np.array(dwellings), member, districts, [profile_of(d) for d in districts])


def test_a_whole_district_has_its_published_dwellings() -> None:
    out, told = controlled([1, 4, 0, 5], district(dwellings=25.0))
    assert (out.sum(), out[2], told[0]["published"], told[0]["found"]) == (25, 0, 25, 10)


def test_a_district_without_a_home_gets_its_dwellings_by_floor() -> None:
    assert controlled([0, 0, 0, 0], district(dwellings=6.0), use="office")[0].sum() == 6


def test_of_a_district_that_is_cut_what_is_found_stays() -> None:
    out, told = controlled([1, 4], district(0.5, dwellings=25.0))
    assert out.tolist() == [1, 4]
    assert "published" not in told[0]


def test_residents_of_a_part_are_scaled_to_its_dwellings() -> None:
    assert residents([30, 20], district(0.5, population=220.0, dwellings=100.0)) == [110]


def test_a_part_never_has_more_residents_than_the_whole() -> None:
    """However many dwellings the map shows in it."""
    assert residents([300, 200], district(0.5, population=220.0, dwellings=100.0)) == [220]


def test_residents_without_a_home_are_told() -> None:
    homeless = district(population=40.0)
    assert residents([0, 0], homeless) == [0]
    assert controlled([0, 0], homeless)[1][0]["residents_left_out"] == 40
    assert "residents_left_out" not in controlled([1, 0], homeless)[1][0]
