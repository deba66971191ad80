"""Mesa on a Population: lazy agent views, their AgentSet and their model. The only module that knows Mesa.

Built on the names that Mesa 3.3 and 4 share: `Agent`, `AgentSet`, `Model`. A view skips `Agent.__init__` (it is never
registered: 176 bytes while held, nothing otherwise) and has `model`, `unique_id`, `random` as properties.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from mesa import Agent, Model
from mesa.agent import AgentSet, GroupBy

from twin import draws
from twin.population import Population, Stepping


class _ColumnRandom(draws.KeyedRandom):
    """Keyed draws of one agent whose count lives in the population's column `draws_made`."""

    def __init__(self, population: Population, row: int, stream: int) -> None:
        self._made, self._row = population.array("draws_made"), row
        super().__init__(stream, row, int(self._made[row]))

    @property
    def draws(self) -> int:
        return int(self._made[self._row])

    @draws.setter
    def draws(self, value: int) -> None:
        self._made[self._row] = value


def view_class(population: Population) -> type:
    """The class of the views: the author's agent class with a property for each column."""
    base = population.agent_class or Agent
    stream = draws.stream(population.seed, f"{population.name}.random")
    body: dict[str, Any] = {name: _column_property(population, name) for name in population.columns}
    declared = set(population.columns) | {"row"}

    def refuse(self: Any, name: str, value: Any) -> None:
        if name not in declared and not isinstance(getattr(type(self), name, None), property):
            raise AttributeError(population.no_column(name) + ": declare it in the population's columns")
        object.__setattr__(self, name, value)

    body |= {
        "population": population,
        "model": property(lambda self: model_of(population)),
        "unique_id": property(lambda self: self.row),
        "random": property(lambda self: _ColumnRandom(population, self.row, stream)),
        "remove": lambda self: population.remove(self.row),
        "__setattr__": refuse,
        "__eq__": lambda self, other: type(self) is type(other) and self.row == other.row,
        "__hash__": lambda self: hash((population.name, self.row)),
        "__repr__": lambda self: f"<{population.name} {self.row}>",
    }
    return type(base.__name__, (base,), body)


def _column_property(population: Population, name: str) -> property:
    array = population.array(name)

    def get(self: Any) -> Any:
        start = population.step_start
        if start is not None and population.stepping_row != self.row:
            return start[name].item(self.row)
        return array.item(self.row)

    def put(self: Any, value: Any) -> None:
        if population.step_start is not None and population.stepping_row != self.row:
            raise AttributeError(
                f"{population.name} {population.stepping_row} sets {name} of {self.row} in a step: "
                f"use population.add({name!r}, {self.row}, amount), or reads='live'"
            )
        array[self.row] = value

    return property(get, put)


class WorldModel(Model):
    """The Mesa model that views belong to: it gives them the world and its time, and registers nobody."""

    def __init__(self, population: Population) -> None:
        super().__init__(seed=population.seed & 0x7FFFFFFF)
        self.world = population.world
        self.random = draws.KeyedRandom(draws.stream(population.seed, f"{population.name}.model"), 0)

    @property
    def time(self) -> int:
        """Milliseconds since the start."""
        return self.world.now if self.world is not None else 0

    @time.setter
    def time(self, value: Any) -> None:
        """Mesa 4 sets a time of its own; the world's clock is the only one here."""


def model_of(population: Population) -> Model:
    """The model of a population's views, made when first asked for."""
    found = population.__dict__.get("_model")
    if found is None:
        found = population.__dict__["_model"] = WorldModel(population)
    return found


