"""What an area leaves to the world outside: services, and pupils, students and workers who cross the border."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scenarios.areas.check import check_area, summary
from scenarios.areas.demand import PUPIL
from scenarios.areas.outside import crossings, services
from scenarios.areas.place import build_place
from scenarios.areas.places import BEYOND, WayOut
from scenarios.report.area import page
from twin.area import Area


@pytest.fixture(scope="module")
def island(reference_data) -> Area:
    """Vlieland, generated: no hospital, no GP post, no secondary school."""
    districts = reference_data("stats_nl", "nl_districts_2022.geojson.gz")
    return build_place(stats=Path(districts), municipality="GM0096")


def test_pupils_without_a_secondary_school_leave_by_the_gateways(island) -> None:
    people, n = island.people, len(island.buildings)
    older = (people.occupation == PUPIL) & (people.age >= 12) & people.resident
    assert older.sum() > 20
    assert (people.main[older] >= n).all()
    assert (people.main[older] < island.locations).all()
    told = {c.who: c for c in crossings(island)}
    assert told["pupils of 12 and over"].leave == older.sum() == island.facts["people"]["secondary_pupils_outside"]
    assert told["pupils under 12"].inside > 0
    commuters = sum(c.leave for c in told.values())
    assert commuters == island.gateways.commuters_out.sum()
    assert sum(c.come for c in told.values()) == island.gateways.commuters_in.sum()
    assert [f for f in check_area(island) if f.severity == "error"] == []


def test_services_outside_are_places_beyond_the_busiest_gateway(island) -> None:
    found = {s.kind: s for s in services(island)}
    assert set(found) == {"hospital", "gp_post"}
    rows = island.places.gateway >= 0
    assert set(island.places.kind[rows].astype(str)) == set(found)
    gateway = int(island.places.gateway[rows][0])
    assert (island.places.gateway[rows] == gateway).all()
    for kind, service in found.items():
        assert service.metres == min(BEYOND[kind], float(island.gateways.distance[gateway]))
        assert service.gateway == island.gateways.name[gateway]
    at = island.place_location()
    assert (at[rows] == len(island.buildings) + gateway).all()
    assert (at[~rows] == island.places.building[~rows]).all()


def test_check_and_page_say_it(island) -> None:
    told, shown = summary(island), page(island)
    assert [s.partition(":")[0] for s in told["served_from_outside"]] == ["gp post", "hospital", "secondary school"]
    assert told["leave_by_gateways"]["pupils of 12 and over"] > 0
    for words in ("Who works and learns where", "Residents who leave", "Hospital outside", "car_trips_by_kind"):
        assert words in shown
    for service in services(island):
        assert str(service) in shown


def test_the_way_out_is_the_busiest_gateway() -> None:
    nodes = {"x": np.array([0.0, 5.0, 9.0]), "y": np.array([1.0, 6.0, 2.0])}
    gateways = {
        "node": np.array([2, 1]),
        "road_class": np.array(["tertiary", "primary"], object),
        "distance": np.array([8_000.0, 5_000.0]),
    }
    way = WayOut.of(gateways, nodes)
    assert way == WayOut(1, 5.0, 6.0, 5_000.0)
    assert way.to("hospital") == {"gateway": 1, "beyond": 5_000.0}
    assert WayOut(0, 0.0, 0.0, 20_000.0).to("hospital")["beyond"] == BEYOND["hospital"]
    assert WayOut.of({"node": np.zeros(0, int), "road_class": np.zeros(0, object)}, nodes) is None
