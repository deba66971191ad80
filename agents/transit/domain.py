"""Transit: public transport by its timetable, with room for so many passengers, connections to catch and to miss.

Whoever asks for it is shown the fastest way by the timetable and follows it: to the stop, into the vehicle if there is
room, to the next stop in time or too late. Who missed a vehicle or found no room looks for another way at the end of the
minute. Buses drive in the traffic of the streets, where everybody of the area is simulated.
"""

from __future__ import annotations

import numpy as np

from agents.transit import kernels as k
from agents.transit.config import TransitConfig
from agents.transit.state import SECOND, State
from agents.transit.streets import Streets
from twin.attributes import Column
from twin.clock import day, minute
from twin.coupling import Batch, Event, Reads, on
from twin.domain import Balance, Domain, Indicator
from twin.timetable import SLOTS, Timetable


class Transit(Domain):
    """Vehicles and passengers of the area's timetable; nothing where it has none."""

    name, every = "transit", minute
    unsaved = ("timetable", "sent", "driven", "first_departure", "by_departure", "streets")
    Config = TransitConfig
    travel_ms = Reads("vehicles.travel_ms", coupling="traffic.transit")

    arrived = Event(by="advance", subject="person", object="location", value="s of travel", recorded=False)
    unserved = Event(by="advance", subject="person", object="location", recorded=False)
    # told in the minute before the departure
    drive = Event(
        by="advance", subject="run", object="ms at a stop, at least", value="ms of its midnight", recorded=False
    )

    series = {
        "line": {
            "passengers": Column(unit="persons", meaning="who got in during the quarter of an hour"),
            "delay": Column(unit="s", meaning="mean lateness of its vehicles at the stops reached in that time"),
        }
    }

    def setup(self, world, area):
        self.runs_today = bool(len(area.calls))
        self.asking: list[Batch] = []
        self.coming: list[Batch] = []
        if not self.runs_today:
            return
        self.timetable = Timetable(area)
        self.state = State(area, round(self.config.dwell * SECOND))
        first = self.state.first[:-1]
        self.first_departure = SECOND * area.calls.departure[first].astype(np.int64)
        self.by_departure = np.argsort(self.first_departure, kind="stable")
        bus = np.asarray(area.lines.mode == "bus")[area.services.line]
        bus &= self.config.traffic
        # in a sample a car stands for several and a bus for itself: it takes the time that its links take
        whole, heard = area.represents == 1.0, "traffic.transit" not in world.cut
        self.sent = bus & whole
        self.driven = self.sent & heard & ("transit.traffic" not in world.cut)
        self.streets = Streets(area, bus) if heard and not whole else None

    def _weekday(self, number):
        return self.world.calendar.at(number * day).weekday()

    @on("citizens.board", phase="advance", coupling="citizens.transit")
    def take(self, batch: Batch) -> None:
        """Somebody wants to go by public transport."""
        self.asking.append(batch)

    @on("vehicles.bus_arrived", phase="advance", coupling="traffic.transit")
    def hear(self, batch: Batch) -> None:
        """Buses in the traffic came to their stops."""
        self.coming.append(batch)

    def advance(self, start, stop):
        if not self.runs_today:
            return
        number = start // day
        self.timetable.turn_to(number, self._weekday(number))
        if start % day == 0:
            self.state.begin_day(number, self._weekday(number), self.driven)
        if self.streets:
            calls, ms = self.streets.hops(self.travel_ms)
            self.state.hop[:] = self.state.by_timetable
            self.state.hop[calls] = ms
        self._plan_anew(start)
        for batch in self.asking:
            self._plan(batch, start)
        self.asking.clear()
        for batch in self.coming:
            known = self.state.runs.midnight[batch.subject] == batch.value  # else it was withdrawn
            self.state.moments(batch.time[known], k.ARRIVE, batch.subject[known])
        self.coming.clear()
        who, time = self.state.move(stop)
        if len(who):
            p = self.state.passengers[who]
            self.arrived.many(who, p.goal, (time - p.asked) / SECOND, at=time, ordinal=p.trip)

        self._send(start, stop)

    def _send(self, start, stop):
        """Tell the traffic which buses set out in the next minute."""
        for midnight in range(stop // day * day, max(stop // day - 2, -1) * day, -day):
            number = midnight // day
            a, b = np.searchsorted(
                self.first_departure[self.by_departure], [stop - midnight, stop - midnight + self.every]
            )
            running = (self.area.services.days >> self._weekday(number)) & 1
            service = np.sort(self.by_departure[a:b])
            service = service[self.sent[service] & (running[service] == 1)]
            run = number % SLOTS * len(running) + service
            dwell = round(self.config.dwell * SECOND)
            self.drive.many(run, dwell, float(midnight), at=np.full(len(run), start), ordinal=np.full(len(run), number))

    # -- passengers ----------------------------------------------------------------------------------------------------

    def _plan(self, batch, start):
        """Ways for those who set off in this minute."""
        who, goal, time = batch.subject, batch.object, np.maximum(batch.time, start)
        self.state.ask(who, batch.time, goal, batch.ordinal)
        midnight = start // day * day
        found = self.timetable.from_doors(-((midnight - time) // SECOND), batch.value.astype(np.int64), goal)
        on_foot = (found.arrival >= 0) & (np.diff(found.first) == 0)
        self.state.walked += int(on_foot.sum())
        self._follow(who, time, found)

    def _plan_anew(self, start):
        """Other ways for those who missed a vehicle, or were left behind, from the stop where they are."""
        state = self.state
        who, state.again = state.again, state.again[:0]
        if not len(who):
            return
        p = state.passengers
        stop = state.stop[p.board[who, p.ride[who]] % len(state.calls)]
        time = np.full(len(who), start)
        found = self.timetable.from_stops(time % day // SECOND, stop, p.goal[who])
        self._follow(who, time, found)

    def _follow(self, who, time, ways):
        """Passengers (n,) set out at `time` on their ways, if they have one."""
        rides = np.diff(ways.first)
        known = (ways.arrival >= 0) & (rides <= k.RIDES)
        kept = np.repeat(known, rides)
        first = np.concatenate([[0], np.cumsum(rides[known])])
        self.state.set_out(
            who[known], time[known], first, ways.board[kept], ways.alight[kept], ways.walk_s[kept], ways.egress_s[known]
        )
        lost = who[~known]
        if len(lost):
            self.state.fail(lost)
            p = self.state.passengers[lost]
            self.unserved.many(lost, p.goal, at=time[~known], ordinal=p.trip)

    # -- results -------------------------------------------------------------------------------------------------------

    def step(self):
        period = round(self.config.series_every * minute)
        if not self.runs_today or not period or self.now % period:
            return
        boarded, called, late = self.state.by_line.T
        used = np.flatnonzero(called + boarded)
        if len(used):
            each = self.area.represents
            self.record("line.passengers", each * boarded[used].astype(float), used)
            self.record("line.delay", late[used] / np.maximum(called[used], 1) / SECOND, used)
        self.state.by_line[:] = 0

    def indicators(self):
        if not self.runs_today:
            return
        state = self.state
        sums, trips = state.sums, state.trips
        boarded, called = int(sums[k.BOARDED]), int(sums[k.CALLED])
        asked = trips + state.failed
        yield Indicator("transit_trips", float(trips), "trips", summed=True)
        yield Indicator("transit_unserved", float(state.failed), "trips", n=asked, better="lower", summed=True)
        yield Indicator("transit_walked", float(state.walked), "trips", n=asked, summed=True)
        wait = float(sums[k.WAIT_MS]) / max(boarded, 1) / minute
        yield Indicator("transit_wait_mean", wait, "min", n=boarded, better="lower")
        late = float(sums[k.LATE_MS]) / max(called, 1) / SECOND
        yield Indicator("transit_delay_mean", late, "s", n=called, better="lower")
        missed, left = float(sums[k.MISSED]), float(sums[k.LEFT_BEHIND])
        yield Indicator("missed_connections", missed, "passengers", n=boarded, better="lower", summed=True)
        yield Indicator("left_behind", left, "passengers", n=boarded, better="lower", summed=True)
        yield Indicator("transit_load_peak", 100.0 * float(state.peak[0]), "%", better="lower")

    def forget(self):
        if self.runs_today:
            self.state.forget()

    def balances(self):
        if not self.runs_today:
            return []
        state = self.state
        passengers, runs = state.counted()
        done = state.arrived + state.unserved + passengers
        ended = state.ended + int(state.sums[k.ENDED])
        return [
            Balance(
                "passengers who asked = arrived + unserved + on the way", float(state.asked), float(done), "persons"
            ),
            Balance("runs that began = ended + under way", float(state.began), float(ended + runs), "veh"),
        ]
