"""The layers of a picture, each one mesh: ground, dark areas, streets, buildings, vehicles."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.tables import OUTSIDE
from visualisation import palette
from visualisation.camera import Camera
from visualisation.meshes import Mesh, boxes, buildings, flat, join, raised, ribbons, shadows
from visualisation.moment import Moment
from visualisation.solids import solids

Array = np.ndarray[Any, Any]
LANE = 3.3  # m
REACH, MARGIN = 45.0, 12.0  # m: dark buildings closer than twice REACH make one dark area, MARGIN wide around them
MINOR = ("service", "track", "pedestrian", "cycleway", "footway", "path", "steps")


def colours(colour: tuple[int, int, int], n: int) -> Array:
    """One colour for n things, (n, 3)."""
    return np.tile(np.asarray(colour, float), (n, 1))


def ground(m: Moment) -> Mesh:
    """Neighbourhoods: the less is built, the greener; and their borders."""
    zones = m.area.zones
    rows = np.flatnonzero(zones.level == "neighbourhood")
    if not len(rows):
        return Mesh.empty()
    shapes = m.area.geometry("zones")[rows]
    built = np.bincount(m.area.buildings.zone, m.area.buildings.footprint_m2, len(zones))[rows]
    green = np.clip(1.0 - built / (0.06 * np.maximum(zones.area_m2[rows], 1.0)), 0.0, 1.0)[:, None]
    colour = colours(palette.ZONE, len(rows)) * (1.0 - green) + colours(palette.GREEN, len(rows)) * green
    return join([flat(shapes, 0.0, colour), outline(shapes, 5.0, 0.1, palette.ZONE_LINE)])


def outline(shapes: Array, width: float, z: float, colour: tuple[int, int, int]) -> Mesh:
    """Borders of polygons as bands."""
    import shapely

    rings = shapely.get_rings(shapely.get_parts(shapes))
    xy, line = shapely.get_coordinates(rings, return_index=True)
    n = len(rings)
    return ribbons(xy, line, np.zeros(n), np.full(n, width), np.full(n, z), colours(colour, n))


def dark_areas(m: Moment) -> Mesh:
    """The ground around buildings without power."""
    import shapely

    if not m.dark.any():
        return Mesh.empty()
    blobs = shapely.buffer(m.area.geometry("buildings")[m.dark], REACH, quad_segs=3)
    shape = shapely.simplify(shapely.buffer(shapely.union_all(blobs), MARGIN - REACH, quad_segs=4), 1.0)
    parts = shapely.get_parts(shape)
    parts = parts[~shapely.is_empty(parts)]
    ground_of = flat(parts, 0.2, colours(palette.DARK_GROUND, len(parts)))
    return join([ground_of, outline(parts, 4.0, 0.3, palette.DARK_LINE)])


def shade(m: Moment) -> Mesh:
    """Shadows of buildings on the ground."""
    colour = np.where(m.dark[:, None], colours(palette.DARK_SHADOW, len(m.dark)), colours(palette.SHADOW, len(m.dark)))
    b = m.area.buildings
    return shadows(m.area.geometry("buildings"), b.height, 0.4, colour) if len(b) else Mesh.empty()


def streets(m: Moment, camera: Camera) -> Mesh:
    """Every link as a band as wide as its lanes, but wide enough to be seen; cars' links by congestion."""
    import shapely

    links = m.area.links
    if not len(links):
        return Mesh.empty()
    xy, line = shapely.get_coordinates(m.area.geometry("links"), return_index=True)
    shown = (links.name != OUTSIDE)[line]
    xy, line = xy[shown], line[shown]
    ends = [m.area.nodes[c][links.tail] + m.area.nodes[c][links.head] for c in ("x", "y")]
    pixel = camera.metres_per_pixel(raised(np.stack(ends, axis=1) / 2.0, 0.0))
    car = np.asarray(links.car) & ~np.isin(links.road_class, MINOR)
    main = np.isin(links.road_class, ("motorway", "trunk", "primary", "secondary", "tertiary"))
    least = np.where(main, 2.6, 1.5) * pixel
    width = np.where(car, np.maximum(links.lanes * LANE, least), np.maximum(2.0, 0.7 * pixel))
    offset = np.where(car, width / 2.0, 0.0)
    order = 0.02 * np.searchsorted(np.unique(links.speed), links.speed)
    road = np.where(car[:, None], colours(palette.ROAD, len(links)), colours(palette.PATH, len(links)))
    parts = [ribbons(xy, line, offset, width + np.where(car, 0.8 * pixel, 0.0), np.where(car, 0.6, 0.5), road)]
    known = np.isfinite(m.ratio) & car
    if known.any():
        kept = known[line]
        colour = np.zeros((len(links), 3))
        colour[known] = congestion(m.ratio[known])
        # slow links above fast ones, so that trouble is never hidden at a junction
        z = 0.8 + order + 0.6 * np.clip(1.0 - np.nan_to_num(m.ratio, nan=1.0), 0.0, 1.0)
        parts.append(ribbons(xy[kept], line[kept], offset, width, z, colour))
    if m.closed.any():
        kept = m.closed[line]
        shut = colours(palette.CLOSED, len(links))
        parts.append(
            ribbons(xy[kept], line[kept], offset, np.maximum(width, 3.4 * pixel), np.full(len(links), 2.0), shut)
        )
    return join(parts)


