"""Hourly weather of a KNMI station, from the text files that it publishes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.account import Account
from scenarios.areas.opening import decode, read_members, refuse

Floats = NDArray[np.float64]

HOUR = 3600
FILL = 3  # h of missing values that are filled on a straight line (assumption: weather changes little within)
TRACE = 0.025  # mm, of rain that is told as "less than 0.05" (assumption: the middle)
ALLOWED = "a text file of hourly values from KNMI, with a heading STN,YYYYMMDD,HH,... (also in a zip)"
# ours -> names in the file, the better first; factor to SI units; smallest and largest value that can be
COLUMNS: dict[str, tuple[tuple[str, ...], float, float, float]] = {
    "temperature": (("T",), 0.1, -40.0, 50.0),  # deg C at 1.5 m, at the end of the hour
    "irradiance": (("Q",), 1e4 / HOUR, 0.0, 1_400.0),  # J/cm2 in the hour -> W/m2
    "wind": (("FH", "FF"), 0.1, 0.0, 80.0),  # m/s, mean of the hour; else of its last 10 minutes
    "rain": (("RH",), 0.1, 0.0, 150.0),  # mm in the hour
}
NEEDED = ("temperature", "irradiance")

ASSUMPTIONS = {
    "weather.gaps": "up to 3 h of missing weather are filled on a straight line (assumption)",
    "weather.rain": "rain of less than 0.05 mm in an hour is 0.025 mm (assumption)",
}


@dataclass
class Hours:
    """Hourly weather; every array of shape (hours,), in order of time, with hours left out where nothing is known.

    filled      : whether temperature or irradiance was missing and filled
    time        : int64, seconds of UTC since 1970, of the end of the hour
    temperature : deg C, at the end of the hour
    irradiance  : W/m2, global horizontal, mean of the hour
    wind, rain  : m/s and mm/h, means of the hour; -1 where they were not measured
    """

    station: int
    filled: NDArray[np.bool_]
    time: NDArray[np.int64]
    temperature: Floats
    irradiance: Floats
    wind: Floats
    rain: Floats
    account: Account

    def table(self) -> dict[str, Any]:
        """As table `weather` of an area."""
        columns = {c: getattr(self, c) for c in ("time", "temperature", "irradiance", "wind", "rain")}
        return {**columns, "origin": np.where(self.filled, "inferred", "observed").astype(object)}


def read_hours(path: str | Path, station: int | None = None) -> Hours:
    """The hours of one station: `station`, or the one with most hours in the file.

    Raises InputError where the file is none of KNMI, or lacks temperature or irradiance.
    """
    path = Path(path)
    account = Account(
        "KNMI, hourly observations", path.name, "CC BY 4.0", "Royal Netherlands Meteorological Institute (KNMI)"
    )
    parts = [
        _rows(decode(data, path, account), name, path, account) for name, data in read_members(path, (".txt", ".csv"))
    ]
    names = parts[0][0]
    if any(p[0] != names for p in parts):
        raise refuse(path, "holds files with different columns", "files with the same columns", "give one of them")
    rows = np.concatenate([p[1] for p in parts])
    rows = _one_station(rows, station, path, account)
    day = rows[:, names.index("YYYYMMDD")].astype(np.int64)
    time = _seconds(day, rows[:, names.index("HH")].astype(np.int64))
    order = np.argsort(time, kind="stable")
    fresh = np.append(True, np.diff(time[order]) > 0)
    account.count("dropped", "hours given twice", int((~fresh).sum()))
    rows, time = rows[order][fresh], time[order][fresh]
    account.count("read", "hours", len(time))
    grid = np.arange(time[0], time[-1] + 1, HOUR)
    account.count("repaired", "hours without a row between the first and the last", len(grid) - len(time))
    found = {ours: _column(ours, names, rows, time, grid, path, account) for ours in COLUMNS}
    values = {ours: _fill(column, ours, account) for ours, column in found.items()}
    filled = np.any([np.isnan(found[c]) for c in NEEDED], axis=0)
    keep = ~np.any([np.isnan(values[c]) for c in NEEDED], axis=0)
    if not keep.any():
        raise refuse(
            path, "has no hour with both temperature and irradiance", ALLOWED, "take a station that measures both"
        )
    account.count("dropped", f"hours in gaps longer than {FILL} h", int((~keep).sum()))
    for other in (c for c in COLUMNS if c not in NEEDED):
        lost = np.isnan(values[other])
        account.count("repaired", f"hours without {other}, told as not measured", int((lost & keep).sum()))
        values[other][lost] = -1.0
    _tell(grid, keep, account)
    number, kept = int(rows[0, names.index("STN")]), {c: v[keep] for c, v in values.items()}
    return Hours(number, filled[keep], grid[keep], **kept, account=account)


def _rows(text: str, name: str, path: Path, account: Account) -> tuple[list[str], Floats]:
    """Names of the columns and the values, shape (rows, columns); empty cells are NaN."""
    names: list[str] = []
    cells: list[list[float]] = []
    for line in text.splitlines():
        parts = [p.strip() for p in line.lstrip("#").split(",")]
        if not names:
            if "YYYYMMDD" in parts:
                names = ["HH" if p == "H" else p for p in parts]
            continue
        if len(parts) < 3 or line.startswith("#"):
            continue
        try:
            row = [float(p) if p else np.nan for p in parts]
        except ValueError:
            account.count("dropped", "rows with a cell that is no number")
            continue
        if len(row) == len(names) and not np.isnan(row[:3]).any():
            cells.append(row)
        else:
            account.count("dropped", "rows cut off")
    where = f"{path}: {name}"
    if not names:
        raise refuse(where, "has no heading with YYYYMMDD", ALLOWED, "check which file it is")
    lacking = [n for n, found in zip(("STN", "YYYYMMDD", "HH"), names, strict=False) if n != found]
    lacking += [c for c in NEEDED if not any(n in names for n in COLUMNS[c][0])]
    if lacking:
        raise refuse(where, f"lacks {', '.join(lacking)}", ALLOWED, "fetch hourly values with T and Q in them")
    if not cells:
        raise refuse(where, "has a heading but no hours", ALLOWED)
    return names, np.array(cells)


def _one_station(rows: Floats, station: int | None, path: Path, account: Account) -> Floats:
    numbers, count = np.unique(rows[:, 0].astype(np.int64), return_counts=True)
    chosen = int(numbers[np.argmax(count)]) if station is None else station
    if chosen not in numbers:
        raise refuse(path, f"has no station {chosen}", ", ".join(map(str, numbers)), "name one of them")
    if len(numbers) > 1:
        account.notes.append(f"of stations {', '.join(map(str, numbers))} the hours of {chosen} are taken")
    out = rows[rows[:, 0] == chosen]
    account.count("dropped", "hours of other stations", len(rows) - len(out))
    year, month, day, hour = out[:, 1] // 10_000, out[:, 1] // 100 % 100, out[:, 1] % 100, out[:, 2]
    real = (year > 1850) & (year < 2200) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    real &= (hour >= 1) & (hour <= 24)
    real[real] &= _month(_date(out[real, 1])) == out[real, 1] // 100  # not 30 February
    account.count("dropped", "rows without a date or an hour from 1 to 24", int((~real).sum()))
    if not real.any():
        raise refuse(path, "has no row with a date and an hour from 1 to 24", ALLOWED)
    return np.asarray(out[real])


def _seconds(day: NDArray[np.int64], hour: NDArray[np.int64]) -> NDArray[np.int64]:
    """The end of hour 1-24 of a date as YYYYMMDD, in seconds of UTC since 1970."""
    return np.asarray(_date(day).astype(np.int64) * 86_400 + hour * HOUR)


def _date(day: NDArray[Any]) -> NDArray[np.datetime64]:
    """YYYYMMDD as a date; a day past the end of its month is one of the next month."""
    whole = day.astype(np.int64)
    months = (whole // 10_000 - 1970) * 12 + whole // 100 % 100 - 1
    return np.asarray(months.astype("datetime64[M]").astype("datetime64[D]") + (whole % 100 - 1))


def _month(date: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """YYYYMM of dates."""
    months = date.astype("datetime64[M]").astype(np.int64)
    return np.asarray((months // 12 + 1970) * 100 + months % 12 + 1)


def _column(
    ours: str,
    names: list[str],
    rows: Floats,
    time: NDArray[np.int64],
    grid: NDArray[np.int64],
    path: Path,
    account: Account,
) -> Floats:
    """One quantity on every hour of the grid in SI units; NaN where it is missing, -1 everywhere where it is never measured."""
    published, factor, low, high = COLUMNS[ours]
    there = [rows[:, names.index(n)] for n in published if n in names]
    given = next((c for c in there if not np.isnan(c).all()), None)
    if given is None and ours in NEEDED:
        raise refuse(path, f"has no {ours} at all", ALLOWED, "take a station that measures it")
    if given is None:
        account.notes.append(f"the station does not measure {ours}")
        return np.full(len(grid), -1.0)
    value = given * factor
    if ours == "rain":
        trace = given == -1
        value[trace] = TRACE
        account.count("repaired", "hours with a trace of rain", int(trace.sum()))
    wrong = (value < low) | (value > high)
    account.count("dropped", f"values of {ours} outside {low:g} to {high:g}", int(wrong.sum()))
    value[wrong] = np.nan
    full = np.full(len(grid), np.nan)
    full[(time - grid[0]) // HOUR] = value
    return full


def _fill(values: Floats, what: str, account: Account) -> Floats:
    """Fill runs of at most FILL missing values on a straight line between their neighbours."""
    lost = np.isnan(values)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], lost, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    short = (ends - starts <= FILL) & (starts > 0) & (ends < len(values))
    out, known = values.copy(), np.flatnonzero(~lost)
    for a, b in zip(starts[short], ends[short], strict=True):
        out[a:b] = np.interp(np.arange(a, b), known, values[known])
    account.count("repaired", f"values of {what} filled", int((ends - starts)[short].sum()))
    return out


def _tell(grid: NDArray[np.int64], keep: NDArray[np.bool_], account: Account) -> None:
    first, last = (np.datetime64(int(t), "s").astype("datetime64[D]") for t in grid[keep][[0, -1]])
    account.notes.append(f"hours from {first} to {last}, in UTC")
    if not keep.all():
        from_, to = (np.datetime64(int(t), "s") for t in grid[~keep][[0, -1]])
        account.notes.append(f"hours left out lie between {from_} and {to}")
