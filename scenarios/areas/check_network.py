"""Checks of geometry and streets: shapes, lengths, connectivity, reach, signal plans."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from scenarios.areas.findings import Finding, first
from scenarios.areas.osm_turns import mutually_reachable
from scenarios.areas.streets import MODES, main_component

if TYPE_CHECKING:
    from twin.area import Area

FAR_FROM_NODE = 400.0  # m from a building to the node by which it is entered
PEAK_OVER = 0.1  # share of the kilometres of the peak from which streets beyond capacity are told (assumption)


def geometry(area: Area) -> Iterator[Finding]:
    import shapely

    for table in ("buildings", "zones", "links"):
        if not len(area.tables[table]):
            continue
        shapes = area.geometry(table)
        empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
        yield from first("geometry_present", table, "geometry", empty, "has no geometry", "add it or drop the row")
        if table != "links":
            yield from first(
                "geometry_valid",
                table,
                "geometry",
                ~shapely.is_valid(shapes) & ~empty,
                "crosses itself",
                "repair it with make_valid",
                "warning",
            )
    lines = area.geometry("links")
    if len(lines):
        drawn = shapely.length(lines)
        off = np.abs(drawn - area.links.length) > 1.0 + 0.05 * area.links.length
        yield from first(
            "length_as_drawn",
            "links",
            "length",
            off,
            "differs from its line by more than 5 %",
            "take the length of the line",
            "warning",
        )
        start = shapely.get_coordinates(shapely.get_point(lines, 0))
        tail = np.stack([area.nodes.x[area.links.tail], area.nodes.y[area.links.tail]], 1)
        apart = np.hypot(*(start - tail).T) > 5.0
        yield from first(
            "line_starts_at_tail",
            "links",
            "geometry",
            apart,
            "starts more than 5 m from its tail node",
            "draw the line from tail to head",
        )


def topology(area: Area) -> Iterator[Finding]:
    n, links = len(area.nodes), area.links
    if not len(links):
        yield Finding(
            "has_links", "links", -1, "", "the area has no links", "build it from an extract with roads", "error"
        )
        return
    yield from first(
        "no_loops", "links", "head", links.tail == links.head, "ends where it starts", "split it at a node", "warning"
    )
    used = np.zeros(n, bool)
    used[links.tail] = used[links.head] = True
    yield from first("node_used", "nodes", "", ~used, "no link touches the node", "drop it", "warning")
    for mode in MODES:
        rows = links[mode]
        if not rows.any():
            yield Finding(
                "mode_present", "links", -1, mode, f"no link is open to {mode}", "check the permissions", "error"
            )
            continue
        inside, share = main_component(n, links.tail[rows], links.head[rows])
        if share < 1.0:
            lost = np.zeros(n, bool)
            lost[links.tail[rows]] = lost[links.head[rows]] = True
            severity = "error" if share < 0.95 else "warning"
            yield from first(
                "strongly_connected",
                "nodes",
                mode,
                lost & ~inside,
                f"not mutually reachable by {mode}; the largest part has {share:.1%} of its nodes",
                "run streets.connect, or add the missing links",
                severity,
            )


def reach(area: Area) -> Iterator[Finding]:
    """Every location lies at a node of its mode's largest connected part, not far away."""
    n, links = len(area.nodes), area.links
    if not len(links):
        return
    for mode in MODES:
        rows = links[mode]
        inside, _ = main_component(n, links.tail[rows], links.head[rows])
        table = area.buildings
        at = table[f"node_{mode}"]
        yield from first(
            "building_reachable",
            "buildings",
            f"node_{mode}",
            ~inside[at],
            f"its node cannot be reached by {mode} from everywhere",
            "give it a node of the largest part",
        )
        far = np.hypot(area.nodes.x[at] - table.x, area.nodes.y[at] - table.y) > FAR_FROM_NODE
        yield from first(
            "building_near_street",
            "buildings",
            f"node_{mode}",
            far,
            f"lies more than {FAR_FROM_NODE:.0f} m from its node",
            "add the street that leads to it",
            "warning",
        )
        if mode == "car":
            yield from first(
                "gateway_reachable",
                "gateways",
                "node",
                ~inside[area.gateways.node],
                "cars cannot both enter and leave here",
                "drop it or pair it with the other carriageway",
            )
    if not len(area.gateways):
        yield Finding(
            "has_gateway",
            "gateways",
            -1,
            "",
            "nobody can enter or leave",
            "add a gateway where a main road leaves",
            "error",
        )
    inner = area.zones.level == "neighbourhood"
    if len(area.buildings):
        yield from first(
            "zone_is_neighbourhood",
            "buildings",
            "zone",
            ~inner[area.buildings.zone],
            "its zone is no neighbourhood",
            "give it the neighbourhood it lies in",
        )


def signals(area: Area) -> Iterator[Finding]:
    signals, groups = area.signals, area.signal_groups
    if not len(signals):
        return
    cycle = signals.cycle[groups.signal]
    bad = (groups.green_to <= groups.green_from) | (groups.green_to - groups.green_from > cycle)
    yield from first(
        "green_within_cycle",
        "signal_groups",
        "green_to",
        bad,
        "green ends before it starts or is longer than the cycle",
        "correct the plan",
    )
    plans = area.signal_plans
    bad = (plans.green_to <= plans.green_from) | (plans.green_to - plans.green_from > plans.cycle)
    yield from first(
        "green_within_cycle", "signal_plans", "green_to", bad, "green ends before it starts or is longer than the cycle",
        "correct the plan",
    )  # fmt: skip
    for name, table in (("signal_groups", groups), ("signal_plans", plans)):
        away = area.links.head[table.link] != signals.node[table.signal]
        yield from first(
            "approach_ends_at_signal", name, "link", away, "does not end at the signal's node", "correct the link"
        )


def peak(area: Area) -> Iterator[Finding]:
    """The traffic that the builder expects in the peak fits the streets."""
    over = float(area.facts.get("peak_beyond_capacity", 0.0))
    if over > PEAK_OVER:
        yield Finding(
            "peak_fits",
            "links",
            -1,
            "capacity",
            f"{over:.0%} of the kilometres expected in the peak are on streets beyond their capacity: a run will jam",
            "take the real streets (--osm)"
            if (area.links.origin == "synthetic").all()
            else "look at lanes and gateways",
            "warning",
        )


def turns(area: Area) -> Iterator[Finding]:
    """Banned turns join links that meet, and leave every place within reach of cars."""
    from twin.network import banned

    table, links = area.turns, area.links
    if not len(table):
        return
    via = table.via >= 0
    before = np.where(via, table.via, table.from_link)
    apart = links.head[before] != links.tail[table.to_link]
    apart |= via & (links.head[table.from_link] != links.tail[table.via])
    yield from first(
        "turn_links_meet", "turns", "to_link", apart, "does not begin where the link before it ends", "correct the row"
    )
    cars = np.flatnonzero(links.car)
    if not apart.any() and not mutually_reachable(
        len(area.nodes), links.tail[cars], links.head[cars], banned(table, cars)
    ):
        yield Finding(
            "turns_leave_all_reachable",
            "turns",
            -1,
            "",
            "the banned turns cut a place off",
            "drop the one that does",
            "error",
        )
