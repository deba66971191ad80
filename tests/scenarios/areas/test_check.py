"""The checks find what is broken, name it, and stay silent on a sound area."""

from __future__ import annotations

import numpy as np
import pytest

from scenarios.areas.check import check_area
from scenarios.areas.town import generate_town


@pytest.fixture
def area():
    return generate_town(1_500, seed=2)


def rules(area) -> set[str]:
    return {f.rule for f in check_area(area) if f.severity == "error"}


def test_sound_area_has_no_errors(area) -> None:
    assert rules(area) == set()


def test_out_of_range_is_an_error_with_its_row(area) -> None:
    area.links.speed[7] = -1.0
    found = [f for f in check_area(area) if f.severity == "error"]
    assert (found[0].table, found[0].row, found[0].column) == ("links", 7, "speed")
    assert "links[7].speed" in str(found[0])


def test_dangling_reference(area) -> None:
    area.buildings.node_car[3] = len(area.nodes)
    assert "type_or_range" in rules(area)


def test_cut_network(area) -> None:
    area.links.car[: len(area.links) // 2] = False
    assert {"strongly_connected", "building_reachable"} & rules(area)


def test_wrong_home(area) -> None:
    area.people.home[np.flatnonzero(area.people.resident)[0]] += 1
    assert "home_of_household" in rules(area)


def test_overfull_school(area) -> None:
    area.places.capacity[area.places.kind == "school"] = 0
    assert "pupil_places" in rules(area)


def test_length_that_is_not_drawn(area) -> None:
    area.links.length[0] *= 3
    assert any(f.rule == "length_as_drawn" and f.row == 0 for f in check_area(area))


@pytest.mark.parametrize(("over", "told"), [(0.0, []), (0.1, []), (0.5, ["50%"])])
def test_a_peak_that_does_not_fit_the_streets(area, over, told) -> None:
    area.facts["peak_beyond_capacity"] = over
    found = [f for f in check_area(area) if f.rule == "peak_fits"]
    assert [f.message[:3] for f in found] == told
    assert all(f.severity == "warning" and "--osm" in f.remedy for f in found)


def test_green_beyond_the_cycle(area) -> None:
    area.signal_groups.green_to[0] = 200.0
    assert "green_within_cycle" in rules(area)
