"""Streets and buildings generated inside the real boundary of a municipality, from its districts' dwellings alone.

The plan is that of the generated town, with many towns on one lattice (`settlements`), roads between them and over the
boundary (`rural_roads`), and as many dwellings in every district as its figures say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scenarios.areas import exits, rural_roads, settlements, town_places
from scenarios.areas import land as lands
from scenarios.areas.households import PERSONS_PER_DWELLING
from scenarios.areas.housing import WHOLE
from scenarios.areas.land import Land
from scenarios.areas.places import WayOut
from scenarios.areas.settlements import Settlements
from scenarios.areas.streets import CLASS, Ints, Streets
from scenarios.areas.town_blocks import CENTRE, FARMS, HAMLET, SIDE
from scenarios.areas.town_buildings import addresses, build, choose_forms, sides_of, without_overlaps
from scenarios.areas.town_dwellings import fit_districts, put_up
from scenarios.areas.town_plan import Plan, bent, borders, close_to_main_roads, edge_list, inner_streets, jittered
from scenarios.areas.town_streets import town_streets
from scenarios.areas.zones import District
from twin.draws import stream, uniforms
from twin.errors import Fault, InputError

ESTATES = ("bedrij", "industr", "haven", "europoort", "maasvlakte")  # in the name of a district of industry
# how much sooner houses make room for green than flats do, by dwellings per km2 of the district (assumption: some 10 % of
# Dutch dwellings are flats in the country, two in three in large towns)
FLATS_STAY = ((100.0, -0.7), (700.0, -0.35), (2_000.0, -0.1), (4_500.0, 0.35))
MOST = 0.6  # share of a district in its largest part from which the other parts are not built upon (assumption)

ASSUMPTIONS = {
    "municipality.plan": "streets and buildings are invented: a lattice of superblocks of 420 m inside the real "
    "boundary, with the published dwellings of every district; water, railways and real streets are not known",
    **settlements.ASSUMPTIONS,
    **rural_roads.ASSUMPTIONS,
    **exits.ASSUMPTIONS,
    **town_places.ASSUMPTIONS,
    **town_places.MUNICIPAL,
}


@dataclass
class Generated:
    """What was built.

    streets   : cleaned, with the marks gateway, signal, lights, roundabout, priority
    buildings : columns of the table buildings but zone and nodes; under "_" what `town_places` needs
    member    : row of the districts of each building
    citizens  : residents that the figures give all districts together
    facts     : of the cleaning of streets ("streets") and of what was built and could not be ("dwellings", "notes")
    """

    streets: Streets
    buildings: dict[str, Any]
    member: Ints
    citizens: int
    facts: dict[str, Any] = field(default_factory=dict)

    def places(self, way: WayOut | None) -> tuple[dict[str, Any], Any, Any]:
        """The table places, jobs (building, count) and schools (building, capacity, level)."""
        return town_places.town_places(self.buildings, self.citizens, way)


def generate(
    outline: Any, districts: Sequence[District], seed: int, name: str = "", neighbours: Any = None
) -> Generated:
    """Streets and buildings of a municipality.

    outline    : polygon or multipolygon in EPSG:28992, may have holes
    districts  : whose shapes fill it, in the same system
    neighbours : polygon of the land around; given, no road leaves to the sea
    Raises InputError where no district has dwellings, or nothing that streets would fit in.
    """
    facts: dict[str, Any] = {"name": name, "notes": []}
    dwellings, residents = _wanted(districts, facts)
    if not dwellings.sum():
        raise InputError(
            Fault(
                name or "districts",
                "have no dwellings in any figure",
                "districts with dwellings or residents",
                "give the figures of a year that has them",
            )
        )
    shapes = [d.shape for d in districts]
    land = lands.survey(outline, [_main_part(s) for s in shapes], seed)
    if not len(land.block):
        raise InputError(
            Fault(
                name or "boundary",
                f"encloses {outline.area / 1e6:.3f} km2, too little for streets",
                "an area some 150 m wide at least",
                "take a larger boundary",
            )
        )
    km2 = np.array([s.area / 1e6 for s in shapes])
    estates = np.array([any(word in d.name.lower() for word in ESTATES) for d in districts])
    found = settlements.settle(land, dwellings, km2, estates, residents, seed)
    plan = draw_plan(outline, land, found, residents, seed, neighbours, facts)
    streets, facts["streets"] = town_streets(plan)
    buildings, member = _buildings(plan, outline, shapes, dwellings, residents, found, seed, facts)
    facts["served_from_outside"] = town_places.served_from_outside(buildings)
    return Generated(streets, buildings, member, residents, facts)


def _wanted(districts: Sequence[District], facts: dict[str, Any]) -> tuple[Ints, int]:
    """Dwellings of every district, and the residents of all; what figures lack is told."""
    homes, people, guessed, unknown = [], 0.0, [], []
    for d in districts:
        dwellings, residents = d.figure("dwellings"), d.figure("population")
        if dwellings is None and residents is not None:
            guessed.append(d.code)
            dwellings = residents / PERSONS_PER_DWELLING
        if dwellings is None:
            unknown.append(d.code)
        part = 1.0 if d.inside >= WHOLE else d.inside
        homes.append(round((dwellings or 0) * part))
        people += part * (residents if residents is not None else PERSONS_PER_DWELLING * (dwellings or 0))
    for codes, what in ((guessed, "dwellings from residents"), (unknown, "no figures, nothing built")):
        if codes:
            facts["notes"].append(f"{what}: {', '.join(codes)}")
    return np.array(homes, np.int64), round(people)


def _main_part(shape: Any) -> Any:
    """The largest part of a district if it is most of it: sandbanks and slivers are not built upon."""
    import shapely

    largest = max(shapely.get_parts(shape), key=shapely.area)
    return largest if largest.area > MOST * shape.area else shape


def draw_plan(
    outline: Any, land: Land, found: Settlements, residents: int, seed: int, neighbours: Any, facts: dict[str, Any]
) -> Plan:
    """The plan of all towns of a municipality, with the roads between them."""
    blocks = found.blocks
    across, along, *ways = inner_streets(blocks, found.towns, found.town, seed)
    for k, town in enumerate(found.towns):
        own = (blocks > 0) & (blocks != HAMLET) & (found.town == k)
        if own.any():
            borders(own, town, across, along)
    close_to_main_roads(blocks, found.towns, found.town, across, along, seed)
    for p, q in np.argwhere(blocks == HAMLET):
        beside = along[p * SIDE, q * SIDE : (q + 1) * SIDE]
        beside[beside < 0] = CLASS["tertiary"]
    across[~(land.inside[:-1] & land.inside[1:])] = -1
    along[~(land.inside[:, :-1] & land.inside[:, 1:])] = -1
    points = bent(*jittered(blocks, land.half, seed), land.turn, land.centre, seed)
    none = np.full(across.shape, -1), np.full(along.shape, -1)
    plan = Plan(
        seed, blocks, land.half, across, along, ways[0], ways[1], points, [], found.towns, found.town,
        land.buildable, [], none[0], none[1],
    )  # fmt: skip
    rural_roads.bridge_gaps(plan, land)
    lattice = rural_roads.Lattice.of(plan, land)
    facts["street_fragments_left_out"] = rural_roads.drop_fragments(lattice)
    rural_roads.join_settlements(lattice)
    facts["island"] = exits.lead_out(lattice, outline, residents, neighbours)
    facts["links_over_water"] = len(plan.outside)
    _straighten(plan, land)
    _farms(plan, land)
    return plan


def _straighten(plan: Plan, land: Land) -> None:
    fixed = np.zeros(land.inside.shape, bool)
    urban = np.kron(plan.urban, np.ones((SIDE, SIDE), bool))
    for a in (0, 1):
        for b in (0, 1):
            fixed[a : len(urban) + a, b : len(urban) + b] |= urban
    for i, j, _ in plan.gateways:
        fixed[i, j] = True
    n = len(fixed)
    for pair in plan.outside:
        fixed.ravel()[list(pair)] = True
    rural_roads.straighten(plan, land, fixed.reshape(n, n))


def _farms(plan: Plan, land: Land) -> None:
    """Let farms stand along the roads outside towns: the free superblocks beside them."""
    home = land.home().reshape(plan.blocks.shape)
    beside = np.zeros(plan.blocks.shape, bool)
    last = len(plan.blocks) - 1
    for classes, steps in ((plan.across, (0, 1)), (plan.along, (1, 0))):
        i, j = np.nonzero(classes >= 0)
        for back in (0, 1):
            p, q = (i - back * steps[0]) // SIDE, (j - back * steps[1]) // SIDE
            beside[np.clip(p, 0, last), np.clip(q, 0, last)] = True
    plan.blocks[beside & (plan.blocks == 0) & (home >= 0)] = FARMS


def _buildings(
    plan: Plan, outline: Any, shapes: list[Any], dwellings: Ints, residents: int, found: Settlements, seed: int,
    facts: dict[str, Any],
) -> tuple[dict[str, Any], Ints]:  # fmt: skip
    """Buildings with exactly the dwellings of every district, each in its own, and the district of each."""
    import shapely

    km2 = np.maximum(shapely.area(shapes) / 1e6, 0.01)
    sides = sides_of(plan)
    weight = found.homes.ravel()[plan.blocks.ravel() > 0] + 1e-6
    choose_forms(sides, town_places.municipal_counts(residents), seed, weight)
    built = without_overlaps(build(plan, sides, seed))
    member, fits = _members(built, outline, shapes)
    fits &= ~_on_streets(plan, built)
    facts["buildings_left_out"] = int((~fits).sum())
    facts["public_buildings_left_out"] = int((built["_public"][~fits] >= 0).sum())
    built, member = {c: v[fits] for c, v in built.items()}, member[fits]
    kind = plan.blocks[plan.blocks > 0].astype(np.int64)[built["_block"]]
    luck = uniforms(stream(seed, "town.thinning"), built["_edge"] * 2 + built["_left"])
    luck += np.where(kind == CENTRE, 1.0, 0.0) + np.where(kind == FARMS, 0.6, 0.0)
    dense = np.interp(dwellings / km2, *zip(*FLATS_STAY, strict=True))
    luck += np.where(built["use"] == "apartments", dense[member], 0.0)
    keep, missing, told = fit_districts(built, member, dwellings, luck)
    facts["dwellings"] = {"wanted": int(dwellings.sum()), **told, "put up beside streets": int(missing.sum())}
    built, member = put_up({c: v[keep] for c, v in built.items()}, member[keep], missing, shapes)
    built["address"] = addresses(plan, built, member)
    built["osm_id"] = np.zeros(len(member), np.int64)
    built["origin"] = np.full(len(member), "synthetic", object)
    return built, member


def _members(buildings: dict[str, Any], outline: Any, shapes: list[Any]) -> tuple[Ints, Any]:
    """District of the centre of each building, and whether the whole building lies in the municipality."""
    import shapely

    x, y = buildings["x"], buildings["y"]
    member = np.full(len(x), -1, np.int64)
    for k, shape in enumerate(shapes):
        west, south, east, north = shape.bounds
        near = np.flatnonzero((x > west) & (x < east) & (y > south) & (y < north) & (member < 0))
        shapely.prepare(shape)
        member[near[shapely.contains_xy(shape, x[near], y[near])]] = k
    shapely.prepare(outline)
    return member, (member >= 0) & shapely.contains_properly(outline, shapely.from_wkb(buildings["geometry"]))


def _on_streets(plan: Plan, buildings: dict[str, Any]) -> Any:
    """Buildings that a street for cars runs through: beside roads that were drawn straight."""
    import shapely

    tail, head, road, *_ = edge_list(plan)
    driven = ~np.isin(road, [CLASS[k] for k in ("footway", "cycleway", "pedestrian")])
    tail, head = tail[driven], head[driven]
    flat = plan.points.reshape(-1, 2)
    lines = shapely.linestrings(np.stack([flat[tail], flat[head]], 1))
    hit = shapely.STRtree(lines).query(shapely.from_wkb(buildings["geometry"]), predicate="intersects")[0]
    out = np.zeros(len(buildings["x"]), bool)
    out[hit] = True
    return out
