"""Paired comparisons: same luck, branches equal to runs from midnight, failures, killed processes, one writer."""

import json
import os
from pathlib import Path

import pytest

from scenarios import branching
from scenarios.arms import Arm, arms_of, trunks
from scenarios.experiment import Experiment
from scenarios.simulate import Simulation
from twin.checkpoints import Checkpoints
from twin.clock import hour
from twin.errors import InputError
from twin.locking import Lock
from twin.recording import Run

FAULTY = Path(__file__).with_name("domains_with_faults.py")
# from half past one to two o'clock at night: a whole story in three hours
SMALL = (
    "area.citizens=1000",
    "run.days=0.125",
    'scenario.measures.failure.from="01:30"',
    "scenario.measures.failure.for=30 min",
)
MORNING = (SMALL[0], "run.days=0.35", 'scenario.measures.failure.from="07:30"', SMALL[3])
ALONE = (*SMALL, "~scenario.alternatives.backup_signals")


def experiment(folder, *overrides, replications=2, processes=1, **more):
    return Experiment(
        arms_of("outage", overrides, **more), replications=replications, processes=processes, out=folder / "made"
    )


def manifest(folder, arm, seed):
    return Run(folder / "made" / "runs" / arm / str(seed)).manifest


def told(folder):
    return json.loads((folder / "made" / "experiment.json").read_text())


# -- same luck -------------------------------------------------------------------------------------------------------


def test_identical_scenarios_differ_by_nothing(tmp_path):
    arms = arms_of("weekday", ["area.citizens=1500", "run.days=0.4"])
    comparison = Experiment(arms, replications=3, processes=1, out=tmp_path / "made").run()
    assert len(comparison) > 20
    shown, hidden = comparison.shown()
    assert len(shown) > hidden
    assert {(row["difference"], row["low"], row["high"]) for row in shown} == {(0.0, 0.0, 0.0)}
    assert {row["n"] for row in comparison if row["level"] == "area"} >= {3}
    assert len({manifest(tmp_path, "base", seed)["result_digest"] for seed in (1, 2, 3)}) == 3, "seeds are luck"


def test_the_number_of_processes_changes_nothing(tmp_path):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one core")
    found = []
    for processes in (1, 2):
        experiment(tmp_path / str(processes), *SMALL, processes=processes, replications=3).run()
        made = tmp_path / str(processes) / "made"
        found.append(((made / "comparison.csv").read_bytes(), (made / "comparison.parquet").read_bytes()))
    assert found[0] == found[1]
    assert b"backup_signals" in found[0][0]


@pytest.mark.parametrize("more", ["run.warm_up=6 h", "run.window=30 s"])
def test_a_branch_equals_the_run_from_midnight(tmp_path, more):
    made = experiment(tmp_path, *MORNING, ALONE[-1], more, replications=1, record="full")
    assert [([arm.name for arm in trunk.arms], trunk.at > 0) for trunk in made.trunks] == [(["base", "outage"], True)]
    made.run()
    for arm in made.arms:
        branch = Run(tmp_path / "made" / "runs" / arm.name / "1")
        whole = Simulation(arm.at(1), made.area, place=tmp_path / "whole" / arm.name)
        whole.run()
        assert branch.manifest["shared_prefix_ms"] == made.trunks[0].at
        assert branch.manifest["digests"] == whole.manifest["digests"]
        assert branch.manifest["result_digest"] == whole.manifest["result_digest"]
        assert branch.indicators == Run(whole.folder).indicators
        for place in ("series/link", "series/grid", "replay/vehicles", "restricted/trips"):
            assert branch.table(place) == Run(whole.folder).table(place), place
        assert branch.events() == Run(whole.folder).events()
        assert (branch.folder / "restricted").stat().st_mode & 0o777 == 0o700
        assert (branch.folder / "config.yaml").read_text() == (whole.folder / "config.yaml").read_text()
    digests = {manifest(tmp_path, arm.name, 1)["result_digest"] for arm in made.arms}
    assert len(digests) == 2, "the outage must change something"


def test_what_the_first_hours_are_shared_by():
    def shared(*overrides, scenario="outage"):
        return [([arm.name for arm in t.arms], t.common, t.at) for t in trunks(arms_of(scenario, overrides))]

    assert shared() == [(["base", "outage"], 0, 17 * hour), (["backup_signals"], 0, 0)]
    assert shared('scenario.measures.failure.from="00:00"', "~scenario.alternatives.backup_signals") == [
        (["base"], 0, 0),
        (["outage"], 0, 0),
    ]
    assert shared(scenario="weekday") == [(["base"], 0, 0), (["weekday"], 0, 0)]
    assert shared(scenario="evening_charging") == [(["base"], 0, 0), (["evening_charging"], 0, 0)]


