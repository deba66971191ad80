"""Checkpoints on disk: one file per edge, written beside the run, whole or not at all.

A file is a magic number, the length of its header, the header (JSON: what the checkpoint belongs to), a pickle, the
arrays as they are in memory, and a checksum. The main thread copies the arrays, some ms; another one writes them, while
the run goes on. Nothing is packed: that would cost more than it saves. A file that is cut short or damaged is passed
over for the one before.
"""

from __future__ import annotations

import json
import os
import struct
import threading
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.clock import day, hour
from twin.errors import DesignError, Fault, InputError
from twin.parts import Kept
from twin.pickling import content, packed, unpacked

if TYPE_CHECKING:
    from twin.journal import Journal
    from twin.world import World

Array = np.ndarray[Any, Any]
MAGIC = b"TWINCKP1"
SUFFIX = ".checkpoint"


class Checkpoints:
    """The checkpoints of one run: `write` them while it runs.

    folder : where they are kept: of each full hour of the last day, of each midnight before it, and the last two
    about  : what the checkpoints belong to (versions, digests, configuration); stands in each header
    """

    def __init__(self, folder: Path, about: Mapping[str, Any]) -> None:
        self.folder, self.about = folder, dict(about)
        self.written = 0
        self._room = np.empty(0, np.uint8)
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    @property
    def busy(self) -> bool:
        """Whether the last checkpoint is still being written."""
        return self._thread is not None and self._thread.is_alive()

    def write(self, world: World) -> None:
        """Write a checkpoint of this edge; it is on disk when `finish` has returned.

        Raises DesignError for what cannot be saved, InputError where the disk refuses (this one or the one before).
        """
        self.finish()
        assert world.journal is not None
        state = world.saved()
        try:
            pickled, memory = packed(world, state)
        except Exception as error:  # an author's class may raise anything when it is asked for its state
            self._name_the_culprit(world, state)
            raise DesignError(f"a checkpoint cannot be written: {error}") from error
        used = self._copy(memory)
        header = {**self.about, "ms": world.stop, "journal": world.journal.flush(), "check": world.journal.check}
        self._thread = threading.Thread(target=self._save, args=(world.journal, header, pickled, used))
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
            lasting = header["ms"] % hour == 0  # survives a loss of power as well; the others only that of the process
            if lasting:
                journal.sync()
            self._recycle(partial, header["ms"])
            with open(partial, "r+b") as file:
                for part in (*parts, _check(text, pickled, arrays)):
                    file.write(part)
                file.truncate()
                if lasting:
                    os.fsync(file.fileno())
            os.replace(partial, target)
            self.written += 1
            self._thin(header["ms"])
        except BaseException as error:
            self._error = error
            with suppress(OSError):
                partial.unlink(missing_ok=True)

    def _recycle(self, partial: Path, now: int) -> None:
        """Make the file to write into: of a checkpoint that is not kept, because new room on a disk costs twice the time."""
        for path in [path for path in found(self.folder) if time_of(path) < now][:-1]:
            if time_of(path) % hour:
                os.replace(path, partial)
                return
        partial.touch(0o600)

    def _thin(self, now: int) -> None:
        """Keep those of full hours of the last day, of midnights before it, and the last two.

        Later ones than `now` are damaged: the run was resumed before.
        """
        there = found(self.folder)
        before = [path for path in there if time_of(path) <= now]
        for path in before[:-2]:
            if time_of(path) % (hour if time_of(path) > now - day else day):
                path.unlink(missing_ok=True)
        for path in there[len(before) :]:
            path.unlink(missing_ok=True)

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


def _check(text: bytes, pickled: bytes | memoryview, arrays: Array) -> bytes:
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
    there = folder.glob(f"*{SUFFIX}")
    return sorted((path for path in there if path.name.removesuffix(SUFFIX).isdecimal()), key=time_of)


class Checkpoint:
    """One checkpoint, read whole. Raises InputError where the file is cut short or damaged.

    about : its header
    """

    about: dict[str, Any]

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError(Fault(str(path), f"cannot be read ({error.strerror or error})")) from error
        try:
            self.about, self._pickled, self._arrays = _taken_apart(data)
        except (ValueError, TypeError, KeyError, struct.error):
            raise InputError(Fault(str(path), "is cut short or damaged", "a whole checkpoint")) from None
        self.ms: int = self.about["ms"]
        if self.ms != time_of(path):
            raise InputError(Fault(str(path), f"is the checkpoint of {self.ms} ms", "under its own name"))

    def state(self, world: World) -> dict[str, Any]:
        """What `World.saved` gave, for a world that was set up anew. Raises InputError where it does not fit."""
        try:
            state = unpacked(world, self._pickled, self._arrays)
        except Exception as error:  # pickle promises no kind of error, and an author's class may raise any
            raise InputError(
                Fault(
                    str(self.path),
                    f"cannot be read ({type(error).__name__}: {error})",
                    "a checkpoint of this run",
                    "use an earlier one, or run again from the start",
                )
            ) from error
        return state | {"journal": (self.about["journal"], self.about["check"])}


def _taken_apart(data: bytes) -> tuple[dict[str, Any], memoryview, memoryview]:
    """Header, pickle and arrays of a checkpoint. Raises ValueError, TypeError, KeyError or struct.error for damage."""
    if data[: len(MAGIC)] != MAGIC:
        raise ValueError("another kind of file")
    whole, start = memoryview(data), len(MAGIC) + 8
    end = start + struct.unpack("<Q", data[len(MAGIC) : start])[0]
    about = json.loads(data[start:end])
    middle = end + about["pickled"]
    last = middle + about["arrays"]
    if len(data) != last + 16 or not start <= end <= middle <= last or (last - middle) % 8:
        raise ValueError("another length")
    pickled, arrays = whole[end:middle], whole[middle:last]
    if data[last:] != _check(data[start:end], pickled, np.frombuffer(arrays, np.uint8)):
        raise ValueError("another checksum")
    return about, pickled, arrays
