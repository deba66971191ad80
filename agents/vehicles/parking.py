"""Parking: where cars stand, how many places each junction has, and the way on from a full one and back on foot.

A car takes a place at the node where its way ends. Where none is free its driver drives on to the nearest node with one
- he knows it, and it is kept for him: an assumption - and walks back; he walks to his car before the next trip. Where
none is free within reach the car is left at the goal and counted. Whoever brings goods stops at the door.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from agents.vehicles.ledger import Ledger
from agents.vehicles.routes import Routes
from agents.vehicles.slow import Moments, SlowMode
from agents.vehicles.state import State
from agents.vehicles.wheel import compiled
from twin.dijkstra import BLOCKED, FAR, pop, push
from twin.domain import Balance, Indicator
from twin.drivers import drivers
from twin.network import Network
from twin.parts import Part
from twin.tables import OCCUPATIONS

Array = np.ndarray[Any, Any]
BEFORE = -1  # a moment that counts for nothing any more
UNKNOWN, DRIVING, BEYOND = -1, -2, -3  # where a car is that stands at no node; UNKNOWN: nobody has seen one yet


@compiled
def settle(node, comes, free, first_out, out_links, head, weight, reach, distance, touched, keys, heap, found):
    """Cars leave (`comes` False) and arrive at nodes, one after the other; `found` is the node where each one stands.

    node   : int32 (n,), in order of time
    free   : int64 (nodes,): free places, below 0 where cars stand without one; changed in place
    weight : int64 (links,), mm, `BLOCKED` where nobody may drive; reach : mm driven on at most from a full node
    found  : int32 (n,), written: -1 where no place is free within reach and the car is left at its goal
    distance : int64 (nodes,), all `FAR` between calls; touched, keys, heap : scratch, int32 (nodes,), int64 and int32
        (links + 1,)
    """
    for i in range(len(node)):
        at = node[i]
        found[i] = at
        if not comes[i]:
            free[at] += 1
            continue
        if free[at] <= 0:
            found[i] = nearest(at, free, first_out, out_links, head, weight, reach, distance, touched, keys, heap)
        free[at if found[i] < 0 else found[i]] -= 1


@compiled
def nearest(source, free, first_out, out_links, head, weight, reach, distance, touched, keys, heap):
    """The node with a free place that is the fewest mm from `source` (of equals the lowest), -1 beyond `reach`."""
    distance[source], touched[0], count = 0, source, 1
    size = push(keys, heap, 0, 0, source)
    found = -1
    while size > 0:
        key, node = keys[0], heap[0]
        size = pop(keys, heap, size)
        if key > distance[node]:
            continue
        if free[node] > 0:
            found = node
            break
        for i in range(first_out[node], first_out[node + 1]):
            link = out_links[i]
            other, reached = head[link], key + weight[link]
            if reached > reach or reached >= distance[other]:
                continue
            if distance[other] == FAR:
                touched[count] = other
                count += 1
            distance[other] = reached
            size = push(keys, heap, size, reached, other)
    for i in range(count):
        distance[touched[i]] = FAR
    return found


class Parking(Part):
    """Where cars stand. A row per person, for the car that he or she drives; a car that nobody drives stays at home.

    free    : int64 (nodes,): free places, below 0 where cars stand without one
    at      : int32 (persons,): node where the car stands, or one of `UNKNOWN`, `DRIVING`, `BEYOND`
    seeking : bool (persons,): drives on from a full node to the place at `at`
    since   : int64 (persons,): ms since when he looks for a place; `BEFORE` where that was before the sums began
    end     : int32 (persons,): node where the way under way ends
    """

    unsaved = (
        "network",
        "way",
        "ledger",
        "state",
        "routes",
        "inside",
        "metres",
        "reach",
        "too_far",
        "capacity",
        "zone",
        "walk_node",
        "zones",
        "goal_zone",
        "residents",
        "parks",
        "idle",
        "scratch",
    )

    def __init__(
        self, area: Any, way: SlowMode, ledger: Ledger, state: State, routes: Routes, reach: float, too_far: float
    ) -> None:
        """way : how people walk; reach : km driven on at most; too_far : km walked at most to a car."""
        self.network = network = routes.network
        self.way, self.inside = way, len(area.buildings)
        self.ledger, self.state, self.routes = ledger, state, routes
        people, n, nodes = area.people, len(area.people), network.nodes
        self.metres = np.maximum(np.rint(1000.0 * network.length), 1).astype(np.int64)
        self.reach, self.too_far = round(1e6 * reach), 1000.0 * too_far
        self.capacity = np.bincount(area.parking.node, area.parking.capacity, nodes).astype(np.int64)
        self.walk_node, self.zone = _walked(way.network), _zones(area, self.capacity)
        self.goal_zone, self.zones = area.location_zone(), area.zones
        self.residents = np.bincount(self.goal_zone[people.home[people.resident]], minlength=len(area.zones))
        self.parks = ~np.isin(people.occupation, [OCCUPATIONS.index("goods"), OCCUPATIONS.index("through")])
        most = network.links + 1
        heap = (np.empty(most, np.int64), np.empty(most, np.int32))
        self.scratch = (np.full(nodes, FAR, np.int64), np.empty(nodes, np.int32), *heap)
        node = area.location_node("car")
        own = drivers(area) & people.resident
        self.at = np.where(own, node[people.home], UNKNOWN).astype(np.int32)
        self.idle = _idle(area, own, nodes)
        self.free = self.capacity - self.idle - np.bincount(self.at[own], minlength=nodes)
        self.allowed = int(np.maximum(-self.free, 0).sum())  # cars that may stand without a place
        self.seeking, self.since = np.zeros(n, bool), np.zeros(n, np.int64)
        self.end = np.zeros(n, np.int32)
        self.leaving = Moments("person", "node")  # cars that drive off at a known time
        self.forget()

    def forget(self) -> None:
        """Start the sums again: arrivals that look for a place, and those that find none at their goal, by zone ..."""
        zones = len(self.zones)
        self.came, self.full = np.zeros(zones, np.int64), np.zeros(zones, np.int64)
        self.without, self.fetched, self.search_ms = 0, 0, 0
        self.fullest, self.fullest_of_zone = 0.0, np.zeros(zones)
        self.since[self.seeking] = BEFORE

    # -- before a trip -------------------------------------------------------------------------------------------------

    def fetch(self, person: Array, origin: Array, node: Array) -> tuple[Array, Array]:
        """From where each drives off, and the walk to there, m: from where the car stands; `node` where none does.

        Whose car is too far away, since he was carried otherwise in between, takes it from where he is and is counted.
        """
        at = self.at[person]
        self.fetched += int(((at == BEYOND) & (origin < self.inside)).sum())
        away = np.flatnonzero((at >= 0) & (at != node))
        start, metres = node.copy(), np.zeros(len(person))
        if len(away):
            walk = self.walk(at[away], origin[away])
            near = walk <= self.too_far
            self.fetched += int((~near).sum())
            start[away[near]], metres[away[near]] = at[away[near]], walk[near]
        return start, metres

    def walk(self, node: Array, location: Array) -> Array:
        """Metres on foot between nodes and locations; straight where no walkway leads; float64 (n,)."""
        a, b = self.walk_node[node], self.way.node[location]
        found = self.way.router.times(a, b) / 1000.0
        net = self.way.network
        return np.where(found < 0.0, np.hypot(net.x[a] - net.x[b], net.y[a] - net.y[b]), found)

    def leave(self, person: Array, time: Array, end: Array) -> None:
        """They drive off at `time`, ms, on ways that end at the nodes `end`."""
        self.leaving.add(time=time, person=person, node=self.at[person])
        self.end[person] = end

    # -- after a trip --------------------------------------------------------------------------------------------------

    def arrive(self, person: Array, time: Array, stop: int) -> tuple[Array, Array]:
        """Of cars that came to the end of their way at `time`, before `stop`, ms: who stands now, and since when.

        The others drive on at `stop`.
        """
        gone = self.leaving.take(stop)
        if not len(person) and not len(gone["person"]):
            return person, time
        self.at[gone["person"]] = DRIVING
        back = self.seeking[person]
        if back.any():
            self._end_search(person[back], time[back])
        out, door = self.ledger.goal[person] >= self.inside, ~self.parks[person]
        self.at[person[door]], self.at[person[out]] = UNKNOWN, BEYOND
        looks = np.flatnonzero(~(back | out | door))
        who = person[looks]
        end, placed = self.end[who], self._settle(gone, who, time[looks])
        self.at[who] = end
        zone = self.goal_zone[self.ledger.goal[who]]
        self.came += np.bincount(zone, minlength=len(self.came))
        full = placed != end
        if not full.any():
            return person, time
        self.full += np.bincount(zone[full], minlength=len(self.full))
        on = np.flatnonzero((placed >= 0) & full)
        sent = looks[on[self._drive_on(who[on], time[looks[on]], placed[on], stop)]]
        self.without += int(full.sum()) - len(sent)
        self.allowed += int(full.sum()) - len(sent)
        return np.delete(person, sent), np.delete(time, sent)

    def _settle(self, gone: dict[str, Array], person: Array, time: Array) -> Array:
        """Places left by those who are gone and taken by those who come; the nodes of the latter's, -1 of none."""
        frees = gone["node"] >= 0
        key = np.concatenate([gone["person"][frees], person])
        node = np.concatenate([gone["node"][frees], self.end[person]]).astype(np.int32)
        comes = np.arange(len(key)) >= len(key) - len(person)
        # at one moment who leaves goes first; then by key
        order = np.lexsort((key, comes, np.concatenate([gone["time"][frees], time])))
        found, net, routes = np.empty(len(key), np.int32), self.network, self.routes
        barred = routes.closed | (routes.extra_ms > 0)
        weight = np.where(barred, BLOCKED, self.metres) if barred.any() else self.metres
        graph = (net.first_out, net.out_links, net.head, weight)
        settle(node[order], comes[order], self.free, *graph, self.reach, *self.scratch, found)
        placed = np.empty_like(found)
        placed[order] = found
        return placed[len(key) - len(person) :]

    def _drive_on(self, person: Array, time: Array, place: Array, stop: int) -> Array:
        """Send them to the places kept for them at the nodes `place`; bool (n,): whom a way leads there.

        Where none does, since a turn is banned, the place is given back.
        """
        end, state, n = self.end[person], self.state, len(person)
        ptr, links, known = self.routes.paths(end, place)
        np.add.at(self.free, place[~known], 1)
        np.add.at(self.free, end[~known], -1)
        trip = np.repeat(np.arange(n), np.diff(ptr))
        metres, free_s = (np.bincount(trip, of[links], n)[known] for of in (state.length, state.length / state.speed))
        pointer = np.concatenate([[0], np.cumsum(np.diff(ptr)[known])])
        person, time, place = person[known], time[known], place[known]
        state.add(person, np.full(len(person), stop / 1000.0), pointer, links[known[trip]])
        walk = self.walk(place, self.ledger.goal[person])
        self.at[person], self.seeking[person], self.since[person] = place, True, time
        self.ledger.go_on(person, metres, free_s + (stop - time) / 1000.0, walk, self.way.speed)
        return known

    def _end_search(self, person: Array, time: Array) -> None:
        """They found the place that was kept for them at `time`, ms, and walk back."""
        self.seeking[person] = False
        took = time + self.ledger.last_ms[person] - self.since[person]
        self.search_ms += int(took[self.since[person] > BEFORE].sum())

    # -- what can be told ----------------------------------------------------------------------------------------------

    def measure(self) -> tuple[Array, Array]:
        """Take note of how full each zone is now; the zones with places, and the cars that stand or are awaited there."""
        here, size = self.zone >= 0, len(self.zones)
        cars, places = (
            np.bincount(self.zone[here], of[here], size) for of in (self.capacity - self.free, self.capacity)
        )
        some = np.flatnonzero(places)
        self.fullest = max(self.fullest, float(cars.sum() / max(places.sum(), 1.0)))
        self.fullest_of_zone[some] = np.maximum(self.fullest_of_zone[some], cars[some] / places[some])
        return some, cars[some]

    def indicators(self) -> Iterator[Indicator]:
        """The numbers of the run."""
        came, full = int(self.came.sum()), int(self.full.sum())
        found, minutes = full - self.without, self.search_ms / 60_000.0
        yield Indicator("parking_full", 100.0 * full / max(came, 1), "%", n=came, better="lower")
        yield Indicator("parking_search", minutes / max(found, 1), "min", n=found, better="lower")
        yield Indicator("parked_without_place", float(self.without), "veh", n=came, better="lower", summed=True)
        yield Indicator("cars_out_of_reach", float(self.fetched), "veh", better="lower", summed=True)
        yield Indicator("parking_fullest", 100.0 * self.fullest, "%", better="lower")
        for zone in np.flatnonzero(self.came).tolist():
            code, residents, n = str(self.zones.code[zone]), int(self.residents[zone]), int(self.came[zone])
            for name, share, of in (
                ("parking_full", self.full[zone] / n, n),
                ("parking_fullest", self.fullest_of_zone[zone], 0),
            ):
                yield Indicator(
                    name, 100.0 * float(share), "%", "neighbourhood", code, n=of, better="lower", residents=residents
                )

    def balances(self, in_traffic: int) -> Iterator[Balance]:
        """Every car stands on a place or drives, and stands without one only where that was counted.

        in_traffic : cars of persons on the streets, or about to enter them
        """
        stand = int((self.at >= 0).sum() + self.idle.sum())
        taken = int((self.capacity - self.free).sum())
        drive = int((self.at == DRIVING).sum() + self.seeking.sum()) + len(self.leaving)
        over = int(np.maximum(-self.free, 0).sum())
        for law, left, right in (
            ("cars that stand or are awaited = places taken", stand, taken),
            ("cars driven off that do not stand yet = cars in traffic", drive, in_traffic),
            ("cars above the places, beyond those counted = 0", max(over - self.allowed, 0), 0),
        ):
            yield Balance(law, float(left), float(right), "veh")


