"""What the check of an area says of its public transport."""

from __future__ import annotations

from scenarios.areas.check_transit import timetable
from tests.agents.transit.lines import served

LINE = [[(0, 1000, 1000), (1, 1120, 1140), (2, 1260, 1260)]]


def test_a_timetable_in_order_is_not_mentioned():
    assert list(timetable(served(LINE))) == []


def test_calls_out_of_order_are_errors():
    area = served(LINE)
    area.calls.arrival[1] = 900
    (found,) = timetable(area)
    assert (found.severity, found.table) == ("error", "calls")
    assert "calls" in str(found)


def test_a_hop_that_no_bus_drives_is_a_warning():
    area = served([[(0, 1000, 1000), (2, 1000, 1000)]])
    (found,) = timetable(area)
    assert (found.severity, found.row) == ("warning", 0)
    area.lines.mode[0] = "rail"
    assert list(timetable(area)) == []
