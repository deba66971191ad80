"""Vehicles: everybody who drives, rides or walks, from the event of setting off to the event of arriving.

Cars drive through the queues of `agents.vehicles.kernels` on routes by the live travel times; cyclists and walkers move
at their own speed. A car whose way is closed takes another one from where it is. What lies beyond a gateway is driven
at a stated speed, before a trip from there comes in and after one to there went out.
"""

from __future__ import annotations

import numpy as np

from agents.vehicles import kernels as k
from agents.vehicles.access import Access
from agents.vehicles.buses import Buses
from agents.vehicles.config import VehiclesConfig
from agents.vehicles.consumption import kwh
from agents.vehicles.controllers import Controllers
from agents.vehicles.emissions import POLLUTANTS, emitted
from agents.vehicles.junctions import Junctions
from agents.vehicles.learned import Learned, Observer, Plans
from agents.vehicles.ledger import Ledger
from agents.vehicles.orders import CLOSED, LIMIT, NARROW, RESTRICT, Orders
from agents.vehicles.parking import Parking
from agents.vehicles.readings import account
from agents.vehicles.right_of_way import right_of_way
from agents.vehicles.routes import Routes
from agents.vehicles.slow import Moments, SlowMode
from agents.vehicles.state import State
from agents.vehicles.wheel import EDGE, PER_SECOND
from twin.attributes import Column
from twin.clock import day, minute
from twin.coupling import Batch, Event, Reads, Record, on
from twin.domain import Domain, Indicator
from twin.draws import uniforms
from twin.network import Network

CAR, BICYCLE, WALK = 0, 1, 2
MODES = ("car", "bicycle", "walk")
SHORTEST = 10_000  # ms; nobody arrives sooner, also between two doors at one node (assumption)


