"""The example in the contract's docstring runs as it stands there; handlers and declarations are found."""

import textwrap

import pytest

import twin.domain
from agents.weather.domain import Weather
from tests.twin.worlds import world
from twin.attributes import Column
from twin.clock import Calendar, day, minute
from twin.coupling import Reads
from twin.domain import Domain, Indicator
from twin.errors import DesignError


def example():
    """The class in the docstring of twin.domain."""
    text = twin.domain.__doc__.split("The shortest working example:\n")[1].split("\nOwners:")[0]
    names = {"Domain": Domain, "Indicator": Indicator, "Column": Column, "Reads": Reads, "minute": minute}
    exec(textwrap.dedent(text), names)
    return names["Comfort"]


def test_the_docstrings_example_runs():
    w = world(Weather, example(), calendar=Calendar("2025-07-08"))
    w.run(day)
    hours = next(i for i in w.indicators() if i.indicator == "pleasant_hours")
    assert 0 < hours.value <= 24
    assert hours.unit == "h"
    assert "series/comfort" in w.recorder.digests()


def test_an_indicator_must_be_a_finite_number():
    odd = type("Odd", (Domain,), {"name": "odd", "indicators": lambda self: [Indicator("x", float("nan"), "1")]})
    w = world(odd)
    w.run(minute)
    with pytest.raises(DesignError, match="odd contributes x = nan"):
        w.indicators()


def test_a_signal_needs_a_first_value():
    odd = type("Odd", (Domain,), {"name": "odd", "publishes": {"level": Column(default=0.0)}})
    with pytest.raises(DesignError, match=r"call self.publish\('level', array\) in setup"):
        world(odd)
