"""Flows of a SUMO scenario through our kernel on our routes, beside its counts; the same through SUMO where it is at hand.

    python -m benchmarks.wildau --data FOLDER [--sumo PYTHON] [--json]

FOLDER holds a network (.net.xml), flows (.rou.xml) and counts (.xml: edge data or measurements of cadyts), as the one of
Wildau, near Berlin, by the German Aerospace Center (DLR-TS/sumo-scenarios). Both get the same network, flows and moments
of departure; each finds its own routes, the fastest on the empty network over the edges that a flow must pass. A count is
set beside all vehicles of the run on that edge, those that begin there included. All of them depart within one hour, so
counts and flows are taken as of one hour: GEH is larger so than over the longer interval that the files state. The flows
of Wildau were fitted by hand to its counts, and its edge data also hold what only a simulation measures (seconds sampled,
time waited): a good fit shows that vehicles go where they should, not that demand was foretold.

PYTHON is an interpreter with eclipse-sumo; its program `sumo` runs the flows without trains and pedestrians.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.vehicles.junctions import Junctions
from agents.vehicles.state import State
from scenarios.areas.account import Account
from scenarios.areas.opening import read_bytes, refuse
from scenarios.areas.road_network import Gathered
from scenarios.areas.roads_only import build_roads
from scenarios.areas.sumo_flows import RAIL, Flow, looks_like_flows, read_flows
from scenarios.count_files import Count, read_counts
from scenarios.geh import GOOD, flow_fits, geh
from twin.area import Area
from twin.clock import Calendar, second
from twin.errors import Fault, InputError
from twin.network import Network, Router

STEP = 60.0  # s of a window
STUCK = 300.0  # s after which a vehicle is lifted out of a jam: SUMO's own default
PATIENCE = 7200.0  # s after the last departure at which a run ends with vehicles on the road


class Driven(NamedTuple):
    """What became of the flows: vehicles that used each edge, how many arrived of how many, and s of wall time."""

    used: dict[str, int]
    arrived: int
    vehicles: int
    mean_s: float
    wall_s: float
    note: str


def edge_network(area: Area) -> Network:
    """The network whose nodes are the links of cars and whose links are the turns between them that are allowed."""
    links = area.links
    car = np.flatnonzero(links.car)
    leaving: dict[int, list[int]] = {}
    for link in car.tolist():
        leaving.setdefault(int(links.tail[link]), []).append(link)
    banned = set(zip(area.turns.from_link.tolist(), area.turns.to_link.tolist(), strict=True))
    pairs = [(a, b) for a in car.tolist() for b in leaving.get(int(links.head[a]), ()) if (a, b) not in banned]
    into, out = (np.array(ends, np.int32) for ends in zip(*pairs, strict=True))
    return Network(len(links), into, out)


def routes(area: Area, flows: Sequence[Flow]) -> tuple[list[list[int]], list[str]]:
    """Links of each flow's way, the fastest at free flow; empty where there is none, and the names of those flows."""
    row = {edge: k for k, edge in enumerate(area.facts["link_ids"])}
    turns = edge_network(area)
    ms = np.rint(1000.0 * area.links.length / area.links.speed).astype(np.int64)
    router = Router(turns, ms[turns.head])
    ways, lost = [], []
    for flow in flows:
        stops = [row[edge] for edge in flow.edges]
        way = stops[:1]
        for goal in stops[1:]:
            if goal == way[-1] and not flow.whole:
                continue
            _, arcs, (reached,) = router.paths([way[-1]], [goal])
            if reached < 0:
                lost.append(flow.id)
                way = []
                break
            way += turns.head[arcs].tolist()
        ways.append(way)
    return ways, lost


def drive(area: Area, flows: Sequence[Flow]) -> Driven:
    """The flows through our kernel."""
    ways, lost = routes(area, flows)
    links = area.links
    car = Network.of(area, "car")
    at = car.from_rows(len(links))
    row = car.rows
    state = State.of(links.length[row], links.speed[row], links.lanes[row], links.capacity[row], stuck=STUCK)
    Junctions(area, at).start_up(state)
    departures = [(t, k) for k, (flow, way) in enumerate(zip(flows, ways, strict=True)) if way for t in flow.departures]
    departures.sort()
    ptr = np.concatenate([[0], np.cumsum([len(ways[k]) for _, k in departures])])
    route = at[np.concatenate([ways[k] for _, k in departures])]
    times = np.array([t for t, _ in departures])
    state.add(np.arange(len(times)), times, ptr, route)
    used = np.zeros(car.links, np.int64)
    arrivals, began = [], time.perf_counter()
    while state.on_road + state.waiting and state.now < times[-1] + PATIENCE:
        arrivals.append(state.run(state.now + STEP))
        used += state.links.entered
        state.travel_times()  # counters start again
    wall = time.perf_counter() - began
    done = np.concatenate(arrivals)
    edges = [area.facts["link_ids"][k] for k in row]
    note = f"{state.released} lifted out of jams; flows without a way: {', '.join(lost) or 'none'}"
    mean = float((done["time"] - done["started"]).mean())
    vehicles = sum(len(flow.departures) for flow in flows)
    return Driven(dict(zip(edges, used.tolist(), strict=True)), len(done), vehicles, mean, wall, note)


