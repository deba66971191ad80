"""AC power flow of one grid: plain arrays in, plain arrays out, around power-grid-model.

Transformers are pi models with their tap folded into the rated voltages; cables are pi models; sources are ideal.
Formulas: power-grid-model documentation, "Component type reference" (LF Energy, MPL-2.0). Which nodes are dead is a
graph search of our own: it needs no solution, takes microseconds, and equals the solver's flags (tested).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.grid.topology import Topology

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

SOURCE_POWER = 1e18  # VA: short-circuit power of an ideal source (its impedance moves no voltage by 1e-9 pu)
TOLERANCE = 1e-8  # pu; power-grid-model's own default. At 1e-10 a medium-voltage day did not converge
ITERATIONS = 20


class NotSolvedError(Exception):
    """The power flow has no solution at some steps (`steps`): the load is beyond what the grid can carry."""

    def __init__(self, steps: Ints, detail: str = "") -> None:
        self.steps = np.asarray(steps)
        shown = ", ".join(map(str, self.steps[:5])) + (", ..." if len(self.steps) > 5 else "")
        super().__init__(
            f"the power flow did not converge at step {shown}: the load is more than the grid can carry"
            + (f" ({detail.strip().splitlines()[0]})" if detail.strip() else "")
        )


@dataclass(frozen=True)
class Solution:
    """One solved state, or a series of them with a leading axis of steps. Dead parts read 0.

    voltage     : pu of the node's rated voltage, shape (..., nodes)
    angle       : rad, shape (..., nodes); empty in a series
    energised   : bool, shape (..., nodes)
    transformer : largest apparent power of both sides over the rating, shape (..., transformers)
    cable       : largest current of both ends over i_max, shape (..., cables)
    transformer_w : active power entering the high side, W, shape (..., transformers)
    cable_w     : active power entering at the tail, W, shape (..., cables)
    source_w, source_var : total power from all sources, W and var, shape (...)
    load_w      : total active power of the energised loads, W, shape (...)
    losses_w    : of one state, the sum over all branches of what goes in at both ends; of a series, source_w - load_w
    """

    voltage: Floats
    angle: Floats
    energised: Bools
    transformer: Floats
    cable: Floats
    transformer_w: Floats
    cable_w: Floats
    source_w: Floats
    source_var: Floats
    load_w: Floats
    losses_w: Floats


class PowerFlow:
    """The AC power flow of a grid of `nodes`, `transformers`, `cables`, `ties` and `sources`.

    Parameters
    ----------
    voltage : rated line-to-line voltage of each node, V, shape (nodes,)
    transformers : mapping of arrays hv_node, lv_node, rating (VA), uk, pk (W), p0 (W), i0, clock; optional u_hv, u_lv
        (rated voltages with the tap in them, V; default the nodes' own)
    cables : mapping of arrays tail, head, r (ohm), x (ohm), c (F), i_max (A); optional closed, tail_closed, head_closed
    sources : node of each source; `source_pu` their voltage
    load_nodes : nodes with a load or generation; default every node
    ties : pairs of nodes joined without impedance, shape (ties, 2); `ties_closed` their state

    Branches are numbered kind by kind: "transformer", "cable", "tie". `open` and `close` change one side or both.
    Raises NotSolvedError, naming the steps, where Newton-Raphson finds no solution.
    """

    def __init__(
        self,
        voltage: Any,
        transformers: Mapping[str, Any],
        cables: Mapping[str, Any],
        sources: Any,
        source_pu: Any = 1.0,
        load_nodes: Any = None,
        ties: Any = (),
        ties_closed: Any = True,
        frequency: float = 50.0,
    ) -> None:
        self.voltage = np.asarray(voltage, np.float64)
        n = len(self.voltage)
        self.sources = np.atleast_1d(np.asarray(sources, np.int64))
        self.load_nodes = np.arange(n) if load_nodes is None else np.asarray(load_nodes, np.int64)
        self.p_w, self.q_var = np.zeros(len(self.load_nodes)), np.zeros(len(self.load_nodes))
        pairs = np.asarray(ties, np.int64).reshape(-1, 2)
        ends = {
            "transformer": (transformers["hv_node"], transformers["lv_node"]),
            "cable": (cables["tail"], cables["head"]),
            "tie": (pairs[:, 0], pairs[:, 1]),
        }
        self._first, start = {}, n
        for kind, (tail, _) in ends.items():
            self._first[kind] = start
            start += len(tail)
        self._load_id, self._source_id = start, start + len(self.load_nodes)
        self.topology = Topology(
            n,
            np.concatenate([np.asarray(e[0], np.int64) for e in ends.values()]),
            np.concatenate([np.asarray(e[1], np.int64) for e in ends.values()]),
            self.sources,
        )
        self._set_initial_state(cables, np.broadcast_to(np.asarray(ties_closed, bool), len(pairs)))
        self._changed: set[int] = set()
        self._live_loads: Bools | None = None
        self._model = self._build(transformers, cables, np.broadcast_to(source_pu, len(self.sources)), frequency)

    # -- building ------------------------------------------------------------

    def _set_initial_state(self, cables: Mapping[str, Any], ties_closed: Bools) -> None:
        state, first = self.topology, self._first["cable"] - self._first["transformer"]
        count = len(cables["tail"])
        both = np.asarray(cables.get("closed", np.ones(count, bool)), bool)
        for closed, name in ((state.tail_closed, "tail_closed"), (state.head_closed, "head_closed")):
            closed[first : first + count] = both & np.asarray(cables.get(name, np.ones(count, bool)), bool)
            closed[first + count :] = ties_closed

    def _build(
        self, transformers: Mapping[str, Any], cables: Mapping[str, Any], source_pu: Any, frequency: float
    ) -> Any:
        from power_grid_model import PowerGridModel

        data = {
            "node": self._nodes(),
            "transformer": self._transformers(transformers),
            "line": self._cables(cables),
            "link": self._branches("link", "tie"),
            "sym_load": self._loads(),
            "source": self._sources(source_pu),
        }
        return PowerGridModel({name: rows for name, rows in data.items() if len(rows)}, system_frequency=frequency)

    def _new(self, component: str, count: int) -> Any:
        from power_grid_model import initialize_array

        return initialize_array("input", component, count)

    def _nodes(self) -> Any:
        rows = self._new("node", len(self.voltage))
        rows["id"], rows["u_rated"] = np.arange(len(self.voltage)), self.voltage
        return rows

    def _branches(self, component: str, kind: str) -> Any:
        part = self._slice(kind)
        rows = self._new(component, part.stop - part.start)
        rows["id"] = self._first[kind] + np.arange(len(rows))
        rows["from_node"], rows["to_node"] = self.topology.tail[part], self.topology.head[part]
        rows["from_status"], rows["to_status"] = self.topology.tail_closed[part], self.topology.head_closed[part]
        return rows

    def _transformers(self, given: Mapping[str, Any]) -> Any:
        rows = self._branches("transformer", "transformer")
        rows["u1"] = given.get("u_hv", self.voltage[np.asarray(given["hv_node"], np.int64)])
        rows["u2"] = given.get("u_lv", self.voltage[np.asarray(given["lv_node"], np.int64)])
        rows["sn"] = self._rating = np.asarray(given["rating"], np.float64)
        rows["uk"], rows["pk"], rows["i0"], rows["p0"] = given["uk"], given["pk"], given["i0"], given["p0"]
        # an odd clock number needs unlike windings (delta and grounded wye), an even one like windings
        clock = np.asarray(given["clock"], np.int64)
        rows["clock"], rows["winding_to"] = clock, 1
        rows["winding_from"] = np.where(clock % 2 == 1, 2, 1)
        # the tap stands in u1 and u2: fractions of a step are then possible
        rows["tap_side"], rows["tap_pos"], rows["tap_min"], rows["tap_max"], rows["tap_size"] = 0, 0, 0, 0, 0.0
        return rows

    def _cables(self, given: Mapping[str, Any]) -> Any:
        rows = self._branches("line", "cable")
        rows["r1"], rows["x1"], rows["c1"], rows["i_n"] = given["r"], given["x"], given["c"], given["i_max"]
        rows["tan1"] = 0.0
        return rows

    def _loads(self) -> Any:
        rows = self._new("sym_load", len(self.load_nodes))
        rows["id"] = self._load_id + np.arange(len(rows))
        rows["node"], rows["status"], rows["type"] = self.load_nodes, 1, 0
        rows["p_specified"], rows["q_specified"] = 0.0, 0.0
        return rows

    def _sources(self, source_pu: Any) -> Any:
        rows = self._new("source", len(self.sources))
        rows["id"] = self._source_id + np.arange(len(rows))
        rows["node"], rows["status"], rows["u_ref"], rows["sk"] = self.sources, 1, source_pu, SOURCE_POWER
        return rows

    # -- switching ------------------------------------------------------------

    def _slice(self, kind: str) -> slice:
        first = self._first["transformer"]
        starts = [self._first[k] - first for k in ("transformer", "cable", "tie")] + [len(self.topology.tail)]
        at = ("transformer", "cable", "tie").index(kind)
        return slice(starts[at], starts[at + 1])

    def switch(self, kind: str, row: int, closed: bool, side: str = "both") -> None:
        """Close or open a "transformer", "cable" or "tie" at its "tail" (high side), "head" (low side) or "both"."""
        branch = self._slice(kind).start + int(row)
        if branch >= self._slice(kind).stop or row < 0:
            raise IndexError(f"no {kind} {row}")
        if side in ("tail", "both"):
            self.topology.tail_closed[branch] = closed
        if side in ("head", "both"):
            self.topology.head_closed[branch] = closed
        self._changed.add(branch)
        self._live_loads = None

    def open(self, kind: str, row: int, side: str = "both") -> None:
        """Open a branch; see `switch`."""
        self.switch(kind, row, False, side)

    def close(self, kind: str, row: int, side: str = "both") -> None:
        """Close a branch; see `switch`."""
        self.switch(kind, row, True, side)

    def energised(self) -> Bools:
        """Whether each node has a closed path to a source, shape (nodes,): a graph search, no solution needed."""
        return self.topology.energised()

    def _apply_switching(self) -> None:
        if not self._changed:
            return
        from power_grid_model import initialize_array

        branches = np.array(sorted(self._changed))
        for kind, component in (("transformer", "transformer"), ("cable", "line"), ("tie", "link")):
            part = self._slice(kind)
            mine = branches[(branches >= part.start) & (branches < part.stop)]
            if len(mine):
                rows = initialize_array("update", component, len(mine))
                rows["id"] = self._first["transformer"] + mine
                rows["from_status"], rows["to_status"] = (
                    self.topology.tail_closed[mine],
                    self.topology.head_closed[mine],
                )
                self._model.update(update_data={component: rows})
        self._changed.clear()

    def saved(self) -> dict[str, Any]:
        """What a checkpoint keeps: the switches and the loads."""
        state = self.topology
        return {"tail": state.tail_closed, "head": state.head_closed, "p_w": self.p_w, "q_var": self.q_var}

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Take back what `saved` gave."""
        state = self.topology
        self._changed |= set(np.flatnonzero((state.tail_closed != kept["tail"]) | (state.head_closed != kept["head"])))
        state.tail_closed[:], state.head_closed[:] = kept["tail"], kept["head"]
        self.p_w, self.q_var, self._live_loads = kept["p_w"], kept["q_var"], None

    # -- solving ------------------------------------------------------------

    def set_loads(self, p_w: Any, q_var: Any = 0.0) -> None:
        """Consumption of each of `load_nodes`, W and var, shape (loads,); generation is negative."""
        self.p_w = np.ascontiguousarray(np.broadcast_to(p_w, self.load_nodes.shape), np.float64)
        self.q_var = np.ascontiguousarray(np.broadcast_to(q_var, self.load_nodes.shape), np.float64)

    def solve(self) -> Solution:
        """The state under the loads that were set. Raises NotSolvedError."""
        from power_grid_model.errors import PowerGridError

        self._apply_switching()
        ids = np.arange(self._load_id, self._load_id + len(self.load_nodes), dtype=np.int32)
        if len(ids):
            self._model.update(
                update_data={"sym_load": {"id": ids, "p_specified": self.p_w, "q_specified": self.q_var}}
            )
        try:
            out = self._model.calculate_power_flow(
                output_component_types=self._columns(angle=True),
                threading=-1,
                error_tolerance=TOLERANCE,
                max_iterations=ITERATIONS,
            )
        except PowerGridError as error:
            raise NotSolvedError(np.array([0]), str(error)) from error
        return self._solution(out, self.p_w, ())

    def solve_series(self, p_w: Any, q_var: Any, threads: int = -1) -> Solution:
        """Many load steps at once, the switches as they stand; `p_w` and `q_var` have shape (steps, loads).

        `threads`: -1 sequential, 0 all of the machine, n that many. Raises NotSolvedError naming every failed step.
        """
        from power_grid_model.errors import PowerGridBatchError, PowerGridError

        self._apply_switching()
        p_w, q_var = np.ascontiguousarray(p_w, np.float64), np.ascontiguousarray(q_var, np.float64)
        update = {"sym_load": {"p_specified": p_w, "q_specified": q_var}}  # no ids: one value for every load, in order
        try:
            out = self._model.calculate_power_flow(
                update_data=update,
                output_component_types=self._columns(),
                threading=threads,
                error_tolerance=TOLERANCE,
                max_iterations=ITERATIONS,
            )
        except PowerGridBatchError as error:
            raise NotSolvedError(error.failed_scenarios, error.error_messages[0]) from error
        except PowerGridError as error:
            raise NotSolvedError(np.arange(len(p_w)), str(error)) from error
        return self._solution(out, p_w, (len(p_w),))

    def _columns(self, angle: bool = False) -> dict[str, list[str]]:
        # with angles (one state) the losses are summed branch by branch; a series takes source - load, which costs less
        ends = ["p_from", "p_to"] if angle else ["p_from"]
        wanted = {
            "node": ["u_pu", *(["u_angle"] if angle else [])],
            "source": ["p", "q"],
            "transformer": ["loading", *ends],
            "line": ["loading", *ends],
        }
        present = {"transformer": self._slice("transformer"), "line": self._slice("cable")}
        return {
            name: columns
            for name, columns in wanted.items()
            if name not in present or present[name].stop > present[name].start
        }

    def _solution(self, out: Any, p_w: Floats, shape: tuple[int, ...]) -> Solution:
        none = np.zeros((*shape, 0))
        energised = self.energised()
        if self._live_loads is None:
            self._live_loads = energised[self.load_nodes]
        source_w, source_var = out["source"]["p"].sum(axis=-1), out["source"]["q"].sum(axis=-1)
        load_w = (p_w @ self._live_loads.astype(np.float64)).reshape(shape)
        transformer, cable = out.get("transformer", {}), out.get("line", {})
        node = out["node"]
        return Solution(
            voltage=node["u_pu"].reshape(*shape, -1),
            angle=none if shape else node["u_angle"].reshape(-1),
            energised=np.broadcast_to(energised, (*shape, len(energised))),
            transformer=transformer.get("loading", none).reshape(*shape, -1),
            cable=cable.get("loading", none).reshape(*shape, -1),
            transformer_w=transformer.get("p_from", none).reshape(*shape, -1),
            cable_w=cable.get("p_from", none).reshape(*shape, -1),
            source_w=source_w.reshape(shape),
            source_var=source_var.reshape(shape),
            load_w=load_w,
            losses_w=source_w.reshape(shape) - load_w if shape else _losses(transformer, cable),
        )


def _losses(*branches: Mapping[str, Any]) -> Floats:
    return np.asarray(sum(float(b["p_from"].sum() + b["p_to"].sum()) for b in branches if len(b)))


def of_area(area: Any, source_pu: float = 1.0) -> PowerFlow:
    """The power flow of an area's grid tables.

    Every substation's high side is a source at `source_pu`; every node with a connection may have a load.
    """
    substations = area.transformers.kind == "hv_mv"
    return PowerFlow(
        area.grid_nodes.voltage,
        vars(area.transformers),
        vars(area.cables),
        sources=np.unique(area.transformers.hv_node[substations]),
        source_pu=source_pu,
        load_nodes=np.unique(area.connections.grid_node),
    )
