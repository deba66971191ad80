"""Places: jobs, schools and care in buildings; what an area lacks is put where its busiest road leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.commuting import gateway_shares
from twin.tables import PLACES

Ints = NDArray[np.int64]

# gross floor per job in m2 by use (assumption; order of magnitude of Dutch kengetallen for gross floor per worker)
M2_PER_JOB = {
    "office": 28.0,
    "shop": 55.0,
    "school": 90.0,
    "university": 75.0,
    "hospital": 55.0,
    "care": 70.0,
    "industry": 110.0,
    "leisure": 110.0,
    "public": 60.0,
    "other": 400.0,
}
# gross floor per pupil: primary 5.03 m2 and 200 m2 fixed (Dutch model regulation of the municipalities, from memory);
# secondary 8 m2, higher education 18 m2 per enrolled student: assumption
M2_PER_PUPIL = (5.03, 8.0, 18.0)
CITIZENS_PER_AMBULANCE = 28_000  # 608 ambulances by day for 17 million (RIVM reference frame, 2016 rides)
BEDS_PER_CITIZEN = 2.3 / 1000  # hospital beds; OECD 2021: 2.3-2.9 per 1,000
VISITORS_M2 = 12.0  # floor per visitor at once in shops and leisure (assumption)
# m of road to what an area lacks, at most that beyond its gateway. Ambulance posts: 226 by night (2023) on 33,500 km2 of
# land have a mean nearest distance of 0.5 sqrt(33,500 / 226) = 6.1 km straight, times 1.3 by road; hospitals some 7 km
# and GP posts some 6.5 km (CBS, mean distance to amenities, from memory)
BEYOND = {"hospital": 7_000.0, "gp_post": 6_500.0, "ambulance_post": 8_000.0}

ASSUMPTIONS = {
    "places.jobs": "gross floor per job: office 28 m2, shop 55, school 90, university 75, hospital 55, care 70, "
    "industry 110, leisure 110, public 60, other 400 (assumption)",
    "places.schools": "gross floor per pupil: 5.03 m2 and 200 m2 fixed in primary schools (Dutch model regulation, "
    "from memory), 8 m2 in secondary, 18 m2 per student in higher education (assumption)",
    "places.ambulances": "one per 28,000 residents (608 by weekday daytime for 17 million), at least 2; a post per "
    "50,000, at least 2 (assumption)",
    "places.outside": "a hospital, GP post or ambulance post that an area lacks lies beyond its busiest gateway: 7, 6.5 "
    "and 8 km of road from it, at most the road beyond that gateway (assumption, after Dutch mean distances)",
    "places.beds": "2.3 hospital beds per 1,000 residents (OECD order of magnitude)",
}


def jobs_of(use: NDArray[Any], floor_m2: Any, target: float | None = None) -> Ints:
    """Jobs in each building from its use and gross floor, scaled to `target` in total if given; shape (buildings,)."""
    per = np.array([M2_PER_JOB.get(str(u), 0.0) for u in use])
    jobs = np.divide(floor_m2, per, out=np.zeros(len(per)), where=per > 0)
    if target is not None and jobs.sum() > 0:
        jobs *= target / jobs.sum()
    return np.asarray(np.maximum(np.rint(jobs), (per > 0) & (per < 400)), np.int64)


def pupils_of(level: Ints, floor_m2: Any) -> Ints:
    """Pupils or students for which a school has room, by level (0 primary, 1 secondary, 2 higher) and gross floor."""
    fixed = np.where(level == 0, 200.0, 0.0)
    pupils = np.maximum((np.asarray(floor_m2) - fixed) / np.array(M2_PER_PUPIL)[level], 20)
    return np.asarray(pupils.astype(np.int64))


@dataclass(frozen=True)
class WayOut:
    """The gateway by which what an area lacks is reached: its row, its coordinates, and the m of road beyond it."""

    row: int
    x: float
    y: float
    distance: float

    @classmethod
    def of(cls, gateways: dict[str, Any], nodes: dict[str, Any]) -> WayOut | None:
        """The busiest gateway; None where there is none."""
        if not len(gateways["node"]):
            return None
        row = int(np.argmax(gateway_shares(gateways["road_class"])))
        node = gateways["node"][row]
        return cls(row, float(nodes["x"][node]), float(nodes["y"][node]), float(gateways["distance"][row]))

    def to(self, kind: str) -> dict[str, Any]:
        """The columns of a place of that kind beyond it."""
        return {"gateway": self.row, "beyond": min(self.distance, BEYOND[kind])}


class Places:
    """Rows of the table places, gathered one kind at a time."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Any]] = {name: [] for name in PLACES}

    def add(
        self,
        building: Any,
        kind: str,
        capacity: Any,
        name: Any = "",
        origin: Any = "synthetic",
        gateway: int = -1,
        beyond: float = 0.0,
    ) -> None:
        """Add places of one kind; building, capacity, name and origin are one value or one per building."""
        building = np.atleast_1d(np.asarray(building, np.int64))
        n = len(building)
        self.rows["building"] += building.tolist()
        for column, value in (("kind", kind), ("gateway", gateway), ("beyond", beyond)):
            self.rows[column] += [value] * n
        self.rows["capacity"] += np.broadcast_to(np.asarray(capacity, np.int64), n).tolist()
        for column, value in (("name", name), ("origin", origin)):
            self.rows[column] += [value] * n if isinstance(value, str) else list(value)

    def count(self, kind: str) -> int:
        """Number of places of that kind."""
        return self.rows["kind"].count(kind)

    def table(self) -> dict[str, Any]:
        """The table places, ordered by building and kind."""
        order = sorted(range(len(self.rows["kind"])), key=lambda i: (self.rows["building"][i], self.rows["kind"][i]))
        return {c: np.array([values[i] for i in order], PLACES[c].numpy_dtype) for c, values in self.rows.items()}


def ambulances(citizens: int, posts: int) -> Ints:
    """Ambulances at each of `posts` posts, shape (posts,): at least two in total and one per post."""
    total = max(2, posts, round(citizens / CITIZENS_PER_AMBULANCE))
    return np.full(posts, total // posts) + (np.arange(posts) < total % posts)
