"""Small CityJSON documents for tests: boxes and gabled houses with known heights."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

EAST, NORTH = 85_000.0, 447_000.0  # a spot in Delft, EPSG:28992
LEVEL = -1.2  # m, height of the ground in the datum
MILLIMETRES = {"scale": [0.001, 0.001, 0.001], "translate": [EAST, NORTH, 0.0]}


class Model:
    """A document that grows by one building at a time."""

    def __init__(
        self, version: str = "2.0", system: str | None = "https://www.opengis.net/def/crs/EPSG/0/7415"
    ) -> None:
        self.vertices: list[list[int]] = []
        self.objects: dict[str, Any] = {}
        self.metadata = {"referenceSystem": system} if system else {}
        self.version = version

    def corner(self, x: float, y: float, z: float) -> int:
        """Row of a new corner, m from (EAST, NORTH, 0)."""
        self.vertices.append([round(x * 1000), round(y * 1000), round(z * 1000)])
        return len(self.vertices) - 1

    def faces(self, x: float, y: float, wide: float, deep: float, eaves: float, ridge: float) -> tuple[Any, list[int]]:
        """Boundaries of one shell, and the kind of each face: 0 ground, 1 wall, 2 roof; a ridge runs along x."""
        ring = [(x, y), (x + wide, y), (x + wide, y + deep), (x, y + deep)]
        low = [self.corner(a, b, LEVEL) for a, b in ring]
        top = [self.corner(a, b, LEVEL + eaves) for a, b in ring]
        faces, kinds = [[low[::-1]]], [0]
        if ridge > eaves:
            west, east = (self.corner(a, y + deep / 2, LEVEL + ridge) for a in (x, x + wide))
            roofs = [[[top[0], top[1], east, west]], [[top[2], top[3], west, east]]]
            gables = {1: [low[1], low[2], top[2], east, top[1]], 3: [low[3], low[0], top[0], west, top[3]]}
        else:
            roofs, gables = [[top]], {}
        for k in range(4):
            n = (k + 1) % 4
            faces.append([gables.get(k, [low[k], low[n], top[n], top[k]])])
            kinds.append(1)
        return [*faces, *roofs], [*kinds, *[2] * len(roofs)]

    def add(
        self,
        name: str,
        x: float = 0.0,
        y: float = 0.0,
        wide: float = 6.0,
        deep: float = 9.0,
        eaves: float = 6.0,
        ridge: float = 6.0,
        *,
        kind: str = "Solid",
        lod: Any = "2.2",
        semantics: bool = True,
        object_type: str = "Building",
        **attributes: Any,
    ) -> Any:
        """Add a building; returns the object, to be changed."""
        shell, kinds = self.faces(x, y, wide, deep, eaves, ridge)
        nest = {
            "Solid": lambda v: [v],
            "MultiSolid": lambda v: [[v]],
            "CompositeSolid": lambda v: [[v]],
            "MultiSurface": lambda v: v,
            "CompositeSurface": lambda v: v,
        }[kind]
        geometry = {"type": kind, "lod": lod, "boundaries": nest(shell)}
        if semantics:
            named = [{"type": t} for t in ("GroundSurface", "WallSurface", "RoofSurface")]
            geometry["semantics"] = {"surfaces": named, "values": nest(kinds)}
        self.objects[name] = {"type": object_type, "attributes": attributes, "geometry": [geometry]}
        return self.objects[name]

    def document(self) -> dict[str, Any]:
        """The document as plain values."""
        return {
            "type": "CityJSON",
            "version": self.version,
            "metadata": self.metadata,
            "transform": MILLIMETRES,
            "CityObjects": self.objects,
            "vertices": self.vertices,
        }

    def lines(self) -> list[str]:
        """The same as CityJSONSeq: a header, then one feature per building."""
        header = {**self.document(), "CityObjects": {}, "vertices": []}
        features = [
            {"type": "CityJSONFeature", "id": k, "CityObjects": {k: o}, "vertices": self.vertices}
            for k, o in self.objects.items()
        ]
        return [json.dumps(d) for d in (header, *features)]

    def write(self, path: Path) -> Path:
        """Write to a file of any of the endings."""
        text = "\n".join(self.lines()) if ".jsonl" in path.name else json.dumps(self.document())
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
        return path
