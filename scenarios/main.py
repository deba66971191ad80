"""The command line, and the composition root: the one module that knows every part."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A digital twin of a smart area: people, traffic, the grid and care on one clock.",
)
area_app = typer.Typer(no_args_is_help=True, help="Build, check, show and list areas.")
app.add_typer(area_app, name="area")

PARTS = ("twin", "agents", "scenarios", "visualisation", "configs")
KEY_VALUES = {"allow_extra_args": True, "ignore_unknown_options": False}


@app.command(context_settings=KEY_VALUES)
def run(
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="[key=value ...]", help="Changes of the world, as scenario=outage area.citizens=5000"),
    ] = None,
    record: Annotated[str | None, typer.Option(help="full, or indicators for indicators and events only")] = None,
    cut: Annotated[list[str] | None, typer.Option(help="Cut a coupling, as power.signals; may be repeated")] = None,
    cfg: Annotated[bool, typer.Option("--cfg", help="Show the configuration and stop")] = False,
    config_dir: Annotated[str | None, typer.Option(help="Another folder with configuration groups")] = None,
    report: Annotated[bool, typer.Option(help="Write report.html")] = True,
    checkpoint: Annotated[
        str | None, typer.Option(metavar="DURATION", help="How often to keep a checkpoint, as 15min of simulated time")
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option("--from", metavar="RUN@TIME", help="Branch off from a run with checkpoints, as RUN@17:00"),
    ] = None,
) -> None:
    """Simulate one scenario and write a run folder."""
    from scenarios.commands import run_scenario

    run_scenario(overrides or [], record, cut or [], cfg, config_dir, report, checkpoint, origin)


@app.command()
def resume(
    run: Annotated[Path, typer.Argument(help="Folder of a run that was killed or interrupted")],
    checkpoint: Annotated[
        str | None, typer.Option(metavar="DURATION", help="How often to keep a checkpoint from now on")
    ] = None,
    report: Annotated[bool, typer.Option(help="Write report.html")] = True,
) -> None:
    """Go on with a run that was cut short, from its newest checkpoint."""
    from scenarios.commands import resume_run

    resume_run(run, checkpoint, report)


@app.command(context_settings=KEY_VALUES)
def compare(
    scenario: Annotated[str, typer.Argument(help="Name of a scenario, or a YAML file")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="[key=value ...]", help="Changes of the world, in all arms")
    ] = None,
    replications: Annotated[int, typer.Option(help="Pairs of runs with the same luck")] = 20,
    workers: Annotated[int | None, typer.Option(help="Processes at once; every core if absent")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows alone, as JSON")] = False,
    seed: Annotated[int | None, typer.Option(help="The first seed; the next ones follow")] = None,
    cut: Annotated[list[str] | None, typer.Option(help="Cut a coupling in all arms; may be repeated")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the experiment; below experiments/ if absent")] = None,
    record: Annotated[str | None, typer.Option(help="indicators, or full for series and replay of every run")] = None,
    report: Annotated[bool, typer.Option(help="Write report.html")] = True,
    config_dir: Annotated[str | None, typer.Option(help="Another folder with configuration groups")] = None,
) -> None:
    """Compare a scenario and its alternatives with its base, many times with the same luck."""
    from scenarios.comparing import compare_scenario

    raise typer.Exit(
        compare_scenario(
            scenario,
            overrides or [],
            replications=replications,
            workers=workers,
            as_json=as_json,
            seed=seed,
            cut=cut or [],
            out=out,
            record=record,
            report=report,
            config_dir=config_dir,
        )
    )


@app.command()
def demo(
    open_report: Annotated[
        bool | None, typer.Option("--open/--no-open", help="Open the report; where there is a display, if absent")
    ] = None,
) -> None:
    """The built-in story: a substation fails in the rush hour; the answer in one sentence, and a report."""
    from scenarios.comparing import demonstrate

    raise typer.Exit(demonstrate(open_report))


@app.command("list")
def list_(
    what: Annotated[str, typer.Argument(help="scenarios, measures, indicators, domains, couplings, signals or areas")],
) -> None:
    """List scenarios, measures, indicators, domains, couplings, signals or areas."""
    from scenarios.commands import list_things

    list_things(what)


@app.command()
def verify(
    files: Annotated[list[Path] | None, typer.Argument(help="Files of reference cases or solved grid cases")] = None,
) -> None:
    """Run reference cases on the twin's own components."""
    from scenarios.verify import verify_main

    raise typer.Exit(verify_main(files or []))


@app.command()
def report(runs: Annotated[list[Path], typer.Argument(help="Folders of runs or experiments")]) -> None:
    """Write the report of runs and experiments again."""
    from scenarios.commands import write_reports

    write_reports(runs)


