"""What kind of source a file or folder is, told from its content."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def sort_sources(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Option of `twin area build` -> files."""
    return {"osm": list(paths)} if paths else {}
