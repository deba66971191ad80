"""Networks in GMNS format: those of the reference data, a small one written by hand, and folders that are broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from scenarios.areas.gmns import read_gmns
from scenarios.areas.recognise import recognise
from twin.errors import InputError

Data = Callable[..., Path]
NODE = "node_id,zone_id,x_coord,y_coord\n10,1,0,0\n20,,1,0\n30,2,1,1\n31,2,1.5,\n"
LINK = """link_id,from_node_id,to_node_id,directed,length,lanes,capacity,free_speed
1,10,20,1,2,2,1800,60
2,20,30,0,3,,,30
3,30,10,true,0,1,900,30
"""
DEMAND = "o_zone_id,d_zone_id,volume\n1,2,500\n2,1,0\n2,2,7\n"
CONFIG = "dataset_name,long_length,speed\nmade,kilometers,km/h\n"


def folder(tmp_path: Path, **texts: str) -> Path:
    files = {"node": NODE, "link": LINK, "demand": DEMAND, **texts}
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def faults(where: Path) -> list[str]:
    with pytest.raises(InputError) as error:
        read_gmns(where)
    return [str(fault) for fault in error.value.faults]


def test_a_small_network(tmp_path: Path) -> None:
    net = read_gmns(folder(tmp_path, config=CONFIG))
    np.testing.assert_array_equal(net.node_id, [10, 20, 30, 31])
    np.testing.assert_array_equal(net.tail, [0, 1, 2, 2])  # the second link is open both ways
    np.testing.assert_array_equal(net.head, [1, 2, 0, 1])
    np.testing.assert_allclose(net.length, [2000, 3000, 1, 3000])
    np.testing.assert_allclose(net.free, [120, 360, 0.12, 360])
    np.testing.assert_allclose(net.lanes, [2, 1, 1, 1])
    np.testing.assert_allclose(net.capacity, [3600, 1900, 900, 1900])  # per lane, by the specification
    np.testing.assert_array_equal(net.y, [0, 0, 1, np.nan])
    np.testing.assert_array_equal((net.origin, net.destination, net.trips), ([0], [2], [500]))
    assert net.account.repaired == {
        "links of length 0, given 1 m": 1,
        "links without lanes, given 1": 1,
        "links without capacity, given 1900": 1,
        "links without alpha, given 0.15": 3,
        "links without beta, given 4": 3,
        "links open both ways, made two": 1,
    }
    assert net.account.dropped == {
        "further nodes of a zone as ends of its trips": 1,
        "pairs within one node, which need no road": 1,
    }
    assert net.account.notes == []


def test_miles_are_assumed_and_said(tmp_path: Path) -> None:
    net = read_gmns(folder(tmp_path))
    np.testing.assert_allclose(net.length[0], 2 * 1609.344)
    np.testing.assert_allclose(net.free[0], 120.0)
    assert net.account.notes == ["has no config.csv: miles and miles per hour assumed"]


def test_a_link_against_its_direction(tmp_path: Path) -> None:
    net = read_gmns(folder(tmp_path, link=LINK.replace("directed", "dir_flag").replace("1,10,20,1", "1,10,20,-1")))
    np.testing.assert_array_equal(net.tail, [1, 2, 1, 2])
    np.testing.assert_array_equal(net.head, [2, 0, 0, 1])


def test_sioux_falls(reference_data: Data) -> None:
    net = read_gmns(reference_data("mobility", "gmns_sioux_falls"))
    assert (len(net.node_id), len(net.tail), len(net.trips), net.trips.sum()) == (24, 76, 528, 360_600)
    np.testing.assert_allclose((net.free[0], net.capacity[0], net.alpha[0], net.beta[0]), (360, 25900.20064, 0.15, 4))
    np.testing.assert_allclose(net.free, net.length / 1609.344 / 60.0 * 3600.0)  # its speeds of 60 mph say the same


def test_the_capacity_of_a_delay_function_is_of_all_lanes(reference_data: Data) -> None:
    net = read_gmns(reference_data("mobility", "gmns_braess_paradox"))
    np.testing.assert_allclose(net.capacity, [100, 5700, 5700, 100])
    np.testing.assert_allclose(net.lanes, [1, 3, 3, 1])


@pytest.mark.parametrize("name", ["gmns_sioux_falls", "gmns_braess_paradox", "gmns_two_corridor"])
def test_folders_are_recognised(reference_data: Data, name: str) -> None:
    assert recognise(reference_data("mobility", name)) == "roads"


def test_without_trips(tmp_path: Path) -> None:
    (folder(tmp_path) / "demand.csv").unlink()
    net = read_gmns(tmp_path)
    assert len(net.trips) == 0
    assert "has no demand.csv: no trips" in net.account.notes


def test_zero_speed_zero_lanes_and_unknown_ends_all_at_once(tmp_path: Path) -> None:
    link = LINK.replace("2,2,1800,60", "2,0,1800,0").replace("3,,,30", "x,,-1,").replace("3,30,10", "3,30,99")
    told = faults(folder(tmp_path, link=link))
    for wanted in (
        "link.csv: row 2, column lanes: is '0'; allowed: a number of 1 or more; remedy: correct the cell",
        "link.csv: row 2, column free_speed: is '0'",
        "link.csv: row 3, column free_speed: is ''",
        "link.csv: row 3, column length: is 'x'",
        "link.csv: row 3, column capacity: is '-1'",
        "link.csv: row 4, column to_node_id: is 99; allowed: one of the 4 nodes",
    ):
        assert any(text.startswith(wanted) for text in told), wanted
    assert len(told) == 6


def test_a_speed_of_0_is_told_as_such(tmp_path: Path) -> None:
    told = faults(folder(tmp_path, link=LINK.replace(",60\n", ",0\n")))
    assert told == ["link.csv: row 2, column free_speed: is '0'; allowed: a number above 0; remedy: correct the cell"]


def test_zones_without_nodes_and_wrong_volumes(tmp_path: Path) -> None:
    told = faults(folder(tmp_path, demand=DEMAND + "5,1,3\n1,2,-3\n"))
    assert told == [
        "demand.csv: row 6, column volume: is '-3'; allowed: a number of 0 or more; remedy: correct the cell",
        "demand.csv: row 5, column o_zone_id: zone '5' has no node; allowed: one of 2 zones",
    ]


def test_columns_that_are_missing_and_rows_cut_off(tmp_path: Path) -> None:
    told = faults(
        folder(tmp_path, link=LINK.replace("from_node_id", "start") + "4,10\n", node=NODE.replace("node_id", "id"))
    )
    assert "node.csv: has no column node_id; allowed: node_id; remedy: add the column" in told
    assert "link.csv: has no column from_node_id; allowed: from_node_id or from_node; remedy: add the column" in told
    assert "link.csv: row 5: has 2 columns; allowed: 8, as its heading" in told


def test_a_node_twice(tmp_path: Path) -> None:
    assert faults(folder(tmp_path, node=NODE.replace("31,", "30,"))) == [
        "node.csv: row 4, column node_id: 30 is there twice; allowed: once"
    ]


def test_ids_that_are_names(tmp_path: Path) -> None:
    node = NODE.replace("10,1", "A1,1").replace("20,,", "b,,")
    link = LINK.replace("1,10,20", "1,A1,b").replace("2,20,", "2,b,").replace("3,30,10", "3,30,A1")
    net = read_gmns(folder(tmp_path, node=node, link=link))
    plain = read_gmns(folder(tmp_path))
    np.testing.assert_array_equal(net.tail, plain.tail)
    np.testing.assert_array_equal(net.head, plain.head)
    assert "ids of nodes are names: numbered by their rows" in net.account.notes
    (told,) = faults(folder(tmp_path, node=node, link=link.replace("3,30,A1", "3,30,Z")))
    assert told.startswith("link.csv: row 4, column to_node_id: is 'node Z'")
    twice = faults(folder(tmp_path, node=node.replace("30,2", "b,2"), link=link))
    assert any("column node_id: 2 is there twice" in text for text in twice)


def test_units_that_are_unknown(tmp_path: Path) -> None:
    told = faults(folder(tmp_path, config=CONFIG.replace("kilometers", "leagues")))
    assert told[0].startswith("config.csv: length: is 'leagues'; allowed: m, meter")


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    assert "holds no node.csv and link.csv" in faults(tmp_path)[0]
