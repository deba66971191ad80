"""Same luck: what checkpoints, branches and paired comparisons cost and gain.

python -m benchmarks.same_luck checkpoint --citizens 100000     a day with and without a checkpoint every 15 minutes
python -m benchmarks.same_luck branch --citizens 20000          a branch at 17:00 beside the same what-if from midnight
python -m benchmarks.same_luck variance --citizens 5000 --pairs 100    paired against unpaired, the built-in outage
python -m benchmarks.same_luck workers                          two workers beside one, and two copies of a fixed kernel
"""

from __future__ import annotations

import argparse
import os
import tempfile
from math import isnan
from pathlib import Path
from time import perf_counter
from typing import Any

from scenarios import workers
from scenarios.assembly import build_area
from scenarios.configuration import compose
from scenarios.resuming import Branch
from scenarios.simulate import Simulation
from twin.checkpoints import found
from twin.clock import hour, minute

ROUNDS = 3
QUARTER = 15 * minute


def _seconds(simulation: Simulation) -> float:
    began = perf_counter()
    simulation.run()
    return perf_counter() - began


def checkpoint(citizens: int, folder: Path) -> None:
    """Days with and without checkpoints by turns, in one process; the quickest of each counts."""
    configuration = compose([f"area.citizens={citizens}"])
    area = build_area(configuration)
    _seconds(Simulation(compose(["area.citizens=1000"]), place=folder / "warm"))
    took: dict[str, list[float]] = {"without": [], "with": []}
    digests = set()
    for turn in range(ROUNDS):
        for name, every in (("without", 0), ("with", QUARTER)):
            simulation = Simulation(configuration, area, place=folder / f"{name}-{turn}", checkpoint=every)
            took[name].append(_seconds(simulation))
            digests.add(simulation.manifest["result_digest"])
    files = found(folder / "with-0" / "checkpoints")
    for name, seconds in took.items():
        print(f"{name:8} {min(seconds):7.2f} s   (" + ", ".join(f"{s:.2f}" for s in seconds) + ")")
    print(f"costs    {100.0 * (min(took['with']) / min(took['without']) - 1.0):7.1f} %   96 checkpoints in a day")
    print(f"largest  {max(file.stat().st_size for file in files) / 1e6:7.1f} MB; {len(files)} kept")
    print("digests  " + ("equal" if len(digests) == 1 else f"DIFFER: {digests}"))


def branch(citizens: int, folder: Path) -> None:
    """The outage as a branch at 17:00 of a weekday, beside the outage from midnight."""
    town = [f"area.citizens={citizens}"]
    area = build_area(compose(town))
    Simulation(compose(town), area, place=folder / "base", checkpoint=hour).run()
    origin = Branch.parse(f"{folder / 'base'}@17:00")
    overrides = ["scenario=outage"]
    configuration = origin.configuration(compose(overrides), overrides)
    rows = []
    for turn in range(ROUNDS):
        began = perf_counter()
        whole = Simulation(compose([*town, *overrides]), area, place=folder / f"whole-{turn}")
        day = _seconds(whole)
        middle = perf_counter()
        part = Simulation(configuration, area, place=folder / f"part-{turn}", branch=origin)
        back, rest = perf_counter() - middle, _seconds(part)
        rows.append((middle - began, day, back + rest, back, rest))
        if whole.manifest["result_digest"] != part.manifest["result_digest"]:
            print("DIGESTS DIFFER")
    whole_s, day, part_s, back, rest = (min(column) for column in zip(*rows, strict=True))
    print(f"from midnight   {whole_s:6.2f} s: set-up, and {day:.2f} s for the day")
    print(f"branch at 17:00 {part_s:6.2f} s: set-up and replay {back:.2f} s, and {rest:.2f} s for seven hours")
    print(f"ratio           {part_s / whole_s:6.2f}   (of the simulated time: {7 / 24:.2f}); digests equal")


def variance(citizens: int, pairs: int, folder: Path) -> None:
    """The variance ratio of every indicator of the area, with its interval."""
    from scenarios.plan import compare, load

    plan = load("outage", citizens=citizens, overrides=["~scenario.alternatives.backup_signals"])
    began = perf_counter()
    result = compare(plan, replications=pairs, out=folder / "experiment")
    print(f"{pairs} pairs of {citizens:,} citizens in {perf_counter() - began:.0f} s")
    print(f"{'indicator':42} {'difference':>12} {'paired/unpaired':>16}   95 % interval")
    for row in sorted(result.by("area"), key=lambda row: (row["indicator"], row["group"])):
        ratio = row["ratio"]
        if not isnan(ratio):
            name = f"{row['indicator']} {row['group']}".strip()
            print(
                f"{name:42} {row['difference']:12.4g} {ratio:16.4f}   {row['ratio_low']:.4f} to {row['ratio_high']:.4f}"
            )


def _spin() -> None:
    """A fixed kernel: arithmetic in cache, about a second."""
    from numba import njit

    @njit
    def work(n: int) -> float:
        total = 0.0
        for i in range(n):
            total += (i % 7) * 0.5
        return total

    work(10)
    work(1_500_000_000)


def efficiency(citizens: int, pairs: int, folder: Path) -> None:
    """Replications per second of two workers against one, beside what two copies of a fixed kernel reach here."""
    from scenarios.plan import compare, load

    def jobs(count: int) -> float:
        began = perf_counter()
        pids = [workers.start(_spin) for _ in range(count)]
        for pid in pids:
            workers.wait(pid)
        return perf_counter() - began

    one, two = min(jobs(1) for _ in range(3)), min(jobs(2) for _ in range(3))
    fixed = one / two
    plan: Any = load("outage", citizens=citizens)
    took = {}
    for count in (1, 2):
        began = perf_counter()
        compare(plan, replications=pairs, workers=count, out=folder / str(count))
        took[count] = perf_counter() - began
    ours = took[1] / took[2] / 2.0
    same = (folder / "1" / "comparison.csv").read_bytes() == (folder / "2" / "comparison.csv").read_bytes()
    print(f"two copies of a fixed kernel run at {100 * fixed:.0f} % of the speed of one")
    print(f"{pairs} replications: {took[1]:.1f} s with one worker, {took[2]:.1f} s with two: {100 * ours:.0f} % each")
    print(f"against the fixed kernel {100 * ours / fixed:.0f} %; comparison.csv " + ("equal" if same else "DIFFERS"))


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("checkpoint", "branch", "variance", "workers"))
    parser.add_argument("--citizens", type=int)
    parser.add_argument("--pairs", type=int)
    given = parser.parse_args()
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(dir=".", prefix=".same-luck-") as text:
        folder = Path(text)
        if given.what == "checkpoint":
            checkpoint(given.citizens or 100_000, folder)
        elif given.what == "branch":
            branch(given.citizens or 20_000, folder)
        elif given.what == "variance":
            variance(given.citizens or 5_000, given.pairs or 100, folder)
        else:
            efficiency(given.citizens or 5_000, given.pairs or 16, folder)


if __name__ == "__main__":
    main()
