"""30 km/h on the streets of an area, beside what was published of Amsterdam. A sanity band, no calibration.

python -m benchmarks.thirty [--area town|FOLDER] [--seeds 3] [--classes tertiary unclassified residential] [key=value ...]

Amsterdam made 80 % of its streets 30 km/h in December 2023. Published since: mean speed -5 %, on straight streets -10 %
(AT5, 2024); buses +40 s and trams +10 s per run (Autoblog, 2024); emergency services no slower. There many streets were
driven at 30 before and not everybody keeps to the limit; here all do. So of the speed on the limited streets the
direction must agree, and its size must be at least the published one.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

CLASSES = ("tertiary", "unclassified", "residential")
Array = np.ndarray[Any, Any]


def speeds(run: Any, area: Any, rows: Array) -> tuple[float, float, float, float]:
    """Mean speed in km/h by distance, and distance in km, on the links `rows` and on all others."""
    table = run.series("link", ["id", "flow", "speed"])
    link, flow, speed = (table.column(name).to_numpy() for name in ("id", "flow", "speed"))
    metres = flow * area.links.length[link]
    found = []
    for chosen in (np.isin(link, rows), ~np.isin(link, rows)):
        driven = float(metres[chosen].sum())
        found += [3.6 * driven / max(float((metres[chosen] / speed[chosen]).sum()), 1e-9), driven / 1000.0]
    return found[0], found[1], found[2], found[3]


def main() -> None:
    """Read the arguments, run pairs with the same luck and print the differences."""
    from scenarios import load
    from scenarios.measures.where import links

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--area", default="town")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--classes", nargs="+", default=list(CLASSES))
    parser.add_argument("overrides", nargs="*")
    given = parser.parse_intermixed_args()
    classes = f"[{','.join(given.classes)}]"
    measure = f"+scenario.measures.thirty={{type: speed_limit, where: {{class: {classes}}}, speed: 30}}"
    before = load("weekday", area=given.area, overrides=given.overrides)
    after = load("weekday", area=given.area, overrides=[*given.overrides, measure])
    area = before.area
    rows = links(area, {"class": given.classes}, "--classes")
    changed = rows[area.links.speed[rows] > 30 / 3.6 + 1e-9]
    share = area.links.length[changed].sum() / area.links.length[area.links.car].sum()
    print(f"{area.name}: {len(changed):,} links get 30 km/h, {100 * share:.0f} % of the length of all streets for cars")
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1, given.seeds + 1):
            pairs.append([_figures(plan.run(seed, folder=Path(folder)), area, changed) for plan in (before, after)])
    old, new = (np.array([[pair[arm][name] for name in FIGURES] for pair in pairs]) for arm in (0, 1))
    print(f"{'':44} {'before':>10} {'30 km/h':>10} {'change':>10} {'+-':>7}   published of Amsterdam")
    for column, (name, published) in enumerate(FIGURES.items()):
        difference = new[:, column] - old[:, column]
        error = 1.96 * difference.std(ddof=1) / len(pairs) ** 0.5 if len(pairs) > 1 else np.nan
        base = old[:, column].mean()
        unit = (100.0 / base, "%") if published.startswith("%") and base else (1.0, "")
        arms = f"{base:10.2f} {new[:, column].mean():10.2f}"
        cells = f"{arms} {difference.mean() * unit[0]:+9.1f}{unit[1] or ' '} {error * unit[0]:7.1f}"
        print(f"{name:44} {cells}   {published.lstrip('%')}")


FIGURES = {
    "speed on these streets, km/h": "%-5 %; straight streets -10 %",
    "speed on all others, km/h": "%",
    "distance on these streets, 1,000 km": "%",
    "distance on all others, 1,000 km": "%",
    "car trip, min": "",
    "car trips, share of residents' trips, %": "",
    "reach of ambulances in 15 min, %": "no slower",
    "response to urgent calls, min": "no slower",
    "lateness of public transport at stops, s": "buses +40 s a run, trams +10 s",
    "NOx, kg": "%",
}


def _figures(run: Any, area: Any, changed: Array) -> dict[str, float]:
    own, own_km, others, others_km = speeds(run, area, changed)
    known = {(row["indicator"], row["group"]): row["value"] for row in run.indicators if row["level"] == "area"}
    value: Callable[..., float] = lambda name, group="": float(known.get((name, group), 0.0))  # noqa: E731
    response = [
        row["value"] for row in run.indicators if row["indicator"] == "response_mean" and row["level"] == "area"
    ]
    figures = (
        own,
        others,
        own_km / 1000.0,
        others_km / 1000.0,
        value("car_travel_time"),
        value("mode_share", "car"),
        value("ambulance_reach_15min"),
        float(np.mean(response)) if response else 0.0,
        value("transit_delay_mean"),
        value("exhaust_nox"),
    )
    return dict(zip(FIGURES, figures, strict=True))


if __name__ == "__main__":
    main()
