"""Reading a plain GeoTIFF of one band in degrees: uncompressed or deflated strips of numbers."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.opening import refuse

TYPES = {1: "B", 2: "s", 3: "H", 4: "I", 11: "f", 12: "d", 16: "Q"}  # of TIFF 6.0, section 2
KINDS = {1: "u", 2: "i", 3: "f"}  # SampleFormat
PLAIN, DEFLATED = 1, (8, 32946)
WIDTH, HEIGHT, BITS, COMPRESSION, STRIPS, BANDS, COUNTS, PREDICTOR, FORMAT = 256, 257, 258, 259, 273, 277, 279, 317, 339
SCALE, TIE = 33550, 33922  # ModelPixelScale and ModelTiepoint of GeoTIFF 1.0
MOST = 200_000_000  # cells; more is no raster of a region


@dataclass
class Raster:
    """Values of cells, shape (rows, columns), from the north-west corner on.

    west, north : degrees of the corner;  dx, dy : size of a cell, degrees
    """

    values: NDArray[np.float64]
    west: float
    north: float
    dx: float
    dy: float

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """west, south, east, north in degrees."""
        rows, columns = self.values.shape
        return self.west, self.north - rows * self.dy, self.west + columns * self.dx, self.north

    def middles(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Longitude and latitude of the middle of every cell, each of the shape of the values."""
        rows, columns = self.values.shape
        lon, lat = self.west + (np.arange(columns) + 0.5) * self.dx, self.north - (np.arange(rows) + 0.5) * self.dy
        return tuple(np.meshgrid(lon, lat))  # type: ignore[return-value]


def read_raster(data: bytes, where: str | Path) -> Raster:
    """The raster in the bytes of a GeoTIFF. Raises InputError where it is cut off, or of a form that is not read."""
    try:
        order = {b"II": "<", b"MM": ">"}[data[:2]]
        tags = _tags(data, order)
        shape = tags[HEIGHT][0], tags[WIDTH][0]
        form = (tags.get(BANDS, (1,))[0], tags.get(PREDICTOR, (1,))[0], tags[COMPRESSION][0])
        if form[:2] != (1, 1) or form[2] not in (PLAIN, *DEFLATED) or STRIPS not in tags or shape[0] * shape[1] > MOST:
            raise refuse(
                where, "is a GeoTIFF of a form that is not read", "one band in strips, plain or deflated", "convert it"
            )
        dtype = np.dtype(f"{order}{KINDS[tags.get(FORMAT, (1,))[0]]}{tags[BITS][0] // 8}")
        strips = (data[a : a + n] for a, n in zip(tags[STRIPS], tags[COUNTS], strict=True))
        whole = b"".join(strips if form[2] == PLAIN else map(zlib.decompress, strips))
        values = np.frombuffer(whole, dtype)[: shape[0] * shape[1]].reshape(shape).astype(np.float64)
        (dx, dy, _), tie = tags[SCALE], tags[TIE]
    except (struct.error, KeyError, ValueError, TypeError, zlib.error) as error:
        raise refuse(where, f"cannot be read as a GeoTIFF ({type(error).__name__}: {error})", "a whole file") from error
    return Raster(values, tie[3] - tie[0] * dx, tie[4] + tie[1] * dy, dx, dy)


def _tags(data: bytes, order: str) -> dict[int, tuple[Any, ...]]:
    """The first directory of the file: tag -> values."""
    (start,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, start)
    out: dict[int, tuple[Any, ...]] = {}
    for k in range(count):
        at = start + 2 + 12 * k
        tag, kind, n = struct.unpack_from(order + "HHI", data, at)
        if kind not in TYPES:
            continue
        form = f"{order}{n}{TYPES[kind]}"
        inline = struct.calcsize(form) <= 4
        (pointer,) = struct.unpack_from(order + "I", data, at + 8)
        out[tag] = struct.unpack_from(form, data, at + 8 if inline else pointer)
    return out
