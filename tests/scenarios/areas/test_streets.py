"""Cleaning of street networks on small cases that can be counted by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.areas.signals import ALL_RED, AMBER, build_signals
from scenarios.areas.streets import (
    BIKE_B,
    BIKE_F,
    CAR_B,
    CAR_F,
    CLASS,
    WALK,
    Streets,
    connect,
    contract,
    link_tables,
    main_component,
    simplify,
)

BOTH = CAR_F | CAR_B | BIKE_F | BIKE_B | WALK


def network(points, edges, flags=None, classes=None) -> Streets:
    x, y = np.array(points, float).T
    tail, head = (np.array(v, np.int64) for v in zip(*edges, strict=True))
    m = len(edges)
    lines = [np.array([points[a], points[b]], float) for a, b in edges]
    return Streets(
        x,
        y,
        np.arange(len(x)),
        tail,
        head,
        lines,
        np.array([CLASS[c] for c in classes] if classes else [CLASS["residential"]] * m),
        np.array(["Straat"] * m, object),
        np.arange(m) + 1,
        np.full(m, 30 / 3.6),
        np.ones(m, np.int64),
        np.ones(m, np.int64),
        np.array(flags if flags else [BOTH] * m),
    )


def test_a_chain_becomes_one_edge_of_the_same_length() -> None:
    out = simplify(network([(0, 0), (100, 0), (200, 50), (300, 50)], [(0, 1), (2, 1), (2, 3)]))
    assert len(out.x) == 2
    assert len(out.tail) == 1
    assert np.isclose(out.lengths()[0], 200 + np.hypot(100, 50))
    assert len(out.lines[0]) == 4


def test_one_way_direction_survives_simplification() -> None:
    # the middle edge is drawn against the direction of travel 0 -> 3
    out = simplify(
        network(
            [(0, 0), (100, 0), (200, 0), (300, 0)], [(0, 1), (2, 1), (2, 3)], [CAR_F | WALK, CAR_B | WALK, CAR_F | WALK]
        )
    )
    tails, heads = out.directed("car")
    assert len(out.tail) == 1
    assert (out.x[tails[0]], out.x[heads[0]]) == (0.0, 300.0)


def test_a_change_of_rules_keeps_the_node() -> None:
    out = simplify(network([(0, 0), (100, 0), (200, 0)], [(0, 1), (1, 2)], [BOTH, CAR_F | WALK]))
    assert len(out.x) == 3


def test_unreachable_parts_lose_the_mode_only() -> None:
    # 2 can be reached by car but not left: cars lose it, walkers keep it
    net = network([(0, 0), (100, 0), (200, 0)], [(0, 1), (1, 2)], [BOTH, CAR_F | WALK])
    out, facts = connect(net)
    assert len(out.tail) == 2
    assert facts["car"]["edges_dropped"] == 1
    assert facts["car"]["ways_dropped"] == [2]
    assert facts["walk"]["largest_component_share"] == 1.0


def test_contract_merges_and_drops_the_short_edge() -> None:
    net = network([(0, 0), (100, 0), (104, 0), (200, 0)], [(0, 1), (1, 2), (2, 3)])
    out = contract(net, np.array([0, 1, 1, 2]))
    assert len(out.tail) == 2
    assert np.allclose(sorted(out.x), [0, 102, 200])
    assert np.allclose(out.lengths(), [102, 98])


def test_loop_at_one_node_is_split() -> None:
    net = network([(0, 0), (100, 0), (100, 100), (0, 100), (-100, 0)], [(0, 1), (1, 2), (2, 3), (3, 0), (0, 4)])
    out = simplify(net)
    assert (out.tail != out.head).all()
    assert np.isclose(out.lengths().sum(), 500)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14), st.integers(0, 63)), min_size=3, max_size=40))
def test_cleaning_leaves_every_mode_connected_and_no_length_lost(edges) -> None:
    edges = [(a, b, f & ~32) for a, b, f in edges if a != b]
    if not edges:
        return
    points = [(100.0 * (i % 5) + 3 * i, 100.0 * (i // 5)) for i in range(15)]
    net = network(points, [(a, b) for a, b, _ in edges], [f for _, _, f in edges])
    kept, _ = connect(net)
    out = simplify(kept) if len(kept.tail) else kept
    for mode in ("car", "bicycle", "walk"):
        tails, heads = out.directed(mode)
        if len(tails):
            assert main_component(len(out.x), tails, heads)[1] == 1.0
    assert (out.tail != out.head).all()


def test_signal_plan_fits_its_cycle_and_serves_every_approach() -> None:
    points = [(0, 0), (100, 0), (-100, 0), (0, 100), (0, -100)]
    net = network(points, [(1, 0), (2, 0), (3, 0), (4, 0)], classes=["primary", "primary", "tertiary", "tertiary"])
    kinds = np.array(["signal", "plain", "plain", "plain", "plain"], object)
    nodes, links = link_tables(net, kinds, "synthetic")
    signals, groups = build_signals(nodes, links, "synthetic")
    assert signals["node"].tolist() == [0]
    assert len(groups["link"]) == 4
    green = groups["green_to"] - groups["green_from"]
    starts = np.unique(groups["green_from"])
    assert len(starts) == 2
    assert np.isclose(
        sum(green[groups["green_from"] == s][0] for s in starts) + 2 * (AMBER + ALL_RED), signals["cycle"][0]
    )
    main = links["road_class"][groups["link"]] == "primary"
    assert green[main].min() > green[~main].max()
