"""The grid's power flow beside bare power-grid-model: 96 load steps, one opened breaker, one large synthetic grid.

Run: python -m benchmarks.power_flow [FOLDER WITH SOLVED GRIDS]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

from agents.grid.cases import CaseGrid

CASES = ("simbench_lv_rural1_day", "simbench_mv_semiurb_day", "kerber_dorfnetz")
ROUNDS = 15


def best(work, rounds: int = ROUNDS) -> float:
    """Smallest of several wall times, s."""
    times = []
    for _ in range(rounds):
        began = perf_counter()
        work()
        times.append(perf_counter() - began)
    return min(times)


def series(case) -> tuple[float, float]:
    """(ours, bare power-grid-model) for 96 steps with known loads, s."""
    from power_grid_model import initialize_array

    grid = CaseGrid(case["input"])
    if "day" in case:
        p, q = grid.day(case["day"])
    else:
        factor = 0.5 + 0.5 * np.sin(np.linspace(0, 6.28, 96))[:, None]
        p, q = factor * grid.flow.p_w, factor * grid.flow.q_var
    update = initialize_array("update", "sym_load", p.shape)
    update["id"] = grid.flow._load_id + np.arange(p.shape[1])
    update["p_specified"], update["q_specified"] = p, q
    outputs = ["node", "line", "transformer", "source"]
    bare = best(
        lambda: grid.flow._model.calculate_power_flow(
            update_data={"sym_load": update}, threading=-1, output_component_types=outputs
        )
    )
    return best(lambda: grid.flow.solve_series(p, q)), bare


def breaker(case) -> float:
    """From an opened breaker to the list of dead loads, s."""
    grid = CaseGrid(case["input"])

    def once() -> None:
        grid.flow.open("cable", 0)
        np.flatnonzero(~grid.flow.energised()[grid.load_node])
        grid.flow.close("cable", 0)

    once()
    return best(once, 200)


def main() -> None:
    """Print one line per case."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data" / "grid"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    for name in CASES:
        case = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        ours, bare = series(case)
        print(
            f"{name}: {len(case['input']['nodes'])} nodes, 96 steps {1e3 * ours:.2f} ms, bare {1e3 * bare:.2f} ms, "
            f"ratio {ours / bare:.2f}; breaker to dead loads {1e6 * breaker(case):.0f} us"
        )


if __name__ == "__main__":
    main()
