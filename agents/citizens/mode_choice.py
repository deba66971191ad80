"""The choice of mode: what each mode would take now, its utility, and a nested logit over those that are to be had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agents.citizens import kernels as law
from agents.citizens import traits
from agents.citizens.choice import choose
from twin.clock import day, minute
from twin.draws import uniforms
from twin.network import Network, Router
from twin.parts import Part

if TYPE_CHECKING:
    from agents.citizens.config import CitizensConfig
    from agents.citizens.domain import Citizens
    from twin.timetable import Timetable

Array = np.ndarray[Any, Any]


def nests(config: CitizensConfig) -> tuple[Array, Array]:
    """The nest of each of MODES, int64 (5,), and the scale of each nest, (nests,); a mode in none has one of its own."""
    named = list(config.nests.values())
    alone = [mode for mode in law.MODES if not any(mode in nest.modes for nest in named)]
    groups = [*(nest.modes for nest in named), *([mode] for mode in alone)]
    nest = [next(k for k, group in enumerate(groups) if mode in group) for mode in law.MODES]
    return np.array(nest, np.int64), np.array([*(nest.scale for nest in named), *(1.0 for _ in alone)])


class ModeChoice(Part):
    """Which mode each tour takes, by the live car times of the quarter's beginning and by the timetable.

    Who may drive, ride and be driven, how far each mode goes, and where the timetable and the streets lead decide what is
    to be had; taste decides among that.

    car         : bool (people,): drives a car of the household; household_car: may be driven
    beyond      : float64 (locations,): m of road beyond the gateway, 0 inside
    last_bit    : int64 (5,): ms to park, walk or wait, by mode
    quarter_ms  : travel times of cars over the area's links that everybody sees in this quarter of an hour
    parking_ms  : the same for those without a permit, who walk where not everybody may drive; None where all may
    """

    unsaved = (
        "citizens",
        "car",
        "household_car",
        "taste",
        "pace",
        "last_bit",
        "limits",
        "nest",
        "scale",
        "xy",
        "node",
        "beyond",
        "network",
        "detour",
        "timetable",
        "choosing",
    )

    def __init__(self, citizens: Citizens, timetable: Timetable | None) -> None:
        area, config = citizens.area, citizens.config
        self.citizens, self.timetable = citizens, timetable
        self.car, self.household_car = traits.drivers(area)
        tastes = [config.tastes[mode] for mode in law.MODES]
        self.taste = tuple(np.array([getattr(t, name) for t in tastes]) for name in ("constant", "per_minute"))
        speed = np.array([t.speed for t in tastes]) / 3.6
        beyond_speed = np.array([t.beyond_speed or t.speed for t in tastes]) / 3.6
        overhead = np.array([t.overhead for t in tastes])
        self.pace = speed, beyond_speed, overhead
        self.last_bit = np.rint(overhead * minute).astype(np.int64)
        self.limits = np.array([[t.shortest, t.longest] for t in tastes]) * 1000.0
        self.nest, self.scale = nests(config)
        self.xy, self.node = area.location_xy(), area.location_node("car")
        gates = area.gateways.distance if len(area.gateways) else np.zeros(0)
        self.beyond = np.concatenate([np.zeros(len(area.buildings)), gates])
        self.network = Network.of(area, "car")
        self.router, self.on_foot, self.customised = Router(self.network), Router(self.network), False
        self.parking_ms: Array | None = None
        self.detour = self._detour()
        self.choosing = citizens.stream("mode")

    def _detour(self) -> float:
        """Median ratio of street to straight distance over up to 500 pairs of locations, drawn by key."""
        locations = len(self.xy)
        if locations < 2:
            return 1.3
        stream, keys = self.citizens.stream("detour"), np.arange(500)
        a = (uniforms(stream, keys, 0) * locations).astype(np.int64)
        b = (uniforms(stream, keys, 1) * locations).astype(np.int64)
        router = Router(self.network, np.maximum(np.rint(self.network.length), 1).astype(np.int64))
        metres = router.times(self.node[a], self.node[b])
        straight = np.hypot(*(self.xy[a] - self.xy[b]).T)
        known = (metres > 0) & (straight > 200.0)
        return float(np.median(metres[known] / straight[known])) if known.any() else 1.3

    def look(self, travel_ms: Array, walk_ms: Array, permit: Array, barred: Array) -> None:
        """Take the travel times that everybody sees from now on, and who has to walk where: see the vehicles domain."""
        self.quarter_ms, self.customised = np.where(barred, walk_ms, travel_ms), False
        self.parking_ms = np.where(walk_ms > 0, walk_ms, travel_ms) if (walk_ms > 0).any() else None
        self.permit = permit.copy()

    def modes(self, people: Array, origin: Array, goal: Array, when: Array) -> Array:
        """A mode for each tour of `people`, row of MODES, int64 (n,); through traffic and goods drive."""
        mode = np.full(len(people), law.CAR, np.int64)
        own = np.flatnonzero(self.citizens.area.people.occupation[people] < law.THROUGH)
        if len(own):
            mode[own] = self._modes(people[own], origin[own], goal[own], when[own])
        return mode

    def _modes(self, people: Array, origin: Array, goal: Array, when: Array) -> Array:
        citizens, distance = self.citizens, self.distance(origin, goal)
        drivers = self.car[people]
        car_ms = np.full(len(people), -1, np.int64)
        car_ms[drivers] = self._car_ms(people[drivers], origin[drivers], goal[drivers])
        utility = np.empty((len(people), 5))
        law.utilities(
            distance,
            self.beyond[origin] + self.beyond[goal],
            car_ms,
            self._transit_s(origin, goal, when, distance),
            drivers,
            self.household_car[people],
            citizens.area.people.has_bicycle[people],
            *self.taste,
            *self.pace,
            citizens.config.lift,
            self.limits,
            utility,
        )
        chosen = np.empty(len(people), np.int64)
        luck = uniforms(self.choosing, people, citizens.people.trips[people])
        choose(utility, self.nest, self.scale, luck, chosen)
        chosen[chosen < 0] = law.TRANSIT  # nothing else goes that far: public transport
        return chosen

    def distance(self, a: Array, b: Array) -> Array:
        """m between locations along the streets, the road beyond gateways included."""
        return np.asarray(np.hypot(*(self.xy[a] - self.xy[b]).T) * self.detour + self.beyond[a] + self.beyond[b])

    def served(self, origin: Array, goal: Array) -> Array:
        """Whether public transport goes by the timetable between two locations: not beyond a gateway."""
        inside = len(self.citizens.area.buildings)
        return np.asarray((origin < inside) & (goal < inside) & (self.timetable is not None))

    def carried_ms(self, origin: Array, goal: Array, mode: Array) -> Array:
        """Door-to-door time of passengers and users of public transport, ms."""
        beyond = self.beyond[origin] + self.beyond[goal]
        seconds = law.carried_s(self.distance(origin, goal), beyond, *(column[mode] for column in self.pace))
        return np.maximum((1000.0 * seconds).astype(np.int64), minute)

    def _transit_s(self, origin: Array, goal: Array, when: Array, distance: Array) -> Array:
        """Seconds from door to door by the timetable; -1 where that has no way, `UNTIMED` where it has no say."""
        s = np.full(len(origin), law.UNTIMED)
        asked = np.flatnonzero(self.served(origin, goal) & (distance >= self.limits[law.TRANSIT, 0]))
        if len(asked) and self.timetable is not None:
            leave = -((self.citizens.world.start // day * day - when[asked]) // 1000)
            s[asked] = self.timetable.seconds(leave, origin[asked], goal[asked])
        return s

    def _car_ms(self, people: Array, origin: Array, goal: Array) -> Array:
        """Live driving time between locations, ms; the road beyond a gateway at its own speed.

        Who has no permit where one is needed parks outside and walks; routes do not avoid that walk here as they do on
        the streets, so this is the least that it takes.
        """
        rows = self.network.rows
        if not self.customised:
            self.customised = True
            self.router.customise(np.maximum(self.quarter_ms[rows], 1))
            if self.parking_ms is not None:
                self.on_foot.customise(np.maximum(self.parking_ms[rows], 1))
        a, b = self.node[origin], self.node[goal]
        if self.parking_ms is None:
            inside = self.router.times(a, b)
        else:
            inside, walks = np.empty(len(a), np.int64), ~self.permit[people]
            for who, router in ((walks, self.on_foot), (~walks, self.router)):
                inside[who] = router.times(a[who], b[who])
        beyond = (self.beyond[origin] + self.beyond[goal]) / (self.citizens.config.beyond_speed / 3.6) * 1000.0
        return np.where(inside < 0, -1, inside + beyond.astype(np.int64))
