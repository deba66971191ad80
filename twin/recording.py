"""Writing a run folder safely, reading it back, and the digests of what was recorded.

A stream is one kind of rows: "events/care", "series/link", "restricted/trips", "replay/vehicles". At each edge the
window's rows of every stream are put in their total order, chained into the stream's digest (h = H(h || rows)) and
kept; once an hour of simulated time they go to disk as one Parquet part per stream, under a temporary name first. So a
killed process leaves a readable folder, and the digest does not depend on the number of parts.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from twin.attributes import Column
from twin.clock import hour
from twin.coupling import Batch, Record
from twin.errors import DesignError, Fault, InputError
from twin.parquet import write_table

Array = np.ndarray[Any, Any]
RUN_SCHEMA = 1

EVENT_COLUMNS = {
    "event_id": Column("str", meaning="kind:subject:ordinal"),
    "time": Column("int64", unit="ms", meaning="since the scenario's start"),
    "domain": Column("str"),
    "kind": Column("str"),
    "subject": Column("int64"),
    "object": Column("int64"),
    "value": Column(),
    "contributing": Column("str", meaning="ids of events that contributed, as the sender claims"),
}
TIME = Column("int64", unit="ms", meaning="since the scenario's start")
ID = Column("int32", meaning="row number of the thing in its table")


class Stream:
    """Rows of one kind: those of this window, those not yet on disk, and the chained digest."""

    def __init__(self, name: str, columns: Mapping[str, Column]) -> None:
        self.name, self.columns = name, columns
        self.digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
        self.pending: list[dict[str, Array]] = []
        self.rows, self.parts = 0, 0

    def joined(self) -> list[dict[str, Array]]:
        """The rows not yet on disk as one chunk, or none."""
        if len(self.pending) < 2:
            return self.pending
        return [{name: np.concatenate([rows[name] for rows in self.pending]) for name in self.columns}]

    @property
    def place(self) -> tuple[str, str]:
        """Folder of its parts in the run folder, and what their names begin with."""
        group, _, kind = self.name.partition("/")
        return (group, kind) if group == "events" else (self.name, "part")

    def append(self, rows: dict[str, Array]) -> None:
        """Chain the rows of one window, already in total order, and keep them."""
        total = hashlib.blake2b(self.digest, digest_size=16)
        for array in rows.values():
            if array.dtype == object:
                total.update("\x1f".join(map(str, array)).encode())
            else:
                total.update(np.ascontiguousarray(array).tobytes())
        self.digest = total.digest()
        self.pending.append(rows)
        self.rows += len(next(iter(rows.values())))


class Recorder:
    """Collects what a run records. Without a folder it keeps the digests only.

    folder : the run folder, which exists; None for no files
    keep   : whether series, replay and restricted rows are written, or events and digests only ("indicators")
    """

    def __init__(self, folder: Path | None = None, keep: bool = True) -> None:
        self.folder, self.keep = folder, keep
        self.streams: dict[str, Stream] = {}
        self._events: list[Record | Batch] = []
        self._series: dict[tuple[str, int], tuple[Array, dict[str, Array], Mapping[str, Column]]] = {}
        self._rows: dict[str, tuple[Mapping[str, Column], list[dict[str, Array]]]] = {}
        self._flushed = 0

    # -- taking rows ---------------------------------------------------------------------------------------------------

    def event(self, item: Record | Batch) -> None:
        """Take an event, or a batch of one kind."""
        self._events.append(item)

    def series(self, kind: str, columns: Mapping[str, Column], quantity: str, value: Any, ids: Any, at: int) -> None:
        """Take one quantity of one kind of thing at one time; quantities of the same time share a row per id."""
        values = np.atleast_1d(np.asarray(value, columns[quantity].numpy_dtype))
        rows = np.arange(len(values)) if ids is None else np.atleast_1d(np.asarray(ids, np.int32))
        known = self._series.get((kind, at))
        if known is None:
            self._series[kind, at] = (rows.astype(np.int32), {quantity: values.copy()}, columns)
        elif len(known[0]) != len(rows) or not np.array_equal(known[0], rows):
            raise DesignError(f"{kind}.{quantity} is recorded for other ids than the quantities before it at {at} ms")
        else:
            known[1][quantity] = values.copy()

    def rows(self, table: str, columns: Mapping[str, Column], values: Mapping[str, Any]) -> None:
        """Take rows of a table."""
        arrays = {name: np.asarray(values[name], column.numpy_dtype) for name, column in columns.items()}
        if len({len(a) for a in arrays.values()}) != 1:
            raise DesignError(f"the columns of {table} differ in length: { {n: len(a) for n, a in arrays.items()} }")
        self._rows.setdefault(table, (columns, []))[1].append({n: a.copy() for n, a in arrays.items()})

    # -- the edge ------------------------------------------------------------------------------------------------------

    def close_window(self, edge: int) -> None:
        """Sort and chain the rows of the window that ends at `edge`; write parts when an hour is full."""
        if self._events:
            self._close_events()
        if self._series:
            for (kind, at), (ids, quantities, columns) in sorted(self._series.items(), key=lambda item: item[0]):
                stream = self._stream(f"series/{kind}", {"time": TIME, "id": ID, **columns})
                rows = {"time": np.full(len(ids), at, np.int64), "id": ids}
                for name, column in columns.items():
                    rows[name] = quantities[name] if name in quantities else _missing(column, len(ids))
                stream.append(rows)
            self._series.clear()
        if self._rows:
            for table, (columns, chunks) in sorted(self._rows.items()):
                joined = {name: np.concatenate([c[name] for c in chunks]) for name in columns}
                if len(next(iter(joined.values()))):
                    self._stream(table, columns).append(joined)
            self._rows.clear()
        if edge - self._flushed >= hour:
            self.flush(edge)

    def _close_events(self) -> None:
        by_domain: dict[str, list[tuple[Any, ...]]] = {}
        for item in self._events:
            domain = item.kind.partition(".")[0]
            rows = by_domain.setdefault(domain, [])
            if isinstance(item, Record):
                rows.append((item.time, item.kind, item.subject, item.ordinal, item.object, item.value, item.because))
            else:
                rows += [
                    (
                        int(item.time[i]),
                        item.kind,
                        int(item.subject[i]),
                        int(item.ordinal[i]),
                        int(item.object[i]),
                        float(item.value[i]),
                        item.because_of(i),
                    )
                    for i in range(len(item))
                ]
        self._events.clear()
        for domain, rows in sorted(by_domain.items()):
            rows.sort(key=lambda row: row[:4])
            n = len(rows)
            contributing = np.empty(n, object)
            contributing[:] = [list(row[6]) for row in rows]
            self._stream(f"events/{domain}", EVENT_COLUMNS).append(
                {
                    "event_id": np.array([f"{r[1]}:{r[2]}:{r[3]}" for r in rows], object),
                    "time": np.array([r[0] for r in rows], np.int64),
                    "domain": np.full(n, domain, object),
                    "kind": np.array([r[1].partition(".")[2] for r in rows], object),
                    "subject": np.array([r[2] for r in rows], np.int64),
                    "object": np.array([r[4] for r in rows], np.int64),
                    "value": np.array([r[5] for r in rows], np.float64),
                    "contributing": contributing,
                }
            )

    def _stream(self, name: str, columns: Mapping[str, Column]) -> Stream:
        if name not in self.streams:
            self.streams[name] = Stream(name, columns)
        return self.streams[name]

    # -- disk ----------------------------------------------------------------------------------------------------------

    def flush(self, edge: int) -> None:
        """Write the pending rows of every stream as one part each. Raises InputError where the disk refuses."""
        self._flushed = edge
        for stream in self.streams.values():
            pending = stream.pending
            if self.folder is None or not pending or not (self.keep or stream.name.startswith("events/")):
                pending.clear()
                continue
            (arrays,) = stream.joined()
            stream.parts += 1
            target = self.parts_of(stream)[-1]
            try:
                with writing(self.folder):
                    if stream.name.startswith("restricted/"):
                        private_folder(self.folder / "restricted")
                    target.parent.mkdir(parents=True, exist_ok=True)
                    write_table(target, arrays, stream.columns)
            except BaseException:
                stream.parts -= 1
                raise
            pending.clear()  # not before: what could not be written is not lost

    def saved(self) -> dict[str, Any]:
        """What a checkpoint keeps: each stream's digest, its rows not yet on disk, and how many parts there are."""
        for stream in self.streams.values():
            stream.pending = stream.joined()
        streams = [(s.name, s.digest, list(s.pending), s.rows, s.parts) for s in self.streams.values()]
        return {"streams": streams, "flushed": self._flushed}

    def restore(self, kept: Mapping[str, Any], columns: Callable[[str], Mapping[str, Column]]) -> None:
        """Take back what `saved` gave; parts that were written later are deleted.

        columns : gives the columns of a kind of series or of a table by its name
        """
        self._flushed = kept["flushed"]
        for recorded_in_setup in (self._events, self._series, self._rows):  # it stands in the checkpoint already
            recorded_in_setup.clear()
        self.streams = {}
        for name, digest, pending, rows, parts in kept["streams"]:
            group, _, kind = name.partition("/")
            if group == "events":
                declared: Mapping[str, Column] = EVENT_COLUMNS
            else:
                declared = {"time": TIME, "id": ID, **columns(kind)} if group == "series" else columns(name)
            stream = self.streams[name] = Stream(name, declared)
            stream.digest, stream.pending, stream.rows, stream.parts = digest, list(pending), rows, parts
        if self.folder is not None:
            whole = {path for stream in self.streams.values() for path in self.parts_of(stream)}
            for path in part_files(self.folder):
                if path not in whole:
                    path.unlink()

    def parts_of(self, stream: Stream) -> list[Path]:
        """The files of a stream's parts."""
        assert self.folder is not None
        place, prefix = stream.place
        return [self.folder / place / f"{prefix}-{number:05d}.parquet" for number in range(stream.parts)]

    def digests(self) -> dict[str, str]:
        """Digest of each stream so far, by name."""
        return {name: stream.digest.hex() for name, stream in sorted(self.streams.items())}

    def result_digest(self) -> str:
        """One digest of everything recorded."""
        joined = "\n".join(f"{name} {digest}" for name, digest in self.digests().items())
        return hashlib.blake2b(joined.encode(), digest_size=16).hexdigest()


