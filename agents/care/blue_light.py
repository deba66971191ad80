"""Driving under blue light: how fast an ambulance may be on each link, where it can pass a queue, what red costs it.

The rule takes the limit of the street as it was built; a lower one that a measure sets shows as slower cars, which the
ambulance passes. The cars that make way for it lose no time (assumption: one vehicle in many thousands).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.care.config import BlueLight
from agents.care.kernels import blue_light
from twin.parts import Part

Array = np.ndarray[Any, Any]


class Driving(Part):
    """Travel times of ambulances over the links of an area.

    metres           : float64 (links,)
    free_ms, fast_ms : float64 (links,): ms over the empty link of a car, and of an ambulance
    red_ms           : float64 (links,): ms lost at the signal at its end, on average over the cycle; 0 without one
    room             : bool (links,): two lanes, or a link the other way
    """

    unsaved = ("metres", "free_ms", "fast_ms", "red_ms", "room")

    def __init__(self, area: Any, rule: BlueLight) -> None:
        links, self.rule = area.links, rule
        self.metres = np.asarray(links.length, np.float64)
        speed = self.speed(np.asarray(links.speed))
        self.free_ms, self.fast_ms = 1000.0 * self.metres / links.speed, 1000.0 * self.metres / speed
        self.red_ms = np.zeros(len(links))
        groups = area.signal_groups
        if len(groups):
            green = (groups.green_to - groups.green_from) / area.signals.cycle[groups.signal]
            red = np.clip(1.0 - np.bincount(groups.link, green, len(links)), 0.0, 1.0)
            at = np.unique(groups.link)
            self.red_ms[at] = red[at] * 1000.0 * self.slowing(speed[at])
        nodes, tail, head = len(area.nodes), links.tail.astype(np.int64), links.head.astype(np.int64)
        way, back = tail * nodes + head, head * nodes + tail
        self.room = (links.lanes > 1) | np.isin(back, way[links.car])

    def speed(self, limit: Array) -> Array:
        """m/s on an empty road with this limit, m/s."""
        rule = self.rule
        fast = np.minimum(limit * rule.faster, limit + rule.limit_over / 3.6)
        return np.asarray(np.where(limit <= rule.calm / 3.6 + 1e-9, limit, fast))

    def slowing(self, speed: Array) -> Array:
        """s lost by braking from `speed`, m/s, to that through red, and speeding up again: (v - u)^2 / (a v)."""
        red = self.rule.red / 3.6
        return np.asarray(np.maximum(speed - red, 0.0) ** 2 / (self.rule.braking * speed))

    def ms(self, live_ms: Array) -> Array:
        """int64 ms over each link, where cars take `live_ms`; a closed street counts as empty."""
        out = np.empty(len(self.metres), np.int64)
        past = self.rule.past_queue / 3.6
        blue_light(live_ms, self.free_ms, self.fast_ms, self.red_ms, self.room, self.metres, past, out)
        return out
