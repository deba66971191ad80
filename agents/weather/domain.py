"""Weather: one temperature and one irradiance for the whole area, as signals; observed where the area has it."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from agents.weather.kernels import clear_sky, sun_height, temperature
from agents.weather.observed import check_hours, observed_at
from twin.attributes import Column
from twin.clock import day, hour, minute
from twin.domain import Domain, Indicator
from twin.draws import normal

# by month; computed from KNMI's hourly observations at De Bilt, 2021-2024 (CC BY 4.0)
MEAN = (4.6, 6.3, 7.4, 8.9, 13.6, 17.6, 18.2, 18.5, 15.9, 12.5, 7.7, 5.6)  # deg C
SPREAD = (3.5, 4.1, 3.1, 3.2, 2.9, 3.1, 2.2, 2.4, 3.4, 2.7, 3.1, 3.9)  # deg C, standard deviation of daily means
SWING = (4.7, 5.9, 8.2, 8.6, 9.8, 10.4, 9.4, 9.5, 9.7, 7.4, 5.6, 4.5)  # deg C, warmest less coldest hour of a day
CLEARNESS = (0.50, 0.56, 0.66, 0.65, 0.64, 0.69, 0.62, 0.67, 0.68, 0.60, 0.56, 0.44)  # day's irradiation / clear sky's
CLEARNESS_SPREAD = (0.28, 0.32, 0.29, 0.25, 0.22, 0.24, 0.21, 0.21, 0.22, 0.26, 0.28, 0.27)


class WeatherConfig(BaseModel):
    """temperature_offset : deg C on every hour. The air's temperature is a signal that electric cars feel.

    latitude, longitude : degrees north and east; where the area lies, if absent
    """

    model_config = ConfigDict(extra="forbid")
    temperature_offset: float = Field(0.0, ge=-40.0, le=40.0)
    latitude: float | None = Field(None, ge=-90.0, le=90.0)
    longitude: float | None = Field(None, ge=-180.0, le=180.0)


class Weather(Domain):
    """The weather that was observed where the area's table `weather` holds the hour, else a day's weather drawn.

    What is drawn lies around the month's climate and is keyed by date, so every scenario has the same sky.
    """

    name, every = "weather", 15 * minute
    Config = WeatherConfig
    publishes = {
        "temperature": Column(unit="deg C", default=10.0, meaning="air temperature at 1.5 m"),
        "irradiance": Column(unit="W/m2", default=0.0, meaning="global horizontal irradiance"),
    }
    series = {"weather": publishes}

    def setup(self, world, area):
        self.forget()
        self.hours = area.weather
        check_hours(self.hours)
        latitude, longitude = position(area)
        self.latitude = latitude if self.config.latitude is None else self.config.latitude
        self.longitude = longitude if self.config.longitude is None else self.config.longitude
        self._publish(0)

    def step(self):
        values = self._publish(self.now)
        self.warmest = max(self.warmest, values[0])
        self.steps += 1
        self.steps_observed += self._observed(self.now) is not None
        self.record("weather.temperature", values[0])
        self.record("weather.irradiance", values[1])

    def _publish(self, ms):
        values = self.at(ms)
        self.publish("temperature", np.array(values[:1]))
        self.publish("irradiance", np.array(values[1:]))
        return values

    def at(self, ms):
        """(temperature deg C, irradiance W/m2) at `ms`: observed, else drawn."""
        seen = self._observed(ms)
        return self.drawn(ms) if seen is None else (seen[0] + self.config.temperature_offset, seen[1])

    def _observed(self, ms):
        return observed_at(self.hours, self.world.calendar.at(ms).timestamp()) if len(self.hours) else None

    def drawn(self, ms):
        """(temperature deg C, irradiance W/m2) at `ms` of a day drawn around the month's climate.

        Solar time is UTC and 4 minutes per degree of longitude; the equation of time, up to 16 minutes, is left out. The
        day's mean holds at noon and passes smoothly into the next day's.
        """
        date = self.world.calendar.at(ms)
        of_day = ms % day
        offset = date.utcoffset().total_seconds() / 3600.0
        today, solar_hour = date.toordinal(), of_day / hour - offset + self.longitude / 15.0
        before = today - 1 if of_day < day // 2 else today
        share = (of_day / day + 0.5) % 1.0
        later = share * share * (3.0 - 2.0 * share)
        mean = (1.0 - later) * self._mean(before) + later * self._mean(before + 1) + self.config.temperature_offset
        month = date.month - 1
        haze = normal(self.stream("haze"), today)
        clearness = min(max(CLEARNESS[month] + CLEARNESS_SPREAD[month] * haze, 0.08), 1.0)
        sine = sun_height(date.timetuple().tm_yday, solar_hour, self.latitude)
        return temperature(mean, SWING[month], solar_hour), clearness * clear_sky(sine)

    def _mean(self, date):
        """Mean temperature of a date, given as the proleptic ordinal; deg C."""
        month = datetime.fromordinal(date).month - 1
        return MEAN[month] + SPREAD[month] * normal(self.stream("warmth"), date)

    def forget(self):
        self.warmest = -np.inf
        self.steps = self.steps_observed = 0

    def indicators(self):
        out = [Indicator("temperature_max", float(self.warmest), "deg C")] if np.isfinite(self.warmest) else []
        if len(self.hours) and self.steps:
            out.append(Indicator("weather_observed", 100.0 * self.steps_observed / self.steps, "%", n=self.steps))
        return out


def position(area):
    """Latitude and longitude of the middle of an area, degrees; De Bilt's where it has no streets."""
    if not len(area.nodes):
        return 52.1, 5.18
    import pyproj

    to_degrees = pyproj.Transformer.from_crs(area.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform(float(np.median(area.nodes.x)), float(np.median(area.nodes.y)))
    return latitude, longitude
