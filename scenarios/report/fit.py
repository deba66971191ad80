"""Residents of an area beside the published figures of their districts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scenarios.report.markup import folded, paragraph, table, text

WORST = 20  # cells shown first


def margins(people: Mapping[str, Any]) -> str:
    """The table of margins in an area's facts about its people, worst first, and what it comes to."""
    rows, told = people.get("margins_table", ()), people.get("margins", {})
    if not rows:
        return paragraph("No published figures: ages, households and work are Dutch means (assumption).")
    if "mean_difference" in told:
        said = (
            f"{told['cells']:,} published cells, {told['cells_of_100_or_more']:,} of them of 100 or more; of these "
            f"{told['within_2_percent']:,} are met within 2 %. Mean difference {100 * told['mean_difference']:.2f} %, "
            f"worst {100 * told['worst_difference']:.2f} % ({told['worst']})."
        )
    else:
        said = f"{told['cells']:,} published cells, none of 100 or more."

    def off(row: Mapping[str, Any]) -> float:
        return abs(row["got"] - row["target"]) / max(row["target"], 1.0)

    def cells(chosen: Iterable[Mapping[str, Any]]) -> list[tuple[str, ...]]:
        return [
            (
                text(r["district"]),
                text(r["margin"]),
                f"{r['target']:,.0f}",
                f"{r['got']:,.0f}",
                text(r["unit"]),
                f"{100 * off(r):.1f} %",
            )
            for r in chosen
        ]

    heads = ("District", "Margin", "Published", "Here", "Unit", "Difference")
    worst = sorted(rows, key=off, reverse=True)[:WORST]
    return paragraph(text(said)) + "\n".join(
        [
            table(heads, cells(worst), f"The {len(worst)} cells that are furthest off", (2, 3, 5)),
            folded(f"Every cell ({len(rows)})", table(heads, cells(rows), "", (2, 3, 5))),
        ]
    )
