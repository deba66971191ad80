"""Parking: exact times on a hand-made square, laws that must always hold, and the kernel against its own Python."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.vehicles import parking
from agents.vehicles.access import NOBODY
from agents.vehicles.config import VehiclesConfig
from agents.vehicles.domain import CAR, Vehicles
from agents.vehicles.parking import BEYOND, DRIVING, UNKNOWN
from scenarios.assembly import build_area
from scenarios.configuration import compose
from scenarios.simulate import Simulation
from tests.agents.vehicles.test_domain import BLOCK, SIZE, Citizens, Grid, Log, a_town
from twin.clock import hour, minute
from twin.dijkstra import BLOCKED, FAR
from twin.network import Network
from twin.recording import Run
from twin.tables import OCCUPATIONS
from twin.world import World

DRIVE, WALK = BLOCK / 13.9, BLOCK / (4.8 / 3.6)  # s for the 300 m between two nodes
TOWN = ["area.citizens=1000"]
GATE = SIZE * SIZE + 1


def a_square(places, people, occupations=()):
    """The square of `test_domain` with places by node; person i lives at node i."""
    area, _ = a_town(people)
    node = np.array(sorted(places))
    table = {"node": node, "x": area.nodes.x[node], "y": area.nodes.y[node], "kind": ["street"] * len(node)}
    area.put("parking", {**table, "capacity": [places[n] for n in node.tolist()]})
    for person, name in occupations:
        area.people.occupation[person] = OCCUPATIONS.index(name)
    return area


def simulate(area, trips, until=2 * hour, commands=(), backwards=False, **config):
    citizens, vehicles = Citizens(trips), Vehicles(VehiclesConfig(**config))
    if backwards:
        citizens.trips = citizens.trips[::-1]
    world = World(area, [citizens, vehicles, Grid()], recorder=Log())
    for kind, at, subject, value in commands:
        world.post(kind, at=at, subject=subject, value=value)
    for edge in range(0, until, 10 * minute):
        world.run(edge + 10 * minute)
        for balance in world.balances():
            assert balance.holds, balance
    arrived = {}
    for person, _, _, time in citizens.heard["arrived"]:
        arrived.setdefault(person, []).append(time / 1000.0)
    values = {i.indicator: i.value for i in vehicles.indicators() if i.level == "area"}
    return world, vehicles, arrived, values


THREE = [(0, person, CAR, person, 4) for person in range(3)]  # 2 comes first, then 1, then 0
HOMES = {0: 1, 1: 1, 2: 1}


def test_the_third_car_drives_on_and_its_driver_walks_both_ways():
    trips = [*THREE, (10 * minute, 0, CAR, 4, 0)]
    _, vehicles, arrived, values = simulate(a_square({**HOMES, 4: 2, 3: 1}, 3), trips)
    assert arrived[2] == [pytest.approx(2 * DRIVE, abs=0.002)]
    assert arrived[1] == [pytest.approx(3 * DRIVE, abs=0.002)]
    # full at 86.3 s; from the end of that minute on to node 3, and back on foot; later to the car first
    there, back = 120.0 + DRIVE + WALK, 600.0 + WALK + 3 * DRIVE
    assert arrived[0] == [pytest.approx(there, abs=0.002), pytest.approx(back, abs=0.002)]
    assert vehicles.parking.at.tolist() == [0, 4, 4]
    assert values["parking_full"] == pytest.approx(25.0)
    assert values["parking_search"] == pytest.approx((there - 4 * DRIVE) / 60.0, abs=1e-4)
    assert values["parked_without_place"] == 0
    assert values["vehicle_km"] == pytest.approx((2 + 3 + 4 + 1 + 3) * BLOCK / 1000.0)
    assert values["vehicle_delay"] == pytest.approx(0.0, abs=1e-5), "to look for a place is no delay on the road"
    assert values["electric_energy"] >= 0


def test_a_place_that_somebody_leaves_is_taken():
    trips = [*THREE[1:], (2 * minute, 2, CAR, 4, 2), (2 * minute, 0, CAR, 0, 4)]
    _, vehicles, arrived, values = simulate(a_square({**HOMES, 4: 2}, 3), trips)
    assert arrived[0] == [pytest.approx(120.0 + 4 * DRIVE, abs=0.002)]
    assert vehicles.parking.at.tolist() == [4, 4, 2]
    assert values["parking_full"] == 0


def test_with_nothing_within_reach_the_car_is_left_at_the_goal_and_counted():
    _, vehicles, arrived, values = simulate(a_square({**HOMES, 4: 2, 3: 1}, 3), THREE, parking_reach=0.2)
    assert arrived[0] == [pytest.approx(4 * DRIVE, abs=0.002)]
    assert values["parked_without_place"] == 1
    assert vehicles.parking.free[4] == -1
    assert vehicles.parking.free[3] == 1


def test_cars_beyond_a_gateway_take_no_place_and_goods_stop_at_the_door():
    area = a_square({**HOMES, 4: 1}, 3, [(1, "goods")])
    area.people.home[1], area.people.resident[1] = GATE, False
    trips = [(0, 0, CAR, 0, GATE), (0, 1, CAR, GATE, 4), (0, 2, CAR, 2, 4)]
    _, vehicles, _, values = simulate(area, trips)
    assert vehicles.parking.at.tolist() == [BEYOND, UNKNOWN, 4]
    assert vehicles.parking.free[[0, 1, 2, 4]].tolist() == [1, 1, 1, 0]
    assert values["parking_full"] == values["parked_without_place"] == 0


def test_where_cars_may_not_go_they_stand_at_the_edge_and_are_fetched_there():
    area = a_square({**HOMES, 3: 1, 4: 1}, 3)
    links = area.links
    zone = [int(r) for r in np.flatnonzero((links.tail == 4) | (links.head == 4))]
    commands = [("vehicles.restrict_link", 0, row, float(NOBODY)) for row in zone]
    trips = [(minute, 0, CAR, 0, 4), (20 * minute, 0, CAR, 4, 0)]
    _, vehicles, arrived, _ = simulate(area, trips, until=10 * minute, commands=commands)
    assert vehicles.parking.at[0] == 3
    assert arrived[0] == [pytest.approx(60.0 + 3 * DRIVE + WALK, abs=0.003)]
    _, vehicles, arrived, _ = simulate(area, trips, until=hour, commands=commands)
    assert arrived[0][1] == pytest.approx(1200.0 + WALK + 3 * DRIVE, abs=0.003)
    assert vehicles.parking.at[0] == 0


def row(area, tail, head):
    return int(np.flatnonzero((area.links.tail == tail) & (area.links.head == head))[0])


def test_nobody_looks_for_a_place_through_a_street_that_he_may_not_enter():
    area = a_square({**HOMES, 4: 2, 3: 1, 9: 1}, 3)
    for command, place in (([], 3), ([("vehicles.restrict_link", 0, row(area, 4, 3), float(NOBODY))], 9)):
        assert simulate(area, THREE, commands=command)[1].parking.at.tolist() == [place, 4, 4]


def test_a_place_to_which_no_way_leads_is_given_back():
    """All that leads away from node 4 is the street to 3, from which no turn is left; the search knows no turns."""
    area = a_square({**HOMES, 4: 2}, 3)
    area.put("turns", {"from_link": [row(area, 4, 3)], "via": [-1], "to_link": [row(area, 3, 2)]})
    shut = [("vehicles.close_link", 0, row(area, *ends), 0.0) for ends in ((4, 9), (3, 8))]
    _, vehicles, arrived, values = simulate(area, THREE, commands=shut)
    assert vehicles.parking.at.tolist() == [4, 4, 4]
    assert vehicles.parking.free[[0, 1, 2, 4]].tolist() == [1, 1, 1, -1]
    assert values["parked_without_place"] == 1
    assert arrived[0] == [pytest.approx(4 * DRIVE, abs=0.002)]


def test_a_car_left_beyond_a_gateway_is_out_of_reach_inside_only():
    for origin, counted in ((3, 1), (GATE, 0)):
        trips = [(0, 0, CAR, 0, GATE), (30 * minute, 0, CAR, origin, 4)]
        assert simulate(a_square({**HOMES, 4: 1}, 3), trips)[3]["cars_out_of_reach"] == counted


def test_a_search_begun_in_the_warm_up_is_not_counted():
    area = a_square({**HOMES, 4: 2, 3: 1}, 3)
    vehicles = Vehicles(VehiclesConfig())
    world = World(area, [Citizens(THREE), vehicles, Grid()], recorder=Log())
    world.run(2 * minute)  # full at 86.3 s
    assert vehicles.parking.seeking.tolist() == [True, False, False]
    vehicles.forget()
    world.run(hour)
    assert not vehicles.parking.seeking.any()
    values = {i.indicator: i.value for i in vehicles.indicators() if i.level == "area"}
    assert values["parking_full"] == values["parking_search"] == 0.0


def test_a_car_out_of_reach_is_taken_from_where_its_driver_is():
    trips = [(0, 0, CAR, 24, 4)]  # his car stands at home, 2.4 km away
    _, vehicles, arrived, values = simulate(a_square({**HOMES, 4: 2}, 3), trips)
    assert arrived[0][0] < 10 * minute
    assert values["cars_out_of_reach"] == 1
    assert vehicles.parking.at[0] == 4
    assert vehicles.parking.free[0] == 1


def test_an_area_without_the_table_and_a_sample_run_without_parking():
    area, _ = a_town(3)
    assert simulate(area, THREE)[1].parking is None
    area = a_square({4: 2}, 3)
    area.facts["represents"] = 10.0
    _, vehicles, _, values = simulate(area, THREE)
    assert vehicles.parking is None
    assert "parking_full" not in values


def crowd(n=120):
    """To a few nodes within minutes, and home again."""
    there = [(20_000 + 2_000 * i, i, CAR, i % 25, (12, 13, 7)[i % 3]) for i in range(n) if i % 25 not in (12, 13, 7)]
    return there + [(40 * minute + 1_000 * p, p, CAR, goal, home) for _, p, _, home, goal in there]


def test_the_order_in_which_trips_are_told_changes_nothing():
    area = a_square({**dict.fromkeys(range(25), 7), 12: 15, 13: 10, 7: 10}, 120)
    found = [simulate(area, crowd(), backwards=backwards) for backwards in (False, True)]
    assert found[0][3]["parking_full"] > 10
    assert found[0][0].recorder.digests() == found[1][0].recorder.digests()
    assert (found[0][1].parking.at == found[1][1].parking.at).all()
    assert not (found[0][1].parking.at == DRIVING).any()


@st.composite
def streets(draw):
    """A random network with places, and cars that leave and come in an order in which none leaves that is not there."""
    nodes = draw(st.integers(2, 9))
    ends = st.integers(0, nodes - 1)
    links = draw(st.lists(st.tuples(ends, ends, st.integers(1, 400), st.booleans()), min_size=1, max_size=30))
    free = draw(st.lists(st.integers(-1, 3), min_size=nodes, max_size=nodes))
    events = draw(st.lists(st.tuples(ends, st.booleans()), max_size=40))
    return nodes, links, np.array(free), events


@settings(max_examples=60, deadline=None)
@given(streets(), st.integers(0, 900))
def test_a_car_stands_at_the_nearest_free_node(given_streets, reach):
    nodes, links, free, events = given_streets
    tail, head, metres, barred = (np.array(column) for column in zip(*links, strict=True))
    network = Network(nodes, tail, head, metres)
    weight = np.where(barred, BLOCKED, metres).astype(np.int64)
    node = np.array([n for n, _ in events], np.int32)
    comes = np.array([c for _, c in events], bool)
    results = []
    for kernel in (parking.settle, parking.settle.py_func):
        left, found, distance = free.copy(), np.empty(len(node), np.int32), np.full(nodes, FAR, np.int64)
        heap = (np.empty(len(links) + 1, np.int64), np.empty(len(links) + 1, np.int32))
        graph = (network.first_out, network.out_links, network.head)
        kernel(node, comes, left, *graph, weight, reach, distance, np.empty(nodes, np.int32), *heap, found)
        assert (distance == FAR).all()
        results.append((left.tolist(), found.tolist()))
    assert results[0] == results[1]
    now = free.copy()
    for at, come, where in zip(node.tolist(), comes.tolist(), found.tolist(), strict=True):
        if not come:
            now[at] += 1
            continue
        far = network.distances(weight, at)
        near = [(int(far[n]), n) for n in range(nodes) if 0 <= far[n] <= reach and now[n] > 0]
        expected = at if now[at] > 0 else min(near)[1] if near else -1
        assert where == expected
        now[at if where < 0 else where] -= 1
    assert now.tolist() == left.tolist()


def test_a_run_that_goes_on_while_somebody_looks_for_a_place_is_the_same(tmp_path):
    area, looking = build_area(compose(TOWN)), {}
    area.put("parking", {**vars(area.parking), "capacity": area.parking.capacity // 8})  # hardly any place
    whole = Simulation(compose(TOWN), area, place=tmp_path / "whole")
    states = whole.world.domains["vehicles"].parking
    whole.run(lambda ms: looking.update({ms: int(states.seeking.sum())}))
    at = max(looking, key=lambda ms: (looking[ms], -ms))
    assert looking[at] > 0

    def stop(ms):
        if ms == at:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        Simulation(compose(TOWN), area, place=tmp_path / "cut").run(stop)
    again = Simulation.resume(tmp_path / "cut", area)
    assert again.world.stop == at
    assert again.world.domains["vehicles"].parking.seeking.sum() == looking[at]
    again.run()
    assert again.manifest["digests"] == whole.manifest["digests"]
    assert Run(tmp_path / "cut").indicators == Run(tmp_path / "whole").indicators
