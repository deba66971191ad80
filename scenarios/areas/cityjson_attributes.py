"""What a 3D building says of itself, under the names that its publishers use: year, storeys, heights, use, state."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from scenarios.areas.cityjson_files import as_list, unit_of

# names, in small letters and in order of preference. 3DBAG puts b3_ before its own since 2023
YEAR = ("yearofconstruction", "oorspronkelijkbouwjaar", "bouwjaar", "construction_year", "year_built", "year")
STOREYS = ("storeysaboveground", "b3_bouwlagen", "bouwlagen", "numberoffloors", "num_floors", "storeys", "floors")
GROUND = ("b3_h_maaiveld", "h_maaiveld", "terrainheight", "baseheight", "ground_height")  # m in the file's datum
TOP = ("b3_h_dak_max", "h_dak_max", "b3_h_dak_70p", "h_dak_70p", "b3_h_dak_50p", "h_dak_50p")  # in the file's datum
HEIGHT = ("measuredheight", "roofheight", "height", "hoogte")  # above the ground
STATE = ("status", "pandstatus", "bgt_status")
USE = ("gebruiksdoel", "function", "usage", "class", "building_use", "use")
# states of the Dutch register in which a building does not stand: never built, or pulled down
GONE = re.compile(
    r"gesloopt|niet gerealiseerd|ten onrechte|bouwvergunning verleend|bouw gestart|demolished|planned", re.IGNORECASE
)
# words of a use, in Dutch, English and German, and the codes of CityGML and ALKIS that are certain
USES = (
    ("house", r"eengezins|terraced|detached|single.?family|villa|einfamilien"),
    ("apartments", r"woon|wohn|resid|dwelling|apartment|housing|meergezins|flat\b|^1000$|31001_10\d\d"),
    ("office", r"kantoor|office|büro|buero|31001_2020"),
    ("shop", r"winkel|retail|shop|store\b|commercial|handel|kauf|31001_205\d"),
    ("university", r"universi|hochschule|college|31001_3023"),
    ("school", r"onderwijs|school|educat|schule|bildung|31001_302[0-2]"),
    ("hospital", r"ziekenhuis|hospital|kranken|31001_305\d"),
    ("care", r"gezondheid|zorg|health|care|pflege"),
    ("industry", r"indust|fabri|factory|warehouse|lager|gewerbe|agrar|farm|31001_2(1|0)00"),
    ("leisure", r"sport|logies|hotel|leisure|museum|theat|cinema|recreat|restaurant"),
    ("public", r"bijeenkomst|cel\b|celfunctie|church|kirche|religio|public|govern|verwaltung|station"),
    ("garage", r"garage|shed|berging|schuur|carport|greenhouse|^kas$|31001_2463"),
)


def lower_names(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes under names in small letters."""
    return {str(k).lower(): v for k, v in attributes.items()}


def number(attributes: Mapping[str, Any], names: Sequence[str], metres: float = 1.0) -> tuple[float, str]:
    """The first of `names` that is a finite number, times `metres` or its own unit, and its name; (nan, "") if none."""
    for name in names:
        value, unit = attributes.get(name), metres
        if isinstance(value, dict):
            unit = unit_of(str(value.get("uom", ""))) or metres
            value = value.get("value")
        try:
            found = float(str(value).replace(",", ".")) * unit
        except ValueError:
            continue
        if math.isfinite(found):
            return found, name
    return math.nan, ""


def gone(attributes: Mapping[str, Any]) -> bool:
    """Whether the building does not stand: not built yet, never, or pulled down; or lies below the ground."""
    if "underground" in str(attributes.get("ondergronds_type", "")):
        return True
    return any(GONE.search(str(attributes.get(name, ""))) for name in STATE)


def stated_use(attributes: Mapping[str, Any]) -> str:
    """The use that the building states, a word of the area's USES; "" where it states none that is known."""
    if any(str(attributes.get(n)).lower() in ("true", "1") for n in ("b3_kas_warenhuis", "kas_warenhuis")):
        return "garage"  # a greenhouse: nobody lives or works on its floor
    for name in USE:
        raw = attributes.get(name)
        for text in as_list(raw) or [raw]:
            for use, words in USES if text else ():
                if re.search(words, str(text), re.IGNORECASE):
                    return use
    return ""