def _walked(network: Network) -> Array:
    """The node of the walkways at, or nearest to, every node; int32 (nodes,)."""
    own = np.arange(network.nodes, dtype=np.int32)
    used = np.unique(np.concatenate([network.tail, network.head]))
    lacking = np.setdiff1d(own, used)
    if len(used) and len(lacking):
        from scipy.spatial import cKDTree

        xy = np.stack([network.x, network.y], 1)  # type: ignore[list-item]
        own[lacking] = used[cKDTree(xy[used]).query(xy[lacking])[1]]
    return own


def _zones(area: Any, capacity: Array) -> Array:
    """The neighbourhood of the building nearest to each node with places, -1 of other nodes; int32 (nodes,)."""
    from scipy.spatial import cKDTree

    out = np.full(len(area.nodes), -1, np.int32)
    places, buildings, nodes = np.flatnonzero(capacity), area.buildings, area.nodes
    if len(places) and len(buildings):
        tree = cKDTree(np.stack([buildings.x, buildings.y], 1))
        out[places] = buildings.zone[tree.query(np.stack([nodes.x[places], nodes.y[places]], 1))[1]]
    return out


def _idle(area: Any, own: Array, nodes: int) -> Array:
    """Cars of households that nobody drives, at home; int64 (nodes,)."""
    homes, household = area.households, area.people.household
    if not len(homes):
        return np.zeros(nodes, np.int64)
    driven = np.bincount(household[own & (household >= 0)], minlength=len(homes))
    at = area.buildings.node_car[homes.building]
    return np.bincount(at, np.maximum(homes.cars - driven, 0), nodes).astype(np.int64)
