"""Dwellings brought to the number of a district: exact for any stock and any number."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.areas.town_dwellings import fit_districts

building = st.tuples(
    st.sampled_from([("house", 1), ("apartments", 7), ("apartments", 40), ("shop", 1), ("shop", 0), ("industry", 0)]),
    st.integers(0, 3),
    st.floats(0, 1),
)


@settings(max_examples=150, deadline=None)
@given(stock=st.lists(building, min_size=1, max_size=40), wanted=st.lists(st.integers(0, 120), min_size=4, max_size=4))
def test_every_district_has_its_number_or_says_what_is_missing(stock, wanted) -> None:
    n = len(stock)
    member, need = np.array([d for _, d, _ in stock]), np.array(wanted)
    homes = np.array([h for (_, h), _, _ in stock])
    columns = {
        "use": np.array([u for (u, _), _, _ in stock], object),
        "dwellings": homes.copy(),
        "storeys": np.full(n, 2),
        "footprint_m2": np.full(n, 90.0),
        "floor_m2": np.full(n, 180.0),
        "height": np.full(n, 8.0),
        "_key": np.arange(n),
    }
    keep, missing, told = fit_districts(columns, member, need, np.array([u for *_, u in stock]))
    got = np.bincount(member[keep], columns["dwellings"][keep], 4).astype(int)
    assert (got + missing == need).all()
    residential = np.array([u in ("house", "apartments") for (u, _), _, _ in stock])
    assert (missing[np.unique(member[residential])] == 0).all()
    assert keep[~residential].all()  # shops and works stay, whoever lives above
    assert (columns["dwellings"] >= 0).all()
    assert told["raised"] == np.maximum(need - np.bincount(member, homes, 4), 0)[missing == 0].sum()
    flats = np.flatnonzero(keep & (columns["dwellings"] > homes))
    room = columns["floor_m2"][flats] / np.maximum(columns["dwellings"][flats], 1)
    assert (room >= 77.9).all() or (columns["storeys"][flats] == 60).any()
