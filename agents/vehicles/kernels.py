"""The traffic kernel: vehicles as a kinematic wave, link by link, driven by events and not by time steps.

A vehicle may enter link m from link l at the largest of

* the time it could have reached the end of l at free speed (entry + length / u),
* the exit of the vehicle before it on l + 1 / capacity of l, and when l may pass the junction (`crossing`),
* the time when m's inflow, a token bucket of rate capacity and depth `burst`, has a token,
* the exit of the vehicle S places ahead on m + length / w, S being the places for vehicles on m.

That is Newell's simplified kinematic wave theory (Newell 1993, Transportation Research B 27(4)) in the link
transmission form (Yperman 2007) for a triangular fundamental diagram, kept vehicle by vehicle: free flow, capacity,
storage, spillback and the backward wave follow from one max(). There is no time step and no platoon.

*Storage*: a ring of S slots per link. On entry a slot's time is when its vehicle may leave; on exit it becomes
exit + length / w, which is when the vehicle S places behind may enter.

*Merges*: vehicles that could leave wait in a list at their target. A grant at the target serves the least tag
(start-time fair queueing, Goyal, Vin & Cheng 1997): tag = the target's virtual time at joining + 1 / priority, so
saturated in-links share in proportion to priority, and what one leaves unused goes to the others (Daganzo 1995).

*Events* lie in buckets of 0.1 s, at most one of each kind per link: READY (its first vehicle could leave), GRANT (it
may take one in), TIMER (its first vehicle may be stuck). All READY events of a bucket come before its GRANT events, and
these before TIMER. A vehicle that finds space and nobody waiting needs no grant and enters at once. Within a kind events
keep the order in which they arose, which is a function of the network and the trips alone: a window's length plays no
part, as long as its edges are whole buckets. Times are exact; the bucket only decides who is compared with whom.
Everything is float64 seconds; rows are those of `agents.vehicles.state`.
"""

from __future__ import annotations

import numpy as np

from agents.vehicles.crossing import ANY_TIME, GIVE_WAY, next_pass, note
from agents.vehicles.wheel import GRANT, KINDS, READY, TIMER, bucket_of, cancel, cell_of, compiled, inlined, pop, push

FREE, DUE, QUEUED, DRIVING = 0, 1, 2, 3  # states of a vehicle
FAR = 1e15  # s; a finite time later than any, since infinity has no bucket
# cells of `counts`
NEXT_FREE, FRESH, FREE_SLOTS, DUE_AT, DUE_END, STARTED, ARRIVED, ROAD, WAITING, RELEASED, ENTRIES, NOW = range(12)


@inlined
def space_at(link):
    """When the tail of a link can take one more vehicle, s; infinite while it is full or closed."""
    return max(link.tokens - link.slack, link.tail_free)


@inlined
def find_tail(links, slots, m):
    """Note when the slot at the tail of link m becomes free."""
    link = links[m]
    if link.closed or link.count == link.room:
        link.tail_free = np.inf
        return
    at = link.first + link.count
    if at >= link.room:
        at -= link.room
    link.tail_free = slots[link.slots + at].time


@inlined
def offer(links, events, wheel, m, time, now):
    """See to it that link m grants, once it has space, to those who wait for it from `time` on."""
    grant = KINDS * m + GRANT
    if events[grant].cell < 0:
        push(events, wheel, grant, max(time, space_at(links[m])), now)


@inlined
def look_ahead(links, slots, cars, route, m):
    """Note where the first vehicle of link m is bound for, -1 where its route ends: before it is ready, memory is slow."""
    link = links[m]
    vehicle = cars[slots[link.slots + link.first].car]
    onward = vehicle.cursor + 1
    link.target = route[onward] if onward < vehicle.end else -1


