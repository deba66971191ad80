"""Networks in TNTP format: a small one written by hand, and folders that are broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scenarios.areas.road_network import RoadNetwork
from scenarios.areas.tntp import Units, looks_like_tntp, read_tntp
from twin.errors import InputError

NET = """<NUMBER OF ZONES> 2
<NUMBER OF NODES> 4
<FIRST THRU NODE> 3
<NUMBER OF LINKS> 5
<ORIGINAL HEADER>~ tail head capacity (veh/h) length (ft) fftt(min) B Power speed limit (mph) toll (cents) type
<END OF METADATA>


~ \tinit_node\tterm_node\tcapacity\tlength\tfree_flow_time\tb\tpower\tspeed\ttoll\tlink_type\t;
\t1\t3\t2000\t1000\t2\t0.15\t4\t0\t30\t1\t;
\t3\t4\t3900\t500\t1.5\t0.15\t4\t0\t0\t1;
~ a comment between rows
\t4\t2\t1\t0\t0\t0\t0\t0\t0\t3\t;
\t3\t2\t1000\t2000\t5\t0.15\t4 ; two columns are left out
\t3\t4\t100\t500\t1\t0.15\t4\t0\t0\t1\t;
"""
TRIPS = """<NUMBER OF ZONES> 2
<TOTAL OD FLOW> 12.5
<END OF METADATA>

~ made by hand
Origin \t1
    1 :     2.0;     2 :    10.5;
Origin 2
"""
NODE = "Node\tX\tY\t;\n1\t0\t0\t;\n2\t30\t40.5\t;\n4\t-1e1\t7\t;\n"
README = """## Units
Time: hours
Distance: kilometers
Cost: cents

