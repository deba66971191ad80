"""Checkpoint files: what they hold comes back as it was, and damage is always seen."""

import collections
import datetime
import enum
import errno
import json
import os
import pickle
import struct
from dataclasses import dataclass, field

import mesa
import numpy as np
import pytest

from tests.twin.luck_worlds import Tally, Tried, ties
from tests.twin.worlds import world
from twin import checkpoints as module
from twin.area import Area
from twin.attributes import REQUIRED, Column
from twin.checkpoints import Checkpoint, Checkpoints, found, path_at, time_of
from twin.clock import hour, minute
from twin.coupling import Event
from twin.domain import Domain
from twin.draws import KeyedRandom, stream
from twin.errors import DesignError, InputError
from twin.journal import Journal, bring_back
from twin.pickling import Unpickler, permitted
from twin.population import Population
from twin.world import World


def round_trip(folder, make, change=lambda domain: None):
    """The domain of a world that was brought back to a checkpoint after `change`; and the one it was written of."""
    run = Tried(folder, make)
    first = run.make()
    first.journal, kept = Journal(first, folder / "journal.jsonl"), Checkpoints(folder, {})
    first.run(minute)
    before = next(iter(first.domains.values()))
    change(before)
    kept.write(first)
    kept.finish()
    first.journal.close()
    return next(iter(run.run(minute, resume=minute).domains.values())), before


def holding(**values):
    """A world with one domain that holds `values`, made anew each time by calling them."""

    def setup(self, world, area):
        for name, make in values.items():
            setattr(self, name, make())

    return lambda: world(type("Holding", (Domain,), {"name": "holding", "setup": setup, "__module__": __name__}))


# -- arrays -------------------------------------------------------------------------------------------------------------

