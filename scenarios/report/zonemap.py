"""The map of neighbourhoods as a small SVG: each in the colour of its number, with names that do not collide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scenarios.report.markup import drawing, text
from scenarios.report.places import Place

Array = np.ndarray[Any, Any]
SIDE = 460  # width of a map in its own units


@dataclass(frozen=True)
class Projection:
    """Metres of the area to the map's units, north up."""

    x: float
    y: float
    scale: float
    height: float

    @classmethod
    def of(cls, bounds: Array, margin: float = 6.0) -> Projection:
        """The one that fits `bounds` (west, south, east, north)."""
        west, south, east, north = (float(v) for v in bounds)
        scale = (SIDE - 2 * margin) / max(east - west, (north - south) / 1.3, 1.0)
        return cls(west - margin / scale, north + margin / scale, scale, (north - south) * scale + 2 * margin)

    def path(self, xy: Array) -> str:
        """Coordinates of shape (n, 2) as the numbers of a path."""
        px, py = (xy[:, 0] - self.x) * self.scale, (self.y - xy[:, 1]) * self.scale
        return "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(px, py, strict=True))


@dataclass(frozen=True)
class Shade:
    """How a neighbourhood looks. kind : class of its colour; said : what a pointer shows; value : under its name.

    first : names of a higher number are written first, where there is no room for all
    dark  : its name is written in light letters
    """

    kind: str
    said: str
    value: str = ""
    first: int = -1
    dark: bool = False


UNKNOWN = Shade("none", "no number")


def zone_map(name: str, title: str, said: str, place: Place, shades: Mapping[int, Shade]) -> str:
    """The drawing; `shades` by row of zones. name : unique on the page; said : what the picture shows, in words."""
    import shapely

    zones = place.area.zones
    rows = np.flatnonzero(zones.level == "neighbourhood").tolist()
    shapes = place.area.geometry("zones")[rows]
    projection = Projection.of(shapely.total_bounds(shapes))
    outlines = dict(zip(rows, shapely.simplify(shapes, 0.4 / projection.scale), strict=True))
    parts = []
    for row, shape in outlines.items():
        shade = shades.get(row, UNKNOWN)
        about = f"<title>{text(place.called(row))}: {text(shade.said)}</title>"
        parts.append(f'<path class="{shade.kind}" d="{_outline(projection, shape)}">{about}</path>')
    labels = _labels(place, projection, outlines, shades)
    body = f'<g class="zones">{"".join(parts)}</g><g class="labels">{labels}</g>'
    return drawing(f"map-{name.replace('_', '-')}", SIDE, projection.height, title, said, body)


def _labels(place: Place, projection: Projection, shapes: Mapping[int, Any], shades: Mapping[int, Shade]) -> str:
    """Names and values, none over another: those of the highest `first`, then those with more residents."""
    import shapely

    population = place.area.zones.population
    taken: list[tuple[float, float, float, float]] = []
    drawn = []
    for row in sorted(shapes, key=lambda z: (-shades.get(z, UNKNOWN).first, -int(population[z]), z)):
        shade = shades.get(row, UNKNOWN)
        point = shapely.point_on_surface(shapes[row])
        x, y = (point.x - projection.x) * projection.scale, (projection.y - point.y) * projection.scale
        lines = [*_broken(place.called(row)), *([shade.value] if shade.value else [])]
        wide, tall = 2.15 * max(map(len, lines)), 4.4 * len(lines)  # half the size of a label at the page's 7.6 px
        box = (max(wide, x) - wide, y - tall, max(wide, x) + wide, y + tall)
        if not any(a < box[2] and c > box[0] and b < box[3] and d > box[1] for a, b, c, d in taken):
            taken.append(box)
            drawn.append(_label(x, y, lines, shade.value, shade.dark))
    return "".join(drawn)


def _broken(name: str) -> list[str]:
    """A name on one line, or on two if it is long."""
    words = name.split()
    return [name] if len(name) <= 11 or len(words) == 1 else [" ".join(words[:-1]), words[-1]]


def _outline(projection: Projection, shape: Any) -> str:
    import shapely

    rings = [ring for part in shapely.get_parts(shape) for ring in shapely.get_rings(part)]
    return "".join(f"M{projection.path(shapely.get_coordinates(ring))}Z" for ring in rings)


def _label(x: float, y: float, lines: list[str], value: str, on_dark: bool) -> str:
    spans = []
    for k, line in enumerate(lines):
        bold = ' class="v"' if line == value else ""
        spans.append(f'<tspan x="{x:.0f}" y="{y + 9 * (k - (len(lines) - 1) / 2):.0f}"{bold}>{text(line)}</tspan>')
    light = ' class="light"' if on_dark else ""
    return f"<text{light}>{''.join(spans)}</text>"
