"""What happened: the sentences at the top, the timeline of what matters, and chains from a cause to its consequence."""

from __future__ import annotations

from scenarios.report.causes import Causes
from scenarios.report.charts import clock
from scenarios.report.markup import bullets, many, paragraph, quantity, table, text
from scenarios.report.material import Material
from scenarios.report.words import LATE, OXYGEN, Event, Words, from_outside, kind_of, measure_words
from twin.clock import minute

QUARTER = 15 * minute
MOST_ROWS = 60

# kinds that the timeline shows, and over how long (ms) those of one kind share a line
SHOWN = {
    "grid.failed": minute,
    "grid.restored": minute,
    "grid.breaker_opened": QUARTER,
    "grid.breaker_closed": QUARTER,
    "grid.feeder_dark": minute,
    "grid.feeder_live": minute,
    "grid.unsolved": 4 * QUARTER,
    "vehicles.signal_dark": minute,
    "vehicles.signal_live": minute,
    "vehicles.junction_slow": QUARTER,
    "vehicles.junction_clear": QUARTER,
    "vehicles.close_link": minute,
    "vehicles.open_link": minute,
    "care.battery_empty": QUARTER,
    "care.call": QUARTER,
    "care.response": QUARTER,
}
CONSEQUENCES = (
    "grid.feeder_dark",
    "grid.breaker_opened",
    "vehicles.signal_dark",
    "vehicles.junction_slow",
    "vehicles.close_link",
    "care.battery_empty",
    "care.call",
    "care.response",
)
TOLD = ("outage_customer_hours", "vehicle_delay", "trips_given_up", "device_minutes_unpowered")
HIDDEN = {
    *("grid.fail_asset", "grid.restore_asset"),
    *("care.dispatched", "care.came_in", "care.went_out", "care.closed"),
}


def happened(m: Material) -> str:
    """The run in a few sentences."""
    from scenarios.areas.sample import in_words

    area, manifest = m.area, m.manifest
    date = m.calendar.at(0)
    simulated = area.represents * int(area.people.resident.sum())
    residents = round(simulated) if len(area.people) else int(area.zones.population.sum())
    sampled = f" ({words})" if (words := in_words(area)) else ""
    lived = (
        f"{date:%A} {date.day} {date:%B %Y}"
        if m.until <= 24 * 60 * minute
        else f"{m.until / (24 * 60 * minute):g} days from {date.day} {date:%B %Y}"
    )
    counted = f"{many(residents, 'synthetic resident')}{sampled}, {many(len(area.buildings), 'building')}"
    first = f"{text(m.place)}, {lived}: {counted}, one clock."
    acts = [measure_words(m, name, measure) for name, measure in m.measures.items()]
    measures = "The measure" if len(acts) == 1 else "The measures"
    changed = f"{measures}: {'; '.join(acts)}." if acts else "No measure: an ordinary run."
    why = text(manifest.get("reason", "what follows is not the whole"))
    whole = manifest.get("status") == "complete"
    status = "" if whole else paragraph(f"This run is {text(manifest.get('status', 'unknown'))}: {why}", "alarm")
    status += "".join(paragraph(text(f"Mind: {w}."), "alarm") for w in manifest.get("warnings", ()))
    return status + paragraph(first) + paragraph(changed) + bullets(_consequences(m))


def _consequences(m: Material) -> list[str]:
    words, found = Words(m), []
    by_kind: dict[str, list[Event]] = {}
    for event in m.events:
        if _matters(event):
            by_kind.setdefault(kind_of(event), []).append(event)
    told = [by_kind[kind] for kind in CONSEQUENCES if kind in by_kind]
    for events in sorted(told, key=lambda events: events[0]["time"]):
        first, last = clock(events[0]["time"]), clock(events[-1]["time"])
        when = first if first == last else f"{first} to {last}"
        found.append(f"<b>{when}</b> {words.say(events)}.")
    for row in m.indicators:
        if row["level"] == "area" and row["indicator"] in TOLD and row["value"]:
            found.append(f"{text(row['label'])}: {quantity(row['value'], row['unit'])}.")
    return found


def _matters(event: Event) -> bool:
    kind = kind_of(event)
    if kind == "care.call":
        return bool(event["value"] == OXYGEN)
    if kind == "care.response":
        return bool(event["value"] > LATE) and not from_outside(event)  # how far outside is an assumption
    return kind in SHOWN


def timeline(m: Material) -> str:
    """Table of what matters: when, what, and what contributed."""
    words, known = Words(m), {e["event_id"]: e for e in m.events}
    groups: dict[tuple[int, str], list[Event]] = {}
    for event in m.events:
        kind = kind_of(event)
        if kind in HIDDEN or (kind in SHOWN and not _matters(event)):
            continue
        groups.setdefault((event["time"] // SHOWN.get(kind, QUARTER), kind), []).append(event)
    ordered = sorted(groups.values(), key=lambda events: (events[0]["time"], kind_of(events[0])))
    rows = []
    for events in ordered[:MOST_ROWS]:
        first, last = clock(events[0]["time"]), clock(events[-1]["time"])
        when = first if first == last else f"{first}–{last}"
        rows.append((when, _capital(words.say(events)), words.because(events, known)))
    if not rows:
        return paragraph(
            "Nothing out of the ordinary was recorded: no outage, no dark signal, no empty battery, no late ambulance."
        )
    more = f" The first {MOST_ROWS} of {len(ordered)} lines." if len(ordered) > MOST_ROWS else ""
    return table(("Time", "What", "Contributing"), rows, "Events that matter, those of one kind together." + more)


def chains(m: Material, most: int = 4) -> str:
    """From the root to the latest consequence: the longest chain that ends in each kind of event."""
    causes, words = Causes(m.events), Words(m)
    found: list[tuple[set[str], list[Event]]] = []
    depth = causes.depth
    for kind in ("care.response", "care.call", "vehicles.junction_slow", "care.battery_empty", "vehicles.signal_dark"):
        ends = [e for e in m.events if kind_of(e) == kind and depth[e["event_id"]] >= 3 and not from_outside(e)]
        if ends and len(found) < most:
            end = max(ends, key=lambda e: (depth[e["event_id"]], e["value"]))
            path = causes.path(end)
            if not any(end["event_id"] in ids for ids, _ in found):
                found.append(({e["event_id"] for e in path}, path))
    lists = [
        bullets([f"<b>{clock(e['time'])}</b> {_capital(words.say([e]))}" for e in path], ordered=True)
        for _, path in found
    ]
    note = paragraph(
        "<em>Contributing</em> is what the model wrote down when it happened; it is no proof of a cause. The "
        "proof compares two runs in which one coupling is cut.",
        "note",
    )
    return "\n".join(f'<div class="chain">{chain}</div>' for chain in lists) + note if lists else ""


def _capital(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]
