"""Units of neighbouring regions, and posts and hospitals beyond a gateway: times by hand, and the laws that hold."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.care.ambulance import A1, OPEN, TAKEN_OUTSIDE
from agents.care.fleet import Fleet
from scenarios.assembly import build_area
from scenarios.configuration import compose
from scenarios.simulate import Simulation
from tests.agents.care.test_domain import Vehicles, kinds, world_of
from tests.agents.care.test_region import changed, region_of
from twin.clock import hour, minute
from twin.recording import Run

BUSY = {"urgent_calls": 15_000.0, "other_calls": 0.0, "advice_calls": 0.0}
WILLING = {"units": 1, "in_all": 3, "available": 1.0}


def outside(town, *kinds_outside, gateway=0, beyond=6_000.0):
    """The town with its places of some kinds beyond a gateway."""
    rows = np.isin(town.places.kind.astype(str), kinds_outside)
    return changed(town, places={"gateway": np.where(rows, gateway, -1), "beyond": np.where(rows, beyond, 0.0)})


def helped(care):
    return [call for call in care.calls if call.neighbour]


def test_neighbours_help_when_every_unit_is_busy_or_late(area):
    """Whoever a neighbour's unit is sent to, ours were all on calls, or would have come late and later."""
    _, care, events = world_of(area, mutual_aid=WILLING, **BUSY)
    lent = [e for e in kinds(events, "dispatched") if e.object < 0]
    assert len(lent) >= 5
    assert len(helped(care)) == len(lent)
    assert {c.urgency for c in helped(care)} == {A1}
    told = {i.indicator: i for i in care.indicators() if i.level == "area"}
    assert told["mutual_aid"].value == len(lent)
    for e in lent:  # nobody waits when a neighbour is asked: the call is sent out as soon as it is taken
        assert e.value == pytest.approx(care.ms(care.config.intake) / 1000.0)
    alone = world_of(area, **BUSY)[1]
    assert not helped(alone)
    assert not [i for i in alone.indicators() if i.indicator == "mutual_aid"]
    both = {c.id: c.response for c in alone.calls if c.response >= 0}
    sooner = [c.response < both[c.id] for c in helped(care) if c.response >= 0 and c.id in both]
    assert np.mean(sooner) > 0.5


def test_the_way_in_is_the_road_beyond_and_the_live_streets(area):
    """Response of a neighbour's unit from its post: intake, chute, road beyond the gateway, drive; by hand."""
    _, care, events = world_of(area, seed=2, mutual_aid=WILLING, **BUSY)
    came = {e.subject: e for e in kinds(events, "came_in")}
    first = next(e for e in kinds(events, "dispatched") if e.object < 0)
    unit = next(u for u in care.fleet.neighbours if u.key == first.object)
    call = next(c for c in care.calls if c.id == first.because[0])
    gate = area.gateways.node[unit.gateway]
    metres = min(float(area.gateways.distance[unit.gateway]), 8_000.0)
    assert unit.beyond == round(metres / (75.0 * 1.1 / 3.6) * 1000.0)
    assert came[call.person].object == unit.gateway
    assert came[call.person].value == pytest.approx(unit.beyond / minute)
    drive = int(care.network.distances_to(care.blue_ms[care.network.rows], care.node_of(call.location))[gate])
    assert call.response == care.ms(care.config.intake) + care.ms(care.config.chute) + unit.beyond + drive
    response = next(e for e in kinds(events, "response") if e.because[0] == call.id)
    assert came[call.person].id in response.because


def test_a_free_unit_of_ours_goes_unless_it_is_late_and_later(area, monkeypatch):
    """Every decision, put to the test anew: neighbours at the gateways themselves, and a norm that is hard to meet."""
    decisions = []
    decide = Fleet.helper

    def keep(fleet, call):
        helper = decide(fleet, call)
        care, far = fleet.care, care_ms(fleet, call)
        ours = min((far(unit) for unit in fleet.idle.values()), default=None)
        able = [far(unit) for unit in fleet.lendable.values()]
        limit = care.ms(care.config.norm) - care.ms(care.config.chute) - (care.now - call.time)
        wanted = bool(able) and (ours is None or (ours > limit and min(able) < ours))
        assert bool(helper) == wanted
        assert not helper or far(helper) == min(able)
        decisions.append((ours is None, helper is not None))
        return helper

    monkeypatch.setattr(Fleet, "helper", keep)
    vehicles = Vehicles()
    vehicles.factor = 4.0
    aid = {**WILLING, "farthest": 0.3}
    world_of(area, vehicles=vehicles, blue_light={"past_queue": 0.0}, norm=5.0, mutual_aid=aid, **BUSY)
    assert set(decisions) >= {(False, False), (False, True), (True, True)}
    decisions.clear()
    world_of(area, norm=60.0, mutual_aid=aid, **{**BUSY, "urgent_calls": 500.0})
    assert set(decisions) == {(False, False)}, "in time: ours go"


