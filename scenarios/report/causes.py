"""Who contributed to what: recorded events as a graph, from a root to a consequence.

That one event contributed to another is a claim of the model that sent it; the proof compares two runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Event = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One event of a chain; indent : 0 on the trunk, more on a branch; again : whether it stands further up already."""

    event: Event
    indent: int
    again: bool = False


class Causes:
    """Events by id, and what contributed to each.

    known : event id -> event
    """

    def __init__(self, events: Iterable[Event]) -> None:
        self.known: dict[str, Event] = {event["event_id"]: event for event in events}

    def of(self, event: Event) -> list[Event]:
        """What contributed directly, as far as it was recorded."""
        return [self.known[id] for id in event["contributing"] or () if id in self.known]

    @cached_property
    def depth(self) -> dict[str, int]:
        """How many events stand in the longest chain that ends in each event, itself included."""
        depth: dict[str, int] = {}
        for first in self.known:
            open_ = [first]
            while open_:
                above = [event["event_id"] for event in self.of(self.known[open_[-1]])]
                missing = [id for id in above if id not in depth and id not in open_]
                if missing:
                    open_ += missing
                else:
                    depth[open_.pop()] = 1 + max((depth.get(id, 0) for id in above), default=0)
        return depth

    def before(self, event: Event) -> dict[str, Event]:
        """Everything that led to an event, by id; without the event."""
        found: dict[str, Event] = {}
        open_ = self.of(event)
        while open_:
            cause = open_.pop()
            if cause["event_id"] not in found:
                found[cause["event_id"]] = cause
                open_ += self.of(cause)
        return found

    def path(self, end: Event, most: int = 10) -> list[Event]:
        """Everything that led to `end` and itself, in order of time; at most so many, the root and the end included."""
        events = {**self.before(end), end["event_id"]: end}.values()
        path = sorted(events, key=lambda e: (e["time"], len(self.before(e))))
        return path if len(path) <= most else [*path[:3], *path[3 - most :]]

    def tree(self, end: Event) -> list[Step]:
        """The chain to `end` line by line: on the trunk the longest one from its root on, each branch before what it
        feeds and further in. An event that feeds several is told where it first comes up, and named at the others.
        """
        lines: list[Step] = []
        told: set[str] = set()
        open_: list[tuple[Event, int, bool]] = [(end, 0, False)]  # event, indent, whether its causes are told
        while open_:
            event, indent, ready = open_.pop()
            id = event["event_id"]
            if ready:
                lines.append(Step(event, indent))
            elif id in told:
                lines.append(Step(event, indent, again=True))
            else:
                told.add(id)
                trunk, *branches = self._longest_first(event) or [None]
                open_.append((event, indent, True))
                open_ += [(cause, indent + 1, False) for cause in reversed(branches) if cause]
                open_ += [(trunk, indent, False)] if trunk else []
        return lines

    def _longest_first(self, event: Event) -> list[Event]:
        """Direct causes: the longest chain first, of equals the one about the same subject, then as the sender named it."""
        causes = self.of(event)
        return sorted(causes, key=lambda c: (-self.depth[c["event_id"]], c["subject"] != event["subject"]))
