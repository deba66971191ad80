"""A world full of ties, in which every kind of waiting of SimPy happens at whole seconds, and means to resume it."""

from __future__ import annotations

import mesa
import numpy as np
import simpy

from tests.twin.worlds import empty_area
from twin.attributes import Column
from twin.checkpoints import Checkpoint, Checkpoints, found, path_at
from twin.clock import minute, second
from twin.coupling import Event, Reads, observe, on
from twin.domain import Domain, Indicator
from twin.journal import Journal, bring_back
from twin.parts import Part
from twin.population import Population
from twin.waiting import HeapResource, PreemptiveHeapResource, serve
from twin.world import World

UNITS = 6


class Town(Domain):
    """Sends the same subjects at the same whole seconds, to everybody; takes commands; keeps columns and a part."""

    name = "town"
    publishes = {"load": Column(default=1.0), "open": Column("bool", default=True)}
    series = {"unit": {"load": Column(), "visits": Column("int64")}}
    call, far, bulk = Event(by="advance"), Event(by="advance"), Event(by="advance", recorded=False)
    shut = Event(by="outside")
    told = Event(by="due")

    def setup(self, world, area):
        self.units = Population(
            world, "unit", UNITS, {"load": 1.0, "visits": Column("int64", default=0), "home": np.arange(UNITS)},
            constant=["home"],
        )  # fmt: skip
        self.first = self.units.load[:2]  # shows the column, before and after a resume
        self.open, self.sent = np.ones(2, bool), 0
        self.state = np.zeros((2, 3))
        self.x, self.v = self.state
        self.tally = Tally()
        self.told(3, at=150 * second)  # sent in set-up, arrives later
        self.publish("load", self.units.load)
        self.publish("open", self.open)

    def advance(self, start, stop):
        step = start // (20 * second)
        self.first += 0.25
        self.v += step
        self.x += self.v
        self.tally.add(float(self.state.sum()))
        for subject in (4, 1, 1 + step % 3):
            self.call(subject, step % 5, float(step), at=start + 10 * second)
        self.far(2, at=start + 130 * second)  # some windows later
        rows = np.array([3, 0, 3])
        self.sent += 2
        at = start + np.array([1, 1, 210]) * second
        self.bulk.many(rows, at=at, ordinal=np.array([self.sent, self.sent, self.sent + 1]))
        self.publish("load", self.units.load)
        self.record("unit.load", self.units.load)

    @on(shut, phase="due")
    def obey(self, record):
        self.open[record.subject] = not self.open[record.subject]
        self.publish("open", self.open)
        self.told(record.subject, because=[record.id])

    @on("works.finished", phase="step")
    def count(self, batch):
        np.add.at(self.units.visits, batch.object % UNITS, 1)

    def step(self):
        self.record("unit.visits", self.units.visits)

    def indicators(self):
        return [Indicator("tally", self.tally.total, "1")]

    def forget(self):
        self.tally.total = 0.0


class Tally(Part):
    """A part with scratch space that set-up makes."""

    unsaved = ("scratch",)

    def __init__(self):
        self.total, self.scratch = 0.0, np.zeros(1000)

    def add(self, amount):
        self.total += amount


