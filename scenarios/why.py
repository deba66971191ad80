"""`twin why`: the chain of events that contributed to one, in words, and the proof by a run with a coupling cut."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenarios.areas import area_of
from scenarios.report.causes import Causes, Event, Step
from scenarios.report.charts import clock
from scenarios.report.markup import number
from scenarios.report.material import Material
from scenarios.report.words import Words, kind_of
from twin.errors import Fault, InputError, nearest
from twin.recording import Run

if TYPE_CHECKING:
    from scenarios.configuration import Configuration

MOST = 20  # events of one kind that are listed
CLAIM = "Contributing is what the model wrote down when it happened: a claim."


class Why:
    """The recorded events of a run, ready to be asked.

    Raises InputError where `folder` is no run, or one without events.
    """

    def __init__(self, folder: Path) -> None:
        run = Run(folder)
        self.material = Material.of(folder, area_of(run))
        if not self.material.events:
            raise InputError(Fault(str(folder), "has no events recorded", "a run in which something happened"))
        self.causes, self.words = Causes(self.material.events), Words(self.material)

    def of_kind(self, kind: str) -> list[Event]:
        """Events of one kind, those with the longest chains first."""
        found = [event for event in self.material.events if kind_of(event) == kind]
        return sorted(found, key=lambda e: (-self.causes.depth[e["event_id"]], e["time"], e["event_id"]))

    @property
    def kinds(self) -> dict[str, int]:
        """How many events of each kind were recorded."""
        kinds = [kind_of(event) for event in self.material.events]
        return {kind: kinds.count(kind) for kind in dict.fromkeys(sorted(kinds))}

    def event(self, id: str) -> Event:
        """The event of an id. Raises InputError with the ids that come nearest."""
        if id in self.causes.known:
            return self.causes.known[id]
        kind = id.partition(":")[0]
        listed = f"twin why {self.material.run.folder} {{}} lists them"
        if kind in self.kinds:
            close = ", ".join(_nearest_ids(id, [e["event_id"] for e in self.of_kind(kind)]))
            raise InputError(Fault("EVENT", f"{id!r} was not recorded", f"near it are {close}", listed.format(kind)))
        close = nearest(kind, list(self.kinds)) or ", ".join(self.kinds)
        raise InputError(
            Fault("EVENT", f"no event of the kind {kind!r} was recorded", f"as {close}", listed.format("KIND"))
        )

    def say(self, event: Event) -> str:
        """One event in words, as plain text."""
        phrase = unescape(self.words.say([event])).replace("\u00a0", " ")
        return phrase[:1].upper() + phrase[1:]

    def lines(self, steps: Sequence[Step]) -> list[str]:
        """A chain as lines of text."""
        wide = max(len(clock(step.event["time"])) for step in steps)
        return [
            f"{clock(step.event['time']):{wide}}  {'    ' * step.indent}{'as above: ' if step.again else ''}"
            f"{self.say(step.event)}  [{step.event['event_id']}]"
            for step in steps
        ]

    def as_json(self, step: Step) -> dict[str, Any]:
        """One line of a chain as plain values; what `object` means is said in words only, for it may be a small cell."""
        event = step.event
        about = {"event": event["event_id"], "kind": kind_of(event), "time": event["time"], "value": event["value"]}
        shown = {"clock": clock(event["time"]), "words": self.say(event), "branch": step.indent, "again": step.again}
        return {**about, **shown, "contributing": list(event["contributing"] or ())}


def _nearest_ids(id: str, ids: Sequence[str], most: int = 3) -> list[str]:
    """Ids of the same kind whose subject and ordinal are nearest in number."""

    def numbers(text: str) -> list[int]:
        parts = [part for part in text.split(":")[1:] if part.lstrip("-").isdigit()]
        return [int(part) for part in parts[:2]] + [0] * (2 - len(parts[:2]))

    asked = numbers(id)
    return sorted(ids, key=lambda other: [abs(a - b) for a, b in zip(numbers(other), asked, strict=True)])[:most]


# -- the proof -------------------------------------------------------------------------------------------------------


def with_cut(why: Why, cut: Sequence[str]) -> Configuration:
    """The configuration of the run with couplings cut.

    Raises InputError for a coupling that is unknown, with those there are, or that is cut already.
    """
    from scenarios.configuration import validate

    run, plain = why.material.run, why.material.plain
    if not plain:
        raise InputError(Fault(f"{run.folder}/config.yaml", "is missing or empty", "the configuration of the run"))
    before = list((plain.get("run") or {}).get("cut") or ())
    twice = [name for name in cut if name in before]
    if twice:
        raise InputError(
            Fault("--cut", f"{', '.join(twice)} is cut in this run already", remedy="cut another coupling")
        )
    changed = {**plain, "run": {**(plain.get("run") or {}), "cut": sorted({*before, *cut})}}
    return validate(changed, str(run.manifest.get("scenario", "")), [])


def run_again(why: Why, configuration: Configuration, said: Callable[[str, int], None] = lambda text, ms: None) -> Path:
    """Run a configuration with couplings cut into a folder beside the run; returns it.

    said : takes what is being done and the simulated ms
    """
    from scenarios.simulate import Simulation

    first = why.material.run.folder.resolve()
    place = first.parent / f"{first.name}-cut-{'-'.join(configuration.run.cut)}"
    simulation = Simulation(configuration, said=lambda text: said(text, 0), place=place)
    simulation.run(lambda ms: said("the same day with the coupling cut", ms))
    return simulation.folder


def proof(why: Why, event: Event, cut: Sequence[str], folder: Path) -> dict[str, Any]:
    """What became of `event` in the run in `folder`: {"cut", "run", "happens", "time", "value", "words", "notes"}."""
    again = Run(folder)
    rows = again.events(event["domain"])
    other = next((row for row in (rows.to_pylist() if rows else ()) if row["event_id"] == event["event_id"]), None)
    first = why.material.manifest
    notes = [
        f"the {name} has changed since that run, which by itself may make a difference: run it again first"
        for name, before, now in (
            ("program", first.get("code_digest"), again.manifest.get("code_digest")),
            ("area", (first.get("area") or {}).get("digest"), again.manifest["area"]["digest"]),
        )
        if before and before != now
    ]
    if int(first.get("simulated_ms") or 0) < int(again.manifest["simulated_ms"]):
        notes.append("that run did not come to its end")
    return {
        "cut": sorted(cut),
        "run": str(folder),
        "happens": other is not None,
        "time": other["time"] if other else None,
        "value": other["value"] if other else None,
        "words": _verdict(event, other, cut),
        "notes": notes,
    }


def _verdict(event: Event, other: Event | None, cut: Sequence[str]) -> str:
    cuts = f"With {' and '.join(sorted(cut))} cut"
    if other is None:
        return f"{cuts} it does not happen."
    if (event["time"], event["value"]) == (other["time"], other["value"]):
        return f"{cuts} it happens all the same, at the same moment and with the same value."
    when = clock(other["time"])
    if event["time"] == other["time"]:
        moment = f"at the same moment, {when},"
    elif clock(event["time"]) == when:
        moment = f"{abs(event['time'] - other['time']) / 1000.0:.1f} s {_sooner(event, other)}, at {when},"
    else:
        moment = f"at {when} instead of {clock(event['time'])},"
    if event["value"] == other["value"]:
        return f"{cuts} it still happens, {moment} with the same value."
    meaning = _meaning(event)
    return (
        f"{cuts} it still happens, {moment} with the value {number(other['value'])} instead of "
        f"{number(event['value'])}{f' ({meaning})' if meaning else ''}."
    )


def _sooner(event: Event, other: Event) -> str:
    return "earlier" if other["time"] < event["time"] else "later"


def _meaning(event: Event) -> str:
    """What the value of an event means, where a built-in domain declares it."""
    from scenarios import registry
    from twin.coupling import Event as Declared

    if event["domain"] not in registry.names("domains"):
        return ""
    declared = registry.find("domains", event["domain"], "").declared(Declared).get(event["kind"])
    return declared.value if declared else ""


# -- the command -----------------------------------------------------------------------------------------------------


def tell_why(folder: Path, event: str | None, cut: Sequence[str], as_json: bool) -> None:
    """What `twin why` prints."""
    cut = list(dict.fromkeys(name.strip() for names in cut for name in names.split(",") if name.strip()))
    if cut and (event is None or ":" not in event):
        raise InputError(Fault("--cut", "proves one event", "EVENT as care.response:4711:0", "name the event as well"))
    why = Why(folder)
    status = why.material.manifest.get("status", "unknown")
    if status != "complete":
        print(f"This run is {status}: what follows is not the whole.", file=sys.stderr)
    if event is None:
        _print_kinds(why, as_json)
    elif event in why.kinds:
        _print_events(why, event, as_json)
    else:
        _print_chain(why, why.event(event), cut, as_json)


def _print_kinds(why: Why, as_json: bool) -> None:
    depth = why.causes.depth
    longest = {kind: max(depth[e["event_id"]] for e in why.of_kind(kind)) for kind in why.kinds}
    if as_json:
        rows = [{"kind": kind, "events": n, "longest_chain": longest[kind]} for kind, n in why.kinds.items()]
        print(json.dumps(rows, indent=2))
        return
    wide = max(map(len, longest))
    for kind, n in why.kinds.items():
        print(f"{kind:{wide}}  {n:8,}  longest chain {longest[kind]}")


def _print_events(why: Why, kind: str, as_json: bool) -> None:
    found = why.of_kind(kind)
    if as_json:
        print(json.dumps([why.as_json(Step(event, 0)) for event in found[:MOST]], indent=2))
        return
    print("\n".join(why.lines([Step(event, 0) for event in found[:MOST]])))
    if len(found) > MOST:
        print(f"and {len(found) - MOST:,} more; those with the longest chains stand first")


def _print_chain(why: Why, event: Event, cut: Sequence[str], as_json: bool) -> None:
    steps = why.causes.tree(event)
    configuration = with_cut(why, cut) if cut else None
    if not as_json:
        print("\n".join(why.lines(steps)))
        print(CLAIM + ("" if cut else " `--cut COUPLING` gives the proof."))
    found = proof(why, event, cut, _run_again(why, configuration)) if configuration else None
    if as_json:
        told = {"run": str(why.material.run.folder), "event": event["event_id"]}
        print(json.dumps({**told, "chain": [why.as_json(step) for step in steps], "proof": found}, indent=2))
    elif found:
        print(f"The proof: {found['words']}")
        print("".join(f"Mind: {note}.\n" for note in found["notes"]) + f"run      {found['run']}")


def _run_again(why: Why, configuration: Configuration) -> Path:
    """The run with the coupling cut, its progress on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("area", total=why.material.until)

        def said(text: str, ms: int) -> None:
            if ms % 300_000 == 0:
                bar.update(task, description=text, completed=ms)

        return run_again(why, configuration, said)
