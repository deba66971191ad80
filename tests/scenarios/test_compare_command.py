"""`twin compare` and `twin demo`: what they print, exit codes, wrong input, interruptions."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scenarios import comparing
from scenarios.comparison import Comparison

FAULTY = Path(__file__).with_name("domains_with_faults.py")
ROOT = Path(__file__).resolve().parents[2]
SMALL = ("area.citizens=1000", "run.days=0.125")
OUTAGE = ("outage", *SMALL, 'scenario.measures.failure.from="01:30"', "scenario.measures.failure.for=30 min")


def told(folder="made"):
    return json.loads((Path(folder) / "experiment.json").read_text())


def test_identical_scenarios_differ_by_nothing_and_json_stands_alone(twin):
    code, out, err = twin("compare", "weekday", "--replications", 3, "--json", "--no-report", "area.citizens=1500")
    rows = json.loads(out)
    assert code == 0
    assert len(rows) > 20
    assert {row["difference"] for row in rows} == {0.0}
    assert {(row["low"], row["high"]) for row in rows if row["n"] > 1} == {(0.0, 0.0)}
    assert "An ordinary weekday" in err
    (folder,) = Path("experiments").glob("*/*-weekday")
    assert told(folder)["status"] == "complete"
    shown, hidden = Comparison.read(folder).shown()
    assert json.loads(out) == json.loads(shown.to_json())
    assert (f"{hidden} of {len(rows) + hidden} cells" in err) == (hidden > 0)


def test_json_leaves_out_what_is_withheld_and_says_how_much(twin):
    given = (*OUTAGE, "run.least_residents=999", "--replications", 2, "--no-report", "--out", "made")
    code, out, err = twin("compare", *given, "--json")
    rows = json.loads(out)
    assert (code, len(rows) > 9, any(0 <= row["residents"] < 999 for row in rows)) == (0, True, False)
    assert re.search(r"^\d+ of \d+ cells are withheld, because they rest on fewer than 999 residents\.$", err, re.M)
    assert "withheld" not in out
    assert ",withheld,," in Path("made/comparison.csv").read_text()


def test_an_answer_per_watched_indicator_and_the_places(twin):
    code, out, _ = twin("compare", *OUTAGE, "--replications", 8, "--workers", 1, "--out", "made")
    assert code == 0
    assert "Substation fails in the rush hour, compared with weekday" in out
    for alternative in ("outage", "backup_signals"):
        assert re.search(rf"^{alternative}: Customer hours without power rise by .*8.pairs.*: worse\.$", out, re.M)
    assert "report   made/report.html" in out
    assert "folder   made" in out
    assert "FAILED" not in out
    assert Path("made/report.html").stat().st_size > 1000


def test_a_failed_replication_is_said_loudly(twin):
    mine = f"+domain.mine={FAULTY}:BreaksForOneSeed"
    code, out, _ = twin("compare", *OUTAGE, mine, "--replications", 3, "--workers", 1, "--out", "made")
    assert code == 0
    assert "FAILED   outage, seed 2: ValueError: seed 2 is not to my taste" in out
    assert "1 of 3 seeds are left out" in out
    assert "seed 2 is not to my taste" in (Path("made/runs/outage/2/log.txt")).read_text()
    code, out, _ = twin("compare", *OUTAGE, mine, "--replications", 1, "--seed", 2, "--out", "none")
    assert (code, told("none")["status"]) == (1, "failed")
    assert "report" not in out


WRONG = {
    "compare": "Missing argument",
    "compare nonsense": "unknown scenario 'nonsense'",
    "compare outige": "did you mean outage",
    "compare scenario=outage": "write it as outage",
    "compare area.citizens=1500": "write it as SCENARIO",
    "compare none.yaml": "none.yaml: cannot be read",
    "compare outage scenario=weekday": "scenario: is given twice",
    "compare outage --replications 0": "--replications: is 0; allowed: 1 or more",
    "compare outage --workers 0": "--workers: is 0; allowed: 1 to",
    "compare outage --workers 9999": "--workers: is 9999; allowed: 1 to",
    "compare outage --replications many": "Invalid value for '--replications'",
    "compare outage --seed 2 run.seed=3": "run.seed: is given twice",
    "compare outage --seed -1": "run.seed",
    "compare outage --record nothing": "run.record: is 'nothing'",
    "compare outage --cut powr.homes": "did you mean power.homes",
    "compare outage --config-dir nowhere": "--config-dir: nowhere is not a folder",
    "compare outage run.alternative=backup_signals": "run.alternative: is not for a comparison",
    "compare outage run.folder=x": "--out DIR",
    "compare outage scenario.base=wekday": "scenario.base: unknown scenario 'wekday'.*did you mean weekday",
    "compare outage scenario.base=none.yaml": "scenario.base none.yaml: none.yaml: cannot be read",
    "compare outage scenario.watch=[vehicle_dely]": "'vehicle_dely' is no indicator.*did you mean vehicle_delay",
    "compare outage area.citizens=5": "area.citizens: is 5",
    "demo --nonsense": "No such option",
}


@pytest.mark.parametrize("line", WRONG)
def test_one_message_and_exit_code_2(refused, line):
    refused(line, WRONG[line])


def test_faults_of_options_and_of_the_world_at_once(twin):
    code, _, err = twin(
        "compare", "outage", "area.citizens=5", "--replications", 0, "--workers", 0, "run.alternative=x"
    )
    assert (code, len(err.splitlines())) == (2, 4)


def test_a_finished_experiment_is_not_overwritten(twin, tmp_path):
    arguments = ("compare", "weekday", *SMALL, "--replications", 1, "--no-report", "--out", "made")
    assert twin(*arguments).code == 0
    before = (tmp_path / "made" / "comparison.csv").read_bytes()
    code, _, err = twin(*arguments)
    assert (code, "--out: made holds a finished experiment" in err) == (2, True)
    assert (tmp_path / "made" / "comparison.csv").read_bytes() == before


def under_way(tmp_path, *more, out=("--out", "made")):
    """A comparison in a process of its own, as soon as its runs have begun."""
    arguments = ["compare", *OUTAGE, f"+domain.mine={FAULTY}:Slow", "--replications", "3", *more, *out]
    process = subprocess.Popen([sys.executable, "-m", "scenarios.main", *arguments], cwd=tmp_path, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    for line in process.stderr:
        if "under way" in line:
            return process
    raise AssertionError("it ended too soon")


def test_a_killed_comparison_leaves_no_process_and_its_folder_is_free(twin, tmp_path):
    process = under_way(tmp_path)
    pids = {int(file.read_text()) for file in (tmp_path / "made").glob("runs/*/*/.lock")}
    code, _, err = twin("compare", "weekday", *SMALL, "--out", "made")
    assert (code, f"made: is being written by process {process.pid}" in err) == (2, True), err
    process.kill()
    process.communicate()  # returns when the last process that has its stderr has ended
    assert pids
    assert not [
        pid for pid in pids if Path(f"/proc/{pid}/stat").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text()
    ]
    assert told()["status"] == "running"
    code, _, err = twin("compare", "weekday", *SMALL, "--replications", 1, "--no-report", "--out", "made")
    assert (code, "in the unfinished experiment there" in err) == (2, True)
    assert told()["scenario"] == "outage"


def test_the_command_that_an_interruption_tells_goes_on(twin, tmp_path):
    process = under_way(tmp_path, "--no-report", out=())
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    (line,) = [line for line in err.splitlines() if line.startswith("to go on: twin compare outage ")]
    (folder,) = tmp_path.glob("experiments/*/*-outage")
    assert line.endswith(f"--out {folder.relative_to(tmp_path)}")
    code, out, _ = twin(*shlex.split(line)[4:])
    assert code == 0
    assert re.search(r"goes on in experiments/.*: \d of 9 runs were complete from an attempt before", out)
    assert told(folder)["status"] == "complete"
    assert shlex.join(["twin", *shlex.split(line)[4:]]) == told(folder)["command"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_a_readable_experiment(tmp_path, number):
    process = under_way(tmp_path)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, "interrupted" in err) == (130, True), err
    assert "Traceback" not in err
    assert told(tmp_path / "made")["status"] == "interrupted"
    states = {json.loads(file.read_text())["status"] for file in (tmp_path / "made").glob("runs/*/*/manifest.json")}
    assert "interrupted" in states
    assert "running" not in states
    assert not list((tmp_path / "made").rglob("*.partial"))


def test_the_demo_answers_in_one_sentence_and_opens_its_report(twin, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    monkeypatch.setattr(comparing, "DEMO", (*OUTAGE[1:], "~scenario.alternatives.backup_signals"))
    monkeypatch.setattr(comparing, "DEMO_REPLICATIONS", 8)
    code, out, _ = twin("demo", "--open")
    assert code == 0
    answer = r"^Substation fails in the rush hour: customer hours without power rise by .*8.pairs.*: worse[^\n]*\.$"
    assert re.search(answer, out, re.M)
    (report,) = Path("experiments").glob("*/*-outage/report.html")
    assert opened == [report.resolve().as_uri()]
    assert f"report   {report}" in out
    opened.clear()
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert not comparing.has_display()
