"""Meeting published totals: chances moved until they sum to a margin, whole persons chosen so that it is met exactly.

A yes-or-no attribute with chance p for each person and a published total is fitted by moving every chance by the same
amount on the logit scale. That is iterative proportional fitting of one binary margin: the odds ratios of the prior are
kept (Deming & Stephan 1940; Agresti 2013, *Categorical Data Analysis*, section 10.7). Systematic sampling then chooses
whole persons with exactly these chances and a sum within one of the total (Madow 1949, Ann. Math. Stat. 20:333).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LEAST = 100  # persons or households in a cell from which its relative difference says something (assumption)


def meet(chance: Floats, group: Ints, target: Floats, rounds: int = 60) -> Floats:
    """Chances moved on the logit scale so that they sum to `target` in each group; 0 and 1 stay.

    chance, group : shape (n,);  target : shape (groups,), NaN where nothing is published (chances stay)
    A target out of reach is met as far as it can be. Newton's method on each group, steps of at most 2.
    """
    inner = (chance > 0.0) & (chance < 1.0)
    with np.errstate(divide="ignore"):
        logit = np.where(inner, np.log(np.where(inner, chance, 0.5)) - np.log1p(-np.where(inner, chance, 0.5)), 0.0)
    n = len(target)
    fixed = np.bincount(group, np.where(inner, 0.0, chance), n)
    free = np.bincount(group, inner, n)
    want = np.where(np.isfinite(target), target - fixed, np.nan)
    want = np.clip(want, 1e-9 * free, free * (1.0 - 1e-9))
    move = np.zeros(n)
    for _ in range(rounds):
        p = 1.0 / (1.0 + np.exp(-(logit + move[group])))
        gap = want - np.bincount(group, p * inner, n)
        slope = np.bincount(group, p * (1.0 - p) * inner, n)
        step = np.where(np.isfinite(gap) & (free > 0), np.clip(gap / np.maximum(slope, 1e-12), -2.0, 2.0), 0.0)
        move += step
        if np.abs(step).max(initial=0.0) < 1e-10:
            break
    return np.where(inner, 1.0 / (1.0 + np.exp(-(logit + move[group]))), chance)


def choose(chance: Floats, group: Ints, luck: Floats) -> Bools:
    """Choose persons with exactly the given chances, in each group their sum rounded up or down; shape (n,).

    luck : one keyed uniform draw each; it orders the persons of a group, and the fraction of its sum is the start
    """
    order = np.lexsort((luck, group))
    ranked = group[order]
    first = np.searchsorted(ranked, ranked)
    running = np.concatenate([[0.0], np.cumsum(chance[order])])
    start = np.modf(np.bincount(group, luck))[0] if len(group) else np.zeros(0)
    before = running[:-1] - running[first] + start[ranked]
    out = np.zeros(len(chance), bool)
    # 1e-9 keeps a sum that is whole but for rounding from losing a person
    out[order] = np.floor(before + chance[order] + 1e-9) > np.floor(before + 1e-9)
    return out


def draw(chance: Floats, group: Ints, target: Floats | None, luck: Floats) -> Bools:
    """`meet`, then `choose`."""
    return choose(chance if target is None else meet(chance, group, target), group, luck)


def shares_of(weight: Floats, total: int) -> Ints:
    """Whole numbers in proportion to `weight` that sum to `total`, by largest remainders; ties to the first."""
    if weight.sum() <= 0:
        weight = np.ones(len(weight))
    exact = weight * (total / weight.sum())
    out = np.floor(exact).astype(np.int64)
    rest = np.argsort(-(exact - out), kind="stable")[: total - int(out.sum())]
    out[rest] += 1
    return out


@dataclass
class Margins:
    """What was published for each district and what the people of the area come to."""

    districts: list[str]
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, margin: str, unit: str, target: Floats, got: Floats) -> None:
        """One margin of every district; districts where nothing is published (NaN) are left out."""
        for code, wanted, found in zip(self.districts, target.tolist(), got.tolist(), strict=True):
            if np.isfinite(wanted):
                self.rows.append(
                    {
                        "district": code,
                        "margin": margin,
                        "unit": unit,
                        "target": round(wanted, 1),
                        "got": round(found, 1),
                    }
                )

    def summary(self) -> dict[str, Any]:
        """Cells, mean and worst relative difference of those of LEAST persons or more, and how many are within 2 %."""
        large = [r for r in self.rows if r["target"] >= LEAST]
        if not large:
            return {"cells": len(self.rows)}
        off = [abs(r["got"] / r["target"] - 1.0) for r in large]
        worst = int(np.argmax(off))
        return {
            "cells": len(self.rows),
            "cells_of_100_or_more": len(large),
            "within_2_percent": sum(o <= 0.02 for o in off),
            "mean_difference": round(float(np.mean(off)), 5),
            "worst_difference": round(off[worst], 5),
            "worst": f"{large[worst]['margin']}, {large[worst]['district']}",
        }
