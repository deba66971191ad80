"""From `key=value` to a validated configuration: overrides checked first, then composed by Hydra, then by pydantic.

All faults are reported at once, each with its key, its value, what is allowed and the nearest name.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scenarios import registry
from scenarios.schema import RunConfig, ScenarioConfig
from twin.errors import Fault, InputError, nearest

GROUPS = ("area", "domain", "scenario")


@dataclass
class Configuration:
    """A whole configuration: `plain` as nested dicts and lists, and its validated parts.

    area     : options of the area builder, with its `type`
    domains  : name -> (class, validated config or None), in coupling order
    measures : name -> measure
    """

    plain: dict[str, Any]
    run: RunConfig
    scenario: ScenarioConfig
    scenario_name: str
    area: dict[str, Any]
    domains: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    measures: dict[str, Any] = field(default_factory=dict)


def compose(overrides: Sequence[str], config_dir: str | None = None) -> Configuration:
    """The configuration that `overrides` ("key=value") make. Raises InputError with every fault."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_module
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    GlobalHydra.instance().clear()
    extra = [f"hydra.searchpath=[file://{Path(config_dir).resolve()}]"] if config_dir else []
    with initialize_config_module("configs", version_base="1.3"):
        plan = _Overrides(overrides)
        plan.take_files()
        try:
            base = hydra_compose("config", overrides=[*plan.groups, *extra])
        except HydraException as error:
            raise InputError(Fault("configuration", _cause(error))) from error
        if plan.scenario_file:
            OmegaConf.set_struct(base, False)
            base.scenario = _load_yaml(plan.scenario_file)
        known = OmegaConf.to_container(base, resolve=False)
        faults = plan.drop_unknown(known)
        try:
            config = base if plan.scenario_file else hydra_compose("config", overrides=[*plan.groups, *plan.values, *extra])
            if plan.scenario_file:
                for key, value in plan.pairs:
                    OmegaConf.update(config, key, value, force_add=True)
            plain = OmegaConf.to_container(config, resolve=True)
        except (HydraException, OmegaConfBaseException) as error:
            raise InputError(Fault("configuration", _cause(error))) from error
    if not isinstance(plain, dict):
        raise InputError(Fault("configuration", "is not a mapping"))
    return validate(plain, plan.scenario_name, faults)


def validate(plain: dict[str, Any], scenario_name: str = "", before: Sequence[Fault] = ()) -> Configuration:
    """Validate a resolved configuration (as in a run's config.yaml). Raises InputError with every fault.

    before : faults that were found while it was composed; they are raised together with the others
    """
    faults: list[Fault] = list(before)
    unknown = [Fault(key, "unknown key", "run, area, domain, scenario", _close(key, ["run", *GROUPS]))
               for key in plain if key not in ("run", *GROUPS)]
    faults += unknown
    run = _model(RunConfig, plain.get("run", {}), "run", faults)
    scenario = _model(ScenarioConfig, plain.get("scenario", {}), "scenario", faults)
    result = Configuration(plain, run or RunConfig(), scenario or ScenarioConfig(), scenario_name, dict(plain.get("area", {})))
    _area(result, faults)
    if scenario is not None:
        _measures(result, faults)
    for name, given in plain.get("domain", {}).items():
        _domain(result, name, given, faults)
    if faults:
        raise InputError(faults)
    return result


