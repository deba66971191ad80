"""A picture of a run at one moment, as a PNG."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import Fault, InputError
from visualisation import layers
from visualisation.camera import Camera, fit
from visualisation.moment import Moment, moment_of

Array = np.ndarray[Any, Any]
FRAME = (0.03, 0.15, 0.82, 0.93)  # left, top, right, bottom of what the area fills: beside title and legend
SMALLEST, LARGEST = 320, 7680


def draw(run: str | Path, png: str | Path, at: str = "17:30", size: str = "1600x1000") -> Path:
    """Draw the run in folder `run` at the time `at` and write `png`; returns its path.

    at   : "17:30", or "day 2, 08:30"
    size : width x height in pixels

    Raises InputError for a folder that is no run, a time outside it, a wrong size, or a file that cannot be written.
    """
    width, height = size_of(size)
    target = _target(png)
    moment = moment_of(run, at)
    camera = camera_for(moment, width, height)
    from visualisation.overlay import overlay
    from visualisation.scene import render

    picture = overlay(render(meshes(moment, camera), camera), moment, camera)
    partial = target.with_name(f".{target.name}.partial")
    try:
        picture.save(partial, format="PNG")
        os.replace(partial, target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError(
            Fault(
                str(target),
                f"cannot be written ({error.strerror or error})",
                "a writable folder with room",
                "name another file with --png",
            )
        ) from error
    return target


def meshes(moment: Moment, camera: Camera) -> list[Any]:
    """Every layer, from the ground up."""
    return [
        layers.ground(moment),
        layers.dark_areas(moment),
        layers.shade(moment),
        layers.streets(moment, camera),
        layers.houses(moment),
        layers.cars(moment, camera),
    ]


def camera_for(moment: Moment, width: int, height: int) -> Camera:
    """The camera that shows where nearly all buildings stand: one lonely farm does not make the town small."""
    b, nodes = moment.area.buildings, moment.area.nodes
    x, y, top = (b.x, b.y, b.height) if len(b) else (nodes.x, nodes.y, np.zeros(len(nodes)))
    inside = np.ones(len(x), bool)
    for values in (x, y):
        low, high = np.quantile(values, [0.002, 0.998], method="nearest")
        inside &= (values >= low) & (values <= high)
    points = np.stack([x, y, np.minimum(top, 60.0)], axis=1)[inside]
    return fit(points, width, height, FRAME)


def size_of(text: str) -> tuple[int, int]:
    """ "1600x1000" as (1600, 1000). Raises InputError."""
    match = re.fullmatch(r"\s*(\d+)\s*[xX×]\s*(\d+)\s*", str(text))
    sides = (int(match[1]), int(match[2])) if match else (0, 0)
    if not all(SMALLEST <= side <= LARGEST for side in sides):
        raise InputError(
            Fault(
                "--size",
                f"is {text!r}",
                f"WIDTHxHEIGHT in pixels, each from {SMALLEST} to {LARGEST}",
                "as in --size 1600x1000",
            )
        )
    return sides


def _target(png: str | Path) -> Path:
    target = Path(png)
    if target.suffix.lower() != ".png":
        raise InputError(
            Fault("--png", f"{target} does not end in .png", "a PNG file", f"write {target.with_suffix('.png')}")
        )
    if target.is_dir() or not target.parent.is_dir() or not os.access(target.parent, os.W_OK):
        what = "is a folder" if target.is_dir() else "its folder does not exist or cannot be written"
        raise InputError(Fault("--png", f"{target}: {what}", "a file in a writable folder"))
    return target
