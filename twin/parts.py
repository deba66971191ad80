"""Parts: what set-up makes and a run changes, and how a checkpoint keeps and returns it.

A checkpoint is loaded into a world that was set up anew from the same configuration. So it holds only what a run
changes: a Part gives the values of its attributes and takes them back, and the object itself stays the one that set-up
made.
"""

from __future__ import annotations

import functools
from typing import Any, ClassVar, NamedTuple

from twin.errors import DesignError


class Kept(NamedTuple):
    """The saved values of a part that is an attribute of another one."""

    values: Any


class Part:
    """A thing whose attributes a checkpoint saves one by one.

    unsaved : names of attributes that a checkpoint leaves out, because set-up makes them anew: what never changes after
        it, and scratch space. Naming none is safe and costs only room. What is left out must not hold an array, a list
        or another thing that is saved: after a resume the attribute is a new one, and what was left out has the old one
    """

    unsaved: ClassVar[tuple[str, ...]] = ()

    def saved(self) -> Any:
        """What a checkpoint keeps of it."""
        return saved_attributes(self, self.unsaved)

    def restore(self, values: Any) -> None:
        """Take back what `saved` gave, after the same set-up."""
        restore_attributes(self, values)


def is_part(value: Any) -> bool:
    """Whether a checkpoint asks `value` itself what to keep: it has `saved()` and `restore(values)`."""
    kind = type(value)
    return hasattr(kind, "saved") and hasattr(kind, "restore") and not issubclass(kind, _by_name())


@functools.cache
def _by_name() -> tuple[type, ...]:
    """What a checkpoint only names where an attribute holds it."""
    from twin.deliveries import Deliveries
    from twin.domain import Domain
    from twin.recording import Recorder
    from twin.signals import Signals
    from twin.world import World

    return (World, Domain, Deliveries, Signals, Recorder)


_asked: list[Any] = []  # the things whose attributes are being saved, the outermost first


def saved_attributes(thing: Any, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """The attributes of `thing` by name, but those to leave out; parts among them as what they keep.

    Raises DesignError where a part holds one that holds it.
    """
    if any(thing is outer for outer in _asked):
        names = " -> ".join(type(outer).__name__ for outer in [*_asked, thing])
        raise DesignError(f"parts that hold each other, {names}: name one of them in `unsaved`")
    _asked.append(thing)
    try:
        return {
            name: Kept(value.saved()) if is_part(value) else value
            for name, value in vars(thing).items()
            if name not in leave_out
        }
    finally:
        _asked.pop()


def restore_attributes(thing: Any, values: dict[str, Any]) -> None:
    """Give `thing` its saved attributes back. Raises DesignError where set-up did not make a part that was saved."""
    for name, value in values.items():
        if not isinstance(value, Kept):
            setattr(thing, name, value)
        elif not is_part(getattr(thing, name, None)):
            raise DesignError(f"{type(thing).__name__}.{name} was saved as a part, which set-up does not make")
        else:
            getattr(thing, name).restore(value.values)
