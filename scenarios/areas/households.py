"""Households and the ages of their members, drawn so that each zone keeps its age bands and mean household size.

A table of household size by age of the head is tilted as little as possible (least relative entropy) until its
expected persons per age band and its mean size are those of the zone: P = P0 exp(sum_k lambda_k f_k), found by Newton's
method on the convex dual (Csiszar 1975, I-divergence geometry, Ann. Probab. 3:146).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas import ipf
from twin.draws import stream, uniforms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BANDS = (0, 15, 25, 45, 65)  # lower ends of the age bands of the statistics office
DUTCH_BANDS = (0.153, 0.123, 0.255, 0.269, 0.200)  # Netherlands 2022, CBS (from memory)
DUTCH_SIZES = (0.391, 0.324, 0.117, 0.118, 0.039, 0.011)  # households of 1..6+, CBS 2022 (from memory); mean 2.13
HEAD_AGES = (18, 25, 35, 45, 55, 65, 75, 103)
# age of the head given household size 1, 2, 3, 4, 5, 6; shaped on CBS figures (assumption)
HEAD_GIVEN_SIZE = np.array(
    [
        [0.10, 0.18, 0.11, 0.12, 0.16, 0.15, 0.18],
        [0.04, 0.14, 0.07, 0.13, 0.24, 0.23, 0.15],
        [0.01, 0.22, 0.27, 0.31, 0.14, 0.04, 0.01],
        [0.002, 0.14, 0.42, 0.37, 0.058, 0.009, 0.001],
        [0.002, 0.10, 0.45, 0.40, 0.04, 0.007, 0.001],
        [0.002, 0.10, 0.45, 0.40, 0.04, 0.007, 0.001],
    ]
)
PARTNER = np.array([0.0, 0.80, 0.82, 0.90, 0.92, 0.92])  # chance that the second member is a partner (assumption)
MOST = 4.5  # persons per household on average, more than which a district does not have (assumption)
MEAN_SIZE = 2.13  # persons per household, CBS 2022
OCCUPIED = 0.97  # share of dwellings lived in; CBS: some 3 % vacant
PERSONS_PER_DWELLING = MEAN_SIZE * OCCUPIED  # where only one of the two numbers is given

ASSUMPTIONS = {
    "households.sizes": "1: 39 %, 2: 32 %, 3: 12 %, 4: 12 %, 5 and more: 5 %, mean 2.13 (CBS 2022, from memory); "
    "tilted to the persons per dwelling of a district where statistics are given",
    "households.ages": "age bands 15 / 12 / 26 / 27 / 20 % (CBS 2022, from memory), or the district's own",
    "households.heads": "age of the head by household size, partner shares, ages of children: assumption",
    "households.vacancy": "3 % of dwellings stand empty (CBS, from memory)",
}


@dataclass(frozen=True)
class Profile:
    """What is known of a district's residents; shares are of 1, None where nothing is known.

    bands      : persons by age band (5 shares);  size: persons per household
    employment : of those aged 15-74, with paid work;  students: of those aged 18-24, in higher or vocational education
    owner      : of households, in a dwelling of their own;  social: of households, renting from a housing corporation
    education_high : of those aged 15-74;  income_low, income_high: of those with an income of their own
    cars       : per household
    published  : names of the fields above that come from published figures
    """

    bands: tuple[float, ...] = DUTCH_BANDS
    size: float = MEAN_SIZE
    employment: float = 0.70  # CBS 2022: 72 %
    students: float = 0.45  # (assumption)
    owner: float | None = None
    social: float | None = None
    education_high: float | None = None
    income_low: float | None = None
    income_high: float | None = None
    cars: float | None = None
    published: frozenset[str] = frozenset()


def member_ages(size: Ints, head: Ints, member: Ints, u: Floats, v: Floats, w: Floats) -> Ints:
    """Age of each person from the household's size and head class, the member's number and draws (w: of the household).

    u, v : one draw per person;  w : one draw per household, repeated for its members
    """
    low, high = np.array(HEAD_AGES)[head], np.array(HEAD_AGES)[head + 1]
    head_age = np.where(head == 6, np.minimum(75 - 7.0 * np.log(1 - 0.97 * w), 102), low + (high - low) * w)
    partner = (member == 1) & (v < PARTNER[np.minimum(size, 6) - 1])
    born_at = 23.0 + 15.0 * u  # age of the parent at birth
    child = head_age - born_at
    child = np.where(child < 0, 3 * u, np.where(child > 26, 16 + 10 * u, child))
    age = np.where(member == 0, head_age, np.where(partner, np.maximum(head_age + 8 * u - 5, 18), child))
    return np.asarray(age.astype(np.int64))


@lru_cache(maxsize=1)
def _composition() -> Floats:
    """Expected persons per age band of a household of each size and head class, shape (6, 7, 5).

    Over 4,096 points of a Kronecker sequence (multiples of irrational numbers, modulo 1), which fill the cube evenly.
    """
    k = 4096
    out = np.zeros((6, 7, 5))
    u, v, w = (np.modf((np.arange(k) + 0.5) * step)[0] for step in (0.8191725134, 0.6710436067, 0.5497004779))
    for s in range(6):
        for h in range(7):
            for m in range(s + 1):
                ages = member_ages(np.full(k, s + 1), np.full(k, h), np.full(k, m), u, v, w)
                out[s, h] += np.bincount(np.digitize(ages, BANDS[1:]), minlength=5) / k
    return out


def fit(profile: Profile, steps: int = 60) -> Floats:
    """Chance of each household size and head class, shape (6, 7), that meets the profile's bands and mean size."""
    prior = np.array(DUTCH_SIZES)[:, None] * HEAD_GIVEN_SIZE
    prior = (prior / prior.sum()).ravel()
    persons = np.repeat(np.arange(1, 7), 7).astype(float)
    bands = _composition().reshape(42, 5)
    target = np.array(profile.bands) / sum(profile.bands)
    features = np.column_stack([bands[:, 1:] - target[1:] * persons[:, None], persons - profile.size])
    weight = np.zeros(5)
    for _ in range(steps):
        p = prior * np.exp(np.clip(features @ weight, -30, 30))
        p /= p.sum()
        mean = p @ features
        spread = (features * p[:, None]).T @ features - np.outer(mean, mean) + 1e-3 * np.eye(5)
        step = np.linalg.solve(spread, mean)
        weight -= step * min(1.0, 1.5 / max(np.abs(step).max(), 1e-12))
    return np.asarray(p.reshape(6, 7))


