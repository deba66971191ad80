"""Faces of buildings in 3D: triangles fill them, corners stay where they were, and light falls from outside."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.small_run import small_area
from visualisation import layers
from visualisation.meshes import Mesh
from visualisation.moment import Moment
from visualisation.solids import outward, planes, solids, triangles

WALL, ROOF = np.array([[200.0, 200.0, 200.0]]), np.array([[180.0, 90.0, 60.0]])


def house(eaves: float = 5.0, ridge: float = 9.0, turned: bool = False) -> Any:
    """A gabled house of 6 x 9 m without a floor, its ridge along x; `turned`: all faces seen from inside."""
    low = [(0, 0, 0), (6, 0, 0), (6, 9, 0), (0, 9, 0)]
    top = [(x, y, eaves) for x, y, _ in low]
    east, west = (6, 4.5, ridge), (0, 4.5, ridge)
    faces = [
        [low[0], low[1], top[1], top[0]],
        [low[1], low[2], top[2], east, top[1]],
        [low[2], low[3], top[3], top[2]],
        [low[3], low[0], top[0], west, top[3]],
        [top[0], top[1], east, west],
        [top[2], top[3], west, east],
    ]
    return shapely.multipolygons([shapely.Polygon(f[::-1] if turned else f) for f in faces])


def area_of(corners: Any) -> Any:
    return np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2


def drawn(shape: Any) -> Mesh:
    return solids(
        np.array([shapely.to_wkb(shape, output_dimension=3)], object), np.array([shapely.box(0, 0, 6, 9)]), WALL, ROOF
    )


def test_a_house_is_closed_but_for_its_floor() -> None:
    mesh = drawn(house())
    slope = math.hypot(4.5, 4.0)
    walls = 2 * 6 * 5 + 2 * (9 * 5 + 9 * 4 / 2)
    assert area_of(mesh.points[mesh.triangles]).sum() == pytest.approx(walls + 2 * 6 * slope)
    assert set(map(tuple, np.round(mesh.points, 6))) == {
        tuple(map(float, p)) for p in shapely.get_coordinates(house(), True)
    }


def test_the_light_does_not_depend_on_which_way_the_faces_look() -> None:
    mesh, turned = drawn(house()), drawn(house(turned=True))
    for m in (mesh, turned):
        middle = m.points[m.triangles].mean(axis=1)
        south, north = ((np.abs(middle[:, 1] - y) < 0.01) & (middle[:, 2] < 5) for y in (0.0, 9.0))
        assert m.colours[south].mean() > m.colours[north].mean() + 20  # the sun stands in the south-west
    assert sorted(map(tuple, mesh.colours.tolist())) == sorted(map(tuple, turned.colours.tolist()))


def test_roofs_and_walls_have_their_colours() -> None:
    mesh = drawn(house())
    grey = np.ptp(mesh.colours.astype(int), axis=1) < 3
    assert grey.sum() == 2 * 2 + 3 * 2  # two square walls and two of five corners
    assert (~grey).sum() == 4


@settings(max_examples=60, deadline=None)
@given(
    angles=st.lists(st.floats(0.0, 6.28), min_size=3, max_size=12, unique=True),
    hole=st.booleans(),
    tilt=st.floats(0.0, math.pi),
    turn=st.floats(0.0, math.pi),
)
def test_triangles_fill_a_face_however_it_lies(angles: list[float], hole: bool, tilt: float, turn: float) -> None:
    ring = np.array([[8 * math.cos(a), 8 * math.sin(a)] for a in sorted(angles)])
    flat = shapely.Polygon(ring)
    if hole and flat.contains(shapely.box(-0.5, -0.5, 0.5, 0.5)):
        flat = flat.difference(shapely.box(-0.5, -0.5, 0.5, 0.5))
    if flat.area < 1e-2:
        return
    a, b = np.array([[1, 0, 0], [0, math.cos(tilt), -math.sin(tilt)], [0, math.sin(tilt), math.cos(tilt)]]), np.eye(3)
    b[:2, :2] = [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]
    lying = shapely.transform(shapely.force_3d(flat), lambda c: c @ (b @ a).T + 100.0, include_z=True)
    faces = np.array([lying])
    normal, _ = planes(faces)
    assert np.abs(normal[0] @ (b @ a)[:, 2]) == pytest.approx(1.0, abs=1e-6)
    corners, of = triangles(faces, normal)
    assert area_of(corners).sum() == pytest.approx(flat.area, rel=1e-6)
    assert set(of) == {0}


def test_a_face_that_is_not_flat_keeps_its_corners_and_grows_no_spike() -> None:
    bent = shapely.Polygon([(0, 0, 0), (6, 0, 0.4), (6, 9, 0), (0, 9, 0.7), (0, 4, 3.0)])
    needle = shapely.Polygon([(0, 0, 0), (30, 0.001, 5), (30, 0.002, 5.01)])
    crossing = shapely.Polygon([(0, 0, 1), (4, 4, 1), (4, 0, 2), (0, 4, 2), (0, 1, 1.5)])
    faces = np.array([bent, needle, crossing])
    normal, _ = planes(faces)
    corners, of = triangles(faces, normal)
    west = shapely.get_coordinates(faces, include_z=True)
    assert (corners.reshape(-1, 3).min(0) >= west.min(0) - 1e-9).all()
    assert (corners.reshape(-1, 3).max(0) <= west.max(0) + 1e-9).all()
    there = {tuple(p) for p in shapely.get_coordinates(bent, include_z=True)}
    assert {tuple(p) for p in corners[of == 0].reshape(-1, 3)} == there


def test_walls_look_away_from_their_footprint() -> None:
    faces = shapely.get_parts(house(turned=True))
    normal, middle = planes(faces)
    upright = np.abs(normal[:, 2]) < 0.1
    out = outward(normal, middle, upright, np.full(len(faces), shapely.box(0, 0, 6, 9), object))
    assert (out[~upright, 2] > 0).all()
    away = middle[upright, :2] - [3, 4.5]
    assert ((out[upright, :2] * away).sum(1) > 0).all()


def test_an_area_draws_its_own_roofs_and_extrudes_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    area = small_area()
    shapes = area.geometry("buildings")
    n = len(shapes)
    columns = {c: v.copy() for c, v in vars(area.buildings).items()}
    plain = layers.houses(_moment(area))
    middle = shapely.centroid(shapes[0])
    roof = shapely.transform(house(), lambda c: np.add(c, (middle.x, middle.y, 0)), include_z=True)
    columns["surfaces"][0] = shapely.to_wkb(roof, output_dimension=3)
    columns["surfaces"][1] = shapely.to_wkb(shapely.MultiPolygon())
    area.put("buildings", columns)
    own = layers.houses(_moment(area))
    assert own.points[:, 2].max() >= 9.0 - 1e-9
    near = np.hypot(*(own.points[:, :2] - [middle.x + 3, middle.y + 4.5]).T) < 8
    assert 9.0 in np.round(own.points[near, 2], 6)
    assert len(own.triangles) != len(plain.triangles)
    # the second is drawn with a neighbour: nothing of its own is left
    there = shapely.contains_xy(shapely.buffer(shapes[1], 0.01), own.points[:, 0], own.points[:, 1])
    assert not there.any() or n < 2


def _moment(area: Any) -> Moment:
    n = len(area.buildings)
    none: Any = None
    return Moment(none, area, 0, np.zeros(n, bool), np.zeros(0, int), none, none, none, none, 0)
