"""Population: many agents of one kind as one array per column, with lazy Mesa views on them.

A kernel works on the arrays. An ordinary `mesa.Agent` subclass with `step(self)` works on the same population through
`population.agents`; with `@step.bulk` a kernel can take its place without changing the result:

    class Trader(mesa.Agent):
        @stepping
        def step(self):
            self.wealth += 1.0

        @step.bulk
        def step(traders):
            grow(traders.wealth)

In `step`, an agent's own columns are live and others' are read as at the step's start, so the result does not depend on
the order of the agents. Setting another agent's column is refused; `population.add(column, row, amount)` sums after the
step. `reads="live"` gives Mesa's usual sequential reads and writes instead, which no parallel kernel can equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.attributes import REQUIRED, Column
from twin.errors import DesignError, nearest

if TYPE_CHECKING:
    from twin.mesa_views import Agents
    from twin.world import World

Array = np.ndarray[Any, Any]


class Stepping:
    """A `step` method that may carry a kernel; see `stepping`."""

    def __init__(self, one: Callable[[Any], None], many: Callable[[Any], None] | None = None) -> None:
        self.one, self.many = one, many
        self.__doc__ = one.__doc__

    def bulk(self, many: Callable[[Any], None]) -> Stepping:
        """Attach the kernel that steps the whole population; it is given the Population."""
        return Stepping(self.one, many)

    def __get__(self, agent: Any, owner: type) -> Any:
        return self if agent is None else self.one.__get__(agent, owner)


def stepping(step: Callable[[Any], None]) -> Stepping:
    """Mark an agent's `step`, so that `@step.bulk` can attach a kernel to it."""
    return Stepping(step)


