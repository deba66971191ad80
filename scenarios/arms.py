"""The arms of a comparison: the base, the scenario and each of its alternatives, in one world with the same luck."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scenarios.configuration import Configuration, compose, validate
from scenarios.files import read_scenario
from scenarios.validation import close_to
from twin.errors import Fault, InputError
from twin.units import duration

BASE = "base"
NO_MEASURES = "the same without measures"  # what a scenario that names no base is compared with
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,59}")  # arms are folders, and are told in short lines
_PLAIN = re.compile(r"[\w./~-]+")  # needs no quotes in Hydra's grammar
# what a comparison decides itself: key -> what to write instead
DECIDED = {
    "run.alternative": "leave it out: every alternative is an arm of the comparison",
    "run.folder": "write --out DIR",
    "run.threads": "leave it out: replications run side by side, see --workers",
}


@dataclass(frozen=True)
class Arm:
    """One way that the days may go. `name` is its folder; `configuration` is that of the first seed."""

    name: str
    configuration: Configuration

    def at(self, seed: int) -> Configuration:
        """Its configuration with another seed."""
        plain = copy.deepcopy(self.configuration.plain)
        plain["run"]["seed"] = seed
        return replace(self.configuration, plain=plain, run=self.configuration.run.model_copy(update={"seed": seed}))


@dataclass(frozen=True)
class Trunk:
    """Arms that live through the same hours: up to `at` ms they differ in nothing.

    common : so many of their measures, the first ones, are the same
    The first arm goes on where the others branch off. An arm alone has at = 0.
    """

    arms: tuple[Arm, ...]
    common: int = 0
    at: int = 0


def arms_of(
    scenario: str,
    overrides: Sequence[str] = (),
    *,
    config_dir: str | None = None,
    cut: Sequence[str] = (),
    seed: int | None = None,
    record: str | None = None,
) -> list[Arm]:
    """The base, the scenario and its alternatives. Raises InputError with every fault that can be found together.

    scenario  : a built-in name, or the path of a YAML file
    overrides : "key=value", for all arms
    seed, record, cut : as run.seed, run.record (indicators if neither says so) and run.cut
    """
    faults = [
        Fault(key, "is not for a comparison", remedy=DECIDED[key])
        for key in (text.lstrip("+~").partition("=")[0] for text in overrides)
        if key in DECIDED
    ]
    given = [text for text in overrides if text.lstrip("+~").partition("=")[0] not in DECIDED]
    if not any(text.startswith("run.record=") for text in given) or record:
        given.append(f"run.record={record or 'indicators'}")
    given += [f"run.seed={seed}"] if seed is not None else []
    given += [f"run.cut={[name.strip() for names in cut for name in names.split(',')]}"] if cut else []
    if "=" in scenario:
        name = scenario.partition("=")[2] if scenario.startswith("scenario=") else "SCENARIO"
        raise InputError([*faults, Fault(scenario, "is no scenario", "a name or a YAML file", f"write it as {name}")])
    try:
        chosen = compose([f"scenario={quoted(scenario)}", *given], config_dir)
    except InputError as error:
        raise InputError([*faults, *error.faults]) from error
    arms = _arms(chosen, scenario, config_dir, faults)
    faults += _unknown_watched(chosen)
    if faults:
        raise InputError(faults)
    return arms


def quoted(text: str) -> str:
    """`text` as a value in Hydra's grammar."""
    return text if _PLAIN.fullmatch(text) else "'" + text.replace("'", r"\'") + "'"


def _arms(chosen: Configuration, scenario: str, config_dir: str | None, faults: list[Fault]) -> list[Arm]:
    """All arms that can be made; what cannot becomes a fault."""
    name = chosen.scenario_name
    faults += _name_faults([BASE, name, *chosen.scenario.alternatives])
    arms = [Arm(BASE, _base(chosen, scenario, config_dir, faults))]
    if chosen.scenario.measures or not chosen.scenario.alternatives:  # else it would be the base once more
        arms.append(Arm(name, chosen))
    for alternative in chosen.scenario.alternatives:
        plain = copy.deepcopy(chosen.plain)
        plain["run"]["alternative"] = alternative
        try:
            arms.append(Arm(alternative, validate(plain, name)))
        except InputError as error:
            faults += error.faults
    return arms


def _name_faults(names: Sequence[str]) -> list[Fault]:
    """What is wrong with the names of arms: each is a folder's, and there once."""
    faults = []
    for number, name in enumerate(names):
        where = f"scenario.alternatives.{name}" if number > 1 else f"scenario {name}"
        if name in names[:number]:
            faults.append(Fault(where, "the name is taken by another arm", remedy="give it another"))
        if not _NAME.fullmatch(name):
            faults.append(
                Fault(
                    where,
                    "the name cannot be that of an arm's folder",
                    "at most 60 of A-Z, a-z, 0-9, _ . -, and the first neither . nor -",
                    "give it another",
                )
            )
    return faults


