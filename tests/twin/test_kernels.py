from __future__ import annotations

import os

from twin.kernels import prepare_numba


def test_the_first_writable_directory_is_chosen(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    assert prepare_numba(tmp_path / "cache") == str(tmp_path / "cache") == os.environ["NUMBA_CACHE_DIR"]
    assert os.environ["NUMBA_NUM_THREADS"] == "1"


def test_a_file_in_the_way_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert prepare_numba(tmp_path / "file") == str(tmp_path / "user" / "area-twin" / "numba")


def test_the_users_choice_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/there")
    assert prepare_numba(tmp_path) == "/there"
