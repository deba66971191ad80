"""Runs reference cases on the project's own components and prints what was expected beside what came out."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scenarios.verification.registry import (
    DETERMINISTIC,
    STOCHASTIC,
    Row,
    family,
    judge_deterministic,
    judge_stochastic,
)
from twin.errors import Fault, InputError, nearest

DATA = "TWIN_REFERENCE_DATA"


def default_files() -> list[Path]:
    """Reference cases and solved grids of the folder TWIN_REFERENCE_DATA, else of shared/data beside the repository."""
    here = Path(__file__).resolve().parents[1]
    folder = Path(os.environ.get(DATA, here.parent / "shared" / "data"))
    files = [folder / "reference_cases.json", *sorted((folder / "grid").glob("*.json"))]
    found = [file for file in files if file.is_file()]
    if not found:
        raise InputError(
            Fault(
                str(folder),
                "has no reference_cases.json and no grid/*.json",
                remedy=f"name files, or set {DATA} to the folder that holds them",
            )
        )
    return found


def read_cases(file: str | Path) -> list[Mapping[str, Any]]:
    """The cases of one file: a set (`cases`) or one solved grid (`name`). Raises InputError with every fault."""
    try:
        content = json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            Fault(str(file), f"cannot be read ({error.strerror or error})", remedy="check the path")
        ) from error
    except ValueError as error:
        raise InputError(Fault(str(file), f"is not JSON ({error})", "a file of reference cases")) from error
    if isinstance(content, dict) and isinstance(content.get("cases"), list):
        needed = ("id", "parameters", "expected", "tolerance")
        faults = [
            Fault(f"{file}: cases[{i}]", "lacks " + ", ".join(k for k in needed if k not in case), ", ".join(needed))
            for i, case in enumerate(content["cases"])
            if not isinstance(case, dict) or any(k not in case for k in needed)
        ]
        if faults:
            raise InputError(faults)
        return list(content["cases"])
    if isinstance(content, dict) and "name" in content:
        return [content]
    raise InputError(
        Fault(str(file), "holds no cases", "an object with `cases`, or with `name`, `input` and `reference`")
    )


def verify(files: Sequence[str | Path] = (), only: str = "") -> Iterable[Row]:
    """Rows of every case in `files` (default: `default_files`), case by case; `only` keeps ids that start with it."""
    import scenarios.verification.processes
    import scenarios.verification.queues  # noqa: F401  (both register their components)

    cases = [case for file in (files or default_files()) for case in read_cases(file)]
    for case in cases:
        name = str(case.get("id", case.get("name")))
        if name.startswith(only):
            yield from _judge(case, name)


def _judge(case: Mapping[str, Any], name: str) -> list[Row]:
    if "id" not in case:
        if "input" not in case or "reference" not in case:
            return [Row(name, "", None, None, "", "not covered", "no input that the power flow can read")]
        from scenarios.verification.grids import judge_grid

        run = judge_grid, (case,)
    elif family(name) in STOCHASTIC:
        run = judge_stochastic, (case, STOCHASTIC[family(name)])
    elif family(name) in DETERMINISTIC:
        run = judge_deterministic, (case, DETERMINISTIC[family(name)])
    else:
        close = nearest(family(name), [*STOCHASTIC, *DETERMINISTIC], 1)
        return [Row(name, "", None, None, "", "not covered", f"nearest family: {close}" if close else "")]
    try:
        return run[0](*run[1])
    except (KeyError, TypeError, ValueError, IndexError, ArithmeticError) as error:
        return [Row(name, "", None, None, "", "failed", f"{type(error).__name__}: {error}")]


def verify_main(files: Sequence[str | Path] = (), only: str = "", out: Any = None) -> int:
    """Prints the table and `N passed, M failed, K not covered` (cases).

    Returns 0, 1 if any failed, 2 where a file cannot be read as cases.
    """
    out = out or sys.stdout
    verdicts: dict[str, str] = {}
    try:
        print(_line("case", "quantity", "expected", "got", "tolerance", "verdict"), file=out)
        for row in verify(files, only):
            worse = verdicts.get(row.case, row.verdict)
            verdicts[row.case] = "failed" if "failed" in (worse, row.verdict) else row.verdict
            text = row.verdict + (f" ({row.note})" if row.note else "")
            print(_line(row.case, row.quantity, _number(row.expected), _number(row.got), row.tolerance, text), file=out)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    count = {verdict: list(verdicts.values()).count(verdict) for verdict in ("passed", "failed", "not covered")}
    print(", ".join(f"{n} {verdict}" for verdict, n in count.items()), file=out)
    return 1 if count["failed"] else 0


def _number(value: Any) -> str:
    return "" if value is None else f"{value:.8g}" if isinstance(value, int | float) else str(value)


def _line(*cells: str) -> str:
    widths = (24, 40, 13, 13, 34)
    return " ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)) + " " + cells[-1]
