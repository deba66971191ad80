"""YAML files: scenarios of the user's own, with the line of what YAML would read otherwise than it was meant, and the
configuration that a run wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scenarios.overrides import first_line
from twin.errors import Fault, InputError

KEYS = "title, question, area, base, measures, alternatives, watch"
# what YAML 1.1 makes a number of another base: 17:00 is 1020, 0503 is 323
_MISREAD = re.compile(r"[-+]?(?:\d+(?::\d+)+|0[0-9_]+)")


def read_scenario(path: str | Path) -> dict[str, Any]:
    """The mapping in a scenario file. Raises InputError with every fault and its line."""
    import yaml
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        if not isinstance(yaml.compose(text, Loader=yaml.SafeLoader), yaml.MappingNode):
            raise InputError(Fault(str(path), "is not a mapping", KEYS, "write key: value, one to a line"))
        faults = [
            Fault(
                f"{path}, line {line}",
                f"{raw} without quotes is the number {number} in YAML",
                "a text or a plain number",
                f'write "{raw}" with quotes',
            )
            for line, raw, number in _misread(text)
        ]
        if faults:
            raise InputError(faults)
        return dict(OmegaConf.to_container(OmegaConf.create(text)))  # type: ignore[arg-type]
    except OSError as error:
        raise InputError(
            Fault(
                str(path),
                f"cannot be read ({error.strerror or error})",
                "a scenario in YAML",
                "check the path, or see `twin list scenarios`",
            )
        ) from error
    except (yaml.YAMLError, OmegaConfBaseException, ValueError, RecursionError) as error:
        raise InputError(Fault(_place(path, error), f"is no YAML ({_problem(error)})", "a scenario in YAML")) from error


def read_plain(folder: Path) -> dict[str, Any]:
    """The configuration in config.yaml of a run or an experiment, as nested dicts; empty where there is none.

    Raises InputError where it cannot be read.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    file = folder / "config.yaml"
    if not file.is_file():
        return {}
    try:
        plain = OmegaConf.to_container(OmegaConf.load(file), resolve=True)
    except (OSError, YAMLError, OmegaConfBaseException, ValueError, RecursionError) as error:
        raise InputError(
            Fault(str(file), f"cannot be read ({first_line(error)})", "the configuration as the run wrote it")
        ) from error
    return {str(key): value for key, value in plain.items()} if isinstance(plain, dict) else {}


def _misread(text: str) -> Iterator[tuple[int, str, Any]]:
    """(line, text, number) of each unquoted scalar that YAML takes for a number of another base."""
    import yaml

    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.ScalarToken) and token.plain and _MISREAD.fullmatch(token.value):
            number = yaml.safe_load(token.value)
            if not isinstance(number, str):
                yield token.start_mark.line + 1, token.value, number


def _place(path: Path, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"{path}, line {mark.line + 1}" if mark else str(path)


def _problem(error: Exception) -> str:
    return str(getattr(error, "problem", None) or first_line(error))
