"""Numba set-up: a writable cache directory and one thread, decided before numba is imported.

Only the standard library is used here, so that this module can be imported first and costs well under a millisecond.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path


def prepare_numba(folder: str | Path | None = None, threads: int = 1) -> str:
    """Point numba at a cache directory that can be written and set its number of threads; return the directory.

    What the user has set in `NUMBA_CACHE_DIR` or `NUMBA_NUM_THREADS` is left alone. The candidates are `folder`, the
    user's cache directory (`XDG_CACHE_HOME`, or its equivalent on Windows and macOS) and the temporary directory; the
    first that takes a file is chosen. Kernels run on one thread, because replicates run side by side.

    A folder of its own below it belongs to the present state of the engine's own kernels: numba notices that a file
    of kernels has changed, but not that a kernel which it calls from another file has.

    Never raises: where nothing can be written the answer is "" and numba compiles without a cache.
    """
    os.environ.setdefault("NUMBA_NUM_THREADS", str(max(1, int(threads))))
    chosen = os.environ.get("NUMBA_CACHE_DIR", "")
    if chosen:
        return chosen
    state = _state_of_shared_kernels()
    for place in _candidates(folder):
        if _writable(place / state):
            os.environ["NUMBA_CACHE_DIR"] = str(place / state)
            return os.environ["NUMBA_CACHE_DIR"]
    return ""


def _state_of_shared_kernels() -> str:
    """A short name that changes with the files whose kernels are called from other files."""
    state = 0
    for name in ("draws.py", "arrivals.py", "dijkstra.py", "timed.py", "timetable.py"):
        try:
            found = (Path(__file__).parent / name).stat()
        except OSError:
            continue  # a zipped package has no files to look at
        state = (state * 1_000_003 + found.st_mtime_ns + found.st_size) % 2**32
    return f"{state:08x}"


def user_cache() -> Path:
    """The program's folder in the user's cache directory; in the temporary one where there is none."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "") or os.path.expanduser("~/.cache")
    if base and not base.startswith("~"):  # expanduser leaves "~" where there is no home
        return Path(base) / "area-twin"
    return Path(tempfile.gettempdir()) / "area-twin"


def _candidates(folder: str | Path | None) -> list[Path]:
    found = [Path(folder)] if folder is not None else []
    found.append(user_cache() / "numba")
    try:
        user = str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
        found.append(Path(tempfile.gettempdir()) / f"area-twin-{user}" / "numba")
    except OSError:
        pass  # no temporary directory at all
    return found


def _writable(folder: Path) -> bool:
    """True if a file can be made in `folder`, which is created where it is missing."""
    probe = folder / f".probe-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True


def compiled_before() -> bool:
    """Whether the cache directory holds kernels of an earlier run."""
    folder = os.environ.get("NUMBA_CACHE_DIR", "")
    return bool(folder) and any(Path(folder).rglob("*.nbc"))
