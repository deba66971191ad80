"""From question to answer: scenarios, runs, comparisons, reports, the command line.

>>> from scenarios import load, compare
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scenarios.plan import Plan, Result, RunResult, compare, load

__all__ = ["Plan", "Result", "RunResult", "compare", "load"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'scenarios' has no attribute {name!r}")
    from scenarios import plan

    return getattr(plan, name)
