"""Checkpoint, resume, branch: what processes heard and said, and how a world is brought back to an edge.

Every object has one owner, of one of two kinds. *Replayed*: SimPy processes and what they alone change (an ambulance,
a bed, a queue). A generator cannot be saved, so it runs again from the start on what it heard: the journal holds every
event that was delivered to a process handler, every answer that a process got, and everything that processes sent and
recorded, which the replay must send and record again. *Saved*: everything else - columns, signals, Mesa agents, the
attributes of domains, events under way.

What this asks of the author of a domain, and how it is checked:

    processes read outside themselves in `@observe` methods only            reading elsewhere raises
    what processes and process handlers change is named in `replayed`       a resume compares the others before and
                                                                             after the replay and names what changed
    nothing that is saved holds a process, an event or a resource of SimPy  a checkpoint refuses it by name
    processes and what is `unsaved` hold nothing that is saved: they reach   not checked
        arrays and lists through their domain
    what is in `replayed` is changed by nothing else                        not checked
    luck is keyed by entity and ordinal                                     a replay that asks or sends otherwise stops
                                                                             and names the first difference
    a domain with `restores = "save"` has no processes; its process         starting one raises
    handlers may read and change columns and send themselves later events

The journal is a text file, one JSON list per line, in the order in which things happened:

    ["heard", at, turn, domain, handler, kind, time, subject, object, value, ordinal, because]
                                             delivered for time `at`, in that `turn` of the moment (`Deliveries`)
    ["asked", now, question, arguments, answer]
    ["sent", now, kind, time, subject, object, value, ordinal, because]
    ["noted", what, ...]                     recorded, or asked to be written to a column at the edge
    ["forgot", edge]                         the warm-up ended here
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.coupling import Event, plain
from twin.deliveries import Reader
from twin.errors import DesignError, Fault, InputError
from twin.events import Record

if TYPE_CHECKING:
    from twin.domain import Domain
    from twin.world import World

Entry = list[Any]


class Journal:
    """The journal of one world: it is written in a run and read back in a replay.

    path : the file; what it holds beyond `size` bytes is cut off
    size : bytes that belong to the journal, 0 for a new one
    check : CRC-32 of those bytes

    Raises InputError where the file holds less, DesignError where a domain does not say how it is restored.
    """

    def __init__(self, world: World, path: Path, size: int = 0) -> None:
        for domain in world.domains.values():
            _check_restores(domain)
        self.world, self.path, self.size = world, path, size
        self.check = _checked(path, size) if size else 0
        self._file = open(path, "ab")  # noqa: SIM115  (open as long as the run is)
        os.chmod(path, 0o600)  # it tells of persons, as what is in restricted/ does
        os.truncate(path, size)
        self._expected: Iterator[Entry] | None = None
        self._next: Entry | None = None

    @property
    def replaying(self) -> bool:
        """Whether processes run again on what they heard."""
        return self._expected is not None

    # -- what the world tells ----------------------------------------------------------------------------------------

    def delivered(self, at: int, turn: int, reader: Reader, record: Record) -> None:
        """A process handler will hear `record` at `at` ms, in that turn of the moment."""
        if not self.replaying:
            self._write(["heard", at, turn, reader.domain.name, reader.name, *_fields(record)])

    def answer(self, now: int, question: str, args: tuple[Any, ...], evaluate: Callable[[], Any]) -> Any:
        """The answer to a question of a process: evaluated and written down, or read back.

        A question that is asked within another one is not written down: a replay does not ask it.
        """
        if self.world._observing:
            return evaluate()
        asked = ["asked", now, question, args]
        if self.replaying:
            return plain(self._compare(asked)[4])
        answer = evaluate()
        self._write([*asked, answer])
        return answer

    def sent(self, record: Record) -> bool:
        """Note what a process sent; True in a replay, where it is under way or has arrived already."""
        if self.world.phase != "process" or self.world.domains[record.kind.partition(".")[0]].restores == "save":
            return False
        if self.world._observing:
            raise DesignError(f"{record.kind} is sent within a question: an @observe method only answers")
        return self._note(["sent", int(self.world.timeline.now), *_fields(record)])

    def noted(self, *values: Any) -> bool:
        """Note what a process recorded; True in a replay, where it stands in the checkpoint."""
        if self.world.phase != "process" or self.world._observing:  # a question or a saved domain: not replayed
            return False
        return self._note(["noted", *(_short(value) for value in values)])

    def forgot(self, edge: int) -> None:
        """The warm-up ended at `edge`."""
        if not self.replaying:
            self._write(["forgot", edge])

    def _note(self, entry: Entry) -> bool:
        if self.replaying:
            self._compare(entry)
            return True
        self._write(entry)
        return False

    # -- the file ------------------------------------------------------------------------------------------------------

    def _write(self, entry: Entry) -> None:
        line = _line(entry)
        try:
            self._file.write(line)
        except OSError as error:
            raise self._refused(error) from error
        self.size += len(line)
        self.check = zlib.crc32(line, self.check)

    def flush(self) -> int:
        """Hand everything so far to the system; its size in bytes."""
        try:
            self._file.flush()
        except OSError as error:
            raise self._refused(error) from error
        return self.size

    def _refused(self, error: OSError) -> InputError:
        what = f"cannot be written ({error.strerror or error})"
        return InputError(
            Fault(str(self.path), what, "a writable disk with room", "free some room, then resume the run")
        )

    def sync(self) -> None:
        """Wait until what was flushed is on the disk; any thread may call it."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Write what is left and close the file."""
        self._file.close()

    # -- a replay ------------------------------------------------------------------------------------------------------

    def replay(self, until: int) -> None:
        """Run the processes of a world that was just set up to the edge `until`, on what they heard.

        Raises DesignError at the first difference, and where something that is saved was changed by a process.
        """
        world, timeline = self.world, self.world.timeline
        self._expected = self._entries()
        self._advance()
        changes = _Changes(world)
        for edge in range(0, until + 1, world.window):
            if edge:
                world.start, world.stop = edge - world.window, edge
                timeline.run_to(edge)
                timeline.phase = "edge"
            if self._next == ["forgot", edge]:
                changes.check()
                world.observed_from = edge
                for domain in world.domains.values():
                    if domain.replayed:
                        domain.forget()
                changes = _Changes(world)
                self._advance()
        if self._next is not None:
            raise DesignError(f"the replay stops short: the journal goes on with {_said(self._next)}")
        changes.check()
        self._expected = None

    def _entries(self) -> Iterator[Entry]:
        with open(self.path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield json.loads(line)
                except ValueError:
                    raise _damaged(self.path, f"is damaged in line {number}") from None

    def _advance(self) -> None:
        """Go to the next entry that a process must match; what is delivered before it goes into SimPy's heap."""
        assert self._expected is not None
        for entry in self._expected:
            if entry[0] != "heard":
                self._next = entry
                return
            _, at, turn, domain, name, kind, time, subject, object, value, ordinal, because = entry
            record = Record(kind, time, subject, object, value, ordinal, tuple(because))
            reader = Reader(self.world.domains[domain], name, "process", "same")
            self.world.deliveries.to_process(reader, record, at, turn)
        self._next = None

    def _compare(self, entry: Entry) -> Entry:
        """The journal's next entry, which must begin as `entry` does."""
        kept = self._next
        if kept is None or _line(kept[: len(entry)]) != _line(entry):
            there = _said(kept) if kept else "its end"
            raise DesignError(f"the replay differs: it has {_said(entry)}, the journal {there}")
        self._advance()
        return kept


def _checked(path: Path, size: int) -> int:
    """CRC-32 of the first `size` bytes of a file. Raises InputError where it holds less."""
    check, left = 0, size
    try:
        with open(path, "rb") as file:
            while left and (piece := file.read(min(left, 1 << 20))):
                check, left = zlib.crc32(piece, check), left - len(piece)
    except OSError as error:
        raise _damaged(path, f"cannot be read ({error.strerror or error})") from error
    if left:
        raise _damaged(path, f"is cut short: {size - left:,} bytes of {size:,}")
    return check


def _damaged(path: Path, what: str) -> InputError:
    return InputError(Fault(str(path), what, "the journal as the run wrote it", "run again from the start"))


def _fields(record: Record) -> list[Any]:
    return [
        record.kind,
        record.time,
        record.subject,
        record.object,
        record.value,
        record.ordinal,
        record.because,
    ]


def _line(entry: Entry) -> bytes:
    return (json.dumps(entry, separators=(",", ":")) + "\n").encode()


def _short(value: Any) -> Any:
    """A plain value as it is; an array or a list by its digest."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    array = np.asarray(value)
    if not array.ndim:
        return array.item()
    content = repr(array.tolist()).encode() if array.dtype == object else np.ascontiguousarray(array).tobytes()
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def _said(entry: Entry) -> str:
    """An entry in words, for a message."""
    if entry[0] == "asked":
        arguments = ", ".join(map(str, entry[3]))
        return f"the question {entry[2]}({arguments}) at {entry[1]} ms"
    if entry[0] == "sent":
        return f"{entry[2]}:{entry[4]}:{entry[7]} (object {entry[5]}, value {entry[6]:g}) sent at {entry[1]} ms"
    return " ".join(map(str, entry))


class _Changes:
    """Which saved attributes of domains a replay changes: none may, for they belong to processes then."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.before = self._contents()

    def _contents(self) -> dict[tuple[str, str], bytes]:
        from twin.pickling import content

        found = {}
        for domain in self.world.domains.values():
            if domain.restores != "save" and (domain.replayed or _listens(domain)):
                for name, value in domain.saved().items():
                    found[domain.name, name] = content(self.world, value, f"{domain.name}.{name}")
        return found

    def check(self) -> None:
        """Raise DesignError for the first attribute that changed since."""
        after = self._contents()
        for domain, name in sorted(self.before.keys() | after.keys()):
            if self.before.get((domain, name)) != after.get((domain, name)):
                raise DesignError(
                    f"{domain}.{name} is changed by a process or a process handler: name it in `replayed` of {domain}, "
                    "so that a resumed run rebuilds it"
                )


def _check_restores(domain: Domain) -> None:
    if domain.restores not in ("replay", "save"):
        raise DesignError(f"{domain.name}.restores is {domain.restores!r}: one of 'replay', 'save'")
    if domain.restores == "save" and domain.replayed:
        names = ", ".join(domain.replayed)
        raise DesignError(
            f"{domain.name} names {names} in `replayed`, but restores = 'save': nothing of it is replayed"
        )


def _listens(domain: Domain) -> bool:
    """Whether a domain has handlers in the process phase or events that processes send."""
    return any(s.phase == "process" for s in domain.handlers().values()) or any(
        event.by == "process" for event in domain.declared(Event).values()
    )


def bring_back(world: World, state: dict[str, Any], journal: Journal) -> None:
    """Bring a world that was just set up to the edge of a checkpoint: its processes by replay, the rest from `state`.

    Raises DesignError where the replay differs from the run, InputError where the journal is not that of the checkpoint.
    """
    if state.get("journal", (journal.size, journal.check)) != (journal.size, journal.check):
        raise _damaged(journal.path, "is not as it was when the checkpoint was written")
    missing = sorted(state["populations"].keys() - world.populations.keys())
    if missing:
        raise DesignError(f"the population {missing[0]} is made while the world runs: make it in setup")
    world.journal = journal
    journal.replay(state["stop"])
    world.restore(state)
