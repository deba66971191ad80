"""The page of an area: its map, what it holds, where each part comes from, what was repaired, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scenarios.areas.account import DEEDS
from scenarios.areas.check import check_area, summary
from scenarios.areas.outside import crossings, services
from scenarios.report.basemap import base_map
from scenarios.report.document import Section, document, save
from scenarios.report.fit import margins
from scenarios.report.markup import bullets, figure, folded, many, number, paragraph, table, text
from twin.area import Area
from twin.attributes import ORIGINS


def write_area_page(folder: str | Path, area: Area, target: Path | None = None) -> Path:
    """Write the page of the area in `folder` (area.html there, or `target`); returns its path.

    Raises InputError where it cannot be written.
    """
    return save(page(area), target or Path(folder) / "area.html")


def page(area: Area) -> str:
    """The whole page as text."""
    facts = area.facts
    told = summary(area)
    badges = ("Citizens are synthetic", area.crs, f"{told['residents']:,} residents")
    by_origin = base_map(area, "origin")
    sections: list[Section] = [
        ("map", "The area", (paragraph(_sentence(area, told)), figure("Use of buildings", "", "", base_map(area)))),
        ("counts", "What it holds", (_counts(told),)),
        (
            "provenance",
            "Observed, inferred, synthetic",
            (_shares(area), figure("Where each building comes from", "", "", by_origin), _rules(area)),
        ),
        ("sources", "What each source gave", (_accounts(facts.get("sources", ())),)),
        ("people", "People against the published figures", (margins(facts.get("people", {})),)),
        ("outside", "The world outside", (_gateways(area), _crossings(area), _services(area))),
        ("gaps", "Known gaps", (_gaps(area, told),)),
        ("assumptions", "Assumptions", (_assumptions(facts.get("assumptions", {})),)),
        ("licences", "Licences", (_licences(area),)),
    ]
    foot = (text("Data: " + "; ".join(area.credits) + "."), f"Area digest {area.digest()}")
    return document(area.name, area.name, "What this area is made of.", badges, sections, foot)


def _sentence(area: Area, told: Mapping[str, Any]) -> str:
    of = area.facts.get("municipality")
    where = f"{text(of['name'])} ({text(of['code'])}): " if of else ""
    made = " Its streets and buildings are generated: none of them is real." if _invented(area) else ""
    return (
        f"{where}{told['residents']:,} residents in {told['dwellings']:,} dwellings, {told['jobs']:,} jobs, "
        f"{told['street_km']:,.0f} km of streets for cars, {many(len(area.gateways), 'gateway')} to the world outside.{made}"
    )


def _invented(area: Area) -> bool:
    """Whether no street of the area is a real one."""
    return len(area.links) > 0 and bool((area.links.origin == "synthetic").all())


def _counts(told: Mapping[str, Any]) -> str:
    rows = [(text(name.replace("_", " ")), f"{n:,}") for name, n in told["rows"].items()]
    kinds = [(text(kind.replace("_", " ")), f"{n:,}") for kind, n in told["places"].items()]
    return table(("Table", "Rows"), rows, "Tables of the area", (1,)) + table(
        ("Kind of place", "Number"), kinds, "Places", (1,)
    )


def _shares(area: Area) -> str:
    rows = []
    for name, rows_of in area.tables.items():
        if len(rows_of) and "origin" in vars(rows_of):
            share = (100.0 * float((rows_of.origin == kind).mean()) for kind in ORIGINS)
            rows.append((text(name.replace("_", " ")), f"{len(rows_of):,}", *(f"{s:.1f} %" for s in share)))
    heads = ("Table", "Rows", *(kind.capitalize() for kind in ORIGINS))
    return table(heads, rows, "Observed in a source, inferred from one, or synthetic", range(1, 5))


def _rules(area: Area) -> str:
    """How inferred values were found, by table: each rule and the rows that it made."""
    parts = []
    for name, rows_of in area.tables.items():
        if "rule" not in rows_of or not len(rows_of):
            continue
        rules: dict[str, int] = {}
        for rule, n in zip(*np.unique(rows_of.rule.astype(str), return_counts=True), strict=True):
            for piece in filter(None, str(rule).split("; ")):
                rules[piece] = rules.get(piece, 0) + int(n)
        rows = [(text(rule), f"{n:,}") for rule, n in sorted(rules.items(), key=lambda r: (-r[1], r[0]))]
        if rows:
            parts.append(folded(f"Rules for {name} ({len(rows)})", table(("Rule", "Rows"), rows, "", (1,))))
    return "\n".join(parts)


def _accounts(accounts: Iterable[Mapping[str, Any]]) -> str:
    rows = []
    for account in accounts:
        cells = ("<br/>".join(f"{n:,} {text(what)}" for what, n in account[deed].items()) or "–" for deed in DEEDS)
        notes = "<br/>".join(map(text, account["notes"])) or "–"
        rows.append((f"<b>{text(account['file'])}</b><br/>{text(account['source'])}", *cells, notes))
    heads = ("Source", "Read", "Repaired", "Dropped", "Not placed", "To know")
    return table(heads, rows, "What was taken from each source and what became of the rest") if rows else ""


def _gateways(area: Area) -> str:
    gates = area.gateways
    columns = ("commuters_in", "commuters_out", "goods", "through")
    rows = [
        (
            text(gates.name[k]),
            text(gates.road_class[k]),
            number(gates.distance[k] / 1000.0),
            *(f"{int(gates[c][k]):,}" for c in columns),
        )
        for k in range(len(gates))
    ]
    total = ("<b>All</b>", "", "", *(f"{int(gates[c].sum()):,}" for c in columns))
    heads = ("Gateway", "Road", "km beyond", "Commuters in", "Commuters out", "Goods vehicles", "Through vehicles")
    counted = area.facts.get("people", {}).get("gateway_counts", ())
    checks = [(text(gates.name[c["gateway"]]), f"{c['counted']:,.0f}", f"{c['modelled']:,.0f}") for c in counted]
    return table(heads, [*rows, total], "Who crosses the border on a workday", range(2, 7)) + (
        table(("Gateway", "Counted", "Here"), checks, "Vehicles a day, both directions", (1, 2)) if checks else ""
    )


def _crossings(area: Area) -> str:
    rows = [(text(c.who), *(f"{n:,}" for n in (c.inside, c.leave, c.nowhere, c.come))) for c in crossings(area)]
    heads = ("Who", "Residents inside", "Residents who leave", "Residents without a place", "Come from outside")
    how = "How many of the trips by car are whose is a result of each run: the indicator car_trips_by_kind."
    return table(heads, rows, "Who works and learns where", range(1, 5)) + paragraph(how)


def _services(area: Area) -> str:
    rows = [
        (text(s.kind.replace("_", " ")), text(s.name), text(s.gateway), number(s.metres / 1000.0))
        for s in services(area)
    ]
    heads = ("Kind", "Name", "Reached by", "km beyond")
    return table(heads, rows, "Places outside; ambulances drive the road beyond as well", (3,)) if rows else ""


def _gaps(area: Area, told: Mapping[str, Any]) -> str:
    said = [f"{text(f.rule.replace('_', ' '))}: {text(str(f))}" for f in check_area(area)]
    outside = told["served_from_outside"]
    if outside:
        said.append(f"Not in the sources, so served from outside: {text('; '.join(outside))}.")
    links = int((area.links.origin == "synthetic").sum())
    if links and links < len(area.links):
        said.append(f"{links:,} links stand for roads beyond the border and are drawn nowhere.")
    if _invented(area):
        said.append(
            "Every street and building is invented inside the real border: the page says nothing of a real street. There is "
            "no water, no railway and no motorway; villages are not where they are."
        )
    if area.facts.get("island"):
        said.append("An island: its gateways stand for harbours, and ferries sail whenever somebody comes.")
    students = next((c for c in crossings(area) if c.who == "students"), None)
    if students and students.leave > 1000 and not students.inside:
        said.append(f"No university: all {students.leave:,} students leave the area; name one with OpenStreetMap.")
    if not len(area.tables["calls"]):
        said.append("No timetable: public transport carries people at a stated speed (give one with --transit).")
    unknown = int((area.buildings.year == 0).sum())
    if unknown:
        said.append(f"The year of construction of {unknown:,} of {len(area.buildings):,} buildings is not known.")
    return bullets(said) or paragraph("None found.")


def _assumptions(made: Mapping[str, str]) -> str:
    rows = [(text(key), text(meaning)) for key, meaning in made.items()]
    return folded(f"{len(rows)} assumptions", table(("About", "Assumption"), rows, "How the area was made"))


def _licences(area: Area) -> str:
    found: dict[tuple[str, str], list[str]] = {}
    for name, about in area.sources.items():
        found.setdefault((about.get("attribution", ""), about.get("licence", "")), []).append(name.replace("_", " "))
    for about in area.facts.get("sources", ()):
        found.setdefault((about["attribution"], about["licence"]), [])
    rows = [(text(by), text(licence), text(", ".join(names)) or "–") for (by, licence), names in found.items()]
    return table(("Attribution", "Licence", "Tables"), rows, "Whose data these are; name them where you show the area")
