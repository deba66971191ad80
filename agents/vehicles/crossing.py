"""When the first vehicle of a link may pass the junction at its end: at green, in a gap, or when it is its turn.

*Giving way* (GIVE_WAY). A movement, from a link onto another, has a critical gap and a follow-up time and a list of the
movements that it gives way to. A vehicle passes when none of these has been used for the critical gap, and its own link
was last left the follow-up time ago. So of a gap of g s between two others' passages 1 + floor((g - gap) / follow)
vehicles of a queue make use, none if g < gap, which is the rule of gap acceptance (Siegloch 1973; Harders 1968): drivers
look ahead at the gap and here it is looked back upon, which shifts the same vehicles within the same gap. Capacity is the
same for any stream of others; so is the delay if they come at random (Adams 1936), since such a stream looks the same
backwards. Nothing needs to be known of vehicles that are still to come, on however short a link.
A link whose first vehicle cannot go on, since its target is full, holds nobody up: where all stand, merges share.

*All-way stop* (ALL_WAY). Who reaches the line stands for a moment; between two vehicles of one approach lies a headway
that depends on at how many others, opposite and across, somebody stands at the line (Highway Capacity Manual 2010,
chapter 20). The sides take turns on average, and no order of arrival is kept.
"""

from __future__ import annotations

from agents.vehicles.wheel import KINDS, READY, compiled, inlined

ANY_TIME, SIGNAL, GIVE_WAY, ALL_WAY = range(4)  # what says when the first vehicle of a link may pass
# s between vehicles of one lane at an all-way stop: nobody else at the line; somebody opposite; across on one side; at two
# of the others; at three. Highway Capacity Manual 2010, exhibit 20-14, cases 1-5, geometry group 1
HEADWAYS = (3.9, 4.7, 5.8, 7.0, 9.6)
# s that a vehicle which finds nobody before it loses beside that: 5 for slowing down and speeding up, less 2 for moving up
# to the line, which a headway contains (Highway Capacity Manual 2010, equations 20-29 and 20-30)
STOPPING = 5.0 - 2.0


@inlined
def next_green(time, cycle, start, length):
    """The first moment not before `time` in the green window [start, start + length) of a cycle, in seconds."""
    phase = (time - start) % cycle
    # a moment that rounding puts just before the window counts as its start
    return time if phase < length or cycle - phase < 1e-9 else time + (cycle - phase)


@inlined
def row_of(moves, first, m, onto):
    """The row of the movement from link m onto another; -1 where none is kept."""
    at = first
    while moves[at].link == m:
        if moves[at].onto == onto:
            return at
        at += 1
    return -1


@inlined
def note(moves, link, m, onto, time):
    """A vehicle has passed from link m onto another."""
    if link.moves >= 0:
        at = row_of(moves, link.moves, m, onto)
        if at >= 0:
            moves[at].before = moves[at].last
            moves[at].last = time


@inlined
def next_gap(links, events, moves, conflicts, m, at, time):
    """The first moment not before `time` at which the vehicle that makes movement `at` finds a gap, if nobody else comes."""
    move = moves[at]
    go = time
    if move.count > 0:
        go = max(go, links[m].last_exit + move.follow)
    for i in range(move.first, move.first + move.count):
        other = moves[conflicts[i]]
        if links[other.link].waits_for >= 0:
            continue
        last = other.last if other.last <= time else other.before  # of the same bucket, and looked at sooner
        ready = events[KINDS * other.link + READY]
        if ready.cell >= 0 and ready.time <= time and links[other.link].target == other.onto:
            last = ready.time  # of the same bucket, and looked at later
        go = max(go, last + move.gap)
    return go


@inlined
def next_turn(links, slots, moves, conflicts, m, at, time):
    """The first moment not before `time` at which it is the turn of the first vehicle of link m, if nobody else comes."""
    link, move = links[m], moves[at]
    across = opposite = 0
    for i in range(move.first, move.first + move.count):
        facing = conflicts[i] < 0
        other = links[~conflicts[i] if facing else conflicts[i]]
        if other.count > 0 and other.waits_for < 0 and slots[other.slots + other.first].time <= time:
            if facing:
                opposite += 1
            else:
                across += 1
    case = min(1 + across + opposite, 4) if across > 0 else min(opposite, 1)
    reached = slots[link.slots + link.first].time
    return max(time, link.last_exit + move.follow * HEADWAYS[case], reached + HEADWAYS[case] + STOPPING)


@compiled
def next_pass(links, slots, events, moves, conflicts, m, time):
    """The first moment not before `time` at which the first vehicle of link m may pass, as far as is known now.

    moves     : records: of each link one after the other, an end mark with link -1 last. last, before: when the last two
                passed; gap, follow: s; first, count: its cells of `conflicts`. At an all-way stop follow is in headways
    conflicts : int32: rows of the movements to give way to; at an all-way stop the other approaches, ~link where opposite
    """
    link = links[m]
    if link.control == SIGNAL:
        return next_green(time, link.cycle, link.green_from, link.green_for)
    at = row_of(moves, link.moves, m, link.target)
    if at < 0:
        return time
    if link.control == GIVE_WAY:
        return next_gap(links, events, moves, conflicts, m, at, time)
    return next_turn(links, slots, moves, conflicts, m, at, time)
