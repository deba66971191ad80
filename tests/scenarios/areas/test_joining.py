"""Joining two layers of footprints whose truth is known: which building is which, after shifts, splits and merges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.areas.joining import common_shift, match, moved
from twin.draws import stream, uniforms


@dataclass
class Layers:
    """Two layers of one town and the pairs that are truly one building."""

    first: Any
    second: Any
    truth: set[tuple[int, int]]


def rows_of_houses(seed: int, count: int) -> Any:
    """Terraced, detached and large buildings along parallel streets, as rectangles."""
    u = uniforms(stream(seed, "test.houses"), np.arange(count * 3)).reshape(-1, 3)
    wide = np.where(u[:, 0] < 0.6, 5.7, np.where(u[:, 0] < 0.9, 9.0 + 6 * u[:, 1], 20.0 + 30 * u[:, 1]))
    gap = np.where(u[:, 0] < 0.6, 0.0, 3.0 + 4 * u[:, 2])
    deep = np.where(u[:, 0] < 0.9, 8.0 + 3 * u[:, 1], 15.0 + 10 * u[:, 2])
    street, x = np.arange(count) // 40, np.zeros(count)
    for s in range(street.max() + 1):
        here = street == s
        x[here] = np.cumsum(wide[here] + gap[here]) - wide[here]
    return shapely.box(x, street * 60.0, x + wide, street * 60.0 + deep)


def two_layers(seed: int, count: int, shift: tuple[float, float], noise: float = 0.15) -> Layers:
    """The second layer: moved, with noise in every corner, every 12th split, every 15th merged with its neighbour, every
    10th missing, and a tenth more elsewhere."""
    first = rows_of_houses(seed, count)
    west, south, east, north = shapely.bounds(first).T
    luck = uniforms(stream(seed, "test.edits"), np.arange(count * 8)).reshape(-1, 8)
    jitter = (luck[:, :4] * 2 - 1) * noise
    west, south, east, north = west + jitter[:, 0], south + jitter[:, 1], east + jitter[:, 2], north + jitter[:, 3]
    second: list[Any] = []
    truth: set[tuple[int, int]] = set()
    merged: set[int] = set()
    for i in range(count):
        if i in merged or i % 10 == 3:
            continue
        here = shapely.box(west[i], south[i], east[i], north[i])
        if i % 12 == 5:
            middle = west[i] + (0.3 + 0.4 * luck[i, 5]) * (east[i] - west[i])
            truth |= {(i, len(second)), (i, len(second) + 1)}
            second += [
                shapely.box(west[i], south[i], middle, north[i]),
                shapely.box(middle, south[i], east[i], north[i]),
            ]
        elif i % 15 == 7 and i + 1 < count and i // 40 == (i + 1) // 40:
            other = shapely.box(west[i + 1], south[i + 1], east[i + 1], north[i + 1])
            truth |= {(i, len(second)), (i + 1, len(second))}
            second.append(shapely.convex_hull(shapely.union(here, other)))
            merged.add(i + 1)
        else:
            truth.add((i, len(second)))
            second.append(here)
    extra = rows_of_houses(seed + 1, max(count // 10, 1))
    second += list(moved(extra, (0.0, 30.0 - 0.5)))  # in the gardens behind
    return Layers(first, moved(np.array(second), shift), truth)


def precision_and_recall(layers: Layers, move: tuple[float, float]) -> tuple[float, float]:
    pairs = match(layers.first, moved(layers.second, move))
    found = set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    right = len(found & layers.truth)
    return right / max(len(found), 1), right / max(len(layers.truth), 1)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.7, -0.4), (1.5, 1.0), (-2.0, 0.5)])
def test_the_shift_is_found_and_nearly_every_pair(shift: tuple[float, float]) -> None:
    layers = two_layers(7, 600, shift)
    move = common_shift(layers.first, layers.second)
    assert move == pytest.approx((-shift[0], -shift[1]), abs=0.06)
    precision, recall = precision_and_recall(layers, move)
    assert precision >= 0.99
    assert recall >= 0.99


def test_without_undoing_the_shift_terraces_are_mistaken_for_their_neighbours() -> None:
    layers = two_layers(7, 600, (2.6, 0.0))
    still, moved_back = precision_and_recall(layers, (0.0, 0.0)), precision_and_recall(layers, (-2.6, 0.0))
    assert min(moved_back) >= 0.99
    assert still[1] < moved_back[1]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(100, 300),
    east=st.floats(-2.0, 2.0),
    north=st.floats(-2.0, 2.0),
    noise=st.floats(0.0, 0.3),
)
def test_precision_and_recall_whatever_the_town(seed: int, count: int, east: float, north: float, noise: float) -> None:
    layers = two_layers(seed, count, (east, north), noise)
    move = common_shift(layers.first, layers.second)
    precision, recall = precision_and_recall(layers, move)
    assert precision >= 0.96
    assert recall >= 0.96


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 60), share=st.floats(0.05, 1.0))
def test_a_layer_matches_itself_and_pairs_do_not_depend_on_the_side(seed: int, count: int, share: float) -> None:
    layers = two_layers(seed, count, (0.8, 0.3))
    same = match(layers.first, layers.first, share)
    assert set(zip(same.first.tolist(), same.second.tolist(), strict=True)) == {(i, i) for i in range(count)}
    there, back = match(layers.first, layers.second, share), match(layers.second, layers.first, share)
    assert set(zip(there.first, there.second, strict=True)) == set(zip(back.second, back.first, strict=True))
    smaller = np.minimum(shapely.area(layers.first[there.first]), shapely.area(layers.second[there.second]))
    assert (there.area >= share * smaller - 1e-9).all()


def test_layers_without_overlap_match_nothing_and_are_not_moved() -> None:
    layers = two_layers(3, 200, (0.0, 0.0))
    away = moved(layers.second, (0.0, 5_000.0))
    assert common_shift(layers.first, away) == (0.0, 0.0)
    assert len(match(layers.first, away).area) == 0


@pytest.mark.parametrize(("n", "m"), [(0, 0), (0, 5), (5, 0), (1, 1)])
def test_few_or_no_buildings(n: int, m: int) -> None:
    a, b = rows_of_houses(1, 5)[:n], rows_of_houses(1, 5)[:m]
    assert common_shift(a, b) == (0.0, 0.0)
    assert len(match(a, b).area) == min(n, m)


def test_the_best_partner_covers_most() -> None:
    first = np.array([shapely.box(0, 0, 10, 10), shapely.box(20, 0, 30, 10)])
    second = np.array([shapely.box(0, 0, 10, 3), shapely.box(0, 3, 10, 10), shapely.box(15, 0, 40, 10)])
    pairs = match(first, second)
    assert pairs.best_second(2).tolist() == [1, 2]
    assert pairs.best_first(3).tolist() == [0, 0, 1]
