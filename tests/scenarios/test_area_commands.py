"""twin area build, check, show and find, as a user meets them."""

from __future__ import annotations

import re

from scenarios.areas import build
from tests.scenarios.areas.test_osm import square


def test_build_check_show_find(twin, tmp_path) -> None:
    extract = tmp_path / "square.osm"
    extract.write_text(square(), encoding="utf-8")
    answer = twin("area", "build", extract, "--out", "here")
    assert answer.code == 0
    assert "square.osm (OpenStreetMap extract): read 5 ways for traffic, 4 buildings" in answer.out
    assert twin("area", "check", "here").code == 0
    answer = twin("area", "show", "here", "--no-open")
    assert answer.code == 0
    page = (tmp_path / "here" / "area.html").read_text(encoding="utf-8")
    assert "© OpenStreetMap contributors (ODbL-1.0)" in page
    assert "© OpenStreetMap contributors (ODbL-1.0)" in answer.out
    assert re.search(r"served from outside: .{0,80}gp post: \d\.\d km beyond Street 14", page)
    assert "Who works and learns where" in page
    assert page.count("data:image/png;base64,") == 2
    answer = twin("area", "find", "here", "STREET 14")
    assert answer.code == 0
    assert "street: Street 14" in answer.out
    answer = twin("area", "find", "here", "Streat 14")
    assert answer.code == 2
    assert "nearest: Street 14" in answer.err


def test_every_fault_of_the_sources_at_once(twin, tmp_path) -> None:
    extract = tmp_path / "square.osm"
    extract.write_text(square(), encoding="utf-8")
    answer = twin("area", "build", extract, "--osm", "gone.osm", "--stats", "nowhere", "--out", "here")
    assert answer.code == 2
    assert "--osm: 2 sources" in answer.err
    assert "gone.osm: no such file or folder" in answer.err
    assert "nowhere: no such file or folder" in answer.err
    assert not (tmp_path / "here").exists()
    answer = twin("area", "build", "--osm", extract, "--municipality", "Delft", "--out", "here")
    assert answer.code == 2
    assert "--stats" in answer.err
    answer = twin("area", "build", "--osm", extract, "--citizens", "0", "--out", "here")
    assert answer.code == 2
    assert "--citizens" in answer.err


def test_a_folder_that_is_taken_is_told_before_the_work(twin, tmp_path) -> None:
    extract = tmp_path / "empty.osm"
    extract.write_text("<osm/>", encoding="utf-8")  # of which no area could be made
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("Dear", encoding="utf-8")
    for out in ("mine", "empty.osm"):
        answer = twin("area", "build", "--osm", extract, "--out", out)
        assert answer.code == 2
        assert "exists and is not an area" in answer.err


def test_credits_name_every_source_once() -> None:
    town = build("town", citizens=1000, seed=1)
    assert town.credits == ["generated; no real place (CC0-1.0)"]
    town.facts["sources"] = [{"attribution": "A", "licence": "B"}, {"attribution": "A", "licence": "B"}]
    assert town.credits == ["generated; no real place (CC0-1.0)", "A (B)"]


def test_an_area_is_replaced_aloud_and_files_beside_it_stay(twin, tmp_path) -> None:
    extract = tmp_path / "square.osm"
    extract.write_text(square(), encoding="utf-8")
    assert twin("area", "build", extract, "--out", "here", "--name", "First").code == 0
    (tmp_path / "here" / "notes.txt").write_text("keep", encoding="utf-8")
    (tmp_path / "here" / "mine").mkdir()
    (tmp_path / "here" / "mine" / "a.txt").write_text("keep", encoding="utf-8")
    answer = twin("area", "build", extract, extract, "--out", "here", "--name", "Second")
    assert answer.code == 0
    assert "here holds an area already (First): it is replaced" in answer.out
    assert answer.out.count("OpenStreetMap extract") == 1  # one file given twice is one
    assert (tmp_path / "here" / "notes.txt").read_text() == "keep"
    assert (tmp_path / "here" / "mine" / "a.txt").read_text() == "keep"
    assert twin("area", "check", "here").code == 0


def test_what_cannot_be_asked_is_told(twin, tmp_path) -> None:
    extract = tmp_path / "square.osm"
    extract.write_text(square(), encoding="utf-8")
    assert twin("area", "build", extract, "--out", "here").code == 0
    for text, said in (("[(*", "write less of the name"), ("  ", "TEXT: is empty")):
        answer = twin("area", "find", "here", text)
        assert answer.code == 2
        assert said in answer.err
    answer = twin("area", "build", extract, "--weather", "a", "--weather", "b", "--out", "there")
    assert answer.code == 2
    assert "--weather: 2 sources: a, b" in answer.err
    answer = twin("area", "build", extract, "--citizens", "10000000", "--out", "there")
    assert answer.code == 2
    assert "2,000,000 or fewer" in answer.err
    assert not (tmp_path / "there").exists()
