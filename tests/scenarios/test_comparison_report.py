"""The report of an experiment made by hand: the answer first, losers, failures; nothing that it must not show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from scenarios.comparison import Comparison
from scenarios.provenance import write_place
from scenarios.report.comparison import write_comparison_report
from scenarios.report.experiment import Material
from scenarios.report.forest import intervals
from scenarios.report.losers import difference_maps
from scenarios.report.verdicts import amount, sentence, signed
from tests.scenarios.pages import check_well_formed_small_and_closed, words
from tests.small_run import NAMES, POPULATION, small_area
from twin.errors import InputError

SEEDS = range(1, 21)
WATCH = ["outage_customer_hours", "vehicle_delay", "ambulance_reach_15min", "calls_oxygen"]


def wobble(seed: int) -> float:
    """A keyed number about 0, so that the fixture is the same everywhere."""
    return ((seed * 37) % 19 - 9) / 9.0


def rows(seed: int, dark: float = 0.0, delay: float = 0.0, calls: float = 0.0) -> list[dict[str, Any]]:
    def row(
        indicator: str, label: str, value: float, unit: str, better: str = "lower", zone: int = -1
    ) -> dict[str, Any]:
        level, code = ("area", "") if zone < 0 else ("neighbourhood", f"BU{zone}")
        about = {"indicator": indicator, "label": label, "value": value, "unit": unit, "level": level, "code": code}
        return about | {
            "group": "",
            "n": 9,
            "better": better,
            "norm": None,
            "residents": -1 if zone < 0 else POPULATION[zone],
        }

    hours = "Customer hours without power"
    return [
        row("outage_customer_hours", hours, dark * (1 + 0.01 * wobble(seed)), "h"),
        row("vehicle_delay", "Lost vehicle hours", 40 + wobble(seed + 3) + delay * (1 + wobble(seed)), "h"),
        row("ambulance_reach_15min", "Reach of ambulances", 98.0 + 0.1 * wobble(seed), "%", "higher"),
        row("calls_oxygen", "Calls because oxygen ran out", calls if seed < 4 else 0.0, "calls"),
        row("free_text", "A <b>label</b> & more", 5.0 + dark * wobble(seed) * 0.001, "1", ""),
        *(
            row("outage_customer_hours", hours, dark * share * (1 + 0.01 * wobble(seed)), "h", zone=zone)
            for zone, share in enumerate((0.02, 0.6, 2.2211))
        ),
        *(
            row("vehicle_delay", "Lost vehicle hours", 5 - 0.5 * delay + wobble(seed) * 0.1, "h", zone=z)
            for z in (0, 1)
        ),
    ]


def experiment(folder: Path, **changes: Any) -> Path:
    """An experiment of 20 pairs with two alternatives; seed 7 of the outage failed."""
    folder.mkdir(parents=True)
    base = {seed: rows(seed) for seed in SEEDS}
    outage = {seed: rows(seed, 3500.0, 1.0, 1.0) for seed in SEEDS if seed != 7}
    backup = {seed: rows(seed, 3500.0) for seed in SEEDS}
    found = Comparison.of(base, {"outage": outage, "backup_signals": backup}, watch=WATCH)
    found.write(folder)
    about = {
        "schema": 1,
        "status": "complete",
        "command": "twin compare outage 'area.citizens=99' --replications 20",
        "scenario": "outage",
        "title": "A station <fails>",
        "question": "Who is in the dark?",
        "base": "weekday",
        "alternatives": ["outage", "backup_signals"],
        "watch": WATCH,
        "seeds": list(SEEDS),
        "replications": 20,
        "failures": [{"arm": "outage", "seed": 7, "reason": "RuntimeError: it <broke>"}],
        "notes": ["run outage/9 was killed and resumed"],
        "least_residents": 10,
        "start": "2025-03-11",
        "time_zone": "Europe/Amsterdam",
        "days": 1.0,
        "cut": ["power.signals"],
        "area": {"name": "proefdorp", "digest": "a4ead1", "crs": "EPSG:28992", "path": {}},
        "code_digest": "c0de",
        "versions": {"python": "3.11"},
        "wall_s": 12.5,
        "shared_prefix_ms": 17 * 3_600_000,
        "workers": 2,
    } | changes
    (folder / "experiment.json").write_text(json.dumps(about), encoding="utf-8")
    (folder / "config.yaml").write_text(
        "scenario:\n  measures:\n    failure: {type: asset_failure, where: {asset: Station Noord}, from: '17:00', for: 2 h}\n"
        "  alternatives:\n    backup_signals:\n      signals: {type: battery_backup, for: 4 h}\n",
        encoding="utf-8",
    )
    write_place(small_area(), folder / "area")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return experiment(tmp_path_factory.mktemp("experiments") / "x")


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return write_comparison_report(folder).read_text(encoding="utf-8")


def test_page_is_well_formed_small_and_closed(page: str) -> None:
    check_well_formed_small_and_closed(page)


def test_page_begins_with_the_answer(page: str) -> None:
    said = words(page[page.index('id="answer"') : page.index('id="intervals"')])
    for text in (
        "Customer hours without power rise by 3,501 h (95 % interval 3,490 to 3,512; 19 pairs): worse",
        "Lost vehicle hours rise by 1.0 h (",
        "95 % interval 0.7 to 1.4; 19 pairs): worse",
        "Reach of ambulances: no difference in any of 19 pairs.",
        "Calls because oxygen ran out: too few to tell (19 pairs; on average 0.158 calls more).",
        "backup signals",
        "once as “weekday”",
    ):
        assert text in said, (text, said)


def test_failures_are_loud(page: str) -> None:
    said = words(page[page.index('id="answer"') : page.index('class="answer"')])
    assert "1 of 60 runs failed" in said
    assert "RuntimeError: it &lt;broke&gt;" in said
    assert "run outage/9 was killed and resumed" in said


def test_nothing_is_cut_silently(tmp_path: Path) -> None:
    failures = [{"arm": "outage", "seed": seed, "reason": "it broke"} for seed in range(43)]
    folder = experiment(tmp_path / "x", failures=failures, watch=[])
    found = Comparison.read(folder)
    whole = next(dict(row) for row in found if row["level"] == "area" and row["verdict"] == "worse")
    more = [whole | {"indicator": f"more_{k}", "label": f"More {k}"} for k in range(11)]
    Comparison([*found.rows, *more], (), 10).write(folder)
    answer = words(write_comparison_report(folder).read_text(encoding="utf-8"))
    assert "And 3 runs more in experiment.json." in answer
    rows = [row for row in Comparison.read(folder).by("area") if row["alternative"] == whole["alternative"]]
    assert f"And {len(rows) - 12} indicators more in comparison.csv." in answer


def test_experiment_that_did_not_end_says_so(tmp_path: Path) -> None:
    page = write_comparison_report(experiment(tmp_path / "x", status="interrupted")).read_text(encoding="utf-8")
    assert "not complete: interrupted" in words(page)


def test_losers_come_worst_first(page: str) -> None:
    part = words(page[page.index('id="losers"') : page.index('id="all"')])
    assert "outage: of 3 neighbourhoods, 2 worse, 1 withheld" in part
    assert "backup signals: of 2 neighbourhoods, 2 no clear difference" in part
    assert "of 2 neighbourhoods, 2 better. Everywhere: −0.500 h (exact): better" in part
    assert part.index("Zuid +2,1") < part.index("Noord +70")


def test_cells_of_few_residents_are_withheld_and_counted(page: str) -> None:
    assert "7,77" not in page
    assert "2 of 20 cells are withheld" in words(page)
    assert "withheld (1)" in page


def test_text_of_the_user_is_escaped(page: str) -> None:
    for raw in (NAMES[2], "A <b>label</b>", "A station <fails>", "it <broke>"):
        assert raw not in page
    assert "A &lt;b&gt;label&lt;/b&gt; &amp; more" in page


def test_page_says_what_pairing_gained_and_what_intervals_cover(page: str) -> None:
    said = words(page)
    for text in (
        "one of the two runs never varies here",
        "Intervals and differences cover luck, never assumptions",
        "rule of three",
        "asset failure; asset Station Noord; from 17:00; for 2 h",
        "battery backup; for 4 h",
        "9 m for every building (assumption)",
        "twin compare outage &#x27;area.citizens=99&#x27; --replications 20",
        "1 to 20",
        "power.signals",
        "the first 17 h, simulated once per seed",
        "a4ead1",
        "c0de",
        "© OpenStreetMap contributors",
    ):
        assert text in said, text


def test_map_is_drawn_only_where_something_differs(folder: Path) -> None:
    maps = difference_maps(Material.of(folder))
    assert [bool(text) for text in maps] == [
        True,
        True,
        False,
    ]  # of customer hours; the delay falls by the same everywhere
    ElementTree.fromstring(maps[0])
    assert 'class="up3"' in maps[0]
    assert 'class="hidden"' in maps[0]


def test_runs_are_not_opened(folder: Path, tmp_path: Path) -> None:
    copy = experiment(tmp_path / "x")
    restricted = copy / "runs" / "base" / "1" / "restricted"
    restricted.mkdir(parents=True)
    (restricted.parent / "manifest.json").write_text("no JSON")
    assert write_comparison_report(copy).read_bytes() == write_comparison_report(folder).read_bytes()


def test_page_without_an_area_or_configuration(tmp_path: Path) -> None:
    import shutil

    bare = experiment(tmp_path / "x")
    shutil.rmtree(bare / "area")
    (bare / "config.yaml").unlink()
    page = write_comparison_report(bare).read_text(encoding="utf-8")
    ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>"))
    assert "BU1" in page


def test_folder_that_is_no_experiment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="experiment"):
        write_comparison_report(tmp_path)
    (tmp_path / "experiment.json").write_text("{}")
    with pytest.raises(InputError, match=r"comparison\.parquet"):
        write_comparison_report(tmp_path)
    (tmp_path / "experiment.json").write_text("[")
    with pytest.raises(InputError, match="cannot be read"):
        write_comparison_report(tmp_path)


# -- words -------------------------------------------------------------------------------------------------------------


def row(**changes: Any) -> dict[str, Any]:
    about = {"label": "Lost hours", "group": "", "unit": "h", "better": "lower", "baseline": 9.0, "residents": -1}
    about |= {"difference": 20.0, "low": 10.0, "high": 30.0, "n": 20, "verdict": "worse", "method": "t"}
    return about | {"indicator": "x", "alternative": "outage", "level": "area", "code": ""} | changes


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Lost hours rise by 20 h (222 %; 95 % interval 10 to 30; 20 pairs): worse."),
        (
            {"difference": -20.0, "low": -30.0, "high": -10.0, "verdict": "better"},
            "Lost hours fall by 20 h (222 %; 95 % interval 10 to 30; 20 pairs): better.",
        ),
        (
            {"label": "reach of ambulances", "unit": "%", "difference": -2.0, "low": -2.6, "high": -1.4},
            "Reach of ambulances falls by 2.0 percentage points (95 % interval 1.4 to 2.6; 20 pairs): worse.",
        ),
        ({"verdict": "more", "better": ""}, "Lost hours rise by 20 h (222 %; 95 % interval 10 to 30; 20 pairs)."),
        (
            {"low": 20.0, "high": 20.0, "method": "exact"},
            "Lost hours rise by 20.0 h (222 %; exactly that in each of 20 pairs): worse.",
        ),
        (
            {"difference": 0.0, "low": 0.0, "high": 0.0, "method": "exact", "verdict": "no clear difference"},
            "Lost hours: no difference in any of 20 pairs.",
        ),
        (
            {"difference": 1.0, "low": -3.0, "high": 5.0, "verdict": "no clear difference"},
            "Lost hours: no clear difference; the change lies between −3 and 5 h (95 % interval; 20 pairs).",
        ),
        (
            {"low": float("nan"), "high": float("nan"), "method": "", "verdict": "too few to tell", "n": 1},
            "Lost hours: too few to tell (1 pair; on average 20.0 h more).",
        ),
    ],
)
def test_sentences(changes: dict[str, Any], said: str) -> None:
    assert sentence(row(**changes)).replace("\u00a0", " ") == said


def test_numbers_have_the_digits_of_their_interval() -> None:
    narrow = row(low=0.01234, high=0.01299)
    assert amount(0.012665, narrow) == "0.0127"
    assert amount(-3500.4, row(low=-3600.0, high=-3400.0)) == "−3,500"
    assert amount(-0.00001, row(low=-0.5, high=0.5)) == "0.0"
    alone = row(low=float("nan"), high=float("nan"))
    assert [amount(v, alone) for v in (1.7e-5, -0.034, 0.0)] == ["0.000017", "−0.034", "0"]
    assert signed(12.0, row()) == "+12"
    assert signed(0.0, row()) == "0"


def test_picture_of_intervals_has_a_text_alternative_and_shows_zero() -> None:
    drawn = intervals([row(), row(alternative="b", difference=-60.0, low=-90.0, high=-30.0)], {"outage": "o", "b": "b"})
    svg = ElementTree.fromstring(drawn).find("svg")
    assert svg is not None
    assert "o: +20 (10 to 30), worse" in str(svg.findtext("desc"))
    assert 'class="zero"' in drawn
    assert intervals([row(low=float("nan"), high=float("nan"))], {"outage": "o"}) == ""
