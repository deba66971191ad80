"""Traffic of the peak hours as the planner of a signal would estimate it: commuters on their fastest ways.

The estimate places and times signals; it is no result. Every driver with a place of work or learning goes there in the
morning and back in the evening, all-or-nothing at free speed, and the sum is scaled to the busiest hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.draws import stream, uniforms

Floats = NDArray[np.float64]

SAMPLE = 8_000  # drivers that are routed; the others are like them
SIGNAL_WAIT = 12.0  # s at a signal, in the weights of the ways (assumption)
# vehicles of the busiest hour per driver with somewhere to go: three of four are at work on a day, six of ten of them
# drive, three of ten in the same hour, and others add a fifth (assumption, checked against runs)
PEAK_SHARE = 0.16
THROUGH_SHARE = 0.08  # of a day's through traffic in the busiest hour (assumption)

ASSUMPTIONS = {
    "flows.peak": "traffic for which signals are placed and timed: commuters' fastest ways at free speed, 0.16 vehicles "
    "in the busiest hour per driver with a place of work or learning, 0.08 per through vehicle (assumption)",
    "flows.lanes": "generated streets get lanes until half of their capacity holds the traffic of the peak, five per direction "
    "at most: the other half is red (assumption; a town's main roads were built for its traffic)",
}
GREEN = 0.5  # share of a street's capacity that its peak may take: signals are red for about half of the time
MOST_LANES = 5
WIDENED = "lanes, capacity: traffic of the peak"


def widen(links: dict[str, Any], flow: Floats) -> int:
    """Give generated links the lanes that the traffic of the peak needs, both directions alike; how many were widened.

    flow : vehicles per hour on each link in the busier peak
    """
    tail, head = np.asarray(links["tail"], np.int64), np.asarray(links["head"], np.int64)
    n = int(max(tail.max(initial=0), head.max(initial=0))) + 1
    street = np.unique(np.minimum(tail, head) * n + np.maximum(tail, head), return_inverse=True)[1]
    busiest = np.zeros(street.max(initial=-1) + 1)
    np.maximum.at(busiest, street, flow)
    lanes = np.maximum(np.asarray(links["lanes"]), 1)
    per_lane = np.asarray(links["capacity"]) / lanes * 3600.0
    wanted = np.minimum(np.ceil(busiest[street] / (GREEN * np.maximum(per_lane, 1.0)) - 1e-9), MOST_LANES)
    wider = np.asarray(links["car"]) & (wanted > lanes)
    links["capacity"] = np.where(wider, per_lane / 3600.0 * wanted, links["capacity"])
    links["lanes"] = np.where(wider, wanted, links["lanes"]).astype(np.asarray(links["lanes"]).dtype)
    links["rule"] = np.where(wider, WIDENED, links["rule"])
    return int(wider.sum())


def beyond_capacity(links: dict[str, Any], flow: Floats) -> float:
    """The share of the kilometres driven in the peak that is on streets whose capacity the traffic exceeds."""
    metres = flow * np.asarray(links["length"])
    over = flow > np.asarray(links["capacity"]) * 3600.0
    return float(metres[over].sum() / max(metres.sum(), 1e-9))


def peak_flows(
    nodes: dict[str, Any],
    links: dict[str, Any],
    at: NDArray[Any],
    people: dict[str, Any],
    signal: NDArray[Any],
    seed: int,
    turns: Mapping[str, Any] | None = None,
) -> Floats:
    """Expected vehicles per hour on each link in the busier of the two peaks, shape (links,).

    at     : node by which cars enter each location;  signal: rows of nodes where vehicles wait for a light
    people : columns home, main, has_car, resident, occupation;  turns: of the table turns
    """
    from twin.network import Network, Router, banned
    from twin.tables import OCCUPATIONS

    car = np.flatnonzero(np.asarray(links["car"]))
    ends = links["tail"][car], links["head"][car]
    bans = banned(turns, car) if turns else ()
    net = Network(len(nodes["x"]), *ends, links["length"][car], car, nodes["x"], nodes["y"], bans)
    seconds = net.length / links["speed"][car] + SIGNAL_WAIT * np.isin(net.head, signal)
    router = Router(net, np.maximum(np.rint(1000.0 * seconds), 1).astype(np.int64))
    through = np.asarray(people["occupation"]) == OCCUPATIONS.index("through")
    rows = np.flatnonzero(np.asarray(people["has_car"]) & (np.asarray(people["main"]) >= 0))
    luck = uniforms(stream(seed, "flows.sample"), rows)
    taken = rows[np.argsort(luck, kind="stable")[:SAMPLE]]
    scale = len(rows) / max(len(taken), 1)
    weight = scale * np.where(through[taken], THROUGH_SHARE, PEAK_SHARE)
    home, main = at[np.asarray(people["home"])[taken]], at[np.asarray(people["main"])[taken]]
    out = np.zeros((2, len(links["tail"])))
    passing = through[taken]  # through traffic goes from home to main at all hours
    evening = np.where(passing, home, main), np.where(passing, main, home)
    for k, (origin, goal) in enumerate(((home, main), evening)):
        ptr, ways, _ = router.paths(origin, goal)
        out[k] = np.bincount(ways, np.repeat(weight, np.diff(ptr)), len(links["tail"]))
    return np.asarray(out.max(0))
