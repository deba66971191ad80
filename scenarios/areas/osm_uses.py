"""What a building of an extract is used for: its own tag, what is in it, the ground it stands on, its size."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

USE = {
    "house": "house",
    "detached": "house",
    "semidetached_house": "house",
    "terrace": "house",
    "bungalow": "house",
    "residential": "apartments",
    "apartments": "apartments",
    "dormitory": "apartments",
    "houseboat": "house",
    "farm": "house",
    "cabin": "house",
    "villa": "house",
    "static_caravan": "house",
    "office": "office",
    "commercial": "office",
    "government": "public",
    "civic": "public",
    "public": "public",
    "retail": "shop",
    "supermarket": "shop",
    "kiosk": "shop",
    "shop": "shop",
    "mall": "shop",
    "school": "school",
    "kindergarten": "school",
    "university": "university",
    "college": "university",
    "hospital": "hospital",
    "clinic": "hospital",
    "nursing_home": "care",
    "industrial": "industry",
    "warehouse": "industry",
    "manufacture": "industry",
    "factory": "industry",
    "hangar": "industry",
    "church": "public",
    "chapel": "public",
    "mosque": "public",
    "synagogue": "public",
    "temple": "public",
    "cathedral": "public",
    "train_station": "public",
    "fire_station": "public",
    "police": "public",
    "townhall": "public",
    "library": "public",
    "museum": "leisure",
    "hotel": "leisure",
    "sports_hall": "leisure",
    "sports_centre": "leisure",
    "stadium": "leisure",
    "theatre": "leisure",
    "cinema": "leisure",
    "pavilion": "leisure",
    "restaurant": "leisure",
    "pub": "leisure",
}

SHEDS = {
    "garage",
    "garages",
    "shed",
    "carport",
    "roof",
    "hut",
    "greenhouse",
    "service",
    "transformer_tower",
    "bicycle_shed",
    "parking",
    "container",
    "barn",
    "stable",
    "sty",
    "farm_auxiliary",
    "cowshed",
    "ruins",
    "tent",
    "storage_tank",
    "construction",
    "bunker",
    "silo",
    "allotment_house",
    "gatehouse",
    "toilets",
    "bridge",
    "outbuilding",
}

# (key, values or None for any) -> use of a building that states none, and of grounds around it
POI_USE: tuple[tuple[str, frozenset[str] | None, str], ...] = (
    ("amenity", frozenset({"school", "kindergarten"}), "school"),
    ("amenity", frozenset({"university", "college"}), "university"),
    ("amenity", frozenset({"hospital", "clinic"}), "hospital"),
    ("amenity", frozenset({"nursing_home", "social_facility"}), "care"),
    (
        "amenity",
        frozenset(
            {
                "library",
                "townhall",
                "police",
                "fire_station",
                "place_of_worship",
                "community_centre",
                "courthouse",
                "arts_centre",
            }
        ),
        "public",
    ),
    (
        "amenity",
        frozenset({"restaurant", "cafe", "bar", "pub", "fast_food", "cinema", "theatre", "nightclub"}),
        "leisure",
    ),
    ("tourism", frozenset({"hotel", "museum", "hostel", "gallery"}), "leisure"),
    ("leisure", frozenset({"sports_centre", "fitness_centre", "sports_hall", "swimming_pool"}), "leisure"),
    ("shop", None, "shop"),
    ("office", None, "office"),
    ("landuse", frozenset({"industrial"}), "industry"),
    ("landuse", frozenset({"retail"}), "shop"),
    ("landuse", frozenset({"commercial"}), "industry"),
    ("landuse", frozenset({"education"}), "university"),
)


def poi_use(tags: dict[str, str]) -> str:
    """Use that the tags of a point or ground imply; empty where they imply none."""
    for key, values, use in POI_USE:
        if key in tags and tags[key] not in ("no", "vacant") and (values is None or tags[key] in values):
            return use
    return ""


def uses(
    tags: list[dict[str, str]], size: Any, count: Any, points: Any, ground: Any
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Use: the building's own tag, then what is in it, then the ground it stands on, then its addresses and size.

    Second: which of these it was, "" for the tag.
    """
    within: dict[int, Counter[str]] = {}
    for building, about in points:
        use = poi_use(about)
        if use and "_buildings" not in about:
            within.setdefault(building, Counter())[use] += 1
    out, why = np.full(len(tags), "other", object), np.full(len(tags), "", object)
    for i, t in enumerate(tags):
        kind = t["building"]
        known = poi_use(t) if kind not in ("house", "apartments", "residential", "detached") else ""
        if kind in SHEDS and not known:
            out[i] = "garage" if kind not in ("construction", "ruins", "bridge") else "other"
        elif known or kind in USE:
            out[i] = known or USE[kind]
        elif i in within and count[i] <= 3:
            out[i], why[i] = within[i].most_common(1)[0][0], "what is in it"
        elif ground[i]:
            out[i], why[i] = ground[i], "the ground around it"
        elif count[i] >= 1:
            out[i], why[i] = "house" if count[i] <= 2 else "apartments", "addresses"
        elif size[i] < 35:
            out[i], why[i] = "garage", "size"
        elif size[i] < 420:
            out[i], why[i] = "house", "size"
        else:
            why[i] = "size"
    # a "residential" building with one address or a small footprint is a house
    small = (out == "apartments") & (count <= 2) & (size < 220)
    small &= np.array([t["building"] != "apartments" for t in tags], bool)
    out[small] = "house"
    why[small & (why == "")] = "addresses and size"
    return out, why
