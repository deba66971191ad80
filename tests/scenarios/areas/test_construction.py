"""Years of construction: the municipality's periods are met, stated years stay, neighbours are of one time."""

from __future__ import annotations

import numpy as np
import pytest

from scenarios.areas.account import Account
from scenarios.areas.construction import years
from scenarios.areas.energy import YEARS, Energy


def energy(flats, houses) -> Energy:
    table = np.array([flats, houses, [0] * 5, [0] * 5])
    account = Account("a", "b", "c", "d")
    return Energy("GM1", "x", 2023, table, table * 0.0, 0, 0, 0, 0, 0, 0, 0.0, 0.0, {}, account)


def stock(n: int = 1000):
    zone = np.arange(n) // 50
    return {
        "x": zone * 300.0 + np.arange(n) % 50,
        "y": np.zeros(n),
        "zone": zone,
        "use": np.where(np.arange(n) % 5 == 0, "apartments", "house").astype(object),
        "dwellings": np.where(np.arange(n) % 5 == 0, 8, 1),
        "year": np.zeros(n, np.int64),
    }


def periods(year, weight):
    at = np.searchsorted([y for y, _ in YEARS], year, "right") - 1
    return np.bincount(at, weight, 5)


def test_periods_are_those_of_the_municipality() -> None:
    of, figures = stock(), energy([400, 400, 400, 200, 200], [80, 160, 240, 240, 80])
    year = years(of, figures, 1)
    for kind, wanted in (("apartments", figures.dwellings[0]), ("house", figures.dwellings[1])):
        rows = of["use"] == kind
        found = periods(year[rows], of["dwellings"][rows])
        assert found / found.sum() == pytest.approx(wanted / wanted.sum(), abs=0.02)
    assert (year >= YEARS[0][0]).all()
    assert (year <= YEARS[-1][1]).all()


def test_stated_years_stay_and_count() -> None:
    of = stock()
    of["year"][:400] = 2010
    year = years(of, energy([1, 1, 1, 1, 1], [1, 1, 1, 1, 1]), 1)
    assert (year[:400] == 2010).all()
    houses = of["use"] == "house"
    assert not (year[400:][houses[400:]] >= YEARS[4][0]).any()  # what is stated has filled the last period


def test_buildings_without_dwellings_have_no_year() -> None:
    of = stock()
    of["use"][::3], of["dwellings"][::3] = "office", 0
    assert (years(of, energy([1, 1, 1, 1, 1], [1, 1, 1, 1, 1]), 1)[::3] == 0).all()


def test_neighbours_are_of_one_time_and_older_in_the_middle() -> None:
    of = stock()
    year = years(of, energy([1, 1, 1, 1, 1], [1, 1, 1, 1, 1]), 1)
    houses = of["use"] == "house"
    spread = [np.ptp(year[houses & (of["zone"] == z)]) for z in range(20)]
    assert np.median(spread) < 40
    middle, edge = houses & np.isin(of["zone"], (9, 10)), houses & np.isin(of["zone"], (0, 19))
    assert year[middle].mean() < year[edge].mean() - 50
