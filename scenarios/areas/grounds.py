"""From the sources that are given to the ground of a place: which one gives the streets, and what cuts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scenarios.areas import borders, municipality, statistics, zones
from scenarios.areas.account import Account
from scenarios.areas.borders import Municipality
from scenarios.areas.care_sites import Sites, read_sites
from scenarios.areas.cityjson import Models
from scenarios.areas.coordinates import DEGREES
from scenarios.areas.geojson import read_geojson
from scenarios.areas.ground import Ground, reproject
from scenarios.areas.grounds3d import between_buildings, with_models
from scenarios.areas.households import PERSONS_PER_DWELLING
from scenarios.areas.jemss import City, read_city
from scenarios.areas.opening import decode, read_bytes, refuse
from scenarios.areas.osm import read_ground as read_osm
from scenarios.areas.osm_buildings import Stock
from scenarios.areas.osm_frame import projected_system
from scenarios.areas.stock3d import read_all
from scenarios.areas.sumo import read_net
from twin.errors import Fault, InputError

AROUND = 4_000.0  # m of land around a municipality that is looked at for roads out of it

File = str | Path


@dataclass(frozen=True)
class Sources:
    """What the user gave; see `place.build_place`."""

    osm: File | None = None
    buildings: Sequence[File] = ()
    stats: File | Sequence[File] | None = None
    municipality: str | None = None
    energy: File | None = None
    care: Sequence[File] = ()
    jemss: File | None = None
    sumo: File | None = None
    boundary: File | None = None
    citizens: int | None = None
    seed: int = 1


@dataclass
class Site:
    """A ground with its districts, the municipality that it is (a part of), care sites, and the accounts of all sources."""

    ground: Ground
    title: str
    districts: list[zones.District]
    town: Municipality | None
    care: list[Sites]
    accounts: list[Account] = field(default_factory=list)


def read_site(given: Sources) -> Site:
    """The ground and what lies on it. Raises InputError where the sources make no place."""
    published = statistics.read_zones(given.stats) if given.stats is not None else None
    town = borders.find_town(published, given.municipality, given.energy)
    border = town.border if town else None
    drawn = read_border(given.boundary) if given.boundary is not None else None
    if drawn is not None:
        border = drawn[0] if border is None else _common(border, drawn[0], given)
    city = read_city(given.jemss) if given.jemss is not None else None
    models = read_all(given.buildings)
    ground, districts = _ground(given, published, town, border, city, models)
    if models and models[0].crs != ground.crs:
        models = read_all(given.buildings, ground.crs)
    ground = with_models(ground, models)
    title = town.name if town else ground.title
    west, south, east, north = reproject(ground.outline, ground.crs, DEGREES).buffer(0.3).bounds
    care = [read_sites(file, (west, south, east, north)) for file in given.care]
    if city is not None:
        care.append(_of_city(city))
    accounts = [ground.account, *(m.account for m in models)]
    if published is not None:
        accounts.append(published.account)
    if town and town.energy:
        accounts.append(town.energy.account)
    accounts += [drawn[1]] if drawn is not None else []
    accounts += [s.account for s in care if s.account is not ground.account]
    return Site(ground, title, districts, town, care, accounts)


def _ground(
    given: Sources, published: Any, town: Municipality | None, border: Any, city: City | None, models: list[Models]
) -> tuple[Ground, list[zones.District]]:
    """Streets and buildings of the first source that has them, else generated inside the border."""
    if given.osm is not None:
        ground = read_osm(given.osm, border)
    elif given.sumo is not None:
        net = read_net(given.sumo)
        title = Path(given.sumo).name.split(".")[0].replace("_", " ").title()
        ground = _of_streets(net.streets, net.crs, net.account, net.facts, title, border)
    elif city is not None and city.streets is not None:
        ground = _of_streets(
            city.streets, city.crs, city.account, city.facts, Path(str(given.jemss)).name.title(), border
        )
    elif models:
        ground = between_buildings(models, border)
    elif border is not None:
        return _generated(given, published, town, border)
    else:
        raise InputError(
            Fault(
                "sources",
                "give neither streets nor a border to generate them in",
                "an OpenStreetMap extract, a SUMO network, 3D buildings, or --stats with --municipality, or --boundary",
                "add one of them",
            )
        )
    if given.osm is not None and given.sumo is not None:
        ground.account.notes.append(f"{Path(given.sumo).name} is not read: the streets are those of the extract")
    found = borders.districts_in(published, town, ground.outline, ground.crs, parts=True)
    return ground, zones.clip_districts(found, ground.outline, town.name if town else ground.title)


def _of_streets(net: Any, crs: str, account: Account, facts: dict[str, Any], title: str, border: Any) -> Ground:
    """A ground of streets alone; it covers what its streets surround, whatever the border."""
    import numpy as np
    import shapely

    if not len(net.marks.get("gateway", ())):
        raise InputError(
            Fault(
                account.file, "has no road on which cars come in and out", "a network of streets", "take a larger one"
            )
        )
    if border is not None:
        account.notes.append("the border does not cut it: all of its streets are taken")
    outline = shapely.convex_hull(shapely.multipoints(np.stack([net.x, net.y], 1))).buffer(50.0)
    return Ground(crs, outline, net, "observed", None, account, {"streets": facts}, title)


def _generated(
    given: Sources, published: Any, town: Municipality | None, border: Any
) -> tuple[Ground, list[zones.District]]:
    """Streets and buildings invented inside the border, with the dwellings of its districts."""
    import shapely

    middle = border.centroid
    crs = projected_system(middle.x, middle.y)
    outline = reproject(border, DEGREES, crs)
    title = town.name if town else Path(str(given.boundary)).name.split(".")[0].replace("_", " ").title()
    districts = borders.districts_in(published, town, outline, crs)
    if not districts:
        if given.citizens is None:
            raise InputError(
                Fault(
                    "sources",
                    "no district with figures lies inside the border, so nothing says how many people live there",
                    "district figures with --stats, or --citizens",
                    "add one of them",
                )
            )
        figures = {
            "population": float(given.citizens),
            "dwellings": float(round(given.citizens / PERSONS_PER_DWELLING)),
        }
        districts = [zones.District("WK01", title, outline, figures, 1.0, "synthetic")]
    districts = zones.clip_districts(districts, outline, title)
    around = borders.land_around(published, town, outline, crs, AROUND) if published is not None else None
    made = municipality.generate(outline, districts, given.seed, title, around)
    account = Account(
        "generated streets and buildings",
        f"{title}, generator, seed {given.seed}",
        "CC0-1.0",
        "streets and buildings generated; none of them is real",
        notes=[str(note) for note in made.facts.get("notes", ())],
    )
    account.count("read", "dwellings wanted by the figures", int(made.buildings["dwellings"].sum()))
    stock = Stock(made.buildings, [], shapely.from_wkb(made.buildings["geometry"]), {})
    ground = Ground(
        crs, outline, made.streets, "synthetic", stock, account, {**made.facts}, title, False, made.places, made.member
    )
    return ground, districts


def _of_city(city: City) -> Sites:
    import numpy as np

    posts, hospitals = len(city.post_name), len(city.hospital_name)
    units = np.bincount(city.ambulances, minlength=posts) if len(city.ambulances) else city.post_capacity
    return Sites(
        ["ambulance_post"] * posts + ["hospital"] * hospitals,
        [*city.post_name, *city.hospital_name],
        np.concatenate([city.post_lon, city.hospital_lon]),
        np.concatenate([city.post_lat, city.hospital_lat]),
        np.concatenate([units, np.zeros(hospitals, np.int64)]),
        city.account,
    )


def _common(town: Any, border: Any, given: Sources) -> Any:
    """The land of a municipality within a border. Raises InputError where they have none in common."""
    import shapely

    parts = shapely.get_parts(shapely.get_parts(shapely.intersection(town, border)))
    land = [p for p in parts if p.geom_type == "Polygon" and not p.is_empty]
    if not land:
        raise InputError(
            Fault(
                f"--boundary {given.boundary}",
                f"lies outside the municipality {given.municipality}",
                "a border that shares land with it",
                "leave one of the two out",
            )
        )
    return shapely.union_all(land)


def read_border(path: File) -> tuple[Any, Account]:
    """The polygons of a GeoJSON file as one, in degrees, and the file's account. Raises InputError where there is none."""
    import shapely

    account = Account("border", Path(path).name, "as its publisher states", "the publisher of the file")
    found = read_geojson(decode(read_bytes(Path(path)), path, account), path, "polygons")
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(found.shapes)))
    parts = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    if not len(parts):
        raise refuse(path, "holds no area", "polygons", "check which file it is")
    if not found.crs:
        raise refuse(
            path, "is in no system known here", "degrees (EPSG:4326) or Dutch metres (EPSG:28992)", "convert it"
        )
    account.count("read", "polygons of a border", len(parts))
    return reproject(shapely.union_all(parts), found.crs, DEGREES), account
