"""Runs that are killed or interrupted, and go on as if nothing had happened."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import yaml

from scenarios import workers
from scenarios.assembly import build_area
from scenarios.configuration import compose
from scenarios.simulate import Simulation
from twin.checkpoints import found, time_of
from twin.clock import day, hour, minute
from twin.draws import uniform
from twin.errors import InputError
from twin.recording import Run

TOWN = ["area.citizens=1000", "scenario=outage"]
QUARTER = 15 * minute
LAST = day - minute  # the edge before the last window


@pytest.fixture(scope="module")
def area():
    return build_area(compose(TOWN))


@pytest.fixture(scope="module")
def whole(area, tmp_path_factory):
    """An uninterrupted run with checkpoints."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    Simulation(compose(TOWN), area, place=folder, checkpoint=QUARTER).run()
    return Run(folder)


def stopping(at, number=signal.SIGINT):
    """A progress that sends this process a signal at the edge `at`."""

    def stop(ms):
        if ms == at:
            os.kill(os.getpid(), number)

    return stop


def begin(area, folder, *overrides, progress=lambda ms: None):
    """A process that begins the run in `folder`, or goes on with it."""

    def work():
        if folder.exists():
            Simulation.resume(folder, area, checkpoint=QUARTER).run(progress)
        else:
            Simulation(compose([*TOWN, *overrides]), area, place=folder, checkpoint=QUARTER).run(progress)

    return workers.start(work)


def kill(area, folder, overrides, target, delay_s):
    """Begin the run in `folder`, or go on with it, and kill it from outside: `delay_s` after the edge `target`.

    However late the kill comes, it meets the run under way: two hours behind `target`, and before the last window at
    the latest, the run waits for it. Returns the last edge, ms, that the run told.
    """
    parent, (reader, writer) = os.getpid(), os.pipe()

    def tell(ms):
        os.write(writer, b"%d\n" % ms)
        while ms >= min(target + 2 * hour, LAST):
            workers.orphaned(parent)
            time.sleep(0.01)

    pid = begin(area, folder, *overrides, progress=tell)
    os.close(writer)
    with open(reader) as lines:
        told = map(int, lines)
        at = next((ms for ms in told if ms >= target), 0)
        time.sleep(delay_s)
        os.kill(pid, signal.SIGKILL)
        at = max(at, *told, 0)
    assert workers.wait(pid) == -signal.SIGKILL
    assert Run(folder).manifest["status"] == "running"
    assert target <= at <= LAST, "it was killed under way"
    return at


