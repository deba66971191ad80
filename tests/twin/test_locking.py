"""One writer: a lock keeps others out and goes with its process, however that ends."""

import os
import signal

import pytest

from twin.errors import InputError
from twin.locking import Lock


def test_a_second_one_is_told_who_writes_and_the_folder_is_free_afterwards(tmp_path):
    with Lock(tmp_path / "made"), pytest.raises(InputError) as error:
        Lock(tmp_path / "made", "name another")
    assert str(error.value) == f"{tmp_path / 'made'}: is being written by process {os.getpid()}; remedy: name another"
    lock = Lock(tmp_path / "made")
    lock.release()
    lock.release()


def test_a_killed_process_holds_no_lock(tmp_path):
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        Lock(tmp_path)
        os.write(writer, b"x")
        signal.pause()
    os.read(reader, 1)
    with pytest.raises(InputError, match=f"process {pid}"):
        Lock(tmp_path)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    Lock(tmp_path).release()


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "made").touch()
    with pytest.raises(InputError, match="cannot be written"):
        Lock(tmp_path / "made")
