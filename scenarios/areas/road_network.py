"""A road network with volume-delay functions and trips between its nodes, as TNTP and GMNS describe one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.account import Account
from twin.errors import Fault, InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ids = NDArray[np.int32]

SHOWN = 20  # faults of one column that are told one by one
SHORTEST = 1.0  # m of a link whose source gives it no length
LANE = 1_900.0  # veh/h per lane where lanes are not stated: base saturation flow, HCM 2010 ch. 18
BPR = {"alpha": "0.15", "beta": "4"}  # Bureau of Public Roads (1964), Traffic Assignment Manual
TIMES = {"s": 1.0, "sec": 1.0, "second": 1.0, "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0}  # s
LENGTHS = {  # m
    **{"m": 1.0, "meter": 1.0, "metre": 1.0, "km": 1000.0, "kilometer": 1000.0, "kilometre": 1000.0},
    **{"ft": 0.3048, "foot": 0.3048, "feet": 0.3048, "mi": 1609.344, "mile": 1609.344, "miles": 1609.344},
}

ASSUMPTIONS = {
    "road_network.length": "a link of length 0, as the connectors of a zone have, is 1 m long (assumption)",
    "road_network.lanes": "where no lanes are stated, one per 1,900 veh/h of capacity (HCM 2010 base saturation flow), "
    "at least one (assumption)",
}


@dataclass
class Detail:
    """What a source tells of nodes and links beyond their cost, row by row as in its RoadNetwork.

    crs        : system of the coordinates, "" where the source does not say
    kind       : of the nodes, as in the table nodes
    id         : of the links, as the source writes them
    name, road_class : of the links; "" unknown
    car, bicycle, walk : who may use the links
    lines      : array of shape (points, 2) for each link, from tail to head; without points where it is straight
    roundabout, osm_id : bool; 0 unknown
    rule, origin       : how a link came to be, as in the table links
    turns      : int64 (bans, 3): from_link, via (-1 none), to_link
    signals, groups    : columns of the tables signals and signal_groups
    """

    crs: str
    kind: NDArray[Any]
    id: NDArray[Any]
    name: NDArray[Any]
    road_class: NDArray[Any]
    car: NDArray[np.bool_]
    bicycle: NDArray[np.bool_]
    walk: NDArray[np.bool_]
    lines: NDArray[Any]
    roundabout: NDArray[np.bool_]
    osm_id: Ints
    rule: NDArray[Any]
    origin: NDArray[Any]
    turns: Ints
    signals: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def plain(cls, nodes: int, links: int, **known: Any) -> Detail:
        """Nothing known but `known`: straight links that all may use."""
        texts, yes = np.full(links, "", object), np.ones(links, bool)
        lines = np.empty(links, object)
        lines[:] = [np.zeros((0, 2))] * links
        usual: dict[str, Any] = {
            "crs": "",
            "kind": np.full(nodes, "plain", object),
            "id": texts,
            "name": texts,
            "road_class": texts,
            "car": yes,
            "bicycle": yes,
            "walk": yes,
            "lines": lines,
            "roundabout": ~yes,
            "osm_id": np.zeros(links, np.int64),
            "rule": texts,
            "origin": np.full(links, "observed", object),
            "turns": np.zeros((0, 3), np.int64),
        }
        return cls(**{**usual, **known})

    def of_links(self, rows: NDArray[Any]) -> Detail:
        """The detail of some links, given by row; a ban or a green of another is left out."""
        size = len(self.id)
        new = np.full(size + 1, -2)
        new[rows] = np.arange(len(rows))
        new[size] = -1  # of a ban without via
        turns = new[self.turns] if len(self.turns) else self.turns
        changed: dict[str, Any] = {"turns": turns[(turns > -2).all(1)]}
        if self.groups:
            kept = new[self.groups["link"]] >= 0
            changed["groups"] = {c: np.asarray(v)[kept] for c, v in self.groups.items()}
            changed["groups"]["link"] = new[changed["groups"]["link"]]
        for column in fields(self):
            values = getattr(self, column.name)
            if column.name not in ("crs", "kind", "turns", "signals", "groups"):
                changed[column.name] = values[rows]
        return replace(self, **changed)


@dataclass
class RoadNetwork:
    """A network for assignment. Rows of nodes and links keep the order of the files.

    node_id, x, y   : (nodes,); x, y as the file gives them, NaN where it does not
    tail, head      : int32 (links,), rows of nodes
    length, free    : m; s of a link at free flow, which may be 0
    capacity, lanes : veh/h of the link, all lanes together; lanes
    alpha, beta     : travel time = free (1 + alpha (flow / capacity) ** beta), Bureau of Public Roads (1964)
    fixed           : s that toll and distance are worth, which do not depend on the flow
    first_through   : nodes of lower rows are centroids: no route passes through them
    origin, destination, trips : int32, int32, float64 (pairs,): rows of nodes, vehicles per hour; trips within a node,
                      and pairs without trips, are left out
    time_unit       : s in one unit of time of the files, in which published objectives are told
    detail          : what else the source tells; None where it is of assignment alone
    """

    name: str
    node_id: Ints
    x: Floats
    y: Floats
    tail: Ids
    head: Ids
    length: Floats
    free: Floats
    capacity: Floats
    lanes: Floats
    alpha: Floats
    beta: Floats
    fixed: Floats
    first_through: int
    origin: Ids
    destination: Ids
    trips: Floats
    time_unit: float
    account: Account
    detail: Detail | None = None

    def without(self, links: Sequence[int] | NDArray[Any]) -> RoadNetwork:
        """The network less some of its links, given by row."""
        keep = np.delete(np.arange(len(self.tail)), links)
        columns = ("tail", "head", "length", "free", "capacity", "lanes", "alpha", "beta", "fixed")
        detail = self.detail.of_links(keep) if self.detail else None
        return replace(self, detail=detail, **{c: getattr(self, c)[keep] for c in columns})


class Gathered:
    """Faults of several files, raised together; every fault names file, row and column."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def add(self, where: str, what: str, allowed: str = "", remedy: str = "") -> None:
        """One fault."""
        self.faults.append(Fault(where, what, allowed, remedy))

    def refuse(self) -> None:
        """Raise InputError if there are any."""
        if self.faults:
            raise InputError(self.faults)

    def numbers(
        self,
        file: str,
        column: str,
        texts: Sequence[str],
        lines: Sequence[int],
        low: float = 0.0,
        positive: bool = False,
    ) -> Floats:
        """The cells of a column as finite numbers of at least `low`, or `positive` ones; a fault for each that is none.

        lines : row of each cell, as an editor counts. Returns float64 (cells,), NaN where a fault was found.
        """
        out = np.full(len(texts), np.nan)
        bad = []
        for i, text in enumerate(texts):
            try:
                out[i] = float(text)
            except ValueError:
                bad.append(i)
                continue
            if not low <= out[i] < np.inf or (positive and out[i] <= 0):
                bad.append(i)
        allowed = "a number above 0" if positive else f"a number of {low:g} or more" if np.isfinite(low) else "a number"
        for i in bad[:SHOWN]:
            self.add(f"{file}: row {lines[i]}, column {column}", f"is {texts[i]!r}", allowed, "correct the cell")
        if len(bad) > SHOWN:
            self.add(f"{file}: column {column}", f"{len(bad) - SHOWN} more rows are wrong", allowed)
        out[bad] = np.nan
        return out

    def rows_of(self, file: str, column: str, ids: Floats, lines: Sequence[int], known: Ints, what: str) -> Ids:
        """Row of each id among `known`; a fault for each that is unknown. int32 (cells,), -1 where a fault was found."""
        order = np.argsort(known, kind="stable")
        at = np.searchsorted(known[order], ids)
        found = np.where(at < len(known), order[np.minimum(at, len(known) - 1)], -1)
        wrong = np.isfinite(ids) & ((found < 0) | (known[np.maximum(found, 0)] != ids))
        for i in np.flatnonzero(wrong)[:SHOWN]:
            self.add(
                f"{file}: row {lines[i]}, column {column}",
                f"is {ids[i]:g}",
                f"one of the {len(known):,} {what}",
                "add it, or take the row out",
            )
        if wrong.sum() > SHOWN:
            self.add(f"{file}: column {column}", f"{int(wrong.sum()) - SHOWN} more rows name none of the {what}")
        return np.where(wrong | ~np.isfinite(ids), -1, found).astype(np.int32)