class Agents(AgentSet):
    """The AgentSet of a population: Mesa's methods on columns, views only where a function needs them."""

    def __init__(self, population: Population, rows: Any = None) -> None:
        self.population = population
        self._rows = None if rows is None else np.asarray(rows, np.int64)
        self._class: Any = population.__dict__.setdefault("_view_class", None) or view_class(population)
        population.__dict__["_view_class"] = self._class

    @property
    def rows(self) -> Any:
        """Row numbers of the agents, int64."""
        return np.flatnonzero(self.population.alive) if self._rows is None else self._rows

    @property
    def selected(self) -> Any:
        """The rows that were chosen or put in order; None where it is everybody in the order of rows."""
        return self._rows

    @selected.setter
    def selected(self, rows: Any) -> None:
        self._rows = rows

    @property
    def random(self) -> Any:
        """The model's keyed generator."""
        return model_of(self.population).random

    def _view(self, row: int) -> Any:
        view = object.__new__(self._class)
        object.__setattr__(view, "row", int(row))
        return view

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Any]:
        for row in self.rows.tolist():
            yield self._view(row)

    def __contains__(self, agent: Any) -> bool:
        return bool(type(agent) is self._class and agent.row in self.rows)

    def __getitem__(self, item: Any) -> Any:
        rows = self.rows[item]
        return [self._view(r) for r in rows.tolist()] if isinstance(item, slice) else self._view(rows)

    def get(self, attr_names: Any, handle_missing: str = "error", default_value: Any = None) -> Any:
        """Column values as lists, as Mesa's."""
        if isinstance(attr_names, str):
            if attr_names in self.population.columns:
                return self.population.array(attr_names)[self.rows].tolist()
            return [
                getattr(v, attr_names) if handle_missing == "error" else getattr(v, attr_names, default_value)
                for v in self
            ]
        return [
            list(row) for row in zip(*(self.get(n, handle_missing, default_value) for n in attr_names), strict=True)
        ]

    def set(self, attr_name: str, value: Any) -> Agents:
        """Set a whole column."""
        self.population.array(attr_name)[self.rows] = value
        return self

    def agg(self, attribute: str, func: Callable[[Any], Any]) -> Any:
        """`func` of the column as an array."""
        return func(self.population.array(attribute)[self.rows])

    def select(
        self, filter_func: Any = None, at_most: float = float("inf"), inplace: bool = False, agent_type: Any = None
    ) -> Agents:
        """Agents for which `filter_func(view)` holds, or a boolean array over the set."""
        rows = self.rows
        if filter_func is not None:
            mask = (
                filter_func
                if isinstance(filter_func, np.ndarray)
                else np.array([bool(filter_func(v)) for v in self], bool)
            )
            rows = rows[mask]
        if at_most != float("inf"):
            rows = rows[: int(at_most * len(self)) if isinstance(at_most, float) and at_most <= 1.0 else int(at_most)]
        if inplace:
            self._rows = rows
            return self
        return Agents(self.population, rows)

    def do(self, method: Any, *args: Any, **kwargs: Any) -> Agents:
        """Call a method, or a function, on every agent; `do("step")` takes the attached kernel over all rows."""
        population = self.population
        step = getattr(self._class, method, None) if isinstance(method, str) else None
        if isinstance(step, Stepping):
            if step.many is not None and self._rows is None:
                step.many(population)
            else:
                population.begin_step()
                self._each(step.one)
            population.end_step()
        elif method == "step":
            population.begin_step()
            self._each(step)
            population.end_step()
        else:
            for view in self:
                (getattr(view, method) if isinstance(method, str) else _bound(method, view))(*args, **kwargs)
        return self

    def _each(self, step: Any) -> None:
        population = self.population
        try:
            for row in self.rows.tolist():
                population.stepping_row = row
                step(self._view(row))
        finally:
            population.stepping_row = -1

    def shuffle_do(self, method: Any, *args: Any, **kwargs: Any) -> Agents:
        """As `do`, in an order drawn by key and step."""
        self.shuffle().do(method, *args, **kwargs)
        return self

    def shuffle(self, inplace: bool = False) -> Agents:
        """The set in an order drawn by key and step."""
        population, rows = self.population, self.rows
        stream = draws.stream(population.seed, f"{population.name}.shuffle")
        order = np.argsort(draws.uniforms(stream, rows, population.steps_done), kind="stable")
        return self._reordered(rows[order], inplace)

    def sort(self, key: Any, ascending: bool = False, inplace: bool = False) -> Agents:
        """The set sorted by a column or a function of the view."""
        values = np.asarray(self.get(key) if isinstance(key, str) else [key(v) for v in self])
        order = np.argsort(values if ascending else -values, kind="stable")
        return self._reordered(self.rows[order], inplace)

    def _reordered(self, rows: Any, inplace: bool) -> Agents:
        if inplace:
            self._rows = rows
            return self
        return Agents(self.population, rows)

    def map(self, method: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """Results of a method or function, one per agent."""
        return [(getattr(v, method) if isinstance(method, str) else _bound(method, v))(*args, **kwargs) for v in self]

    def groupby(self, by: Any, result_type: str = "agentset") -> Any:
        """Mesa's GroupBy, by a column or a function of the view."""
        groups: dict[Any, list[int]] = {}
        for view in self:
            groups.setdefault(by(view) if callable(by) else getattr(view, by), []).append(view.row)
        sets = {key: Agents(self.population, rows) for key, rows in groups.items()}
        return GroupBy(sets if result_type == "agentset" else {key: list(found) for key, found in sets.items()})

    def discard(self, agent: Any) -> None:
        """Take one agent out of this set."""
        self._rows = self.rows[self.rows != agent.row]

    def remove(self, agent: Any) -> None:
        """Take one agent out of this set; KeyError if it is not in it."""
        if agent not in self:
            raise KeyError(agent)
        self.discard(agent)

    def add(self, agent: Any) -> None:
        """Add one agent of the population to this set."""
        if agent not in self:
            self._rows = np.append(self.rows, agent.row)


def _bound(function: Callable[..., Any], view: Any) -> Callable[..., Any]:
    return lambda *args, **kwargs: function(view, *args, **kwargs)
