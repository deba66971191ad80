"""Signals: published columns, read as of the last edge."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.attributes import REQUIRED, Column
from twin.errors import DesignError

Array = np.ndarray[Any, Any]


class Signals:
    """The published value of every signal, and the values that wait for the next edge.

    columns : "domain.signal" -> its declaration
    """

    def __init__(self) -> None:
        self.columns: dict[str, Column] = {}
        self._staged: dict[str, Array] = {}
        self._published: dict[str, Array] = {}
        self._defaults: dict[str, Array] = {}

    def stage(self, name: str, values: Array) -> None:
        """Keep a reference to `values` until the edge. Raises DesignError for an undeclared signal."""
        column = self.columns.get(name)
        if column is None:
            owner, _, signal = name.partition(".")
            raise DesignError(f"{owner} publishes {signal!r}, which is not declared in its `publishes`")
        self._staged[name] = np.asarray(values, column.numpy_dtype)

    def check_complete(self) -> None:
        """Raise DesignError where a set-up gave no first value."""
        missing = [name for name in self.columns if name not in self._staged]
        if missing:
            name = missing[0].partition(".")[2]
            raise DesignError(
                f"setup published no first value of: {', '.join(missing)}; "
                f"call self.publish({name!r}, array) in setup, one value per thing"
            )

    def publish(self) -> None:
        """Copy what is staged to where readers see it; only what changed costs anything."""
        for name, values in self._staged.items():
            seen = self._published.get(name)
            if seen is None or seen.shape != values.shape:
                self._published[name] = seen = np.empty_like(values)
                column = self.columns[name]
                self._defaults[name] = column.new(len(values)) if column.default is not REQUIRED else values.copy()
                self._defaults[name].flags.writeable = False
            seen.flags.writeable = True
            np.copyto(seen, values)
            seen.flags.writeable = False
        self._staged.clear()

    def value(self, name: str, cut: bool = False) -> Array:
        """A signal as of the last edge, read-only; its declared default (or its first value) where it is cut."""
        found = (self._defaults if cut else self._published).get(name)
        if found is None:
            raise DesignError(
                f"the signal {name} is read before the first publication: read it in advance, not in setup"
            )
        return found

    def saved(self) -> dict[str, dict[str, Array]]:
        """What a checkpoint keeps: what readers see, and what waits for the next edge."""
        return {"published": self._published, "staged": self._staged}

    def restore(self, kept: dict[str, dict[str, Array]]) -> None:
        """Take back what `saved` gave."""
        self._staged = dict(kept["published"])
        self.publish()
        self._staged = dict(kept["staged"])
