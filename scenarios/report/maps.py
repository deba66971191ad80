"""Maps as small SVG: indicators by neighbourhood, and the streets on which cars lost time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from scenarios.report.markup import drawing, figure, key, label, many, number, text, unit
from scenarios.report.material import Material
from scenarios.report.results import Row, cells, spoken, withheld
from scenarios.report.zonemap import SIDE, Projection, Shade, zone_map
from twin.tables import OUTSIDE

Array = np.ndarray[Any, Any]
CLASSES = 5
MOST_MAPS, MOST_LINKS = 6, 400
LOST = (0.25, 1.0, 4.0)  # vehicle hours per link and day: class borders of the street map


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
    shades = {}
    for row in shown:
        k = int(np.searchsorted(borders, row["value"], side="right"))
        k = k if worst_high else CLASSES - 1 - k
        value = number(row["value"], row["unit"])
        shades[_zone(m, row)] = Shade(f"c{k}", spoken(row), value, k, dark=k >= CLASSES - 2)
    hidden = {_zone(m, row) for row in rows if withheld(m, row)}
    shades |= dict.fromkeys(hidden, Shade("hidden", "withheld"))
    worst = sorted(shown, key=lambda row: row["value"], reverse=worst_high)[:3]
    said = "; ".join(f"{_name(m, row)} {spoken(row)}" for row in worst)
    better = rows[0]["better"]
    note = f"Darker is {'worse' if better else 'more'}. {'Worst' if better else 'Highest'}: {text(said)}."
    keys = _legend(borders, low, high, worst_high) + (key("hidden", f"withheld ({len(hidden)})") if hidden else "")
    drawn = zone_map(name, f"{title} by neighbourhood", said, m, shades)
    return figure(title, unit(unit_name) or "share", keys, drawn, note)


def _zone(m: Material, row: Row) -> int:
    return m.zone_row["neighbourhood", row["code"]]


def _name(m: Material, row: Row) -> str:
    return m.called(_zone(m, row))


def _legend(borders: Array, low: float, high: float, worst_high: bool) -> str:
    edges = [low, *borders.tolist(), high]
    return "".join(
        key(f"c{k if worst_high else CLASSES - 1 - k}", f"{number(edges[k])} – {number(edges[k + 1])}")
        for k in range(CLASSES)
    )


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
