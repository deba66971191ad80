"""When a run is called jammed, and when its weather was not observed."""

import pytest

from scenarios.cautions import jam, unseen_weather


def rows(trips, lifted, lost):
    def row(name, value, level="area", group=""):
        return {"indicator": name, "level": level, "group": group, "value": value}

    return [
        row("car_trips", trips),
        row("gridlock_releases", lifted),
        row("vehicle_delay", lost),
        row("vehicle_delay", 1e9, level="neighbourhood"),
        row("car_trips", 1e9, group="goods"),
    ]


@pytest.mark.parametrize(("lifted", "lost"), [(0, 0), (9, 200), (9.9, 249)])
def test_flowing_traffic_is_not_mentioned(lifted, lost):
    assert jam(rows(1000, lifted, lost)) == ""


@pytest.mark.parametrize(("lifted", "lost", "said"), [(10, 0, "1.0% of the cars"), (0, 250, "a car trip loses 15 min")])
def test_jams_are_told(lifted, lost, said):
    assert said in jam(rows(1000, lifted, lost))


def test_several_runs_are_judged_together():
    assert jam([*rows(1000, 30, 0), *rows(1000, 0, 0)])
    assert jam([*rows(1000, 15, 0), *rows(1000, 0, 0)]) == ""


def test_no_car_no_jam():
    assert jam([]) == jam(rows(0, 0, 0)) == ""


def test_weather_outside_the_observed_days_is_told():
    def rows_(value):
        return [{"indicator": "weather_observed", "level": "area", "group": "", "value": value}]

    assert unseen_weather([]) == unseen_weather(rows_(100.0)) == ""
    assert unseen_weather(rows_(0.0)).startswith("100 % of the run's hours lie outside")
    assert unseen_weather(rows_(60.0)).startswith("40 %")
