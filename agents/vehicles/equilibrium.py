"""Static user equilibrium: flows at which nobody has a cheaper way (Wardrop 1952), on volume-delay functions.

It validates a network and its trips, and `routes` gives each trip a route to start a search over time with. Algorithm and
delay function stand in `agents.vehicles.bushes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from twin.errors import Fault, InputError

Array = NDArray[Any]

GAP = 1e-6  # relative gap at which link flows hardly change any more
SWEEPS = 500  # after which the search ends, reached or not
PASSES = 16  # balancing passes per improvement: on networks of 900 to 3,000 links 8 to 16 were fastest
SHOWN = 10  # pairs without a path that are named


class Assignable(Protocol):
    """A network with trips, as `scenarios.areas.road_network.RoadNetwork` is one.

    node_id : (nodes,); tail, head: rows of nodes, (links,); free, fixed: s; capacity: veh/h; alpha, beta (links,)
    origin, destination, trips : rows of nodes, veh/h (pairs,); first_through: row of the first node that is no centroid
    """

    node_id: Any
    tail: Any
    head: Any
    free: Any
    capacity: Any
    alpha: Any
    beta: Any
    fixed: Any
    first_through: int
    origin: Any
    destination: Any
    trips: Any


@dataclass(frozen=True)
class Equilibrium:
    """Flows of an equilibrium.

    flow, cost : veh/h; s of a link at that flow, the fixed part included (links,)
    origins    : rows of the nodes where trips begin (origins,)
    by_origin  : flow of each origin's trips, veh/h (origins, links); acyclic
    gap        : (spent - least) / spent, where spent is what all trips cost and least what they would on the shortest
                 paths at the same link costs: the relative gap of Perederieieva, Ehrgott, Raith & Wang (2015, Computers
                 & Operations Research 54, 90-107)
    objective  : sum over links of the integral of cost from 0 to the flow, veh s / h (Beckmann, McGuire & Winsten 1956)
    total      : what all trips cost, veh s / h
    sweeps     : improvements of all bushes that were needed
    """

    flow: Array
    cost: Array
    origins: Array
    by_origin: Array
    gap: float
    objective: float
    total: float
    sweeps: int


def equilibrium(network: Assignable, gap: float = GAP, sweeps: int = SWEEPS, passes: int = PASSES) -> Equilibrium:
    """The user equilibrium of a network and its trips, to a relative gap.

    The answer is a function of the network alone; the same on every run. Memory: 9 bytes per origin and link.
    Raises InputError where trips have no path, naming them, where a number is out of range, or where the gap is not
    reached in so many `sweeps`.
    """
    from agents.vehicles import bushes as b

    _check(network)
    roads, trips = _roads(network), _trips(network)
    nodes, links, origins = len(network.node_id), len(roads.tail), len(trips.origins)
    load = b.Load(np.zeros(links), np.zeros(links), np.zeros(links))
    bushes = b.Bushes(
        np.zeros((origins, links), np.bool_),
        np.zeros((origins, links)),
        np.zeros((origins, nodes), np.int32),
        np.full((origins, nodes), -1, np.int32),
        np.zeros(origins, np.int32),
    )
    ends = (np.zeros(nodes, np.int32) for _ in range(3))
    labels = b.Labels(np.zeros(nodes), np.zeros(nodes), *ends, np.zeros(nodes, np.bool_))
    b.price_all(roads.curve, load)
    if b.plant(roads, trips, load, bushes, labels):
        raise InputError(_apart(network, roads, trips, load, labels))
    b.add_up(roads, load, bushes)
    spent, least = b.spend(roads, trips, load, labels)
    done = 0
    while spent - least > gap * spent:
        if done == sweeps:
            what = f"relative gap {(spent - least) / spent:.2g} after {sweeps} sweeps"
            raise InputError(Fault("equilibrium", what, f"{gap:g}", "allow a larger gap or more sweeps"))
        b.sweep(roads, trips, load, bushes, labels, passes)
        spent, least = b.spend(roads, trips, load, labels)
        done += 1
    reached = max(spent - least, 0.0) / spent if spent > 0.0 else 0.0
    worth = objective(network, load.total)
    return Equilibrium(load.total, load.cost, trips.origins, bushes.flow, reached, worth, spent, done)


def routes(
    network: Assignable, found: Equilibrium, origin: Array, destination: Array, luck: Array
) -> tuple[Array, Array]:
    """A route for each trip, such that trips together drive the flows of the equilibrium.

    origin, destination : rows of nodes of pairs that have trips in the network, which differ (trips,)
    luck : (trips,) in [0, 1); spread evenly over the trips of a pair they follow its flows most closely

    Returns ptr, int64 (trips + 1,), and links, int32 (ptr[-1],): the route of trip i is links[ptr[i]:ptr[i + 1]].
    Raises InputError for a trip of a pair to which the equilibrium has no flow.
    """
    from agents.vehicles.bush_routes import draw_routes

    origin, destination = np.asarray(origin, np.int32), np.asarray(destination, np.int32)
    known = np.minimum(np.searchsorted(found.origins, origin), max(len(found.origins) - 1, 0))
    ptr, links = np.zeros(len(origin) + 1, np.int64), np.zeros(0, np.int32)
    unknown = np.flatnonzero(found.origins[known] != origin) if len(found.origins) else np.arange(len(origin))
    given = (_roads(network), found.by_origin, known, origin, destination, np.asarray(luck, np.float64), ptr)
    wrong = int(unknown[0]) if len(unknown) else draw_routes(*given, links)
    if wrong >= 0:
        ends = f"node {network.node_id[origin[wrong]]} to node {network.node_id[destination[wrong]]}"
        raise InputError(Fault(ends, "has no flow in the equilibrium", "pairs with trips", "add it to the trips first"))
    links = np.empty(ptr[-1], np.int32)
    draw_routes(*given, links)
    return ptr, links


def objective(network: Assignable, flow: Array) -> float:
    """Beckmann's objective at `flow` (links,), veh s / h: what the equilibrium makes least."""
    v = np.asarray(flow, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        load = np.where(network.alpha > 0, (v / network.capacity) ** network.beta, 0.0)
    rising = network.free * network.alpha * load * v / (network.beta + 1.0)
    return float((network.free * v + rising + network.fixed * v).sum())


def _roads(network: Assignable) -> Any:
    from agents.vehicles.bushes import Roads
    from twin.network import Network

    graph = Network(len(network.node_id), network.tail, network.head)
    capacity = np.where(network.alpha > 0, network.capacity, 1.0)
    curve = np.array([network.free, capacity, network.alpha, network.beta, network.fixed], np.float64)
    ends = graph.first_out, graph.out_links, graph.first_in, graph.in_links
    return Roads(graph.tail, graph.head, *ends, curve, int(network.first_through))


def _trips(network: Assignable) -> Any:
    """Trips sorted by origin and destination, so that the order in which they are given plays no part."""
    from agents.vehicles.bushes import Trips

    order = np.lexsort((network.trips, network.destination, network.origin))
    order = order[(network.trips[order] > 0) & (network.origin[order] != network.destination[order])]
    origins, first = np.unique(network.origin[order], return_index=True)
    goal, trips = network.destination[order].astype(np.int32), network.trips[order].astype(np.float64)
    return Trips(origins.astype(np.int32), np.append(first, len(order)).astype(np.int64), goal, trips)


def _check(network: Assignable) -> None:
    """Raise InputError for links and trips that no equilibrium can be found for."""
    faults = []
    for name, low in (("free", 0.0), ("alpha", 0.0), ("beta", 0.0), ("fixed", 0.0), ("trips", 0.0)):
        values = np.asarray(getattr(network, name))
        bad = np.flatnonzero(~((values >= low) & np.isfinite(values)))
        if len(bad):
            faults.append(Fault(f"{name}[{bad[0]}]", f"is {values[bad[0]]} ({len(bad)} such)", f"{low:g} or more"))
    bad = np.flatnonzero((np.asarray(network.alpha) > 0) & ~(np.asarray(network.capacity) > 0))
    if len(bad):
        what = f"is {network.capacity[bad[0]]} ({len(bad)} such)"
        faults.append(Fault(f"capacity[{bad[0]}]", what, "more than 0", "take the link out if it is closed"))
    if faults:
        raise InputError(faults)


def _apart(network: Assignable, roads: Any, trips: Any, load: Any, labels: Any) -> list[Fault]:
    """A fault for each of the first pairs that no path joins, and one that counts the others."""
    from agents.vehicles.bushes import shortest

    faults, more = [], 0
    for o, origin in enumerate(trips.origins.tolist()):
        shortest(roads, load.cost, origin, labels)
        for i in range(trips.first[o], trips.first[o + 1]):
            if np.isfinite(labels.low[trips.goal[i]]):
                continue
            if len(faults) == SHOWN:
                more += 1
                continue
            ends = f"node {network.node_id[origin]} to node {network.node_id[trips.goal[i]]}"
            what = f"no road leads there, for {trips.trips[i]:g} trips"
            faults.append(Fault(ends, what, "a path that passes no centroid", "add a link, or take the trips out"))
    return [*faults, Fault("trips", f"{more} more pairs without a path")] if more else faults