def usable_capacity(gathered: Gathered, file: str, lines: Sequence[int], capacity: Floats, alpha: Floats) -> None:
    """A fault for each link whose time would be divided by a capacity of 0."""
    for i in np.flatnonzero((capacity <= 0) & (alpha > 0)):
        gathered.add(
            f"{file}: row {lines[i]}, column capacity",
            f"is {capacity[i]:g}",
            "more than 0, or an alpha (b) of 0",
            "give the capacity, or take the link out if it is closed",
        )


def usable_length(length: Floats, account: Account) -> Floats:
    """Lengths in m with a small one where there is none, counted."""
    account.count("repaired", f"links of length 0, given {SHORTEST:g} m", int((length <= 0).sum()))
    return np.where(length > 0, length, SHORTEST)


def lanes_for(capacity: Floats, account: Account) -> Floats:
    """Lanes for capacities in veh/h, where a source states none."""
    account.count("repaired", "links without lanes, told from capacity", len(capacity))
    return np.asarray(np.maximum(np.ceil(capacity / LANE - 1e-9), 1.0))


def usable_trips(origin: Ids, destination: Ids, trips: Floats, account: Account) -> tuple[Ids, Ids, Floats]:
    """Pairs with trips from one node to another; the others are counted."""
    inside = (origin == destination) & (trips > 0)
    account.count("read", "pairs with trips", int((trips > 0).sum()))
    account.count("dropped", "pairs within one node, which need no road", int(inside.sum()))
    keep = (trips > 0) & ~inside
    return origin[keep], destination[keep], trips[keep]
