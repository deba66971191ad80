"""Districts and neighbourhoods of an area from open data: the statistics office's districts, split by residents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.households import DUTCH_BANDS, MEAN_SIZE, OCCUPIED, Profile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESIDENTS = 1_400  # residents wanted in a neighbourhood; a Dutch buurt has some 1,200 (assumption)
LEAST = 500
CARS = (
    0.34,
    0.44,
    0.50,
    0.55,
    0.60,
)  # per resident, by degree of urbanity 1 (very strong) to 5 (none); see ASSUMPTIONS
EDGE = 25.0  # m around buildings whose zone has no land of its own inside the border (assumption)
LEAST_HOMES = 5  # dwellings from which persons per dwelling say something (assumption)

ASSUMPTIONS = {
    "zones.neighbourhoods": "districts are split into neighbourhoods of some 1,400 residents around centres of "
    "dwellings (k-means), because figures below the district are not there (assumption)",
    "zones.cars": "cars per resident where no source tells them: 0.34, 0.44, 0.50, 0.55, 0.60 from very strongly urban to not "
    "urban (CBS, cars by degree of urbanity, from memory, rounded)",
    "zones.students": "share of those aged 18-24 in higher or vocational education: 0.45, more where a district has "
    "many of that age (assumption)",
}


@dataclass(frozen=True)
class District:
    """A district as the statistics office describes it.

    shape   : polygon in the area's system;  inside: share of its surface that lies in the area
    figures : canonical names -> value or None (see statistics_figures.FIGURES)
    origin  : observed, or synthetic where it stands for an area without figures
    of      : code and name of the district, where this is one of its neighbourhoods as published
    """

    code: str
    name: str
    shape: Any
    figures: Mapping[str, float | None]
    inside: float = 1.0
    origin: str = "observed"
    of: tuple[str, str] | None = None

    def figure(self, name: str) -> float | None:
        """A figure, None where it is missing or secret."""
        return self.figures.get(name)


def clip_districts(districts: Sequence[District], outline: Any, name: str) -> list[District]:
    """The districts that the outline touches, with the share of each that lies inside; one for all where there is none."""
    import shapely

    found = []
    for district in districts:
        whole = shapely.area(district.shape)
        inside = shapely.area(shapely.intersection(district.shape, outline)) / max(whole, 1e-9)
        if inside * whole > 1.0:
            found.append(replace(district, inside=float(inside)))
    return found or [District("WK01", name, outline, {}, 1.0, "synthetic")]


def cars_by_urbanity(districts: Sequence[District], residents: Sequence[int]) -> float | None:
    """Cars per resident by the degree of urbanity of the districts; None where that is known of none of them."""
    known = [(CARS[round(u) - 1], n) for d, n in zip(districts, residents, strict=True) if (u := d.figure("urbanity"))]
    people = sum(n for _, n in known)
    return sum(cars * n for cars, n in known) / people if people else None


def profile_of(district: District) -> Profile:
    """The residents' profile from a district's figures; what is missing is the Dutch mean, or not known."""
    figure = district.figure
    bands: list[Any] = [figure(k) for k in ("pop_0_14", "pop_15_24", "pop_25_44", "pop_45_64", "pop_65plus")]
    known = all(b is not None for b in bands) and sum(bands) > 50
    shares = tuple(max(b, 0.0) / sum(bands) for b in bands) if known else DUTCH_BANDS
    people, homes = figure("population") or 0, figure("dwellings") or 0
    households = figure("households")
    stated = figure("household_size") or (people / households if people and households else None)
    size = stated or (people / homes / OCCUPIED if homes >= LEAST_HOMES and people else MEAN_SIZE)
    students = 0.45 + 2.0 * (shares[1] / sum(shares) - 0.123)

    def share(name: str) -> float | None:
        value = figure(name)
        return None if value is None else value / 100

    found = {
        "employment": share("employment_rate"),
        "owner": share("owner_occupied"),
        "social": share("rent_social"),
        "education_high": share("education_high"),
        "income_low": share("income_low"),
        "income_high": share("income_high"),
        "cars": figure("cars_per_household"),
    }
    found = {name: value for name, value in found.items() if value is not None}
    published = {*found, *(("bands",) if known else ()), *(("size",) if stated else ())}
    return Profile(
        bands=shares,
        size=float(np.clip(size, 1.15, 3.4)),
        students=float(np.clip(students, 0.3, 0.85)),
        published=frozenset(published),
        **found,
    )


def make_zones(
    x: Floats,
    y: Floats,
    dwellings: Ints,
    address: NDArray[Any],
    outline: Any,
    districts: Sequence[District],
    member: Ints,
) -> tuple[dict[str, Any], Ints]:
    """Table zones without counts, and the zone of each building; districts without a building are left out.

    member : row of `districts` of each building
    """
    import shapely

    clipped = [_land(shapely.intersection(d.shape, outline)) for d in districts]
    used = [k for k in range(len(districts)) if (member == k).any()]
    zone = np.zeros(len(x), np.int64)
    rows, parent = _district_rows(districts, clipped, used)
    for k in used:
        new, here = parent[k], np.flatnonzero(member == k)
        if districts[k].of is not None:
            zone[here] = len(rows)
            rows.append((districts[k].code, districts[k].name, "neighbourhood", new, clipped[k], districts[k].origin))
            continue
        size = profile_of(districts[k]).size
        label, cells = split(x[here], y[here], dwellings[here], clipped[k], size)
        for part in range(len(cells)):
            inside = here[label == part]
            street = _main_street(address[inside], dwellings[inside])
            title = f"{districts[k].name}, {street}" if street else f"{districts[k].name} {part + 1}"
            zone[inside] = len(rows)
            code = f"{districts[k].code.replace('WK', 'BU')}-{part + 1:02d}"
            origin = "synthetic" if districts[k].origin == "synthetic" else "inferred"
            rows.append((code, title, "neighbourhood", new, cells[part], origin))
    shapes = np.array([r[4] for r in rows], object)
    for row in np.flatnonzero(shapely.is_empty(shapes)):  # all of its buildings stand just outside the border
        inside = (
            zone == row
            if rows[row][2] == "neighbourhood"
            else np.isin(zone, [i for i, r in enumerate(rows) if r[3] == row])
        )
        shapes[row] = shapely.MultiPoint(np.stack([x[inside], y[inside]], 1)).convex_hull.buffer(EDGE)
    centre = shapely.centroid(shapes)
    table = {
        c: np.array([r[i] for r in rows], object) for i, c in ((0, "code"), (1, "name"), (2, "level"), (5, "origin"))
    }
    table |= {
        "parent": np.array([r[3] for r in rows], np.int64),
        "x": shapely.get_x(centre),
        "y": shapely.get_y(centre),
        "area_m2": shapely.area(shapes),
        "geometry": shapely.to_wkb(shapes),
    }
    return table, zone


def _district_rows(
    districts: Sequence[District], clipped: list[Any], used: list[int]
) -> tuple[list[tuple[Any, ...]], dict[int, int]]:
    """Rows of the districts, those of published neighbourhoods joined; and the row of each of `used`."""
    import shapely

    parts: dict[tuple[str, str], list[int]] = {}
    for k in used:
        parts.setdefault(districts[k].of or (districts[k].code, districts[k].name), []).append(k)
    rows: list[tuple[Any, ...]] = []
    parent: dict[int, int] = {}
    for (code, name), members_ in parts.items():
        parent |= dict.fromkeys(members_, len(rows))
        shape = _land(shapely.union_all([clipped[k] for k in members_]))
        rows.append((code, name, "district", -1, shape, districts[members_[0]].origin))
    return rows, parent


def _land(shape: Any) -> Any:
    """The polygons of a shape, however many; an intersection may hold lines and points as well."""
    import shapely

    parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def members(x: Floats, y: Floats, districts: Sequence[District]) -> Ints:
    """Row of the district that contains each point, else of the nearest; shape (points,)."""
    import shapely

    shapes = [d.shape for d in districts]
    out = np.full(len(x), -1, np.int64)
    for k, shape in enumerate(shapes):
        shapely.prepare(shape)
        out[(out < 0) & shapely.contains_xy(shape, x, y)] = k
    stray = np.flatnonzero(out < 0)
    if len(stray):
        points = shapely.points(x[stray], y[stray])
        out[stray] = np.argmin([shapely.distance(points, s) for s in shapes], axis=0)
    return out


def split(x: Floats, y: Floats, dwellings: Ints, shape: Any, size: float) -> tuple[Ints, list[Any]]:
    """Split the buildings of a district into neighbourhoods of fit size, and its shape into their cells.

    k-means on dwellings (Lloyd 1982), started by the farthest-point rule, so that there is no chance in it.
    """
    import shapely

    residents = float(dwellings.sum()) * size * OCCUPIED
    k = max(1, min(round(residents / RESIDENTS), int(residents // LEAST), len(x)))
    if k == 1 or shape.is_empty:
        return np.zeros(len(x), np.int64), [shape] * 1
    xy, weight = np.stack([x, y], 1), dwellings + 0.05
    centres = [np.average(xy, axis=0, weights=weight)]
    for _ in range(k - 1):
        far = np.min([((xy - c) ** 2).sum(1) for c in centres], axis=0)
        centres.append(xy[int(np.argmax(far * np.sqrt(weight)))])
    points = np.array(centres)
    for _ in range(40):
        label = np.argmin(((xy[:, None] - points[None]) ** 2).sum(2), axis=1)
        total = np.bincount(label, weight, k)
        moved = np.stack([np.bincount(label, weight * xy[:, d], k) / np.maximum(total, 1e-9) for d in (0, 1)], 1)
        points = np.where(total[:, None] > 0, moved, points)
    label = np.argmin(((xy[:, None] - points[None]) ** 2).sum(2), axis=1)
    label, points = _merge_small(label, points, np.asarray(dwellings * size * OCCUPIED, np.float64))
    if len(points) == 1:
        return label, [shape]
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=shape))
    order = [int(np.flatnonzero(shapely.contains_xy(cells, *p))[0]) for p in points]
    return label, [_land(cells[i].intersection(shape)) for i in order]


def _merge_small(label: Ints, points: Floats, residents: Floats) -> tuple[Ints, Floats]:
    """Join neighbourhoods under the least number of residents to the nearest other."""
    while len(points) > 1:
        count = np.bincount(label, residents, len(points))
        small = int(np.argmin(count))
        if count[small] >= LEAST:
            break
        far = ((points - points[small]) ** 2).sum(1)
        far[small] = np.inf
        other = int(np.argmin(far))
        total = max(count[small] + count[other], 1e-9)
        points[other] = (points[small] * count[small] + points[other] * count[other]) / total
        label = np.where(label == small, other, label)
        label = np.where(label > small, label - 1, label)
        points = np.delete(points, small, axis=0)
    return label, points


def _main_street(address: NDArray[Any], dwellings: Ints) -> str:
    """The street with most dwellings, to name a neighbourhood after."""
    count: dict[str, int] = {}
    for text, homes in zip(address.tolist(), dwellings.tolist(), strict=True):
        street = text.rsplit(" ", 1)[0] if text else ""
        if street and homes:
            count[street] = count.get(street, 0) + homes
    return min(count, key=lambda s: (-count[s], s)) if count else ""
