"""Who comes from outside: workers and students on what is left, goods vehicles, and through traffic."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas import commuting
from scenarios.areas.demand import GOODS, STUDENT, THROUGH, WORKER, Demand
from twin.draws import stream, uniforms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PRESENT = 0.97  # share of jobs that are filled (assumption)
STUDENTS_PRESENT = 0.60  # share of enrolled students who come on a day (assumption)
# commuters from outside who come by car: Dutch workers drive to work in 6 of 10 cases, more over distance, and fewer into
# dense quarters with stations (assumption, after the shape of CBS figures)
OUTSIDE_CAR, OUTSIDE_LICENCE = 0.65, 0.90
OUTSIDE_STUDENT_CAR = 0.05  # students hold a public transport pass (assumption)
GOODS_PER_JOB, GOODS_PER_RESIDENT = 0.08, 0.01  # goods vehicles that come in a day (assumption)
# crossings of the border a day by one commuter by car: there and back, on the 74 of 100 workdays that they go (as the
# citizens' habits have it), and the share of residents who work outside and drive (assumption)
CROSSINGS, OUT_BY_CAR = 1.48, 0.65

ASSUMPTIONS = {
    "people.outside": "commuters from outside: 90 % hold a licence; to a town 65 % of workers come by car, to an extract "
    "40 %, of students 5 % (assumption); 97 % of jobs filled, 60 % of students present on a day (assumption)",
    "people.goods": "goods vehicles that come in a day: 0.08 per job and 0.01 per resident (assumption); each makes one "
    "stop at a workplace and leaves as it came",
    "people.counts": "where vehicles were counted at a gateway, through traffic makes up what commuters (1.48 crossings a "
    "day each, 65 % of those who leave by car) and goods do not explain (assumption)",
}


def goods_vehicles(jobs: int, residents: int) -> int:
    """Vans and lorries that come in with goods on a workday."""
    return round(GOODS_PER_JOB * jobs + GOODS_PER_RESIDENT * residents)


def make_visitors(
    demand: Demand, free: tuple[Ints, Ints], out: Ints, seed: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """People who live outside, and the columns of the gateways' volumes; counts go to `demand.facts`.

    free : buildings of the jobs and of the student places that residents left
    out  : residents who work or learn beyond each gateway, shape (gateways,)
    """
    n, share = len(demand.buildings["x"]), commuting.gateway_shares(demand.gateway_class)
    gates = len(share)
    none = np.zeros(0, np.int64)
    jobs, seats = free if gates else (none, none)
    seats = seats[uniforms(stream(seed, "people.student_present"), np.arange(len(seats))) < STUDENTS_PRESENT]
    come = np.concatenate([jobs, seats]).astype(np.int64)
    by = commuting.choose_gateway(share, uniforms(stream(seed, "people.in"), np.arange(len(come)))) if gates else none
    student = np.arange(len(come)) >= len(jobs)
    u, v, w = (uniforms(stream(seed, "people.visitor"), np.arange(len(come)), o) for o in range(3))
    car = np.where(student, OUTSIDE_STUDENT_CAR, demand.outside_car) > v
    commuters = from_outside(
        n + by,
        come,
        np.where(student, STUDENT, WORKER),
        car,
        age=np.where(student, 18 + 7 * u, 20 + 46 * u).astype(np.int64),
        licence=car | (w < OUTSIDE_LICENCE),
        has_bicycle=w < 0.8,
        works=~student,
    )
    goods = _goods(demand, share, seed)
    volumes = {
        "commuters_out": out,
        "commuters_in": np.bincount(by, minlength=gates),
        "goods": np.bincount(goods["home"] - n, minlength=gates),
    }
    known = CROSSINGS * (np.bincount(by, car, gates) + OUT_BY_CAR * out) + 2.0 * volumes["goods"]
    entry, leave = _through(demand, known, seed)
    through = from_outside(n + entry, n + leave, np.full(len(entry), THROUGH), np.ones(len(entry), bool))
    volumes["through"] = np.bincount(entry, minlength=gates)
    if demand.counts is not None:
        both = known + volumes["through"] + np.bincount(leave, minlength=gates)
        demand.facts["gateway_counts"] = [
            {"gateway": g, "counted": float(c), "modelled": round(float(both[g]))}
            for g, c in enumerate(demand.counts)
            if np.isfinite(c)
        ]
    parts = (commuters, goods, through)
    return {c: np.concatenate([p[c] for p in parts]) for c in commuters}, volumes


def from_outside(home: Ints, main: Ints, occupation: Any, car: Any, **given: Any) -> dict[str, Any]:
    """Columns of people who live outside; drivers of 40 where nothing else is given."""
    n = len(home)
    return {
        "household": np.full(n, -1),
        "home": home,
        "main": main,
        "age": np.full(n, 40),
        "occupation": np.asarray(occupation, np.int8),
        "licence": car,
        "has_car": car,
        "has_bicycle": np.zeros(n, bool),
        "health": np.zeros(n, np.int8),
        "works": np.ones(n, bool),
        "education": np.full(n, -1, np.int8),
        "income": np.full(n, -1, np.int8),
        "resident": np.zeros(n, bool),
        **given,
    }


def _goods(demand: Demand, share: Floats, seed: int) -> dict[str, Any]:
    """Vans and lorries: in by a gateway, to a workplace in proportion to its jobs."""
    building, count = demand.jobs
    number = demand.goods if len(share) and count.sum() else 0
    key = np.arange(number)
    by = commuting.choose_gateway(share, uniforms(stream(seed, "goods.gateway"), key)) if number else key
    total = np.cumsum(count)
    row = np.searchsorted(total, uniforms(stream(seed, "goods.stop"), key) * max(int(count.sum()), 1), "right")
    at = building[row] if number else key
    return from_outside(len(demand.buildings["x"]) + by, at, np.full(number, GOODS), np.ones(number, bool))


def _through(demand: Demand, known: Floats, seed: int) -> tuple[Ints, Ints]:
    """Entry and exit gateway of each through vehicle; with counts, as many as they leave over."""
    ends = demand.through
    if demand.counts is not None:  # half of what other traffic does not explain enters, half leaves
        ends = np.where(np.isfinite(demand.counts), np.maximum(demand.counts - known, 0.0) / 2.0, ends)
    return commuting.through_pairs(ends, demand.gateway_xy, seed)
