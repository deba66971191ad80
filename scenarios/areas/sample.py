"""A sample of an area's people: households and visitors drawn by key, each standing for as many as were left out."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.area import Area
from twin.draws import stream, uniforms
from twin.errors import Fault, InputError
from twin.tables import TABLES

LEAST = 50  # people from which a sample can stand for an area (assumption)


def sample(area: Area, share: float, seed: int = 1) -> Area:
    """The area with `share` of its households and visitors, evenly over neighbourhoods, sizes, cars, gateways, occupations.

    Everybody in it stands for `represents` people: those of the whole over those of the sample, times what each of the
    whole stands for. Buildings, streets, places and the grid stay whole. Raises InputError where fewer than LEAST people
    are left.
    """
    if not 0.0 < share <= 1.0:
        raise InputError(Fault("area.sample", f"is {share}", "more than 0, at most 1", "write 0.1 for one in ten"))
    if share == 1.0:
        return area
    people, homes = area.people, area.households
    chosen = _every(share, (homes.cars, homes.size, area.buildings.zone[homes.building]), seed, "household")
    keep = np.zeros(len(people), bool)
    inside = people.household >= 0
    keep[inside] = chosen[people.household[inside]]
    # as many visitors are left out for each that stays as residents are
    residents, left = int(people.resident.sum()), int(people.resident[keep].sum())
    visitors = np.flatnonzero(people.household < 0)
    part = left / residents if residents else share
    keep[visitors] = _every(
        part, (people.has_car[visitors], people.occupation[visitors], people.home[visitors]), seed, "visitor"
    )
    if keep.sum() < LEAST:
        raise InputError(
            Fault("area.sample", f"{share} leaves {int(keep.sum())} people", f"{LEAST} or more", "take a larger share")
        )
    number = np.where(chosen, np.cumsum(chosen) - 1, -1)
    rows: dict[str, dict[str, Any]] = {name: dict(vars(table)) for name, table in area.tables.items()}
    rows["households"] = {c: v[chosen] for c, v in rows["households"].items()}
    rows["people"] = {c: v[keep] for c, v in rows["people"].items()}
    of = rows["people"]["household"]
    rows["people"]["household"] = np.where(of >= 0, number[np.maximum(of, 0)], -1) if len(number) else of
    resident = int(people.resident.sum())
    stands_for = resident / max(int(people.resident[keep].sum()), 1) if resident else len(people) / int(keep.sum())
    facts = {**area.facts, "sample": share, "represents": area.represents * stands_for}
    tables = {name: columns for name, columns in rows.items() if name in TABLES}
    return Area(area.name, area.crs, tables, area.sources, facts)


def in_words(area: Area) -> str:
    """That an area is a sample, in words; "" of a whole one."""
    if area.represents == 1.0:
        return ""
    parking = "; nobody looks for a parking place" if len(area.parking) else ""  # a place cannot be shared out
    signals = "; signals give each side its share of green all the time" if len(area.signals) else ""
    return f"a sample: each person simulated stands for {area.represents:.3g}{parking}{signals}"


def _every(share: float, sorted_by: tuple[Any, ...], seed: int, purpose: str) -> Any:
    """A share of the rows, drawn systematically in the order of `sorted_by` (last first), equal ones at random.

    The sample has the shares of what the rows are sorted by, to within a row (Cochran 1977, *Sampling Techniques*, 8.5).
    """
    n = len(sorted_by[0])
    luck = uniforms(stream(seed, "sample." + purpose), np.arange(n + 1))
    order = np.lexsort((luck[:n], *sorted_by))
    steps = luck[n] + share * np.arange(n + 1)
    out = np.zeros(n, bool)
    out[order] = np.diff(np.floor(steps + 1e-9)) > 0
    return out
