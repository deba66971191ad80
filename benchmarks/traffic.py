"""Our traffic kernel, UXsim (C++ engine) and SUMO (mesoscopic) side by side, on the same links, trips and fixed routes.

    python -m benchmarks.traffic --networks DIR [--case sioux --case chicago] [--repeats 3] [--peers PYTHON]

DIR holds folders of Transportation Networks for Research (SiouxFalls, Chicago-Sketch, Anaheim), for academic research
only. A scenario is built once (`benchmarks.traffic_networks`); then the simulators take turns, each run in a process of
its own, with link series recorded. Compared is the time of the simulation alone (`benchmarks.traffic_peers` says how a
peer is timed); a ratio is that of two runs of the same turn, its median and its range are printed. One run per vehicle
of UXsim shows what mean travel time to expect. PYTHON is an interpreter that has the peers (`pip install
area-twin[peers]`), by default this one; a peer that it lacks is named. The last line is the same as JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.traffic_networks import ASSUMPTIONS, CASES, build
from twin.errors import InputError
from twin.kernels import prepare_numba

HORIZON = 7200.0  # s
OURS = "this kernel"
UXSIM, ENGINE, SUMO = "UXsim C++, platoon 5", "  its engine alone", "SUMO meso"
PER_VEHICLE = "UXsim C++, per vehicle"
BARS = {"sioux": (8, 15), "chicago": (10, 20), "anaheim": (3, 5)}  # times UXsim C++ with platoon 5; and the stretch
SUMO_BAR = (50, 100)


def run(command: list[str]) -> dict[str, Any] | str:
    """The JSON line that a command prints, or why there is none."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    return (done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"])[-1]


def measure(file: Path, repeats: int, peers: str, per_vehicle: bool) -> dict[str, list[dict[str, Any]] | str]:
    """Figures of every run by simulator, in turns; where a simulator could not run, the reason."""
    here = Path(__file__).parent
    peer = [peers, str(here / "traffic_peers.py")]
    end = [str(file), "--horizon", str(HORIZON)]
    commands = {OURS: [sys.executable, "-m", "benchmarks.traffic_scenario", *end]}
    commands |= {UXSIM: [*peer, "uxsim", *end], SUMO: [*peer, "sumo", *end]}
    found: dict[str, Any] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            if isinstance(found[name], str):
                continue
            figures = run(command)
            found[name] = figures if isinstance(figures, str) else [*found[name], figures]
    if per_vehicle:
        figures = run([*peer, "uxsim", *end, "--platoon", "1"])
        found[PER_VEHICLE] = figures if isinstance(figures, str) else [figures]
    if not isinstance(found[UXSIM], str):
        found[ENGINE] = [r | {"sim_s": r["engine_s"]} for r in found[UXSIM]]
    return {name: found[name] for name in (OURS, UXSIM, ENGINE, SUMO, PER_VEHICLE) if name in found}


def summary(found: dict[str, list[dict[str, Any]] | str]) -> dict[str, dict[str, Any]]:
    """Per simulator: median time, its range, the ratio to ours with its range, and what the last run counted."""
    ours = found[OURS]
    rows = {}
    for name, runs in found.items():
        if isinstance(runs, str):
            rows[name] = {"missing": runs}
            continue
        times = [r["sim_s"] for r in runs]
        row = {"sim_s": statistics.median(times), "least_s": min(times), "most_s": max(times)}
        if not isinstance(ours, str):
            ratios = [r["sim_s"] / o["sim_s"] for r, o in zip(runs, ours, strict=False)]
            row |= {"ratio": statistics.median(ratios), "least_ratio": min(ratios), "most_ratio": max(ratios)}
        row |= {k: runs[-1][k] for k in ("completed", "mean_tt_s", "link_entries")}
        rows[name] = row | {"peak_rss_mb": max(r["peak_rss_mb"] for r in runs)}
    return rows


