"""Parts: what set-up makes and a run changes, and how a checkpoint keeps and returns it.

A checkpoint is loaded into a world that was set up anew from the same configuration. So it holds only what a run
changes: a Part gives the values of its attributes and takes them back, and the object itself stays the one that set-up
made.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from twin.errors import DesignError


class Kept(NamedTuple):
    """The saved values of a part that is an attribute of another one."""

    values: Any


class Part:
    """A thing whose attributes a checkpoint saves one by one.

    unsaved : names of attributes that a checkpoint leaves out, because set-up makes them anew: what never changes after
        it, and scratch space. Naming none is safe and costs only room
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
    return hasattr(type(value), "saved") and hasattr(type(value), "restore")


def saved_attributes(thing: Any, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """The attributes of `thing` by name, but those to leave out; parts among them as what they keep."""
    return {
        name: Kept(value.saved()) if is_part(value) else value
        for name, value in vars(thing).items()
        if name not in leave_out
    }


def restore_attributes(thing: Any, values: dict[str, Any]) -> None:
    """Give `thing` its saved attributes back. Raises DesignError where set-up did not make a part that was saved."""
    for name, value in values.items():
        if not isinstance(value, Kept):
            setattr(thing, name, value)
        elif not is_part(getattr(thing, name, None)):
            raise DesignError(f"{type(thing).__name__}.{name} was saved as a part, which set-up does not make")
        else:
            getattr(thing, name).restore(value.values)
