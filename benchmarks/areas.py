"""Areas from open data: seconds to build each named place, shares of provenance, margins; ten municipalities drawn by seed.

python -m benchmarks.areas [named | drawn | peak | all] [--out DIR]

Each place is built in a process of its own, on one core, so that its seconds and memory are its own; the drawn
municipalities also run a day with 2 % of their people. `peak` runs Delft twice, with and without the world outside, and
prints the traffic of the busiest hour by class of road. With --out the areas and their pages are kept there.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from twin.tables import OUTSIDE

DATA = Path(os.environ.get("TWIN_REFERENCE_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
ENERGY = str(DATA / "energy" / "nl_municipality_energy_2023.csv.gz")
STATS = str(DATA / "stats_nl")
KNMI = str(DATA / "energy" / "knmi_hourly_344_rotterdam_2021_2025.zip")
NAMED: dict[str, dict[str, Any]] = {
    "delft_tu": {
        "osm": str(DATA / "osm" / "delft.osm.pbf"),
        "stats": STATS,
        "municipality": "GM0503",
        "energy": ENERGY,
        "weather": KNMI,
    },
    "delfshaven": {"buildings": [str(DATA / "buildings3d" / "rotterdam_delfshaven.city.json.gz")], "stats": STATS},
    "bad_hersfeld": {"osm": str(DATA / "osm" / "bad_hersfeld.osm.xml.gz")},
    "bad_hersfeld_sumo": {"sumo": str(DATA / "mobility" / "sumo_bad_hersfeld" / "osm_edited.net.xml.gz")},
    "amsterdam_centre": {"osm": str(DATA / "osm" / "amsterdam_centre.osm.gz"), "stats": STATS},
    "helsinki": {"osm": str(DATA / "osm" / "helsinki_centre.osm.pbf")},
    "delft_generated": {"stats": STATS, "municipality": "GM0503", "energy": ENERGY},
}
SEED, DRAWN, SAMPLE = 20251122, 10, 0.02


def drawn() -> list[str]:
    """Codes of municipalities drawn from the table by keyed draws, and the one whose energy row is wrong."""
    from twin.draws import stream, uniforms

    with gzip.open(DATA / "stats_nl" / "nl_municipalities_2022.csv.gz", "rt", encoding="utf-8") as file:
        codes = sorted(row["code"] for row in csv.DictReader(file))
    luck = uniforms(stream(SEED, "benchmarks.areas"), range(len(codes)))
    chosen = [codes[k] for k in sorted(range(len(codes)), key=luck.__getitem__)[:DRAWN]]
    return [*sorted(chosen), "GM0988"]


def build_one(name: str, options: dict[str, Any], out: str, day: bool) -> dict[str, Any]:
    """Build, check and if asked run one place in this process; figures as plain values."""
    from scenarios.areas import build
    from scenarios.areas.check import check_area, summary

    began = time.perf_counter()
    area = build("place", **options)
    seconds = time.perf_counter() - began
    findings = check_area(area)
    told = summary(area)
    figures: dict[str, Any] = {
        "name": name,
        "title": area.name,
        "seconds": round(seconds, 1),
        "residents": told["residents"],
        "buildings": len(area.buildings),
        "links": len(area.links),
        "origin": {t: told["origin"].get(t, {}) for t in ("links", "buildings")},
        "margins": area.facts["people"]["margins"],
        "errors": sum(f.severity == "error" for f in findings),
        "warnings": sorted({f.rule for f in findings if f.severity == "warning"}),
    }
    if out:
        from scenarios.report.area import write_area_page

        folder = area.write(Path(out) / name)
        write_area_page(folder, area)
    if day:
        figures |= _day(area)
    figures["peak_rss_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return figures


def _day(area: Any) -> dict[str, Any]:
    import tempfile

    from scenarios.areas.sample import sample
    from scenarios.configuration import compose
    from scenarios.simulate import Simulation

    with tempfile.TemporaryDirectory() as folder:
        configuration = compose(["run.record=indicators", f"run.folder={folder}"])
        simulation = Simulation(configuration, sample(area, SAMPLE))
        began = time.perf_counter()
        simulation.run(lambda ms: None)
        found = {i.indicator: i.value for i in simulation.indicators if i.level == "area" and not i.group}
    return {
        "day_s": round(time.perf_counter() - began, 1),
        "trips_per_person": round(found["trips_per_person"], 2),
        "trip_km": round(found["trip_length_mean"], 1),
        "unrouted": found["trips_unrouted"],
    }


def peak(options: dict[str, Any]) -> None:
    """Vehicles of the busiest hour on the streets of a place, by class of road, with and without the world outside."""
    import numpy as np

    from scenarios.areas import build

    area = build("place", **options)
    with_ = _busiest(area, [])
    without = _busiest(_closed(area), ["domain.citizens.visit_outside=0", "domain.citizens.visit_village=0"])
    print(f"{area.name}: vehicles in the busiest hour, mean over links by length (and links without any)")
    for road in ("motorway", "trunk", "primary", "secondary", "tertiary", "residential"):
        rows = area.links.car & (area.links.road_class == road) & (area.links.name != OUTSIDE)
        if rows.any():
            length = area.links.length[rows]
            mean = [float(np.average(flow[rows], weights=length)) for flow in (with_, without)]
            idle = [100.0 * float((length * (flow[rows] < 1)).sum() / length.sum()) for flow in (with_, without)]
            print(
                f"{road:12} with gateways {mean[0]:6.0f} ({idle[0]:3.0f} % idle)   without {mean[1]:6.0f} "
                f"({idle[1]:3.0f} % idle)"
            )


def _closed(area: Any) -> Any:
    """The area with nobody who comes in or goes out."""
    import numpy as np

    from twin.area import Area

    people, n = area.people, len(area.buildings)
    keep = np.asarray(people.resident)
    inside = {c: v[keep].copy() for c, v in vars(people).items()}
    inside["main"] = np.where(inside["main"] >= n, -1, inside["main"])
    tables = {name: vars(table) for name, table in area.tables.items()}
    return Area(area.name, area.crs, {**tables, "people": inside}, area.sources, area.facts)


def _busiest(area: Any, overrides: list[str]) -> Any:
    """Vehicles that leave each link in its busiest hour of the day, shape (links,)."""
    import numpy as np

    from scenarios.assembly import build_world
    from scenarios.configuration import compose
    from twin.clock import hour, minute

    world = build_world(compose(overrides), area)
    quarters = np.zeros((96, len(area.links)))
    for k in range(96 * 15):
        world.run((k + 1) * minute)
        quarters[k // 15] += 60.0 * world.domains["vehicles"].flow
    hours = np.lib.stride_tricks.sliding_window_view(quarters, hour // (15 * minute), axis=0).sum(axis=-1)
    return hours.max(axis=0)


def main() -> None:
    """Every place in a process of its own; one line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", nargs="?", default="all", choices=("named", "drawn", "peak", "all"))
    parser.add_argument("--out", default="")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(build_one(**json.loads(arguments.one))))
        return
    if arguments.which == "peak":
        peak(NAMED["delft_generated"])
        peak(NAMED["delft_tu"])
        return
    jobs = [(name, options, False) for name, options in NAMED.items()] if arguments.which != "drawn" else []
    if arguments.which != "named":
        jobs += [(c, {"stats": STATS, "municipality": c, "energy": ENERGY}, True) for c in drawn()]
    for name, options, day in jobs:
        job = json.dumps({"name": name, "options": options, "out": arguments.out, "day": day})
        command = [sys.executable, "-m", "benchmarks.areas", "--one", job]
        one_core = {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=one_core)
        lines = done.stdout.strip().splitlines()
        if done.returncode or not lines:
            print(f"{name:20} failed: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'no output'}")
            continue
        print(_line(json.loads(lines[-1])), flush=True)


def _line(f: dict[str, Any]) -> str:
    margins = f["margins"]
    met = f"{margins.get('within_2_percent', 0)}/{margins.get('cells_of_100_or_more', 0)} margins within 2 %"
    worst = f"worst {100 * margins.get('worst_difference', 0.0):.2f} %"
    shares = "; ".join(
        f"{t} " + ", ".join(f"{k} {100 * v:.0f} %" for k, v in s.items()) for t, s in f["origin"].items()
    )
    day = (
        f"; day of {100 * SAMPLE:.0f} %: {f['day_s']} s, {f['trips_per_person']} trips, {f['trip_km']} km each, "
        f"{f['unrouted']:.0f} unrouted"
        if "day_s" in f
        else ""
    )
    warned = f"; warnings: {', '.join(f['warnings'])}" if f["warnings"] else ""
    return (
        f"{f['name']:20} {f['title']:22} {f['seconds']:6.1f} s {f['peak_rss_mb']:5} MB {f['residents']:8,} residents "
        f"{f['buildings']:7,} buildings; {met}, {worst}; {shares}; {f['errors']} errors{warned}{day}"
    )


if __name__ == "__main__":
    main()
