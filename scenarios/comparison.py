"""Comparison: paired runs as one table, a row per alternative and cell, those who lose first."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scenarios.pairing import Cell, Rows, checked_arms, matrices
from scenarios.statistics import BETTER, LESS, MORE, NO_DIFFERENCE, TOO_FEW, WORSE, adjusted, paired, verdicts
from twin.attributes import Column
from twin.errors import Fault, InputError, nearest
from twin.parquet import read_table, write_table
from twin.recording import writing

LEVELS = ("area", "district", "neighbourhood")
WITHHELD = "withheld"  # instead of a verdict, in a cell that rests on too few residents
ORDER = {WORSE: 0, BETTER: 1, MORE: 2, LESS: 2, NO_DIFFERENCE: 3, TOO_FEW: 4, WITHHELD: 5}
BLANKED = ("baseline", "difference", "low", "high", "p", "p_adjusted", "ratio", "ratio_low", "ratio_high")
PARQUET, CSV = "comparison.parquet", "comparison.csv"

COLUMNS = {
    "alternative": Column("str", meaning="name of the arm that is compared with the base"),
    "indicator": Column("str"),
    "level": Column("str", meaning="area, district or neighbourhood"),
    "code": Column("str", meaning="of the zone; empty for the area"),
    "group": Column("str"),
    "label": Column("str"),
    "unit": Column("str", meaning="of value, difference and interval"),
    "better": Column("str", meaning="lower, higher or empty"),
    "baseline": Column(meaning="mean of the base runs over the pairs"),
    "difference": Column(meaning="mean of alternative - base over the pairs"),
    "low": Column(meaning="lower end of the 95 % interval of the mean difference"),
    "high": Column(meaning="upper end of the 95 % interval of the mean difference"),
    "p": Column(meaning="two-sided p-value of a mean difference of 0"),
    "p_adjusted": Column(meaning="adjusted for the number of cells (Benjamini & Hochberg 1995)"),
    "n": Column("int64", meaning="pairs that have the cell in both runs"),
    "verdict": Column("str", meaning="better, worse, more, less, no clear difference, too few to tell, withheld"),
    "method": Column("str", meaning="of the interval: exact, t, BCa, or empty where none is given"),
    "ratio": Column(meaning="var(difference) / (var(base) + var(alternative))"),
    "ratio_low": Column(meaning="lower end of the 95 % interval of the ratio"),
    "ratio_high": Column(meaning="upper end of the 95 % interval of the ratio"),
    "residents": Column("int64", meaning="residents on whom the cell rests; -1: concerns no people"),
}


class Comparison:
    """Rows of a paired comparison: a value, ordered so that those who lose come first.

    rows            : one dict per alternative and cell, keys as `COLUMNS`
    watch           : indicators that the question asks about, in its order
    least_residents : cells of fewer residents were withheld when the rows were made: their numbers are not known here,
                      and their verdict is "withheld"

    Order: worse, better, more or less, no clear difference, too few to tell, withheld; within each by the size of the difference
    relative to the baseline (a baseline of 0 comes first), then by indicator, group, level, size, code and alternative.

        comparison["ambulance_reach_15min"].by("neighbourhood").worst(5)
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]], watch: Sequence[str] = (), least_residents: int = 10) -> None:
        self.rows: list[dict[str, Any]] = sorted(
            ({name: row[name] for name in COLUMNS} for row in rows), key=losers_first
        )
        self.watch, self.least_residents = tuple(watch), int(least_residents)

    @classmethod
    def of(
        cls,
        base: Mapping[int, Rows],
        alternatives: Mapping[str, Mapping[int, Rows]],
        *,
        watch: Sequence[str] = (),
        least_residents: int = 10,
    ) -> Comparison:
        """Pair the runs by seed and compare each alternative with the base.

        base         : seed -> rows of the run's indicators.json
        alternatives : name -> the same; seeds that are not in both arms are left out
        watch        : indicators asked about beforehand: in the adjustment for the number of cells, half of the weight
                       goes to theirs for the whole area

        Raises InputError, with every fault: an arm without runs or without a seed of the base, a cell twice in one run,
        a cell whose unit or direction differs between runs, a value that is no number.
        """
        checked_arms(base, alternatives)
        rows: list[dict[str, Any]] = []
        faults: list[Fault] = []
        for name, runs in alternatives.items():
            seeds = sorted(set(base) & set(runs))
            cells, a, b, found_faults = matrices(
                {seed: base[seed] for seed in seeds}, {seed: runs[seed] for seed in seeds}, name
            )
            faults += found_faults
            if not found_faults:
                rows += _compared(name, cells, a, b)
        if faults:
            raise InputError(list(dict.fromkeys(faults)))
        _judge(rows, set(watch))
        _withhold(rows, least_residents)
        return cls(rows, watch, least_residents)

    # -- parts ---------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Comparison):
            return NotImplemented
        mine, others = ((repr(c.rows), c.watch, c.least_residents) for c in (self, other))  # in repr, nan equals nan
        return mine == others

    __hash__ = None  # type: ignore[assignment]  # holds lists

    def __repr__(self) -> str:
        return f"<Comparison of {len(self.rows)} cells>"

    def _part(self, rows: Sequence[dict[str, Any]]) -> Comparison:
        return Comparison(rows, self.watch, self.least_residents)

    def __getitem__(self, indicator: str) -> Comparison:
        """The rows of one indicator. Raises InputError with the nearest names where there is none."""
        rows = [row for row in self.rows if row["indicator"] == indicator]
        if not rows:
            raise absent("comparison", "indicator", str(indicator), sorted({row["indicator"] for row in self.rows}))
        return self._part(rows)

    def by(self, level: str) -> Comparison:
        """The rows of one level: "area", "district" or "neighbourhood". Raises InputError for any other."""
        if level not in LEVELS:
            raise absent("comparison", "level", str(level), LEVELS)
        return self._part([row for row in self.rows if row["level"] == level])

    def worst(self, k: int = 5) -> Comparison:
        """The `k` most harmed cells: verdict "worse", the largest relative to the baseline; fewer if fewer are worse."""
        return self._part([row for row in self.rows if row["verdict"] == WORSE][: max(int(k), 0)])

    @property
    def alternatives(self) -> list[str]:
        """Names of the alternatives, sorted."""
        return sorted({row["alternative"] for row in self.rows})

    def shown(self) -> tuple[Comparison, int]:
        """The rows that are not withheld, and how many are."""
        rows = [row for row in self.rows if row["verdict"] != WITHHELD]
        return self._part(rows), len(self.rows) - len(rows)

    def summary(self) -> str:
        """A table in text: verdict, difference, 95 % interval, unit and pairs of each watched indicator.

        Without a watched indicator: of every one for the whole area; without any of those: of every row.
        """
        from scenarios.report.verdicts import summary_table

        return summary_table(self)

    # -- out and in ----------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """The rows as JSON; what is not known is null."""
        rows = [{k: None if _nan(v) else v for k, v in row.items()} for row in self.rows]
        return json.dumps(rows, indent=2, ensure_ascii=False)

    def to_table(self) -> Any:
        """The rows as a pyarrow Table."""
        import pyarrow as pa

        return pa.table({name: pa.array(values) for name, values in self._arrays().items()})

    def to_frame(self) -> Any:
        """The rows as a pandas DataFrame. Raises InputError where pandas is not installed."""
        try:
            import pandas as pd
        except ModuleNotFoundError:
            raise InputError(
                Fault("to_frame", "pandas is not installed", remedy="install pandas, or to_table")
            ) from None
        return pd.DataFrame(self.rows, columns=list(COLUMNS))

    def write(self, folder: str | Path) -> None:
        """Write comparison.parquet and comparison.csv: equal rows give equal bytes. Raises InputError if it cannot."""
        folder = Path(folder)
        metadata = {"watch": json.dumps(self.watch), "least_residents": str(self.least_residents), "schema": "1"}
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            write_table(folder / PARQUET, self._arrays(), COLUMNS, metadata=metadata)
            partial = folder / f".{CSV}.partial"
            try:
                partial.write_text(self.to_csv(), encoding="utf-8", newline="")
                os.replace(partial, folder / CSV)
            finally:
                partial.unlink(missing_ok=True)

    def to_csv(self) -> str:
        """The rows as CSV; floats in full, so that nothing is lost; what is not known is empty."""
        out = io.StringIO()
        lines = csv.writer(out)  # lines end as RFC 4180 has them, which also quotes lone returns inside a text
        lines.writerow(COLUMNS)
        for row in self.rows:
            lines.writerow([_plain(row[name]) for name in COLUMNS])
        return out.getvalue()

    @classmethod
    def read(cls, folder: str | Path) -> Comparison:
        """Read what `write` wrote. Raises InputError where the folder holds no comparison."""
        path = Path(folder) / PARQUET
        if not path.is_file():
            raise InputError(Fault(str(folder), f"has no {PARQUET}", "a finished experiment", "twin compare makes one"))
        try:
            arrays = read_table(path, COLUMNS)
            about = _metadata(path)
            rows = [
                dict(zip(COLUMNS, values, strict=True))
                for values in zip(*(arrays[name].tolist() for name in COLUMNS), strict=True)
            ]
            return cls(rows, json.loads(about.get("watch", "[]")), int(about.get("least_residents", 10)))
        except (InputError, ValueError) as error:
            raise InputError(
                Fault(str(path), f"is no comparison ({error})", "as twin compare writes it", "run it again")
            ) from error

    def _arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        arrays = {}
        for name, column in COLUMNS.items():
            arrays[name] = np.empty(len(self.rows), column.numpy_dtype)
            arrays[name][:] = [row[name] for row in self.rows]
        return arrays


