"""Ctrl-C: the first one waits for the edge of a window, where a run can be taken up again."""

from __future__ import annotations

import signal
import threading
from typing import Any


class StoppedAtEdge(KeyboardInterrupt):
    """Interrupted at the edge of a window: the world is whole, and the run can go on from there."""


class Interruption:
    """Within it, the first Ctrl-C (or SIGTERM) waits for the edge of the window; a second one breaks in at once."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():  # no other thread may take signals
            self._before = {number: signal.signal(number, self._take) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, number: int, frame: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def check(self) -> None:
        """Raise StoppedAtEdge where an interruption was asked for."""
        if self.asked:
            raise StoppedAtEdge