def _missing(column: Column, n: int) -> Array:
    dtype = column.numpy_dtype
    return np.full(n, np.nan if dtype.kind == "f" else 0, dtype)


class writing:  # noqa: N801 - reads as a statement: with writing(folder)
    """Context in which a failing disk becomes one clear InputError; what was written before stays readable."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            raise InputError(
                Fault(
                    str(self.folder),
                    f"cannot be written ({reason})",
                    "a writable disk with room",
                    "free some room or name another place (run.folder=DIR for a run, --out for a page or an area)",
                )
            ) from error


def part_files(folder: Path) -> list[Path]:
    """Every part that a run folder holds, of all streams."""
    found = [path for group in ("series", "replay", "restricted") for path in (folder / group).glob("*/part-*.parquet")]
    return sorted([*found, *(folder / "events").glob("*-*.parquet")])


def private_folder(folder: Path) -> None:
    """Make `folder` if it is absent; only its owner may enter it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chmod(folder, 0o700)


def write_json(path: Path, value: Any) -> None:
    """Write JSON under a temporary name, then rename."""
    partial = path.with_name(f".{path.name}.partial")
    with writing(path.parent):
        try:
            partial.write_text(json.dumps(value, indent=2, default=_jsonable) + "\n", encoding="utf-8")
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)


