"""A chequerboard of streets with buildings along them: enough of an area for the grid's tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.area import Area


def chequerboard(side: int = 8, block: float = 90.0, houses: int = 12, seed: int = 1) -> Area:
    """`side` x `side` crossings, `houses` dwellings at each, a hospital, offices, and two signals."""
    import shapely

    rng = np.random.default_rng(seed)
    gx, gy = np.meshgrid(np.arange(side) * block, np.arange(side) * block)
    x, y = gx.ravel() + rng.normal(0, 5, side * side), gy.ravel() + rng.normal(0, 5, side * side)
    grid = np.arange(side * side).reshape(side, side)
    pairs = np.concatenate(
        [np.stack([grid[:, :-1].ravel(), grid[:, 1:].ravel()], 1), np.stack([grid[:-1].ravel(), grid[1:].ravel()], 1)]
    )
    pairs = np.concatenate([pairs, pairs[:, ::-1]])
    lines = shapely.linestrings(
        np.stack([np.stack([x[pairs], y[pairs]], 2)[:, 0], np.stack([x[pairs], y[pairs]], 2)[:, 1]], 1)
    )
    m, at = len(pairs), np.repeat(np.arange(side * side), houses)
    use = np.full(len(at), "house", object)
    floor, dwellings = np.full(len(at), 110.0), np.ones(len(at), int)
    for row, kind, size in (
        (0, "hospital", 40_000.0),
        (len(at) // 3, "office", 12_000.0),
        (len(at) // 2, "school", 3000.0),
    ):
        use[row], floor[row], dwellings[row] = kind, size, 0
    bx, by = x[at] + rng.uniform(-30, 30, len(at)), y[at] + rng.uniform(-30, 30, len(at))
    box = shapely.to_wkb(shapely.box(bx - 4, by - 4, bx + 4, by + 4))
    whole = shapely.to_wkb(shapely.box(-50, -50, side * block, side * block))
    tables: dict[str, dict[str, Any]] = {
        "zones": {
            "code": ["BU1"],
            "name": ["Proefwijk"],
            "level": ["neighbourhood"],
            "x": [0.0],
            "y": [0.0],
            "area_m2": [1e6],
            "population": [2 * len(at)],
            "dwellings": [int(dwellings.sum())],
            "geometry": [whole],
        },
        "nodes": {"x": x, "y": y, "kind": np.full(len(x), "plain", object)},
        "links": {
            "tail": pairs[:, 0],
            "head": pairs[:, 1],
            "length": shapely.length(lines),
            "speed": np.full(m, 13.9),
            "lanes": np.ones(m, int),
            "capacity": np.full(m, 0.5),
            "car": np.ones(m, bool),
            "bicycle": np.ones(m, bool),
            "walk": np.ones(m, bool),
            "road_class": np.full(m, "residential", object),
            "geometry": shapely.to_wkb(lines),
        },
        "buildings": {
            "zone": np.zeros(len(at), int),
            "x": bx,
            "y": by,
            "node_car": at,
            "node_bicycle": at,
            "node_walk": at,
            "use": use,
            "storeys": np.full(len(at), 2),
            "height": np.full(len(at), 6.0),
            "footprint_m2": np.full(len(at), 55.0),
            "floor_m2": floor,
            "dwellings": dwellings,
            "geometry": box,
        },
        "signals": {"node": np.array([side + 1, 2 * side + 2]) % (side * side), "cycle": [90.0, 90.0]},
    }
    return Area("chequerboard", "EPSG:28992", tables)
