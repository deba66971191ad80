"""Two scenarios share their luck: an edit that nobody can notice changes nothing anywhere, bit for bit."""

import numpy as np
import pytest

from scenarios.assembly import build_area, build_world
from scenarios.configuration import compose
from twin.area import Area
from twin.clock import day, hour

TOWN = ["area.citizens=5000"]


def with_detour(town):
    """The town and one link more, beside a busy one between the same nodes but 30 km long: nobody will ever take it."""
    links = {name: np.asarray(column).copy() for name, column in vars(town.links).items()}
    car = np.flatnonzero(links["car"])
    beside = int(car[np.argmax(links["capacity"][car])])
    for name, column in links.items():
        links[name] = np.concatenate([column, column[[beside]]])
    links["length"][-1], links["name"][-1] = 30_000.0, "Omweg"
    links["bicycle"][-1] = links["walk"][-1] = False
    tables = {name: links if name == "links" else vars(table) for name, table in town.tables.items()}
    return Area(town.name, town.crs, tables, town.sources, town.facts), len(links["length"]) - 1, beside


@pytest.fixture(scope="module")
def place():
    return with_detour(build_area(compose(TOWN)))


def run(area, closed=None, *, at="07:00", until="19:00"):
    """A weekday; `closed` is the row of a link that is closed, from and until a time of the day."""
    world = build_world(compose(TOWN), area)
    rows = []
    close_window = world.recorder.close_window

    def keep(edge):
        for item in world.recorder._events:
            if item.kind.startswith("vehicles.") and not item.kind.endswith("_link"):
                rows.append((item.kind, np.asarray(item.time).tolist(), np.asarray(item.subject).tolist()))
        close_window(edge)

    world.recorder.close_window = keep
    if closed is not None:
        for kind, when in (("close", at), ("open", until)):
            hours, minutes = map(int, when.split(":"))
            world.post(f"vehicles.{kind}_link", at=hours * hour + minutes * 60_000, subject=closed)
    world.run(day)
    return world, world.recorder.digests(), rows


@pytest.fixture(scope="module")
def base(place):
    return run(place[0])


# in step with the moments at which cars are given new routes by the clock, and out of step with them
@pytest.mark.parametrize(("at", "until"), [("07:00", "19:00"), ("07:03", "18:07")])
def test_closing_a_street_that_nobody_uses_changes_nothing(place, base, at, until):
    area, detour, _ = place
    world, digests, rows = run(area, detour, at=at, until=until)
    assert digests.keys() - base[1].keys() <= {"events/vehicles"}
    assert {n: d for n, d in digests.items() if n != "events/vehicles"} == {
        n: d for n, d in base[1].items() if n != "events/vehicles"
    }
    assert rows == base[2]
    assert list(world.indicators()) == list(base[0].indicators())
    assert len(digests) > 8


def test_closing_a_street_that_is_used_changes_something(place, base):
    area, _, beside = place
    world, digests, _ = run(area, beside)
    assert digests["series/link"] != base[1]["series/link"]
    assert list(world.indicators()) != list(base[0].indicators())


def test_routes_by_the_clock_stay_those_of_the_clock(place):
    """Between two regular moments a closure keeps every other link's weight in the router."""
    area, detour, _ = place
    worlds = [build_world(compose(TOWN), area) for _ in range(2)]
    worlds[1].post("vehicles.close_link", at=8 * hour + 3 * 60_000, subject=detour)
    for world in worlds:
        world.run(8 * hour + 4 * 60_000)
    first, second = (world.domains["vehicles"].routes for world in worlds)
    assert second.closed.sum() == 1
    assert first.closed.sum() == 0
    np.testing.assert_array_equal(first.routed_ms, second.routed_ms)
    pairs = np.random.default_rng(1).integers(0, area.nodes.x.size, (200, 2)).T
    for found, expected in zip(first.router.paths(*pairs), second.router.paths(*pairs), strict=True):
        np.testing.assert_array_equal(found, expected)
