"""Air: nitrogen oxides from the cars on each street, summed per neighbourhood."""

import numpy as np
import shapely

from twin.attributes import Column
from twin.clock import minute
from twin.coupling import Reads
from twin.domain import Domain, Indicator

GRAMS_PER_KM = 0.35  # assumption: a mean Dutch car in town


class Air(Domain):
    """Emission by the street, from the flow of the last minute."""

    name, every = "air", minute
    flow = Reads("vehicles.flow")
    series = {"zone_air": {"nox": Column(unit="g", meaning="nitrogen oxides emitted in the minute")}}

    def setup(self, world, area):
        middle = shapely.line_interpolate_point(area.geometry("links"), 0.5, normalized=True)
        points = np.column_stack([shapely.get_x(middle), shapely.get_y(middle)])
        zones = np.flatnonzero(area.zones.level == "neighbourhood")
        centre = np.column_stack([area.zones.x[zones], area.zones.y[zones]])
        self.zone = zones[((points[:, None] - centre) ** 2).sum(axis=2).argmin(axis=1)]
        self.grams = np.zeros(len(area.zones))

    def step(self):
        cars = self.flow * self.every / 1000
        grams = np.bincount(self.zone, cars * self.area.links.length / 1000 * GRAMS_PER_KM, len(self.grams))
        self.grams += grams
        self.record("zone_air.nox", grams)

    def indicators(self):
        yield Indicator("nox", self.grams.sum() / 1000, "kg", better="lower")
        for zone in np.flatnonzero(self.grams):
            yield Indicator(
                "nox", self.grams[zone] / 1000, "kg", "neighbourhood", self.area.zones.code[zone], better="lower"
            )
