"""Who gives way to whom: from classes, names, roundabouts and signals of small areas."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from agents.vehicles.crossing import ALL_WAY, ANY_TIME, GIVE_WAY
from agents.vehicles.right_of_way import LEFT, LEFT_FROM_MAJOR, RIGHT, ROUND, THROUGH, right_of_way
from twin.network import Network
from twin.tables import OUTSIDE

SIDES = {"N": (0, 100), "E": (100, 0), "S": (0, -100), "W": (-100, 0)}


class Junction:
    """Two-way streets from a junction to the sides; movements and links are named by them: "WE" goes from west to east."""

    def __init__(
        self, classes, kind="plain", names=None, lanes=1, represents=1.0, signal="", rule="all_way_stop", mini=()
    ):
        sides = list(classes)
        count = len(sides)
        x, y = np.array([(0, 0)] + [SIDES[s] for s in sides], float).T
        outer = 1 + np.arange(count)
        tail = np.concatenate([outer, np.zeros(count, int)])
        head = np.concatenate([np.zeros(count, int), outer])
        both = list(classes.values()) * 2
        self.sides = sides
        self.links = SimpleNamespace(
            road_class=np.array(both, object),
            name=np.array([(names or {}).get(s, "") for s in sides] * 2, object),
            capacity=np.full(2 * count, 0.5),
            lanes=np.full(2 * count, lanes),
            roundabout=np.zeros(2 * count, bool),
        )
        self.nodes = SimpleNamespace(x=x, y=y, kind=np.array([kind] + ["plain"] * count, object))
        self.represents = represents
        network = Network(count + 1, tail, head, np.full(2 * count, 100.0))
        signalled = np.isin(np.arange(2 * count), [sides.index(s) for s in signal])
        self.rules = right_of_way(self, network, signalled, rule)

    def _row(self, movement):
        a, b = (self.sides.index(s) for s in movement)
        moves = self.rules.moves
        return int(np.flatnonzero((moves.link == a) & (moves.onto == len(self.sides) + b))[0])

    def before(self, movement):
        """The movements that this one gives way to, turns back left out."""
        move = self.rules.moves[self._row(movement)]
        rows = self.rules.conflicts[move.first : move.first + move.count]
        pairs = [(self.sides[m.link], self.sides[m.onto - len(self.sides)]) for m in self.rules.moves[rows]]
        return {a + b for a, b in pairs if a != b}

    def times(self, movement):
        move = self.rules.moves[self._row(movement)]
        return (move.gap, move.follow)

    def rule(self):
        return dict(zip(self.sides, self.rules.rule[: len(self.sides)].tolist(), strict=True))


STREETS = {"N": "residential", "E": "tertiary", "S": "residential", "W": "tertiary"}
MOVEMENTS = {
    "WE": set(),
    "WS": set(),
    "EW": set(),
    "WN": {"EW", "EN"},
    "ES": {"WE", "WS"},
    "SE": {"WE"},
    "NW": {"EW"},
    "SN": {"WE", "EW", "WN", "EN", "ES"},
    "SW": {"WE", "EW", "WN", "ES", "NS", "NW"},
}


@pytest.mark.parametrize("movement", MOVEMENTS)
def test_a_side_street_gives_way_to_what_it_meets(movement):
    """The four ranks: to nobody; to who comes from opposite; to the main street; to that and the street opposite."""
    assert Junction(STREETS).before(movement) == MOVEMENTS[movement]


def test_gaps_are_those_of_the_movement_and_grow_with_what_a_car_stands_for():
    for weight in (1.0, 20.0):
        junction = Junction(STREETS, represents=weight, lanes=2)
        for movement, (gap, follow) in {"SE": RIGHT, "SN": THROUGH, "SW": LEFT, "WN": LEFT_FROM_MAJOR}.items():
            assert junction.times(movement) == pytest.approx((weight * gap, weight * follow / 2))


def test_streets_of_one_class_share():
    assert set(Junction(dict.fromkeys(SIDES, "residential")).rule().values()) == {ANY_TIME}


def test_among_streets_of_one_class_a_sign_goes_by_the_name():
    names = {"N": "High Street", "S": "High Street", "E": "Mill Lane", "W": "Low Road"}
    junction = Junction(dict.fromkeys(SIDES, "tertiary"), kind="priority", names=names)
    assert junction.before("NS") == set()
    assert junction.before("EN") == {"SN"}
    same = {**names, "W": "Mill Lane"}
    assert set(Junction(dict.fromkeys(SIDES, "tertiary"), kind="priority", names=same).rule().values()) == {ANY_TIME}


def test_a_street_that_changes_its_class_has_no_rule():
    assert set(Junction({"W": "tertiary", "E": "residential"}).rule().values()) == {ANY_TIME}


def test_what_stands_for_roads_outside_has_no_signs():
    assert Junction(STREETS, names={"W": "Dike", "S": "Lane"}).rule()["S"] == GIVE_WAY
    assert set(Junction(STREETS, names={"W": OUTSIDE}).rule().values()) == {ANY_TIME}


@pytest.mark.parametrize("fast", ["motorway", "trunk"])
def test_ramps_merge_by_shares(fast):
    assert set(Junction({"W": fast, "E": fast, "S": "primary"}).rule().values()) == {ANY_TIME}


def test_a_small_roundabout_gives_way_to_who_passes_on_the_circle():
    junction = Junction(STREETS, kind="roundabout")
    assert junction.before("SE") == junction.before("SN") == {"WE", "WN", "NE"}
    assert junction.times("SE") == pytest.approx(ROUND)
    assert np.round(ROUND, 2).tolist() == [5.19, 3.19]


def test_a_dark_signal_is_what_the_configuration_says():
    stop = Junction(STREETS, kind="signal", signal="NESW")
    assert set(stop.rule().values()) == {ALL_WAY}
    move = stop.rules.moves[stop._row("SN")]
    others = stop.rules.conflicts[move.first : move.first + move.count].tolist()
    assert sorted(others) == sorted([~stop.sides.index("N"), stop.sides.index("E"), stop.sides.index("W")])
    assert move.follow == 1.0
    signs = Junction(STREETS, kind="signal", signal="NESW", rule="priority")
    assert set(signs.rule().values()) == {GIVE_WAY}
    assert signs.before("SN") == MOVEMENTS["SN"]


def test_who_has_no_signal_has_no_rule_when_the_others_are_dark():
    rule = Junction(STREETS, kind="signal", signal="ESW", rule="priority").rule()
    assert rule["N"] == ANY_TIME
    assert rule["S"] == GIVE_WAY


def test_who_drives_into_a_roundabout_gives_way_to_the_circle_only():
    """A circle with three arms: nodes 0-2 on it, 3-5 outside."""
    tail = np.array([0, 1, 2, 3, 4, 5, 0, 1, 2])
    head = np.array([1, 2, 0, 0, 1, 2, 3, 4, 5])
    angle = np.radians([0, 120, 240])
    x, y = np.concatenate([np.stack([np.cos(angle), np.sin(angle)]) * r for r in (20, 100)], axis=1)
    area = SimpleNamespace(
        nodes=SimpleNamespace(x=x, y=y, kind=np.array(["roundabout"] * 3 + ["plain"] * 3, object)),
        links=SimpleNamespace(
            road_class=np.array(["tertiary"] * 9, object),
            name=np.array([""] * 9, object),
            capacity=np.full(9, 0.5),
            lanes=np.ones(9, int),
            roundabout=np.arange(9) < 3,
        ),
        represents=1.0,
    )
    rules = right_of_way(area, Network(6, tail, head, np.full(9, 50.0)), np.zeros(9, bool), "all_way_stop")
    assert rules.rule.tolist() == [ANY_TIME] * 3 + [GIVE_WAY] * 3 + [ANY_TIME] * 3
    entry = rules.moves[rules.first[3]]
    assert (entry.gap, entry.follow) == pytest.approx(ROUND)
    for row in range(rules.first[3], rules.first[3] + 2):
        move = rules.moves[row]
        met = rules.moves[rules.conflicts[move.first : move.first + move.count]]
        assert [(m.link, m.onto) for m in met] == [(2, 0)]  # not who leaves the circle here, from 2 onto 6
