"""Maps as small SVG: indicators by neighbourhood, and the streets on which cars lost time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from scenarios.report.markup import drawing, figure, key, many, number, text, unit
from scenarios.report.material import Material
from scenarios.report.results import Row, cells, label, spoken, withheld
from twin.tables import OUTSIDE

Array = np.ndarray[Any, Any]
SIDE = 460  # width of a map in its own units
CLASSES = 5
MOST_MAPS, MOST_LINKS = 6, 400
LOST = (0.25, 1.0, 4.0)  # vehicle hours per link and day: class borders of the street map


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


def by_neighbourhood(m: Material) -> list[str]:
    """One map per indicator that differs between neighbourhoods."""
    drawn: list[str] = []
    for group, rows in cells(m).items():
        shown = [row for row in rows if not withheld(m, row)]
        alike = len({number(row["value"], row["unit"]) for row in shown}) < 2
        if not alike and len(drawn) < MOST_MAPS:
            drawn.append(_choropleth(m, group.split("/")[0], rows, shown))
    return drawn


def _choropleth(m: Material, name: str, rows: list[Row], shown: list[Row]) -> str:
    values = np.array([row["value"] for row in shown])
    low, high = float(values.min()), float(values.max())
    title, unit_name = label(rows[0]), rows[0]["unit"]
    borders = np.linspace(low, high, CLASSES + 1)[1:-1]
    worst_high = rows[0]["better"] != "higher"
    level = {}
    for row in shown:
        k = int(np.searchsorted(borders, row["value"], side="right"))
        level[m.zone_row["neighbourhood", row["code"]]] = (k if worst_high else CLASSES - 1 - k, row)
    hidden = {m.zone_row["neighbourhood", row["code"]] for row in rows if withheld(m, row)}
    body, height = _zones(m, level, hidden)
    worst = sorted(shown, key=lambda row: row["value"], reverse=worst_high)[:3]
    said = "; ".join(f"{_name(m, row)} {spoken(row)}" for row in worst)
    better = rows[0]["better"]
    note = f"Darker is {'worse' if better else 'more'}. {'Worst' if better else 'Highest'}: {text(said)}."
    keys = _legend(borders, low, high, worst_high) + (key("hidden", f"withheld ({len(hidden)})") if hidden else "")
    drawn = drawing(f"map-{name.replace('_', '-')}", SIDE, height, f"{title} by neighbourhood", said, body)
    return figure(title, unit(unit_name) or "share", keys, drawn, note)


def _name(m: Material, row: Row) -> str:
    return m.called(m.zone_row["neighbourhood", row["code"]])


def _legend(borders: Array, low: float, high: float, worst_high: bool) -> str:
    edges = [low, *borders.tolist(), high]
    return "".join(
        key(f"c{k if worst_high else CLASSES - 1 - k}", f"{number(edges[k])} – {number(edges[k + 1])}")
        for k in range(CLASSES)
    )


def _zones(m: Material, level: dict[int, tuple[int, Row]], hidden: set[int]) -> tuple[str, float]:
    import shapely

    zones = m.area.zones
    rows = np.flatnonzero(zones.level == "neighbourhood")
    shapes = m.area.geometry("zones")[rows]
    projection = Projection.of(shapely.total_bounds(shapes))
    shapes = shapely.simplify(shapes, 0.4 / projection.scale)
    parts = []
    for row, shape in zip(rows.tolist(), shapes, strict=True):
        found = level.get(row)
        kind = "hidden" if row in hidden else f"c{found[0]}" if found else "none"
        said = "withheld" if row in hidden else spoken(found[1]) if found else "no number"
        outline = _outline(projection, shape)
        parts.append(f'<path class="{kind}" d="{outline}"><title>{text(m.called(row))}: {text(said)}</title></path>')
    labels = _labels(m, projection, dict(zip(rows.tolist(), shapes, strict=True)), level)
    return f'<g class="zones">{"".join(parts)}</g><g class="labels">{labels}</g>', projection.height


def _labels(m: Material, projection: Projection, shapes: dict[int, Any], level: dict[int, tuple[int, Row]]) -> str:
    """Names and values, none over another: the darkest neighbourhoods first, then those with more residents."""
    import shapely

    population = m.area.zones.population
    taken: list[tuple[float, float, float, float]] = []
    drawn = []
    for row in sorted(shapes, key=lambda z: (-level[z][0] if z in level else 1, -int(population[z]), z)):
        found = level.get(row)
        value = number(found[1]["value"], found[1]["unit"]) if found else ""
        point = shapely.point_on_surface(shapes[row])
        x, y = (point.x - projection.x) * projection.scale, (projection.y - point.y) * projection.scale
        lines = [*_broken(m.called(row)), *([value] if value else [])]
        wide, tall = 2.15 * max(map(len, lines)), 4.4 * len(lines)  # half the size of a label at the page's 7.6 px
        box = (max(wide, x) - wide, y - tall, max(wide, x) + wide, y + tall)
        if not any(a < box[2] and c > box[0] and b < box[3] and d > box[1] for a, b, c, d in taken):
            taken.append(box)
            drawn.append(_label(x, y, lines, value, found is not None and found[0] >= CLASSES - 2))
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


def alike_note(m: Material) -> str:
    """A sentence about indicators that are the same in every neighbourhood."""
    said = []
    for rows in cells(m).values():
        shown = {number(row["value"], row["unit"]) for row in rows if not withheld(m, row)}
        if len(shown) == 1:
            said.append(f"{text(label(rows[0]))}: {shown.pop()} {text(unit(rows[0]['unit']))} in every neighbourhood")
    return "; ".join(said) + "." if said else ""


def lost_time(m: Material) -> str:
    """The streets on which cars lost time, over the whole run."""
    import shapely

    data = m.series("link")
    links = m.area.links
    if "delay" not in data or not len(links):
        return ""
    hours = np.bincount(data["id"], data["delay"], len(links)) / 3600.0
    lines = m.area.geometry("links")
    cars = np.flatnonzero(links.car & (links.name != OUTSIDE))
    if len(cars) > 6000:  # a large area: main streets only, so that the page stays small
        cars = cars[np.isin(links.road_class[cars], ("motorway", "trunk", "primary", "secondary", "tertiary"))]
    once = cars[links.tail[cars] < links.head[cars]] if len(cars) > 1000 else cars
    slow = np.flatnonzero(hours >= LOST[0])
    if not len(slow):
        return ""
    projection = Projection.of(shapely.total_bounds(lines[cars]))
    thin = shapely.simplify(lines, 1.0 / projection.scale)
    grey = "".join("M" + projection.path(shapely.get_coordinates(line)) for line in thin[once])
    parts = [f'<path class="street" d="{grey}"/>']
    for row in slow[np.argsort(-hours[slow], kind="stable")][MOST_LINKS::-1].tolist():
        k = int(np.searchsorted(LOST, hours[row], side="right"))
        name = links.name[row] or links.road_class[row]
        parts.append(
            f'<path class="slow w{k}" d="M{projection.path(shapely.get_coordinates(thin[row]))}">'
            f"<title>{text(name)}: {number(float(hours[row]))} vehicle hours</title></path>"
        )
    return _streets(projection, parts, slow, hours, links)


def _streets(projection: Projection, parts: list[str], slow: Array, hours: Array, links: Any) -> str:
    ranges = [f"{low:g} – {high:g}" for low, high in pairwise(LOST)] + [f"over {LOST[-1]:g}"]
    keys = "".join(key(f"w{k + 1}", words) for k, words in enumerate(ranges))
    totals: dict[str, float] = {}
    for row in np.flatnonzero(hours > 0).tolist():
        if links.name[row]:
            totals[str(links.name[row])] = totals.get(str(links.name[row]), 0.0) + float(hours[row])
    worst = sorted(totals, key=lambda n: (-totals[n], n))[:5]
    said = "; ".join(f"{name} {number(totals[name])} h" for name in worst)
    note = f"{many(len(slow), 'link')} with {LOST[0]:g} vehicle hours or more. Most: {text(said)}."
    drawn = drawing("lost", SIDE, projection.height, "Streets by time lost", said, "".join(parts))
    return figure("Where cars lost time", "vehicle hours per link and direction, whole run", keys, drawn, note)
