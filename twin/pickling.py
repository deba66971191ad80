"""What a checkpoint may hold, and how: what set-up makes goes by name, arrays go apart, the rest is a pickle.

By name stand worlds, domains, their senders, populations with their columns and agents, signals and area tables: after
a resume they are those of the world that was set up anew. Arrays are kept as they are in memory, which is ten times as
quick as a pickle; two that share memory still share it afterwards. Everything else must be a class of numpy, of the
twin, of the run's own domains or a harmless one of Python's, when it is written and when it is read: no function is
ever called from a file. All the same: resume runs of people whom you trust.
"""

from __future__ import annotations

import copyreg
import functools
import importlib
import io
import pickle
import types
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import simpy

from twin.area import Area
from twin.attributes import REQUIRED
from twin.coupling import Sender
from twin.domain import Domain
from twin.draws import KeyedRandom
from twin.errors import DesignError
from twin.population import Population
from twin.waiting import HeapResource

if TYPE_CHECKING:
    from twin.world import World

Array = np.ndarray[Any, Any]
ARRAYS = (np.ndarray, np.recarray)
SIMPY = (simpy.Environment, simpy.Event, simpy.resources.base.BaseResource, HeapResource)
CODE = (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType)
PLAIN = frozenset((str, int, float, bool, type(None), bytes, dict, list, tuple, set, frozenset))
# classes that only hold values, and the functions that numpy's own pickles name
SAFE = {
    "builtins": "int float bool complex str bytes bytearray list tuple dict set frozenset slice range",
    "collections": "OrderedDict deque defaultdict Counter",
    "datetime": "datetime date time timedelta timezone",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "pathlib": "PosixPath PurePosixPath WindowsPath PureWindowsPath",
    "types": "SimpleNamespace",
    "numpy": "ndarray dtype recarray",
    "numpy.rec": "recarray record",
    "numpy._core.multiarray": "_reconstruct scalar",
    "numpy._core.numeric": "_frombuffer",
}
FIRST = ("populations", "signals")  # the values of what is named in the rest


class _Names:
    """Names of what set-up makes anew. `values`: without the columns and signals, whose values are wanted."""

    def __init__(self, world: World, values: bool) -> None:
        self.of: dict[int, tuple[Any, ...]] = {id(world): ("world",), id(REQUIRED): ("required",)}
        for part in ("area", "calendar", "signals", "deliveries", "recorder"):
            self.of[id(getattr(world, part))] = ("part", part)
        for name, table in world.area.tables.items():
            self.of[id(table)] = ("table", name)
            self.of |= {id(array): ("table", name, column) for column, array in vars(table).items()}
        for name, domain in world.domains.items():
            self.of[id(domain)] = ("domain", name)
            for event in domain.declared_events():
                if event in vars(domain):
                    self.of[id(vars(domain)[event])] = ("sender", name, event)
        for name, population in world.populations.items():
            self.of[id(population)] = ("population", name)
            if "_model" in vars(population):
                self.of[id(vars(population)["_model"])] = ("model", name)
            if not values:
                self.of |= {id(population.array(column)): ("column", name, column) for column in population.columns}
        if not values:
            self.of |= {id(array): ("signal", name) for name, array in world.signals.saved()["published"].items()}


class _Arrays:
    """The arrays of a checkpoint, in the order in which they were met. Kept, so that no two have one address."""

    def __init__(self) -> None:
        self.met: list[Array] = []
        self._number: dict[int, int] = {}
        self._copies: list[Array] = []

    def number(self, array: Array) -> int:
        """Which array it is."""
        known = self._number.get(id(array))
        if known is None:
            known = self._number[id(array)] = len(self.met)
            self.met.append(array)
        return known

    def laid_out(self) -> tuple[list[tuple[Any, ...]], list[Array]]:
        """What each array looks like and where it lies, and the memory: uint8 arrays, each once."""
        owners = [_owner(array) for array in self.met]
        sharing: dict[int, int] = {}
        for owner in owners:
            sharing[id(owner)] = sharing.get(id(owner), 0) + 1
        about, memory, number = [], list[Array](), dict[int, int]()
        for array, shared in zip(self.met, owners, strict=True):
            owner, shown = shared, array
            if sharing[id(shared)] == 1:  # nothing else of a larger array is kept: only what is seen of it
                owner = shown = array if _in_one_piece(array) else np.ascontiguousarray(array)
            if id(owner) not in number:
                number[id(owner)] = len(memory)
                memory.append(_bytes(owner))
            offset = 0 if shown is owner else _address(shown) - _address(owner)
            look = (array.dtype, array.shape, shown.strides, offset, type(array) is np.recarray, array.flags.writeable)
            about.append((number[id(owner)], *look))
            self._copies.append(owner)
        return about, memory


