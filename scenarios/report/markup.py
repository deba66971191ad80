"""Pieces of the page: escaped text, tables, figures, sections; numbers with their units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import isnan
from typing import Any

UNITS = {"deg C": "°C", "1": "", "W/m2": "W/m²", "m2": "m²"}
WHOLE = ("trips", "calls", "veh", "ambulances", "persons", "signals", "devices", "beds in use", "bays in use")


def text(value: object) -> str:
    """`value` as escaped text."""
    return escape(str(value), quote=True)


def number(value: float, unit: str = "") -> str:
    """A number as people read it: three significant digits, or whole from 100 on; thousands with a comma."""
    if isnan(value):
        return "–"
    size = abs(float(f"{value:.3g}"))  # 0.9999 is written 1.00
    if size == 0.0 or (unit in WHOLE and float(value).is_integer()):
        return f"{value:,.0f}"
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:,.{digits}f}".replace("-", "\u2212")


def unit(name: str) -> str:
    """A unit as it is printed."""
    return UNITS.get(name, name)


def quantity(value: float, name: str) -> str:
    """A number and its unit, with a space that does not break."""
    return f"{number(value, name)}\u00a0{unit(name)}".rstrip("\u00a0")


def label(row: Mapping[str, Any]) -> str:
    """Name of an indicator and its group."""
    name = str(row["label"])
    return name[:1].upper() + name[1:] + (f" ({row['group']})" if row["group"] else "")


def many(n: int, one: str, more: str = "") -> str:
    """A count and its noun: "1 feeder", "175 feeders"."""
    return f"{n:,}\u00a0{one if n == 1 else more or one + 's'}"


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], caption: str, numeric: Sequence[int] = ()) -> str:
    """A table with a caption; each row begins with its header. Cells are HTML already."""
    head = "".join(f'<th scope="col"{_side(k, numeric)}>{h}</th>' for k, h in enumerate(heads))
    body = []
    for row in rows:
        cells = "".join(f"<td{_side(k, numeric)}>{cell}</td>" for k, cell in enumerate(row) if k)
        body.append(f'<tr><th scope="row">{row[0]}</th>{cells}</tr>')
    lines = "\n".join(body)
    return (
        f'<div class="wide"><table><caption>{caption}</caption><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{lines}\n</tbody></table></div>"
    )


def _side(k: int, numeric: Sequence[int]) -> str:
    return ' class="n"' if k in numeric else ""


def section(anchor: str, title: str, *parts: str) -> str:
    """A section with its heading; empty if every part is."""
    inside = "\n".join(part for part in parts if part)
    heading = f'<h2 id="{anchor}-h">{title}</h2>'
    return f'<section id="{anchor}" aria-labelledby="{anchor}-h">{heading}\n{inside}\n</section>' if inside else ""


def folded(summary: str, inside: str) -> str:
    """What most readers skip: shown on a click."""
    return f"<details><summary>{summary}</summary>\n{inside}\n</details>" if inside else ""


def paragraph(inside: str, kind: str = "") -> str:
    """A paragraph."""
    return f"<p{_class(kind)}>{inside}</p>" if inside else ""


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def key(kind: str, label: str) -> str:
    """One entry of a figure's legend; `kind` is the class of its swatch."""
    return f'<span class="key"><i class="{kind}"></i>{label}</span>'


def drawing(name: str, width: float, height: float, title: str, description: str, body: str) -> str:
    """An SVG with its title and a text that says what it shows; `name` is unique on the page."""
    return (
        f'<svg viewBox="0 0 {width:g} {height:.0f}" role="img" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{text(title)}</title><desc id="{name}-d">{text(description)}</desc>{body}</svg>'
    )


def figure(title: str, more: str, keys: str, drawn: str, note: str = "") -> str:
    """A drawing with its caption, legend and note; `more` stands behind the title, as a unit does."""
    behind = f", {text(more)}" if more else ""
    caption = f"<figcaption><b>{text(title)}</b>{behind}<br/>{keys}</figcaption>"
    return f"<figure>{caption}{drawn}{paragraph(note, 'note')}</figure>"


def bullets(items: Iterable[str], ordered: bool = False) -> str:
    """A list; empty if it has no items."""
    lines = "\n".join(f"<li>{item}</li>" for item in items)
    tag = "ol" if ordered else "ul"
    return f"<{tag}>\n{lines}\n</{tag}>" if lines else ""
