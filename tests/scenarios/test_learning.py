"""Learning from day to day: towards the equilibrium that can be computed by hand, and a file that all arms share."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest

from agents.vehicles.config import VehiclesConfig
from agents.vehicles.domain import CAR, Vehicles
from agents.vehicles.learned import SLICES, Learned, Plans, groups
from scenarios.arms import arms_of
from scenarios.assembly import build_area, build_world
from scenarios.configuration import compose
from scenarios.experiment import Experiment
from scenarios.learning import days, learn, place, teach
from scenarios.resuming import Branch
from scenarios.simulate import Simulation
from tests.agents.vehicles.test_domain import Citizens, Grid
from tests.agents.vehicles.test_routes import corridors
from twin.clock import day, hour, minute
from twin.dijkstra import BLOCKED
from twin.errors import InputError
from twin.network import Network, Router
from twin.recording import Recorder, Run
from twin.world import World

TOWN = ["area.citizens=1000", "run.days=0.4"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def area():
    return build_area(compose(TOWN))


# -- towards an equilibrium ----------------------------------------------------------------------------------------------


def bottlenecks(number, cars=1350, every=2000):
    """Days on two ways of one length whose bottlenecks let 0.3 and 0.15 cars/s through, at 0.5 cars/s for 45 min."""
    ends = [(0, 1), (1, 2), (2, 4), (1, 3), (3, 4), (4, 5)]
    area = corridors(ends=ends, length=[200, 4000, 200, 4000, 200, 200], capacity=[3, 3, 0.3, 3, 0.15, 3])
    seen = []

    def live_through(learned, observer):
        citizens = Citizens([(every * i, i, CAR, 0, 5) for i in range(cars)])
        vehicles = Vehicles(VehiclesConfig(jam_density=0.5))
        vehicles.learned, vehicles.observer = learned, observer
        world = World(area, [citizens, vehicles, Grid()], recorder=Recorder(None))
        over = np.zeros(len(ends))
        while world.stop < 2 * hour:
            world.run(world.stop + minute)
            over += 60.0 * vehicles.flow
        seen.append((over[2] / (over[2] + over[4]), observer))
        return world

    gaps = [gap for gap, _ in days(number, 1, live_through)]
    assert all(gap.trips == gap.of == cars for gap in gaps)
    return [gap.relative for gap in gaps], seen


def test_two_bottlenecks_share_the_cars_as_their_capacities():
    """Vickrey's bottlenecks side by side: with equal free times their delays are equal, so flows are as capacities."""
    gaps, seen = bottlenecks(16)
    late, shares = seen[-5:], [share for share, _ in seen]
    assert np.mean(shares[-5:]) == pytest.approx(0.3 / 0.45, abs=0.03)
    assert abs(shares[1] - 0.3 / 0.45) > 0.1, "on the second day too many take what was quicker on the first"
    assert np.mean(gaps[-5:]) < 0.15 * np.mean(gaps[:2])
    times = np.mean([observer.observed()[:3] for _, observer in late], axis=0)  # the quarters in which cars set out
    north, south = times[:, 1] + times[:, 2], times[:, 3] + times[:, 4]
    assert north == pytest.approx(south, rel=0.15), "the delays of both ways are equal, in each quarter"
    # at 0.5 cars/s into 0.45 the queue grows by 45 s in each quarter, whichever way one takes
    assert (north - 4200 / 13.9)[1:] == pytest.approx([100 + 50, 200 + 50], abs=60)


def test_the_gap_falls_from_day_to_day_in_a_congested_town():
    configuration = compose(["area.citizens=3000", "run.days=0.4", "domain.vehicles.signals=fixed"])
    area = build_area(configuration)
    area.links.capacity[:] *= 0.2

    def live_through(learned, observer):
        world = build_world(configuration, area, prepare=lambda domains: teach(domains, learned, observer))
        world.run(9 * hour)
        assert all(law.holds for law in world.balances())
        return world

    gaps = [gap for gap, _ in days(5, 1, live_through)]
    assert gaps[-1].relative < 0.5 * gaps[0].relative
    assert gaps[-1].spent < gaps[0].spent


