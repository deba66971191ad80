"""A coupled day: seconds per domain, citizens per second, peak memory.

python -m benchmarks.day --citizens 100000 [key=value ...]
"""

from __future__ import annotations

import argparse
import resource
from time import perf_counter

from scenarios.assembly import build_area, build_world
from scenarios.configuration import compose
from twin.clock import day


def measure(citizens: int, overrides: list[str]) -> None:
    """Simulate one day without writing files, kernels compiled before, and print the figures."""
    small = compose(["area.citizens=1000", *overrides])
    build_world(small, build_area(small)).run(day)  # compiles the kernels
    configuration = compose([f"area.citizens={citizens}", *overrides])
    began = perf_counter()
    area = build_area(configuration)
    built = perf_counter()
    world = build_world(configuration, area)
    ready = perf_counter()
    world.run(day)
    done = perf_counter()
    print(
        f"{citizens:,} citizens, {len(area.people):,} people, {len(area.links):,} links, {len(area.buildings):,} buildings"
    )
    print(f"area       {built - began:8.2f} s")
    print(f"set-up     {ready - built:8.2f} s")
    for name, seconds in world.seconds.items():
        print(f"{name:10} {seconds:8.2f} s")
    seconds = done - ready
    print(f"day        {seconds:8.2f} s: {citizens / seconds:,.0f} citizens/s")
    print(f"in all     {done - began:8.2f} s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
    print(f"digest {world.recorder.result_digest()}")
    broken = [b for b in world.balances() if not b.holds]
    print("conservation laws: " + ("all hold" if not broken else f"broken: {broken}"))


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--citizens", type=int, default=100_000)
    parser.add_argument("overrides", nargs="*")
    given = parser.parse_args()
    measure(given.citizens, given.overrides)


if __name__ == "__main__":
    main()
