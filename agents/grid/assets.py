"""The assets of a grid by name, and whom they serve."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Fault, InputError, nearest

KINDS = ("transformer", "feeder", "cable")


def customers(area: Any) -> NDArray[np.float64]:
    """Customers of each connection: its dwellings, or one for any other building; none for a signal."""
    c, b = area.connections, area.buildings
    building = c.kind == "building"
    return np.where(building, np.maximum(b.dwellings[np.where(building, c.target, 0)] if len(b) else 0, 1), 0).astype(
        float
    )


def served(area: Any, kind: str, row: int) -> float:
    """Customers that lose their power when an asset is opened, as the grid stands."""
    from agents.grid.powerflow import of_area

    flow = of_area(area)
    for branch, number in branches(area, kind, row):
        flow.open(branch, number)
    return float(customers(area)[~flow.energised()[area.connections.grid_node]].sum())


def branches(area: Any, kind: str, row: int) -> list[tuple[str, int]]:
    """The branches that open with an asset: a feeder opens with its cables at the busbar of its transformer."""
    if kind != "feeder":
        return [(kind, row)]
    busbar, cables = area.transformers.lv_node[area.feeders.transformer[row]], area.cables
    first = (cables.feeder == row) & ((cables.tail == busbar) | (cables.head == busbar))
    return [("cable", int(k)) for k in np.flatnonzero(first)]


def find_asset(area: Any, name: str) -> tuple[str, int]:
    """(kind, row) of an asset: "largest_substation", a name of a transformer or feeder, or "cable 12".

    The largest substation is the one whose failure leaves the most customers dark. Raises InputError with the nearest
    names.
    """
    transformers, feeders = area.transformers, area.feeders
    if name == "largest_substation":
        rows = np.flatnonzero(transformers.kind == "hv_mv")
        if not len(rows):
            raise InputError(Fault(f"asset {name!r}", "the area has no substation", remedy="build its grid first"))
        most = [served(area, "transformer", int(row)) for row in rows]
        return "transformer", int(rows[int(np.argmax(most))])
    wanted = str(name).casefold()
    for kind, table in (("transformer", transformers), ("feeder", feeders)):
        for row, found in enumerate(table.name):
            if found.casefold() == wanted:
                return kind, row
    kind, _, number = wanted.partition(" ")
    if kind in KINDS and number.isdigit() and int(number) < len(area.tables[f"{kind}s"]):
        return kind, int(number)
    names = ["largest_substation", *transformers.name, *feeders.name]
    close = nearest(str(name), names)
    raise InputError(
        Fault(
            f"asset {name!r}",
            "the grid has no asset of that name",
            "largest_substation, the name of a station or feeder, or cable NUMBER",
            f"did you mean {close}?" if close else "see the tables transformers and feeders of the area",
        )
    )
