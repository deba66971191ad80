"""The files of a GTFS feed, in a zip or a folder: tables of text, read in pieces."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.opening import refuse

NEEDED = {
    "stops.txt": ("stop_id",),
    "routes.txt": ("route_id", "route_type"),
    "trips.txt": ("route_id", "service_id", "trip_id"),
    "stop_times.txt": ("trip_id", "stop_id", "stop_sequence"),
}
ALLOWED = "a GTFS feed: a zip or folder with stops.txt, routes.txt, trips.txt, stop_times.txt and a calendar"


class Feed:
    """The files of a feed by their names, wherever they lie in the zip."""

    def __init__(self, path: Path, members: dict[str, Any], archive: zipfile.ZipFile | None) -> None:
        self.path, self.members, self.archive, self.names = path, members, archive, set(members)
        self.ragged: dict[str, int] = {}  # file -> rows with too few or too many cells

    def _open(self, name: str) -> Any:
        member = self.members[name]
        return self.archive.open(member) if self.archive else member.open("rb")

    def pieces(self, name: str, columns: tuple[str, ...]) -> Iterator[dict[str, NDArray[Any]]]:
        """The columns of a file that are there, as arrays of text, piece by piece; absent ones are left out."""
        import pyarrow as pa
        from pyarrow import csv

        if name not in self.members:
            return
        where = f"{self.path}: {name}"
        self.ragged[name] = 0

        def skip(_: Any) -> str:
            self.ragged[name] += 1
            return "skip"

        try:
            with self._open(name) as source:
                heading = source.peek(4096).split(b"\n", 1)[0].decode("utf-8-sig", "replace")
                names = [c.strip().strip('"') for c in heading.split(",")]
                if lacking := [c for c in NEEDED.get(name, ()) if c not in names]:
                    raise refuse(where, f"lacks the column {', '.join(lacking)}", ALLOWED, "fetch the feed again")
                reader = csv.open_csv(
                    source,
                    read_options=csv.ReadOptions(column_names=names, skip_rows=1, block_size=1 << 24),
                    parse_options=csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
                    convert_options=csv.ConvertOptions(
                        column_types=dict.fromkeys(names, pa.string()),
                        include_columns=[c for c in columns if c in names],
                    ),
                )
                for batch in reader:
                    yield {c: np.array(batch.column(c).to_pylist(), object) for c in batch.schema.names}
        except (OSError, pa.ArrowInvalid, zipfile.BadZipFile, EOFError, RuntimeError) as error:
            if isinstance(error, pa.ArrowInvalid) and "Empty CSV" in str(error):
                return
            why = str(error).partition("\n")[0] or type(error).__name__
            raise refuse(where, f"cannot be read ({why})", ALLOWED) from error

    def table(self, name: str, columns: tuple[str, ...]) -> dict[str, NDArray[Any]]:
        """The columns of a whole file as arrays of stripped text; "" where a column or cell is absent."""
        parts = list(self.pieces(name, columns))
        n = sum(len(next(iter(p.values()), ())) for p in parts)
        out = {c: np.full(n, "", object) for c in columns}
        for column in columns:
            cells = [p[column] for p in parts if column in p]
            if cells:
                out[column] = np.array([(v or "").strip() for v in np.concatenate(cells).tolist()], object)
        return out


@contextmanager
def open_feed(path: Path) -> Iterator[Feed]:
    """The files of a zip or folder, open for as long as they are read. Raises InputError where there are none."""
    if path.is_dir():
        yield Feed(path, {f.name: f for f in sorted(path.glob("*.txt"))}, None)
        return
    if not path.exists():
        raise refuse(path, "no such file or folder", ALLOWED, "check the path")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise refuse(path, f"cannot be unpacked ({error})", ALLOWED) from error
    with archive:
        names = [n for n in archive.namelist() if n.endswith(".txt") and not n.startswith("__MACOSX")]
        yield Feed(path, {n.rsplit("/", 1)[-1]: n for n in names}, archive)
