"""Checks of public transport: calls that cannot be run, and hops that no vehicle drives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scenarios.areas.findings import Finding, first

if TYPE_CHECKING:
    from twin.area import Area


def timetable(area: Area) -> Iterator[Finding]:
    """Errors in the order and times of calls; a warning for hops faster than any bus."""
    from twin.stop_routes import undriveable
    from twin.timetable import call_faults

    wrong = list(call_faults(area))
    for fault in wrong:
        yield Finding("timetable", "calls", -1, "", f"{fault.what}; allowed: {fault.allowed}", fault.remedy, "error")
    if wrong or not len(area.calls):
        return
    bus = area.lines.mode[area.services.line[area.calls.service]] == "bus"
    yield from first(
        "timetable",
        "calls",
        "departure",
        undriveable(area) & bus,
        "the next stop comes sooner than a bus at 90 km/h would reach it: it is taken for one that left the area",
        "correct the times, or leave them: those hops are run by the timetable, off the streets",
        "warning",
    )
