"""Districts, municipalities and neighbourhoods of Statistics Netherlands: their figures, borders, and how to find one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scenarios.areas.account import DEEDS, Account
from scenarios.areas.opening import refuse
from scenarios.areas.statistics_figures import (
    CODE,
    CODES,
    FIGURES,
    KIND,
    MUNICIPALITY,
    NAME,
    PATTERN,
    WATER,
    figures_of,
)
from scenarios.areas.statistics_files import ALLOWED, ENDINGS, Feature, read_features
from twin.errors import nearest

LEVELS = {"GM": "municipality", "WK": "district", "BU": "neighbourhood"}
DIGITS = {"GM": 4, "WK": 6, "BU": 8}
ALIASES = {"den haag": "'s-Gravenhage", "the hague": "'s-Gravenhage", "den bosch": "'s-Hertogenbosch"}


@dataclass
class Zone:
    """One municipality, district or neighbourhood.

    figures      : canonical figure (`statistics_figures.FIGURES`) -> value, None where it is not known
    shape        : shapely (Multi)Polygon in `crs`, or None
    municipality : name of the municipality, where the file says it
    """

    code: str
    name: str
    level: str
    figures: dict[str, float | None]
    shape: Any = None
    crs: str = ""
    municipality: str = ""

    @property
    def municipality_code(self) -> str:
        """Code of the municipality that the zone lies in or is; Dutch codes begin with its digits."""
        return "GM" + self.code[2:6]

    @property
    def known(self) -> int:
        """Number of figures that are known."""
        return sum(v is not None for v in self.figures.values())


@dataclass
class Zones:
    """Zones and the account of the files that they come from."""

    rows: list[Zone]
    account: Account

    def __iter__(self) -> Iterator[Zone]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass
class _Found:
    """What one file holds, before the files are put together."""

    path: Path
    account: Account
    zones: list[Zone] = field(default_factory=list)


def read_zones(path: str | Path | Sequence[str | Path], level: str | None = None) -> Zones:
    """Zones of a file, or of every file in a folder or list put together: figures and borders are joined by code.

    Of several files with figures of one level the one that knows most gives them; of several with borders the first by
    name gives them. `level` keeps one level only. Raises InputError where nothing of use is in the file or folder.
    """
    given = [path] if isinstance(path, str | Path) else list(path)
    files = [file for one in given for file in _files(Path(one))]
    path = " and ".join(map(str, given))
    if level is not None and level not in LEVELS.values():
        raise refuse("level", f"{level!r} is no level", ", ".join(LEVELS.values()), "name one of them")
    found = [f for f in map(_read_file, files) if f.zones]
    if not found:
        raise refuse(path, "holds no Dutch municipality, district or neighbourhood", ALLOWED, "check which file it is")
    zones, used, notes = [], set(), []
    for name in LEVELS.values():
        if level in (None, name):
            zones += _put_together(found, name, used, notes)
    if not zones:
        levels = sorted({z.level for f in found for z in f.zones})
        raise refuse(path, f"holds no {level}", ", ".join(levels), "take a file with that level, or name another")
    account = _sum_of([f.account for f in found if f.path.name in used])
    account.notes += notes
    for name in LEVELS.values():
        of_level = [z for z in zones if z.level == name]
        account.count("read", PLURAL[name], len(of_level))
        account.count("unplaced", f"{PLURAL[name]} without a border", sum(z.shape is None for z in of_level))
    _question(zones, account)
    return Zones(zones, account)


PLURAL = {"municipality": "municipalities", "district": "districts", "neighbourhood": "neighbourhoods"}


def new_account(path: Path) -> Account:
    """The account of files of Statistics Netherlands."""
    return Account(
        "Statistics Netherlands, figures and borders of districts",
        path.name,
        "CC BY 4.0",
        "Statistics Netherlands (CBS); borders: CBS and Kadaster",
    )


def _sum_of(accounts: list[Account]) -> Account:
    """One account of several files of the same office."""
    out = accounts[0]
    for other in accounts[1:]:
        out.file += f", {other.file}"
        for deed in DEEDS:
            for what, n in getattr(other, deed).items():
                out.count(deed, what, n)
    return out


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(p for p in path.iterdir() if p.is_file() and p.name.lower().endswith(ENDINGS))
    if not files:
        raise refuse(path, "is a folder without a file of districts", ALLOWED, "check the path")
    return files


def _read_file(path: Path) -> _Found:
    account = new_account(path)
    out = _Found(path, account)
    parts: dict[str, list[Zone]] = {}
    for feature in read_features(path, account):
        zone = _zone(feature, account)
        if zone is not None:
            parts.setdefault(zone.code, []).append(zone)
    out.zones = [_join_parts(zones, account) for zones in parts.values()]
    return out


def _zone(feature: Feature, account: Account) -> Zone | None:
    """The zone of a row; None for water, the country, provinces and rows without a code."""
    cells = feature.cells
    if any(str(cells.get(w) or "").strip().upper() in ("JA", "B") for w in WATER):
        account.count("dropped", "areas of water")
        return None
    code, name = _code(cells, account)
    if not code:
        return None
    shape = feature.shape
    if shape is not None and shape.geom_type not in ("Polygon", "MultiPolygon"):
        account.count("dropped", "shapes that are no area")
        shape = None
    return Zone(
        code,
        re.sub(r"^Wijk \d+\s+(?=\S)", "", name) or code,
        LEVELS[code[:2]],
        figures_of(cells, account),
        shape,
        feature.crs if shape is not None else "",
        next((str(cells[m]).strip() for m in MUNICIPALITY if cells.get(m)), ""),
    )


def _code(cells: Mapping[str, Any], account: Account) -> tuple[str, str]:
    """Code and name of a row; ("", "") where it has none of a level known here, which is counted."""
    name = ""
    for codes, names in CODES.values():  # the most detailed first: a neighbourhood's row also names its district
        code = next((c for n in codes if (c := str(cells.get(n) or "").strip().upper())), "")
        if PATTERN.fullmatch(code):
            return code, next((str(cells[n]).strip() for n in names if cells.get(n)), "")
    texts = [str(cells.get(n) if cells.get(n) is not None else "").strip() for n in CODE]
    name = next((t for n in NAME if (t := str(cells.get(n) or "").strip()) and not PATTERN.fullmatch(t.upper())), "")
    for text in texts:
        if PATTERN.fullmatch(text.upper()):
            return text.upper(), name
    kind = next((str(cells[k]).strip().upper()[:1] for k in KIND if cells.get(k)), "")
    prefix = {"G": "GM", "W": "WK", "B": "BU"}.get(kind, "")
    digits = next((t for t in texts if t.isdigit()), "")
    if prefix and digits and len(digits) <= DIGITS[prefix]:  # a spreadsheet took the zeros in front away
        account.count("repaired", "codes without their letters or leading zeros")
        return prefix + digits.zfill(DIGITS[prefix]), name
    if any(t.upper().startswith(("NL", "PV", "LD")) for t in texts):
        account.count("dropped", "rows of the country and provinces")
    else:
        account.count("dropped", "rows without a code")
    return "", ""


def _join_parts(zones: list[Zone], account: Account) -> Zone:
    """One zone of the rows with one code: figures of the one that knows most, borders of all together."""
    import shapely

    best = max(zones, key=lambda z: z.known)
    shapes = [z.shape for z in zones if z.shape is not None]
    if len(zones) > 1:
        account.count("repaired", "areas given in several rows, joined", 1)
    if shapes:
        if not all(shapely.is_valid(s) for s in shapes):
            account.count("repaired", "borders that crossed themselves")
            shapes = [shapely.make_valid(s, method="structure") for s in shapes]
        best.shape = shapes[0] if len(shapes) == 1 else shapely.union_all(shapes)
        best.crs = next(z.crs for z in zones if z.shape is not None)
    return best


def _put_together(found: list[_Found], level: str, used: set[str], notes: list[str]) -> list[Zone]:
    """The zones of one level from every file that has it; the names of the files used are added to `used`."""
    having = [(f.path.name, zones) for f in found if (zones := {z.code: z for z in f.zones if z.level == level})]
    if not having:
        return []
    shaped = [(name, zones) for name, zones in having if any(z.shape is not None for z in zones.values())]
    # of files that know as much, the one with borders, so that figures and borders are of one year
    name, best = max(having, key=lambda h: (sum(z.known for z in h[1].values()), h in shaped))
    used.add(name)
    out = dict(best)
    if shaped and (name, best) not in shaped:
        border_name, borders = shaped[0]
        used.add(border_name)
        for code, zone in borders.items():
            out.setdefault(code, zone)
            out[code].shape, out[code].crs = zone.shape, zone.crs
        notes.append(f"{PLURAL[level]}: figures of {name}, borders of {border_name}")
    return [out[code] for code in sorted(out)]


def _question(zones: list[Zone], account: Account) -> None:
    """Say what in the figures cannot be right, without changing it."""
    bands = [f for f in FIGURES if f.startswith("pop_")]
    sums = [
        sum(shares)
        for z in zones
        if (z.figures["population"] or 0) >= 100 and None not in (shares := [z.figures[b] for b in bands])
    ]
    odd = sum(not 95 <= s <= 105 for s in sums)
    if odd:
        account.notes.append(f"{odd} of {len(sums)} zones have age groups that do not make 100 %")
    empty = sum(not z.known for z in zones)
    if empty:
        account.notes.append(f"{empty} zones have no figures")


# -- finding one ---------------------------------------------------------------------------------------------------


def find_municipality(zones: Iterable[Zone], text: str | int) -> str:
    """The code of the municipality that `text` names: GM0503, 0503, 503 or Delft, also without accents or capitals.

    Raises InputError with the nearest names where there is none, and with the codes where a name is that of several
    (Bergen in Limburg and in Noord-Holland).
    """
    rows = list(zones)
    codes = {z.municipality_code for z in rows}
    text = str(text).strip()
    if not text:
        raise refuse("municipality", "is empty", "a code (GM0503) or a name (Delft)", "name one of the table")
    digits = re.fullmatch(r"(?:GM)?0*(\d{1,4})", text.upper())
    if digits:
        code = f"GM{int(digits[1]):04d}"
        if code in codes:
            return code
        known = nearest(code, sorted(codes)) or ", ".join(sorted(codes)[:5])
        raise refuse(
            "municipality",
            f"no municipality {code} in the statistics",
            known,
            "a code changes when municipalities merge",
        )
    names = {z.municipality_code: z.name for z in rows if z.level == "municipality"}
    for z in rows:
        if z.municipality:
            names.setdefault(z.municipality_code, z.municipality)
    wanted = _simple(ALIASES.get(text.lower(), text))
    matches = [c for c, n in names.items() if _simple(n) == wanted]
    matches = matches or [c for c, n in names.items() if _simple(re.sub(r"\s*\([^)]*\)$", "", n)) == wanted]
    if len(matches) == 1:
        return matches[0]
    if matches:
        which = ", ".join(f"{names[c]} ({c})" for c in sorted(matches))
        raise refuse("municipality", f"{text!r} is the name of {len(matches)} municipalities", which, "name its code")
    if not names:
        some = ", ".join(sorted(codes)[:5])
        raise refuse("municipality", "the statistics name no municipalities", f"a code, as {some}", "name its code")
    close = nearest(text, list(names.values())) or "its name as Statistics Netherlands has it, or its code"
    raise refuse(
        "municipality", f"no municipality {text!r} in the statistics", "one of the table", f"did you mean {close}?"
    )


def _simple(name: str) -> str:
    """A name for comparing: no accents, capitals, hyphens or apostrophes."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9()]", "", plain)
