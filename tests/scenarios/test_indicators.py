"""Every indicator that the domains contribute is defined."""

from scenarios.assembly import build_area, build_world
from scenarios.configuration import compose
from scenarios.indicators import DEFINITIONS, described
from twin.clock import hour
from twin.domain import Indicator


def test_every_indicator_of_a_run_is_defined():
    configuration = compose(["area.citizens=1000"])
    world = build_world(configuration, build_area(configuration))
    world.run(hour)
    names = {i.indicator for i in world.indicators()}
    assert len(names) > 15
    assert names <= set(DEFINITIONS)
    assert {i.better for i in world.indicators()} <= {"", "lower", "higher"}


def test_a_domains_own_words_come_first():
    row = described(Indicator("late_share", 3.0, "%", label="Too late", norm=7.0))
    assert (row["label"], row["norm"], row["better"]) == ("Too late", 7.0, "lower")
    assert described(Indicator("brand_new", 1.0, "1"))["label"] == "brand new"
