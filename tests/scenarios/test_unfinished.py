"""Experiments that were cut short: gone on with in their folder, refused where they are of something else."""

import json
from pathlib import Path

import pytest

from scenarios import branching, rehearsal
from scenarios.arms import arms_of
from scenarios.experiment import Experiment
from twin.clock import hour
from twin.errors import InputError
from twin.locking import Lock
from twin.recording import Run

FAULTY = Path(__file__).with_name("domains_with_faults.py")
ALONE = (
    "area.citizens=1000",
    "run.days=0.125",
    'scenario.measures.failure.from="01:30"',
    "scenario.measures.failure.for=30 min",
    "~scenario.alternatives.backup_signals",
)


def experiment(folder, *overrides, replications=2, processes=1, **more):
    return Experiment(
        arms_of("outage", (*ALONE, *overrides)), replications=replications, processes=processes, out=folder, **more
    )


def told(folder):
    return json.loads((folder / "experiment.json").read_text())


def cut_short(made, after):
    """Run an experiment that is interrupted as soon as `after` ms are simulated."""

    def heard(ms):
        if ms > after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made.run(heard)


def test_what_was_cut_short_goes_on_and_equals_what_was_not(tmp_path):
    expected = experiment(tmp_path / "whole").run()
    once = experiment(tmp_path / "made", command="twin compare outage")
    each = once.to_simulate_ms // 2
    cut_short(once, each + 2 * hour)
    assert (told(tmp_path / "made")["status"], told(tmp_path / "made")["command"]) == (
        "interrupted",
        "twin compare outage",
    )
    (complete,) = {path.parent.name for path in (tmp_path / "made").glob("runs/base/*/indicators.json")}
    before = Run(tmp_path / "made" / "runs" / "base" / complete).manifest["started"]
    made = experiment(tmp_path / "made")
    assert made.kept >= 2
    steps = []
    assert made.run(steps.append) == expected
    assert steps == sorted(steps)
    assert Run(tmp_path / "made" / "runs" / "base" / complete).manifest["started"] == before
    found = told(tmp_path / "made")
    assert found["status"] == "complete"
    assert f"{made.kept} of 4 runs were complete from an attempt before" in found["notes"]
    for name in ("comparison.csv", "comparison.parquet"):
        assert (tmp_path / "made" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_failed_runs_are_tried_again_and_more_replications_are_welcome(tmp_path, monkeypatch):
    for name, value in (
        ("KILL_AT", hour),
        ("KILL_MARKS", tmp_path / "marks"),
        ("KILL_TIMES", 2),
        ("KILL_BY", "exit 3"),
    ):
        monkeypatch.setenv(name, str(value))
    (tmp_path / "marks").mkdir()
    mine = f"+domain.mine={FAULTY}:Killed"
    first = experiment(tmp_path / "made", mine, "run.seed=2", replications=1)
    assert not len(first.run())
    assert told(tmp_path / "made")["status"] == "failed"
    second = experiment(tmp_path / "made", mine, "run.seed=2", replications=2)
    assert max(row["n"] for row in second.run()) == 2
    assert second.failures == []


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["run.seed=7"], "--out .*, run.seed: 7 now, 1 in the unfinished experiment there; .*name another folder"),
        (["area.citizens=1001"], "area.digest: .* now"),
        (["run.days=0.1"], "run.days: 0.1 now, 0.125 in"),
        (["domain.care.handover=5"], "domain.care.handover: 5.0 now"),
        (["scenario.measures.failure.for=20 min"], "measures.outage.failure.for: 20 min now, 30 min in"),
        (["scenario.base=closure"], "measures.base.works"),
    ],
)
def test_an_experiment_of_something_else_is_refused_and_kept(tmp_path, overrides, message):
    experiment(tmp_path / "made").lock.release()  # as if it had been killed here
    left = tmp_path / "made" / "runs" / "outage" / "1"
    left.mkdir(parents=True)
    before = told(tmp_path / "made")
    given = [text for text in ALONE if text.partition("=")[0] not in {o.partition("=")[0] for o in overrides}]
    if "closure" in str(overrides):
        given = [text for text in given if "days" not in text]
    with pytest.raises(InputError, match=message):
        Experiment(arms_of("outage", (*given, *overrides)), replications=2, processes=1, out=tmp_path / "made")
    assert left.is_dir()
    assert told(tmp_path / "made") == before


def test_a_folder_is_let_go_where_the_beginning_fails(tmp_path, monkeypatch):
    from scenarios import provenance

    def full(*_):
        raise InputError([])

    with monkeypatch.context() as patch:
        patch.setattr(provenance, "write_place", full)
        with pytest.raises(InputError):
            experiment(tmp_path / "made")
    assert told(tmp_path / "made")["status"] == "failed"
    Lock(tmp_path / "made").release()

    def stop():
        raise KeyboardInterrupt

    monkeypatch.setattr(rehearsal, "compile_kernels", stop)
    with pytest.raises(KeyboardInterrupt):
        experiment(tmp_path / "other")
    assert not (tmp_path / "other").exists(), "kernels are compiled before anything is written"


def test_domains_that_cannot_be_saved_run_without_checkpoints(tmp_path, monkeypatch):
    monkeypatch.setattr(branching, "CHECKPOINT", hour)
    made = experiment(tmp_path / "made", f"+domain.mine={FAULTY}:HoldsAnIndex", replications=1)
    comparison = made.run()
    assert (made.failures, len(comparison) > 0) == ([], True)
    (note,) = [note for note in told(tmp_path / "made")["notes"] if "resumed" in note]
    assert note.startswith("runs cannot be resumed: holds_an_index.index"), note


def test_a_watched_name_that_no_run_has_is_told(tmp_path):
    made = experiment(
        tmp_path / "made",
        f"+domain.mine={FAULTY}:BreaksForOneSeed",
        "scenario.watch=[vehicle_dely, vehicle_delay]",
        replications=1,
    )
    made.run()
    (note,) = told(tmp_path / "made")["notes"]
    assert note.startswith("vehicle_dely was watched and no run has it; did you mean vehicle_delay")
