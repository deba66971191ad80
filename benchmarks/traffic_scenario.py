"""The traffic kernel on a scenario given as numpy arrays; prints one line of JSON.

    python -m benchmarks.traffic_scenario FILE.npz --horizon 7200 [--every 300] [--stuck 0] [--series OUT.npz]

Arrays of the file, one value per link: `frm`, `to` (nodes), `length` (m), `speed` (m/s), `cap` (veh/s out of the link,
all lanes together; 0 lets nothing out), `lanes`, `storage` (vehicles; rounded down, at least one; infinite: no limit).
Trips, sorted by departure: `dep` (s), `rptr` (trips + 1), `rlink`: the links of trip i are rlink[rptr[i]:rptr[i + 1]].

Printed: `sim_s`, the wall time of the simulation with its link series, kernels compiled before; `completed` trips, their
mean travel time `mean_tt_s` from departure to arrival, `link_entries`, `released` (lifted out of a jam, see `--stuck`),
and `peak_rss_mb` of the whole process. Jams move backwards at 5 m/s (`agents.vehicles.state.BACKWARD_WAVE`).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.errors import Fault, InputError
from twin.kernels import prepare_numba

Array = NDArray[Any]
WHOLE = {"frm": "node", "to": "node", "rptr": "place in rlink", "rlink": "link"}
LINKS = ("frm", "to", "length", "speed", "cap", "lanes", "storage")
TRIPS = ("dep", "rptr", "rlink")
POSITIVE = ("length", "speed", "lanes", "storage")


class Scenario(NamedTuple):
    """Links and trips, as in the module's docstring."""

    frm: Array
    to: Array
    length: Array
    speed: Array
    cap: Array
    lanes: Array
    storage: Array
    dep: Array
    rptr: Array
    rlink: Array


def read(path: str | Path) -> Scenario:
    """A scenario from an .npz file. Raises InputError with every fault that was found."""
    try:
        with np.load(path) as file:
            arrays = {name: file[name] for name in (*LINKS, *TRIPS) if name in file}
    except (OSError, ValueError, AttributeError) as reason:
        raise InputError(Fault(str(path), f"cannot be read as numpy arrays ({reason})", "an .npz file")) from None
    faults = [Fault(name, "missing", "an array of the file") for name in (*LINKS, *TRIPS) if name not in arrays]
    for name, array in arrays.items():
        if array.ndim != 1 or array.dtype.kind not in "iuf":
            faults.append(Fault(name, f"{array.ndim} dimensions of {array.dtype}", "one dimension of numbers"))
    if faults:
        raise InputError(faults)
    faults = [*_values(arrays), *_sizes(arrays)]
    if not faults:
        faults = _routes(arrays)
    if faults:
        raise InputError(faults)
    types = {name: np.int64 if name in WHOLE else np.float64 for name in arrays} | {"rlink": np.int32}
    return Scenario(**{name: array.astype(types[name]) for name, array in arrays.items()})


def _bad(name: str, wrong: Array, what: str, allowed: str) -> list[Fault]:
    """A fault if anything is wrong, with the first rows and how many there are."""
    rows = np.flatnonzero(wrong)
    if not len(rows):
        return []
    more = f" and {len(rows) - 3:,} more" if len(rows) > 3 else ""
    return [Fault(f"{name}, row {', '.join(map(str, rows[:3]))}{more}", what, allowed)]


def _values(arrays: dict[str, Array]) -> list[Fault]:
    faults = []
    for name, array in arrays.items():
        if name in WHOLE:
            wrong = ~(np.isfinite(array) & (array >= 0) & (np.floor(array) == array))
            faults += _bad(name, wrong, f"no {WHOLE[name]}", "whole numbers from 0")
        elif name in POSITIVE:
            finite = ~np.isnan(array) if name == "storage" else np.isfinite(array)
            faults += _bad(name, ~(finite & (array > 0)), "zero, negative or not a number", "above 0")
        else:
            faults += _bad(name, ~(np.isfinite(array) & (array >= 0)), "negative or not a number", "0 or more")
    return faults + _bad("dep", np.diff(arrays["dep"], prepend=-np.inf) < 0, "before the one above it", "sorted")


def _sizes(arrays: dict[str, Array]) -> list[Fault]:
    n, rptr = len(arrays["frm"]), arrays["rptr"]
    faults = [
        Fault(name, f"{len(arrays[name]):,} values", f"{n:,}, as many as `frm`")
        for name in LINKS
        if len(arrays[name]) != n
    ]
    if len(rptr) != len(arrays["dep"]) + 1:
        faults.append(Fault("rptr", f"{len(rptr):,} values", f"{len(arrays['dep']) + 1:,}, one more than `dep`"))
    if len(rptr) and (rptr[0] != 0 or rptr[-1] != len(arrays["rlink"])):
        faults.append(Fault("rptr", f"{rptr[0]} to {rptr[-1]}", f"0 to {len(arrays['rlink'])}, the size of `rlink`"))
    faults += _bad("rptr", np.diff(rptr, append=np.inf) < 1, "a trip without a link", "rising")
    return faults + _bad("rlink", arrays["rlink"] >= n, "an unknown link", f"0 to {n - 1}")


