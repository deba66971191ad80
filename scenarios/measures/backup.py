"""battery_backup: devices go on for a while when the grid is dark."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from scenarios.measures.measure import Duration, Placed
from twin.clock import minute


class BatteryBackup(Placed):
    """Traffic signals have batteries that last `for` so long, full at the beginning of every outage.

    where : {kind: traffic_signal}, all of them
    """

    kinds: ClassVar[tuple[str, ...]] = ("kind",)
    things: ClassVar[tuple[str, ...]] = ("traffic_signal",)
    lasting: Duration = Field(alias="for", gt=0)

    def settings(self, domain: str) -> dict[str, Any]:
        """The grid domain's signal_backup, in minutes."""
        return {"signal_backup": self.lasting / minute} if domain == "grid" else {}
