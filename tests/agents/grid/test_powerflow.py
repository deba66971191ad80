"""Power flow against solved cases, the closed formula and itself."""

from __future__ import annotations

import json

import numpy as np
import pytest

from agents.grid.cases import CaseGrid
from agents.grid.powerflow import NotSolvedError, PowerFlow
from scenarios.verification.grids import judge_grid

SOLVED = ("two_bus_a", "cigre_lv", "kerber_dorfnetz", "simbench_lv_rural1_day", "simbench_mv_semiurb_day")


@pytest.mark.parametrize("name", SOLVED)
def test_power_flow_against_solved_cases(reference_data, name):
    rows = judge_grid(json.loads(reference_data("grid", f"{name}.json").read_text()))
    assert len(rows) >= 7
    assert [row for row in rows if row.verdict != "passed"] == []


def two_bus(p=60e3, q=20e3, r=0.08, x=0.04, **more):
    flow = PowerFlow(
        [400.0, 400.0],
        {k: np.zeros(0) for k in ("hv_node", "lv_node", "rating", "uk", "pk", "p0", "i0", "clock")},
        {"tail": [0], "head": [1], "r": [r], "x": [x], "c": [0.0], "i_max": [1000.0]},
        [0],
        load_nodes=[1],
        **more,
    )
    flow.set_loads([p], [q])
    return flow


@pytest.mark.parametrize(("p", "q"), [(60e3, 20e3), (-40e3, 5e3), (0.0, 0.0), (120e3, -60e3)])
def test_two_nodes_against_the_biquadratic_formula(p, q):
    got = two_bus(p, q).solve()
    r, x = 0.08 / 0.16, 0.04 / 0.16  # pu of 1 MVA
    p, q = p / 1e6, q / 1e6
    b = 2 * (p * r + q * x) - 1.0
    expected = np.sqrt((-b + np.sqrt(b * b - 4 * (p * p + q * q) * (r * r + x * x))) / 2)
    assert got.voltage[1] == pytest.approx(expected, abs=1e-9)
    assert got.source_w == pytest.approx(got.load_w + got.losses_w)


def test_too_much_load_names_the_steps():
    flow = two_bus()
    flow.set_loads([5e6], [0.0])
    with pytest.raises(NotSolvedError, match="step 0"):
        flow.solve()
    series = np.full((6, 1), 60e3)
    series[[2, 5]] = 9e6
    with pytest.raises(NotSolvedError, match="step 2, 5") as error:
        flow.solve_series(series, 0.3 * series)
    assert list(error.value.steps) == [2, 5]


def test_blackout_and_islands_do_not_crash():
    flow = two_bus()
    flow.open("cable", 0)
    dark = flow.solve()
    assert not dark.energised[1]
    assert dark.voltage[1] == 0
    assert dark.load_w == 0
    assert abs(dark.losses_w) < 1e-6
    assert not flow.solve_series(np.full((3, 1), 6e4), np.zeros((3, 1))).energised[:, 1].any()
    flow.close("cable", 0)
    assert flow.solve().energised.all()
    flow.open("cable", 0, "head")  # charged from one end: live cable, dead node
    assert not flow.solve().energised[1]


def test_series_equals_single_steps(reference_data):
    case = json.loads(reference_data("grid", "simbench_lv_rural1_day.json").read_text())
    grid = CaseGrid(case["input"])
    p, q = grid.day(case["day"])
    series = grid.flow.solve_series(p, q)
    for step in (0, 40, 95):
        grid.flow.set_loads(p[step], q[step])
        one = grid.flow.solve()
        np.testing.assert_allclose(one.voltage, series.voltage[step], atol=1e-9)
        np.testing.assert_allclose(one.transformer, series.transformer[step], atol=1e-7)
        assert one.losses_w == pytest.approx(series.losses_w[step], abs=1e-2)


@pytest.mark.parametrize("name", SOLVED[1:])
def test_graph_search_equals_the_solver(reference_data, name):
    case = json.loads(reference_data("grid", f"{name}.json").read_text())
    grid = CaseGrid(case["input"])
    rng = np.random.default_rng(3)
    for _ in range(20):
        opened = rng.choice(len(grid.lines), min(3, len(grid.lines)), replace=False)
        was = [(grid.flow.topology.tail_closed.copy(), grid.flow.topology.head_closed.copy())][0]
        for row in opened:
            grid.flow.open("cable", int(row))
        state = grid.flow.solve()
        assert np.array_equal(state.voltage > 0, grid.flow.energised())
        first = grid.flow._slice("cable").start
        for row in opened:
            grid.flow.switch("cable", int(row), bool(was[0][first + row]), "tail")
            grid.flow.switch("cable", int(row), bool(was[1][first + row]), "head")
