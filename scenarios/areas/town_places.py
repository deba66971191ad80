"""Places of generated buildings: jobs, schools, care, shops; what a small municipality lacks lies beyond its gateways."""

from __future__ import annotations

from typing import Any

import numpy as np

from scenarios.areas import places
from scenarios.areas.streets import Ints
from scenarios.areas.town_buildings import PUBLIC, public_counts

JOBS_PER_RESIDENT = 0.50  # Netherlands 2022: 9.4 million persons at work for 17.6 million residents (CBS)
# residents of a municipality below which it has no building of this kind of its own (assumption; a Dutch hospital
# serves some 150,000, a GP post out of hours some 100,000, a secondary school some 14,000)
OWN_FROM = {"hospital": 80_000, "gp_post": 40_000, "secondary": 8_000, "cinema": 15_000, "library": 3_000}
OUTSIDE = {"hospital": "Hospital outside", "gp_post": "GP post outside"}

ASSUMPTIONS = {
    "town.jobs": "0.50 jobs per resident (9.4 million persons at work for 17.6 million residents, CBS 2022)",
}
MUNICIPAL = {
    "town.outside_services": "municipalities under 80,000 residents have no hospital, under 40,000 no GP post, under "
    "8,000 no secondary school: hospital and GP post lie beyond the main gateway, pupils leave by all (assumption)",
}


def municipal_counts(citizens: int) -> Ints:
    """Number of each row of PUBLIC in a municipality of `citizens`, which may leave some to its neighbours."""
    counts = public_counts(citizens)
    for p, (kind, *_) in enumerate(PUBLIC):
        if citizens < OWN_FROM.get(kind, 0):
            counts[p] = 0
        elif kind == "ambulance_post" and citizens < 50_000:
            counts[p] = 1
    return counts


def town_places(
    buildings: dict[str, Any], citizens: int, way: places.WayOut | None = None
) -> tuple[dict[str, Any], Any, Any]:
    """The table of places, jobs (building, count) and schools (building, capacity, level).

    buildings : with the key "_public"
    way       : the gateway beyond which services lie that have no building of their own
    """
    rows = places.Places()
    of = _sites(buildings)
    use = buildings["use"].astype(str)
    jobs = places.jobs_of(buildings["use"], buildings["floor_m2"], JOBS_PER_RESIDENT * citizens)
    working = np.flatnonzero(jobs > 0)
    rows.add(working, "work", jobs[working])
    # some 8.3 % of residents are of primary and 6.9 % of secondary school age; 15 % spare (assumption)
    primary = _shared(1.15 * 0.095 * citizens, len(of["primary"]))
    secondary = _shared(1.15 * 0.080 * citizens, len(of["secondary"]))
    street = np.array([a.rsplit(" ", 1)[0] for a in buildings["address"]], object)

    rows.add(of["primary"], "school", primary, [f"Basisschool {s}" for s in street[of["primary"]]])
    rows.add(of["secondary"], "school", secondary, [f"College {s}" for s in street[of["secondary"]]])
    _care(rows, buildings, of, citizens, way)
    shops, fun = np.flatnonzero(use == "shop"), np.flatnonzero(use == "leisure")
    rows.add(shops, "shop", np.maximum(buildings["floor_m2"][shops] / places.VISITORS_M2, 2).astype(int))
    rows.add(fun, "leisure", (buildings["floor_m2"][fun] / places.VISITORS_M2).astype(int))
    count = max(1, round(citizens / 9000))
    chemists = shops[((np.arange(count) + 0.5) / count * len(shops)).astype(int)] if len(shops) else shops
    rows.add(chemists, "pharmacy", 10, "Apotheek")
    at = np.concatenate([of["primary"], of["secondary"]])
    level = np.repeat([0, 1], [len(of["primary"]), len(of["secondary"])])
    return rows.table(), (working, jobs[working]), (at, np.concatenate([primary, secondary]), level)


def served_from_outside(buildings: dict[str, Any]) -> list[str]:
    """Services that have no building of their own."""
    of = _sites(buildings)
    return sorted(k for k in (*OUTSIDE, "secondary") if not len(of[k]))


def _sites(buildings: dict[str, Any]) -> dict[str, Ints]:
    label = np.array([p[0] for p in PUBLIC] + [""])[buildings["_public"]]
    return {kind: np.flatnonzero(label == kind) for kind, *_ in PUBLIC}


def _care(
    rows: places.Places, buildings: dict[str, Any], of: dict[str, Ints], citizens: int, way: places.WayOut | None
) -> None:
    beds = np.maximum(_shared(places.BEDS_PER_CITIZEN * citizens, max(len(of["hospital"]), 1)), 40)
    doctors = max(4, round(citizens / 10_000 / max(len(of["gp_post"]), 1)))
    for kind, capacity, name in (("hospital", beds, "Streekziekenhuis"), ("gp_post", doctors, "Huisartsenpost")):
        if len(of[kind]) or way is None:
            rows.add(of[kind], kind, capacity, name)
        else:
            rows.add(_nearest(buildings, way), kind, capacity, OUTSIDE[kind], **way.to(kind))
    posts = of["ambulance_post"]
    titles = [f"Post {i + 1}" for i in range(len(posts))]
    rows.add(posts, "ambulance_post", places.ambulances(citizens, len(posts)) if len(posts) else 0, titles)
    books = (buildings["floor_m2"][of["library"]] / places.VISITORS_M2).astype(int)
    rows.add(of["library"], "library", books, "Bibliotheek")
    beds = np.maximum(buildings["floor_m2"][of["care_home"]] / 55, 20).astype(int)
    rows.add(of["care_home"], "care_home", beds, "Zorgcentrum")


def _nearest(buildings: dict[str, Any], way: places.WayOut) -> int:
    """The building nearest a gateway."""
    return int(np.argmin(np.hypot(buildings["x"] - way.x, buildings["y"] - way.y)))


def _shared(total: float, n: int) -> Any:
    """`total` split over `n` as evenly as whole numbers allow."""
    return np.diff(np.linspace(0, round(total), n + 1).astype(int))
