"""Places of an area from OpenStreetMap: jobs by floor and use, schools, care; what it lacks lies beyond a gateway."""

from __future__ import annotations

from typing import Any

import numpy as np

from scenarios.areas import places
from scenarios.areas.osm_buildings import Stock

POINT_JOBS = {
    "shop": 4,
    "office": 10,
    "amenity": 5,
    "healthcare": 5,
    "tourism": 5,
    "craft": 4,
}  # per point in a dwelling house (assumption)
SECONDARY = (
    "college",
    "lyceum",
    "gymnasium",
    "mavo",
    "havo",
    "vmbo",
    "vwo",
    "voortgezet",
    "realschule",
    "gesamtschule",
    "berufliche",
    "scholengemeenschap",
    "scholencombinatie",
    "praktijkonderwijs",
    "high school",
    "yläaste",
    "lukio",
)
SECONDARY_M2 = 6_000.0  # gross floor from which a school of unknown level is a secondary one (assumption)
LEISURE = {
    "restaurant",
    "cafe",
    "bar",
    "pub",
    "fast_food",
    "cinema",
    "theatre",
    "nightclub",
    "community_centre",
    "arts_centre",
    "sports_centre",
    "fitness_centre",
    "sports_hall",
    "swimming_pool",
    "museum",
    "hotel",
    "gallery",
    "events_venue",
}
CARE_HOMES = {"nursing_home", "assisted_living", "group_home"}
PRIMARY_SHARE = 0.09  # of residents are 4-11 years old (CBS 2022, from memory)

ASSUMPTIONS = {
    "osm.point_jobs": "a shop, office or amenity in a dwelling house adds 4 to 10 jobs (assumption)",
    "osm.outside_services": "a hospital, GP post or ambulance post that the extract lacks lies beyond its busiest "
    "gateway; a primary school is put in the suitable building nearest that gateway, marked synthetic",
}


def make_places(stock: Stock, way: places.WayOut | None, citizens: int, facts: dict[str, Any]) -> Any:
    """The table places, jobs (building, count) and schools (building, capacity, level).

    way : the gateway beyond which lies what the extract lacks; None: in a building, as well as may be
    """
    buildings = stock.columns
    rows = places.Places()
    found = _kinds(stock)
    schools = _schools(found, buildings)
    for at, capacity, level, name in schools:
        rows.add(at, "university" if level == 2 else "school", capacity, name, "observed")
    floor = buildings["floor_m2"]
    for kind, members in found.items():
        for at, name in members:
            if kind not in ("school", "university"):
                rows.add(at, kind, _capacity(kind, float(floor[at]), citizens, len(members)), name, "observed")
    near = _nearest_suitable(stock, way)
    missing = {k: rows.count(k) == 0 for k in ("hospital", "gp_post", "ambulance_post")}
    beds = max(round(places.BEDS_PER_CITIZEN * citizens), 150)
    for kind, capacity, name in (
        ("hospital", beds, "Hospital outside"),
        ("gp_post", 6, "GP post outside"),
        ("ambulance_post", int(places.ambulances(citizens, 1)[0]), "Ambulance post outside"),
    ):
        if missing[kind]:
            rows.add(near, kind, capacity, name, "synthetic", **(way.to(kind) if way else {}))
    _share_ambulances(rows, citizens)
    if not any(level == 0 for _, _, level, _ in schools) and citizens >= 300:
        schools.append((near, max(round(PRIMARY_SHARE * 1.1 * citizens), 50), 0, "Primary school outside"))
        rows.add(near, "school", schools[-1][1], schools[-1][3], "synthetic")
        missing["school"] = True
    facts["served_from_outside"] = sorted(k for k, v in missing.items() if v)
    jobs = _jobs(stock)
    working = np.flatnonzero(jobs > 0)
    rows.add(working, "work", jobs[working], "", "inferred")
    columns = tuple(np.array([s[i] for s in schools], np.int64) for i in range(3))  # building, capacity, level
    return rows.table(), (working, jobs[working]), columns


def _kinds(stock: Stock) -> dict[str, list[tuple[int, str]]]:
    """Building and name of every place found, by kind; a place mapped twice in one building counts once."""
    found: dict[str, dict[tuple[int, str], None]] = {}
    use = stock.columns["use"]
    for building, tags in stock.points:
        for kind in _place_kinds(tags):
            for at in _of_grounds(kind, building, tags, use):
                found.setdefault(kind, {})[(at, tags.get("name", ""))] = None
    for i in np.flatnonzero(np.isin(use.astype(str), ("university", "school", "hospital", "care"))):
        kind = {"care": "care_home"}.get(use[i], use[i])
        if all(b != i for b, _ in found.get(kind, ())) and (
            kind in ("university", "school") and stock.columns["floor_m2"][i] > 300
        ):
            found.setdefault(kind, {})[(int(i), "")] = None
    several = {"shop", "leisure"}
    return {k: list(v) if k in several else _once(v) for k, v in sorted(found.items())}


