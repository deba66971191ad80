"""`key=value` texts of the command line, read with Hydra's grammar; every fault in them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twin.errors import Fault


@dataclass(frozen=True)
class Override:
    """One change of the configuration: `key=value`, `+key=value` (add) or `~key` (delete)."""

    text: str
    key: str
    value: Any
    delete: bool = False


def parse(texts: Sequence[str], scenarios: Sequence[str] = ()) -> tuple[list[Override], list[Fault]]:
    """The overrides that can be read, and a fault for each that cannot or whose key is given twice.

    scenarios : names of scenarios, for who writes `outage` and means `scenario=outage`
    """
    found: dict[str, Override] = {}
    faults = []
    for text in texts:
        override = _parse_one(text, scenarios)
        if isinstance(override, Fault):
            faults.append(override)
        elif override.key in found:
            faults.append(
                Fault(override.key, f"is given twice: {found[override.key].text} and {text}", remedy="leave one out")
            )
        else:
            found[override.key] = override
    return list(found.values()), faults


def _parse_one(text: str, scenarios: Sequence[str]) -> Override | Fault:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    if "=" not in text and not text.startswith("~"):
        meant = f"scenario={text}" if text in scenarios or text.endswith((".yaml", ".yml")) else f"{text}=VALUE"
        return Fault(text, "is not key=value", "as area.citizens=5000", f"write {meant}")
    try:
        parsed = OverridesParser.create().parse_override(text)
        value = None if parsed.is_sweep_override() else parsed.value()
    except HydraException as error:  # of the parser, and of functions such as int(x)
        return Fault(
            text,
            f"cannot be read ({first_line(error)})",
            "key=value",
            f"put quotes round a value with special characters, as \"{text.partition('=')[0]}='...'\"",
        )
    key = parsed.key_or_group
    if parsed.is_sweep_override():
        return Fault(key, f"has several values in {text}", "one value", f"for a list write {key}=[...]")
    if parsed.package or not all(key.split(".")):
        return Fault(text, "is no key of the configuration", "as area.citizens=5000")
    return Override(text, key, value, parsed.is_delete())


def first_line(error: BaseException) -> str:
    """The first line of an exception's message, or its type where it has none."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
