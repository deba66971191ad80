"""GeoJSON as readers of open data want it: cells, shapes and the system that the file names, whatever wraps them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.coordinates import named_system, tell_system
from scenarios.areas.opening import refuse

GEOMETRIES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection")


@dataclass
class Features:
    """What a GeoJSON holds.

    cells : the properties of each feature, or {}
    shapes: shapely geometry of each feature in the file's system; None where there is none or it cannot be read
    named : the system that the file names, "" if none known
    """

    cells: list[dict[str, Any]]
    shapes: NDArray[np.object_]
    named: str

    @property
    def crs(self) -> str:
        """The system that the file names, else the one that its numbers fit, else ""."""
        import shapely

        bounds = shapely.bounds(self.shapes)
        return self.named or tell_system(bounds[:, 0], bounds[:, 1])


def read_geojson(text: str, where: str | Path, allowed: str) -> Features:
    """The features of a collection, a single one, or a bare geometry. Raises InputError where the text is none of them."""
    import shapely

    try:
        whole = json.loads(text)
        features = whole.get("features", [whole])
        given = [json.dumps(g) if (g := f.get("geometry", f)) else None for f in features]
        shapes = np.asarray(shapely.from_geojson(np.array(given, object), on_invalid="ignore"), object)
        if "features" not in whole and shapes[0] is None:
            known = whole.get("type") in (*GEOMETRIES, "Feature")
            raise ValueError("its geometry is broken" if known else f"it is of type {whole.get('type')}")
        cells = [c if isinstance(c := f.get("properties"), dict) else {} for f in features]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, shapely.GEOSException) as error:
        raise refuse(where, f"cannot be read as GeoJSON ({error})", allowed, "check which file it is") from error
    return Features(cells, shapes, named_system(whole))
