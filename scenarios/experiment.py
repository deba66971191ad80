"""A paired comparison: every arm with the same seeds, in processes side by side, and a folder that tells all of it.

Same seed, same luck: draws are keyed by person and purpose, so two arms differ only in what the measures change.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenarios import workers
from scenarios.arms import BASE, Arm, trunks
from twin.clock import day
from twin.errors import Fault, InputError
from twin.locking import Lock
from twin.recording import Run, new_run_folder, write_json, writing

if TYPE_CHECKING:
    from scenarios.comparison import Comparison
    from twin.area import Area

EXPERIMENT_SCHEMA = 1
FOLDER = "experiments"


def faults_of(replications: int, processes: int | None, seed: int, out: str | Path | None) -> list[Fault]:
    """What is wrong with how a comparison shall be run."""
    faults, cores = [], workers.cores()
    if replications < 1:
        faults.append(Fault("--replications", f"is {replications}", "1 or more; 20 tell most differences from luck"))
    elif seed + replications > 2**63:
        faults.append(Fault("--seed", f"is {seed}, and {replications} seeds follow", "less than 2**63"))
    if processes is not None and not 1 <= processes <= cores:
        faults.append(Fault("--workers", f"is {processes}", f"1 to {cores}, the cores of this machine"))
    return faults + (_folder_faults(Path(out)) if out is not None else [])


def _folder_faults(out: Path) -> list[Fault]:
    remedy = "name another folder with --out"
    if out.exists() and not out.is_dir():
        return [Fault("--out", f"{out} is a file", "a folder", remedy)]
    try:
        status = json.loads((out / "experiment.json").read_text(encoding="utf-8"))["status"]
    except FileNotFoundError:
        others = [p.name for p in out.iterdir() if p.name != ".lock"] if out.is_dir() else []
        return (
            [Fault("--out", f"{out} holds other files: {', '.join(sorted(others)[:3])}", remedy=remedy)]
            if others
            else []
        )
    except (OSError, ValueError, KeyError, TypeError):
        return [Fault("--out", f"{out}/experiment.json cannot be read", remedy=remedy)]
    if status == "complete":
        return [Fault("--out", f"{out} holds a finished experiment", remedy=remedy)]
    return []


class Experiment:
    """A comparison of arms, from their configurations to `comparison.csv`.

    Parameters
    ----------
    arms         : the base first, as `arms_of` gives them
    replications : pairs; the seeds are run.seed, run.seed + 1, ...
    processes    : how many at once; as many as there are cores if absent
    out          : the experiment's folder; one of the day and time below experiments/ if absent. An unfinished experiment
                   in it is begun anew
    area         : of all arms, where it has been built before

    Raises InputError with every fault at once, before anything runs.
    """

    def __init__(
        self,
        arms: Sequence[Arm],
        *,
        replications: int = 20,
        processes: int | None = None,
        out: str | Path | None = None,
        area: Area | None = None,
        said: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.arms, self.began = list(arms), time.time()
        run = self.arms[0].configuration.run
        faults = faults_of(replications, processes, run.seed, out)
        if faults:
            raise InputError(faults)
        self.seeds = list(range(run.seed, run.seed + replications))
        self.processes = min(processes or workers.cores(), replications)
        self.trunks = trunks(self.arms)
        self.failures: list[dict[str, Any]] = []
        self.notes: list[str] = []
        from scenarios.rehearsal import compile_kernels, rehearse
        from scenarios.simulate import build_area

        said("area")
        self.area = area or build_area(self.chosen)
        said("measures")
        rehearse(self.arms, self.area)
        self._open(out)
        said("kernels")
        compile_kernels()

    @property
    def alternatives(self) -> list[str]:
        """Names of the arms beside the base."""
        return [arm.name for arm in self.arms[1:]]

    @property
    def chosen(self) -> Any:
        """The configuration of the scenario itself."""
        return self.arms[1].configuration

    @property
    def to_simulate_ms(self) -> int:
        """Simulated time of all replications, what arms share counted once."""
        whole: int = round(self.chosen.run.days * day)
        once = sum(len(trunk.arms) * whole - (len(trunk.arms) - 1) * trunk.at for trunk in self.trunks)
        return once * len(self.seeds)

    # -- the folder ----------------------------------------------------------------------------------------------------

    def _open(self, out: str | Path | None) -> None:
        """Make the folder, take its lock, and write what is known already."""
        from omegaconf import OmegaConf

        from scenarios.provenance import code_digest, versions, write_place

        run, scenario = self.chosen.run, self.chosen.scenario
        if out is None:
            now = datetime.now()
            self.folder = new_run_folder(FOLDER, f"{now:%Y-%m-%d}/{now:%H%M%S}-{self.chosen.scenario_name}")
        else:
            self.folder = Path(out)
        self.lock = Lock(self.folder, "wait until it has ended, or name another folder with --out")
        faults = _folder_faults(self.folder)  # again: another one may have ended since
        if faults:
            self.lock.release()
            raise InputError(faults)
        self.manifest: dict[str, Any] = {
            "schema": EXPERIMENT_SCHEMA,
            "status": "running",
            "scenario": self.chosen.scenario_name,
            "title": scenario.name,
            "question": scenario.question,
            "base": self.arms[0].configuration.scenario_name,
            "alternatives": self.alternatives,
            "watch": scenario.watch,
            "seeds": self.seeds,
            "replications": len(self.seeds),
            "failures": [],
            "notes": [],
            "least_residents": run.least_residents,
            "start": run.start,
            "time_zone": run.time_zone,
            "days": run.days,
            "cut": sorted(run.cut),
            "area": {
                "name": self.area.name,
                "digest": self.area.digest(),
                "crs": self.area.crs,
                "path": self.chosen.area,
            },
            "code_digest": code_digest(),
            "versions": versions(),
            "started": datetime.now().isoformat(timespec="seconds"),
            "wall_s": 0.0,
            "shared_prefix_ms": max(trunk.at for trunk in self.trunks),
            "workers": self.processes,
        }
        with writing(self.folder):
            for name in ("runs", "area"):
                shutil.rmtree(self.folder / name, ignore_errors=True)
            for name in ("comparison.parquet", "comparison.csv", "report.html"):
                (self.folder / name).unlink(missing_ok=True)
            (self.folder / "config.yaml").write_text(OmegaConf.to_yaml(self.chosen.plain), encoding="utf-8")
        self._tell()
        write_place(self.area, self.folder / "area")

    def _tell(self, **changes: Any) -> None:
        """Write experiment.json."""
        self.manifest |= {"wall_s": round(time.time() - self.began, 3), **changes}
        write_json(self.folder / "experiment.json", self.manifest)

    # -- running -------------------------------------------------------------------------------------------------------

    def run(self, simulated: Callable[[int], None] = lambda ms: None) -> Comparison:
        """Run all replications and compare them.

        simulated : takes the simulated time of all replications together, in ms, each time that it has grown
        A run that fails leaves its seed out of what is compared with it; `failures` says why. Where nothing is left the
        comparison has no rows, and none is written.
        """
        reached: dict[tuple[str, str], int] = {}
        shared = {arm.name: trunk.at for trunk in self.trunks for arm in trunk.arms[1:]}

        def heard(text: str) -> None:
            what, *rest = json.loads(text)
            if what == "note":
                self.notes.append(rest[0])
                return
            seed, arm, ms = rest
            reached[seed, arm] = ms - shared.get(arm, 0)
            simulated(sum(reached.values()))

        try:
            codes = workers.run_jobs(self.seeds, self._replicate, self.processes, heard)
            return self._compare(codes)
        except BaseException as error:
            interrupted = isinstance(error, KeyboardInterrupt)
            self._tell(status="interrupted" if interrupted else "failed", notes=sorted(self.notes))
            raise
        finally:
            self.lock.release()

    def _replicate(self, seed: int, attempt: int, line: workers.Line) -> None:
        """One replication, in a process of its own."""
        from scenarios.branching import Replication

        def say(what: str, *rest: Any) -> None:
            line.say(json.dumps([what, *([seed] if what == "at" else []), *rest]))

        if attempt:
            say("note", f"the process of seed {seed} was killed and begun again")
        Replication(seed, self.area, self.folder / "runs", say).run(self.trunks, attempt)

    def _compare(self, codes: dict[int, list[int]]) -> Comparison:
        from scenarios.comparison import Comparison

        rows: dict[str, dict[int, list[dict[str, Any]]]] = {arm.name: {} for arm in self.arms}
        for arm in self.arms:
            for seed in self.seeds:
                reason, found = _result(self.folder / "runs" / arm.name / str(seed), codes[seed])
                if reason:
                    self.failures.append({"arm": arm.name, "seed": seed, "reason": reason})
                else:
                    rows[arm.name][seed] = found
        base = rows.pop(BASE)
        watch, least = self.chosen.scenario.watch, self.chosen.run.least_residents
        paired = {name: found for name, found in rows.items() if base.keys() & found.keys()}
        comparison = Comparison([], watch, least)
        if paired:
            comparison = Comparison.of(base, paired, watch=watch, least_residents=least)
            comparison.write(self.folder)
        self._tell(status="complete" if paired else "failed", failures=self.failures, notes=sorted(self.notes))
        return comparison


def _result(place: Path, codes: Sequence[int]) -> tuple[str, list[dict[str, Any]]]:
    """(reason why there is no result, rows of the indicators) of one run."""
    try:
        run = Run(place)
        status = run.manifest.get("status")
        if status == "complete":
            return "", run.indicators
        if status == "failed":
            return str(run.manifest.get("reason", "failed")), []
    except InputError:
        pass
    return (f"killed by signal {-codes[-1]}, twice" if codes[-1] < 0 else "killed twice"), []
