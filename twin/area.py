"""Area: the place as a folder of (Geo)Parquet tables plus `area.json`, and as arrays in memory."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from twin.attributes import REQUIRED, Column
from twin.errors import Fault, InputError, nearest
from twin.tables import GEOMETRY_TYPES, OPTIONAL, TABLES

SCHEMA_VERSION = 2
Array = np.ndarray[Any, Any]


class Table(SimpleNamespace):
    """The columns of one table as attributes, each an array of shape (rows,); `len(table)` is the number of rows."""

    def __len__(self) -> int:
        return len(next(iter(vars(self).values()), ()))

    def __getitem__(self, name: str) -> Array:
        return vars(self)[name]  # type: ignore[no-any-return]

    def __contains__(self, name: str) -> bool:
        return name in vars(self)


class Area:
    """The place: zones, buildings, nodes, links, places, people, gateways and the tables of the domains.

    name    : short name, used in titles
    crs     : projected coordinate system, as "EPSG:28992"
    tables  : name -> Table, with every column of `twin.tables.TABLES`; a missing table is empty
    sources : table -> {"licence", "attribution", "from"}: where it comes from
    facts   : anything counted while the area was built (repairs, drops, shares), kept in area.json

    A table is read as `area.links.length`; geometry as shapely objects by `area.geometry("links")`.
    """

    def __init__(
        self,
        name: str,
        crs: str,
        tables: Mapping[str, Mapping[str, Any]],
        sources: Mapping[str, Any] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self.name, self.crs = name, crs
        self.sources, self.facts = dict(sources or {}), dict(facts or {})
        self.tables: dict[str, Table] = {}
        for table, columns in TABLES.items():
            self.put(table, tables.get(table, {}), columns)
        self._geometry: dict[str, Array] = {}
        self._digest = ""

    def __getattr__(self, name: str) -> Table:
        try:
            return self.__dict__["tables"][name]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(f"an area has no table {name!r}; it has {', '.join(TABLES)}") from None

    @property
    def represents(self) -> float:
        """How many people each person of the area stands for; 1 but in a sample."""
        return float(self.facts.get("represents", 1.0))

    @property
    def credits(self) -> list[str]:
        """Whose data they are, with the licence: of every table and of every source that was read, each once."""
        named = [*self.sources.values(), *self.facts.get("sources", ())]
        said = (f"{about.get('attribution', '')} ({about.get('licence', '')})" for about in named)
        return [text for text in dict.fromkeys(said) if not text.startswith(" (")]

    def put(self, name: str, values: Mapping[str, Any], columns: Mapping[str, Column] | None = None) -> None:
        """Set table `name` from column values; absent columns take their default. Raises InputError with every fault."""
        columns = columns or TABLES[name]
        n = len(next(iter(values.values()))) if values else 0
        faults, arrays = [], {}
        for column in values:
            if column not in columns:
                faults.append(
                    Fault(
                        f"{name}.{column}",
                        "unknown column",
                        ", ".join(columns),
                        f"did you mean {nearest(column, list(columns)) or 'another table'}?",
                    )
                )
        for column, declared in columns.items():
            if column not in values:
                if n and declared.default is REQUIRED:
                    faults.append(
                        Fault(
                            f"{name}.{column}",
                            "column is missing",
                            f"{declared.dtype} {declared.unit}".strip(),
                            "add the column, or build the area again",
                        )
                    )
                arrays[column] = declared.new(n)
                continue
            try:
                arrays[column] = declared.array(values[column])
            except (ValueError, TypeError) as error:
                faults.append(Fault(f"{name}.{column}", str(error), f"{declared.dtype} {declared.unit}".strip()))
                continue
            if len(arrays[column]) != n:
                faults.append(Fault(f"{name}.{column}", f"{len(arrays[column])} rows", f"{n} rows, as the others"))
        if faults:
            raise InputError(faults)
        self.tables[name] = Table(**arrays)
        self.__dict__.get("_geometry", {}).pop(name, None)
        self._digest = ""

    def geometry(self, table: str) -> Array:
        """The geometry of a table as an array of shapely objects, shape (rows,)."""
        if table not in self._geometry:
            import shapely

            try:
                self._geometry[table] = shapely.from_wkb(self.tables[table].geometry)
            except (shapely.GEOSException, TypeError) as error:
                raise InputError(
                    Fault(f"{table}.geometry", f"is no geometry ({error})", "WKB", "build the area again")
                ) from error
        return self._geometry[table]

    # -- locations: buildings, then gateways -----------------------------------------------------------------------

    @property
    def locations(self) -> int:
        """Number of locations: every building, then every gateway."""
        return len(self.buildings) + len(self.gateways)

    def location_node(self, mode: str) -> Array:
        """The node at which a location is entered by `mode` ("car", "bicycle", "walk"); int32, shape (locations,).

        A gateway that the mode does not reach, as one on a motorway, is entered at the nearest node that it does.
        """
        gates, links, nodes = np.array(self.gateways.node, np.int64), self.links, self.nodes
        rows = np.asarray(links[mode], bool)
        used = np.unique(np.concatenate([links.tail[rows], links.head[rows]]))
        for k in np.flatnonzero(~np.isin(gates, used)) if len(used) else ():
            gates[k] = used[np.argmin(np.hypot(nodes.x[used] - nodes.x[gates[k]], nodes.y[used] - nodes.y[gates[k]]))]
        return np.concatenate([self.buildings[f"node_{mode}"], gates]).astype(np.int32)

    def place_location(self) -> Array:
        """The location of each place: its building, or the gateway beyond which it lies; int32, shape (places,)."""
        places = self.places
        location: Array = np.where(places.gateway < 0, places.building, len(self.buildings) + places.gateway)
        return location.astype(np.int32)

    def location_zone(self) -> Array:
        """The neighbourhood of each location, -1 for a gateway; int32, shape (locations,)."""
        return np.concatenate([self.buildings.zone, np.full(len(self.gateways), -1)]).astype(np.int32)

    def location_xy(self) -> Array:
        """Coordinates of each location in metres, shape (locations, 2)."""
        nodes = self.nodes
        x = np.concatenate([self.buildings.x, nodes.x[self.gateways.node]])
        y = np.concatenate([self.buildings.y, nodes.y[self.gateways.node]])
        return np.stack([x, y], axis=1)

    # -- checking ----------------------------------------------------------------------------------------------------

    def faults(self) -> Iterator[Fault]:
        """Every broken rule of types, ranges and references, table by table."""
        rows = {name: len(table) for name, table in self.tables.items()}
        for name, columns in TABLES.items():
            for column, declared in columns.items():
                yield from declared.faults(name, column, self.tables[name][column], rows)

    def digest(self) -> str:
        """A hash of every table's content; the same area gives the same text on every machine."""
        if not self._digest:
            total = hashlib.blake2b(f"{SCHEMA_VERSION}/{self.crs}".encode(), digest_size=16)
            for name, table in self.tables.items():
                if name in OPTIONAL and not len(table):
                    continue
                for column, array in vars(table).items():
                    total.update(f"{name}.{column}:{len(array)}".encode())
                    total.update(_canonical(array))
            self._digest = total.hexdigest()
        return self._digest

    # -- on disk -----------------------------------------------------------------------------------------------------

    def write(self, folder: str | Path, progress: Callable[[str], None] | None = None) -> Path:
        """Write the area to `folder`: into a temporary neighbour first, then renamed, so that it is whole or absent.

        An area that stood there is replaced; files beside its tables and page stay. Raises InputError where the folder
        holds something else or cannot be written.
        """
        from twin.parquet import write_table

        target = free_folder(folder)
        partial, before = (target.with_name(f".{target.name}.{os.getpid()}.{what}") for what in ("partial", "before"))
        try:
            _clear_leftovers(target)
            partial.mkdir(parents=True)
            for name, table in self.tables.items():
                if progress:
                    progress(name)
                if len(table):
                    write_table(
                        partial / f"{name}.parquet",
                        vars(table),
                        TABLES[name],
                        geometry=GEOMETRY_TYPES.get(name, ()),
                        crs=self.crs,
                    )
            (partial / "area.json").write_text(json.dumps(self._header(), indent=2) + "\n", encoding="utf-8")
            if target.exists():
                for other in _others(target):
                    copy = shutil.copytree if other.is_dir() else shutil.copy2
                    copy(other, partial / other.name)
                target.rename(before)
            partial.rename(target)
            shutil.rmtree(before, ignore_errors=True)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise InputError(
                Fault(
                    str(target),
                    f"cannot be written ({error.strerror or error})",
                    remedy="name a folder on a writable disk with room, with --out",
                )
            ) from error
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        return target

    def _header(self) -> dict[str, Any]:
        nodes = self.nodes
        bounds = (
            [float(v) for v in (nodes.x.min(), nodes.y.min(), nodes.x.max(), nodes.y.max())] if len(nodes) else None
        )
        return {
            "schema": SCHEMA_VERSION,
            "name": self.name,
            "crs": self.crs,
            "bounds": bounds,
            "rows": {name: len(table) for name, table in self.tables.items()},
            "digest": self.digest(),
            "sources": self.sources,
            "facts": self.facts,
        }


