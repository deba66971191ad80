"""From footprints, lines and points to triangles: whole layers at once, in arrays.

A mesh is flat-coloured and its light is baked into the colours, so that a picture looks the same on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
SUN = np.array([-0.55, -0.60, 0.58])  # unit vector to the sun: from the south-west, behind the viewer's left shoulder
ROOF_SLOPE = 0.75  # rise over half the span of a gable, about 37 degrees


@dataclass(frozen=True)
class Mesh:
    """Triangles: points (n, 3) in m, triangles (m, 3) of rows of points, colours (m, 3) from 0 to 255."""

    points: Array
    triangles: Array
    colours: Array

    @classmethod
    def empty(cls) -> Mesh:
        """Nothing."""
        return cls(np.zeros((0, 3)), np.zeros((0, 3), np.int64), np.zeros((0, 3), np.uint8))

    @classmethod
    def of(cls, corners: Array, colours: Array) -> Mesh:
        """From corners (m, 3, 3) of separate triangles and their colours (m, 3)."""
        return cls(corners.reshape(-1, 3), np.arange(3 * len(corners)).reshape(-1, 3), _bytes(colours))


def join(meshes: Sequence[Mesh]) -> Mesh:
    """Several meshes as one."""
    start = np.cumsum([0, *(len(m.points) for m in meshes)])
    return Mesh(
        np.concatenate([m.points for m in meshes]),
        np.concatenate([m.triangles + s for m, s in zip(meshes, start, strict=False)]),
        np.concatenate([m.colours for m in meshes]),
    )


def quads(a: Array, b: Array, c: Array, d: Array) -> Array:
    """Corners of quadrilaterals, each of shape (n, 3), as triangles (2n, 3, 3)."""
    corners: Array = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    return corners


def lit(colours: Array, normals: Array) -> Array:
    """Colours (n, 3) in the light of the sun and the sky; normals (n, 3) of unit length."""
    sun = np.clip(normals @ SUN, 0.0, None)
    sky = 0.5 + 0.5 * normals[:, 2]
    return np.clip(colours * (0.44 + 0.36 * sun + 0.26 * sky)[:, None], 0, 255)


def flat(polygons: Array, z: float, colours: Array) -> Mesh:
    """Polygons (n,) lying at height z, triangulated; colours (n, 3)."""
    corners, row = triangulated(polygons)
    if not len(corners):
        return Mesh.empty()
    points = np.concatenate([corners, np.full((*corners.shape[:2], 1), z)], axis=2)
    return Mesh.of(points, colours[row])


def triangulated(polygons: Array) -> tuple[Array, Array]:
    """Corners (m, 3, 2) of the triangles that fill polygons (n,), and the polygon of each triangle (m,)."""
    import shapely

    if not len(polygons):
        return np.zeros((0, 3, 2)), np.zeros(0, np.int64)
    parts, row = shapely.get_parts(shapely.constrained_delaunay_triangles(polygons), return_index=True)
    return shapely.get_coordinates(parts).reshape(-1, 4, 2)[:, :3], row


@dataclass(frozen=True)
class Walls:
    """Edges of footprints, outside to the right: from a to b, both (m, 2), of the building `row` (m,)."""

    a: Array
    b: Array
    row: Array

    @classmethod
    def of(cls, polygons: Array) -> Walls:
        """Edges of every ring of polygons (n,)."""
        import shapely

        parts, part_row = shapely.get_parts(shapely.orient_polygons(polygons), return_index=True)
        rings, ring_part = shapely.get_rings(parts, return_index=True)
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        inside = ring[1:] == ring[:-1]
        return cls(xy[:-1][inside], xy[1:][inside], part_row[ring_part[ring[:-1][inside]]])

    def normals(self) -> Array:
        """Unit vectors out of the walls, (m, 3)."""
        step = self.b - self.a
        size = np.maximum(np.hypot(*step.T), 1e-9)
        return np.stack([step[:, 1] / size, -step[:, 0] / size, np.zeros(len(step))], axis=1)


def raised(xy: Array, z: Array | float) -> Array:
    """Points (n, 2) at heights z, as (n, 3)."""
    return np.concatenate([xy, np.broadcast_to(np.asarray(z, float), len(xy))[:, None]], axis=1)


def buildings(polygons: Array, height: Array, gabled: Array, wall: Array, roof: Array) -> Mesh:
    """Extruded footprints with flat roofs, and gables where `gabled` and the footprint has four corners.

    polygons (n,); height (n,) in m; wall, roof (n, 3): colours
    """
    walls = Walls.of(polygons)
    corners = np.bincount(walls.row, minlength=len(polygons))
    gabled = gabled & (corners == 4)
    gables, eaves = _gables(polygons, walls, height, gabled, wall, roof)
    top = eaves[walls.row]
    sides = quads(raised(walls.a, 0.0), raised(walls.b, 0.0), raised(walls.b, top), raised(walls.a, top))
    colour = lit(wall[walls.row], walls.normals())
    flat_rows = np.flatnonzero(~gabled)
    flats, row = triangulated(polygons[flat_rows])
    row = flat_rows[row]
    tops = np.concatenate([flats, np.broadcast_to(height[row][:, None, None], (len(row), 3, 1))], axis=2)
    up = np.tile([0.0, 0.0, 1.0], (len(row), 1))
    return join([Mesh.of(sides, np.tile(colour, (2, 1))), Mesh.of(tops, lit(roof[row], up)), gables])


def _gables(
    polygons: Array, walls: Walls, height: Array, gabled: Array, wall: Array, roof: Array
) -> tuple[Mesh, Array]:
    """Gable roofs, and the height of the eaves of every building (n,): half the rise below its height."""
    eaves = np.asarray(height, float).copy()
    rows = np.flatnonzero(gabled)
    if not len(rows):
        return Mesh.empty(), eaves
    edges = np.flatnonzero(gabled[walls.row])  # four in a row for each building
    p = walls.a[edges].reshape(-1, 4, 2)
    first, second = (np.hypot(*(p[:, k + 1] - p[:, k]).T) for k in (0, 1))
    # a terraced house is deeper than wide and its ridge runs along the row; any other ridge runs along the long side
    narrow = np.minimum(first, second) < 7.5
    along_first = np.where(narrow, first < second, first >= second)
    p = np.where(along_first[:, None, None], p, np.roll(p, -1, axis=1))
    span = np.where(along_first, second, first)
    rise = np.minimum(ROOF_SLOPE * span / 2.0, 0.55 * height[rows])
    low, high = height[rows] - rise / 2.0, height[rows] + rise / 2.0
    eaves[rows] = low
    a, b, c, d = (raised(p[:, k], low) for k in range(4))
    east, west = raised((p[:, 1] + p[:, 2]) / 2.0, high), raised((p[:, 3] + p[:, 0]) / 2.0, high)
    slopes = [quads(a, b, east, west), quads(c, d, west, east)]
    ends = [np.stack([b, c, east], 1), np.stack([d, a, west], 1)]
    meshes = [Mesh.of(corners, lit(np.tile(roof[rows], (2, 1)), _normals(corners))) for corners in slopes]
    meshes += [Mesh.of(corners, lit(wall[rows], _normals(corners))) for corners in ends]
    return join(meshes), eaves


def _normals(corners: Array) -> Array:
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    size: Array = np.linalg.norm(cross, axis=1, keepdims=True)
    return cross / np.maximum(size, 1e-9)


def shadows(polygons: Array, height: Array, z: float, colours: Array) -> Mesh:
    """Where buildings keep the sun from the ground; overlaps do no harm, since nothing is translucent."""
    walls = Walls.of(polygons)
    cast = -SUN[:2] / SUN[2] * 0.8  # a little shorter than true: long shadows hide streets
    move = height[walls.row][:, None] * cast
    sides = quads(*(raised(xy, z) for xy in (walls.a, walls.b, walls.b + move, walls.a + move)))
    tops, row = triangulated(polygons)
    tops = np.concatenate([tops + (height[row][:, None] * cast)[:, None, :], np.full((*tops.shape[:2], 1), z)], axis=2)
    return join([Mesh.of(sides, np.tile(colours[walls.row], (2, 1))), Mesh.of(tops, colours[row])])


def ribbons(xy: Array, line: Array, offset: Array, width: Array, z: Array, colours: Array) -> Mesh:
    """Lines as flat bands.

    xy, line : vertices (v, 2) and the line (v,) that each belongs to, in order
    offset, width, z, colours : per line; m to the right of the line, m, m, and (n, 3)
    """
    if len(xy) < 2:
        return Mesh.empty()
    same = line[1:] == line[:-1]
    step = xy[1:] - xy[:-1]
    size = np.maximum(np.hypot(*step.T), 1e-9)[:, None]
    right = np.stack([step[:, 1], -step[:, 0]], axis=1) / size * same[:, None]
    sums = np.zeros_like(xy)
    sums[:-1] += right
    sums[1:] += right
    # a mitre, cut off where a sharp bend would make it long
    squared = np.maximum((sums**2).sum(axis=1, keepdims=True), 0.5)
    ends = np.ones(len(xy), bool)
    ends[1:-1] = ~(same[1:] & same[:-1])
    normal = np.where(ends[:, None], sums, 2.0 * sums / squared)
    left_edge = xy + normal * (offset - width / 2.0)[line][:, None]
    right_edge = xy + normal * (offset + width / 2.0)[line][:, None]
    k = np.flatnonzero(same)
    height = z[line]
    corners = quads(
        *(
            raised(edge[at], height[at])
            for edge, at in ((left_edge, k), (right_edge, k), (right_edge, k + 1), (left_edge, k + 1))
        )
    )
    return Mesh.of(corners, np.tile(colours[line[k]], (2, 1)))


def boxes(centre: Array, heading: Array, size: Array, colours: Array) -> Mesh:
    """Boxes that stand on centre (n, 3), turned to the unit vectors heading (n, 2); size: length, width, height (n, 3)."""
    if not len(centre):
        return Mesh.empty()
    ahead = raised(heading, 0.0) * size[:, :1] / 2.0
    side = raised(np.stack([heading[:, 1], -heading[:, 0]], 1), 0.0) * size[:, 1:2] / 2.0
    up = np.array([0.0, 0.0, 1.0]) * size[:, 2:]
    low = [centre + ahead + side, centre + ahead - side, centre - ahead - side, centre - ahead + side]
    top = [p + up for p in low]
    faces = [Mesh.of(quads(*top), np.tile(colours, (2, 1)))]
    for k in range(4):
        corners = quads(low[k], low[(k + 1) % 4], top[(k + 1) % 4], top[k])
        faces.append(Mesh.of(corners, lit(np.tile(colours, (2, 1)), _normals(corners))))
    return join(faces)


def _bytes(colours: Array) -> Array:
    return np.clip(np.rint(colours), 0, 255).astype(np.uint8)
