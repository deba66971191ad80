"""Streets between buildings: whatever the buildings, one connected network around them that keeps clear of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.areas.between import GAP, NEAR, lay_streets
from scenarios.areas.streets import components
from twin.draws import stream, uniforms


def scattered(seed: int, count: int, side: float) -> Any:
    """Turned rectangles of 6 to 40 m anywhere in a square, also over each other."""
    u = uniforms(stream(seed, "test.between"), np.arange(count * 5)).reshape(-1, 5)
    corners = shapely.box(0, 0, 6 + 34 * u[:, 2], 6 + 20 * u[:, 3])
    turn, at = u[:, 4] * np.pi, u[:, :2] * side
    return np.array(
        [
            shapely.transform(
                box,
                lambda c, a=a, p=p: c @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) + p,
            )
            for box, a, p in zip(corners, turn, at, strict=True)
        ]
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 80), side=st.floats(30.0, 900.0))
def test_whatever_the_buildings(seed: int, count: int, side: float) -> None:
    shapes = scattered(seed, count, side)
    laid = lay_streets(shapes)
    s = laid.streets
    n = len(s.x)
    assert components(n, s.tail, s.head, strong=False).max() == 0
    assert len(s.marks["gateway"]) >= 2
    assert (s.degree() > 0).all()
    assert (s.tail != s.head).all()
    for line, a, b in zip(s.lines, s.tail, s.head, strict=True):
        assert line[0] == pytest.approx([s.x[a], s.y[a]], abs=0.01)
        assert line[-1] == pytest.approx([s.x[b], s.y[b]], abs=0.01)
    assert shapely.union_all(shapes).within(laid.outline.buffer(1e-6))
    lines = shapely.union_all([shapely.LineString(line) for line in s.lines])
    large = shapely.union_all(shapes[shapely.area(shapes) >= 30])
    # merging junctions may pull a street over a corner, no more
    assert shapely.length(lines.intersection(shapely.buffer(large, -GAP / 4))) <= 0.02 * shapely.length(lines)
    assert laid.facts["through_buildings"] <= max(2, 0.06 * len(s.lines))


def test_two_rows_have_one_street_midway_and_one_around() -> None:
    rows = np.concatenate([shapely.box(np.arange(10) * 6.0, y, np.arange(10) * 6.0 + 6, y + 10) for y in (0.0, 26.0)])
    laid = lay_streets(rows)
    middle = [line for line in laid.streets.lines if np.abs(line[:, 1] - 18.0).max() < 1.0]
    assert len(middle) == 1
    assert np.ptp(middle[0][:, 0]) == pytest.approx(60 + 2 * 20, abs=8)
    assert laid.facts["blocks"] == 2
    assert len(laid.streets.tail) == 3  # through the middle, and around on either side


@pytest.mark.parametrize(("gap", "blocks"), [(GAP - 0.5, 1), (GAP + 0.5, 2)])
def test_a_street_fits_from_the_least_gap_on(gap: float, blocks: int) -> None:
    laid = lay_streets(np.array([shapely.box(0, 0, 60, 10), shapely.box(0, 10 + gap, 60, 20 + gap)]))
    assert laid.facts["blocks"] == blocks


def test_sheds_and_yards_get_no_street() -> None:
    ring = shapely.box(0, 0, 80, 60).difference(shapely.box(10, 10, 70, 50))
    sheds = shapely.box(np.arange(4) * 14.0 + 14, 25.0, np.arange(4) * 14.0 + 18, 30.0)
    inside = shapely.box(30, 34, 42, 44)
    laid = lay_streets(np.array([ring, *sheds, inside]))
    assert laid.facts["blocks"] == 1
    lines = shapely.union_all([shapely.LineString(line) for line in laid.streets.lines])
    assert not lines.intersects(shapely.box(0, 0, 80, 60))


def test_wide_streets_are_more_than_residential_and_straight_ones_keep_their_name() -> None:
    blocks = [
        shapely.box(x, y, x + 50, y + 40) for x in (0.0, 65.0, 130.0) for y in (0.0, 75.0, 130.0)
    ]  # 15 m across, 35 and 15 m along
    streets = lay_streets(np.array(blocks)).streets
    middle = np.array([line.mean(axis=0) for line in streets.lines])
    inside = (middle[:, 0] > 10) & (middle[:, 0] < 170)
    broad = inside & (np.abs(middle[:, 1] - 57.5) < 3)
    narrow = inside & (np.abs(middle[:, 1] - 122.5) < 3)
    assert (broad.sum(), narrow.sum()) == (3, 3)
    assert len({*streets.road_class[broad]} & {*streets.road_class[narrow]}) == 0
    assert len(set(streets.name[broad])) == len(set(streets.name[narrow])) == 1
    assert (streets.lengths() >= NEAR).all()