class _Overrides:
    """The user's overrides, sorted into group choices and values."""

    def __init__(self, overrides: Sequence[str]) -> None:
        from hydra.core.override_parser.overrides_parser import OverridesParser
        from hydra.errors import OverrideParseException

        self.groups: list[str] = []
        self.values: list[str] = []
        self.pairs: list[tuple[str, Any]] = []
        self.keys: list[tuple[str, bool]] = []
        self.scenario_name, self.scenario_file = "weekday", ""
        self.area_given = False
        parser, faults = OverridesParser.create(), []
        for text in overrides:
            if "=" not in text and not text.startswith("~"):
                faults.append(Fault(text, "is not key=value", "as in area.citizens=5000", f"write {text}=VALUE"))
                continue
            try:
                parsed = parser.parse_override(text)
            except OverrideParseException as error:
                faults.append(Fault(text, "cannot be read: " + str(error).splitlines()[0], "key=value; quote special characters"))
                continue
            self._sort(text, parsed)
        if faults:
            raise InputError(faults)

    def _sort(self, text: str, parsed: Any) -> None:
        key, value = parsed.key_or_group, parsed.value()
        if key == "scenario" and str(value).endswith((".yaml", ".yml")):
            self.scenario_file, self.scenario_name = str(value), Path(str(value)).stem
        elif key == "area" and ("/" in str(value) or Path(str(value)).is_dir()):
            self.groups.append("area=folder")
            self.values.append(f"area.path='{value}'")
            self.pairs.append(("area.path", str(value)))
            self.keys.append(("area.path", False))
            self.area_given = True
        elif key in GROUPS:
            self.groups.append(text)
            self.area_given |= key == "area"
            if key == "scenario":
                self.scenario_name = str(value)
        elif key.startswith("domain.") and key.count(".") == 1 and isinstance(value, str):
            self.values.append(f"{text.partition('=')[0]}={{type: '{value}'}}")
            self.pairs.append((key, {"type": value}))
            self.keys.append((key, parsed.is_add()))
        else:
            # a domain's own settings are new keys of the composed mapping, checked by its Config class
            opened = key.startswith(("domain.", "scenario.measures.")) and text[:1] not in "+~"
            self.values.append(f"++{text}" if opened else text)
            self.pairs.append((key, value))
            self.keys.append((key, parsed.is_add() or parsed.is_delete()))

    def take_files(self) -> None:
        """Let the scenario name its area, unless the user did."""
        area = None
        if self.scenario_file:
            area = _load_yaml(self.scenario_file).get("area")
        if area and not self.area_given:
            self._sort(f"area={area}", _Given("area", area))

    def drop_unknown(self, known: Any) -> list[Fault]:
        """Take out the overrides of keys that do not exist, before Hydra sees them; returns their faults."""
        faults, kept = [], []
        for number, (key, added) in enumerate(self.keys):
            fault = None if added or key.startswith("scenario.measures.") else _unknown(key, known)
            if fault:
                faults.append(fault)
            else:
                kept.append(number)
        self.values = [self.values[n] for n in kept]
        self.pairs = [self.pairs[n] for n in kept]
        return faults


def _unknown(key: str, known: Any) -> Fault | None:
    """A fault where `key` leads to nothing in the composed mapping `known`."""
    here, path = known, []
    for part in key.split("."):
        if not isinstance(here, dict) or part not in here:
            if path[:1] == ["domain"] and len(path) >= 2:
                return None  # a domain's settings are checked against its Config class
            names = [str(name) for name in here] if isinstance(here, dict) else []
            where = ".".join(path) or "the configuration"
            return Fault(key, f"unknown key: {where} has no {part!r}", ", ".join(names), _close(part, names))
        path.append(part)
        here = here[part]
    return None


@dataclass
class _Given:
    key_or_group: str
    given: Any

    def value(self) -> Any:
        """As Hydra's Override."""
        return self.given

    def is_add(self) -> bool:
        """As Hydra's Override."""
        return False


def _load_yaml(path: str) -> Any:
    from omegaconf import OmegaConf

    if not Path(path).is_file():
        raise InputError(Fault(path, "is not a file", "a scenario in YAML", "see `twin list scenarios`"))
    try:
        loaded = OmegaConf.to_container(OmegaConf.load(path), resolve=True)
    except Exception as error:  # PyYAML and OmegaConf raise many kinds; each is the user's file
        raise InputError(Fault(path, f"cannot be read: {str(error).splitlines()[0]}", "a scenario in YAML")) from error
    if not isinstance(loaded, dict):
        raise InputError(Fault(path, "is not a mapping", "title, question, area, base, measures, alternatives, watch"))
    return loaded


