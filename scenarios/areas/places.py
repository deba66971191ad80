"""Places: jobs, schools and care in buildings; what an area lacks is put where its busiest road leaves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

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
CITIZENS_PER_POST = 50_000  # denser than the 226 24-hour posts of 2023 (one per 78,000), which have day posts beside
BEDS_PER_CITIZEN = 2.3 / 1000  # hospital beds; OECD 2021: 2.3-2.9 per 1,000
VISITORS_M2 = 12.0  # floor per visitor at once in shops and leisure (assumption)

ASSUMPTIONS = {
    "places.jobs": "gross floor per job: office 28 m2, shop 55, school 90, university 75, hospital 55, care 70, "
    "industry 110, leisure 110, public 60, other 400 (assumption)",
    "places.schools": "gross floor per pupil: 5.03 m2 and 200 m2 fixed in primary schools (Dutch model regulation, "
    "from memory), 8 m2 in secondary, 18 m2 per student in higher education (assumption)",
    "places.ambulances": "one per 28,000 residents (608 by weekday daytime for 17 million), at least 2; a post per "
    "50,000, at least 2 (assumption)",
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


class Places:
    """Rows of the table places, gathered one kind at a time."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Any]] = {"building": [], "kind": [], "name": [], "capacity": [], "origin": []}

    def add(self, building: Any, kind: str, capacity: Any, name: Any = "", origin: Any = "synthetic") -> None:
        """Add places of one kind; every argument but `kind` is one value or one per building."""
        building = np.atleast_1d(np.asarray(building, np.int64))
        n = len(building)
        self.rows["building"] += building.tolist()
        self.rows["kind"] += [kind] * n
        self.rows["capacity"] += np.broadcast_to(np.asarray(capacity, np.int64), n).tolist()
        for column, value in (("name", name), ("origin", origin)):
            self.rows[column] += [value] * n if isinstance(value, str) else list(value)

    def count(self, kind: str) -> int:
        """Number of places of that kind."""
        return self.rows["kind"].count(kind)

    def table(self) -> dict[str, Any]:
        """The table places, ordered by building and kind."""
        order = sorted(range(len(self.rows["kind"])), key=lambda i: (self.rows["building"][i], self.rows["kind"][i]))
        return {
            "building": np.array([self.rows["building"][i] for i in order], np.int64),
            "capacity": np.array([self.rows["capacity"][i] for i in order], np.int64),
            **{c: np.array([self.rows[c][i] for i in order], object) for c in ("kind", "name", "origin")},
        }


def ambulances(citizens: int, posts: int) -> Ints:
    """Ambulances at each of `posts` posts, shape (posts,): at least two in total and one per post."""
    total = max(2, posts, round(citizens / CITIZENS_PER_AMBULANCE))
    return np.full(posts, total // posts) + (np.arange(posts) < total % posts)
