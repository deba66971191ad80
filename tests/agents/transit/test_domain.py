"""Public transport beside the traffic of the streets, in a small town whose citizens do as they are told."""

from __future__ import annotations

import numpy as np
import pytest

from agents.transit import kernels as k
from agents.transit.config import TransitConfig
from agents.transit.domain import Transit
from agents.vehicles.config import VehiclesConfig
from agents.vehicles.domain import CAR, Vehicles
from tests.agents.transit.lines import NODES, served
from tests.agents.vehicles.test_domain import Citizens as Drivers
from tests.agents.vehicles.test_domain import Grid, Log, a_town
from tests.twin.luck_worlds import Tried, result
from twin.clock import Calendar, day, hour, minute
from twin.coupling import Event, on
from twin.world import World

FREE = 1200.0 / 13.9  # s from one corner of the square to the next
A, B, C, D = NODES  # buildings at the stops


class Citizens(Drivers):
    """Also asks for public transport: rows of (time ms, person, origin, goal)."""

    board = Event(by="advance", recorded=False)

    def __init__(self, rides, trips=()):
        super().__init__(trips)
        self.rides = np.array(sorted(rides), np.int64).reshape(-1, 4)
        self.came, self.unserved = [], []

    def advance(self, start, stop):
        super().advance(start, stop)
        rows = self.rides[(self.rides[:, 0] >= start) & (self.rides[:, 0] < stop)]
        numbers = np.arange(len(rows)) + start // minute
        self.board.many(rows[:, 1], rows[:, 3], rows[:, 2].astype(float), at=rows[:, 0], ordinal=numbers)

    @on("transit.arrived", phase="advance", when="next")
    def come(self, batch):
        rows = (batch.subject, batch.object, batch.value, batch.time)
        self.came += zip(*(column.tolist() for column in rows), strict=True)

    @on("transit.unserved", phase="advance", when="next")
    def stay(self, batch):
        self.unserved += zip(batch.subject.tolist(), batch.time.tolist(), strict=True)


def made(area, rides, trips=(), cut=(), window=minute, **config):
    citizens = Citizens(rides, trips)
    domains = [citizens, Vehicles(VehiclesConfig(electric_share=0.0)), Transit(TransitConfig(**config)), Grid()]
    return World(area, domains, recorder=Log(), cut=cut, window=window, calendar=Calendar("2025-03-11")), citizens


def simulate(area, rides, until=2 * hour, **options):
    world, citizens = made(area, rides, **options)
    world.run(until)
    for balance in world.balances():
        assert balance.holds, balance
    values = {i.indicator: i.value for i in world.domains["transit"].indicators()}
    return world, citizens, values


def line(*leave_s, stay=20, hop=120):
    """Runs from a by b to c."""
    return [[(0, t, t), (1, t + hop, t + hop + stay), (2, t + 2 * hop + stay, t + 2 * hop + stay)] for t in leave_s]


def jam(count=250, at_s=900):
    """Cars that set off at once along the first street of the line, people from 10 on."""
    return [(1000 * at_s, 10 + i, CAR, A, B) for i in range(count)]


def test_a_ride_on_a_free_street_keeps_to_the_timetable():
    _, citizens, values = simulate(served(line(1000)), [(900_000, 3, A, C)])
    ((person, goal, seconds, time),) = citizens.came
    assert (person, goal) == (3, C)
    # it is at b early and waits; from there it drives on
    assert time == pytest.approx(1_140_000 + 1000 * FREE, abs=2)
    assert seconds == pytest.approx(240 + FREE, abs=0.002)
    assert values["transit_delay_mean"] == 0
    assert values["transit_wait_mean"] == pytest.approx(100 / 60)
    assert values["transit_load_peak"] == pytest.approx(100 / 75)


def test_by_the_timetable_alone_it_arrives_on_the_second():
    for options in ({"traffic": False}, {"cut": ["transit.traffic"]}, {"cut": ["traffic.transit"]}):
        _, citizens, _ = simulate(served(line(1000)), [(900_000, 3, A, C)], **options)
        assert citizens.came == [(3, C, 360.0, 1_260_000)]