class Works(Domain):
    """Processes: every shared resource of SimPy and of ours, and interrupts, at whole seconds.

    pace : seconds that a piece of work takes
    """

    name = "works"
    replayed = (
        "log", "jobs", "finishes", "shop", "tools", "counter", "oven", "bench", "vip", "tank", "worker",
    )  # fmt: skip
    load, open = Reads("town.load"), Reads("town.open")
    tables = {"jobs": {"subject": Column("int64"), "at": Column("int64"), "how": Column("str")}}
    series = {"works": {"queue": Column("int32")}}
    finished, later, asked_back = Event(), Event(), Event()

    def __init__(self, pace=10):
        super().__init__()
        self.pace = pace * second

    def setup(self, world, area):
        env = world.timeline
        self.log, self.jobs, self.finishes = [], {}, 0
        self.shop, self.tools = simpy.Store(env, 3), simpy.FilterStore(env)
        self.counter, self.oven = simpy.PriorityResource(env, 1), simpy.PreemptiveResource(env, 1)
        self.bench, self.vip = HeapResource(env, 2), PreemptiveHeapResource(env, 1)
        self.tank = simpy.Container(env, 40, 10)
        self.worker = [self.process(self.work(k)) for k in range(3)]
        self.process(self.refill())

    def work(self, k):
        wait = self.world.timeline.timeout
        while True:
            try:
                got = self.shop.get()
                done = yield got | wait(2 * self.pace)
                if got not in done:
                    got.cancel()
                    self.say(k, "idle")
                    continue
                yield wait(self.seconds(got.value) * second)
                self.finish(got.value, f"shop {k}")
            except simpy.Interrupt as stop:
                self.say(k, f"interrupted by {stop.cause}")

    def refill(self):
        while True:
            yield self.world.timeline.timeout(2 * self.pace)
            if self.tank.level <= 30:
                yield self.tank.put(10)
            yield self.tools.put(len(self.log) % 3)

    def job(self, subject, ordinal):
        wait = self.world.timeline.timeout
        with self.counter.request(priority=subject % 2) as turn:
            yield turn
            yield wait(second * (1 + subject % 3))
        tool = self.tools.get(lambda item: item != subject % 3)
        yield tool | wait(3 * self.pace)
        if not tool.triggered:
            tool.cancel()
        with self.oven.request(priority=ordinal % 3) as hot:
            try:
                yield hot
                yield self.tank.get(1) & wait(self.pace // 2)
            except simpy.Interrupt:
                self.say(subject, "out of the oven")
        with self.bench.request(priority=ordinal % 2, key=subject) as place:
            yield place
            yield wait(self.seconds(subject) * second)
        lost = yield from serve(self.vip, 3 * second, priority=ordinal % 2, key=100 * subject + ordinal)
        self.finish(subject, f"served after {lost}")

    def finish(self, subject, how):
        self.finishes += 1
        cause = self.finished(subject, self.finishes, 0.1 * self.finishes)
        self.later(subject, at=self.now + 10 * second, because=[cause])
        self.later(subject, at=self.now + 70 * second)
        self.town.set_later("visits", subject % UNITS, 1000 + self.finishes)
        self.say(subject, how)

    def say(self, subject, how):
        self.log.append((self.now, subject, how))
        self.rows("jobs", subject=[subject], at=[self.now], how=[how])

    @property
    def town(self):
        return self.world.populations["unit"]

    @on("town.call")
    def begin(self, event):
        self.jobs[event.subject] = event.ordinal
        self.process(self.job(event.subject, event.ordinal))
        if event.ordinal % 4 == 3:
            self.worker[event.subject % 3].interrupt(event.id)
        many, flag, text, none, one = self.state_of(event.subject, np.int64(event.ordinal), "x", None, True)
        assert (many, flag, text, none, type(one)) == ((1, (2.5,)), True, "x", None, float)

    @on("town.call", when="next")
    def begin_again(self, event):
        self.shop.put(event.subject)
        self.asked_back(event.subject)

    @on("town.far")
    def hear(self, event):
        self.say(event.subject, event.kind)

    @on("town.bulk")
    def hear_bulk(self, event):
        self.say(event.subject, f"{event.kind} {event.ordinal}")

    @on(later)
    def hear_later(self, event):
        self.log.append((self.now, event.subject, event.ordinal))
        self.record("works.queue", len(self.bench.queue), at=self.now)

    @on("fleet.arrived")
    def unload(self, event):
        self.say(event.subject, f"arrived {event.ordinal}")
        self.shop.put(event.subject)

    @observe
    def seconds(self, subject):
        return 1 + int(self.load[subject % UNITS]) % 7 + 3 * bool(self.open[0]) + self.part_of(subject)

    @observe
    def part_of(self, subject):
        return int(self.town.visits[subject % UNITS]) % 2

    @observe
    def state_of(self, *args):
        return (1, [2.5]), np.bool_(True), args[2], args[3], np.float64(args[1]) / 3

    def forget(self):
        self.log.clear()


class Fleet(Domain):
    """Saved, not replayed: drivers in columns, who send themselves later events."""

    name, restores = "fleet", "save"
    series = {"driver": {"trips": Column("int64")}}
    arrived, leg = Event(), Event()
    load = Reads("town.load")

    def setup(self, world, area):
        self.drivers = Population(world, "driver", 4, {"trips": Column("int64", default=0), "busy": np.zeros(4, bool)})
        self.waiting, self.heard = [], 0

    @on("town.call")
    def take(self, event):
        self.heard += 1
        free = np.flatnonzero(~self.drivers.busy)
        if len(free):
            self.start(int(free[0]), event.id)
        else:
            self.waiting.append(event.id)
        self.arrived(event.subject, because=[event.id])  # for the same moment

    @on("works.asked_back", when="next")
    def remember(self, event):
        self.arrived(event.subject, at=self.now + 50 * second)

    def start(self, driver, cause):
        self.drivers.busy[driver] = True
        self.drivers.set_later("trips", driver, self.drivers.trips[driver] + 1)
        self.leg(driver, at=self.now + (20 + 10 * int(self.load[driver] % 6)) * second, because=[cause])

    @on(leg)
    def end(self, event):
        self.drivers.busy[event.subject] = False
        self.arrived(event.subject, event.ordinal)
        if self.waiting:
            self.start(event.subject, self.waiting.pop(0))

    def step(self):
        self.record("driver.trips", self.drivers.trips)


class Ear(Domain):
    """Only listens: nothing that it says tells a replay how far it has come."""

    name = "ear"
    replayed = ("log",)

    def setup(self, world, area):
        self.log = []

    @on("town.call")
    def hear(self, event):
        self.log.append((self.now, event.id))

    @on("fleet.arrived")
    def hear_arrival(self, event):
        self.log.append((self.now, event.id))


class Trader(mesa.Agent):
    def step(self):
        other = self.random.randrange(8)
        if self.wealth > 0 and self.random.random() < 0.7:
            self.wealth -= 1.0
            self.population.add("wealth", other, 1.0)
        if self.wealth > 6:
            self.remove()


class Market(Domain):
    """Mesa agents, every five minutes' worth of windows; an inbox that fills meanwhile."""

    name, every = "market", 5 * minute
    series = {"trader": {"wealth": Column()}}
    sold = Event(by="step")

    def setup(self, world, area):
        self.traders = Population(world, "trader", 8, {"wealth": Column(default=3.0)}, agent=Trader)
        self.best, self.heard = [], 0

    @on("works.finished", phase="step")
    def take(self, batch):
        self.heard += len(batch)
        self.traders.add("wealth", batch.object % 8, batch.value)

    @on("town.call", phase="advance", when="next")
    def look(self, batch):
        self.heard += len(batch)

    def step(self):
        self.traders.agents.shuffle_do("step")
        self.best = [agent.unique_id for agent in self.traders.agents.sort("wealth").select(at_most=2)]
        for row in self.best:
            self.sold(row, self.heard, at=self.now + 30 * second)
        self.record("trader.wealth", self.traders.wealth)


def ties(window=20 * second, pace=10, commands=(), **options):
    """A world full of ties; commands are (ms, subject) of `town.shut`."""
    world = World(empty_area(), [Town(), Works(pace), Fleet(), Ear(), Market()], window=window, **options)
    for at, subject in commands:
        world.post("town.shut", at=at, subject=subject)
    return world


class Tried:
    """A run whose checkpoints are kept in `folder`.

    make : makes the world anew
    warm_up : ms at which the observation begins; 0 for none
    """

    def __init__(self, folder, make, warm_up=0):
        self.folder, self.make, self.warm_up = folder, make, warm_up
        folder.mkdir(exist_ok=True)

    def run(self, until, keep=(), resume=None, make=None):
        """The world at `until`, with checkpoints at the times `keep`; from midnight, or from a checkpoint."""
        world = (make or self.make)()
        kept = Checkpoint(path_at(self.folder, resume)) if resume is not None else None
        world.journal = Journal(world, self.folder / "journal.jsonl", kept.about["journal"] if kept else 0)
        checkpoints = Checkpoints(self.folder, {})
        if kept:
            bring_back(world, kept.state(world), world.journal)
        world.at_edge = lambda at: checkpoints.write(at) if at.stop in keep else None
        try:
            if self.warm_up and world.stop <= self.warm_up <= until and world.observed_from < self.warm_up:
                world.run(self.warm_up)
                world.begin_observation()
            world.run(until)
            checkpoints.finish()
        finally:
            world.journal.close()
        return world

    def kept(self):
        """Times of the checkpoints."""
        return [int(path.name.partition(".")[0]) for path in found(self.folder)]


def result(world):
    """What two runs that are the same have in common: digests, indicators, columns and what processes hold."""
    columns = {f"{p.name}.{name}": p.array(name).tolist() for p in world.populations.values() for name in p.columns}
    held = {
        f"{domain.name}.{name}": getattr(domain, name)
        for domain in world.domains.values()
        for name in ("log", "jobs", "finishes", "waiting", "heard", "best")
        if hasattr(domain, name)
    }
    return world.recorder.digests(), world.indicators(), columns, held
