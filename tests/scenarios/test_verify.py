"""twin verify: other parameters, wrong numbers, bad files, the last line and the exit code."""

from __future__ import annotations

import io
import json
import math

import pytest

from scenarios.verification.registry import family
from scenarios.verify import verify, verify_main

RULE = {
    "type": "stochastic",
    "z_max": 3.5,
    "max_rel_se": 0.05,
    "min_reps": 20,
    "run_length": {"unit": "customers after warm-up of 2000", "n": 20_000},
}


def case(name, parameters, expected, tolerance=RULE):
    return {"id": name, "parameters": parameters, "expected": expected, "tolerance": tolerance}


def erlang_c(lam, mu, c):
    a = lam / mu
    top = a**c / math.factorial(c) * c / (c - a)
    return top / (sum(a**k / math.factorial(k) for k in range(c)) + top)


def erlang_b(a, c):
    b = 1.0
    for k in range(1, c + 1):
        b = a * b / (k + a * b)
    return b


def written(tmp_path, cases):
    file = tmp_path / "cases.json"
    file.write_text(json.dumps({"cases": cases}))
    return file


OTHER_PARAMETERS = [
    case(
        "queue-mmc-b", {"lam": 2.0, "mu": 0.5, "c": 6}, {"C": erlang_c(2, 0.5, 6), "Wq": erlang_c(2, 0.5, 6) / (3 - 2)}
    ),
    case("queue-mg1-c", {"lam": 0.5, "mean": 1.2, "cv": 0.5}, {"rho": 0.6, "Wq": 0.5 * 1.44 * 1.25 / 2 / 0.4}),
    case("queue-mgcc-loss-b", {"a": 3.0, "c": 4}, {"blocking": erlang_b(3.0, 4)}),
    case("queue-prio-preempt-b", {"l1": 0.2, "l2": 0.3, "mu": 1.0}, {"W_high": 1 / 0.8, "W_low": 1 / (0.8 * 0.5)}),
    case("ed-boarding-block-b", {"mu1": 1.0, "mu2": 1.0, "B": 2}, {"throughput": 4 / 5}),
    case("library-seats-b", {"rate": 12.0, "stay": 3.0, "t_open": 9.0, "t": 11.0}, {"mean_present": 24.0}),
    case(
        "ipf-2x2-b",
        {"seed": [[1, 1], [1, 1]], "rows": [3, 7], "cols": [4, 6]},
        {"cells": [[1.2, 1.8], [2.8, 4.2]]},
        {"type": "deterministic", "abs_tol": 1e-9},
    ),
    case(
        "outage-battery-b",
        {"f": 2.0, "d": 1.0, "h": 0.5},
        {"events": 2 * math.exp(-0.5), "hours": 2 * math.exp(-0.5)},
        RULE | {"run_length": {"unit": "site-years", "n": 500}},
    ),
]


@pytest.mark.parametrize("one", OTHER_PARAMETERS, ids=[c["id"] for c in OTHER_PARAMETERS])
def test_other_parameters_of_a_family(tmp_path, one):
    rows = list(verify([written(tmp_path, [one])]))
    assert {row.verdict for row in rows} == {"passed"}, rows


def test_a_wrong_number_fails(tmp_path):
    wrong = case("queue-mmc-z", {"lam": 2.0, "mu": 0.5, "c": 6}, {"Wq": 1.1 * erlang_c(2, 0.5, 6)})
    out = io.StringIO()
    assert (
        verify_main(
            [written(tmp_path, [wrong, OTHER_PARAMETERS[6], case("no-such-family-a", {}, {"x": 1.0})])], out=out
        )
        == 1
    )
    assert out.getvalue().splitlines()[-1] == "1 passed, 1 failed, 1 not covered"


def test_an_expected_quantity_that_no_component_gives_fails(tmp_path):
    odd = case("queue-mmc-b", {"lam": 2.0, "mu": 0.5, "c": 6}, {"Wq": erlang_c(2, 0.5, 6), "beauty": 1.0})
    assert [r.quantity for r in verify([written(tmp_path, [odd])]) if r.verdict == "failed"] == ["beauty"]


def test_parameters_that_a_component_cannot_use_fail_with_a_reason(tmp_path):
    rows = list(verify([written(tmp_path, [case("queue-mmc-b", {"lam": 2.0}, {"Wq": 1.0})])]))
    assert rows[0].verdict == "failed"
    assert "KeyError" in rows[0].note


@pytest.mark.parametrize("content", ["{", "[]", '{"a": 1}', '{"cases": [{"id": "x"}]}'])
def test_files_that_are_no_cases(tmp_path, content, capsys):
    file = tmp_path / "bad.json"
    file.write_text(content)
    assert verify_main([file]) == 2
    assert str(file) in capsys.readouterr().err


def test_a_missing_file(tmp_path, capsys):
    assert verify_main([tmp_path / "none.json"]) == 2
    assert "check the path" in capsys.readouterr().err


def test_family():
    assert [family(i) for i in ("queue-erlang-a-a", "queue-mmc-b", "ems-nl-norm")] == [
        "queue-erlang-a",
        "queue-mmc",
        "ems-nl-norm",
    ]


def test_deterministic_reference_cases(reference_data):
    file = reference_data("reference_cases.json")
    for name in ("ipf-2x2-a", "logit-nested-a", "nhpp-thinning-a", "library-seats-a"):
        assert all(row.verdict == "passed" for row in verify([file], only=name))


def test_a_grid_without_input_is_not_covered(reference_data):
    assert [row.verdict for row in verify([reference_data("grid", "ieee13_opendss.json")])] == ["not covered"]
