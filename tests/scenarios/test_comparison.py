"""Comparison: order, verdicts, errors, and reading back what was written."""

from __future__ import annotations

import csv
import json
import math
import random
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenarios.comparison import BLANKED, COLUMNS, CSV, PARQUET, Comparison
from twin.errors import InputError

SEEDS = range(1, 13)


def row(indicator, value, code="", better="lower", residents=-1, **more):
    level = "neighbourhood" if code else "area"
    about = {"indicator": indicator, "value": value, "unit": "h", "level": level, "code": code, "group": "", "n": 3}
    return about | {"better": better, "label": indicator.title(), "norm": None, "residents": residents} | more


def arm(shift=0.0, seeds=SEEDS):
    """Delay rises everywhere with `shift`, most in B; reach falls; the crowd has no better way; calm stays."""
    return {
        seed: [
            row("delay", 100.0 + seed + shift + 0.1 * shift * math.sin(seed)),
            row("delay", 10.0 + 0.2 * shift + 0.01 * shift * math.sin(seed), "A", residents=200),
            row("delay", 10.0 + 2.0 * shift + 0.1 * shift * math.sin(seed), "B", residents=300),
            row("delay", 10.0 + 3.0 * shift, "C", residents=4),
            row("reach", 90.0 + 0.5 * shift + 0.01 * shift * math.cos(seed), better="higher", unit="%"),
            row("crowd", 5.0 + shift, better=""),
            row("calm", 7.0 + seed),
            *([row("seldom", 3.0)] if seed < 4 else []),
        ]
        for seed in seeds
    }


@pytest.fixture(scope="module")
def found():
    return Comparison.of(arm(), {"outage": arm(5.0)}, watch=["delay"])


def verdict(found, indicator, code=""):
    (one,) = [r for r in found if r["indicator"] == indicator and r["code"] == code]
    return one["verdict"]


def test_losers_come_first_and_say_what_became_of_them(found):
    assert verdict(found, "delay") == "worse"
    assert verdict(found, "reach") == "better"
    assert verdict(found, "crowd") == "more"
    assert verdict(found, "calm") == "no clear difference"
    assert verdict(found, "seldom") == "no clear difference"
    assert [(r["indicator"], r["code"]) for r in found] == [
        ("delay", "B"),
        ("delay", "A"),
        ("delay", ""),
        ("reach", ""),
        ("crowd", ""),
        ("calm", ""),
        ("seldom", ""),
        ("delay", "C"),
    ]
    (whole,) = found["delay"].by("area")
    assert whole["baseline"] == pytest.approx(106.5)
    assert whole["difference"] == pytest.approx(5.0, abs=0.1)
    assert whole["low"] < whole["difference"] < whole["high"]
    assert list(whole) == list(COLUMNS)
    assert found["crowd"].rows[0]["method"] == "exact"


def test_harm_from_nothing_comes_before_harm_relative_to_something():
    base = {s: [row("some", 1.0), row("none", 0.0), row("none", 0.0, "A")] for s in SEEDS}
    other = {s: [row("some", 9.0), row("none", 2.0), row("none", 1.0, "A")] for s in SEEDS}
    order = [(r["indicator"], r["code"]) for r in Comparison.of(base, {"x": other})]
    assert order == [("none", ""), ("none", "A"), ("some", "")]


def test_order_of_rows_runs_and_alternatives_changes_nothing(found):
    shuffle = random.Random(3).shuffle

    def mixed(runs):
        seeds = list(runs)
        shuffle(seeds)
        made = {seed: list(runs[seed]) for seed in seeds}
        for rows in made.values():
            shuffle(rows)
        return made

    both = {"outage": arm(5.0), "backup": arm(2.0)}
    backwards = {name: mixed(both[name]) for name in reversed(both)}
    assert Comparison.of(arm(), both) == Comparison.of(mixed(arm()), backwards)
    assert Comparison.of(mixed(arm()), {"outage": mixed(arm(5.0))}, watch=["delay"]) == found


