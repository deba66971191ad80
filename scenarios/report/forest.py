"""Intervals beside each other: one small SVG per indicator, a line per alternative, and where no change would be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scenarios.report.charts import round_ticks
from scenarios.report.markup import drawing, figure, key, label, text
from scenarios.report.verdicts import has_interval, interval, signed, unit_of_change

Row = dict[str, Any]
WIDTH, STEP, SIDE, TOP, BOTTOM = 420, 42, 14, 6, 24
LOOK = {"worse": "worse", "better": "better", "more": "neutral", "less": "neutral"}
KEYS = (("worse", "worse"), ("better", "better"), ("neutral", "neither"))


def intervals(rows: Sequence[Row], names: dict[str, str]) -> str:
    """The figure of one indicator; empty where no row has an interval. names : how each alternative is called."""
    drawn = [row for row in rows if has_interval(row)]
    if not drawn:
        return ""
    first = rows[0]
    low, high = min(0.0, *(r["low"] for r in drawn)), max(0.0, *(r["high"] for r in drawn))
    if low == high:
        return ""
    ticks = round_ticks(low, high)
    if len(ticks) > 5:  # every other one, 0 among them
        ticks = [value for k, value in enumerate(ticks) if (k - ticks.index(0.0)) % 2 == 0]
    low, high = min(low, ticks[0]), max(high, ticks[-1])

    def x(value: float) -> float:
        return SIDE + (value - low) / (high - low) * (WIDTH - 2 * SIDE)

    height = TOP + STEP * len(rows) + BOTTOM
    parts = [_axis(ticks, x, height)]
    said = []
    for k, row in enumerate(rows):
        parts.append(_line(row, names[row["alternative"]], x, TOP + STEP * k))
        said.append(f"{names[row['alternative']]}: {_spoken(row)}")
    anchor = f"interval-{first['indicator']}-{first['group']}".replace("_", "-").replace(" ", "-")
    title = label(first)
    svg = drawing(text(anchor), WIDTH, height, f"{title}, difference from the base", "; ".join(said), "".join(parts))
    found = {LOOK.get(row["verdict"], "neutral") for row in rows}
    keys = "".join(key(f"v-{kind}", words) for kind, words in KEYS if kind in found)
    return figure(title, f"difference from the base, {unit_of_change(first)}".rstrip(", "), keys, svg)


def _spoken(row: Row) -> str:
    return f"{signed(row['difference'], row)} ({interval(row)}), {row['verdict']}"


def _axis(ticks: Sequence[float], x: Any, height: float) -> str:
    from scenarios.report.charts import tick

    parts = []
    for value in ticks:
        kind = "zero" if value == 0.0 else "grid"
        at = x(value)
        side = "start" if at < 40 else "end" if at > WIDTH - 40 else "middle"
        parts.append(
            f'<path class="{kind}" d="M{at:.1f} {TOP}V{height - BOTTOM}"/>'
            f'<text x="{at:.1f}" y="{height - 8:.0f}" text-anchor="{side}">{tick(value, ticks)}</text>'
        )
    return "".join(parts)


def _line(row: Row, name: str, x: Any, top: float) -> str:
    kind, middle = LOOK.get(row["verdict"], "neutral"), top + 28
    words = (
        f'<text class="name" x="{SIDE}" y="{top + 13}">{text(name)}</text>'
        f'<text class="name" x="{WIDTH - SIDE}" y="{top + 13}" text-anchor="end">'
        f"{text(signed(row['difference'], row))} · {text(row['verdict'])}</text>"
    )
    if not has_interval(row):
        return words
    low, high, mean = (x(row[key]) for key in ("low", "high", "difference"))
    return (
        f'<g><title>{text(_spoken(row))}</title>{words}<path class="whisker v-{kind}" '
        f'd="M{low:.1f} {middle - 5}v10M{low:.1f} {middle}H{high:.1f}M{high:.1f} {middle - 5}v10"/>'
        f'<circle class="v-{kind}" cx="{mean:.1f}" cy="{middle}" r="4.5"/></g>'
    )
