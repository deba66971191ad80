"""Overrides, groups, scenario files: what is read back rightly, and what is refused with its remedy."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenarios.configuration import compose, scenario_names
from scenarios.overrides import parse
from twin.errors import InputError

WRONG = {
    "run.dayz=1": "run.dayz: unknown key.*did you mean days",
    "area.citizns=1000": "area.citizns: unknown key.*did you mean citizens",
    "domain.gird.load_factor=2": "domain.gird: unknown type 'gird'.*did you mean grid",
    "domain.grid.load_facter=2": "domain.grid.load_facter: unknown key.*did you mean load_factor",
    "domain.grid.load_factor=-1": "domain.grid.load_factor: is -1.*greater than or equal to 0",
    "nothing.at.all=1": "nothing: unknown key; allowed: run, area, domain, scenario",
    "run.days=0": "run.days: is 0; allowed: greater than 0",
    "run.days=-1": "run.days: is -1",
    "run.days=abc": "run.days: is 'abc'; allowed: a number",
    "run.days=1e-9": "less than one window",
    "run.seed=-1": "run.seed: is -1",
    "run.seed=1.5": "run.seed: is 1.5; allowed: a whole number",
    "run.seed=1,2": "run.seed: has several values",
    "run.seed=${nothing}": "run.seed.*nothing",
    "run.start=2025-13-01": 'run.start: .*write it as "2025-03-11"',
    "run.start=2025": "run.start: ",
    "run.time_zone=Mars": "'Mars' is no time zone",
    "run.warm_up=2": 'run.warm_up: 2 is no duration; write a number and a unit, as "2 h"',
    "run.warm_up=-2 h": "negative",
    "run.warm_up=2 d": "leaves nothing of 1 days",
    "run.window=7 s": "no whole part of a minute",
    "run.record=nothing": "run.record: is 'nothing'; allowed: full, indicators",
    "run.owner=3": "run.owner: is 3; allowed: a text, in quotes",
    "run.cut=3": "run.cut: is 3; allowed: a list",
    "run.cut=[power.signal]": "no coupling is called 'power.signal'; allowed: .*traffic.care.*did you mean power.signals",
    "run.alternative=x": "run.alternative: the scenario has no alternative 'x'",
    "run=3": "run: is 3; allowed: a mapping",
    "area.citizens=999": "a whole number from 1,000 to 1,000,000",
    "area.citizens=2000000": "a whole number from 1,000 to 1,000,000",
    "area.citizens=2.5": "a whole number",
    "area.citizens=true": "a whole number",
    "area=twon": "unknown area 'twon'.*town.*did you mean town",
    "area=": "unknown area ''",
    "scenario=outge": "unknown scenario 'outge'.*did you mean outage",
    "scenario=none.yaml": "none.yaml: cannot be read",
    "scenario.title=[1]": "scenario.title",
    "area=folder": "area.path: is missing; allowed: a path.*area=path/to/area",
    "area.type=folder": "area.path: is missing",
    "area.type=nothing": "area.type: is 'nothing'; allowed: town",
    "~area": "area.type: is None",
    "run.folder=": "run.folder",
    "run.start=9999-12-31": "no date from 1900",
    "domain=3": "unknown domain '3'",
    "domain.grid=3": "domain.grid: is 3",
    "domain.grid=null": "domain.vehicles: reads grid.*no domain 'grid'; remedy: keep domain.grid",
    "~domain.grid": "domain.care: reads grid",
    "~domain.grd": "nothing to delete.*did you mean grid",
    "+domain.mine=nonsense": "domain.mine: unknown type 'nonsense'",
    "+domain.mine=grid": "has the name 'grid'",
    "outage": "outage: is not key=value.*write scenario=outage",
    "plan.yaml": "write scenario=plan.yaml",
    "days": "days: is not key=value",
    "a=b=c": "a=b=c: cannot be read",
    "run.days={1}": "cannot be read",
    ".=3": "cannot be read",
    "=3": "is no key",
    "run@x=3": "is no key|cannot be read",
}


@pytest.mark.parametrize("override", WRONG)
def test_one_wrong_override(override):
    with pytest.raises(InputError, match=WRONG[override]) as raised:
        compose([override])
    assert all("Traceback" not in str(fault) for fault in raised.value.faults)


def test_all_faults_at_once():
    with pytest.raises(InputError) as raised:
        compose(
            ["run.dayz=1", "area.citizens=5", "domain.care.x=1", "outage", "run.seed=a", "run.owner=a", "run.owner=b"]
        )
    assert {fault.where for fault in raised.value.faults} == {
        "run.dayz", "area.citizens", "domain.care.x", "outage", "run.seed", "run.owner",
    }  # fmt: skip


def test_a_refused_group_takes_its_values_with_it():
    with pytest.raises(InputError) as raised:
        compose(["scenario=outge", "scenario.measures.failure.for=4 h"])
    assert [fault.where for fault in raised.value.faults] == ["scenario"]


def test_a_key_given_twice():
    with pytest.raises(InputError, match=r"run.seed: is given twice: run.seed=1 and run.seed=2"):
        compose(["run.seed=1", "run.seed=2"])


def test_overrides_of_a_measure():
    assert (
        compose(["scenario=outage", "scenario.measures.failure.for='4 h'"]).measures["failure"].lasting == 4 * 3_600_000
    )
    changed = compose(["scenario=outage", "scenario.measures.failure.from=08:15"]).measures["failure"]
    assert changed.start == 8.25 * 3_600_000
    added = compose(["+scenario.measures.cars={type: electric_cars, share: 60 %}"])
    assert added.domains["vehicles"][1].electric_share == 0.6


def test_a_scenario_file_with_further_overrides(tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        'title: Mine\nmeasures:\n  a: {type: close_street, where: {street: busiest}, from: "07:00", for: 2 h}\n'
        "alternatives:\n  longer:\n    b: {type: electric_cars, share: 10 %}\n"
    )
    found = compose([f"scenario={plan}", "scenario.measures.a.for=4 h", "area.citizens=1000", "run.seed=5"])
    assert (found.scenario_name, found.scenario.name, found.run.seed) == ("plan", "Mine", 5)
    assert found.measures["a"].end == 11 * 3_600_000
    assert list(compose([f"scenario={plan}", "run.alternative=longer"]).measures) == ["a", "b"]


def test_an_area_by_its_path_and_the_area_of_a_scenario(tmp_path):
    (tmp_path / "mine").mkdir()
    assert compose([f"area={tmp_path}/mine"]).area == {"type": "folder", "path": f"{tmp_path}/mine"}
    plan = tmp_path / "plan.yaml"
    plan.write_text(f"area: {tmp_path}/mine\n")
    assert compose([f"scenario={plan}"]).area["path"] == f"{tmp_path}/mine"
    assert compose([f"scenario={plan}", "area=town"]).area["type"] == "town"
    plan.write_text("area: nowhere\n")
    with pytest.raises(InputError, match="unknown area 'nowhere'"):
        compose([f"scenario={plan}"])


def test_configuration_groups_of_ones_own(tmp_path):
    (tmp_path / "scenario").mkdir()
    (tmp_path / "scenario" / "mine.yaml").write_text("title: Mine\n")
    assert compose(["scenario=mine"], str(tmp_path)).scenario.name == "Mine"
    (tmp_path / "scenario" / "mine.yaml").write_text("title: [\n")
    with pytest.raises(InputError):
        compose(["scenario=mine"], str(tmp_path))
    with pytest.raises(InputError, match="--config-dir"):
        compose([], str(tmp_path / "none"))


def test_every_scenario_of_ours_is_valid():
    assert "outage" in scenario_names()
    for name in scenario_names():
        found = compose([f"scenario={name}"])
        for alternative in found.scenario.alternatives:
            compose([f"scenario={name}", f"run.alternative={alternative}"])


FILES = {
    "": "is not a mapping",
    "- 1": "is not a mapping",
    "text": "is not a mapping",
    "a: [": "line 1|line 2",
    "title: x\ntitle: y": "line 2.*duplicate key title",
    "titel: x": "scenario.titel: unknown key.*did you mean title",
    "title: ${oc.env:NO_SUCH_VARIABLE}": "title",
    'measures:\n  a: {type: close_street, where: {street: x}, from: 17:00, for: 1 h}': '17:00.*1020.*write "17:00" with quotes',
    'measures:\n  a: {type: close_street, where: {district: 0503}, from: "17:00", for: 1 h}': 'line 2: 0503.*323.*write "0503"',
    'measures:\n  a: {type: close_street, where: {district: 503}, from: "17:00", for: 1 h}': "503 is no name.*quotes",
    "a: &x {b: *x}": "is no YAML",
    "? [1, 2]\n: 3": "is no YAML",
    "a: 1\n---\nb: 2": "is no YAML",
    "a: !!python/object:os.system x": "is no YAML",
    "measures: 3": "scenario.measures: is 3; allowed: a mapping",
    "measures: {a: 3}": "scenario.measures.a: is 3",
    "alternatives: {a: {b: {type: electric_cars, share: 2}}}": "scenario.alternatives.a.b.share: 2 is no share",
    "measures: {a: {type: electric_cars, share: 1}}\nalternatives: {x: {a: {type: electric_cars, share: 1}}}": "has the name of",
}  # fmt: skip


@pytest.mark.parametrize("text", FILES)
def test_one_wrong_scenario_file(tmp_path, text):
    plan = tmp_path / "plan.yaml"
    plan.write_text(text)
    with pytest.raises(InputError, match=FILES[text]):
        compose([f"scenario={plan}"])


def test_a_scenario_file_that_is_no_text(tmp_path):
    (tmp_path / "plan.yaml").write_bytes(bytes(range(128, 256)))
    with pytest.raises(InputError, match="is no YAML"):
        compose([f"scenario={tmp_path}/plan.yaml"])
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        compose([f"scenario={tmp_path}/folder.yaml"])


PIECES = ["run.", "seed", "days", "=", "1", "-", "scenario", "outage", "domain.", "grid", "area", ".", "{", "}", "[", "]",
          "'", '"', "$", "~", "+", ",", ":", " ", "null", "measures", "\\", "@", "%", "é", "\n", "(", "range(1,2)"]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text(max_size=12)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TEXTS, max_size=3))
def test_no_text_breaks_the_parser(texts):
    overrides, faults = parse(texts, ["outage"])
    assert len(overrides) + len(faults) == len(texts)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["run.seed=1", "scenario=outage", "domain.grid.load_factor=1.0", "area.citizens=1000", "+domain.x=grid",
                     "scenario.measures={a: {type: electric_cars, share: 0.5}}"]),
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from(PIECES)), min_size=1, max_size=3),
)  # fmt: skip
def test_a_corrupted_override_is_fine_or_an_input_error(text, changes):
    for place, piece in changes:
        text = text[: place % len(text)] + piece + text[place % len(text) + 1 :]
    with suppress(InputError):
        compose([text])
