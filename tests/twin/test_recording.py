"""Recording: what a disk that refuses leaves, and reading folders that are no runs."""

import errno
import os

import numpy as np
import pyarrow.parquet as pq
import pytest

from twin.attributes import Column
from twin.clock import hour, minute
from twin.errors import InputError
from twin.recording import Recorder, Run, new_run_folder, write_json

COLUMNS = {"load": Column(unit="W")}


def record(recorder, kinds, at):
    for kind in kinds:
        recorder.series(kind, COLUMNS, "load", np.array([1.0, at]), None, at)
    recorder.close_window(at)


def test_digests_do_not_depend_on_the_files(tmp_path):
    digests = set()
    for folder, keep in ((None, True), (tmp_path, True), (tmp_path / "none", False)):
        recorder = Recorder(folder, keep)
        for at in (minute, hour, hour + minute):
            record(recorder, "ab", at)
        digests.add(recorder.result_digest())
    assert len(digests) == 1
    assert len(list(tmp_path.rglob("*.parquet"))) == 2, "only what is a whole hour is on disk"
    assert not (tmp_path / "none").exists()


def test_what_the_disk_refused_is_written_later(tmp_path, monkeypatch):
    (tmp_path / "manifest.json").write_text("{}")
    recorder = Recorder(tmp_path)
    write = pq.write_table

    def refuse(table, path, **options):
        if "b" in path.parts:
            path.write_bytes(b"half of it")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(table, path, **options)

    monkeypatch.setattr(pq, "write_table", refuse)
    record(recorder, "abc", minute)
    with pytest.raises(InputError, match=r"No space left on device.*run.folder=DIR"):
        recorder.flush(minute)
    assert Run(tmp_path).series("a").num_rows == 2
    assert Run(tmp_path).series("b") is None
    assert not list(tmp_path.rglob("*.partial"))
    monkeypatch.undo()
    recorder.flush(minute)
    for kind in "abc":
        assert Run(tmp_path).series(kind).num_rows == 2


def test_json_is_whole_or_absent(tmp_path, monkeypatch):
    write_json(tmp_path / "a.json", {"n": np.int64(1)})

    def refuse(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(InputError, match="No space left"):
        write_json(tmp_path / "a.json", {"n": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert '"n": 1' in (tmp_path / "a.json").read_text()


@pytest.mark.parametrize("text", [None, "", "{", "[]"])
def test_a_folder_that_is_no_run(tmp_path, text):
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(InputError, match="a run folder"):
        Run(tmp_path)


def test_a_part_that_is_cut_off(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    recorder = Recorder(tmp_path)
    record(recorder, "a", minute)
    recorder.flush(minute)
    (part,) = tmp_path.rglob("*.parquet")
    part.write_bytes(part.read_bytes()[:50])
    with pytest.raises(InputError, match="cannot be read"):
        Run(tmp_path).series("a")


def test_run_folders_of_one_name(tmp_path):
    assert [new_run_folder(tmp_path, "x").name for _ in range(3)] == ["x", "x-2", "x-3"]
