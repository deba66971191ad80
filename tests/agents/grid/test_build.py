"""The grid that is built for an area: whole, radial, and strong enough for its own design load."""

from __future__ import annotations

import numpy as np
import pytest

from agents.grid import powerflow, profiles
from agents.grid.build import build_grid
from agents.grid.streets import hilbert
from tests.agents.grid.small_area import chequerboard


def town(_):
    town_module = pytest.importorskip("scenarios.areas.town")
    return town_module.generate_town(2_000)


def delft(reference_data):
    return pytest.importorskip("scenarios.areas.place").build_place(reference_data("osm", "delft.osm.pbf"))


AREAS = {
    "delft": delft,
    "tiny": lambda _: chequerboard(2, houses=3),
    "small": lambda _: chequerboard(),
    "large": lambda _: chequerboard(24),
    "town": town,
}


@pytest.fixture(scope="module", params=sorted(AREAS))
def area(request, reference_data):
    made = AREAS[request.param](reference_data)
    for name, columns in build_grid(made).items():
        made.put(name, columns)
    return made


def peak_w(area):
    peak = profiles.design_peak_w(area.buildings.use, area.buildings.floor_m2, area.buildings.dwellings)
    c = area.connections
    building = c.kind == "building"
    return np.where(building, peak[np.where(building, c.target, 0)], profiles.ASSUMPTIONS["signal_w"][0])


def test_tables_keep_their_rules(area):
    assert list(area.faults()) == []
    assert set(area.feeders.kind[area.connections.feeder]) == {"lv"}
    assert len(np.unique(area.transformers.name)) == len(area.transformers)


def test_one_connection_for_everything_that_uses_power(area):
    c, b = area.connections, area.buildings
    used = np.sum(profiles.annual_kwh(b.use, b.floor_m2, b.dwellings), axis=0) >= profiles.SMALLEST_KWH
    assert sorted(c.target[c.kind == "building"]) == np.flatnonzero(used).tolist()
    assert sorted(c.target[c.kind == "signal"]) == list(range(len(area.signals)))


def test_every_node_is_fed_once(area):
    """Radial as it stands: branches that conduct = live nodes - sources, and nothing is dark."""
    flow = powerflow.of_area(area)
    assert flow.energised().all()
    conducting = int((flow.topology.tail_closed & flow.topology.head_closed).sum())
    assert conducting == len(area.grid_nodes) - len(flow.sources)


def test_a_feeder_is_fed_by_its_own_transformer(area):
    """Opening a station darkens exactly the connections on its feeders; opening a substation darkens some."""
    t, f, c = area.transformers, area.feeders, area.connections
    flow = powerflow.of_area(area)
    for row in np.unique(np.linspace(0, len(t) - 1, 12).astype(int)):
        flow.open("transformer", row)
        dark = ~flow.energised()[c.grid_node]
        flow.close("transformer", row)
        if t.kind[row] == "mv_lv":
            np.testing.assert_array_equal(dark, f.transformer[c.feeder] == row)
        else:
            assert dark.any()


def test_rings_can_be_fed_from_the_other_side(area):
    """With the open points closed, losing any one medium-voltage cable leaves nobody dark."""
    flow = powerflow.of_area(area)
    mv = np.flatnonzero(area.feeders.kind[area.cables.feeder] == "mv")
    for row in mv[~area.cables.closed[mv]]:
        flow.close("cable", row)
    for row in mv[:: max(1, len(mv) // 20)]:
        flow.open("cable", row)
        assert flow.energised().all()
        flow.close("cable", row)


def test_design_load_does_not_overload(area):
    flow = powerflow.of_area(area)
    load = np.bincount(area.connections.grid_node, peak_w(area), len(area.grid_nodes))[flow.load_nodes]
    flow.set_loads(load, 0.25 * load)
    state = flow.solve()
    assert state.voltage.min() > 0.9
    assert state.voltage.max() < 1.1
    assert state.transformer.max() <= 1.0
    assert state.cable.max() <= 1.0
    assert 0 < state.losses_w < 0.06 * state.source_w


def test_feeders_are_of_a_usual_size(area):
    lv = area.feeders.kind == "lv"
    size = np.bincount(area.connections.feeder, minlength=len(area.feeders))[lv]
    assert size.min() >= 1
    per_station = np.bincount(area.feeders.transformer[lv], minlength=len(area.transformers))
    assert per_station.max() <= 16
    length = area.cables.length[area.feeders.kind[area.cables.feeder] == "lv"]
    assert length.max() < 1500


def test_same_area_same_grid():
    first, second = build_grid(chequerboard()), build_grid(chequerboard())
    for name, columns in first.items():
        for column, values in columns.items():
            assert np.array_equal(values, second[name][column]), (name, column)


def test_an_area_without_use_of_power_gets_no_grid():
    area = chequerboard(3)
    area.put("buildings", {k: v[:0] for k, v in vars(area.buildings).items()})
    area.put("signals", {})
    assert all(len(columns) == 0 for columns in build_grid(area).values())


def test_separate_parts_of_the_streets_are_all_served():
    area = chequerboard(6)
    keep = (area.links.tail // 6 < 3) == (area.links.head // 6 < 3)  # cut the streets between two halves
    area.put("links", {k: v[keep] for k, v in vars(area.links).items()})
    for name, columns in build_grid(area).items():
        area.put(name, columns)
    assert powerflow.of_area(area).energised().all()


def test_hilbert_curve_visits_every_cell_by_steps_of_one():
    x, y = (v.ravel().astype(float) for v in np.meshgrid(np.arange(16), np.arange(16)))
    order = np.argsort(hilbert(x, y, order=4))
    assert (np.abs(np.diff(x[order])) + np.abs(np.diff(y[order])) == 1).all()


def test_every_feeder_has_a_cable_and_every_ring_one_open_point(area):
    count = np.bincount(area.cables.feeder, minlength=len(area.feeders))
    assert count.min() >= 1
    mv = area.feeders.kind == "mv"
    opened = ~area.cables.closed
    assert opened.sum() == mv.sum() / 2
    assert mv[area.cables.feeder[opened]].all()
