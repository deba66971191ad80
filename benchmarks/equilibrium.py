"""Objective and seconds of the static user equilibrium, beside the best known solutions of two public networks.

    python -m benchmarks.equilibrium --networks FOLDER [--gap 1e-6] [--repeats 3]

FOLDER holds the folders SiouxFalls and Chicago-Sketch of Transportation Networks for Research
(bstabler/TransportationNetworks), which may not be passed on and are not part of this repository. Reported: the median
of the repeats of `equilibrium` alone, on one core, compilation apart; objectives in the networks' own units of time.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from agents.vehicles.equilibrium import equilibrium
from scenarios.areas.tntp import read_tntp
from twin.errors import InputError
from twin.kernels import prepare_numba

# optimal objective, in the README of each network
BEST = {"SiouxFalls": 4_231_335.28710744, "Chicago-Sketch": 17_313_018.7387477}


def measure(folder: Path, best: float, gap: float, repeats: int) -> dict[str, float | int | str]:
    """The figures of one network. Raises InputError where the folder holds none."""
    begin = time.perf_counter()
    network = read_tntp(folder)
    read = time.perf_counter() - begin
    begin = time.perf_counter()
    equilibrium(network, 0.5)
    first = time.perf_counter() - begin
    walls = []
    for _ in range(repeats):
        begin = time.perf_counter()
        found = equilibrium(network, gap)
        walls.append(time.perf_counter() - begin)
    value = found.objective / network.time_unit
    return {
        "network": network.name,
        "links": len(network.tail),
        "pairs": len(network.trips),
        "read_s": round(read, 3),
        "first_call_s": round(first, 3),
        "equilibrium_s": round(float(np.median(walls)), 4),
        "sweeps": found.sweeps,
        "relative_gap": found.gap,
        "objective": value,
        "best_known": best,
        "relative_difference": (value - best) / best,
    }


def main() -> int:
    """Print one line of JSON per network; 0, or 2 where a network cannot be read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=Path, required=True)
    parser.add_argument("--gap", type=float, default=1e-6)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    prepare_numba()
    try:
        for name, best in BEST.items():
            print(json.dumps(measure(given.networks / name, best, given.gap, given.repeats)))
    except InputError as error:
        print(error)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
