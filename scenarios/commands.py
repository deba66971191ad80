"""What the commands do; imported when one runs, so that help stays quick."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scenarios.failing import logged
from twin.errors import Fault, InputError, nearest

# a log or a pipe is as wide as the tables need; a terminal has its own width
screen = Console(highlight=False, width=None if sys.stdout.isatty() else 140)


def run_scenario(
    overrides: Sequence[str],
    record: str | None,
    cut: Sequence[str],
    cfg: bool,
    config_dir: str | None,
    report: bool,
    checkpoint: str | None = None,
    origin: str | None = None,
) -> Path | None:
    """Simulate one scenario, from midnight or from the checkpoint of another run; returns the run folder."""
    from scenarios.configuration import compose
    from scenarios.resuming import Branch, checkpoint_ms

    given = list(overrides)
    given += [f"run.record={record}"] if record else []
    given += [f"run.cut={[name.strip() for names in cut for name in names.split(',')]}"] if cut else []
    configuration = compose(given, config_dir)
    branch = Branch.parse(origin) if origin else None
    if branch:
        configuration = branch.configuration(configuration, given)
    every = checkpoint_ms(checkpoint, configuration)
    if cfg:
        from omegaconf import OmegaConf

        screen.print(OmegaConf.to_yaml(configuration.plain), markup=False)
        return None
    from scenarios.simulate import Simulation

    def tell(text: str) -> None:
        screen.print(text, soft_wrap=True, markup=False)

    return _run(
        configuration,
        lambda said: Simulation(configuration, said=said, checkpoint=every, branch=branch, told=tell),
        report,
    )


def resume_run(folder: Path, checkpoint: str | None, report: bool) -> Path:
    """Go on with a run that was cut short; returns its folder."""
    from scenarios.resuming import checkpoint_ms, read_configuration
    from scenarios.simulate import Simulation

    configuration = read_configuration(folder)
    every = checkpoint_ms(checkpoint, configuration)
    return _run(configuration, lambda said: Simulation.resume(folder, said=said, checkpoint=every), report)


def _run(configuration: Any, begin: Callable[[Callable[[str], None]], Any], report: bool) -> Path:
    """Simulate what `begin` makes, show its results and write its report."""
    simulation = _simulate(configuration, begin)
    _show_results(simulation)
    if report:
        from scenarios.report.page import write_report

        with logged(simulation.folder):
            file = write_report(simulation.folder, simulation.area)
        screen.print(f"report   {file}", soft_wrap=True)
    screen.print(f"run      {simulation.folder}", soft_wrap=True)
    return Path(simulation.folder)


def _simulate(configuration: Any, begin: Callable[[Callable[[str], None]], Any]) -> Any:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from twin.clock import day
    from twin.kernels import compiled_before

    screen.print(f"[bold]{configuration.scenario.name or configuration.scenario_name}[/bold]")
    if not compiled_before():
        screen.print("The first run on this machine compiles its kernels; that takes about half a minute, once.")
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[clock]}"), TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task("area", total=configuration.run.days * day, clock="")
        simulation = begin(lambda text: bar.update(task, description=text))
        text = simulation.world.calendar.text
        for words in simulation.passed:
            screen.print(words, soft_wrap=True, markup=False)
        if simulation.world.stop:
            screen.print(f"goes on from {text(simulation.world.stop)}")
        elif "resumed" in simulation.manifest:
            screen.print("has no checkpoint: begins again at midnight")
        bar.update(task, description="simulating")
        try:
            simulation.run(lambda ms: bar.update(task, completed=ms, clock=text(ms)) if ms % 300_000 == 0 else None)
        except KeyboardInterrupt:
            print(f"interrupted at {text(simulation.world.stop)}; it goes on with", file=sys.stderr)
            print(f"twin resume {simulation.folder}", file=sys.stderr)
            raise
    return simulation


def _show_results(simulation: Any) -> None:
    from scenarios.areas.sample import in_words
    from scenarios.indicators import DEFINITIONS, described

    table, shown = Table(box=None, pad_edge=False), set()
    for heading, side in (
        ("indicator", "left"),
        ("value", "right"),
        ("unit", "left"),
        ("n", "right"),
        ("norm", "right"),
        ("published", "left"),
    ):
        table.add_column(heading, justify=side)  # type: ignore[arg-type]
    for indicator in simulation.indicators:
        if indicator.level == "area":
            row = described(indicator)
            label = f"{row['label']} ({row['group']})" if row["group"] else row["label"]
            norm = f"{row['norm']:g}" if row["norm"] is not None else ""
            known = DEFINITIONS.get(indicator.indicator)
            published = known.published if known and indicator.indicator not in shown else ""
            shown.add(indicator.indicator)
            table.add_row(
                label, f"{row['value']:,.2f}", row["unit"], f"{row['n']:,}" if row["n"] else "", norm, published
            )
    screen.print(table)
    if sampled := in_words(simulation.area):
        screen.print(f"Mind: {sampled}")
    manifest = simulation.manifest
    for warning in manifest["warnings"]:
        screen.print(f"Mind: {warning}", soft_wrap=True, markup=False)
    laws = len(manifest["balances"])
    screen.print(
        f"{laws} conservation laws hold; {manifest['wall_s']:.1f} s, {manifest['peak_rss_mb']:.0f} MB; "
        f"digest {manifest['result_digest']}"
    )


def write_reports(folders: Sequence[Path]) -> None:
    """Write report.html of each run or experiment again."""
    from scenarios.areas import area_of
    from scenarios.report.comparison import write_comparison_report
    from scenarios.report.page import write_report
    from twin.recording import Run

    for folder in folders:
        if (folder / "experiment.json").is_file():
            file = write_comparison_report(folder)
        else:
            file = write_report(folder, area_of(Run(folder), whole=True))
        screen.print(str(file), soft_wrap=True)


def export_run(source: Path, out: Path, gmns: bool, geoparquet: bool) -> None:
    """Write the network and link results of a run, or the network of an area, to a folder."""
    from scenarios.export import export

    for line in export(source, out, gmns, geoparquet):
        screen.print(line, soft_wrap=True, markup=False)
    screen.print(f"written to {out}", soft_wrap=True, markup=False)


def compare_counts(run: Path, file: Path, as_json: bool, as_csv: bool) -> None:
    """Print the fit of a run to counts, as a table, JSON or CSV."""
    import csv
    import json

    from scenarios.counting import fit_run, rows_of, summary

    if as_json and as_csv:
        raise InputError(Fault("--json, --csv", "both are asked for", "one of them"))
    fits = fit_run(run, file)
    rows, told = rows_of(fits), summary(fits)
    if as_json:
        print(json.dumps({"counts": rows, "summary": told}, indent=2))
        return
    if as_csv:
        out = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
        out.writeheader()
        out.writerows(rows)
        return
    screen.print(fit_table(fits))
    for line in told:
        screen.print(line, soft_wrap=True, markup=False)


def fit_table(fits: Sequence[Any]) -> Table:
    """The fits to counts as a table for the screen."""
    table = Table(box=None, pad_edge=False)
    for heading in ("place", "link", "hours", "counted veh/h", "modelled veh/h", "difference", "GEH", "flow fits"):
        table.add_column(heading, justify="left" if heading == "place" else "right")
    for f in fits:
        spread = f" ± {f.spread:,.0f}" if f.spread else ""
        share = f"{f.modelled / f.counted - 1:+.0%}" if f.counted else ""
        table.add_row(
            *(escape(f.place), str(f.link), f"{f.hours:.2f}", f"{f.counted:,.0f}", f"{f.modelled:,.0f}{spread}"),
            *(share, f"{f.geh:.1f}", "yes" if f.flow_fits else "no"),
        )
    return table


def list_things(what: str) -> None:
    """Print a list of scenarios, measures, indicators, domains, couplings, signals or areas."""
    lists = {
        "scenarios": _scenarios,
        "measures": _measures,
        "indicators": _indicators,
        "domains": _domains,
        "couplings": _couplings,
        "signals": _signals,
        "areas": _areas,
    }
    if what not in lists:
        raise InputError(
            Fault(what, "is no list", ", ".join(lists), f"did you mean {nearest(what, list(lists)) or 'scenarios'}?")
        )
    table = Table(box=None, pad_edge=False, show_header=False)
    for row in lists[what]():
        table.add_row(*row)
    screen.print(table)


def _first_line(thing: Any) -> str:
    return (thing.__doc__ or "").strip().splitlines()[0] if thing.__doc__ else ""


def _scenarios() -> list[tuple[str, ...]]:
    from importlib.resources import files

    from omegaconf import OmegaConf

    found = []
    for file in sorted(Path(str(files("configs"))).joinpath("scenario").glob("*.yaml")):
        scenario = OmegaConf.load(file)
        found.append((file.stem, str(scenario.title.en), str(scenario.question)))
    return found


def _measures() -> list[tuple[str, ...]]:
    from scenarios import registry

    return [(name, _first_line(registry.find("measures", name, ""))) for name in sorted(registry.names("measures"))]


def _domains() -> list[tuple[str, ...]]:
    from scenarios import registry

    return [(name, _first_line(registry.find("domains", name, ""))) for name in registry.names("domains")]


def _indicators() -> list[tuple[str, ...]]:
    from scenarios.indicators import DEFINITIONS

    return [(name, d.label, d.meaning, f"{d.better} is better" if d.better else "") for name, d in DEFINITIONS.items()]


def _couplings() -> list[tuple[str, ...]]:
    from scenarios.configuration import compose
    from twin.coupling import couplings

    found = couplings([domain for domain, _ in compose([]).domains.values()])
    return [(name, ", ".join(carried)) for name, carried in sorted(found.items())]


def _signals() -> list[tuple[str, ...]]:
    from scenarios.configuration import compose

    domains = [domain for domain, _ in compose([]).domains.values()]
    return [(f"{d.name}.{name}", c.unit, c.meaning) for d in domains for name, c in d.publishes.items()]


def _areas() -> list[tuple[str, ...]]:
    import json

    rows = [("town", "a generated Dutch town, 1,000 to 1,000,000 citizens", "area=town area.citizens=20000")]
    for header in sorted(Path("areas").glob("*/area.json")):
        about = json.loads(header.read_text(encoding="utf-8"))
        rows.append(
            (about["name"], f"{about['rows'].get('people', 0):,} people, {about['crs']}", f"area={header.parent}")
        )
    return rows
