"""A small town with a timetable: the square of streets of the vehicles' tests, and stops at some of its nodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.agents.vehicles.test_domain import BLOCK, SIZE, a_town
from twin.area import Area

NODES = (0, 4, 24, 20)  # the corners of the square, 1200 m apart: stops 0 to 3
DAILY = 127


def served(runs: list[list[tuple[int, int, int]]], *, places: int = 75, people: int = 40, **services: Any) -> Area:
    """The town with one line; each run is a list of calls (stop, arrival, departure), s after midnight.

    services : columns of the table of services beside `line`: days and the like
    """
    town, _ = a_town(people)
    n = len(runs)
    calls = [(k, *call) for k, run in enumerate(runs) for call in run]
    service, stop, arrival, departure = zip(*calls, strict=True)
    x, y = np.array(NODES) % SIZE * BLOCK, np.array(NODES) // SIZE * BLOCK
    tables = {name: vars(table) for name, table in town.tables.items()}
    tables |= {
        "stops": {"name": ["a", "b", "c", "d"], "x": x, "y": y},
        "lines": {"name": ["1"], "mode": ["bus"], "capacity": [places]},
        "services": {"line": np.zeros(n, int), "days": services.get("days", np.full(n, DAILY))},
        "calls": {"service": service, "stop": stop, "arrival": arrival, "departure": departure},
    }
    return Area(town.name, town.crs, tables)
