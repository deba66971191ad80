"""Opening what a user downloaded: plain, gzip or zip, text in any usual encoding, tables with any usual separator."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenarios.areas.account import Account
from twin.errors import Fault, InputError

AGAIN = "fetch the file again and compare its size"
SEPARATORS = ";,\t|"


def refuse(path: str | Path, what: str, allowed: str = "", remedy: str = AGAIN) -> InputError:
    """The error of one file, to raise."""
    return InputError(Fault(str(path), what, allowed, remedy))


def read_bytes(path: str | Path) -> bytes:
    """The bytes of a file, unpacked where it is a gzip. Raises InputError where it is absent, empty or cut off."""
    path = Path(path)
    if not path.exists():
        raise refuse(path, "no such file", remedy="check the path")
    try:
        raw = path.read_bytes()
        data = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except IsADirectoryError as error:
        raise refuse(path, "is a folder", "a file", "name one file in it") from error
    except (OSError, EOFError, zlib.error) as error:
        raise refuse(path, f"cannot be read ({error})", "a whole file, not cut off") from error
    if not data.strip():
        raise refuse(path, "is empty")
    return data


def read_members(path: str | Path, endings: Sequence[str]) -> list[tuple[str, bytes]]:
    """(name, bytes) of each file in a zip whose name has one of `endings`; of any other file its own name and bytes.

    Raises InputError where the zip is cut off or holds no such file.
    """
    path, data = Path(path), read_bytes(path)
    if data[:2] != b"PK":
        return [(path.name, data)]
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [
                n for n in archive.namelist() if n.lower().endswith(tuple(endings)) and not n.startswith("__MACOSX")
            ]
            found = [(Path(n).name, archive.read(n)) for n in names]
    except (zipfile.BadZipFile, EOFError, OSError, zlib.error, RuntimeError, NotImplementedError) as error:
        raise refuse(path, f"cannot be unpacked ({error})", "a whole zip without a password") from error
    if not found:
        raise refuse(path, "is a zip without a file that is of use here", ", ".join(endings), "check which file it is")
    for name, inside in found:
        if not inside.strip():
            raise refuse(f"{path}: {name}", "is empty")
    return found


def decode(data: bytes, where: str | Path, account: Account | None = None) -> str:
    """Bytes as text: UTF-8 with or without its mark, UTF-16 with its mark, else Windows-1252, which `account` counts.

    Raises InputError where the bytes are no text.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    if b"\0" in data[:4096]:
        raise refuse(where, "is no text", "a text file", "check which file it is")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        if account:
            account.count("repaired", "file in Windows-1252 instead of UTF-8")
        return data.decode("cp1252", errors="replace")


def decimal(cell: Any) -> float:
    """The number in a cell, also with a decimal comma; NaN where there is none."""
    try:
        return float(str(cell).strip().replace(",", "."))
    except ValueError:
        return float("nan")


@dataclass
class Sheet:
    """A table of texts: `header`, `rows` as wide as it, and how many rows were not."""

    header: list[str]
    rows: list[list[str]]
    ragged: int = 0

    def column(self, name: str) -> list[str]:
        """The cells of one column."""
        at = self.header.index(name)
        return [row[at] for row in self.rows]

    def dicts(self) -> list[dict[str, str]]:
        """Each row by the names of the header."""
        return [dict(zip(self.header, row, strict=True)) for row in self.rows]


def read_sheet(text: str, where: str | Path) -> Sheet:
    """A table from text with a heading row; the separator is the one of ; , tab | that the heading has most of.

    Rows that are too short or too long are left out and counted. Raises InputError without a heading or a row.
    """
    lines = text.lstrip("\ufeff\r\n ")
    heading = lines.split("\n", 1)[0]
    separator = max(SEPARATORS, key=heading.count)
    if not heading.count(separator):
        raise refuse(
            where, "has no heading of columns", "a table with ; , tab or | between its columns", "check the file"
        )
    try:
        rows = [row for row in csv.reader(io.StringIO(lines), delimiter=separator) if any(c.strip() for c in row)]
    except csv.Error as error:
        raise refuse(where, f"cannot be read as a table ({error})") from error
    header = [name.strip().strip('"') for name in rows[0]]
    whole = [[c.strip() for c in row] for row in rows[1:] if len(row) == len(header)]
    if not whole:
        raise refuse(where, "has a heading but no rows")
    return Sheet(header, whole, len(rows) - 1 - len(whole))
