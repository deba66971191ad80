"""From Python: load a scenario, run it, compare it. Nothing here needs a `__main__` guard.

>>> from scenarios import load, compare
>>> plan = load("outage", citizens=1_000, overrides=["run.days=0.75", "~scenario.alternatives.backup_signals"])
>>> plan
Plan('outage', 'Substation fails in the rush hour')
>>> result = compare(plan, replications=2, workers=1, out=folder / "experiment")
>>> result["outage_customer_hours"].by("area").rows[0]["n"]
2
>>> run = plan.run(seed=7, folder=folder / "runs")
>>> run.value("outage_customer_hours") > 0
True
>>> run.events("grid").column("kind").to_pylist().count("failed")
1
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.errors import Fault, InputError, nearest
from twin.recording import Run

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from scenarios.comparison import Comparison
    from scenarios.configuration import Configuration
    from twin.area import Area

# `run.agents("ambulance")` -> the table of the replay that shows them
AGENTS = {"ambulance": "ambulances", "ambulances": "ambulances", "vehicle": "vehicles", "vehicles": "vehicles"}


def load(
    scenario: str | Path,
    area: str | Path | None = None,
    citizens: int | None = None,
    seed: int | None = None,
    overrides: Sequence[str] = (),
    config_dir: str | Path | None = None,
    **more: Any,
) -> Plan:
    """A scenario, ready to be run or compared.

    Parameters
    ----------
    scenario  : a built-in name (`twin list scenarios`), or the path of a YAML file
    area      : a built-in area, or the folder of one; the scenario's own if absent
    citizens  : of a generated town
    seed      : of the first run
    overrides : "key=value" texts as on the command line
    more      : settings with a dot in their name, as **{"run.days": 0.5}

    Raises InputError with every fault, each with what is allowed and the nearest name.

    >>> load("outage", citizens=2_000).configuration.area["citizens"]
    2000
    >>> load("outige")
    Traceback (most recent call last):
        ...
    twin.errors.InputError: scenario: unknown scenario 'outige'; allowed: ...; remedy: did you mean outage?
    """
    from scenarios.arms import quoted

    given = list(overrides)
    given += [f"area={quoted(str(area))}"] if area is not None else []
    given += [f"area.citizens={citizens}"] if citizens is not None else []
    given += [f"run.seed={seed}"] if seed is not None else []
    known = ("area", "citizens", "seed", "overrides", "config_dir")
    wrong = [name for name in more if "." not in name]
    if wrong:
        raise InputError(
            Fault(
                f"load(..., {name}=...)",
                "unknown setting",
                ", ".join(known) + ', or **{"run.days": 0.5}',
                f"did you mean {nearest(name, known)}?" if nearest(name, known) else "",
            )
            for name in wrong
        )
    given += [f"{name}={quoted(str(value)) if isinstance(value, str) else value}" for name, value in more.items()]
    plan = Plan(str(scenario), tuple(given), str(config_dir) if config_dir is not None else None)
    plan.resolve()  # whatever is wrong is told now
    return plan


@dataclass(frozen=True)
class Plan:
    """A scenario with its settings; made by `load`. It is a value: running it changes nothing in it."""

    scenario: str
    overrides: tuple[str, ...] = ()
    config_dir: str | None = None
    _kept: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def configuration(self) -> Configuration:
        """The resolved configuration."""
        return self.resolve()

    def resolve(self) -> Configuration:
        """Resolve the configuration once, and keep it. Raises InputError with every fault."""
        if "configuration" not in self._kept:
            from scenarios.arms import quoted
            from scenarios.configuration import compose

            self._kept["configuration"] = compose(
                [f"scenario={quoted(self.scenario)}", *self.overrides], self.config_dir
            )
        found: Configuration = self._kept["configuration"]
        return found

    @property
    def area(self) -> Area:
        """Its area, built when it is first needed."""
        if "area" not in self._kept:
            from scenarios.assembly import build_area

            self._kept["area"] = build_area(self.configuration)
        found: Area = self._kept["area"]
        return found

    def __repr__(self) -> str:
        configuration = self.configuration
        return f"Plan({configuration.scenario_name!r}, {configuration.scenario.name!r})"

    def run(self, seed: int | None = None, *, folder: str | Path | None = None, record: str = "full") -> RunResult:
        """Simulate once and return the run; `folder` is where run folders are made, runs/ if absent.

        >>> load("weekday", citizens=1_000, overrides=["run.days=0.1"]).run(seed=7, folder=folder).manifest["seed"]
        7
        """
        import copy
        from dataclasses import replace

        from scenarios.simulate import Simulation
        from scenarios.validation import validate

        configuration = self.configuration
        plain = copy.deepcopy(configuration.plain)
        plain["run"] |= {"record": record}
        plain["run"] |= {"seed": seed} if seed is not None else {}
        plain["run"] |= {"folder": str(folder)} if folder is not None else {}
        run = validate(plain, configuration.scenario_name).run
        simulation = Simulation(replace(configuration, plain=plain, run=run), self.area)
        simulation.run()
        return RunResult(simulation.folder)


class RunResult(Run):
    """A run, read from its folder: `manifest`, `indicators`, `series`, `events`, `agents`, `to_frame`.

    Tables are pyarrow's, with the unit of each column in its metadata; `.to_pandas()` makes frames of them.
    """

    def __repr__(self) -> str:
        return f"<Run {self.folder}>"

    def value(self, indicator: str, group: str = "") -> float:
        """An indicator of the whole area. Raises InputError with the nearest name where there is none."""
        from scenarios.comparison import absent

        rows = [row for row in self.indicators if row["level"] == "area"]
        for row in rows:
            if row["indicator"] == indicator and row["group"] == group:
                return float(row["value"])
        raise absent("run", "indicator", indicator, sorted({row["indicator"] for row in rows}))

    def series(self, kind: str, columns: list[str] | None = None) -> pa.Table:
        """A series, as "link" or "transformer". Raises InputError with the nearest names where there is none."""
        return self._found("series", kind, kind, columns)

    def agents(self, kind: str, columns: list[str] | None = None) -> pa.Table:
        """Where the agents of a kind ("ambulance", "vehicle") were, as the replay has it: no person is in it."""
        return self._found("replay", kind, AGENTS.get(kind, kind), columns)

    def events(self, domain: str = "*") -> pa.Table:
        """Events of one domain, or of all. Raises InputError with the nearest names where there are none."""
        found = super().events(domain)
        if found is None:
            from scenarios.comparison import absent

            names = sorted({file.name.rpartition("-")[0] for file in (self.folder / "events").glob("*.parquet")})
            raise absent("run", "events", domain, names)
        return found

    def to_frame(self) -> pd.DataFrame:
        """The indicators as a pandas DataFrame. Raises InputError where pandas is not installed."""
        try:
            import pandas as pd
        except ModuleNotFoundError:
            raise InputError(
                Fault("to_frame", "pandas is not installed", remedy="install pandas, or use indicators")
            ) from None
        return pd.DataFrame(self.indicators)

    def _found(self, place: str, asked: str, kind: str, columns: list[str] | None) -> pa.Table:
        found = self.table(f"{place}/{kind}", columns)
        if found is None:
            from scenarios.comparison import absent

            names = sorted(path.name for path in (self.folder / place).glob("*") if path.is_dir())
            recorded = self.manifest.get("record", "full")
            raise absent(
                "run", place, asked, names, "" if names else f"the run has record={recorded}; run it with record='full'"
            )
        return found


@dataclass(frozen=True, eq=False)
class Result:
    """A finished comparison: a `Comparison` with the folder that tells all of it.

    folder   : of the experiment; report.html is in it
    failures : runs that are left out: arm, seed, reason
    notes    : what else happened, as a run that was killed and resumed
    """

    comparison: Comparison
    folder: Path
    failures: list[dict[str, Any]]
    notes: list[str]

    def __getitem__(self, indicator: str) -> Comparison:
        """The rows of one indicator: `result["vehicle_delay"].by("neighbourhood").worst(5)`."""
        return self.comparison[indicator]

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.comparison)

    def __len__(self) -> int:
        return len(self.comparison)

    def __repr__(self) -> str:
        left_out = f", {len(self.failures)} runs failed" if self.failures else ""
        return f"<Result of {len(self.comparison)} cells in {self.folder}{left_out}>"

    def summary(self) -> str:
        """Verdict, difference, 95 % interval, unit and pairs of each watched indicator, as a text."""
        return self.comparison.summary()

    def by(self, level: str) -> Comparison:
        """The rows of one level: area, district or neighbourhood."""
        return self.comparison.by(level)

    def to_frame(self) -> pd.DataFrame:
        """All rows as a pandas DataFrame; withheld cells without numbers."""
        return self.comparison.to_frame()

    def to_json(self) -> str:
        """All rows as JSON; withheld cells without numbers."""
        return self.comparison.to_json()


def compare(
    plan: Plan | str | Path,
    replications: int = 20,
    workers: int | None = None,
    *,
    seed: int | None = None,
    record: str = "indicators",
    out: str | Path | None = None,
    report: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Result:
    """Compare a scenario and its alternatives with its base, many times with common random numbers.

    Parameters
    ----------
    plan         : from `load`, or the name or file of a scenario
    replications : pairs of runs; seeds are run.seed, run.seed + 1, ...
    workers      : processes at once; every core if absent. The result is the same for any number
    record       : "indicators", or "full" for series and replay of every run
    out          : folder of the experiment; below experiments/ if absent. An unfinished one there is gone on with
    report       : whether report.html is written
    progress     : takes simulated and total milliseconds, of all runs together

    Raises InputError for wrong input, before anything runs. Runs that fail are in the result's `failures`.

    >>> result = compare("weekday", replications=0)
    Traceback (most recent call last):
        ...
    twin.errors.InputError: --replications: is 0; allowed: 1 or more; ...
    """
    from scenarios.arms import arms_of
    from scenarios.experiment import Experiment
    from twin.kernels import prepare_numba

    prepare_numba()
    plan = plan if isinstance(plan, Plan) else load(plan)
    given = [text for text in plan.overrides if seed is None or not text.startswith("run.seed=")]
    given = [text for text in given if not text.startswith("run.record=")]
    arms = arms_of(plan.scenario, given, config_dir=plan.config_dir, seed=seed, record=record)
    asked = f"replications={replications}, seed={seed}, record={record!r}"
    command = f"compare(load({plan.scenario!r}, overrides={given!r}), {asked})"
    experiment = Experiment(
        arms, replications=replications, processes=workers, out=out, area=plan._kept.get("area"), command=command
    )
    plan._kept.setdefault("area", experiment.area)
    total = experiment.to_simulate_ms
    comparison = experiment.run((lambda ms: progress(ms, total)) if progress else lambda ms: None)
    if report and len(comparison):
        from scenarios.report.comparison import write_comparison_report

        write_comparison_report(experiment.folder, experiment.area)
    return Result(comparison, experiment.folder, experiment.failures, sorted(experiment.notes))
