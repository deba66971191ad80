"""Events as they travel: one Record, or a Batch of many of one kind as arrays; both in total order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One event as a process or a due handler sees it. `id` names it in the log; `because` are contributing ids."""

    kind: str
    time: int
    subject: int
    object: int
    value: float
    ordinal: int
    because: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """kind:subject:ordinal, unique in a run and equal in two runs that share their luck."""
        return f"{self.kind}:{self.subject}:{self.ordinal}"

    @property
    def key(self) -> tuple[str, int, int]:
        """Its place among events of the same time."""
        return (self.kind, self.subject, self.ordinal)


@dataclass(frozen=True, slots=True)
class Batch:
    """Many events of one kind as arrays of shape (n,), in total order (time, subject, ordinal).

    time : int64 ms; subject, object : int64; value : float64; ordinal : int64
    """

    kind: str
    time: Array
    subject: Array
    object: Array
    value: Array
    ordinal: Array
    because: tuple[tuple[str, ...], ...] = field(default=())

    def __len__(self) -> int:
        return len(self.time)

    def because_of(self, row: int) -> tuple[str, ...]:
        """Contributing event ids of one row."""
        return self.because[row] if self.because else ()

    def id_of(self, row: int) -> str:
        """Event id of one row."""
        return f"{self.kind}:{self.subject[row]}:{self.ordinal[row]}"

    def part(self, rows: Any) -> Batch:
        """Some of its rows: a slice, or row numbers in the order wanted."""
        because = self.because
        if because:
            because = because[rows] if isinstance(rows, slice) else tuple(because[i] for i in rows)
        return Batch(
            self.kind,
            self.time[rows],
            self.subject[rows],
            self.object[rows],
            self.value[rows],
            self.ordinal[rows],
            because,
        )

    def records(self) -> list[Record]:
        """Its rows one by one."""
        return [
            Record(
                self.kind,
                int(self.time[i]),
                int(self.subject[i]),
                int(self.object[i]),
                float(self.value[i]),
                int(self.ordinal[i]),
                self.because_of(i),
            )
            for i in range(len(self))
        ]

    @classmethod
    def of(cls, records: Sequence[Record]) -> Batch:
        """A batch of records of one kind, in their order."""
        return cls(
            records[0].kind,
            np.array([r.time for r in records], np.int64),
            np.array([r.subject for r in records], np.int64),
            np.array([r.object for r in records], np.int64),
            np.array([r.value for r in records], np.float64),
            np.array([r.ordinal for r in records], np.int64),
            tuple(r.because for r in records),
        )


def merged(items: Sequence[Record | Batch]) -> Batch:
    """One batch in total order (time, subject, ordinal) from records and batches of one kind."""
    if len(items) == 1 and isinstance(items[0], Batch):
        return items[0]
    records = [item for item in items if isinstance(item, Record)]
    batches = [item for item in items if isinstance(item, Batch)] + ([Batch.of(records)] if records else [])
    because: tuple[tuple[str, ...], ...] = ()
    if any(b.because for b in batches):
        because = tuple(reason for b in batches for reason in (b.because or ((),) * len(b)))
    joined = Batch(
        batches[0].kind,
        np.concatenate([b.time for b in batches]),
        np.concatenate([b.subject for b in batches]),
        np.concatenate([b.object for b in batches]),
        np.concatenate([b.value for b in batches]),
        np.concatenate([b.ordinal for b in batches]),
        because,
    )
    return joined.part(np.lexsort((joined.ordinal, joined.subject, joined.time)))
