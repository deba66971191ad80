"""Traffic over the border: commuters, goods, through traffic, and its total where it was counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.areas.commuting import through_pairs
from scenarios.areas.demand import GOODS, THROUGH, Demand
from scenarios.areas.households import Profile
from scenarios.areas.visitors import CROSSINGS, OUT_BY_CAR, make_visitors

XY = np.array([[0.0, 0.0], [4000.0, 0.0], [0.0, 5000.0], [6000.0, 6000.0]])


def demand(**given_):
    buildings = {"x": np.zeros(6), "y": np.zeros(6)}
    jobs = np.arange(6), np.array([50, 0, 20, 5, 5, 20])
    classes = np.array(["motorway", "primary", "secondary", "tertiary"], object)
    none = (np.zeros(0, np.int64),) * 3
    group = np.zeros(6, np.int64)
    return Demand(
        buildings,
        [Profile()],
        group,
        jobs,
        none,
        classes,
        XY,
        np.full(len(XY), 20_000.0),
        np.zeros((1, 2)),
        ["A"],
        **given_,
    )


def came(wanted: Demand, out=(10, 20, 5, 0)):
    jobs = np.repeat(*wanted.jobs)
    return make_visitors(wanted, (jobs, np.zeros(0, np.int64)), np.array(out), 1)


def test_everyone_who_comes_is_counted_at_a_gateway() -> None:
    people, volumes = came(demand(goods=60, through=np.full(4, 50.0)))
    assert volumes["commuters_in"].sum() == 100
    assert volumes["goods"].sum() == 60
    assert volumes["through"].sum() == 200
    assert volumes["commuters_out"].tolist() == [10, 20, 5, 0]
    assert len(people["home"]) == 360
    goods, through = people["occupation"] == GOODS, people["occupation"] == THROUGH
    assert people["has_car"][goods | through].all()
    assert (people["home"][goods] >= 6).all()
    assert np.isin(people["main"][goods], [0, 2, 3, 4, 5]).all()  # never where nobody works
    assert (people["home"][through] != people["main"][through]).all()
    assert not people["resident"].any()


def test_through_traffic_makes_up_what_was_counted() -> None:
    counts = np.array([5000.0, 4000.0, 3000.0, np.nan])
    wanted = demand(goods=60, through=np.full(4, 500.0), counts=counts)
    people, volumes = came(wanted)
    through = people["occupation"] == THROUGH
    ends = np.bincount(people["home"][through] - 6, minlength=4) + np.bincount(people["main"][through] - 6, minlength=4)
    by = np.bincount(people["home"][:100] - 6, people["has_car"][:100], 4)
    other = CROSSINGS * (by + OUT_BY_CAR * volumes["commuters_out"]) + 2 * volumes["goods"]
    assert (ends + other)[:3] == pytest.approx(counts[:3], rel=0.01)
    told = wanted.facts["gateway_counts"]
    assert [t["counted"] for t in told] == counts[:3].tolist()
    assert [t["modelled"] for t in told] == pytest.approx(counts[:3], rel=0.01)


@settings(max_examples=60, deadline=None)
@given(ends=st.lists(st.integers(0, 500), min_size=2, max_size=4), seed=st.integers(0, 100))
def test_as_many_leave_by_a_gateway_as_were_asked(ends: list[int], seed: int) -> None:
    wanted = np.array(ends, float)
    entry, leave = through_pairs(wanted, XY[: len(ends)], seed)
    assert (entry != leave).all()
    possible = np.minimum(wanted, wanted.sum() - wanted)
    if len(ends) == 2 or possible.max() * 2 <= possible.sum() * 0.9:
        assert np.abs(np.bincount(entry, minlength=len(ends)) - possible).max() <= len(ends)
        assert np.abs(np.bincount(leave, minlength=len(ends)) - possible).max() <= len(ends)


def test_without_gateways_nobody_comes() -> None:
    wanted = demand(goods=60, through=np.zeros(0))
    wanted.gateway_class, wanted.gateway_xy = np.zeros(0, object), np.zeros((0, 2))
    people, volumes = came(wanted, out=())
    assert len(people["home"]) == 0
    assert all(len(v) == 0 for v in volumes.values())
