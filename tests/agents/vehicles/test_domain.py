"""The Vehicles domain in a small world: a square of streets, stub citizens and a stub grid."""

from __future__ import annotations

import numpy as np
import pytest

from agents.vehicles.config import VehiclesConfig
from agents.vehicles.consumption import kwh
from agents.vehicles.domain import BICYCLE, CAR, WALK, Vehicles
from agents.vehicles.wheel import bucket_of
from twin.area import Area
from twin.attributes import Column
from twin.clock import hour, minute
from twin.coupling import Event, on
from twin.dijkstra import BLOCKED
from twin.domain import Domain
from twin.recording import Recorder
from twin.world import World

SIZE = 5
BLOCK = 300.0


def a_town(people=400):
    """A grid of two-way streets with a building at each node, a gateway at the last, a signal in the middle."""
    node = np.arange(SIZE * SIZE).reshape(SIZE, SIZE)
    tail = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    head = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    tail, head = np.concatenate([tail, head]), np.concatenate([head, tail])
    x, y = np.meshgrid(np.arange(SIZE) * BLOCK, np.arange(SIZE) * BLOCK)
    n, m = SIZE * SIZE, len(tail)
    island = np.array([n])  # a node that no link reaches
    middle = n // 2
    approaches = np.flatnonzero(head == middle)
    every = np.arange(n + 1)
    return Area(
        "square",
        "EPSG:28992",
        {
            "zones": {
                "code": ["N1"],
                "name": ["all"],
                "level": ["neighbourhood"],
                "x": [0.0],
                "y": [0.0],
                "area_m2": [1.0],
                "population": [people],
                "dwellings": [1],
                "geometry": [b""],
            },
            "nodes": {
                "x": np.append(x.ravel(), 9e3),
                "y": np.append(y.ravel(), 9e3),
                "kind": ["signal" if i == middle else "plain" for i in every],
            },
            "links": {
                "tail": tail,
                "head": head,
                "length": np.full(m, BLOCK),
                "speed": np.full(m, 13.9),
                "lanes": np.ones(m, int),
                "capacity": np.full(m, 0.5),
                "car": np.ones(m, bool),
                "bicycle": np.ones(m, bool),
                "walk": np.ones(m, bool),
                "road_class": ["residential"] * m,
                "geometry": [b""] * m,
            },
            "buildings": {
                "zone": np.zeros(n + 1, int),
                "x": np.append(x.ravel(), 9e3),
                "y": np.append(y.ravel(), 9e3),
                "node_car": every,
                "node_bicycle": every,
                "node_walk": every,
                "use": ["house"] * (n + 1),
                "storeys": np.ones(n + 1, int),
                "height": np.full(n + 1, 3.0),
                "footprint_m2": np.full(n + 1, 50.0),
                "floor_m2": np.full(n + 1, 50.0),
                "dwellings": np.ones(n + 1, int),
                "geometry": [b""] * (n + 1),
            },
            "gateways": {
                "node": [n - 1],
                "name": ["east"],
                "road_class": ["primary"],
                "commuters_in": [0],
                "commuters_out": [0],
                "through": [0],
                "distance": [7500.0],
            },
            "people": {
                "home": np.arange(people) % n,
                "main": np.full(people, -1),
                "age": np.full(people, 40),
                "occupation": np.zeros(people, int),
                "licence": np.ones(people, bool),
                "has_car": np.ones(people, bool),
                "has_bicycle": np.ones(people, bool),
                "health": np.zeros(people, int),
                "resident": np.ones(people, bool),
            },
            "signals": {"node": [middle], "cycle": [60.0]},
            "signal_groups": {
                "signal": np.zeros(4, int),
                "link": approaches,
                "green_from": [0.0, 0.0, 30.0, 30.0],
                "green_to": [25.0, 25.0, 55.0, 55.0],
            },
            "connections": {"kind": ["building", "signal"], "target": [0, 0], "grid_node": [0, 0], "feeder": [0, 1]},
        },
    ), int(island[0])


