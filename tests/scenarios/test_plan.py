"""The Python API: its docstrings' examples run, results are what the folders hold, and wrong names get the nearest."""

import doctest
import os
import subprocess
import sys

import pytest

import scenarios
import scenarios.plan
from scenarios import compare, load
from twin.errors import InputError

SMALL = ["run.days=0.1", "~scenario.alternatives.backup_signals", 'scenario.measures.failure.from="01:00"']


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("api")


@pytest.fixture(scope="module")
def run(place):
    return load("outage", citizens=1_000, overrides=SMALL).run(seed=7, folder=place / "runs")


@pytest.fixture(scope="module")
def result(place):
    plan = load("outage", area="town", citizens=1_000, overrides=SMALL)
    return compare(plan, replications=2, workers=1, out=place / "experiment", report=False)


@pytest.mark.parametrize("name", ["", ".load", ".compare", ".Plan.run"])
def test_the_examples_in_the_docstrings(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    thing = scenarios.plan
    for part in filter(None, name.split(".")):
        thing = getattr(thing, part)
    finder = doctest.DocTestFinder(recurse=False)
    (test,) = finder.find(thing, name or "plan", globs=vars(scenarios.plan) | {"folder": tmp_path})
    assert test.examples
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    said = []
    doctest.DocTestRunner(optionflags=flags).run(test, out=said.append)
    assert not said, "".join(said)


def test_a_run_has_tables_with_units(run):
    assert run.manifest["seed"] == 7
    assert run.series("grid").schema.field("load").metadata[b"unit"]
    assert {"unit", "x", "y"} <= set(run.agents("ambulance").column_names)
    assert "failed" in run.events("grid").column("kind").to_pylist()
    assert run.value("outage_customer_hours") > 0


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda run: run.series("lnk"), "did you mean link"),
        (lambda run: run.agents("ambulanse"), "did you mean ambulances"),
        (lambda run: run.events("grids"), "did you mean grid"),
        (lambda run: run.value("outage_hours"), "did you mean outage_customer_hours"),
    ],
)
def test_a_name_that_a_run_does_not_have(run, ask, message):
    with pytest.raises(InputError, match=message):
        ask(run)


def test_a_comparison_is_what_its_folder_holds(result):
    from scenarios.comparison import Comparison

    assert result.comparison == Comparison.read(result.folder)
    cell = result["outage_customer_hours"].by("area").rows[0]
    assert (cell["alternative"], cell["baseline"], cell["n"], cell["difference"] > 0) == ("outage", 0.0, 2, True)
    assert result.by("area")["outage_customer_hours"].rows == [cell]
    assert "outage_customer_hours" in {row["indicator"] for row in result}
    assert all(row["verdict"] == "worse" for row in result["outage_customer_hours"].by("neighbourhood").worst(5))
    assert result.failures == []
    with pytest.raises(InputError, match="outage_customer_hours"):
        result["outage_hours"]


def test_frames_where_pandas_is_installed(run, result):
    pytest.importorskip("pandas")
    assert len(run.to_frame()) == len(run.indicators)
    assert len(result.to_frame()) == len(result)


def test_a_run_of_indicators_only_says_why_it_has_no_series(place):
    run = load("weekday", citizens=1_000, **{"run.days": 0.01}).run(folder=place / "few", record="indicators")
    with pytest.raises(InputError, match="record='full'"):
        run.series("link")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: load("outage", citizen=5_000), "did you mean citizens"),
        (lambda: load("outage", citizens=5), "area.citizens: is 5"),
        (lambda: load("outage", area="twon"), "did you mean town"),
        (lambda: compare(load("outage"), replications=0), "--replications: is 0"),
        (lambda: load("weekday").run(seed=-1), "run.seed"),
    ],
)
def test_wrong_input_is_told_at_once(call, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        call()
    assert not list(tmp_path.iterdir())


def test_a_script_without_a_main_guard(tmp_path):
    script = tmp_path / "mine.py"
    script.write_text(
        "from scenarios import load, compare\n"
        "plan = load('weekday', citizens=1_000, **{'run.days': 0.02})\n"
        "print(len(compare(plan, replications=2, out='made', report=False)) > 0)\n"
    )
    root = str(scenarios.__path__[0]).removesuffix("scenarios")
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": root})  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_importing_the_names_loads_nothing_heavy():
    heavy = {"numba", "mesa", "pyarrow", "pandas", "hydra", "pydantic", "scipy", "shapely", "rich"}
    code = f"import sys; from scenarios import load, compare; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
