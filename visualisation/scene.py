"""From layers to pixels, off the screen: PyVista with one mesh per layer. VTK is imported when a picture is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from twin.errors import Fault, InputError
from visualisation.camera import ANGLE, Camera
from visualisation.meshes import Mesh
from visualisation.palette import PAPER, SKY

Array = np.ndarray[Any, Any]
REMEDY = ("EGL or OSMesa", "install libegl1 and libgl1-mesa-dri (Debian, Ubuntu)")


def render(meshes: Sequence[Mesh], camera: Camera, smooth: int = 2) -> Array:
    """The picture of some meshes, uint8 (height, width, 3).

    smooth : drawn so many times larger and then averaged, which smooths the edges on every graphics driver

    Raises InputError where no off-screen graphics are to be had.
    """
    _need_graphics()
    import pyvista as pv

    wide, high = camera.width * smooth, camera.height * smooth
    try:
        plotter = pv.Plotter(off_screen=True, window_size=[wide, high], lighting="none")
        plotter.set_background(PAPER, top=SKY)
        for mesh in meshes:
            if len(mesh.triangles):
                plotter.add_mesh(_polydata(pv, mesh), scalars="colour", rgb=True, lighting=False, show_scalar_bar=False)
        _aim(plotter, camera, meshes)
        picture = plotter.screenshot(return_img=True)
        plotter.close()
    except (RuntimeError, AttributeError) as error:
        raise InputError(Fault("picture", f"cannot be drawn ({error})", *REMEDY)) from error
    shape = (camera.height, smooth, camera.width, smooth, 3)
    averaged = np.asarray(picture)[:, :, :3].reshape(shape).mean(axis=(1, 3))
    return np.rint(averaged).astype(np.uint8)


def _polydata(pv: Any, mesh: Mesh) -> Any:
    origin = mesh.points
    found = pv.PolyData.from_regular_faces(np.asarray(origin, np.float64), np.asarray(mesh.triangles, np.int64))
    found.cell_data["colour"] = mesh.colours
    return found


def _aim(plotter: Any, camera: Camera, meshes: Sequence[Mesh]) -> None:
    """Set VTK's camera, and a clipping range that holds the meshes: its own cuts a town away."""
    eye = plotter.camera
    eye.position, eye.focal_point, eye.up = tuple(camera.position), tuple(camera.focus), (0.0, 0.0, 1.0)
    eye.view_angle = np.degrees(ANGLE)
    depth = np.concatenate([camera.project(m.points)[1] for m in meshes if len(m.points)] or [np.array([1.0, 10.0])])
    eye.clipping_range = (max(float(depth.min()) * 0.9, 1.0), float(depth.max()) * 1.1)


def _need_graphics() -> None:
    """Choose off-screen graphics where there is no display. Raises InputError if there are none: VTK would crash."""
    import ctypes
    import os
    import sys

    if not sys.platform.startswith("linux") or os.environ.get("DISPLAY"):
        return
    for library, window in (("libEGL.so.1", "vtkEGLRenderWindow"), ("libOSMesa.so.8", "vtkOSOpenGLRenderWindow")):
        try:
            ctypes.CDLL(library)
        except OSError:
            continue
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", window)  # else VTK complains of the absent display first
        return
    raise InputError(Fault("picture", "this machine has no display and no off-screen graphics", *REMEDY))
