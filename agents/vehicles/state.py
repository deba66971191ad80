"""State: what the traffic kernel works on, as numpy records, and the few operations that the domain needs.

All of it is plain arrays, so it can be saved and loaded as it is. Times are float64 seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agents.vehicles import changes, fleet, readings
from agents.vehicles import kernels as k
from agents.vehicles.layout import ARRIVAL, CAR, DUE_CAR, EVENT, LINK, SLOT, records
from agents.vehicles.rules import Rules
from agents.vehicles.wheel import BUCKETS, KINDS, PER_SECOND, bucket_of
from twin.parts import Part

Array = NDArray[Any]

BACKWARD_WAVE = 5.0  # m/s; 15-20 km/h is what detector data show (Newell 1993, part II; Treiber & Kesting 2013, ch. 8)
JAM_DENSITY = 0.15  # veh/m per lane: 6.7 m a vehicle standing in a queue (Treiber & Kesting 2013, ch. 8: 0.12-0.15)

LONG_AGO = -1e12  # finite, since an infinite headway may be added to it


def largest_flow(speed: Array, density: Array, wave: float = BACKWARD_WAVE) -> Array:
    """The capacity of a triangular fundamental diagram, veh/s (Newell 1993, part I).

    speed, wave : m/s; density : veh/m when all lanes stand full
    """
    return density * wave / (1.0 + wave / speed)


@dataclass
class State(Part):
    """The traffic on a network. Make it with `State.of`; then `add` trips and `run` to a later time."""

    unsaved = ("conflicts", "length", "density", "wave", "stuck")

    links: Any
    slots: Any
    cars: Any
    events: Any
    wheel: Array
    route: Array
    due: Any
    counts: Array
    moves: Any
    conflicts: Array
    memory: Array  # float64 (links, 2): for the live travel times
    length: Array
    density: Array  # veh/m when all lanes stand full
    speed: Array
    capacity: Array
    wave: float
    stuck: float
    used: int = 0  # cells of `route` in use

    @classmethod
    def of(
        cls,
        length: ArrayLike,
        speed: ArrayLike,
        lanes: ArrayLike,
        capacity: ArrayLike,
        *,
        priority: ArrayLike | None = None,
        burst: ArrayLike | None = None,
        inflow: ArrayLike | None = None,
        storage: ArrayLike | None = None,
        wave: float = BACKWARD_WAVE,
        jam_density: float = JAM_DENSITY,
        stuck: float = np.inf,
        rules: Rules | None = None,
    ) -> State:
        """An empty network.

        Parameters
        ----------
        length, speed, lanes, capacity : (links,): m, m/s, lanes, veh/s of all lanes together
        priority : (links,): share at a merge, relative to the others; the capacity if it is not given
        burst : (links,): vehicles that may enter at once after a pause; the lanes, but at least 2, if it is not given
        inflow : (links,): veh/s that may enter in the long run; if it is not given, `largest_flow`, but at least the
            capacity, which is a limit at the downstream end
        storage : (links,): vehicles that fit on a link, obeyed as given: rounded down, at least one, nothing added. So
            less than capacity * (length / speed + length / wave) throttles the link
        wave, jam_density : m/s; veh/m per lane
        stuck : s after which a waiting vehicle is released; infinite or 0: never
        rules : who gives way to whom at junctions; without them all merges are by priority

        Without `storage` a link holds lanes * length * jam_density vehicles, rounded up; at least one per lane, and
        enough for its capacity at free speed, since rounding would throttle a short link.
        """
        length, speed, lanes, capacity = (np.asarray(v, np.float64) for v in (length, speed, lanes, capacity))
        n = len(length)
        links = records(n, LINK)
        links.free, links.wave = length / speed, length / wave
        with np.errstate(divide="ignore"):
            headway = np.where(capacity > 0, 1.0 / capacity, np.inf)
        links.headway = headway
        density = lanes * jam_density if storage is None else np.asarray(storage, np.float64) / length
        most = np.maximum(capacity, largest_flow(speed, density, wave))
        links.headway_in = 1.0 / (most if inflow is None else np.asarray(inflow, np.float64))
        depth = np.maximum(lanes, 2.0) if burst is None else np.asarray(burst, np.float64)
        links.slack = (depth - 1.0) * links.headway_in
        if storage is None:
            places = np.maximum(lanes * length * jam_density, capacity * (links.free + links.wave))
            links.room = np.maximum(np.ceil(places - 1e-6), np.maximum(lanes, 1)).astype(np.int32)
        else:
            links.room = np.maximum(np.floor(np.asarray(storage, np.float64) + 1e-6), 1).astype(np.int32)
        links.slots = np.concatenate([[0], np.cumsum(links.room)[:-1]]) if n else 0
        for name in ("wait_first", "queue_first", "waits_for", "wait_next", "queue_last", "stuck_since"):
            links[name] = -1
        for name in ("tokens", "last_exit"):
            links[name] = LONG_AGO
        links.tail_free = -np.inf
        share = capacity if priority is None else np.asarray(priority, np.float64)
        links.weight = 1.0 / np.maximum(share, 1e-9)
        links.queue_weight = lanes / np.maximum(capacity, 1e-9)  # those who start here count as one lane
        rules = rules or Rules.none(n)
        links.moves, links.rule, links.control = rules.first, rules.rule, rules.rule
        slots = records(int(links.room.sum()), SLOT)
        slots.time = -np.inf
        events = records(KINDS * n, EVENT)
        events.cell = -1
        counts = np.zeros(12, np.int64)
        counts[k.NEXT_FREE] = -1
        return cls(
            links,
            slots,
            records(0, CAR),
            events,
            np.full((3 * BUCKETS, 2), -1, np.int32),
            np.zeros(1024, np.int32),
            records(0, DUE_CAR),
            counts,
            rules.moves.copy(),
            rules.conflicts,
            np.zeros((n, 2)),
            length,
            density,
            speed.copy(),
            capacity.copy(),
            wave,
            stuck if stuck > 0 else np.inf,
        )

    # -- trips ---------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """The time up to which everything has moved, s."""
        return float(self.counts[k.NOW] / PER_SECOND)

    @property
    def on_road(self) -> int:
        """Vehicles on links."""
        return int(self.counts[k.ROAD])

    @property
    def waiting(self) -> int:
        """Vehicles that wait to enter their first link, or are still to depart, or were released from a jam."""
        return int(self.counts[k.WAITING] + self.counts[k.DUE_END] - self.counts[k.DUE_AT])

    @property
    def released(self) -> int:
        """Vehicles lifted out of a jam so far."""
        return int(self.counts[k.RELEASED])

    def add(self, keys: ArrayLike, departures: ArrayLike, ptr: ArrayLike, routes: ArrayLike) -> None:
        """Add vehicles.

        Parameters
        ----------
        keys : int64 (n,): the owner's number for each vehicle; ties between departures go by it
        departures : float64 (n,): s, not before `now`
        ptr, routes : int64 (n + 1,), int32: the links of vehicle i are routes[ptr[i]:ptr[i + 1]], at least one

        Raises ValueError for an empty route, an unknown link or a departure in the past.
        """
        keys, departures = np.asarray(keys, np.int64), np.asarray(departures, np.float64)
        ptr, routes = np.asarray(ptr, np.int64), np.asarray(routes, np.int32)
        if not len(keys):
            return
        if (np.diff(ptr) < 1).any():
            raise ValueError("a vehicle without a link to drive on")
        if routes.min() < 0 or routes.max() >= len(self.links):
            raise ValueError("a route over an unknown link")
        if bucket_of(departures.min()) < self.counts[k.NOW]:
            raise ValueError(f"a departure at {departures.min()} s, before {self.now} s")
        self._room(len(keys), int(ptr[-1] - ptr[0]))
        new = np.empty(len(keys), np.int32)
        self.used = fleet.add(self.cars, self.route, self.counts, keys, departures, ptr, routes, self.used, new)
        self._depart(new)

    def _depart(self, cars: Array) -> None:
        """Put vehicles among those still to depart, in the order (time, key)."""
        left = self.due[self.counts[k.DUE_AT] : self.counts[k.DUE_END]].car
        waiting = np.concatenate([left, cars])
        times = self.cars.ready[waiting]
        waiting = waiting[np.lexsort((self.cars.key[waiting], times))]
        self.due = records(len(waiting), DUE_CAR)
        self.due.car, self.due.time = waiting, self.cars.ready[waiting]
        self.counts[k.DUE_AT], self.counts[k.DUE_END] = 0, len(waiting)

    def _room(self, cars: int, cells: int) -> None:
        """Make room for so many vehicles and route cells more: what was driven is dropped before anything grows."""
        counts = self.counts
        needed = int(counts[k.FRESH]) + max(0, cars - int(counts[k.FREE_SLOTS]))
        if needed > len(self.cars):
            grown = records(max(needed, len(self.cars) * 3 // 2, 256), CAR)
            grown[: len(self.cars)] = self.cars
            self.cars = grown
        if self.used + cells > len(self.route):
            packed = np.empty_like(self.route)
            self.used = fleet.compact(self.cars, self.route, int(counts[k.FRESH]), packed)
            self.route = packed
            if self.used + cells > 2 * len(self.route) // 3:  # else the next call would pack again
                grown = np.zeros((self.used + cells) * 3 // 2, np.int32)
                grown[: self.used] = self.route[: self.used]
                self.route = grown

    def run(self, stop: float, law: Any = k.run, *more: Any) -> Any:
        """Move everything up to `stop` (s, whole tenths); records (key, time, started) of arrivals by (time, key).

        law : the kernel that moves it, which is given `more` as well
        """
        if abs(stop * PER_SECOND - round(stop * PER_SECOND)) > 1e-6:
            raise ValueError(f"a window that ends at {stop} s, which is not a whole tenth of a second")
        most = int(self.counts[k.FRESH] - self.counts[k.FREE_SLOTS])
        arrivals = np.empty(most, ARRIVAL).view(np.recarray)
        n = law(
            self.links,
            self.slots,
            self.cars,
            self.events,
            self.wheel,
            self.route,
            self.due,
            self.counts,
            self.moves,
            self.conflicts,
            arrivals,
            float(stop),
            self.stuck,
            0,
            *more,
        )
        return arrivals[:n]

    # -- the network during a run --------------------------------------------------------------------------------------

    def change(
        self,
        links: ArrayLike,
        *,
        speed: ArrayLike | None = None,
        capacity: ArrayLike | None = None,
        cycle: ArrayLike | None = None,
        green_from: ArrayLike | None = None,
        green_for: ArrayLike | None = None,
        rule: ArrayLike | None = None,
        closed: ArrayLike | None = None,
    ) -> None:
        """Change links from now on: speed (m/s), outflow capacity (veh/s; 0: nothing leaves), signal (s), rule (`crossing`)
        of passing the junction, closure for entry.

        What is not given stays. With a cycle of 0 there is no signal and the rule holds. With the speed the inflow changes
        as in `of`.
        """
        rows = np.unique(np.asarray(links, np.int32))
        if len(rows) != np.size(links):
            raise ValueError("a link is named twice")
        order = np.argsort(np.asarray(links, np.int32))
        now = self.links[rows]

        def pick(given: ArrayLike | None, name: str) -> Array:
            if given is None:
                return np.ascontiguousarray(now[name])
            return np.ascontiguousarray(np.broadcast_to(given, rows.shape)[order].astype(LINK[name]))

        if capacity is not None:
            with np.errstate(divide="ignore"):
                headway = 1.0 / np.broadcast_to(np.asarray(capacity, np.float64), rows.shape)[order]
        else:
            headway = np.ascontiguousarray(now.headway)
        free, headway_in, slack = (np.ascontiguousarray(now[name]) for name in ("free", "headway_in", "slack"))
        if speed is not None:
            new = np.broadcast_to(np.asarray(speed, np.float64), rows.shape)[order]
            if not (new > 0.0).all():
                raise ValueError("a speed that is not above 0 m/s")
            free += self.length[rows] / new - self.length[rows] / self.speed[rows]
            most = np.maximum(largest_flow(new, self.density[rows], self.wave), self.capacity[rows])
            slack *= 1.0 / most / headway_in
            headway_in = 1.0 / most
            self.speed[rows] = new
        changes.change(
            self.links,
            self.slots,
            self.cars,
            self.events,
            self.wheel,
            self.route,
            rows,
            free,
            headway_in,
            slack,
            headway,
            pick(cycle, "cycle"),
            pick(green_from, "green_from"),
            pick(green_for, "green_for"),
            pick(rule, "rule"),
            pick(closed, "closed"),
            self.now,
            int(self.counts[k.NOW]),
        )

    def affected(self, closed: Array) -> tuple[Array, Array, Array]:
        """Vehicles whose way still leads over a link with `closed` set, int32 (n,) each: slot; last link of the route;
        where they are - the link that they are on, or ~link where they are still to enter that link.
        """
        return self._found(fleet.affected, closed)

    def under_way(self, keen: Array) -> tuple[Array, Array, Array]:
        """Vehicles on the road with a way beyond their link whose key has `keen` set; the same of each as `affected`."""
        return self._found(fleet.on_links, keen)

    def _found(self, kernel: Any, marked: Array) -> tuple[Array, Array, Array]:
        found = np.empty(int(self.counts[k.FRESH] - self.counts[k.FREE_SLOTS]), np.int32)
        n = kernel(self.cars, self.route, int(self.counts[k.FRESH]), np.ascontiguousarray(marked, bool), found)
        cars = self.cars[found[:n]]
        at = self.route[cars.cursor]
        return found[:n], self.route[cars.end - 1], np.where(cars.state == k.DRIVING, at, ~at)

    def ahead(self, which: Array, value: ArrayLike) -> Array:
        """The sum of `value` (links,) over the links that the vehicles in slots `which` are still to enter; float64 (n,)."""
        out = np.empty(len(which))
        fleet.ahead(self.cars, self.route, np.asarray(which, np.int32), np.asarray(value, np.float64), out)
        return out

    def reroute(self, which: Array, ptr: ArrayLike, paths: ArrayLike) -> None:
        """New ways on for the vehicles in slots `which`, as CSR: from the end of the link that they are on, or from
        their origin where they are still to enter one. They act on it at once.
        """
        if not len(which):
            return
        which, ptr = np.asarray(which, np.int32), np.asarray(ptr, np.int64)
        cars, counts = self.cars, self.counts
        queued = which[cars.state[which] == k.QUEUED]
        leaving = np.zeros(len(cars), bool)
        leaving[queued] = True
        for m in np.unique(self.route[cars.cursor[queued]]):
            fleet.unqueue(self.links, cars, m, leaving)
        counts[k.WAITING] -= len(queued)
        self._room(0, int(ptr[-1] - ptr[0]) + len(which))
        self.used = fleet.reroute(cars, self.route, which, ptr, np.asarray(paths, np.int32), self.used)
        cars.ready[queued] = np.maximum(cars.ready[queued], self.now)
        self._depart(queued)
        driving = which[cars.state[which] == k.DRIVING]
        for m in np.unique(self.route[cars.cursor[driving]]):
            changes.reconsider(
                self.links, self.slots, cars, self.events, self.wheel, self.route, m, self.now, int(counts[k.NOW])
            )

    def travel_times(self, keep: float = 0.0) -> Array:
        """Live travel time of each link, s, of the interval since the last call; see `readings.travel_times`."""
        out = np.empty(len(self.links))
        readings.travel_times(self.links, self.slots, self.now, self.memory, keep, out)
        return out

    def positions(self, inner_only: bool = True) -> tuple[Array, Array, Array]:
        """Link, fraction along it (0-1) and key of the vehicles on the road now; see `readings.positions`."""
        n = self.on_road
        link, fraction, key = np.empty(n, np.int32), np.empty(n), np.empty(n, np.int64)
        n = readings.positions(self.links, self.slots, self.cars, self.now, inner_only, link, fraction, key)
        return link[:n], fraction[:n], key[:n]

    def standing(self) -> Array:
        """Vehicles on each link that could have left by now: the queue; int32 (links,)."""
        out = np.empty(len(self.links), np.int32)
        readings.standing(self.links, self.slots, self.now, out)
        return out
