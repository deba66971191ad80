"""Buildings in 3D from their own faces: each face triangulated in its plane, with its corners where they were."""

from __future__ import annotations

from typing import Any

import numpy as np

from visualisation.meshes import Mesh, lit

Array = np.ndarray[Any, Any]
STEEP = 0.17  # vertical part of a unit normal below which a face is a wall (within 10 degrees of upright)
ASIDE = 0.2  # m from a wall at which one is inside or outside of the footprint


def solids(surfaces: Array, polygons: Array, wall: Array, roof: Array) -> Mesh:
    """Faces of buildings; upright ones in the colour of the walls, others in that of the roof.

    surfaces (n,): WKB MultiPolygon Z in m;  polygons (n,): footprints;  wall, roof (n, 3): colours
    """
    import shapely

    faces, row = shapely.get_parts(shapely.from_wkb(surfaces), return_index=True)
    if not len(faces):
        return Mesh.empty()
    normal, middle = planes(faces)
    sound = np.linalg.norm(normal, axis=1) > 0.0
    faces, row, normal, middle = faces[sound], row[sound], normal[sound], middle[sound]
    corners, of = triangles(faces, normal)
    upright = np.abs(normal[:, 2]) < STEEP
    colour = np.where(upright[:, None], wall[row], roof[row])
    shade = lit(colour, outward(normal, middle, upright, polygons[row]))
    return Mesh.of(corners, shade[of])


def planes(faces: Array) -> tuple[Array, Array]:
    """Unit normals (n, 3) of polygons with heights, by Newell's method (0 without an area), and mean corners (n, 3)."""
    import shapely

    xyz, face = shapely.get_coordinates(shapely.get_exterior_ring(faces), include_z=True, return_index=True)
    count = np.bincount(face, minlength=len(faces)).astype(float)
    middle = np.stack([np.bincount(face, xyz[:, k], len(faces)) for k in range(3)], 1) / count[:, None]
    here = xyz - middle[face]
    cross = np.cross(here[:-1], here[1:]) * (face[:-1] == face[1:])[:, None]
    normal = np.stack([np.bincount(face[:-1], cross[:, k], len(faces)) for k in range(3)], 1)
    size = np.linalg.norm(normal, axis=1, keepdims=True)
    return np.where(size > 1e-6, normal / np.maximum(size, 1e-6), 0.0), middle


def triangles(faces: Array, normal: Array) -> tuple[Array, Array]:
    """Corners (m, 3, 3) of triangles that fill the faces, and the face of each triangle (m,).

    A face is triangulated as seen along the axis that it faces most; its corners then get the third coordinate back that
    they had, so that neighbouring faces still meet where a face is not quite flat.
    """
    import shapely

    axis = np.argmax(np.abs(normal), axis=1)
    keep = np.array([[1, 2], [0, 2], [0, 1]])[axis]
    xyz, face = shapely.get_coordinates(faces, include_z=True, return_index=True)
    seen = np.take_along_axis(xyz, keep[face], axis=1)
    depth = xyz[np.arange(len(xyz)), axis[face]]
    flat = shapely.set_coordinates(shapely.force_2d(faces), seen)
    broken = ~shapely.is_valid(flat)
    flat[broken] = shapely.make_valid(flat[broken])
    parts, of = shapely.get_parts(shapely.constrained_delaunay_triangles(flat), return_index=True)
    if not len(parts):
        return np.zeros((0, 3, 3)), np.zeros(0, np.int64)
    made = shapely.get_coordinates(parts).reshape(-1, 4, 2)[:, :3].reshape(-1, 2)
    made_of = np.repeat(of, 3)
    out = np.empty((len(made), 3))
    np.put_along_axis(out, keep[made_of], made, axis=1)
    out[np.arange(len(out)), axis[made_of]] = _nearest_depth(seen, face, depth, made, made_of)
    return out.reshape(-1, 3, 3), of


def _nearest_depth(seen: Array, face: Array, depth: Array, made: Array, made_of: Array) -> Array:
    """The third coordinate of each corner `made`: that of the corner of its face that it is, or else is nearest to."""
    from scipy.spatial import cKDTree

    apart = 1e6 * np.arange(face.max() + 1)  # m: faces lie in strips of their own, so that one search serves all
    low = np.full(face.max() + 1, np.inf)
    np.minimum.at(low, face, seen[:, 0])
    tree = cKDTree(np.stack([seen[:, 0] - low[face] + apart[face], seen[:, 1]], 1))
    near = tree.query(np.stack([made[:, 0] - low[made_of] + apart[made_of], made[:, 1]], 1))[1]
    found: Array = depth[near]
    return found


def outward(normal: Array, middle: Array, upright: Array, polygons: Array) -> Array:
    """The normals, turned where files have them the wrong way: roofs look up, walls away from their footprint."""
    import shapely

    spot = middle + ASIDE * normal
    inside = shapely.contains_xy(polygons, spot[:, 0], spot[:, 1])
    wrong = np.where(upright, inside, normal[:, 2] < 0)
    turned: Array = np.where(wrong[:, None], -normal, normal)
    return turned
