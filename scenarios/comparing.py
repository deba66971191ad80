"""What `twin compare` and `twin demo` do and print; imported when one runs."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from scenarios.commands import screen
from scenarios.failing import logged
from twin.errors import InputError

if TYPE_CHECKING:
    from scenarios.arms import Arm
    from scenarios.comparison import Comparison
    from scenarios.experiment import Experiment

# the story of `twin demo`: large enough that an outage reaches traffic and care, small enough for half a minute
DEMO = ("area.citizens=5000", "~scenario.alternatives.backup_signals")
DEMO_REPLICATIONS, DEMO_WORKERS = 8, 2


def compare_scenario(
    scenario: str,
    overrides: Sequence[str],
    *,
    replications: int = 20,
    workers: int | None = None,
    as_json: bool = False,
    seed: int | None = None,
    cut: Sequence[str] = (),
    out: str | Path | None = None,
    record: str | None = None,
    report: bool = True,
    config_dir: str | None = None,
) -> int:
    """Compare a scenario and its alternatives with its base; returns the exit code.

    0 : done, also where replications failed as long as some are left: the screen and the report say which are missing
    1 : no replication is left
    """
    from scenarios.report.verdicts import withheld

    console = Console(stderr=True, highlight=False) if as_json else screen
    arms = _arms(
        scenario, overrides, replications, workers, out, seed=seed, cut=cut, record=record, config_dir=config_dir
    )
    command = shlex.join(["twin", *sys.argv[1:]])
    experiment, comparison = run_experiment(
        arms, console, replications=replications, processes=workers, out=out, command=command
    )
    file = _report(experiment) if report else None
    for sentence in sentences(comparison, experiment.alternatives):
        console.print(sentence, soft_wrap=True, markup=False)
    if len(comparison):
        console.print(f"\n{comparison.summary()}\n", soft_wrap=True, markup=False)
    _tell_cautions(experiment, console)
    _tell_failures(experiment, console)
    _tell_places(experiment, file, console)
    if as_json:
        shown, hidden = comparison.shown()
        if hidden:
            told = withheld(hidden, len(comparison), comparison.least_residents)
            console.print(told.replace("\u00a0", " "), soft_wrap=True)
        print(shown.to_json())
    return 0 if len(comparison) else 1


def demonstrate(open_report: bool | None = None) -> int:
    """The built-in story: a substation fails in the rush hour of a town of 5,000. Returns the exit code.

    open_report : whether to open the report in a browser; where there is a display, if None
    """
    from scenarios.workers import cores

    processes = min(DEMO_WORKERS, cores())
    arms = _arms("outage", DEMO, DEMO_REPLICATIONS, processes, None)
    parts = ["twin", "compare", "outage", *DEMO, "--replications", str(DEMO_REPLICATIONS), "--workers", str(processes)]
    experiment, comparison = run_experiment(
        arms, screen, replications=DEMO_REPLICATIONS, processes=processes, command=shlex.join(parts)
    )
    file = _report(experiment)
    screen.print(
        answer(comparison, experiment.manifest["title"], experiment.manifest["base"]), soft_wrap=True, markup=False
    )
    _tell_cautions(experiment, screen)
    _tell_failures(experiment, screen)
    _tell_places(experiment, file, screen)
    if file and (open_report or (open_report is None and has_display())):
        open_file(file)
    return 0 if len(comparison) else 1


def _arms(
    scenario: str,
    overrides: Sequence[str],
    replications: int,
    processes: int | None,
    out: str | Path | None,
    **given: Any,
) -> list[Arm]:
    """The arms of the comparison. Raises InputError with the faults of the options as well."""
    from scenarios.arms import arms_of
    from scenarios.experiment import faults_of

    try:
        arms = arms_of(scenario, overrides, **given)
    except InputError as error:
        raise InputError([*error.faults, *faults_of(replications, processes, given.get("seed") or 0, out)]) from error
    faults = faults_of(replications, processes, arms[0].configuration.run.seed, out)
    if faults:
        raise InputError(faults)
    return arms


def run_experiment(arms: Sequence[Arm], console: Console, **options: Any) -> tuple[Experiment, Comparison]:
    """Run a comparison with its progress on `console`; options as those of Experiment.

    An interruption tells the command that goes on with what is done.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from scenarios.experiment import Experiment
    from twin.kernels import compiled_before, prepare_numba

    scenario = arms[1].configuration
    title = scenario.scenario.name or scenario.scenario_name
    cut = f", with {', '.join(scenario.run.cut)} cut in all arms" if scenario.run.cut else ""
    console.print(f"[bold]{title}[/bold], compared with {arms[0].configuration.scenario_name}{cut}")
    prepare_numba()
    if not compiled_before():
        console.print("The first run on this machine compiles its kernels; that takes about half a minute, once.")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    # no thread that draws: processes are forked from this one, and a thread's locks would be copied as they are
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("preparing", total=None)
        experiment = Experiment(
            arms,
            said=lambda text: bar.update(task, description=text, refresh=True),
            told=lambda text: console.print(text, soft_wrap=True, markup=False),
            **options,
        )
        many = f"{len(experiment.seeds)} x {len(arms)} runs on {experiment.processes} cores"
        if experiment.goes_on:
            console.print(f"goes on in {experiment.folder}: {experiment.goes_on}", soft_wrap=True, markup=False)
        bar.reset(task, description=many, total=experiment.to_simulate_ms)
        try:
            comparison = experiment.run(lambda ms: bar.update(task, completed=ms, refresh=True))
        except KeyboardInterrupt:
            bar.stop()
            print(f"to go on: {_continuing(experiment, options.get('out'))}", file=sys.stderr)
            raise
    return experiment, comparison


