"""The weather: the sun where astronomy has it, KNMI's climate on average, the same sky in every scenario."""

import math
from datetime import date, timedelta

import numpy as np
import pytest

from agents.weather.domain import CLEARNESS, MEAN, Weather, WeatherConfig
from agents.weather.kernels import clear_sky, sun_height, temperature
from tests.twin.worlds import world
from twin.clock import Calendar, day, hour


def test_the_sun_stands_where_it_should():
    # at noon on the equinox the sun's height is 90 degrees less the latitude
    assert math.degrees(math.asin(sun_height(81, 12.0, 52.1))) == pytest.approx(90 - 52.1, abs=0.5)
    # the longest day at De Bilt lasts about 16 h 40 min (sun's centre above the horizon, without refraction 16 h 30)
    hours = sum(sun_height(172, k / 60, 52.1) > 0 for k in range(24 * 60)) / 60
    assert hours == pytest.approx(16.5, abs=0.2)
    assert clear_sky(-0.1) == 0.0
    assert 850 < clear_sky(sun_height(172, 12.0, 52.1)) < 1000


def test_temperature_has_its_mean_and_range():
    hours = np.array([temperature(10.0, 8.0, h / 10) for h in range(240)])
    assert hours.mean() == pytest.approx(10.0, abs=1e-9)
    assert hours.max() - hours.min() == pytest.approx(8.0, rel=1e-3)


@pytest.mark.parametrize("month", [1, 7])
def test_many_days_reproduce_the_climate(month):
    means, clear = [], []
    for seed in range(40):
        start = date(2025, month, 1) + timedelta(days=seed % 28)
        w = world(Weather, seed=seed, calendar=Calendar(start.isoformat()))
        hours = [w.domains["weather"].at(k * hour) for k in range(24)]
        means.append(np.mean([h[0] for h in hours]))
        sines = [
            sun_height(start.timetuple().tm_yday, k - (2 if month == 7 else 1) + 5.18 / 15, 52.1) for k in range(24)
        ]
        clear.append(sum(h[1] for h in hours) / sum(map(clear_sky, sines)))
    for found, expected in ((means, MEAN[month - 1]), (clear, CLEARNESS[month - 1])):
        error = np.std(found, ddof=1) / math.sqrt(len(found))
        assert error < 0.8
        assert abs(np.mean(found) - expected) < 3.5 * error


def test_the_sky_is_keyed_by_date_not_by_the_day_of_the_run():
    late = world(Weather, calendar=Calendar("2025-03-11"))
    early = world(Weather, calendar=Calendar("2025-03-10"))
    assert late.domains["weather"].at(12 * hour) == early.domains["weather"].at(day + 12 * hour)


def test_an_offset_warms_every_hour():
    plain, warm = Weather(), Weather(WeatherConfig(temperature_offset=5.0))
    world(plain)
    world(warm)
    assert warm.at(9 * hour)[0] - plain.at(9 * hour)[0] == pytest.approx(5.0)
    assert warm.at(9 * hour)[1] == plain.at(9 * hour)[1]


def test_midnight_is_no_step():
    w = world(Weather).domains["weather"]
    steps = [abs(w.at(d * day)[0] - w.at(d * day - 15 * 60_000)[0]) for d in range(1, 30)]
    assert max(steps) < 0.5


def test_summer_time_moves_the_sun_by_an_hour():
    def noon(start):
        w = world(Weather, calendar=Calendar(start)).domains["weather"]
        quarters = [w.at(k * hour // 4)[1] for k in range(96)]
        return np.argmax(quarters) / 4

    assert noon("2025-01-14") == pytest.approx(12.65, abs=0.2)
    assert noon("2025-07-08") == pytest.approx(13.65, abs=0.2)
