"""Events and measures in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from agents.care.ambulance import OUTCOMES
from scenarios.report.causes import Event
from scenarios.report.charts import clock
from scenarios.report.markup import many, number, text
from scenarios.report.material import Material

ASSETS = ("transformer", "feeder", "cable")
OXYGEN = 1.0  # value of care.call
LATE = 15 * 60.0  # s; the Dutch norm for urgent calls


def kind_of(event: Event) -> str:
    """ "grid.feeder_dark"."""
    return f"{event['domain']}.{event['kind']}"


def from_outside(event: Event) -> bool:
    """Whether an event of care is about someone outside the area: such a caller is numbered below 0."""
    return bool(event["domain"] == "care" and event["subject"] < 0)


class Words:
    """Says what happened: one phrase for any number of events of one kind."""

    def __init__(self, material: Material) -> None:
        self.material, self.area = material, material.area
        self.home = {e["subject"]: e["object"] for e in material.events if kind_of(e) == "care.call"}
        self.phrases: dict[str, Callable[[Sequence[Event]], str]] = {
            "grid.fail_asset": lambda es: f"the scenario lets {self._assets(es)} fail",
            "grid.restore_asset": lambda es: f"the scenario restores {self._assets(es)}",
            "grid.failed": lambda es: f"{self._assets(es)} {_verb(es, 'fails', 'fail')}",
            "grid.restored": lambda es: f"{self._assets(es)} {_verb(es, 'is', 'are')} restored",
            "grid.breaker_opened": lambda es: f"protection switches off {self._assets(es)}{_loading(es)}",
            "grid.breaker_closed": lambda es: f"an operator closes the breaker of {self._assets(es)} again",
            "grid.feeder_dark": lambda es: f"{self._feeders(es)} {_verb(es, 'loses', 'lose')} power{_customers(es)}",
            "grid.feeder_live": lambda es: (
                f"{self._feeders(es)} {_verb(es, 'has', 'have')} power again{_customers(es)}"
            ),
            "grid.unsolved": lambda es: f"the power flow finds no solution ({many(len(es), 'time')})",
            "vehicles.signal_dark": lambda es: f"{self._signals(es)} {_verb(es, 'goes', 'go')} dark",
            "vehicles.signal_live": lambda es: f"{self._signals(es)} {_verb(es, 'works', 'work')} again",
            "vehicles.junction_slow": lambda es: (
                f"{self._crossings(es)} {_verb(es, 'becomes', 'become')} slow{_ratio(es)}"
            ),
            "vehicles.junction_clear": lambda es: f"{self._crossings(es)} {_verb(es, 'is', 'are')} as fast as before",
            "vehicles.close_link": lambda es: f"{self._streets(es)} closed to cars",
            "vehicles.open_link": lambda es: f"{self._streets(es)} open again",
            "care.battery_empty": self._batteries,
            "care.call": self._calls,
            "care.dispatched": self._dispatched,
            "care.came_in": lambda es: self._over_the_border(es, "comes in by", "from its post beyond"),
            "care.went_out": lambda es: self._over_the_border(es, "goes out by", "to the hospital beyond"),
            "care.response": self._responses,
            "care.closed": self._closed,
        }

    def say(self, events: Sequence[Event]) -> str:
        """Events of one kind in words, as HTML."""
        kind = kind_of(events[0])
        if kind in self.phrases:
            return self.phrases[kind](events)
        times = f" ({len(events)} times)" if len(events) > 1 else ""
        return text(f"{events[0]['domain']}: {events[0]['kind'].replace('_', ' ')}{times}")

    def because(self, events: Sequence[Event], known: dict[str, Event]) -> str:
        """What contributed directly to `events`, in words; empty where nothing did."""
        causes: dict[str, dict[str, Event]] = {}
        for event in events:
            for id in event["contributing"] or ():
                if id in known:
                    causes.setdefault(kind_of(known[id]), {})[id] = known[id]
        if "grid.restore_asset" in causes:  # a restoration names the failure's command as well as its own
            causes.pop("grid.fail_asset", None)
        return "; ".join(f"{self.say(list(found.values()))} ({_times(found.values())})" for found in causes.values())

    # -- things --------------------------------------------------------------------------------------------------------

    def asset(self, kind: int, row: int) -> str:
        """Name of a grid asset."""
        if not 0 <= kind < len(ASSETS):
            return f"asset {row}"
        table = self.area.tables[f"{ASSETS[kind]}s"]
        return str(table["name"][row]) if "name" in table and 0 <= row < len(table) else f"{ASSETS[kind]} {row}"

    def _assets(self, events: Sequence[Event]) -> str:
        names = list(dict.fromkeys(self.asset(e["object"], e["subject"]) for e in events))
        return text(names[0]) if len(names) == 1 else many(len(names), "grid asset")

    def _feeders(self, events: Sequence[Event]) -> str:
        if len(events) > 1:
            return many(len(events), "feeder")
        name, station = self.asset(1, events[0]["subject"]), self._station(events[0]["subject"])
        return f"feeder {text(name)}" + (f" of {text(station)}" if station and station not in name else "")

    def _station(self, feeder: int) -> str:
        feeders = self.area.feeders
        return self.asset(0, int(feeders.transformer[feeder])) if 0 <= feeder < len(feeders) else ""

    def _near(self, node: int) -> str:
        """Names of the streets that meet at a node."""
        links = self.area.links
        names = [str(n) for n in links.name[(links.tail == node) | (links.head == node)] if n]
        return " / ".join(name for name, _ in Counter(names).most_common(2))

    def _signal(self, row: int) -> str:
        signals = self.area.signals
        return self._near(int(signals.node[row])) if 0 <= row < len(signals) else ""

    def _signals(self, events: Sequence[Event]) -> str:
        if len(events) > 1:
            return many(len(events), "junction signal")
        where = self._signal(events[0]["subject"])
        return f"the traffic signal at {text(where)}" if where else "a traffic signal"

    def _crossings(self, events: Sequence[Event]) -> str:
        if len(events) > 1:
            return many(len(events), "junction")
        where = self._signal(events[0]["subject"])
        return f"the junction at {text(where)}" if where else "a junction"

    def _streets(self, events: Sequence[Event]) -> str:
        names = Counter(str(self.area.links.name[e["subject"]]) for e in events)
        named = [name for name, _ in names.most_common(3) if name]
        links = many(len(events), "link")
        if not named:
            return f"{links} {_verb(events, 'is', 'are')}"
        return f"{text(', '.join(named))} ({links}) {'is' if len(named) == 1 else 'are'}"

    # -- people: never a person, and a neighbourhood only where enough residents live -----------------------------------

    def _somebody(self, event: Event) -> str:
        if from_outside(event):
            return "someone outside the area"
        name = self.material.zone_name(self.home.get(event["subject"], -1))
        return f"a resident of {text(name)}" if name else "a resident"

    def _people(self, events: Sequence[Event]) -> str:
        outside = sum(map(from_outside, events))
        noun = "caller" if outside else "resident"
        return many(len(events), noun) + (" outside the area" if outside == len(events) else "")

    def _batteries(self, events: Sequence[Event]) -> str:
        oxygen = sum(e["object"] == 0 for e in events)
        kinds = [f"{n} {name}" for n, name in ((oxygen, "oxygen"), (len(events) - oxygen, "alarm")) if n]
        if len(events) == 1:
            name = self.material.zone_name(self.home.get(events[0]["subject"], -1))
            where = f" in {text(name)}" if name else ""
            return f"the battery of an {'oxygen' if oxygen else 'alarm'} device at home{where} is empty"
        return f"the batteries of {many(len(events), 'device')} at home are empty ({', '.join(kinds)})"

    def _calls(self, events: Sequence[Event]) -> str:
        if len(events) == 1:
            why = "because oxygen has run out" if events[0]["value"] == OXYGEN else "for an illness"
            return f"{self._somebody(events[0])} calls 112 {why}"
        oxygen = sum(e["value"] == OXYGEN for e in events)
        why = "" if not oxygen else " because" if oxygen == len(events) else f", {oxygen} because"
        return f"{self._people(events)} call 112{why}{' oxygen has run out' if oxygen else ''}"

    def _responses(self, events: Sequence[Event]) -> str:
        longest = max(e["value"] for e in events) / 60.0
        if len(events) == 1:
            return f"{_unit(events[0])} reaches {self._somebody(events[0])} {number(longest)} min after the call"
        late = "late, " if min(e["value"] for e in events) > LATE else ""
        return f"{many(len(events), 'patient')} are reached {late}after {number(longest)} min at most"

    def _dispatched(self, events: Sequence[Event]) -> str:
        if len(events) > 1:
            return f"{many(len(events), 'ambulance')} are sent"
        return (
            f"{_unit(events[0])} is sent to {self._somebody(events[0])}, {_after(events[0]['value'] / 60.0)} the call"
        )

    def _over_the_border(self, events: Sequence[Event], goes: str, way: str) -> str:
        if len(events) > 1:
            return f"{many(len(events), 'ambulance')} cross the border, {way}"
        gateway, minutes = str(self.area.gateways.name[events[0]["object"]]), number(events[0]["value"])
        return f"the ambulance {goes} {text(gateway) or 'a gateway'}, {minutes} min {way}"

    def _closed(self, events: Sequence[Event]) -> str:
        if len(events) > 1:
            return f"{many(len(events), 'call')} are closed"
        row = events[0]["object"]
        outcome = OUTCOMES[row] if 0 <= row < len(OUTCOMES) else "closed"
        return f"the call of {self._somebody(events[0])} ends: {outcome}, {_after(events[0]['value'])} the call"


def _after(minutes: float) -> str:
    return f"{number(minutes)} min after"


def _unit(event: Event) -> str:
    return "an ambulance of a neighbouring region" if event["object"] < 0 else "an ambulance"


def _verb(events: Sequence[Event], one: str, more: str) -> str:
    return one if len(events) == 1 else more


def _customers(events: Sequence[Event]) -> str:
    count = int(sum(e["value"] for e in events))
    return f", with {many(count, 'customer')}" if count else ""


def _loading(events: Sequence[Event]) -> str:
    return f" at {number(100.0 * max(e['value'] for e in events))} % of its rating"


def _ratio(events: Sequence[Event]) -> str:
    ratio = number(max(e["value"] for e in events))
    return f", {ratio} times its usual time" if len(events) == 1 else f", up to {ratio} times their usual time"


def _times(events: Any) -> str:
    times = [e["time"] for e in events]
    first, last = clock(min(times)), clock(max(times))
    return first if first == last else f"{first} to {last}"


ON_STREETS = {
    "speed_limit": "nobody drives faster than {speed} km/h in {place}",
    "road_works": "road works leave {capacity} of the capacity of {place}",
    "one_way": "cars may drive {place} only towards the {towards}",
    "car_free_zone": "only cars with a permit drive in {place}",
    "bus_lane": "buses get a lane of their own in {place}",
    "new_link": "there is a new street",
    "signal_plan": "the signals of {place} have another plan",
}


def place_words(kind: str, value: Any) -> str:
    """One entry of a `where` or `except` in words."""
    if kind == "class":
        names = value if isinstance(value, list) else [value]
        return f"{', '.join(str(n).replace('_', ' ') for n in names)} streets"
    named = {"polygon": "an outlined area", "osm": f"way {value} of OpenStreetMap"}
    return named.get(kind, "the main street" if value == "busiest" else str(value))


def measure_words(material: Material, name: str, measure: dict[str, Any]) -> str:
    """A measure in words, with the names that its `where` found."""
    words, kind = Words(material), str(measure.get("type", name))
    where = dict(measure.get("where") or {})
    start, span = measure.get("from"), measure.get("until") or measure.get("for")
    when = (
        ""
        if start is None
        else f" from {text(start)}"
        + (f" to {text(measure['until'])}" if measure.get("until") else f" for {text(span)}" if span else "")
    )
    if kind == "asset_failure":
        found = [words.asset(e["object"], e["subject"]) for e in material.events if kind_of(e) == "grid.fail_asset"]
        asked = str(where.get("asset", "an asset"))
        named = found[0] if found else asked.replace("_", " ")
        largest = " (the largest substation)" if asked == "largest_substation" and found else ""
        return f"{text(named)}{largest} fails{when}"
    if kind == "close_street":
        closed = [e for e in material.events if kind_of(e) == "vehicles.close_link"]
        asked = text(" ".join(map(str, where.values())))
        named = words.phrases["vehicles.close_link"](closed).split(" (")[0] if closed else asked
        return f"{named}{' (the main street)' if asked == 'busiest' and closed else ''} is closed to cars{when}"
    if kind in ON_STREETS:
        place = text(" ".join(place_words(k, v) for k, v in where.items()))
        spared = measure.get("except") or {}
        but = f", but for {text(', '.join(place_words(k, v) for k, v in spared.items()))}" if spared else ""
        return (
            ON_STREETS[kind].format(place=place, **{k: text(str(v)) for k, v in measure.items() if k != "except"})
            + but
            + when
        )
    if kind == "electric_cars":
        return f"{text(measure.get('share', ''))} of the cars are electric"
    options = ", ".join(f"{key} {value}" for key, value in measure.items() if key != "type")
    return text(f"{kind.replace('_', ' ')}: {options}")