def test_a_bus_in_a_queue_arrives_late_leaves_late_and_its_passengers_miss_the_next():
    runs = [*line(1000), *[[(1, t, t), (3, t + 60, t + 60)] for t in (1300, 3000)]]
    area = served(runs, people=400)
    rides = [(900_000, 3, A, C), (1_130_000, 5, B, C), (900_000, 7, A, D)]
    _, citizens, values = simulate(area, rides, trips=jam())
    came = {row[0]: row[3] / 1000 for row in citizens.came}
    assert values["missed_connections"] == 1
    assert values["transit_delay_mean"] > 60
    # 250 cars leave the first street at half a car a second
    assert came[3] > 1000 + 120 + 200
    assert came[5] == came[3]
    assert 3000 < came[7] < 3200
    _, free, values = simulate(area, rides)
    assert values["missed_connections"] == 0
    assert {row[0]: row[3] / 1000 < 1500 for row in free.came}[7]


def test_buses_take_their_place_in_the_queue():
    trips = jam(100, at_s=1000)
    area = served(line(*[999] * 20), people=200)
    alone = simulate(area, [], trips=trips, cut=["transit.traffic"])[1].heard["arrived"]
    behind = simulate(area, [], trips=trips)[1].heard["arrived"]
    assert len(alone) == len(behind) == 100
    assert sum(row[2] for row in behind) > sum(row[2] for row in alone) + 100


def test_who_finds_no_room_takes_the_next():
    rides = [(900_000 + 1000 * i, 3 + i, A, C) for i in range(3)]
    _, citizens, values = simulate(served(line(1000, 1600), places=2), rides)
    assert values["left_behind"] == 1
    assert values["transit_load_peak"] == 100
    came = {row[0]: row[3] for row in citizens.came}
    assert came[3] == came[4] < came[5]
    assert came[5] == pytest.approx(1_740_000 + 1000 * FREE, abs=2)


def test_where_the_timetable_has_no_way_is_said():
    far = len(a_town(1)[0].buildings) - 1
    rides = [(5_000_000, 4, A, far), (900_500, 5, A, far)]
    _, citizens, values = simulate(served(line(1000)), rides)
    assert sorted(citizens.unserved) == [(4, 5_000_000), (5, 900_500)]
    assert values["transit_unserved"] == 2
    assert not citizens.came


def test_who_is_faster_on_foot_walks():
    late = line(1000, hop=1500)
    _, citizens, values = simulate(served(late), [(900_000, 4, A, B)])
    assert citizens.came == [(4, B, 1170.0, 2_070_000)]  # 1200 m x 1.3 at 4.8 km/h
    assert values["transit_walked"] == 1
    assert values["transit_wait_mean"] == 0


def test_a_night_bus_runs_after_midnight_of_its_day_only():
    night = [[(0, 86_280, 86_280), (1, 86_520, 86_520), (2, 86_700, 86_700)]]
    area = served(night, days=[1 << 1])  # Tuesdays
    _, citizens, _ = simulate(area, [(86_200_000, 3, A, C)], until=day + hour)
    ((_, _, _, time),) = citizens.came
    assert day + 100_000 < time <= day + 300_000
    world, citizens, _ = simulate(area, [(day + 60_000, 3, B, C), (2 * day + 60_000, 4, B, C)], until=2 * day + hour)
    (first, _, _, by_bus), (second, _, _, on_foot) = citizens.came
    assert (first, second) == (3, 4)
    assert by_bus <= day + 300_000
    assert on_foot == 2 * day + 60_000 + 1_170_000
    assert world.domains["transit"].state.began == 1


