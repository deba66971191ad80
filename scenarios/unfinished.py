"""An experiment's folder that is named again: refused, or gone on with where its runs belong to the same experiment."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scenarios.arms import Arm
from scenarios.branching import status_of
from scenarios.resuming import belongs_to
from twin.area import Area
from twin.errors import Fault, InputError
from twin.recording import writing

REMEDY = "name another folder with --out"


def folder_faults(out: Path) -> list[Fault]:
    """Why no experiment can be made in `out`, or gone on with there, whatever it is of."""
    if out.exists() and not out.is_dir():
        return [Fault("--out", f"{out} is a file", "a folder", REMEDY)]
    if not (out / "experiment.json").is_file():
        others = [path.name for path in out.iterdir() if path.name != ".lock"] if out.is_dir() else []
        told = f"{out} holds other files: {', '.join(sorted(others)[:3])}"
        return [Fault("--out", told, remedy=REMEDY)] if others else []
    about = told_by(out)
    if not isinstance(about.get("status"), str):
        return [Fault("--out", f"{out}/experiment.json cannot be read", remedy=REMEDY)]
    if about["status"] == "complete":
        return [Fault("--out", f"{out} holds a finished experiment", remedy=REMEDY)]
    return []


def told_by(folder: Path) -> dict[str, Any]:
    """What experiment.json in `folder` says; empty where there is none that can be read."""
    try:
        found = json.loads((folder / "experiment.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def belongs(arms: Sequence[Arm], area: Area) -> dict[str, Any]:
    """What the runs of an experiment belong to, as plain values: versions, code, area, settings, measures of each arm."""
    chosen = arms[1].configuration
    found = belongs_to(chosen, area)
    found["run"] = {**found["run"], "days": chosen.run.days}
    for arm in arms:
        found["code"] |= belongs_to(arm.configuration, area)["code"]
    found["measures"] = {arm.name: belongs_to(arm.configuration, area)["measures"] for arm in arms}
    kept: dict[str, Any] = json.loads(json.dumps(found, default=str))
    return kept


def other_faults(out: Path, now: Mapping[str, Any]) -> list[Fault]:
    """Every difference between what the unfinished experiment in `out` belongs to and `now`; none where there is none."""
    if not (out / "experiment.json").is_file():
        return []
    told = told_by(out).get("belongs")
    if not isinstance(told, dict):
        return [Fault("--out", f"{out} does not say what its runs belong to", remedy=REMEDY)]
    old, new = dict(_settings(told)), dict(_settings(now))
    return [
        Fault(
            f"--out {out}, {key}",
            f"{new.get(key, 'nothing')} now, {old.get(key, 'nothing')} in the unfinished experiment there",
            "the same in both",
            REMEDY,
        )
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    ]


def complete_runs(runs: Path, arms: Sequence[Arm], seeds: Sequence[int]) -> list[tuple[str, int]]:
    """Arm and seed of each run below `runs` that is complete."""
    asked = [(arm.name, seed) for arm in arms for seed in seeds]
    return [(arm, seed) for arm, seed in asked if status_of(runs / arm / str(seed)) == "complete"]


def remove_failed(runs: Path, arms: Sequence[Arm], seeds: Sequence[int]) -> None:
    """Remove the runs that have failed, so that they are tried again."""
    for place in (runs / arm.name / str(seed) for arm in arms for seed in seeds):
        if status_of(place) == "failed":
            with writing(place):
                shutil.rmtree(place)


def checked(out: Path, now: Mapping[str, Any]) -> None:
    """Raise InputError where an experiment of `now` can be neither begun nor gone on with in `out`."""
    faults = folder_faults(out) or other_faults(out, now)
    if faults:
        raise InputError(faults)


def _settings(given: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value in nested mappings with its dotted key."""
    for name, value in given.items():
        if isinstance(value, Mapping):
            yield from _settings(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value