def test_measures_that_all_arms_have_are_in_the_shared_hours(tmp_path):
    works = 'works: {type: close_street, where: {street: busiest}, from: "06:00", until: "07:00"}'
    (tmp_path / "usual.yaml").write_text(f"measures:\n  {works}\n")
    (tmp_path / "plan.yaml").write_text(
        f"base: usual.yaml\nmeasures:\n  {works}\n"
        '  more: {type: close_street, where: {street: busiest}, from: "08:00", until: "09:00"}\n'
    )
    arms = arms_of(str(tmp_path / "plan.yaml"), ["area.citizens=1000", "run.days=0.4"])
    (trunk,) = trunks(arms)
    assert ([arm.name for arm in trunk.arms], trunk.common, trunk.at) == (["base", "plan"], 1, 8 * hour)
    made = Experiment(arms, replications=1, processes=1, out=tmp_path / "made")
    made.run()
    for arm in arms:
        whole = Simulation(arm.at(1), made.area, place=tmp_path / "whole" / arm.name)
        whole.run()
        assert manifest(tmp_path, arm.name, 1)["result_digest"] == whole.manifest["result_digest"]


def test_the_folder_tells_all_of_it(tmp_path):
    made = experiment(tmp_path, *SMALL)
    assert told(tmp_path)["status"] == "running"
    steps = []
    comparison = made.run(steps.append)
    assert steps == sorted(steps)
    assert steps[-1] == made.to_simulate_ms == 2 * (3 * 3 * hour - 1.5 * hour)
    found = told(tmp_path)
    assert found["status"] == "complete"
    assert (found["schema"], found["base"], found["alternatives"]) == (1, "weekday", ["outage", "backup_signals"])
    assert (found["seeds"], found["failures"], found["notes"]) == ([1, 2], [], [])
    assert (found["shared_prefix_ms"], found["workers"]) == (1.5 * hour, 1)
    assert found["area"]["digest"] == made.area.digest()
    assert (tmp_path / "made" / "area" / "links.parquet").is_file()
    assert not (tmp_path / "made" / "area" / "people.parquet").exists()
    assert {row["alternative"] for row in comparison} == {"outage", "backup_signals"}
    run = tmp_path / "made" / "runs" / "outage" / "2"
    files = ["config.yaml", "events", "indicators.json", "manifest.json"]  # neither journal nor checkpoints
    assert sorted(path.name for path in run.iterdir() if path.name != ".lock") == files
    assert len(Run(run).manifest["digests"]) > 10, "of all streams, recorded or not"


# -- what goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("BreaksForOneSeed", "ValueError: seed 2 is not to my taste"),
        ("BreaksInSetupForOneSeed", "ZeroDivisionError: in setup of seed 2"),
    ],
)
def test_a_replication_that_fails_is_left_out(tmp_path, name, reason):
    made = experiment(tmp_path, *ALONE, f"+domain.mine={FAULTY}:{name}", replications=3)
    comparison = made.run()
    failures = [{"arm": arm, "seed": 2, "reason": reason} for arm in ("base", "outage")]
    assert made.failures == told(tmp_path)["failures"] == failures
    assert told(tmp_path)["status"] == "complete"
    assert {row["n"] for row in comparison if row["level"] == "area"} == {2}


def test_where_nothing_is_left_nothing_is_compared(tmp_path):
    made = experiment(tmp_path, *SMALL, f"+domain.mine={FAULTY}:BreaksForOneSeed", "run.seed=2", replications=1)
    assert len(made.run()) == 0
    assert {failure["arm"] for failure in made.failures} == {"base", "outage", "backup_signals"}
    assert told(tmp_path)["status"] == "failed"
    assert not (tmp_path / "made" / "comparison.csv").exists()


def write_and_wait(checkpoints, world, write=Checkpoints.write):
    """Each checkpoint is on disk before the run goes on: none is left out because the one before takes its time."""
    write(checkpoints, world)
    checkpoints.finish()


