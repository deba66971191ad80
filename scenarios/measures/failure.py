"""asset_failure: a station, feeder or cable fails and comes back."""

from __future__ import annotations

from typing import Any

from scenarios.measures.measure import Timed
from scenarios.measures.where import only
from twin.world import World


class AssetFailure(Timed):
    """A grid asset fails at `from` and is restored at `until`, or after `for`.

    where : {asset: largest_substation}, or the name of a substation, station or feeder
    """

    where: dict[str, Any]

    def post(self, world: World, where: str) -> None:
        """Post the failure and the restoration."""
        from agents.grid.assets import KINDS, find_asset

        _, name = only(self.where, ("asset",), where)
        kind, row = find_asset(world.area, str(name))
        end = self.end(where)
        cause = world.post("grid.fail_asset", at=self.start, subject=row, object=KINDS.index(kind))
        world.post("grid.restore_asset", at=end, subject=row, object=KINDS.index(kind), because=[cause])
