"""Roads, signals and gateways of a town carry what they should: estimated traffic, plans that fit it, long ways to work."""

from __future__ import annotations

import numpy as np
import pytest

from scenarios.areas import build, flows
from scenarios.areas.commuting import gateway_distances
from scenarios.areas.flows import peak_flows
from scenarios.areas.signals import ALL_RED, AMBER, CYCLE, build_signals, choose
from scenarios.areas.town import generate_town


@pytest.fixture(scope="module")
def town():
    return generate_town(60_000)


def estimate(area):
    nodes, links = area.nodes, area.links
    return peak_flows(
        {c: nodes[c] for c in ("x", "y")},
        {c: links[c] for c in ("tail", "head", "length", "speed", "car")},
        area.location_node("car"),
        {c: area.people[c] for c in ("home", "main", "has_car", "occupation")},
        np.flatnonzero(nodes.kind == "signal"),
        1,
    )


def test_main_roads_are_fast_and_carry_the_traffic(town) -> None:
    links = town.links
    flow, kmh = estimate(town), np.rint(links.speed * 3.6)
    share = {
        c: float((flow * links.length)[links.car & (links.road_class == c)].sum()) for c in np.unique(links.road_class)
    }
    assert share["primary"] + share["secondary"] > 0.6 * sum(share.values())
    assert set(kmh[links.car & (links.road_class == "residential")]) == {30.0}
    assert set(kmh[links.car & (links.road_class == "secondary")]) <= {50.0, 80.0}
    assert 70.0 in kmh[links.car & (links.road_class == "primary")]


def test_signals_stand_where_traffic_conflicts(town) -> None:
    links, car = town.links, town.links.car
    into = np.bincount(links.head[car], estimate(town)[car], len(town.nodes))
    signal = town.nodes.kind == "signal"
    assert 20 <= signal.sum() <= 36  # 60 per 100,000 citizens
    assert np.median(into[signal]) > 5 * np.median(into[town.nodes.kind == "priority"])
    main = np.isin(links.road_class[town.signal_groups.link], ("primary", "secondary"))
    assert np.bincount(town.signal_groups.signal, main).min() >= 2


def test_greens_fit_their_cycles_and_never_overlap(town) -> None:
    groups, signals = town.signal_groups, town.signals
    assert (signals.cycle >= CYCLE[0]).all()
    assert (signals.cycle <= CYCLE[1]).all()
    assert (groups.green_to <= signals.cycle[groups.signal] - AMBER - ALL_RED + 1e-9).all()
    for s in range(len(signals)):
        plan = np.unique(np.stack([groups.green_from, groups.green_to], 1)[groups.signal == s], axis=0)
        assert (plan[1:, 0] >= plan[:-1, 1] + AMBER + ALL_RED - 1e-9).all()


def cross(flow):
    x, y, kind = [0.0, 99, -99, 0, 0], [0.0, 0, 0, 99, -99], ["signal", *["plain"] * 4]
    nodes = {"x": np.array(x), "y": np.array(y), "kind": np.array(kind)}
    links = {
        "tail": np.array([1, 2, 3, 4]),
        "head": np.zeros(4, int),
        "car": np.ones(4, bool),
        "capacity": np.full(4, 0.5),
    }
    return nodes, links, np.asarray(flow, float)


@pytest.mark.parametrize(("flow", "phases"), [((100, 100, 100, 100), 4), ((700, 700, 400, 400), 2)])
def test_busy_junctions_join_the_arms_of_an_axis(flow, phases) -> None:
    nodes, links, flow = cross(flow)
    _, groups = build_signals(nodes, links, "synthetic", flow)
    assert len(np.unique(groups["green_from"])) == phases
    green = dict(zip(groups["link"].tolist(), groups["green_to"] - groups["green_from"], strict=True))
    if phases == 2:
        assert green[0] == green[1] > green[2] == green[3]


@pytest.mark.parametrize(("flow", "kind"), [((300, 300, 50, 50), "signal"), ((300, 300, 0, 0), "priority")])
def test_a_signal_needs_crossing_traffic(flow, kind) -> None:
    nodes, links, flow = cross(flow)
    assert choose(nodes["kind"].astype(object), links, flow, np.zeros(0, int), 1_000)[0] == kind


def test_gateways_lead_as_far_as_the_dutch_commute(town) -> None:
    gates = town.gateways
    assert 20_000 <= np.average(gates.distance, weights=gates.commuters_out) <= 35_000
    near, whole = (gateway_distances(np.array(["motorway", "tertiary"], object), part) for part in (True, False))
    assert near[0] == whole[0]
    assert near[1] < whole[1]


def test_an_area_in_a_folder_is_the_same(town, tmp_path) -> None:
    assert build("folder", path=town.write(tmp_path / "town")).digest() == town.digest()


def test_streets_are_widened_for_their_peak_both_ways_alike() -> None:
    links = {
        "tail": np.array([0, 1, 1, 2, 3]),
        "head": np.array([1, 0, 2, 1, 2]),
        "car": np.array([True, True, True, True, False]),
        "lanes": np.array([1, 1, 1, 1, 1], np.int16),
        "capacity": np.full(5, 0.5),  # veh/s: 1,800 an hour
        "length": np.full(5, 100.0),
        "rule": np.full(5, "all: class", object),
    }
    flow = np.array([2_000.0, 10.0, 90_000.0, 0.0, 9_000.0])
    assert flows.beyond_capacity(links, flow) == pytest.approx((2_000 + 90_000 + 9_000) / 101_010)
    assert flows.widen(links, flow) == 4
    assert links["lanes"].tolist() == [3, 3, 5, 5, 1]  # half of three lanes holds 2,700; five are the most
    assert links["lanes"].dtype == np.int16
    assert links["capacity"] == pytest.approx([1.5, 1.5, 2.5, 2.5, 0.5])
    assert links["rule"].tolist() == [flows.WIDENED] * 4 + ["all: class"]
    assert flows.widen(links, flow) == 0
