"""From `key=value` to a configuration: the groups composed by Hydra, the changes applied, then all of it validated.

All faults are reported at once, each with its key, its value, what is allowed and the nearest name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scenarios.files import read_scenario
from scenarios.overrides import Override, first_line, parse
from scenarios.validation import GROUPS, Configuration, close_to, validate
from twin.errors import Fault, InputError

__all__ = ["Configuration", "compose", "scenario_names", "validate"]


def compose(overrides: Sequence[str] = (), config_dir: str | None = None) -> Configuration:
    """The configuration that `overrides` ("key=value") make. Raises InputError with every fault.

    config_dir : a folder with configuration groups of the user's own (area/, domain/, scenario/), before the built-in
    """
    from hydra import initialize_config_module
    from hydra.core.global_hydra import GlobalHydra

    if config_dir and not Path(config_dir).is_dir():
        raise InputError(
            Fault("--config-dir", f"{config_dir} is not a folder", "a folder with area/, domain/ or scenario/")
        )
    GlobalHydra.instance().clear()
    with initialize_config_module("configs", version_base="1.3"):
        groups = _Groups(config_dir)
        changes, faults = parse(overrides, groups.options["scenario"])
        changes = [change for change in changes if not groups.take(change, faults)]
        config = groups.compose()
    _apply(config, changes, faults)
    return validate(_plain(config, faults), groups.scenario_name, faults)


def scenario_names() -> list[str]:
    """The names of the built-in scenarios."""
    from importlib.resources import files

    return sorted(
        Path(item.name).stem for item in files("configs").joinpath("scenario").iterdir() if item.name.endswith(".yaml")
    )


class _Groups:
    """The choices of configuration groups: area=..., domain=... and scenario=...; a path takes the user's own."""

    def __init__(self, config_dir: str | None) -> None:
        from hydra.core.global_hydra import GlobalHydra

        self.search = [f"hydra.searchpath=['file://{Path(config_dir).resolve()}']"] if config_dir else []
        loader = GlobalHydra.instance().config_loader()
        self.options = {
            group: loader.get_group_options(group, config_name="config", overrides=self.search) for group in GROUPS
        }
        self.chosen: dict[str, str] = {}
        self.refused: set[str] = set()
        self.area_path = ""
        self.scenario_name, self.scenario_file = "weekday", ""

    def take(self, change: Override, faults: list[Fault]) -> bool:
        """Take a choice of a group; False where `change` changes a value. A refused choice takes its values with it."""
        if change.key not in GROUPS or change.delete:
            return change.key.partition(".")[0] in self.refused
        value = "" if change.value is None else str(change.value)
        if change.key == "scenario" and value.endswith((".yaml", ".yml")):
            self.scenario_file, self.scenario_name = value, Path(value).stem
        else:
            self._choose(change.key, value, faults)
        return True

    def _choose(self, group: str, value: str, faults: list[Fault], where: str = "") -> None:
        if group == "area" and value and value not in self.options["area"] and ("/" in value or Path(value).is_dir()):
            self.chosen["area"], self.area_path = "folder", value
        elif value in self.options[group]:
            self.chosen[group] = value
            self.scenario_name = value if group == "scenario" else self.scenario_name
        else:
            self.refused.add(group)
            also = {"area": ", or path/to/area", "scenario": ", or path/to/plan.yaml"}.get(group, "")
            faults.append(
                Fault(
                    where or group,
                    f"unknown {group} {value!r}",
                    ", ".join(self.options[group]) + also,
                    close_to(value, self.options[group]),
                )
            )

    def compose(self) -> Any:
        """The composed groups, with the scenario's own area unless another was chosen. Raises InputError."""
        from omegaconf import OmegaConf

        config = self._hydra()
        if self.scenario_file:
            OmegaConf.set_struct(config, False)
            config.scenario = read_scenario(self.scenario_file)
        area, faults = OmegaConf.select(config, "scenario.area"), list[Fault]()
        if area and "area" not in self.chosen and "area" not in self.refused:
            scenario = config.scenario
            self._choose("area", str(area), faults, "scenario.area")
            if faults:
                raise InputError(faults)
            config = self._hydra()
            OmegaConf.set_struct(config, False)
            config.scenario = scenario
        if self.area_path:
            config.area.path = self.area_path
        OmegaConf.set_struct(config, False)
        return config

    def _hydra(self) -> Any:
        from hydra import compose as hydra_compose
        from hydra.errors import HydraException
        from omegaconf.errors import OmegaConfBaseException
        from yaml import YAMLError

        try:
            return hydra_compose("config", overrides=[*(f"{g}={v}" for g, v in self.chosen.items()), *self.search])
        except (HydraException, OmegaConfBaseException, YAMLError) as error:
            raise InputError(
                Fault("configuration", _cause(error), remedy="correct the YAML file of that group")
            ) from error


def _apply(config: Any, changes: Sequence[Override], faults: list[Fault]) -> None:
    """Apply the changes of values in place; what cannot be applied becomes a fault."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    for change in changes:
        owner, _, last = change.key.rpartition(".")
        value = change.value
        if owner == "domain" and isinstance(value, str):  # domain.mine=my_file.py:Mine
            value = {"type": value}
        try:
            if not change.delete:
                OmegaConf.update(config, change.key, value, merge=True)
                continue
            holder = OmegaConf.select(config, owner) if owner else config
            if not isinstance(holder, Mapping) or last not in holder:
                names = [str(name) for name in holder] if isinstance(holder, Mapping) else []
                faults.append(Fault(change.text, "there is nothing to delete", ", ".join(names), close_to(last, names)))
            else:
                del holder[last]
        except (OmegaConfBaseException, AssertionError, TypeError, ValueError, AttributeError) as error:
            faults.append(
                Fault(change.key, f"cannot be set to {change.value!r} ({first_line(error)})", "a key of a mapping")
            )


def _plain(config: Any, faults: list[Fault]) -> dict[str, Any]:
    """The configuration as nested dicts, interpolations resolved."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        return dict(OmegaConf.to_container(config, resolve=True))
    except OmegaConfBaseException as error:
        where = str(getattr(error, "full_key", "") or "configuration")
        raise InputError([*faults, Fault(where, first_line(error), "a value, or ${another.key}")]) from error


def _cause(error: BaseException) -> str:
    """The reason that Hydra keeps in the cause of its exception."""
    deepest: BaseException = error
    while deepest.__cause__ is not None:
        deepest = deepest.__cause__
    return "; ".join(dict.fromkeys(line.strip() for line in f"{error}\n{deepest}".splitlines() if line.strip()))
