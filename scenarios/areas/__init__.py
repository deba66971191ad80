"""Areas: built from open data or generated. `build(type_name, **options)` finds the builder by its type name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.errors import Fault, InputError, nearest

if TYPE_CHECKING:
    from twin.area import Area
    from twin.recording import Run

# type name -> module and function; imported only when used
TYPES: dict[str, str] = {
    "town": "scenarios.areas.town:generate_town",
    "place": "scenarios.areas.place:build_place",
    "roads": "scenarios.areas.roads_only:build_roads",
    "folder": "scenarios.areas:read_folder",
}


def build(type_name: str, **options: Any) -> Area:
    """The area of that type with `options` for its builder; of any type, `sample` keeps that share of its people.

    Raises InputError for an unknown type or option, with the nearest names.
    """
    import inspect

    if type_name not in TYPES:
        raise InputError(
            Fault(
                "area.type",
                f"unknown type {type_name!r}",
                ", ".join(TYPES),
                f"did you mean {nearest(type_name, list(TYPES)) or 'town'}?",
            )
        )
    share = options.pop("sample", 1.0)
    builder = _load(TYPES[type_name])
    known = [*inspect.signature(builder).parameters, "sample"]
    faults = [
        Fault(f"area.{o}", "unknown option", ", ".join(known), f"did you mean {nearest(o, known) or known[0]}?")
        for o in options
        if o not in known
    ]
    if faults:
        raise InputError(faults)
    area = builder(**options)
    if share == 1.0:
        return area  # type: ignore[no-any-return]
    from scenarios.areas.sample import sample

    return sample(area, share, int(options.get("seed", 1)))


def area_of(run: Run, whole: bool = False) -> Area:
    """The area of a run: as the run keeps it, without people; where it does not, or `whole` is wanted, built again.

    Raises InputError where the manifest does not say how.
    """
    from twin.area import read_area

    if not whole and (run.folder / "area" / "area.json").is_file():
        return read_area(run.folder / "area")
    about = run.manifest.get("area")
    path = about.get("path") if isinstance(about, dict) else None
    if not isinstance(path, dict) or "type" not in path:
        raise InputError(
            Fault(f"{run.folder}/manifest.json", "names no area", "a run folder of this version", "run it again")
        )
    options = dict(path)
    return build(options.pop("type"), **options)


def read_folder(path: str | Path) -> Area:
    """The area that was written to the folder `path`."""
    from twin.area import read_area

    return read_area(path)


def _load(spec: str) -> Callable[..., Any]:
    module, function = spec.split(":")
    return getattr(import_module(module), function)  # type: ignore[no-any-return]


# builders of tables that belong to a domain: called once the place itself stands
DOMAIN_BUILDERS = {"grid": "agents.grid.build:build_grid"}


def finish(area: Area, lots: dict[str, Any] | None = None) -> Area:
    """Add parking places, and the tables of the domains that can build their own for any area.

    lots : car parks that a source shows, see `parking.parking_places`
    A domain that is not installed adds no table.
    """
    from scenarios.areas import parking

    area.put("parking", parking.parking_places(area, lots))
    if len(area.parking):
        area.facts.setdefault("assumptions", {}).update(parking.ASSUMPTIONS)
        if "buildings" in area.sources:
            area.sources["parking"] = area.sources["buildings"]
    area.facts["domains_built"] = []
    for domain, spec in DOMAIN_BUILDERS.items():
        module = spec.split(":")[0]
        try:
            there = find_spec(module) is not None
        except ModuleNotFoundError:
            there = False
        if not there:
            continue
        for table, columns in _load(spec)(area).items():
            area.put(table, columns)
        area.facts["domains_built"].append(domain)
    return area
