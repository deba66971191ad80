"""A page as a whole: its head, its contents and its foot; written under a temporary name first."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from scenarios.report.markup import paragraph, section, text
from scenarios.report.style import CSS
from twin.area import Area
from twin.recording import writing

SYNTHETIC = (
    "Citizens are synthetic: made from public statistics, none is a real person, and nothing is shown at the "
    "level of a dwelling."
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
Section = tuple[str, str, Sequence[str]]  # anchor, title, parts as HTML


def document(
    title: str, place: str, question: str, badges: Iterable[str], sections: Iterable[Section], foot: Iterable[str]
) -> str:
    """The page as text; `sections` and `foot` are HTML, everything else is plain text. Empty sections are left out."""
    made = [(anchor, name, section(anchor, name, *parts)) for anchor, name, parts in sections]
    links = "\n".join(f'<a href="#{anchor}">{name}</a>' for anchor, name, body in made if body)
    body = "\n".join(body for _, _, body in made)
    said = "".join(f'<span class="badge">{text(words)}</span>' for words in badges)
    return f"""<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="{POLICY}"/>
<title>{text(title)} – {text(place)}</title>
<style>{CSS}</style>
</head>
<body>
<header>
<h1>{text(title)}</h1>
{paragraph(text(question), "question")}
{said}
<nav aria-label="Contents">{links}</nav>
</header>
<main>
{body}
</main>
<footer>{"".join(paragraph(part) for part in (SYNTHETIC, *foot))}</footer>
</body>
</html>
"""


def grid(figures: Sequence[str]) -> str:
    """Figures side by side, where there is room."""
    inside = "\n".join(figure for figure in figures if figure)
    return f'<div class="figures">\n{inside}\n</div>' if inside else ""


def attribution(area: Area) -> str:
    """Where the data of an area come from, as plain text."""
    return "Data: " + "; ".join(area.credits) + "." if area.credits else ""


def save(page: str, target: Path) -> Path:
    """Write a page under a temporary name, then rename. Raises InputError where the disk refuses."""
    partial = target.with_name(f".{target.name}.partial")
    with writing(target.parent):
        try:
            partial.write_text(page, encoding="utf-8")
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)
    return target