@inlined
def enter(links, slots, cars, events, wheel, route, car, m, time, now):
    """Put a vehicle on link m, which has space."""
    link = links[m]
    link.tokens = max(time, link.tokens) + link.headway_in
    at = link.first + link.count
    if at >= link.room:
        at -= link.room
    slot = slots[link.slots + at]
    slot.car = car
    slot.time = time + link.free
    link.count += 1
    link.entered += 1
    find_tail(links, slots, m)
    if link.count == 1:
        push(events, wheel, KINDS * m + READY, max(time + link.free, link.last_exit + link.headway), now)
        look_ahead(links, slots, cars, route, m)


@inlined
def leave(links, slots, cars, events, wheel, route, m, time, now):
    """Take the first vehicle off link m; the vehicle. Its slot becomes free when the backward wave is at the tail."""
    link = links[m]
    full = link.count == link.room
    slot = slots[link.slots + link.first]
    car = slot.car
    link.time_spent += time - (slot.time - link.free)
    link.left += 1
    slot.time = time + link.wave
    link.first += 1
    if link.first == link.room:
        link.first = 0
    link.count -= 1
    link.last_exit = time
    link.stuck_since = -1.0
    if full:
        find_tail(links, slots, m)
        if link.wait_first >= 0 or link.queue_first >= 0:
            offer(links, events, wheel, m, time, now)
    if link.count > 0:
        ready = slots[link.slots + link.first].time
        push(events, wheel, KINDS * m + READY, max(ready, time + link.headway), now)
        look_ahead(links, slots, cars, route, m)
    return car


@inlined
def unwait(links, m):
    """Take link m off the list at its target."""
    target = links[links[m].waits_for]
    if target.wait_first == m:
        target.wait_first = links[m].wait_next
    else:
        before = target.wait_first
        while links[before].wait_next != m:
            before = links[before].wait_next
        links[before].wait_next = links[m].wait_next
    links[m].waits_for = -1


@inlined
def free_now(link, time, now):
    """Whether a vehicle may enter a link at once: nobody waits to be compared with, and there is space in this bucket."""
    return link.wait_first < 0 and link.queue_first < 0 and bucket_of(min(max(time, space_at(link)), FAR)) <= now


@inlined
def finish(cars, counts, arrivals, arrived, car, time):
    """A vehicle arrives, and is put among the `arrived` others by (time, key); its slot is used again."""
    vehicle = cars[car]
    at = arrived
    while at > 0:  # of those that arrived before, only a few of the same bucket can come later
        before = arrivals[at - 1]
        if before.time < time or (before.time == time and before.key < vehicle.key):
            break
        arrivals[at].key, arrivals[at].time, arrivals[at].started = before.key, before.time, before.started
        at -= 1
    arrivals[at].key = vehicle.key
    arrivals[at].time = time
    arrivals[at].started = vehicle.depart
    vehicle.state = FREE
    vehicle.next = counts[NEXT_FREE]
    counts[NEXT_FREE] = car
    counts[FREE_SLOTS] += 1
    counts[ROAD] -= 1
    counts[ARRIVED] += 1


@inlined
def watch(links, events, wheel, m, time, now, stuck):
    """The first vehicle of link m is held up: from its first such moment on, `stuck` seconds run."""
    link = links[m]
    if stuck < np.inf:
        if link.stuck_since < 0.0:
            link.stuck_since = time
        timer = KINDS * m + TIMER
        if events[timer].cell < 0:
            push(events, wheel, timer, max(link.stuck_since + stuck, time), now)


@inlined
def do_ready(
    links, slots, cars, events, wheel, route, counts, moves, conflicts, arrivals, arrived, m, now, stuck
):  # fmt: skip
    """The first vehicle of link m could leave: it arrives, drives on, or waits at its target; number of arrivals."""
    link = links[m]
    time = events[KINDS * m + READY].time
    target = link.target
    if target < 0:
        car = leave(links, slots, cars, events, wheel, route, m, time, now)
        finish(cars, counts, arrivals, arrived, car, time)
        return arrived + 1
    if link.control != ANY_TIME:
        go = next_pass(links, slots, events, moves, conflicts, m, time)
        if go > time:
            push(events, wheel, KINDS * m + READY, go, now)
            if link.control == GIVE_WAY:
                watch(links, events, wheel, m, time, now, stuck)
            return arrived
    onto = links[target]
    if free_now(onto, time, now):
        at = max(time, space_at(onto))
        if link.control == ANY_TIME or at == time:
            car = leave(links, slots, cars, events, wheel, route, m, at, now)
            note(moves, link, m, target, at)
            cars[car].cursor += 1
            enter(links, slots, cars, events, wheel, route, car, target, at, now)
            counts[ENTRIES] += 1
            return arrived
    wait(links, events, wheel, m, target, time, now, stuck)
    return arrived


