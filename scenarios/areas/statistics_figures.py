"""Figures of districts: the names under which Statistics Netherlands publishes them, and ours.

Known layouts, all told from the names of their columns (a column that is not there gives no figure):

- "Kerncijfers wijken en buurten" as table (kwb-2013 ... kwb-2025): `gwb_code`, `gwb_code_10`, `regio`, `recs`, `a_inw`,
  `a_00_14` ... ; the years 2004-2012 with `AANT_INW`, `P_00_14_JR` ...
- the same from StatLine (82339NED of 2013 ... 86165NED of 2025): `WijkenEnBuurten`, `Codering_3`, `AantalInwoners_5`,
  `k_0Tot15Jaar_8` ... (numbers at the end differ by year and do not count), and its CSV with paths as headings
- "Wijk- en buurtkaart" (GeoPackage and GeoJSON from 2021, PDOK's services from 2014): `buurtcode`, `buurtnaam`, `water`,
  `aantal_inwoners`, `percentage_personen_0_tot_15_jaar` ... ; its older shapes: `BU_CODE`, `H2O`, `AANT_INW` ...
- district figures of 2022 compiled in R's tmap: `code`, `name`, `pop_0_14`, `dwelling_total` ...
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from scenarios.areas.account import Account
from scenarios.areas.opening import decimal

# canonical figure -> (smallest, largest) value that makes sense, and the published names of the value itself
FIGURES: dict[str, tuple[float, float, tuple[str, ...]]] = {
    "area_km2": (0, 1e4, ("area",)),
    "urbanity": (1, 5, ("urbanity", "ste_mvs", "stedelijkheid_adressen_per_km2", "sted", "matevanstedelijkheid")),
    "population": (0, 2e6, ("population", "a_inw", "aantal_inwoners", "aant_inw", "aantalinwoners")),
    "pop_0_14": (0, 100, ("pop_0_14", "percentage_personen_0_tot_15_jaar", "p_00_14_jr", "p_00_14")),
    "pop_15_24": (0, 100, ("pop_15_24", "percentage_personen_15_tot_25_jaar", "p_15_24_jr", "p_15_24")),
    "pop_25_44": (0, 100, ("pop_25_44", "percentage_personen_25_tot_45_jaar", "p_25_44_jr", "p_25_44")),
    "pop_45_64": (0, 100, ("pop_45_64", "percentage_personen_45_tot_65_jaar", "p_45_64_jr", "p_45_64")),
    "pop_65plus": (0, 100, ("pop_65plus", "percentage_personen_65_jaar_en_ouder", "p_65_eo_jr", "p_65_oo")),
    "dwellings": (0, 1e6, ("dwelling_total", "a_woning", "woningvoorraad", "aantal_woningen", "woningen")),
    "dwelling_value": (
        1,
        1e5,
        (
            "dwelling_value",
            "g_wozbag",
            "g_woz",
            "gemiddelde_woningwaarde",
            "gemiddelde_woz_waarde",
            "woz",
            "gemiddeldewozwaardevanwoningen",
            "gemiddeldewoningwaarde",
        ),
    ),
    "owner_occupied": (
        0,
        100,
        ("dwelling_ownership", "p_koopw", "percentage_koopwoningen", "p_koopwon", "koopwoningen"),
    ),
    "employment_rate": (
        0,
        100,
        ("employment_rate", "p_arb_pp", "netto_arbeidsparticipatie", "nettoarbeidsparticipatie"),
    ),
    # of persons in private households: those in the lowest 40 % and the highest 20 % of the country
    "income_low": (
        0,
        100,
        (
            "income_low",
            "p_ink_li",
            "percentage_personen_met_laag_inkomen",
            "k_40personenmetlaagsteinkomen",
            "p_laaginkp",
        ),
    ),
    "income_high": (
        0,
        100,
        (
            "income_high",
            "p_ink_hi",
            "percentage_personen_met_hoog_inkomen",
            "k_20personenmethoogsteinkomen",
            "p_hooginkp",
        ),
    ),
    "education_high": (0, 100, ("edu_appl_sci",)),
    "households": (0, 1e6, ("a_hh", "aantal_huishoudens", "aantal_hh", "huishoudenstotaal", "households")),
    "one_person": (0, 100, ("percentage_eenpersoonshuishoudens", "p_1p_hh", "p_eenp_hh")),
    "without_children": (0, 100, ("percentage_huishoudens_zonder_kinderen", "p_hh_z_k")),
    "with_children": (0, 100, ("percentage_huishoudens_met_kinderen", "p_hh_m_k")),
    "household_size": (
        1,
        20,
        (
            "g_hhgro",
            "gemiddelde_huishoudsgrootte",
            "gemiddelde_huishoudensgrootte",
            "gem_hh_gr",
            "gemiddeldehuishoudensgrootte",
        ),
    ),
    "cars_per_household": (
        0,
        20,
        ("g_pau_hh", "g_pau", "personenautos_per_huishouden", "auto_hh", "personenautosperhuishouden"),
    ),
    "cars": (0, 2e6, ("a_pau", "personenautos_totaal", "auto_tot", "personenautostotaal")),
    "rent_social": (
        0,
        100,
        (
            "p_wcorpw",
            "perc_huurwoningen_in_bezit_woningcorporaties",
            "percentage_huurwoningen_in_bezit_woningcorporaties",
            "p_huurcorp",
            "inbezitwoningcorporatie",
        ),
    ),
}
# percent that some layouts publish as a count: published names of the count, and of what it is a share
COUNTED: dict[str, tuple[tuple[str, ...], str]] = {
    "pop_0_14": (("a_00_14", "k_0014", "k_0tot15jaar", "0tot15jaar"), "population"),
    "pop_15_24": (("a_15_24", "k_1524", "k_15tot25jaar", "15tot25jaar"), "population"),
    "pop_25_44": (("a_25_44", "k_2544", "k_25tot45jaar", "25tot45jaar"), "population"),
    "pop_45_64": (("a_45_64", "k_4564", "k_45tot65jaar", "45tot65jaar"), "population"),
    "pop_65plus": (("a_65_oo", "k_65oo", "k_65jaarofouder", "65jaarofouder"), "population"),
    "one_person": (("a_1p_hh", "eenpersoonshuishoudens"), "households"),
    "without_children": (("a_hh_z_k", "huishoudenszonderkinderen"), "households"),
    "with_children": (("a_hh_m_k", "huishoudensmetkinderen"), "households"),
}
HECTARES = ("a_opp_ha", "oppervlakte_totaal_in_ha", "opp_tot", "oppervlaktetotaal")
# persons of 15-75 years by highest level of education: high, and all levels (names changed in 2023)
EDUCATION_HIGH = ("a_opl_hg", "a_opl_hw", "opleidingsniveau_hoog", "opleidingsniveauhoog", "hbowo")
EDUCATION_ALL = (
    (*EDUCATION_HIGH,),
    ("a_opl_md", "a_opl_hvm", "opleidingsniveau_middelbaar", "opleidingsniveaumiddelbaar", "havovwombo24"),
    ("a_opl_lg", "a_opl_bvm", "opleidingsniveau_laag", "opleidingsniveaulaag", "basisonderwijsvmbombo1"),
)
URBANITY = {
    "extremely urbanised": 1.0,
    "strongly urbanised": 2.0,
    "moderately urbanised": 3.0,
    "hardly urbanised": 4.0,
    "not urbanised": 5.0,
}
CODE = ("gwb_code_10", "gwb_code", "wijkenenbuurten", "codering", "code", "statcode", "gwb_code10")
CODES = {  # a name that is particular to one level, the most detailed first: code and name
    "neighbourhood": (("buurtcode", "bu_code"), ("buurtnaam", "bu_naam")),
    "district": (("wijkcode", "wk_code"), ("wijknaam", "wk_naam")),
    "municipality": (("gemeentecode", "gm_code"), ("gemeentenaam", "gm_naam")),
}
PATTERN = re.compile(r"GM\d{4}|WK\d{6}|BU\d{8}")
NAME = ("regio", "name", "statnaam", "wijkenenbuurten")
KIND = ("recs", "soortregio")
MUNICIPALITY = ("gm_naam", "gemeentenaam")
WATER = ("water", "h2o")
KNOWN = {n for _, _, names in FIGURES.values() for n in names} | {n for names, _ in COUNTED.values() for n in names}
KNOWN |= {*HECTARES, *(n for names in EDUCATION_ALL for n in names)}
KNOWN |= {*CODE, *NAME, *KIND, *MUNICIPALITY, *WATER, *(n for pair in CODES.values() for names in pair for n in names)}

# stand-ins for a number: not given, and withheld (fewer than some tens of persons, or unreliable). The table writes
# "." for both unknown and withheld; the map -99997 for withheld, -99995 for not yet published, -99999999 for no figure
MISSING = {"", "nan", "na", "n/a", "null", "none", "-", "-99999999", "-99995", "-99999", "-99998", "99999999", "99995"}
SECRET = {".", "x", "*", "-99997", "99997"}


def plain_name(name: str) -> str:
    """The published name of a column, as the tables above have it: lower case, no path, unit or number of StatLine."""
    last = re.sub(r"\([^)]*\)\s*$", "", name.rsplit("/", 1)[-1]).strip().lower()
    for text in (last, re.sub(r"_\d+$", "", last), re.sub(r"[^a-z0-9]", "", last)):
        if text in KNOWN:
            return text
    return last


def number(cell: Any, account: Account) -> float | None:
    """The number in a cell, or None; cells that hold none are counted as missing, withheld or unreadable.

    Decimal commas are read, and a full stop or space between thousands where a comma follows.
    """
    text = str(cell if cell is not None else "").strip().lower()
    whole = text[:-2] if text.endswith(".0") else text
    if whole in MISSING:
        account.count("dropped", "missing cells")
        return None
    if whole in SECRET:
        account.count("dropped", "secret cells")
        return None
    if text in URBANITY:
        return URBANITY[text]
    if "," in text:
        text = text.replace(".", "").replace(" ", "")
    value = decimal(text)
    if math.isnan(value):
        account.count("dropped", "cells that are no number")
        return None
    return value


def figures_of(cells: Mapping[str, Any], account: Account) -> dict[str, float | None]:
    """The canonical figures of one area from its cells, which are keyed by plain names; counts become percents."""
    out: dict[str, float | None] = {}

    def first(names: tuple[str, ...]) -> float | None:
        value = None
        for name in names:
            if name in cells and value is None:
                value = number(cells[name], account)
        return value

    for figure, (low, high, names) in FIGURES.items():
        value = first(names)
        if value is not None and not low <= value <= high:
            account.count("dropped", f"values of {figure} outside {low:g} to {high:g}")
            value = None
        out[figure] = value
    for figure, (names, whole) in COUNTED.items():
        if out[figure] is None:
            out[figure] = _percent(figure, first(names), out[whole], account)
    if out["area_km2"] is None and (hectares := first(HECTARES)) is not None:
        out["area_km2"] = hectares / 100.0
    if out["education_high"] is None:
        levels = [first(names) for names in EDUCATION_ALL]
        if all(v is not None for v in levels):
            everyone = sum(v for v in levels if v is not None)
            out["education_high"] = _percent("education_high", levels[0], everyone, account)
    return out


def _percent(figure: str, part: float | None, whole: float | None, account: Account) -> float | None:
    """A count as a percent of what it belongs to; both are published in rounded form, so 100 may be passed a little."""
    if part is None or not whole:
        return None
    percent = 100.0 * part / whole
    if not 0.0 <= percent <= 110.0:
        account.count("dropped", f"counts of {figure} that exceed their whole")
        return None
    account.count("repaired", "counts of persons or households as percents")
    return min(percent, 100.0)
