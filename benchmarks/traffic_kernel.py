"""Nanoseconds per link entry of the traffic kernel on a square grid of streets.

    python -m benchmarks.traffic_kernel [--size 40] [--trips 100000] [--hours 1] [--window 60]

Trips start at even moments of the period between nodes that a keyed draw picks, over routes that a router found on an
empty network. Reported: the time inside `State.run` only, the median of the repeats, each on a fresh state.
"""

from __future__ import annotations

import argparse
import json
import resource
import time

import numpy as np

from agents.vehicles.state import State
from twin.draws import stream, uniforms
from twin.network import Network, Router


def grid(size: int, block: float = 200.0) -> Network:
    """A square grid of `size` by `size` nodes with a link in both directions between neighbours."""
    node = np.arange(size * size).reshape(size, size)
    tail = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    head = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    x, y = np.meshgrid(np.arange(size) * block, np.arange(size) * block)
    return Network(
        size * size,
        np.concatenate([tail, head]),
        np.concatenate([head, tail]),
        np.full(2 * len(tail), block),
        x=x.ravel(),
        y=y.ravel(),
    )


def trips(network: Network, count: int, seconds: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Departures (s) and routes as CSR of `count` trips between distinct nodes."""
    keys = np.arange(count)
    origin = (uniforms(stream(1, "origin"), keys) * network.nodes).astype(int)
    step = 1 + (uniforms(stream(1, "destination"), keys) * (network.nodes - 1)).astype(int)
    spread = 1.0 + 0.1 * uniforms(stream(1, "weight"), np.arange(network.links))  # so that shortest paths spread
    ptr, links, _ = Router(network, (network.length / 13.9 * 1000 * spread).astype(int)).paths(
        origin, (origin + step) % network.nodes
    )
    return keys * (seconds / count), ptr, links


def empty(network: Network) -> State:
    """One lane of 50 km/h and 1,800 veh/h per link."""
    ones = np.ones(network.links)
    return State.of(network.length, 13.9 * ones, ones, 0.5 * ones, stuck=300.0)


def measure(size: int, count: int, seconds: float, window: float, repeats: int) -> dict[str, float]:
    """The figures of one case, as a dictionary."""
    network = grid(size)
    departures, ptr, links = trips(network, count, seconds)
    walls = []
    for repeat in range(repeats + 1):
        state = empty(network)
        state.add(np.arange(count), departures, ptr, links)
        begin = time.perf_counter()
        arrived = travel = 0.0
        while state.on_road + state.waiting:
            arrivals = state.run(state.now + window)
            arrived, travel = arrived + len(arrivals), travel + (arrivals.time - arrivals.started).sum()
            state.travel_times()
        if repeat:  # the first compiles
            walls.append(time.perf_counter() - begin)
    wall = float(np.median(walls))
    entries = int(ptr[-1])
    return {
        "links": network.links,
        "trips": count,
        "entries": entries,
        "wall_s": wall,
        "ns_per_entry": 1e9 * wall / entries,
        "mean_travel_s": travel / arrived,
        "simulated_s": state.now,
        "released": state.released,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=40)
    parser.add_argument("--trips", type=int, default=100_000)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--window", type=float, default=60.0)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    print(json.dumps(measure(given.size, given.trips, given.hours * 3600, given.window, given.repeats), indent=2))


if __name__ == "__main__":
    main()
