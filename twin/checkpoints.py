"""Checkpoints on disk: one file per edge, written beside the run, whole or not at all.

A file is a magic number, the length of its header, the header (JSON: what the checkpoint belongs to), a pickle, the
arrays as they are in memory, and a checksum. The main thread copies the arrays, some ms; another one writes them, while
the run goes on. Nothing is packed: that would cost more than it saves. A file that is cut short or damaged is passed
over for the one before.

The pickle names worlds, domains, populations and area tables instead of holding them, refuses anything of SimPy, and
when read makes only objects of numpy, of the twin and of the run's own domains. All the same: resume runs of people
whom you trust.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import threading
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import simpy

from twin.area import Area
from twin.attributes import REQUIRED
from twin.clock import hour
from twin.domain import Domain
from twin.errors import DesignError, Fault, InputError
from twin.parts import Kept
from twin.population import Population

if TYPE_CHECKING:
    from twin.journal import Journal
    from twin.world import World

Array = np.ndarray[Any, Any]
MAGIC = b"TWINCKP1"
SUFFIX = ".checkpoint"
SIMPY = (simpy.Environment, simpy.Event, simpy.resources.base.BaseResource)
SAFE_BUILTINS = ("set", "frozenset", "slice", "range", "complex", "bytearray", "object")


class _At(NamedTuple):
    """Stands for the n-th array of a checkpoint."""

    number: int


class _Arrays:
    """Takes the arrays out of a state, so that they are copied and never pickled: that is ten times as quick.

    found : the arrays, each once; about : dtype and shape of each, and whether it is a recarray
    """

    def __init__(self, area: Area) -> None:
        self.found: list[Array] = []
        self.about: list[tuple[Any, tuple[int, ...], bool]] = []
        self._seen = {id(array) for table in area.tables.values() for array in vars(table).values()}
        self._number: dict[int, _At] = {}

    def take(self, value: Any) -> Any:
        """`value` with `_At` for each array; what holds none is given back as it is."""
        kind = type(value)
        if kind is np.ndarray or kind is np.recarray:
            return self._take_array(value)
        if kind is Kept:
            return Kept(self.take(value.values))
        if kind is dict:
            inside = [self.take(item) for item in value.values()]
            if all(new is old for new, old in zip(inside, value.values(), strict=True)):
                return value
            return dict(zip(value, inside, strict=True))
        if kind is list or kind is tuple:
            inside = [self.take(item) for item in value]
            if all(new is old for new, old in zip(inside, value, strict=True)):
                return value
            return kind(inside)
        return value

    def _take_array(self, array: Array) -> Any:
        if array.dtype.hasobject or not array.flags.c_contiguous or not array.size or id(array) in self._seen:
            return array  # small or shared with the area: left to pickle
        known = self._number.get(id(array))
        if known is None:
            known = self._number[id(array)] = _At(len(self.found))
            self.found.append(array)
            self.about.append((array.dtype, array.shape, type(array) is np.recarray))
        return known


def _put(value: Any, arrays: list[Array]) -> Any:
    """`value` with the arrays that `_Arrays.take` took out of it."""
    kind = type(value)
    if kind is _At:
        return arrays[value.number]
    if kind is Kept:
        return Kept(_put(value.values, arrays))
    if kind is dict:
        return {key: _put(item, arrays) for key, item in value.items()}
    if kind is list or kind is tuple:
        return kind(_put(item, arrays) for item in value)
    return value


class _Pickler(pickle.Pickler):
    def __init__(self, world: World, file: Any) -> None:
        super().__init__(file, protocol=5)
        self.world = world

    def reducer_override(self, thing: Any) -> Any:
        """Names in the place of what every set-up makes; called for what pickle does not know by itself."""
        kind = type(thing)
        if kind is np.ndarray:
            table = self._table_of(thing)
            return (_named, table) if table else NotImplemented
        if thing is REQUIRED:
            return _named, ("required",)
        if isinstance(thing, Domain):
            return _named, ("domain", thing.name)
        if isinstance(thing, Population) and thing.world is not None:
            return _named, ("population", thing.name)
        if isinstance(thing, Area):
            return _named, ("area",)
        if thing is self.world:
            return _named, ("world",)
        if isinstance(thing, SIMPY) or kind.__name__ == "generator":
            raise pickle.PicklingError(f"it holds a {kind.__name__} of SimPy")
        return NotImplemented

    def _table_of(self, array: Array) -> tuple[str, str, str] | None:
        for table, rows in self.world.area.tables.items():
            for name, column in vars(rows).items():
                if column is array:
                    return ("table", table, name)
        return None


def _named(*name: str) -> Any:
    """Stands in a pickle for what has a name; `_Unpickler` finds it."""
    raise RuntimeError(f"{name} is found by _Unpickler only")


class _Unpickler(pickle.Unpickler):
    def __init__(self, world: World, file: Any) -> None:
        super().__init__(file)
        self.world = world
        own = {type(domain).__module__.partition(".")[0] for domain in world.domains.values()}
        self._roots = {"numpy", "twin", "agents", "collections", *own}

    def _find(self, kind: str, *rest: str) -> Any:
        """What `_named` stands for."""
        world = self.world
        found: dict[str, Callable[..., Any]] = {
            "table": lambda table, column: vars(world.area.tables[table])[column],
            "required": lambda: REQUIRED,
            "domain": lambda domain: world.domains[domain],
            "population": lambda population: world.populations[population],
            "area": lambda: world.area,
            "world": lambda: world,
        }
        return found[kind](*rest)

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == (__name__, "_named"):
            return self._find
        if module == "builtins" and name in SAFE_BUILTINS:
            return super().find_class(module, name)
        if module.partition(".")[0] not in self._roots or "." in name:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a checkpoint")
        return super().find_class(module, name)


def content(world: World, value: Any, where: str) -> bytes:
    """`value` as a checkpoint would hold it. Raises DesignError naming `where` for what cannot be saved."""
    out = io.BytesIO()
    try:
        _Pickler(world, out).dump(value)
    except Exception as error:
        raise DesignError(
            f"{where} cannot be saved ({error}): name it in `replayed` if processes own it, in `unsaved` if set-up makes "
            "it anew, or give its class saved() and restore(values)"
        ) from error
    return out.getvalue()


class Checkpoints:
    """The checkpoints of one run: `write` them while it runs.

    folder : where they are kept: those of full hours, and the last two
    about  : what the checkpoints belong to (versions, digests, configuration); stands in each header
    """

    def __init__(self, folder: Path, about: Mapping[str, Any]) -> None:
        self.folder, self.about = folder, dict(about)
        self.written = 0
        self._room = np.empty(0, np.uint8)
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    def write(self, world: World) -> None:
        """Write a checkpoint of this edge; it is on disk when `finish` has returned.

        Raises DesignError for what cannot be saved, InputError where the disk refuses (this one or the one before).
        """
        self.finish()
        assert world.journal is not None
        state, arrays, out = world.saved(), _Arrays(world.area), io.BytesIO()
        try:
            _Pickler(world, out).dump((arrays.take(state), arrays.about))
        except Exception as error:
            self._name_the_culprit(world, state)
            raise DesignError(f"a checkpoint cannot be written: {error}") from error
        used = self._copy(arrays.found)
        header = {**self.about, "ms": world.stop, "journal": world.journal.flush()}
        self._thread = threading.Thread(target=self._save, args=(world.journal, header, out.getvalue(), used))
        self._thread.start()

    def _copy(self, arrays: list[Array]) -> int:
        """Copy the arrays one behind the other into `_room`, each at a whole eighth byte; the bytes used."""
        ends = np.cumsum([0, *(-(-array.nbytes // 8) * 8 for array in arrays)])
        if ends[-1] > len(self._room):
            self._room = np.zeros(4 * ends[-1], np.uint8)  # what is not touched takes no memory, and growing is slow
        for array, start in zip(arrays, ends.tolist(), strict=False):
            self._room[start : start + array.nbytes] = array.reshape(-1).view(np.uint8)
        return int(ends[-1])

    @staticmethod
    def _name_the_culprit(world: World, state: Mapping[str, Any]) -> None:
        for domain, attributes in state["domains"].items():
            if isinstance(attributes, dict):
                for name, value in attributes.items():
                    content(world, value.values if isinstance(value, Kept) else value, f"{domain}.{name}")

    def _save(self, journal: Journal, header: Mapping[str, Any], pickled: bytes, used: int) -> None:
        """Write one file: in a thread, while the run goes on."""
        target = path_at(self.folder, header["ms"])
        partial = target.with_name(f".{target.name}.partial")
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            arrays = self._room[:used]
            text = json.dumps({**header, "pickled": len(pickled), "arrays": used}).encode()
            parts: tuple[Any, ...] = (MAGIC, struct.pack("<Q", len(text)), text, pickled, arrays)
            journal.sync()
            with open(partial, "wb") as file:
                for part in (*parts, _check(text, pickled, arrays)):
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, target)
            self.written += 1
            for old in found(self.folder)[:-2]:
                if time_of(old) % hour:
                    old.unlink()
        except BaseException as error:
            self._error = error
            partial.unlink(missing_ok=True)

    def finish(self) -> None:
        """Wait until the last checkpoint is on disk. Raises InputError where the disk refused it."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        error, self._error = self._error, None
        if isinstance(error, OSError):
            raise InputError(
                Fault(
                    str(self.folder),
                    f"a checkpoint cannot be written ({error.strerror or error})",
                    "a writable disk with room",
                    "free some room, then resume the run",
                )
            ) from error
        if error is not None:
            raise error


