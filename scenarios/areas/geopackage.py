"""Reading a GeoPackage with the standard library: its layers, their columns and their geometry as WKB."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scenarios.areas.opening import refuse

ENVELOPES = (0, 32, 48, 48, 64)  # bytes of the bounds in a geometry's header, by its kind


@dataclass
class Layer:
    """One table of features: column names, rows of values, geometry as WKB or None, and its coordinate system."""

    name: str
    columns: list[str]
    rows: list[tuple[Any, ...]]
    geometry: list[bytes | None]
    crs: str


def wkb_of(blob: bytes | None) -> bytes | None:
    """The WKB inside a GeoPackage geometry, or None where it is empty.

    OGC 12-128r19, 2.1.3: "GP", version, flags, srs_id (int32), bounds of a length that bits 1-3 of the flags tell.
    Raises ValueError where the blob is none.
    """
    if blob is None:
        return None
    if blob[:2] != b"GP" or len(blob) < 8 or (blob[3] >> 1) & 7 >= len(ENVELOPES):
        raise ValueError("no GeoPackage geometry")
    return None if blob[3] & 0x10 else blob[8 + ENVELOPES[(blob[3] >> 1) & 7] :]


def read_layers(data: bytes, where: str) -> list[Layer]:
    """Every feature layer of a GeoPackage from its bytes. Raises InputError where it is damaged or has none."""
    with TemporaryDirectory() as folder:
        file = (
            Path(folder) / "a.gpkg"
        )  # SQLite reads files, and the given one may be packed, or lie where none may write
        file.write_bytes(data)
        try:
            with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as base:
                out = list(_layers(base))
        except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
            raise refuse(where, f"cannot be read as a GeoPackage ({error})", "a whole file") from error
    if not out:
        raise refuse(where, "holds no layer of features", "a GeoPackage with areas", "check which file it is")
    return out


def _layers(base: sqlite3.Connection) -> Iterator[Layer]:
    query = "SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns ORDER BY table_name"
    for table, shape, system in base.execute(query).fetchall():
        found = base.execute(
            "SELECT organization, organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE srs_id = ?", (system,)
        ).fetchone()
        quoted = table.replace('"', '""')
        cursor = base.execute(f'SELECT * FROM "{quoted}"')
        columns = [column[0] for column in cursor.description]
        at = columns.index(shape)
        rows = cursor.fetchall()
        crs = f"{found[0]}:{found[1]}".upper() if found and system > 0 else ""
        yield Layer(
            table,
            columns[:at] + columns[at + 1 :],
            [row[:at] + row[at + 1 :] for row in rows],
            [wkb_of(row[at]) for row in rows],
            crs,
        )
