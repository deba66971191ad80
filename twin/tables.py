"""The tables of an Area, column by column. Tables of several domains stand here; a domain's own tables in its folder.

A row's number is its id. A *location* is a row of `buildings`, or `len(buildings)` plus a row of `gateways`.
"""

from __future__ import annotations

from twin.attributes import ORIGINS, Column

ORIGIN = Column("str", default="synthetic", meaning="how the row came to be", allowed=ORIGINS)
RULE = Column(
    "str", default="", meaning='how what is not observed was found, as "height: levels x 3 m; dwellings: floor / 85 m2"'
)
X = Column(unit="m", meaning="easting in the area's projected system")
Y = Column(unit="m", meaning="northing in the area's projected system")
NODE = Column("int32", refers="nodes", low=0)

OUTSIDE = "(outside)"  # name of a link that stands for roads beyond the area: no picture or report shows it

ROAD_CLASSES = (
    "motorway",
    "trunk",
    "primary",
    "secondary",
    "tertiary",
    "unclassified",
    "residential",
    "living_street",
    "service",
    "track",
    "pedestrian",
    "cycleway",
    "footway",
    "path",
    "steps",
)
USES = (
    "house",
    "apartments",
    "office",
    "shop",
    "school",
    "university",
    "hospital",
    "care",
    "industry",
    "leisure",
    "public",
    "garage",
    "other",
)
PLACE_KINDS = (
    "work",
    "school",
    "university",
    "shop",
    "leisure",
    "library",
    "gp_post",
    "hospital",
    "ambulance_post",
    "pharmacy",
    "care_home",
)
PARKING_KINDS = ("street", "lot", "garage", "own ground")
OCCUPATIONS = ("child", "pupil", "student", "worker", "home", "retired", "through", "goods")