@pytest.mark.parametrize("threads", [1, 2])
def test_killed_at_twenty_random_moments_every_digest_is_that_of_the_uninterrupted_run(area, whole, tmp_path, threads):
    if threads > workers.cores():
        pytest.skip(f"this machine has {workers.cores()} core")
    kills, ended = [], []
    for number in range(10):  # each is killed twice, then left to end
        folder, stream = tmp_path / str(number), 20 * threads + number
        at, resumed = [0], [0]
        for attempt in range(2):  # the second time between the first kill and the end
            target = at[-1] + round(uniform(stream, attempt) * (LAST - at[-1]))
            at.append(kill(area, folder, [f"run.threads={threads}"], target, 0.02 * uniform(stream, 2 + attempt)))
        assert workers.wait(begin(area, folder)) == 0
        run = Run(folder)
        resumed += run.manifest["resumed"]
        assert len(resumed) == len(at) == 3
        for killed, before, after in zip(at[1:], resumed, resumed[1:], strict=False):
            assert after % QUARTER == 0
            assert killed + minute >= after, "of the window under way, the checkpoint may be there"
            # when a full hour's checkpoint is begun, that of the hour before is on disk; quarters may be left out
            assert after >= max(before, killed // hour * hour - hour)
        assert_same(run, whole)
        kills += at[1:]
        ended.append(run.manifest["result_digest"])
    assert len(kills) == 20
    assert ended == [whole.manifest["result_digest"]] * 10
    assert sum(at > 12 * hour for at in kills) >= 10, "many of them late in the day"


def assert_same(ended, run):
    """A resumed run is the uninterrupted one: digests, indicators and tables."""
    assert ended.manifest["status"] == "complete"
    assert ended.manifest["result_digest"] == run.manifest["result_digest"]
    assert ended.manifest["digests"] == run.manifest["digests"]
    assert ended.indicators == run.indicators
    for table in ("series/link", "restricted/trips", "replay/vehicles"):
        assert ended.table(table).equals(run.table(table)), "no row is lost or written twice"
    assert ended.events().sort_by("event_id").equals(run.events().sort_by("event_id"))


def test_killed_in_the_middle_of_everything_at_once(area, tmp_path):
    """A warm-up, short windows, a closure, a zone, a bus lane and a signal plan in force, drivers who look again on their
    way, signals that the traffic decides, protection that opens and recloses, many calls.
    """
    given = [
        "area.citizens=1000",
        "scenario=closure",
        "run.warm_up='5 h'",
        "run.window='20 s'",
        "run.days=0.6",
        "+scenario.measures.zone={type: car_free_zone, where: {district: Binnenstad}, from: '06:00', until: '13:00'}",
        "+scenario.measures.lane={type: bus_lane, where: {street: busiest}, widen: true, from: '07:00'}",
        "+scenario.measures.plan={type: signal_plan, where: {class: [primary, secondary]}, cycle: 70, until: '12:00'}",
        "domain.vehicles.signals=actuated",
        "domain.vehicles.informed=0.5",
        "domain.grid.overload=0.2",
        "domain.grid.overload_min=10",
        "domain.grid.reclose_min=25",
        "domain.care.urgent_calls=4000",
    ]
    fresh = Simulation(compose(given), area, place=tmp_path / "fresh")
    fresh.run()
    assert fresh.world.recorder.digests()["events/grid"], "breakers opened"

    folder, die = tmp_path / "run", stopping(11 * hour + 40_000, signal.SIGKILL)
    pid = workers.start(lambda: Simulation(compose(given), area, place=folder, checkpoint=QUARTER).run(die))
    assert workers.wait(pid) == -signal.SIGKILL
    again = Simulation.resume(folder, area)
    assert again.world.stop >= 10 * hour
    again.run()
    assert again.manifest["digests"] == fresh.manifest["digests"]
    assert Run(folder).indicators == Run(tmp_path / "fresh").indicators


def test_half_a_checkpoint_falls_back_to_the_one_before(area, whole, tmp_path):
    folder = tmp_path / "run"

    with pytest.raises(KeyboardInterrupt):
        Simulation(compose(TOWN), area, place=folder, checkpoint=QUARTER).run(stopping(12 * hour))
    assert Run(folder).manifest["status"] == "interrupted"
    last = found(folder / "checkpoints")[-1]
    assert time_of(last) == 12 * hour
    last.write_bytes(last.read_bytes()[: last.stat().st_size // 2])
    again = Simulation.resume(folder, area)
    assert 11 * hour <= again.world.stop < 12 * hour, "full hours are always kept"
    assert "cut short or damaged" in again.passed[0]
    again.run()
    assert_same(Run(folder), whole)


def test_an_interrupted_run_without_checkpoints_goes_on_from_where_it_was(area, whole, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        Simulation(compose(TOWN), area, place=tmp_path / "run").run(stopping(9 * hour + 7 * minute, signal.SIGTERM))
    again = Simulation.resume(tmp_path / "run", area)
    assert again.world.stop == 9 * hour + 7 * minute
    again.run()
    assert_same(Run(tmp_path / "run"), whole)
    with pytest.raises(InputError, match="is complete"):
        Simulation.resume(tmp_path / "run", area)


def test_killed_on_the_command_line_and_resumed(tmp_path):
    twin = [sys.executable, "-m", "scenarios.main"]
    place = [f"run.folder={tmp_path}", "run.warm_up='3 h'"]
    first = subprocess.Popen([*twin, "run", *TOWN, *place, "--checkpoint", "15min"], stdout=subprocess.DEVNULL)
    folder = None
    while first.poll() is None and not (folder and len(found(folder / "checkpoints")) > 9):
        time.sleep(0.01)
        folder = next(tmp_path.glob("*/*"), None)
    first.kill()
    first.wait()
    assert folder is not None
    assert json.loads((folder / "manifest.json").read_text())["status"] == "running"
    done = subprocess.run([*twin, "resume", str(folder), "--no-report"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "goes on from" in done.stdout
    fresh = Simulation(compose([*TOWN, "run.warm_up='3 h'"]), place=tmp_path / "fresh")
    fresh.run()
    assert Run(folder).manifest["result_digest"] == fresh.manifest["result_digest"]


# -- what a checkpoint belongs to ----------------------------------------------------------------------------------------


def test_what_tells_of_persons_is_for_the_owner_alone(whole):
    folder = whole.folder
    assert (folder / "journal.jsonl").stat().st_mode & 0o077 == 0
    assert (folder / "checkpoints").stat().st_mode & 0o077 == 0
    assert (folder / "restricted").stat().st_mode & 0o077 == 0


def test_a_run_that_is_under_way_is_not_resumed(area, tmp_path):
    Simulation(compose(TOWN), area, place=tmp_path / "run")
    with pytest.raises(InputError, match="is being written by process"):
        Simulation.resume(tmp_path / "run", area)


def interrupted(area, folder):
    """A run that was interrupted at one o'clock."""
    with pytest.raises(KeyboardInterrupt):
        Simulation(compose(TOWN), area, place=folder).run(stopping(hour))
    return folder


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("seed: 1\n", "seed: 2\n"), "run.seed: 2 now, 1 in the checkpoint"),
        (lambda text: text.replace("from: '17:00'", "from: '18:00'"), "measure failure: is .*18:00.* now, .*17:00"),
        (
            lambda text: text.replace("citizens: 1000", "citizens: 1001"),
            "area.citizens: 1001 now, 1000 in the checkpoint",
        ),
    ],
)
def test_another_configuration_is_refused_with_the_difference(area, tmp_path, change, message):
    folder = interrupted(area, tmp_path / "run")
    config = folder / "config.yaml"
    before = config.read_text()
    config.write_text(change(before))
    assert config.read_text() != before
    with pytest.raises(InputError, match=message):
        Simulation.resume(folder)
    config.write_text(before)
    Simulation.resume(folder, area).run()


def test_another_version_or_code_is_refused_with_the_difference(area, tmp_path, monkeypatch):
    folder = interrupted(area, tmp_path / "run")
    from scenarios import resuming

    now = resuming.versions()
    monkeypatch.setattr(resuming, "versions", lambda: now | {"numpy": "0.9"})
    monkeypatch.setattr(resuming, "code_digest", lambda: "other")
    with pytest.raises(InputError) as error:
        Simulation.resume(folder, area)
    told = [str(fault) for fault in error.value.faults]
    assert any(f"versions.numpy: 0.9 now, {now['numpy']} in the checkpoint" in text for text in told)
    assert any("code.digest: other now" in text for text in told)
    assert len(told) == 2


# -- branches ------------------------------------------------------------------------------------------------------------


def branch(run, at, *overrides):
    from scenarios.resuming import Branch

    origin = Branch.parse(f"{run}@{at}")
    return origin, origin.configuration(compose(list(overrides)), list(overrides))


@pytest.fixture(scope="module")
def weekday(area, tmp_path_factory):
    folder = tmp_path_factory.mktemp("weekday") / "run"
    Simulation(compose(["area.citizens=1000"]), area, place=folder, checkpoint=QUARTER).run()
    return folder


def test_a_branch_at_five_equals_the_same_what_if_from_midnight(area, whole, weekday, tmp_path):
    origin, configuration = branch(weekday, "17:00", "scenario=outage")
    made = Simulation(configuration, area, place=tmp_path / "branch", branch=origin)
    assert made.world.stop == 17 * hour
    made.run()
    assert made.manifest["result_digest"] == whole.manifest["result_digest"]
    mine = Run(tmp_path / "branch")
    assert mine.table("restricted/trips").equals(whole.table("restricted/trips"))
    assert mine.indicators == whole.indicators
    assert mine.manifest["branched"]["at_ms"] == 17 * hour
    again = Run(weekday)
    assert again.manifest["status"] == "complete", "the run that it came from is as it was"


def test_a_branch_holds_nothing_of_what_its_origin_did_later(area, whole, weekday, tmp_path):
    """The outage that the branch does without has left parts of its own: none of them may stay."""
    origin, configuration = branch(whole.folder, "17:00", "scenario=weekday")
    Simulation(configuration, area, place=tmp_path / "branch", branch=origin).run()
    mine, quiet = Run(tmp_path / "branch"), Run(weekday)
    parts = [
        {path.relative_to(run.folder).as_posix() for path in run.folder.rglob("*.parquet")}
        for run in (mine, quiet, whole)
    ]
    assert parts[0] == parts[1]
    assert parts[2] - parts[1], "the origin has parts that the branch must not have"
    assert_same(mine, quiet)


def test_a_branch_between_two_checkpoints_begins_at_the_one_before(area, weekday, tmp_path):
    origin, configuration = branch(weekday, "17:20", "scenario=closure", "run.alternative=''")
    with pytest.raises(InputError, match="begins at 07:00, before the branch at 17:20"):
        Simulation(configuration, area, place=tmp_path / "late", branch=origin)
    assert not (tmp_path / "late").exists()
    origin, configuration = branch(weekday, "06:20", "scenario=closure")
    made = Simulation(configuration, area, place=tmp_path / "early", branch=origin)
    assert made.world.stop == 6 * hour
    made.run()
    fresh = Simulation(compose(["area.citizens=1000", "scenario=closure"]), area, place=tmp_path / "fresh")
    fresh.run()
    assert made.manifest["result_digest"] == fresh.manifest["result_digest"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["scenario=outage", "run.seed=2"], "run.seed: 2 now, 1 in the checkpoint"),
        (["scenario=evening_charging"], "measure cars: begins at 00:00, before the branch at 17:00"),
        (["scenario=outage", "run.alternative=backup_signals"], "measure signals: begins at 00:00"),
        (["scenario=outage", "domain.care.handover=5"], "domain.care.handover: 5.0 now, 12.0 in the checkpoint"),
    ],
)
def test_what_changes_the_hours_before_a_branch_is_refused(area, weekday, tmp_path, overrides, message):
    origin, configuration = branch(weekday, "17:00", *overrides)
    with pytest.raises(InputError, match=message):
        Simulation(configuration, area, place=tmp_path / "run", branch=origin)
    assert not (tmp_path / "run").exists()


WORKS = {"type": "close_street", "where": {"street": "busiest"}}
EARLY, LATE = WORKS | {"from": "02:00", "until": "09:00"}, WORKS | {"from": "08:00", "until": "10:00"}


def test_commands_are_numbered_as_from_midnight_whatever_the_order(area, tmp_path):
    def plan(**measures):
        file = tmp_path / f"{'-'.join(measures)}.yaml"
        file.write_text(yaml.safe_dump({"title": "works", "measures": measures}, sort_keys=False))
        return f"scenario={file}"

    days = "run.days=0.5"
    base = Simulation(
        compose(["area.citizens=1000", days, plan(early=EARLY)]), area, place=tmp_path / "base", checkpoint=hour
    )
    base.run()
    origin, configuration = branch(tmp_path / "base", "06:00", plan(late=LATE, early=EARLY))
    with pytest.raises(InputError, match="stand in another order: late, early now, early in the checkpoint"):
        Simulation(configuration, area, place=tmp_path / "other", branch=origin)
    origin, configuration = branch(tmp_path / "base", "06:00", plan(early=EARLY, late=LATE))
    made = Simulation(configuration, area, place=tmp_path / "made", branch=origin)
    made.run()
    fresh = Simulation(
        compose(["area.citizens=1000", days, plan(early=EARLY, late=LATE)]), area, place=tmp_path / "fresh"
    )
    fresh.run()
    assert made.manifest["digests"] == fresh.manifest["digests"]
    assert "events/vehicles" in fresh.manifest["digests"]


def test_a_run_without_its_journal_is_no_origin(area, weekday, tmp_path):
    shutil.copytree(weekday, tmp_path / "copy")
    (tmp_path / "copy" / "journal.jsonl").unlink()
    with pytest.raises(InputError, match="has no journal"):
        branch(tmp_path / "copy", "17:00", "scenario=outage")[0].checkpoint()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("RUN", "names no time"),
        ("RUN@5pm", "is no time of day"),
        ("nowhere@17:00", "has no manifest.json"),
        ("WEEKDAY@00:20", "has no checkpoint at or before 00:20; allowed: 01:00, 02:00"),
    ],
)
def test_a_branch_that_cannot_be(weekday, text, message):
    from scenarios.resuming import Branch

    with pytest.raises(InputError, match=message):
        Branch.parse(text.replace("WEEKDAY", str(weekday))).checkpoint()


def test_a_checkpoint_interval_that_cannot_be():
    from scenarios.resuming import checkpoint_ms

    configuration = compose(TOWN)
    assert checkpoint_ms("15min", configuration) == QUARTER
    for wrong in ("15", "90 s", "0 min", "often"):
        with pytest.raises(InputError, match="--checkpoint"):
            checkpoint_ms(wrong, replace(configuration))
