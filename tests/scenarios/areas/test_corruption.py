"""A law: whatever became of an extract, it gives an area that can be run, or one clear reason why not."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path

import pytest

import scenarios.areas
from scenarios.areas.check import check_area
from scenarios.areas.place import build_place
from scenarios.assembly import build_world
from scenarios.configuration import compose
from tests.scenarios.areas.corruption import elements, of, spoil
from twin.clock import minute
from twin.errors import InputError

SEEDS, BATCHES = 200, 4
LONGEST = 30  # s for one extract: far more than it takes, so that only a hang is found
RUN_EVERY = 20  # of the areas that come about, one in so many is run with its grid


def as_text(packed: Path, folder: Path) -> str:
    """An extract as XML, one element per block."""
    import osmium

    path = folder / "whole.osm"
    with osmium.SimpleWriter(str(path)) as writer:
        for item in osmium.FileProcessor(str(packed)):
            writer.add(item)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def whole(reference_data, tmp_path_factory) -> tuple[str, bytes]:
    packed = reference_data("osm", "amsterdam_duivendrecht_tiny.osm.pbf")
    return as_text(packed, tmp_path_factory.mktemp("whole")), packed.read_bytes()


@pytest.fixture(autouse=True)
def no_hang():
    def stop(*_):
        raise TimeoutError(f"more than {LONGEST} s")

    before = signal.signal(signal.SIGALRM, stop)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def outcome(path: Path, run: bool) -> str:
    """Build the area, check it and perhaps run it; the reason in a word where there is none."""
    signal.alarm(LONGEST)
    try:
        area = build_place(path)
    except InputError as error:
        (fault,) = error.faults
        return "refused" if fault.what and fault.remedy else "refused without a reason"
    assert [f for f in check_area(area) if f.severity == "error"] == []
    if run:
        build_world(compose([]), area).run(15 * minute)
    return "area"


def test_the_extract_is_read_whole(whole) -> None:
    found = elements(whole[0])
    assert [len(of(found, kind)) for kind in ("node", "way", "relation")] == [1429, 184, 12]


@pytest.mark.parametrize("batch", range(BATCHES))
def test_spoilt_extracts(whole, tmp_path, monkeypatch, batch) -> None:
    builders = dict(scenarios.areas.DOMAIN_BUILDERS)
    told: Counter[str] = Counter()
    for seed in range(batch, SEEDS, BATCHES):
        ending, data = spoil(*whole, seed)
        path = tmp_path / f"spoilt{ending}"
        path.write_bytes(data)
        run = seed % RUN_EVERY == batch
        monkeypatch.setattr(scenarios.areas, "DOMAIN_BUILDERS", builders if run else {})
        try:
            told[outcome(path, run)] += 1
        except Exception as error:
            raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
    assert set(told) == {"area", "refused"}
    assert min(told.values()) >= 10
