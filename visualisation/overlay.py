"""What is written on a picture: title, time, names of neighbourhoods, legend, and whose data it shows."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from visualisation import palette
from visualisation.camera import Camera
from visualisation.moment import Moment

Array = np.ndarray[Any, Any]
INK, SOFT, PANEL = (29, 37, 48), (90, 102, 117), (255, 255, 255, 225)
SYNTHETIC = "Citizens are synthetic."


def overlay(pixels: Array, moment: Moment, camera: Camera) -> Any:
    """The picture (height, width, 3) with everything that is written on it, as a Pillow image."""
    from PIL import Image

    image = Image.fromarray(pixels).convert("RGBA")
    pen = Pen(image)
    legend = _legend(moment)
    pen.keep_clear(legend)
    pen.marks(_marks(moment, camera))
    pen.names(_names(moment, camera))
    pen.title(
        str(moment.run.manifest.get("title") or moment.run.manifest.get("scenario") or "A run"),
        f"{_place(moment)}  ·  {moment.clock}",
        _state(moment),
    )
    pen.legend(legend)
    pen.foot(f"{_attribution(moment)} {SYNTHETIC}")
    return pen.finished()


def _state(m: Moment) -> str:
    """What the moment is like, in one line."""
    said = []
    if m.customers or m.dark.any():
        said.append(f"{m.customers:,} customers in {int(m.dark.sum()):,} buildings without power")
    if len(m.dark_signals):
        said.append(f"{len(m.dark_signals)} traffic signal{'s' if len(m.dark_signals) > 1 else ''} dark")
    if m.closed.any():
        names = dict.fromkeys(str(name) for name in m.area.links.name[m.closed] if name)
        said.append(f"{', '.join(list(names)[:2]) or 'a street'} closed to cars")
    limit = palette.CONGESTION[2][0]
    slow = int((m.ratio < limit).sum())
    if np.isfinite(m.ratio).any():
        said.append(f"{slow:,} street link{'' if slow == 1 else 's'} slower than {100 * limit:.0f} % of free flow")
    return "  ·  ".join(said)


def _place(m: Moment) -> str:
    name = m.area.name.replace("_", " ")
    return name[:1].upper() + name[1:]


def _attribution(m: Moment) -> str:
    """Whose data they are, and under which licence where it asks for being named."""
    said = [credit.replace(" (CC0-1.0)", "") for credit in m.area.credits]
    return "Data: " + "; ".join(said) + "." if said else ""


def _names(m: Moment, camera: Camera) -> list[tuple[float, float, str]]:
    """Names of neighbourhoods with buildings, at their pixels; those with more residents first."""
    zones = m.area.zones
    if not len(zones):
        return []
    built = np.bincount(m.area.buildings.zone, minlength=len(zones))
    rows = np.flatnonzero((zones.level == "neighbourhood") & (built > 0))
    rows = rows[np.argsort(-zones.population[rows], kind="stable")][:MOST_NAMES]
    pixels, _ = camera.project(np.stack([zones.x[rows], zones.y[rows], np.full(len(rows), 25.0)], axis=1))
    names = [str(zones.name[row]).removeprefix(f"{m.area.name}, ") for row in rows]
    return [(float(x), float(y), name) for (x, y), name in zip(pixels, names, strict=True)]


def _marks(m: Moment, camera: Camera) -> list[tuple[str, float, float]]:
    """Signs that stand above everything else: dark signals, hospitals and ambulances, at their pixels."""
    b, nodes, places = m.area.buildings, m.area.nodes, m.area.places
    at = m.area.signals.node[m.dark_signals] if len(m.dark_signals) else np.zeros(0, np.int64)
    home = places.building[_hospitals(places)]
    groups = (
        ("signal", nodes.x[at], nodes.y[at], np.full(len(at), 2.0)),
        ("hospital", b.x[home], b.y[home], b.height[home] + 6.0),
        ("ambulance", m.ambulances[:, 0], m.ambulances[:, 1], np.full(len(m.ambulances), 8.0)),
    )
    found = []
    for kind, x, y, z in groups:
        pixels, _ = camera.project(np.stack([x, y, z], axis=1))
        found += [(kind, float(px), float(py)) for px, py in pixels]
    return found


def _hospitals(places: Any) -> Any:
    """Rows of the hospitals that stand in the area."""
    return np.flatnonzero((places.kind == "hospital") & (places.gateway < 0))


Entry = tuple[str, tuple[int, int, int], str]  # shape, colour, words
Columns = Sequence[tuple[str, Sequence[Entry]]]
MOST_NAMES = 60
ROW, PAD = 23, 16  # of the legend, in thousandths of the height


def _legend(m: Moment) -> Columns:
    columns: list[tuple[str, list[Entry]]] = []
    streets: list[Entry] = []
    if np.isfinite(m.ratio).any():
        streets = [("line", colour, words) for _, colour, words in palette.CONGESTION]
    if m.closed.any():
        streets.append(("line", palette.CLOSED, "closed to cars"))
    if streets:
        columns.append(("Speed over free speed" if len(streets) > 1 else "Streets", streets))
    moving: list[Entry] = []
    if len(m.cars[0]):
        moving.append(("car", palette.CAR, f"car ({len(m.cars[0]):,} shown)"))
    if len(m.ambulances):
        busy = int(m.ambulances[:, 2].sum())
        moving.append(("ambulance", palette.AMBULANCE, f"ambulance ({busy} of {len(m.ambulances)} on a call)"))
    if len(_hospitals(m.area.places)):
        moving.append(("hospital", palette.HOSPITAL, "hospital"))
    if len(m.dark_signals):
        moving.append(("signal", palette.SIGNAL, "traffic signal dark"))
    if m.dark.any():
        moving += [("block", palette.DARK_ROOF, "building without power"), ("block", palette.DARK_GROUND, "dark area")]
    if moving:
        columns.append(("At this moment", moving))
    present = set(np.unique(m.area.buildings.use).tolist()) if len(m.area.buildings) else set()
    uses: list[Entry] = [
        ("block", roofs[0], name) for name, (_, roofs, kinds) in palette.USES.items() if present & set(kinds)
    ]
    return [*columns, ("Buildings", uses)] if uses else columns


class Pen:
    """Writes on an image; sizes follow its height."""

    def __init__(self, image: Any) -> None:
        from PIL import Image, ImageDraw

        self.image = image
        self.layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
        self.draw = ImageDraw.Draw(self.layer)
        self.width, self.height = image.size
        self.unit = min(self.height / 1000.0, self.width / 1200.0)
        self.taken: list[tuple[float, float, float, float]] = []

    def font(self, size: float, bold: bool = False) -> Any:
        """DejaVu Sans, which matplotlib carries, so that letters are the same on every machine."""
        from PIL import ImageFont

        spec = find_spec("matplotlib")
        folder = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" if spec and spec.origin else Path()
        file = folder / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")
        points = max(round(size * self.unit), 8)
        return ImageFont.truetype(str(file), points) if file.is_file() else ImageFont.load_default(points)

    def title(self, title: str, when: str, state: str) -> None:
        """Title, area and time, and one line of facts, at the top left."""
        x, y = 36 * self.unit, 26 * self.unit
        for text, size, bold, colour in ((title, 34, True, INK), (when, 19, False, SOFT), (state, 17, False, INK)):
            if text:
                font = self.font(size, bold)
                self.draw.text(
                    (x, y),
                    text,
                    INK if bold else colour,
                    font,
                    stroke_width=round(3 * self.unit),
                    stroke_fill=(*palette.PAPER, 235),
                )
                y += font.size * 1.42

    def foot(self, text: str) -> None:
        """One small line at the bottom left."""
        font = self.font(13)
        self.draw.text(
            (36 * self.unit, self.height - 14 * self.unit),
            text,
            SOFT,
            font,
            anchor="ls",
            stroke_width=round(2 * self.unit),
            stroke_fill=(*palette.PAPER, 235),
        )

    def marks(self, marks: Sequence[tuple[str, float, float]]) -> None:
        """Signs on the map, one for those that nearly coincide; names keep clear of them."""
        for kind, x, y in marks:
            side = 15 * self.unit
            clear = not any(a < x < c and b < y < d for a, b, c, d in self.taken)
            if clear and 0 <= x < self.width and 0 <= y < self.height:
                self._mark(kind, palette.WHITE, x, y)
                self.taken.append((x - side, y - side, x + side, y + side))

    def names(self, places: Sequence[tuple[float, float, str]]) -> None:
        """Names on the map, none over another; the first ones win, and one that does not fit is moved up or down."""
        font, pad, halo = self.font(13.5), 4 * self.unit, round(2.4 * self.unit)
        for x, y, text in places:
            for lift in (0.0, -24.0, 24.0):
                at = (x, y + lift * self.unit)
                left, top, right, bottom = self.draw.textbbox(at, text, font, anchor="mm")
                box = (left - pad, top - pad, right + pad, bottom + pad)
                if self._free(box):
                    self.taken.append(box)
                    self.draw.text(
                        at, text, INK, font, anchor="mm", stroke_width=halo, stroke_fill=(255, 255, 255, 200)
                    )
                    break

    def _free(self, box: tuple[float, float, float, float]) -> bool:
        """Whether a box lies on the map, below the title, and over nothing that was written before."""
        left, top, right, bottom = box
        inside = left > 0 and right < self.width and top > 128 * self.unit and bottom < self.height - 30 * self.unit
        return inside and not any(a < right and c > left and b < bottom and d > top for a, b, c, d in self.taken)

    def panel(self, columns: Columns) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the legend's panel, at the right of the picture."""
        font, bold, u = self.font(13.5), self.font(13.5, True), self.unit
        words = max(self.draw.textlength(e[2], font) + 34 * u for _, entries in columns for e in entries)
        wide = max([words, *(self.draw.textlength(head, bold) for head, _ in columns)]) + 2 * PAD * u
        tall = (sum(len(entries) + 1.6 for _, entries in columns) - 0.6) * ROW * u + 1.4 * PAD * u
        right, top = self.width - 24 * u, 26 * u
        return right - wide, top, right, top + tall

    def keep_clear(self, columns: Columns) -> None:
        """Nothing is written where the legend will stand."""
        if columns:
            self.taken.append(self.panel(columns))

    def legend(self, columns: Columns) -> None:
        """A panel with one block of entries per subject."""
        if not columns:
            return
        font, bold, u = self.font(13.5), self.font(13.5, True), self.unit
        row, pad = ROW * u, PAD * u
        box = self.panel(columns)
        self.draw.rounded_rectangle(box, 10 * u, PANEL, (205, 210, 217, 255), max(round(u), 1))
        x, y = box[0] + pad, box[1] + 1.2 * pad
        for head, entries in columns:
            self.draw.text((x, y), head, INK, bold, anchor="lm")
            for shape, colour, said in entries:
                y += row
                self._mark(shape, colour, x + 12 * u, y)
                self.draw.text((x + 34 * u, y), said, INK, font, anchor="lm")
            y += 1.6 * row

    def _mark(self, shape: str, colour: tuple[int, int, int], x: float, y: float) -> None:
        """A sign around (x, y)."""
        u, draw = self.unit, self.draw

        def around(a: float, b: float) -> tuple[float, float, float, float]:
            return x - a * u, y - b * u, x + a * u, y + b * u

        if shape == "line":
            draw.rounded_rectangle(around(12, 3), 2 * u, colour)
        elif shape == "block":
            draw.rectangle(around(8, 7), colour)
        elif shape == "car":
            draw.rectangle(around(5, 3), colour)
        elif shape == "signal":
            draw.ellipse(around(9, 9), palette.CONGESTION[1][1])
            draw.ellipse(around(6, 6), palette.SIGNAL)
        else:
            fill = palette.HOSPITAL if shape == "hospital" else palette.AMBULANCE
            draw.rounded_rectangle(around(11, 11), 4 * u, fill, palette.WHITE, max(round(2 * u), 1))
            if shape == "hospital":
                draw.text((x, y), "H", palette.WHITE, self.font(15, True), anchor="mm")
            else:
                draw.rectangle(around(6, 2), palette.WHITE)
                draw.rectangle(around(2, 6), palette.WHITE)

    def finished(self) -> Any:
        """The image with what was written on it."""
        from PIL import Image

        return Image.alpha_composite(self.image, self.layer).convert("RGB")