class Citizens(Domain):
    """Sends the trips it was given: rows of (time ms, person, mode, origin, goal)."""

    name, every = "citizens", minute
    drive, ride, walk = (Event(by="advance", recorded=False) for _ in range(3))

    def __init__(self, trips):
        super().__init__()
        self.trips = np.array(sorted(trips), np.int64).reshape(-1, 5)
        self.heard = {"arrived": [], "unrouted": [], "parked": []}

    def advance(self, start, stop):
        for mode, event in ((CAR, self.drive), (BICYCLE, self.ride), (WALK, self.walk)):
            rows = self.trips[(self.trips[:, 0] >= start) & (self.trips[:, 0] < stop) & (self.trips[:, 2] == mode)]
            event.many(rows[:, 1], rows[:, 4], rows[:, 3].astype(float), at=rows[:, 0], ordinal=np.arange(len(rows)))

    def hear(self, name, batch):
        columns = (batch.subject, batch.object, batch.value, batch.time)
        self.heard[name] += zip(*(column.tolist() for column in columns), strict=True)

    @on("vehicles.arrived", phase="advance", when="next")
    def arrived(self, batch):
        self.hear("arrived", batch)

    @on("vehicles.unrouted", phase="advance", when="next")
    def unrouted(self, batch):
        self.hear("unrouted", batch)

    @on("vehicles.parked", phase="advance", when="next")
    def parked(self, batch):
        self.hear("parked", batch)


class Grid(Domain):
    """Feeders that a command switches."""

    name, every = "grid", minute
    publishes = {"energised": Column("bool", default=True)}
    feeder_dark, feeder_live = Event(by="due"), Event(by="due")
    switch = Event(by="outside")

    def setup(self, world, area):
        self.live = np.ones(len(area.connections), bool)
        self.publish("energised", self.live)

    @on(switch, phase="due")
    def turn(self, record):
        self.live[self.area.connections.feeder == record.subject] = record.value > 0
        (self.feeder_live if record.value > 0 else self.feeder_dark)(record.subject)
        self.publish("energised", self.live)


class Log(Recorder):
    def __init__(self):
        super().__init__()
        self.events = []

    def event(self, item):
        self.events.append(item)
        super().event(item)


def simulate(trips, until=2 * hour, commands=(), cut=(), people=400, signals="fixed", **config):
    area, _ = a_town(people)
    citizens, vehicles = Citizens(trips), Vehicles(VehiclesConfig(signals=signals, **config))
    world = World(area, [citizens, vehicles, Grid()], recorder=Log(), cut=cut)
    for kind, at, subject, value in commands:
        world.post(kind, at=at, subject=subject, value=value)
    world.run(until)
    for balance in world.balances():
        assert balance.holds, balance
    return world, citizens, vehicles


