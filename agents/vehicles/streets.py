"""Streets: the traffic on the area's streets, what is ordered on them, and the power of their signals.

The part of the vehicles domain that knows no trips: links, junctions, routes by the live times, buses, live readings.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.vehicles.access import Access
from agents.vehicles.buses import Buses
from agents.vehicles.controllers import Controllers
from agents.vehicles.emissions import POLLUTANTS, emitted
from agents.vehicles.junctions import Junctions
from agents.vehicles.learned import Learned, Observer, Plans
from agents.vehicles.orders import CLOSED, LIMIT, NARROW, RESTRICT, Orders
from agents.vehicles.readings import account
from agents.vehicles.right_of_way import right_of_way
from agents.vehicles.routes import NewWays, Routes
from agents.vehicles.state import State
from twin.attributes import Column
from twin.clock import day, minute
from twin.coupling import Batch, Event, Reads, Record, on
from twin.domain import Domain
from twin.draws import uniforms
from twin.network import Network


class Streets(Domain):
    """The streets of the area, as a domain to build upon; `agents.vehicles.domain` puts trips on them.

    A period is `begin`, then `drive`, then `measure`.
    """

    unsaved = ("weight", "free_s", "row", "link_of_row", "full_capacity", "learned", "observer")
    learned: Learned | None = None  # given before set-up: the times that drivers expect
    observer: Observer | None = None  # given before set-up: what watches a day of learning
    energised = Reads("grid.energised", coupling="power.signals")

    bus_arrived = Event(
        by="advance", subject="run", object="row of the call", value="ms of its midnight", recorded=False
    )
    signal_dark = Event(by="advance", subject="signal")
    signal_live = Event(by="advance", subject="signal")
    junction_slow = Event(by="advance", subject="signal", value="time over its approaches / that before it went dark")
    junction_clear = Event(by="advance", subject="signal", value="the same ratio")
    close_link = Event(by="outside", subject="link")
    open_link = Event(by="outside", subject="link")
    limit_speed = Event(by="outside", subject="link", value="m/s that nobody may exceed")
    lift_limit = Event(by="outside", subject="link", value="m/s of the limit that ends")
    narrow_link = Event(by="outside", subject="link", value="share of its capacity that is left")
    widen_link = Event(by="outside", subject="link", value="share that ends")
    begin_plan = Event(by="outside", subject="signal", value="number of the plan")
    end_plan = Event(by="outside", subject="signal", value="number of the plan")
    restrict_link = Event(by="outside", subject="link", value="who may enter: 0 nobody, 1 residents, 2 goods, 3 both")
    release_link = Event(by="outside", subject="link", value="the restriction that ends")

    publishes = {
        "travel_ms": Column(
            "int64",
            unit="ms",
            default=20_000,
            low=1,
            meaning="live time of a car over each link of the area; 2**31 - 1 where it is closed",
        ),
        "flow": Column(unit="veh/s", default=0.0, meaning="cars that left each link in the last minute"),
        "walk_ms": Column(
            "int64",
            unit="ms",
            default=0,
            low=0,
            meaning="on foot over each link that not everybody may drive; 0 elsewhere",
        ),
        "permit": Column("bool", default=False, meaning="persons who may drive on such links near their door"),
        "barred": Column(
            "bool", default=False, meaning="links on which no car may drive, whatever its permit: bus lanes"
        ),
        "dark": Column("bool", default=False, meaning="signals without power"),
    }
    series = {
        "link": {
            "flow": Column(unit="veh", meaning="cars that left the link in the quarter of an hour"),
            "speed": Column(unit="m/s", meaning="mean speed of those cars, waiting included"),
            "delay": Column(unit="s", meaning="their time beyond free flow, in all"),
        },
    }

    def setup(self, world, area):
        config, links = self.config, area.links
        self.network = Network.of(area, "car")
        self.row = self.network.rows
        speed, length = links.speed[self.row], links.length[self.row]
        self.free_s = length / speed  # without any wait at a signal
        self.weight = area.represents  # each car is so many: it takes their capacity and room
        capacity = links.capacity[self.row] / self.weight
        priority = capacity * np.where(links.roundabout[self.row], config.roundabout, 1.0)
        self.link_of_row = self.network.from_rows(len(links))
        self.junctions = Junctions(area, self.link_of_row, config.signals == "actuated")
        signalled = self.junctions.approaches(self.network.links)
        self.state = State.of(
            length,
            speed,
            links.lanes[self.row],
            capacity,
            priority=priority,
            wave=config.backward_wave,
            jam_density=config.jam_density / self.weight,
            stuck=config.stuck * self.weight,
            rules=right_of_way(area, self.network, signalled, config.dark_rule),
        )
        self.junctions.start_up(self.state)
        self.controllers = Controllers.of(world, self.junctions, config) if self.junctions.may_actuate else None
        if self.controllers:
            self.controllers.work(self.junctions.actuated, self.state)
        n = len(area.people)
        luck = uniforms(self.stream("informed"), np.arange(n))
        plans = Plans(self.network, self.learned, n, self.free_s) if self.learned else None
        self.orders, self.access = Orders(speed), Access(area, self.network)
        self.routes = Routes(self.network, self.link_of_row, self.access, config, luck, plans)
        self.buses = Buses(area, self.network, self.link_of_row) if len(area.calls) else None
        self.full_capacity = capacity.copy()
        self.grams = np.zeros(len(POLLUTANTS))  # of exhaust, inside the area
        self.feeder_events: dict[int, str] = {}
        self.live_s = self.state.links.free.copy()
        if self.observer:
            self.observer.begin(self.state.links, n)
        self.travel = np.maximum(np.rint(1000.0 * links.length / links.speed), 1).astype(np.int64)
        self.flow, self.walk_ms = np.zeros(len(links)), np.zeros(len(links), np.int64)
        self.barred = np.zeros(len(links), bool)
        self.quarter = np.zeros((self.network.links, 2))  # vehicles that left and the seconds they spent
        self._publish_all()

    def turned(self, ways: NewWays, chosen: bool) -> None:
        """Vehicles go another way: chosen by their drivers, or since theirs was closed."""

    # -- a period ----------------------------------------------------------------------------------------------------

    @on("transit.drive", phase="advance", when="next", coupling="transit.traffic", optional=True)
    def set_out(self, batch: Batch) -> None:
        """Buses set out in this minute."""
        if self.buses:
            self.buses.begin(batch)

    def begin(self, start: int) -> None:
        """Bring power, plans and orders into force, and let drivers look again where a regular moment has come."""
        self._power(start)
        regular = self.routes.turn_to(start)
        if self.junctions.changed:
            self.junctions.change_plans(self.state)
            self._actuate()
        if self.orders.changed:
            self._apply_orders()
        if regular:
            self.turned(self.routes.look_again(self.state), chosen=True)

    def drive(self, start: int, stop: int) -> Any:
        """Move the cars and buses on the streets; the arrivals of cars, as of `State.run`."""
        arrivals = self._drive_buses(start, stop) if self.buses else self._move(stop / 1000.0)
        if self.observer:
            self.observer.arrived(arrivals)
        return arrivals

    def _move(self, stop):
        """Move everything on the streets to `stop`, s, signals deciding on the way."""
        return self.controllers.run(self.state, stop) if self.controllers else self.state.run(stop)

    def _drive_buses(self, start, stop):
        """The same where buses drive, which tell of their stops."""
        arrivals, stops = self.buses.run(self.state, self._move, start, stop)
        run, call = stops["run"], stops["call"]
        midnight = self.buses.midnight[run]
        ordinal = midnight // day * len(self.area.calls) + call  # the run's number comes back another day
        self.bus_arrived.many(run, call, midnight.astype(float), at=np.maximum(stops["time"], start), ordinal=ordinal)
        return arrivals

    def measure(self, stop: int) -> float:
        """Take live times and flows at the end of the period; m driven in it by all vehicles."""
        flow = np.empty(self.network.links)
        metres = float(account(self.state.links, self.state.length, 1000.0 / self.every, self.quarter, flow))
        self.flow[self.row] = self.weight * flow
        if self.observer:
            self.observer.count(self.state.links, self.routes.routed_ms, stop)
        keep = np.exp(-self.every / minute / self.config.memory) if self.config.memory > 0 else 0.0
        self.live_s = self.state.travel_times(float(keep))
        self._publish_all()
        return metres

    def _publish_all(self):
        self.routes.measure(self.live_s)
        self.travel[self.row] = self.routes.open_ms
        self.publish("travel_ms", self.travel)
        self.publish("flow", self.flow)
        self.publish("walk_ms", self.walk_ms)
        self.publish("permit", self.access.holders)
        self.publish("barred", self.barred)
        self.publish("dark", self.junctions.dark)

    def record_links(self, series: bool) -> None:
        """Book the exhaust of the quarter of an hour, and record what each link carried where `series` is set."""
        left, spent = self.quarter.T
        length = self.state.length
        self.grams += emitted(left, spent, length, self.config.electric_share).sum(axis=1)
        used = np.flatnonzero(left)
        if len(used) and series:
            self.record("link.flow", self.weight * left[used], self.row[used])
            self.record("link.speed", left[used] * length[used] / spent[used], self.row[used])
            late = np.maximum(spent[used] - left[used] * self.free_s[used], 0.0)
            self.record("link.delay", self.weight * late, self.row[used])
        self.quarter[:] = 0.0

    # -- power and closures --------------------------------------------------------------------------------------------

    @on("grid.feeder_dark", phase="advance", when="next", coupling="power.signals")
    def note_dark(self, batch: Batch) -> None:
        """Which event made a feeder dark."""
        for i, feeder in enumerate(batch.subject.tolist()):
            self.feeder_events[feeder] = batch.id_of(i)

    @on("grid.feeder_live", phase="advance", when="next", coupling="power.signals")
    def note_live(self, batch: Batch) -> None:
        """Which event brought a feeder back."""
        self.note_dark(batch)

    def _power(self, now):
        """Signals without power go dark; a junction that is slow for it says so."""
        j = self.junctions
        dark = j.without_power(self.energised)
        if (dark != j.dark).any():
            went, came = j.switch(dark, self.state, self.live_s)
            for signals, event in ((went, self.signal_dark), (came, self.signal_live)):
                for signal in signals.tolist():
                    because = self.feeder_events.get(int(j.feeder[signal]), "")
                    j.reason[signal] = event(signal, because=[because] if because else [])
            self.publish("dark", j.dark)
            self._actuate()
        if not (j.dark.any() or j.slow.any()):
            return
        ratio = j.ratios(self.live_s)
        slow = j.dark & ~j.slow & (ratio > self.config.slow_ratio)
        clear = j.slow & (ratio < self.config.clear_ratio)
        for signal in np.flatnonzero(slow).tolist():
            self.junction_slow(signal, value=ratio[signal], because=[j.reason[signal]])
        for signal in np.flatnonzero(clear).tolist():
            self.junction_clear(signal, value=ratio[signal], because=[j.reason[signal]])
        j.slow = (j.slow | slow) & ~clear

    def _walk_ms(self, metres):
        return np.rint(metres / (self.config.walk_speed / 3.6) * 1000.0).astype(np.int64)

    def _actuate(self):
        """Signals whose plan leaves it to the traffic decide, where they have power."""
        if self.controllers:
            self.controllers.work(self.junctions.actuated & ~self.junctions.dark, self.state)

    @on(close_link, phase="due")
    def close(self, command: Record) -> None:
        """Nobody may enter a link any more; those on it may leave."""
        self.orders.begin(CLOSED, self.link_of_row[command.subject])

    @on(open_link, phase="due")
    def reopen(self, command: Record) -> None:
        """Undo one closure of a link."""
        self.orders.end(CLOSED, self.link_of_row[command.subject])

    @on(limit_speed, phase="due")
    def limit(self, command: Record) -> None:
        """Nobody drives faster on a link; those on it slow down."""
        self.orders.begin(LIMIT, self.link_of_row[command.subject], command.value)

    @on(lift_limit, phase="due")
    def lift(self, command: Record) -> None:
        """Undo one limit."""
        self.orders.end(LIMIT, self.link_of_row[command.subject], command.value)

    @on(narrow_link, phase="due")
    def narrow(self, command: Record) -> None:
        """A part of a link's lanes cannot be used."""
        self.orders.begin(NARROW, self.link_of_row[command.subject], command.value)

    @on(widen_link, phase="due")
    def widen(self, command: Record) -> None:
        """Undo one narrowing."""
        self.orders.end(NARROW, self.link_of_row[command.subject], command.value)

    @on(restrict_link, phase="due")
    def restrict(self, command: Record) -> None:
        """Only some may enter a link."""
        self.orders.begin(RESTRICT, self.link_of_row[command.subject], command.value)

    @on(release_link, phase="due")
    def release(self, command: Record) -> None:
        """Undo one restriction."""
        self.orders.end(RESTRICT, self.link_of_row[command.subject], command.value)

    @on(begin_plan, phase="due")
    def take_plan(self, command: Record) -> None:
        """A signal plan comes into force."""
        self.junctions.order(command.subject, int(command.value), 1)

    @on(end_plan, phase="due")
    def drop_plan(self, command: Record) -> None:
        """A signal plan ends."""
        self.junctions.order(command.subject, int(command.value), -1)

    def _apply_orders(self):
        """Bring the links to what is ordered on them."""
        orders, state = self.orders, self.state
        orders.changed = False
        capacity, speed = self.full_capacity * orders.shares(), orders.speeds()
        changed = np.flatnonzero(capacity != state.capacity)
        state.capacity[changed] = capacity[changed]
        state.change(changed, capacity=(capacity * self.junctions.shares(len(capacity)))[changed])
        changed = np.flatnonzero(speed != state.speed)
        state.change(changed, speed=speed[changed])
        if len(changed):
            self.routes.limit(state.length / speed - self.free_s)
        self._let_in()

    def _let_in(self):
        """Let in whom the orders let in, and send all whose way is now closed another way from where they are."""
        closed, permits = self.orders.closed(), self.orders.permits()
        shut = np.flatnonzero(closed != self.routes.closed)
        if not len(shut) and (permits == self.access.permits).all():
            return
        self.access.restrict(permits)
        self.barred[self.row] = self.access.barred
        self.walk_ms[self.row] = np.where(self.access.restricted, self._walk_ms(self.network.length), 0)
        self.routes.change(closed, self.access.extra_ms)
        self._publish_all()
        if not len(shut):
            return
        self.state.change(shut, closed=closed[shut])
        if self.buses:
            self.buses.routes.close(closed)
        self.turned(self.routes.divert(self.state), chosen=False)