@app.command()
def why(
    run: Annotated[Path, typer.Argument(help="Run folder")],
    event: Annotated[
        str | None,
        typer.Argument(help="An event, as care.response:4711:0, or a kind, as care.response; without it: the kinds"),
    ] = None,
    cut: Annotated[list[str] | None, typer.Option(help="Prove it: run again with this coupling cut")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Tell what contributed to an event, from the root on; with --cut, prove it."""
    from scenarios.why import tell_why

    tell_why(run, event, cut or [], json)


@app.command()
def export(
    source: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, or of an area (--gmns only)")],
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to, new or empty")],
    gmns: Annotated[bool, typer.Option("--gmns", help="The network, and of a run its link results, as GMNS")] = False,
    geoparquet: Annotated[
        bool, typer.Option("--geoparquet", help="Link results with geometry, for GIS: one row per link")
    ] = False,
) -> None:
    """Write the network and link results of a run in formats of others."""
    from scenarios.commands import export_run

    export_run(source, out, gmns, geoparquet)


@app.command()
def counts(
    run: Annotated[Path, typer.Argument(help="Folder of a run")],
    file: Annotated[Path, typer.Argument(help="Counts: CSV, edge data of SUMO, or measurements of cadyts")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV")] = False,
) -> None:
    """Set the flows of a run beside counts: GEH of each place, and how many fit."""
    from scenarios.commands import compare_counts

    compare_counts(run, file, as_json, as_csv)


@area_app.command("build")
def area_build(
    out: Annotated[Path, typer.Option(help="Folder of the area")],
    sources: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders of open data; what each is, is told from its content")
    ] = None,
    osm: Annotated[list[Path] | None, typer.Option(help="OpenStreetMap extract (.osm.pbf, .osm, .osm.gz)")] = None,
    buildings: Annotated[list[Path] | None, typer.Option(help="3D buildings (CityJSON); may be repeated")] = None,
    stats: Annotated[
        list[Path] | None, typer.Option(help="Folder or file with district figures and borders; may be repeated")
    ] = None,
    municipality: Annotated[str | None, typer.Option(help="CBS code or name, as GM0503 or Delft")] = None,
    energy: Annotated[list[Path] | None, typer.Option(help="Table of the municipalities' energy figures")] = None,
    weather: Annotated[list[Path] | None, typer.Option(help="Hourly observations of a KNMI station")] = None,
    transit: Annotated[
        list[Path] | None, typer.Option(help="Timetable of public transport: GTFS, or SUMO's files in a folder")
    ] = None,
    care: Annotated[list[Path] | None, typer.Option(help="Care posts and hospitals; may be repeated")] = None,
    sumo: Annotated[
        list[Path] | None, typer.Option(help="SUMO network, where there is no OpenStreetMap extract")
    ] = None,
    jemss: Annotated[list[Path] | None, typer.Option(help="Folder of a JEMSS city: posts, hospitals, roads")] = None,
    boundary: Annotated[list[Path] | None, typer.Option(help="GeoJSON of a border that cuts the area")] = None,
    counts: Annotated[
        list[Path] | None, typer.Option(help="Vehicles counted at the border: CSV of lon, lat, vehicles")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the area")] = None,
    citizens: Annotated[int | None, typer.Option(help="Number of residents; from the figures if absent")] = None,
    seed: Annotated[int, typer.Option(help="Of what is drawn: people, generated streets")] = 1,
) -> None:
    """Build an area from open data; any subset of the sources will do."""
    from scenarios.area_commands import build_area_from

    named = {
        "osm": osm,
        "buildings": buildings,
        "stats": stats,
        "energy": energy,
        "weather": weather,
        "transit": transit,
        "care": care,
        "sumo": sumo,
        "jemss": jemss,
        "boundary": boundary,
        "counts": counts,
    }
    build_area_from(sources or [], named, out, municipality=municipality, name=name, citizens=citizens, seed=seed)


@area_app.command("check")
def area_check(folder: Annotated[Path, typer.Argument(help="Folder of an area")]) -> None:
    """Check an area: every rule that it breaks, with its remedy."""
    from scenarios.area_commands import check_area_in

    check_area_in(folder)


@area_app.command("show")
def area_show(
    folder: Annotated[Path, typer.Argument(help="Folder of an area")],
    out: Annotated[Path | None, typer.Option(help="File of the page; area.html in the folder if absent")] = None,
    open_page: Annotated[
        bool | None, typer.Option("--open/--no-open", help="Open the page; where there is a display, if absent")
    ] = None,
) -> None:
    """Show what an area holds: a page with its map, counts, provenance, known gaps and licences."""
    from scenarios.area_commands import show_area

    show_area(folder, out, open_page)


@area_app.command("find")
def area_find(
    folder: Annotated[Path, typer.Argument(help="Folder of an area")],
    text: Annotated[str, typer.Argument(help="A part of a name, as julian")],
) -> None:
    """Find streets, districts, places and assets by name."""
    from scenarios.area_commands import find_in_area

    find_in_area(folder, text)


@area_app.command("list")
def area_list() -> None:
    """List the areas at hand."""
    from scenarios.commands import list_things

    list_things("areas")


def shadowed() -> str:
    """A message when a file or package of the user's hides one of ours, else an empty text."""
    from importlib.util import find_spec

    root = Path(__file__).resolve().parent.parent
    for part in PARTS:
        spec = find_spec(part)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin is None or origin.parent.parent != root:
            return (
                f"{origin or part}: hides the twin's package {part!r}; rename that file, run from another folder, "
                "or install the twin into an environment of its own"
            )
    return ""


def main() -> None:
    """Entry point. Exit codes: 0 done, 1 our fault, 2 the input is wrong, 130 interrupted."""
    message = shadowed()
    if message:
        print(message, file=sys.stderr)
        raise SystemExit(2)
    for point in entry_points(group="area_twin.commands"):
        app.command(point.name)(point.load())
    try:
        code = app(standalone_mode=False)
    except typer.TyperException as error:
        error.show()
        code = error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except Exception as error:  # the last one who can say what happened, and where its log is
        from scenarios.failing import tell

        code = tell(error)
    if code == 130:  # typer makes it of a KeyboardInterrupt
        print("interrupted; what was recorded stays readable", file=sys.stderr)
    raise SystemExit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
