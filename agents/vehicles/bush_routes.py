"""Kernels that draw routes from the bushes of an equilibrium: backwards from where a trip ends to where it begins."""

from __future__ import annotations

from numba import njit

compiled = njit(cache=True)


@compiled
def walk_back(roads, flow, origin, goal, luck, links, end):
    """Write a route of an origin's trips before links[end], each link drawn by its share of what reaches its head.

    luck : in [0, 1); what is left of it after a choice makes the next one.  end : 0, only to count
    Returns the number of links; -1 where no flow reaches the goal.
    """
    count, node = 0, goal
    while node != origin:
        arriving, chosen = 0.0, -1
        for i in range(roads.first_in[node], roads.first_in[node + 1]):
            arriving += flow[roads.in_links[i]]
        aim = luck * arriving
        for i in range(roads.first_in[node], roads.first_in[node + 1]):
            m = roads.in_links[i]
            if flow[m] > 0.0:
                chosen = m
                if aim < flow[m]:
                    break
                aim -= flow[m]
        if chosen < 0:
            return -1
        luck = min(aim / flow[chosen], 1.0)
        count += 1
        if end > 0:
            links[end - count] = chosen
        node = roads.tail[chosen]
    return count


@compiled
def draw_routes(roads, by_origin, row, origin, goal, luck, ptr, links):
    """Set ptr (with no `links`) or links of a route per trip; the first trip without one, -1 if all have.

    row : int64 (trips,): row of by_origin of each trip;  ptr : int64 (trips + 1,)
    """
    for i in range(len(goal)):
        end = ptr[i + 1] if len(links) else 0
        count = walk_back(roads, by_origin[row[i]], origin[i], goal[i], luck[i], links, end)
        if count < 0:
            return i
        if not len(links):
            ptr[i + 1] = ptr[i] + count
    return -1
