"""Colours: pastel for the place, strong for what happens in it. Cars stand off the green-red scale of the streets."""

from __future__ import annotations

import numpy as np

PAPER, SKY = (243, 241, 236), (222, 231, 239)
ZONE, ZONE_LINE, GREEN = (235, 232, 224), (221, 216, 205), (217, 226, 203)
SHADOW, PATH, ROAD = (212, 207, 196), (226, 220, 208), (255, 255, 255)
DARK_GROUND, DARK_SHADOW, DARK_LINE = (176, 184, 202), (142, 152, 176), (92, 104, 138)
DARK_WALL, DARK_ROOF = (52, 64, 98), (40, 51, 84)
CLOSED = (104, 40, 130)
CAR, AMBULANCE, WHITE, SIGNAL, HOSPITAL = (37, 76, 196), (214, 20, 45), (255, 255, 255), (20, 24, 38), (20, 80, 140)

# group -> walls, roofs (one is picked by row), uses
USES: dict[str, tuple[tuple[int, int, int], tuple[tuple[int, int, int], ...], tuple[str, ...]]] = {
    "homes": ((236, 222, 204), ((205, 146, 116), (194, 134, 106), (213, 158, 127), (184, 128, 106)), ("house",)),
    "flats": ((233, 219, 196), ((222, 205, 176), (214, 196, 168)), ("apartments",)),
    "shops, leisure": ((240, 214, 148), ((229, 190, 98),), ("shop", "leisure")),
    "offices, industry": ((190, 200, 212), ((166, 180, 197), (174, 186, 200)), ("office", "industry")),
    "schools, public": ((186, 207, 166), ((152, 186, 132),), ("school", "university", "public")),
    "hospital, care": ((240, 190, 190), ((228, 140, 146),), ("hospital", "care")),
    "other": ((214, 209, 200), ((200, 194, 184),), ("garage", "other")),
}

# lower border of speed over free speed, colour, words
CONGESTION = (
    (0.8, (128, 196, 152), "over 80 %"),
    (0.6, (242, 196, 78), "60 to 80 %"),
    (0.4, (240, 134, 58), "40 to 60 %"),
    (0.2, (214, 52, 52), "20 to 40 %"),
    (-np.inf, (120, 14, 46), "under 20 %"),
)
