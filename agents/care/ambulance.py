"""An ambulance and its crew: a SimPy process that drives, treats, transports and returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twin.clock import minute

if TYPE_CHECKING:
    from agents.care.domain import Care

A1, A2, ADVICE = 0, 1, 2
CLASSES = ("A1", "A2", "advice")
ILLNESS, OXYGEN = 0, 1
OUTCOMES = ("open", "advice", "treated at scene", "discharged", "admitted", "to a hospital outside")
OPEN, ADVISED, TREATED, DISCHARGED, ADMITTED, TAKEN_OUTSIDE = range(6)


@dataclass(slots=True)
class Call:
    """One 112 call: who, where, why, how urgent, and what became of it.

    person    : below 0 where the caller is outside the area; location is then a gateway, and beyond the ms from there on
    neighbour : whether a unit of a neighbouring region serves it
    """

    id: str
    person: int
    ordinal: int
    location: int
    zone: int
    cause: int
    urgency: int
    time: int
    response: int = -1
    outcome: int = OPEN
    beyond: int = 0
    neighbour: bool = False
    because: list[str] = field(default_factory=list)

    @property
    def outside(self) -> bool:
        """Whether it comes from outside the area."""
        return self.person < 0

    @property
    def order(self) -> tuple[int, int, int, int]:
        """Its place in the queue for a unit: urgency, time, person and the ordinal of her call."""
        return (self.urgency, self.time, self.person, self.ordinal)


@dataclass(frozen=True, slots=True)
class Drive:
    """A drive as the world answered it: when it began, how long it takes, over which links, and what slows it down."""

    began: int
    ms: int
    links: tuple[int, ...]
    slowed_by: tuple[str, ...]


class Ambulance:
    """A unit. Owned by its own process: rebuilt by replay, never saved.

    key    : below 0 for a unit of a neighbouring region
    home   : node of its post; where that lies outside the area, of the gateway before it
    beyond : ms between that gateway and its post, 0 for a post in the area
    pool   : where it is found while it is free
    node   : where it stands, or where its drive began; drive : the Drive under way, or None
    passed : when it passed the gateway on its way to its post, or came to a post in the area; None elsewhere
    """

    def __init__(
        self, care: Care, key: int, home: int, pool: dict[int, Ambulance], beyond: int = 0, gateway: int = -1
    ) -> None:
        self.care, self.key, self.home, self.node, self.pool = care, key, home, home, pool
        self.beyond, self.gateway = beyond, gateway
        self.passed: int | None = care.now - beyond
        self.call: Call | None = None
        self.drive: Drive | None = None
        self.busy_ms = 0
        self.woken = care.world.timeline.event()
        self.process = care.process(self.work())

    def work(self) -> Any:
        """The unit's life: wait at the post or on the way home, serve a call, return."""
        care = self.care
        wait = care.world.timeline.timeout
        while True:
            care.fleet.offer(self)
            if not self.woken.triggered and self.node != self.home:
                arrived = wait(self.set_off(self.home).ms)
                yield self.woken | arrived
                self.stop(arrived.processed)
            if self.node == self.home and self.passed is None:
                self.passed = care.now
            if not self.woken.triggered:
                yield self.woken
            call, began, ahead = self.call, care.now, self.ahead()
            assert call is not None
            self.passed = None
            yield wait(care.ms(care.config.chute))
            yield from self.come_in(call, ahead)
            yield from self.drive_to(care.node_of(call.location))
            yield from self.to_caller(call)
            care.at_scene(self, call)
            yield wait(care.on_scene_ms(call))
            yield from self.bring(call)
            self.busy_ms += care.now - began
            self.call, self.woken = None, care.world.timeline.event()

    def bring(self, call: Call) -> Any:
        """Take the patient to a hospital or leave him at the scene; a unit that was outside is at its gateway then."""
        care, wait = self.care, self.care.world.timeline.timeout
        taken = care.luck("transport", call) < care.config.transport
        if taken and call.outside and not care.hospitals:
            away = care.ms(care.config.outside_hospital)
            yield wait(away + care.handover_ms(call))
            care.close(call, TAKEN_OUTSIDE)
            yield wait(away)  # the way back to the gateway is as long (assumption)
        elif taken and (care.hospitals or care.hospitals_outside):
            yield from self.to_caller(call)
            hospital = care.hospital(care.nearest_hospital(self.node))
            yield from self.drive_to(hospital.node)
            yield from hospital.hand_over(call)
        else:
            care.close(call, TREATED)
            yield from self.to_caller(call)

    def to_caller(self, call: Call) -> Any:
        """The way between a gateway and a caller outside; meanwhile the unit stands at the gateway's node."""
        if call.beyond:
            yield self.care.world.timeline.timeout(call.beyond)

    def come_in(self, call: Call, ahead: int) -> Any:
        """The way from a post outside the area, or from wherever on it the unit is, to the gateway."""
        if ahead:
            yield self.care.world.timeline.timeout(ahead)
            call.because.append(self.care.came_in(call.person, self.gateway, ahead / minute, because=[call.id]))

    def ahead(self) -> int:
        """ms from a free unit to its `position`: more than 0 beyond a gateway, where it goes as far as its post."""
        return 0 if self.passed is None else min(self.care.now - self.passed, self.beyond)

    def drive_to(self, node: int) -> Any:
        """Drive to a node on the travel times of this moment."""
        drive = self.set_off(node)
        yield self.care.world.timeline.timeout(drive.ms)
        if self.call is not None:
            self.call.because += [e for e in drive.slowed_by if e not in self.call.because]
        self.stop(True, node)

    def set_off(self, node: int) -> Drive:
        """Begin a drive."""
        ms, links, slowed_by = self.care.way(self.node, node)
        self.drive = Drive(self.care.now, ms, links, slowed_by)
        return self.drive

    def stop(self, arrived: bool, node: int | None = None) -> None:
        """End a drive: at its goal, or wherever the unit is when it is called on the way home."""
        self.node = (self.home if node is None else node) if arrived else self.position()
        self.drive = None

    def position(self) -> int:
        """The node that the unit is at, or comes to next, going evenly along its way."""
        if self.drive is None or not self.drive.links:
            return self.node
        share = min((self.care.now - self.drive.began) / max(self.drive.ms, 1), 1.0)
        return self.care.head_of(self.drive.links[min(int(share * len(self.drive.links)), len(self.drive.links) - 1)])