def _check(text: bytes, pickled: bytes, arrays: Array) -> bytes:
    """Sixteen bytes that tell damage: a checksum of the small parts, and the sum of the arrays as whole numbers."""
    small = zlib.crc32(pickled, zlib.crc32(text))
    return struct.pack("<QQ", small, int(np.add.reduce(arrays.view(np.uint64), dtype=np.uint64)))


# -- reading -------------------------------------------------------------------------------------------------------------


def path_at(folder: Path, ms: int) -> Path:
    """The file of the checkpoint at `ms`."""
    return folder / f"{ms:012d}{SUFFIX}"


def time_of(path: Path) -> int:
    """The edge of a checkpoint, ms, from its name."""
    return int(path.name.removesuffix(SUFFIX))


def found(folder: Path) -> list[Path]:
    """The checkpoints in `folder`, the earliest first."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if path.name.removesuffix(SUFFIX).isdigit())


class Checkpoint:
    """One checkpoint, read whole. Raises InputError where the file is cut short or damaged.

    about : its header
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError(Fault(str(path), f"cannot be read ({error.strerror or error})")) from error
        start = len(MAGIC) + 8
        damaged = InputError(Fault(str(path), "is cut short or damaged", "a whole checkpoint"))
        if len(data) < start or data[: len(MAGIC)] != MAGIC:
            raise damaged
        end = start + struct.unpack("<Q", data[len(MAGIC) : start])[0]
        try:
            self.about: dict[str, Any] = json.loads(data[start:end])
        except ValueError:
            raise damaged from None
        middle = end + self.about["pickled"]
        last = middle + self.about["arrays"]
        self._pickled, self._arrays = data[end:middle], data[middle:last]
        whole = len(data) == last + 16
        if not whole or data[last:] != _check(data[start:end], self._pickled, np.frombuffer(self._arrays, np.uint8)):
            raise damaged
        self.ms: int = self.about["ms"]

    def state(self, world: World) -> dict[str, Any]:
        """What `World.saved` gave, for a world that was set up anew."""
        state, about = _Unpickler(world, io.BytesIO(self._pickled)).load()
        arrays, at = [], 0
        for dtype, shape, is_records in about:
            size = int(np.prod(shape)) * dtype.itemsize
            # in memory of its own: writable, aligned, and free when the array is
            array = np.frombuffer(self._arrays, np.uint8, size, at).copy().view(dtype).reshape(shape)
            arrays.append(array.view(np.recarray) if is_records else array)
            at += -(-size // 8) * 8
        found: dict[str, Any] = _put(state, arrays)
        return found
