"""Areas written as GMNS and read back: nothing that the format can hold is lost."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from scenarios.areas import build
from scenarios.areas.gmns_writing import write_gmns
from scenarios.areas.roads_only import build_roads
from tests.small_run import small_area
from twin.area import Area
from twin.network import Network

Data = Callable[..., Path]
HELD = {
    "nodes": ("x", "y", "kind"),
    "links": (
        *("tail", "head", "length", "speed", "lanes", "capacity", "car", "bicycle", "walk", "road_class", "name"),
        *("roundabout", "osm_id", "rule", "origin"),
    ),
    "turns": ("from_link", "via", "to_link"),
}


def back(area: Area, folder: Path) -> Area:
    write_gmns(area, folder)
    return build_roads(folder)


def assert_same(got: Area, wanted: Area) -> None:
    for table, columns in HELD.items():
        for column in columns:
            a, b = got.tables[table][column], wanted.tables[table][column]
            if a.dtype.kind == "f":
                np.testing.assert_allclose(a, b, rtol=1e-12, err_msg=column)
            else:
                np.testing.assert_array_equal(a, b, err_msg=column)
    for a, b in zip(got.geometry("links"), wanted.geometry("links"), strict=True):
        np.testing.assert_array_equal(np.array(a.coords), np.array(b.coords))
    assert got.crs == wanted.crs


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_town_comes_back(tmp_path: Path) -> None:
    town = build("town", citizens=2000)
    assert not town.links.car.all()
    assert_same(back(town, tmp_path), town)


def test_turns_come_back(tmp_path: Path) -> None:
    area = small_area()  # links 0, 1, 2 run east over the nodes 0 to 3, links 3, 4, 5 back west
    area.put("turns", {"from_link": [0, 1, 4], "to_link": [3, 4, 1], "via": [-1, -1, -1]})
    again = back(area, tmp_path)
    assert_same(again, area)
    assert rows(tmp_path, "movement") == [
        {"mvmt_id": "0", "node_id": "1", "ib_link_id": "0", "ob_link_id": "1", "type": "thru"},
        {"mvmt_id": "1", "node_id": "1", "ib_link_id": "4", "ob_link_id": "3", "type": "thru"},
        {"mvmt_id": "2", "node_id": "2", "ib_link_id": "1", "ob_link_id": "2", "type": "thru"},
        {"mvmt_id": "3", "node_id": "2", "ib_link_id": "5", "ob_link_id": "2", "type": "uturn"},
        {"mvmt_id": "4", "node_id": "2", "ib_link_id": "5", "ob_link_id": "4", "type": "thru"},
    ]
    found = [(net.arcs.tail, net.arcs.head) for net in (Network.of(again), Network.of(area))]
    np.testing.assert_array_equal(*found)


def test_what_gmns_cannot_hold_is_counted(tmp_path: Path) -> None:
    area = small_area()
    area.put("turns", {"from_link": [0], "via": [1], "to_link": [4]})
    assert write_gmns(area, tmp_path) == {
        "banned turns over a link between": 1,
        "signal plans (their junctions have ctrl_type signal)": 1,
    }
    assert [row["ctrl_type"] for row in rows(tmp_path, "node")] == ["none", "signal", "none", "none"]
    assert not (tmp_path / "movement.csv").exists()


def test_units_are_stated_and_meant(tmp_path: Path) -> None:
    area = small_area()
    area.links.lanes[0], area.links.capacity[0] = 2, 1.0
    area.links.car[1] = False
    write_gmns(area, tmp_path)
    (config,) = rows(tmp_path, "config")
    assert (config["long_length"], config["speed"], config["crs"]) == ("km", "km/h", "EPSG:28992")
    first, second = rows(tmp_path, "link")[:2]
    assert float(first["length"]) == pytest.approx(0.3)  # km
    assert float(first["free_speed"]) == pytest.approx(50.04)  # km/h
    assert float(first["capacity"]) == pytest.approx(1800.0)  # per hour and lane
    assert first["allowed_uses"] == "auto,bike,walk"
    assert (second["lanes"], second["allowed_uses"]) == ("0", "bike,walk")
    assert first["geometry"] == "LINESTRING (0 0, 300 0)"


def test_a_real_network_with_turns_and_footways_comes_back(reference_data: Data, tmp_path: Path) -> None:
    area = build_roads(reference_data("mobility", "sumo_wildau"))
    assert not area.links.car.all()
    lost = write_gmns(area, tmp_path)[
        "banned turns where no turn is allowed"
    ]  # where a street ends: movement.csv has no row
    assert (len(area.turns), lost) == (550, 10)
    again = build_roads(tmp_path)
    assert len(again.turns) == 540
    assert len(again.people) == 2286
    pairs = [set(zip(a.turns.from_link.tolist(), a.turns.to_link.tolist(), strict=True)) for a in (again, area)]
    assert pairs[0] < pairs[1]
    area.put("turns", vars(again.turns))
    assert_same(again, area)


def test_a_network_with_trips_keeps_them(reference_data: Data, tmp_path: Path) -> None:
    area = build_roads(reference_data("mobility", "gmns_sioux_falls"))
    again = back(area, tmp_path)
    assert_same(again, area)
    assert len(again.people) == 360_600
    pairs = [np.unique(np.stack([a.people.home, a.people.main]), axis=1, return_counts=True) for a in (area, again)]
    np.testing.assert_array_equal(pairs[0][0], pairs[1][0])
    np.testing.assert_array_equal(pairs[0][1], pairs[1][1])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("auto,bike,walk", "rail"), "links that nobody may use who is here"),
        (("LINESTRING (0 0, 300 0)", "LINESTRING (0 0"), "links whose geometry is no WKT line, drawn straight"),
    ],
)
def test_what_is_strange_is_counted(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    write_gmns(small_area(), tmp_path)
    file = tmp_path / "link.csv"
    file.write_text(file.read_text().replace(*change, 1))
    (account,) = build_roads(tmp_path).facts["sources"]
    assert {**account["repaired"], **account["dropped"]}[said] == 1


def test_movements_of_unknown_links_are_counted(tmp_path: Path) -> None:
    area = small_area()
    area.put("turns", {"from_link": [0], "to_link": [3], "via": [-1]})
    write_gmns(area, tmp_path)
    file = tmp_path / "movement.csv"
    file.write_text(file.read_text() + "9,1,99,3,thru\n10,1,0,2,thru\n")
    again = build_roads(tmp_path)
    (account,) = again.facts["sources"]
    assert account["dropped"]["movements between links that are unknown or do not meet"] == 2
    np.testing.assert_array_equal(again.turns.from_link, [0])


def test_a_system_that_is_none_is_refused(tmp_path: Path) -> None:
    from twin.errors import InputError

    write_gmns(small_area(), tmp_path)
    file = tmp_path / "config.csv"
    file.write_text(file.read_text().replace("EPSG:28992", "EPSG:0"))
    with pytest.raises(InputError, match="'EPSG:0' is no known coordinate system"):
        build_roads(tmp_path)


def test_degrees_are_projected(tmp_path: Path) -> None:
    import pyproj

    area = small_area()
    area.nodes.x[:] += 85_000.0
    area.nodes.y[:] += 446_000.0
    write_gmns(area, tmp_path)
    to_degrees = pyproj.Transformer.from_crs("EPSG:28992", "EPSG:4326", always_xy=True).transform
    for name, change in (("config", lambda t: t.replace("EPSG:28992", "EPSG:4326")), ("node", None)):
        file = tmp_path / f"{name}.csv"
        if change:
            file.write_text(change(file.read_text()))
            continue
        lines = []
        for row in rows(tmp_path, "node"):
            lon, lat = to_degrees(float(row["x_coord"]), float(row["y_coord"]))
            lines.append(f"{row['node_id']},{lon!r},{lat!r}")
        file.write_text("node_id,x_coord,y_coord\n" + "\n".join(lines) + "\n")
    again = build_roads(tmp_path)
    assert again.crs == "EPSG:28992"
    np.testing.assert_allclose(again.nodes.x, area.nodes.x, atol=1e-3)
