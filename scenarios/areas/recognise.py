"""What a file or folder of open data is, told from its content and never from its name alone."""

from __future__ import annotations

import bz2
import gzip
import json
import re
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scenarios.areas.care_sites import looks_like_sites
from scenarios.areas.gmns import looks_like_gmns
from scenarios.areas.opening import read_sheet, refuse
from scenarios.areas.statistics_figures import CODE, CODES, KIND, PATTERN, plain_name
from scenarios.areas.sumo_roads import looks_like_sumo
from scenarios.areas.tntp import looks_like_tntp
from twin.errors import Fault, InputError

START = 1 << 20  # bytes of a file that are looked at
# kind -> what it is, in words
KINDS = {
    "osm": "an OpenStreetMap extract (PBF or XML)",
    "cityjson": "3D buildings (CityJSON or CityJSONSeq)",
    "zones": "districts of Statistics Netherlands (CSV, GeoJSON, GeoPackage)",
    "energy": "energy figures of municipalities (CSV)",
    "weather": "hourly weather of KNMI (text)",
    "care": "sites of care and learning with coordinates (CSV, GeoJSON)",
    "transit": "a timetable of public transport (GTFS: a zip or folder with stop_times.txt)",
    "jemss": "a JEMSS city (folder with stations_1.csv)",
    "sumo": "a SUMO network (.net.xml)",
    "boundary": "a border (GeoJSON of an area)",
    "roads": "a road network and its trips (folder of TNTP or GMNS files, or of a SUMO network and flows)",
}
ACCEPTED = "; ".join(KINDS.values())
CODE_NAMES = {*CODE, *(n for codes, _ in CODES.values() for n in codes)}
UNREADABLE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError)


def recognise(path: str | Path) -> str:
    """The kind of a file or folder, a key of KINDS, from its first bytes, also inside gzip, bzip2 and zip.

    Raises InputError where it is absent, empty, cut off or none of them.
    """
    path = Path(path)
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise refuse(path, "no such file or folder", remedy="check the path")
    try:
        if zipfile.is_zipfile(path) and _is_feed(Path(n).name for n in zipfile.ZipFile(path).namelist()):
            return "transit"
        start, name = _start(path)
    except UNREADABLE as error:
        raise refuse(path, f"cannot be unpacked ({error})", "a whole file, not cut off") from error
    if not start.strip():
        raise refuse(path, "is empty")
    kind = _of_bytes(start, path.with_name(name))
    if not kind:
        raise refuse(path, "is not recognised", ACCEPTED, "check which file it is")
    return kind


def sort_sources(paths: Iterable[str | Path]) -> dict[str, list[Path]]:
    """The paths by kind, in the order given. Raises InputError with the faults of all that are not recognised."""
    out: dict[str, list[Path]] = {}
    faults: list[Fault] = []
    for path in paths:
        try:
            out.setdefault(recognise(path), []).append(Path(path))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return out


def _folder(path: Path) -> str:
    """The kind of a folder: told by its files' names, or districts where every file that is recognised in it is of them."""
    if (path / "stations_1.csv").is_file():
        return "jemss"
    if _is_feed(f.name for f in path.iterdir()):
        return "transit"
    if looks_like_gmns(path) or looks_like_tntp(path) or looks_like_sumo(path):
        return "roads"
    kinds = set()
    for file in sorted(p for p in path.iterdir() if p.is_file()):
        try:
            kinds.add(recognise(file))
        except InputError:
            continue  # a folder also holds licences and read-me files
    if kinds and kinds <= {"zones", "boundary"} and "zones" in kinds:
        return "zones"
    which = f"holds {', '.join(sorted(kinds))}" if kinds else "holds nothing that is recognised"
    raise refuse(
        path, which, "a folder of districts, a JEMSS city, a GTFS feed or a road network", "name its files one by one"
    )


def _is_feed(names: Iterable[str]) -> bool:
    """Whether files of these names are a GTFS feed."""
    return {"stops.txt", "trips.txt", "stop_times.txt"} <= set(names)


