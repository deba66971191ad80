"""The grid domain: an outage, its customers and events; charging; protection; the energy balance."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from agents.grid.assets import KINDS, find_asset, served
from agents.grid.build import build_grid
from agents.grid.config import GridConfig
from agents.grid.domain import Grid
from agents.grid.kernels import settle_all, switch_cars, watch_overload
from agents.grid.transformer import Transformer, protected
from tests.agents.grid.small_area import chequerboard
from twin.attributes import Column
from twin.clock import hour, minute
from twin.coupling import Event
from twin.domain import Domain
from twin.errors import InputError
from twin.population import differences
from twin.world import World


class Weather(Domain):
    name = "weather"
    publishes: ClassVar = {"irradiance": Column(default=0.0)}

    def setup(self, world, area):
        self.publish("irradiance", np.array([300.0]))


class Citizens(Domain):
    name = "citizens"
    drive = Event("advance", recorded=False)
    trips = ()

    def advance(self, start, stop):
        for at, person in self.trips:
            if start <= at < stop:
                self.drive.many(np.array([person]), at=np.array([at]), ordinal=np.array([0]))


class Vehicles(Domain):
    name = "vehicles"
    parked = Event("advance", recorded=False)
    arrivals = ()

    def advance(self, start, stop):
        for at, person, place, kwh in self.arrivals:
            if start <= at < stop:
                self.parked.many(
                    np.array([person]), np.array([place]), np.array([kwh]), at=np.array([at]), ordinal=np.array([at])
                )


@pytest.fixture(scope="module")
def area():
    made = chequerboard(10)
    n = int(made.buildings.dwellings.sum())
    home = np.repeat(np.arange(len(made.buildings)), made.buildings.dwellings)
    made.put(
        "people",
        {
            "home": home,
            "main": np.full(n, -1),
            "age": np.full(n, 40),
            "occupation": np.zeros(n, int),
            "licence": np.ones(n, bool),
            "has_car": np.ones(n, bool),
            "has_bicycle": np.ones(n, bool),
            "health": np.zeros(n, int),
            "resident": np.ones(n, bool),
        },
    )
    for name, columns in build_grid(made).items():
        made.put(name, columns)
    return made


def world_of(area, cut=(), trips=(), arrivals=(), **config):
    citizens, vehicles, grid = Citizens(), Vehicles(), Grid(GridConfig(**config))
    citizens.trips, vehicles.arrivals = trips, arrivals
    world = World(area, [Weather(), citizens, vehicles, grid], seed=3, cut=cut)
    return world, grid


def values(world):
    return {i.indicator: i.value for i in world.indicators() if i.level == "area"}


def fail(world, kind, row, begin, end):
    cause = world.post("grid.fail_asset", at=begin, subject=row, object=KINDS.index(kind))
    world.post("grid.restore_asset", at=end, subject=row, object=KINDS.index(kind), because=[cause])


def test_outage_of_a_station(area):
    kind, row = find_asset(area, area.transformers.name[np.flatnonzero(area.transformers.kind == "mv_lv")[2]].upper())
    world, grid = world_of(area)
    base, _ = world_of(area)
    fail(world, kind, row, 17 * hour, 19 * hour)
    base.run(24 * hour)
    world.run(17 * hour + minute)
    dark = area.feeders.transformer[area.connections.feeder] == row
    np.testing.assert_array_equal(~world.signals.value("grid.energised"), dark)
    world.run(24 * hour)
    assert world.signals.value("grid.energised").all()
    found, usual = values(world), values(base)
    assert found["outage_customer_hours"] == pytest.approx(2 * served(area, kind, row))
    assert found["energy_not_supplied"] == pytest.approx(usual["energy_used"] - found["energy_used"])
    assert usual["outage_customer_hours"] == 0
    by_zone = [i.value for i in world.indicators() if i.level == "neighbourhood"]
    assert sum(by_zone) == pytest.approx(found["outage_customer_hours"])
    assert all(balance.holds for balance in world.balances() + base.balances())
    assert grid.failures == 0


def test_events_name_what_contributed(area):
    world, _ = world_of(area)
    taken = []
    world.recorder.event = taken.append
    fail(world, *find_asset(area, "largest_substation"), 17 * hour, 18 * hour)
    world.run(19 * hour)
    by_kind = {}
    for event in taken:
        by_kind.setdefault(event.kind.partition(".")[2], []).append(event)
    failed, restored = by_kind["failed"][0], by_kind["restored"][0]
    assert failed.because == (by_kind["fail_asset"][0].id,)
    assert {e.because for e in by_kind["feeder_dark"]} == {(failed.id,)}
    assert {e.time for e in by_kind["feeder_dark"]} == {17 * hour}
    assert {e.because for e in by_kind["feeder_live"]} == {(restored.id,)}
    assert {e.subject for e in by_kind["feeder_dark"]} == {e.subject for e in by_kind["feeder_live"]}


def test_same_run_twice_and_a_base_run_is_untouched_before_the_failure(area):
    digests = []
    for begin in (None, 17, 17):
        world, _ = world_of(area)
        if begin:
            fail(world, "transformer", 2, begin * hour, 18 * hour)
        world.run(17 * hour)
        early = world.recorder.result_digest()
        world.run(19 * hour)
        digests.append((early, world.recorder.result_digest()))
    assert digests[1] == digests[2]
    assert digests[0][0] == digests[1][0]
    assert digests[0][1] != digests[1][1]


def test_two_failures_of_one_asset_overlap(area):
    world, _ = world_of(area)
    fail(world, "transformer", 3, 10 * hour, 12 * hour)
    fail(world, "transformer", 3, 11 * hour, 13 * hour)
    world.run(14 * hour)
    assert values(world)["outage_customer_hours"] == pytest.approx(3 * served(area, "transformer", 3))


def test_cars_charge_until_full_or_driven(area):
    home = int(area.people.home[5])
    always = {"home_charger": 1.0, "fast_share": 1.0}
    world, _ = world_of(area, arrivals=[(18 * hour + 1234, 5, home, 8.0)], **always)
    world.run(24 * hour)
    assert values(world)["ev_energy"] == pytest.approx(8.0, rel=1e-9)
    world, _grid = world_of(area, arrivals=[(18 * hour, 5, home, 30.0)], trips=[(20 * hour, 5)], **always)
    world.run(24 * hour)
    assert values(world)["ev_energy"] == pytest.approx(22.0, rel=1e-9)
    assert all(balance.holds for balance in world.balances())
    world, _ = world_of(area, cut=["trips.charging"], arrivals=[(18 * hour, 5, home, 30.0)], **always)
    world.run(24 * hour)
    assert values(world)["ev_energy"] == 0


def test_a_dark_charger_gives_nothing(area):
    home = int(area.people.home[5])
    station = area.feeders.transformer[area.connections.feeder[area.connections.target == home][0]]
    world, _ = world_of(area, arrivals=[(18 * hour, 5, home, 22.0)], home_charger=1.0, fast_share=1.0)
    fail(world, "transformer", int(station), 19 * hour, 20 * hour)
    world.run(20 * hour)
    assert values(world)["ev_energy"] == pytest.approx(11.0, rel=1e-9)
    world.run(24 * hour)
    assert values(world)["ev_energy"] == pytest.approx(22.0, rel=1e-9)


def test_more_chargers_only_add_some(area):
    few, many = (world_of(area, home_charger=share)[1].charging.has_home for share in (0.3, 0.6))
    assert (few <= many).all()
    assert few.sum() < many.sum()


def test_protection_opens_after_lasting_overload_and_closes_again(area):
    world, _grid = world_of(area, load_factor=4.5, pv_share=0.0, overload=1.2, overload_min=60, reclose_min=120)
    opened = []
    world.recorder.event = opened.append
    world.run(24 * hour)
    openings = [e for e in opened if e.kind == "grid.breaker_opened"]
    assert openings
    assert all(e.value > 1.2 for e in openings)
    closings = {e.because[0]: e.time for e in opened if e.kind == "grid.breaker_closed"}
    for e in openings:
        if e.time + 2 * hour < 24 * hour:
            assert closings[e.id] == e.time + 2 * hour
    assert values(world)["transformer_hours_over"] > 0
    assert all(balance.holds for balance in world.balances())


def test_what_cannot_be_solved_is_reported(area):
    world, grid = world_of(area, load_factor=20.0, pv_share=0.0, overload=1e6)
    seen = []
    world.recorder.event = seen.append
    world.run(12 * hour)
    assert values(world)["power_flows_unsolved"] == grid.failures > 0
    assert [e.value for e in seen if e.kind == "grid.unsolved"][-1] == grid.failures


def test_signals_with_a_battery_go_on(area):
    signal = np.flatnonzero(area.connections.kind == "signal")[0]
    station = int(area.feeders.transformer[area.connections.feeder[signal]])
    world, _ = world_of(area, signal_backup=60.0)
    fail(world, "transformer", station, 10 * hour, 13 * hour)
    world.run(10 * hour + 55 * minute)
    assert world.signals.value("grid.energised")[signal]
    world.run(11 * hour + 5 * minute)
    assert not world.signals.value("grid.energised")[signal]
    world.run(14 * hour)
    assert world.signals.value("grid.energised").all()


def test_warm_up_is_forgotten(area):
    world, _ = world_of(area)
    fail(world, "transformer", 3, 10 * hour, 11 * hour)
    world.run(12 * hour)
    world.begin_observation()
    world.run(24 * hour)
    assert values(world)["outage_customer_hours"] == 0
    assert all(balance.holds for balance in world.balances())


def test_names_of_assets(area):
    name = str(area.feeders.name[1])
    assert find_asset(area, name) == ("feeder", 1)
    assert find_asset(area, "cable 4") == ("cable", 4)
    _kind, row = find_asset(area, "largest_substation")
    assert area.transformers.kind[row] == "hv_mv"
    with pytest.raises(InputError, match="Onderstation Proefwijk"):
        find_asset(area, "Onderstation Proefwik")


def test_an_area_without_grid_runs():
    world, _ = world_of(chequerboard(2, houses=2))
    world.run(hour)
    assert world.indicators() == []


def random_columns(n, seed):
    rng = np.random.default_rng(seed)
    return {"loading": rng.uniform(0, 2, n), "over_ms": rng.integers(0, 7, n) * 600_000, "closed": rng.random(n) < 0.8}


def test_mesa_step_equals_the_kernel():
    one, other = (protected(None, "transformer", 50, Transformer, 1.2, 3_600_000) for _ in range(2))
    for step in range(5):
        for population in (one, other):
            for name, column in random_columns(50, step).items():
                population.array(name)[:] = column
            population.array("passed")[:] = 900_000
        one.step()
        other.begin_step()
        other.agents._each(Transformer.step.one)
        other.end_step()
        assert differences(one, other) == []
        assert one.opens.any()


def test_kernels_equal_their_readable_reference():
    rng = np.random.default_rng(4)
    n, m = 40, 9
    events = (
        np.sort(rng.integers(0, 7_200_000, 120)),
        rng.integers(0, n, 120),
        rng.integers(-1, m, 120),
        rng.uniform(0, 30, 120),
        np.full(120, 11e3),
    )
    results = []
    for switch, settle in ((switch_cars, settle_all), (switch_cars.py_func, settle_all.py_func)):
        state = [np.full(n, -1), np.zeros(n), np.zeros(n), np.zeros(n, np.int64)]
        row, live, energy = np.arange(m) // 2, np.arange(5) != 2, np.zeros(5)
        count = switch(*events, *state, row, live, energy)
        settle(9_000_000, *state, row, live, energy)
        results.append((count, energy, *state))
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)
    for kernel in (watch_overload, watch_overload.py_func):
        over, closed, opens = np.zeros(1, np.int64), np.ones(1, bool), np.zeros(1, bool)
        for expected in (False, False, True, False):
            kernel(np.array([1.3]), over, closed, opens, np.array([1.2]), np.array([45]), np.array([15]))
            assert opens[0] == expected


def test_what_was_used_on_trips_without_a_charger_is_charged_at_the_next_one(area):
    home, elsewhere = int(area.people.home[5]), int(area.people.home[200])
    world, _ = world_of(
        area,
        arrivals=[(12 * hour, 5, elsewhere, 3.0), (18 * hour, 5, home, 5.0)],
        home_charger=1.0,
        work_charger=0.0,
        public_charger=0.0,
    )
    world.run(24 * hour)
    assert values(world)["ev_energy"] == pytest.approx(8.0, rel=1e-9)


def test_charging_of_a_sample_is_spread_over_its_district(area):
    always = {"home_charger": 1.0, "work_charger": 1.0, "public_charger": 1.0}
    home = int(area.people.home[5])
    whole, _ = world_of(area, arrivals=[(18 * hour, 5, home, 30.0)], **always)
    area.facts["represents"] = 10.0
    try:
        sampled, grid = world_of(area, arrivals=[(18 * hour, 5, home, 30.0)], **always)
    finally:
        del area.facts["represents"]
    for world in (whole, sampled):
        world.run(24 * hour)
    charging = grid.charging
    assert charging.sampled
    assert charging.total_kwh == pytest.approx(10.0 * whole.domains["grid"].charging.total_kwh, rel=1e-9)
    for district in np.unique(charging.district):
        assert charging.share[charging.district == district].sum() == pytest.approx(1.0)
    charging.energy[:] = 0.0
    charging.energy[charging.share.argmin()] = 50.0
    spread = charging.take(24 * hour)
    assert spread.sum() == pytest.approx(50.0)
    assert spread.max() < 10.0
    dark = np.flatnonzero(spread)[::2]  # what is dark takes none of it
    assert len(dark) > 1
    grid.live[dark] = False
    charging.energy[np.flatnonzero((spread > 0.0) & grid.live)[0]] = 50.0
    again = charging.take(24 * hour)
    assert again.sum() == pytest.approx(50.0)
    assert again[~grid.live].sum() == 0.0
