"""Canonical scenarios on public test networks: sampled trips with fixed routes, in SI units, as numpy arrays.

The networks are those of Transportation Networks for Research (bstabler/TransportationNetworks), read where the user
has them; they are for academic research and no part of this repository. Every simulator gets the same links, trips and
routes: routes are a mixture of the shortest paths of eight iterations of successive averages (Sheffi 1985, ch. 5) at the
sampled demand, departures are even draws over the first hour.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.traffic_scenario import Scenario

if TYPE_CHECKING:
    from scenarios.areas.road_network import RoadNetwork

Array = NDArray[Any]

ITERATIONS = 8
DEPARTURES = 3600.0  # s in which trips begin
ASSUMPTIONS = {
    "units of Sioux Falls": "times in 0.01 h as its README says; lengths equal times in number, 1 km each: 100 km/h",
    "jam density": "0.2 veh/m per lane, the default of UXsim",
    "lanes": "the fewest that carry the capacity at 2,389 veh/h a lane, what SUMO meso was measured to discharge, and at "
    "the largest flow of a lane's triangular diagram at the link's speed",
    "links without a time": "zone connectors take 20 s: 400 m at 20 m/s",
}
JAM_DENSITY = 0.2
LANE_FLOW = 2389.0 / 3600.0


class Case(NamedTuple):
    """A network's folder, the share of its trips that is simulated, and units where its files state none."""

    folder: str
    share: float
    time: float = 0.0  # s
    length: float = 0.0  # m


CASES = {
    "sioux": Case("SiouxFalls", 0.15, 36.0, 1000.0),
    "chicago": Case("Chicago-Sketch", 0.1),
    "anaheim": Case("Anaheim", 0.5),
}


def load(case: str, networks: str | Path) -> RoadNetwork:
    """The road network of a case from a folder of networks. Raises InputError."""
    from scenarios.areas.tntp import Units, read_tntp

    of = CASES[case]
    return read_tntp(Path(networks) / of.folder, Units(of.time, of.length) if of.time else None)


def build(case: str, networks: str | Path, seed: int = 1) -> Scenario:
    """The canonical scenario of a case; luck is keyed by `seed`."""
    from agents.vehicles.state import largest_flow

    road = load(case, networks)
    timeless = road.free <= 0
    free = np.where(timeless, 20.0, road.free)
    length = np.where(timeless, 400.0, road.length)
    speed, cap = length / free, road.capacity / 3600.0
    lane = np.minimum(LANE_FLOW, largest_flow(speed, np.full(len(speed), JAM_DENSITY)))
    lanes = np.maximum(np.ceil(cap / lane - 1e-9), 1.0)
    dep, rptr, rlink = trips(road, free, CASES[case].share, seed)
    return Scenario(
        road.tail, road.head, length, speed, cap, lanes, np.ceil(lanes * length * JAM_DENSITY), dep, rptr, rlink
    )


def trips(road: RoadNetwork, free: Array, share: float, seed: int) -> tuple[Array, Array, Array]:
    """Departures and routes (CSR) of a share of the hourly trips, sorted by departure.

    Pairs are sampled systematically, so that the total is right to one trip (Madow 1949).
    """
    from twin.draws import stream, uniforms

    demand = road.trips * share
    start = uniforms(stream(seed, "pairs"), [0])[0]
    number = np.diff(np.floor(np.cumsum(demand) + start), prepend=np.floor(start)).astype(int)
    pair = np.repeat(np.arange(len(demand)), number)
    keys = np.arange(len(pair))
    dep = DEPARTURES * uniforms(stream(seed, "departure"), keys)
    turn = (ITERATIONS * uniforms(stream(seed, "route"), keys)).astype(int)
    order = np.argsort(dep, kind="stable")
    pair, dep, turn = pair[order], dep[order], turn[order]
    zones, via = averages(road, free, demand)
    zone = np.searchsorted(zones, road.origin[pair])
    rptr, rlink = paths(road, via, turn, zone, road.destination[pair])
    return dep, rptr, rlink


def averages(road: RoadNetwork, free: Array, demand: Array) -> tuple[Array, Array]:
    """Shortest-path trees of the iterations of successive averages under the Bureau of Public Roads' times.

    Returns the origins (zones,) and the link by which each tree reaches each end of links: int32 (iterations, zones,
    2 nodes), -1 where none does. A centroid that no route may pass is two nodes: n to start from, nodes + n to end at.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import dijkstra

    nodes, links = len(road.node_id), len(road.tail)
    end = _ends(road, road.head)
    zones, row = np.unique(road.origin, return_inverse=True)
    flow, via = np.zeros(links), []
    between = np.full((nodes, 2 * nodes), -1, np.int32)
    between[road.tail, end] = np.arange(links)
    rows = np.arange(len(zones))
    for iteration in range(ITERATIONS):
        cost = free * (1.0 + road.alpha * (flow / road.capacity) ** road.beta)
        graph = csr_matrix((cost, (road.tail, end)), shape=(2 * nodes, 2 * nodes))
        far, before = dijkstra(graph, indices=zones, return_predecessors=True)
        link = np.where(before >= 0, between[np.maximum(before, 0) % nodes, np.arange(2 * nodes)], -1)
        via.append(link.astype(np.int32))
        through = np.zeros(far.shape)
        np.add.at(through, (row, _ends(road, road.destination)), demand)
        loaded = np.zeros(links)
        for at in np.argsort(-np.where(np.isfinite(far), far, -1.0), axis=1).T:  # from the farthest node inwards
            last = link[rows, at]
            used = last >= 0
            amount = through[rows, at] * used
            np.add.at(loaded, last[used], amount[used])
            through[rows[used], road.tail[last[used]]] += amount[used]
        flow += (loaded - flow) / (iteration + 1)
    return zones, np.stack(via)


def _ends(road: RoadNetwork, node: Array) -> Array:
    return node + len(road.node_id) * (node < road.first_through)


def paths(road: RoadNetwork, via: Array, turn: Array, zone: Array, destination: Array) -> tuple[Array, Array]:
    """Routes as CSR of links, read backwards from the tree via[turn, zone] of each trip."""
    at, steps = _ends(road, destination), []
    while True:
        link = via[turn, zone, at]
        if (link < 0).all():
            break
        steps.append(link)
        at = np.where(link >= 0, road.tail[link], at)
    found = np.stack(steps[::-1], 1)
    if not len(found) or (found[:, -1] < 0).any():
        raise ValueError("a trip without a route")
    kept = found >= 0
    return np.concatenate([[0], np.cumsum(kept.sum(1))]), found[kept].astype(np.int32)
