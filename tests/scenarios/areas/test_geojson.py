"""GeoJSON in whatever wrapping, and what is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scenarios.areas.geojson import read_geojson
from twin.errors import InputError

POINT = {"type": "Point", "coordinates": [4.36, 52.01]}
FEATURE = {"type": "Feature", "properties": {"naam": "Markt"}, "geometry": POINT}


@pytest.mark.parametrize(
    ("whole", "cells"),
    [
        (POINT, [{}]),
        (FEATURE, [{"naam": "Markt"}]),
        (
            {"type": "FeatureCollection", "features": [FEATURE, {**FEATURE, "properties": None}]},
            [{"naam": "Markt"}, {}],
        ),
    ],
)
def test_a_geometry_a_feature_or_many(whole: Any, cells: list[dict[str, Any]]) -> None:
    found = read_geojson(json.dumps(whole), "a.geojson", "points")
    assert found.cells == cells
    assert [(s.x, s.y) for s in found.shapes] == [(4.36, 52.01)] * len(cells)
    assert (found.named, found.crs) == ("", "EPSG:4326")


def test_the_system_it_names_counts_and_a_feature_may_have_no_place() -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}
    broken = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": "here"}}
    whole = {"type": "FeatureCollection", "crs": crs, "features": [FEATURE, {**FEATURE, "geometry": None}, broken]}
    found = read_geojson(json.dumps(whole), "a.geojson", "points")
    assert found.crs == "EPSG:28992"
    assert [s is None for s in found.shapes] == [False, True, True]


def test_a_broken_geometry_is_called_so() -> None:
    with pytest.raises(InputError, match="its geometry is broken"):
        read_geojson(
            '{"type": "Polygon", "coordinates": [[[NaN, 1], [2, 3], [4, 5], [NaN, 1]]]}', "a.geojson", "polygons"
        )


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", "null", '{"type": "Topology"}', '{"features": 3}', '{"features": [3]}']
)
def test_what_is_no_geojson_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"a\.geojson: cannot be read as GeoJSON"):
        read_geojson(text, "a.geojson", "points")
