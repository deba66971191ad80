"""A run folder made by hand: three neighbourhoods, one of them nearly empty, and an outage from 17:00 to 19:00."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from scenarios.provenance import write_place
from twin.area import Area
from twin.attributes import Column
from twin.clock import hour, minute
from twin.parquet import write_table
from twin.recording import EVENT_COLUMNS

POISON = "PERSON-4711"  # stands in restricted/ only: nobody may show it
NAMES = ("Noord", "Zuid", "Verlaten <hoek>")
POPULATION = (240, 180, 4)
TIME, WHOLE, REAL = Column("int64", unit="ms"), Column("int32"), Column()


def small_area(name: str = "proefdorp", attribution: str = "© OpenStreetMap contributors") -> Area:
    """Three squares side by side, a street through them both ways, 24 houses, a hospital, two feeders and a signal."""
    x = np.arange(4) * 300.0
    tail, head = np.array([0, 1, 2, 1, 2, 3]), np.array([1, 2, 3, 0, 1, 2])
    lines = shapely.linestrings([[(x[a], 0.0), (x[b], 0.0)] for a, b in zip(tail, head, strict=True)])
    n = 24
    bx, by = 20.0 + (np.arange(n) % 12) * 75.0, np.where(np.arange(n) < 12, 40.0, -40.0)
    zone = (bx // 300.0).astype(int)
    node = np.clip(np.rint(bx / 300.0), 0, 3).astype(int)
    use = np.full(n, "house", object)
    use[5] = "hospital"
    dwellings = (use == "house").astype(int)
    shapes = [shapely.box(300.0 * k, -150.0, 300.0 * (k + 1), 150.0) for k in range(3)]
    made: dict[str, dict[str, Any]] = {
        "zones": {
            "code": [f"BU{k}" for k in range(3)],
            "name": list(NAMES),
            "level": ["neighbourhood"] * 3,
            "x": [150.0, 450.0, 750.0],
            "y": [0.0] * 3,
            "area_m2": [9e4] * 3,
            "population": list(POPULATION),
            "dwellings": np.bincount(zone, dwellings, 3).astype(int),
            "geometry": shapely.to_wkb(shapes),
        },
        "nodes": {"x": x, "y": np.zeros(4), "kind": ["plain", "signal", "plain", "plain"]},
        "links": {
            "tail": tail,
            "head": head,
            "length": shapely.length(lines),
            "speed": np.full(6, 13.9),
            "lanes": np.ones(6, int),
            "capacity": np.full(6, 0.5),
            "car": np.ones(6, bool),
            "bicycle": np.ones(6, bool),
            "walk": np.ones(6, bool),
            "road_class": ["primary"] * 6,
            "name": ["Dorpsstraat"] * 6,
            "geometry": shapely.to_wkb(lines),
        },
        "households": {"building": [0], "size": [2], "cars": [1]},
        "people": {
            "household": [0, 0],
            "home": [0, 0],
            "main": [-1, -1],
            "age": [72, 70],
            "occupation": [5, 5],
            "licence": [True] * 2,
            "has_car": [True] * 2,
            "has_bicycle": [True] * 2,
            "health": [0, 1],
            "resident": [True] * 2,
        },
        "buildings": {
            "zone": zone,
            "x": bx,
            "y": by,
            "node_car": node,
            "node_bicycle": node,
            "node_walk": node,
            "use": use,
            "storeys": np.full(n, 2),
            "height": np.full(n, 9.0),
            "footprint_m2": np.full(n, 400.0),
            "floor_m2": np.full(n, 800.0),
            "dwellings": dwellings,
            "geometry": shapely.to_wkb(shapely.box(bx - 10, by - 10, bx + 10, by + 10)),
        },
        "places": {"building": [5], "kind": ["hospital"], "name": ["Ziekenhuis"], "capacity": [40]},
        "signals": {"node": [1], "cycle": [60.0]},
        "signal_groups": {"signal": [0], "link": [0], "green_from": [0.0], "green_to": [30.0]},
        "grid_nodes": {"x": [0.0, 0.0], "y": [0.0, 0.0], "voltage": [1e4, 400.0]},
        "transformers": {
            "name": ["Station Noord"],
            "kind": ["mv_lv"],
            "hv_node": [0],
            "lv_node": [1],
            "rating": [4e5],
            "pk": [4e3],
            "p0": [500.0],
            "x": [0.0],
            "y": [0.0],
            "zone": [0],
        },
        "feeders": {
            "name": ["Noord 1", "Zuid 1"],
            "kind": ["lv", "lv"],
            "transformer": [0, 0],
            "i_max": [250.0, 250.0],
        },
        "connections": {
            "kind": ["building"] * n + ["signal"],
            "target": [*range(n), 0],
            "grid_node": [1] * (n + 1),
            "feeder": [*(zone > 0).astype(int), 0],
        },
    }
    about = {"attribution": attribution, "licence": "ODbL-1.0", "from": "a test"}
    return Area(
        name,
        "EPSG:28992",
        made,
        {"buildings": about, "links": about},
        {"assumptions": {"height": "9 m for every building (assumption)"}},
    )


def _event(
    kind: str, time: int, subject: int, because: tuple[str, ...] = (), object: int = -1, value: float = 0.0
) -> dict[str, Any]:
    domain, _, short = kind.partition(".")
    return {
        "event_id": f"{kind}:{subject}:0",
        "time": time,
        "domain": domain,
        "kind": short,
        "subject": subject,
        "object": object,
        "value": value,
        "contributing": list(because),
    }


def events() -> list[dict[str, Any]]:
    """A station fails at 17:00; a signal goes dark, a battery runs out, help comes late; power is back at 19:00."""
    at = 17 * hour
    return [
        _event("grid.fail_asset", at, 0, object=0),
        _event("grid.failed", at, 0, ("grid.fail_asset:0:0",), object=0),
        _event("grid.feeder_dark", at, 0, ("grid.failed:0:0",), value=8.0),
        _event("grid.feeder_live", 19 * hour, 0, value=8.0),
        _event("vehicles.signal_dark", at + minute, 0, ("grid.feeder_dark:0:0",)),
        _event("vehicles.signal_live", 19 * hour + minute, 0),
        _event("care.battery_empty", at + 40 * minute, 4711, ("grid.feeder_dark:0:0",), object=0, value=40.0),
        _event("care.call", at + 40 * minute, 4711, ("care.battery_empty:4711:0",), object=2, value=1.0),
        _event("care.response", at + 60 * minute, 4711, ("care.call:4711:0",), object=0, value=1200.0),
    ]


def indicators() -> list[dict[str, Any]]:
    """Two for the area, one of them with a norm, and one per neighbourhood."""
    row = {"level": "area", "code": "", "group": "", "n": 0, "better": "lower", "norm": None, "residents": -1}
    return [
        {
            **row,
            "indicator": "outage_customer_hours",
            "value": 16.0,
            "unit": "h",
            "label": "Customer hours without power",
        },
        {
            **row,
            "indicator": "late_share",
            "value": 7.5,
            "unit": "%",
            "n": 12,
            "norm": 5.0,
            "group": "A1",
            "label": "A1 calls later than 15 min",
        },
        *(
            {
                **row,
                "indicator": "outage_customer_hours",
                "value": (10.0, 310.125, 7771.0)[k],
                "unit": "h",
                "n": 8,
                "label": "Customer hours without power",
                "level": "neighbourhood",
                "code": f"BU{k}",
                "residents": POPULATION[k],
            }
            for k in range(3)
        ),
    ]


def small_run(folder: Path, area: Area | None = None) -> Path:
    """Write the run into `folder`, with its area beside it."""
    area = area or small_area()
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(
        json.dumps(
            {
                "schema": 1,
                "status": "complete",
                "scenario": "outage",
                "title": "A station <fails>",
                "seed": 1,
                "start": "2025-03-11",
                "time_zone": "Europe/Amsterdam",
                "days": 1.0,
                "simulated_ms": 24 * hour,
                "least_residents": 10,
                "result_digest": "d1ge57",
                "area": {"name": area.name, "crs": area.crs, "path": {}},
                "balances": [
                    {"law": "what comes in goes out", "left": 3.0, "right": 3.0, "unit": "kWh", "holds": True}
                ],
                "versions": {"python": "3.11"},
                "seconds": {"loop": 1.5},
                "warnings": [],
                "cut": [],
            }
        ),
        encoding="utf-8",
    )
    (folder / "indicators.json").write_text(json.dumps(indicators()), encoding="utf-8")
    (folder / "config.yaml").write_text(
        "run: {warm_up: 0 h}\nscenario:\n  question: Who is in the dark?\n  watch: [outage_customer_hours]\n"
        "  measures:\n    failure: {type: asset_failure, where: {asset: Station Noord}, from: '17:00', for: 2 h}\n",
        encoding="utf-8",
    )
    write_place(area, folder / "area")
    _write_events(folder)
    _write_series(folder)
    restricted = folder / "restricted" / "trips"
    restricted.mkdir(parents=True)
    (restricted / "part-00000.parquet").write_text(f"{POISON}: not even a Parquet file", encoding="utf-8")
    return folder


def _write_events(folder: Path) -> None:
    by_domain: dict[str, list[dict[str, Any]]] = {}
    for event in events():
        by_domain.setdefault(event["domain"], []).append(event)
    (folder / "events").mkdir()
    for domain, rows in by_domain.items():
        arrays = {}
        for name, column in EVENT_COLUMNS.items():
            arrays[name] = np.empty(len(rows), column.numpy_dtype)
            arrays[name][:] = [row[name] for row in rows]
        write_table(folder / "events" / f"{domain}-00000.parquet", arrays, EVENT_COLUMNS)


def _write_series(folder: Path) -> None:
    quarters = np.arange(1, 97) * 15 * minute
    hours = quarters / hour
    _part(folder / "series/grid", time=quarters, id=np.zeros(96), load=2e4 + 1e4 * np.sin(hours), ev=np.full(96, 1e3))
    _part(folder / "series/care", time=quarters, id=np.zeros(96), reach=np.where(abs(hours - 18) < 1, 40.0, 100.0))
    _part(
        folder / "series/link",
        time=np.repeat(quarters, 6),
        id=np.tile(np.arange(6), 96),
        flow=np.full(576, 12.0),
        speed=np.tile([13.9, 9.0, 2.0, 13.9, 13.9, 1.0], 96),
        delay=np.full(576, 60.0),
    )
    _part(
        folder / "replay/vehicles", time=np.full(3, 17 * hour + 30 * minute), link=[0, 1, 2], fraction=[0.2, 0.5, 0.8]
    )
    _part(folder / "replay/ambulances", time=[17 * hour + 30 * minute], unit=[0], x=[450.0], y=[0.0], busy=[True])


def _part(place: Path, **columns: Any) -> None:
    kinds = {"time": TIME, "id": WHOLE, "link": WHOLE, "unit": WHOLE, "busy": Column("bool")}
    declared = {name: kinds.get(name, REAL) for name in columns}
    place.mkdir(parents=True)
    arrays = {name: declared[name].array(values) for name, values in columns.items()}
    write_table(place / "part-00000.parquet", arrays, declared)
