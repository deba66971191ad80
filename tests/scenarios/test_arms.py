"""What a scenario is compared with, and the names of arms."""

import re
from pathlib import Path

import pytest

from scenarios.arms import NO_MEASURES, arms_of
from scenarios.experiment import Experiment
from twin.errors import InputError

README = Path(__file__).resolve().parents[2] / "README.md"
SMALL = ("area.citizens=1000", "run.days=0.125")


@pytest.fixture
def plan(tmp_path):
    """The plan.yaml of the README without its base."""
    text = re.search(r"<!-- file: plan.yaml -->\n```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.S).group(1)
    (tmp_path / "plan.yaml").write_text(re.sub("^base:.*\n", "", text, flags=re.M))
    return str(tmp_path / "plan.yaml")


def test_a_plan_without_a_base_is_compared_with_the_same_world_without_measures(plan, tmp_path):
    market = ('scenario.measures.market.from="01:00"', 'scenario.measures.market.until="02:00"')
    overrides = (*SMALL, *market, 'scenario.measures.failure.from="01:30"', "scenario.measures.failure.for=30 min")
    base, scenario = arms_of(plan, overrides)
    assert (base.name, base.configuration.scenario_name, list(base.configuration.measures)) == ("base", NO_MEASURES, [])
    assert list(scenario.configuration.measures) == ["market", "failure"]
    made = Experiment([base, scenario], replications=2, processes=1, out=tmp_path / "made")
    (dark,) = made.run()["outage_customer_hours"].by("area")
    assert (dark["n"], dark["baseline"], dark["difference"] > 0) == (2, 0.0, True)
    assert made.manifest["base"] == NO_MEASURES


def test_a_scenario_without_base_and_measures_is_compared_with_itself():
    base, scenario = arms_of("weekday", SMALL)
    assert base.configuration == scenario.configuration


def test_a_base_with_the_same_measures_is_refused(plan):
    with pytest.raises(InputError, match=r"^scenario\.base: \S*plan\.yaml has the same measures as plan; .*leave base"):
        arms_of(plan, [SMALL[0], f"+scenario.base={plan}"])


@pytest.mark.parametrize("name", ["café", "a b", ".hidden", "-dash", "x" * 61, "a/b"])
def test_names_that_no_line_or_folder_can_carry_are_refused(tmp_path, name):
    (tmp_path / "plan.yaml").write_text(f"alternatives: {{'{name}': {{}}}}\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        arms_of(str(tmp_path / "plan.yaml"))
    assert [fault.what for fault in error.value.faults] == ["the name cannot be that of an arm's folder"]


def test_the_longest_name_is_an_arm(tmp_path):
    (tmp_path / "plan.yaml").write_text(f"alternatives: {{{'x' * 60}: {{}}}}\n")
    names = [arm.name for arm in arms_of(str(tmp_path / "plan.yaml"))]
    assert names == ["base", "x" * 60], "a scenario without measures would be the base once more"