def _compared(name: str, cells: Mapping[Cell, dict[str, Any]], a: Any, b: Any) -> list[dict[str, Any]]:
    found = paired(a, b)
    numbers = ("baseline", "difference", "low", "high", "p", "n", "method", "ratio", "ratio_low", "ratio_high")
    columns = {key: getattr(found, key).tolist() for key in numbers} | {"differing": found.differing.tolist()}
    testable = found.testable.tolist()
    rows = []
    for k, about in enumerate(cells.values()):
        row = {"alternative": name, **about} | {key: values[k] for key, values in columns.items()}
        rows.append(row | {"testable": testable[k]})
    return rows


def _judge(rows: list[dict[str, Any]], watch: set[str]) -> None:
    """Adjust the p-values over all rows together and set the verdicts."""
    p = np.array([row["p"] if row["testable"] else np.nan for row in rows], float)
    asked = np.array([row["indicator"] in watch and row["level"] == "area" for row in rows], bool)
    p_adjusted = np.where(np.array([row["p"] == 1.0 for row in rows], bool), 1.0, adjusted(p, _weights(p, asked)))
    said = verdicts(
        np.array([row["low"] for row in rows]),
        np.array([row["high"] for row in rows]),
        np.array([row["p"] for row in rows]),
        p_adjusted,
        np.array([row["differing"] for row in rows]),
        [row["better"] for row in rows],
    )
    for k, row in enumerate(rows):
        row["p_adjusted"], row["verdict"] = float(p_adjusted[k]), said[k]


