"""Measures: their places and times, what they post and set."""

import numpy as np
import pytest

from scenarios.configuration import compose
from scenarios.measures.where import links, main_street
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
SLOW = "type: speed_limit, from: '07:00', for: 1 h, where: "
FAIL = "type: asset_failure, from: '07:00', for: 1 h, where: "
NO_PLACE = {
    CLOSE + "{street: Nonsens}": "m0.where.street: no street is called 'Nonsens'",
    CLOSE + "{district: Binnenstat}": "m0.where.district: no district is called 'Binnenstat'.*did you mean Binnenstad",
    CLOSE + "{class: residential}, except: {class: residential}": "m0.except: leaves no street of where",
    SLOW + "{class: residential}, speed: 130": "m0.speed: is 130: no street there is faster",
    CLOSE + "{osm: 12345}": "m0.where.osm: '?12345'? has no link for cars",
    CLOSE + "{polygon: [[0, 0], [1, 0], [0, 1]]}": "m0.where.polygon.*has no link for cars",
    FAIL + "{asset: largest_substaton}": "m0.where.asset: .*no asset.*did you mean largest_substation",
}
NO_MEASURE = {
    CLOSE + "{steet: x}": "is {'steet': 'x'}: one of street:, district:, osm:, polygon:, class:; did you mean street",
    CLOSE + "{}": "m0.where",
    CLOSE + "{street: a, district: b}": "one of street:",
    CLOSE + "{polygon: [[0, 0], [1, 0]]}": "three or more corners",
    CLOSE + "{polygon: here}": "three or more corners",
    CLOSE + "{osm: abc}": "no number of a way",
    CLOSE + "3": "m0.where: is 3; allowed: a mapping",
    FAIL + "{street: x}": "one of asset:",
    CLOSE + "{class: residental}": "residental is no class of road: motorway",
    CLOSE + "{street: x}, except: {steet: y}": "one of street:.*did you mean street",
    CLOSE + "{street: x}, except: {class: []}": "nothing is no class of road",
    SLOW + "{street: x}, speed: 0": "m0.speed: is 0; allowed: greater than or equal to 5",
    SLOW + "{street: x}": "m0.speed: is missing",
    "type: road_works, from: '07:00', for: 1 h, capacity: 100 %, where: {street: x}": "more than 0 and less than 1",
    "type: one_way, from: '07:00', for: 1 h, towards: up, where: {street: x}": "m0.towards: is 'up'",
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
    without = [f"~domain.{name}" for name in ("vehicles", "transit", "care", "citizens", "grid")]
    configuration = compose([*SMALL, f"+scenario.measures.m={{{CLOSE}{{street: busiest}}}}", *without])
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


def free_kmh(world):
    """km/h of each link of the car network as it is now."""
    vehicles = world.domains["vehicles"]
    return vehicles.row, 3.6 * vehicles.state.speed


def test_a_limit_in_a_district_spares_main_roads_and_ends(area):
    place = "{district: Binnenstad}, except: {class: [primary, secondary, tertiary]}"
    slow = world(area, f"type: speed_limit, speed: 20, from: '00:10', for: 20 min, where: {place}")
    row, before = free_kmh(slow)
    inside = links(area, {"district": "Binnenstad"}, "m0")
    spared = np.isin(area.links.road_class[row].astype(str), ("primary", "secondary", "tertiary"))
    held = np.isin(row, inside) & ~spared & (before > 20.0)
    assert held.sum() > 10
    assert (np.isin(row, inside) & spared).any()
    slow.run(15 * minute)
    assert free_kmh(slow)[1][held] == pytest.approx(20.0)
    assert free_kmh(slow)[1][~held] == pytest.approx(before[~held])
    travel = slow.signals.value("vehicles.travel_ms")[row]
    assert (travel[held] >= 3600.0 * area.links.length[row][held] / 20.0 - 1.0).all()
    slow.run(32 * minute)
    assert free_kmh(slow)[1] == pytest.approx(before)


def test_road_works_leave_their_share_of_the_capacity_also_where_a_signal_is(area):
    where = "{class: [primary, secondary, tertiary, residential]}"
    works = world(area, f"type: road_works, capacity: 50 %, from: '00:10', for: 20 min, where: {where}")
    vehicles = works.domains["vehicles"]
    full = vehicles.state.capacity.copy()
    touched = np.isin(vehicles.row, links(area, {"class": ["primary", "secondary", "tertiary", "residential"]}, "m0"))
    works.run(15 * minute)
    assert vehicles.state.capacity[touched] == pytest.approx(full[touched] / 2)
    assert vehicles.state.links.headway[touched] == pytest.approx(2.0 / full[touched])
    assert vehicles.state.capacity[~touched] == pytest.approx(full[~touched])
    works.run(32 * minute)
    assert vehicles.state.links.headway == pytest.approx(1.0 / full)


def test_one_way_closes_what_leads_the_other_way(area):
    street = main_street(area)
    rows = links(area, {"street": street}, "m0")
    east = area.nodes.x[area.links.head[rows]] - area.nodes.x[area.links.tail[rows]]
    one = world(area, f"type: one_way, towards: east, from: '00:10', for: 20 min, where: {{street: {street}}}")
    one.run(15 * minute)
    travel = one.signals.value("vehicles.travel_ms")[rows]
    assert ((travel == 2**31 - 1) == (east < 0)).all()
    for lost, said in ((east < 0, "nothing leads away from east"), (east > 0, "one-way already")):
        single = build_area(compose(SMALL))
        single.links.car[rows[lost]] = False
        with pytest.raises(InputError, match=said):
            world(single, f"type: one_way, towards: east, from: '00:10', for: 20 min, where: {{street: {street}}}")
