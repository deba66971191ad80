"""Which component runs which family of cases, and how its numbers are judged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Values = dict[str, Any]
Component = Callable[[Mapping[str, Any], int, Mapping[str, Any]], Values]

STOCHASTIC: dict[str, tuple[Component, ...]] = {}
DETERMINISTIC: dict[str, Callable[[Mapping[str, Any]], Values]] = {}
MOST_REPLICATIONS = 3000
SHORT = " [SimPy]"  # a second, shorter run of the same law on twin.waiting; judged by its own standard error


@dataclass(frozen=True)
class Row:
    """One line of the table: a quantity of a case. verdict: passed, failed or not covered."""

    case: str
    quantity: str
    expected: Any
    got: Any
    tolerance: str
    verdict: str
    note: str = ""


def family(case: str) -> str:
    """The id of a case without the last `-a`, `-b`, ..."""
    return re.sub(r"-[a-z]$", "", case)


def stochastic(*names: str) -> Callable[[Component], Component]:
    """Registers `component(parameters, replication, run_length) -> values of one replication` for families `names`."""

    def register(component: Component) -> Component:
        for name in names:
            STOCHASTIC[name] = (*STOCHASTIC.get(name, ()), component)
        return component

    return register


def deterministic(*names: str) -> Callable[[Callable[..., Values]], Callable[..., Values]]:
    """Registers `component(parameters) -> values` for families `names`."""

    def register(component: Callable[..., Values]) -> Callable[..., Values]:
        for name in names:
            DETERMINISTIC[name] = component
        return component

    return register


def flatten(values: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """(name, number) of every number in nested dicts and lists."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            yield from flatten(value, f"{name}.{key}" if name else str(key))
    elif isinstance(values, list | tuple | np.ndarray):
        for place, value in enumerate(values):
            yield from flatten(value, f"{name}[{place}]")
    else:
        yield name, values


def judge_stochastic(case: Mapping[str, Any], components: tuple[Component, ...]) -> list[Row]:
    """Replicates until every standard error is below its cap, then a z test of each quantity.

    A quantity beyond z_max is looked at once more with twice the replications: with some hundred quantities a right
    program would else fail one in twenty files by chance. A biased one fails the harder for it.
    """
    rule = case["tolerance"]
    expected = dict(flatten(case["expected"]))
    z_max, cap = float(rule.get("z_max", 3.5)), float(rule.get("max_rel_se", 0.01))
    rows = []
    for component in components:
        least = max(int(rule.get("min_reps", 20)), 20)
        samples: dict[str, list[float]] = {}
        done, looked_again = 0, False
        while True:
            while done < least:
                values = component(case["parameters"], done, rule.get("run_length", {}))
                for name, value in flatten(values):
                    if base_name(name) not in expected:
                        continue  # more than the file asks for
                    samples.setdefault(name, []).append(float(value))
                done += 1
            found = [
                _judge(case["id"], name, expected, np.array(sample), z_max, cap) for name, sample in samples.items()
            ]
            wide = any("wide" in row.note for row in found)
            far = any(row.verdict == "failed" for row in found)
            if wide and done < MOST_REPLICATIONS:
                least = min(MOST_REPLICATIONS, int(done * 1.5) + 1)
            elif far and not wide and not looked_again:
                looked_again, least = True, 2 * done
            else:
                break
        rows += found
    missing = sorted(set(expected) - {base_name(row.quantity) for row in rows})
    return rows + [
        Row(case["id"], name, expected[name], None, "", "failed", "the component does not give it") for name in missing
    ]


def base_name(name: str) -> str:
    """The quantity of the file that "blocking [lognormal]" stands for."""
    return re.sub(r" \[[A-Za-z ]+\]", "", name)


def _judge(case: str, name: str, expected: Mapping[str, Any], sample: Any, z_max: float, cap: float) -> Row:
    wanted = expected[base_name(name)]
    got, se = float(sample.mean()), float(sample.std(ddof=1) / np.sqrt(len(sample)))
    if SHORT in name:
        cap *= 4.0
    if wanted == 0:
        return Row(case, name, wanted, got, "exactly 0", "passed" if got == 0 else "failed", f"n {len(sample)}")
    if se <= 1e-12 * abs(got):  # every replication gives the same number: no chance in it
        return compare(case, name, wanted, got, 0.0)
    z, width = abs(got - wanted) / se, se / abs(wanted)
    wide = width > cap
    text = f"z {z:.2f} <= {z_max:g}, se {100 * width:.2g} % <= {100 * cap:g} %"
    return Row(
        case,
        name,
        wanted,
        got,
        text,
        "passed" if z <= z_max and not wide else "failed",
        f"n {len(sample)}" + (", too wide" if wide else ""),
    )


def judge_deterministic(case: Mapping[str, Any], component: Callable[[Mapping[str, Any]], Values]) -> list[Row]:
    """Compares every number within rel_tol or abs_tol (given at least one; the wider holds)."""
    rule = case["tolerance"]
    got = dict(flatten(component(case["parameters"])))
    return [
        compare(
            case["id"], name, wanted, got.get(name), float(rule.get("abs_tol", 0.0)), float(rule.get("rel_tol", 0.0))
        )
        for name, wanted in flatten(case["expected"])
    ]


def compare(case: str, name: str, wanted: float, got: float | None, abs_tol: float, rel_tol: float = 0.0) -> Row:
    """One deterministic comparison. Files give ten digits, so nothing finer than 1e-9 relative counts."""
    allowed = max(abs_tol, rel_tol * abs(wanted), 1e-9 * abs(wanted))
    text = f"+- {allowed:.2g}"
    if got is None:
        return Row(case, name, wanted, None, text, "failed", "the component does not give it")
    return Row(case, name, wanted, float(got), text, "passed" if abs(got - wanted) <= allowed else "failed")
