"""report.html: one page that opens offline, without scripts, and holds everything that it shows."""

from __future__ import annotations

from pathlib import Path

from scenarios.report import background, curves, maps, results, story
from scenarios.report.document import Section, attribution, document, grid, save
from scenarios.report.fit import margins
from scenarios.report.markup import bullets, paragraph, text
from scenarios.report.material import Material
from twin.area import Area

ASSUMED = (
    "Intervals and differences cover luck, never assumptions. Every value below was set by somebody and is an "
    "assumption unless a source stands beside it; change one with <code>domain.NAME.SETTING=VALUE</code> and look "
    "whether the answer holds."
)


def write_report(run_folder: str | Path, area: Area) -> Path:
    """Write `report.html` into a run folder and return its path.

    run_folder : a complete, failed or running run; `restricted/` is not read
    area       : the run's area

    Raises InputError where `run_folder` is no run or cannot be written.
    """
    material = Material.of(run_folder, area)
    return save(page(material), material.run.folder / "report.html")


def page(m: Material) -> str:
    """The whole page as text."""
    title = str(m.manifest.get("title") or m.manifest.get("scenario") or "A run")
    badges = ("Citizens are synthetic", m.place, f"seed {m.manifest.get('seed', '')}")
    foot = (text(attribution(m.area)), f"Result digest {text(m.manifest.get('result_digest', '–'))}")
    return document(title, m.place, str(m.scenario.get("question", "")), badges, _sections(m), foot)


def _sections(m: Material) -> list[Section]:
    note = results.withheld_note(m)
    figures = [*maps.by_neighbourhood(m), maps.lost_time(m)]
    return [
        ("happened", "What happened", (story.happened(m), results.headlines(m))),
        ("results", "Results", (results.indicator_table(m),)),
        ("day", "The day in curves", (grid(curves.figures(m)), _shading(m))),
        (
            "maps",
            "Where",
            (grid(figures), paragraph(maps.alike_note(m)), paragraph(note), results.zone_tables(m)),
        ),
        ("events", "Events that matter", (story.timeline(m),)),
        ("why", "From cause to consequence", (story.chains(m),)),
        ("assumptions", "Assumptions", (paragraph(ASSUMED), background.assumptions(m))),
        ("laws", "Conservation laws", (background.laws(m),)),
        (
            "area",
            "The area and its data",
            (background.area_facts(m), margins(m.area.facts.get("people") or {}), background.sources(m)),
        ),
        ("made", "How this run was made", (background.made(m),)),
    ]


def _shading(m: Material) -> str:
    from scenarios.report.charts import clock

    return bullets(f"Shaded: {text(b.label)}, {clock(b.start)} to {clock(b.end)}" for b in m.bands)
