"""What measures that build share: links added to an area, and when they may be used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scenarios.measures.measure import Timed
from twin.area import Area
from twin.world import World

Array = np.ndarray[Any, Any]


def with_links(area: Area, columns: Mapping[str, Any], where: str, greens: Array | None = None) -> Area:
    """The area with links added at the end of its table, as built by the measure at `where`.

    columns : of the new links; those not named take their default
    greens  : int (new links,): the link whose green each shares; -1: with the longest green of the signal that it leads to,
        if there is one
    """
    links, n = area.links, len(columns["tail"])
    given = {"origin": np.full(n, "synthetic", object), "rule": np.full(n, mark(where), object), **columns}
    tables: dict[str, Mapping[str, Any]] = {name: vars(table) for name, table in area.tables.items()}
    tables["links"] = {name: np.concatenate([column, _column(given, name, n)]) for name, column in vars(links).items()}
    groups, signals = area.signal_groups, area.signals
    beside = np.full(n, -1) if greens is None else greens
    chosen, new = [], []
    for k in range(n):
        own = np.flatnonzero(groups.link == beside[k])
        if beside[k] < 0:
            at = np.flatnonzero(np.isin(groups.signal, np.flatnonzero(signals.node == given["head"][k])))
            own = at[np.argsort(groups.green_from[at] - groups.green_to[at], kind="stable")][:1]
        chosen += own.tolist()
        new += [len(links) + k] * len(own)
    if chosen:
        plans, like = (
            area.signal_plans,
            groups.link[chosen],
        )  # other plans give the new approach the same green as its model
        rows, of = np.nonzero(plans.link[:, None] == like[None, :])
        more = {name: column[rows] for name, column in vars(plans).items()} | {"link": np.array(new)[of]}
        tables["signal_plans"] = {name: np.concatenate([vars(plans)[name], more[name]]) for name in more}
        more = {name: column[chosen] for name, column in vars(groups).items()} | {"link": np.array(new)}
        tables["signal_groups"] = {name: np.concatenate([vars(groups)[name], more[name]]) for name in more}
    return Area(area.name, area.crs, tables, area.sources, area.facts)


def _column(given: Mapping[str, Any], name: str, n: int) -> Any:
    from twin.tables import LINKS

    return given[name] if name in given else LINKS[name].new(n)


def built(area: Area, where: str) -> Array:
    """Rows of the links that the measure at `where` built."""
    return np.flatnonzero(area.links.rule == mark(where))


def mark(where: str) -> str:
    """What the column `rule` says of a row that the measure at `where` built."""
    return f"built by {where}"


class Built(Timed):
    """A measure that builds links. They may be used from `from`, midnight if absent, to `until`, the end if absent."""

    lasts = True

    def begins(self) -> int:
        """0: what is built is there from midnight on, if only closed."""
        return 0

    def open(self, world: World, where: str) -> None:
        """Keep the measure's links closed before its `from` and after its `until`."""
        for row in built(world.area, where).tolist():
            if self.start > 0:
                closed = world.post("vehicles.close_link", at=0, subject=row)
                world.post("vehicles.open_link", at=self.start, subject=row, because=[closed])
            if self.end is not None:
                world.post("vehicles.close_link", at=self.end, subject=row)
