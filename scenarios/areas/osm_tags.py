"""What the tags of a highway way say: class, who may go which way, speed, lanes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scenarios.areas.streets import (
    BIKE_B,
    BIKE_F,
    CAR_B,
    CAR_F,
    CLASS,
    LANES,
    ROUND,
    SAID_LANES,
    SAID_SPEED,
    SPEED_KMH,
    WALK,
)

MPH = 1.609344
SAME_AS = {
    "road": "unclassified",
    "bridleway": "path",
    "busway": "service",
    "bus_guideway": "",
    "corridor": "",
    "via_ferrata": "",
    "raceway": "",
    "construction": "",
    "proposed": "",
    "planned": "",
    "platform": "",
    "elevator": "",
    "escape": "",
    "rest_area": "",
    "services": "",
    "abandoned": "",
    "razed": "",
}
# tags that say the limit, the plainest first; the later ones name a zone or the kind of limit
LIMITS = ("maxspeed", "maxspeed:motorcar", "maxspeed:forward", "zone:maxspeed", "maxspeed:type", "source:maxspeed")
MINOR_SERVICE = {"parking_aisle", "driveway", "emergency_access", "drive-through", "crossover"}
NO = {"no", "private", "agricultural", "forestry", "use_sidepath", "dismount", "delivery", "emergency", "military"}
# implicit limits in km/h; a country's prefix is dropped first. Rural: 80 in the Netherlands, 100 in Germany
WORDS = {
    "walk": 10.0,
    "living_street": 15.0,
    "bicycle_road": 30.0,
    "urban": 50.0,
    "rural": 80.0,
    "zone30": 30.0,
    "zone:30": 30.0,
    "zone20": 20.0,
    "zone:20": 20.0,
    "motorway": 100.0,
    "trunk": 100.0,
    "none": 130.0,
}
COUNTRY = {
    ("DE", "rural"): 100.0,
    ("DE", "motorway"): 130.0,
    ("DE", "living_street"): 10.0,
    ("FI", "motorway"): 120.0,
    ("DE", "zone"): 30.0,
}


@dataclass(frozen=True)
class Rule:
    """One way in our terms; `flags` as in streets."""

    road_class: int
    speed: float  # m/s
    lanes_f: int
    lanes_b: int
    flags: int
    stated: int  # sum of SAID_SPEED, SAID_LANES


LANE_TAGS = ("lanes", "lanes:forward", "lanes:backward", "turn:lanes", "turn:lanes:forward", "turn:lanes:backward")


def parse_speed(text: str) -> float | None:
    """A limit in km/h from the text of a maxspeed tag, or None: "50", "30 mph", "DE:urban", "walk", "50;30"."""
    text = text.split(";", maxsplit=1)[0].strip()
    found = re.fullmatch(r"(\d+(?:[.,]\d+)?)\s*(km/h|kmh|kph|mph|knots)?", text)
    if found:
        value = float(found[1].replace(",", "."))
        return value * {"mph": MPH, "knots": 1.852}.get(found[2] or "", 1.0) if value > 0 else None
    country, _, word = text.rpartition(":") if not text.startswith("zone") else ("", "", text)
    number = re.search(r"(\d+)$", word)
    return COUNTRY.get(
        (country[:2], word),
        WORDS.get(word, float(number[1]) if number and ("zone" in text or number[1] == word) else None),
    )


def parse_length(text: str) -> float | None:
    """A length in metres from "12", "12.5 m", "40 ft", "40'", "12'6\\"", or None."""
    text = text.strip().replace(",", ".")
    feet = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:'|ft|feet)\s*(?:(\d+(?:\.\d+)?)\s*(?:\"|in))?", text)
    if feet:
        return (float(feet[1]) + float(feet[2] or 0) / 12) * 0.3048
    metres = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:m|metres?|meters?)?", text)
    return float(metres[1]) if metres else None


def road_class(tags: dict[str, str]) -> int | None:
    """Row of ROAD_CLASSES, or None for what carries nobody."""
    kind = tags.get("highway", "")
    kind = SAME_AS.get(kind, kind).removesuffix("_link")
    if kind not in CLASS or (tags.get("area") == "yes" and kind not in ("pedestrian", "footway")):
        return None
    if kind == "service" and tags.get("service") in MINOR_SERVICE:
        return None
    return CLASS[kind]


def _may(tags: dict[str, str], keys: tuple[str, ...], default: bool) -> bool:
    for key in keys:
        if key in tags:
            return tags[key] not in NO
    return default


