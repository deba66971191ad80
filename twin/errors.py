"""Faults in what a user gave: where, what, what is allowed, and the remedy; all of them at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One fault in an input, in four short parts."""

    where: str
    what: str
    allowed: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}"
        if self.allowed:
            text += f"; allowed: {self.allowed}"
        if self.remedy:
            text += f"; remedy: {self.remedy}"
        return text


class InputError(Exception):
    """The user's input is wrong (exit code 2, no traceback). Holds every fault that was found."""

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults: list[Fault] = [faults] if isinstance(faults, Fault) else list(faults)
        super().__init__("\n".join(map(str, self.faults)))


class DesignError(Exception):
    """A domain breaks a rule of the engine: a mistake of its author, found when the world is built or when it runs."""


def nearest(name: str, names: Sequence[str], most: int = 3) -> str:
    """The names most like `name`, for "did you mean": a text, empty when nothing is close."""
    lowered = {str(n).lower(): str(n) for n in names}
    close = difflib.get_close_matches(str(name).lower(), list(lowered), most, 0.5)
    return ", ".join(lowered[c] for c in close)