@pytest.mark.parametrize(
    ("at", "by", "who", "how"),
    [
        (hour, "9", ["base/2", "outage/2"], "was killed"),
        (2 * hour, "9", ["outage/2"], "was killed"),
        (2 * hour, "15", ["outage/2"], "was interrupted"),
        (2 * hour, "exit 3", ["outage/2"], "ended with code 3"),
    ],
)
def test_a_process_that_was_cut_short_goes_on_once(tmp_path, monkeypatch, at, by, who, how):
    marks = tmp_path / "marks"
    marks.mkdir()
    for name, value in (("KILL_AT", at), ("KILL_MARKS", marks), ("KILL_TIMES", 0), ("KILL_BY", by)):
        monkeypatch.setenv(name, str(value))
    given = (*ALONE, f"+domain.mine={FAULTY}:Killed")
    monkeypatch.setattr(branching, "CHECKPOINT", hour // 2)
    monkeypatch.setattr(Checkpoints, "write", write_and_wait)
    expected = experiment(tmp_path / "whole", *given).run()
    monkeypatch.setenv("KILL_TIMES", "1")
    made = experiment(tmp_path, *given)
    assert made.run() == expected
    assert (made.failures, len(list(marks.iterdir()))) == ([], 1)
    notes = [note for note in told(tmp_path)["notes"] if "watched" not in note]
    assert notes == [f"run {run} {how} and resumed" for run in who]
    kept = at if by == "15" else at - hour // 2  # an interruption keeps the edge at which it is seen
    assert manifest(tmp_path, *who[0].split("/"))["resumed"] == [kept], "from its last checkpoint"


@pytest.mark.parametrize(
    ("by", "reason"),
    [("9", "killed by signal 9, twice"), ("exit 3", "ended with code 3, twice")],
)
def test_what_is_cut_short_twice_has_failed(tmp_path, monkeypatch, by, reason):
    for name, value in (("KILL_AT", 2 * hour), ("KILL_MARKS", tmp_path), ("KILL_TIMES", 99), ("KILL_BY", by)):
        monkeypatch.setenv(name, str(value))
    made = experiment(tmp_path, *ALONE, f"+domain.mine={FAULTY}:Killed")
    comparison = made.run()
    assert made.failures == [{"arm": arm, "seed": 2, "reason": reason} for arm in ("base", "outage")]
    assert {row["n"] for row in comparison if row["level"] == "area"} == {1}


def test_one_writer_and_no_overwriting(tmp_path):
    with Lock(tmp_path / "made"), pytest.raises(InputError, match=f"is being written by process {os.getpid()}"):
        experiment(tmp_path, *SMALL)
    experiment(tmp_path, *ALONE, replications=1).run()
    with pytest.raises(InputError, match="holds a finished experiment"):
        experiment(tmp_path, *SMALL)


def test_other_files_are_left_alone(tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds other files: thesis\.txt"):
        experiment(tmp_path, *SMALL)
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["thesis.txt"]


# -- wrong input -----------------------------------------------------------------------------------------------------


def test_all_faults_of_the_arms_at_once(tmp_path):
    (tmp_path / "plan.yaml").write_text(
        "base: wekday\nwatch: [vehicle_dely]\nmeasures: {}\nalternatives: {base: {}, a b: {}}\n"
    )
    with pytest.raises(InputError) as error:
        arms_of(str(tmp_path / "plan.yaml"), ["run.alternative=x", "run.folder=y"])
    told = [str(fault) for fault in error.value.faults]
    for where, remedy in (
        ("run.alternative", "every alternative is an arm"),
        ("run.folder", "--out DIR"),
        ("scenario.base: unknown scenario 'wekday'", "did you mean weekday"),
        ("scenario.watch", "did you mean vehicle_delay"),
        ("scenario.alternatives.base", "taken"),
        ("scenario.alternatives.a b", "cannot be that of an arm's folder"),
    ):
        assert any(text.startswith(where) and remedy in text for text in told), (where, told)


def test_a_street_that_no_arm_finds_is_told_before_anything_runs(tmp_path):
    (tmp_path / "plan.yaml").write_text(
        "base: weekday\nmeasures:\n  a: {type: close_street, where: {street: Nergenslaan}, from: '01:00', for: 1 h}\n"
        "alternatives:\n  other:\n    b: {type: close_street, where: {street: Nietslaan}, from: '01:00', for: 1 h}\n"
    )
    arms = arms_of(str(tmp_path / "plan.yaml"), SMALL[:2])
    with pytest.raises(InputError) as error:
        Experiment(arms, replications=1, out=tmp_path / "made")
    assert [fault.where for fault in error.value.faults] == [
        "scenario.measures.a.where.street",
        "scenario.alternatives.other.b.where.street",
    ]
    assert not (tmp_path / "made").exists()


def test_an_arm_with_another_seed_leaves_the_first_alone():
    (arm, *_) = arms_of("weekday")
    other = Arm.at(arm, 5)
    assert (other.run.seed, other.plain["run"]["seed"]) == (5, 5)
    assert (arm.configuration.run.seed, arm.configuration.plain["run"]["seed"]) == (1, 1)
