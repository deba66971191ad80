"""What changes on the network during a run: capacities, signals, closures, new routes; links act on it at once."""

from __future__ import annotations

from agents.vehicles.crossing import SIGNAL
from agents.vehicles.kernels import find_tail, look_ahead, offer, unwait
from agents.vehicles.wheel import GRANT, KINDS, READY, cancel, compiled, push


@compiled
def reconsider(links, slots, cars, events, wheel, route, m, time, now):
    """Something about link m changed at `time`: look again at when its first vehicle can leave and where to."""
    link = links[m]
    cancel(events, wheel, KINDS * m + READY)
    since = time
    if link.waits_for >= 0:
        since = max(time, link.wait_time)
        unwait(links, m)
    if link.count > 0:
        ready = max(slots[link.slots + link.first].time, link.last_exit + link.headway)
        push(events, wheel, KINDS * m + READY, max(ready, since), now)
        look_ahead(links, slots, cars, route, m)


@compiled
def slow_down(links, slots, m, free, time):
    """Give link m a new free travel time, s: vehicles on it drive the rest of the way at the new speed."""
    link = links[m]
    for i in range(link.count):
        at = link.first + i
        if at >= link.room:
            at -= link.room
        slot = slots[link.slots + at]
        entered = slot.time - link.free
        if slot.time > time:
            slot.time = time + (slot.time - time) * free / link.free
        link.time_spent += slot.time - free - entered  # `leave` takes slot.time - free for the moment of entry
    link.free = free


@compiled
def change(
    links, slots, cars, events, wheel, route,
    changed, free, headway_in, slack, headway, cycle, green_from, green_for, rule, closed, time, now,
):  # fmt: skip
    """Give the links in `changed` a new free travel time, inflow, outflow headway, signal, rule and closure from `time` on.

    The arrays run along `changed`. An infinite headway lets nothing out, a closed link lets nothing in; a cycle of 0 is
    no signal, and then the rule holds.
    """
    for i in range(len(changed)):
        m = changed[i]
        if links[m].free != free[i]:
            slow_down(links, slots, m, free[i], time)
        links[m].headway_in = headway_in[i]
        links[m].slack = slack[i]
        links[m].headway = headway[i]
        links[m].cycle = cycle[i]
        links[m].green_from = green_from[i]
        links[m].green_for = green_for[i]
        links[m].rule = rule[i]
        links[m].control = SIGNAL if cycle[i] > 0.0 else rule[i]
        if links[m].closed and not closed[i]:  # nobody entered before it opened
            links[m].tokens = max(links[m].tokens, time + links[m].slack)
        links[m].closed = closed[i]
        find_tail(links, slots, m)
        reconsider(links, slots, cars, events, wheel, route, m, time, now)
        cancel(events, wheel, KINDS * m + GRANT)
        if links[m].wait_first >= 0 or links[m].queue_first >= 0:
            offer(links, events, wheel, m, time, now)
