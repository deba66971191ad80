"""Scenarios of numpy arrays: exact times, every fault at once, a small process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.traffic_networks import build
from benchmarks.traffic_scenario import read, report, simulate
from twin.errors import InputError

BOTTLENECK = {
    "frm": [0, 1],
    "to": [1, 2],
    "length": [2000.0, 500.0],
    "speed": [20.0, 20.0],
    "cap": [0.4, 0.8],
    "lanes": [1, 1],
    "storage": [400.0, np.inf],
    "dep": np.arange(300) / 0.6,
    "rptr": 2 * np.arange(301),
    "rlink": np.tile([0, 1], 300),
}


def save(path, **changed):
    np.savez(path, **{name: value for name, value in (BOTTLENECK | changed).items() if value is not None})
    return path


def test_the_bottleneck_to_the_last_digit(tmp_path):
    file = save(tmp_path / "a.npz")
    found = report(str(file), 3000.0, 300.0, 0.0, str(tmp_path / "series.npz"))
    assert found["completed"] == 300
    assert found["mean_tt_s"] == pytest.approx(125 + 37_375 / 300, rel=0, abs=1e-9)
    assert found["link_entries"] == 600
    series = np.load(tmp_path / "series.npz")
    assert series["end"].tolist() == list(range(300, 3001, 300))
    assert series["entered"].sum(0).tolist() == series["left"].sum(0).tolist() == [300, 300]
    assert series["left"][1, 0] == pytest.approx(0.4 * 300, abs=1)
    # vehicles 80 to 199 leave link 0 in the second interval; each waits 5/6 s longer than the one before
    assert series["travel_time"][1, 0] == pytest.approx(100 + 139.5 * (1 / 0.4 - 1 / 0.6), abs=1e-9)
    assert (series["travel_time"][:, 1] == 25.0).all()


def test_the_horizon_cuts(tmp_path):
    found = report(str(save(tmp_path / "a.npz")), 130.0, 300.0, 0.0)
    assert found["completed"] == 2  # at 125 s and 127.5 s
    assert found["link_entries"] == 78 + 12  # departures before 130 s; exits from the bottleneck before 130 s


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"cap": None, "dep": None}, ["cap: missing", "dep: missing"]),
        ({"length": [0.0, 5.0], "lanes": [1, 0]}, ["length, row 0", "lanes, row 1"]),
        ({"speed": [0.0, np.nan], "storage": [-1.0, 2.0]}, ["speed, row 0, 1", "storage, row 0"]),
        ({"dep": np.arange(300)[::-1] / 1.0}, ["dep, row 1, 2, 3 and 296 more", "sorted"]),
        ({"rlink": np.tile([1, 0], 300)}, ["row 0, 1, 2 and 297 more", "not connected"]),
        ({"rlink": np.tile([0, 2], 300)}, ["rlink, row 1, 3, 5 and 297 more", "unknown link"]),
        ({"rptr": np.arange(301)}, ["rptr: 0 to 300", "0 to 600"]),
        ({"rptr": np.zeros(301, int)}, ["a trip without a link"]),
        ({"frm": [0.5, 1]}, ["frm, row 0", "no node"]),
        ({"cap": [0.4]}, ["cap: 1 values", "2, as many"]),
        ({"dep": np.array(["noon"])}, ["dep", "one dimension of numbers"]),
    ],
)
def test_every_fault_is_told(tmp_path, changed, words):
    with pytest.raises(InputError) as raised:
        read(save(tmp_path / "a.npz", **changed))
    assert all(word in str(raised.value) for word in words), str(raised.value)
    assert len(raised.value.faults) >= len([w for w in words if "row" in w or "missing" in w])


def test_a_process_of_its_own_is_small(tmp_path):
    file = save(tmp_path / "a.npz")
    code = (
        "import runpy, sys\n"
        f"sys.argv = ['traffic_scenario', {str(file)!r}, '--horizon', '3000']\n"
        "runpy.run_module('benchmarks.traffic_scenario', run_name='__main__')\n"
        "print([m for m in ('mesa', 'pandas', 'hydra', 'pyarrow') if m in sys.modules])"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    line, heavy = done.stdout.splitlines()
    assert heavy == "[]"
    assert json.loads(line)["peak_rss_mb"] < 300


def test_a_wrong_file_ends_with_2_and_no_traceback(tmp_path):
    root = Path(__file__).resolve().parents[2]
    for arguments in ([tmp_path / "none.npz", "--horizon", "60"], [save(tmp_path / "a.npz"), "--horizon", "0.05"]):
        command = [sys.executable, "-m", "benchmarks.traffic_scenario", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
        assert done.returncode == 2
        assert "allowed" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("case", "trips", "free", "mean"), [("sioux", 54_090, 317.07, 317.8), ("chicago", 113_749, None, 867.0)]
)
def test_mean_travel_times_of_the_test_networks(case, trips, free, mean):
    """Within 1 % of UXsim 1.15's C++ engine per vehicle on the same networks, trips and hour of departures."""
    if not os.environ.get("TWIN_TNTP"):
        pytest.skip("no networks: set TWIN_TNTP")
    scenario = build(case, os.environ["TWIN_TNTP"])
    assert len(scenario.dep) == trips
    if free:
        assert (scenario.length / scenario.speed)[scenario.rlink].sum() / trips == pytest.approx(free, abs=0.01)
    (_, arrivals), _, _ = simulate(scenario, 7200.0)
    assert (arrivals["time"] - arrivals["started"]).mean() == pytest.approx(mean, rel=0.01)
