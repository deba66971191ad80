"""Names to classes: built-in ones, those of installed packages (entry points), and a user's own loose file on request.

YAML holds names only. A text "file.py:Class" is code of the user's own, which he names on the command line or in his
own configuration.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from twin.errors import Fault, InputError, nearest

DOMAINS = {
    "weather": "agents.weather.domain:Weather",
    "citizens": "agents.citizens.domain:Citizens",
    "vehicles": "agents.vehicles.domain:Vehicles",
    "transit": "agents.transit.domain:Transit",
    "grid": "agents.grid.domain:Grid",
    "care": "agents.care.domain:Care",
}
MEASURES = {
    "battery_backup": "scenarios.measures.backup:BatteryBackup",
    "asset_failure": "scenarios.measures.failure:AssetFailure",
    "close_street": "scenarios.measures.closure:CloseStreet",
    "speed_limit": "scenarios.measures.speed:SpeedLimit",
    "road_works": "scenarios.measures.works:RoadWorks",
    "one_way": "scenarios.measures.oneway:OneWay",
    "car_free_zone": "scenarios.measures.carfree:CarFreeZone",
    "bus_lane": "scenarios.measures.buslane:BusLane",
    "signal_plan": "scenarios.measures.signalplan:SignalPlan",
    "new_link": "scenarios.measures.newlink:NewLink",
    "electric_cars": "scenarios.measures.electric:ElectricCars",
}


def names(kind: str) -> dict[str, str]:
    """Every known name of a kind ("domains" or "measures") and where its class is."""
    builtin = {"domains": DOMAINS, "measures": MEASURES}[kind]
    return builtin | {point.name: point.value for point in entry_points(group=f"area_twin.{kind}")}


def find(kind: str, name: str, where: str) -> Any:
    """The class behind `name`. Raises InputError, with `where` it was asked and the nearest names."""
    known = names(kind)
    if name in known:
        module, _, attribute = known[name].partition(":")
        return getattr(importlib.import_module(module), attribute)
    if ".py:" not in name:
        close = nearest(name, list(known))
        raise InputError(
            Fault(
                where,
                f"unknown type {name!r}",
                ", ".join(sorted(known)) + ", or my_file.py:Class",
                f"did you mean {close}?" if close else "",
            )
        )
    return _from_file(name, where, _base(kind))


def _base(kind: str) -> type:
    """What every class of a kind inherits."""
    if kind == "domains":
        from twin.domain import Domain

        return Domain
    from scenarios.measures.measure import Measure

    return Measure


def _from_file(name: str, where: str, base: type) -> Any:
    text, _, attribute = name.rpartition(":")
    path = Path(text).resolve()
    if not path.is_file():
        raise InputError(Fault(where, f"{text} is not a file", "path/to/file.py:Class", "check the path"))
    module_name = f"_loose_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the code of a user's file may raise anything
        raise InputError(
            Fault(
                where,
                f"{place_in(error, path)} cannot be imported: {type(error).__name__}: {error}",
                remedy="correct the file",
            )
        ) from error
    found = getattr(module, attribute, None)
    if isinstance(found, type) and issubclass(found, base):
        return found
    classes = [
        n
        for n, v in vars(module).items()
        if isinstance(v, type) and issubclass(v, base) and v.__module__ == module_name
    ]
    what = f"{text} has no class {attribute!r}" if found is None else f"{attribute} of {text} is no {base.__name__}"
    raise InputError(
        Fault(
            where,
            what,
            ", ".join(f"{text}:{n}" for n in classes) or f"a class that inherits twin's {base.__name__}",
            f"did you mean {nearest(attribute, classes)}?" if nearest(attribute, classes) else "",
        )
    )


def place_in(error: BaseException, path: Path) -> str:
    """`path:line` of the deepest line of the file `path` in an exception's traceback, or of a syntax error in it."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).resolve() == path]
    line = (
        error.lineno if isinstance(error, SyntaxError) and error.filename == str(path) else lines[-1] if lines else None
    )
    return f"{path}:{line}" if line else str(path)