def _cause(error: BaseException) -> str:
    """The reason that Hydra keeps in the cause of its exception."""
    deepest: BaseException = error
    while deepest.__cause__ is not None:
        deepest = deepest.__cause__
    lines = [line.strip() for line in f"{error}\n{deepest if deepest is not error else ''}".splitlines() if line.strip()]
    return "; ".join(dict.fromkeys(lines))


def _close(name: str, names: Sequence[str]) -> str:
    close = nearest(name, [str(n) for n in names])
    return f"did you mean {close}?" if close else ""


def _model(model: Any, given: Any, where: str, faults: list[Fault]) -> Any:
    """`given` as a pydantic model, or None and its faults."""
    from pydantic import ValidationError

    try:
        return model.model_validate(given)
    except ValidationError as error:
        for problem in error.errors():
            key = ".".join([where, *map(str, problem["loc"])])
            if problem["type"] == "extra_forbidden":
                names = _fields(model, problem["loc"][:-1])
                faults.append(Fault(key, "unknown key", ", ".join(names), _close(str(problem["loc"][-1]), names)))
            else:
                message = problem["msg"].removeprefix("Value error, ")
                faults.append(Fault(key, f"is {problem['input']!r}", message[:1].lower() + message[1:]))
        return None


def _fields(model: Any, path: Sequence[Any]) -> list[str]:
    for part in path:
        info = getattr(model, "model_fields", {}).get(part)
        if info is not None and inspect.isclass(info.annotation):
            model = info.annotation
    return list(getattr(model, "model_fields", {}))


def _area(result: Configuration, faults: list[Fault]) -> None:
    from scenarios.areas import TYPES

    kind = result.area.get("type")
    if kind not in TYPES:
        faults.append(Fault("area.type", f"is {kind!r}", ", ".join(TYPES), _close(str(kind), list(TYPES))))
        return
    options = {k: v for k, v in result.area.items() if k != "type"}
    allowed = {"town": {"citizens": (1_000, 1_000_000), "seed": (0, 2**63 - 1)}, "folder": {"path": None}}.get(kind)
    for key, value in options.items():
        if allowed is not None and key not in allowed:
            faults.append(Fault(f"area.{key}", "unknown key", ", ".join(allowed), _close(key, list(allowed))))
        elif allowed is not None and allowed[key] is not None:
            low, high = allowed[key]
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                faults.append(Fault(f"area.{key}", f"is {value!r}", f"a whole number from {low:,} to {high:,}"))


def _measures(result: Configuration, faults: list[Fault]) -> None:
    groups = {"measures": result.scenario.measures}
    groups |= {f"alternatives.{name}": measures for name, measures in result.scenario.alternatives.items()}
    for group, measures in groups.items():
        for name, given in measures.items():
            where = f"scenario.{group}.{name}"
            try:
                found = registry.find("measures", str(given.get("type")), f"{where}.type")
            except InputError as error:
                faults += error.faults
                continue
            measure = _model(found, {k: v for k, v in given.items() if k != "type"}, where, faults)
            if measure is not None and group == "measures":
                result.measures[name] = measure


def _domain(result: Configuration, name: str, given: Any, faults: list[Fault]) -> None:
    if given is None or given is False:
        return
    if isinstance(given, str):
        given = {"type": given}
    try:
        found = registry.find("domains", str(given.get("type", name)), f"domain.{name}.type")
    except InputError as error:
        faults += error.faults
        return
    if not found.name:
        found.name = name
    settings = {k: v for k, v in given.items() if k != "type"}
    for measure in result.measures.values():
        settings |= measure.settings(name)
    if found.Config is None:
        faults += [Fault(f"domain.{name}.{key}", "unknown key", f"{name} has no settings") for key in settings]
        result.domains[name] = (found, None)
        return
    config = _model(found.Config, settings, f"domain.{name}", faults)
    result.domains[name] = (found, config)
