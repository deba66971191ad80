"""Stops on foot, the connections of a day with the nights around it, and ways from door to door."""

from __future__ import annotations

import numpy as np
import pytest

from tests.agents.transit.lines import DAILY, NODES, served
from twin.errors import InputError
from twin.stop_routes import undriveable
from twin.timetable import BETWEEN, DAY, DETOUR, REACH, WALK_SPEED, Timetable, day_connections, nearby_stops, stop_walks

MONDAY, TUESDAY = 0, 1
LINE = [[(0, 1000, 1000), (1, 1120, 1140), (2, 1260, 1260)]]


def test_stops_near_each_door_are_those_within_reach():
    area = served(LINE)
    first, stop, s = nearby_stops(area)
    xy, stops = area.location_xy(), np.stack([area.stops.x, area.stops.y], 1)
    inside = len(area.buildings)
    assert len(first) == area.locations + 1
    for location in range(area.locations):
        metres = np.hypot(*(stops - xy[location]).T)
        near = np.flatnonzero(metres <= REACH) if location < inside else []
        rows = slice(first[location], first[location + 1])
        assert stop[rows].tolist() == list(near)
        assert s[rows] == pytest.approx(np.ceil(metres[near] * DETOUR / WALK_SPEED) if len(near) else [])
    assert first[inside] == first[-1], "nobody walks to beyond a gateway"


def test_walks_between_stops_go_both_ways_and_not_to_oneself():
    area = served(LINE)
    area.stops.x[1], area.stops.y[1] = area.stops.x[0] + BETWEEN, area.stops.y[0]
    begin, end, s = stop_walks(area)
    assert list(zip(begin.tolist(), end.tolist(), strict=True)) == [(0, 1), (1, 0)]
    assert s.tolist() == [390, 390]  # 400 m x 1.3 at 4.8 km/h


def test_a_day_has_the_night_before_and_the_night_after():
    night = [[(0, 86_000, 86_000), (1, 86_500, 86_500), (2, 86_700, 86_700)], [(0, 600, 600), (1, 900, 900)]]
    area = served(night, days=[1 << MONDAY, DAILY])
    foot = stop_walks(area)
    found, call = day_connections(area, 1, TUESDAY, foot)
    # Monday's night run from b, Tuesday's own, Wednesday's early one
    assert found.departure.tolist() == [100, 600, DAY + 600]
    assert found.arrival.tolist() == [300, 900, DAY + 900]
    assert found.trip.tolist() == [0 * 2 + 0, 1 * 2 + 1, 2 * 2 + 1]
    assert call.tolist() == [0 * 5 + 1, 1 * 5 + 3, 2 * 5 + 3]
    sunday, _ = day_connections(area, 6, 6, foot)
    assert DAY - 400 not in sunday.departure.tolist()
    assert DAY + 600 in sunday.departure.tolist()
    assert 86_000 in day_connections(area, 0, MONDAY, foot)[0].departure.tolist()


def test_a_way_from_door_to_door_says_each_walk():
    area = served([*LINE, [(1, 1320, 1320), (3, 1380, 1380)]])
    table = Timetable(area)
    table.turn_to(0, MONDAY)
    a, c, d = NODES[0], NODES[2], NODES[3]
    beside = a + 1  # 300 m from stop a
    walk = int(np.ceil(300 * DETOUR / WALK_SPEED))
    leave, origin, goal = np.array([500, 500, 900]), np.array([a, beside, beside]), np.array([c, d, c])
    found = table.from_doors(leave, origin, goal)
    on_foot = int(np.ceil(np.hypot(900, 1200) * DETOUR / WALK_SPEED))
    assert found.first.tolist() == [0, 1, 3, 3]
    assert found.arrival.tolist() == [1260, 1380, 900 + on_foot]
    assert found.walk_s.tolist() == [0, walk, table.connections.change_s]
    assert found.egress_s.tolist() == [0, 0, on_foot]
    assert found.board.tolist() == [0, 0, 3]
    assert found.alight.tolist() == [2, 1, 4]
    assert table.seconds(leave, origin, goal).tolist() == [760, 880, -1]
    # the change of a minute at b is missed by a second
    area.calls.arrival[3] = area.calls.departure[3] = 1179
    late = Timetable(area)
    late.turn_to(0, MONDAY)
    assert late.seconds(leave, origin, goal)[1] == -1


def test_from_a_stop_one_may_walk_all_the_way():
    area = served(LINE)
    table = Timetable(area)
    table.turn_to(0, MONDAY)
    stop, goal = np.array([0, 0]), np.array([NODES[0] + 1, NODES[2]])
    found = table.from_stops(np.array([990, 990]), stop, goal)
    assert found.first.tolist() == [0, 0, 1]
    assert found.arrival.tolist() == [990 + 293, 1260]
    assert found.egress_s.tolist() == [293, 0]


def test_a_hop_faster_than_any_bus_is_found():
    runs = [[(0, 0, 0), (1, 0, 0)], [(0, 0, 0), (2, 1, 1)], [(0, 0, 0), (1, 1, 1)]]
    area = served(runs)
    # 1200 m in no time may be a minute that was rounded away; 1700 m may not
    assert undriveable(area).tolist() == [False, False, True, False, False, False]
    area.stops.x[1] = 1600.0
    assert undriveable(area).tolist() == [True, False, True, False, True, False]


@pytest.mark.parametrize(
    ("runs", "column", "row", "value", "where"),
    [
        (LINE * 2, "service", 0, 1, "calls.service[1]"),
        (LINE, "departure", 1, 1119, "calls.departure[1]"),
        (LINE, "arrival", 2, 1139, "calls.arrival[2]"),
        (LINE, "departure", 2, 36 * 3600 + 1, "calls.departure[2]"),
        ([*LINE, [(0, 5, 5)]], "stop", 0, 0, "services[1]"),
    ],
)
def test_calls_that_cannot_be_run_are_refused(runs, column, row, value, where):
    area = served(runs)
    area.calls[column][row] = value
    with pytest.raises(InputError) as told:
        Timetable(area)
    assert where in [fault.where for fault in told.value.faults]