def _base(chosen: Configuration, scenario: str, config_dir: str | None, faults: list[Fault]) -> Configuration:
    """The configuration of the base: the scenario's world with the base's measures.

    Without a base: the same world without measures; the scenario itself where it has none either.
    """
    base = chosen.scenario.base
    if not base:
        return _without_measures(chosen) if chosen.measures else chosen
    try:
        if base.endswith((".yaml", ".yml")):
            beside = Path(scenario).parent / base
            story = read_scenario(beside if beside.is_file() else base)
        else:
            story = compose([f"scenario={quoted(base)}"], config_dir).plain["scenario"]
        plain = {**copy.deepcopy(chosen.plain), "scenario": story}
        made = validate(plain, Path(base).stem)
        faults += _equal_faults(base, made, chosen)
        return made
    except InputError as error:
        faults += [
            Fault(
                "scenario.base" if f.where == "scenario" else f"scenario.base {base}: {f.where}",
                f.what,
                f.allowed,
                f.remedy,
            )
            for f in error.faults
        ]
        return chosen


def _without_measures(chosen: Configuration) -> Configuration:
    plain = copy.deepcopy(chosen.plain)
    plain["scenario"] |= {"measures": {}, "alternatives": {}}
    return validate(plain, NO_MEASURES)


def _equal_faults(base: str, made: Configuration, chosen: Configuration) -> list[Fault]:
    """A fault where base and scenario have the same measures: their comparison could only say "no difference"."""
    old, new = list(made.measures.values()), list(chosen.measures.values())
    if not new or len(old) != len(new) or any(measure not in old for measure in new):
        return []
    return [
        Fault(
            "scenario.base",
            f"{base} has the same measures as {chosen.scenario_name}",
            "a scenario with other measures, or none",
            "leave base out: the comparison is then with the same world without measures",
        )
    ]


def _unknown_watched(chosen: Configuration) -> list[Fault]:
    """A fault for each name in `watch` that is no indicator, where only built-in domains contribute some."""
    from scenarios.indicators import DEFINITIONS
    from scenarios.registry import DOMAINS

    builtin = {spec.partition(":")[0] for spec in DOMAINS.values()}
    if any(found.__module__ not in builtin for found, _ in chosen.domains.values()):
        return []  # a domain of the user's own may contribute what it likes
    return [
        Fault(
            "scenario.watch",
            f"{name!r} is no indicator",
            "see `twin list indicators`",
            close_to(name, list(DEFINITIONS)),
        )
        for name in chosen.scenario.watch
        if name not in DEFINITIONS
    ]


def trunks(arms: Sequence[Arm]) -> list[Trunk]:
    """The arms, grouped by what they can live through together.

    Arms whose measures leave every domain with the same settings share the hours before the first measure that not
    all of them have takes effect. Measures that they all have first, and in the same order, belong to those hours, so
    that events get the same ids as in a run from midnight.
    """
    alike: dict[str, list[Arm]] = {}
    for arm in arms:
        alike.setdefault(_settings(arm), []).append(arm)
    found = []
    for group in alike.values():
        common = _common(group)
        window = duration(group[0].configuration.run.window)
        first = {
            arm.name: min((m.begins() for m in _measures(arm)[common:]), default=None) for arm in group
        }  # ms from which it differs; None where it never does
        late = [arm for arm in group if (begins := first[arm.name]) is None or begins >= window]
        begin = [begins for arm in late if (begins := first[arm.name]) is not None]
        if len(late) > 1 and begin:
            found.append(Trunk(tuple(late), common, min(begin) // window * window))
            found += [Trunk((arm,)) for arm in group if arm not in late]
        else:
            found += [Trunk((arm,)) for arm in group]
    return found


def _measures(arm: Arm) -> list[Any]:
    return list(arm.configuration.measures.values())


def _settings(arm: Arm) -> str:
    """What the arm's measures change in the settings of domains, as a text."""
    domains = [found.name for found, _ in arm.configuration.domains.values()]
    keys = [*domains, *arm.configuration.domains]
    return repr(
        {name: made for name in keys if (made := {k: v for m in _measures(arm) for k, v in m.settings(name).items()})}
    )


def _common(group: Sequence[Arm]) -> int:
    """How many measures, from the first on, all arms of a group have."""
    count = 0
    for same in zip(*(_measures(arm) for arm in group), strict=False):
        if any(measure != same[0] for measure in same):
            break
        count += 1
    return count