def congestion(ratio: Array) -> Array:
    """Colours (n, 3) of speeds over free speeds (n,)."""
    colour = np.zeros((len(ratio), 3))
    for lowest, shade_of, _ in reversed(palette.CONGESTION):
        colour[ratio >= lowest] = shade_of
    return colour


def houses(m: Moment) -> Mesh:
    """Every building, coloured by its use, or dark where it has no power; with its own roof where the area has it."""
    b = m.area.buildings
    n = len(b)
    if not n:
        return Mesh.empty()
    wall, roof = colours(palette.USES["other"][0], n), colours(palette.USES["other"][1][0], n)
    pick = np.arange(n) * 7919 % 97  # the same roof at every drawing, neighbours apart
    for walls, roofs, uses in palette.USES.values():
        rows = np.flatnonzero(np.isin(b.use, uses))
        wall[rows] = walls
        roof[rows] = np.asarray(roofs, float)[pick[rows] % len(roofs)]
    wall[m.dark], roof[m.dark] = palette.DARK_WALL, palette.DARK_ROOF
    gabled = (b.use == "house") & (b.storeys <= 4) & (b.footprint_m2 < 220.0)
    shapes = m.area.geometry("buildings")
    own = np.array([len(s) > 0 for s in b.surfaces], bool)
    plain = ~own
    return join(
        [
            buildings(shapes[plain], b.height[plain], gabled[plain], wall[plain], roof[plain]),
            solids(b.surfaces[own], shapes[own], wall[own], roof[own]),
        ]
    )


def positions(m: Moment, camera: Camera) -> tuple[Array, Array, Array]:
    """Where cars are: centre (n, 3), heading (n, 2), metres per pixel there (n,); on the right of their link."""
    import shapely

    row, fraction = m.cars
    if not len(row):
        return np.zeros((0, 3)), np.zeros((0, 2)), np.zeros(0)
    line = m.area.geometry("links")[row]
    length = m.area.links.length[row]
    at = shapely.get_coordinates(shapely.line_interpolate_point(line, fraction, normalized=True))
    step = np.minimum(4.0 / np.maximum(length, 1.0), 0.5)
    back, ahead = (
        shapely.line_interpolate_point(line, np.clip(fraction + s, 0, 1), normalized=True) for s in (-step, step)
    )
    heading = shapely.get_coordinates(ahead) - shapely.get_coordinates(back)
    heading /= np.maximum(np.hypot(*heading.T), 1e-9)[:, None]
    pixel = camera.metres_per_pixel(raised(at, 1.0))
    aside = np.maximum(LANE / 2.0, 0.9 * pixel)[:, None] * np.stack([heading[:, 1], -heading[:, 0]], axis=1)
    return raised(at + aside, 1.6), heading, pixel


def cars(m: Moment, camera: Camera) -> Mesh:
    """Cars as boxes, never smaller than a few pixels."""
    centre, heading, pixel = positions(m, camera)
    size = np.stack([np.maximum(4.6, 7.0 * pixel), np.maximum(1.9, 3.8 * pixel), np.maximum(1.6, 2.5 * pixel)], axis=1)
    rim = size * [1.0, 1.0, 0.4] + np.stack([1.6 * pixel, 1.6 * pixel, 0.0 * pixel], axis=1)
    return join(
        [
            boxes(centre, heading, rim, colours(palette.WHITE, len(centre))),
            boxes(centre, heading, size, colours(palette.CAR, len(centre))),
        ]
    )
