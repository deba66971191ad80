"""Driving under blue light: the rule by the limit, queues with and without room, red lights, closed streets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.care.blue_light import Driving
from agents.care.config import BlueLight
from twin.area import Area
from twin.dijkstra import BLOCKED

LIMITS = np.array([15.0, 30.0, 50.0, 80.0, 100.0, 130.0]) / 3.6


def streets(speed=50.0, lanes=(1, 1, 1, 2), length=500.0):
    """Both ways between nodes 0 and 1, one way of one lane to 2, and of two lanes to 3; a signal at node 2."""
    links = {
        "tail": [0, 1, 1, 2],
        "head": [1, 0, 2, 3],
        "length": np.full(4, length),
        "speed": np.full(4, speed / 3.6),
        "lanes": list(lanes),
        "capacity": np.full(4, 0.5),
        "car": np.ones(4, bool),
        "bicycle": np.ones(4, bool),
        "walk": np.ones(4, bool),
        "road_class": ["primary"] * 4,
        "geometry": [b""] * 4,
    }
    nodes = {"x": np.arange(4.0), "y": np.zeros(4), "kind": ["plain", "plain", "signal", "plain"]}
    signals = {"node": [2], "cycle": [80.0]}
    groups = {"signal": [0], "link": [2], "green_from": [0.0], "green_to": [20.0]}
    return Area("streets", "EPSG:28992", {"nodes": nodes, "links": links, "signals": signals, "signal_groups": groups})


def driving(rule=None, **kind):
    return Driving(streets(**kind), rule or BlueLight())


def test_the_rule_by_the_limit():
    """By hand: at the limit up to 30 km/h, a tenth faster above, never more than 40 km/h faster."""
    speed = driving().speed(LIMITS) * 3.6
    assert speed == pytest.approx([15.0, 30.0, 55.0, 88.0, 110.0, 143.0])
    bold = driving(BlueLight(faster=2.0)).speed(LIMITS) * 3.6
    assert bold == pytest.approx(
        [15.0, 30.0, 90.0, 120.0, 140.0, 170.0]
    )  # 170 on motorways of 130: as Dutch services say


def test_queues_are_passed_where_there_is_room():
    road = driving()
    empty = 1000.0 * 500.0 / (55.0 / 3.6)
    live = np.full(4, 500.0 / (10.0 / 3.6) * 1000.0).astype(np.int64)  # cars at 10 km/h
    both_ways, _, narrow, lanes = road.ms(live) - np.trunc(road.red_ms)
    assert both_ways == lanes == pytest.approx(500.0 / (30.0 / 3.6) * 1000.0, abs=2)  # at 10 + 20 km/h
    assert narrow == pytest.approx(empty + live[2] - 36_000.0, abs=2)  # all of the cars' delay
    assert road.ms(np.full(4, 37_000))[0] == pytest.approx(empty, abs=2)  # 49 + 20 km/h is beyond the rule
    assert driving(BlueLight(past_queue=0.0)).ms(live)[0] == pytest.approx(empty + live[0] - 36_000.0, abs=2)


def test_red_slows_to_twenty():
    """55 to 20 km/h and back at 2 m/s2, on three runs of four: (9.72 m/s)^2 / (2 x 15.28) s each."""
    lost = (35.0 / 3.6) ** 2 / (2.0 * 55.0 / 3.6)
    road = driving()
    assert road.red_ms.tolist() == pytest.approx([0.0, 0.0, 750.0 * lost, 0.0])
    assert road.slowing(np.array([3.0])) == 0.0
    # step by step: braking, then speeding up, beside the same way at full speed
    v, u = 55.0 / 3.6, 20.0 / 3.6
    seconds, metres = 2 * (v - u) / 2.0, 2 * (v * v - u * u) / 4.0
    assert road.slowing(np.array([v])) == pytest.approx(seconds - metres / v)


def test_red_is_what_all_windows_of_an_approach_leave():
    """Of a cycle of 80 s, greens of 20 and 10 s."""
    area = streets()
    area.put("signal_groups", {"signal": [0, 0], "link": [2, 2], "green_from": [0.0, 40.0], "green_to": [20.0, 50.0]})
    once, twice = driving(), Driving(area, BlueLight())
    assert twice.red_ms[2] == pytest.approx(once.red_ms[2] * 50 / 60)


def test_a_way_back_is_known_in_an_area_of_many_nodes():
    """Links (tail, head) in pairs, whose products tail x nodes are beyond 32 bits; one street has no way back."""
    nodes, area = 1 << 17, streets(lanes=(1, 1, 1, 1))
    area.put("nodes", {"x": np.arange(float(nodes)), "y": np.zeros(nodes), "kind": ["plain"] * nodes})
    area.links.tail[:], area.links.head[:] = (
        [nodes - 2, nodes - 1, 0, 1 << 15],
        [nodes - 1, nodes - 2, 1 << 15, 1 << 16],
    )
    assert Driving(area, BlueLight()).room.tolist() == [True, True, False, False]


def test_a_closed_street_lets_it_through():
    road = driving()
    assert road.ms(np.full(4, BLOCKED)).tolist() == road.ms(np.zeros(4, np.int64)).tolist()


@given(
    st.lists(st.integers(1, 10_000_000), min_size=4, max_size=4),
    st.integers(0, 100_000),
    st.floats(5.0, 130.0),
    st.floats(0.0, 80.0),
)
def test_never_faster_than_the_rule_and_never_faster_in_more_traffic(live, more, limit, past):
    rule = BlueLight(past_queue=past)
    road = driving(rule, speed=limit)
    live = np.maximum(np.array(live), road.free_ms.astype(np.int64))
    now, later = road.ms(live), road.ms(live + more)
    assert (now >= np.floor(road.fast_ms + road.red_ms)).all()
    assert (later >= now).all()
    assert (now <= live + road.red_ms + 1).all()  # no slower than the cars, red apart, which cars wait for


@given(st.floats(5.0, 130.0))
def test_in_free_flow_it_is_as_fast_as_the_rule_says(limit):
    road = driving(speed=limit)
    assert road.ms(np.ceil(road.free_ms).astype(np.int64)) == pytest.approx(road.fast_ms + road.red_ms, abs=2)
