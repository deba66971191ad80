"""Names to classes: built-in ones, those of installed packages (entry points), and a user's own loose file on request.

YAML holds names only. A text "file.py:Class" is code of the user's own, which he names on the command line or in his
own configuration.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from twin.errors import Fault, InputError, nearest

DOMAINS = {
    "weather": "agents.weather.domain:Weather",
    "citizens": "agents.citizens.domain:Citizens",
    "vehicles": "agents.vehicles.domain:Vehicles",
    "grid": "agents.grid.domain:Grid",
    "care": "agents.care.domain:Care",
}
MEASURES = {
    "asset_failure": "scenarios.measures.failure:AssetFailure",
    "close_street": "scenarios.measures.closure:CloseStreet",
    "electric_cars": "scenarios.measures.electric:ElectricCars",
}


def names(kind: str) -> dict[str, str]:
    """Every known name of a kind ("domains" or "measures") and where its class is."""
    builtin = {"domains": DOMAINS, "measures": MEASURES}[kind]
    return builtin | {point.name: point.value for point in entry_points(group=f"area_twin.{kind}")}


def find(kind: str, name: str, where: str) -> Any:
    """The class behind `name`. Raises InputError, with `where` it was asked and the nearest names."""
    known = names(kind)
    if ".py:" in name:
        return _from_file(name, where)
    if name not in known:
        close = nearest(name, list(known))
        raise InputError(Fault(where, f"unknown type {name!r}", ", ".join(sorted(known)) + ", or my_file.py:Class",
                               f"did you mean {close}?" if close else ""))
    module, _, attribute = known[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def _from_file(name: str, where: str) -> Any:
    text, _, attribute = name.rpartition(":")
    path = Path(text).resolve()
    if not path.is_file():
        raise InputError(Fault(where, f"{text} is not a file", "path/to/file.py:Class"))
    module_name = f"_loose_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise InputError(Fault(where, f"{text} cannot be imported: {type(error).__name__}: {error}")) from error
    if not hasattr(module, attribute):
        classes = [n for n, v in vars(module).items() if isinstance(v, type) and v.__module__ == module_name]
        raise InputError(Fault(where, f"{text} has no {attribute!r}", ", ".join(classes)))
    return getattr(module, attribute)
