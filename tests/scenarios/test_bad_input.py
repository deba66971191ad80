"""The command line with bad input, faulty domains, a full disk and interruptions: exit codes, messages, what is left."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from scenarios.areas import build
from twin.area import Area
from twin.errors import Fault, InputError
from twin.recording import Run

FAULTY = Path(__file__).with_name("domains_with_faults.py")
ROOT = Path(__file__).resolve().parents[2]


def leftovers(folder):
    return [str(path) for path in Path(folder).rglob("*") if ".partial" in path.name]


WRONG = {
    "run outage": "write scenario=outage",
    "run --record nothing": "run.record: is 'nothing'",
    "run --record full run.record=full": "run.record: is given twice",
    "run --cut nonsense": "run.cut: no coupling is called 'nonsense'; allowed: .*power.signals",
    "run --cut power.signals,powr.homes": "'powr.homes'.*did you mean power.homes",
    "run --config-dir nowhere": "--config-dir: nowhere is not a folder",
    "run area=areas/x": "areas/x: is not an area",
    "run --nonsense": "No such option",
    "run run.threads=9999": "run.threads: is 9999; allowed: 1 to",
    "run +domain.mine=none.py:Mine": "domain.mine: none.py is not a file",
    f"run +domain.mine={FAULTY}:Brakes": "has no class 'Brakes'; allowed: .*did you mean Breaks",
    f"run +domain.mine={FAULTY}:NoDomain": "NoDomain of .* is no Domain",
    "nonsense": "No such command",
    "list nonsense": "nonsense: is no list; allowed: scenarios",
    "list scenario": "did you mean scenarios",
    "verify nofile.json": "nofile.json: cannot be read",
    "report .": "has no manifest.json; allowed: a run folder",
    "view . --png x.png": "has no manifest.json; allowed: a run folder",
    "area check nowhere": "nowhere: is not an area",
    "area show nowhere": "nowhere: is not an area",
    "area build none.osm.pbf --out x": "none.osm.pbf",
    "area build a b --out x": "b: no such file or folder",
}


@pytest.mark.parametrize("line", WRONG)
def test_one_message_and_exit_code_2(refused, line):
    refused(line, WRONG[line])


def test_several_faults_each_on_its_line(twin):
    code, _, err = twin("run", "run.dayz=1", "area.citizens=5")
    assert (code, [line[:2] for line in err.splitlines()]) == (2, ["- ", "- "])


@pytest.mark.parametrize(("text", "message"), [("def x(:", ":1 cannot be imported: SyntaxError"),
                                               ("1\n\nimport no_such_module", ":3 cannot be imported: Module")])  # fmt: skip
def test_a_loose_file_that_cannot_be_imported(twin, tmp_path, text, message):
    (tmp_path / "mine.py").write_text(text)
    code, _, err = twin("run", "+domain.mine=mine.py:Mine")
    assert code == 2
    assert f"mine.py{message}" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("name", "reason"), [("Breaks", "ValueError: my own mistake"), ("BreaksInSetup", "ZeroDivisionError: in setup")]
)
def test_a_domain_that_breaks(twin, small, run_folder, name, reason):
    code, _, err = twin("run", *small, f"+domain.mine={FAULTY}:{name}")
    folder = run_folder()
    manifest = Run(folder).manifest
    assert (code, manifest["status"], manifest["reason"]) == (1, "failed", reason)
    assert "Traceback" in err
    assert f"the log is {folder / 'log.txt'}" in err
    assert reason in (folder / "log.txt").read_text()
    assert not leftovers(folder)
    if name == "Breaks":
        assert Run(folder).series("weather") is not None, "what was recorded before stays"


@pytest.mark.parametrize(("name", "message"), [
    ("Undeclared", "domains_with_faults.py:23: undeclared publishes 'nothing', which is not declared"),
    ("NoSuchSignal", "no_such_signal reads the signal weather.temprature.*did you mean weather.temperature"),
])  # fmt: skip
def test_a_domain_that_breaks_a_rule_of_the_engine(twin, small, run_folder, name, message):
    code, _, err = twin("run", *small, f"+domain.mine={FAULTY}:{name}")
    assert code == 1
    assert "Traceback" not in err
    assert re.search(message, err), err
    assert "Traceback" in (run_folder() / "log.txt").read_text()


def test_our_own_fault_outside_a_run_has_a_log(twin, monkeypatch):
    monkeypatch.setattr("scenarios.commands.list_things", lambda what: {}["no such key"])
    code, _, err = twin("list", "scenarios")
    assert code == 1
    assert "KeyError" in Path(err.rpartition("the log is ")[2].strip()).read_text()


def test_a_report_of_a_manifest_that_names_no_area(twin, tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    code, _, err = twin("report", ".")
    assert (code, "names no area" in err) == (2, True)


def test_a_report_that_fails_keeps_the_run(twin, small, run_folder, monkeypatch):
    monkeypatch.setattr("scenarios.report.page.write_report", lambda *args: 1 / 0)
    code, _, err = twin("run", *small)
    assert (code, Run(run_folder()).manifest["status"]) == (1, "complete")
    assert str(run_folder() / "log.txt") in err
    assert "ZeroDivisionError" in (run_folder() / "log.txt").read_text()


def test_a_report_that_the_disk_refuses_has_no_log(twin, small, run_folder, monkeypatch):
    def refuse(*args):
        raise InputError(Fault("report.html", "cannot be written"))

    monkeypatch.setattr("scenarios.report.page.write_report", refuse)
    code, _, err = twin("run", *small)
    assert (code, err.splitlines()[-1]) == (2, "report.html: cannot be written")
    assert not (run_folder() / "log.txt").exists()


def test_an_area_without_roads_or_with_a_missing_table(twin, tmp_path, small):
    Area("empty", "EPSG:28992", {}).write(tmp_path / "empty")
    code, _, err = twin("run", "area=./empty", *small[1:])
    assert (code, "area: has no streets" in err) == (2, True)
    build("town", citizens=1000).write(tmp_path / "town")
    (tmp_path / "town" / "nodes.parquet").unlink()
    (tmp_path / "town" / "links.parquet").write_bytes(b"")
    code, _, err = twin("run", "area=./town", *small[1:])
    assert (code, len(err.splitlines())) == (2, 2)
    assert "nodes.parquet: is missing" in err
    assert not (tmp_path / "runs").exists()


# -- the disk --------------------------------------------------------------------------------------------------------


def test_a_full_disk(twin, small, run_folder, monkeypatch):
    write, written = pq.write_table, []

    def fill(table, path, **options):
        if "area" in path.parent.name or len(written) < 5:
            write(table, path, **options)
            if "area" not in path.parent.name:
                written.append(path.with_name(path.name.removeprefix(".").removesuffix(".partial")))
        else:
            path.write_bytes(b"half of it")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pq, "write_table", fill)
    code, _, err = twin("run", *small)
    run = Run(run_folder())
    assert (code, run.manifest["status"]) == (2, "failed")
    for text in (run.manifest["reason"], err):
        assert "No space left on device" in text
    assert "run.folder=DIR" in err
    assert "Traceback" not in err
    assert not leftovers(run.folder)
    assert len(written) == 5
    assert all(pq.read_table(path).num_rows for path in written)


def test_a_read_only_disk_leaves_nothing(twin, small, tmp_path, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "write_text", refuse)
    code, _, err = twin("run", *small)
    assert code == 2
    assert "Read-only file system" in err
    assert not list((tmp_path / "runs").glob("*/*"))


def test_a_file_in_place_of_the_run_folder(twin, tmp_path):
    (tmp_path / "taken").write_text("")
    code, _, err = twin("run", "area.citizens=1000", "run.days=0.05", "run.folder=taken")
    assert code == 2
    assert "taken/" in err
    assert "cannot be written" in err


def test_a_disk_without_room(twin, small, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    code, _, err = twin("run", *small)
    assert code == 2
    assert "less than 50 MB" in err
    assert not list((tmp_path / "runs").glob("*/*"))


# -- interruption ----------------------------------------------------------------------------------------------------


def begun(tmp_path):
    """A run in another process that is under way."""
    process = subprocess.Popen(
        [sys.executable, "-m", "scenarios.main", "run", "area.citizens=1000", f"run.folder={tmp_path}/runs",
         f"+domain.slow={FAULTY}:Slow", "--no-report"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    for line in process.stdout:
        if "under way" in line:
            return process
    raise AssertionError(process.stderr.read())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_readable(tmp_path, run_folder, number):
    process = begun(tmp_path)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    folder = run_folder()
    run = Run(folder)
    assert (process.returncode, run.manifest["status"]) == (130, "interrupted")
    assert "Traceback" not in err
    assert "interrupted" in err
    assert not leftovers(folder)
    times = run.series("weather").column("time").to_numpy()
    assert times.max() > run.manifest["simulated_ms"] - 3_600_000
    assert run.manifest["simulated_ms"] >= 2 * 3_600_000


def test_a_killed_run_is_readable(tmp_path, run_folder):
    process = begun(tmp_path)
    process.kill()
    process.communicate(timeout=30)
    run = Run(run_folder())
    assert (run.manifest["status"], run.manifest["simulated_ms"]) == ("running", 2 * 3_600_000)
    assert run.series("weather").column("time").to_numpy().max() >= 3_600_000
    with pytest.raises(InputError, match=r"has no indicators.json"):
        _ = run.indicators


# -- the rest --------------------------------------------------------------------------------------------------------


def test_a_file_of_the_users_that_hides_ours(tmp_path):
    (tmp_path / "agents.py").write_text("")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    done = subprocess.run([sys.executable, "-m", "scenarios.main", "list", "domains"], cwd=tmp_path, env=environment,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 2
    assert f"{tmp_path / 'agents.py'}: hides the twin's package 'agents'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_complete_run_with_warm_up_window_and_indicators_only(twin, small, run_folder):
    code, _, _ = twin("run", *small, "run.warm_up=30 min", "run.window=10 s", "--record", "indicators", "--no-report")
    run = Run(run_folder())
    assert (code, run.manifest["status"]) == (0, "complete")
    assert run.series("weather") is None
    assert not (run.folder / "log.txt").exists()
    assert json.loads((run.folder / "indicators.json").read_text())


def test_two_threads_give_the_same_result(twin, small, tmp_path):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one core")
    digests = set()
    for threads in (1, 2):
        assert twin("run", *small, f"run.threads={threads}", "--no-report").code == 0
    for manifest in (tmp_path / "runs").glob("*/*/manifest.json"):
        digests.add(json.loads(manifest.read_text())["result_digest"])
    assert len(digests) == 1


@pytest.mark.parametrize("content", [b"", b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18", b"not a pbf at all"])
def test_an_extract_that_is_empty_or_cut_off(twin, tmp_path, content):
    (tmp_path / "x.osm.pbf").write_bytes(content)
    code, _, err = twin("area", "build", "x.osm.pbf", "--out", "made")
    assert code == 2
    assert "x.osm.pbf" in err
    assert "Traceback" not in err
    assert not (tmp_path / "made").exists()
    assert not leftovers(tmp_path)