def _routes(arrays: dict[str, Array]) -> list[Fault]:
    """Links of a route that do not begin where the one before ends."""
    links = arrays["rlink"].astype(np.int64)
    apart = arrays["to"][links[:-1]] != arrays["frm"][links[1:]]
    apart[arrays["rptr"][1:-1].astype(np.int64) - 1] = False  # the next link is another trip's
    trips = np.searchsorted(arrays["rptr"], np.flatnonzero(apart), side="right") - 1
    wrong = np.zeros(len(arrays["dep"]), bool)
    wrong[trips] = True
    return _bad("rlink, trips", wrong, "a route that is not connected", "each link begins where the one before ends")


def simulate(scenario: Scenario, horizon: float, every: float = 300.0, stuck: float = 0.0) -> tuple[Any, Any, float]:
    """Run a scenario up to `horizon` (s); arrivals, link series and seconds of wall time.

    The series are arrays (intervals, links) of `every` seconds: `entered` and `left` (vehicles) and `travel_time` (s, the
    mean of those that left, at free flow where none did), and `end` (intervals,), s. The wall time is that of the run and
    its recording; setting up is apart.
    """
    from agents.vehicles.state import State, largest_flow

    links = len(scenario.frm)
    most = np.bincount(scenario.rlink, minlength=links)  # a link never holds more: no room for them
    flow = largest_flow(scenario.speed, scenario.storage / scenario.length)
    state = State.of(
        scenario.length,
        scenario.speed,
        scenario.lanes,
        scenario.cap,
        inflow=np.maximum(scenario.cap, flow),
        storage=np.minimum(scenario.storage, np.maximum(most, 1)),
        stuck=stuck,
    )
    state.add(np.arange(len(scenario.dep)), scenario.dep, scenario.rptr, scenario.rlink)
    end = np.append(np.arange(every, horizon, every), horizon)
    series = {
        "end": end,
        "entered": np.empty((len(end), links), np.int32),
        "left": np.empty((len(end), links), np.int32),
        "travel_time": np.empty((len(end), links)),
    }
    arrivals = []
    began = time.perf_counter()
    for i, stop in enumerate(end):
        arrivals.append(state.run(stop))
        series["entered"][i] = state.links.entered
        series["left"][i] = state.links.left
        series["travel_time"][i] = state.links.time_spent
        state.travel_times()  # counters start again
    none = series["left"] == 0
    series["travel_time"] = np.where(none, state.links.free, series["travel_time"] / np.maximum(series["left"], 1))
    return (state, np.concatenate(arrivals)), series, time.perf_counter() - began


def small() -> Scenario:
    """Three links and two trips, to compile the kernels with."""
    whole, ones = np.array([0, 1, 1]), np.ones(3)
    return Scenario(
        *(whole, whole + 1, 100 * ones, 10 * ones, ones, ones, 10 * ones),
        *(np.zeros(2), np.array([0, 2, 4]), np.array([0, 1, 0, 2], np.int32)),
    )


def peak_mb() -> float:
    """Peak resident memory of this process, MB: that of its own program, not what it was started from."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        import resource

        unit = 1024**2 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _tenths(name: str, value: float) -> list[Fault]:
    whole = value > 0 and abs(value * 10 - round(value * 10)) < 1e-6
    return [] if whole else [Fault(name, f"{value} s", "above 0, in whole tenths of a second")]


def report(path: str, horizon: float, every: float, stuck: float, series_to: str | None = None) -> dict[str, Any]:
    """The figures of one file. Raises InputError."""
    faults = _tenths("--horizon", horizon) + _tenths("--every", every)
    if not stuck >= 0:
        faults.append(Fault("--stuck", f"{stuck} s", "0 (never) or more"))
    if faults:
        raise InputError(faults)
    began = time.perf_counter()
    scenario = read(path)
    read_s = time.perf_counter() - began
    began = time.perf_counter()
    simulate(small(), 60.0)
    compile_s = time.perf_counter() - began
    began = time.perf_counter()
    (state, arrivals), series, sim_s = simulate(scenario, horizon, every, stuck)
    build_s = time.perf_counter() - began - sim_s
    if series_to:
        np.savez(series_to, **series)
    mean = float((arrivals["time"] - arrivals["started"]).mean()) if len(arrivals) else None
    entries = int(series["entered"].sum())
    return {
        "sim_s": round(sim_s, 6),
        "completed": len(arrivals),
        "mean_tt_s": mean,
        "link_entries": entries,
        "peak_rss_mb": round(peak_mb(), 1),
        "ns_per_entry": round(1e9 * sim_s / max(entries, 1), 1),
        "trips": len(scenario.dep),
        "released": state.released,
        "read_s": round(read_s, 3),
        "compile_s": round(compile_s, 3),
        "build_s": round(build_s, 3),
    }


def main() -> None:
    """Print the figures as one line of JSON; exit code 2 for a wrong file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--horizon", type=float, required=True, help="s")
    parser.add_argument("--every", type=float, default=300.0, help="s of the link series")
    parser.add_argument(
        "--stuck", type=float, default=0.0, help="s after which a waiting vehicle is released; 0: never"
    )
    parser.add_argument("--series", help="write the link series to this .npz file")
    given = parser.parse_args()
    prepare_numba()
    try:
        figures = report(given.file, given.horizon, given.every, given.stuck, given.series)
    except InputError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