def care_ms(fleet, call):
    """ms of a unit to a caller, by Dijkstra."""
    care = fleet.care
    to_call = care.network.distances_to(care.blue_ms[care.network.rows], care.node_of(call.location))
    return lambda unit: int(to_call[unit.position()]) + unit.ahead()


@pytest.mark.parametrize("aid", [{"units": 0}, {"in_all": 0}, {"available": 0.0}])
def test_without_neighbours_nothing_changes(area, aid):
    """Bit for bit the same events and indicators, but for the count of calls that they served."""
    (world, _, events), (other, _, same) = (
        world_of(area, mutual_aid=options, **BUSY) for options in ({"units": 0}, aid)
    )
    assert [(e.id, e.time, e.object, e.value, e.because) for e in events] == [
        (e.id, e.time, e.object, e.value, e.because) for e in same
    ]
    assert world.recorder.digests() == other.recorder.digests()
    counted = [i for i in other.indicators() if i.indicator != "mutual_aid"]
    assert list(world.indicators()) == counted
    assert all(i.value == 0 for i in other.indicators() if i.indicator == "mutual_aid")


def test_neighbours_change_nobodys_luck(area):
    _, alone, _ = world_of(area, **BUSY)
    _, aided, _ = world_of(area, mutual_aid=WILLING, **BUSY)
    told = [{c.id: (c.time, c.urgency, care.on_scene_ms(c)) for c in care.calls} for care in (alone, aided)]
    assert told[0] == told[1]


def test_as_many_units_as_stated_at_the_nearest_gateways(area):
    care = world_of(area, days=0.01, mutual_aid={"units": 2, "in_all": 5, "farthest": 100.0})[1]
    units = care.fleet.neighbours
    assert len(units) == min(5, 2 * len(area.gateways))
    assert [unit.key for unit in units] == [-1 - k for k in range(len(units))]
    assert max(unit.beyond for unit in units[: len(area.gateways)]) <= care.beyond_ms(area.gateways.distance.max())
    first = sorted(area.gateways.distance)[: len(units)]
    assert [unit.beyond for unit in units][: len(first)] == [care.beyond_ms(metres) for metres in first]


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(1, 1000),
    available=st.sampled_from([0.2, 1.0]),
    residents=st.sampled_from([0.0, 28_000.0]),
    where=st.sampled_from([(), ("hospital",), ("ambulance_post",), ("hospital", "ambulance_post")]),
)
def test_every_call_and_every_unit_is_accounted_for(area, seed, available, residents, where):
    world, care, events = world_of(
        outside(area, *where) if where else area,
        seed=seed,
        residents_per_ambulance=residents,
        mutual_aid={"units": 1, "available": available},
        urgent_calls=3000.0,
    )
    assert [b.law for b in world.balances() if not b.holds] == []
    closed = [e.because[0] for e in kinds(events, "closed")]
    assert len(closed) == len(set(closed))
    assert set(closed) | {c.id for c in care.calls if c.outcome == OPEN} == {c.id for c in care.calls}
    for unit in care.fleet.everyone:
        assert 0 <= unit.ahead() <= unit.beyond
        assert (unit.call is None) == (unit.key in unit.pool)


def test_a_post_beyond_a_gateway_is_so_much_farther(area):
    """The same single unit, in the area at a gateway's node and beyond it: the response is longer by the road beyond."""
    runs = []
    for beyond in (0.0, 12_000.0):
        place = outside(area, "ambulance_post", gateway=1, beyond=beyond)
        _, care, events = world_of(place, urgent_calls=300.0, other_calls=0.0)
        first = next(e for e in kinds(events, "response"))
        runs.append((care, events, first))
    (_, near_events, near), (care, events, far) = runs
    assert far.id == near.id
    way = care.beyond_ms(12_000.0)
    assert way == pytest.approx(12_000.0 / (75.0 * 1.1 / 3.6) * 1000.0, abs=1)
    assert far.time - near.time == way
    assert not kinds(near_events, "came_in")
    assert kinds(events, "came_in")[0].value == pytest.approx(way / minute)


