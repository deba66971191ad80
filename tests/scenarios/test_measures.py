"""Measures: their places and times, what they post and set."""

import numpy as np
import pytest

from agents.vehicles import kernels as k
from scenarios.assembly import build_area, build_world
from scenarios.configuration import compose
from scenarios.measures.where import links, main_street
from twin.area import Area
from twin.clock import minute
from twin.errors import InputError

SMALL = ["area.citizens=1000"]


@pytest.fixture(scope="module")
def area():
    return build_area(compose(SMALL))


def world(area, *measures, days=1, signals="fixed"):
    texts = [f"+scenario.measures.m{number}={{{measure}}}" for number, measure in enumerate(measures)]
    return build_world(compose([*SMALL, *texts, f"run.days={days}", f"domain.vehicles.signals={signals}"]), area)


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
NO_BUILDING = {
    "type: new_link, where: {line: [[0, 0], [0, 9]]}": "m0.where.line: its first corner is .* m from .*at most 50 m",
    "type: bus_lane, where: {street: busiest}": "m0.where: no street there has two lanes.*widen: true",
    "type: signal_plan, where: {class: residential}, cycle: 60": "m0.where: no signal stands at the end",
    "type: signal_plan, where: {street: busiest}, cycle: 20": "the signal in row 0 would have a green of",
    "type: bus_lane, where: {street: Nonsens}": "m0.where.street: no street is called 'Nonsens'",
}
NO_MEASURE = {
    "type: signal_plan, where: {street: x}": "changes nothing: give cycle, offset or green",
    "type: signal_plan, where: {street: x}, control: actuated, cycle: 60": "is actuated, and gives cycle",
    "type: signal_plan, where: {street: x}, green: 1": "a green of 1: more than 0 and less than 1",
    "type: new_link, where: {line: [[0, 0]]}": "m0.where: .*two or more corners",
    "type: new_link, where: {line: [[0, 0], [9, 9]]}, class: alley": "m0.class: is 'alley'; allowed: motorway, trunk",
    "type: new_link, where: {street: x}": "m0.where",
    "type: car_free_zone, where: {district: x}, permits: [taxis]": "m0.permits.*'taxis'.*residents",
    "type: car_free_zone, where: {district: x}, permits: [goods, goods]": "names a permit twice",
    "type: bus_lane, where: {street: x}, from: '17:00', until: '16:00'": "does not end after it begins",
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
    "type: one_way, from: '07:00', for: 1 h, towards: up, where: {street: x}": "is 'up'; allowed: north, east, south, west",
    SLOW + "{street: x}, speed: nan": "m0.speed: is nan; allowed: a number",
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


@pytest.mark.parametrize("measure", NO_BUILDING)
def test_what_cannot_be_built(area, measure):
    with pytest.raises(InputError, match=NO_BUILDING[measure]):
        world(area, measure)


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


def entered(world, rows, hours=9):
    """Cars that entered links of the area in so many hours; a car counts on each of them."""
    vehicles, total = world.domains["vehicles"], 0
    link = vehicles.link_of_row[rows]
    for quarter in range(1, 4 * hours + 1):
        world.run(quarter * 15 * minute - minute)
        total += int(vehicles.quarter[link, 0].sum())
    return total


def test_a_car_free_zone_keeps_out_those_without_a_permit(area):
    zone = "where: {district: Binnenstad}, type: car_free_zone"
    rows = links(area, {"district": "Binnenstad"}, "m")
    allowed, usual = world(area, zone), world(area)
    nobody = world(area, f"{zone}, permits: []")
    before, residents, none = (entered(made, rows) for made in (usual, allowed, nobody))
    assert none == 0 < residents < before
    assert nobody.domains["vehicles"].ledger.lost.sum() == 0
    assert all(balance.holds for balance in nobody.balances())


def test_a_zone_that_ends_lets_everybody_in_again(area):
    zone = world(area, "where: {district: Binnenstad}, type: car_free_zone, permits: [], until: '07:00'")
    rows = links(area, {"district": "Binnenstad"}, "m")
    zone.run(7 * 60 * minute)
    assert zone.domains["vehicles"].access.restricted.sum() == len(rows)
    assert entered(zone, rows) > 0
    assert not zone.domains["vehicles"].access.restricted.any()


def test_a_new_link_is_used_while_it_is_open(area):
    street = links(area, {"street": "busiest"}, "m")
    node = area.links.tail[street[0]], area.links.head[street[-1]]
    line = [[round(float(area.nodes.x[n]), 1), round(float(area.nodes.y[n]), 1)] for n in node]
    made = world(area, f"type: new_link, where: {{line: {line}}}, speed: 100, from: '08:00'")
    rows = len(area.links) + np.arange(2)
    assert len(made.area.links) == len(area.links) + 2
    np.testing.assert_array_equal(made.area.links.length[: len(area.links)], area.links.length)
    made.run(7 * 60 * minute + 59 * minute)
    assert made.domains["vehicles"].state.links.closed[made.domains["vehicles"].link_of_row[rows]].all()
    assert entered(made, rows, 12) > 0
    assert len(links(made.area, {"street": "m0"}, "m")) == 2


def test_a_bus_lane_is_for_buses_alone(area):
    made = world(area, "type: bus_lane, where: {street: busiest}, widen: true")
    street = links(area, {"street": "busiest"}, "m")
    rows = len(area.links) + np.arange(len(street))
    assert entered(made, rows) == 0 < entered(world(area), street)
    vehicles = made.domains["vehicles"]
    assert vehicles.access.restricted[vehicles.link_of_row[rows]].all()
    green = {
        int(link): float(start)
        for link, start in zip(made.area.signal_groups.link, made.area.signal_groups.green_from, strict=True)
    }
    assert all(green.get(int(new)) == green.get(int(old)) for new, old in zip(rows, street, strict=True))


def test_a_bus_lane_takes_a_lane(area):
    tables = {name: vars(table) for name, table in area.tables.items()}
    street = links(area, {"street": "busiest"}, "m")
    lanes = area.links.lanes.copy()
    lanes[street] = 3
    wide = Area(area.name, area.crs, {**tables, "links": {**tables["links"], "lanes": lanes}}, area.sources, area.facts)
    made = world(wide, "type: bus_lane, where: {street: busiest}, from: '01:00', until: '02:00'")
    vehicles = made.domains["vehicles"]
    link, lane = vehicles.link_of_row[street], vehicles.link_of_row[len(area.links) + np.arange(len(street))]
    for hour, share, closed in ((0.5, 1.0, True), (1.5, 2 / 3, False), (2.5, 1.0, True)):
        made.run(round(hour * 60 * minute))
        np.testing.assert_allclose(vehicles.state.capacity[link], share * vehicles.full_capacity[link])
        assert (vehicles.state.links.closed[lane] == closed).all()


def greens(world):
    """Of each approach of a signal: link of the area, cycle, begin and length of its green."""
    vehicles = world.domains["vehicles"]
    j, links = vehicles.junctions, vehicles.state.links
    columns = (links[name][j.link].tolist() for name in ("cycle", "green_from", "green_for"))
    return dict(zip(vehicles.row[j.link].tolist(), zip(*columns, strict=True), strict=True))


def test_a_signal_plan_gives_a_street_its_share_of_green_and_ends(area):
    where = "type: signal_plan, where: {street: busiest}"
    made = world(area, f"{where}, cycle: 90, offset: 10, green: 60 %, from: '00:10', until: '00:30'")
    street = set(links(area, {"street": "busiest"}, "m").tolist())
    usual = greens(world(area))
    for stop, changed in ((5, False), (15, True), (35, False)):
        made.run(stop * minute)
        now = greens(made)
        signals = {int(area.links.head[link]) for link in street if link in usual}
        approaches = [link for link in usual if int(area.links.head[link]) in signals]
        assert signals
        for node in signals:
            here = [link for link in approaches if area.links.head[link] == node]
            if not changed:
                assert all(now[link] == usual[link] for link in here)
                continue
            assert {now[link][0] for link in here} == {90.0}
            windows = {now[link][1:]: link in street for link in here}
            theirs = {window for link in here if link in street for window in [now[link][1:]]}
            total = sum(length for _, length in windows)
            lost = usual[here[0]][0] - sum(length for _, length in {usual[link][1:] for link in here})
            assert total == pytest.approx(90.0 - lost)
            if len(theirs) < len(windows):
                assert sum(length for _, length in theirs) == pytest.approx(0.6 * total)


def test_an_actuated_plan_leaves_the_greens_to_the_traffic(area):
    made = world(
        area,
        "type: signal_plan, where: {class: [primary, secondary]}, control: actuated, from: '07:00', until: '09:00'",
    )
    vehicles = made.domains["vehicles"]
    for stop, working in ((6, False), (8, True), (10, False)):
        made.run(stop * 60 * minute)
        assert vehicles.controllers.population.working.any() == working
    assert greens(made) == greens(world(area))


def test_signals_that_the_traffic_decides_cost_less_delay():
    given = ["area.citizens=3000", "run.days=0.4"]
    area = build_area(compose(given))
    delay = []
    for signals in ("fixed", "actuated"):
        made = build_world(compose([*given, f"domain.vehicles.signals={signals}"]), area)
        made.run(9 * 60 * minute)
        delay.append(next(i.value for i in made.indicators() if i.indicator == "vehicle_delay" and i.level == "area"))
        assert all(balance.holds for balance in made.balances())
    assert delay[1] < 0.8 * delay[0]


def test_a_closure_sends_nobody_through_a_zone():
    """Where the only other way is closed to all cars, those under way wait for the opening."""
    given = ["area.citizens=1000", "domain.vehicles.signals=fixed"]
    area = build_area(compose(given))
    street = links(area, {"street": "busiest"}, "m")
    everywhere = "[secondary, tertiary, unclassified, residential, living_street, service]"
    zone = (
        f"type: car_free_zone, permits: [], where: {{class: {everywhere}}}, except: {{street: busiest}}, from: '00:00'"
    )
    works = "type: close_street, where: {street: busiest}, from: '08:00', for: 10 min"
    made = world(area, zone, works)
    made.run(8 * 60 * minute + 5 * minute)
    vehicles = made.domains["vehicles"]
    assert vehicles.access.restricted.any()
    cars = vehicles.state.cars[: int(vehicles.state.counts[k.FRESH])]
    under_way = cars[(cars.state == k.DRIVING) | (cars.state == k.QUEUED)]
    cells = np.concatenate([vehicles.state.route[c.cursor : c.end] for c in under_way])
    keys = np.repeat(under_way.key, under_way.end - under_way.cursor)
    assert vehicles.access.may(keys, cells).all()
    assert len(street)
