"""Calls, ambulances, hospitals, devices and reach, on a small town with stubbed traffic, people and power."""

import numpy as np
import pytest

from agents.care import kernels as law
from agents.care.ambulance import A1, A2, OPEN
from agents.care.config import CareConfig
from agents.care.domain import Care
from twin import draws
from twin.attributes import Column
from twin.clock import day, hour, minute
from twin.coupling import Event, on
from twin.domain import Domain
from twin.world import World


class Citizens(Domain):
    """Everybody stays at home."""

    name = "citizens"
    publishes = {"place": Column("int32", default=0)}

    def setup(self, world, area):
        self.publish("place", area.people.home)


class Vehicles(Domain):
    """Streets as fast as they are told to be."""

    name = "vehicles"
    publishes = {"travel_ms": Column("int64", default=10_000)}
    junction_slow, junction_clear = Event(by="advance"), Event(by="advance")
    factor = 1.0
    slow_signal = None

    def setup(self, world, area):
        self.publish(
            "travel_ms", np.maximum(self.factor * 1000 * area.links.length / area.links.speed, 1).astype(np.int64)
        )

    def advance(self, start, stop):
        if self.slow_signal is not None and start == 0:
            self.junction_slow(self.slow_signal)


class Grid(Domain):
    """All feeders go dark and come back as posted."""

    name = "grid"
    off, back = Event(by="outside"), Event(by="outside")
    feeder_dark, feeder_live = Event(by="due"), Event(by="due")

    @on(off, phase="due")
    def go(self, event):
        for feeder in range(len(self.area.feeders)):
            self.feeder_dark(feeder, because=[event.id])

    @on(back, phase="due")
    def come(self, event):
        for feeder in range(len(self.area.feeders)):
            self.feeder_live(feeder, because=[event.id])


def world_of(area, days=1.0, vehicles=None, outage=None, seed=1, **options):
    # residents and their own units only, unless a test asks for the region or the neighbours
    options = {"residents_per_ambulance": 0.0, "mutual_aid": {"units": 0}, **options}
    world = World(area, [Citizens(), vehicles or Vehicles(), Grid(), Care(CareConfig(**options))], seed=seed)
    events = []
    take = world.recorder.event
    world.recorder.event = lambda item: (events.append(item), take(item))
    if outage:
        world.post("grid.off", at=outage[0])
        world.post("grid.back", at=outage[1])
    world.run(round(days * day))
    return world, world.domains["care"], events


def kinds(events, kind):
    return [e for e in events if e.kind == f"care.{kind}"]


def test_the_rate_of_calls_is_the_stated_one(area):
    """200 keyed days: |mean - expected| <= 3.5 standard errors, with the error below 8 %."""
    care = world_of(area, days=0.01)[1]
    expected = care.need * len(area.people.resident[area.people.resident]) / 1e6 * 20
    counts = [
        len(law.arrivals_of_day(number, care.stream("illness"), 20 * care.rate, care.hourly)[0])
        for number in range(200)
    ]
    error = np.std(counts, ddof=1) / np.sqrt(len(counts))
    assert error / expected < 0.08
    assert abs(np.mean(counts) - expected) < 3.5 * error


def test_illness_kernel_equals_its_python():
    rate, hourly = np.linspace(0, 0.4, 50), np.linspace(1, 3, 24) / 48
    found = []
    for kernel in (law.day_of_illness, law.day_of_illness.py_func):
        person, ms = np.zeros(200, np.int64), np.zeros(200, np.int64)
        found.append((kernel(5, draws.stream(1, "x"), rate, hourly, person, ms), person.tolist(), ms.tolist()))
    assert found[0] == found[1]
    assert found[0][0] > 3


def test_every_call_ends_in_exactly_one_outcome(area):
    world, care, events = world_of(area, days=2, urgent_calls=8000.0, other_calls=4000.0)
    assert len(care.calls) > 60
    assert all(balance.holds for balance in world.balances())
    closed = [e.because[0] for e in kinds(events, "closed")]
    assert len(closed) == len(set(closed))
    assert set(closed) | {c.id for c in care.calls if c.outcome == OPEN} == {c.id for c in care.calls}


def test_units_serve_the_more_urgent_first(area):
    """Whenever a unit goes to an A2 call, no A1 call is waiting."""
    _, care, events = world_of(area, days=1, urgent_calls=3000.0, other_calls=9000.0)
    sent = {e.because[0]: e.time for e in kinds(events, "dispatched")}
    asked = {c.id: c.time + care.ms(care.config.intake) for c in care.calls}
    urgency = {c.id: c.urgency for c in care.calls}
    second = [at for call, at in sent.items() if urgency[call] == A2]
    waiting = [(asked[c.id], sent.get(c.id, day)) for c in care.calls if c.urgency == A1]
    assert len(second) >= 5
    assert max(until - since for since, until in waiting) > 10 * minute, "nobody ever had to wait"
    assert not [at for at in second for since, until in waiting if since < at < until]


def test_response_is_intake_chute_and_the_drive(area):
    _, care, _ = world_of(area, days=2, urgent_calls=800.0)
    quiet = [c for c in care.calls if c.response >= 0][:1]
    assert quiet
    call = quiet[0]
    least = care.ms(care.config.intake) + care.ms(care.config.chute)
    assert least < call.response < least + 12 * minute


