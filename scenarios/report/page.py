"""report.html: one page that opens offline, without scripts, and holds everything that it shows."""

from __future__ import annotations

import os
from pathlib import Path

from scenarios.report import background, curves, maps, results, story
from scenarios.report.markup import bullets, paragraph, section, text
from scenarios.report.material import Material
from scenarios.report.style import CSS
from twin.area import Area
from twin.recording import writing

SYNTHETIC = (
    "Citizens are synthetic: made from public statistics, none is a real person, and nothing is shown at the "
    "level of a dwelling."
)
ASSUMED = (
    "Intervals and differences cover luck, never assumptions. Every value below was set by somebody and is an "
    "assumption unless a source stands beside it; change one with <code>domain.NAME.SETTING=VALUE</code> and look "
    "whether the answer holds."
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def write_report(run_folder: str | Path, area: Area) -> Path:
    """Write `report.html` into a run folder and return its path.

    run_folder : a complete, failed or running run; `restricted/` is not read
    area       : the run's area

    Raises InputError where `run_folder` is no run or cannot be written.
    """
    material = Material.of(run_folder, area)
    target = material.run.folder / "report.html"
    partial = target.with_name(".report.html.partial")
    with writing(target.parent):
        partial.write_text(page(material), encoding="utf-8")
        os.replace(partial, target)
    return target


def page(m: Material) -> str:
    """The whole page as text."""
    title = str(m.manifest.get("title") or m.manifest.get("scenario") or "A run")
    sections = _sections(m)
    links = "\n".join(f'<a href="#{anchor}">{name}</a>' for anchor, name, body in sections if body)
    body = "\n".join(body for _, _, body in sections)
    said = ("Citizens are synthetic", m.place, f"seed {m.manifest.get('seed', '')}")
    badges = "".join(f'<span class="badge">{text(words)}</span>' for words in said)
    digest = text(m.manifest.get("result_digest", "–"))
    question = paragraph(text(m.scenario.get("question", "")), "question")
    return f"""<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="{POLICY}"/>
<title>{text(title)} – {text(m.place)}</title>
<style>{CSS}</style>
</head>
<body>
<header>
<h1>{text(title)}</h1>
{question}
{badges}
<nav aria-label="Contents">{links}</nav>
</header>
<main>
{body}
</main>
<footer>{paragraph(SYNTHETIC)}{paragraph(text(_attribution(m)))}{paragraph(f"Result digest {digest}")}</footer>
</body>
</html>
"""


def _sections(m: Material) -> list[tuple[str, str, str]]:
    note = results.withheld_note(m)
    figures = [*maps.by_neighbourhood(m), maps.lost_time(m)]
    parts = [
        ("happened", "What happened", (story.happened(m), results.headlines(m))),
        ("results", "Results", (results.indicator_table(m),)),
        ("day", "The day in curves", (_grid(curves.figures(m)), _shading(m))),
        (
            "maps",
            "Where",
            (_grid([f for f in figures if f]), paragraph(maps.alike_note(m)), paragraph(note), results.zone_tables(m)),
        ),
        ("events", "Events that matter", (story.timeline(m),)),
        ("why", "From cause to consequence", (story.chains(m),)),
        ("assumptions", "Assumptions", (paragraph(ASSUMED), background.assumptions(m))),
        ("laws", "Conservation laws", (background.laws(m),)),
        ("area", "The area and its data", (background.area_facts(m), background.sources(m))),
        ("made", "How this run was made", (background.made(m),)),
    ]
    return [(anchor, name, section(anchor, name, *inside)) for anchor, name, inside in parts]


def _grid(figures: list[str]) -> str:
    inside = "\n".join(figures)
    return f'<div class="figures">\n{inside}\n</div>' if figures else ""


def _shading(m: Material) -> str:
    from scenarios.report.charts import clock

    return bullets(f"Shaded: {text(b.label)}, {clock(b.start)} to {clock(b.end)}" for b in m.bands)


def _attribution(m: Material) -> str:
    said = dict.fromkeys(
        f"{about.get('attribution', '')} ({about.get('licence', '')})" for about in m.area.sources.values()
    )
    return "Data: " + "; ".join(said) + "." if said else ""
