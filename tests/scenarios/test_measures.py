"""Measures: their places and times, what they post and set."""

import pytest

from scenarios.configuration import compose
from scenarios.simulate import build_area, build_world
from twin.clock import minute
from twin.errors import InputError

SMALL = ["area.citizens=1000"]


@pytest.fixture(scope="module")
def area():
    return build_area(compose(SMALL))


def world(area, *measures, days=1):
    texts = [f"+scenario.measures.m{number}={{{measure}}}" for number, measure in enumerate(measures)]
    return build_world(compose([*SMALL, *texts, f"run.days={days}"]), area)


CLOSE = "type: close_street, from: '07:00', for: 1 h, where: "
FAIL = "type: asset_failure, from: '07:00', for: 1 h, where: "
NO_PLACE = {
    CLOSE + "{street: Nonsens}": "m0.where.street: no street is called 'Nonsens'",
    CLOSE + "{district: Binnenstat}": "m0.where.district: no district is called 'Binnenstat'.*did you mean Binnenstad",
    CLOSE + "{osm: 12345}": "m0.where.osm: '?12345'? has no link for cars",
    CLOSE + "{polygon: [[0, 0], [1, 0], [0, 1]]}": "m0.where.polygon.*has no link for cars",
    FAIL + "{asset: largest_substaton}": "m0.where.asset: .*no asset.*did you mean largest_substation",
}
NO_MEASURE = {
    CLOSE + "{steet: x}": "is {'steet': 'x'}: one of street:, district:, osm:, polygon:; did you mean street",
    CLOSE + "{}": "m0.where",
    CLOSE + "{street: a, district: b}": "one of street:",
    CLOSE + "{polygon: [[0, 0], [1, 0]]}": "three or more corners",
    CLOSE + "{polygon: here}": "three or more corners",
    CLOSE + "{osm: abc}": "no number of a way",
    CLOSE + "3": "m0.where: is 3; allowed: a mapping",
    FAIL + "{street: x}": "one of asset:",
    "type: close_stret": "unknown type 'close_stret'.*did you mean close_street",
    "where: {street: x}": "m0.type: is missing",
    "type: 3": "m0.type: is 3",
    "type: electric_cars, shar: 1": "m0.shar: unknown key; allowed: share; remedy: did you mean share",
    "type: electric_cars, share: 160 %": "no share",
    "type: electric_cars, share: null": "no number|not a number",
    "type: battery_backup, where: {kind: lamp}, for: 1 h": "'lamp' is no kind of thing.*traffic_signal",
    "type: battery_backup, where: {kind: traffic_signal}, for: 0 h": "m0.for: is 0; allowed: greater than 0",
    "type: battery_backup, where: {kind: traffic_signal}": "m0.for: is missing",
    "type: close_street, where: {street: x}, from: '17:00', until: '16:00'": "does not end after it begins",
    "type: close_street, where: {street: x}, from: '17:00', for: 0 h": "does not end after it begins",
    "type: close_street, where: {street: x}, from: '17:00', for: -2 h": "negative",
    "type: close_street, where: {street: x}, from: '17:00'": "needs either until or for, and has neither",
    "type: close_street, where: {street: x}, from: '17:00', for: 1 h, until: '19:00'": "and has both",
    "type: close_street, where: {street: x}, from: 1020, for: 1 h": 'quoted, as "17:00"',
    "type: close_street, where: {street: x}, from: five, for: 1 h": "no time of day",
    "type: close_street, where: {street: x}, from: 'day 2, 17:00', for: 1 h": "m0.from: is not before the end of the run",
}


@pytest.mark.parametrize("measure", NO_MEASURE)
def test_a_wrong_measure_is_refused_before_the_area_is_built(measure):
    with pytest.raises(InputError, match=NO_MEASURE[measure]):
        compose([*SMALL, f"+scenario.measures.m0={{{measure}}}"])


@pytest.mark.parametrize("measure", NO_PLACE)
def test_a_place_that_is_not_found(area, measure):
    with pytest.raises(InputError, match=NO_PLACE[measure]):
        world(area, measure)


def test_all_places_at_once(area):
    with pytest.raises(InputError) as raised:
        world(area, *NO_PLACE)
    assert len(raised.value.faults) == len(NO_PLACE)


def test_a_measure_of_a_domain_that_is_left_out(area):
    configuration = compose([*SMALL, f"+scenario.measures.m={{{CLOSE}{{street: busiest}}}}",
                             "~domain.vehicles", "~domain.care", "~domain.citizens", "~domain.grid"])  # fmt: skip
    with pytest.raises(InputError, match="add the domain that the measure acts on"):
        build_world(configuration, area)


def test_two_measures_may_not_set_the_same(area):
    with pytest.raises(InputError, match="electric_share, as the measure m0 does"):
        world(area, "type: electric_cars, share: 10 %", "type: electric_cars, share: 20 %")


def test_batteries_keep_the_signals_on_until_they_are_empty():
    assert compose(["scenario=outage", "run.alternative=backup_signals"]).domains["grid"][1].signal_backup == 240.0
    outage = ["area.citizens=20000", "scenario=outage", "scenario.measures.failure.from=00:10"]
    area = build_area(compose(outage))
    signals = area.connections.kind == "signal"
    assert signals.any()

    def dark(world, until):
        world.run(until)
        return int((~world.signals.value("grid.energised")[signals]).sum())

    without = build_world(compose(outage), area)
    batteries = ["run.alternative=backup_signals", "scenario.alternatives.backup_signals.signals.for=20 min"]
    with_them = build_world(compose([*outage, *batteries]), area)
    assert dark(with_them, 28 * minute) == 0 < dark(without, 28 * minute)
    assert dark(with_them, 32 * minute) == dark(without, 32 * minute)
