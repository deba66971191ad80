"""Surfaces of a building in 3D: which are ground, roof and wall, and the footprint, ground, eaves and ridge they make."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.account import Account
from scenarios.areas.cityjson_files import Thing, as_dict, as_list

Floats = NDArray[np.float64]
GROUND, ROOF, WALL = "ground", "roof", "wall"
KINDS = {
    "GroundSurface": GROUND,
    "OuterFloorSurface": WALL,  # the underside of an overhang
    "RoofSurface": ROOF,
    "OuterCeilingSurface": WALL,
    "WallSurface": WALL,
    "Window": WALL,
    "Door": WALL,
    "ClosureSurface": "",
    "InteriorWallSurface": "",
    "FloorSurface": "",
    "CeilingSurface": "",
}
LEVEL = 0.9  # vertical part of the unit normal of a surface that counts as level (26 degrees; assumption)
STEEP = 0.17  # and of a wall (within 10 degrees of upright; assumption)
LOW = 0.3  # share of a building's extent in height within which level surfaces are its ground (assumption)
LEAST_M2 = 1.0  # footprint of a building


@dataclass
class Surface:
    """A face: rings of corners (n, 3), the outer one first; its kind, vertical part of the unit normal, and m2."""

    rings: list[Floats]
    kind: str | None
    up: float
    area: float

    @property
    def plan_area(self) -> float:
        """Area seen from above, m2."""
        return self.area * abs(self.up)


@dataclass
class Form:
    """What surfaces make.

    footprint : polygon, and from what it was made
    base, eaves, ridge : m in the file's datum;  wide: largest extent in plan, m
    outside   : the surfaces but the ground
    """

    footprint: Any
    from_what: str
    base: float
    eaves: float
    ridge: float
    wide: float
    outside: list[Surface]


def best_surfaces(things: Sequence[Thing], account: Account) -> tuple[list[Surface], str]:
    """The surfaces of a building and its parts in the most detailed level that is whole, and that level ("2.2")."""
    found: list[tuple[float, list[Surface], str]] = []
    for thing in things:
        ranked = sorted(thing.geometry, key=lambda g: -_detail(g.get("lod")))
        for geometry in ranked:
            surfaces = list(_surfaces(geometry, thing.corners, account))
            if surfaces:
                found.append((_detail(geometry.get("lod")), surfaces, str(geometry.get("lod", ""))))
                break
    if not found:
        return [], ""
    best = max(detail for detail, _, _ in found)
    # a footprint of the whole beside solids of its parts adds nothing
    kept = [(d, s, lod) for d, s, lod in found if d >= 1.0 or best < 1.0]
    return [s for _, surfaces, _ in kept for s in surfaces], next(lod for d, _, lod in kept if d == best)


def _detail(lod: Any) -> float:
    """A level of detail as a number; what has none counts least, what shows the inside (4) less than that."""
    found = re.fullmatch(r"\s*(\d(?:\.\d)?)\s*", str(lod))
    return -1.0 if not found else float(found[1]) if float(found[1]) < 4 else -2.0


def _surfaces(geometry: dict[str, Any], corners: Floats, account: Account) -> Iterator[Surface]:
    semantics = as_dict(geometry.get("semantics"))
    named = [KINDS.get(str(as_dict(s).get("type"))) for s in as_list(semantics.get("surfaces"))]
    for boundary, value in _faces(geometry, semantics.get("values"), account):
        kind = named[value] if type(value) is int and 0 <= value < len(named) else None
        if kind == "":
            continue
        surface = _surface(as_list(boundary), kind, corners, account)
        if surface is not None:
            yield surface


def _faces(geometry: dict[str, Any], values: Any, account: Account) -> Iterator[tuple[Any, Any]]:
    """Each face with its semantic value; of solids the outer shell."""
    kind, bounds = geometry.get("type"), as_list(geometry.get("boundaries"))
    shells: list[tuple[Any, Any]] = []
    if kind in ("MultiSurface", "CompositeSurface"):
        shells = [(bounds, values)]
    elif kind == "Solid":
        shells = [(_at(bounds, 0), _at(values, 0))]
    elif kind in ("MultiSolid", "CompositeSolid"):
        shells = [(_at(solid, 0), _at(_at(values, k), 0)) for k, solid in enumerate(bounds)]
    else:
        account.count("dropped", f"geometries of type {kind}")
    for faces, of in shells:
        for k, face in enumerate(as_list(faces)):
            yield face, _at(of, k)


def _at(values: Any, k: int) -> Any:
    return values[k] if isinstance(values, list) and k < len(values) else None


def _surface(boundary: list[Any], kind: str | None, corners: Floats, account: Account) -> Surface | None:
    """A face from rows of corners; corners that are missing are left out, and a face with fewer than three too."""
    rings = []
    for ring in boundary:
        points, whole = _ring(ring, corners)
        if not whole:
            account.count("repaired", "rings with corners that the file lacks, drawn without them")
        if len(points) >= 3:
            rings.append(points)
        elif not rings:  # without an outer ring there is no face
            break
    normal = _newell(rings[0]) if rings else np.zeros(3)
    area = float(np.linalg.norm(normal))
    if area < 1e-4:
        account.count("dropped", "faces without a surface")
        return None
    up = float(normal[2] / area)
    area -= sum(float(np.linalg.norm(_newell(r))) for r in rings[1:])
    return Surface(rings, kind, up, max(area, 0.0))


def _ring(rows: Any, corners: Floats) -> tuple[Floats, bool]:
    """The corners of a ring without repetitions, and whether all were there."""
    try:
        wanted = np.array(rows, np.int64)
    except (TypeError, ValueError, OverflowError):
        return np.zeros((0, 3)), False
    if wanted.ndim != 1:
        return np.zeros((0, 3)), False
    points = corners[wanted[(wanted >= 0) & (wanted < len(corners))]]
    points = points[np.isfinite(points).all(1)]
    whole = len(points) == len(wanted)
    new = (points != np.roll(points, 1, axis=0)).any(1)
    return points[new], whole


def _newell(ring: Floats) -> Floats:
    """Normal of a ring as long as its area in m2 (Newell's method)."""
    here = ring - ring[0]
    return np.asarray(np.cross(here, np.roll(here, -1, axis=0)).sum(0) / 2.0)


def form_of(surfaces: Sequence[Surface], account: Account) -> Form | None:
    """Footprint and heights of a building; None where nothing of it is seen from above."""
    corners = np.concatenate([s.rings[0] for s in surfaces])
    low, high = float(corners[:, 2].min()), float(corners[:, 2].max())
    wide = float(np.ptp(corners[:, :2], axis=0).max())
    named = "ground surfaces" if any(s.kind == GROUND for s in surfaces) else "lowest level surfaces"
    for s in surfaces:
        if s.kind is None:
            s.kind = _kind(s, low, high)
    ground = [s for s in surfaces if s.kind == GROUND]
    footprint = _union(ground, account)
    if footprint is None or footprint.area < LEAST_M2:
        named, ground = "all surfaces seen from above", []
        footprint = _union([s for s in surfaces if abs(s.up) >= STEEP], account)
    if footprint is None or footprint.area < LEAST_M2:
        return None
    roofs = [s for s in surfaces if s.kind == ROOF]
    base = min((float(s.rings[0][:, 2].min()) for s in ground), default=low)
    ridge = max((float(s.rings[0][:, 2].max()) for s in roofs), default=high)
    return Form(footprint, named, base, _eaves(roofs, ridge), ridge, wide, [s for s in surfaces if s.kind != GROUND])


def _kind(surface: Surface, low: float, high: float) -> str:
    """What a surface is where the file does not say: upright ones are walls, low level ones the ground."""
    if abs(surface.up) < STEEP:
        return WALL
    level = abs(surface.up) >= LEVEL and float(surface.rings[0][:, 2].mean()) <= low + LOW * (high - low)
    return GROUND if level else ROOF


def _eaves(roofs: Sequence[Surface], ridge: float) -> float:
    """The lowest height of a roof surface, the median over the roof's area seen from above: annexes do not pull it down."""
    size = np.array([s.plan_area for s in roofs])
    if not size.sum():
        return ridge
    foot = np.array([s.rings[0][:, 2].min() for s in roofs])
    order = np.argsort(foot)
    part = np.cumsum(size[order])
    return float(foot[order][np.searchsorted(part, part[-1] / 2)])


def _union(surfaces: Sequence[Surface], account: Account) -> Any:
    """The surfaces seen from above as one polygon, its largest part; None where there is none."""
    import shapely

    if not surfaces:
        return None
    flat = np.array([shapely.Polygon(s.rings[0][:, :2], [r[:, :2] for r in s.rings[1:]]) for s in surfaces], object)
    broken = ~shapely.is_valid(flat)
    if broken.any():
        account.count("repaired", "outlines that cross themselves", int(broken.sum()))
        flat[broken] = shapely.make_valid(flat[broken])
    whole = shapely.union_all(shapely.set_precision(flat, 0.001))
    parts = [p for p in shapely.get_parts(whole) if p.geom_type == "Polygon"]
    if len(parts) > 1:  # parts that touch but for rounding
        closed = shapely.buffer(shapely.buffer(whole, 0.1, join_style="mitre"), -0.1, join_style="mitre")
        parts = [p for p in shapely.get_parts(closed) if p.geom_type == "Polygon" and not p.is_empty]
    largest = max(parts, key=lambda p: p.area, default=None)
    return None if largest is None else shapely.make_valid(largest)
