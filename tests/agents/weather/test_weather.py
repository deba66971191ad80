"""The weather: the sun where astronomy has it, KNMI's climate on average, the same sky in every scenario."""

import hashlib
import math
from datetime import date, timedelta

import numpy as np
import pytest

from agents.weather.domain import CLEARNESS, MEAN, Weather, WeatherConfig
from agents.weather.kernels import clear_sky, sun_height, temperature
from agents.weather.observed import observed_at
from scenarios.areas.knmi import read_hours
from tests.twin.worlds import world
from twin.area import SCHEMA_VERSION, Area
from twin.clock import Calendar, day, hour
from twin.errors import InputError
from twin.tables import OPTIONAL
from twin.world import World


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


def observed_world(station, start, days=1):
    """A world whose area has the hours of a station from `start` on, local midnight."""
    first = Calendar(start).at(0).timestamp()
    rows = (station.time >= first) & (station.time <= first + days * 86_400)
    area = Area("seen", "EPSG:28992", {"weather": {c: v[rows] for c, v in station.table().items()}})
    domain = Weather()
    return World(area, [domain], calendar=Calendar(start)), domain


@pytest.fixture(scope="module")
def rotterdam(reference_data):
    return read_hours(reference_data("energy", "knmi_hourly_344_rotterdam_2021_2025.zip"))


@pytest.mark.parametrize("start", ["2024-07-14", "2023-01-20"])
def test_observed_hours_are_what_the_station_measured(rotterdam, start):
    _, domain = observed_world(rotterdam, start)
    first = Calendar(start).at(0).timestamp()
    k = int(np.searchsorted(rotterdam.time, first))
    for number in range(23):
        quarters = [domain.at(number * hour + q * hour // 4) for q in range(4)]
        assert np.mean([q[1] for q in quarters]) == pytest.approx(rotterdam.irradiance[k + number + 1])
        assert quarters[0][0] == pytest.approx(rotterdam.temperature[k + number])
        ends = sorted([rotterdam.temperature[k + number], rotterdam.temperature[k + number + 1]])
        assert all(ends[0] - 1e-9 <= q[0] <= ends[1] + 1e-9 for q in quarters)


def test_beyond_the_observations_the_climate_holds(rotterdam):
    w, domain = observed_world(rotterdam, "2024-07-14")
    w.run(2 * day)
    drawn = world(Weather, calendar=Calendar("2024-07-14")).domains["weather"]
    assert domain.at(30 * hour) == drawn.at(30 * hour)
    assert domain.at(12 * hour) != drawn.at(12 * hour)
    shares = {i.indicator: i.value for i in domain.indicators()}
    assert shares["weather_observed"] == pytest.approx(50.0, abs=1.0)


def test_an_area_without_observations_says_nothing_of_them():
    w = world(Weather)
    w.run(2 * hour)
    assert [i.indicator for i in w.domains["weather"].indicators()] == ["temperature_max"]


def test_a_gap_is_drawn_and_disorder_refused(rotterdam):
    table = {c: v[:4] for c, v in rotterdam.table().items()}
    table["time"] = np.array([0, 3600, 10_800, 14_400])
    hours = Area("seen", "EPSG:28992", {"weather": table}).weather
    assert [observed_at(hours, t) is None for t in (-1, 0, 3599, 3600, 10_799, 10_800, 14_400)] == [
        True,
        False,
        False,
        True,
        True,
        False,
        True,
    ]
    table["time"] = np.array([0, 3600, 3600, 14_400])
    with pytest.raises(InputError, match=r"weather.time\[2\]"):
        World(Area("seen", "EPSG:28992", {"weather": table}), [Weather()])


def test_an_empty_table_of_weather_leaves_the_digest_as_it_was(rotterdam):
    tables = {"nodes": {"x": [1.0], "y": [2.0], "kind": ["plain"]}}
    bare = Area("seen", "EPSG:28992", tables)
    seen = Area("seen", "EPSG:28992", {**tables, "weather": rotterdam.table()})
    without = hashlib.blake2b(f"{SCHEMA_VERSION}/EPSG:28992".encode(), digest_size=16)
    for name, table in bare.tables.items():
        for column, array in vars(table).items() if name not in OPTIONAL else ():
            without.update(f"{name}.{column}:{len(array)}".encode())
            texts = array.dtype == object
            without.update(b"\x1f".join(str(v).encode() for v in array) if texts else array.tobytes())
    assert bare.digest() == without.hexdigest()
    assert seen.digest() != bare.digest()