def test_identical_arms_differ_by_exactly_nothing():
    same = Comparison.of(arm(), {"same": arm()})
    shown = same.shown()[0]
    assert {r["difference"] for r in shown} == {0.0}
    assert {r["low"] for r in shown} | {r["high"] for r in shown} == {0.0}
    assert {r["verdict"] for r in shown} == {"no clear difference"}


def test_seeds_of_one_arm_only_are_left_out():
    assert {r["n"] for r in Comparison.of(arm(), {"outage": arm(5.0, range(5, 40))}) if r["indicator"] == "calm"} == {8}


@pytest.mark.parametrize("lost", [(), (1,), (4, 7)])
def test_runs_are_paired_by_their_seed_whatever_is_missing_and_in_any_order(lost):
    """Luck differs much more between seeds than the measure does: any other pairing shows another difference."""
    base = {seed: [row("delay", 100.0 * seed**2)] for seed in SEEDS if seed not in lost}
    other = {seed: [row("delay", 100.0 * seed**2 + 5.0)] for seed in reversed(SEEDS) if seed != 9}
    for pair in ((base, other), (other, base)):
        (found,) = Comparison.of(pair[0], {"other": pair[1]})
        assert {found["low"], found["difference"], found["high"]} == {5.0 if pair[0] is base else -5.0}
        assert (found["n"], found["method"]) == (len(SEEDS) - len({9, *lost}), "exact")


def test_parts(found):
    assert len(found["delay"]) == 4
    assert {r["code"] for r in found.by("neighbourhood")} == {"A", "B", "C"}
    assert [r["code"] for r in found["delay"].by("neighbourhood").worst(2)] == ["B", "A"]
    assert not len(found["calm"].worst(3))
    with pytest.raises(InputError, match="did you mean delay"):
        found["dellay"]
    with pytest.raises(InputError, match="neighbourhood"):
        found.by("neighborhood")


def test_summary_answers_the_watched_and_withholds_few_residents(found):
    text = found.summary()
    assert "worse" in text
    assert "Delay" in text
    assert "Crowd" not in text
    assert "Crowd" in Comparison(found.rows).summary()
    cells = found.by("neighbourhood")
    assert "1 of 3 cells is withheld, because it rests on fewer than 10 residents." in cells.summary()
    shown, hidden = cells.shown()
    assert ([r["code"] for r in shown], hidden) == (["B", "A"], 1)


def test_what_is_withheld_is_known_nowhere_but_was_counted(found, tmp_path):
    (cell,) = [r for r in found if r["code"] == "C"]
    assert (cell["verdict"], cell["method"], cell["residents"], cell["n"]) == ("withheld", "", 4, 12)
    assert all(math.isnan(cell[name]) for name in BLANKED)
    found.write(tmp_path)
    assert "15.0" not in (tmp_path / CSV).read_text()
    assert Comparison.read(tmp_path) == found
    whole = Comparison.of(arm(), {"outage": arm(5.0)}, watch=["delay"], least_residents=1)
    assert verdict(whole, "delay", "C") == "worse"
    others = [repr(r) for r in whole if r["code"] != "C"]
    assert others == [repr(r) for r in found][:-1], "it counts among the cells that were looked at"


def test_watched_indicators_are_called_among_many_others():
    def many(shift):
        noise = random.Random(9)
        return {
            seed: [row("asked", shift * (1 + 0.1 * math.sin(seed)))]
            + [
                row("other", noise.gauss(0, 1) + shift * noise.gauss(0, 1), f"{k:03d}", residents=99)
                for k in range(300)
            ]
            for seed in range(9)
        }

    blind, asked = (Comparison.of(many(0.0), {"x": many(1.0)}, watch=watch)["asked"] for watch in ((), ("asked",)))
    assert blind.rows[0]["verdict"] == "too few to tell"
    assert asked.rows[0]["verdict"] == "worse"


