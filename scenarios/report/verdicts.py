"""Differences in words: one sentence per indicator, numbers with as many digits as their interval carries."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scenarios.comparison import WITHHELD
from scenarios.report.markup import label, many, number, unit

if TYPE_CHECKING:
    from scenarios.comparison import Comparison

Row = dict[str, Any]
CALLED = ("worse", "better", "more", "less")
JOINTS = "of|without|with|per|above|on|for|for which|because|later|from|by|and"


def has_interval(row: Row) -> bool:
    """Whether the row carries an interval."""
    return math.isfinite(row["low"]) and math.isfinite(row["high"])


def amount(value: float, row: Row) -> str:
    """A value of a row with the digits that its interval carries: one of the half width, two if it begins with 1."""
    half = (row["high"] - row["low"]) / 2.0 if has_interval(row) else 0.0
    if not half or not math.isfinite(value):
        small = 0 < abs(value) < 0.1  # two digits, never as a power of ten
        digits = 1 - math.floor(math.log10(abs(value))) if small else 0
        return f"{value:.{digits}f}".replace("-", "\u2212") if small else number(value)
    power = math.floor(math.log10(half))
    digits = min(max(-power + (half / 10.0**power < 2.0), 0), 9)
    text = f"{value:,.{digits}f}".replace("-", "\u2212")
    return text.removeprefix("\u2212") if not float(f"{value:.{digits}f}") else text


def signed(value: float, row: Row) -> str:
    """A difference with its sign."""
    said = amount(value, row)
    return f"+{said}" if value > 0 and said.strip("0.,") else said


def interval(row: Row) -> str:
    """ "3,470 to 3,510"; "exact" where every pair says the same; a dash where there is none."""
    if row["method"] == "exact" and has_interval(row):
        return "exact"
    return f"{_limit(row['low'], row)} to {_limit(row['high'], row)}" if has_interval(row) else "–"


def _limit(value: float, row: Row) -> str:
    """A limit of an interval; one that is not 0 is not written as 0 where 0 lies outside the interval."""
    said = amount(value, row)
    outside = row["low"] > 0 or row["high"] < 0
    return f"{value:.1g}".replace("-", "\u2212") if outside and not said.strip("0.,") else said


def unit_of_change(row: Row) -> str:
    """Unit of a difference: a change of a percentage is in percentage points."""
    return "percentage points" if row["unit"] == "%" else unit(row["unit"])


def _quantity(value: float, row: Row) -> str:
    return f"{amount(value, row)}\u00a0{unit_of_change(row)}".rstrip("\u00a0")


def _plural(name: str) -> bool:
    """Whether the head of a label is plural ("Lost vehicle hours", "Calls because oxygen ran out")."""
    head = re.split(rf"\b(?:{JOINTS})\b", name, maxsplit=1)[0]
    return any(re.search(r"[^su]s$", word) for word in head.split())


def sentence(row: Row) -> str:
    """What the pairs say about one indicator, as plain text."""
    name, pairs = label(row), many(row["n"], "pair")
    if row["verdict"] in CALLED:
        verb = ("rise" if row["difference"] > 0 else "fall") + ("" if _plural(name) else "s")
        size = {**row, "low": abs(row["low"]), "high": abs(row["high"])}
        size["low"], size["high"] = sorted((size["low"], size["high"]))
        judged = f": {row['verdict']}" if row["verdict"] in ("worse", "better") else ""
        sure = _relative(row) + (
            f"exactly that in each of {pairs}"
            if row["method"] == "exact"
            else f"95\u00a0% interval {interval(size)}; {pairs}"
        )
        return f"{name} {verb} by {_quantity(abs(row['difference']), size)} ({sure}){judged}."
    if row["verdict"] == "too few to tell":
        mean = f"on average {_change(row)}" if math.isfinite(row["difference"]) else "no pair has it in both runs"
        if row["method"] == "exact":
            return f"{name}: too few to tell (exactly {_change(row)} in each of {pairs})."
        return f"{name}: too few to tell ({pairs}; {mean})."
    if row["method"] == "exact":
        return f"{name}: no difference in any of {pairs}."
    beyond = row["low"] > 0 or row["high"] < 0
    why = "; so many cells were compared that luck alone brings as much" if beyond else ""
    return (
        f"{name}: no clear difference; the change lies between {amount(row['low'], row)} and "
        f"{_quantity(row['high'], row)} (95\u00a0% interval; {pairs}){why}."
    )


def _relative(row: Row) -> str:
    """The size of a difference beside the base, for who does not know the unit by heart: "0.1 %; "."""
    if row["unit"] == "%" or not row["baseline"] or not math.isfinite(row["baseline"]):
        return ""
    share = 100.0 * abs(row["difference"] / row["baseline"])
    return f"{number(share)}\u00a0%; " if share >= 0.05 else "less than 0.1\u00a0%; "


def _change(row: Row) -> str:
    if not row["difference"]:
        return "no change"
    return f"{_quantity(abs(row['difference']), row)} {'more' if row['difference'] > 0 else 'less'}"


def headline_rows(comparison: Comparison) -> list[Row]:
    """Rows that answer the question: the watched indicators for the whole area in their order, or every one of it."""
    area = [row for row in comparison if row["level"] == "area"]
    watched = [row for name in comparison.watch for row in area if row["indicator"] == name]
    return watched or area or list(comparison)


def withheld(hidden: int, cells: int, least: int) -> str:
    """A sentence on the cells that are withheld."""
    are, rest = ("is", "it rests") if hidden == 1 else ("are", "they rest")
    return f"{hidden:,} of {many(cells, 'cell')} {are} withheld, because {rest} on fewer than {least} residents."


def summary_table(comparison: Comparison) -> str:
    """The headline rows as a table in text, with the number of cells withheld."""
    rows = headline_rows(comparison)
    shown = [row for row in rows if row["verdict"] != WITHHELD]
    zones = any(row["level"] != "area" for row in shown)
    heads = [
        "alternative",
        "indicator",
        *(["zone"] if zones else []),
        "verdict",
        "difference",
        "95 % interval",
        "unit",
        "pairs",
    ]
    lines = [
        [
            row["alternative"],
            label(row),
            *([row["code"] or "the area"] if zones else []),
            row["verdict"],
            signed(row["difference"], row),
            interval(row),
            unit_of_change(row),
            str(row["n"]),
        ]
        for row in shown
    ]
    if len({row["alternative"] for row in shown}) == 1:
        heads, lines = heads[1:], [line[1:] for line in lines]
    text = _aligned(heads, lines, {"difference", "95 % interval", "pairs"})
    hidden = len(rows) - len(shown)
    if hidden:
        text += f"\n{withheld(hidden, len(rows), comparison.least_residents)}"
    return text.replace("\u00a0", " ")


def _aligned(heads: Sequence[str], lines: Sequence[Sequence[str]], right: set[str]) -> str:
    widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]
    said = []
    for line in (heads, *lines):
        cells = [
            cell.rjust(width) if head in right else cell.ljust(width)
            for head, cell, width in zip(heads, line, widths, strict=True)
        ]
        said.append("  ".join(cells).rstrip())
    return "\n".join(said)
