"""Solved grid cases on agents.grid.powerflow: base case, series of steps, outage sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from scenarios.verification.registry import Row, compare

VOLTAGE = 1e-6  # pu
LOADING = 1e-3  # percentage points: files carry a few more digits
POWER = 1e-5  # relative


def judge_grid(case: Mapping[str, Any]) -> list[Row]:
    """Rows of one solved case: the largest differences of each kind, and the outage sets that are not equal."""
    from agents.grid.cases import CaseGrid

    grid, name = CaseGrid(case["input"]), str(case["name"])
    rows = list(_base(grid, name, case.get("reference", {})))
    if "day" in case:
        rows += _day(grid, name, case["day"])
    if "outages" in case:
        wrong = [f"{o['trip']} {o['id']}" for o in case["outages"] if not _same_outage(grid, o)]
        total = len(case["outages"])
        rows.append(
            Row(
                name,
                "outage sets",
                total,
                total - len(wrong),
                "equal",
                "failed" if wrong else "passed",
                "; ".join(wrong[:5]),
            )
        )
    return rows


def _base(grid: Any, name: str, wanted: Mapping[str, Any]) -> Iterator[Row]:
    state = grid.flow.solve()
    nodes = {i: (state.voltage[row] if state.energised[row] else None) for i, row in grid.nodes.items()}
    yield _largest(name, "voltage, pu", wanted.get("vm_pu", {}), nodes, VOLTAGE)
    # a transformer turns angles by multiples of 360 degrees
    angle = {i: np.degrees(state.angle[row]) for i, row in grid.nodes.items() if state.energised[row]}
    turned = {
        i: value + 360.0 * round((wanted.get("va_deg", {}).get(str(i), value) or 0.0) / 360.0 - value / 360.0)
        for i, value in angle.items()
    }
    yield _largest(name, "angle, degrees", wanted.get("va_deg", {}), turned, 1e-4)
    yield _largest(
        name,
        "line loading, %",
        wanted.get("line_loading_percent", {}),
        {i: 100 * state.cable[row] for i, row in grid.lines.items()},
        LOADING,
    )
    yield _largest(
        name,
        "transformer loading, %",
        wanted.get("transformer_loading_percent", {}),
        {i: 100 * state.transformer[row] for i, row in grid.transformers.items()},
        LOADING,
    )
    size = max(1.0, abs(float(state.source_w)) / 1e3)
    for key, got in (
        ("losses_kw", state.losses_w),
        ("source_p_kw", state.source_w),
        ("source_q_kvar", state.source_var),
    ):
        if key in wanted:
            yield compare(name, key, wanted[key], float(got) / 1e3, POWER * size)
    dead = sorted(i for i, row in grid.nodes.items() if not state.energised[row])
    if "dead_nodes" in wanted:
        same = dead == sorted(wanted["dead_nodes"])
        yield Row(name, "dead nodes", len(wanted["dead_nodes"]), len(dead), "equal", "passed" if same else "failed")
    if "closed_form_vm_pu_node_1" in wanted:
        yield compare(
            name, "closed form", wanted["closed_form_vm_pu_node_1"], float(state.voltage[grid.nodes[1]]), VOLTAGE
        )


def _largest(name: str, quantity: str, wanted: Mapping[str, Any], got: Mapping[int, Any], allowed: float) -> Row:
    """The worst of many values. A dead node is null in the file and None here; one without the other fails."""
    worst, at = 0.0, None
    for key, value in wanted.items():
        found = got.get(int(key))
        off = (
            0.0 if value is None and found is None else np.inf if value is None or found is None else abs(found - value)
        )
        if off > worst or at is None:
            worst, at = float(off), key
    if at is None:
        return Row(name, quantity, None, None, "", "passed", "none in the file")
    return Row(
        name,
        f"{quantity} (worst of {len(wanted)}: {at})",
        wanted[at],
        got.get(int(at)),
        f"+- {allowed:g}",
        "passed" if worst <= allowed else "failed",
    )


def _day(grid: Any, name: str, day: Mapping[str, Any]) -> Iterator[Row]:
    p, q = grid.day(day)
    state = grid.flow.solve_series(p, q)
    wanted = day["reference"]
    live = np.where(state.energised, state.voltage, np.nan)
    series = {
        "vm_min_pu": (np.nanmin(live, axis=1), VOLTAGE),
        "vm_max_pu": (np.nanmax(live, axis=1), VOLTAGE),
        "max_line_loading_percent": (100 * state.cable.max(axis=1, initial=0.0), LOADING),
    }
    for key, (got, allowed) in series.items():
        if key in wanted:
            yield _series(name, f"day {key}", wanted[key], got, allowed)
    if "transformer_loading_percent" in wanted:
        yield _table(
            name, "day transformer loading, %", wanted["transformer_loading_percent"], 100 * state.transformer, LOADING
        )
    for step, values in wanted.get("vm_pu_at_steps", {}).items():
        got = live[int(step)]
        yield _table(name, f"day step {step} voltage, pu", [np.nan if v is None else v for v in values], got, VOLTAGE)


def _table(name: str, quantity: str, wanted: Any, got: Any, allowed: float) -> Row:
    """The worst of a list in the order of the file's nodes or transformers, or of steps times these."""
    wanted = np.asarray(wanted, float)
    if wanted.shape != got.shape:
        return Row(name, quantity, f"shape {wanted.shape}", f"shape {got.shape}", "equal", "failed")
    off = np.where(np.isnan(wanted) & np.isnan(got), 0.0, np.abs(wanted - got)).ravel()
    at = int(np.where(np.isnan(off), np.inf, off).argmax())
    return Row(
        name,
        f"{quantity} (worst of {off.size})",
        float(wanted.flat[at]),
        float(got.flat[at]),
        f"+- {allowed:g}",
        "passed" if off[at] <= allowed else "failed",
    )


def _series(name: str, quantity: str, wanted: Any, got: Any, allowed: float) -> Row:
    wanted = np.asarray(wanted, float)
    off = np.abs(wanted - got) if len(wanted) == len(got) else np.array([np.inf])
    at = int(off.argmax())
    return Row(
        name,
        f"{quantity} (worst of {len(wanted)} steps: {at})",
        float(wanted[at]),
        float(got[at]),
        f"+- {allowed:g}",
        "passed" if off[at] <= allowed else "failed",
    )


def _same_outage(grid: Any, outage: Mapping[str, Any]) -> bool:
    nodes, loads = grid.dead(outage["trip"], outage["id"])
    return sorted(nodes) == sorted(outage["dead_nodes"]) and sorted(loads) == sorted(outage["dead_loads"])