@compiled
def wait(links, events, wheel, m, target, time, now, stuck):
    """Put link m on the list at its target: its first vehicle could leave from `time` on."""
    link, onto = links[m], links[target]
    link.waits_for = target
    link.wait_time = time
    link.tag = onto.virtual + link.weight
    link.wait_next = onto.wait_first
    onto.wait_first = m
    offer(links, events, wheel, target, time, now)
    watch(links, events, wheel, m, time, now, stuck)


@compiled
def do_grant(links, slots, cars, events, wheel, route, counts, moves, conflicts, m, now):
    """Link m has space: the vehicle with the least tag enters, of equals the one that came first."""
    onto = links[m]
    space = space_at(onto)
    if space == np.inf:
        return
    while True:
        # the virtual queue of vehicles that start here takes part like one more in-link
        best, tag, since = -1, np.inf, np.inf
        if onto.queue_first >= 0:
            tag, since = onto.queue_tag, onto.queue_time
        other = onto.wait_first
        while other >= 0:
            link = links[other]
            if link.tag < tag or (
                link.tag == tag and (link.wait_time < since or (link.wait_time == since and other < best))
            ):
                best, tag, since = other, link.tag, link.wait_time
            other = link.wait_next
        if tag == np.inf:
            return
        time = max(space, since)
        if bucket_of(time) > now:
            push(events, wheel, KINDS * m + GRANT, time, now)
            return
        if best < 0:
            break
        if links[best].control == ANY_TIME:
            break
        go = next_pass(links, slots, events, moves, conflicts, best, time)
        if go <= time:
            break
        unwait(links, best)  # its light is red by now, or somebody with priority has passed
        push(events, wheel, KINDS * best + READY, go, now)
    onto.virtual = tag
    if best < 0:
        car = onto.queue_first
        onto.queue_first = cars[car].next
        onto.queued -= 1
        onto.queue_tag = tag + onto.queue_weight
        if onto.queue_first >= 0:
            onto.queue_time = max(time, cars[onto.queue_first].ready)
        cars[car].state = DRIVING
        counts[WAITING] -= 1
        counts[ROAD] += 1
    else:
        unwait(links, best)
        car = leave(links, slots, cars, events, wheel, route, best, time, now)
        note(moves, links[best], best, m, time)
        cars[car].cursor += 1
    enter(links, slots, cars, events, wheel, route, car, m, time, now)
    counts[ENTRIES] += 1
    if onto.wait_first >= 0 or onto.queue_first >= 0:
        offer(links, events, wheel, m, time, now)


@inlined
def join(links, cars, events, wheel, counts, car, m, now):
    """A vehicle joins the queue of those who wait to enter link m from nowhere."""
    vehicle, onto = cars[car], links[m]
    vehicle.state = QUEUED
    vehicle.next = -1
    onto.queued += 1
    counts[WAITING] += 1
    if onto.queue_first < 0:
        onto.queue_first = car
        onto.queue_time = vehicle.ready
        onto.queue_tag = onto.virtual + onto.queue_weight
    else:
        cars[onto.queue_last].next = car
    onto.queue_last = car
    offer(links, events, wheel, m, vehicle.ready, now)


