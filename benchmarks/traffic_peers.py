"""UXsim (C++ engine) and SUMO (mesoscopic) on a scenario of `benchmarks.traffic_scenario`; one line of JSON.

    PYTHON benchmarks/traffic_peers.py uxsim|sumo FILE.npz --horizon 7200 [--platoon 5] [--every 300]

Run as a file by the interpreter that has the peer, so it imports nothing of this repository. Every peer gets the same
links, trips and fixed routes, records its link series, and is timed for the simulation alone. UXsim: `sim_s` is its
`exec_simulation()`, the entries of links that it lists and its mean travel times included; `engine_s` of it is the time
in its compiled engine. Not charged are building its objects, the route search of the first step, which cannot be switched
off, and vehicle logs, which are. SUMO: the clock that it keeps itself, with the network and all routes loaded before.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

JAM_DENSITY = 0.2  # veh/m per lane, of the canonical scenarios


def routes(data: Any) -> list[list[int]]:
    """Links of each trip."""
    ends = data["rptr"].tolist()
    links = data["rlink"].tolist()
    return [links[a:b] for a, b in itertools.pairwise(ends)]


def one_of(data: Any, platoon: int) -> np.ndarray:
    """The trips that stand for `platoon` each: every so-manieth when trips are sorted by origin, destination and route."""
    first, last = data["rlink"][data["rptr"][:-1]], data["rlink"][data["rptr"][1:] - 1]
    order = np.lexsort((data["rptr"][1:] - data["rptr"][:-1], last, first))
    return np.sort(order[platoon // 2 :: platoon])


def uxsim(data: Any, horizon: float, platoon: int) -> dict[str, Any]:
    """UXsim's C++ engine, one thread. Trips are grouped as it does by default, `platoon` vehicles in one."""
    from uxsim import World

    began = time.perf_counter()
    world = World(
        cpp=True,
        deltan=platoon,
        tmax=horizon,
        duo_update_time=2 * horizon,  # every route is given
        vehicle_logging_timestep_interval=0,
        print_mode=0,
        save_mode=0,
        show_mode=0,
        random_seed=1,
    )
    for node in range(int(max(data["frm"].max(), data["to"].max())) + 1):
        world.addNode(str(node), 0, 0)
    for i in range(len(data["frm"])):
        world.addLink(
            str(i),
            str(data["frm"][i]),
            str(data["to"][i]),
            data["length"][i],
            free_flow_speed=data["speed"][i],
            jam_density=data["storage"][i] / data["length"][i],
            number_of_lanes=int(data["lanes"][i]),
            merge_priority=data["cap"][i],
            capacity_out=data["cap"][i],
        )
    ways, entries = routes(data), 0
    for trip in one_of(data, platoon).tolist():
        way = ways[trip]
        entries += len(way) * platoon
        vehicle = world.addVehicle(str(data["frm"][way[0]]), str(data["to"][way[-1]]), data["dep"][trip])
        vehicle.enforce_route([world.LINKS[link] for link in way])
    world.finalize_scenario()
    world._cpp_world.main_loop(-1.0, 0.0)  # the first step, with its route search
    build_s = time.perf_counter() - began
    began = time.perf_counter()
    world._cpp_world.main_loop(-1.0, float(horizon))
    engine_s = time.perf_counter() - began
    world.exec_simulation()  # what is left of it: the engine has nothing more to do
    sim_s = time.perf_counter() - began
    times = [v._cpp_vehicle.travel_time for v in world.VEHICLES.values() if v.state == "end"]
    return {
        "sim_s": sim_s,
        "engine_s": engine_s,
        "completed": len(times) * platoon,
        "mean_tt_s": float(np.mean(times)) if times else None,
        "link_entries": entries,
        "build_s": build_s,
    }