def cycle_street(tags: dict[str, str]) -> bool:
    """Whether cyclists have the whole street and cars are guests: a Dutch fietsstraat, a German Fahrradstrasse."""
    return tags.get("cyclestreet") == "yes" or tags.get("bicycle_road") == "yes"


def read_rule(tags: dict[str, str]) -> Rule | None:
    """The rule of one way, or None if nobody may use it."""
    road = road_class(tags)
    if road is None:
        return None
    kind = list(CLASS)[road]
    fast = kind in ("motorway", "trunk") or tags.get("motorroad") == "yes"
    closed = tags.get("access") in NO
    bus_only = tags.get("highway") in ("busway", "bus_guideway")
    car = road <= CLASS["service"] and not bus_only
    car = _may(tags, ("motorcar", "motor_vehicle", "vehicle", "access"), car) and car
    # a crossing joins cycle paths even where it is drawn as a footway: cyclists use it, or push
    crossing = tags.get("footway") == "crossing" or tags.get("path") == "crossing"
    on_foot = kind in ("footway", "pedestrian", "steps") and not crossing
    bicycle = not fast and not bus_only and not on_foot and not closed
    bicycle = _may(tags, ("bicycle",), bicycle and tags.get("vehicle") not in NO)
    walk = not fast and not bus_only and not closed
    walk = _may(tags, ("foot",), walk)
    flags = _directions(tags, kind, car, bicycle) | (WALK if walk else 0)
    if tags.get("junction") in ("roundabout", "circular"):
        flags |= ROUND
    if not flags & ~ROUND:
        return None
    stated = next((v for key in LIMITS if (v := parse_speed(tags.get(key, ""))) is not None), None)
    usual = SPEED_KMH[road] if not cycle_street(tags) else min(SPEED_KMH[road], WORDS["bicycle_road"])
    speed = min(max(stated if stated is not None else usual, 5.0), 130.0)
    said = SAID_SPEED * (stated is not None) | SAID_LANES * any(tags.get(k) for k in LANE_TAGS)
    return Rule(road, speed / 3.6, *_lanes(tags, road, flags), flags, said)


def _directions(tags: dict[str, str], kind: str, car: bool, bicycle: bool) -> int:
    """Car and bicycle flags after oneway, roundabouts and contraflow."""
    one_way = tags.get("oneway", "")
    if not one_way and (tags.get("junction") in ("roundabout", "circular") or kind == "motorway"):
        one_way = "yes"
    forward, back = one_way not in ("-1", "reverse"), one_way not in ("yes", "true", "1")
    flags = (CAR_F * forward | CAR_B * back) if car else 0
    if bicycle:
        own = tags.get("oneway:bicycle", "")
        against = any(
            tags.get(f"cycleway{s}", "").startswith("opposite") or tags.get(f"cycleway{s}:oneway") in ("-1", "no")
            for s in ("", ":left", ":right", ":both")
        )
        if own in ("no",) or against:
            forward = back = True
        elif own in ("yes", "1", "-1"):
            forward, back = own != "-1", own == "-1"
        flags |= BIKE_F * forward | BIKE_B * back
    return flags


def _count(text: str) -> int:
    found = re.match(r"\d+", text)
    return int(found[0]) if found else 0


def _drawn(tags: dict[str, str], side: str) -> int:
    """Lanes that the arrows on the road tell, as "left|through;right"; 0 where there is no such tag."""
    arrows = tags.get(f"turn:lanes{side}", "")
    return arrows.count("|") + 1 if arrows else 0


def _lanes(tags: dict[str, str], road: int, flags: int) -> tuple[int, int]:
    """Lanes for cars, forward and backward; bus lanes are taken off."""
    ahead, back = (_count(tags.get(f"lanes:{d}", "")) or _drawn(tags, f":{d}") for d in ("forward", "backward"))
    total = _count(tags.get("lanes", "")) or _drawn(tags, "")
    usual = int(LANES[road])
    bus = _count(tags.get("lanes:psv", "") or tags.get("lanes:bus", ""))
    total = max(total - bus, 1) if total else 0
    both = flags & CAR_F and flags & CAR_B
    if not both:
        lanes = max(total or max(ahead, back) or usual, 1)
        return min(lanes, 6), min(lanes, 6)
    if total and not ahead and not back:
        ahead, back = -(-total // 2), max(total // 2, 1)
    return min(ahead or usual, 6), min(back or usual, 6)
