"""What is told of an error: the user's own in one line each, an author's with its place, ours with the traceback."""

from __future__ import annotations

import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twin.errors import DesignError, InputError


def tell(error: Exception) -> int:
    """Print `error` to the screen; returns the exit code."""
    if isinstance(error, InputError):
        many = len(error.faults) > 1
        print("\n".join(f"{'- ' if many else ''}{fault}" for fault in error.faults), file=sys.stderr)
        return 2
    if not getattr(error, "__notes__", None):  # it is not of a run
        log_failure(Path(tempfile.mkdtemp(prefix="twin-")), error)
    if isinstance(error, DesignError):
        print("\n".join([f"{_author(error)}: {error}", *error.__notes__]), file=sys.stderr)
    else:
        traceback.print_exception(error)
    return 1


def log_failure(folder: Path, error: BaseException) -> None:
    """Write the traceback of `error` to `folder`/log.txt, and note on the error where it is."""
    path = folder / "log.txt"
    try:
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        error.add_note(f"the log is {path}")
    except OSError as failed:
        error.add_note(f"no log could be written to {path} ({failed.strerror})")


@contextmanager
def logged(folder: Path) -> Iterator[None]:
    """Within it, what fails is written to `folder`/log.txt before it goes on; the user's own errors are not."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # whatever it is: it goes on as it is
        log_failure(folder, error)
        raise


def _author(error: DesignError) -> str:
    """file:line of the domain that breaks a rule of the engine: the deepest line outside engine and command line."""
    root = Path(__file__).resolve().parents[1]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename).resolve()
        if not any(file.is_relative_to(root / part) for part in ("twin", "scenarios", ".venv")):
            return f"{frame.filename}:{frame.lineno}" if "site-packages" not in file.parts else "a domain"
    return "a domain"