def test_slower_streets_make_longer_responses(area):
    responses = []
    for factor in (1.0, 3.0):
        vehicles = Vehicles()
        vehicles.factor = factor
        _, care, _ = world_of(area, days=2, vehicles=vehicles, urgent_calls=800.0)
        responses.append({c.id: c.response for c in care.calls if c.response >= 0 and c.urgency == A1})
    fast, slow = responses
    both = fast.keys() & slow.keys()
    assert both
    assert np.mean([slow[k] for k in both]) > np.mean([fast[k] for k in both])


def test_a_call_of_one_changes_no_one_elses_luck(area):
    """Calls made because oxygen ran out leave every call of the others as it was."""
    _, base, _ = world_of(area, days=1, urgent_calls=2000.0)
    _, other, _ = world_of(area, days=1, urgent_calls=2000.0, outage=(10 * hour, 16 * hour), oxygen=0.02)
    extra = {c.id for c in other.calls} - {c.id for c in base.calls}
    assert extra
    assert {c.id for c in base.calls} <= {c.id for c in other.calls}
    fate = {c.id: c.urgency for c in other.calls}
    assert all(fate[c.id] == c.urgency for c in base.calls)


def test_dark_homes_call_when_the_battery_is_empty_and_say_why(area):
    _, care, events = world_of(area, outage=(17 * hour, 21 * hour), oxygen=0.02)
    empty, calls = kinds(events, "battery_empty"), [e for e in kinds(events, "call") if e.value == 1]
    assert len(empty) > 20
    assert calls
    assert all(e.because[0].startswith("grid.feeder_dark:") for e in empty)
    assert {e.because[0] for e in calls} <= {e.id for e in empty}
    for e in empty:
        low, high = care.config.oxygen_battery if e.object == 0 else care.config.alarm_battery
        assert low <= e.value <= high
        assert e.time == 17 * hour + round(e.value * minute)
    unpowered = sum(max(21 * hour - e.time, 0) for e in empty) / minute
    assert care.devices.unpowered_minutes() == pytest.approx(unpowered)
    assert world_of(area, oxygen=0.02)[1].devices.unpowered_minutes() == 0


def test_reach_is_full_with_free_units_and_none_without(area):
    _, care, _ = world_of(area, days=0.05)
    assert care.probe()[1] == 100.0
    care.fleet.idle.clear()
    assert care.probe()[1] == 0.0
    vehicles = Vehicles()
    vehicles.factor = 60.0
    _, care, _ = world_of(area, days=0.05, vehicles=vehicles, blue_light={"past_queue": 0.0})
    zones, share = care.probe()
    assert 0 < share < 100
    weights = care.reach.residents / care.reach.residents.sum()
    assert (zones * weights).sum() == pytest.approx(share)


def test_a_slow_junction_contributes_to_responses_past_it(area):
    if not len(area.signals):
        pytest.skip("no signal in this town")
    vehicles = Vehicles()
    vehicles.slow_signal = 0
    _, _, events = world_of(area, days=2, vehicles=vehicles, urgent_calls=20_000.0)
    named = [e for e in kinds(events, "response") if "vehicles.junction_slow:0:0" in e.because]
    assert 0 < len(named) < len(kinds(events, "response"))


def test_each_outage_has_its_own_luck(area):
    """A person who did not call when oxygen ran out once may call the next time, whatever calls she made between."""
    world = World(area, [Citizens(), Vehicles(), Grid(), Care(CareConfig(oxygen=0.03, oxygen_battery=(5.0, 10.0)))])
    for k in range(6):
        world.post("grid.off", at=(4 * k + 1) * hour)
        world.post("grid.back", at=(4 * k + 2) * hour)
    world.run(day)
    care = world.domains["care"]
    called = {}
    for call in care.calls:
        if call.cause == 1:
            called[call.person] = called.get(call.person, 0) + 1
    devices = int((care.devices.kind == 0).sum())
    mean = sum(called.values()) / devices
    assert devices > 60
    assert abs(mean - 3.0) < 3.5 * (6 * 0.25 / devices) ** 0.5  # binomial: 6 outages at one half
    assert {1, 2, 3, 4, 5} <= set(called.values())


def test_minutes_without_power_begin_with_the_observation(area):
    options = {"oxygen": 0.02, "oxygen_battery": (5.0, 10.0)}
    world = World(area, [Citizens(), Vehicles(), Grid(), Care(CareConfig(**options))])
    world.post("grid.off", at=hour)
    world.run(6 * hour)
    world.begin_observation()
    world.run(8 * hour)
    devices = world.domains["care"].devices
    assert devices.unpowered_minutes() <= 120 * len(devices.person)
    assert devices.unpowered_minutes() >= 120 * (devices.kind == 0).sum()


def test_the_closest_free_unit_goes_against_dijkstra(area):
    """The first calls of many seeds find every unit at its post: the one sent is the nearest in time."""
    chosen = []
    for seed in range(6):
        _, care, events = world_of(area, seed=seed, urgent_calls=1500.0, days=0.4)
        first = next((e for e in kinds(events, "dispatched")), None)
        if first is None or len({unit.home for unit in care.fleet.units}) < 2:
            continue
        call = next(c for c in care.calls if c.id == first.because[0])
        to_call = care.network.distances_to(care.blue_ms[care.network.rows], care.node_of(call.location))
        ms = [int(to_call[unit.home]) for unit in care.fleet.units]
        assert ms[first.object] == min(ms)
        chosen.append(first.object if len(set(ms)) > 1 else -1)
    assert len(chosen) >= 3
    assert len(set(chosen)) > 1, "one unit served every first call: the choice was not put to the test"
