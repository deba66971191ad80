"""Energy figures of municipalities: the real file, the row that is wrong in it, and files that are no such table."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios.areas.energy import PERIODS, TYPES, read_energy
from twin.errors import InputError

Data = Callable[..., Path]
FILE = ("energy", "nl_municipality_energy_2023.csv.gz")


def test_raalte(reference_data: Data) -> None:
    energy = read_energy(reference_data(*FILE), "GM0177")
    assert (energy.name, energy.year, energy.inhabitants, energy.cars, energy.buses) == (
        "Raalte",
        2023,
        38500,
        21267,
        56,
    )
    assert energy.dwellings.shape == (len(TYPES), len(PERIODS))
    assert energy.dwellings.sum() == 16027
    assert energy.dwellings[TYPES.index("detached_houses"), PERIODS.index("1985_2004")] == 1159
    assert energy.heat[TYPES.index("apartments"), PERIODS.index("before_1945")] == pytest.approx(84.413, abs=1e-3)
    assert energy.dwelling_roofs_m2 == pytest.approx(1_619_257)
    assert energy.account.dropped == {"other municipalities": 341}
    assert not energy.account.notes


def test_weert_is_wrong_in_the_file_and_said_to_be(reference_data: Data) -> None:
    (note,) = read_energy(reference_data(*FILE), "gm0988").account.notes
    assert "50,872 inhabitants in 6,030 dwellings, 8.4 each" in note


def test_only_weert_is_questioned(reference_data: Data) -> None:
    with gzip.open(reference_data(*FILE), "rt") as lines:
        codes = [line.split("_")[0] for line in lines if line.startswith("GM")]
    assert len(codes) == 342
    some = [*codes[::40], "GM0184", "GM1714"]  # Urk and Sluis have the largest and the smallest households
    assert not any(read_energy(reference_data(*FILE), code).account.notes for code in some)


def test_an_unknown_code_names_what_there_is(reference_data: Data) -> None:
    with pytest.raises(InputError, match="no municipality GM0457; allowed: 342 municipalities"):
        read_energy(reference_data(*FILE), "GM0457")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"area,number_of_inhabitants\n", "no rows"),
        (b"area,number_of_inhabitants\nGM0503_delft,5\n", "lacks the columns present_number_of_apartments_before_1945"),
        (gzip.compress(b"area,number_of_inhabitants\n" * 50)[:-9], "cannot be read"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "energy.csv").write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_energy(tmp_path / "energy.csv", "GM0503")


def test_missing_cells_are_counted(tmp_path: Path) -> None:
    names = ["area", "number_of_inhabitants", *(f"present_number_of_{t}_{p}" for t in TYPES for p in PERIODS)]
    file = tmp_path / "energy.csv"
    file.write_text(",".join(names) + "\nGM0503_delft,40," + ",".join(["1"] * 18) + ",,-3\n")
    energy = read_energy(file, "GM0503")
    assert energy.dwellings.sum() == 18
    assert energy.account.dropped["negative values"] == 1
    assert energy.account.dropped["missing cells"] > 1
