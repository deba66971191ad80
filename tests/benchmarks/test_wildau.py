"""Flows of Wildau through the kernel beside its counts, and the routes of flows over a small network."""

from pathlib import Path

import numpy as np

from benchmarks.wildau import drive, edge_network, measure, routes
from scenarios.areas.roads_only import build_roads
from scenarios.areas.sumo_flows import Flow
from tests.scenarios.areas.test_sumo_roads import write


def flow(*edges: str, whole: bool = False) -> Flow:
    return Flow("f", "", edges, np.array([0.0, 5.0]), whole)


def test_routes_pass_what_they_must_and_turn_where_they_may(tmp_path: Path) -> None:
    area = build_roads(write(tmp_path))
    turns = edge_network(area)
    ids = area.facts["link_ids"]
    pairs = {(ids[a], ids[b]) for a, b in zip(turns.tail, turns.head, strict=True)}
    assert pairs == {("ab", "bc"), ("ab", "bd"), ("db", "bc"), ("db", "be")}
    flows = [flow("ab", "bd"), flow("ab", "be"), flow("ab", "ab"), flow("db", "be", whole=True)]
    ways, lost = routes(area, flows)
    assert [[ids[k] for k in way] for way in ways] == [["ab", "bd"], [], ["ab"], ["db", "be"]]  # ab, be: no turn
    assert lost == ["f"]


def test_vehicles_are_counted_where_they_begin_and_pass(tmp_path: Path) -> None:
    area = build_roads(write(tmp_path))
    found = drive(area, [flow("ab", "bd"), flow("ab", "bc"), flow("db", "bc"), flow("ab", "be")])
    assert found.used == {"ab": 4, "bc": 4, "bd": 2, "be": 0, "db": 2}
    assert (found.arrived, found.vehicles) == (6, 8)
    assert found.note == "0 lifted out of jams; flows without a way: f"


def test_wildau_fits_its_counts(reference_data) -> None:
    found = measure(reference_data("mobility", "sumo_wildau"), None)
    assert len(found["rows"]) == 18
    ours = found["runs"]["ours"]
    assert (ours["arrived"], ours["vehicles"]) == (2286, 2286)
    assert max(row["ours"]["geh"] for row in found["rows"]) < 1.5
    by_edge = {row["edge"]: row["ours"]["vehicles"] for row in found["rows"]}
    assert by_edge["26943536#1"] == 297  # its flows begin there: 294 cars and 3 lorries
