"""One writer for a folder: a lock that the operating system drops when its holder ends, however it ends."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from twin.errors import Fault, InputError
from twin.recording import writing


class Lock:
    """The right to write in `folder`, held until `release` or the end of the process and of those that it forked.

    The file `.lock` names the holder's process; it stays, because only its lock counts and not that it exists.
    Raises InputError where another process holds it, with `remedy`.
    """

    def __init__(self, folder: Path, remedy: str = "wait until it has ended") -> None:
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _take(self._file)
        except BlockingIOError:
            holder = os.read(self._file, 20).decode(errors="replace").strip()
            os.close(self._file)
            raise InputError(
                Fault(str(folder), f"is being written by process {holder or 'unknown'}", remedy=remedy)
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the right back; nothing happens the second time."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Lock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _take(file: int) -> None:
    """Lock an open file or raise BlockingIOError. Where the file system has no locks, everybody gets it."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # some network file systems
        return
