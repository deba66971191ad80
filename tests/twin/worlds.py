"""Small worlds for the engine's tests."""

from __future__ import annotations

from twin.area import Area
from twin.world import World


def empty_area() -> Area:
    """An area without anything in it."""
    return Area("nowhere", "EPSG:28992", {})


def world(*domains, **options) -> World:
    """A world of the given domain classes or domains on an empty area."""
    return World(empty_area(), [d() if isinstance(d, type) else d for d in domains], **options)
