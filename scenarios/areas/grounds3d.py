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
from scenarios.areas.stock3d import join, read_all, stock_of, take
from twin.errors import Fault, InputError

APART = 300.0  # m from which groups of buildings are places of their own (assumption)

ASSUMPTIONS = {**CITYJSON, **joining.ASSUMPTIONS, **stock3d.ASSUMPTIONS, **between.ASSUMPTIONS}


def between_buildings(models: Models, border: Any) -> Ground:
    """A ground of 3D buildings alone, with streets laid between them.

    border : polygon in degrees that cuts the area, or None
    Raises InputError where no building lies inside the border.
    """
    import shapely

    inside = None if border is None else reproject(border, DEGREES, models.crs)
    centre = shapely.get_coordinates(shapely.centroid(models.shape))
    here = np.ones(len(models), bool) if inside is None else shapely.contains_xy(inside, centre[:, 0], centre[:, 1])
    if not here.any():
        raise InputError(
            Fault(
                models.account.file,
                "covers nothing of the municipality or border",
                "buildings inside it",
                "take the file of the right place, or leave out the border",
            )
        )
    laid = between.lay_streets(models.shape[_largest_group(models.shape[here], here)], inside)
    account = Account(
        "streets between real buildings",
        f"streets laid between the buildings of {models.account.file}",
        "CC0-1.0",
        "streets generated; none of them is real",
    )
    account.count("read", "blocks of buildings", laid.facts["blocks"])
    account.count("read", "streets laid", laid.facts["streets"])
    if laid.facts["through_buildings"]:
        account.notes.append(f"{laid.facts['through_buildings']} of the streets touch a building")
    title = Path(models.account.file).name.split(".")[0].replace("_", " ").title()
    return Ground(models.crs, laid.outline, laid.streets, "synthetic", None, account, {"streets": laid.facts}, title)


def _largest_group(shapes: Any, here: Any) -> Any:
    """Rows, of all buildings, of the largest group of those `here` that stand within APART of each other."""
    import shapely

    groups = shapely.get_parts(shapely.union_all(shapely.buffer(shapes, APART / 2, quad_segs=2)))
    member = shapely.STRtree(groups).nearest(shapes)
    return np.flatnonzero(here)[member == np.argmax(np.bincount(member))]


def with_models(ground: Ground, models: Models, files: Sequence[str | Path]) -> Ground:
    """The ground with the 3D buildings that stand on it; what was done is counted in the account of the models."""
    import shapely

    if models.crs != ground.crs:
        again, _ = read_all(files, ground.crs)
        models = replace(again or models, account=models.account)
    if ground.stock is not None:
        return replace(ground, stock=join(ground.stock, models, ground.outline))
    centre = shapely.get_coordinates(shapely.centroid(models.shape))
    inside = shapely.contains_xy(ground.outline, centre[:, 0], centre[:, 1])
    models.account.count("unplaced", "buildings outside the area", int((~inside).sum()))
    return replace(ground, stock=stock_of(take(models, inside))) if inside.any() else ground
