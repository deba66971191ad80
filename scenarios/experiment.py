"""A paired comparison: every arm with the same seeds, in processes side by side, and a folder that tells all of it.

Same seed, same luck: draws are keyed by person and purpose, so two arms differ only in what the measures change.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenarios import workers
from scenarios.arms import BASE, Arm, trunks
from scenarios.unfinished import belongs, checked, complete_runs, folder_faults, remove_failed, told_by
from twin.clock import day
from twin.errors import Fault, InputError, nearest
from twin.locking import Lock
from twin.recording import Run, new_run_folder, write_json, writing

if TYPE_CHECKING:
    from scenarios.comparison import Comparison
    from twin.area import Area

FEW_PAIRS, FEW_SIGNALS = 8, 5
EXPERIMENT_SCHEMA = 1
FOLDER = "experiments"
WAIT = "wait until it has ended, or name another folder with --out"
KEPT = "runs were complete from an attempt before"


def faults_of(replications: int, processes: int | None, seed: int, out: str | Path | None) -> list[Fault]:
    """What is wrong with how a comparison shall be run."""
    faults, cores = [], workers.cores()
    for name, value in (("--replications", replications), ("--workers", processes), ("--seed", seed)):
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            faults.append(Fault(name, f"is {value!r}", "a whole number"))
    if faults:
        return faults
    if replications < 1:
        faults.append(Fault("--replications", f"is {replications}", "1 or more; 20 tell most differences from luck"))
    elif seed + replications > 2**63:
        faults.append(Fault("--seed", f"is {seed}, and {replications} seeds follow", "less than 2**63"))
    if processes is not None and not 1 <= processes <= cores:
        faults.append(Fault("--workers", f"is {processes}", f"1 to {cores}, the cores of this machine"))
    return faults + (folder_faults(Path(out)) if out is not None else [])


class Experiment:
    """A comparison of arms, from their configurations to `comparison.csv`.

    Parameters
    ----------
    arms         : the base first, as `arms_of` gives them
    replications : pairs; the seeds are run.seed, run.seed + 1, ...
    processes    : how many at once; as many as there are cores if absent
    out          : the experiment's folder; one of the day and time below experiments/ if absent. An unfinished experiment
                   of the same arms, code and area in it is gone on with: its complete runs are kept
    area         : of all arms, where it has been built before
    command      : what the comparison was asked for with, as a text
    said, told   : take what is being done, in a few words, and a line for each day of learning

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
        command: str = "",
        said: Callable[[str], None] = lambda text: None,
        told: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.arms, self.began, self.command = list(arms), time.time(), command
        run = self.arms[0].configuration.run
        faults = faults_of(replications, processes, run.seed, out)
        if faults:
            raise InputError(faults)
        self.seeds = list(range(run.seed, run.seed + replications))
        self.processes = min(processes or workers.cores(), replications)
        self.failures: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self.kept, self.goes_on = 0, ""  # complete runs of an earlier attempt; what is said of it, where there was one
        self.codes: dict[tuple[str, int], list[int]] = {}  # with which a run's processes ended before their time
        from scenarios.assembly import build_area
        from scenarios.learning import learn, named
        from scenarios.rehearsal import compile_kernels, rehearse

        said("area")
        self.area = area or build_area(self.chosen)
        self.arms = [replace(arm, configuration=named(arm.configuration, self.area)) for arm in self.arms]
        self.trunks = trunks(self.arms)
        self.belongs = belongs(self.arms, self.area)
        if out is not None:
            if (Path(out) / "experiment.json").is_file():  # that somebody writes there comes before what it is of
                Lock(Path(out), WAIT).release()
            checked(Path(out), self.belongs)
        said("measures")
        rehearse([arm.configuration for arm in self.arms], self.area)
        learn(self.arms[0].configuration, self.area, said, told)
        said("kernels")
        compile_kernels()
        self._open(out)

    @property
    def alternatives(self) -> list[str]:
        """Names of the arms beside the base."""
        return [arm.name for arm in self.arms[1:]]

    @property
    def cautions(self) -> list[str]:
        """What a reader should know before the numbers: few pairs, a sample, an area whose streets show no outage."""
        from scenarios.areas.sample import in_words

        said, signals = [], len(self.area.signals)
        if len(self.seeds) < FEW_PAIRS:
            pairs = "1 pair" if len(self.seeds) == 1 else f"{len(self.seeds)} pairs"
            said.append(f"{pairs} can hardly call anything; take {FEW_PAIRS} or more, twenty for most questions")
        if sampled := in_words(self.area):
            said.append(f"{sampled}; all pairs share it, so the intervals do not hold who was left out of it")
        fails = {str(given.get("type")) for arm in self.arms for given in arm.configuration.given_measures.values()}
        if "asset_failure" in fails and signals < FEW_SIGNALS:
            many = "1 traffic signal" if signals == 1 else f"{signals or 'no'} traffic signals"
            said.append(
                f"the area has {many}: what an outage does to the streets hardly shows, and a dark signal in light traffic "
                "can even save time; a town of 20,000 has enough of them"
            )
        return said

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
        """Make the folder, take its lock, and write what is known already; or go on with what is in it."""
        if out is None:
            now = datetime.now()
            self.folder = new_run_folder(FOLDER, f"{now:%Y-%m-%d}/{now:%H%M%S}-{self.chosen.scenario_name}")
        else:
            self.folder = Path(out)
        self.lock = Lock(self.folder, WAIT)
        try:
            checked(self.folder, self.belongs)  # again: another one may have ended since
            self._take_over()
            self._write()
        except BaseException as error:
            self._give_up(error)
            raise

    def _take_over(self) -> None:
        """Keep what an earlier attempt has done; what was made of its runs goes."""
        before = told_by(self.folder)
        with writing(self.folder):
            for name in ("comparison.parquet", "comparison.csv", "report.html"):
                (self.folder / name).unlink(missing_ok=True)
        if before:
            remove_failed(self.folder / "runs", self.arms, self.seeds)
            self.kept = len(complete_runs(self.folder / "runs", self.arms, self.seeds))
            self.notes = [note for note in before.get("notes", ()) if not note.endswith(KEPT)]
            self.goes_on = f"{self.kept} of {len(self.arms) * len(self.seeds)} {KEPT}"
            self.notes.append(self.goes_on)

    def _write(self) -> None:
        """Write experiment.json, config.yaml and the area."""
        from omegaconf import OmegaConf

        from scenarios.provenance import write_place

        self.manifest: dict[str, Any] = self._about()
        self._tell()  # first: what it tells makes the folder one that can be gone on with
        with writing(self.folder):
            (self.folder / "config.yaml").write_text(OmegaConf.to_yaml(self.chosen.plain), encoding="utf-8")
            shutil.rmtree(self.folder / "area", ignore_errors=True)
        write_place(self.area, self.folder / "area")

    def _about(self) -> dict[str, Any]:
        """What is known before the first run."""
        from scenarios.provenance import code_digest, versions

        run, scenario = self.chosen.run, self.chosen.scenario
        return {
            "schema": EXPERIMENT_SCHEMA,
            "status": "running",
            "command": self.command,
            "scenario": self.chosen.scenario_name,
            "title": scenario.name,
            "question": scenario.question,
            "base": self.arms[0].configuration.scenario_name,
            "alternatives": self.alternatives,
            "watch": scenario.watch,
            "seeds": self.seeds,
            "replications": len(self.seeds),
            "failures": [],
            "notes": list(self.notes),
            "cautions": self.cautions,
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
            "belongs": self.belongs,
        }

    def _give_up(self, error: BaseException) -> None:
        """Say what became of the experiment, as far as the disk lets it, and let go of the folder."""
        status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        with suppress(AttributeError, InputError):  # refused before it had anything to tell; the first error counts
            self._tell(status=status, notes=sorted(self.notes))
        self.lock.release()

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
        reached: dict[tuple[int, str], int] = {}
        shared = {arm.name: trunk.at for trunk in self.trunks for arm in trunk.arms[1:]}
        if self.kept:
            whole = round(self.chosen.run.days * day)
            done = complete_runs(self.folder / "runs", self.arms, self.seeds)
            reached = {(seed, arm): whole - shared.get(arm, 0) for arm, seed in done}

        def heard(text: str) -> None:
            what, seed, *rest = json.loads(text)
            if what == "note":
                self._note(rest[0])
            elif what == "lost":
                arm, code = rest
                self.codes.setdefault((arm, seed), []).append(code)
                was = "" if 0 <= code < 130 else "was "
                self._note(f"run {arm}/{seed} {was}{ended_by(code).partition(' by ')[0]} and resumed")
            else:
                arm, ms = rest
                reached[seed, arm] = max(ms - shared.get(arm, 0), reached.get((seed, arm), 0))
                simulated(sum(reached.values()))

        try:
            codes = workers.run_jobs(self.seeds, self._replicate, self.processes, heard)
            comparison = self._compare(codes)
        except BaseException as error:
            self._give_up(error)
            raise
        self.lock.release()
        return comparison

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def _replicate(self, seed: int, attempt: int, line: workers.Line) -> None:
        """One replication, in a process of its own."""
        from scenarios.branching import Replication

        def say(what: str, *rest: Any) -> None:
            line.say(_fitting([what, seed, *rest]))

        if attempt:
            say("note", f"the process of seed {seed} was cut short and begun again")
        Replication(seed, self.area, self.folder / "runs", say).run(self.trunks, attempt)

    def _compare(self, codes: dict[int, list[int]]) -> Comparison:
        from scenarios.comparison import Comparison

        rows: dict[str, dict[int, list[dict[str, Any]]]] = {arm.name: {} for arm in self.arms}
        for arm in self.arms:
            for seed in self.seeds:
                ends = self.codes.get((arm.name, seed), codes[seed])
                reason, found = _result(self.folder / "runs" / arm.name / str(seed), ends)
                if reason:
                    self.failures.append({"arm": arm.name, "seed": seed, "reason": reason})
                else:
                    rows[arm.name][seed] = found
        self._note_unseen(rows)
        from scenarios.cautions import jam

        base = rows.pop(BASE)
        if jammed := jam(row for found in base.values() for row in found):
            self._note(f"Mind: {jammed}")
        watch, least = self.chosen.scenario.watch, self.chosen.run.least_residents
        paired = {name: found for name, found in rows.items() if base.keys() & found.keys()}
        comparison = Comparison([], watch, least)
        if paired:
            comparison = Comparison.of(base, paired, watch=watch, least_residents=least)
            comparison.write(self.folder)
        self._tell(status="complete" if paired else "failed", failures=self.failures, notes=sorted(self.notes))
        return comparison

    def _note_unseen(self, rows: dict[str, dict[int, list[dict[str, Any]]]]) -> None:
        """A note for each watched indicator that no run has: nothing else would say that it is missing."""
        from scenarios.indicators import DEFINITIONS

        seen = sorted({row["indicator"] for runs in rows.values() for found in runs.values() for row in found})
        for name in self.chosen.scenario.watch if seen else ():
            if name not in seen:
                close = "" if name in DEFINITIONS else nearest(name, seen)
                self._note(f"{name} was watched and no run has it{f'; did you mean {close}?' if close else ''}")


def ended_by(code: int) -> str:
    """What a process's code says of its end, in words."""
    if code < 0:
        return f"killed by signal {-code}"
    return "interrupted" if code == 130 else f"ended with code {code}"


def _fitting(message: list[Any]) -> str:
    """A message as one line of JSON, the text at its end cut where the line would be too long."""
    while len(text := json.dumps(message)) > workers.LONGEST:
        message = [*message[:-1], message[-1][:-20]]
    return text


def _result(place: Path, codes: Sequence[int]) -> tuple[str, list[dict[str, Any]]]:
    """(reason why there is no result, rows of the indicators) of one run.

    codes : with which its processes ended, the last one last
    """
    try:
        run = Run(place)
        status = run.manifest.get("status")
        if status == "complete":
            return "", run.indicators
        if status == "failed":
            return str(run.manifest.get("reason", "failed")), []
    except InputError:
        pass
    return f"{ended_by(codes[-1])}, twice", []