def _address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def _in_one_piece(array: Array) -> bool:
    return bool(array.flags.c_contiguous or array.flags.f_contiguous)


def _owner(array: Array) -> Array:
    """The array whose memory this one shows: itself, or the one that it is a view of."""
    base = array.base
    if isinstance(base, np.ndarray) and type(base) in ARRAYS and not base.dtype.hasobject and _in_one_piece(base):
        return base
    return array


def _bytes(array: Array) -> Array:
    """The memory of an array in one piece, as uint8."""
    if not array.nbytes:
        return np.empty(0, np.uint8)
    flat = array if array.flags.c_contiguous else array.T
    return flat.view(np.ndarray).reshape(-1).view(np.uint8)


class Pickler(pickle.Pickler):
    """Writes what a checkpoint may hold. Raises pickle.PicklingError with a few words for what it may not.

    arrays : takes the arrays apart; None to leave them in the pickle
    values : write what populations and signals hold, instead of naming it
    """

    dispatch_table = {
        **copyreg.dispatch_table,
        KeyedRandom: lambda random: (KeyedRandom, (random.stream, random.key, random.draws)),
    }

    def __init__(self, world: World, file: Any, arrays: _Arrays | None = None, values: bool = False) -> None:
        super().__init__(file, protocol=5)
        self._names, self._arrays, self._roots = _Names(world, values).of, arrays, roots(world)
        self._checked: list[Any] = []  # few: classes, which may be unhashable

    def persistent_id(self, thing: Any) -> Any:
        """The name of what is not written itself; None for the rest."""
        kind = type(thing)
        if kind in PLAIN:
            return None  # nearly all there is
        name = self._names.get(id(thing))
        if name is not None:
            return name
        if kind in ARRAYS:
            return self._array(thing)
        if isinstance(thing, CODE):
            if thing not in self._checked:
                self._check(thing)
                self._checked.append(thing)
        elif kind is object:
            raise pickle.PicklingError("it holds a bare object(), which would be another one after a resume")
        elif isinstance(thing, SIMPY):
            raise pickle.PicklingError(f"it holds a {kind.__name__}, which belongs to processes")
        elif kind is types.GeneratorType:
            raise pickle.PicklingError("it holds a generator")
        elif isinstance(thing, Domain | Population | Area | Sender):
            raise pickle.PicklingError(f"it holds a {kind.__name__} that is not this world's")
        return self._agents(thing, kind)

    def _array(self, array: Array) -> Any:
        if array.dtype.hasobject:
            return None  # left in the pickle
        shown = self._names.get(id(array.base))
        if shown is not None and isinstance(array.base, np.ndarray) and array.base.flags.c_contiguous:
            look = (array.dtype, array.shape, array.strides, _address(array) - _address(array.base))
            return ("view", shown, *look, array.flags.writeable)
        return None if self._arrays is None else ("array", self._arrays.number(array))

    def _agents(self, thing: Any, kind: type) -> Any:
        """The name of a Mesa view on a row, or of a set of them; None for anything else."""
        if kind.__name__ == "Agents" and kind.__module__ == "twin.mesa_views":
            population = thing.population
            known = self._names.get(id(population))
            return known and ("agents", known[1], None if thing is population.agents else thing.rows)
        known = self._names.get(id(vars(kind).get("population")))
        return known and ("agent", known[1], thing.row)

    def _check(self, thing: Any) -> None:
        """Refuse code that would not be read back."""
        module, name = str(getattr(thing, "__module__", "")), str(getattr(thing, "__qualname__", thing))
        if not permitted(thing, module, name, self._roots):
            what = "the class" if isinstance(thing, type) else "the function or method"
            raise pickle.PicklingError(f"it holds {what} {module}.{name}, which has no place in a checkpoint")


