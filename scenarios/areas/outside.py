"""What an area leaves to the world outside: services beyond a gateway, and who goes out or comes in to work or learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scenarios.areas.demand import PUPIL, STUDENT, WORKER

if TYPE_CHECKING:
    from twin.area import Area

SECONDARY = 12  # years from which a pupil goes to a secondary school


@dataclass(frozen=True)
class Service:
    """A place outside: its kind and name, the gateway by which it is reached, and the m of road beyond that."""

    kind: str
    name: str
    gateway: str
    metres: float

    def __str__(self) -> str:
        return f"{self.kind.replace('_', ' ')}: {self.metres / 1000.0:.1f} km beyond {self.gateway}"


@dataclass(frozen=True)
class Crossing:
    """Residents of one group who stay, leave by a gateway or go nowhere, and people of it who come in from outside."""

    who: str
    inside: int
    leave: int
    nowhere: int
    come: int


def services(area: Area) -> list[Service]:
    """The places of the area that lie outside."""
    places, names = area.places, area.gateways.name
    return [
        Service(str(places.kind[p]), str(places.name[p]), str(names[places.gateway[p]]), float(places.beyond[p]))
        for p in np.flatnonzero(places.gateway >= 0)
    ]


def crossings(area: Area) -> list[Crossing]:
    """Who works and learns where, group by group."""
    people, n = area.people, len(area.buildings)
    older, here = people.age >= SECONDARY, np.asarray(people.resident)
    groups = {
        "pupils under 12": (people.occupation == PUPIL) & ~older,
        "pupils of 12 and over": (people.occupation == PUPIL) & older,
        "students": people.occupation == STUDENT,
        "workers": people.occupation == WORKER,
    }
    found = []
    for who, rows in groups.items():
        goal = people.main[rows & here]
        inside, leave = int(((goal >= 0) & (goal < n)).sum()), int((goal >= n).sum())
        found.append(Crossing(who, inside, leave, int((goal < 0).sum()), int((rows & ~here).sum())))
    return found
