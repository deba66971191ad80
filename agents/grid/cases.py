"""Solved grid cases (JSON with `input` and `reference`) as a PowerFlow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.grid.powerflow import PowerFlow


class CaseGrid:
    """The grid of a solved case: `flow`, the loads in its order, and the case's own ids of every part.

    nodes, loads, lines, transformers : id -> row. `load_node`: row of the node of each load, shape (loads,).
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        def rows(name: str) -> dict[int, int]:
            return {int(item["id"]): row for row, item in enumerate(given[name])}

        self.nodes, self.loads, self.generators = rows("nodes"), rows("loads"), rows("generators")
        self.lines, self.transformers = rows("lines"), rows("transformers")
        self.load_node = np.array([self.nodes[x["node"]] for x in given["loads"]], np.int64)
        self.generator_node = np.array([self.nodes[x["node"]] for x in given["generators"]], np.int64)
        ties, source = given["bus_switches"], given["source"]
        self.flow = PowerFlow(
            [1e3 * node["vn_kv"] for node in given["nodes"]],
            self._transformers(given["transformers"]),
            self._cables(given["lines"]),
            [self.nodes[s["node"]] for s in source],
            [s["vm_pu"] for s in source],
            load_nodes=np.arange(len(self.nodes)),
            ties=[(self.nodes[t["a"]], self.nodes[t["b"]]) for t in ties],
            ties_closed=[bool(t["closed"]) for t in ties],
            frequency=float(given.get("f_hz", 50.0)),
        )
        for row, item in enumerate(given["transformers"]):
            for side, key in (("tail", "hv_closed"), ("head", "lv_closed")):
                if not (item["in_service"] and item[key]):
                    self.flow.open("transformer", row, side)
        p, q = ([float(x[key]) for x in given["loads"]] for key in ("p_kw", "q_kvar"))
        gp, gq = ([float(x[key]) for x in given["generators"]] for key in ("p_kw", "q_kvar"))
        self.flow.set_loads(*self.per_node(np.array(p), np.array(q), np.array(gp), np.array(gq)))

    def per_node(self, p_kw: Any, q_kvar: Any, generator_p_kw: Any, generator_q_kvar: Any = 0.0) -> tuple[Any, Any]:
        """Net consumption of every node in W and var; the arrays have shape (..., loads) and (..., generators)."""
        out = []
        for used, made in ((p_kw, generator_p_kw), (q_kvar, generator_q_kvar)):
            total = np.zeros((*np.shape(p_kw)[:-1], len(self.nodes)))
            np.add.at(total, (..., self.load_node), np.asarray(used))
            np.subtract.at(total, (..., self.generator_node), np.broadcast_to(made, np.shape(generator_p_kw)))
            out.append(1e3 * total)
        return out[0], out[1]

    def day(self, day: Mapping[str, Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Net consumption of every node per step, W and var, each of shape (steps, nodes)."""

        def table(name: str, ids: Mapping[int, int]) -> NDArray[Any]:
            values = np.zeros((day["steps"], len(ids)))
            for key, series in day.get(name, {}).items():
                values[:, ids[int(key)]] = series
            return values

        return self.per_node(
            table("load_p_kw", self.loads),
            table("load_q_kvar", self.loads),
            table("generator_p_kw", self.generators),
            table("generator_q_kvar", self.generators),
        )

    def dead(self, kind: str, item: int) -> tuple[list[int], list[int]]:
        """The ids of the dead nodes and dead loads while "line" or "transformer" `item` is open; it is closed again."""
        row = (self.lines if kind == "line" else self.transformers)[item]
        branch = "cable" if kind == "line" else "transformer"
        before = [s.copy() for s in (self.flow.topology.tail_closed, self.flow.topology.head_closed)]
        self.flow.open(branch, row)
        alive = self.flow.energised()
        at = self.flow._slice(branch).start + row
        for side, state in zip(("tail", "head"), before, strict=True):
            self.flow.switch(branch, row, bool(state[at]), side)
        return (
            [i for i, node in self.nodes.items() if not alive[node]],
            [i for i, load in self.loads.items() if not alive[self.load_node[load]]],
        )

    def _cables(self, items: Any) -> dict[str, Any]:
        return {
            "tail": [self.nodes[i["from"]] for i in items],
            "head": [self.nodes[i["to"]] for i in items],
            "r": [i["r_ohm"] for i in items],
            "x": [i["x_ohm"] for i in items],
            "c": [1e-9 * i["c_nf"] for i in items],
            "i_max": [i["i_max_a"] for i in items],
            "tail_closed": [bool(i["in_service"] and i["from_closed"]) for i in items],
            "head_closed": [bool(i["in_service"] and i["to_closed"]) for i in items],
        }

    def _transformers(self, items: Any) -> dict[str, Any]:
        def column(values: Any) -> NDArray[Any]:
            return np.array(list(values), np.float64)

        def tapped(item: Mapping[str, Any], side: str) -> float:
            rated = 1e3 * item[f"vn_{side}_kv"]
            steps = (item["tap_pos"] or 0) - (item["tap_neutral"] or 0) if item["tap_side"] == side else 0
            return float(rated * (1.0 + steps * (item["tap_step_percent"] or 0) / 100.0))

        for item in items:
            if item["shift_degree"] % 30:
                raise ValueError(
                    f"transformer {item['id']}: a phase shift of {item['shift_degree']} degrees is no multiple of 30"
                )
        return {
            "hv_node": [self.nodes[i["hv"]] for i in items],
            "lv_node": [self.nodes[i["lv"]] for i in items],
            "rating": column(1e3 * i["sn_kva"] for i in items),
            "uk": column(i["vk_percent"] / 100 for i in items),
            "pk": column(i["vkr_percent"] / 100 * 1e3 * i["sn_kva"] for i in items),
            "p0": column(1e3 * i["pfe_kw"] for i in items),
            "i0": column(i["i0_percent"] / 100 for i in items),
            "clock": [int(i["shift_degree"] // 30 % 12) for i in items],
            "u_hv": column(tapped(i, "hv") for i in items),
            "u_lv": column(tapped(i, "lv") for i in items),
        }
