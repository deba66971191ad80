"""People of an area: residents with a place to work or learn, and those who come from outside."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas import commuting, households, places, residents, visitors
from scenarios.areas.demand import PUPIL, STUDENT, WORKER, Demand
from scenarios.areas.households import draw_households
from twin.draws import stream, uniforms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ALL_ASSUMPTIONS = {
    **residents.ASSUMPTIONS,
    **visitors.ASSUMPTIONS,
    **households.ASSUMPTIONS,
    **commuting.ASSUMPTIONS,
    **places.ASSUMPTIONS,
}


def make_people(demand: Demand, seed: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Tables households and people, and the columns of the gateways' volumes; counts go to `demand.facts`."""
    homes, persons = draw_households(
        np.asarray(demand.buildings["dwellings"], np.int64),
        demand.group,
        demand.profiles,
        seed,
        demand.residents,
        np.asarray(demand.buildings["use"] == "house", float),
    )
    people = residents.make_residents(demand, homes, persons, seed)
    table = residents.fitted(demand, homes, people)
    demand.facts["margins"], demand.facts["margins_table"] = table.summary(), table.rows
    free = _give_main(demand, people, seed)
    n, gates = len(demand.buildings["x"]), len(demand.gateway_class)
    out = np.bincount(people["main"][people["main"] >= n] - n, minlength=gates)
    others, volumes = visitors.make_visitors(demand, free, out, seed)
    everybody = {c: np.concatenate([people[c], others[c]]) for c in others}
    everybody["origin"] = np.full(len(everybody["home"]), "synthetic", object)
    homes["cars"], homes["tenure"] = people["_cars"], people["_tenure"]
    homes["origin"] = np.full(len(homes["building"]), "synthetic", object)
    return homes, everybody, volumes


def _give_main(demand: Demand, people: dict[str, Any], seed: int) -> tuple[Ints, Ints]:
    """Fill `main` of the residents; returns the buildings of the jobs and of the student places left over."""
    n, zone_of = len(demand.buildings["x"]), np.asarray(demand.buildings["zone"])
    xy = np.stack([demand.buildings["x"], demand.buildings["y"]], 1)
    key, age, occupation = people["_key"], people["age"], people["occupation"]
    at, capacity, level = demand.schools
    who = [
        np.flatnonzero((occupation == PUPIL) & (age < 12)),
        np.flatnonzero((occupation == PUPIL) & (age >= 12)),
        np.flatnonzero(occupation == STUDENT),
    ]
    free_students = np.zeros(0, np.int64)
    for kind, (rows, purpose) in enumerate(zip(who, ("primary", "secondary", "university"), strict=True)):
        some = np.flatnonzero(level == kind)
        slots = np.repeat(at[some], capacity[some])
        group = np.repeat(np.arange(len(some)), capacity[some])
        found = assign_people(demand, people, rows, slots, group, xy[at[some]], purpose, seed)
        if kind == 2:
            free_students = np.delete(slots, found[found >= 0])
        demand.facts[f"{purpose}_places"] = int(capacity[some].sum())
        demand.facts[f"{purpose}_pupils_outside"] = int((found < 0).sum())
    workers = np.flatnonzero(occupation == WORKER)
    inside = uniforms(stream(seed, "people.work_inside"), key[workers]) < demand.work_inside
    jobs = np.repeat(demand.jobs[0], demand.jobs[1])
    keep = uniforms(stream(seed, "people.job_filled"), np.arange(len(jobs))) < visitors.PRESENT
    jobs = jobs[keep]
    found = assign_people(demand, people, workers[inside], jobs, zone_of[jobs], demand.zone_xy, "work", seed)
    demand.facts["jobs"] = int(demand.jobs[1].sum())
    demand.facts["workers_inside"] = int((found >= 0).sum())
    if len(demand.gateway_class):
        share = commuting.gateway_shares(demand.gateway_class)
        near = share * np.exp(-(demand.gateway_distance - demand.gateway_distance.min()) / commuting.SCHOOL_OUT)
        without = people["main"] < 0
        for rows, shares in (
            (np.flatnonzero(without & (occupation == PUPIL)), near),
            (np.flatnonzero(without & np.isin(occupation, (STUDENT, WORKER))), share),
        ):
            luck = uniforms(stream(seed, "people.out"), key[rows])
            people["main"][rows] = n + commuting.choose_gateway(shares, luck)
    return np.delete(jobs, found[found >= 0]), free_students


def assign_people(
    demand: Demand,
    people: dict[str, Any],
    rows: Ints,
    slots: Ints,
    group: Ints,
    group_xy: Floats,
    purpose: str,
    seed: int,
) -> Ints:
    """Give the people `rows` a slot each and write it to `main`; returns the slot of each, -1 for none."""
    zone = np.asarray(demand.buildings["zone"])[people["home"][rows]]
    found = commuting.assign(
        zone,
        demand.zone_xy,
        slots,
        group,
        group_xy,
        commuting.DECAY[purpose],
        seed,
        "people." + purpose,
        people["_key"][rows],
    )
    people["main"][rows[found >= 0]] = slots[found[found >= 0]]
    return found
