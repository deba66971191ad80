"""A sample stands for the whole: its people are consistent, and sums of its runs are those of the whole, within chance."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from scenarios.areas import build
from scenarios.areas.sample import in_words
from scenarios.configuration import compose
from scenarios.experiment import Experiment
from scenarios.simulate import Simulation
from twin.errors import InputError


@pytest.fixture(scope="module")
def whole():
    return build("town", citizens=5000, seed=1)


@pytest.mark.parametrize("share", [0.5, 0.1, 0.02])
def test_people_of_a_sample_are_consistent(whole, share: float) -> None:
    part = build("town", citizens=5000, seed=1, sample=share)
    people, homes = part.people, part.households
    assert list(part.faults()) == []
    inside = people.household >= 0
    assert np.array_equal(inside, people.resident)
    assert np.array_equal(np.bincount(people.household[inside], minlength=len(homes)), homes.size)
    assert np.array_equal(homes.building[people.household[inside]], people.home[inside])
    assert len(homes) == pytest.approx(share * len(whole.households), rel=0.02, abs=len(part.zones))
    assert part.represents * people.resident.sum() == pytest.approx(5000)
    assert part.represents == pytest.approx(1 / share, rel=0.15)
    for table in ("links", "buildings", "places", "connections"):
        assert len(part.tables[table]) == len(whole.tables[table])


def test_the_whole_is_no_sample(whole) -> None:
    assert whole.represents == 1.0
    assert build("town", citizens=5000, seed=1, sample=1.0).digest() == whole.digest()


def test_a_sample_of_a_sample_stands_for_all(tmp_path, whole) -> None:
    build("town", citizens=5000, seed=1, sample=0.5).write(tmp_path / "half")
    part = build("folder", path=tmp_path / "half", sample=0.2)
    assert part.represents * part.people.resident.sum() == pytest.approx(5000)
    assert part.represents == pytest.approx(10, rel=0.15)


def test_a_sample_says_that_it_is_one(whole) -> None:
    part = build("town", citizens=5000, seed=1, sample=0.5)
    assert in_words(whole) == ""
    assert f"stands for {part.represents:.3g}" in in_words(part)
    of = {a: Experiment.cautions.fget(SimpleNamespace(area=a, seeds=range(20), arms=())) for a in (whole, part)}
    assert of[whole] == []
    assert ["all pairs share it" in said for said in of[part]] == [True]


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5, 0.0001])
def test_shares_that_make_no_sample(share: float) -> None:
    with pytest.raises(InputError, match=r"area\.sample"):
        build("town", citizens=2000, seed=1, sample=share)


def test_a_wrong_share_is_told_with_the_other_faults() -> None:
    with pytest.raises(InputError) as caught:
        compose(["area.sample=2", "area.citizens=5"])
    assert {f.where for f in caught.value.faults} == {"area.sample", "area.citizens"}


def test_sums_of_sampled_runs_are_those_of_the_whole(tmp_path) -> None:
    """Eight runs of one in five, until ten in the morning: a z bound, and a cap on the noise."""

    def sums(*options: str) -> dict[str, float]:
        simulation = Simulation(
            compose(
                ["area.citizens=5000", f"run.folder={tmp_path}", "run.record=indicators", "run.days=0.42", *options]
            )
        )
        simulation.run(lambda ms: None)
        return {i.indicator: i.value for i in simulation.indicators if i.level == "area" and not i.group}

    whole = sums()
    found = [sums("area.sample=0.2", f"run.seed={seed}") for seed in range(1, 9)]
    for name in (
        "car_trips",
        "vehicle_km",
        "bicycle_trips",
        "walk_trips",
        "trips_per_person",
        "peak_load",
    ):
        values = np.array([f[name] for f in found])
        error = values.std(ddof=1) / np.sqrt(len(values))
        assert error < 0.03 * whole[name]
        # one draw of households for all eight: 5 % of room for it
        assert abs(values.mean() - whole[name]) < 3.5 * error + 0.05 * whole[name]
