"""From a checkpoint on: a run that was cut short goes on, or another one branches off.

A checkpoint belongs to versions, code, an area and a configuration; where one of them differs it is refused, with the
difference. A branch may differ in its measures, as long as they begin at the branch or later.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenarios.files import read_plain
from scenarios.provenance import code_digest, versions
from scenarios.validation import Configuration, validate
from twin.area import Area
from twin.checkpoints import Checkpoint, found, time_of
from twin.clock import Calendar, day
from twin.errors import Fault, InputError
from twin.recording import Run, part_files, private_folder, writing
from twin.units import duration, time_of_day

JOURNAL, CHECKPOINTS = "journal.jsonl", "checkpoints"
# of a run these may differ between a branch and what it branches from: they change nothing before the branch
FREE = ("alternative", "days", "folder", "keep_until", "least_residents", "owner", "purpose", "threads")


def belongs_to(configuration: Configuration, area: Area) -> dict[str, Any]:
    """What a checkpoint of a run belongs to, as plain values: written into it, and compared when it is read."""
    return {
        "versions": versions(),
        "code": {"digest": code_digest(), **_loose_files(configuration)},
        "area": {**{key: str(value) for key, value in configuration.area.items()}, "digest": area.digest()},
        "run": {key: value for key, value in configuration.run.model_dump(mode="json").items() if key not in FREE},
        "domain": {
            name: {
                "type": f"{kind.__module__}:{kind.__name__}",
                **(settings.model_dump(mode="json") if settings else {}),
            }
            for name, (kind, settings) in configuration.domains.items()
        },
        "measures": {name: dict(given) for name, given in configuration.given_measures.items()},
    }


def _loose_files(configuration: Configuration) -> dict[str, str]:
    """Digest of each file of the user's own that a domain or a measure comes from."""
    given = [*(configuration.plain.get("domain") or {}).values(), *configuration.given_measures.values()]
    kinds = [str(item.get("type", "") if isinstance(item, Mapping) else item) for item in given]
    files = sorted({Path(kind.rpartition(":")[0]) for kind in kinds if ".py:" in kind})
    return {str(file): hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest() for file in files}


def check_belongs(checkpoint: Checkpoint, now: Mapping[str, Any], branch: Configuration | None, at: int) -> None:
    """Raise InputError with every difference between what `checkpoint` belongs to and `now`.

    branch : the configuration of a branch at `at` ms, whose later measures may differ; None to go on with the same run
    """
    then = checkpoint.about
    faults = [
        Fault(
            f"{part}.{key}",
            f"{_said(new)} now, {_said(old)} in the checkpoint of {checkpoint.path.parent.parent}",
            "the same in both",
            REMEDIES.get(part, "set it as it was"),
        )
        for part in ("versions", "code", "area", "run", "domain")
        for key, old, new in _different(then.get(part, {}), now[part])
    ]
    if any(fault.where.startswith("area.") and fault.where != "area.digest" for fault in faults):
        faults = [fault for fault in faults if fault.where != "area.digest"]  # the options say it better
    faults += _measures_faults(then["measures"], now["measures"], branch, at)
    if faults:
        raise InputError(faults)


def _measures_faults(
    then: Mapping[str, Any], now: Mapping[str, Any], branch: Configuration | None, at: int
) -> list[Fault]:
    """What is wrong with the measures of a checkpoint and of now: those that began before must be the same, and first,
    because commands are numbered in the order in which they are posted.
    """
    faults = []
    for name in sorted({*then, *now}):
        if then.get(name) != now.get(name):
            faults += _measure_faults(name, then.get(name), now.get(name), branch, at)
    if not faults:
        alike = 0
        while alike < min(len(then), len(now)) and list(then)[alike] == list(now)[alike]:
            alike += 1
        rest = list(then)[alike:]
        if rest != list(now)[alike:] and any(branch is None or _begins(then[name], "measure") < at for name in rest):
            said = f"{', '.join(now) or 'none'} now, {', '.join(then) or 'none'} in the checkpoint"
            faults.append(
                Fault("measures", f"stand in another order: {said}", "those that began before first, in the same order")
            )
    return faults


REMEDIES = {
    "versions": "install the versions of then, or run again from the start",
    "code": "use the code of then, or run again from the start",
    "area": "use the area of then, or run again from the start",
}