def draw_households(
    dwellings: Ints,
    group: Ints,
    profiles: list[Profile],
    seed: int,
    residents: Sequence[int | None] | None = None,
    roomy: Floats | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Households in the dwellings of each building, and the persons in them.

    dwellings  : shape (buildings,); group: row of `profiles` per building
    residents  : exact number of persons of each group; None: what its dwellings hold at the usual vacancy
    roomy      : shape (buildings,), 0 to 1: where larger households rather live; None: everywhere the same
    Returns (households: building, size), (persons: household, member, age, key), arrays. In each group the persons of
    each age band are as many as the profile says, to the nearest whole person, where there are people to be of that age.
    """
    households, persons = [], []
    for g, profile in enumerate(profiles):
        where = np.repeat(*_of(group == g, dwellings))
        people = residents[g] if residents is not None else None
        people = round(OCCUPIED * len(where) * profile.size) if people is None else people
        if not len(where) or not people:
            continue
        homes, members = _draw_group(where, people, profile, seed, roomy)
        members["household"] += sum(len(h["building"]) for h in households)
        households.append(homes)
        persons.append(members)
    empty = np.zeros(0, np.int64)
    return (
        {c: np.concatenate([empty, *(h[c] for h in households)]) for c in ("building", "size")},
        {c: np.concatenate([empty, *(p[c] for p in persons)]) for c in ("household", "member", "age", "key")},
    )


def _of(rows: Any, dwellings: Ints) -> tuple[Ints, Ints]:
    building = np.flatnonzero(rows)
    return building, dwellings[building]


def _draw_group(
    dwelling: Ints, people: int, profile: Profile, seed: int, roomy: Floats | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Households of one group; `dwelling` is the building of each of its dwellings."""
    homes = max(1, min(round(people / profile.size), people))
    if homes > len(dwelling) >= people / MOST:  # rather larger households than two in one dwelling
        homes = len(dwelling)
        profile = replace(profile, size=people / homes)
    cells = ipf.integerise(fit(profile) * homes, stream(seed, f"households.cells {dwelling[0]}"), homes).ravel()
    size = _to_sum(np.repeat(np.arange(42) // 7 + 1, cells), people)
    head = np.repeat(np.arange(42) % 7, cells)
    # which dwelling: at random, larger households rather where there is room; a second one moves in once all are taken
    number = np.arange(homes) % len(dwelling)
    rank = np.arange(len(dwelling)) - np.searchsorted(dwelling, dwelling)
    key = dwelling * 10_000 + rank
    luck = uniforms(stream(seed, "households.dwelling"), key)
    spots = np.sort(np.argsort(luck, kind="stable")[: min(homes, len(dwelling))])
    spots = np.concatenate([spots, number[len(spots) :]])
    wide = uniforms(stream(seed, "households.room"), key[spots], np.arange(homes) // len(dwelling))
    wide = wide + (0.0 if roomy is None else 0.5 * roomy[dwelling[spots]])
    wish = uniforms(stream(seed, "households.wish"), np.arange(homes)) + 0.12 * np.minimum(size, 5)
    spots, taken = spots[np.argsort(wide, kind="stable")], np.argsort(wish, kind="stable")
    place = np.empty(homes, np.int64)
    place[taken] = spots
    order = np.lexsort((np.arange(homes), place))
    place, size, head = place[order], size[order], head[order]
    second = np.arange(homes) - np.searchsorted(place, place)
    home_key = key[place] + 10**12 * second  # beyond the key of every dwelling
    household = np.repeat(np.arange(homes), size)
    member = np.arange(len(household)) - np.repeat(np.cumsum(size) - size, size)
    who = home_key[household] * 32 + member
    cell = (np.minimum(size, 6) - 1) * 7 + head
    u, v = (_even(cell[household] * 32 + member, uniforms(stream(seed, "households.ages"), who, o)) for o in range(2))
    w = _even(cell, uniforms(stream(seed, "households.head"), home_key))[household]
    age = member_ages(size[household], head[household], member, u, v, w)
    age = to_bands(age, np.array(profile.bands), uniforms(stream(seed, "households.band"), who))
    return {"building": dwelling[place], "size": size}, {
        "household": household,
        "member": member,
        "age": age,
        "key": who,
    }


def _to_sum(size: Ints, people: int) -> Ints:
    """Sizes changed by one here and there, evenly over the households, until they sum to `people`."""
    size = size.copy()
    while (left := people - int(size.sum())) != 0:
        able = np.flatnonzero(size < 20 if left > 0 else size > 1)
        some = able[np.linspace(0, len(able) - 1, min(abs(left), len(able))).astype(np.int64)]
        size[np.unique(some)] += 1 if left > 0 else -1
    return size


def _even(cell: Ints, luck: Floats) -> Floats:
    """Draws spread evenly over [0, 1) within each cell, in the order of `luck`: as random, with less noise."""
    order = np.lexsort((luck, cell))
    ranked = cell[order]
    first = np.searchsorted(ranked, ranked)
    count = np.searchsorted(ranked, ranked, "right") - first
    out = np.empty(len(cell))
    out[order] = (np.arange(len(cell)) - first + luck[order]) / count
    return out


def to_bands(age: Ints, bands: Floats, luck: Floats) -> Ints:
    """Ages with as many persons in each band as its share says: those nearest to an edge step over it.

    age, luck : shape (n,);  bands : 5 shares. Few have to: the draw before is even.
    """
    age = age.copy()
    edges = np.rint(np.cumsum(bands / bands.sum())[:-1] * len(age)).astype(np.int64)
    for edge, below in zip(BANDS[1:], edges.tolist(), strict=True):
        over = int((age < edge).sum()) - below
        order = np.lexsort((luck, age))
        if over > 0:
            age[order[below : below + over]] = edge
        elif over < 0:
            age[order[below + over : below]] = edge - 1
    return age
