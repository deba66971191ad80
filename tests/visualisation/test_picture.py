"""Pictures of a run made by hand, small so that they are quick."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import shapely

from tests.small_run import small_area, small_run
from twin.errors import InputError
from visualisation import layers, palette
from visualisation.camera import fit
from visualisation.meshes import buildings, flat, ribbons
from visualisation.moment import _state, moment_of
from visualisation.picture import camera_for, draw, size_of
from visualisation.scene import render

SIZE = "480x320"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_run(tmp_path_factory.mktemp("runs") / "run")


def pixels(file: Path) -> np.ndarray:
    from PIL import Image

    with Image.open(file) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def count(picture: np.ndarray, colour: tuple[int, int, int], within: int = 12) -> int:
    return int((np.abs(picture - np.array(colour)).max(axis=2) <= within).sum())


@pytest.fixture(scope="module")
def pictures(run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, np.ndarray]:
    folder = tmp_path_factory.mktemp("png")
    lit, dark = (pixels(draw(run, folder / f"{at[:2]}.png", at, SIZE)) for at in ("12:00", "17:30"))
    return lit, dark


def test_size_is_what_was_asked(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    assert [p.shape for p in pictures] == [(320, 480, 3)] * 2


def test_buildings_without_power_are_dark(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    lit, dark = (count(p, palette.DARK_ROOF) for p in pictures)
    assert dark > lit + 50


def test_streets_show_congestion(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    jammed = palette.CONGESTION[3][1]
    assert count(pictures[0], jammed) > 10


def test_moment_reads_the_run(run: Path) -> None:
    before, during, after = (moment_of(run, at) for at in ("16:59", "17:30", "19:30"))
    assert not before.dark.any()
    assert not after.dark.any()
    assert not len(after.dark_signals)
    assert during.dark.tolist() == (during.area.buildings.zone == 0).tolist()
    assert during.dark_signals.tolist() == [0]
    assert during.customers == 8
    assert len(during.cars[0]) == 3
    assert during.ratio[2] == pytest.approx(2.0 / 13.9)
    assert not len(before.cars[0])
    assert during.clock == "Tuesday 11 March 2025, 17:30"


def test_closed_streets_are_known_while_they_are_closed() -> None:
    told = [("close_link", 3), ("close_link", 3), ("open_link", 3), ("close_link", 5), ("open_link", 5)]
    assert _state(told, "close_link", "open_link", np.zeros(0, np.int64)).tolist() == [3]
    assert _state(None, "close_link", "open_link", np.array([7])).tolist() == [7]


def test_restricted_is_not_needed(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    shutil.rmtree(copy / "restricted")
    assert moment_of(copy, "17:30").dark.any()


def test_run_without_series_and_events_is_drawn(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    for name in ("series", "events", "replay"):
        shutil.rmtree(copy / name)
    assert draw(copy, tmp_path / "bare.png", "08:00", SIZE).stat().st_size > 1000


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"at": "day 2, 08:00"}, "after the end"),
        ({"at": "half past five"}, "no time of day"),
        ({"size": "10x10"}, "WIDTHxHEIGHT"),
        ({"size": "large"}, "WIDTHxHEIGHT"),
        ({"png": "nowhere/at/all.png"}, "does not exist"),
        ({"png": "picture.jpg"}, ".png"),
        ({"run": "no/run"}, "manifest"),
    ],
)
def test_wrong_input_is_refused(run: Path, tmp_path: Path, options: dict[str, str], what: str) -> None:
    given = {"run": str(run), "at": "17:30", "size": SIZE} | options
    png = tmp_path / options.get("png", "picture.png")
    with pytest.raises(InputError, match=what):
        draw(given["run"], png, given["at"], given["size"])
    assert not png.exists()


def test_run_that_keeps_no_area_says_how_to_get_one(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    shutil.rmtree(copy / "area")
    with pytest.raises(InputError, match="--record full"):
        moment_of(copy, "17:30")


def test_camera_holds_the_area_in_its_frame() -> None:
    frame = (0.1, 0.2, 0.8, 0.9)
    for wide, deep in ((3000.0, 3000.0), (8000.0, 1500.0), (900.0, 5000.0)):
        x, y = np.meshgrid(np.linspace(0, wide, 9), np.linspace(0, deep, 9))
        points = np.stack([x.ravel(), y.ravel(), np.full(81, 10.0)], axis=1)
        seen, depth = fit(points, 800, 500, frame).project(points)
        share = seen / [800, 500]
        assert (share.min(axis=0) >= np.array(frame[:2]) - 0.01).all()
        assert (share.max(axis=0) <= np.array(frame[2:]) + 0.01).all()
        assert np.ptp(share, axis=0).max() > 0.6
        assert (depth > 0).all()


def test_extrusion_closes_walls_and_keeps_courtyards_open() -> None:
    ring = shapely.Polygon(shapely.box(0, 0, 40, 40).exterior, [shapely.box(10, 10, 30, 30).exterior])
    grey = np.full((1, 3), 200.0)
    mesh = buildings(np.array([ring]), np.array([12.0]), np.array([False]), grey, grey)
    corners = mesh.points[mesh.triangles]
    size = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2.0
    roof = (corners[:, :, 2] == 12.0).all(axis=1)
    assert size[roof].sum() == pytest.approx(40 * 40 - 20 * 20)
    assert size[~roof].sum() == pytest.approx((4 * 40 + 4 * 20) * 12.0)


def test_gable_stands_on_its_walls() -> None:
    house = np.array([shapely.box(0, 0, 6, 10)])
    mesh = buildings(house, np.array([8.0]), np.array([True]), np.full((1, 3), 200.0), np.full((1, 3), 100.0))
    top = mesh.points[:, 2].max()
    assert 8.0 < top < 12.0
    ridge = np.unique(mesh.points[mesh.points[:, 2] == top], axis=0)
    assert ridge[:, :2].tolist() == [[0.0, 5.0], [6.0, 5.0]]  # a terraced house: along its narrow side


def test_concave_polygon_is_filled_exactly() -> None:
    shape = shapely.Polygon([(0, 0), (30, 0), (30, 10), (10, 10), (10, 30), (0, 30)])
    corners = flat(np.array([shape]), 0.0, np.full((1, 3), 9.0)).points.reshape(-1, 3, 3)
    assert shapely.area(shapely.union_all(shapely.polygons(corners[:, :, :2]))) == pytest.approx(shape.area)


def test_ribbon_is_as_wide_as_asked_and_lies_on_the_right() -> None:
    xy, line = np.array([[0.0, 0.0], [50.0, 0.0], [100.0, 0.0]]), np.zeros(3, int)
    mesh = ribbons(xy, line, np.array([2.0]), np.array([4.0]), np.array([1.0]), np.full((1, 3), 5.0))
    assert sorted(set(mesh.points[:, 1].tolist())) == [-4.0, 0.0]
    assert (mesh.points[:, 2] == 1.0).all()


def test_cars_are_at_their_place_on_the_right_of_the_street(run: Path) -> None:
    moment = moment_of(run, "17:30")
    centre, heading, _ = layers.positions(moment, camera_for(moment, 480, 320))
    assert centre[:, 0] == pytest.approx([60.0, 450.0, 840.0], abs=0.5)
    assert (centre[:, 1] < 0.0).all()
    assert heading == pytest.approx(np.tile([1.0, 0.0], (3, 1)))


def test_area_without_openstreetmap_names_its_own_source(tmp_path: Path) -> None:
    from visualisation.overlay import _attribution

    made = small_run(tmp_path / "made", small_area(attribution="generated; no real place"))
    assert "OpenStreetMap" not in _attribution(moment_of(made, "12:00"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the system brings its graphics")
def test_machine_without_graphics_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(name)

    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr("ctypes.CDLL", missing)
    with pytest.raises(InputError, match="libegl1"):
        render([], fit(np.eye(3), 400, 400, (0.0, 0.0, 1.0, 1.0)))


def test_sizes_are_read() -> None:
    assert size_of("1600x1000") == (1600, 1000)
    assert size_of(" 800 X 600 ") == (800, 600)
