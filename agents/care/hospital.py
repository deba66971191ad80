"""Hospitals: bays of the emergency department and beds, queues by urgency, boarding; those outside are a way to go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agents.care.ambulance import ADMITTED, DISCHARGED, TAKEN_OUTSIDE, Call
from twin.clock import day, minute
from twin.waiting import HeapResource

if TYPE_CHECKING:
    from agents.care.domain import Care

WALK_IN = 2  # urgency of those who come by themselves, after A1 and A2


class Hospital:
    """One hospital; it runs on its own emergency power, so an outage does not stop it (assumption)."""

    def __init__(self, care: Care, key: int, node: int, beds: int) -> None:
        self.care, self.key, self.node = care, key, node
        config = care.config
        self.bays = HeapResource(care.world.timeline, max(config.least_bays, round(beds * config.bays_per_bed)))
        self.beds = HeapResource(care.world.timeline, beds)
        self.waits: list[int] = []
        self.boarded: list[int] = []
        for patient in range(int(beds * config.occupied)):
            care.process(self.lie_in(-1 - patient - 100_000 * key))

    def lie_in(self, patient: int) -> Any:
        """Someone who lay here before the day began."""
        with self.beds.request(priority=0, key=patient) as bed:
            yield bed
            yield self.care.world.timeline.timeout(self.stay_ms(patient, 0, "lying in"))

    def hand_over(self, call: Call) -> Any:
        """The crew waits for a bay and hands its patient over; then it is free."""
        bay = self.bays.request(priority=call.urgency, key=call.person)
        came = self.care.now
        yield bay
        self.waits.append(self.care.now - came)
        yield self.care.world.timeline.timeout(self.care.handover_ms(call))
        self.care.process(self.treat(bay, call.person, call.ordinal, call))

    def walk_in(self, person: int, ordinal: int) -> Any:
        """A patient who comes by himself."""
        bay = self.bays.request(priority=WALK_IN, key=person)
        came = self.care.now
        yield bay
        self.waits.append(self.care.now - came)
        yield from self.treat(bay, person, ordinal, None)

    def treat(self, bay: Any, person: int, ordinal: int, call: Call | None) -> Any:
        """Treatment in the bay; a patient who needs a bed keeps the bay until one is free (boarding)."""
        care = self.care
        yield care.world.timeline.timeout(care.exponential_ms("treatment", person, ordinal, care.config.treatment))
        if care.draw("admission", person, ordinal) >= care.config.admitted:
            self.bays.leave(bay)
            if call is not None:
                care.close(call, DISCHARGED)
            return
        with self.beds.request(priority=WALK_IN if call is None else call.urgency, key=person) as bed:
            asked = care.now
            yield bed
            self.boarded.append(care.now - asked)
            self.bays.leave(bay)
            if call is not None:
                care.close(call, ADMITTED)
            yield care.world.timeline.timeout(self.stay_ms(person, ordinal))

    def stay_ms(self, patient: int, ordinal: int, purpose: str = "stay") -> int:
        """Length of stay, ms: exponential with the configured mean."""
        return self.care.exponential_ms(purpose, patient, ordinal, self.care.config.stay * day / 60_000)


class HospitalOutside:
    """A hospital beyond a gateway, or beyond each where the area names none: it takes every patient at once (assumption).

    node : of the gateway; beyond : ms from there to the hospital
    """

    def __init__(self, care: Care, gateway: int, beyond: int) -> None:
        self.care, self.gateway, self.beyond = care, gateway, beyond
        self.node = care.node_of(len(care.area.buildings) + gateway)

    def hand_over(self, call: Call) -> Any:
        """The crew drives on, hands its patient over and comes back to the gateway."""
        care, wait = self.care, self.care.world.timeline.timeout
        out = care.went_out(call.person, self.gateway, self.beyond / minute, because=[call.id])
        yield wait(self.beyond + care.handover_ms(call))
        care.close(call, TAKEN_OUTSIDE, because=[out])
        yield wait(self.beyond)


def hospitals_inside(care: Care) -> list[Hospital]:
    """The hospitals that stand in the area."""
    places, at = care.area.places, care.area.place_location()
    rows = np.flatnonzero((places.kind == "hospital") & (places.gateway < 0))
    return [Hospital(care, k, care.node_of(at[p]), max(int(places.capacity[p]), 10)) for k, p in enumerate(rows)]


def hospitals_outside(care: Care) -> list[HospitalOutside]:
    """The hospitals outside that the area names; where it names none at all, one beyond each gateway."""
    places, gates = care.area.places, care.region.gates - len(care.area.buildings)
    rows = np.flatnonzero((places.kind == "hospital") & (places.gateway >= 0))
    ways = zip(places.gateway[rows].tolist(), places.beyond[rows].tolist(), strict=True)
    if not (care.hospitals or len(rows)):
        ways = zip(gates.tolist(), care.area.gateways.distance[gates].tolist(), strict=True)
    return [HospitalOutside(care, gateway, care.beyond_ms(metres)) for gateway, metres in ways]
