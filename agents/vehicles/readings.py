"""What can be read off the traffic at the edge of a window: live travel times, positions, queues."""

from __future__ import annotations

from agents.vehicles.wheel import compiled


@compiled
def travel_times(links, slots, time, previous, keep, out):
    """Live travel time of every link, s, at the edge `time`; then the counters of the interval start again.

    The mean over the vehicles that left, in a memory that keeps the share `keep` of what it held an interval ago; at
    least as long as the vehicle now in front has been on the link, so that a blocked link shows; the free travel time
    while the memory and the link are empty.

    previous : float64 (links, 2): time spent and vehicles in memory; changed in place
    """
    for m in range(len(links)):
        link = links[m]
        previous[m, 0] = previous[m, 0] * keep + link.time_spent
        previous[m, 1] = previous[m, 1] * keep + link.left
        mean = link.free
        if previous[m, 1] > 0.5:
            mean = max(mean, previous[m, 0] / previous[m, 1])
        if link.count > 0:
            mean = max(mean, time - (slots[link.slots + link.first].time - link.free))
        out[m] = mean
        link.time_spent = 0.0
        link.left = 0
        link.entered = 0


@compiled
def account(links, length, per_second, quarter, flow):
    """Add the interval's counters to `quarter` (links, 2): vehicles that left, seconds they spent; flow in veh/s.

    Returns the metres of road that vehicles entered in the interval.
    """
    metres = 0.0
    for m in range(len(links)):
        link = links[m]
        metres += link.entered * length[m]
        quarter[m, 0] += link.left
        quarter[m, 1] += link.time_spent
        flow[m] = link.left * per_second
    return metres


@compiled
def positions(links, slots, cars, time, inner_only, link_of, fraction, key):
    """Where every vehicle on the road is at `time`: link, fraction along it, key; the number of vehicles.

    A vehicle drives at free speed until it meets the queue, in which vehicles stand at jam spacing from the downstream
    end. With `inner_only` a vehicle on the first or last link of its route is left out, since these are near homes.
    """
    found = 0
    for m in range(len(links)):
        link = links[m]
        for k in range(link.count):
            at = link.first + k
            if at >= link.room:
                at -= link.room
            slot = slots[link.slots + at]
            vehicle = cars[slot.car]
            if inner_only and (vehicle.begin == vehicle.cursor or vehicle.cursor + 1 == vehicle.end):
                continue
            driven = 1.0 - (slot.time - time) / link.free
            link_of[found] = m
            fraction[found] = max(0.0, min(driven, 1.0 - k / link.room))
            key[found] = vehicle.key
            found += 1
    return found


@compiled
def standing(links, slots, time, out):
    """The number of vehicles on each link that could have left by `time`: its queue; int32 (links,) in `out`."""
    for m in range(len(links)):
        link = links[m]
        queue = 0
        for k in range(link.count):
            at = link.first + k
            if at >= link.room:
                at -= link.room
            if slots[link.slots + at].time > time:
                break
            queue += 1
        out[m] = queue
