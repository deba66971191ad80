"""Where the picture is taken from: the south, looking down, with the whole area in the frame."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
LOWEST, HIGHEST = 46.0, 60.0  # degrees above the horizon; wide places are seen from higher up
FILLED = 0.9  # of the height of the frame, from which the lowest view is good enough
ANGLE = math.radians(26.0)  # vertical angle of view: a long lens keeps the far side nearly as large as the near one
Frame = tuple[float, float, float, float]  # left, top, right, bottom, as shares of the picture


@dataclass(frozen=True)
class Camera:
    """A camera at `position` that looks at `focus`, both (3,) in m; width, height in pixels."""

    position: Array
    focus: Array
    width: int
    height: int

    def axes(self) -> tuple[Array, Array, Array]:
        """Unit vectors right, up and forward."""
        forward = self.focus - self.position
        forward = forward / np.linalg.norm(forward)
        right = np.cross(forward, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        return right, np.cross(right, forward), forward

    def project(self, points: Array) -> tuple[Array, Array]:
        """Pixels (n, 2) from the top left of points (n, 3), and their depth (n,) in m."""
        right, up, forward = self.axes()
        ray = np.asarray(points, float) - self.position
        depth = np.maximum(ray @ forward, 1e-6)
        half = math.tan(ANGLE / 2.0)
        x = (ray @ right) / (depth * half * self.width / self.height)
        y = (ray @ up) / (depth * half)
        return np.stack([(1.0 + x) * self.width / 2.0, (1.0 - y) * self.height / 2.0], axis=1), depth

    def metres_per_pixel(self, points: Array) -> Array:
        """How many metres across one pixel shows at points (n, 3); shape (n,)."""
        return 2.0 * self.project(points)[1] * math.tan(ANGLE / 2.0) / self.height


def fit(points: Array, width: int, height: int, frame: Frame) -> Camera:
    """The camera that shows points (n, 3) inside `frame`, from as low as still fills its height."""
    for elevation in np.arange(LOWEST, HIGHEST + 1e-9, 2.0):
        camera = _at(float(elevation), points, width, height, frame)
        pixels, _ = camera.project(points)
        if np.ptp(pixels[:, 1]) >= FILLED * (frame[3] - frame[1]) * height:
            break
    return camera


def _at(elevation: float, points: Array, width: int, height: int, frame: Frame) -> Camera:
    left, top, right, bottom = frame
    middle = (points.min(axis=0) + points.max(axis=0)) / 2.0
    focus, distance = np.array([middle[0], middle[1], 0.0]), 4.0 * max(float(np.ptp(points[:, :2], axis=0).max()), 50.0)
    slope = math.radians(elevation)
    backward = np.array([0.0, -math.cos(slope), math.sin(slope)])
    camera = Camera(focus + distance * backward, focus, width, height)
    for _ in range(40):
        pixels, _ = camera.project(points)
        low, high = pixels.min(axis=0), pixels.max(axis=0)
        size = (high - low) / np.array([(right - left) * width, (bottom - top) * height])
        off = (low + high) / 2.0 - np.array([(left + right) * width, (top + bottom) * height]) / 2.0
        metre = 2.0 * distance * math.tan(ANGLE / 2.0) / height
        focus = focus + np.array([off[0] * metre, -off[1] * metre / math.sin(slope), 0.0])
        distance *= float(np.clip(size.max(), 0.5, 2.0))
        camera = Camera(focus + distance * backward, focus, width, height)
    return camera
