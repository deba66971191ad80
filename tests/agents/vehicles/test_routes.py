"""Drivers who look again on the way: who changes, when, to what; and that nothing else depends on it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from agents.vehicles import kernels as k
from agents.vehicles.config import VehiclesConfig
from agents.vehicles.domain import CAR, Vehicles
from agents.vehicles.routes import Routes
from agents.vehicles.state import State
from tests.agents.vehicles.test_domain import Citizens, Grid, Log, a_town
from twin.area import Area
from twin.clock import hour, minute
from twin.network import Network
from twin.world import World

# home 0 - 1 - 2, then north over 3 - 4 or south over 5 to 6, all both ways
NODES = [(0, 0), (2000, 0), (4000, 0), (4500, 300), (5000, 300), (4700, -900), (5400, 0), (5500, 0)]
STREETS = [(0, 1, 2000), (1, 2, 2000), (2, 3, 583), (3, 4, 500), (4, 6, 500), (2, 5, 1140), (5, 6, 1140), (6, 7, 100)]
ENDS = [(a, b) for a, b, _ in STREETS] + [(b, a) for a, b, _ in STREETS]
LENGTHS = [metres for *_, metres in STREETS] * 2
NORTH, SOUTH, BACK = (ENDS.index(ends) for ends in ((3, 4), (5, 6), (3, 2)))


def corridors(bans=(), ends=ENDS, length=LENGTHS, capacity=0.5, persons=2000):
    """A long street to a fork, a quick way and a slower one, and a street to the goal; or other streets."""
    base, _ = a_town(persons)
    tables = {name: vars(base.tables[name]) for name in ("zones", "people")}
    n, m = len(NODES), len(ends)
    x, y = np.array(NODES, float).T
    tail, head = np.array(ends).T
    every = np.arange(n)
    tables["people"] = {**tables["people"], "home": np.zeros(persons, int)}
    tables["nodes"] = {"x": x, "y": y, "kind": ["plain"] * n}
    tables["links"] = {
        "tail": tail,
        "head": head,
        "length": np.array(length, float),
        "speed": np.full(m, 13.9),
        "lanes": np.ones(m, int),
        "capacity": np.broadcast_to(np.array(capacity, float), m),
        **{mode: np.ones(m, bool) for mode in ("car", "bicycle", "walk")},
        "road_class": ["residential"] * m,
        "geometry": [b""] * m,
    }
    tables["buildings"] = {
        "zone": np.zeros(n, int),
        "x": x,
        "y": y,
        **{f"node_{mode}": every for mode in ("car", "bicycle", "walk")},
        "use": ["house"] * n,
        "storeys": np.ones(n, int),
        **{name: np.full(n, 50.0) for name in ("height", "footprint_m2", "floor_m2")},
        "dwellings": np.ones(n, int),
        "geometry": [b""] * n,
    }
    tables["connections"] = {"kind": ["building"], "target": [0], "grid_node": [0], "feeder": [0]}
    if bans:
        tables["turns"] = {
            "from_link": [a for a, _ in bans],
            "via": [-1] * len(bans),
            "to_link": [b for _, b in bans],
        }
    return Area("corridors", "EPSG:28992", tables)


def incident(share, area=None, window=minute, until=2 * hour, **config):
    """A car every 4 s from 0:00; at 0:12 the northern way loses most of its capacity. The world and cars by link."""
    area = area or corridors()
    citizens = Citizens([(4000 * i, i, CAR, 0, 7) for i in range(300)])
    vehicles = Vehicles(VehiclesConfig(informed=share, **config))
    world = World(area, [citizens, vehicles, Grid()], recorder=Log(), window=window)
    world.post("vehicles.narrow_link", at=12 * minute, subject=NORTH, value=0.1)
    over, before = np.zeros(len(ENDS)), {}
    while world.stop < until:
        world.run(world.stop + minute)
        over += 60.0 * vehicles.flow
        if world.stop == 15 * minute:
            before = {"north": over[NORTH], "south": over[SOUTH]}
    assert all(balance.holds for balance in world.balances())
    values = {i.indicator: i.value for i in vehicles.indicators() if i.level == "area"}
    return world, over, values | before


def test_who_is_not_informed_keeps_his_way_and_who_is_goes_round_the_incident():
    totals, changed = [], []
    for share in (0.0, 0.5, 1.0):
        _, over, values = incident(share)
        assert over[NORTH] + over[SOUTH] == pytest.approx(300)
        assert values["car_trips"] == 300
        assert values["south"] == 0, "before the incident everybody takes the quick way"
        totals.append(values["car_travel_time"])
        changed.append(values["changed_way"])
    assert changed[0] == 0 < changed[1] < changed[2]
    assert totals[2] < totals[1] < totals[0]
    assert totals[2] < 0.85 * totals[0]


def test_in_the_queue_before_the_fork_only_the_informed_change():
    area, seen = corridors(), {}
    for share in (0.0, 1.0):
        citizens = Citizens([(4000 * i, i, CAR, 0, 7) for i in range(180)])  # all on their way by 0:12
        vehicles = Vehicles(VehiclesConfig(informed=share))
        world = World(area, [citizens, vehicles, Grid()], recorder=Log())
        world.post("vehicles.narrow_link", at=12 * minute, subject=NORTH, value=0.1)
        world.run(12 * minute)
        passed = vehicles.ledger.ended[0]
        world.run(3 * hour)
        assert vehicles.ledger.ended[0] == 180 > passed
        seen[share] = vehicles.ledger.metres, vehicles.ledger.changed_mind, vehicles.ledger.metres_done[0]
    assert seen[0.0][1] == 0
    longer = (1140 + 1140) - (583 + 500 + 500)
    assert seen[1.0][0] - seen[0.0][0] == pytest.approx(seen[1.0][1] * longer), "each change is to the way round"
    assert seen[1.0][2] - seen[0.0][2] == pytest.approx(seen[1.0][1] * longer), "the trips' own distance follows"


@pytest.mark.parametrize("banned", [False, True])
def test_nobody_turns_where_it_is_banned(banned):
    """Whoever is on the northern way past the fork could only turn round, at its first corner."""
    area = corridors([(ENDS.index((2, 3)), BACK), (ENDS.index((3, 4)), ENDS.index((4, 3)))] if banned else ())
    _, over, _ = incident(1.0, area)
    assert (over[BACK] > 0) is not banned


def test_a_larger_share_only_adds_drivers():
    who = [
        set(np.flatnonzero(incident(share, until=minute)[0].domains["vehicles"].routes.informed).tolist())
        for share in (0.2, 0.5, 1.0)
    ]
    assert who[0] < who[1] < who[2] == set(range(2000))


def test_the_window_changes_nothing():
    streams = [incident(0.6, window=each, until=hour)[0].recorder.digests() for each in (minute, 20_000)]
    assert streams[0] == streams[1]


def test_the_new_way_is_dijkstras_and_nobody_changes_for_less_than_the_threshold():
    rng = np.random.default_rng(7)
    side, block = 6, 200.0
    node = np.arange(side * side).reshape(side, side)
    tail = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    head = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    tail, head = np.concatenate([tail, head]), np.concatenate([head, tail])
    m = len(tail)
    net = Network(side * side, tail, head, np.full(m, block))
    config, n = VehiclesConfig(informed=0.7, switch_gain=0.2, switch_least=15.0), 600
    luck = rng.random(n)
    everywhere = SimpleNamespace(restricted=np.zeros(m, bool))
    routes = Routes(net, np.arange(m, dtype=np.int32), everywhere, config, luck)
    state = State.of(net.length, np.full(m, 10.0), np.ones(m), np.full(m, 0.4))
    ends = np.stack([rng.integers(0, side**2, n), rng.integers(0, side**2, n)])
    ends = ends[:, ends[0] != ends[1]]
    person = np.arange(ends.shape[1])
    routes.measure(state.links.free)
    routes.turn_to(0)
    ptr, links, known = routes.paths(*ends, person, 0)
    assert known.all()
    state.add(person, np.sort(rng.random(len(person)) * 300.0), ptr, links)
    state.change(np.flatnonzero(rng.random(m) < 0.3), capacity=0.03)  # jams that nobody foresaw
    changed = 0
    for period in range(1, 6):
        state.run(60.0 * period)
        routes.measure(state.travel_times())
        routes.turn_to(period * 5 * minute)
        old = ways(state)
        found = routes.look_again(state)
        new, ms = ways(state), routes.routed_ms
        for key, (at, path, driving) in new.items():
            before = int(ms[old[key][1]].sum())
            oracle, _ = net.path(ms, int(head[at]), int(head[path[-1]] if len(path) else head[at]))
            gains = before - oracle > max(0.2 * before, 15_000)
            if driving and luck[key] < 0.7 and gains:
                assert ms[path].sum() == oracle
                assert key in found.key
            else:
                assert path.tolist() == old[key][1].tolist()
                assert key not in found.key
        changed += len(found.key)
        length = {key: 200.0 * (len(new[key][1]) - len(old[key][1])) for key in new}
        assert found.metres.tolist() == [length[key] for key in found.key.tolist()]
    assert changed > 20


def ways(state):
    """Of each vehicle by key: its link, the links after it, and whether it drives."""
    cars = state.cars[: state.counts[k.FRESH]]
    return {
        int(car.key): (
            int(state.route[car.cursor]),
            state.route[car.cursor + 1 : car.end].copy(),
            car.state == k.DRIVING,
        )
        for car in cars
        if car.state != k.FREE
    }
