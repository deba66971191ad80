"""What care contributes to the results: calls, response times, devices, waits; and the laws that hold at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from agents.care.ambulance import A1, A2, CLASSES, OPEN, OUTCOMES, OXYGEN, TAKEN_OUTSIDE, Call
from twin.clock import minute
from twin.domain import Balance, Indicator

if TYPE_CHECKING:
    from agents.care.domain import Care


def indicators(care: Care) -> Iterator[Indicator]:
    """The indicators of a run so far; callers from outside the area are counted apart."""
    yield from care.reach.indicators(care.area.zones.code)
    calls = [call for call in care.calls if not call.outside]
    yield from _responses(care, calls)
    for k, name in enumerate(OUTCOMES[:TAKEN_OUTSIDE]):
        yield Indicator("calls", float(sum(c.outcome == k for c in calls)), "calls", group=name, n=len(calls))
    if care.region.residents:
        yield Indicator("calls", float(len(care.calls) - len(calls)), "calls", group="from outside the area")
    if care.fleet.neighbours:
        yield Indicator("mutual_aid", float(sum(c.neighbour for c in calls)), "calls", n=len(calls))
    devices = len(care.devices.person)
    oxygen = float(sum(c.cause == OXYGEN for c in calls))
    yield Indicator("calls_oxygen", oxygen, "calls", n=devices, better="lower", summed=True)
    unpowered = care.devices.unpowered_minutes()
    yield Indicator("device_minutes_unpowered", unpowered, "min", n=devices, better="lower", summed=True)
    waits = [w / minute for h in care.hospitals for w in h.waits]
    if waits:
        yield Indicator("emergency_wait_mean", float(np.mean(waits)), "min", n=len(waits), better="lower")


def _responses(care: Care, residents: list[Call]) -> Iterator[Indicator]:
    """Response times; a call that nobody has reached after the norm is late, however long it will take."""
    norm = care.ms(care.config.norm)
    for urgency in (A1, A2):
        calls = [c for c in residents if c.urgency == urgency]
        times = [c.response / minute for c in calls if c.response >= 0]
        if times:
            mean, name = float(np.mean(times)), CLASSES[urgency]
            yield Indicator("response_mean", mean, "min", group=name, n=len(times), better="lower")
        waited = [c.response if c.response >= 0 else care.now - c.time for c in calls]
        known = [ms > norm for c, ms in zip(calls, waited, strict=True) if c.response >= 0 or ms > norm]
        if urgency == A1 and known:
            late = 100.0 * sum(known) / len(known)
            yield Indicator("late_share", late, "%", group="A1", n=len(known), better="lower", norm=5.0)


def balances(care: Care) -> list[Balance]:
    """Every call ends once or is open, every ambulance is free or on a call, those of neighbours among them."""
    ended = sum(c.outcome != OPEN for c in care.calls)
    still = sum(c.outcome == OPEN for c in care.calls)
    units = care.fleet.everyone
    busy = sum(unit.call is not None for unit in units)
    free = len(care.fleet.idle) + len(care.fleet.lendable)
    total, closed = float(len(care.calls)), float(care.closed_calls)
    return [
        Balance("each call ended once or is open", total, closed + still, "calls"),
        Balance("calls that ended were closed once", float(ended), closed, "calls"),
        Balance("each ambulance is free or on a call", float(len(units)), float(free + busy), "ambulances"),
    ]