def test_reach_counts_the_road_beyond(area):
    shares = []
    for beyond in (0.0, 16_000.0, 40_000.0):
        care = world_of(outside(area, "ambulance_post", gateway=1, beyond=beyond), days=0.01)[1]
        shares.append(care.probe()[1])
    assert shares[0] == 100.0
    assert 0.0 < shares[1] < 100.0
    assert shares[2] == 0.0
    ms = care.network.nearest(care.blue_ms[care.network.rows], [area.gateways.node[1]])[care.reach.home_node]
    within = (ms >= 0) & (ms + care.beyond_ms(16_000.0) <= care.reach.limit_ms)
    assert shares[1] == pytest.approx(100.0 * within.mean())


def test_a_unit_called_on_its_way_out_turns_round(area):
    """Beyond the gateway it is as far from it as it has gone since it passed."""
    world, care, _ = world_of(outside(area, "ambulance_post", beyond=20_000.0), days=0.01, transport=0.0, **BUSY)
    seen = set()
    while world.stop < 8 * 60 * minute and len(seen) < 5:
        world.run(world.stop + minute)
        for unit in care.fleet.idle.values():
            if unit.passed is not None and 0 < care.now - unit.passed < unit.beyond:
                assert unit.ahead() == care.now - unit.passed
                assert unit.position() == unit.home
                seen.add((unit.key, unit.passed))
    assert seen


def test_a_patient_taken_outside_keeps_the_unit_busy_for_the_way_there_and_back(area):
    place = outside(area, "hospital", gateway=1, beyond=9_000.0)
    _, care, events = world_of(place, transport=1.0, urgent_calls=300.0, other_calls=0.0)
    assert not care.hospitals
    call = next(c for c in care.calls if c.outcome == TAKEN_OUTSIDE)
    out = next(e for e in kinds(events, "went_out") if call.id in e.because)
    closed = next(e for e in kinds(events, "closed") if e.because[0] == call.id)
    way = care.beyond_ms(9_000.0)
    assert out.object == 1
    assert out.value == pytest.approx(way / minute)
    assert out.id in closed.because
    assert closed.time == out.time + way + care.handover_ms(call)
    assert {c.outcome for c in care.calls if c.response >= 0} <= {OPEN, TAKEN_OUTSIDE}
    assert not [i for i in care.indicators() if i.indicator == "emergency_wait_mean"], "nobody waits for a bay here"


def test_an_area_that_names_no_hospital_uses_the_nearest_way_out(area):
    place = changed(area, places={"kind": np.where(area.places.kind == "hospital", "gp_post", area.places.kind)})
    _, care, events = world_of(place, transport=1.0, urgent_calls=2000.0)
    assert {h.gateway for h in care.hospitals_outside} == set(range(len(area.gateways)))
    assert {c.outcome for c in care.calls if c.urgency == A1 and c.outcome != OPEN} == {TAKEN_OUTSIDE}
    assert len({e.object for e in kinds(events, "went_out")}) >= 1


def test_callers_outside_go_to_a_hospital_there(area):
    _, care, events = region_of(outside(area, "hospital"), transport=1.0)
    abroad = [c for c in care.calls if c.outside]
    assert abroad
    assert {c.outcome for c in abroad} <= {OPEN, TAKEN_OUTSIDE}
    assert not [e for e in kinds(events, "went_out") if e.subject < 0]


def test_a_resumed_run_with_neighbours_and_a_hospital_outside_is_the_whole_run(tmp_path):
    """Units beyond a gateway, lent ones and their patients come back from a checkpoint as they were."""
    given = ["area.citizens=1000", "run.days=0.3", "domain.care.urgent_calls=120000", "domain.care.other_calls=0"]
    given += ["domain.care.residents_per_ambulance=0", "domain.care.mutual_aid.available=0.8"]
    place = outside(build_area(compose(given)), "hospital", "ambulance_post")
    whole = Simulation(compose(given), place, place=tmp_path / "whole")
    whole.run()
    told = {i["indicator"]: i["value"] for i in Run(tmp_path / "whole").indicators if i["level"] == "area"}
    assert told["mutual_aid"] >= 3

    def stop(ms):
        if ms == 5 * hour:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Simulation(compose(given), place, place=tmp_path / "run", checkpoint=15 * minute).run(stop)
    again = Simulation.resume(tmp_path / "run", place)
    assert again.world.stop >= 4 * hour
    again.run()
    assert again.manifest["digests"] == whole.manifest["digests"]
    assert Run(tmp_path / "run").indicators == Run(tmp_path / "whole").indicators