def _withhold(rows: list[dict[str, Any]], least: int) -> None:
    """Take the numbers out of cells that rest on fewer than `least` residents: nothing behind this knows them.

    They are judged before, because the adjustment is for every cell that was looked at.
    """
    for row in rows:
        if 0 <= row["residents"] < least:
            row.update(dict.fromkeys(BLANKED, math.nan), verdict=WITHHELD, method="")


def _weights(p: Any, asked: Any) -> Any:
    """Half of the weight to the cells that were asked about, half to the others."""
    first, others = np.isfinite(p) & asked, np.isfinite(p) & ~asked
    if not first.any() or not others.any():
        return np.ones(len(p))
    return np.where(asked, 0.5 / first.sum(), 0.5 / others.sum())


def losers_first(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Key of the order of rows; total, because no two rows share alternative, indicator, level, code and group."""
    size, baseline = abs(row["difference"]), abs(row["baseline"])
    unknown = _nan(size)
    relative = 0.0 if unknown or not size else size / baseline if baseline else math.inf
    names = (row["code"], row["alternative"])
    level = LEVELS.index(row["level"]) if row["level"] in LEVELS else len(LEVELS)
    return (
        ORDER.get(row["verdict"], len(ORDER)),
        -relative,
        row["indicator"],
        row["group"],
        (level, row["level"]),
        0.0 if unknown else -size,
        *names,
    )


def absent(place: str, what: str, name: str, names: Sequence[str], remedy: str = "") -> InputError:
    """The error for a name that is not in a `place` ("run", "comparison"): with what is there, and the nearest names."""
    close = nearest(name, list(names))
    return InputError(
        Fault(
            f"{what} {name!r}",
            f"is not in the {place}",
            ", ".join(names) or "none",
            remedy or (f"did you mean {close}?" if close else ""),
        )
    )


def _metadata(path: Path) -> dict[str, str]:
    import pyarrow.parquet as pq

    return {k.decode(): v.decode() for k, v in (pq.ParquetFile(path).schema_arrow.metadata or {}).items()}


def _nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _plain(value: object) -> str:
    return "" if _nan(value) else repr(value) if isinstance(value, float) else str(value)
