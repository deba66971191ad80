"""The electricity grid of any area: what its buildings use decides the stations, what its streets allow the cables.

Everything is synthetic: real grids are not open data at this level. Shape and sizes follow Dutch practice: substations
to 10 kV, rings through neighbourhood stations with a normally open point, radial 0.4 kV feeders along the streets.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.grid import catalogue, profiles
from agents.grid.low_voltage import LowVoltage, lay_feeders
from agents.grid.medium_voltage import Rings, count_substations, lay_rings, place_substations
from agents.grid.sites import choose_sites
from agents.grid.streets import Streets, wkb

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Tables = dict[str, dict[str, Any]]

OWN_STATION_W = 200e3  # a building with a larger peak has a transformer of its own
STATION_MARGIN = 1.2  # rating over design peak. Assumption
SUBSTATION_MARGIN = 1.5
MV, LV = 10_000.0, 400.0
CUSTOMER_LENGTH = 25.0  # m, from a large customer's transformer to its main board


def build_grid(area: Any) -> Tables:
    """Tables grid_nodes, transformers, feeders, cables and connections for `area`, as columns by name.

    Needs its buildings, links, nodes, zones and signals. An area without buildings that use power gets empty tables.
    """
    streets = Streets(area)
    demand = _demand(area)
    sites, distance, before, station = choose_sites(streets, demand["node_w"])
    low = lay_feeders(streets, sites, distance, before, station, demand["node_w"], demand["node_n"])
    large = demand["large"]
    node = np.concatenate([sites, area.buildings.node_walk[large].astype(np.int64)])
    if not len(node) or not len(area.buildings):
        return {name: {} for name in ("grid_nodes", "transformers", "feeders", "cables", "connections")}
    reached = station >= 0
    served = np.bincount(station[reached], demand["node_w"][reached], len(sites))
    load_w = np.concatenate([served, demand["peak_w"][large]])
    substation, substation_node = _substations(area, streets, node, load_w)
    rings = lay_rings(streets, node, load_w, substation, substation_node)
    return _Tables(area, streets, demand, low, rings, node, load_w, substation, substation_node).tables()


def _demand(area: Any) -> dict[str, Any]:
    b, n = area.buildings, len(area.nodes)
    peak = profiles.design_peak_w(b.use, b.floor_m2, b.dwellings)
    used = np.sum(profiles.annual_kwh(b.use, b.floor_m2, b.dwellings), axis=0) >= profiles.SMALLEST_KWH
    large = np.flatnonzero(used & (peak > OWN_STATION_W))
    small = np.flatnonzero(used & (peak <= OWN_STATION_W))
    at = b.node_walk[small].astype(np.int64)
    signal_node = area.signals.node.astype(np.int64)
    node_w = (
        np.bincount(at, peak[small], n) + np.bincount(signal_node, minlength=n) * profiles.ASSUMPTIONS["signal_w"][0]
    )
    node_n = np.bincount(at, minlength=n) + np.bincount(signal_node, minlength=n)
    return {"peak_w": peak, "large": large, "small": small, "node_w": node_w, "node_n": node_n.astype(np.int64)}


def _substations(area: Any, streets: Streets, node: Ints, load_w: Floats) -> tuple[Ints, Ints]:
    """The substation of each station, and the street node of each substation."""
    from scipy.spatial import cKDTree

    residents = int(area.people.resident.sum()) if len(area.people) else int(2.1 * area.buildings.dwellings.sum())
    x, y = streets.x[node], streets.y[node]
    cx, cy, group = place_substations(x, y, load_w, count_substations(residents, float(load_w.sum()), len(node)))
    linked = np.flatnonzero(np.diff(streets.graph.indptr) > 0)
    linked = linked if len(linked) else np.arange(len(streets.x))
    found = cKDTree(np.stack([streets.x[linked], streets.y[linked]], 1)).query(np.stack([cx, cy], 1))[1]
    return group, linked[found]


class _Tables:
    """Numbers grid nodes, transformers and feeders across both voltages and writes the columns.

    Order of grid nodes: high side of each substation, its 10 kV busbar, 10 kV side of each station, its 0.4 kV
    busbar, nodes along the feeders, main boards of large customers. Transformers: substations, then stations.
    """

    def __init__(
        self,
        area: Any,
        streets: Streets,
        demand: dict[str, Any],
        low: LowVoltage,
        rings: Rings,
        node: Ints,
        load_w: Floats,
        substation: Ints,
        substation_node: Ints,
    ) -> None:
        self.area, self.streets, self.demand, self.low, self.rings = area, streets, demand, low, rings
        self.node, self.load_w, self.substation, self.substation_node = node, load_w, substation, substation_node
        s, t, m, c = len(substation_node), len(node), len(low.node), len(demand["large"])
        self.s, self.t, self.c, self.sites = s, t, c, t - c
        self.busbar = s + np.arange(s)
        self.high, self.low_bus = 2 * s + np.arange(t), 2 * s + t + np.arange(t)
        self.along, self.board = 2 * s + 2 * t + np.arange(m), 2 * s + 2 * t + m + np.arange(c)
        self.mv_feeders, self.lv_feeders = len(rings.feeder_substation), len(low.feeder_station)

    def tables(self) -> Tables:
        out = {
            "grid_nodes": self._nodes(),
            "transformers": self._transformers(),
            "feeders": self._feeders(),
            "cables": self._cables(),
            "connections": self._connections(),
        }
        for columns in out.values():
            columns["origin"] = np.full(len(next(iter(columns.values()))), "synthetic", object)
        return out

    def _nodes(self) -> dict[str, Any]:
        at = np.concatenate(
            [self.substation_node, self.substation_node, self.node, self.node, self.low.node, self.node[self.sites :]]
        )
        high = np.where(self._substation_va() > 40e6, 110e3, 50e3)
        voltage = np.concatenate(
            [high, np.full(self.s + self.t, MV), np.full(self.t + len(self.low.node) + self.c, LV)]
        )
        return {"x": self.streets.x[at], "y": self.streets.y[at], "voltage": voltage}

    def _substation_va(self) -> Floats:
        needed = np.bincount(self.substation, self.load_w, self.s) * SUBSTATION_MARGIN
        return np.asarray(needed / profiles.ASSUMPTIONS["power_factor"][0])

    def _transformers(self) -> dict[str, Any]:
        upper = catalogue.substations(self._substation_va())
        lower = catalogue.stations(self.load_w * STATION_MARGIN / profiles.ASSUMPTIONS["power_factor"][0])
        at = np.concatenate([self.substation_node, self.node])
        zone = self._zone(at)
        columns = {name: np.concatenate([upper[name], lower[name]]) for name in upper}
        return {
            "name": self._names(zone),
            "kind": np.repeat(np.array(["hv_mv", "mv_lv"], object), [self.s, self.t]),
            "hv_node": np.concatenate([np.arange(self.s), self.high]),
            "lv_node": np.concatenate([self.busbar, self.low_bus]),
            **columns,
            "x": self.streets.x[at],
            "y": self.streets.y[at],
            "zone": zone,
        }

    def _zone(self, at: Ints) -> Ints:
        """The neighbourhood of street nodes: that of the nearest building."""
        from scipy.spatial import cKDTree

        b = self.area.buildings
        near = cKDTree(np.stack([b.x, b.y], 1)).query(np.stack([self.streets.x[at], self.streets.y[at]], 1))[1]
        return np.asarray(b.zone[near], np.int64)

    def _names(self, zone: Ints) -> NDArray[Any]:
        dutch = self.area.crs == "EPSG:28992"
        kinds = ["Onderstation" if dutch else "Substation"] * self.s + ["Station"] * self.sites
        kinds += ["Klantstation" if dutch else "Customer station"] * self.c
        names, seen = np.empty(len(kinds), object), dict[str, int]()
        for row, kind in enumerate(kinds):
            text = f"{kind} {self.area.zones.name[zone[row]]}".strip()
            seen[text] = seen.get(text, 0) + 1
            names[row] = text if kind == kinds[0] and seen[text] == 1 else f"{text} {seen[text]}"
        return names

    def _feeders(self) -> dict[str, Any]:
        names = self._transformers()["name"]
        large = self.s + self.sites + np.arange(self.c)
        owner = np.concatenate([self.rings.feeder_substation, self.s + self.low.feeder_station, large])
        first = np.full(len(owner), catalogue.LV_CABLE.i_max)
        np.maximum.at(
            first,
            self.mv_feeders + self.low.node_feeder,
            np.where(self.low.parent < 0, catalogue.LV_CABLE.i_max * self.low.parallel, 0.0),
        )
        first[: self.mv_feeders] = 0.0
        np.maximum.at(first, self.rings.feeder, catalogue.MV_CABLE.i_max * self.rings.parallel)
        first[len(owner) - self.c :] = catalogue.LV_CABLE.i_max * self._customer_cables()
        order = np.argsort(owner, kind="stable")
        number = np.empty(len(owner), np.int64)
        number[order] = np.arange(len(owner)) - np.searchsorted(owner[order], owner[order])
        kind = np.repeat(np.array(["mv", "lv"], object), [self.mv_feeders, len(owner) - self.mv_feeders])
        return {
            "name": np.array([f"{names[t]}, {k + 1}" for t, k in zip(owner, number, strict=True)], object),
            "kind": kind,
            "transformer": owner,
            "i_max": first,
        }

    def _customer_cables(self) -> Floats:
        peak = self.load_w[self.sites :] * STATION_MARGIN
        return np.maximum(1.0, np.ceil(peak / (np.sqrt(3) * LV * catalogue.LV_CABLE.i_max)))

    def _cables(self) -> dict[str, Any]:
        r, low = self.rings, self.low
        bus = self.busbar[r.feeder_substation[r.feeder]]
        tail = [
            np.where(r.tail < 0, bus, self.high[r.tail]),
            np.where(
                low.parent < 0,
                self.low_bus[low.feeder_station[low.node_feeder]],
                self.along[low.parent] if len(low.node) else low.parent,
            ),
            self.low_bus[self.sites :],
        ]
        head = [np.where(r.head < 0, bus, self.high[r.head]), self.along, self.board]
        feeder = [r.feeder, self.mv_feeders + low.node_feeder, self.mv_feeders + self.lv_feeders + np.arange(self.c)]
        parts = [
            catalogue.cables(catalogue.MV_CABLE, r.length, r.parallel),
            catalogue.cables(catalogue.LV_CABLE, low.length, low.parallel),
            catalogue.cables(catalogue.LV_CABLE, np.full(self.c, CUSTOMER_LENGTH), self._customer_cables()),
        ]
        closed = np.concatenate([r.closed, np.ones(len(low.node) + self.c, bool)])
        paths = r.path + low.path + [[int(v)] for v in self.node[self.sites :]]
        return {
            "tail": np.concatenate(tail),
            "head": np.concatenate(head),
            **{name: np.concatenate([p[name] for p in parts]) for name in parts[0]},
            "feeder": np.concatenate(feeder),
            "closed": closed,
            "geometry": wkb([self.streets.line(p) for p in paths]),
        }

    def _connections(self) -> dict[str, Any]:
        row = np.full(len(self.streets.x), -1)
        row[self.low.node] = np.arange(len(self.low.node))
        small, large = self.demand["small"], self.demand["large"]
        at = row[np.concatenate([self.area.buildings.node_walk[small], self.area.signals.node]).astype(np.int64)]
        grid_node = np.concatenate([self.along[at[: len(small)]], self.board, self.along[at[len(small) :]]])
        feeder = self.mv_feeders + np.concatenate(
            [
                self.low.node_feeder[at[: len(small)]],
                self.lv_feeders + np.arange(self.c),
                self.low.node_feeder[at[len(small) :]],
            ]
        )
        signals = len(self.area.signals)
        return {
            "kind": np.repeat(np.array(["building", "signal"], object), [len(small) + self.c, signals]),
            "target": np.concatenate([small, large, np.arange(signals)]),
            "grid_node": grid_node,
            "feeder": feeder,
        }
