"""Zones of an area: a district in several parts keeps all of them, on disk as well."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely

from scenarios.areas.zones import District, clip_districts, make_zones
from twin.parquet import read_table, write_table
from twin.tables import GEOMETRY_TYPES, TABLES

FIGURES = {"population": 60.0, "dwellings": 30.0}


def test_a_district_cut_in_two_keeps_both_parts() -> None:
    outline = shapely.union(shapely.box(0, 0, 100, 300), shapely.box(200, 0, 300, 300))
    district = District("WK050311", "Binnenstad", shapely.box(0, 100, 300, 200), FIGURES)
    (clipped,) = clip_districts([district], outline, "Delft")
    assert clipped.inside == pytest.approx(2 / 3)
    x, y = np.array([50.0, 250.0]), np.array([150.0, 150.0])
    address = np.array(["Markt 1", "Markt 2"], object)
    table, zone = make_zones(x, y, np.array([10, 10]), address, outline, [clipped], np.zeros(2, np.int64))
    assert table["area_m2"].tolist() == pytest.approx([20_000.0, 20_000.0])  # the district, and its one neighbourhood
    shapes = shapely.from_wkb(table["geometry"])
    assert shapely.get_num_geometries(shapes).tolist() == [2, 2]
    assert shapely.contains_xy(shapes[zone], x, y).all()


def test_geoparquet_says_that_there_may_be_parts(tmp_path: Path) -> None:
    assert GEOMETRY_TYPES["zones"] == ("Polygon", "MultiPolygon")
    shape = shapely.to_wkb(shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)]))
    write_table(
        tmp_path / "zones.parquet",
        {"code": np.array(["WK01"], object), "geometry": np.array([shape], object)},
        TABLES["zones"],
        geometry=GEOMETRY_TYPES["zones"],
        crs="EPSG:28992",
    )
    said = json.loads(pq.read_schema(tmp_path / "zones.parquet").metadata[b"geo"])
    assert said["columns"]["geometry"]["geometry_types"] == ["Polygon", "MultiPolygon"]
    kept = read_table(tmp_path / "zones.parquet", {})["geometry"]
    assert shapely.from_wkb(kept[0]).area == 2.0