def drive_in_sumo(python: Path, net: Path, files: Sequence[Path], end: float) -> Driven:
    """The flows in SUMO (microscopic)."""
    with tempfile.TemporaryDirectory() as place:
        folder, vehicles = Path(place), 0
        for k, path in enumerate(files):
            tree = ET.ElementTree(ET.fromstring(read_bytes(path)))
            _cars_alone(tree.getroot())
            vehicles += sum(int(flow.get("number", "0")) for flow in tree.iter("flow"))
            tree.write(folder / f"{k}.rou.xml")
        (folder / "counts.add.xml").write_text('<additional><edgeData id="all" file="edges.xml"/></additional>')
        given = {
            "-n": net.resolve(),
            "-r": ",".join(str(folder / f"{k}.rou.xml") for k in range(len(files))),
            "-a": folder / "counts.add.xml",
            "-e": f"{end:.0f}",
            "--tripinfo-output": folder / "trips.xml",
        }
        words = [str(word) for pair in given.items() for word in pair]
        command = [str(python.parent / "sumo"), *words, "--no-step-log", "true", "--no-warnings", "true"]
        began = time.perf_counter()
        try:
            subprocess.run(command, check=True, capture_output=True, cwd=folder)
        except (OSError, subprocess.CalledProcessError) as error:
            why = getattr(error, "stderr", None) or str(error).encode()
            what = f"cannot run SUMO ({why.decode(errors='replace').strip()})"
            raise InputError(
                Fault(str(python), what, "an interpreter with eclipse-sumo beside its programs")
            ) from error
        wall = time.perf_counter() - began
        used = {
            item.get("id", ""): int(item.get("entered", "0")) + int(item.get("departed", "0"))
            for item in ET.parse(folder / "edges.xml").iter("edge")
        }
        trips = [float(item.get("duration", "0")) for item in ET.parse(folder / "trips.xml").iter("tripinfo")]
        return Driven(
            used, len(trips), vehicles, float(np.mean(trips)), wall, "its start and reading included in the time"
        )


def _cars_alone(root: ET.Element) -> None:
    """Take trains and people on foot out of routes."""
    rail = {kind.get("id") for kind in root.iter("vType") if kind.get("vClass") in RAIL}
    for item in list(root):
        if item.tag in ("personFlow", "person", "route") or item.get("type") in rail:
            root.remove(item)


def counts_in(folder: Path) -> tuple[Path, list[Count]]:
    """The first file of counts in a folder, in order of name, and its counts."""
    for path in sorted(folder.glob("*.xml")):
        text = read_bytes(path)
        if b"<meandata" in text or b"<measurements" in text:
            gathered = Gathered()
            found = read_counts(path, Calendar(), gathered)
            gathered.refuse()
            return path, found
    raise refuse(folder, "holds no counts", "edge data of SUMO or measurements of cadyts", "add the file")


def table(counts: Sequence[Count], runs: dict[str, Driven]) -> list[dict[str, Any]]:
    """A row per count: counted, and of each run vehicles, GEH and whether the criterion of flows is met."""
    rows = []
    for count in counts:
        row: dict[str, Any] = {"edge": count.edge, "counted": count.vehicles}
        for name, run in runs.items():
            used = run.used.get(count.edge, 0)
            row[name] = {
                "vehicles": used,
                "geh": round(float(geh(used, count.vehicles)), 2),
                "flow_fits": bool(flow_fits(used, count.vehicles)),
            }
        rows.append(row)
    return rows


def measure(folder: Path, python: Path | None) -> dict[str, Any]:
    """The figures of a folder. Raises InputError."""
    counts_file, counts = counts_in(folder)
    area = build_roads(folder)
    ids: list[str] = area.facts["link_ids"]
    files = [p for p in sorted([*folder.glob("*.rou.xml"), *folder.glob("*.rou.xml.gz")]) if looks_like_flows(p)]
    car: NDArray[np.bool_] = area.links.car
    flows = read_flows(files, {edge: k for k, edge in enumerate(ids)}, car, Account("", "", "", ""))
    drive(area, flows)  # compiles
    runs = {"ours": drive(area, flows)}
    if python is not None:
        (net,) = sorted([*folder.glob("*.net.xml"), *folder.glob("*.net.xml.gz")])
        end = max(flow.departures.max(initial=0.0) for flow in flows) + PATIENCE
        runs["sumo"] = drive_in_sumo(python, net, files, end)
    return {
        "counts": counts_file.name,
        "interval_h": round(float(np.mean([c.until - c.begin for c in counts])) / second / 3600.0, 2),
        "rows": table(counts, runs),
        "runs": {name: {**run._asdict(), "used": len(run.used)} for name, run in runs.items()},
    }


def show(found: dict[str, Any]) -> None:
    """Print the table and what it comes to."""
    names = list(found["runs"])
    print(f"{'edge':>16} {'counted':>8}" + "".join(f" {name:>8} {'GEH':>6}" for name in names))
    for row in found["rows"]:
        cells = "".join(f" {row[name]['vehicles']:8,} {row[name]['geh']:6.1f}" for name in names)
        print(f"{row['edge']:>16} {row['counted']:8,.0f}{cells}")
    n = len(found["rows"])
    for name, run in found["runs"].items():
        good = sum(row[name]["geh"] < GOOD for row in found["rows"])
        flows = sum(row[name]["flow_fits"] for row in found["rows"])
        print(
            f"{name}: GEH below {GOOD:g} at {good} of {n}, flows within the criterion at {flows}; {run['arrived']:,} of "
            f"{run['vehicles']:,} vehicles arrived, mean {run['mean_s']:.0f} s; {run['wall_s']:.3f} s ({run['note']})"
        )
    print(
        f"counts: {found['counts']}, which states {found['interval_h']:g} h; taken as of the hour in which all depart"
    )


def main() -> None:
    """Print the table of the fit, or JSON; exit code 2 for a wrong folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sumo", type=Path, help="interpreter with eclipse-sumo")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    try:
        found = measure(given.data, given.sumo)
    except InputError as error:
        parser.exit(2, f"{error}\n")
    print(json.dumps(found, indent=2)) if given.json else show(found)


if __name__ == "__main__":
    main()
