"""Fixtures for every test: where the reference data are."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

VARIABLE = "TWIN_REFERENCE_DATA"
BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def reference_data() -> Callable[..., Path]:
    """`reference_data("grid", "cigre_lv.json")`: the path of one reference file or folder.

    Looks in the folder named by TWIN_REFERENCE_DATA, else in ../shared/data beside the repository. A missing file
    skips the test, but fails it where the variable is set.
    """

    def find(*parts: str) -> Path:
        path = Path(os.environ.get(VARIABLE) or BESIDE).joinpath(*parts)
        if not path.exists():
            (pytest.fail if os.environ.get(VARIABLE) else pytest.skip)(f"no reference data at {path}")
        return path

    return find
