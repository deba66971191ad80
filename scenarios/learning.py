"""Day-to-day learning: drivers live through the base world again and again, until they know what to expect of its streets.

Each day is a whole run of the world without measures; nothing of it is recorded. On the first one all set out by live
times. On every later one a share of the persons thinks the way over by what links took the day before, in the quarter of
an hour in which they were entered (`agents.vehicles.learned.groups`); the others keep to what they expected before. What
is learned is one file in the cache of the user, named by a digest of all that it depends on: both arms of a comparison,
and replications with other seeds, read the same one, for people know their town whatever a day brings.

How far a day is from an equilibrium is its relative gap: what car trips took beyond the least that each could have taken,
as a share of that least. The first is from each departure to its arrival on the streets, the wait at the kerb included;
the second is the earliest arrival by `Network.earliest` on the times of links that were observed that day. Means of
links hide who met a red signal and who did not, so a gap of some 0.1 % either side of 0 is none.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.vehicles.domain import Vehicles
from agents.vehicles.learned import SLICE, Learned, Observer
from twin.clock import day
from twin.draws import stream, uniforms
from twin.errors import Fault, InputError
from twin.kernels import user_cache
from twin.recording import writing

if TYPE_CHECKING:
    from scenarios.configuration import Configuration
    from twin.area import Area
    from twin.domain import Domain
    from twin.network import Network
    from twin.world import World

SCHEMA = 1
TRIPS = 10_000  # trips that a gap rests on, about; those of a keyed sample of persons where there are more
# of a run these change nothing in a day of learning
FREE = ("learned", "record", "warm_up")


@dataclass(frozen=True)
class Gap:
    """The relative gap of a day.

    trips, of : car trips that it rests on, and that ended that day
    spent, least : s per trip, on the mean
    """

    trips: int
    of: int
    spent: float
    least: float

    @property
    def relative(self) -> float:
        """(spent - least) / least."""
        return (self.spent - self.least) / self.least if self.least > 0.0 else 0.0

    def __str__(self) -> str:
        sample = "" if self.trips == self.of else f" of {self.of:,}"
        return (
            f"relative gap {100.0 * self.relative:.2f} % ({self.trips:,}{sample} car trips of {self.spent / 60.0:.2f} min, "
            f"least {self.least / 60.0:.2f} min)"
        )


# -- the file ------------------------------------------------------------------------------------------------------------


def place(name: str) -> Path:
    """The file of the learned times of that name."""
    return user_cache() / "learned" / f"{name}.npz"


def named(configuration: Configuration, area: Area) -> Configuration:
    """The configuration with the name of the learned times that it asks for in `run.learned`."""
    run = configuration.run
    if not run.learning or run.learned:
        return configuration
    text = json.dumps(_depends_on(configuration, area), sort_keys=True, default=str)
    name = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    plain = {**configuration.plain, "run": {**configuration.plain["run"], "learned": name}}
    return replace(configuration, plain=plain, run=run.model_copy(update={"learned": name}))


def read(name: str, area: Area, until: int) -> Learned:
    """Learned times. Raises InputError where they are absent, or belong to another area.

    until : ms of the day that are needed
    """
    if not name:
        raise InputError(
            Fault("run.learning", "nothing has been learned yet", remedy="call scenarios.learning.learn before")
        )
    path = place(name)
    try:
        with np.load(path) as kept:
            about = json.loads(bytes(kept["about"]))
            learned = Learned(kept["times"], kept["rows"], int(about["seed"]))
    except FileNotFoundError:
        raise InputError(
            Fault(
                f"run.learned {name}",
                f"is not in {path.parent}",
                "learned times as run.learning made them",
                "run the same from the start with run.learning: it learns the same times again; or copy the file there",
            )
        ) from None
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            Fault(str(path), f"cannot be read ({error})", remedy="delete it: it is made again, the same")
        ) from error
    if about["area"] != area.digest() or about["until_ms"] < until:
        what = f"belongs to {about['name']}, of digest {about['area'][:8]}, and {about['until_ms'] / day:g} days of it"
        raise InputError(Fault(f"run.learned {name}", what, "times of the same area and as many hours"))
    return learned


def described(name: str) -> dict[str, Any]:
    """What manifests say of learned times: their name and content, the gap of each day, and the seed of those days."""
    try:
        content = place(name).read_bytes()
        with np.load(place(name)) as kept:
            about = json.loads(bytes(kept["about"]))
    except (OSError, ValueError, KeyError):
        return {"name": name}
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    return {"name": name, "digest": digest, "days": len(about["gap"]), "gaps": about["gap"], "seed": about["seed"]}


def teach(domains: Sequence[Domain], learned: Learned | None, observer: Observer | None = None) -> None:
    """Give the vehicles among domains that are not set up yet what they expect, and who watches them."""
    vehicles = [domain for domain in domains if isinstance(domain, Vehicles)]
    if not vehicles:
        raise InputError(Fault("run.learning", "the run has no domain vehicles", remedy="keep it, or set 0"))
    for domain in vehicles:
        domain.learned, domain.observer = learned, observer


def _write(path: Path, learned: Learned, about: dict[str, Any]) -> None:
    """The whole file or none, also where two processes write it at once: both write the same."""
    partial = path.with_name(f".{path.stem}-{os.getpid()}.npz")
    told = np.frombuffer(json.dumps(about, sort_keys=True, default=str).encode(), np.uint8)
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            np.savez_compressed(partial, times=learned.times, rows=learned.rows, about=told)
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)


# -- what it depends on --------------------------------------------------------------------------------------------------


def _base(configuration: Configuration) -> Configuration:
    """The same world without measures, and without learned times."""
    from scenarios.validation import validate

    plain = dict(configuration.plain)
    plain["run"] = {**plain["run"], "learning": 0, "learned": "", "alternative": ""}
    plain["scenario"] = {**plain["scenario"], "measures": {}, "alternatives": {}, "base": None}
    return validate(plain, configuration.scenario_name)


def _depends_on(configuration: Configuration, area: Area) -> dict[str, Any]:
    from scenarios.resuming import belongs_to

    found = belongs_to(_base(configuration), area)
    found |= {"learning": configuration.run.learning, "until_ms": hours(configuration)}
    found["run"] = {key: value for key, value in found["run"].items() if key not in FREE}
    return found | {"schema": SCHEMA}


def hours(configuration: Configuration) -> int:
    """ms of a day of learning: those of the run, a whole day at most."""
    return min(round(configuration.run.days * day), day)


# -- learning ------------------------------------------------------------------------------------------------------------


def learn(
    configuration: Configuration,
    area: Area,
    said: Callable[[str], None] = lambda text: None,
    told: Callable[[str], None] = lambda text: None,
) -> Configuration:
    """The configuration with its learned times in `run.learned`, which are in the cache: found there, or learned now.

    said : takes what is being done, in a few words;  told : takes a line for each day
    """
    configuration = named(configuration, area)
    run = configuration.run
    if not run.learning or place(run.learned).is_file():
        return configuration
    base, until = _base(configuration), hours(configuration)
    wanted = named(replace(configuration, run=run.model_copy(update={"learned": ""})), area).run.learned
    if wanted != run.learned:
        read(run.learned, area, until)  # says that it is absent, and what to do

    def live_through(learned: Learned | None, observer: Observer) -> World:
        from scenarios.assembly import build_world

        said(f"learning, day {len(gaps) + 1} of {run.learning}")
        world = build_world(base, area, prepare=lambda domains: teach(domains, learned, observer))
        world.run(until)
        return world

    gaps: list[Gap] = []
    found: Learned | None = None
    for gap, found in days(run.learning, run.seed, live_through):  # noqa: B007 - that of the last day is kept
        gaps.append(gap)
        told(f"learning, day {len(gaps)} of {run.learning}: {gap}")
    about = {
        "name": area.name,
        "area": area.digest(),
        "seed": run.seed,
        "until_ms": until,
        "gap": [gap.relative for gap in gaps],
        "trips": [gap.trips for gap in gaps],
        "depends_on": _depends_on(configuration, area),
    }
    assert found is not None
    _write(place(run.learned), found, about)
    return configuration


def days(
    number: int, seed: int, live_through: Callable[[Learned | None, Observer], World]
) -> Iterator[tuple[Gap, Learned | None]]:
    """The gap of each day of learning, and what drivers expected on it.

    live_through : gives a day's world at its end; takes what drivers expect, None on the first day, and who watches
    """
    tables: list[np.ndarray[Any, Any]] = []
    learned: Learned | None = None
    for _ in range(number):
        observer = Observer()
        world = live_through(learned, observer)
        vehicles = world.domains["vehicles"]
        assert isinstance(vehicles, Vehicles)
        yield relative_gap(vehicles.network, observer, seed), learned
        tables += [] if tables else [observer.routed().astype(np.float32)]
        tables.append(observer.observed().astype(np.float32))
        learned = Learned(np.array(tables), vehicles.network.rows, seed)


def relative_gap(network: Network, observer: Observer, seed: int) -> Gap:
    """The relative gap of the day that an observer has watched."""
    person, origin, goal, departure, arrival = observer.trips
    taken = np.ones(len(person), bool)
    if len(person) > TRIPS:
        taken = uniforms(stream(seed, "learning.gap"), person) < TRIPS / len(person)
    spent = (arrival - departure)[taken]
    begins = np.rint(1000.0 * departure[taken]).astype(np.int64)
    times = np.rint(1000.0 * observer.observed().T).astype(np.int64)
    ends = network.earliest(times, SLICE, origin[taken], goal[taken], begins)
    if not len(spent):
        return Gap(0, 0, 0.0, 0.0)
    return Gap(int(taken.sum()), len(person), float(spent.mean()), float((ends - begins).mean() / 1000.0))