def rush(count=400, seconds=900, mode=CAR):
    """Everybody crosses the square within a quarter of an hour."""
    n = SIZE * SIZE
    ends = [(i % n, (i * 7 + 12) % n) for i in range(count)]
    return [(1000 * seconds * i // count, i, mode, a, b) for i, (a, b) in enumerate(ends) if a != b]


def test_a_single_car_takes_free_flow_time():
    _, citizens, vehicles = simulate([(90_500, 3, CAR, 0, 4)])
    ((person, goal, seconds, time),) = citizens.heard["arrived"]
    assert (person, goal) == (3, 4)
    assert seconds == pytest.approx(4 * BLOCK / 13.9, abs=0.002)
    assert time == pytest.approx(90_500 + 1000 * seconds, abs=1)
    values = {i.indicator: i.value for i in vehicles.indicators() if i.level == "area"}
    assert values["vehicle_km"] == pytest.approx(4 * BLOCK / 1000)
    assert values["vehicle_delay"] == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize(("mode", "speed"), [(BICYCLE, 15.0), (WALK, 4.8)])
def test_cyclists_and_walkers_arrive_at_the_exact_moment(mode, speed):
    _, citizens, _ = simulate([(61_001, 7, mode, 0, 24), (0, 8, mode, 3, 3)])
    arrived = {row[0]: row for row in citizens.heard["arrived"]}
    assert arrived[7][3] == 61_001 + round(8 * BLOCK / (speed / 3.6) * 1000)
    assert arrived[8][3] == 10_000


def test_the_road_beyond_a_gateway_takes_its_time():
    gate = SIZE * SIZE + 1  # after the buildings
    _, citizens, _ = simulate([(0, 1, CAR, gate, 0), (0, 2, CAR, 0, gate)])
    inside, beyond = 8 * BLOCK / 13.9, 7500 / (60 / 3.6)
    for row in citizens.heard["arrived"]:
        assert row[2] == pytest.approx(inside + beyond, abs=60)  # signals on the way
        assert row[2] >= inside + beyond - 0.01


@pytest.mark.parametrize("mode", [CAR, BICYCLE, WALK])
def test_where_no_way_leads_is_said(mode):
    _, citizens, vehicles = simulate([(5, 1, mode, 0, SIZE * SIZE)])
    assert citizens.heard["unrouted"] == [(1, SIZE * SIZE, float(mode), 5)]
    assert not citizens.heard["arrived"]
    assert next(i.value for i in vehicles.indicators() if i.indicator == "trips_unrouted") == 1


def test_everybody_arrives_and_queues_cost_time():
    _, citizens, vehicles = simulate(rush())
    assert len(citizens.heard["arrived"]) == len(rush())
    assert next(i.value for i in vehicles.indicators() if i.indicator == "vehicle_delay") > 0.1


def test_more_electric_cars_only_add_some():
    driven = {}
    for share in (0.2, 0.6, 1.0):
        _, citizens, _ = simulate(rush(), electric_share=share)
        driven[share] = {(row[0], row[2]) for row in citizens.heard["parked"]}
    assert driven[0.2] < driven[0.6] < driven[1.0]
    assert len(driven[1.0]) == len(rush())


def test_an_electric_car_tells_what_each_trip_used():
    gate = SIZE * SIZE + 1
    trips = [
        (0, 0, CAR, 0, 4),
        (10 * minute, 0, CAR, 4, 0),
        (20 * minute, 0, CAR, 0, gate),
        (40 * minute, 0, CAR, 7, 7),
    ]
    _, citizens, vehicles = simulate(trips, electric_share=1.0)
    car = vehicles.config.electric_car
    s = [row[2] for row in citizens.heard["arrived"]]
    once, again = (kwh(car, 4 * BLOCK, t, 10.0) for t in s[:2])  # at 10 C, where the run has no weather
    far = kwh(car, 8 * BLOCK, s[2] - 450.0, 10.0) + kwh(car, 7500.0, 450.0, 10.0)
    expected = [float(once), float(again), float(far), float(kwh(car, 0.0, 10.0, 10.0))]
    assert [row[2] for row in citizens.heard["parked"]] == pytest.approx(expected)
    value = {i.indicator: i.value for i in vehicles.indicators() if i.level == "area"}
    assert value["electric_energy"] == pytest.approx(sum(expected))
    assert value["electric_kwh_per_km"] == pytest.approx(sum(expected) / ((16 * BLOCK + 7500.0) / 1000.0))


def test_cars_use_more_in_the_cold_and_in_a_jam():
    class Weather(Domain):
        name, every = "weather", hour
        publishes = {"temperature": Column(default=22.0)}

        def setup(self, world, area):
            self.publish("temperature", np.array([-5.0]))

    used = {}
    for name, trips, cut in (("alone", rush(1), ()), ("jam", rush(), ()), ("cut", rush(1), ["weather.cars"])):
        citizens, vehicles = Citizens(trips), Vehicles(VehiclesConfig(electric_share=1.0))
        World(a_town()[0], [Weather(), citizens, vehicles, Grid()], cut=cut).run(hour)
        used[name] = {i.indicator: i.value for i in vehicles.indicators()}["electric_kwh_per_km"]
    assert used["cut"] < 0.7 * used["alone"] < 0.7 * used["jam"]


def middle_trips():
    """Straight through the signal, from west to east, at more than a dark junction can take."""
    return [(2000 * i, i, CAR, 10, 14) for i in range(400)]


def crossing_trips():
    """Straight through the signal from all four sides, at more than an all-way stop lets through and less than the greens."""
    sides = [(10, 14), (14, 10), (2, 22), (22, 2)]
    return [(6000 * (i // 4), i, CAR, *sides[i % 4]) for i in range(400)]


def quiet_trips():
    """The same one by one, at all moments of the cycle."""
    return [(15_700 * i, i, *trip) for _, i, *trip in crossing_trips()]


def test_a_dark_signal_slows_its_junction_and_says_why():
    commands = [("grid.switch", 3 * minute, 1, 0.0), ("grid.switch", 40 * minute, 1, 1.0)]
    world, _, vehicles = simulate(crossing_trips(), commands=commands)
    events = {e.kind: e for e in reversed(world.recorder.events) if not hasattr(e.time, "shape")}
    assert events["vehicles.signal_dark"].because == ("grid.feeder_dark:1:0",)
    assert events["vehicles.signal_dark"].time == 4 * minute  # the signal is read as of the last edge
    assert events["vehicles.junction_slow"].because == ("vehicles.signal_dark:0:0",)
    assert events["vehicles.junction_slow"].value > 1.5
    assert events["vehicles.signal_live"].because == ("grid.feeder_live:1:0",)
    assert "vehicles.junction_clear" in events
    assert not vehicles.junctions.slow.any()


@pytest.mark.parametrize("rule", ["all_way_stop", "priority"])
def test_a_quiet_junction_is_faster_without_its_signal(rule):
    means = []
    for commands in ((), [("grid.switch", 0, 1, 0.0)]):
        _, citizens, vehicles = simulate(quiet_trips(), commands=commands, until=3 * hour, dark_rule=rule)
        assert not vehicles.junctions.slow.any()
        means.append(np.mean([row[2] for row in citizens.heard["arrived"]]))
    free = 4 * BLOCK / 13.9
    assert means[0] - free > 9.0
    # of one class and without names all sides have priority alike: nobody loses time; at a stop each does
    assert means[1] - free == pytest.approx(6.9 if rule == "all_way_stop" else 0.0, abs=0.1)


def test_a_cut_coupling_leaves_traffic_bitwise_alone():
    commands = [("grid.switch", 5 * minute, 1, 0.0)]
    digests = []
    for given in ((), commands):
        world, *_ = simulate(middle_trips(), commands=given, cut=["power.signals"])
        digests.append({k: v for k, v in world.recorder.digests().items() if "grid" not in k})
    assert digests[0] == digests[1]
    world, *_ = simulate(middle_trips(), commands=commands)
    assert world.recorder.digests()["restricted/trips"] != digests[0]["restricted/trips"]


def test_a_closure_sends_cars_another_way_and_holds_nobody():
    area, _ = a_town()
    row = int(np.flatnonzero((area.links.tail == 12) & (area.links.head == 13))[0])
    commands = [("vehicles.close_link", 5 * minute, row, 0.0), ("vehicles.open_link", 60 * minute, row, 0.0)]
    world, citizens, vehicles = simulate(middle_trips(), commands=commands, until=59 * minute)
    values = {i.indicator: i.value for i in vehicles.indicators() if i.level == "area"}
    assert values["rerouted"] > 0
    assert values["held_up_by_closure"] == 0
    assert world.signals.value("vehicles.travel_ms")[row] == BLOCKED
    assert vehicles.state.links.count[vehicles.link_of_row[row]] == 0
    assert len(citizens.heard["arrived"]) == 400
    world.run(61 * minute)
    assert world.signals.value("vehicles.travel_ms")[row] < BLOCKED


def test_where_there_is_no_other_way_one_waits_for_the_opening():
    area, _ = a_town()
    into = [int(r) for r in np.flatnonzero(area.links.head == 4)]  # both ways into a corner
    commands = [
        (f"vehicles.{what}_link", at * minute, row, 0.0) for row in into for what, at in (("close", 1), ("open", 30))
    ]
    _, citizens, vehicles = simulate([(40_000, 1, CAR, 0, 4), (61_000, 2, CAR, 0, 4)], commands=commands)
    assert [row[0] for row in citizens.heard["unrouted"]] == [2]
    ((person, _, _, time),) = citizens.heard["arrived"]
    assert person == 1
    assert 30 * minute < time < 32 * minute
    assert next(i.value for i in vehicles.indicators() if i.indicator == "held_up_by_closure") == 1


def test_the_same_world_gives_the_same_digest():
    first, second = (simulate(rush())[0].recorder for _ in range(2))
    assert first.digests() == second.digests()
    assert first.streams["restricted/trips"].rows == len(rush())


def test_pictures_show_nobody_on_the_first_or_last_link():
    _, _, vehicles = simulate(rush(), until=10 * minute)
    state = vehicles.state
    shown = set(state.positions()[2].tolist())
    for car in state.cars[: state.counts[1]]:
        if car.key in shown:
            assert car.cursor != car.begin
            assert car.cursor + 1 < car.end


def test_a_moment_that_rounding_puts_before_an_edge_stays_in_its_window():
    time = 59.99999995
    assert bucket_of(time) == 600
    assert np.floor(time * 1000.0 + 1e-4) == 60_000
    assert np.floor((60.0 - 2e-7) * 1000.0 + 1e-4) == 59_999


def test_forgetting_starts_the_sums_again():
    _, _, vehicles = simulate(rush())
    vehicles.forget()
    assert all(i.value == 0 for i in vehicles.indicators() if i.indicator not in ("trips_routed",))
    assert all(b.holds for b in vehicles.balances())


def test_in_a_sampled_run_a_car_counts_for_those_it_stands_for_once():
    """Kilometres, electricity and exhausts of a lone car that stands for four are four times those of one for itself."""
    found = []
    for each in (1.0, 4.0):
        area, _ = a_town()
        area.facts["represents"] = each
        for share in (0.0, 1.0):
            world = World(area, [Citizens([(0, 1, CAR, 0, 4)]), Vehicles(VehiclesConfig(electric_share=share)), Grid()])
            world.run(hour)
            values = {i.indicator: i.value for i in world.indicators() if i.level == "area"}
            found.append([values[name] for name in ("vehicle_km", "electric_energy", "exhaust_co2")])
    assert found[2] == pytest.approx([4.0 * value for value in found[0]], rel=1e-3)
    assert found[3] == pytest.approx([4.0 * value for value in found[1]], rel=1e-3)
    assert found[0][2] > 0.0 == found[0][1]
    assert found[1][1] > 0.0 == found[1][2]
