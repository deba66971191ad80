"""From the indicator rows of many runs to arrays of pairs: shape (pairs, cells), NaN where a run lacks a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from twin.errors import Fault, InputError

Rows = Sequence[Mapping[str, Any]]
Array = np.ndarray[Any, Any]
Cell = tuple[str, str, str, str]  # indicator, level, code, group
KEY = ("indicator", "level", "code", "group")
SAME = ("unit", "better")  # of every row of a cell


def checked_arms(base: Mapping[int, Rows], alternatives: Mapping[str, Mapping[int, Rows]]) -> None:
    """Raise InputError where an arm has no run, or none with a seed of the base."""
    faults = [] if base else [Fault("base", "has no finished run", remedy="see why its runs failed")]
    if not alternatives:
        faults.append(Fault("alternatives", "there is none", "at least one arm beside the base"))
    for name, runs in alternatives.items():
        if not runs:
            faults.append(Fault(name, "has no finished run", remedy="see why its runs failed"))
        elif base and not set(base) & set(runs):
            faults.append(Fault(name, "shares no seed with the base", f"one of {', '.join(map(str, sorted(base)))}"))
    if faults:
        raise InputError(faults)


def matrices(
    base: Mapping[int, Rows], alternative: Mapping[int, Rows], name: str
) -> tuple[dict[Cell, dict[str, Any]], Array, Array, list[Fault]]:
    """Cells in sorted order with what describes them, the values of both arms, and the faults found.

    base, alternative : seed -> rows, the same seeds; a pair is a row of the arrays, in the order of the seeds
    """
    faults: list[Fault] = []
    about: dict[Cell, dict[str, Any]] = {}
    arms = [_read(runs, arm, about, faults) for runs, arm in ((base, "base"), (alternative, name))]
    cells = {cell: about[cell] for cell in sorted(about)}
    place = {cell: k for k, cell in enumerate(cells)}
    arrays = []
    for arm in arms:
        values = np.full((len(arm), len(cells)), np.nan)
        for pair, seed in enumerate(sorted(arm)):
            for cell, value in arm[seed].items():
                values[pair, place[cell]] = value
        arrays.append(values)
    return cells, arrays[0], arrays[1], faults


def _read(
    runs: Mapping[int, Rows], arm: str, about: dict[Cell, dict[str, Any]], faults: list[Fault]
) -> dict[int, dict[Cell, float]]:
    """Values by seed and cell; describes each cell in `about`, collects what is wrong in `faults`."""
    found: dict[int, dict[Cell, float]] = {}
    for seed, rows in runs.items():
        values = found[seed] = {}
        for row in rows:
            cell, value = _cell(row), _value(row["value"])
            where = f"{arm}, seed {seed}: {' / '.join(part for part in cell if part)}"
            if cell in values:
                faults.append(Fault(where, "is there twice", "each cell once per run", "mend the domain that makes it"))
            if value is None:
                faults.append(Fault(where, f"{row['value']!r} is no number", "a number"))
                continue
            values[cell] = value
            faults += _described(about, cell, row, where)
    return found


def _cell(row: Mapping[str, Any]) -> Cell:
    indicator, level, code, group = (str(row.get(key, "")) for key in KEY)
    return indicator, level or "area", code, group


def _value(value: Any) -> float | None:
    if value is None:
        return float("nan")
    return float(value) if isinstance(value, int | float | np.number) and not isinstance(value, bool) else None


def _described(about: dict[Cell, dict[str, Any]], cell: Cell, row: Mapping[str, Any], where: str) -> list[Fault]:
    """Keep label, unit, direction and the fewest residents of a cell; faults where runs disagree on what it is."""
    residents = int(row.get("residents", -1))
    known = about.get(cell)
    if known is None:
        indicator, level, code, group = cell
        about[cell] = {
            "indicator": indicator,
            "level": level,
            "code": code,
            "group": group,
            "label": str(row.get("label") or indicator.replace("_", " ")),
            **{key: str(row.get(key, "")) for key in SAME},
            "residents": residents,
        }
        return []
    if residents >= 0:  # withheld if it rests on too few residents in any run
        known["residents"] = min(residents, known["residents"]) if known["residents"] >= 0 else residents
    return [
        Fault(where, f"{key} is {row.get(key, '')!r}", f"{known[key]!r}, as in other runs")
        for key in SAME
        if str(row.get(key, "")) != known[key]
    ]