def _start(path: Path) -> tuple[bytes, str]:
    """The first bytes of a file, unpacked, and the name of what they are of."""
    with path.open("rb") as stream:
        head = stream.read(START)
    if head[:2] == b"\x1f\x8b":
        with gzip.open(path) as packed:
            return packed.read(START), re.sub(r"\.gz$", "", path.name)
    if head[:3] == b"BZh":
        with bz2.open(path) as packed:
            return packed.read(START), re.sub(r"\.bz2$", "", path.name)
    if head[:4] == b"PK\x03\x04":
        return _inside(path)
    return head, path.name


def _inside(path: Path) -> tuple[bytes, str]:
    """The start of the file in a zip that is of a known kind, else of its largest."""
    with zipfile.ZipFile(path) as archive:
        members = sorted((m for m in archive.infolist() if not m.is_dir()), key=lambda m: -m.file_size)
        for member in members:
            with archive.open(member) as stream:
                start = stream.read(START)
            name = Path(member.filename).name
            if _of_bytes(start, path.with_name(name)):
                return start, name
        return (archive.read(members[0])[:START], Path(members[0].filename).name) if members else (b"", path.name)


def _of_bytes(start: bytes, path: Path) -> str:
    """The kind of what begins with these bytes; "" if none."""
    if start[4:15] == b"\n\tOSMHeader" or start[:24].find(b"OSMHeader") > 0:
        return "osm"
    if start.startswith(b"SQLite format 3\0"):
        return "zones" if any(n.encode() in start for n in CODE_NAMES) else ""
    text = _text(start)
    if not text:
        return ""
    head = text.lstrip()
    if head.startswith("<"):
        root = re.search(r"<([A-Za-z_][\w:.-]*)[\s>/]", re.sub(r"<!--.*?(-->|$)|<\?.*?\?>", "", head, flags=re.DOTALL))
        return {"osm": "osm", "net": "sumo"}.get(root[1] if root else "", "")
    if head.startswith(("{", "[")):
        return _of_json(head, path)
    return _of_lines(text, path)


def _text(start: bytes) -> str:
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return start[: len(start) // 2 * 2].decode("utf-16", errors="replace")
    if b"\0" in start:
        return ""
    return start.decode("utf-8-sig", errors="replace")


def _of_json(head: str, path: Path) -> str:
    if re.search(r'"type"\s*:\s*"CityJSON(Feature)?"', head) or '"CityObjects"' in head:
        return "cityjson"
    if '"Feature"' not in head:
        return ""
    rows = [json.loads(text) for text in re.findall(r'"properties"\s*:\s*(\{[^{}]*\})', head) if _is_json(text)]
    if _has_codes(rows):
        return "zones"
    if '"Point"' in head and looks_like_sites(path, [{**r, "x": 0, "y": 0} for r in rows]):
        return "care"
    return "boundary" if re.search(r'"(Multi)?Polygon"', head) else ""


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _of_lines(text: str, path: Path) -> str:
    if re.search(r"^#?\s*STN\s*,\s*YYYYMMDD", text, flags=re.MULTILINE):
        return "weather"
    try:
        sheet = read_sheet(text, path)
    except InputError:
        return ""
    if "number_of_inhabitants" in sheet.header and any(h.startswith("present_number_of") for h in sheet.header):
        return "energy"
    rows = sheet.dicts()
    if _has_codes(rows):
        return "zones"
    return "care" if looks_like_sites(path, rows) else ""


def _has_codes(rows: list[dict[str, Any]]) -> bool:
    """Whether the rows hold codes of Dutch municipalities, districts or neighbourhoods, or digits with their level."""
    for row in rows:
        cells = {plain_name(k): str(v).strip().upper() for k, v in row.items()}
        codes = [c for n in CODE_NAMES if (c := cells.get(n))]
        if any(PATTERN.fullmatch(c) for c in codes) or (
            any(c.isdigit() for c in codes) and any(k in cells for k in KIND)
        ):
            return True
    return False
