"""Access: what of a way is driven and what is walked, where only some may drive."""

from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agents.vehicles.access import ANYBODY, DETOUR, GOODS, NOBODY, RESIDENTS, Access
from twin.area import Table
from twin.dijkstra import BLOCKED
from twin.network import Network, Router
from twin.tables import OCCUPATIONS

LENGTH = np.array([100.0, 200.0, 300.0, 400.0, 500.0])


def line(homes=(0,), occupations=("home",)):
    """A road of five links, 0 -> 5, and who lives at which node."""
    network = Network(6, np.arange(5), np.arange(1, 6), LENGTH)
    people = Table(
        resident=np.ones(len(homes), bool),
        home=np.array(homes),
        occupation=np.array([OCCUPATIONS.index(name) for name in occupations]),
    )

    class Area(SimpleNamespace):
        def location_node(self, mode):
            return np.arange(6)

    return Access(Area(people=people), network)


def driven(access, links, person=0):
    found = access.driven(np.array([person]), np.array([0, len(links)]), np.array(links))
    return found.links.tolist(), found.before[0], found.after[0]


def restricted(access, bits, *links):
    permits = np.full(5, ANYBODY)
    permits[list(links)] = bits
    access.restrict(permits)
    return access


def test_who_has_no_permit_parks_where_the_zone_begins():
    access = restricted(line(), NOBODY, 3, 4)
    assert driven(access, [0, 1, 2, 3, 4]) == ([0, 1, 2], 0.0, 900.0)
    assert driven(access, [3, 4]) == ([], 900.0, 0.0)
    assert access.extra_ms.tolist() == [0, 0, 0, DETOUR, DETOUR]


def test_the_longest_stretch_is_driven():
    assert driven(restricted(line(), NOBODY, 0, 2), [0, 1, 2, 3, 4]) == ([3, 4], 600.0, 0.0)
    assert driven(restricted(line(), NOBODY, 1, 4), [0, 1, 2, 3, 4]) == ([2, 3], 300.0, 500.0)


def test_permits_are_for_those_who_live_there_and_for_goods():
    access = restricted(line((5, 1, 1), ("home", "home", "goods")), RESIDENTS, 3, 4)
    assert [driven(access, [2, 3, 4], person)[0] for person in range(3)] == [[2, 3, 4], [2], [2]]
    restricted(access, RESIDENTS | GOODS, 3, 4)
    assert [driven(access, [2, 3, 4], person)[0] for person in range(3)] == [[2, 3, 4], [2], [2, 3, 4]]


def test_a_permit_is_for_ones_own_zone():
    """Links 0 and 4 are two zones: who lives at one of them may not drive in the other."""
    access = restricted(line((0, 5, 2), ("home", "home", "home")), RESIDENTS, 0, 4)
    assert [driven(access, [0, 1, 2, 3, 4], person) for person in range(3)] == [
        ([0, 1, 2, 3], 0.0, 500.0),
        ([1, 2, 3, 4], 100.0, 0.0),
        ([1, 2, 3], 100.0, 500.0),
    ]
    assert access.holders.tolist() == [True, True, False]
    assert restricted(access, RESIDENTS, 0, 1, 2, 3, 4).holders.all()


def test_visitors_have_no_permit_though_they_start_where_the_zone_is():
    access = line((5,))
    access.home = np.array([-1])  # lives outside: no home in the area
    assert not restricted(access, RESIDENTS, 4).holders.any()
    assert driven(access, [3, 4])[0] == [3]


def test_those_at_both_ends_of_a_street_are_residents():
    for home in (3, 4):
        assert restricted(line((home,)), RESIDENTS, 3).holders.all()


def test_buses_may_go_everywhere():
    access = restricted(line(), NOBODY, 0, 1, 2, 3, 4)
    assert access.may(np.array([0, 1, 99]), np.array([2, 2, 2])).tolist() == [False, True, True]


def test_a_way_over_a_thousand_restricted_links_is_still_one():
    network = Network(1001, np.arange(1000), np.arange(1, 1001), np.full(1000, 50.0))
    access = line()
    access.network, access.permits = network, np.full(1000, NOBODY)
    ms = Router(network, access.extra_ms + 3_600).times([0], [1000])[0]
    assert 0 < ms < BLOCKED


@given(st.data())
def test_every_metre_is_driven_or_walked_and_nothing_forbidden_is_driven(data):
    access = restricted(line(), NOBODY, *data.draw(st.sets(st.integers(0, 4))))
    trips = data.draw(st.lists(st.lists(st.integers(0, 4), max_size=8), min_size=1, max_size=5))
    ptr = np.concatenate([[0], np.cumsum([len(trip) for trip in trips])])
    links = np.array([m for trip in trips for m in trip], int)
    found = access.driven(np.zeros(len(trips), int), ptr, links)
    for k, trip in enumerate(trips):
        way = found.links[found.ptr[k] : found.ptr[k + 1]]
        assert np.isclose(LENGTH[way].sum() + found.before[k] + found.after[k], LENGTH[trip].sum())
        assert not access.restricted[way].any()
        free = [LENGTH[m] for m in trip if not access.restricted[m]]
        assert LENGTH[way].sum() >= max(free, default=0.0)