RECORDS = np.dtype([("id", "i4"), ("name", "U3"), ("at", "f8", 2)])
ARRAYS = {
    "int8": np.arange(7, dtype=np.int8),
    "bool": np.array([True, False, True]),
    "empty": np.empty((0, 3), np.int32),
    "zero_dimensional": np.array(2.5),
    "nothing_wide": np.zeros(3, "V0"),
    "texts": np.array(["a", "bcd"]),
    "dates": np.array(["2025-03-11"], "M8[D]"),
    "complex": np.array([1 + 2j]),
    "nan": np.array([np.nan, -0.0, np.inf]),
    "records": np.array([(1, "ab", (0.5, 1.5))], RECORDS),
    "recarray": np.array([(1, "ab", (0.5, 1.5))] * 2, RECORDS).view(np.recarray),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "not_contiguous": np.arange(20)[::3],
    "backwards": np.arange(5)[::-1],
    "broadcast": np.broadcast_to(np.float64(3.0), (4, 2)),
    "objects": np.array(["x", None, 3], object),
    "big_endian": np.arange(3, dtype=">i4"),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_of_every_kind_come_back(tmp_path, kind):
    after, before = round_trip(tmp_path, holding(array=lambda: ARRAYS[kind]))
    one, other = before.array, after.array
    assert type(one) is type(other)
    assert (one.dtype, one.shape, one.flags.writeable) == (other.dtype, other.shape, other.flags.writeable)
    assert one.flags.f_contiguous <= other.flags.f_contiguous
    assert repr(one.tolist()) == repr(other.tolist())
    assert one is not other


def test_a_read_only_array_stays_so(tmp_path):
    def lock(domain):
        domain.array.flags.writeable = False

    after, _ = round_trip(tmp_path, holding(array=lambda: np.arange(3.0)), lock)
    assert not after.array.flags.writeable


@dataclass
class Note:
    array: object
    more: list = field(default_factory=list)


def test_memory_that_was_shared_is_shared(tmp_path):
    def share(domain):
        domain.state = np.arange(10.0).reshape(2, 5)
        domain.x, domain.v = domain.state
        domain.again, domain.column = domain.x, domain.state[:, 1]
        domain.note = Note(domain.x, collections.deque([domain.v]))
        domain.tally = Tally()
        domain.tally.x = domain.x

    after, _ = round_trip(tmp_path, holding(tally=Tally), share)
    after.x[1], after.v[0] = 70.0, 80.0
    assert after.state.tolist() == [[0.0, 70.0, 2.0, 3.0, 4.0], [80.0, 6.0, 7.0, 8.0, 9.0]]
    assert after.column.tolist() == [70.0, 6.0]
    assert after.again is after.x
    assert after.note.array is after.x
    assert after.note.more[0] is after.v
    assert after.tally.x is after.x


def test_a_small_piece_of_a_large_array_is_all_that_is_kept(tmp_path):
    def cut(domain):
        domain.array = np.zeros((1000, 1000))[5]

    after, _ = round_trip(tmp_path, holding(array=lambda: None), cut)
    assert after.array.shape == (1000,)
    assert path_at(tmp_path, minute).stat().st_size < 20_000


class Alias(Domain):
    """Holds columns, signals and tables of the area themselves, and pieces of them."""

    name = "alias"
    publishes = {"level": Column()}
    sent = Event(by="advance")

    def setup(self, world, area):
        self.people = Population(world, "person", 6, {"load": 1.0, "label": np.array(["a"] * 6), "home": np.arange(6)},
                                 constant=["home"], agent=mesa.Agent)  # fmt: skip
        self.level = np.zeros(3)
        self.publish("level", self.level)
        self.buildings, self.links = area.buildings, area.tables["links"].length
        self.send, self.absent, self.sentinel = {"a": self.sent}, None, REQUIRED

    def hold(self):
        people = self.people
        people.load[:] = np.arange(6.0)
        people.label[2] = "longer"
        people.alive[4] = False
        self.load, self.few, self.home, self.label_column = people.load, people.load[1:5:2], people.home, people.label
        self.seen = self.world.signals.value("alias.level")
        self.leader, self.everybody = people.agents[3], people.agents
        self.rich = people.agents.select(lambda agent: agent.load > 2.0)
        self.calendar, self.model = self.world.calendar, self.leader.model
        self.sent.sent[7] = 3


def test_what_set_up_makes_is_the_new_worlds_own(tmp_path):
    after, _ = round_trip(tmp_path, lambda: World(Area("nowhere", "EPSG:28992", {}), [Alias()]), Alias.hold)
    people, area = after.people, after.world.area
    assert after.people is after.world.populations["person"]
    assert after.load is people.load
    assert people.load.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert people.label.tolist() == ["a", "a", "longer", "a", "a", "a"]
    people.load[3] = 33.0
    assert after.few.tolist() == [1.0, 33.0]
    assert after.home is people.home
    assert after.label_column is people.label
    assert after.buildings is area.buildings
    assert after.links is area.links.length
    assert after.seen is after.world.signals.value("alias.level")
    assert after.send["a"] is after.sent
    assert after.sent.number(7) == 3
    assert after.sentinel is REQUIRED
    assert after.leader.load == 33.0
    assert after.everybody is people.agents
    assert after.rich.get("unique_id") == [3, 5]
    assert after.model is after.leader.model
    assert after.calendar is after.world.calendar


# -- other values -------------------------------------------------------------------------------------------------------


class Colour(enum.Enum):
    RED = 1


class Outer:
    class Inner:
        pass


VALUES = {
    "default": collections.defaultdict(list, a=[1]),
    "counter": collections.Counter("aab"),
    "queue": collections.deque([1, 2], 3),
    "ordered": collections.OrderedDict(a=1),
    "date": datetime.datetime(2025, 3, 11, tzinfo=datetime.UTC),
    "set": {1, 2},
    "bytes": bytearray(b"ab"),
    "enum": Colour.RED,
    "class": Colour,
    "dtype": np.dtype(RECORDS),
    "scalar": np.float32(0.5),
    "scalar_class": np.int64,
    "slice": slice(1, None, 2),
    "complex": 1 + 2j,
}


@pytest.mark.parametrize("kind", VALUES)
def test_values_of_every_kind_come_back(tmp_path, kind):
    after, _ = round_trip(tmp_path, holding(value=lambda: VALUES[kind]))
    assert after.value == VALUES[kind]
    assert type(after.value) is type(VALUES[kind])


def test_objects_of_nested_classes_and_circles_come_back(tmp_path):
    def tie(domain):
        domain.value = Outer.Inner()
        domain.value.me, domain.value.random = domain.value, KeyedRandom(stream(1, "x"), 5)
        domain.value.random.random()

    after, before = round_trip(tmp_path, holding(value=lambda: None), tie)
    assert after.value.me is after.value
    assert type(after.value) is Outer.Inner
    assert after.value.random.draws == 1
    assert after.value.random.random() == before.value.random.random()


class Evil:
    """Runs a command when it is read, were it not for the list of what may be read."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


def raw_global(name_of_module, name):
    return b"\x80\x04" + b"".join(b"\x8c" + bytes([len(t)]) + t.encode() for t in (name_of_module, name)) + b"\x93."


@pytest.mark.parametrize(
    "name",
    [
        "os.system", "posix.system", "builtins.eval", "builtins.getattr", "builtins.__import__", "subprocess.Popen",
        "pandas.DataFrame", "functools.partial", "operator.attrgetter",
        "collections.namedtuple", "collections._itemgetter", "collections.__builtins__", "collections._sys",
        "numpy.load", "numpy.fromfile", "numpy.memmap", "numpy.testing._private.utils.runstring", "numpy.f2py.compile",
        "twin.checkpoints.os", "twin.recording.write_json", "twin.recording.Path", "twin.pickling.importlib",
        "twin.draws.random", "tests.twin.test_checkpoints.round_trip", "tests.twin.test_checkpoints.World",
    ],
)  # fmt: skip
def test_a_foreign_class_or_function_is_refused_by_name(name, tmp_path):
    import io

    where, _, what = name.rpartition(".")
    w = holding()()
    with pytest.raises(pickle.UnpicklingError, match=rf"{name} has no place in a checkpoint"):
        Unpickler(w, io.BytesIO(raw_global(where, what))).load()
    with pytest.raises(pickle.UnpicklingError, match="has no place"):
        Unpickler(w, io.BytesIO(raw_global("twin.checkpoints", f"os.{what}"))).load()


def test_reading_never_calls_a_function_of_the_twin_or_of_numpy():
    """Every public thing of the modules that are loaded: only classes where they are defined, and numpy's four names."""
    import sys

    own = frozenset({"twin", "agents"})
    for module_name, loaded in list(sys.modules.items()):
        if module_name.partition(".")[0] in ("twin", "agents", "numpy"):
            for name, thing in list(vars(loaded).items()):
                if permitted(thing, module_name, name, own) and not isinstance(thing, type):
                    assert name in ("_reconstruct", "scalar", "_frombuffer"), f"{module_name}.{name}"


def test_a_command_in_a_pickle_is_not_run(tmp_path):
    mark = tmp_path / "mark"
    import io

    for function, args in ((os.system, (f"touch {mark}",)), (eval, (f"open({str(mark)!r}, 'w')",))):
        with pytest.raises(pickle.UnpicklingError):
            Unpickler(holding()(), io.BytesIO(pickle.dumps(Evil(function, *args)))).load()
    assert not mark.exists()


def test_what_could_not_be_read_back_is_refused_when_it_is_written(tmp_path):
    for value in (collections.namedtuple, np.load, os.path.join, collections.defaultdict(time_of), [].append):
        with pytest.raises(DesignError, match=r"holding.value cannot be saved \(it holds the function or method"):
            round_trip(tmp_path, holding(value=lambda value=value: value))


# -- damage -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a checkpoint with arrays of all sizes, and where its parts begin."""
    folder = tmp_path_factory.mktemp("whole")
    run = Tried(folder, ties)
    run.run(2 * minute, keep={2 * minute})
    data = path_at(folder, 2 * minute).read_bytes()
    header = 16 + struct.unpack("<Q", data[8:16])[0]
    return data, header, header + json.loads(data[16:header])["pickled"]


def refused(tmp_path, data, name=2 * minute):
    path = path_at(tmp_path, name)
    path.write_bytes(data)
    with pytest.raises(InputError) as error:
        Checkpoint(path)
    assert str(error.value) == f"{path}: is cut short or damaged; allowed: a whole checkpoint"


def test_a_checkpoint_cut_anywhere_is_refused(tmp_path, whole):
    data, header, arrays = whole
    edges = [0, 7, 8, 15, 16, header, arrays, len(data) - 16, len(data) - 1]
    for cut in sorted({*edges, *range(0, len(data), max(len(data) // 150, 1))}):
        refused(tmp_path, data[:cut])
    refused(tmp_path, data + b"\0")


def test_a_flipped_byte_anywhere_is_seen(tmp_path, whole):
    data, header, arrays = whole
    rng = np.random.default_rng(1)
    everywhere = rng.integers(0, len(data), 200).tolist()
    for place in [*range(header), *rng.integers(header, arrays, 50).tolist(), *everywhere, *range(-16, 0)]:
        for bit in (1, 128) if place < header else (4,):
            spoiled = bytearray(data)
            spoiled[place] ^= bit
            refused(tmp_path, bytes(spoiled))


@pytest.mark.parametrize("text", [b"", b"x", b"PK\x03\x04" * 50, b"TWINCKP1", b"TWINCKP1" + b"\xff" * 100])
def test_a_foreign_file_is_refused(tmp_path, text):
    refused(tmp_path, text)


@pytest.mark.parametrize(
    "header",
    ["[]", "3", "{}", '{"pickled": "a", "arrays": 0}', '{"pickled": -1, "arrays": 8}', '{"pickled": 1e3, "arrays": 0}',
     '{"pickled": 0, "arrays": 0, "ms": 0}', '{"pickled": null}', "nul"],
)  # fmt: skip
def test_a_header_of_another_shape_is_refused(tmp_path, header):
    refused(tmp_path, b"TWINCKP1" + struct.pack("<Q", len(header)) + header.encode() + b"\0" * 16)


def test_a_checkpoint_under_another_name_is_refused(tmp_path, whole):
    path = path_at(tmp_path, 3 * minute)
    path.write_bytes(whole[0])
    with pytest.raises(InputError, match="is the checkpoint of 120000 ms"):
        Checkpoint(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    path_at(tmp_path, 0).mkdir()
    for ms in (0, minute):
        with pytest.raises(InputError, match="cannot be read"):
            Checkpoint(path_at(tmp_path, ms))


def test_a_checkpoint_of_another_world_is_one_sentence(tmp_path, whole):
    path = path_at(tmp_path, 2 * minute)
    path.write_bytes(whole[0])
    with pytest.raises(InputError, match=r"cannot be read .*allowed: a checkpoint of this run"):
        Checkpoint(path).state(holding()())


def test_other_files_are_no_checkpoints(tmp_path):
    for name in (".000000060000.checkpoint.partial", "a.checkpoint", "².checkpoint", "000000060000.checkpoint~"):
        (tmp_path / name).touch()
    path_at(tmp_path, minute).touch()
    path_at(tmp_path, 10**13).touch()
    path_at(tmp_path, 2 * minute).touch()
    assert [time_of(path) for path in found(tmp_path)] == [minute, 2 * minute, 10**13]


# -- the folder ---------------------------------------------------------------------------------------------------------


def keeping(folder, times, until, resume=None):
    run = Tried(folder, holding(x=lambda: 0))
    run.run(until, keep=times, resume=resume)
    return run.kept()


def test_full_hours_and_the_last_two_are_kept(tmp_path):
    times = range(15 * minute, 3 * hour, 15 * minute)
    assert keeping(tmp_path, times, 2 * hour + 30 * minute) == [hour, 2 * hour, 2 * hour + 15 * minute, 9_000_000]
    assert [p for p in tmp_path.iterdir() if "partial" in p.name] == []


def test_a_resumed_run_drops_the_damaged_ones_ahead(tmp_path):
    keeping(tmp_path, {10 * minute, 20 * minute}, 20 * minute)
    path_at(tmp_path, 20 * minute).write_bytes(b"damaged")
    path_at(tmp_path, 25 * minute).write_bytes(b"damaged")
    assert keeping(tmp_path, {15 * minute}, 16 * minute, resume=10 * minute) == [10 * minute, 15 * minute]


@pytest.mark.parametrize("place", ["fsync", "replace", "write"])
def test_a_full_disk_is_one_sentence_and_the_others_stay(tmp_path, monkeypatch, place):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def refuse(*args):
        raise full

    run = Tried(tmp_path, holding(x=lambda: 0))
    w = run.make()
    w.journal, kept = Journal(w, tmp_path / "journal.jsonl"), Checkpoints(tmp_path, {})
    w.run(minute)
    kept.write(w)
    kept.finish()
    before = path_at(tmp_path, minute).read_bytes()
    with monkeypatch.context() as patch:
        if place == "write":
            patch.setattr(module, "_check", refuse)
        else:
            patch.setattr(os, place, refuse)
        w.run(hour)  # full hours are brought to the disk
        kept.write(w)
        with pytest.raises(InputError) as error:
            kept.finish()
    text = "a checkpoint cannot be written (No space left on device); allowed: a writable disk with room; "
    assert str(error.value) == f"{tmp_path}: {text}remedy: free some room, then resume the run"
    assert path_at(tmp_path, minute).read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["000000060000.checkpoint", "journal.jsonl"]
    kept.write(w)  # the next one works again
    kept.finish()
    assert run.kept() == [minute, hour]
    w.journal.close()


def test_the_disk_that_refused_is_told_at_the_next_checkpoint(tmp_path):
    w = holding(x=lambda: 0)()
    w.journal, kept = Journal(w, tmp_path / "journal.jsonl"), Checkpoints(tmp_path / "no" / "folder", {})
    w.run(minute)
    kept.write(w)
    with pytest.raises(InputError, match="a checkpoint cannot be written"):
        kept.write(w)
    w.journal.close()


def test_the_run_may_go_on_while_a_checkpoint_is_written(tmp_path):
    """What a checkpoint holds is what was so at its edge."""
    w = holding(x=lambda: np.zeros(100_000))()
    w.journal, kept = Journal(w, tmp_path / "journal.jsonl"), Checkpoints(tmp_path, {})
    w.run(minute)
    kept.write(w)
    w.domains["holding"].x += 1.0
    kept.finish()
    w.journal.close()
    again = holding(x=lambda: np.ones(100_000))()
    journal = Journal(again, tmp_path / "journal.jsonl", 0)
    bring_back(again, Checkpoint(path_at(tmp_path, minute)).state(again), journal)
    assert not again.domains["holding"].x.any()
    journal.close()
