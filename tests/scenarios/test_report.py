"""The report of a run made by hand: it holds what it should, and nothing that it must not."""

from __future__ import annotations

import builtins
import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pyarrow.parquet
import pytest

from scenarios.report.background import comments_of, meanings_of
from scenarios.report.charts import Line, lines, round_ticks
from scenarios.report.markup import number
from scenarios.report.material import Band
from scenarios.report.page import write_report
from scenarios.report.words import place_words
from tests.scenarios.pages import check_well_formed_small_and_closed, words
from tests.small_run import NAMES, POISON, small_area, small_run
from twin.area import read_area
from twin.clock import hour
from twin.errors import InputError


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_run(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def page(run: Path) -> str:
    return write_report(run, small_area()).read_text(encoding="utf-8")


def test_page_is_well_formed_small_and_closed(page: str) -> None:
    check_well_formed_small_and_closed(page)


def test_a_sampled_run_says_so(run: Path) -> None:
    area = small_area()
    area.facts["represents"] = 9.87
    sampled = words(write_report(run, area).read_text(encoding="utf-8"))
    whole = words(write_report(run, small_area()).read_text(encoding="utf-8"))
    assert "a sample: each person simulated stands for 9.87" in sampled
    assert "a sample" not in whole


def test_page_says_what_happened_and_why(page: str) -> None:
    said = words(page)
    for text in (
        "A station &lt;fails&gt;",
        "Who is in the dark?",
        "Station Noord fails from 17:00 for 2 h",
        "feeder Noord 1 of Station Noord loses power, with 8 customers",
        "traffic signal at Dorpsstraat goes dark",
        "battery of an oxygen device at home is empty",
        "20.0 min after the call",
        "norm 5 %, not met",
        "what comes in goes out",
        "d1ge57",
        "Citizens are synthetic",
        "© OpenStreetMap contributors",
        "9 m for every building (assumption)",
    ):
        assert text in said, text


def test_chain_runs_from_the_measure_to_the_late_ambulance(page: str) -> None:
    chain = words(page[page.index('class="chain"') :].partition("</ol>")[0])
    order = [
        "The scenario lets Station Noord fail",
        "Station Noord fails",
        "Feeder Noord 1 of Station Noord loses power",
        "battery of an oxygen device",
        "calls 112 because oxygen has run out",
        "An ambulance reaches",
    ]
    places = [chain.index(text) for text in order]
    assert places == sorted(places)


def test_cells_of_few_residents_are_withheld_and_counted(page: str) -> None:
    assert "310" in page
    assert "7,771" not in page
    assert "7771" not in page
    assert "1 of 3 cells is withheld, because it rests on fewer than 10 residents" in words(page)
    assert "withheld (1)" in page


def test_nobody_of_a_nearly_empty_neighbourhood_is_located(page: str) -> None:
    assert "a resident of Verlaten" not in words(page)
    assert "4711" not in page


def test_restricted_is_never_opened(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    opened: list[str] = []
    real = builtins.open

    def watched(file: object, *args: object, **kwargs: object) -> object:
        opened.append(str(file))
        return real(file, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(builtins, "open", watched)
    monkeypatch.setattr("pyarrow.parquet.read_table", _refuse_restricted(pyarrow.parquet.read_table))
    text = write_report(copy, small_area()).read_text(encoding="utf-8")
    assert not [file for file in opened if "/restricted/" in file]
    assert POISON not in text


def _refuse_restricted(read: object) -> object:
    def reading(file: object, *args: object, **kwargs: object) -> object:
        assert "/restricted/" not in str(file)
        return read(file, *args, **kwargs)  # type: ignore[operator]

    return reading


def test_text_of_the_user_is_escaped(page: str) -> None:
    assert NAMES[2] not in page
    assert "Verlaten &lt;hoek&gt;" in page


def test_run_keeps_its_area_without_people(run: Path) -> None:
    assert not list((run / "area").glob("people*")) + list((run / "area").glob("households*"))
    kept = read_area(run / "area")
    assert not len(kept.people)
    assert len(kept.buildings) == len(small_area().buildings)


def test_run_with_next_to_nothing_still_has_a_page(run: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    manifest = json.loads((run / "manifest.json").read_text())
    manifest |= {"status": "failed", "reason": "RuntimeError: it broke", "simulated_ms": 3 * hour}
    del manifest["balances"], manifest["seconds"], manifest["versions"]
    (bare / "manifest.json").write_text(json.dumps(manifest))
    text = write_report(bare, small_area()).read_text(encoding="utf-8")
    ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>"))
    assert "it broke" in text


def test_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="manifest"):
        write_report(tmp_path, small_area())


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (11864.0, "h", "11,864"),
        (187.26, "", "187"),
        (31.84, "", "31.8"),
        (3.287, "", "3.29"),
        (0.99057, "pu", "0.991"),
        (0.0, "h", "0"),
        (0.99999, "", "1.00"),
        (10.0, "calls", "10"),
        (-3.5, "deg C", "\u22123.50"),
        (float("nan"), "", "–"),
    ],
)
def test_numbers_read_well(value: float, unit: str, said: str) -> None:
    assert number(value, unit) == said


def test_ticks_are_round_and_cover_the_data() -> None:
    for low, high in ((0.0, 100.0), (-5.3, 6.0), (0.0, 0.037), (0.0, 12_345.0), (0.0, 0.0)):
        ticks = round_ticks(low, high)
        assert ticks[0] <= low
        assert ticks[-1] >= high - 1e-12
        assert 2 <= len(ticks) <= 9


def test_figure_has_a_text_alternative_and_shades_the_measure() -> None:
    import numpy as np

    ms = np.arange(1, 25) * hour
    figure = lines(
        "load",
        "Load & more",
        "kW",
        [Line("load", ms, np.sin(ms / hour))],
        24 * hour,
        [Band(17 * hour, 19 * hour, "failure")],
    )
    svg = ElementTree.fromstring(figure)
    described = svg.find("svg/desc")
    assert described is not None
    assert "highest 0.991 kW at 14:00" in str(described.text)
    assert 'class="band"' in figure


def test_settings_are_explained_from_docstring_and_comment() -> None:
    from agents.care.config import CareConfig

    assert meanings_of(CareConfig)["walk_ins"].startswith("patients who come")
    assert comments_of(CareConfig)["norm"].startswith("Dutch norm")
    assert comments_of(CareConfig)["urgent_calls"].startswith("JEMSS")


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("class", ["residential", "living_street"], "residential, living street streets"),
        ("class", "tertiary", "tertiary streets"),
        ("street", "busiest", "the main street"),
        ("street", "Markt", "Markt"),
        ("polygon", [[0, 0], [1, 0], [0, 1]], "an outlined area"),
        ("osm", 12, "way 12 of OpenStreetMap"),
    ],
)
def test_places_of_measures_in_words(kind, value, said):
    assert place_words(kind, value) == said