def sumo(data: Any, horizon: float, every: float) -> dict[str, Any]:
    """SUMO with --mesosim and its defaults; its capacity comes from lanes and headway, since none can be given."""
    import sumo as package

    programs = Path(package.SUMO_HOME) / "bin"
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        _write_sumo(data, Path(folder), every)
        quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        net = ["-n", "nodes.xml", "-e", "edges.xml", "-o", "net.xml", "--no-internal-links", "true"]
        subprocess.run([str(programs / "netconvert"), *net], check=True, **quiet)
        build_s = time.perf_counter() - began
        run = ["-n", "net.xml", "-r", "routes.xml", "-a", "series.xml", "--mesosim", "--end", str(horizon)]
        run += ["--no-step-log", "--route-steps", "0", "--duration-log.statistics", "--statistic-output", "out.xml"]
        child = subprocess.Popen([str(programs / "sumo"), *run], cwd=folder, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        if status:
            raise SystemExit(f"sumo ended with status {status}")
        out = ElementTree.parse(Path(folder) / "out.xml").getroot()
        if not (Path(folder) / "links.xml").stat().st_size:
            raise SystemExit("sumo wrote no link series")
    trips, clock = out.find("vehicleTripStatistics"), out.find("performance")
    completed = int(trips.get("count"))
    return {
        "sim_s": float(clock.get("clockDuration")),
        "completed": completed,
        "mean_tt_s": float(trips.get("duration")) + float(trips.get("departDelay")),
        "link_entries": round(completed * len(data["rlink"]) / len(data["dep"])),
        "teleports": int(out.find("teleports").get("total")),
        "build_s": build_s,
        "peak_rss_mb": usage.ru_maxrss / 1024,
    }


def _write_sumo(data: Any, folder: Path, every: float) -> None:
    """The plain network, routes and the wish for link series as SUMO's XML."""
    nodes = int(max(data["frm"].max(), data["to"].max())) + 1
    angle = 2 * np.pi * np.arange(nodes) / nodes  # the place plays no part: lengths are given
    with open(folder / "nodes.xml", "w", encoding="utf-8") as file:
        file.write("<nodes>")
        file.writelines(
            f'<node id="{i}" x="{1e5 * np.cos(a):.1f}" y="{1e5 * np.sin(a):.1f}"/>' for i, a in enumerate(angle)
        )
        file.write("</nodes>")
    with open(folder / "edges.xml", "w", encoding="utf-8") as file:
        file.write("<edges>")
        file.writelines(
            f'<edge id="{i}" from="{data["frm"][i]}" to="{data["to"][i]}" numLanes="{int(data["lanes"][i])}" '
            f'speed="{data["speed"][i]}" length="{data["length"][i]}"/>'
            for i in range(len(data["frm"]))
        )
        file.write("</edges>")
    with open(folder / "routes.xml", "w", encoding="utf-8") as file:
        file.write('<routes><vType id="car" maxSpeed="1000" speedDev="0"/>')  # the limit of the link is the speed
        for i, way in enumerate(routes(data)):
            edges = " ".join(map(str, way))
            file.write(f'<vehicle id="{i}" type="car" depart="{data["dep"][i]:.3f}" departSpeed="max">')
            file.write(f'<route edges="{edges}"/></vehicle>\n')
        file.write("</routes>")
    with open(folder / "series.xml", "w", encoding="utf-8") as file:
        file.write(f'<additional><edgeData id="links" freq="{every}" file="links.xml"/></additional>')


def peak_mb() -> float:
    """Peak resident memory of this process, MB."""
    return int(Path("/proc/self/status").read_text(encoding="ascii").split("VmHWM:")[1].split()[0]) / 1024


def main() -> None:
    """Print the figures as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=["uxsim", "sumo"])
    parser.add_argument("file")
    parser.add_argument("--horizon", type=float, required=True)
    parser.add_argument("--platoon", type=int, default=5)
    parser.add_argument("--every", type=float, default=300.0)
    given = parser.parse_args()
    data = dict(np.load(given.file))
    figures: dict[str, Any] = {}
    if given.peer == "sumo":
        figures |= sumo(data, given.horizon, given.every)
    else:
        figures |= uxsim(data, given.horizon, given.platoon) | {"peak_rss_mb": peak_mb()}
    json.dump(figures, sys.stdout)
    print()


if __name__ == "__main__":
    main()