@pytest.mark.parametrize("window", [minute // 2, minute // 4])
def test_the_worlds_window_does_not_matter(window):
    area = served([*line(1000, 1300, 1600), [(1, 1300, 1300), (3, 1360, 1360)]], people=400, places=2)
    rides = [(900_000 + 700 * i, i, A, (C, D)[i % 2]) for i in range(9)]
    results = []
    for each in (minute, window):
        world, citizens, values = simulate(area, rides, trips=jam(), window=each)
        digests = {k: v for k, v in world.recorder.digests().items() if k == "restricted/trips"}
        results.append((citizens.came, citizens.unserved, values, world.domains["transit"].state.sums.tolist()))
    assert results[0] == results[1]
    assert digests
    assert results[0][2]["left_behind"] > 0


TIMES = [
    17 * minute,
    25 * minute,
]  # some were left behind in the minute before; buses stand in the queue, passengers wait


def test_a_run_that_is_resumed_ends_as_if_nothing_had_happened(tmp_path):
    area = served([*line(1000, 1300, 1600), [(1, 1300, 1300), (3, 1360, 1360)]], people=400, places=2)
    rides = [(900_000 + 700 * i, i, A, (C, D)[i % 2]) for i in range(9)]
    run = Tried(tmp_path / "run", lambda: made(area, rides, trips=jam())[0])
    whole = run.run(2 * hour, keep=TIMES)
    assert run.kept() == TIMES
    assert whole.domains["transit"].state.sums[k.LEFT_BEHIND] > 0
    for at in TIMES:
        again = run.run(2 * hour, resume=at)
        assert result(again) == result(whole)
        assert again.domains["citizens"].came == whole.domains["citizens"].came


def test_a_closed_street_sends_buses_round_it():
    area = served(line(1000, 1600), people=400)
    row = int(np.flatnonzero((area.links.tail == 2) & (area.links.head == 3))[0])
    world, citizens = made(area, [(900_000, 3, A, C), (1_500_000, 4, A, C)])
    # the first bus has just set out, the second sets out while the street is closed
    world.post("vehicles.close_link", at=1_020_000, subject=row)
    world.run(hour)
    assert world.domains["vehicles"].ledger.rerouted == 1
    assert [row[0] for row in citizens.came] == [3, 4]
    late = world.domains["transit"].state.sums[k.LATE_MS]
    assert late > 0, "two blocks more take longer than the timetable has"
    assert all(balance.holds for balance in world.balances())


def test_a_bus_that_nothing_lets_through_is_given_up_when_its_number_is_needed():
    """Its run is needed again: it ends on the road, and its passengers look for another way."""
    area = served(line(80_000), people=400)
    world, citizens = made(area, [(79_900_000, 3, A, C)])
    into = [int(row) for row in np.flatnonzero(np.isin(area.links.head, [B, C]))]
    for row in into:
        world.post("vehicles.close_link", at=79_000_000, subject=row)
        world.post("vehicles.open_link", at=3 * day + minute, subject=row)
    world.run(4 * day)
    assert all(balance.holds for balance in world.balances())
    state = world.domains["transit"].state
    assert (state.began, state.withdrawn) == (4, 2), "those of the first two days, two midnights later"
    assert [row[0] for row in citizens.came] == [3]


def test_cut_from_the_traffic_public_transport_never_notices_a_jam():
    area = served(line(1000, 1300), people=400)
    rides = [(900_000, 3, A, C)]
    found = [
        simulate(area, rides, trips=trips, cut=["traffic.transit"])[0].recorder.digests()["series/line"]
        for trips in ([], jam())
    ]
    assert found[0] == found[1]
    coupled = simulate(area, rides, trips=jam())[0].recorder.digests()["series/line"]
    assert coupled != found[0]


def test_an_area_without_a_timetable_knows_nothing_of_it():
    world, _, values = simulate(a_town(40)[0], [])
    assert values == {}
    assert not [name for name in world.recorder.digests() if "line" in name or "transit" in name]


def test_in_a_sample_buses_take_what_the_streets_take():
    area = served(line(1200), people=400)
    area.facts["represents"] = 2.0
    links = area.links
    links.capacity[(links.tail == 2) & (links.head == 3)] = 0.1  # a queue forms on the way, where buses see it
    rides = [(900_000, 3, A, C)]
    ((_, _, _, time),) = simulate(area, rides)[1].came
    assert time == pytest.approx(1_340_000 + 1000 * FREE, abs=20_000), "at b it waits for the timetable"
    ((_, _, _, late),) = simulate(area, rides, trips=jam(60))[1].came
    assert late > time + 60_000
    ((_, _, _, cut),) = simulate(area, rides, trips=jam(60), cut=["traffic.transit"])[1].came
    assert cut == 1_460_000