ZONES = {
    "code": Column("str", meaning="code of the statistics office, or one of our own"),
    "name": Column("str"),
    "level": Column("str", allowed=("district", "neighbourhood")),
    "parent": Column("int32", default=-1, low=-1, refers="zones", meaning="the district of a neighbourhood; -1 none"),
    "x": X,
    "y": Y,
    "area_m2": Column(unit="m2", low=0.0),
    "population": Column("int32", unit="persons", low=0, meaning="residents living in the zone"),
    "dwellings": Column("int32", low=0),
    "geometry": Column("geometry", meaning="polygon"),
    "origin": ORIGIN,
}
NODES = {
    "x": X,
    "y": Y,
    "kind": Column("str", allowed=("plain", "priority", "signal", "roundabout", "gateway")),
    "osm_id": Column("int64", default=0),
    "origin": ORIGIN,
}
LINKS = {
    "tail": NODE,
    "head": NODE,
    "length": Column(unit="m", low=0.1),
    "speed": Column(unit="m/s", low=0.1, high=60.0, meaning="free speed of cars"),
    "lanes": Column("int16", low=1, high=12),
    "capacity": Column(unit="veh/s", low=1e-3, meaning="largest outflow with priority or green, all lanes"),
    "car": Column("bool"),
    "bicycle": Column("bool"),
    "walk": Column("bool"),
    "road_class": Column("str", allowed=ROAD_CLASSES),
    "name": Column("str", default=""),
    "roundabout": Column("bool", default=False),
    "osm_id": Column("int64", default=0),
    "geometry": Column("geometry", meaning="linestring from tail to head"),
    "rule": RULE,
    "origin": ORIGIN,
}
BUILDINGS = {
    "zone": Column("int32", low=0, refers="zones", meaning="its neighbourhood"),
    "x": X,
    "y": Y,
    "node_car": NODE,
    "node_bicycle": NODE,
    "node_walk": NODE,
    "use": Column("str", allowed=USES),
    "storeys": Column("int16", low=1, high=200),
    "height": Column(unit="m", low=1.0, high=900.0),
    "footprint_m2": Column(unit="m2", low=0.0),
    "floor_m2": Column(unit="m2", low=0.0),
    "dwellings": Column("int32", default=0, low=0),
    "year": Column("int16", default=0, meaning="year of construction; 0 unknown"),
    "address": Column("str", default=""),
    "osm_id": Column("int64", default=0),
    "geometry": Column("geometry", meaning="polygon of the footprint"),
    "surfaces": Column(
        "geometry",
        default=b"",
        meaning="roof and walls in 3D, multipolygon Z in m above the ground; empty: the footprint and height are drawn; "
        "without parts: drawn with a neighbour",
    ),
    "rule": RULE,
    "origin": ORIGIN,
}
PLACES = {
    "building": Column("int32", low=0, refers="buildings"),
    "kind": Column("str", allowed=PLACE_KINDS),
    "name": Column("str", default=""),
    "capacity": Column(
        "int32", default=0, low=0, meaning="jobs, pupils, beds, ambulances or visitors at once, by kind"
    ),
    "gateway": Column(
        "int32",
        default=-1,
        low=-1,
        refers="gateways",
        meaning="by which a place outside the area is reached, the building being the nearest to it; -1: in the building",
    ),
    "beyond": Column(unit="m", default=0.0, low=0.0, meaning="road from that gateway to the place"),
    "origin": ORIGIN,
}
GATEWAYS = {
    "node": NODE,
    "name": Column("str", default=""),
    "road_class": Column("str", allowed=ROAD_CLASSES),
    "commuters_in": Column(
        "int32", unit="persons/day", low=0, meaning="people who live outside and work or learn here"
    ),
    "commuters_out": Column("int32", unit="persons/day", low=0, meaning="residents who work outside"),
    "through": Column("int32", unit="veh/day", low=0, meaning="vehicles that enter here and leave by another gateway"),
    "goods": Column("int32", unit="veh/day", default=0, low=0, meaning="vans and lorries that come in with goods"),
    "distance": Column(unit="m", default=10_000.0, low=0.0, meaning="typical road distance to what lies beyond"),
    "origin": ORIGIN,
}
HOUSEHOLDS = {
    "building": Column("int32", low=0, refers="buildings"),
    "size": Column("int16", unit="persons", low=1, high=20),
    "cars": Column("int16", low=0, high=10),
    "tenure": Column(
        "int8",
        default=-1,
        low=-1,
        high=2,
        meaning="0 owner, 1 rents from a corporation, 2 rents otherwise; -1 unknown",
    ),
    "origin": ORIGIN,
}
PEOPLE = {
    "household": Column("int32", default=-1, low=-1, refers="households", meaning="-1: lives outside the area"),
    "home": Column("int32", low=0, meaning="location"),
    "main": Column("int32", low=-1, meaning="location of work or school; -1 none"),
    "age": Column("int16", unit="years", low=0, high=120),
    "occupation": Column("int8", low=0, high=len(OCCUPATIONS) - 1, meaning="row of OCCUPATIONS"),
    "works": Column("bool", default=False, meaning="has paid work, side jobs of pupils and students included"),
    "education": Column(
        "int8", default=-1, low=-1, high=2, meaning="0 low, 1 middle, 2 high; -1 below 15 years or unknown"
    ),
    "income": Column(
        "int8",
        default=-1,
        low=-1,
        high=2,
        meaning="personal income: 0 among the country's lowest 40 %, 2 among the highest 20 %, 1 between; -1 none or unknown",
    ),
    "licence": Column("bool"),
    "has_car": Column("bool", meaning="may use a car of the household"),
    "has_bicycle": Column("bool"),
    "health": Column("int8", low=0, high=3, meaning="0 well, 1 chronic condition, 2 frail, 3 needs daily care"),
    "resident": Column("bool", meaning="lives in the area"),
    "origin": Column("str", default="synthetic", allowed=ORIGINS),
}
SIGNALS = {
    "node": NODE,
    "cycle": Column(unit="s", low=10.0, high=300.0),
    "origin": ORIGIN,
}
SIGNAL_GROUPS = {
    "signal": Column("int32", low=0, refers="signals"),
    "link": Column("int32", low=0, refers="links", meaning="the approach that this green serves"),
    "green_from": Column(unit="s", low=0.0, meaning="start of green within the cycle"),
    "green_to": Column(unit="s", low=0.0, meaning="end of green, after green_from; it may lie in the next cycle"),
    "origin": ORIGIN,
}
SIGNAL_PLANS = {
    "plan": Column("int32", low=0, meaning="of several in force at one signal the highest holds"),
    "signal": Column("int32", low=0, refers="signals"),
    "link": Column("int32", low=0, refers="links", meaning="the approach that this green serves"),
    "cycle": Column(unit="s", low=10.0, high=300.0),
    "green_from": Column(unit="s", low=0.0, meaning="start of green within the cycle"),
    "green_to": Column(unit="s", low=0.0, meaning="end of green, after green_from; it may lie in the next cycle"),
    "actuated": Column("bool", default=False, meaning="the traffic decides how long the greens of the own plan are"),
    "rule": RULE,
    "origin": ORIGIN,
}
GRID_NODES = {
    "x": X,
    "y": Y,
    "voltage": Column(unit="V", low=100.0, high=400_000.0, meaning="rated, line to line"),
    "origin": ORIGIN,
}
TRANSFORMERS = {
    "name": Column("str"),
    "kind": Column("str", allowed=("hv_mv", "mv_lv"), meaning="hv_mv: a substation; mv_lv: a neighbourhood station"),
    "hv_node": Column("int32", low=0, refers="grid_nodes"),
    "lv_node": Column("int32", low=0, refers="grid_nodes"),
    "rating": Column(unit="VA", low=1e3),
    "uk": Column(default=0.04, low=0.001, high=0.3, meaning="short-circuit voltage, share of rated"),
    "pk": Column(unit="W", low=0.0, meaning="load losses at rated current"),
    "p0": Column(unit="W", low=0.0, meaning="no-load losses"),
    "i0": Column(default=0.002, low=0.0, high=0.1, meaning="no-load current, share of rated"),
    "clock": Column("int8", default=5, low=0, high=11, meaning="vector group clock number"),
    "x": X,
    "y": Y,
    "zone": Column("int32", low=-1, refers="zones"),
    "origin": ORIGIN,
}
FEEDERS = {
    "name": Column("str"),
    "kind": Column("str", allowed=("mv", "lv")),
    "transformer": Column("int32", low=0, refers="transformers", meaning="the transformer whose low side feeds it"),
    "i_max": Column(unit="A", low=1.0, meaning="rated current of its first cable"),
    "origin": ORIGIN,
}
CABLES = {
    "tail": Column("int32", low=0, refers="grid_nodes"),
    "head": Column("int32", low=0, refers="grid_nodes"),
    "length": Column(unit="m", low=0.1),
    "r": Column(unit="ohm", low=0.0),
    "x": Column(unit="ohm", low=0.0),
    "c": Column(unit="F", low=0.0),
    "i_max": Column(unit="A", low=1.0),
    "feeder": Column("int32", low=0, refers="feeders"),
    "closed": Column("bool", default=True, meaning="False: the normally open point of a ring"),
    "geometry": Column("geometry", meaning="linestring, laid along the streets"),
    "origin": ORIGIN,
}
CONNECTIONS = {
    "kind": Column("str", allowed=("building", "signal")),
    "target": Column("int32", low=0, meaning="row of buildings or signals, by kind"),
    "grid_node": Column("int32", low=0, refers="grid_nodes"),
    "feeder": Column("int32", low=0, refers="feeders"),
    "origin": ORIGIN,
}
TURNS = {
    "from_link": Column("int32", low=0, refers="links"),
    "via": Column("int32", default=-1, low=-1, refers="links", meaning="the link between them; -1 they meet at a node"),
    "to_link": Column("int32", low=0, refers="links", meaning="no car may go here after from_link (and via)"),
    "origin": ORIGIN,
}
STOPS = {
    "name": Column("str"),
    "x": X,
    "y": Y,
    "origin": ORIGIN,
}
LINES = {
    "name": Column("str", meaning="as passengers know it: 64, Tram 1"),
    "mode": Column("str", allowed=("bus", "tram", "metro", "rail", "ferry")),
    "capacity": Column("int32", unit="passengers", low=1, meaning="of one vehicle, standing ones included"),
    "origin": ORIGIN,
}
SERVICES = {
    "line": Column("int32", low=0, refers="lines"),
    "days": Column("uint8", low=1, high=127, meaning="weekdays on which it runs, a bit each: Monday 1, Sunday 64"),
    "origin": ORIGIN,
}
LATEST = 36 * 3600  # s after its midnight at which a service has ended
CALLS = {
    "service": Column(
        "int32", low=0, refers="services", meaning="the run of a vehicle from its first stop to its last"
    ),
    "stop": Column("int32", low=0, refers="stops"),
    "arrival": Column(
        "int32", unit="s", low=0, high=LATEST, meaning="since the midnight with which the day of service begins"
    ),
    "departure": Column(
        "int32", unit="s", low=0, high=LATEST, meaning="likewise; from 86,400 on it is the night after"
    ),
}
PARKING = {
    "node": Column("int32", refers="nodes", low=0, meaning="of the cars' network, from which one drives in"),
    "x": X,
    "y": Y,
    "capacity": Column("int32", unit="veh", low=0, meaning="cars that may stand here"),
    "kind": Column("str", allowed=PARKING_KINDS),
    "rule": RULE,
    "origin": ORIGIN,
}
WEATHER = {
    "time": Column("int64", unit="s", meaning="end of the hour, seconds of UTC since 1970"),
    "temperature": Column(unit="deg C", low=-60.0, high=60.0, meaning="of the air at 1.5 m, at the end of the hour"),
    "irradiance": Column(unit="W/m2", low=0.0, high=1_500.0, meaning="global horizontal, mean of the hour"),
    "wind": Column(unit="m/s", default=-1.0, low=-1.0, high=100.0, meaning="mean of the hour; -1 not measured"),
    "rain": Column(unit="mm/h", default=-1.0, low=-1.0, high=300.0, meaning="of the hour; -1 not measured"),
    "origin": ORIGIN,
}

TABLES: dict[str, dict[str, Column]] = {
    "zones": ZONES,
    "nodes": NODES,
    "links": LINKS,
    "buildings": BUILDINGS,
    "places": PLACES,
    "gateways": GATEWAYS,
    "households": HOUSEHOLDS,
    "people": PEOPLE,
    "signals": SIGNALS,
    "signal_groups": SIGNAL_GROUPS,
    "signal_plans": SIGNAL_PLANS,
    "grid_nodes": GRID_NODES,
    "transformers": TRANSFORMERS,
    "feeders": FEEDERS,
    "cables": CABLES,
    "connections": CONNECTIONS,
    "weather": WEATHER,
    "turns": TURNS,
    "stops": STOPS,
    "lines": LINES,
    "services": SERVICES,
    "calls": CALLS,
    "parking": PARKING,
}
# tables that an area may be without; an absent one leaves the area's digest as it was before there was such a table
OPTIONAL = ("weather", "turns", "stops", "lines", "services", "calls", "parking", "signal_plans")
GEOMETRY_TYPES = {
    "zones": ("Polygon", "MultiPolygon"),
    "links": ("LineString",),
    "buildings": ("Polygon",),
    "cables": ("LineString",),
}
