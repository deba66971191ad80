"""A resolved configuration, validated as a whole: every fault at once, with what is allowed and the nearest name."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scenarios import registry
from scenarios.schema import RunConfig, ScenarioConfig
from twin.clock import day
from twin.errors import Fault, InputError, nearest

GROUPS = ("area", "domain", "scenario")
WORDS = {
    "dict": "a mapping, as {key: value}",
    "list": "a list, as [a, b]",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "a text, in quotes",
}  # of pydantic's types


@dataclass
class Configuration:
    """A whole configuration: `plain` as nested dicts and lists, and its validated parts.

    area     : options of the area builder, with its `type`
    domains  : name -> (class, validated config or None), in coupling order
    measures : name -> measure, of the scenario and of the alternative that `run.alternative` names
    """

    plain: dict[str, Any]
    run: RunConfig
    scenario: ScenarioConfig
    scenario_name: str
    area: dict[str, Any]
    domains: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    measures: dict[str, Any] = field(default_factory=dict)

    @property
    def given_measures(self) -> dict[str, dict[str, Any]]:
        """The measures as they are written: the scenario's, then those of the run's alternative."""
        return {**self.scenario.measures, **self.scenario.alternatives.get(self.run.alternative, {})}


def validate(plain: Mapping[str, Any], scenario_name: str = "", before: Sequence[Fault] = ()) -> Configuration:
    """Validate a resolved configuration (as in a run's config.yaml). Raises InputError with every fault.

    before : faults that were found while it was composed; they are raised together with the others
    """
    faults = list(before)
    faults += [unknown(key, key, ["run", *GROUPS]) for key in plain if key not in ("run", *GROUPS)]
    parts = {name: _mapping(name, plain.get(name), faults) for name in ("run", *GROUPS)}
    run = _rest(RunConfig, parts["run"], "run", faults)
    scenario = _rest(ScenarioConfig, parts["scenario"], "scenario", faults)
    result = Configuration(dict(plain), run, scenario, scenario_name, parts["area"])
    _area(result, faults)
    _measures(result, faults)
    for name, given in parts["domain"].items():
        _domain(result, str(name), given, faults)
    if not faults:  # what domains need of each other is clear only where each of them is
        _couplings(result, faults)
    if faults:
        raise InputError(faults)
    return result


def close_to(name: str, names: Sequence[str]) -> str:
    """A remedy that names the nearest of `names`; empty where none is near."""
    close = nearest(name, [str(n) for n in names])
    return f"did you mean {close}?" if close else ""


def unknown(where: str, name: str, names: Sequence[str]) -> Fault:
    """The fault of a key that does not exist."""
    return Fault(where, "unknown key", ", ".join(map(str, names)) or "no keys", close_to(name, names))


def checked(model: Any, given: Any, where: str, faults: list[Fault]) -> Any:
    """`given` as an instance of the pydantic class `model`, or None and its faults."""
    from pydantic import ValidationError

    try:
        return model.model_validate(given)
    except ValidationError as error:
        faults += [_fault(model, problem, where) for problem in error.errors()]
        return None


def _rest(model: Any, given: dict[str, Any], where: str, faults: list[Fault]) -> Any:
    """As `checked`, but what is wrong takes its default, so that faults elsewhere are found as well."""
    found, before = None, len(faults)
    while found is None:
        found = checked(model, given, where, faults)
        wrong = {fault.where.removeprefix(f"{where}.").partition(".")[0] for fault in faults[before:]}
        given = {key: value for key, value in given.items() if not {key, where} & wrong}
    return found


def _fault(model: Any, problem: Any, where: str) -> Fault:
    """One problem of pydantic's in our words."""
    key = ".".join([where, *map(str, problem["loc"])])
    kind, message = problem["type"], problem["msg"]
    if kind == "extra_forbidden":
        return unknown(key, str(problem["loc"][-1]), _fields(model, problem["loc"][:-1]))
    if kind == "missing":
        return Fault(key, "is missing", remedy="give it a value")
    if kind == "value_error":
        return Fault(key, message.removeprefix("Value error, "))
    if kind == "literal_error":
        return Fault(key, f"is {problem['input']!r}", problem["ctx"]["expected"].replace("'", "").replace(" or ", ", "))
    if isinstance(problem["input"], float) and not math.isfinite(problem["input"]):
        return Fault(key, f"is {problem['input']}", "a number")
    allowed = WORDS.get(kind.partition("_")[0]) or message.removeprefix("Input should be ").partition(", ")[0]
    return Fault(key, f"is {problem['input']!r}", allowed)


def _fields(model: Any, path: Sequence[Any]) -> list[str]:
    """The keys of a model, or of the model that `path` leads to in it, as they are written in YAML."""
    for part in path:
        info = getattr(model, "model_fields", {}).get(part)
        if info is not None and inspect.isclass(info.annotation):
            model = info.annotation
    return [info.alias or name for name, info in getattr(model, "model_fields", {}).items()]


def _mapping(where: str, given: Any, faults: list[Fault]) -> dict[str, Any]:
    if given is None or isinstance(given, Mapping):
        return dict(given or {})
    faults.append(Fault(where, f"is {given!r}", f"a mapping: {where}.KEY=VALUE"))
    return {}


def _area(result: Configuration, faults: list[Fault]) -> None:
    from scenarios.areas import TYPES

    kind = result.area.get("type")
    if kind not in TYPES:
        faults.append(Fault("area.type", f"is {kind!r}", ", ".join(TYPES), close_to(str(kind), list(TYPES))))
        return
    ranges = {"town": {"citizens": (1_000, 1_000_000), "seed": (0, 2**63 - 1)}}.get(kind, {})
    if kind == "folder" and (not isinstance(result.area.get("path"), str) or result.area["path"] == "???"):
        faults.append(Fault("area.path", "is missing", "a path, as text", "choose it with area=path/to/area"))
    for key, value in result.area.items():
        if key in ranges:
            low, high = ranges[key]
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                faults.append(Fault(f"area.{key}", f"is {value!r}", f"a whole number from {low:,} to {high:,}"))
        elif key == "sample":
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value <= 1.0:
                faults.append(Fault("area.sample", f"is {value!r}", "a share of the people, above 0 and at most 1"))
        elif key != "type" and kind == "town":
            faults.append(unknown(f"area.{key}", key, [*ranges, "sample"]))


def _measures(result: Configuration, faults: list[Fault]) -> None:
    """Every measure and every alternative is checked; those of the run's alternative are taken."""
    scenario, chosen = result.scenario, result.run.alternative
    groups = {"measures": scenario.measures}
    groups |= {f"alternatives.{name}": measures for name, measures in scenario.alternatives.items()}
    if chosen and chosen not in scenario.alternatives:
        names = list(scenario.alternatives)
        faults.append(
            Fault(
                "run.alternative",
                f"the scenario has no alternative {chosen!r}",
                ", ".join(names) or "none: it has no alternatives",
                close_to(chosen, names),
            )
        )
    for group, measures in groups.items():
        for name, given in measures.items():
            where = f"scenario.{group}.{name}"
            if group != "measures" and name in scenario.measures:
                faults.append(
                    Fault(
                        where,
                        "has the name of a measure of the scenario, and both are in force",
                        remedy="give it a name of its own",
                    )
                )
            measure = _measure(given, where, result.run.days, faults)
            if measure is not None and group in ("measures", f"alternatives.{chosen}"):
                result.measures[name] = measure


def _measure(given: Mapping[str, Any], where: str, days: float, faults: list[Fault]) -> Any:
    kind = given.get("type")
    if not isinstance(kind, str):
        known = ", ".join(sorted(registry.names("measures")))
        faults.append(Fault(f"{where}.type", "is missing" if kind is None else f"is {kind!r}", known))
        return None
    try:
        found = registry.find("measures", kind, f"{where}.type")
    except InputError as error:
        faults += error.faults
        return None
    measure = checked(found, {k: v for k, v in given.items() if k != "type"}, where, faults)
    if measure is not None and measure.begins() >= days * day:
        faults.append(
            Fault(
                f"{where}.from",
                "is not before the end of the run",
                f"a time in the {days:g} days of the run",
                "simulate more with run.days, or begin earlier",
            )
        )
    return measure


def _domain(result: Configuration, name: str, given: Any, faults: list[Fault]) -> None:
    if given is None or given is False:
        return
    given = {"type": given} if isinstance(given, str) else given
    if not isinstance(given, Mapping) or not isinstance(given.get("type", name), str):
        faults.append(
            Fault(f"domain.{name}", f"is {given!r}", "the name of a domain, my_file.py:Class, or null to leave it out")
        )
        return
    try:
        found = registry.find("domains", given.get("type", name), f"domain.{name}")
    except InputError as error:
        faults += error.faults
        return
    found.name = found.name or name
    settings = {key: value for key, value in given.items() if key != "type"} | _overridden(result, name, faults)
    if found.Config is None:
        faults += [unknown(f"domain.{name}.{key}", key, []) for key in settings]
        config = None
    else:
        config = checked(found.Config, settings, f"domain.{name}", faults)
    result.domains[name] = (found, config)


def _overridden(result: Configuration, domain: str, faults: list[Fault]) -> dict[str, Any]:
    """The settings of a domain that the measures change; two measures may not change the same one."""
    settings: dict[str, Any] = {}
    by: dict[str, str] = {}
    for name, measure in result.measures.items():
        for key, value in measure.settings(domain).items():
            if key in settings and settings[key] != value:
                faults.append(
                    Fault(
                        f"measure {name}",
                        f"sets domain.{domain}.{key}, as the measure {by[key]} does",
                        remedy="leave one out",
                    )
                )
            settings[key], by[key] = value, name
    return settings


def _couplings(result: Configuration, faults: list[Fault]) -> None:
    """Every domain that is read is in the run, every name is there once, and what is cut exists."""
    from twin.coupling import couplings

    keys = {found.name: key for key, (found, _) in result.domains.items()}
    for key, (found, _) in result.domains.items():
        if keys[found.name] != key:
            faults.append(
                Fault(
                    f"domain.{key}",
                    f"has the name {found.name!r}, as domain.{keys[found.name]}",
                    remedy="give one of the classes another `name`",
                )
            )
        read = [what for carried in couplings([found]).values() for what in carried]
        for owner in sorted({what.partition(".")[0] for what in read} - keys.keys()):
            whats = ", ".join(sorted(what for what in read if what.startswith(f"{owner}.")))
            faults.append(
                Fault(
                    f"domain.{key}",
                    f"reads {whats}, but the run has no domain {owner!r}",
                    remedy=f"keep domain.{owner}, or leave out {key} as well with ~domain.{key}",
                )
            )
    known = sorted(couplings([found for found, _ in result.domains.values()]))
    faults += [
        Fault("run.cut", f"no coupling is called {name!r}", ", ".join(known), close_to(name, known))
        for name in result.run.cut
        if name not in known
    ]
