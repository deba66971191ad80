"""The commands on areas: build, check, show."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from scenarios.commands import screen
from twin.errors import Fault, InputError

MOST_CITIZENS = 2_000_000  # of one area: the largest that has been run holds 1,000,000
SHOWN = 40  # names that `twin area find` prints
SEVERAL = ("buildings", "care", "stats")  # options of which there may be more than one file
OPTION = {"zones": "stats", "cityjson": "buildings"}  # kind of source -> option, where they differ


def build_area_from(
    sources: Sequence[Path], named: Mapping[str, Sequence[Path] | None], out: Path, **options: Any
) -> None:
    """Build an area and write it to `out`.

    sources : files and folders of kinds told from their content
    named   : option -> file, or files for the options in SEVERAL
    Raises InputError with every source that is none, is missing, or is one too many, and where `out` is something else.
    """
    from scenarios.areas import build
    from scenarios.areas.account import describe
    from scenarios.areas.check import summary
    from twin.area import free_folder

    if options.get("citizens") is not None and options["citizens"] < 1:
        raise InputError(Fault("--citizens", f"is {options['citizens']}", "1 or more"))
    if options.get("citizens") is not None and options["citizens"] > MOST_CITIZENS:
        raise InputError(Fault("--citizens", f"is {options['citizens']:,}", f"{MOST_CITIZENS:,} or fewer", "name less"))
    given = _gather(sources, named)
    target = free_folder(out)  # told before the work, not after it
    if (target / "area.json").exists():
        screen.print(f"{out} holds an area already ({_name_of(target)}): it is replaced", soft_wrap=True, markup=False)
    began = time.perf_counter()
    area = build("roads", **_roads_alone(given, options)) if "roads" in given else build("place", **given, **options)
    area.write(out)
    for source in area.facts["sources"]:
        screen.print(describe(source), soft_wrap=True, markup=False)
    _print_summary(summary(area))
    screen.print(f"written to {out} in {time.perf_counter() - began:.1f} s", soft_wrap=True)


def _name_of(folder: Path) -> str:
    try:
        return str(json.loads((folder / "area.json").read_text(encoding="utf-8"))["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return "broken"


def _gather(sources: Sequence[Path], named: Mapping[str, Sequence[Path] | None]) -> dict[str, Any]:
    """Options of the builder from both ways of naming files."""
    from scenarios.areas.recognise import sort_sources

    found: dict[str, list[Path]] = {}
    for option, files in named.items():
        if files:
            found[option] = list(files)
    for kind, files in sort_sources(sources).items():
        option = OPTION.get(kind, kind)
        found[option] = found.get(option, []) + files
    found = {option: list({f.resolve(): f for f in files}.values()) for option, files in found.items()}
    faults = [
        Fault(f"--{option}", f"{len(files)} sources: {', '.join(map(str, files))}", "one", "leave the others out")
        for option, files in found.items()
        if len(files) > 1 and option not in SEVERAL
    ]
    faults += [
        Fault(str(file), "no such file or folder", remedy="check the path")
        for files in found.values()
        for file in files
        if not file.exists()
    ]
    if faults:
        raise InputError(faults)
    return {option: files if option in SEVERAL else files[0] for option, files in found.items()}


def _roads_alone(given: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of the builder of a road network, which nothing else can be joined with."""
    others = [o for o in given if o != "roads"] + [
        o for o in ("municipality", "citizens") if options.get(o) is not None
    ]
    if others:
        what = f"cannot be joined with the road network {given['roads']}"
        raise InputError([Fault(f"--{o}", what, "a road network alone", "leave one of the two out") for o in others])
    return {"roads": given["roads"], "name": options["name"]}


def check_area_in(folder: Path) -> None:
    """Check an area; exit code 2 where it has errors."""
    from scenarios.areas.check import check_area, summary
    from twin.area import read_area

    area = read_area(folder)
    findings = check_area(area)
    _print_summary(summary(area))
    for finding in findings:
        screen.print(str(finding), soft_wrap=True, markup=False)
    errors = [f for f in findings if f.severity == "error"]
    screen.print(f"{len(errors)} errors, {len(findings) - len(errors)} warnings")
    if errors:
        raise InputError(Fault(str(folder), f"{len(errors)} errors", remedy="see above"))


def show_area(folder: Path, out: Path | None, open_page: bool | None) -> None:
    """Write the page of an area, say what it holds, and open the page where there is a display."""
    from scenarios.areas.check import summary
    from scenarios.comparing import has_display, open_file
    from scenarios.report.area import write_area_page
    from twin.area import read_area

    area = read_area(folder)
    _print_summary(summary(area))
    for credit in area.credits:
        screen.print(credit, soft_wrap=True, markup=False)
    file = write_area_page(folder, area, out)
    screen.print(f"page     {file}", soft_wrap=True)
    if open_page or (open_page is None and has_display()):
        open_file(file)


def find_in_area(folder: Path, text: str) -> None:
    """Print everything in an area whose name contains `text`. Raises InputError with near names where nothing does."""
    from scenarios.areas.lookup import close_names, find
    from twin.area import read_area

    area = read_area(folder)
    if not text.strip():
        raise InputError(Fault("TEXT", "is empty", "a part of a name", "name a street, district, place or asset"))
    hits = find(area, text)
    if not hits:
        close = ", ".join(close_names(area, text))
        remedy = f"nearest: {close}" if close else "write less of the name"
        raise InputError(
            Fault(text, "is in no name of the area", "a part of the name of a street, district, place or asset", remedy)
        )
    table = Table(box=None, pad_edge=False)
    for heading in ("what", "name", "in", "about", "in a measure: where"):
        table.add_column(heading)
    for hit in hits[:SHOWN]:
        table.add_row(*(printable(cell) for cell in (hit.kind, hit.name, hit.zone, hit.about, hit.where)))
    screen.print(table)
    if len(hits) > SHOWN:
        screen.print(f"and {len(hits) - SHOWN} more; write more of the name")


def printable(cell: str) -> str:
    """A cell of a table on the screen: names from files without control characters, brackets as they are."""
    return escape("".join(c if c.isprintable() else " " for c in cell))


def _print_summary(facts: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    for key, value in facts.items():
        table.add_row(str(key).replace("_", " "), _said(value))
    screen.print(table)


def _said(value: Any) -> str:
    """A fact in words: mappings and lists without brackets."""
    if isinstance(value, dict):
        nested = any(isinstance(v, dict) for v in value.values())
        return ("\n" if nested else ", ").join(f"{str(k).replace('_', ' ')} {_said(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_said, value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"
