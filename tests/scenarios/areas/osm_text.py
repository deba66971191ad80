"""Small extracts written by hand, in metres from a spot on earth."""

from __future__ import annotations

from html import escape
from math import cos, radians
from pathlib import Path
from typing import Any

METRE = 1 / 111_195  # degrees of latitude


class Text:
    """An extract to be written: nodes by their place in metres east and north of `at`, ways, relations."""

    def __init__(self, at: tuple[float, float] = (4.9, 52.3)) -> None:
        self.at, self.parts, self.next = at, [], 1

    def node(self, x: float, y: float, tags: dict[str, str] | None = None, number: int | None = None) -> int:
        lon, lat = self.at[0] + x * METRE / cos(radians(self.at[1])), self.at[1] + y * METRE
        return self.spot(f"{lon:.7f}", f"{lat:.7f}", tags, number)

    def spot(self, lon: str, lat: str, tags: dict[str, str] | None = None, number: int | None = None) -> int:
        """A node by its coordinates as text."""
        return self._add("node", f'lon="{lon}" lat="{lat}"', "", tags, number)

    def way(self, nodes: list[int], tags: dict[str, str], number: int | None = None) -> int:
        return self._add("way", "", "".join(f'<nd ref="{n}"/>' for n in nodes), tags, number)

    def relation(self, members: list[tuple[str, int, str]], tags: dict[str, str], number: int | None = None) -> int:
        inner = "".join(f'<member type="{kind}" ref="{ref}" role="{role}"/>' for kind, ref, role in members)
        return self._add("relation", "", inner, tags, number)

    def house(self, x: float, y: float, tags: dict[str, str] | None = None, size: float = 10.0) -> int:
        """A square building with its south-west corner there."""
        corners = [self.node(x + a, y + b) for a, b in ((0, 0), (size, 0), (size, size), (0, size))]
        return self.way([*corners, corners[0]], {"building": "house", **(tags or {})})

    def block(self, size: float = 300.0, tags: dict[str, str] | None = None) -> list[int]:
        """A square of four streets with a main road out of it, and four houses; the corners."""
        corners = [self.node(x, y) for x, y in ((0, 0), (size, 0), (size, size), (0, size))]
        for k in range(4):
            self.way(
                [corners[k], corners[(k + 1) % 4]], {"highway": "residential", "name": f"Street {k}", **(tags or {})}
            )
        self.way([corners[1], self.node(6 * size, 0)], {"highway": "secondary", "name": "Road", **(tags or {})})
        for k in range(4):
            self.house(40 + 50 * k, 40)
        return corners

    def write(self, folder: Path, name: str = "hand.osm") -> Path:
        """The file, sorted as extracts are."""
        rank = {"node": 0, "way": 1, "relation": 2}
        ordered = sorted(self.parts, key=lambda part: (rank[part[0]], part[1]))
        path = folder / name
        text = (
            '<?xml version="1.0" encoding="UTF-8"?><osm version="0.6">'
            + "".join(part[2] for part in ordered)
            + "</osm>"
        )
        path.write_text(text, encoding="utf-8")
        return path

    def _add(self, kind: str, attributes: str, inner: str, tags: dict[str, str] | None, number: int | None) -> int:
        if number is None:
            number, self.next = self.next, self.next + 1
        words = "".join(f'<tag k="{escape(k)}" v="{escape(v)}"/>' for k, v in (tags or {}).items())
        self.parts.append((kind, number, f'<{kind} id="{number}" {attributes}>{inner}{words}</{kind}>'))
        return number


def told(area: Any, deed: str) -> dict[str, int]:
    """What the extract's account says of a deed."""
    return area.facts["sources"][0][deed]
