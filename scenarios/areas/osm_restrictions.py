"""Turn restrictions of an extract: what the tags and members of a relation say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

KINDS = (
    "no_left_turn",
    "no_right_turn",
    "no_straight_on",
    "no_u_turn",
    "no_entry",
    "no_exit",
    "only_left_turn",
    "only_right_turn",
    "only_straight_on",
    "only_u_turn",
)
FOR_CARS = ("restriction:motorcar", "restriction:motor_vehicle", "restriction:vehicle", "restriction")
CARS = {"motorcar", "motor_vehicle", "vehicle"}
AT_TIMES = ("day_on", "day_off", "hour_on", "hour_off")
OTHERS, SOMETIMES, UNKNOWN, BROKEN = (
    "turn restrictions for others than cars",
    "turn restrictions that hold at some times only",
    "turn restrictions of an unknown kind",
    "turn restrictions that lack a member",
)
NOT_FOR_CARS = (OTHERS, SOMETIMES, UNKNOWN, BROKEN)


_ROLES = (("w", "from"), ("w", "to"), ("w", "via"), ("n", "via"))


@dataclass(frozen=True)
class Restriction:
    """One restriction relation that cars keep all day: ways by their ids; via: one node, or ways between from and to."""

    id: int
    kind: str
    start: tuple[int, ...]
    node: int
    ways: tuple[int, ...]
    stop: tuple[int, ...]


def read_restriction(number: int, tags: dict[str, str], members: Sequence[tuple[str, str, int]]) -> Restriction | str:
    """The restriction of a relation, or why it is none for cars, in words to count by.

    members : (type "n" or "w", role, id), in any order
    """
    key = next((k for k in FOR_CARS if k in tags), None)
    if key is None:
        timed = any(k.startswith("restriction") and k.endswith(":conditional") for k in tags)
        return SOMETIMES if timed else OTHERS
    if CARS & {word.strip() for word in tags.get("except", "").split(";")}:
        return OTHERS
    if any(k in tags for k in AT_TIMES):
        return SOMETIMES
    if tags[key] not in KINDS:
        return UNKNOWN
    by = {role: [ref for kind, r, ref in members if (kind, r) == role] for role in _ROLES}
    nodes, ways = by["n", "via"], by["w", "via"]
    if not by["w", "from"] or not by["w", "to"] or (len(nodes) != 1 if not ways else nodes):
        return BROKEN
    start, stop = (tuple(dict.fromkeys(by["w", role])) for role in ("from", "to"))
    return Restriction(number, tags[key], start, nodes[0] if nodes else 0, tuple(dict.fromkeys(ways)), stop)