def _different(then: Any, now: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for key in sorted({*then, *now}):
            yield from _different(then.get(key), now.get(key), f"{path}.{key}" if path else str(key))
    elif then != now:
        yield path, then, now


def _said(value: Any) -> str:
    if isinstance(value, Mapping) and ":" in str(value.get("type")) and len(value) > 1:  # a whole domain
        return f"{value['type']} with its settings"
    return "nothing" if value is None else str(value)


def _measure_faults(name: str, old: Any, new: Any, branch: Configuration | None, at: int) -> list[Fault]:
    """What is wrong with a measure that is not the same in a checkpoint and now."""
    where = f"measure {name}"
    if branch is None:
        return [Fault(where, f"is {_said(new)} now, {_said(old)} in the checkpoint", "the same in both")]
    text = Calendar(branch.run.start, branch.run.time_zone).text
    begins = [_begins(given, where) for given in (old, new) if given is not None]
    if min(begins) >= at:
        return []
    kept = "of the run that it branches from " if new is None else ""
    return [
        Fault(
            where,
            f"{kept}begins at {text(min(begins))}, before the branch at {text(at)}",
            f"measures that begin at {text(at)} or later, or are the same in both",
            f"branch at {text(min(begins))} or earlier, or run it from the start",
        )
    ]


def _begins(given: Mapping[str, Any], where: str) -> int:
    from scenarios import registry

    kind = registry.find("measures", str(given.get("type")), where)
    measure = kind.model_validate({key: value for key, value in given.items() if key != "type"})
    return int(measure.begins())


def checkpoint_ms(text: str | None, configuration: Configuration) -> int:
    """How often to keep a checkpoint, ms; 0 where `text` is None. Raises InputError for no duration or no whole windows."""
    if text is None:
        return 0
    try:
        found, window = duration(text), duration(configuration.run.window)
        if found < window or found % window:
            raise ValueError(f"{text!r} is no whole number of windows of {configuration.run.window}")
    except ValueError as error:
        raise InputError(Fault("--checkpoint", str(error), "a duration, as 15min or 1h")) from error
    return found


def newest(folder: Path, before: int | None = None) -> tuple[Checkpoint | None, list[str]]:
    """The newest whole checkpoint of a run (at or before `before` ms), and what was passed over, in words."""
    passed = []
    for path in reversed(found(folder / CHECKPOINTS)):
        if before is None or time_of(path) <= before:
            try:
                return Checkpoint(path), passed
            except InputError as error:
                passed.append(f"{error.faults[0].where} {error.faults[0].what}: the one before is used")
    return None, passed


# -- going on ------------------------------------------------------------------------------------------------------------


def read_configuration(folder: Path) -> Configuration:
    """The configuration of a run, from its config.yaml. Raises InputError where it cannot be read or is not valid."""
    run = Run(folder)
    plain = read_plain(folder)
    if not plain:
        raise InputError(
            Fault(str(folder / "config.yaml"), "is missing or empty", "the configuration as the run wrote it")
        )
    return validate(plain, str(run.manifest.get("scenario", "")))


# -- branching -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Branch:
    """Where a run branches off: at `at` ms of the run in `folder`."""

    folder: Path
    at: int

    @classmethod
    def parse(cls, text: str) -> Branch:
        """From "RUN@17:00" or "RUN@day 2, 17:00". Raises InputError."""
        folder, _, time = text.rpartition("@")
        if not folder:
            raise InputError(Fault("--from", f"{text} names no time", "RUN@17:00"))
        try:
            at = time_of_day(time)
        except ValueError as error:
            raise InputError(Fault("--from", str(error), "RUN@17:00")) from error
        if at % 60_000:
            raise InputError(Fault("--from", f"{time} is no whole minute", "RUN@17:00"))
        return cls(Path(folder), at)

    def checkpoint(self) -> tuple[Checkpoint, list[str]]:
        """The newest whole checkpoint at or before the branch. Raises InputError where there is none."""
        Run(self.folder)
        checkpoint, passed = newest(self.folder, self.at)
        if checkpoint and not (self.folder / JOURNAL).is_file():
            raise InputError(Fault("--from", f"{self.folder} has no {JOURNAL}", "a run folder as the run left it"))
        if checkpoint is None:
            there = [Calendar().text(time_of(path)) for path in found(self.folder / CHECKPOINTS)]
            raise InputError(
                Fault(
                    "--from",
                    f"{self.folder} has no checkpoint at or before {Calendar().text(self.at)}",
                    ", ".join(there) or "a run with checkpoints",
                    "make them with twin run --checkpoint 15min",
                )
            )
        return checkpoint, passed

    def configuration(self, composed: Configuration, overrides: list[str]) -> Configuration:
        """The branch's configuration: that of the run it comes from, with the scenario of `composed` and whatever
        `overrides` name.
        """
        from omegaconf import OmegaConf

        plain = dict(read_configuration(self.folder).plain)
        plain["scenario"] = composed.plain["scenario"]
        mixed = OmegaConf.create(plain)
        OmegaConf.set_struct(mixed, False)
        for text in overrides:
            key = text.lstrip("+~").partition("=")[0]
            if key in ("area", "domain"):
                OmegaConf.update(mixed, key, composed.plain[key], merge=False)
            elif key.partition(".")[0] in ("area", "domain", "run"):
                OmegaConf.update(mixed, key, OmegaConf.select(OmegaConf.create(composed.plain), key), merge=False)
        run = mixed.run
        run.alternative, run.folder = composed.run.alternative, composed.run.folder
        whole = OmegaConf.to_container(mixed, resolve=True)
        assert isinstance(whole, dict)
        found = validate({str(key): value for key, value in whole.items()}, composed.scenario_name)
        if self.at >= found.run.days * day:
            raise InputError(Fault("--from", f"{Calendar().text(self.at)} is not before the end of the run"))
        return found


def copy_prefix(source: Path, target: Path) -> None:
    """Give the folder `target` of a branch what was recorded in `source`: parts linked where the disk can, else copied.

    What came later than the branch is dropped when the branch is brought back to its checkpoint.
    """
    with writing(target):
        for file in part_files(source):
            inside = file.relative_to(source)
            if inside.parts[0] == "restricted":
                private_folder(target / "restricted")
            (target / inside).parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(file, target / inside)
            except OSError:
                shutil.copyfile(file, target / inside)
        shutil.copyfile(source / JOURNAL, target / JOURNAL)
