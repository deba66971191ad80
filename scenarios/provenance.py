"""Where a run comes from: versions, the program's own code, the place - what manifests and checkpoints say of it."""

from __future__ import annotations

import functools
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from twin.area import Area

PACKAGES = ("area-twin", "numpy", "numba", "simpy", "mesa", "power-grid-model", "routingkit-cch", "pyarrow")


def write_place(area: Area, folder: Path) -> Path:
    """Write the area without its people and households: what a picture of the run needs, and no person in it.

    About 0.1 s and 0.8 MB for a town of 20,000.
    """
    tables = {name: vars(table) for name, table in area.tables.items() if name not in ("people", "households")}
    return Area(area.name, area.crs, tables, area.sources, area.facts).write(folder)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that carry the numbers."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "source"
    return found


@functools.cache
def code_digest() -> str:
    """A hash of the program's own Python files and configuration."""
    import hashlib

    root = Path(__file__).resolve().parent.parent
    total = hashlib.blake2b(digest_size=16)
    for package in ("twin", "agents", "scenarios", "configs"):
        for file in sorted((root / package).rglob("*")):
            if file.suffix in (".py", ".yaml"):
                total.update(f"{file.relative_to(root)}\n".encode())
                total.update(file.read_bytes())
    return total.hexdigest()
