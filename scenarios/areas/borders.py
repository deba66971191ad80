"""Which municipality and districts an area is made of: found by code or name, with their borders and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenarios.areas import statistics, zones
from scenarios.areas.coordinates import DEGREES
from scenarios.areas.energy import Energy, read_energy
from scenarios.areas.ground import reproject
from twin.errors import Fault, InputError


@dataclass(frozen=True)
class Municipality:
    """The municipality that an area is, or is a part of: its border in degrees, figures and energy figures."""

    code: str
    name: str
    border: Any
    figures: Mapping[str, float | None]
    energy: Energy | None

    @property
    def cars_per_resident(self) -> float | None:
        """Passenger cars per inhabitant, where the energy figures say it."""
        if self.energy is None or not self.energy.inhabitants or not self.energy.cars:
            return None
        return self.energy.cars / self.energy.inhabitants

    def facts(self) -> dict[str, Any]:
        """What the area keeps of it, for its checks and its page."""
        told: dict[str, Any] = {"code": self.code, "name": self.name, "figures": dict(self.figures)}
        if self.energy is not None:
            told["energy"] = {
                "year": self.energy.year,
                "dwellings": int(self.energy.dwellings.sum()),
                "inhabitants": self.energy.inhabitants,
                "cars": self.energy.cars,
            }
        return told


def find_town(published: statistics.Zones | None, wanted: str | None, energy: str | Path | None) -> Municipality | None:
    """The municipality named; None where none is. Raises InputError where it cannot be found."""
    if wanted is None:
        if energy is not None:
            raise InputError(
                Fault("--energy", "needs the municipality", "a code or name", "name it with --municipality GM0503")
            )
        return None
    if published is None:
        raise InputError(
            Fault(
                "--municipality",
                f"{wanted!r} cannot be looked up",
                "district figures with borders",
                "name their folder or file with --stats",
            )
        )
    code = statistics.find_municipality(published, wanted)
    inside = [z for z in published if z.municipality_code == code]
    whole = next((z for z in inside if z.level == "municipality"), None)
    shaped = [z for z in inside if z.shape is not None and (whole is None or whole.shape is None or z is whole)]
    if not shaped:
        raise InputError(
            Fault(
                "--municipality",
                f"{code} has no border in the statistics",
                "borders, as in the Wijk- en buurtkaart",
                "add the file with borders to --stats",
            )
        )
    border = _union([reproject(z.shape, z.crs, DEGREES) for z in shaped])
    figures = whole.figures if whole else {}
    name = whole.name if whole else next((z.municipality for z in inside if z.municipality), code)
    return Municipality(code, name, border, figures, read_energy(energy, code) if energy is not None else None)


def districts_in(
    published: statistics.Zones | None, town: Municipality | None, outline: Any, crs: str, parts: bool = False
) -> list[zones.District]:
    """The districts with a border, in `crs`: those of the municipality, or all, that touch `outline` (in `crs`).

    parts : take the published neighbourhoods of a district instead of the whole, where there are any; a figure that a
        neighbourhood lacks is its district's, if that is a share or a mean
    """
    import shapely

    if published is None:
        return []
    rows = [z for z in published if z.level == "district" and z.shape is not None]
    whole = {z.code: z for z in published if z.level == "district"}
    if parts:
        inner = [z for z in published if z.level == "neighbourhood" and z.shape is not None]
        divided = {_district_of(z) for z in inner}
        rows = [z for z in rows if z.code not in divided] + inner
    if town is not None:
        rows = [z for z in rows if z.municipality_code == town.code]
    found = []
    for system in sorted({z.crs for z in rows}):
        here = [z for z in rows if z.crs == system]
        near = reproject(outline, crs, system)
        shapely.prepare(near)
        here = [z for z in here if shapely.intersects(near, z.shape)]
        shapes = [reproject(z.shape, system, crs) for z in here]
        found += [_district(z, s, whole.get(_district_of(z))) for z, s in zip(here, shapes, strict=True)]
    if not found:
        published.account.notes.append("none of its districts touches the area")
    return sorted(found, key=lambda d: d.code)


COUNTS = ("population", "dwellings", "households", "cars", "area_km2")  # figures that are no share or mean


def _district_of(zone: statistics.Zone) -> str:
    """Code of the district of a neighbourhood (BU05030101 lies in WK050301); a district's own."""
    return f"WK{zone.code[2:8]}"


def _district(zone: statistics.Zone, shape: Any, whole: statistics.Zone | None) -> zones.District:
    if zone.level == "district":
        return zones.District(zone.code, zone.name, shape, zone.figures)
    figures = dict(zone.figures)
    for name, value in (whole.figures if whole else {}).items():
        if figures.get(name) is None and name not in COUNTS:
            figures[name] = value
    of = (_district_of(zone), whole.name if whole else _district_of(zone))
    return zones.District(zone.code, zone.name, shape, figures, of=of)


def land_around(published: statistics.Zones, town: Municipality | None, outline: Any, crs: str, reach: float) -> Any:
    """The land of other municipalities within `reach` metres of the outline, in `crs`; None where none is published."""
    import shapely

    near = shapely.buffer(outline, reach)
    rows = [
        z
        for z in published
        if z.level == "municipality" and z.shape is not None and (town is None or z.code != town.code)
    ]
    parts = []
    for system in sorted({z.crs for z in rows}):
        there = reproject(near, crs, system)
        shapely.prepare(there)
        shapes = [z.shape for z in rows if z.crs == system and shapely.intersects(there, z.shape)]
        parts += [shapely.intersection(reproject(s, system, crs), near) for s in shapes]
    return shapely.union_all(parts) if parts else (shapely.Polygon() if rows else None)


def _union(shapes: Sequence[Any]) -> Any:
    """One geometry of several."""
    import shapely

    return shapely.union_all(list(shapes)) if len(shapes) > 1 else shapes[0]
