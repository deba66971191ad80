"""Column: one declaration of a quantity, used for area tables, populations, signals and series alike.

A column says its name, type, unit, default, meaning and source once. Validation, the reference page and the metadata
of every file that the twin writes come from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.errors import Fault

REQUIRED = object()
ORIGINS = ("observed", "inferred", "synthetic")


@dataclass(frozen=True)
class Column:
    """One named quantity.

    dtype   : numpy dtype name, "str" for text or "geometry" for WKB
    unit    : SI unit as text; "" for a pure number, a key or a text
    default : value that fills a column which nobody gave; REQUIRED if there is none
    meaning : one sentence
    low, high : smallest and largest value allowed, or None
    allowed : the texts allowed, or None
    refers  : name of the table whose row number this is, or ""; -1 then means "none" if `low` is -1
    """

    dtype: str = "float64"
    unit: str = ""
    default: Any = REQUIRED
    meaning: str = ""
    low: float | None = None
    high: float | None = None
    allowed: tuple[str, ...] | None = None
    refers: str = ""
    source: str = ""

    @property
    def numpy_dtype(self) -> np.dtype[Any]:
        """The numpy dtype in memory; texts and geometry are object arrays."""
        return np.dtype(object if self.dtype in ("str", "geometry") else self.dtype)

    def new(self, n: int) -> np.ndarray[Any, Any]:
        """A fresh array of shape (n,), filled with the default (zero where the column is required)."""
        if self.default is REQUIRED:
            return np.zeros(n, self.numpy_dtype)
        return np.full(n, self.default, self.numpy_dtype)

    def array(self, values: Any) -> np.ndarray[Any, Any]:
        """`values` as an array of this column's type; a ValueError says what does not fit."""
        if self.dtype in ("str", "geometry"):
            return _of_type(values, (str,) if self.dtype == "str" else (bytes, type(None)), self.dtype)
        found, target = np.asarray(values), self.numpy_dtype
        if found.dtype.kind not in "biuf":
            raise ValueError(f"holds texts or mixed values where {self.dtype} is needed")
        if target.kind in "iub" and found.dtype.kind != "b" and len(found):
            low, high = (0, 1) if target.kind == "b" else (np.iinfo(target).min, np.iinfo(target).max)
            bad = ~((found >= low) & (found <= high) & (np.trunc(found) == found))
            if bad.any():
                row = int(np.flatnonzero(bad)[0])
                raise ValueError(f"is {found[row]} in row {row} where {self.dtype} is needed")
        return found.astype(target)

    def faults(self, where: str, name: str, array: np.ndarray[Any, Any], rows: Mapping[str, int]) -> Iterable[Fault]:
        """Everything wrong with `array`; `rows` gives the number of rows of each table that may be referred to."""
        if self.dtype == "geometry":
            return
        if self.dtype == "str":
            yield from self._text_faults(where, name, array)
            return
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            row = int(np.flatnonzero(~np.isfinite(array))[0])
            yield Fault(f"{where}.{name}[{row}]", f"is {array[row]}", "a finite number", "fill or drop the row")
            return
        high = rows.get(self.refers, 0) - 1 if self.refers else self.high
        for bad, bound, text in (
            (array < self.low if self.low is not None else None, self.low, "at least"),
            (array > high if high is not None else None, high, "at most"),
        ):
            if bad is not None and bad.any():
                row = int(np.flatnonzero(bad)[0])
                unit = f" {self.unit}" if self.unit else ""
                remedy = f"{int(bad.sum())} rows are so; correct them in the table"
                yield Fault(f"{where}.{name}[{row}]", f"is {array[row]}{unit}", f"{text} {bound}{unit}", remedy)

    def _text_faults(self, where: str, name: str, array: np.ndarray[Any, Any]) -> Iterable[Fault]:
        if self.allowed is None:
            return
        bad = np.array([value not in self.allowed for value in array], bool)
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            yield Fault(
                f"{where}.{name}[{row}]",
                f"is {array[row]!r}",
                "one of " + ", ".join(self.allowed),
                f"{int(bad.sum())} rows are so; correct them in the table",
            )


def _of_type(values: Any, types: tuple[type, ...], name: str) -> np.ndarray[Any, Any]:
    """`values` as an object array; a ValueError names the first row that is of none of `types`."""
    found = np.asarray(values, dtype=object)
    for row, value in enumerate(found):
        if not isinstance(value, types):
            raise ValueError(f"is {value!r} in row {row} where {name} is needed")
    return found


def describe(columns: Mapping[str, Column]) -> str:
    """A Markdown table of `columns`: name, type, unit, default, meaning, source."""
    lines = ["| column | type | unit | default | meaning |", "|---|---|---|---|---|"]
    for name, column in columns.items():
        default = "required" if column.default is REQUIRED else column.default
        meaning = column.meaning + (f" ({column.source})" if column.source else "")
        lines.append(f"| {name} | {column.dtype} | {column.unit} | {default} | {meaning} |")
    return "\n".join(lines)