def test_an_uncongested_town_has_no_gap():
    gaps, _ = bottlenecks(2, cars=40, every=20_000)
    assert gaps == pytest.approx([0.0, 0.0], abs=1e-4)


# -- groups and their routes ---------------------------------------------------------------------------------------------


def test_the_latest_day_counts_as_much_as_each_before():
    group = groups(5, np.arange(40_000), 6)
    share = np.bincount(group, minlength=6) / len(group)
    assert share == pytest.approx([2 / 7, *[1 / 7] * 5], abs=0.01)
    before = groups(5, np.arange(40_000), 5)
    moved = group != before
    assert (group[moved] == 5).all(), "who does not think it over keeps to what he expected"


def test_each_person_goes_by_the_times_of_group_and_quarter():
    rng = np.random.default_rng(2)
    n, links, persons = 25, 140, 60
    network = Network(n, rng.integers(0, n, links), rng.integers(0, n, links))
    times = rng.uniform(5.0, 90.0, (3, SLICES, links)).astype(np.float32)
    plans = Plans(network, Learned(times, network.rows, 1), persons, np.ones(links))
    live = Router(network, np.full(links, 7))
    ends, group = rng.integers(0, n, (2, persons)), rng.integers(-1, 3, persons)
    shut = rng.random(links) < 0.1

    def weights(ms):
        return np.where(shut, BLOCKED, ms)

    for now in (0, 7 * hour + 16 * minute, day + hour):
        ptr, found, ms = plans.paths(*ends, group, now, live, weights)
        quarter = now % day // (15 * minute)
        for i in range(persons):
            expected = np.full(links, 7)
            if group[i] >= 0:
                expected = weights(np.rint(times[group[i], quarter].astype(float) * 1000).astype(int))
            best, _ = network.path(expected, *ends[:, i])
            assert ms[i] == best
            assert best < 0 or expected[found[ptr[i] : ptr[i + 1]]].sum() == best
        again = rng.permutation(persons)
        other = plans.paths(*ends[:, again], group[again], now, live, weights)
        assert (other[2] == ms[again]).all()


def test_what_a_measure_builds_is_expected_to_be_free():
    times = np.arange(2 * SLICES * 3, dtype=np.float32).reshape(2, SLICES, 3)
    learned = Learned(times, np.array([0, 2, 5]), 1)
    network = Network(2, [0] * 4, [1] * 4, rows=[0, 2, 5, 9])
    found = learned.of(network, np.array([1.0, 1.0, 1.0, 44.0]))
    assert (found[..., :3] == times).all()
    assert (found[..., 3] == 44.0).all()


def test_who_sets_out_by_learned_times_knows_of_a_limit_of_speed():
    """Two ways, the second by a tenth longer; a limit of half the speed on the first adds as much to what was learned."""
    ends = [(0, 1), (1, 2), (2, 4), (1, 3), (3, 4), (4, 5)]
    area = corridors(ends=ends, length=[200, 2000, 2000, 2200, 2200, 200])
    free = area.links.length / area.links.speed
    took = []
    for slow in (False, True):
        citizens, vehicles = Citizens([(minute, 0, CAR, 0, 5)]), Vehicles(VehiclesConfig())
        vehicles.learned = Learned(np.tile(free.astype(np.float32), (1, SLICES, 1)), np.arange(6), 1)
        world = World(area, [citizens, vehicles, Grid()], recorder=Recorder(None))
        if slow:
            world.post("vehicles.limit_speed", at=0, subject=1, value=13.9 / 2)
        world.run(hour)
        took += [(time - minute) / 1000.0 for *_, time in citizens.heard["arrived"]]
    assert took == pytest.approx([4400.0 / 13.9, 4800.0 / 13.9], abs=0.01)


# -- the file ------------------------------------------------------------------------------------------------------------


def test_the_file_is_made_once_and_the_same_again(area):
    told = []
    given = compose([*TOWN, "run.learning=3"])
    configuration = learn(given, area, told=told.append)
    file = place(configuration.run.learned)
    first = file.read_bytes()
    assert [re.match(r"learning, day (\d) of 3: relative gap -?\d+\.\d\d % \(", line)[1] for line in told] == [*"123"]
    assert learn(given, area, told=told.append).run.learned == configuration.run.learned
    assert len(told) == 3, "it is found, and not learned again"
    file.unlink()
    learn(given, area)
    assert file.read_bytes() == first
    assert not list(file.parent.glob(".*"))


