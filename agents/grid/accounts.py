"""The grid's books: energy, darkness and extremes of a run, and the indicators that come from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.grid.assets import customers
from twin.clock import hour
from twin.domain import Balance, Indicator
from twin.parts import Part

ENERGIES = ("load", "ev", "pv", "losses", "source")


class Accounts(Part):
    """Sums since the start, or since the end of the warm-up. Energies in kWh, times in hours."""

    unsaved = ("area", "demand", "zone", "customers")

    def __init__(self, area: Any, demand: Any) -> None:
        self.area, self.demand = area, demand
        c, b = area.connections, area.buildings
        building = c.kind == "building"
        self.zone = np.where(building, b.zone[np.where(building, c.target, 0)] if len(b) else -1, -1)
        self.customers = customers(area)
        self.forget()

    def forget(self) -> None:
        """Start the books afresh."""
        self.energy = dict.fromkeys(ENERGIES, 0.0)
        self.not_supplied, self.peak_w, self.over_hours, self.lowest = 0.0, 0.0, 0.0, np.inf
        self.dark_hours = np.zeros(len(self.area.connections))

    def book(self, span: int, live: Any, base: Any, pv: Any, ev: Any, state: Any) -> None:
        """Add one span of `span` ms with its mean powers (W per load row) and its solution (None: not solved)."""
        hours = span / hour
        kwh = hours / 1e3
        if not live.all():
            self.not_supplied += float(base[~live].sum()) * kwh
            self.dark_hours[~live[self.demand.node]] += hours
        if state is None:
            return
        energy = self.energy
        energy["load"] += float(base[live].sum()) * kwh
        energy["ev"] += float(ev.sum()) * kwh
        energy["pv"] += float(pv[live].sum()) * kwh
        energy["losses"] += float(state.losses_w) * kwh
        energy["source"] += float(state.source_w) * kwh
        self.peak_w = max(self.peak_w, float(state.source_w))
        self.over_hours += float((state.transformer > 1.0).sum()) * hours
        if state.energised.any():
            self.lowest = min(self.lowest, float(state.voltage[state.energised].min()))

    def balances(self) -> list[Balance]:
        """Energy from above and from panels = use + charging + losses (losses from the flows of every branch)."""
        e = self.energy
        return [Balance("energy of the grid", e["source"] + e["pv"], e["load"] + e["ev"] + e["losses"], "kWh", 1e-6)]

    def indicators(self, failures: int) -> list[Indicator]:
        """The grid's indicators; outages by neighbourhood and district as well."""
        lost = self.customers * self.dark_hours
        count = int(self.customers.sum())
        out = [
            Indicator("outage_customer_hours", float(lost.sum()), "h", n=count, better="lower"),
            Indicator("energy_not_supplied", self.not_supplied, "kWh", better="lower"),
            Indicator("peak_load", self.peak_w / 1e3, "kW", better="lower"),
            Indicator("transformer_hours_over", self.over_hours, "h", n=len(self.area.transformers), better="lower"),
            Indicator(
                "voltage_lowest", self.lowest if np.isfinite(self.lowest) else 0.0, "pu", better="higher", norm=0.9
            ),
            Indicator("ev_energy", self.energy["ev"], "kWh"),
            Indicator("pv_energy", self.energy["pv"], "kWh"),
            Indicator("energy_used", self.energy["load"], "kWh"),
            Indicator("grid_losses", self.energy["losses"], "kWh"),
            Indicator("power_flows_unsolved", float(failures), "1", better="lower"),
        ]
        return out + self._by_zone(lost)

    def _by_zone(self, lost: Any) -> list[Indicator]:
        zones, inside = self.area.zones, self.zone >= 0
        hours = np.bincount(self.zone[inside], lost[inside], len(zones))
        count = np.bincount(self.zone[inside], self.customers[inside], len(zones))
        for values in (hours, count):  # a district is the sum of its neighbourhoods
            own = np.flatnonzero(zones.parent >= 0)
            np.add.at(values, zones.parent[own], values[own])
        return [
            Indicator(
                "outage_customer_hours",
                float(hours[k]),
                "h",
                level=zones.level[k],
                code=zones.code[k],
                n=int(count[k]),
                better="lower",
                residents=int(zones.population[k]),
            )
            for k in range(len(zones))
            if count[k]
        ]