@compiled
def do_timer(links, slots, cars, events, wheel, route, counts, m, now, stuck):
    """Lift the first vehicle off link m if it has waited too long: it joins the queue of those who start at its target.

    The road behind it is free to move again and no link ever holds more than its storage. Each release is counted.
    """
    link = links[m]
    ready = KINDS * m + READY
    in_sight = link.control == GIVE_WAY and events[ready].cell >= 0  # it looks for a gap
    if link.stuck_since < 0.0 or not (link.waits_for >= 0 or in_sight):
        return
    time = events[KINDS * m + TIMER].time
    if link.stuck_since + stuck > time:
        push(events, wheel, KINDS * m + TIMER, link.stuck_since + stuck, now)
        return
    target = link.target
    if link.waits_for >= 0:
        unwait(links, m)
    else:
        cancel(events, wheel, ready)
    car = leave(links, slots, cars, events, wheel, route, m, time, now)
    cars[car].cursor += 1
    cars[car].ready = time
    counts[RELEASED] += 1
    counts[ROAD] -= 1
    join(links, cars, events, wheel, counts, car, target, now)


@inlined
def start(links, slots, cars, events, wheel, route, counts, car, now):
    """A vehicle departs: it enters its first link, or joins the queue at its beginning."""
    vehicle = cars[car]
    m = route[vehicle.cursor]
    onto = links[m]
    if free_now(onto, vehicle.ready, now):
        vehicle.state = DRIVING
        counts[ROAD] += 1
        counts[ENTRIES] += 1
        time = max(vehicle.ready, space_at(onto))
        enter(links, slots, cars, events, wheel, route, car, m, time, now)
    else:
        join(links, cars, events, wheel, counts, car, m, now)


@compiled
def run(links, slots, cars, events, wheel, route, due, counts, moves, conflicts, arrivals, stop, stuck, arrived):
    """Move everything up to the bucket of `stop` (s), from where the last call ended; the number of arrivals so far.

    Parameters
    ----------
    links, slots, cars, events : records as in `agents.vehicles.state`; changed in place
    wheel : int32 (3 BUCKETS, 2): first and last event of each bucket and kind, -1 none
    route : int32: link rows; a vehicle's route is route[cursor:end], its current link first
    due : records (time, car) of vehicles that are still to depart, sorted by time and key
    counts : int64 cells, see the constants
    moves, conflicts : records and int32, see `agents.vehicles.crossing`
    arrivals : records (key, time, started) that are filled; as many as there are vehicles are enough
    stop : s, a whole number of buckets
    stuck : s after which a waiting vehicle is released; infinite: never
    arrived : how many of `arrivals` are filled
    """
    for now in range(counts[NOW], bucket_of(stop)):
        while counts[DUE_AT] < counts[DUE_END] and bucket_of(due[counts[DUE_AT]].time) <= now:
            car = due[counts[DUE_AT]].car
            counts[DUE_AT] += 1
            start(links, slots, cars, events, wheel, route, counts, car, now)
        cell = cell_of(now, READY)
        while True:
            if wheel[cell + READY, 0] >= 0:
                event = pop(events, wheel, cell + READY)
                if bucket_of(events[event].time) > now:
                    push(events, wheel, event, events[event].time, now)
                else:
                    arrived = do_ready(
                        links, slots, cars, events, wheel, route, counts, moves, conflicts, arrivals, arrived,
                        event // KINDS, now, stuck,
                    )  # fmt: skip
            elif wheel[cell + GRANT, 0] >= 0:
                event = pop(events, wheel, cell + GRANT)
                if bucket_of(events[event].time) > now:
                    push(events, wheel, event, events[event].time, now)
                else:
                    do_grant(links, slots, cars, events, wheel, route, counts, moves, conflicts, event // KINDS, now)
            elif wheel[cell + TIMER, 0] >= 0:
                event = pop(events, wheel, cell + TIMER)
                if bucket_of(events[event].time) > now:
                    push(events, wheel, event, events[event].time, now)
                else:
                    do_timer(links, slots, cars, events, wheel, route, counts, event // KINDS, now, stuck)
            else:
                break
    counts[NOW] = bucket_of(stop)
    return arrived
