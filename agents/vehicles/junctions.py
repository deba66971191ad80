"""Signals: the plan in force at each, their power, and how slow the junction is without it."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.vehicles.crossing import ANY_TIME
from agents.vehicles.stages import stages
from agents.vehicles.state import State
from twin.parts import Part

Array = np.ndarray[Any, Any]


class Junctions(Part):
    """The signals of an area and their approaches, on the links of a car network.

    signal, link      : int64 (approaches,): which signal, and which link of the network
    cycle, start, length : float64 (approaches,): s, of the plan in force
    actuated          : bool (signals,): the traffic decides, see `agents.vehicles.controllers`
    ordered           : (signal, plan) -> how many such orders are in force; of several plans the highest holds
    rule              : int32 (approaches,): what holds there while the signal is dark
    connection        : (signals,): row of the grid connection that powers each signal; -1: none, never dark
    feeder            : (signals,): that connection's feeder; -1 none
    dark              : bool (signals,)
    before            : float64 (signals,): mean live time over the approaches when it last went dark, s
    slow              : bool (signals,)

    At a dark approach the rule of `right_of_way` holds. Of several green windows of one approach the longest counts.

    In a sampled run, where a car stands for several, an approach has its green share of capacity all the time and the mean
    wait of an empty one, red^2 / (2 cycle) (Webster 1958, RRL Technical Paper 39, first term at no flow), also when dark
    and under another plan, of which it has the share of green. Nothing is actuated there.
    """

    unsaved = ("signal", "link", "own", "stages", "plans", "always", "may", "rule", "sampled", "connection", "feeder")

    def __init__(self, area: Any, link_of_row: Array, always: bool = False) -> None:
        """always : whether every signal is actuated."""
        signals, groups, connections = area.signals, area.signal_groups, area.connections
        n = len(signals)
        link = link_of_row[groups.link] if len(groups) else np.zeros(0, np.int32)
        length = groups.green_to - groups.green_from
        order = _longest(link, length)
        self.link, self.signal = link[order].astype(np.int64), groups.signal[order].astype(np.int64)
        start, length = np.asarray(groups.green_from[order]), length[order]
        self.own = np.asarray(signals.cycle[self.signal]), start, length
        self.cycle, self.start, self.length = (column.copy() for column in self.own)
        self.sampled = area.represents > 1.0
        self.stages = stages(n, self.signal, *self.own)
        several = self.stages.count > 1  # one that only stops and lets go by its plan has nobody to give the green to
        self.may = several & (not self.sampled)
        self.always = always
        self.actuated = self.may & always
        self.plans = self._plans(area.signal_plans, link_of_row)
        self.ordered: dict[tuple[int, int], int] = {}
        self.changed = False
        self.connection, self.feeder = np.full(n, -1), np.full(n, -1)
        rows = np.flatnonzero(connections.kind == "signal") if len(connections) else np.zeros(0, np.int64)
        self.connection[connections.target[rows]] = rows
        self.feeder[connections.target[rows]] = connections.feeder[rows]
        self.dark, self.slow = np.zeros(n, bool), np.zeros(n, bool)
        self.before = np.full(n, np.nan)
        self.reason: dict[int, str] = {}  # signal -> event of its going dark

    def _plans(self, table: Any, link_of_row: Array) -> dict[int, tuple[Array, ...]]:
        """Of each plan: approaches; cycle, start and length of their greens, s; whether it is actuated."""
        at = np.full(len(link_of_row), -1)
        at[self.link] = np.arange(len(self.link))
        link = link_of_row[table.link] if len(table) else np.zeros(0, np.int64)
        length = table.green_to - table.green_from
        columns = at[link], table.cycle, table.green_from, length, table.actuated
        found = {}
        for plan in np.unique(table.plan).tolist():
            own = np.flatnonzero((table.plan == plan) & (link >= 0))
            own = own[at[link[own]] >= 0]
            rows = own[_longest(link[own], length[own])]
            found[plan] = tuple(column[rows] for column in columns)
        return found

    @property
    def may_actuate(self) -> bool:
        """Whether the traffic may come to decide at some signal."""
        return bool(self.may.any()) and (self.always or any(plan[-1].any() for plan in self.plans.values()))

    @property
    def live_share(self) -> Array:
        """The share of its capacity that each approach has all the time; float64 (approaches,)."""
        return np.minimum(self.length / self.cycle, 1.0) if self.sampled else np.ones(len(self.length))

    def order(self, signal: int, plan: int, count: int) -> None:
        """A plan comes into force at a signal (`count` 1), or one such order ends (-1)."""
        key = signal, plan
        self.ordered[key] = max(self.ordered.get(key, 0) + count, 0)
        if not self.ordered[key]:
            del self.ordered[key]
        self.changed = True

    def change_plans(self, state: State) -> None:
        """Bring the approaches to the plans in force."""
        self.changed = False
        now, actuated = [column.copy() for column in self.own], self.may & self.always
        for signal, plan in sorted(self.ordered, key=lambda key: key[::-1]):
            at, *greens, decided = self.plans.get(plan, (np.zeros(0, np.int64),) * 5)
            here = self.signal[at] == signal
            for column, green in zip(now, greens, strict=True):
                column[at[here]] = green[here]
            actuated[signal] = self.may[signal] and decided[here].any()
        other = np.any([a != b for a, b in zip(now, (self.cycle, self.start, self.length), strict=True)], axis=0)
        other |= (actuated != self.actuated)[self.signal]
        before = self.shares(len(state.capacity))
        self.cycle, self.start, self.length = now
        self.actuated = actuated
        live = other & ~(self.dark | actuated)[self.signal]  # what the traffic decides is shown by the controllers
        link = self.link[live]
        if self.sampled:
            after = self.shares(len(state.capacity))
            changed = np.flatnonzero(after != before)
            state.change(changed, capacity=(state.capacity * after)[changed])
        else:
            state.change(link, cycle=now[0][live], green_from=now[1][live], green_for=now[2][live])

    def approaches(self, links: int) -> Array:
        """Which of so many links end at a signal; bool (links,)."""
        out = np.zeros(links, bool)
        out[self.link] = True
        return out

    def start_up(self, state: State) -> None:
        """Give every approach its green window."""
        self.rule = state.links.rule[self.link].copy()
        if self.sampled:
            state.change(self.link, capacity=state.capacity[self.link] * self.live_share, rule=ANY_TIME)
            state.links.free[self.link] += (1.0 - self.live_share) ** 2 * self.cycle / 2.0
            return
        state.change(self.link, cycle=self.cycle, green_from=self.start, green_for=self.length)

    def shares(self, links: int) -> Array:
        """The share of its capacity that each of so many links has now for its signal; 1 without one."""
        out = np.ones(links)
        out[self.link] = np.where(self.dark[self.signal], 1.0, self.live_share)
        return out

    def without_power(self, energised: Array) -> Array:
        """Which signals are without power; `energised` runs along the grid's connections."""
        powered = np.ones(len(self.dark), bool)
        fed = (self.connection >= 0) & (self.connection < len(energised))
        powered[fed] = energised[self.connection[fed]]
        return ~powered

    def switch(self, dark: Array, state: State, live_s: Array) -> tuple[Array, Array]:
        """Make the signals in the mask `dark` dark and all others live; the signals that went dark and came back."""
        went, came = np.flatnonzero(dark & ~self.dark), np.flatnonzero(~dark & self.dark)
        self.before[went] = self.approach_time(live_s)[went]
        self.dark = dark.copy()
        changed = np.isin(self.signal, np.concatenate([went, came]))
        if changed.any():
            link, off = self.link[changed], self.dark[self.signal[changed]]
            if self.sampled:
                capacity = state.capacity[link] * np.where(off, 1.0, self.live_share[changed])
                state.change(link, capacity=capacity, rule=np.where(off, self.rule[changed], ANY_TIME))
            else:
                cycle = np.where(off, 0.0, self.cycle[changed])
                state.change(link, cycle=cycle, green_from=self.start[changed], green_for=self.length[changed])
        return went, came

    def approach_time(self, live_s: Array) -> Array:
        """Mean live time over each signal's approaches, s; (signals,)."""
        n = len(self.dark)
        total = np.bincount(self.signal, live_s[self.link], minlength=n)
        return total / np.maximum(np.bincount(self.signal, minlength=n), 1)

    def ratios(self, live_s: Array) -> Array:
        """That time over what it was before the signal last went dark; NaN for signals that never did."""
        return self.approach_time(live_s) / self.before


def _longest(link: Array, length: Array) -> Array:
    """Rows of the longest green of each link that is not below 0, by link."""
    order = np.lexsort((-length, link))
    order = order[link[order] >= 0]
    return order[np.unique(link[order], return_index=True)[1]]
