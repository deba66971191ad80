"""Jobs in processes of their own, forked from a warm parent: what it has built and compiled is theirs at no cost.

Every job leads a process group, so that Ctrl-C reaches the parent alone, which then ends each group once. A job that
is killed, or ends otherwise before its time, is begun a second time. What jobs say comes back as lines of text through one pipe.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from twin.errors import Fault, InputError

LONGEST = 511  # bytes of a line: POSIX promises that 512, its end included, are not mixed with others
PATIENCE_S = 20.0  # assumption: a window of the largest town, and the writing of its parts, take less


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def start(work: Callable[[], None], leads_group: bool = False) -> int:
    """Fork a process that does `work` and ends; returns its number. Its code: 0, 1 on an exception, 130 interrupted.

    What it prints goes to stderr, because stdout belongs to the parent's result.
    Raises InputError where the system cannot fork.
    """
    if not hasattr(os, "fork"):
        raise InputError(Fault("workers", "this system cannot fork processes", "Linux, macOS, or WSL on Windows"))
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        if leads_group:
            with suppress(OSError):  # the child did it already
                os.setpgid(pid, pid)
        return pid
    code = 1
    try:
        if leads_group:
            with suppress(OSError):
                os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, _interrupt)
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        work()
        code = 0
    except KeyboardInterrupt:
        code = 130
    except BaseException:
        code = 1  # the run folder has the reason and the log
    finally:
        with suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)  # never the parent's clean-up: it is not this process's to do


def wait(pid: int) -> int:
    """Wait for a child. Its exit code, or minus the number of the signal that killed it."""
    while True:
        _, status = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(status):
            return os.waitstatus_to_exitcode(status)


def orphaned(parent: int) -> None:
    """Raise KeyboardInterrupt where the process `parent` that started this one has ended: nobody waits for it."""
    if os.getppid() != parent:
        raise KeyboardInterrupt


class Line:
    """One way from all jobs to the parent, for short lines of text."""

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()
        os.set_blocking(self.reader, False)
        self._rest = b""

    def say(self, text: str) -> None:
        """Send one line of at most LONGEST bytes; it arrives whole, whoever else sends. In a job.

        Raises ValueError for a longer one: cut, it would say something else.
        """
        message = text.replace("\n", " ").encode() + b"\n"
        if len(message) > LONGEST + 1:
            raise ValueError(f"a line of {len(message) - 1} bytes")
        try:
            os.write(self._writer, message)
        except BrokenPipeError:
            raise KeyboardInterrupt from None  # the parent is gone

    def heard(self, patience_s: float) -> Iterator[str]:
        """The lines that have come, after waiting for some for at most `patience_s`. In the parent."""
        if not select.select([self.reader], [], [], patience_s)[0]:
            return
        with suppress(BlockingIOError):
            while part := os.read(self.reader, 65536):
                self._rest += part
        *lines, self._rest = self._rest.split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)

    def close(self) -> None:
        """Close both ends."""
        os.close(self.reader)
        os.close(self._writer)


def run_jobs(
    jobs: Sequence[Any],
    work: Callable[[Any, int, Line], None],
    workers: int,
    heard: Callable[[str], None] = lambda text: None,
) -> dict[Any, list[int]]:
    """Do `work(job, attempt, line)` for each job in a process of its own, at most `workers` at once.

    heard : takes every line that a job says
    Returns the codes of each job's attempts as `wait` gives them: one, or two where the first was not 0.
    On an interruption all processes are ended before the KeyboardInterrupt goes on.
    """
    waiting = deque((job, 0) for job in jobs)
    running: dict[int, tuple[Any, int]] = {}
    codes: dict[Any, list[int]] = {job: [] for job in jobs}
    line = Line()
    try:
        with _terminated_as_interrupted():
            while waiting or running:
                while waiting and len(running) < workers:
                    job, attempt = waiting.popleft()
                    running[start(partial(work, job, attempt, line), leads_group=True)] = (job, attempt)
                for text in line.heard(0.05):
                    heard(text)
                for pid, code in _ended(running):
                    job, attempt = running.pop(pid)
                    codes[job].append(code)
                    _signal_group(pid, signal.SIGKILL)  # what it may have left behind
                    if code and attempt == 0:
                        waiting.appendleft((job, 1))
            for text in line.heard(0.0):
                heard(text)
    finally:
        _end(running)
        line.close()
    return codes


def _ended(pids: Sequence[int] | dict[int, Any]) -> list[tuple[int, int]]:
    """(process, code) of the children among `pids` that have ended."""
    found = []
    for pid in pids:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done and not os.WIFSTOPPED(status):
            found.append((pid, os.waitstatus_to_exitcode(status)))
    return found


def _end(running: dict[int, Any]) -> None:
    """End the groups that are left: asked once, so that their runs say what happened, then by force."""
    for pid in running:
        _signal_group(pid, signal.SIGTERM)
    until = time.monotonic() + PATIENCE_S
    while running and time.monotonic() < until:
        for pid, _ in _ended(running):
            running.pop(pid)
        time.sleep(0.02)
    for pid in list(running):
        _signal_group(pid, signal.SIGKILL)
        wait(pid)
        running.pop(pid)


def _signal_group(pid: int, number: int) -> None:
    with suppress(OSError):  # it has ended
        os.killpg(pid, number)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Within it a SIGTERM ends as Ctrl-C does, where this is the main thread and may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
