"""Tables of arrays to Parquet and back, safely: a temporary name, then a rename; units in the column metadata."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from twin.attributes import REQUIRED, Column
from twin.errors import Fault, InputError

Array = np.ndarray[Any, Any]


def write_table(
    path: Path,
    arrays: Mapping[str, Array],
    columns: Mapping[str, Column],
    *,
    geometry: tuple[str, ...] = (),
    crs: str = "",
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write one Parquet file (zstd) with the unit and meaning of each column in its metadata.

    geometry : GeoParquet geometry types of the column `geometry`, if there is one
    crs      : "EPSG:..." of that column
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields, data = [], []
    for name, array in arrays.items():
        declared = columns.get(name)
        values = _arrow(array, declared)
        about = {"unit": declared.unit, "meaning": declared.meaning} if declared else None
        fields.append(pa.field(name, values.type, metadata={k: v for k, v in (about or {}).items() if v} or None))
        data.append(values)
    extra = {k.encode(): v.encode() for k, v in (metadata or {}).items()}
    if geometry:
        extra[b"geo"] = json.dumps(_geo(geometry, crs)).encode()
    table = pa.Table.from_arrays(data, schema=pa.schema(fields, metadata=extra or None))
    partial = path.with_name(f".{path.name}.partial")
    try:
        pq.write_table(table, partial, compression="zstd")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _arrow(array: Array, declared: Column | None) -> Any:
    import pyarrow as pa

    if declared is not None and declared.dtype == "geometry":
        return pa.array(list(array), pa.binary())
    if array.dtype == object:
        first = next((v for v in array if v is not None), "")
        kind = pa.list_(pa.string()) if isinstance(first, list | tuple) else pa.string()
        return pa.array(list(array), kind)
    return pa.array(array)


def _geo(geometry: tuple[str, ...], crs: str) -> dict[str, Any]:
    column: dict[str, Any] = {"encoding": "WKB", "geometry_types": list(geometry)}
    if crs:
        import pyproj

        column["crs"] = pyproj.CRS.from_user_input(crs).to_json_dict()
    return {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": column}}


def read_table(path: Path, columns: Mapping[str, Column]) -> dict[str, Array]:
    """Read a Parquet file as arrays by column. Raises InputError where it is absent, broken or lacks a column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()  # pq.read_table imports pandas where that is installed: one second
    except FileNotFoundError:
        raise InputError(Fault(str(path), "is missing", remedy="build the area again")) from None
    except (OSError, pa.ArrowException) as error:
        raise InputError(
            Fault(
                str(path),
                f"cannot be read ({str(error).partition(chr(10))[0]})",
                "a Parquet file",
                "build the area again",
            )
        ) from error
    faults = [
        Fault(f"{path}: {name}", "column is missing", f"{c.dtype} {c.unit}".strip(), "build the area again")
        for name, c in columns.items()
        if name not in table.column_names and c.default is REQUIRED
    ]
    if faults:
        raise InputError(faults)
    found: dict[str, Array] = {}
    for name in table.column_names:
        column = table.column(name)
        if pa.types.is_string(column.type) or pa.types.is_binary(column.type) or pa.types.is_nested(column.type):
            found[name] = np.array([*column.to_pylist(), None], dtype=object)[:-1]
        else:
            found[name] = column.to_numpy()
    return found
