"""Sources that contradict each other, margins that are missed and counts that are not met are told, with a remedy."""

from __future__ import annotations

import copy

import pytest

from scenarios.areas import build
from scenarios.areas.check import check_area
from scenarios.areas.place import build_place


@pytest.fixture(scope="module")
def town():
    return build("town", citizens=1000, seed=1)


def rules(area, **facts) -> dict[str, object]:
    before = copy.deepcopy(area.facts)
    area.facts.update(facts)
    try:
        return {f.rule: f for f in check_area(area)}
    finally:
        area.facts = before


def test_the_row_of_weert_is_found_wrong(reference_data) -> None:
    area = build_place(
        stats=reference_data("stats_nl"),
        municipality="Weert",
        energy=reference_data("energy", "nl_municipality_energy_2023.csv.gz"),
        citizens=2000,
    )
    found = {f.rule: f for f in check_area(area)}
    assert "6,030 dwellings, the district figures 23,340" in found["dwellings_agree"].message
    assert found["dwellings_agree"].remedy
    assert "inhabitants_agree" not in found


@pytest.mark.parametrize(("theirs", "told"), [(6_030, True), (23_340, False), (22_200, False), (29_000, True)])
def test_dwellings_of_two_tables_must_be_alike(town, theirs: int, told: bool) -> None:
    of = {"code": "GM0988", "name": "Weert", "figures": {"dwellings": 23_340.0}, "energy": {"dwellings": theirs}}
    assert ("dwellings_agree" in rules(town, municipality=of)) is told


def test_missed_margins_name_the_worst(town) -> None:
    row = {"district": "A", "margin": "owners", "unit": "households", "target": 1000.0, "got": 1010.0}
    small = {**row, "target": 40.0, "got": 60.0}
    people = {**town.facts["people"], "margins_table": [row, small]}
    assert "margins" not in rules(town, people=people)
    people["margins_table"] = [row, {**row, "got": 1025.0}, {**row, "district": "B", "got": 900.0}]
    assert "2 of 3" in rules(town, people=people)["margins"].message
    assert "owners in B: 900 for 1,000" in rules(town, people=people)["margins"].message


def test_gateways_that_are_off_their_count_are_told(town) -> None:
    counts = [{"gateway": 0, "counted": 1000.0, "modelled": 1050}, {"gateway": 1, "counted": 1000.0, "modelled": 1500}]
    found = rules(town, people={**town.facts["people"], "gateway_counts": counts})
    assert found["gateway_count"].row == 1
    assert "1,500 vehicles a day where 1,000 were counted" in found["gateway_count"].message