@pytest.mark.parametrize(
    ("base", "others", "said"),
    [
        ({}, {"x": {1: [row("a", 1.0)]}}, "base: has no finished run"),
        ({1: [row("a", 1.0)]}, {}, "alternatives: there is none"),
        ({1: [row("a", 1.0)]}, {"x": {}}, "x: has no finished run"),
        ({1: [row("a", 1.0)]}, {"x": {2: [row("a", 1.0)]}}, "shares no seed"),
        ({1: [row("a", 1.0)] * 2}, {"x": {1: [row("a", 1.0)]}}, "base, seed 1: a / area: is there twice"),
        ({1: [row("a", 1.0)]}, {"x": {1: [row("a", 1.0, unit="min")]}}, "unit is 'min'"),
        ({1: [row("a", 1.0)]}, {"x": {1: [row("a", "many")]}}, "'many' is no number"),
    ],
)
def test_faults_are_said_in_one_sentence_each(base, others, said):
    with pytest.raises(InputError, match=said):
        Comparison.of(base, others)


def test_every_fault_is_said_at_once():
    with pytest.raises(InputError) as raised:
        Comparison.of({1: [row("a", 1.0)] * 2}, {"x": {1: [row("b", "no")]}, "y": {1: [row("c", "no")]}})
    assert len(raised.value.faults) == 3


def test_runs_without_any_indicator_give_an_empty_comparison(tmp_path):
    empty = Comparison.of({1: [], 2: []}, {"x": {1: [], 2: []}}, watch=["delay"])
    empty.write(tmp_path)
    assert len(Comparison.read(tmp_path)) == 0
    assert Comparison.read(tmp_path) == empty
    assert empty.summary()


def test_cell_rests_on_the_fewest_residents_of_any_run():
    some = {s: [row("a", 1.0, "Z", residents=20 - s)] for s in SEEDS}
    assert Comparison.of(some, {"x": some}).rows[0]["residents"] == 8


# -- writing and reading -----------------------------------------------------------------------------------------------

words = st.text(string.printable + "éß,;\"'<&\n", max_size=8)
numbers = st.floats(allow_nan=True, allow_infinity=False)
cells = st.fixed_dictionaries(
    {
        name: words if column.dtype == "str" else st.integers(-1, 10**12) if column.dtype == "int64" else numbers
        for name, column in COLUMNS.items()
    }
)


@given(st.lists(cells, max_size=6), st.lists(words, max_size=2), st.integers(0, 99))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reading_back_loses_nothing(tmp_path, rows, watch, least):
    written = Comparison(rows, watch, least)
    written.write(tmp_path)
    read = Comparison.read(tmp_path)
    assert read == written
    with (tmp_path / CSV).open(encoding="utf-8", newline="") as file:
        for line, one in zip(csv.DictReader(file), written, strict=True):
            for name, column in COLUMNS.items():
                if column.dtype == "float64":
                    assert (line[name] == "") == math.isnan(one[name])
                    assert line[name] == "" or float(line[name]) == one[name]
                elif column.dtype == "str":
                    assert line[name] == one[name]


def test_equal_rows_give_equal_bytes_and_nothing_partial_stays(found, tmp_path):
    found.write(tmp_path / "a")
    Comparison.read(tmp_path / "a").write(tmp_path / "b")
    for name in (PARQUET, CSV):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert sorted(f.name for f in (tmp_path / "b").iterdir()) == [CSV, PARQUET]


def test_json_and_table_hold_every_row(found):
    rows = json.loads(found.to_json())
    assert len(rows) == len(found)
    assert rows[-1]["p_adjusted"] is None or math.isfinite(rows[-1]["p_adjusted"])
    table = found.to_table()
    assert table.column_names == list(COLUMNS)
    assert table.num_rows == len(found)


def test_folder_without_a_comparison_is_refused(tmp_path):
    with pytest.raises(InputError, match="twin compare makes one"):
        Comparison.read(tmp_path)
    (tmp_path / PARQUET).write_text("no Parquet")
    with pytest.raises(InputError, match="is no comparison"):
        Comparison.read(tmp_path)
