"""A sample of an area's people: households and visitors drawn by key, each standing for as many as were left out."""

from __future__ import annotations

from typing import Any

import numpy as np

from scenarios.areas import margins
from twin.area import Area
from twin.draws import stream, uniforms
from twin.errors import Fault, InputError
from twin.tables import TABLES

LEAST = 50  # people from which a sample can stand for an area (assumption)


def sample(area: Area, share: float, seed: int = 1) -> Area:
    """The area with `share` of its households and visitors, evenly over neighbourhoods, gateways and occupations.

    Everybody in it stands for `represents` people: those of the whole over those of the sample, times what each of the
    whole stands for. Buildings, streets, places and the grid stay whole. Raises InputError where fewer than LEAST people
    are left.
    """
    if not 0.0 < share <= 1.0:
        raise InputError(Fault("area.sample", f"is {share}", "more than 0, at most 1", "write 0.1 for one in ten"))
    if share == 1.0:
        return area
    people, homes = area.people, area.households
    chosen = _choose(area.buildings.zone[homes.building], share, seed, "household")
    visitors = np.flatnonzero(people.household < 0)
    come = _choose(people.home[visitors] * 16 + people.occupation[visitors], share, seed, "visitor")
    keep = np.zeros(len(people), bool)
    inside = people.household >= 0
    keep[inside] = chosen[people.household[inside]]
    keep[visitors] = come
    if keep.sum() < LEAST:
        raise InputError(
            Fault("area.sample", f"{share} leaves {int(keep.sum())} people", f"{LEAST} or more", "take a larger share")
        )
    number = np.where(chosen, np.cumsum(chosen) - 1, -1)
    rows: dict[str, dict[str, Any]] = {name: dict(vars(table)) for name, table in area.tables.items()}
    rows["households"] = {c: v[chosen] for c, v in rows["households"].items()}
    rows["people"] = {c: v[keep] for c, v in rows["people"].items()}
    of = rows["people"]["household"]
    rows["people"]["household"] = np.where(of >= 0, number[of], -1)
    resident = int(people.resident.sum())
    stands_for = resident / max(int(people.resident[keep].sum()), 1) if resident else len(people) / int(keep.sum())
    facts = {**area.facts, "sample": share, "represents": area.represents * stands_for}
    tables = {name: columns for name, columns in rows.items() if name in TABLES}
    return Area(area.name, area.crs, tables, area.sources, facts)


def in_words(area: Area) -> str:
    """That an area is a sample, in words; "" of a whole one."""
    return f"a sample: each person simulated stands for {area.represents:.3g}" if area.represents != 1.0 else ""


def _choose(group: Any, share: float, seed: int, purpose: str) -> Any:
    """A share of each group, at random, its number rounded up or down."""
    _, label = np.unique(group, return_inverse=True)
    luck = uniforms(stream(seed, "sample." + purpose), np.arange(len(label)))
    return margins.choose(np.full(len(label), share), label.ravel(), luck)
