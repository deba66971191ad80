"""Who loses: the neighbourhoods, worst first, as maps of differences and as tables."""

from __future__ import annotations

from collections import Counter
from typing import Any

from scenarios.comparison import WITHHELD
from scenarios.report.experiment import Material
from scenarios.report.markup import bullets, figure, folded, key, label, many, number, paragraph, table, text
from scenarios.report.verdicts import CALLED, amount, interval, signed, unit_of_change, withheld
from scenarios.report.zonemap import Shade, zone_map

Row = dict[str, Any]
LEVEL = "neighbourhood"
STRENGTHS = 3
MOST_MAPS, MOST_LISTED, MOST_OTHERS, MOST_ROWS = 12, 8, 30, 1000
GOOD = ("better", "less")  # drawn blue; worse and more orange: the two differ for every kind of colour vision
HEADS = ("Difference", "95\u00a0% interval", "Unit", "Base", "Pairs", "Verdict")


def _groups(m: Material, watched: bool) -> dict[tuple[str, str], list[Row]]:
    """All rows of neighbourhoods by indicator and group; the watched ones in their order, or the others."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in m.comparison:
        if row["level"] == LEVEL and (row["indicator"] in m.watch) == watched:
            found.setdefault((row["indicator"], row["group"]), []).append(row)
    order = {name: k for k, name in enumerate(m.watch)}
    return dict(sorted(found.items(), key=lambda item: (order.get(item[0][0], len(order)), item[0])))


def _hidden(row: Row) -> bool:
    return bool(row["verdict"] == WITHHELD)


def difference_maps(m: Material) -> list[str]:
    """A map per watched indicator and alternative in which a neighbourhood differs for certain."""
    drawn: list[str] = []
    for (indicator, group), rows in _groups(m, watched=True).items():
        for alternative in m.alternatives:
            cells = [r for r in rows if r["alternative"] == alternative and (LEVEL, r["code"]) in m.zone_row]
            called = [r for r in cells if r["verdict"] in CALLED]
            if called and not _alike(m, cells):
                drawn.append(_map(m, f"{indicator}-{group}-{alternative}", alternative, cells, called))
    return [*drawn[:MOST_MAPS], and_more(len(drawn), MOST_MAPS, "difference")]


def _alike(m: Material, cells: list[Row]) -> bool:
    """Whether several neighbourhoods all say the same, so that a map would show one colour."""
    shown = [row for row in cells if not _hidden(row)]
    return len(shown) > 1 and len({_said(row) for row in shown}) == 1


def _map(m: Material, name: str, alternative: str, cells: list[Row], called: list[Row]) -> str:
    most = max(abs(row["difference"]) for row in called)
    shades, counted = {}, Counter[str]()
    for row in cells:
        kind = "hidden" if _hidden(row) else _kind(row, most)
        counted[kind] += 1
        zone = m.zone_row[LEVEL, row["code"]]
        if kind == "hidden":
            shades[zone] = Shade(kind, "withheld")
        elif row["verdict"] in CALLED:
            strength = int(kind[-1])
            shades[zone] = Shade(kind, _said(row), signed(row["difference"], row), strength, dark=strength == STRENGTHS)
        else:
            shades[zone] = Shade(kind, _said(row), first=0)
    worst = "; ".join(f"{m.zone_name(row)} {_said(row)}" for row in called[:3])
    title = label(cells[0])
    drawn = zone_map(name.replace(" ", "-"), f"{title}: {alternative}, difference by neighbourhood", worst, m, shades)
    more = f"{alternative.replace('_', ' ')}, difference in {unit_of_change(cells[0]) or 'share'}"
    note = f"Most: {text(worst)}." if called else ""
    return figure(title, more, _legend(called, counted, most), drawn, note)


def _kind(row: Row, most: float) -> str:
    if row["verdict"] not in CALLED:
        return "few" if row["verdict"] == "too few to tell" else "same"
    strength = min(int(abs(row["difference"]) / most * STRENGTHS) + 1, STRENGTHS)
    return f"{'down' if row['verdict'] in GOOD else 'up'}{strength}"


def _legend(called: list[Row], counted: Counter[str], most: float) -> str:
    parts = []
    for side, words in (("up", ("worse", "more")), ("down", ("better", "less"))):
        said = next((row["verdict"] for row in called if row["verdict"] in words), "")
        for k in range(STRENGTHS, 0, -1):
            if counted[f"{side}{k}"]:
                size = f"{number(most * (k - 1) / STRENGTHS)} – {number(most * k / STRENGTHS)}"
                parts.append(key(f"{side}{k}", f"{said} by {size}"))
    others = (("same", "no clear difference"), ("few", "too few to tell"), ("hidden", "withheld"))
    return "".join(parts) + "".join(key(kind, f"{words} ({counted[kind]})") for kind, words in others if counted[kind])


def _said(row: Row) -> str:
    change = f"{signed(row['difference'], row)} {unit_of_change(row)}".strip()
    return f"{change} ({interval(row)}): {row['verdict']}"


def losers(m: Material) -> str:
    """Per watched indicator: how many neighbourhoods lose, and the worst of them."""
    parts = []
    for rows in _groups(m, watched=True).values():
        parts.append(f"<h3>{text(label(rows[0]))}</h3>")
        parts.append(bullets(_count(m, name, [r for r in rows if r["alternative"] == name]) for name in m.alternatives))
        worst = [row for row in rows if row["verdict"] in ("worse", "more")]
        parts.append(_table(m, worst[:MOST_LISTED], "Those who lose most, relative to the base.", named=False))
        parts.append(and_more(len(worst), MOST_LISTED, "neighbourhood"))
    return "\n".join(part for part in parts if part)


def _count(m: Material, name: str, rows: list[Row]) -> str:
    shown = Counter(row["verdict"] for row in rows if not _hidden(row))
    said = [f"{shown[verdict]} {text(verdict)}" for verdict in VERDICTS if shown[verdict]]
    hidden = sum(_hidden(row) for row in rows)
    said += [f"{hidden} withheld"] if hidden else []
    same = next((f" Everywhere: {text(_said(row))}." for row in rows if not _hidden(row)), "")
    found = f"{_named(name)}: of {many(len(rows), LEVEL)}, {', '.join(said)}."
    return found + (same if _alike(m, rows) else "") if rows else ""


VERDICTS = ("worse", "better", "more", "less", "no clear difference", "too few to tell")


def others(m: Material) -> str:
    """Neighbourhoods that are worse off by indicators that nobody asked about."""
    worse = [row for rows in _groups(m, watched=False).values() for row in rows if row["verdict"] == "worse"]
    order = {id(row): k for k, row in enumerate(m.comparison)}
    worse.sort(key=lambda row: order[id(row)])
    if not worse:
        return ""
    caption = f"{many(len(worse), 'cell')} worse off by what was not asked about; the worst relative to the base first."
    return folded(
        "Losers by other indicators",
        _table(m, worse[:MOST_OTHERS], caption) + and_more(len(worse), MOST_OTHERS, "cell"),
    )


def and_more(there: int, shown: int, what: str, file: str = "comparison.csv") -> str:
    """A paragraph that says what is not shown, so that nothing is cut silently; empty where nothing is."""
    return paragraph(f"And {many(there - shown, what)} more in {file}.", "note") if there > shown else ""


def withheld_note(m: Material) -> str:
    """How many cells are withheld."""
    return withheld(m.hidden, len(m.comparison), m.least) if m.hidden else ""


def everything(m: Material) -> str:
    """The whole comparison, folded, level by level."""
    parts = []
    for level in ("area", "district", LEVEL):
        rows = [row for row in m.rows if row["level"] == level]
        cut = f" The first {MOST_ROWS:,}; all of them are in comparison.csv." if len(rows) > MOST_ROWS else ""
        caption = f"Losers first: worse, better, more or less, no clear difference, too few to tell.{cut}"
        name = "The whole area" if level == "area" else f"Per {level}"
        parts.append(folded(f"{name} ({len(rows):,})", _table(m, rows[:MOST_ROWS], caption)) if rows else "")
    return "\n".join(part for part in parts if part)


def _table(m: Material, rows: list[Row], caption: str, named: bool = True) -> str:
    """Rows of a comparison. named : whether the indicator is a column."""
    if not rows:
        return ""
    several = len(m.alternatives) > 1
    zones = any(row["level"] != "area" for row in rows)
    heads = ["Indicator"] * named + ["Where"] * zones + ["Alternative"] * several + list(HEADS)
    lines = []
    for row in rows:
        names = [text(label(row))] * named + [text(m.zone_name(row))] * zones + [_named(row["alternative"])] * several
        numbers = [text(signed(row["difference"], row)), text(interval(row)), text(unit_of_change(row))]
        lines.append([*names, *numbers, text(amount(row["baseline"], row)), str(row["n"]), verdict(row)])
    before = len(heads) - len(HEADS)
    return table(heads, lines, caption, (before, before + 1, before + 3, before + 4))


def verdict(row: Row) -> str:
    """The verdict as HTML, in its colour."""
    said = text(row["verdict"])
    return f'<strong class="t-{said}">{said}</strong>' if row["verdict"] in ("worse", "better") else said


def _named(name: str) -> str:
    return text(name.replace("_", " "))


def nobody(m: Material) -> str:
    """A sentence where no watched indicator is counted by neighbourhood."""
    if any(True for _ in _groups(m, watched=True)):
        return ""
    return paragraph("None of the watched indicators is counted by neighbourhood.")
