"""asset_failure: a station, feeder or cable fails and comes back."""

from __future__ import annotations

from typing import ClassVar

from scenarios.measures.measure import Placed, Timed
from twin.errors import Fault, InputError
from twin.world import World


class AssetFailure(Placed, Timed):
    """A grid asset fails at `from` and is restored at `until`, or after `for`.

    where : {asset: largest_substation}, or the name of a substation, station or feeder
    """

    kinds: ClassVar[tuple[str, ...]] = ("asset",)

    def post(self, world: World, where: str) -> None:
        """Post the failure and the restoration."""
        from agents.grid.assets import KINDS, find_asset

        try:
            kind, row = find_asset(world.area, self.where["asset"])
        except InputError as error:
            raise InputError(
                Fault(f"{where}.where.asset", f.what, f.allowed, f.remedy) for f in error.faults
            ) from error
        cause = world.post("grid.fail_asset", at=self.start, subject=row, object=KINDS.index(kind))
        world.post("grid.restore_asset", at=self.end, subject=row, object=KINDS.index(kind), because=[cause])
