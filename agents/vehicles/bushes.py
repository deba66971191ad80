"""Kernels of the static user equilibrium: Algorithm B of Dial (2006, Transportation Research B 40(10), 917-936).

A *bush* is an acyclic part of the network on which all trips of one origin run; links are followed by rising place in
its topological order. On a bush the cheapest path to a node and the dearest path in use to it are found in one pass, and
from where the two part, flow is shifted from one to the other by a step of Newton's method. Links that would make a node
cheaper to reach are added and links without flow are dropped, as in Nie (2010, Transportation Research B 44(1), 73-89).

Time on a link: free (1 + alpha (flow / capacity) ** beta) + fixed (Bureau of Public Roads 1964; the fixed part is what
toll and distance are worth). Everything is float64 seconds and vehicles per hour.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

compiled = njit(cache=True)

NOISE = 1e-14  # of a cost; smaller differences are those of rounding
# of the greatest excess; a bush with less rests until the next improvement, which takes a third of the time off
REST = 0.05
TRACE = 1e-13  # of what passes a node; a flow that is less is rounding
ROUND = 1e-12  # of a cost by which a link must make a node cheaper to be added to a bush


class Roads(NamedTuple):
    """A network. Nodes below `first_through` are centroids: no path passes them.

    tail, head : int32 (links,); first_out, out_links, first_in, in_links : CSR of the links at a node
    curve      : float64 (5, links): free (s), capacity (veh/h, above 0), alpha, beta, fixed (s)
    """

    tail: Any
    head: Any
    first_out: Any
    out_links: Any
    first_in: Any
    in_links: Any
    curve: Any
    first_through: int


class Trips(NamedTuple):
    """Trips by origin. origins: int32 (origins,); first: int64 (origins + 1,), into goal (int32) and trips (veh/h)."""

    origins: Any
    first: Any
    goal: Any
    trips: Any


class Load(NamedTuple):
    """float64 (links,): total flow (veh/h), and at that flow cost (s) and slope (s per veh/h)."""

    total: Any
    cost: Any
    slope: Any


class Bushes(NamedTuple):
    """One bush per origin: member, bool, and flow, float64 (origins, links); order, place: int32 (origins, nodes).

    count : int32 (origins,), nodes of the bush; order holds them, each after those before it, place is its inverse
    """

    member: Any
    flow: Any
    order: Any
    place: Any
    count: Any


class Labels(NamedTuple):
    """float64 (nodes,): low, high, cost of the cheapest and dearest path; int32: cheap, dear, their last links, -1 none.

    queue, queued : int32, bool (nodes,): room to work in
    """

    low: Any
    high: Any
    cheap: Any
    dear: Any
    queue: Any
    queued: Any


@compiled
def price(curve, load, m):
    """Set cost and slope of link m at its flow."""
    flow, beta = load.total[m], curve[3, m]
    rising = curve[0, m] * curve[2, m]
    if flow > 0.0 and rising > 0.0:
        more = rising * (flow / curve[1, m]) ** beta
        load.cost[m] = curve[0, m] + more + curve[4, m]
        load.slope[m] = beta * more / flow
    else:
        load.cost[m] = curve[0, m] + (rising if beta == 0.0 else 0.0) + curve[4, m]
        load.slope[m] = rising / curve[1, m] if beta == 1.0 else 0.0


@compiled
def price_all(curve, load):
    """Set cost and slope of every link."""
    for m in range(len(load.total)):
        price(curve, load, m)


@compiled
def shortest(roads, cost, origin, labels):
    """Set `low` and `cheap` to the shortest paths from `origin`, by correcting labels from a queue (Moore 1959).

    low is infinite and cheap -1 where no path leads.
    """
    distance, queue, n = labels.low, labels.queue, len(labels.low)
    distance[:] = np.inf
    labels.cheap[:] = -1
    labels.queued[:] = False
    distance[origin] = 0.0
    queue[0] = origin
    at, waiting = 0, 1
    while waiting > 0:
        node = queue[at]
        at = at + 1 if at + 1 < n else 0
        waiting -= 1
        labels.queued[node] = False
        if node < roads.first_through and node != origin:
            continue
        for i in range(roads.first_out[node], roads.first_out[node + 1]):
            m = roads.out_links[i]
            other, reached = roads.head[m], distance[node] + cost[m]
            if reached < distance[other]:
                distance[other], labels.cheap[other] = reached, m
                if not labels.queued[other]:
                    last = at + waiting
                    queue[last if last < n else last - n] = other
                    labels.queued[other] = True
                    waiting += 1


@compiled
def sort_bush(roads, bushes, o, origin, degree):
    """Set order, place and count of a bush (Kahn 1962). degree: int32 (nodes,), room to work in."""
    member, order, place = bushes.member[o], bushes.order[o], bushes.place[o]
    degree[:] = 0
    for m in range(len(member)):
        if member[m]:
            degree[roads.head[m]] += 1
    order[0] = origin
    count, at = 1, 0
    while at < count:
        node = order[at]
        place[node] = at
        at += 1
        for i in range(roads.first_out[node], roads.first_out[node + 1]):
            m = roads.out_links[i]
            if member[m]:
                other = roads.head[m]
                degree[other] -= 1
                if degree[other] == 0:
                    order[count] = other
                    count += 1
    bushes.count[o] = count


@compiled
def plant(roads, trips, load, bushes, labels):
    """Make every bush the tree of shortest paths of its origin and load its trips on it.

    Returns how many pairs no path joins; nothing may be done with the bushes if there are any.
    """
    apart = 0
    through = np.empty(len(labels.low))
    for o in range(len(trips.origins)):
        member, flow, order = bushes.member[o], bushes.flow[o], bushes.order[o]
        shortest(roads, load.cost, trips.origins[o], labels)
        for node in range(len(through)):
            if labels.cheap[node] >= 0:
                member[labels.cheap[node]] = True
        sort_bush(roads, bushes, o, trips.origins[o], labels.queue)
        through[:] = 0.0
        for i in range(trips.first[o], trips.first[o + 1]):
            through[trips.goal[i]] += trips.trips[i]
            apart += labels.low[trips.goal[i]] == np.inf
        for k in range(bushes.count[o] - 1, 0, -1):
            m = labels.cheap[order[k]]
            flow[m] = through[order[k]]
            through[roads.tail[m]] += flow[m]
    return apart


@compiled
def label(roads, cost, bushes, o, labels, used):
    """Set the labels of a bush: cheapest and dearest paths.

    used : whether the dearest path keeps to links with flow; a node without flow then has no dear link
    """
    member, flow, order = bushes.member[o], bushes.flow[o], bushes.order[o]
    low, high = labels.low, labels.high
    low[order[0]] = high[order[0]] = 0.0
    labels.cheap[order[0]] = labels.dear[order[0]] = -1
    for k in range(1, bushes.count[o]):
        node = order[k]
        least, most, cheapest, dearest = np.inf, -np.inf, -1, -1
        for i in range(roads.first_in[node], roads.first_in[node + 1]):
            m = roads.in_links[i]
            if not member[m]:
                continue
            reached = low[roads.tail[m]] + cost[m]
            if reached < least:
                least, cheapest = reached, m
            if not used or flow[m] > 0.0:
                reached = high[roads.tail[m]] + cost[m]
                if reached > most:
                    most, dearest = reached, m
        low[node], high[node], labels.cheap[node], labels.dear[node] = least, most, cheapest, dearest


@compiled
def settle(roads, trips, bushes, o, labels, through):
    """Make the flows of a bush exactly those of its trips again, by the share of each link in what reaches its head.

    Many shifts leave traces of rounding: a link that keeps 1e-12 veh/h where nobody arrives would stay in the bush for
    ever, and its dearest cost keep others out. through: float64 (nodes,), room to work in; labels: of the bush.
    """
    flow, order = bushes.flow[o], bushes.order[o]
    through[:] = 0.0
    for i in range(trips.first[o], trips.first[o + 1]):
        through[trips.goal[i]] += trips.trips[i]
    for k in range(bushes.count[o] - 1, 0, -1):
        node = order[k]
        arriving = 0.0
        for i in range(roads.first_in[node], roads.first_in[node + 1]):
            m = roads.in_links[i]
            if flow[m] <= TRACE * through[node]:
                flow[m] = 0.0
            arriving += flow[m]
        if arriving <= 0.0:
            flow[labels.cheap[node]] = arriving = through[node]
        for i in range(roads.first_in[node], roads.first_in[node + 1]):
            m = roads.in_links[i]
            if flow[m] > 0.0:
                flow[m] *= through[node] / arriving
                through[roads.tail[m]] += flow[m]


@compiled
def improve(roads, trips, load, bushes, o, labels, through):
    """Drop links without flow that are on no cheapest path, and add links that make a node cheaper.

    An added link leads from a lower to a higher dearest cost, or from a lower to a higher place of the same cost. No link
    of a bush leads down in either, so no cycle arises.
    """
    member, flow, place = bushes.member[o], bushes.flow[o], bushes.place[o]
    cost, origin = load.cost, trips.origins[o]
    label(roads, cost, bushes, o, labels, False)
    settle(roads, trips, bushes, o, labels, through)
    for m in range(len(member)):
        if member[m] and flow[m] <= 0.0 and labels.cheap[roads.head[m]] != m:
            member[m] = False
    label(roads, cost, bushes, o, labels, False)
    for m in range(len(member)):
        a, b = roads.tail[m], roads.head[m]
        if member[m] or b == origin or place[a] < 0 or (a < roads.first_through and a != origin):
            continue
        ahead = labels.high[a] < labels.high[b] or (labels.high[a] == labels.high[b] and place[a] < place[b])
        if ahead and labels.low[a] + cost[m] < labels.low[b] * (1.0 - ROUND):
            member[m] = True
    sort_bush(roads, bushes, o, origin, labels.queue)


@compiled
def shift(roads, load, flow, place, node, labels):
    """Shift flow to the cheapest path from the dearest in use, between where they part and `node`, by a Newton step."""
    tail, cheap, dear, cost, slope = roads.tail, labels.cheap, labels.dear, load.cost, load.slope
    a, b = tail[cheap[node]], tail[dear[node]]
    gap = cost[dear[node]] - cost[cheap[node]]
    steep = slope[dear[node]] + slope[cheap[node]]
    most, size = flow[dear[node]], cost[dear[node]]
    while a != b:
        if place[a] > place[b]:
            gap -= cost[cheap[a]]
            steep += slope[cheap[a]]
            a = tail[cheap[a]]
        else:
            gap += cost[dear[b]]
            size += cost[dear[b]]
            steep += slope[dear[b]]
            most = min(most, flow[dear[b]])
            b = tail[dear[b]]
    if gap <= NOISE * size or most <= 0.0:
        return
    step = most if steep * most <= gap else gap / steep
    fork = b
    for last, change in ((dear, -step), (cheap, step)):
        b = node
        while b != fork:
            m = last[b]
            flow[m] += change
            load.total[m] = max(load.total[m] + change, 0.0)
            price(roads.curve, load, m)
            b = tail[m]


@compiled
def balance(roads, load, bushes, o, labels):
    """One pass of shifts over a bush, from its last node to its first; by how much its dearest path was too dear, s."""
    label(roads, load.cost, bushes, o, labels, True)
    excess = 0.0
    for k in range(bushes.count[o] - 1, 0, -1):
        node = bushes.order[o, k]
        if labels.dear[node] >= 0 and labels.dear[node] != labels.cheap[node]:
            excess = max(excess, labels.high[node] - labels.low[node])
            shift(roads, load, bushes.flow[o], bushes.place[o], node, labels)
    return excess


@compiled
def sweep(roads, trips, load, bushes, labels, passes):
    """Improve every bush and balance it; then balance so many `passes` more those that are not nearly balanced."""
    through = np.empty(len(labels.low))
    excess = np.zeros(len(trips.origins))
    for o in range(len(trips.origins)):
        improve(roads, trips, load, bushes, o, labels, through)
        excess[o] = balance(roads, load, bushes, o, labels)
    for _ in range(passes):
        enough = REST * excess.max()
        for o in range(len(trips.origins)):
            if excess[o] > enough:
                excess[o] = balance(roads, load, bushes, o, labels)
    add_up(roads, load, bushes)


@compiled
def add_up(roads, load, bushes):
    """Total flow and cost of every link from the flows of the bushes, free of the rounding of many shifts."""
    load.total[:] = 0.0
    for o in range(len(bushes.flow)):
        for m in range(len(load.total)):
            load.total[m] += bushes.flow[o, m]
    price_all(roads.curve, load)


@compiled
def spend(roads, trips, load, labels):
    """What all trips cost, and what they would on the shortest paths at the same costs of links, veh s / h."""
    spent = least = 0.0
    for m in range(len(load.total)):
        spent += load.total[m] * load.cost[m]
    for o in range(len(trips.origins)):
        shortest(roads, load.cost, trips.origins[o], labels)
        for i in range(trips.first[o], trips.first[o + 1]):
            least += trips.trips[i] * labels.low[trips.goal[i]]
    return spent, least
