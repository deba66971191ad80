"""electric_cars: another share of the cars is electric."""

from __future__ import annotations

from typing import Any

from scenarios.measures.measure import Measure, Share


class ElectricCars(Measure):
    """`share` of the cars is electric; a higher share only adds electric cars to those of a lower one."""

    share: Share

    def settings(self, domain: str) -> dict[str, Any]:
        """The vehicles domain's electric_share."""
        return {"electric_share": self.share} if domain == "vehicles" else {}