def table(rows: dict[str, dict[str, Any]]) -> None:
    """Print a case."""
    print(f"{'':24} {'sim s':>8} {'(range)':>17} {'ns/entry':>9} {'x ours':>7} {'(range)':>15}", end=" ")
    print(f"{'completed':>9} {'mean s':>7} {'peak MB':>7}")
    for name, row in rows.items():
        if "missing" in row:
            print(f"{name:24} not run: {row['missing']}")
            continue
        between = f"({row['least_s']:.4f}-{row['most_s']:.4f})"
        ns = 1e9 * row["sim_s"] / max(row["link_entries"], 1)
        print(f"{name:24} {row['sim_s']:8.4f} {between:>17} {ns:9,.0f}", end=" ")
        ratio, spread = ("", "") if "ratio" not in row else (f"{row['ratio']:.1f}", _range(row))
        print(f"{ratio:>7} {spread:>15} {row['completed']:9,} {row['mean_tt_s']:7.1f} {row['peak_rss_mb']:7.0f}")


def _range(row: dict[str, Any]) -> str:
    return f"({row['least_ratio']:.1f}-{row['most_ratio']:.1f})"


def bars(case: str, rows: dict[str, dict[str, Any]]) -> None:
    """Print what was to be reached and whether it was, by the medians."""
    for name, (bar, stretch) in ((UXSIM, BARS[case]), (SUMO, SUMO_BAR)):
        if "ratio" in rows[name]:
            got = rows[name]["ratio"]
            verdict = "reached, stretch too" if got >= stretch else "reached" if got >= bar else "MISSED"
            print(f"  {bar}x {name} (stretch {stretch}x): {got:.1f}x, {verdict}")
    ours = rows[OURS]
    print(f"  peak memory below 300 MB: {ours['peak_rss_mb']:.0f} MB, {_said(ours['peak_rss_mb'] < 300)}")
    if "mean_tt_s" in rows.get(PER_VEHICLE, {}):
        off = ours["mean_tt_s"] / rows[PER_VEHICLE]["mean_tt_s"] - 1
        print(f"  mean travel time within 1 % of UXsim per vehicle: {100 * off:+.2f} %, {_said(abs(off) <= 0.01)}")


def _said(reached: bool) -> str:
    return "reached" if reached else "MISSED"


def main() -> None:
    """Build the scenarios, run everything, print tables and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", required=True, help="folder with the networks' folders")
    parser.add_argument("--case", action="append", choices=list(CASES), help="default: sioux and chicago")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peers", default=sys.executable, help="an interpreter that has uxsim and eclipse-sumo")
    parser.add_argument("--keep", help="folder for the scenarios as .npz files, which is otherwise a temporary one")
    parser.add_argument("--no-per-vehicle", action="store_true", help="leave out UXsim per vehicle: slow, up to 4 GB")
    given = parser.parse_args()
    if given.repeats < 1:
        parser.error("--repeats must be 1 or more")
    prepare_numba()
    everything = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(given.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for case in given.case or ["sioux", "chicago"]:
            try:
                scenario = build(case, given.networks)
            except InputError as error:
                print(error, file=sys.stderr)
                raise SystemExit(2) from None
            file = folder / f"{case}.npz"
            np.savez(file, **scenario._asdict())
            name, trips = f"{CASES[case].folder} x{CASES[case].share}", len(scenario.dep)
            free = float((scenario.length / scenario.speed)[scenario.rlink].sum() / trips)
            print(f"{name}: {len(scenario.frm):,} links, {trips:,} trips,", end=" ")
            print(f"{len(scenario.rlink):,} link entries, {free:.1f} s at free flow; {HORIZON:,.0f} s simulated")
            rows = summary(measure(file, given.repeats, given.peers, not given.no_per_vehicle))
            table(rows)
            if "missing" not in rows[OURS]:
                bars(case, rows)
            everything[case] = rows
            print()
    print("Assumptions: " + "; ".join(f"{name}: {text}" for name, text in ASSUMPTIONS.items()))
    print(json.dumps(everything))


if __name__ == "__main__":
    main()
