"""Calls from beyond the gateways: as many as stated, all accounted for, and nobody else's luck changed by them."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.care.ambulance import A1, A2, ADMITTED, DISCHARGED, OPEN, TAKEN_OUTSIDE, TREATED
from tests.agents.care.test_domain import kinds, world_of
from tests.small_run import small_area
from twin.area import Area
from twin.clock import day, hour, minute


def region_of(town, **options):
    return world_of(town, **{"residents_per_ambulance": 28_000.0, **options})


def changed(town, **tables):
    """The town with some tables changed."""
    made = {name: dict(vars(table)) for name, table in town.tables.items()}
    for name, columns in tables.items():
        made[name] = {**made[name], **columns}
    return Area(town.name, town.crs, made, town.sources, town.facts)


def test_their_rate_hours_and_gateways_are_the_stated_ones(area):
    """300 days: mean, share of the night and share of each gateway within 3.5 standard errors."""
    care = region_of(area, days=0.01)[1]
    residents = 2 * 28_000 - int(area.people.resident.sum())
    assert care.region.residents == residents
    expected = residents / 1e6 * (care.config.urgent_calls + care.config.other_calls)
    days = [care.region.calls_of_day(number) for number in range(300)]
    total = sum(len(caller) for caller, _, _ in days)
    assert abs(total - 300 * expected) < 3.5 * (300 * expected) ** 0.5
    caller, gate, ms = (np.concatenate(column) for column in zip(*days, strict=True))
    night, share = (ms < 6 * hour).mean(), care.hourly[:6].sum()
    assert abs(night - share) < 3.5 * (share * (1 - share) / total) ** 0.5
    assert ms.min() >= 0
    assert ms.max() < day
    found = np.bincount(gate - len(area.buildings), minlength=len(area.gateways)) / total
    assert (np.abs(found - care.region.share) < 3.5 * (0.25 / total) ** 0.5).all()
    assert len(set(caller.tolist())) == total
    assert caller.max() < 0


def test_without_the_region_nobody_calls_from_outside(area):
    _, care, events = world_of(area, days=2)
    assert not [c for c in care.calls if c.outside]
    assert not [e for e in kinds(events, "call") if e.subject < 0]
    assert not [i for i in care.indicators() if i.group == "from outside the area"]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(1, 1000),
    residents=st.sampled_from([5_000.0, 28_000.0, 400_000.0]),
    transport=st.sampled_from([0.0, 0.8, 1.0]),
    hospital=st.booleans(),
)
def test_every_call_and_every_unit_is_accounted_for(area, seed, residents, transport, hospital):
    place = area
    if not hospital:
        place = changed(area, places={"kind": np.where(area.places.kind == "hospital", "gp", area.places.kind)})
    world, care, events = world_of(
        place, seed=seed, residents_per_ambulance=residents, transport=transport, urgent_calls=300.0
    )
    assert [b.law for b in world.balances() if not b.holds] == []
    closed = [e.because[0] for e in kinds(events, "closed")]
    assert len(closed) == len(set(closed))
    assert set(closed) | {c.id for c in care.calls if c.outcome == OPEN} == {c.id for c in care.calls}
    outside = [c for c in care.calls if c.outside]
    assert len(outside) == len(care.region.calls_of_day(0)[0])
    assert {c.urgency for c in outside} <= {A1, A2}
    allowed = {OPEN, TREATED, *((ADMITTED, DISCHARGED) if hospital else (TAKEN_OUTSIDE,))}
    assert {c.outcome for c in outside} <= allowed - ({TREATED} if transport == 1.0 else set())


def test_a_unit_is_back_at_its_gateway_after_the_stated_time(area):
    """One call, all of its times constant: response and time until the unit is free by hand."""
    options = {"beyond": 11.0, "transport": 0.0, "on_scene": 1e-9, "shortest_on_scene": 7.0}
    _, care, events = region_of(area, other_calls=0.0, urgent_calls=12.0, seed=3, **options)
    call = next(c for c in care.calls if c.outside and c.response >= 0)
    unit = next(e.object for e in kinds(events, "dispatched") if e.because[0] == call.id)
    gate = care.node_of(call.location)
    assert gate in area.gateways.node
    ms = int(care.network.distances_to(care.blue_ms[care.network.rows], gate)[care.fleet.units[unit].home])
    least = care.ms(care.config.intake) + care.ms(care.config.chute) + 11 * minute
    assert call.response == least + ms
    closed = next(e for e in kinds(events, "closed") if e.because[0] == call.id)
    assert closed.time == call.time + call.response + 7 * minute


def test_while_beyond_it_is_busy_at_the_gateway_and_free_when_back(area):
    world, care, _ = region_of(area, days=0.01, beyond=30.0, transport=0.0)
    seen = set()
    while world.stop < day:
        world.run(world.stop + minute)
        for unit in care.fleet.units:
            if unit.call is not None and unit.call.outside and unit.call.response >= 0:
                assert unit.key not in care.fleet.idle
                assert unit.position() == care.node_of(unit.call.location)
                seen.add(unit.call.id)
    assert seen


def test_residents_keep_their_luck(area):
    """The same residents fall ill at the same moments, as urgently, and are as ill, with and without the region."""
    runs = [world_of(area, days=2, urgent_calls=3000.0, residents_per_ambulance=n)[1:] for n in (0.0, 28_000.0)]
    (alone, _), (busy, _) = runs
    told = [
        {c.id: (c.person, c.time, c.urgency, c.location, care.on_scene_ms(c)) for c in care.calls if not c.outside}
        for care in (alone, busy)
    ]
    assert len(told[0]) > 15
    assert told[0] == told[1]
    assert len(busy.calls) > len(alone.calls) + 50
    ended = [{c.id: c.outcome for c in care.calls if c.outcome not in (OPEN,)} for care in (alone, busy)]
    assert all(ended[1][id] == ended[0][id] for id in ended[0].keys() & ended[1].keys())


def test_two_scenarios_share_the_calls_from_outside(area):
    _, base, _ = region_of(area)
    _, other, _ = region_of(area, outage=(10 * hour, 16 * hour), oxygen=0.05)
    assert len(other.calls) > len(base.calls)
    calls = [{c.id: (c.time, c.urgency, c.location) for c in care.calls if c.outside} for care in (base, other)]
    assert calls[0]
    assert calls[0] == calls[1]


def test_residents_indicators_are_about_residents(area):
    _, care, _ = region_of(area, urgent_calls=800.0)
    outside = [c for c in care.calls if c.outside]
    found = {(i.indicator, i.group): i for i in care.indicators() if i.level == "area"}
    residents = len(care.calls) - len(outside)
    assert outside
    assert found["calls", "from outside the area"].value == len(outside)
    assert {i.n for key, i in found.items() if key[0] == "calls" and "outside" not in key[1]} == {residents}
    assert found["calls_oxygen", ""].value == 0
    urgent = [c for c in care.calls if c.urgency == A1 and c.response >= 0 and not c.outside]
    assert ("response_mean", "A1") not in found or found["response_mean", "A1"].n == len(urgent)


def test_an_area_without_gateways_has_no_outside():
    town = small_area()
    town = changed(
        town,
        places={
            "building": [5, 0],
            "kind": ["hospital", "ambulance_post"],
            "name": ["", ""],
            "capacity": [40, 2],
            "gateway": [-1, -1],
            "beyond": [0.0, 0.0],
            "origin": ["synthetic"] * 2,
        },
    )
    care = region_of(town, days=0.1)[1]
    assert len(care.fleet.units) == 2
    assert care.region.residents == 0
    assert len(care.region.calls_of_day(0)[0]) == 0


def test_hours_are_those_of_the_day(area):
    _, care, _ = region_of(area, days=3, calls_by_hour=[0.0] * 12 + [1.0] + [0.0] * 11)
    times = [c.time for c in care.calls if c.outside]
    assert len(times) > 5
    assert all(12 * hour <= t % day < 13 * hour for t in times)
    assert {t // day for t in times} == {0, 1, 2}


@pytest.mark.parametrize("wrong", [-1.0, float("nan")])
def test_a_negative_number_of_residents_is_refused(wrong):
    from agents.care.config import CareConfig

    with pytest.raises(ValueError, match="residents_per_ambulance"):
        CareConfig(residents_per_ambulance=wrong)
