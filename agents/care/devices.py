"""Oxygen and alarms at home: they run on a battery while the feeder is dark, and call for help when it is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agents.care.ambulance import OXYGEN
from twin.clock import minute
from twin.draws import uniforms

if TYPE_CHECKING:
    from agents.care.domain import Care

KINDS = ("oxygen", "alarm")


class HomeDevices:
    """The devices of the residents, by the feeder that their home hangs on.

    person, kind, feeder, battery_ms : arrays of shape (devices,)
    """

    def __init__(self, care: Care) -> None:
        self.care = care
        config, people, area = care.config, care.area.people, care.area
        n = len(people)
        rows = np.arange(n)
        feeder = np.full(area.locations, -1, np.int64)
        homes = area.connections.kind == "building"
        feeder[area.connections.target[homes]] = area.connections.feeder[homes]
        resident = np.asarray(people.resident)
        # oxygen is rare below 65: nine in ten users are older (assumption)
        old = resident & (people.age >= 65)
        older, younger = max(int(old.sum()), 1), max(int((resident & ~old).sum()), 1)
        expected = config.oxygen * resident.sum()
        chance = np.where(old, 0.9 * expected / older, 0.1 * expected / younger) * resident
        oxygen = uniforms(care.stream("oxygen"), rows) < chance
        alarm = (uniforms(care.stream("alarm"), rows) < config.alarm) & resident & (people.age >= 75) & ~oxygen
        self.person = np.concatenate([rows[oxygen], rows[alarm]])
        self.kind = np.concatenate([np.zeros(oxygen.sum(), np.int64), np.ones(alarm.sum(), np.int64)])
        self.feeder = feeder[people.home[self.person]]
        span = np.array([config.oxygen_battery, config.alarm_battery])[self.kind]
        luck = uniforms(care.stream("battery"), self.person)
        self.battery_ms = ((span[:, 0] + luck * (span[:, 1] - span[:, 0])) * minute).astype(np.int64)
        self.by_feeder: dict[int, list[int]] = {}
        for device, line in enumerate(self.feeder.tolist()):
            self.by_feeder.setdefault(line, []).append(device)
        self.light: dict[int, Any] = {}
        self.unpowered_ms = 0
        self.without: dict[int, int] = {}  # device -> since when it has had no power
        self.emptied = 0
        self.empties: dict[int, int] = {}  # device -> how often its battery has run empty

    def go_dark(self, feeder: int, cause: str) -> None:
        """A feeder lost its power: each of its devices starts on its battery."""
        if feeder in self.light:
            return
        self.light[feeder] = self.care.world.timeline.event()
        for device in self.by_feeder.get(feeder, ()):
            self.care.process(self.on_battery(device, cause, self.light[feeder]))

    def go_live(self, feeder: int) -> None:
        """A feeder has power again; batteries are taken as full at the next outage (assumption)."""
        light = self.light.pop(feeder, None)
        if light is not None:
            light.succeed()

    def on_battery(self, device: int, cause: str, light: Any) -> Any:
        """One device through one outage."""
        care, person, kind = self.care, int(self.person[device]), int(self.kind[device])
        battery = int(self.battery_ms[device])
        empty = care.world.timeline.timeout(battery)
        yield light | empty
        if not empty.processed:
            return
        self.emptied += 1
        event = care.battery_empty(person, kind, battery / minute, because=[cause])
        self.without[device] = care.now
        ordinal = self.empties.get(device, 0)
        self.empties[device] = ordinal + 1
        if kind == 0 and care.draw("oxygen_call", person, ordinal) < care.config.oxygen_call:
            care.take_call(person, OXYGEN, because=[event])
        if not light.processed:
            yield light
        self.unpowered_ms += care.now - self.without.pop(device)

    def unpowered_minutes(self) -> float:
        """Device minutes without power so far, those still without included."""
        return (self.unpowered_ms + sum(self.care.now - since for since in self.without.values())) / minute

    def forget(self) -> None:
        """Count minutes without power from now on."""
        self.unpowered_ms = 0
        self.without = dict.fromkeys(self.without, self.care.now)