def _jsonable(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} in a JSON file")


class Run:
    """A finished, failed or still running run, read from its folder.

    Raises InputError where `folder` is no run.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.manifest: dict[str, Any] = self._json("manifest.json")
        if not isinstance(self.manifest, dict):
            raise InputError(Fault(str(self.folder / "manifest.json"), "is no manifest", "a run folder"))

    def _json(self, name: str) -> Any:
        try:
            return json.loads((self.folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            if (self.folder / "experiment.json").is_file():
                raise InputError(
                    Fault(str(self.folder), "is an experiment and no run", "one of its runs, as runs/base/1 in it")
                ) from None
            raise InputError(Fault(str(self.folder), f"has no {name}", "a run folder", "twin run makes one")) from None
        except (OSError, ValueError) as error:
            raise InputError(Fault(str(self.folder / name), f"cannot be read ({error})", "a run folder")) from error

    @property
    def indicators(self) -> list[dict[str, Any]]:
        """Rows of indicators.json."""
        return list(self._json("indicators.json"))

    def table(self, place: str, columns: list[str] | None = None) -> Any:
        """All parts under `place` ("series/link", "replay/vehicles") as one pyarrow Table; None where there are none."""
        return self._parts(sorted((self.folder / place).glob("part-*.parquet")), columns)

    def series(self, kind: str, columns: list[str] | None = None) -> Any:
        """A series as a pyarrow Table: time, id and one column per quantity; None where nothing was recorded."""
        return self.table(f"series/{kind}", columns)

    def events(self, domain: str = "*") -> Any:
        """Events of one domain, or of all, as a pyarrow Table; None where there are none."""
        return self._parts(sorted((self.folder / "events").glob(f"{domain}-*.parquet")), None)

    def _parts(self, files: list[Path], columns: list[str] | None) -> Any:
        if not files:
            return None
        import pyarrow as pa
        import pyarrow.parquet as pq

        tables = []
        for file in files:
            try:
                tables.append(pq.ParquetFile(file).read(columns=columns))
            except (OSError, pa.ArrowException) as error:
                reason = str(error).partition("\n")[0]
                raise InputError(
                    Fault(str(file), f"cannot be read ({reason})", "a part as the run wrote it")
                ) from error
        return pa.concat_tables(tables)


def put_in_place(partial: Path, target: Path) -> Path:
    """Give the finished folder `partial` the name `target`, or "-2", "-3" ... where it exists: it is there whole or not
    at all. Returns its path; raises InputError where it cannot.
    """
    for number in range(1, 10_000):
        folder = target if number == 1 else target.with_name(f"{target.name}-{number}")
        if not folder.exists():
            with writing(folder), suppress(FileExistsError):
                os.rename(partial, folder)
                return folder
    raise InputError(Fault(str(target), "ten thousand runs of this name exist"))


def new_run_folder(root: str | Path, name: str) -> Path:
    """Make a fresh folder `root/name`, with "-2", "-3" ... where it exists. Raises InputError where it cannot."""
    root = Path(root)
    with writing(root):
        root.mkdir(parents=True, exist_ok=True)
        for number in range(1, 10_000):
            folder = root / (name if number == 1 else f"{name}-{number}")
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                continue
            if shutil.disk_usage(folder).free < 50e6:
                folder.rmdir()
                raise InputError(
                    Fault(str(root), "less than 50 MB of disk are free", remedy="free some room or set run.folder=DIR")
                )
            return folder
    raise InputError(Fault(str(root / name), "ten thousand runs of this name exist"))
