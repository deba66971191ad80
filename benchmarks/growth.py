"""Growth: what a day of traffic costs from ten thousand citizens to a million, and where the curve bends.

python -m benchmarks.growth [--citizens 10000 100000 1000000] [key=value ...]

Each size runs in a process of its own, kernels compiled before. `entry` is one car entering one link; `routing` is that of
cars, `cycle+walk` the ways of the others. Why it bends: in a small town the 864,000 buckets of a day cost more than what
happens in them, so an entry seems dear; in a large one routes have more links, and a query takes longer with them; the
records of links, slots and cars outgrow one cache of the processor after the other; and a town that jams, as generated
ones do from some 300,000 on, has waits, which are events more.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
COLUMNS = {
    "citizens": "citizens",
    "links": "links",
    "area_s": "area s",
    "day_s": "day s",
    "vehicles_s": "vehicles s",
    "kernel_s": "kernel s",
    "entries": "entries",
    "ns_entry": "ns/entry",
    "routing_s": "routing s",
    "us_route": "us/route",
    "links_route": "links/route",
    "slow_s": "cycle+walk s",
    "state_mb": "state MB",
    "peak_mb": "peak MB",
    "delay_min": "delay min/trip",
    "released": "lifted",
}


class Watch:
    """Adds up the time spent in a function."""

    def __init__(self, function: Any) -> None:
        self.function, self.s, self.calls = function, 0.0, 0

    def __call__(self, *given: Any, **named: Any) -> Any:
        began = perf_counter()
        try:
            return self.function(*given, **named)
        finally:
            self.s += perf_counter() - began
            self.calls += 1


def measure(citizens: int, overrides: list[str]) -> dict[str, float]:
    """One day of so many citizens, in this process."""
    from agents.vehicles import kernels
    from agents.vehicles.routes import Routes
    from scenarios.assembly import build_area, build_world
    from scenarios.configuration import compose
    from twin.clock import day

    small = compose(["area.citizens=1000", *overrides])
    build_world(small, build_area(small)).run(day)  # compiles the kernels
    configuration = compose([f"area.citizens={citizens}", *overrides])
    began = perf_counter()
    area = build_area(configuration)
    area_s = perf_counter() - began
    world = build_world(configuration, area)
    vehicles = world.domains["vehicles"]
    watched = {
        "run": Watch(vehicles.state.run),
        "paths": Watch(vehicles.routes.paths),
        "turn": Watch(vehicles.routes.turn_to),
    }
    links = [0]

    def paths(*given: Any) -> Any:
        found = watched["paths"](*given)
        links[0] += len(found[1])
        return found

    vehicles.state.run = watched["run"]
    vehicles.routes.paths, vehicles.routes.turn_to = paths, watched["turn"]
    assert isinstance(vehicles.routes, Routes)
    slow = []
    for way in vehicles.riding.values():
        slow.append(Watch(way.metres))
        way.metres = slow[-1]
    began = perf_counter()
    world.run(day)
    day_s = perf_counter() - began
    state = vehicles.state
    found = {row.indicator: row.value for row in world.indicators() if row.level == "area" and not row.group}
    trips, entries = max(vehicles.ledger.routed, 1), int(state.counts[kernels.ENTRIES])
    kernel_s, routing_s = watched["run"].s, watched["paths"].s + watched["turn"].s
    return {
        "citizens": citizens,
        "links": len(state.links),
        "area_s": area_s,
        "day_s": day_s,
        "vehicles_s": world.seconds["vehicles"],
        "kernel_s": kernel_s,
        "entries": entries,
        "ns_entry": 1e9 * kernel_s / max(entries, 1),
        "routing_s": routing_s,
        "us_route": 1e6 * routing_s / trips,
        "links_route": links[0] / trips,
        "slow_s": sum(watch.s for watch in slow),
        "state_mb": sum(a.nbytes for a in (state.links, state.slots, state.cars, state.events, state.route)) / 1e6,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
        "delay_min": 60.0 * found["vehicle_delay"] / max(found["car_trips"], 1.0),
        "released": found["gridlock_releases"],
    }


def caches() -> str:
    """Sizes of this processor's data caches, as Linux states them."""
    found = []
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        kind, level, size = ((index / name).read_text().strip() for name in ("type", "level", "size"))
        if kind != "Instruction":
            found.append(f"L{level} {size}")
    return ", ".join(found) or "unknown"


def main() -> None:
    """Read the arguments, measure each size in a process of its own and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--citizens", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--one", action="store_true", help="measure in this process and print JSON")
    parser.add_argument("overrides", nargs="*")
    given = parser.parse_intermixed_args()
    if given.one:
        print(json.dumps(measure(given.citizens[0], given.overrides)))
        return
    print(f"caches: {caches()}")
    print("  ".join(f"{title:>{max(len(title), 9)}}" for title in COLUMNS.values()))
    for citizens in given.citizens:
        command = [sys.executable, "-m", "benchmarks.growth", "--one", "--citizens", str(citizens), *given.overrides]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{citizens:,}: failed: {done.stderr.strip().splitlines()[-1]}")
            continue
        row = json.loads(done.stdout.splitlines()[-1])
        cells = (f"{row[name]:,.{0 if row[name] >= 100 else 1}f}" for name in COLUMNS)
        print(
            "  ".join(f"{cell:>{max(len(title), 9)}}" for cell, title in zip(cells, COLUMNS.values(), strict=True)),
            flush=True,
        )


if __name__ == "__main__":
    main()
