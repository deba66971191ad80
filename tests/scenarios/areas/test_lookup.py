"""Names of an area are found whatever their capitals and accents, and each says how a measure names it."""

from __future__ import annotations

import numpy as np
import pytest

from scenarios.areas import build
from scenarios.areas.lookup import close_names, everything, find
from scenarios.measures import where


@pytest.fixture(scope="module")
def town():
    return build("town", citizens=2000, seed=1)


def test_a_street_is_found_by_a_part_of_its_name(town) -> None:
    name = next(str(n) for n in town.links.name[town.links.car] if len(str(n)) > 6)
    part = name[1:-1].upper()
    hits = [h for h in find(town, part) if h.kind == "street" and h.name == name]
    assert len(hits) == 1
    assert hits[0].rows == (town.links.name == name).sum()
    kind, _, value = hits[0].where.partition(": ")
    assert np.array_equal(
        where.links(town, {kind: value}, "here"), np.flatnonzero((town.links.name == name) & town.links.car)
    )


def test_accents_do_not_count(town) -> None:
    names = town.links.name.copy()
    town.links.name[:2] = "Café Brûlé"
    try:
        assert {h.name for h in find(town, "cafe brule")} == {"Café Brûlé"}
    finally:
        town.links.name[:] = names


def test_districts_assets_and_places_are_found(town) -> None:
    kinds = {h.kind for h in everything(town)}
    assert {
        "street",
        "district",
        "neighbourhood",
        "gateway",
        "substation",
        "neighbourhood station",
        "hospital",
    } <= kinds
    station = str(town.transformers.name[0])
    assert f"asset: {station}" in {h.where for h in find(town, station)}
    code = str(town.zones.code[0])
    assert where.zone(town, code, "here") == 0
    assert f"district: {code}" in {h.where for h in find(town, str(town.zones.name[0]))}


def test_a_district_is_found_by_its_code(town) -> None:
    code = str(town.zones.code[0])
    assert (str(town.zones.name[0]), f"district: {code}") in {(h.name, h.where) for h in find(town, code.lower())}


def test_zones_and_streets_come_first_and_of_these_names_that_begin_with_the_text(town) -> None:
    hits = find(town, "r")
    kinds = [h.kind for h in hits]
    assert kinds[0] in ("district", "neighbourhood")
    assert kinds[-1] == "0.4 kV feeder"
    starts = [h.name.lower().startswith("r") for h in hits if h.kind == "street"]
    assert starts == sorted(starts, reverse=True)
    assert True in starts
    assert False in starts


def test_nearly_right_names_are_offered(town) -> None:
    name = next(str(n) for n in town.links.name if len(str(n)) > 8)
    wrong = name[:3] + "x" + name[4:]
    assert find(town, wrong) == []
    assert name in close_names(town, wrong)
