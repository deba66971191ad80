"""A finding of a check of an area."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Finding:
    """One broken rule: where it is broken, how badly, and what to do."""

    rule: str
    table: str
    row: int  # first row that breaks it; -1: the table as a whole
    column: str
    message: str
    remedy: str
    severity: str  # "error" or "warning"

    def __str__(self) -> str:
        at = f"{self.table}[{self.row}]" if self.row >= 0 else self.table
        at += f".{self.column}" if self.column else ""
        return f"{self.severity}: {self.rule}: {at}: {self.message}; {self.remedy}"


def first(
    rule: str, table: str, column: str, bad: Any, message: str, remedy: str, severity: str = "error"
) -> Iterator[Finding]:
    """A finding for the first bad row, with the number of them."""
    rows = np.flatnonzero(bad)
    if len(rows):
        yield Finding(
            rule, table, int(rows[0]), column, f"{message} ({len(rows)} of {len(bad)} rows)", remedy, severity
        )
