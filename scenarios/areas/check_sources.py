"""Checks of an area against the figures of its sources, and of these against each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from scenarios.areas.findings import Finding
from scenarios.areas.margins import LEAST

if TYPE_CHECKING:
    from twin.area import Area

# two offices count the same municipality a year apart: of 341 Dutch municipalities all but one have 0.95 to 1.01 times as
# many dwellings in the energy table of 2023 as in the figures of 2022, and 0.98 to 1.08 times as many inhabitants
SAME = (0.93, 1.10)
MARGIN = 0.02  # relative difference of a margin that is met
COUNT = 0.10  # relative difference of the traffic at a gateway from its count


def sources(area: Area) -> Iterator[Finding]:
    """The municipality's two sets of figures against each other."""
    of = area.facts.get("municipality") or {}
    figures, energy = of.get("figures") or {}, of.get("energy") or {}
    for name, figure in (("dwellings", "dwellings"), ("inhabitants", "population")):
        ours, theirs = figures.get(figure), energy.get(name)
        if ours and theirs is not None and not SAME[0] <= theirs / ours <= SAME[1]:
            yield Finding(
                f"{name}_agree",
                "area.json",
                -1,
                f"facts.municipality.energy.{name}",
                f"the energy figures have {theirs:,.0f} {name}, the district figures {ours:,.0f}: one of the two is wrong",
                "the district figures were used; ask the publisher of the other table",
                "warning",
            )


def fit(area: Area) -> Iterator[Finding]:
    """Residents against the published margins, and gateways against counts."""
    people: dict[str, Any] = area.facts.get("people") or {}
    rows = [r for r in people.get("margins_table", ()) if r["target"] >= LEAST]
    off = [r for r in rows if abs(r["got"] / r["target"] - 1.0) > MARGIN]
    if off:
        worst = max(off, key=lambda r: abs(r["got"] / r["target"] - 1.0))
        yield Finding(
            "margins",
            "people",
            -1,
            "",
            f"{len(off)} of {len(rows)} published margins are missed by more than {100 * MARGIN:.0f} %, worst "
            f"{worst['margin']} in {worst['district']}: {worst['got']:,.0f} for {worst['target']:,.0f}",
            "compare the figures of that district with each other",
            "warning",
        )
    for count in people.get("gateway_counts", ()):
        wanted, found = count["counted"], count["modelled"]
        if abs(found - wanted) > COUNT * max(wanted, 1.0):
            yield Finding(
                "gateway_count",
                "gateways",
                int(count["gateway"]),
                "through",
                f"{found:,.0f} vehicles a day where {wanted:,.0f} were counted",
                "residents and commuters alone are more than that, or no other gateway takes up so much through traffic",
                "warning",
            )
    yield from _dwellings(area)


def _dwellings(area: Area) -> Iterator[Finding]:
    """Districts whose dwellings were not found in any source."""
    for told in area.facts.get("dwellings") or ():
        if isinstance(told, dict) and told.get("residents_left_out"):
            yield Finding(
                "residents_housed",
                "people",
                -1,
                "",
                f"no dwelling could be placed in {told['district']}: its {told['residents_left_out']:,} residents are "
                "left out",
                "add a source of buildings, or figures with dwellings",
                "warning",
            )
        if isinstance(told, dict) and "published" in told and not told.get("found") and told["published"]:
            yield Finding(
                "dwellings_found",
                "buildings",
                -1,
                "dwellings",
                f"no dwelling was found in {told['district']}, which has {told['published']:,}: they were put into its "
                "buildings by floor",
                "add a source of buildings",
                "warning",
            )
