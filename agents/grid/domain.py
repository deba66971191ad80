"""The grid: what buildings and cars use, the AC power flow, protection, outages and whom they leave dark."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from agents.grid.accounts import Accounts
from agents.grid.assets import KINDS, branches, customers
from agents.grid.charging import Charging
from agents.grid.config import GridConfig
from agents.grid.demand import Demand
from agents.grid.powerflow import NotSolvedError, of_area
from twin.attributes import Column
from twin.clock import day, hour, minute
from twin.coupling import Batch, Event, Reads, Record, on
from twin.domain import Domain


class Grid(Domain):
    """Electricity from the substations to every building and signal.

    A *span* is the time between two power flows: `solve_every` minutes, or less when a switch moves. The power flow at
    its end takes the mean loads of the span, so energies add up exactly. What is dark is a graph search at the switch
    itself. A failed asset opens at the edge at which its command is due and closes at the end of the failure.
    """

    name, every = "grid", minute
    unsaved = ("demand", "feeder_node", "feeder_customers")
    Config = GridConfig
    irradiance = Reads("weather.irradiance", coupling="weather.solar")

    fail_asset = Event("outside", subject="row of the asset", object="row of KINDS: transformer, feeder, cable")
    restore_asset = Event("outside", subject="row of the asset", object="row of KINDS")
    failed = Event("due", subject="row of the asset", object="row of KINDS")
    restored = Event("due", subject="row of the asset", object="row of KINDS")
    breaker_opened = Event("step", subject="row of the asset", object="row of KINDS", value="loading, share of rating")
    breaker_closed = Event("step", subject="row of the asset", object="row of KINDS")
    feeder_dark = Event("advance", subject="feeder", value="customers")
    feeder_live = Event("advance", subject="feeder", value="customers")
    unsolved = Event("advance", subject="0", value="steps without a solution so far")

    publishes: ClassVar = {
        "energised": Column("bool", default=True, meaning="each connection has power, from the grid or its battery"),
        "load_w": Column(unit="W", default=0.0, meaning="active power through each transformer, downwards"),
    }
    series: ClassVar = {
        "transformer": {
            "loading": Column(unit="1", meaning="apparent power over rating, mean of the span"),
            "voltage": Column(unit="pu", meaning="of its low side"),
        },
        "feeder": {
            "loading": Column(unit="1", meaning="current over i_max of its most loaded cable"),
            "energised": Column(unit="1", meaning="1 while it has power"),
        },
        "grid": {
            "load": Column(unit="W", meaning="use of buildings and signals"),
            "ev": Column(unit="W", meaning="charging of electric cars"),
            "pv": Column(unit="W", meaning="solar power"),
            "losses": Column(unit="W", meaning="in transformers and cables"),
            "source": Column(unit="W", meaning="from the grid above"),
            "customers": Column(meaning="customers with power"),
        },
    }

    def setup(self, world, area):
        from agents.grid.transformer import Feeder, Transformer, protected

        config, minutes = self.config, int(self.config.overload_min * minute)
        self.flow = of_area(area, config.source_pu) if len(area.transformers) else None
        loads = self.flow.load_nodes if self.flow else np.zeros(0, np.int64)
        self.demand = Demand(area, loads, config, self.stream("diversity"), self.stream("solar"))
        self.live = np.ones(len(loads), bool)
        self.charging = Charging(self, len(loads))
        self.transformers = protected(
            world, "transformer", len(area.transformers), Transformer, config.overload, minutes
        )
        self.feeders = protected(world, "feeder", len(area.feeders), Feeder, config.overload, minutes)
        self.live_feeders = np.ones(len(area.feeders), bool)
        self.feeder_node = np.zeros(len(area.feeders), np.int64)  # the far end of its cable at the busbar
        self._index_feeders(area)
        self.accounts = Accounts(area, self.demand)
        self.opened: dict[tuple[str, int], list[str]] = {}  # asset -> ids of what holds it open
        self.reclose: list[tuple[int, str, int, str]] = []  # ms, kind, row, id of the opening
        self.pending: list[tuple[str, int, bool, str]] = []  # kind, row, close, id: switches to move
        self.dark_since = np.full(len(area.connections), -1, np.int64)
        self.unwatched_ms = 0
        self.span_from, self.solve_at, self.solved_now, self.failures = 0, 0, False, 0
        self._publish_power(0)
        self.publish("load_w", np.zeros(len(area.transformers)))

    def _index_feeders(self, area):
        """Cables by feeder, and a node that is live exactly when the feeder is."""
        cables = area.cables
        busbar = area.transformers.lv_node[area.feeders.transformer[cables.feeder]] if len(cables) else np.zeros(0, int)
        for node, other in ((cables.tail, cables.head), (cables.head, cables.tail)):
            first = np.flatnonzero((node == busbar) & cables.closed)
            self.feeder_node[cables.feeder[first]] = other[first]
        self.feeder_customers = np.bincount(area.connections.feeder, customers(area), len(area.feeders))

    # -- what comes in ------------------------------------------------------------

    @on(fail_asset, phase="due")
    def take_failure(self, command: Record) -> None:
        """An asset fails: its breakers open."""
        kind, row = self._asset(command)
        cause = self.failed(row, command.object, because=[command.id])
        self.pending.append((kind, row, False, cause))

    @on(restore_asset, phase="due")
    def take_restoration(self, command: Record) -> None:
        """A failure ends: what failed last is closed again."""
        kind, row = self._asset(command)
        cause = self.restored(row, command.object, because=[command.id, *command.because])
        self.pending.append((kind, row, True, cause))

    @staticmethod
    def _asset(command: Record) -> tuple[str, int]:
        return KINDS[max(command.object, 0)], command.subject

    @on("vehicles.parked", phase="advance", coupling="trips.charging")
    def take_parked(self, batch: Batch) -> None:
        """Electric cars arrive with so many kWh to charge."""
        self.charging.note_parked(batch)

    @on("citizens.drive", phase="advance", coupling="trips.charging")
    def take_driven(self, batch: Batch) -> None:
        """Cars leave their chargers."""
        self.charging.note_driven(batch)

    # -- a window ------------------------------------------------------------

    def advance(self, start, stop):
        self.solved_now = False
        if self.flow is None:
            return
        if self.pending:
            self._close_span(start)
            self._move_switches(start)
            self.solve_at = stop  # look at the new state soon, then go on with the usual rhythm
        self.charging.switch()
        if stop >= self.solve_at or stop % (self.config.solve_every * minute) == 0:
            self._close_span(stop)
            self.solve_at = stop + self.config.solve_every * minute
        if (self.dark_since >= 0).any():
            self._publish_power(stop)

    def step(self):
        if self.flow is None:
            return
        if self.solved_now:
            self._watch()
        due = [item for item in self.reclose if item[0] <= self.now]
        if due:
            self.reclose = [item for item in self.reclose if item[0] > self.now]
            for _, kind, row, cause in due:
                closing = self.breaker_closed(row, KINDS.index(kind), because=[cause])
                (self.transformers if kind == "transformer" else self.feeders).closed[row] = True
                self.pending.append((kind, row, True, closing))

    def _watch(self):
        """Protection looks at the loadings of the last span, and takes them for all the time since its last look."""
        span, self.unwatched_ms = self.unwatched_ms, 0
        for kind, assets in (("transformer", self.transformers), ("feeder", self.feeders)):
            assets.passed[:] = span
            assets.step()
            for row in np.flatnonzero(assets.opens).tolist():
                cause = self.breaker_opened(row, KINDS.index(kind), float(assets.loading[row]))
                self.pending.append((kind, row, False, cause))
                self.reclose.append((self.now + int(self.config.reclose_min * minute), kind, row, cause))

    # -- switching ------------------------------------------------------------

    def _move_switches(self, now: int) -> None:
        causes = []
        for kind, row, close, cause in self.pending:
            held = self.opened.setdefault((kind, row), [])
            if close and held:
                held.pop()
            elif not close:
                held.append(cause)
            causes.append(cause)
            for branch, number in branches(self.area, kind, row):
                rest = self.area.cables.closed[number] if branch == "cable" else True
                self.flow.switch(branch, number, not held and bool(rest))
        self.pending.clear()
        for (kind, row), held in self.opened.items():  # a feeder and one of its cables may both hold a switch open
            if held:
                for branch, number in branches(self.area, kind, row):
                    self.flow.open(branch, number)
        alive = self.flow.energised()
        self.live = alive[self.flow.load_nodes]
        self._tell_feeders(alive, causes)
        dark = ~alive[self.area.connections.grid_node]
        self.dark_since = np.where(dark, np.where(self.dark_since < 0, now, self.dark_since), -1)
        self._publish_power(now)

    def _tell_feeders(self, alive, causes):
        now_live = alive[self.feeder_node]
        for row in np.flatnonzero(now_live != self.live_feeders).tolist():
            event = self.feeder_live if now_live[row] else self.feeder_dark
            event(row, value=float(self.feeder_customers[row]), because=causes)
        self.live_feeders = now_live

    def _publish_power(self, now: int) -> None:
        """Which connections have power; a signal with a battery goes on for a while."""
        powered = self.dark_since < 0
        if self.config.signal_backup > 0:
            lasting = now - self.dark_since < self.config.signal_backup * minute
            powered = powered | ((self.area.connections.kind == "signal") & lasting)
        self.publish("energised", powered)

    # -- the power flow ------------------------------------------------------------

    def _close_span(self, stop: int) -> None:
        """Solve for the mean loads since the last power flow, and book energy, darkness and extremes."""
        span = stop - self.span_from
        if span <= 0:
            return
        self.unwatched_ms += span
        middle = self.span_from + span // 2
        base = self.demand.base_w((middle % day) / hour, self.world.calendar.is_weekend(middle))
        pv = self.demand.solar_w(float(self.irradiance[0]))
        ev = self.charging.take(stop) * (1e3 * hour / span)
        live = self.live
        load = np.where(live, base - pv + ev, 0.0)
        self.flow.set_loads(load, np.where(live, base * self.demand.ratio, 0.0))
        try:
            state = self.flow.solve()
        except NotSolvedError:
            self.failures += 1
            if self.world.phase == "advance":  # the last span is closed after the run
                self.unsolved(0, value=self.failures)
            state = None
        self.accounts.book(span, live, base, pv, ev, state)
        self.span_from = stop
        if state is not None and self.world.phase == "advance":
            self._show(state, stop, base, pv, ev, live)

    def _show(self, state, stop, base, pv, ev, live):
        area, cables = self.area, self.area.cables
        self.solved_now = True
        self.transformers.loading[:] = state.transformer
        self.feeders.loading[:] = 0.0
        np.maximum.at(self.feeders.loading, cables.feeder, state.cable)
        self.publish("load_w", state.transformer_w)
        self.record("transformer.loading", state.transformer, at=stop)
        self.record("transformer.voltage", state.voltage[area.transformers.lv_node], at=stop)
        self.record("feeder.loading", self.feeders.loading.copy(), at=stop)
        self.record("feeder.energised", self.live_feeders.astype(float), at=stop)
        for quantity, value in (
            ("load", base[live].sum()),
            ("ev", ev.sum()),
            ("pv", pv[live].sum()),
            ("losses", state.losses_w),
            ("source", state.source_w),
            ("customers", self.demand.customers[live].sum()),
        ):
            self.record(f"grid.{quantity}", float(value), at=stop)

    # -- results ------------------------------------------------------------

    def indicators(self):
        if self.flow is None:
            return []
        self._close_span(self.world.stop)
        return self.accounts.indicators(self.failures)

    def balances(self):
        return self.accounts.balances() if self.flow else []

    def forget(self):
        if self.flow is not None:
            self._close_span(self.world.stop)
            self.accounts.forget()
            self.failures = 0
