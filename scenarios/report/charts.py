"""Curves over the day as small SVG: lines and stacks, with the time of the measures shaded.

Colours come from the page's style sheet, so that a figure follows the light or dark scheme.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scenarios.report.markup import drawing, figure, key, number, text, unit
from scenarios.report.material import Band
from twin.clock import hour

Array = np.ndarray[Any, Any]
WIDTH, HEIGHT = 640, 250
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 12, 30


@dataclass(frozen=True)
class Line:
    """One curve: `values` at times `ms`; colour 1 to 6 of the page; `step` holds each value until the next."""

    label: str
    ms: Array
    values: Array
    colour: int = 1
    step: bool = False
    dashed: bool = False


@dataclass(frozen=True)
class Frame:
    """From data to the figure's coordinates."""

    until: float
    low: float
    high: float

    def x(self, ms: Any) -> Any:
        """Horizontal place of a time in ms."""
        return LEFT + np.asarray(ms, float) / self.until * (WIDTH - LEFT - RIGHT)

    def y(self, value: Any) -> Any:
        """Vertical place of a value."""
        return TOP + (self.high - np.asarray(value, float)) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)


def lines(
    name: str,
    title: str,
    unit_name: str,
    curves: Sequence[Line],
    until: int,
    bands: Sequence[Band] = (),
    note: str = "",
    top: float | None = None,
) -> str:
    """A figure of curves; empty if there are none. top : end of the scale, if it is fixed (100 %)."""
    curves = [c for c in curves if np.isfinite(c.values).any()]
    if not curves:
        return ""
    low = min(0.0, *(float(np.nanmin(c.values)) for c in curves))
    high = top if top is not None else max(float(np.nanmax(c.values)) for c in curves)
    ticks = round_ticks(low, high)
    frame = Frame(float(until), min(low, ticks[0]), max(high, ticks[-1]))
    drawn = "".join(f'<path class="line s{_look(c)}" d="{_path(frame, c)}"/>' for c in curves)
    return _figure(name, title, unit_name, frame, ticks, bands, drawn, curves, note)


def stacked(
    name: str,
    title: str,
    unit_name: str,
    curves: Sequence[Line],
    until: int,
    bands: Sequence[Band] = (),
    note: str = "",
) -> str:
    """A figure of curves on top of each other; all have the same times."""
    curves = [c for c in curves if len(c.values)]
    if not curves:
        return ""
    floor, shapes = np.zeros(len(curves[0].values)), []
    total = np.sum([c.values for c in curves], axis=0)
    ticks = round_ticks(0.0, float(total.max()))
    frame = Frame(float(until), 0.0, max(float(total.max()), ticks[-1]))
    for curve in curves:
        roof = floor + curve.values
        there, back = _points(frame, curve.ms, roof), _points(frame, curve.ms[::-1], floor[::-1])
        shapes.append(f'<path class="f{curve.colour}" d="M{there}L{back}Z"/>')
        floor = roof
    return _figure(name, title, unit_name, frame, ticks, bands, "".join(shapes), curves, note)


def _figure(
    name: str,
    title: str,
    unit_name: str,
    frame: Frame,
    ticks: Sequence[float],
    bands: Sequence[Band],
    drawn: str,
    curves: Sequence[Line],
    note: str,
) -> str:
    label = unit(unit_name)
    description = "; ".join(_summary(c, label) for c in curves)
    shade = "".join(_band(frame, band) for band in bands)
    keys = "".join(key(f"k{_look(c)}", text(c.label)) for c in curves)
    body = f"{shade}{_axes(frame, ticks)}{drawn}"
    return figure(title, label, keys, drawing(name, WIDTH, HEIGHT, title, description, body), note)


def _look(curve: Line) -> str:
    return f"{curve.colour}{' dashed' if curve.dashed else ''}"


def _summary(curve: Line, label: str) -> str:
    top, bottom = int(np.nanargmax(curve.values)), int(np.nanargmin(curve.values))
    return (
        f"{curve.label}: highest {number(float(curve.values[top]))} {label} at {clock(curve.ms[top])}, "
        f"lowest {number(float(curve.values[bottom]))} at {clock(curve.ms[bottom])}"
    )


def clock(ms: Any) -> str:
    """ "17:00", with the day from the second day on."""
    days, rest = divmod(int(ms), 24 * hour)
    time = f"{rest // hour:02d}:{rest % hour // 60_000:02d}"
    return time if not days else f"day {days + 1}, {time}"


def _band(frame: Frame, band: Band) -> str:
    start, end = (float(frame.x(min(max(ms, 0), frame.until))) for ms in (band.start, band.end))
    if end - start < 0.5:
        return ""
    label = f"{band.label}, {clock(band.start)} to {clock(band.end)}"
    return (
        f'<g><title>{text(label)}</title><rect class="band" x="{start:.1f}" y="{TOP}" width="{end - start:.1f}" '
        f'height="{HEIGHT - TOP - BOTTOM}"/></g>'
    )


def _axes(frame: Frame, ticks: Sequence[float]) -> str:
    parts = []
    for value in ticks:
        y = float(frame.y(value))
        parts.append(
            f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick(value, ticks)}</text>'
        )
    hours = frame.until / hour
    every = next((e for e in (1, 3, 6, 12, 24, 48, 168) if hours / e <= 9), 24 * math.ceil(hours / 24 / 9))
    for k in range(int(hours // every) + 1):
        x = float(frame.x(k * every * hour))
        at = k * every
        mark = f"day {at // 24 + 1}" if hours > 30 and at % 24 == 0 else f"{at % 24 if hours > 30 else at:02d}:00"
        side = "end" if x > WIDTH - RIGHT - 14 else "middle"
        parts.append(
            f'<path class="grid" d="M{x:.1f} {HEIGHT - BOTTOM}v4"/>'
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="{side}">{mark}</text>'
        )
    return "".join(parts)


def round_ticks(low: float, high: float) -> list[float]:
    """Round numbers that cover low..high, four to seven of them."""
    span = max(high - low, 1e-9)
    rough = span / 5.0
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(m * size for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * size >= rough)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [k * step for k in range(first, max(last, first + 1) + 1)]


def tick(value: float, ticks: Sequence[float]) -> str:
    """A number of the axis, with the digits that its ticks need."""
    step = ticks[1] - ticks[0]
    digits = max(0, -math.floor(math.log10(step) + 1e-9)) if step < 1 else 1 if step % 1 else 0
    return f"{value:,.{digits}f}".replace("-", "\u2212")


def _path(frame: Frame, curve: Line) -> str:
    known = np.isfinite(curve.values)
    ms, values = curve.ms[known], curve.values[known]
    if curve.step:
        ms, values = np.repeat(ms, 2)[1:], np.repeat(values, 2)[:-1]
    return "M" + _points(frame, ms, values)


def _points(frame: Frame, ms: Array, values: Array) -> str:
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(frame.x(ms), frame.y(values), strict=True))