class Unpickler(pickle.Unpickler):
    """Reads what `Pickler` wrote, into a world that was set up anew."""

    def __init__(self, world: World, file: Any, arrays: Sequence[Array] = ()) -> None:
        super().__init__(file)
        self.world, self._arrays, self._roots = world, arrays, roots(world)

    def persistent_load(self, name: Any) -> Any:
        """The thing of a name."""
        world, (kind, *rest) = self.world, name
        found: Mapping[str, Any] = {
            "array": self._arrays.__getitem__,
            "world": lambda: world,
            "required": lambda: REQUIRED,
            "part": functools.partial(getattr, world),
            "table": lambda table, *column: (
                getattr(world.area.tables[table], *column) if column else world.area.tables[table]
            ),
            "domain": world.domains.__getitem__,
            "sender": lambda domain, event: getattr(world.domains[domain], event),
            "population": world.populations.__getitem__,
            "column": lambda population, column: world.populations[population].array(column),
            "view": self._view,
            "signal": world.signals.value,
            "model": lambda population: world.populations[population].agents._view(0).model,
            "agents": self._agents,
            "agent": lambda population, row: world.populations[population].agents._view(row),
        }
        return found[kind](*rest)

    def _view(self, shown: Any, dtype: Any, shape: Any, strides: Any, offset: int, writeable: bool) -> Array:
        view: Array = np.ndarray(shape, dtype, self.persistent_load(shown), offset, strides)
        view.flags.writeable = writeable
        return view

    def _agents(self, population: str, rows: Any) -> Any:
        from twin.mesa_views import Agents

        people = self.world.populations[population]
        return people.agents if rows is None else Agents(people, rows)

    def find_class(self, module: str, name: str) -> Any:
        """A class that a checkpoint may hold. Raises UnpicklingError for any other thing, before it is imported."""
        if module in SAFE or module.partition(".")[0] in self._roots:
            thing: Any = importlib.import_module(module)
            for part in name.split("."):
                thing = vars(thing).get(part)
                if part.startswith("__") or (not isinstance(thing, type) and "." in name):
                    thing = None
                    break
            if thing is not None and permitted(thing, module, name, self._roots):
                return thing
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a checkpoint")


def roots(world: World) -> frozenset[str]:
    """The packages whose classes a checkpoint may hold."""
    return frozenset({"twin", *(type(domain).__module__.partition(".")[0] for domain in world.domains.values())})


def permitted(thing: Any, module: str, name: str, own: frozenset[str]) -> bool:
    """Whether a checkpoint may hold the class or function `thing`, called `module.name`."""
    if name in SAFE.get(module, "").split():
        return True
    if not isinstance(thing, type) or thing.__module__ != module:
        return False  # functions, and what a module has only imported
    return module.partition(".")[0] in own or (module == "numpy" and issubclass(thing, np.generic))


def content(world: World, value: Any, where: str) -> bytes:
    """`value` as a checkpoint would hold it. Raises DesignError naming `where` for what cannot be saved."""
    out = io.BytesIO()
    try:
        Pickler(world, out).dump(value)
    except Exception as error:  # an author's class may raise anything when it is asked for its state
        raise DesignError(
            f"{where} cannot be saved ({_short(error)}): name it in `replayed` if processes own it, in `unsaved` if "
            "set-up makes it anew, or give its class saved() and restore(values)"
        ) from error
    return out.getvalue()


def _short(error: Exception) -> str:
    return "it goes round in a circle, or too deep" if isinstance(error, RecursionError) else str(error)


def packed(world: World, state: Mapping[str, Any]) -> tuple[bytes, list[Array]]:
    """A state (`World.saved`) as a pickle and the memory of its arrays. Raises what pickle raises."""
    arrays, body = _Arrays(), io.BytesIO()
    Pickler(world, body, arrays, values=True).dump({name: state[name] for name in FIRST})
    Pickler(world, body, arrays).dump({name: value for name, value in state.items() if name not in FIRST})
    about, memory = arrays.laid_out()
    head = pickle.dumps((about, [len(piece) for piece in memory]), 5)  # numbers and dtypes: nothing to name
    return head + body.getvalue(), memory


def unpacked(world: World, pickled: Any, arrays: Any) -> dict[str, Any]:
    """The state that `packed` took, for a world that was set up anew. Raises what pickle raises.

    arrays : the memory, one piece behind the other, each from a whole eighth byte on
    """
    file, memory, at = io.BytesIO(pickled), list[Array](), 0
    about, sizes = Unpickler(world, file).load()
    for size in sizes:
        # in memory of its own: writable, aligned, and free when the array is
        memory.append(np.frombuffer(arrays, np.uint8, size, at).copy())
        at += -(-size // 8) * 8
    made = []
    for number, dtype, shape, strides, offset, is_records, writeable in about:
        array: Array = np.ndarray(shape, dtype, memory[number], offset, strides)
        made.append(array.view(np.recarray) if is_records else array)
        made[-1].flags.writeable = writeable
    state: dict[str, Any] = {}
    for _ in range(2):
        state |= Unpickler(world, file, made).load()
    return state
