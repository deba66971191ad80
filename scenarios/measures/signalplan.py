"""signal_plan: other greens at signals - another cycle, an offset, more for a street, or green as the traffic asks for."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from scenarios.measures.building import mark
from scenarios.measures.measure import Share
from scenarios.measures.streets import OnStreets
from twin.area import Area
from twin.errors import Fault, InputError
from twin.world import World

SHORTEST = 3.0  # s of green that a stage must keep


class SignalPlan(OnStreets):
    """The signals at which the streets of `where` end get another plan, from `from` to `until` (all the run if absent).

    cycle  : s; as it is if absent. The time between two greens stays
    offset : s by which the plan's cycle begins later than the clock's
    green  : share of all green time for the stages in which these streets have green; the others share the rest as before
    control: "actuated": the traffic decides how long each green of the present plan is; then without the three above
    """

    lasts = True
    cycle: float | None = Field(None, ge=20.0, le=300.0)
    offset: float = Field(0.0, ge=0.0, le=300.0)
    green: Share | None = None
    control: Literal["fixed", "actuated"] = "fixed"

    @model_validator(mode="after")
    def _one_thing(self) -> SignalPlan:
        given = [name for name in ("cycle", "offset", "green") if name in self.model_fields_set]
        if self.control == "actuated" and given:
            raise ValueError(f"is actuated, and gives {', '.join(given)}: the traffic decides these")
        if self.control == "fixed" and not given:
            raise ValueError("changes nothing: give cycle, offset or green, or control: actuated")
        if self.green is not None and not 0.0 < self.green < 1.0:
            raise ValueError(f"a green of {self.green:g}: more than 0 and less than 1")
        return self

    def begins(self) -> int:
        """0: the area has the plan from midnight on."""
        return 0

    def alter(self, area: Area, where: str) -> Area:
        """The area with the plan."""
        rows, groups = self.links(area, where), area.signal_groups
        if self.control == "actuated" and area.represents > 1.0:
            raise InputError(
                Fault(
                    f"{where}.control", "is actuated, and in a sample nothing decides", "fixed", "leave out area.sample"
                )
            )
        signals = np.unique(groups.signal[np.isin(groups.link, rows)])
        if not len(signals):
            raise InputError(
                Fault(f"{where}.where", "no signal stands at the end of these streets", "a street with signals", "")
            )
        plan = int(area.signal_plans.plan.max(initial=-1)) + 1
        faults, found = list[Fault](), []
        for signal in signals.tolist():
            at = np.flatnonzero(groups.signal == signal)
            begin, end = groups.green_from[at], groups.green_to[at]
            cycle = float(area.signals.cycle[signal])
            if self.control == "fixed":
                own = np.isin(groups.link[at], rows)
                try:
                    cycle, begin, end = self._retimed(begin, end, own, cycle)
                except ValueError as error:
                    faults.append(Fault(where, f"the signal in row {signal} {error}", remedy="give a longer cycle"))
            found.append({"signal": groups.signal[at], "link": groups.link[at], "green_from": begin, "green_to": end})
            found[-1] |= {"cycle": np.full(len(at), cycle)}
        if faults:
            raise InputError(faults)
        columns = {name: np.concatenate([each[name] for each in found]) for name in found[0]}
        n = len(columns["signal"])
        columns |= {"plan": np.full(n, plan), "actuated": np.full(n, self.control == "actuated")}
        columns |= {"origin": np.full(n, "synthetic", object), "rule": np.full(n, mark(where), object)}
        tables: dict[str, Any] = {name: vars(table) for name, table in area.tables.items()}
        plans = tables["signal_plans"]
        tables["signal_plans"] = {name: np.concatenate([plans[name], columns[name]]) for name in plans}
        return Area(area.name, area.crs, tables, area.sources, area.facts)

    def _retimed(self, begin: Any, end: Any, own: Any, cycle: float) -> tuple[float, Any, Any]:
        """Cycle and windows of the new plan. Stages are the windows that some approach has; what lies between them stays.

        Where windows overlap, all times are stretched alike. Raises ValueError where a stage would be shorter than
        `SHORTEST`, and where overlapping windows would have to be shared anew.
        """
        windows, stage = np.unique(np.stack([begin, end], 1), axis=0, return_inverse=True)
        stage = stage.reshape(-1)
        length = windows[:, 1] - windows[:, 0]
        new = self.cycle or cycle
        if (np.append(windows[1:, 0], windows[0, 0] + cycle) < windows[:, 1]).any():
            if self.green is not None:
                raise ValueError("has greens that overlap, whose share has no meaning")
            start, greens = windows[:, 0] * new / cycle, length * new / cycle
        else:
            theirs = np.isin(np.arange(len(windows)), stage[own])
            part = length / length.sum()
            if self.green is not None and theirs.any() and not theirs.all():
                share = np.where(theirs, self.green / part[theirs].sum(), (1 - self.green) / part[~theirs].sum())
                part = part * share
            greens = (new - (cycle - length.sum())) * part
            start = windows[:, 0] + np.concatenate([[0.0], np.cumsum(greens - length)[:-1]])
        if greens.min() < SHORTEST:
            raise ValueError(
                f"would have a green of {greens.min():.1f} s in a cycle of {new:g} s; at least {SHORTEST:g} s"
            )
        start = (start + self.offset) % new
        return new, start[stage], (start + greens)[stage]

    def post(self, world: World, where: str) -> None:
        """Begin the plan at each signal, and end it."""
        plans = world.area.signal_plans
        own = plans.rule == mark(where)
        signals = np.unique(plans.signal[own])
        number = np.full(len(signals), plans.plan[own][0])
        self.order(world, signals, "vehicles.begin_plan", "vehicles.end_plan", number)