def _once(members: dict[tuple[int, str], None]) -> list[tuple[int, str]]:
    """One entry per building, a named one if there is one."""
    named = {b for b, n in members if n}
    kept: dict[int, str] = {}
    for b, n in members:
        if b not in kept and (n or b not in named):
            kept[b] = n
    return list(kept.items())


def _of_grounds(kind: str, building: int, tags: dict[str, str], use: Any) -> list[int]:
    """A campus counts in each of its teaching buildings; every other ground in its largest building."""
    if kind != "university" or "_buildings" not in tags:
        return [building]
    return [b for b in map(int, tags["_buildings"].split(",")) if use[b] == "university"]


def _place_kinds(tags: dict[str, str]) -> list[str]:
    amenity, health, name = tags.get("amenity", ""), tags.get("healthcare", ""), tags.get("name", "").lower()
    kinds = []
    if "huisartsenpost" in name or tags.get("healthcare:speciality") == "out_of_hours":
        kinds.append("gp_post")
    if amenity == "hospital" or health == "hospital":
        kinds.append("hospital")
    if tags.get("emergency") == "ambulance_station" or amenity == "ambulance_station":
        kinds.append("ambulance_post")
    if amenity == "pharmacy" or health == "pharmacy":
        kinds.append("pharmacy")
    if amenity in ("school", "university", "library"):
        kinds.append(amenity)
    if amenity == "college":
        kinds.append("university")
    if amenity == "nursing_home" or tags.get("social_facility") in CARE_HOMES:
        kinds.append("care_home")
    if "shop" in tags and tags["shop"] not in ("no", "vacant"):
        kinds.append("shop")
    if {amenity, tags.get("leisure", ""), tags.get("tourism", "")} & LEISURE:
        kinds.append("leisure")
    return kinds


def _schools(found: dict[str, list[tuple[int, str]]], buildings: dict[str, Any]) -> list[tuple[int, int, int, str]]:
    """(building, capacity, level, name) of schools and university buildings."""
    out = []
    for kind in ("school", "university"):
        for at, name in found.get(kind, ()):
            lower = name.lower()
            level = (
                2
                if kind == "university"
                else int(any(w in lower for w in SECONDARY) or buildings["floor_m2"][at] > SECONDARY_M2)
            )
            if level == 2 and buildings["floor_m2"][at] < 300:
                continue
            capacity = int(places.pupils_of(np.array([level]), np.array([buildings["floor_m2"][at]]))[0])
            out.append((at, min(capacity, (600, 1800, 8000)[level]), level, name))
    return out


def _capacity(kind: str, floor: float, citizens: int, sites: int) -> int:
    if kind == "hospital":
        return max(int(floor / 110), 40)  # gross floor per bed, order of magnitude (assumption)
    if kind == "care_home":
        return max(int(floor / 65), 15)
    if kind in ("pharmacy", "gp_post"):
        return 8
    if kind == "ambulance_post":
        return int(places.ambulances(citizens, sites)[0])
    return max(int(min(floor, 3000.0) / places.VISITORS_M2 / 2), 3)


def _share_ambulances(rows: places.Places, citizens: int) -> None:
    """The posts together hold the ambulances that the residents call for."""
    posts = [i for i, kind in enumerate(rows.rows["kind"]) if kind == "ambulance_post"]
    for i, count in zip(posts, places.ambulances(citizens, len(posts)).tolist(), strict=True):
        rows.rows["capacity"][i] = count


def _nearest_suitable(stock: Stock, way: places.WayOut | None) -> int:
    """The building of some size nearest the way out."""
    b = stock.columns
    far = np.hypot(b["x"] - way.x, b["y"] - way.y) if way else np.zeros(len(b["x"]))
    use = b["use"].astype(str)
    poor = np.select(
        [
            np.isin(use, ("office", "public", "industry", "shop", "leisure", "university", "hospital"))
            & (b["floor_m2"] > 500),
            ~np.isin(use, ("house", "garage")) & (b["floor_m2"] > 200),
        ],
        [0.0, 1e5],
        2e5,
    ) + np.where(use == "garage", 1e6, 0)
    return int(np.argmin(far + poor))


def _jobs(stock: Stock) -> Any:
    """Jobs of each building: by use and floor, and by the shops and offices in dwelling houses."""
    b = stock.columns
    use = b["use"].copy()
    homes = np.isin(use.astype(str), ("house", "apartments", "garage"))
    use[(use == "other") & (b["floor_m2"] < 300)] = "garage"
    jobs = places.jobs_of(use, b["floor_m2"] - np.minimum(b["dwellings"] * 60.0, 0.7 * b["floor_m2"]))
    jobs[homes] = 0
    for building, tags in stock.points:
        if homes[building]:
            jobs[building] += max((n for k, n in POINT_JOBS.items() if k in tags and _is_work(k, tags)), default=0)
    return jobs


def _is_work(key: str, tags: dict[str, str]) -> bool:
    if key == "amenity":
        return tags[key] in LEISURE | {
            "school",
            "kindergarten",
            "pharmacy",
            "doctors",
            "dentist",
            "clinic",
            "bank",
            "library",
        }
    return tags[key] not in ("no", "vacant", "information", "artwork", "viewpoint")