class Vehicles(Domain):
    """Traffic on the streets of the area."""

    name, every = "vehicles", minute
    unsaved = (
        "weight",
        "free_s",
        "row",
        "link_of_row",
        "node",
        "riding",
        "xy",
        "beyond",
        "electric",
        "full_capacity",
        "learned",
        "observer",
    )
    Config = VehiclesConfig
    learned: Learned | None = None  # given before set-up: the times that drivers expect
    observer: Observer | None = None  # given before set-up: what watches a day of learning
    energised = Reads("grid.energised", coupling="power.signals")
    temperature = Reads("weather.temperature", coupling="weather.cars", without=10.0)

    arrived = Event(by="advance", subject="person", object="location", value="s of travel", recorded=False)
    unrouted = Event(
        by="advance", subject="person", object="location", value="mode: 0 car, 1 bicycle, 2 walk", recorded=False
    )
    parked = Event(
        by="advance",
        subject="person",
        object="location",
        recorded=False,
        value="kWh from a plug that the electric car used on this trip, charging losses included",
    )
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
        "dark": Column("bool", default=False, meaning="signals without power"),
    }
    series = {
        "link": {
            "flow": Column(unit="veh", meaning="cars that left the link in the quarter of an hour"),
            "speed": Column(unit="m/s", meaning="mean speed of those cars, waiting included"),
            "delay": Column(unit="s", meaning="their time beyond free flow, in all"),
        },
        "vehicles": {
            "on_road": Column("int32", unit="veh"),
            "waiting": Column("int32", unit="veh", meaning="cars that wait to enter their first link"),
            "riding": Column("int32", unit="persons", meaning="cyclists and walkers under way"),
            "released": Column("int32", unit="veh", meaning="lifted out of a jam so far"),
            "dark": Column("int32", unit="signals"),
        },
        "parking": {"cars": Column("int32", unit="veh", meaning="that stand in the zone, or have a place kept there")},
    }
    tables = {
        "restricted/trips": {
            "person": Column("int64"),
            "departure": Column("int64", unit="ms"),
            "arrival": Column("int64", unit="ms"),
            "mode": Column("int8", meaning="row of MODES"),
            "distance": Column(unit="m"),
            "from_zone": Column("int32"),
            "to_zone": Column("int32"),
        },
        "replay/vehicles": {
            "time": Column("int64", unit="ms"),
            "link": Column("int32"),
            "fraction": Column("float32", meaning="of the link's length, from its tail"),
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
        self.routes = Routes(self.network, self.link_of_row, config, luck, plans)
        self.node = area.location_node("car")
        self.riding = {
            BICYCLE: SlowMode(area, "bicycle", config.bicycle_speed / 3.6),
            WALK: SlowMode(area, "walk", config.walk_speed / 3.6),
        }
        self.xy = area.location_xy()
        gates = area.gateways.distance if len(area.gateways) else np.zeros(0)
        self.beyond = np.concatenate([np.zeros(len(area.buildings)), gates])
        self.electric = uniforms(self.stream("electric"), np.arange(n)) < config.electric_share
        self.ledger = Ledger(area)
        self.buses = Buses(area, self.network, self.link_of_row) if len(area.calls) else None
        self.parkings = np.zeros(n, np.int32)
        self.parking = None
        if len(area.parking) and self.weight == 1.0:  # a car that stands for several cannot take a part of a place each
            self.parking = Parking(
                area,
                self.riding[WALK],
                self.ledger,
                self.state,
                self.routes,
                config.parking_reach,
                config.farthest_walk,
            )
        self.coming = Moments("person", "origin", "goal")  # cars on their way to a gateway
        self.near = Moments("person")  # cars whose way ends where it begins
        self.going = Moments("person", "goal", "mode")  # all whose moment of arrival is known
        self.departing: list[tuple[int, Batch]] = []
        self.orders, self.access = Orders(speed), Access(area, self.network)
        self.full_capacity = capacity.copy()
        self.grams = np.zeros(len(POLLUTANTS))  # of exhaust, inside the area
        self.feeder_events: dict[int, str] = {}
        self.live_s = self.state.links.free.copy()
        if self.observer:
            self.observer.begin(self.state.links, n)
        self.travel = np.maximum(np.rint(1000.0 * links.length / links.speed), 1).astype(np.int64)
        self.flow, self.walk_ms = np.zeros(len(links)), np.zeros(len(links), np.int64)
        self.quarter = np.zeros((self.network.links, 2))  # vehicles that left and the seconds they spent
        self._publish_all()

    # -- who sets off ------------------------------------------------------------------------------------------------

    @on("citizens.drive", phase="advance", coupling="citizens.vehicles")
    def depart(self, batch: Batch) -> None:
        """Somebody gets into a car."""
        self.departing.append((CAR, batch))

    @on("citizens.ride", phase="advance", coupling="citizens.vehicles")
    def ride(self, batch: Batch) -> None:
        """Somebody gets on a bicycle."""
        self.departing.append((BICYCLE, batch))

    @on("citizens.walk", phase="advance", coupling="citizens.vehicles")
    def walk(self, batch: Batch) -> None:
        """Somebody walks."""
        self.departing.append((WALK, batch))

    @on("transit.drive", phase="advance", when="next", coupling="transit.traffic", optional=True)
    def set_out(self, batch: Batch) -> None:
        """Buses set out in this minute."""
        if self.buses:
            self.buses.begin(batch)

    def advance(self, start, stop):
        self._power(start)
        regular = self.routes.turn_to(start)
        if self.junctions.changed:
            self.junctions.change_plans(self.state)
            self._actuate()
        if self.orders.changed:
            self._apply_orders()
        if regular:
            self.ledger.changed_mind += self._count(self.routes.look_again(self.state))
        for mode, batch in self.departing:
            person, goal, origin = batch.subject, batch.object, batch.value.astype(np.int64)
            self.ledger.begin(person, batch.time, mode, origin, goal)
            time = np.maximum(batch.time, start)  # told late where the world's window is shorter than a minute
            if mode == CAR:
                self.coming.add(time=time + self._beyond_ms(origin), person=person, origin=origin, goal=goal)
            else:
                self._go_slowly(mode, person, time, origin, goal)
        self.departing.clear()
        self._enter(self.coming.take(stop))
        self._leave(self._drive(start, stop), start, stop)
        self._arrive(self.going.take(stop), start)
        self._measure(stop)

    def _drive(self, start, stop):
        """Move the cars and buses on the streets; the arrivals of cars."""
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

    def _beyond_ms(self, location):
        return np.rint(self.beyond[location] / (self.config.beyond_speed / 3.6) * 1000.0).astype(np.int64)

    def _walk_ms(self, metres):
        return np.rint(metres / (self.config.walk_speed / 3.6) * 1000.0).astype(np.int64)

    def _go_slowly(self, mode, person, time, origin, goal):
        """Cyclists and walkers: their moment of arrival is known at once."""
        way = self.riding[mode]
        metres = way.metres(origin, goal)
        known = metres >= 0.0
        self._give_up(mode, person[~known], goal[~known], time[~known])
        person, time, origin, goal, metres = person[known], time[known], origin[known], goal[known], metres[known]
        same = way.node[origin] == way.node[goal]
        metres[same] = np.hypot(*(self.xy[origin[same]] - self.xy[goal[same]]).T)
        metres += self.beyond[origin] + self.beyond[goal]
        self.ledger.distance[person] = metres
        ms = np.maximum(np.rint(1000.0 * metres / way.speed).astype(np.int64), SHORTEST)
        self.ledger.free_s[person] = ms / 1000.0
        self.going.add(time=time + ms, person=person, goal=goal, mode=np.full(len(person), mode))

    def _enter(self, trips):
        """Cars that come onto the streets of the area in this window: a route each."""
        person, origin, goal, time = (trips[name] for name in ("person", "origin", "goal", "time"))
        if not len(person):
            return
        node, to_car = self.node[origin], 0.0
        if self.parking:
            node, to_car = self.parking.fetch(person, origin, node)
        ptr, links, known = self.routes.paths(node, self.node[goal], person, self.world.start)
        ptr, links, before, after = self.access.driven(person, ptr, links)
        known &= before + after <= 1000.0 * self.config.farthest_walk
        before = before + to_car
        self._give_up(CAR, person[~known], goal[~known], time[~known])
        sizes = np.diff(ptr)
        beyond = self.beyond[origin] + self.beyond[goal]
        first_ms, last_ms = self._walk_ms(before), self._walk_ms(after)
        time = time + first_ms
        ledger, state = self.ledger, self.state
        at = np.repeat(np.arange(len(person)), sizes)
        ledger.distance[person] = np.bincount(at, state.length[links], minlength=len(person)) + beyond + before + after
        free = np.bincount(at, self.free_s[links], minlength=len(person))
        outside = beyond / (self.config.beyond_speed / 3.6) + (first_ms + last_ms) / 1000.0
        ledger.free_s[person] = np.maximum(free + outside, SHORTEST / 1000.0)
        ledger.last_ms[person] = last_ms
        ledger.driven[person] = np.bincount(at, state.length[links], minlength=len(person))
        ledger.aside_s[person] = outside
        drive = known & (sizes > 0)
        near = known & (sizes == 0)  # both ends at one node, or nothing of the way may be driven
        self.near.add(time=time[near] + np.maximum(SHORTEST - self._beyond_ms(goal[near]), 0), person=person[near])
        if self.parking:
            node[drive] = self.network.head[links[ptr[1:][drive] - 1]]
            self.parking.leave(person[known], time[known], node[known])
        kept = drive[at]
        pointer = np.concatenate([[0], np.cumsum(sizes[drive])])
        self.state.add(person[drive], time[drive] / 1000.0, pointer, links[kept])
        if self.observer:
            self.observer.set_out(person[drive], self.network, links[kept], pointer)
        ledger.routed += int(known.sum())

    def _give_up(self, mode, person, goal, time):
        if len(person):
            ordinal = self.ledger.fail(person)
            # a trip that was turned away at a gateway keeps its own, earlier moment out of the past
            self.unrouted.many(person, goal, float(mode), at=np.maximum(time, self.world.start), ordinal=ordinal)

    # -- who arrives ---------------------------------------------------------------------------------------------------

    def _leave(self, arrivals, start, stop):
        """Cars that came to the end of their route: there, or out through a gateway with a way to go."""
        share = EDGE / PER_SECOND * 1000.0  # the same moment of grace as the kernel's buckets have
        time = np.maximum(np.floor(arrivals.time * 1000.0 + share).astype(np.int64), start)
        near = self.near.take(stop)
        person, time = np.concatenate([arrivals.key, near["person"]]), np.concatenate([time, near["time"]])
        if self.parking:
            person, time = self.parking.arrive(person, time, stop)
        if not len(person):
            return
        goal = self.ledger.goal[person]
        time = time + self._beyond_ms(goal) + self.ledger.last_ms[person]
        self.going.add(time=time, person=person, goal=goal, mode=np.full(len(person), CAR))

    def _arrive(self, rows, start):
        time, person, goal, mode = (rows[name] for name in ("time", "person", "goal", "mode"))
        if not len(person):
            return
        order = np.lexsort((person, time))
        time, person, goal, mode = time[order], person[order], goal[order], mode[order]
        trips, seconds, ordinal = self.ledger.end(person, time, mode)
        self.rows("restricted/trips", **trips)
        self.arrived.many(person, goal, seconds, at=time, ordinal=ordinal)
        ev = (mode == CAR) & self.electric[person]
        if ev.any():
            who, where = person[ev], goal[ev]
            self.parkings[who] += 1
            used = self._kwh(who, where, seconds[ev])
            self.parked.many(who, where, used, at=time[ev], ordinal=self.parkings[who])

    def _kwh(self, person, goal, seconds):
        """What electric cars used on trips of so many seconds that end now, kWh from the plug; books it."""
        ledger, car, temperature = self.ledger, self.config.electric_car, float(self.temperature[0])
        beyond, speed = self.beyond[ledger.origin[person]] + self.beyond[goal], self.config.beyond_speed / 3.6
        inside, inside_s = ledger.driven[person], np.maximum(seconds - ledger.aside_s[person], 0.0)
        used = kwh(car, inside, inside_s, temperature) + kwh(car, beyond, beyond / speed, temperature)
        ledger.electric += used.sum(), (inside + beyond).sum()
        return used

    # -- live travel times ---------------------------------------------------------------------------------------------

    def _measure(self, stop):
        """Live times, flows, series and pictures at the end of the period."""
        flow = np.empty(self.network.links)
        self.ledger.metres += account(self.state.links, self.state.length, 1000.0 / self.every, self.quarter, flow)
        self.flow[self.row] = self.weight * flow
        if self.observer:
            self.observer.count(self.state.links, self.routes.routed_ms, stop)
        keep = np.exp(-self.every / minute / self.config.memory) if self.config.memory > 0 else 0.0
        self.live_s = self.state.travel_times(float(keep))
        self._publish_all()

    def _publish_all(self):
        self.routes.measure(self.live_s)
        self.travel[self.row] = self.routes.open_ms
        self.publish("travel_ms", self.travel)
        self.publish("flow", self.flow)
        self.publish("walk_ms", self.walk_ms)
        self.publish("permit", self.access.bits > 0)
        self.publish("dark", self.junctions.dark)

    def step(self):
        state, now = self.state, self.now
        if _due(now, self.config.series_every or 15.0):
            left, spent = self.quarter.T
            self.grams += emitted(left, spent, state.length, self.config.electric_share).sum(axis=1)
            used = np.flatnonzero(left)
            if len(used) and self.config.series_every:
                self.record("link.flow", self.weight * left[used], self.row[used])
                self.record("link.speed", left[used] * state.length[used] / spent[used], self.row[used])
                late = np.maximum(spent[used] - left[used] * self.free_s[used], 0.0)
                self.record("link.delay", self.weight * late, self.row[used])
            self.quarter[:] = 0.0
        if _due(now, self.config.series_every):
            for name, value in (
                ("on_road", state.on_road),
                ("waiting", state.waiting),
                ("released", state.released),
                ("riding", int((self.going.rows["mode"] != CAR).sum())),
            ):
                self.record(f"vehicles.{name}", round(self.weight * value))
            self.record("vehicles.dark", int(self.junctions.dark.sum()))
            if self.parking:
                zone, cars = self.parking.measure()
                self.record("parking.cars", cars.astype(np.int64), zone)
        if _due(now, self.config.snapshot_every):
            link, fraction, _ = state.positions(inner_only=True)
            self.rows("replay/vehicles", time=np.full(len(link), now), link=self.row[link], fraction=fraction)

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
    def begin(self, command: Record) -> None:
        """A signal plan comes into force."""
        self.junctions.order(command.subject, int(command.value), 1)

    @on(end_plan, phase="due")
    def end(self, command: Record) -> None:
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
        self.walk_ms[self.row] = np.where(self.access.restricted, self._walk_ms(self.network.length), 0)
        self.routes.change(closed, self.access.extra_ms)
        self._publish_all()
        if not len(shut):
            return
        self.state.change(shut, closed=closed[shut])
        if self.buses:
            self.buses.routes.close(closed)
        ways = self.routes.divert(self.state)
        self.ledger.rerouted += self._count(ways)
        self.ledger.held_up += ways.held_up

    def _count(self, ways):
        """Note how much longer new ways are; the number of them."""
        persons = ways.key < len(self.area.people)  # no buses
        for metres in (self.ledger.distance, self.ledger.driven):
            metres[ways.key[persons]] += ways.metres[persons]
        return len(ways.key)

    # -- results -------------------------------------------------------------------------------------------------------

    def indicators(self):
        still = self.state.cars[: int(self.state.counts[k.FRESH])]
        still = still[(still.state == k.QUEUED) | (still.state == k.DRIVING)]
        still = still[still.key < len(self.area.people)]  # no buses
        yield from self.ledger.indicators(self.state.released, still.key, self.now)
        for name, grams in zip(POLLUTANTS, self.grams, strict=True):
            yield Indicator(f"exhaust_{name}", float(grams) / 1000.0, "kg", better="lower", summed=True)
        if self.parking:
            yield from self.parking.indicators()

    def forget(self):
        self.ledger.forget(self.state.released)
        self.grams[:] = 0.0
        if self.parking:
            self.parking.forget()

    def balances(self):
        buses = self.buses.on_road if self.buses else 0  # they are on the road, and nobody's trip
        elsewhere = len(self.near) - buses
        laws = self.ledger.balances(self.state, len(self.coming) + elsewhere, self.going.rows["mode"])
        cars = self.state.on_road + self.state.waiting + elsewhere
        parked = self.parking.balances(cars) if self.parking else ()
        return [*laws, *parked, *(self.buses.balances() if self.buses else ())]


def _due(now, every_minutes):
    period = round(every_minutes * minute)
    return period > 0 and now % period == 0
