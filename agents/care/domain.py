"""Care: 112 calls, ambulances, hospitals, devices at home, and how many residents help would reach in time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from agents.care import kernels as law
from agents.care.ambulance import (
    A1,
    A2,
    ADVICE,
    ADVISED,
    ILLNESS,
    OPEN,
    OUTCOMES,
    OXYGEN,
    Ambulance,
    Call,
)
from agents.care.blue_light import Driving
from agents.care.config import CareConfig
from agents.care.devices import HomeDevices
from agents.care.fleet import Fleet
from agents.care.hospital import Hospital, HospitalOutside, hospitals_inside, hospitals_outside
from agents.care.reach import Reach
from agents.care.region import Region
from agents.care.results import balances, indicators
from twin.attributes import Column
from twin.clock import day, minute
from twin.coupling import Event, Reads, Record, observe, on
from twin.domain import Domain
from twin.network import Network, Router

AGES = (0, 15, 45, 65, 80)
UNREACHED = 1 << 40
WHO = "person (synthetic); below 0: someone outside the area"
UNIT = "ambulance; below 0: of a neighbouring region"


class Care(Domain):
    """Calls are arrivals by age and health; the closest free unit drives on live travel times."""

    name, every = "care", minute
    replayed = ("calls", "per_person", "fleet", "hospitals", "hospitals_outside", "devices", "slow", "closed_calls")
    unsaved = ("node", "head", "driving", "blue_ms", "empty_router", "rate", "walk_rate", "region")
    Config = CareConfig
    travel_ms = Reads("vehicles.travel_ms", coupling="traffic.care")
    place = Reads("citizens.place")

    fell_ill = Event(by="advance", subject="person", recorded=False)
    walked_in = Event(by="advance", subject="person", recorded=False)
    fell_ill_outside = Event(by="advance", subject=WHO, object="location: a gateway", recorded=False)
    call = Event(
        by="process",
        subject=WHO,
        object="neighbourhood of home, -1 outside",
        value="cause: 0 illness, 1 oxygen",
    )
    dispatched = Event(by="process", subject=WHO, object=UNIT, value="s since the call")
    came_in = Event(by="process", subject=WHO, object="gateway", value="min to it of a unit from outside")
    response = Event(by="process", subject=WHO, object=UNIT, value="s from call to arrival")
    went_out = Event(by="process", subject=WHO, object="gateway", value="min from it to a hospital outside")
    closed = Event(by="process", subject=WHO, object="outcome: row of OUTCOMES", value="min since the call")
    battery_empty = Event(
        by="process", subject="person (synthetic)", object="kind: 0 oxygen, 1 alarm", value="min of battery"
    )

    series = {
        "care": {
            "reach": Column(unit="%", meaning="residents whom the nearest free unit reaches within the norm"),
            "free_units": Column("int32", unit="ambulances"),
            "waiting": Column("int32", unit="calls"),
            "bays": Column("int32", unit="bays in use"),
            "beds": Column("int32", unit="beds in use"),
            "devices_unpowered": Column("int32", unit="devices", meaning="at home with an empty battery"),
        },
        "zone": {"reach": Column(unit="%", meaning="residents whom the nearest free unit reaches within the norm")},
    }
    tables = {
        "restricted/calls": {
            "person": Column("int64", meaning="below 0: someone outside the area"),
            "time": Column("int64", unit="ms"),
            "location": Column("int32", meaning="row of buildings, then of gateways"),
            "cause": Column("int8"),
            "urgency": Column("int8"),
            "response": Column("int64", unit="ms", meaning="-1 none"),
            "outcome": Column("int8"),
        },
        "replay/ambulances": {
            "time": Column("int64", unit="ms"),
            "unit": Column("int32", meaning="below 0: of a neighbouring region, while it is in the area"),
            "x": Column(unit="m"),
            "y": Column(unit="m"),
            "busy": Column("bool"),
        },
    }

    def setup(self, world, area):
        people = area.people
        self.node = area.location_node("car")
        self.network = Network.of(area, "car")
        self.head = area.links.head
        self.driving = Driving(area, self.config.blue_light)
        self.blue_ms = self.driving.ms(self.driving.free_ms)
        self.router, self.routed_at = Router(self.network), -1
        self.empty_router = Router(self.network, self.blue_ms[self.network.rows])
        self.slow: dict[int, str] = {}
        self.calls: list[Call] = []
        self.per_person: dict[int, int] = {}
        self._residents(people, area)
        self.devices = HomeDevices(self)
        self.hospitals = hospitals_inside(self)
        self.fleet = Fleet(self)
        self.region = Region(self, [unit.home for unit in self.fleet.units])
        self.fleet.borrow()
        self.hospitals_outside = hospitals_outside(self)
        self.closed_calls = 0

    def _residents(self, people, area):
        """Rates of each resident, and how many live at each node and in each zone."""
        resident = np.asarray(people.resident)
        config = self.config
        band = np.searchsorted(AGES, people.age, side="right") - 1
        weight = np.array(config.age_weight)[band] * np.array(config.health_weight)[people.health] * resident
        self.residents = round(int(resident.sum()) * area.represents)
        share = weight / max(weight.sum(), 1e-9)
        per_day = self.residents / 1e6
        self.need = config.urgent_calls + config.other_calls + config.advice_calls
        self.rate = share * per_day * self.need
        self.walk_rate = share * per_day * config.walk_ins
        self.hourly = np.array(config.calls_by_hour) / np.sum(config.calls_by_hour)
        home, limit = people.home[resident], self.ms(config.norm - config.intake - config.chute)
        self.reach = Reach(self.network, self.node[home], area.location_zone()[home], len(area.zones), limit)

    # -- arrivals ----------------------------------------------------------------------------------------------------

    def advance(self, start, stop):
        if start % day == 0:
            for event, rate, stream in (
                (self.fell_ill, self.rate, "illness"),
                (self.walked_in, self.walk_rate, "walk_in"),
            ):
                person, ms = law.arrivals_of_day(start // day, self.stream(stream), rate, self.hourly)
                ordinal = np.full(len(person), start // day) * law.MOST_A_DAY + law.repeats(person)
                event.many(person, at=start + ms, ordinal=ordinal)
            caller, gate, ms = self.region.calls_of_day(start // day)
            self.fell_ill_outside.many(caller, gate, at=start + ms, ordinal=np.zeros(len(caller), np.int64))

    @on(fell_ill)
    def illness(self, event: Record) -> None:
        """A resident falls ill and someone calls 112."""
        self.take_call(event.subject, ILLNESS)

    @on(fell_ill_outside)
    def illness_outside(self, event: Record) -> None:
        """Someone outside the area needs one of its ambulances."""
        call = Call("", event.subject, 0, event.object, -1, ILLNESS, A1, self.now, beyond=self.ms(self.config.beyond))
        self._take(call)

    @on(walked_in)
    def come_to_hospital(self, event: Record) -> None:
        """A patient comes to the emergency department nearest to where he is."""
        if self.hospitals:
            hospital = self.hospital(self.nearest_hospital(self.node_of(self.place_of(event.subject))))
            if isinstance(hospital, Hospital):
                self.process(hospital.walk_in(event.subject, event.ordinal + 1000))

    # -- calls -------------------------------------------------------------------------------------------------------

    def take_call(self, person: int, cause: int, because: list[str] | None = None) -> None:
        """A resident's call."""
        person = int(person)
        ordinal = self.calls_of(person)
        self.per_person[person] = ordinal + 1
        self._take(
            Call("", person, ordinal, self.place_of(person), self.zone_of(person), cause, A1, self.now), because or []
        )

    def _take(self, call: Call, because: Sequence[str] = ()) -> None:
        """The call centre takes a call and decides how urgent it is."""
        call.id = self.call(call.person, call.zone, float(call.cause), because=because)
        call.urgency = A1 if call.cause == OXYGEN else self._urgency(call)
        self.calls.append(call)
        if call.urgency == ADVICE:
            self.close(call, ADVISED)
        else:
            self.process(self.intake(call))

    def _urgency(self, call: Call) -> int:
        config = self.config
        ambulance = config.urgent_calls + config.other_calls
        u = self.luck("urgency", call) * (ambulance if call.outside else self.need)  # advice needs no ambulance
        return A1 if u < config.urgent_calls else A2 if u < ambulance else ADVICE

    def intake(self, call: Call) -> Any:
        """Questions at the call centre; then a unit is sought."""
        yield self.world.timeline.timeout(self.ms(self.config.intake))
        if not self.fleet.idle:  # the calls that keep every unit busy contribute to this one's wait
            call.because += self.fleet.on_calls()
        self.fleet.ask(call)

    def tell_dispatched(self, unit: Ambulance, call: Call) -> None:
        """A unit has been sent to a call."""
        self.dispatched(call.person, unit.key, (self.now - call.time) / 1000.0, because=[call.id, *call.because])

    def at_scene(self, unit: Ambulance, call: Call) -> None:
        """A unit has reached its patient."""
        call.response = self.now - call.time
        self.response(call.person, unit.key, call.response / 1000.0, because=[call.id, *call.because])

    def close(self, call: Call, outcome: int, because: Sequence[str] = ()) -> None:
        """A call has come to its one outcome."""
        if call.outcome != OPEN:
            raise RuntimeError(f"{call.id} ends twice: {OUTCOMES[call.outcome]} and {OUTCOMES[outcome]}")
        call.outcome = outcome
        self.closed_calls += 1
        self.closed(call.person, outcome, (self.now - call.time) / minute, because=[call.id, *because])
        self.rows("restricted/calls", **{name: [getattr(call, name)] for name in self.tables["restricted/calls"]})

    # -- questions that processes ask ----------------------------------------------------------------------------------

    @observe
    def place_of(self, person: int) -> int:
        """Location where a person is now, or has set off from."""
        return int(self.place[person])

    @observe
    def way(self, a: int, b: int) -> tuple[int, tuple[int, ...], tuple[str, ...]]:
        """Fastest way under blue light between two nodes: ms, link rows, and events that make it longer.

        Those are the slow junctions on it, and on the way that would be fastest in empty streets and is avoided now.
        """
        self._live()
        _, links, ms = self.router.paths([a], [b])
        if ms[0] < 0:
            raise RuntimeError(f"no way for an ambulance from node {a} to node {b}")
        usual = self.empty_router.paths([a], [b])[1] if self.slow else links
        slowed = tuple(dict.fromkeys(self.slow[k] for k in [*links.tolist(), *usual.tolist()] if k in self.slow))
        return max(int(ms[0]), 1), tuple(links.tolist()), slowed

    @observe
    def soonest(self, nodes: tuple[int, ...], ahead: tuple[int, ...], goal: int) -> tuple[int, int]:
        """Which of several units is first at `goal`, and after how many ms; the first of equals.

        nodes : where each is or comes to next; ahead : ms that it takes to there
        """
        self._live()
        ms = self.router.many_to_one(nodes, goal)
        ms = np.where(ms < 0, UNREACHED, ms) + np.array(ahead, np.int64)
        first = int(np.argmin(ms))
        return first, int(ms[first])

    @observe
    def nearest_hospital(self, node: int) -> int:
        """The hospital nearest in time to a node: those of the area, then those outside."""
        self._live()
        ms = self.router.table([node], [h.node for h in (*self.hospitals, *self.hospitals_outside)])[0]
        beyond = [*(0 for _ in self.hospitals), *(h.beyond for h in self.hospitals_outside)]
        return int(np.argmin(np.where(ms < 0, UNREACHED, ms) + np.array(beyond, np.int64)))

    def _live(self) -> None:
        edge = self.world.start
        if edge != self.routed_at:
            self.routed_at = edge
            self.blue_ms = self.driving.ms(self.travel_ms)
            self.router.customise(self.blue_ms[self.network.rows])

    # -- the area and luck: free to read -------------------------------------------------------------------------------

    def node_of(self, location: int) -> int:
        """Street node of a location."""
        return int(self.node[location])

    def hospital(self, number: int) -> Hospital | HospitalOutside:
        """A hospital by the number that `nearest_hospital` tells."""
        own = len(self.hospitals)
        return self.hospitals[number] if number < own else self.hospitals_outside[number - own]

    def head_of(self, link: int) -> int:
        """Node at the end of a link."""
        return int(self.head[link])

    def zone_of(self, person: int) -> int:
        """Neighbourhood of a resident's home."""
        building = int(self.area.people.home[person])
        return int(self.area.buildings.zone[building]) if building < len(self.area.buildings) else -1

    def calls_of(self, person: int) -> int:
        """How many calls this person has made."""
        return self.per_person.get(int(person), 0)

    def luck(self, purpose: str, call: Call) -> float:
        """A draw for a person's n-th call."""
        return self.draw(purpose, call.person, call.ordinal)

    @staticmethod
    def ms(minutes: float) -> int:
        """Minutes as whole milliseconds."""
        return round(minutes * minute)

    def beyond_ms(self, metres: float) -> int:
        """Time of an ambulance over a road beyond a gateway, ms."""
        return round(1000.0 * metres / self.driving.speed(self.config.beyond_speed / 3.6))

    def exponential_ms(self, purpose: str, key: int, ordinal: int, mean: float) -> int:
        """An exponential time of mean `mean` minutes, ms."""
        return self.ms(-math.log(1.0 - self.draw(purpose, key, ordinal)) * mean)

    def on_scene_ms(self, call: Call) -> int:
        """Time at the scene, ms: exponential above a shortest time."""
        config = self.config
        return max(
            self.exponential_ms("scene", call.person, call.ordinal, config.on_scene), self.ms(config.shortest_on_scene)
        )

    def handover_ms(self, call: Call) -> int:
        """Time to hand a patient over, ms."""
        return self.exponential_ms("handover", call.person, call.ordinal, self.config.handover)

    # -- power and junctions -------------------------------------------------------------------------------------------

    @on("grid.feeder_dark", coupling="power.homes")
    def lose_power(self, event: Record) -> None:
        """Homes on a feeder lose their power."""
        self.devices.go_dark(event.subject, event.id)

    @on("grid.feeder_live", coupling="power.homes")
    def regain_power(self, event: Record) -> None:
        """Homes on a feeder have power again."""
        self.devices.go_live(event.subject)

    @on("vehicles.junction_slow", when="next", coupling="traffic.care")
    def note_slow(self, event: Record) -> None:
        """A junction has become slow: ways over its approaches name it as contributing."""
        for link in self.approaches(event.subject):
            self.slow[link] = event.id

    @on("vehicles.junction_clear", when="next", coupling="traffic.care")
    def note_clear(self, event: Record) -> None:
        """A junction is as fast as before."""
        for link in self.approaches(event.subject):
            self.slow.pop(link, None)

    def approaches(self, signal: int) -> list[int]:
        """Link rows that end at a signal's junction."""
        groups = self.area.signal_groups
        return [int(k) for k in groups.link[groups.signal == signal]]

    # -- reach -------------------------------------------------------------------------------------------------------

    def step(self):
        if self.now % self.ms(self.config.probe):
            return
        by_zone, reach = self.probe()
        self.reach.note(by_zone, reach)
        lived_in = np.flatnonzero(self.reach.residents)
        self.record("zone.reach", by_zone[lived_in], lived_in)
        for name, value in (
            ("reach", reach),
            ("free_units", len(self.fleet.idle)),
            ("waiting", len(self.fleet.queue)),
            ("bays", sum(h.bays.count for h in self.hospitals)),
            ("beds", sum(h.beds.count for h in self.hospitals)),
            ("devices_unpowered", len(self.devices.without)),
        ):
            self.record(f"care.{name}", value)
        self.fleet.show()

    def probe(self) -> tuple[np.ndarray, float]:
        """Share of residents, by zone and in all, whom the nearest free unit reaches within the norm now, in %."""
        self.blue_ms = self.driving.ms(self.travel_ms)
        free = ((unit.position(), unit.ahead()) for unit in self.fleet.idle.values())
        return self.reach.probe(free, self.blue_ms[self.network.rows])

    # -- results -----------------------------------------------------------------------------------------------------

    def indicators(self):
        return indicators(self)

    def forget(self):
        self.calls = [c for c in self.calls if c.outcome == OPEN]
        self.closed_calls = 0
        self.reach.forget()
        self.devices.forget()
        for hospital in self.hospitals:
            hospital.waits.clear()
            hospital.boarded.clear()

    def balances(self):
        return balances(self)
