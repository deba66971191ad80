"""Households and the ages of their members, drawn so that each zone keeps its age bands and mean household size.

A table of household size by age of the head is tilted as little as possible (least relative entropy) until its
expected persons per age band and its mean size are those of the zone: P = P0 exp(sum_k lambda_k f_k), found by Newton's
method on the convex dual (Csiszar 1975, I-divergence geometry, Ann. Probab. 3:146).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
OCCUPIED = 0.97  # share of dwellings lived in; CBS: some 3 % vacant

ASSUMPTIONS = {
    "households.sizes": "1: 39 %, 2: 32 %, 3: 12 %, 4: 12 %, 5 and more: 5 %, mean 2.13 (CBS 2022, from memory); "
    "tilted to the persons per dwelling of a district where statistics are given",
    "households.ages": "age bands 15 / 12 / 26 / 27 / 20 % (CBS 2022, from memory), or the district's own",
    "households.heads": "age of the head by household size, partner shares, ages of children: assumption",
    "households.vacancy": "3 % of dwellings stand empty (CBS, from memory)",
}


@dataclass(frozen=True)
class Profile:
    """What is known of a district's residents: age bands (5 shares), mean household size, share at work, students."""

    bands: tuple[float, ...] = DUTCH_BANDS
    size: float = 2.13
    employment: float = 0.70  # share of those aged 15-74 with paid work; CBS 2022: 72 %
    students: float = 0.45  # share of those aged 18-24 in higher or vocational education (assumption)


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


def _composition() -> Floats:
    """Expected persons per age band of a household of each size and head class, shape (6, 7, 5)."""
    k = 400
    out = np.zeros((6, 7, 5))
    u, v, w = (uniforms(stream(0, "households.composition"), np.arange(6 * k), o).reshape(6, k) for o in range(3))
    for s in range(6):
        for h in range(7):
            for m in range(s + 1):
                ages = member_ages(np.full(k, s + 1), np.full(k, h), np.full(k, m), u[m], v[m], w[0])
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
    dwellings: Ints, profile_of: Ints, profiles: list[Profile], seed: int, citizens: int | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Households in the dwellings of each building, and the persons in them.

    dwellings  : shape (buildings,); profile_of: row of `profiles` per building
    citizens   : exact number of persons; None: all that the dwellings hold at the usual vacancy
    Returns (households: building, size), (persons: household, member, age), arrays.
    """
    building = np.repeat(np.arange(len(dwellings)), dwellings)
    fitted = [fit(p) for p in profiles]
    homes = max(len(building), 1)
    if citizens is not None and len(building):
        # more citizens than the dwellings hold: a second household moves in, but only once every dwelling is taken
        building = np.tile(building, 1 + int(citizens / (1.15 * homes)))
    key = np.arange(len(building))
    cell = _draw_cells(fitted, profile_of[building], uniforms(stream(seed, "households.cell"), key))
    size, head = cell // 7 + 1, cell % 7
    order = np.argsort(uniforms(stream(seed, "households.lived_in"), key) + key // homes, kind="stable")
    if citizens is None:
        keep = np.sort(order[: int(np.ceil(OCCUPIED * len(order)))])
    else:
        total = np.cumsum(size[order])
        last = min(int(np.searchsorted(total, citizens)), len(order) - 1)
        size[order[last]] -= max(total[last] - citizens, 0)
        keep = np.sort(order[: last + 1])
    building, size, head, key = building[keep], size[keep], head[keep], key[keep]
    household = np.repeat(np.arange(len(size)), size)
    member = np.arange(len(household)) - np.repeat(np.cumsum(size) - size, size)
    who = key[household] * 8 + member
    u, v = (uniforms(stream(seed, "households.ages"), who, o) for o in range(2))
    w = uniforms(stream(seed, "households.head"), key)[household]
    age = member_ages(size[household], head[household], member, u, v, w)
    return {"building": building, "size": size}, {"household": household, "member": member, "age": age, "key": who}


def _draw_cells(fitted: list[Floats], group: Ints, draw: Floats) -> Ints:
    out = np.zeros(len(group), np.int64)
    for g, table in enumerate(fitted):
        rows = group == g
        total = np.cumsum(table.ravel())
        out[rows] = np.minimum(np.searchsorted(total / total[-1], draw[rows], "right"), 41)
    return out
