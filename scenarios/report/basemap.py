"""The area as a picture: districts, streets, and buildings by use or by how they came to be."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np

from scenarios.report.markup import text
from twin.area import Area
from twin.tables import OUTSIDE

# colours that differ in lightness too
OF_USE = {
    "homes": ("#d9a441", ("house", "apartments")),
    "work and shops": ("#5b7fa6", ("office", "shop", "industry")),
    "school, care, public": ("#a8476b", ("school", "university", "hospital", "care", "public", "leisure")),
    "other": ("#b9b4aa", ("garage", "other")),
}
OF_ORIGIN = {"observed": "#14508c", "inferred": "#7fb0dd", "synthetic": "#e08b3a"}
WIDTHS = (
    (("motorway", "trunk"), 2.4, "#8a5a44"),
    (("primary", "secondary"), 1.7, "#b07a55"),
    (("tertiary", "unclassified"), 1.0, "#9a948a"),
    (("residential", "living_street", "service", "pedestrian"), 0.6, "#b5b0a6"),
    (("cycleway", "footway", "path", "steps", "track"), 0.3, "#c9c5bc"),
)
INCHES, DPI = 9.0, 150


def base_map(area: Area, by: str = "use") -> str:
    """An <img> of the area with its legend below, as HTML; `by` is "use" or "origin"."""
    groups = OF_USE if by == "use" else {name: (colour, ()) for name, colour in OF_ORIGIN.items()}
    picture = base64.b64encode(_draw(area, by)).decode()
    keys = "".join(
        f'<span class="key"><i style="background:{colour}"></i>{text(name)}</span>'
        for name, (colour, _) in groups.items()
    )
    said = f"Map of {area.name}: streets, {len(area.buildings):,} buildings by {by}, borders of districts, gateways."
    return f'<img alt="{text(said)}" style="width:100%" src="data:image/png;base64,{picture}"/><p>{keys}</p>'


def _draw(area: Area, by: str) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import LineCollection, PolyCollection
    from matplotlib.figure import Figure

    figure = Figure(figsize=(INCHES, INCHES * _ratio(area)), dpi=DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_aspect("equal")
    import shapely

    zones, links, buildings = area.zones, area.links, area.buildings
    districts = area.geometry("zones")[zones.level == "district"]
    for ring in shapely.get_exterior_ring(shapely.get_parts(districts)):
        axes.fill(*shapely.get_coordinates(ring).T, facecolor="#faf8f3", edgecolor="none", zorder=0)
        axes.plot(*shapely.get_coordinates(ring).T, color="#c2410c", linewidth=0.7, alpha=0.8, zorder=5)
    shown = links.name != OUTSIDE
    for classes, width, colour in reversed(WIDTHS):
        rows = np.flatnonzero(shown & np.isin(links.road_class.astype(str), classes))
        lines = _lines(area.geometry("links")[rows])
        axes.add_collection(LineCollection(lines, linewidths=width, colors=colour, zorder=2))
    if len(buildings):
        shapes = [shapely.get_coordinates(s) for s in shapely.get_exterior_ring(area.geometry("buildings"))]
        axes.add_collection(PolyCollection(shapes, facecolors=_colours(buildings, by), edgecolors="none", zorder=3))
    gates = area.gateways.node
    axes.plot(area.nodes.x[gates], area.nodes.y[gates], "^", color="#a4161a", markersize=5, zorder=6, linestyle="none")
    for k in np.flatnonzero(zones.level == "district"):
        if zones.population[k]:
            axes.annotate(
                str(zones.name[k]),
                (zones.x[k], zones.y[k]),
                fontsize=6.5,
                ha="center",
                zorder=7,
                bbox={"facecolor": "#ffffffcc", "edgecolor": "none", "pad": 1.0},
            )
    west, south, east, north = _bounds(area)
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.annotate("; ".join(area.credits), (0.005, 0.004), xycoords="axes fraction", fontsize=5, color="#5a6675")
    out = io.BytesIO()
    figure.savefig(out, format="png", facecolor="#eef0f2")
    return out.getvalue()


def _colours(buildings: Any, by: str) -> list[str]:
    if by == "origin":
        return [OF_ORIGIN[o] for o in buildings.origin]
    of = {use: colour for colour, uses in OF_USE.values() for use in uses}
    return [of[u] for u in buildings.use]


def _bounds(area: Area) -> tuple[float, float, float, float]:
    import shapely

    west, south, east, north = shapely.total_bounds(area.geometry("zones"))
    margin = 0.02 * max(east - west, north - south, 100.0)
    return float(west - margin), float(south - margin), float(east + margin), float(north + margin)


def _ratio(area: Area) -> float:
    west, south, east, north = _bounds(area)
    return float(np.clip((north - south) / (east - west), 0.3, 2.0))


def _lines(shapes: Any) -> list[Any]:
    import shapely

    points, of = shapely.get_coordinates(shapes, return_index=True)
    return np.split(points, np.flatnonzero(np.diff(of)) + 1) if len(points) else []