## Generalized Cost Weights
Toll: 0.5 hours/cent
Distance: 0.25 hours/km
"""


def folder(
    tmp_path: Path, net: str = NET, trips: str = TRIPS, node: str | None = NODE, readme: str | None = None
) -> Path:
    files = {"Made_net.tntp": net, "Made_trips.tntp": trips, "Made_node.tntp": node, "README.md": readme}
    for name, text in files.items():
        if text is not None:
            (tmp_path / name).write_text(text)
    return tmp_path


def plain(tmp_path: Path, **files: Any) -> RoadNetwork:
    return read_tntp(folder(tmp_path, **files))


def faults(where: Path) -> str:
    with pytest.raises(InputError) as error:
        read_tntp(where)
    return str(error.value)


def test_a_small_network(tmp_path: Path) -> None:
    net = plain(tmp_path)
    assert net.name == "Made"
    np.testing.assert_array_equal(net.node_id, [1, 2, 3, 4])
    np.testing.assert_array_equal(net.tail, [0, 2, 3, 2])  # the second link from 3 to 4 is left out
    np.testing.assert_array_equal(net.head, [2, 3, 1, 1])
    np.testing.assert_allclose(net.length, [304.8, 152.4, 1.0, 609.6])  # feet, as the heading says; none: 1 m
    np.testing.assert_allclose(net.free, [120.0, 90.0, 0.0, 300.0])  # minutes
    np.testing.assert_allclose(net.capacity, [2000, 3900, 1, 1000])
    np.testing.assert_allclose(net.lanes, [2, 3, 1, 1])  # one per 1,900 veh/h
    np.testing.assert_allclose(net.alpha, [0.15, 0.15, 0, 0.15])
    np.testing.assert_allclose(net.fixed, 0.0)
    assert net.first_through == 2
    np.testing.assert_array_equal((net.origin, net.destination, net.trips), ([0], [1], [10.5]))
    np.testing.assert_array_equal(net.x, [0.0, 30.0, np.nan, -10.0])
    np.testing.assert_array_equal(net.y, [0.0, 40.5, np.nan, 7.0])
    assert net.account.read == {"pairs with trips": 2, "nodes": 4, "links": 4}
    assert net.account.dropped == {
        "second links between the same nodes": 1,
        "pairs within one node, which need no road": 1,
    }
    assert net.account.repaired == {"links of length 0, given 1 m": 1, "links without lanes, told from capacity": 4}
    assert net.account.unplaced == {"nodes without coordinates": 1}
    assert net.account.notes == []


def test_the_readme_states_units_and_what_toll_and_distance_cost(tmp_path: Path) -> None:
    net = plain(tmp_path, readme=README)
    np.testing.assert_allclose(net.free, [7200.0, 5400.0, 0.0, 18000.0])
    np.testing.assert_allclose(net.length, [1e6, 5e5, 1.0, 2e6])
    np.testing.assert_allclose(net.fixed, 3600.0 * np.array([0.5 * 30 + 0.25 * 1000, 125.0, 0.0, 500.0]))
    assert net.time_unit == 3600.0


def test_the_caller_knows_better(tmp_path: Path) -> None:
    net = read_tntp(plain(tmp_path, readme=README) and tmp_path, Units(time=36.0, length=10.0, toll=2.0))
    np.testing.assert_allclose(net.free, [72.0, 54.0, 0.0, 180.0])
    np.testing.assert_allclose(net.length, [1e4, 5e3, 1.0, 2e4])
    np.testing.assert_allclose(net.fixed, [36.0 * 60, 0, 0, 0])


def test_units_that_nobody_states_are_said_to_be_assumed(tmp_path: Path) -> None:
    net = plain(tmp_path, net=NET.replace("(ft)", "").replace("fftt(min)", "t"))
    assert net.account.notes == [
        "states no unit of time: minutes assumed",
        "states no unit of length: miles assumed",
    ]
    np.testing.assert_allclose(net.length[0], 1000 * 1609.344)


def test_without_coordinates(tmp_path: Path) -> None:
    net = plain(tmp_path, node=None)
    assert np.isnan(net.x).all()
    assert net.account.notes == ["has no coordinates"]


def test_trips_that_do_not_add_up_are_told(tmp_path: Path) -> None:
    net = plain(tmp_path, trips=TRIPS.replace("12.5", "99"))
    assert net.account.notes == ["its heading says 99.0 trips, its pairs hold 12.5"]


def test_all_faults_at_once_with_row_and_column(tmp_path: Path) -> None:
    net = NET.replace("\t1\t3\t2000", "\t9\t3\t-5").replace("\t3900\t500", "\tmany\t-500").replace("\t0.15\t4 ;", ";")
    told = faults(
        folder(tmp_path, net, TRIPS.replace("1 :     2.0", "7 : x").replace("Origin 2", "3 4"), NODE.replace("7", "n"))
    )
    for wanted in (
        "Made_net.tntp: row 10, column init_node: is 9; allowed: one of the 4 nodes; remedy: add it, or take the row out",
        "Made_net.tntp: row 10, column capacity: is '-5'; allowed: a number of 0 or more; remedy: correct the cell",
        "Made_net.tntp: row 11, column capacity: is 'many'",
        "Made_net.tntp: row 11, column length: is '-500'",
        "Made_net.tntp: row 14: has 5 columns",
        "Made_net.tntp: holds 4 links, its heading says 5",
        "Made_trips.tntp: row 7, column destination: is 7; allowed: one of the 2 zones",
        "Made_trips.tntp: row 7, column trips: is 'x'",
        "Made_trips.tntp: row 8: '3 4' is no pair",
        "Made_node.tntp: row 4, column y: is 'n'; allowed: a number;",
    ):
        assert wanted in told


def test_a_capacity_of_0_is_refused_where_it_would_divide(tmp_path: Path) -> None:
    told = faults(folder(tmp_path, NET.replace("\t2000", "\t0")))
    assert told == (
        "Made_net.tntp: row 10, column capacity: is 0; allowed: more than 0, or an alpha (b) of 0; "
        "remedy: give the capacity, or take the link out if it is closed"
    )


@pytest.mark.parametrize("key", ["NUMBER OF ZONES", "NUMBER OF NODES", "FIRST THRU NODE"])
def test_metadata_that_is_missing(tmp_path: Path, key: str) -> None:
    told = faults(folder(tmp_path, NET.replace(f"<{key}>", "<SOMETHING>")))
    assert f"Made_net.tntp: <{key}>: is ''; allowed: a whole number of 1 or more" in told


def test_a_folder_without_or_with_two_of_a_kind(tmp_path: Path) -> None:
    (tmp_path / "A_net.tntp").write_text(NET)
    (tmp_path / "B_net.tntp").write_text(NET)
    assert not looks_like_tntp(tmp_path)
    told = faults(tmp_path)
    assert "2 files (A_net.tntp, B_net.tntp)" in told
    assert "*_trips.tntp: 0 files (none)" in told
    assert "is no folder" in faults(tmp_path / "A_net.tntp")


def test_many_faults_of_a_column_are_counted(tmp_path: Path) -> None:
    rows = "\n".join(f"{k} : -1 ;" for k in range(1, 31))
    told = faults(folder(tmp_path, NET.replace("OF ZONES> 2", "OF ZONES> 40"), f"Origin 1\n{rows}\n"))
    assert "Made_trips.tntp: column trips: 10 more rows are wrong" in told
