"""The energy figures of a municipality: dwellings by type and building period, vehicles, roofs, grid capacity to spare."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenarios.areas.account import Account
from scenarios.areas.opening import Sheet, decode, read_members, read_sheet, refuse

TYPES = ("apartments", "detached_houses", "semi_detached_houses", "terraced_houses")
PERIODS = ("before_1945", "1945_1964", "1965_1984", "1985_2004", "2005_present")
YEARS = (
    (1850, 1944),
    (1945, 1964),
    (1965, 1984),
    (1985, 2004),
    (2005, 2022),
)  # of each period; the first year: assumption
COUNTS = {  # ours -> the name in the file
    "inhabitants": "number_of_inhabitants",
    "cars": "number_of_cars",
    "vans": "number_of_vans",
    "trucks": "number_of_trucks",
    "buses": "number_of_busses",
    "buildings": "present_number_of_buildings",
}
ROOFS = {
    "dwelling_roofs_m2": "residences_roof_surface_available_for_pv",
    "building_roofs_m2": "buildings_roof_surface_available_for_pv",
}
SPARE = ("lv_net_spare_capacity", "lv_mv_trafo_spare_capacity", "mv_net_spare_capacity", "mv_hv_trafo_spare_capacity")
ALLOWED = "a table with a row per municipality, a column area (GM0503_delft) and present_number_of_... columns"
# inhabitants per dwelling in the file of 2023: 1.65 (Sluis) to 3.23 (Urk), and 8.4 in Weert
PERSONS_PER_DWELLING = (1.6, 3.5)


@dataclass
class Energy:
    """Energy figures of one municipality.

    dwellings : shape (4 TYPES, 5 PERIODS), number of dwellings; heat: the same shape, useful heat demand, kWh/m2 a year
    cars, vans, trucks, buses, buildings, inhabitants : numbers; buildings are those that are no dwelling
    dwelling_roofs_m2, building_roofs_m2 : m2 of roof fit for panels
    spare     : share of the capacity of each part of the grid (SPARE) that is not in use
    year      : of the figures
    """

    code: str
    name: str
    year: int
    dwellings: NDArray[np.int64]
    heat: NDArray[np.float64]
    inhabitants: int
    cars: int
    vans: int
    trucks: int
    buses: int
    buildings: int
    dwelling_roofs_m2: float
    building_roofs_m2: float
    spare: dict[str, float]
    account: Account


def read_energy(path: str | Path, code: str) -> Energy:
    """The figures of the municipality `code` (GM0503). Raises InputError where the file is none such or lacks the row."""
    path = Path(path)
    account = Account(
        "Quintel Intelligence, Energy Transition Model: municipality datasets",
        path.name,
        "MIT",
        "Quintel Intelligence, Energy Transition Model (etsource)",
    )
    sheet = _sheet(path, account)
    rows = [r for r in sheet.rows if r[sheet.header.index("area")].upper().split("_")[0] == code.upper()]
    if not rows:
        have = f"{len(sheet.rows)} municipalities, from {min(sheet.column('area'))} to {max(sheet.column('area'))}"
        raise refuse(path, f"has no municipality {code}", have, "a code changes when municipalities merge")
    row = dict(zip(sheet.header, rows[0], strict=True))
    account.count("read", "municipality")
    account.count("dropped", "other municipalities", len(sheet.rows) - len(rows))
    account.count("dropped", "further rows of the same municipality", len(rows) - 1)

    def value(name: str) -> float:
        text = row.get(name, "").replace(",", ".")
        try:
            found = float(text)
        except ValueError:
            account.count("dropped", "missing cells")
            return 0.0
        if found >= 0.0:
            return found
        account.count("dropped", "negative values")
        return 0.0

    dwellings = np.array([[value(f"present_number_of_{t}_{p}") for p in PERIODS] for t in TYPES])
    demand = "typical_useful_demand_for_space_heating"
    out = Energy(
        code.upper(),
        re.sub(r"^[A-Z]{2}\d+_", "", row["area"]).replace("_", " ").title(),
        int(value("analysis_year")),
        np.rint(dwellings).astype(np.int64),
        np.array([[value(f"{demand}_{t}_{p}") for p in PERIODS] for t in TYPES]),
        **{ours: round(value(name)) for ours, name in COUNTS.items()},
        **{ours: 1e6 * value(name) for ours, name in ROOFS.items()},
        spare={name: value(name) for name in SPARE},
        account=account,
    )
    account.count("read", "dwellings", int(out.dwellings.sum()))
    _question(out, value("present_number_of_residences"))
    return out


def _sheet(path: Path, account: Account) -> Sheet:
    name, data = read_members(path, (".csv",))[0]
    sheet = read_sheet(decode(data, path, account), path)
    needed = ["area", "number_of_inhabitants", *(f"present_number_of_{t}_{p}" for t in TYPES for p in PERIODS)]
    lacking = [n for n in needed if n not in sheet.header]
    if lacking:
        some = ", ".join(lacking[:3]) + (f" and {len(lacking) - 3} more" if len(lacking) > 3 else "")
        raise refuse(f"{path}: {name}", f"lacks the columns {some}", ALLOWED, "check which file it is")
    account.count("dropped", "rows with too few or too many cells", sheet.ragged)
    return sheet


def _question(energy: Energy, stated: float) -> None:
    """Say what cannot be right: the sum of the classes, and inhabitants per dwelling."""
    total, notes = int(energy.dwellings.sum()), energy.account.notes
    if abs(total - stated) > 0.01 * max(stated, 1.0):
        notes.append(f"the 20 classes hold {total:,} dwellings where the file states {stated:,.0f}")
    per_dwelling = energy.inhabitants / total if total else float("inf")
    low, high = PERSONS_PER_DWELLING
    if not low <= per_dwelling <= high:
        notes.append(
            f"{energy.inhabitants:,} inhabitants in {total:,} dwellings, {per_dwelling:.1f} each where {low} to {high} is "
            "usual: do not take numbers of dwellings from this row"
        )
