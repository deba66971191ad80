"""Indicators: the watched ones in large figures, the table for the area, and the cells of the neighbourhoods."""

from __future__ import annotations

from typing import Any

from scenarios.indicators import DEFINITIONS
from scenarios.report.markup import folded, label, many, number, quantity, table, text, unit
from scenarios.report.material import Material

Row = dict[str, Any]
ARROWS = ("lower", "higher")
FEW = 30  # observations; below it one day's luck can move the number a lot


def for_area(m: Material) -> list[Row]:
    """Rows of the whole area."""
    return [row for row in m.indicators if row["level"] == "area"]


def headlines(m: Material) -> str:
    """The indicators that the scenario watches, large."""
    watched = [row for name in m.scenario.get("watch") or () for row in for_area(m) if row["indicator"] == name]
    tiles = "\n".join(_tile(row) for row in watched)
    return f'<div class="tiles">\n{tiles}\n</div>' if tiles else ""


def _tile(row: Row) -> str:
    notes = [f"{row['better']} is better"] if row["better"] in ARROWS else []
    if row["norm"] is not None:
        notes.append(_norm(row))
    if row["n"]:
        notes.append(f"n = {row['n']:,}")
    value = f"{number(row['value'], row['unit'])} <span>{text(unit(row['unit']))}</span>"
    return (
        f'<div class="tile"><div class="name">{text(label(row))}</div><div class="value">{value}</div>'
        f'<div class="note">{text("; ".join(notes))}</div></div>'
    )


def _norm(row: Row) -> str:
    """The published target and whether the run meets it, where the indicator says which way is better."""
    norm, value = row["norm"], row["value"]
    met = value <= norm if row["better"] == "lower" else value >= norm if row["better"] == "higher" else None
    return f"norm {norm:g} {unit(row['unit'])}" + ("" if met is None else ", met" if met else ", not met")


def indicator_table(m: Material) -> str:
    """Every indicator of the area, with what it means and the published value beside it."""
    rows, before = [], ""
    for row in for_area(m):
        again, before = row["indicator"] == before, row["indicator"]
        about = DEFINITIONS.get(row["indicator"])
        beside = [text(_norm(row))] if row["norm"] is not None else []
        published = about.published.split("; ") if about and not again else []
        beside += [text(part) for part in published if part and not (beside and part.startswith("norm"))]
        said = about.meaning if about and not again else ""
        meaning = f'<br/><span class="note">{text(said)}</span>' if said else ""
        n = f"{row['n']:,}" + ("*" if 0 < row["n"] < FEW else "") if row["n"] else ""
        rows.append(
            (
                text(label(row)) + meaning,
                number(row["value"], row["unit"]),
                text(unit(row["unit"])),
                n,
                "; ".join(beside),
                row["better"],
            )
        )
    few = " * few observations: one day's luck moves this number a lot." if any("*" in row[3] for row in rows) else ""
    heads = ("Indicator", "Value", "Unit", "n", "Norm or published", "Better")
    caption = (
        "Results for the whole area. One run is one draw of luck: differences between runs need paired "
        f"replications.{few}"
    )
    return table(heads, rows, caption, (1, 3)) if rows else ""


def withheld(m: Material, row: Row) -> bool:
    """Whether a cell rests on too few residents to be shown."""
    return 0 <= row["residents"] < m.least


def cells(m: Material, level: str = "neighbourhood") -> dict[str, list[Row]]:
    """Rows of one level by indicator (and group), the watched indicators first."""
    found: dict[str, list[Row]] = {}
    for row in m.indicators:
        if row["level"] == level and (level, row["code"]) in m.zone_row:
            found.setdefault(f"{row['indicator']}/{row['group']}", []).append(row)
    watch = [f"{name}/" for name in m.scenario.get("watch") or ()]
    return dict(sorted(found.items(), key=lambda item: watch.index(item[0]) if item[0] in watch else len(watch)))


def withheld_note(m: Material) -> str:
    """How many cells were withheld, counted over all indicators and both levels."""
    all_cells = [row for level in ("district", "neighbourhood") for rows in cells(m, level).values() for row in rows]
    hidden = sum(withheld(m, row) for row in all_cells)
    if not all_cells:
        return ""
    are, rest = ("is", "it rests") if hidden == 1 else ("are", "they rest")
    return (
        f"{hidden:,} of {many(len(all_cells), 'cell')} {are} withheld, because {rest} on fewer than {m.least} "
        "residents."
    )


def zone_tables(m: Material) -> str:
    """The numbers behind the maps, per district and per neighbourhood."""
    return "\n".join(
        folded(f"Numbers per {level}", _zone_table(m, level))
        for level in ("district", "neighbourhood")
        if cells(m, level)
    )


def _zone_table(m: Material, level: str) -> str:
    groups = cells(m, level)
    zones = m.area.zones
    by_zone: dict[int, dict[str, Row]] = {}
    for key, rows in groups.items():
        for row in rows:
            by_zone.setdefault(m.zone_row[level, row["code"]], {})[key] = row
    firsts = [rows[0] for rows in groups.values()]
    heads = [level.capitalize(), "Residents", *(f"{text(label(row))}, {text(unit(row['unit']))}" for row in firsts)]
    lines = []
    for zone in sorted(by_zone):
        population = int(zones.population[zone])
        found = [_cell(m, by_zone[zone].get(key)) for key in groups]
        shown = f"{population:,}" if population >= m.least or not population else f"under {m.least}"
        lines.append((text(m.called(zone)), shown, *found))
    return table(heads, lines, f"Per {level}. {withheld_note(m)}", range(1, len(heads)))


def _cell(m: Material, row: Row | None) -> str:
    if row is None:
        return "–"
    if withheld(m, row):
        return "withheld"
    return f'<span title="n = {row["n"]:,}">{number(row["value"], row["unit"])}</span>'


def spoken(row: Row) -> str:
    """ "12.4 min (n = 1,808)"."""
    return quantity(row["value"], row["unit"]) + (f" (n = {row['n']:,})" if row["n"] else "")
