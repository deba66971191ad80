"""3D buildings on the ground of a place: joined with a map's, standing along given streets, or with streets between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from scenarios.areas import between, joining, stock3d
from scenarios.areas.account import Account
from scenarios.areas.cityjson import ASSUMPTIONS as CITYJSON
from scenarios.areas.cityjson import Models
from scenarios.areas.coordinates import DEGREES
from scenarios.areas.ground import Ground, reproject
from scenarios.areas.stock3d import join, stock_of, take
from twin.errors import Fault, InputError

APART = 300.0  # m from which groups of buildings are places of their own (assumption)

ASSUMPTIONS = {**CITYJSON, **joining.ASSUMPTIONS, **stock3d.ASSUMPTIONS, **between.ASSUMPTIONS}


def between_buildings(models: Sequence[Models], border: Any) -> Ground:
    """A ground of 3D buildings alone, of one or more files, with streets laid between them.

    border : polygon in degrees that cuts the area, or None
    Raises InputError where no building lies inside the border.
    """

    crs, files = models[0].crs, ", ".join(m.account.file for m in models)
    inside = None if border is None else reproject(border, DEGREES, crs)
    shapes = np.concatenate([m.shape for m in models])
    if inside is not None:
        shapes = shapes[_within(inside, shapes)]
    if not len(shapes):
        raise InputError(
            Fault(
                files,
                "covers nothing of the municipality or border",
                "buildings inside it",
                "take the file of the right place, or leave out the border",
            )
        )
    laid = between.lay_streets(_largest_group(shapes), inside)
    account = Account(
        "streets between real buildings",
        f"streets laid between the buildings of {files}",
        "CC0-1.0",
        "streets generated; none of them is real",
    )
    account.count("read", "blocks of buildings", laid.facts["blocks"])
    account.count("read", "streets laid", laid.facts["streets"])
    if laid.facts["through_buildings"]:
        account.notes.append(f"{laid.facts['through_buildings']} of the streets touch a building")
    title = Path(models[0].account.file).name.split(".")[0].replace("_", " ").title()
    return Ground(crs, laid.outline, laid.streets, "synthetic", None, account, {"streets": laid.facts}, title)


def _largest_group(shapes: Any) -> Any:
    """The largest group of buildings that stand within APART of each other."""
    import shapely

    groups = shapely.get_parts(shapely.union_all(shapely.buffer(shapes, APART / 2, quad_segs=2)))
    member = shapely.STRtree(groups).nearest(shapes)
    return shapes[member == np.argmax(np.bincount(member))]


def _within(outline: Any, shapes: Any) -> Any:
    """Which shapes have their centre in the polygon."""
    import shapely

    centre = shapely.get_coordinates(shapely.centroid(shapes))
    return shapely.contains_xy(outline, centre[:, 0], centre[:, 1])


def with_models(ground: Ground, files: Sequence[Models]) -> Ground:
    """The ground with the 3D buildings that stand on it, file by file; the account of each file counts what was done."""
    for models in files:
        if ground.stock is not None:
            ground = replace(ground, stock=join(ground.stock, models, ground.outline))
            continue
        inside = _within(ground.outline, models.shape)
        models.account.count("unplaced", "buildings outside the area", int((~inside).sum()))
        if inside.any():
            ground = replace(ground, stock=stock_of(take(models, inside)))
    return ground