def test_its_name_tells_what_it_depends_on(area):
    def name(*more, learning=3, days=0.4):
        from scenarios.learning import named

        return named(compose([TOWN[0], f"run.days={days}", f"run.learning={learning}", *more]), area).run.learned

    first = name()
    same = [("scenario=closure",), ("run.record=indicators",), ("run.folder=elsewhere",), ("run.owner=me",)]
    assert {name(*more) for more in same} == {first}
    other = [
        ("run.seed=2",),
        ("domain.vehicles.informed=0.2",),
        ("run.window=30 s",),
        ("run.cut=[power.signals]",),
    ]
    assert len({first, name(learning=4), name(days=0.5), *(name(*more) for more in other)}) == 3 + len(other)
    assert name(days=1) == name(days=3), "a day is learned, however many follow"


def test_arms_and_seeds_share_it_and_their_manifests_say_so(area, tmp_path):
    arms = arms_of("closure", [*TOWN, "run.learning=2"])
    told = []
    experiment = Experiment(arms, replications=2, processes=1, out=tmp_path / "out", area=area, told=told.append)
    experiment.run()
    assert not experiment.failures
    assert len(told) == 2
    manifests = [json.loads(path.read_text()) for path in (tmp_path / "out").rglob("manifest.json")]
    assert len(manifests) == 2 * len(arms)
    assert len({json.dumps(manifest["learned"], sort_keys=True) for manifest in manifests}) == 1
    learned = manifests[0]["learned"]
    assert learned["seed"] == 1
    assert len(learned["gaps"]) == learned["days"] == 2
    assert [file.stem for file in place("x").parent.iterdir()] == [learned["name"]]


def test_a_run_goes_on_and_branches_with_what_it_learned_and_refuses_without(area, tmp_path):
    more = ["run.learning=2", "domain.vehicles.informed=0.5"]
    whole = Simulation(compose([*TOWN, *more]), area, place=tmp_path / "whole")
    whole.run()
    cut = Simulation(compose([*TOWN, *more]), area, place=tmp_path / "cut", checkpoint=hour)

    def stop(ms):
        if ms == 8 * hour + 15 * minute:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut.run(stop)
    file = place(whole.configuration.run.learned)
    aside = shutil.move(file, tmp_path / "aside.npz")
    branch = Branch(tmp_path / "cut", 8 * hour)
    for again in (
        lambda: Simulation.resume(tmp_path / "cut", area),
        lambda: Simulation(branch.configuration(compose(["scenario=closure"]), []), area, branch=branch),
    ):
        with pytest.raises(InputError, match=r"run.learned .* is not in .*run the same from the start"):
            again()
    shutil.move(aside, file)
    again = Simulation.resume(tmp_path / "cut", area)
    again.run()
    assert again.manifest["result_digest"] == whole.manifest["result_digest"]
    assert Run(tmp_path / "cut").manifest["learned"] == Run(tmp_path / "whole").manifest["learned"]


def test_wrong_learning_is_refused(area):
    with pytest.raises(InputError, match="2 or more"):
        compose([*TOWN, "run.learning=1"])
    with pytest.raises(InputError, match="nothing has been learned"):
        build_world(compose([*TOWN, "run.learning=2"]), area)
    with pytest.raises(InputError, match="no domain vehicles"):
        learn(
            compose(
                [
                    *TOWN,
                    "run.learning=2",
                    "~domain.vehicles",
                    "~domain.transit",
                    "~domain.care",
                    "~domain.citizens",
                    "~domain.grid",
                ]
            ),
            area,
        )
    known = learn(compose([*TOWN, "run.learning=2"]), area).run.learned
    with pytest.raises(InputError, match="times of the same area and as many hours"):
        build_world(compose(["area.citizens=1000", f"run.learned={known}"]), area)
    place(known).write_bytes(b"no such file")
    with pytest.raises(InputError, match="delete it"):
        build_world(compose([*TOWN, f"run.learned={known}"]), area)
