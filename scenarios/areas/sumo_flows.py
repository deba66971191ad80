"""Vehicles of SUMO's route files: flows, trips and vehicles between edges, with when each departs."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.account import Account
from scenarios.areas.road_network import Gathered
from scenarios.areas.sumo import elements

ALLOWED = "routes of SUMO (<routes>)"
RAIL = {"rail", "rail_urban", "rail_electric", "rail_fast", "tram", "subway", "ship"}


@dataclass(frozen=True)
class Flow:
    """Vehicles of one way. edges: where they begin, what they must pass, where they end; departures: s since midnight.

    whole : whether `edges` is the whole way, every edge of it
    """

    id: str
    kind: str
    edges: tuple[str, ...]
    departures: NDArray[np.float64]
    whole: bool = False


def looks_like_flows(path: Path) -> bool:
    """Whether a file holds flows or trips from one edge to another."""
    return any(tag in ("flow", "trip") and item.get("from") for tag, item in elements(path, "routes", ALLOWED))


def read_flows(files: Sequence[Path], edges: Mapping[str, int], car: NDArray[np.bool_], account: Account) -> list[Flow]:
    """The flows of cars and lorries in route files, in their order.

    edges : row of each edge of the network;  car : which rows cars may use
    Raises InputError with every flow over an edge that is unknown or closed to cars, and every time that is none.
    """
    gathered, found = Gathered(), []
    for path in files:
        classes: dict[str, str] = {}
        routes: dict[str, tuple[str, ...]] = {}
        for tag, item in elements(path, "routes", ALLOWED):
            where = f"{path.name}: {tag} {item.get('id')}"
            if tag == "vType":
                classes[item.get("id", "")] = item.get("vClass", "passenger")
            elif tag == "route":
                routes[item.get("id", "")] = tuple(item.get("edges", "").split())
            elif tag in ("flow", "trip", "vehicle"):
                if classes.get(item.get("type", ""), "passenger") in RAIL:
                    account.count("dropped", f"{tag}s of trains, trams and ships")
                    continue
                flow = _flow(tag, item, routes, where, gathered)
                if flow is not None and _known(flow, edges, car, where, gathered):
                    found.append(flow)
            else:
                account.count("dropped", f"elements {tag}, which no vehicle is")
    gathered.refuse()
    account.count("read", "flows and trips", len(found))
    account.count("read", "vehicles", sum(len(flow.departures) for flow in found))
    return found


def _flow(
    tag: str, item: ET.Element, routes: Mapping[str, tuple[str, ...]], where: str, gathered: Gathered
) -> Flow | None:
    inner = item.find("route")
    whole = routes.get(item.get("route", ""), ()) or (
        tuple(inner.get("edges", "").split()) if inner is not None else ()
    )
    ends = *item.get("from", "").split(), *item.get("via", "").split(), *item.get("to", "").split()
    if not whole and (len(ends) < 2 or not item.get("from") or not item.get("to")):
        gathered.add(where, "has no way", "from and to, or a route", "complete it")
        return None
    try:
        departures = _departures(tag, item)
    except ValueError as error:
        gathered.add(where, str(error), "begin, end and number, period or vehsPerHour; depart of a trip", "correct it")
        return None
    return Flow(item.get("id", ""), item.get("type", ""), whole or ends, departures, bool(whole))


def _departures(tag: str, item: ET.Element) -> NDArray[np.float64]:
    """Moments in s. Those of a flow are spread evenly from its begin on, as SUMO does. Raises ValueError."""
    if tag != "flow":
        return np.array([seconds(item.get("depart", ""))])
    begin, end = seconds(item.get("begin", "0")), seconds(item.get("end", "86400"))
    number, period, hourly = (item.get(name) for name in ("number", "period", "vehsPerHour"))
    if end <= begin:
        raise ValueError(f"ends at {item.get('end')} and begins at {item.get('begin')}")
    if period is None and hourly is not None:
        period = str(3600.0 / float(hourly))
    if period is not None:
        step = float(period)
        if not step > 0:
            raise ValueError(f"has a period of {period}")
        most = int(np.ceil((end - begin) / step - 1e-9))
        return begin + step * np.arange(min(most, int(number)) if number else most)
    if number is None or int(number) < 0:
        raise ValueError(f"has the number {number!r}")
    return begin + (end - begin) / max(int(number), 1) * np.arange(int(number))


def seconds(text: str) -> float:
    """ "15:00:00", "1:15:00:00" (with days) or "54000" as s. Raises ValueError."""
    parts = text.strip().split(":")
    if len(parts) == 1:
        return float(parts[0])
    if len(parts) not in (3, 4):
        raise ValueError(f"has the time {text!r}")
    return sum(float(p) * unit for p, unit in zip(reversed(parts), (1, 60, 3600, 86400), strict=False))


def _known(flow: Flow, edges: Mapping[str, int], car: NDArray[np.bool_], where: str, gathered: Gathered) -> bool:
    """A fault for each edge of a flow that is none, or closed to cars."""
    unknown = [e for e in flow.edges if e not in edges]
    closed = [e for e in flow.edges if e in edges and not car[edges[e]]]
    for wrong, what in ((unknown, "no edge of the network"), (closed, "closed to cars")):
        if wrong:
            gathered.add(where, f"goes over {', '.join(wrong)}, {what}", "edges of cars", "correct its way")
    return not (unknown or closed)
