"""Vehicles and their routes: slots that are used again, and one growing array of links that is packed when full."""

from __future__ import annotations

from agents.vehicles.kernels import (
    DRIVING,
    DUE,
    FREE,
    FREE_SLOTS,
    FRESH,
    NEXT_FREE,
    STARTED,
)
from agents.vehicles.wheel import compiled


@compiled
def add(cars, route, counts, keys, departures, ptr, paths, at, new):
    """Make vehicles: slots from the free list, then fresh ones; routes to `route[at:]`; fills `new` with the slots."""
    for i in range(len(keys)):
        car = counts[NEXT_FREE]
        if car >= 0:
            counts[NEXT_FREE] = cars[car].next
            counts[FREE_SLOTS] -= 1
        else:
            car = counts[FRESH]
            counts[FRESH] += 1
        new[i] = car
        cars[car].key = keys[i]
        cars[car].depart = departures[i]
        cars[car].ready = departures[i]
        cars[car].begin = at
        cars[car].cursor = at
        for j in range(ptr[i], ptr[i + 1]):
            route[at] = paths[j]
            at += 1
        cars[car].end = at
        cars[car].next = -1
        cars[car].state = DUE
    counts[STARTED] += len(keys)
    return at


@compiled
def compact(cars, route, fresh, packed):
    """Copy what is left of all routes to the start of `packed`; the number of cells used."""
    at = 0
    for car in range(fresh):
        vehicle = cars[car]
        if vehicle.state == FREE:
            continue
        first = vehicle.begin == vehicle.cursor
        begin = at
        for j in range(vehicle.cursor, vehicle.end):
            packed[at] = route[j]
            at += 1
        vehicle.begin = begin if first else -1  # -1: it is past its first link
        vehicle.cursor = begin
        vehicle.end = at
    return at


@compiled
def affected(cars, route, fresh, closed, out):
    """Vehicles whose route still enters a link with `closed` set, by rising slot; how many."""
    found = 0
    for car in range(fresh):
        vehicle = cars[car]
        if vehicle.state == FREE:
            continue
        begin = vehicle.cursor + 1 if vehicle.state == DRIVING else vehicle.cursor
        for j in range(begin, vehicle.end):
            if closed[route[j]]:
                out[found] = car
                found += 1
                break
    return found


@compiled
def on_links(cars, route, fresh, keen, out):
    """Driving vehicles whose key is in `keen` (bool, by key) with a way beyond their link, by rising slot; how many."""
    found = 0
    for car in range(fresh):
        vehicle = cars[car]
        if vehicle.state != DRIVING or vehicle.cursor + 1 == vehicle.end or vehicle.key >= len(keen):
            continue
        if keen[vehicle.key]:
            out[found] = car
            found += 1
    return found


@compiled
def ahead(cars, route, which, value, out):
    """The sum of `value` (by link) over the links that each vehicle in `which` is still to enter."""
    for i in range(len(which)):
        vehicle = cars[which[i]]
        total = 0.0
        for j in range(vehicle.cursor + 1 if vehicle.state == DRIVING else vehicle.cursor, vehicle.end):
            total += value[route[j]]
        out[i] = total


@compiled
def reroute(cars, route, which, ptr, paths, at):
    """Give the vehicles in `which` new ways on from where they are; the number of cells used.

    A driving vehicle first finishes its current link; another one has not begun its route.
    """
    for i in range(len(which)):
        vehicle = cars[which[i]]
        begin = at
        if vehicle.state == DRIVING:
            route[at] = route[vehicle.cursor]
            at += 1
        for j in range(ptr[i], ptr[i + 1]):
            route[at] = paths[j]
            at += 1
        vehicle.begin = begin if vehicle.begin == vehicle.cursor else -1
        vehicle.cursor = begin
        vehicle.end = at
    return at


@compiled
def unqueue(links, cars, m, leaving):
    """Take vehicles with `leaving` set out of the queue to link m; the others keep their order."""
    link = links[m]
    before, car = -1, link.queue_first
    while car >= 0:
        following = cars[car].next
        if leaving[car]:
            if before < 0:
                link.queue_first = following
            else:
                cars[before].next = following
            link.queued -= 1
            cars[car].state = DUE
            cars[car].next = -1
        else:
            before = car
        car = following
    link.queue_last = before