class Population:
    """`n` entities of one kind as a struct of arrays; every column an attribute, an array of shape (n,).

    world    : the world, for the rules on reading; None in a notebook or a benchmark
    name     : of the kind, used in streams and messages
    n        : how many; ids are 0..n-1 and never reused, `alive` says which are left
    columns  : name -> Column, or a default value; or an array of shape (n,) with the first values
    agent    : the `mesa.Agent` subclass of its views, if any
    constant : columns that never change: processes may read them freely
    reads    : "start" (others as at the step's start) or "live"
    represents : people or things that each row stands for in a sampled run
    """

    def __init__(
        self,
        world: World | None,
        name: str,
        n: int,
        columns: Mapping[str, Any],
        *,
        agent: type | None = None,
        constant: Iterable[str] = (),
        reads: str = "start",
        represents: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.world, self.name, self.n, self.agent_class = world, name, int(n), agent
        self.reads, self.represents = reads, float(represents)
        self.seed = world.seed if world is not None else seed
        self.constant = frozenset(constant)
        self.columns: dict[str, Column] = {}
        self._arrays: dict[str, Array] = {}
        self._mostly_default = frozenset(
            name
            for name, given in columns.items()
            if isinstance(given, Column) and given.default is not REQUIRED and given.default == given.default
        )
        for column, given in columns.items():
            self._declare(column, given)
        if agent is not None:
            self._declare("draws_made", Column("int64", default=0, meaning="draws taken by self.random"))
        self.alive = np.ones(self.n, bool)
        self._added: list[tuple[str, Array, Array]] = []
        self._agents: Agents | None = None
        self.step_start: dict[str, Array] | None = None
        self.stepping_row = -1
        self.steps_done = 0
        if world is not None and world.populations.setdefault(name, self) is not self:
            raise DesignError(f"two populations are called {name!r}: give one of them another name")

    def _declare(self, column: str, given: Any) -> None:
        if isinstance(given, Column):
            self.columns[column], self._arrays[column] = given, given.new(self.n)
        else:
            array = np.array(given) if np.ndim(given) else np.full(self.n, given)
            if array.shape[:1] != (self.n,):
                raise DesignError(f"{self.name}.{column} has {array.shape[0]} rows, the population {self.n}")
            kind = "str" if array.dtype.kind in "UO" else str(array.dtype)
            self.columns[column] = Column(kind, default=0)
            self._arrays[column] = array.astype(object) if kind == "str" else array

    def __len__(self) -> int:
        return self.n

    def __getattr__(self, name: str) -> Array:
        arrays = self.__dict__.get("_arrays", {})
        if name not in arrays:
            raise AttributeError(self.no_column(name))
        world = self.__dict__["world"]
        if world is not None and name not in self.constant:
            world.check_reading(f"the column {self.name}.{name}")
        return arrays[name]  # type: ignore[no-any-return]

    def no_column(self, name: str) -> str:
        """The message for an unknown column."""
        names = list(self._arrays)
        close = nearest(name, names)
        return f"{self.name} has no column {name!r}; it has {', '.join(names)}" + (
            f"; did you mean {close}?" if close else ""
        )

    def array(self, name: str) -> Array:
        """A column without the rules on reading, for the engine."""
        if name not in self._arrays:
            raise AttributeError(self.no_column(name))
        return self._arrays[name]

    def add(self, column: str, rows: Any, amounts: Any) -> None:
        """Add `amounts` to `column` at `rows` after the step (at once outside a step), in the order of the calls."""
        rows, amounts = np.atleast_1d(np.asarray(rows, np.int64)), np.atleast_1d(np.asarray(amounts))
        if self.step_start is None:
            np.add.at(self.array(column), rows, amounts)
        else:
            self._added.append((column, rows, amounts))

    def set_later(self, column: str, row: int, value: Any) -> None:
        """A process asks to change one cell; it is written at the edge."""
        if self.world is None:
            raise DesignError(f"{self.name} belongs to no world")
        self.world.write_later(self.array(column), int(row), value)

    def remove(self, rows: Any) -> None:
        """Take rows out of the population; their ids are not used again."""
        self.alive[rows] = False

    @property
    def agents(self) -> Agents:
        """A Mesa AgentSet of lazy views on the rows that are alive; imports Mesa when first used."""
        if self._agents is None:
            from twin.mesa_views import Agents

            self._agents = Agents(self)
        return self._agents

    def step(self) -> None:
        """Let every agent step: its kernel if it has one, else view by view."""
        self.agents.do("step")

    def saved_columns(self) -> dict[str, Any]:
        """What a checkpoint keeps: every column that changes, and who is alive."""
        model = self.__dict__.get("_model")
        return {
            "arrays": {name: self._few(name) for name in self._arrays if name not in self.constant},
            "alive": self.alive,
            "steps_done": self.steps_done,
            "agents": self._agents.selected if self._agents is not None else None,
            "model_draws": model.random.draws if model is not None else None,
        }

    def _few(self, name: str) -> Array | tuple[Array, Array]:
        """A column; where few rows differ from its declared default, those rows and their values."""
        array = self._arrays[name]
        if name not in self._mostly_default:
            return array
        default = np.asarray(self.columns[name].default, array.dtype)
        if array.dtype.kind == "f" and array.itemsize == 8:
            rows = np.flatnonzero(array.view(np.int64) != default.view(np.int64))  # -0.0 is another value in a digest
        else:
            rows = np.flatnonzero(array != default)
        return (rows, array[rows]) if 8 * len(rows) < len(array) else array

    def restore_columns(self, kept: dict[str, Any]) -> None:
        """Take back what `saved_columns` gave; the arrays stay the ones that views and kernels hold."""
        for name, column in kept["arrays"].items():
            if isinstance(column, tuple):
                self._arrays[name][:] = self.columns[name].default
                self._arrays[name][column[0]] = column[1]
            else:
                np.copyto(self._arrays[name], column)
        np.copyto(self.alive, kept["alive"])
        self.steps_done = kept["steps_done"]
        if kept["agents"] is not None:  # the set was shuffled, sorted or thinned out in place
            self.agents.selected = kept["agents"]
        if kept["model_draws"] is not None:
            from twin.mesa_views import model_of

            model_of(self).random.draws = kept["model_draws"]

    def begin_step(self) -> None:
        """Note the columns as at the step's start."""
        self.step_start = (
            {name: array.copy() for name, array in self._arrays.items()} if self.reads == "start" else None
        )

    def end_step(self) -> None:
        """Write the sums that `add` collected."""
        self.step_start = None
        for column, rows, amounts in self._added:
            np.add.at(self._arrays[column], rows, amounts)
        self._added.clear()
        self.steps_done += 1


def differences(one: Population, other: Population, relative: float = 1e-12) -> list[str]:
    """Columns in which two populations differ: integers exactly, floats beyond `relative`. For tests of `@step.bulk`."""
    found = []
    for name in one.columns:
        a, b = one.array(name), other.array(name)
        close = a.dtype.kind == "f" and np.allclose(a, b, rtol=relative, atol=0.0, equal_nan=True)
        if not close and not np.array_equal(a, b):
            row = int(np.flatnonzero(a != b)[0])
            found.append(f"{one.name}.{name}[{row}]: {a[row]} against {b[row]}")
    return found
