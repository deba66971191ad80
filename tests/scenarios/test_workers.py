"""Jobs in forked processes: how many at once, what they say, how they end, and that none is left behind."""

import os
import signal
import threading
import time

import pytest

from scenarios import workers


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:  # a zombie that nobody has waited for is no longer running
        return file.read().rpartition(")")[2].split()[0] != "Z"


def gone(pids):
    """Whether all processes end within five seconds."""
    until = time.monotonic() + 5
    while any(alive(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.02)
    return not any(alive(pid) for pid in pids)


def test_every_job_once_and_what_it_says_arrives(capfd):
    heard = []

    def work(job, attempt, line):
        print("a job's own output")
        for part in range(50):
            line.say(f"{job} {attempt} {part}")

    codes = workers.run_jobs([3, 1, 2], work, 2, heard.append)
    assert codes == {3: [0], 1: [0], 2: [0]}
    assert sorted(heard) == sorted(f"{job} 0 {part}" for job in (1, 2, 3) for part in range(50))
    assert [text for text in heard if text[0] == "1"] == [f"1 0 {part}" for part in range(50)]
    out, err = capfd.readouterr()
    assert (out, err.count("a job's own output")) == ("", 3)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_never_more_at_once_than_allowed(most):
    running, highest = set(), []

    def heard(text):
        word, job = text.split()
        (running.add if word == "begin" else running.discard)(job)
        highest.append(len(running))

    def work(job, attempt, line):
        line.say(f"begin {job}")
        time.sleep(0.15)
        line.say(f"end {job}")

    workers.run_jobs(range(4), work, most, heard)
    assert max(highest) == most


def test_how_jobs_end():
    def work(job, attempt, line):
        if job == "raises":
            raise ValueError
        if job == "interrupted":
            raise KeyboardInterrupt
        if job == "killed" or (job == "killed once" and not attempt):
            os.kill(os.getpid(), signal.SIGKILL)

    codes = workers.run_jobs(["fine", "raises", "interrupted", "killed", "killed once"], work, 1)
    assert codes == {
        "fine": [0],
        "raises": [1, 1],
        "interrupted": [130, 130],
        "killed": [-9, -9],
        "killed once": [-9, 0],
    }


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_all_processes_and_their_children(number):
    pids = []

    def work(job, attempt, line):
        child = os.fork()
        line.say(str(os.getpid()))
        if child:
            line.say("ready")
        time.sleep(60)

    def heard(text):
        if text == "ready" and len(pids) >= 3:
            os.kill(os.getpid(), number)
        elif text != "ready":
            pids.append(int(text))

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        workers.run_jobs(range(5), work, 2, heard)
    assert time.monotonic() - began < 10
    assert gone(pids)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_what_ignores_the_request_is_ended_by_force(monkeypatch):
    monkeypatch.setattr(workers, "PATIENCE_S", 0.3)
    pids = []

    def work(job, attempt, line):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        line.say(str(os.getpid()))
        time.sleep(60)

    def heard(text):
        pids.append(int(text))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        workers.run_jobs([1], work, 1, heard)
    assert gone(pids)


def test_a_line_is_never_cut():
    line = workers.Line()
    line.say("x" * workers.LONGEST)
    assert list(line.heard(1.0)) == ["x" * workers.LONGEST]
    with pytest.raises(ValueError, match="a line of 512 bytes"):
        line.say("x" * 510 + "é")
    line.close()


def test_a_killed_job_leaves_no_children():
    pids = []

    def work(job, attempt, line):
        if attempt:
            return
        child = os.fork()
        if not child:
            time.sleep(60)
        line.say(str(child))
        os.kill(os.getpid(), signal.SIGKILL)

    workers.run_jobs([1], work, 1, lambda text: pids.append(int(text)))
    assert len(pids) == 1
    assert gone(pids)


def test_a_process_whose_parent_is_gone_stops():
    workers.orphaned(os.getppid())
    with pytest.raises(KeyboardInterrupt):
        workers.orphaned(-1)


def test_outside_the_main_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(workers.run_jobs([1], lambda *_: None, 1)))
    thread.start()
    thread.join()
    assert found == [{1: [0]}]
