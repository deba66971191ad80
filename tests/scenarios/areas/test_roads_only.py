"""Areas of a road network and its trips alone: a small one by hand, those of the reference data, and a day of traffic."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from agents.citizens.domain import Citizens
from agents.vehicles.domain import Vehicles
from scenarios.area_commands import build_area_from
from scenarios.areas.check import check_area
from scenarios.areas.recognise import recognise
from scenarios.areas.roads_only import build_roads
from scenarios.areas.sample import sample
from tests.agents.vehicles.test_domain import Grid
from twin.area import Area, read_area
from twin.clock import day
from twin.errors import InputError
from twin.network import Network, Router
from twin.world import World

Data = Callable[..., Path]
# zones 1 and 2, each joined with 3 and 4 by links that cost nothing; the road 3 - 4 is long
NET = """<NUMBER OF ZONES> 2
<NUMBER OF NODES> 4
<FIRST THRU NODE> 3
<NUMBER OF LINKS> 11
<ORIGINAL HEADER>~ length (km) time (min)
<END OF METADATA>
1 3 9 0 0 0 0 0 0 1 ;
3 1 9 0 0 0 0 0 0 1 ;
1 4 9 0 0 0 0 0 0 1 ;
4 1 9 0 0 0 0 0 0 1 ;
2 3 9 0 0 0 0 0 0 1 ;
3 2 9 0 0 0 0 0 0 1 ;
2 4 9 0 0 0 0 0 0 1 ;
4 2 9 0 0 0 0 0 0 1 ;
3 4 30400 2 1.5 .15 4 0 0 1 ;
4 3 1800 2 2.4 .15 4 0 0 1 ;
4 4 1800 2 2.4 .15 4 0 0 1 ;
"""
TRIPS = "<END OF METADATA>\nOrigin 1\n2 : 700.4 ;\nOrigin 2\n1 : 300.4 ;\n"
NODE = "node x y ;\n1 0 90000 ;\n2 0 91000 ;\n3 0 90000 ;\n4 1000 90000 ;\n"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    for name, text in (("net", NET), ("trips", TRIPS), ("node", NODE)):
        (tmp_path / f"Made_{name}.tntp").write_text(text)
    return tmp_path


def test_links_keep_lanes_capacity_and_speed(made: Path) -> None:
    area = build_roads(made)
    road, back = area.links.length > 100, area.links.tail == 3
    assert len(area.links) == 10  # the loop is left out
    np.testing.assert_allclose(area.links.length[road], 2000.0)
    np.testing.assert_allclose(area.links.speed[road], [2000 / 90, 2000 / 144])
    np.testing.assert_array_equal(area.links.lanes[road], [12, 1])  # 16 by its capacity, 12 in the table
    np.testing.assert_allclose(area.links.capacity[road], [30400 / 3600, 0.5])
    np.testing.assert_allclose(area.links.capacity[~road], 1900 / 3600)  # of links that cost nothing
    np.testing.assert_allclose(area.links.speed[~road], 60.0)
    assert area.links.name[road & back].tolist() == ["4-3"]
    repaired = area.facts["sources"][0]["repaired"]
    assert repaired["links of more than 12 lanes"] == 1
    assert repaired["capacities of links whose time does not depend on flow"] == 8
    assert area.facts["sources"][0]["dropped"]["links that end where they begin"] == 1


def test_coordinates_are_scaled_to_the_lengths(made: Path) -> None:
    area = build_roads(made)
    assert area.crs == "EPSG:32631"
    assert np.hypot(*np.diff([area.nodes.x[2:], area.nodes.y[2:]])).item() == pytest.approx(2000.0)
    assert "coordinates in no known system: scaled by 2 to the lengths of links" in area.facts["sources"][0]["notes"]


def test_nobody_drives_through_a_zone(made: Path) -> None:
    area = build_roads(made)
    network = Network.of(area)
    router = Router(network, np.rint(1000 * network.length / area.links.speed[network.rows]).astype(int))
    ptr, links, ms = router.paths([2, 0], [3, 1])  # 3 to 4 by the road, not by zone 1 or 2; 1 to 2 over 3 or 4 only
    assert area.links.name[links[ptr[0] : ptr[1]]].tolist() == ["3-4"]
    assert ms[0] == 90_000
    assert ptr[2] - ptr[1] == 2


def test_trips_are_through_traffic_rounded_together(made: Path) -> None:
    area = build_roads(made)
    np.testing.assert_array_equal(area.gateways.node, [0, 1])
    np.testing.assert_array_equal(area.gateways.through, [700, 301])  # 1000.8 in all
    np.testing.assert_array_equal(np.bincount(area.people.home), [700, 301])
    assert (area.people.main != area.people.home).all()
    assert not area.people.resident.any()


def test_a_sample_of_it_stands_for_all(made: Path) -> None:
    area = build_roads(made)
    half = sample(area, 0.5, 1)
    assert len(half.people) == pytest.approx(0.5 * len(area.people), abs=2)
    assert half.represents * len(half.people) == pytest.approx(len(area.people))


def test_a_run_carries_the_trips(made: Path) -> None:
    area = build_roads(made)
    world = World(area, [Citizens(), Vehicles(), Grid()], seed=1)
    world.run(day)
    assert all(balance.holds for balance in world.balances())
    got = {i.indicator: i.value for i in world.indicators() if i.level == "area" and not i.group}
    assert got["car_trips"] == pytest.approx(1001, abs=15)  # who set off just before midnight is under way
    assert got["trips_unrouted"] == 0


def test_reference_networks(reference_data: Data) -> None:
    area = build_roads(reference_data("mobility", "gmns_sioux_falls"))
    assert area.crs == "EPSG:32614"  # South Dakota
    assert len(area.people) == 360_600
    assert [f.rule for f in check_area(area) if f.severity == "error"] == []
    odd = build_roads(reference_data("mobility", "gmns_two_corridor"))  # one way only, which the check tells
    assert {f.rule for f in check_area(odd) if f.severity == "error"} == {"gateway_reachable", "strongly_connected"}


def test_the_command_builds_what_is_read_back(made: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    out = tmp_path_factory.mktemp("out") / "area"
    assert recognise(made) == "roads"
    build_area_from([made], {}, out, name="Two zones", citizens=None, municipality=None, seed=1)
    area: Area = read_area(out)
    assert area.name == "Two zones"
    assert area.digest() == build_roads(made).digest()
    assert "roads_only.day" in area.facts["assumptions"]


def test_nothing_can_be_joined_with_it(made: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--citizens: cannot be joined with the road network"):
        build_area_from([made], {}, tmp_path / "area", name=None, citizens=9, municipality=None, seed=1)


def test_nodes_without_coordinates(made: Path) -> None:
    (made / "Made_node.tntp").write_text(NODE.replace("3 0 90000 ;\n", ""))
    with pytest.raises(InputError, match="1 of 4 nodes have no coordinates, first node 3"):
        build_roads(made)
