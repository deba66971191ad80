"""The command line in this process: `twin("run", "area.citizens=1000")` gives its exit code and what it printed."""

import re
import sys
from typing import NamedTuple

import pytest

from scenarios.main import main

pytest.register_assert_rewrite("tests.scenarios.pages")


class Answer(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def twin(monkeypatch, capsys, tmp_path):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["twin", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Answer(ended.value.code, *capsys.readouterr())

    monkeypatch.chdir(tmp_path)
    return call


@pytest.fixture
def refused(twin, tmp_path):
    """`refused("run outage", "write scenario=")`: exit code 2, one message like that, and nothing on the disk."""

    def call(line, message):
        code, _, err = twin(*line.split())
        assert code == 2
        assert "Traceback" not in err
        assert re.search(message, err), err
        assert not list(tmp_path.iterdir())

    return call


@pytest.fixture
def small(tmp_path):
    """Overrides of a short run in a small town, in a folder of its own."""
    return ["area.citizens=1000", "run.days=0.05", f"run.folder={tmp_path / 'runs'}"]


@pytest.fixture
def run_folder(tmp_path):
    """The only run folder that was made."""

    def find():
        (manifest,) = (tmp_path / "runs").glob("*/*/manifest.json")
        return manifest.parent

    return find
