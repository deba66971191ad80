"""The report of an experiment: the answer first, then who loses, and what the numbers rest on."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import Any

from scenarios.report import background, losers
from scenarios.report.document import Section, attribution, document, grid, save
from scenarios.report.experiment import Material
from scenarios.report.forest import intervals
from scenarios.report.markup import bullets, folded, label, many, paragraph, table, text
from scenarios.report.page import ASSUMED
from scenarios.report.verdicts import sentence
from twin.area import Area
from twin.clock import hour

Row = dict[str, Any]
MOST_SAID, MOST_FAILURES = 12, 40
LITTLE = 0.5  # from this ratio on, pairing gained less than half
LUCK = (
    "The intervals cover luck: which people fall ill, who drives when, the weather of the day. If the whole experiment "
    "were done again with other luck, 95 of 100 such intervals would cover the mean that endless pairs would give (94 to "
    "97 did on models whose mean is known).",
    "They do not cover what somebody assumed: rates, tastes, the synthetic grid. A wrong assumption moves all of them "
    "together, and no number of pairs tells.",
    "A cell is called better or worse only if its own interval leaves out 0 and it still stands out among all cells that "
    "were looked at (Benjamini &amp; Hochberg 1995, at 5 %; half of the weight goes to the watched indicators of the whole "
    "area). So an interval may leave out 0 beside the words “no clear difference”.",
    "“Exactly that in each pair” speaks of the pairs that were run: what befalls fewer than 3 in n of all days can "
    "stay unseen in n pairs (rule of three).",
    "“Too few to tell”: fewer than 6 pairs differ at all, or so few pairs that even full agreement proves nothing here.",
    "A pair counts for a cell only if both of its runs have it: a response time needs a call in both, so such means speak of "
    "the days that had one, whatever the measure did to the others.",
    "Student's t gives the interval where the pairs are enough for their skewness (Cochran 1977); elsewhere the bootstrap "
    "(BCa, Efron 1987), never narrower than Student's or Hall's (1992).",
)


def write_comparison_report(folder: str | Path, area: Area | None = None) -> Path:
    """Write `report.html` into the folder of an experiment and return its path.

    folder : holds experiment.json and comparison.parquet; the folders of its runs are not opened
    area   : the area of the runs; without it, the one kept in the folder; without that, no maps

    Raises InputError where `folder` is no experiment with a comparison, or cannot be written.
    """
    material = Material.of(folder, area)
    return save(page(material), material.folder / "report.html")


def page(m: Material) -> str:
    """The whole page as text."""
    about = m.about
    pairs = max((row["n"] for row in m.rows), default=0)
    cut = [f"{', '.join(about['cut'])} cut in all arms"] if about.get("cut") else []
    compared = f"compared with {about.get('base', 'the base')}"
    badges = ("Citizens are synthetic", m.place, many(pairs, "pair"), compared, *cut)
    title = about.get("title") or about.get("scenario") or "A comparison"
    foot = (text(attribution(m.area)), f"Area digest {text((about.get('area') or {}).get('digest', '–'))}")
    return document(str(title), m.place, str(about.get("question") or ""), badges, _sections(m), foot)


def _sections(m: Material) -> list[Section]:
    return [
        ("answer", "The answer", (_alarms(m), _answer(m), _cautions(m), _weight(m))),
        ("intervals", "How sure", (grid(_forest(m)),)),
        (
            "losers",
            "Who loses",
            (grid(losers.difference_maps(m)), losers.losers(m), losers.nobody(m), losers.others(m)),
        ),
        ("all", "Every number", (paragraph(losers.withheld_note(m)), losers.everything(m))),
        ("luck", "What shared luck gained", (_ratios(m),)),
        ("covers", "What the intervals cover, and what not", (bullets(LUCK),)),
        ("compared", "What was compared", (_arms(m),)),
        ("assumptions", "Assumptions", (paragraph(ASSUMED), background.assumptions(m))),
        ("area", "The area and its data", (background.area_facts(m), background.sources(m))),
        ("made", "How it was made", (_made(m),)),
    ]


# -- the answer --------------------------------------------------------------------------------------------------------


def _answer(m: Material) -> str:
    parts = []
    several = len(m.alternatives) > 1
    for name in m.alternatives:
        rows = m.headlines(name)
        said = [_sentence(row) for row in rows[:MOST_SAID]]
        parts.append(f"<h3>{text(name.replace('_', ' '))}</h3>" if several else "")
        parts.append(f'<div class="answer">{bullets(said)}</div>' if said else "")
        parts.append(losers.and_more(len(rows), MOST_SAID, "indicator"))
    return "\n".join(part for part in parts if part)


def _sentence(row: Row) -> str:
    said = text(sentence(row))
    if row["verdict"] in ("worse", "better"):
        return said.removesuffix(f"{row['verdict']}.") + losers.verdict(row) + "."
    return said


def _cautions(m: Material) -> str:
    return bullets(f"Mind: {text(caution)}." for caution in m.about.get("cautions") or ())


def _weight(m: Material) -> str:
    base = text(str(m.about.get("base", "the base")).replace("_", " "))
    return paragraph(
        f"Each pair is one and the same day lived twice, with the same luck for everybody: once as “{base}”, once with "
        "the measures. Differences are means over the pairs.",
        "note",
    )


def _alarms(m: Material) -> str:
    """What went wrong, loudly: nothing is averaged over silently."""
    parts = []
    status = m.about.get("status", "complete")
    if status != "complete":
        parts.append(paragraph(f"This experiment is not complete: {text(status)}. What follows may change.", "alarm"))
    failures = m.about.get("failures") or []
    if failures:
        runs = len(m.about.get("seeds") or ()) * (len(m.about.get("alternatives") or ()) + 1)
        of = f" of {runs:,}" if runs >= len(failures) else ""
        were = "runs" if of or len(failures) > 1 else "run"
        parts.append(
            paragraph(
                f"<strong>{len(failures)}{of} {were} failed.</strong> Their pairs are left out below; if what made them "
                "fail has to do with the measure, the differences are off.",
                "alarm",
            )
        )
        rows = [(text(f["arm"]), text(f["seed"]), text(f.get("reason", ""))) for f in failures[:MOST_FAILURES]]
        parts.append(table(("Arm", "Seed", "Reason"), rows, "Runs that failed"))
        parts.append(losers.and_more(len(failures), MOST_FAILURES, "run", "experiment.json"))
    return "\n".join([*parts, bullets(text(note) for note in m.about.get("notes") or ())])


def _forest(m: Material) -> list[str]:
    names = {name: name.replace("_", " ") for name in m.alternatives}
    groups: dict[tuple[str, str], list[Row]] = {}
    for name in m.alternatives:
        for row in m.headlines(name):
            groups.setdefault((row["indicator"], row["group"]), []).append(row)
    drawn = [found for rows in groups.values() if (found := intervals(rows, names))]
    return [*drawn[:MOST_SAID], losers.and_more(len(drawn), MOST_SAID, "indicator")]


# -- what the numbers rest on ------------------------------------------------------------------------------------------


def _ratios(m: Material) -> str:
    rows = [row for row in m.rows if row["level"] == "area" and row["ratio"] == row["ratio"]]
    if not rows:
        return ""
    order = {name: k for k, name in enumerate(m.watch)}
    rows.sort(key=lambda row: (order.get(row["indicator"], len(order)), row["indicator"], row["group"]))
    several = len(m.alternatives) > 1
    lines = []
    for row in rows:
        reach = f"{_ratio(row['ratio_low'])} to {_ratio(row['ratio_high'])}" if row["ratio_low"] >= 0 else "–"
        names = [text(label(row))] + [text(row["alternative"].replace("_", " "))] * several
        lines.append((*names, _ratio(row["ratio"]), reach, str(row["n"]), _gained(row)))
    heads = ("Indicator", *["Alternative"] * several, "Ratio", "95\u00a0% interval", "Pairs", "What that means")
    caption = (
        "Variance of the difference within pairs, divided by what it would be between runs that share no luck. 0.05 means: "
        "20 times as many independent runs would be needed for an interval as narrow."
    )
    known = [line for line, row in zip(lines, rows, strict=True) if row["indicator"] in order]
    numeric = (1 + several, 2 + several, 3 + several)
    first = table(heads, known, caption, numeric) if known else ""
    more = table(heads, lines, caption, numeric)
    return first + folded(f"Every indicator of the whole area ({len(lines)})", more) if first else more


def _ratio(value: float) -> str:
    if isnan(value):
        return "–"
    return f"{value:.2g}" if 0 < value < 0.1 else f"{value:.2f}"


def _gained(row: Row) -> str:
    if row["ratio"] == 0.0:
        return "the same difference in every pair"
    if row["ratio_low"] == row["ratio_high"] == 1.0:
        return "one of the two runs never varies here: there is no luck to share"
    if not row["ratio_low"] >= 0:
        return "too few pairs differ to tell"
    if row["ratio"] < LITTLE:
        times = 1.0 / row["ratio"]
        return f"as narrow as with {times:,.{1 if times < 10 else 0}f} times as many independent runs"
    return (
        "little was gained: the measure itself decides what happens here, or a queue does, in which one shifted call or car "
        "shifts all behind it"
    )


def _arms(m: Material) -> str:
    scenario = m.scenario
    base = str(m.about.get("base", "base"))
    measures = scenario.get("measures") or {}
    rows = [("base", text(base.replace("_", " ")))]
    for name in m.alternatives:
        extra = (scenario.get("alternatives") or {}).get(name) or {}
        said = [_measure(key, about) for key, about in {**measures, **extra}.items()]
        rows.append((text(name.replace("_", " ")), "<br/>".join(said) or "–"))
    return table(("Arm", "Measures"), rows, "Every arm ran with the same seeds, in the same area.") if scenario else ""


def _measure(name: str, about: dict[str, Any]) -> str:
    where = ", ".join(f"{key} {value}" for key, value in (about.get("where") or {}).items())
    others = [f"{key} {value}" for key, value in about.items() if key not in ("type", "where")]
    parts = [str(about.get("type", name)).replace("_", " "), *([where] if where else []), *others]
    return f"<b>{text(name.replace('_', ' '))}</b>: {text('; '.join(parts))}"


def _made(m: Material) -> str:
    about = m.about
    area = about.get("area") or {}
    shared = float(about.get("shared_prefix_ms") or 0)
    said = {
        "Scenario": about.get("scenario", ""),
        "Command": about.get("command", ""),
        "Status": about.get("status", ""),
        "Started": about.get("started", ""),
        "First day": f"{about.get('start', '')} ({about.get('time_zone', '')})",
        "Simulated": f"{float(about['days']):g} d per run" if "days" in about else "",
        "Seeds": _seeds(about.get("seeds") or ()),
        "Couplings cut": ", ".join(about.get("cut") or ()) or "none",
        "Shared by all arms": f"the first {shared / hour:g} h, simulated once per seed" if shared else "nothing",
        "Area digest": area.get("digest", "–"),
        "Coordinate system": area.get("crs", "–"),
        "Code digest": about.get("code_digest", "–"),
        "Wall time": f"{about['wall_s']:.1f} s" if "wall_s" in about else "",
        "Workers": about.get("workers", ""),
    }
    made = table(("What", "Value"), [(text(a), text(b)) for a, b in said.items() if b != ""], "This experiment")
    versions = [(text(k), text(v)) for k, v in (about.get("versions") or {}).items()]
    return made + (folded("Versions", table(("Package", "Version"), versions, "Versions")) if versions else "")


def _seeds(seeds: Sequence[int]) -> str:
    if len(seeds) > 3 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds))
