from __future__ import annotations

import os
from pathlib import Path

from twin.kernels import prepare_numba


def test_the_first_writable_directory_is_chosen(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    chosen = prepare_numba(tmp_path / "cache")
    assert chosen == os.environ["NUMBA_CACHE_DIR"]
    assert Path(chosen).parent == tmp_path / "cache"
    assert os.environ["NUMBA_NUM_THREADS"] == "1"


def test_a_file_in_the_way_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert Path(prepare_numba(tmp_path / "file")).parent == tmp_path / "user" / "area-twin" / "numba"


def test_the_users_choice_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/there")
    assert prepare_numba(tmp_path) == "/there"