def _continuing(experiment: Experiment, out: str | Path | None) -> str:
    """The command that goes on with an experiment."""
    folder = "" if out is not None else f" --out {shlex.quote(str(experiment.folder))}"
    return experiment.command + folder


def _report(experiment: Experiment) -> Path | None:
    if not (experiment.folder / "comparison.parquet").is_file():
        return None
    from scenarios.report.comparison import write_comparison_report

    with logged(experiment.folder):
        return write_comparison_report(experiment.folder, experiment.area)


def _tell_cautions(experiment: Experiment, console: Console) -> None:
    for caution in experiment.cautions:
        console.print(f"Mind: {caution}", soft_wrap=True, markup=False)


def _tell_failures(experiment: Experiment, console: Console) -> None:
    for note in sorted(experiment.notes):
        console.print(note, markup=False)
    for failure in experiment.failures:
        where = f"{failure['arm']}, seed {failure['seed']}"
        console.print(f"FAILED   {where}: {failure['reason']}", soft_wrap=True, markup=False, style="bold red")
    if experiment.failures:
        lost = len({failure["seed"] for failure in experiment.failures})
        console.print(
            f"{lost} of {len(experiment.seeds)} seeds are left out of what compares a failed run; "
            f"logs are below {experiment.folder / 'runs'}",
            soft_wrap=True,
            style="bold red",
        )


def _tell_places(experiment: Experiment, file: Path | None, console: Console) -> None:
    seconds, shared = experiment.manifest["wall_s"], experiment.manifest["shared_prefix_ms"] // 3_600_000
    console.print(f"{seconds:.1f} s" + (f"; arms shared the first {shared} h" if shared else ""))
    if file:
        console.print(f"report   {file}", soft_wrap=True, markup=False)
    console.print(f"folder   {experiment.folder}", soft_wrap=True, markup=False)


# -- the answer in words ---------------------------------------------------------------------------------------------


def sentences(comparison: Comparison, order: Sequence[str]) -> list[str]:
    """One sentence of answer per alternative, in that order, and watched indicator."""
    from scenarios.report.verdicts import headline_rows, sentence

    many = len(order) > 1
    rows = sorted(headline_rows(comparison), key=lambda row: order.index(row["alternative"]))
    return [(f"{row['alternative']}: " if many else "") + sentence(row) for row in rows]


def answer(comparison: Comparison, title: str, base: str) -> str:
    """All that is clear about the watched indicators, in one sentence."""
    from scenarios.report.verdicts import CALLED, headline_rows, sentence

    said = [sentence(row).removesuffix(".") for row in headline_rows(comparison) if row["verdict"] in CALLED]
    if not said:
        return f"{title}: no clear difference from {base} in what was watched."
    return f"{title}: {'; '.join(text[0].lower() + text[1:] for text in said)}."


# -- the browser -----------------------------------------------------------------------------------------------------


def has_display() -> bool:
    """Whether a browser could show something here: a display, and a person at a terminal."""
    shown = sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return shown and sys.stdout.isatty()


def open_file(file: Path, opened: Callable[[str], bool] | None = None) -> None:
    import webbrowser

    try:
        done = (opened or webbrowser.open)(file.resolve().as_uri())
    except webbrowser.Error:
        done = False
    if not done:
        screen.print("no browser was found; open the report by hand")