def _others(folder: Path) -> list[Path]:
    """What a folder of an area holds beside the area and its page."""
    ours = {"area.json", "area.html", *(f"{name}.parquet" for name in TABLES)}
    return [path for path in sorted(folder.iterdir()) if path.name not in ours]


def _clear_leftovers(target: Path) -> None:
    """Remove what builders that were killed left beside the folder, over an hour ago: none takes that long."""
    for path in target.parent.glob(f".{target.name}.*.partial"):
        if time.time() - path.stat().st_mtime > 3600.0:
            shutil.rmtree(path, ignore_errors=True)


def free_folder(folder: str | Path) -> Path:
    """The absolute path of a folder that an area may be written to. Raises InputError where something else stands there."""
    target = Path(os.path.abspath(folder))  # so that "." has a name
    try:
        foreign = target.is_dir() and not (target / "area.json").exists() and any(target.iterdir())
        taken = foreign or (target.exists() and not target.is_dir())
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(Fault(str(target), f"cannot be a folder ({why})", remedy="name another with --out")) from error
    if taken:
        raise InputError(Fault(str(target), "exists and is not an area", remedy="name another folder with --out"))
    return target


def read_area(folder: str | Path) -> Area:
    """Read the area in `folder`. Raises InputError with every fault of its tables, types and references."""
    from twin.parquet import read_table

    folder = Path(folder)
    header_file = folder / "area.json"
    if not header_file.is_file():
        raise InputError(
            Fault(
                str(folder),
                "is not an area (no area.json)",
                remedy="build one: twin area build FILE --out DIR, or use area=town",
            )
        )
    try:
        header = json.loads(header_file.read_text(encoding="utf-8"))
        schema, name, crs, rows = (header[key] for key in ("schema", "name", "crs", "rows"))
        counted = {table: int(count) for table, count in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise InputError(
            Fault(
                str(header_file), f"cannot be read ({reason})", "what `twin area build` writes", "build the area again"
            )
        ) from error
    if schema != SCHEMA_VERSION:
        raise InputError(
            Fault(
                str(header_file),
                f"schema {schema}",
                f"schema {SCHEMA_VERSION}",
                "build the area again with this version",
            )
        )
    tables, faults = {}, list(_crs_faults(header_file, str(crs)))
    for table, count in counted.items():
        if not count or table not in TABLES:
            continue
        file = folder / f"{table}.parquet"
        try:
            tables[table] = read_table(file, TABLES[table])
        except InputError as error:
            faults += error.faults
            continue
        found = len(next(iter(tables[table].values()), ()))
        if found != count:
            faults.append(
                Fault(str(file), f"has {found} rows", f"{count} rows, as area.json says", "build the area again")
            )
    if faults:
        raise InputError(faults)
    area = Area(str(name), str(crs), tables, header.get("sources"), header.get("facts"))
    broken = list(area.faults())
    if broken:
        raise InputError(broken)
    return area


def _canonical(array: Array) -> bytes:
    if array.dtype == object:
        return b"\x1f".join(v if isinstance(v, bytes) else str(v).encode() for v in array)
    return np.ascontiguousarray(array).tobytes()


def _crs_faults(file: Path, crs: str) -> Iterator[Fault]:
    """What is wrong with an area's coordinate system: it must be known and projected in metres."""
    import pyproj

    wanted = "a projected system in metres, as EPSG:28992"
    try:
        found = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        yield Fault(f"{file}: crs", f"{crs!r} is no known coordinate system", wanted, "build the area again")
        return
    if not found.is_projected or any(axis.unit_conversion_factor != 1.0 for axis in found.axis_info[:2]):
        yield Fault(f"{file}: crs", f"{crs} is not projected in metres", wanted, "build the area again")
