"""The order of a window, deliveries, signals, cuts, and the rules that the engine checks."""

import numpy as np
import pytest
import simpy

from tests.twin.worlds import world
from twin.attributes import Column
from twin.clock import minute, second
from twin.coupling import Event, Reads, observe, on
from twin.domain import Domain, Indicator
from twin.errors import DesignError


class Source(Domain):
    """Publishes a counter and sends one event a window."""

    name = "source"
    publishes = {"level": Column(default=-1.0)}
    series = {"source": {"level": Column(unit="m")}}
    ping = Event(by="advance")
    command = Event(by="outside")

    def setup(self, world, area):
        self.level, self.commands = np.zeros(2), []
        self.publish("level", self.level)

    @on(command, phase="due")
    def obey(self, record):
        self.commands.append((self.now, record.id))

    def advance(self, start, stop):
        self.level += 1.0
        self.publish("level", self.level)
        self.record("source.level", self.level)
        self.ping(7, at=start + 250)


class Reader(Domain):
    """Notes everything it sees, with the time."""

    name = "reader"
    level = Reads("source.level", coupling="water")
    answer = Event(by="process")

    def setup(self, world, area):
        self.seen = []

    @on("source.ping", coupling="water")
    def note(self, event):
        self.seen.append(("process", self.now, event.id, self.look()))
        self.answer(event.subject, because=[event.id])

    @on("source.ping", phase="advance", coupling="water")
    def note_batch(self, batch):
        self.seen.append(("advance", self.now, batch.time.tolist()))

    @on("source.ping", phase="advance", when="next", coupling="water")
    def note_late(self, batch):
        self.seen.append(("late", self.now, batch.time.tolist()))

    @observe
    def look(self):
        return self.level[0]

    def step(self):
        self.seen.append(("step", self.now, float(self.level[0])))


def test_one_window_runs_in_the_documented_order():
    w = world(Source, Reader)
    w.run(2 * minute)
    assert w.domains["reader"].seen == [
        ("advance", 0, [250]),
        ("process", 250, "source.ping:7:0", 0.0),  # the signal as of the last edge
        ("step", minute, 0.0),
        ("advance", minute, [minute + 250]),  # handlers of one turn by name
        ("late", minute, [250]),
        ("process", minute + 250, "source.ping:7:1", 1.0),
        ("step", 2 * minute, 1.0),
    ]


def test_a_cut_reader_sees_the_default_and_no_events():
    w = world(Source, Reader, cut=["water"])
    w.run(2 * minute)
    assert w.domains["reader"].seen == [("step", minute, -1.0), ("step", 2 * minute, -1.0)]


def test_an_unknown_coupling_is_named():
    with pytest.raises(DesignError, match=r"no coupling is called wter; there are: water"):
        world(Source, Reader, cut=["wter"])


def test_a_command_takes_effect_at_the_first_edge_at_or_after_its_time():
    w = world(Source)
    w.post("source.command", at=0)
    w.post("source.command", at=minute)
    w.post("source.command", at=minute + 1)
    w.run(4 * minute)
    assert w.domains["source"].commands == [
        (0, "source.command:0:0"),
        (minute, "source.command:0:1"),
        (2 * minute, "source.command:0:2"),
    ]


def test_events_beyond_the_window_wait_for_theirs():
    class Alarm(Domain):
        name = "alarm"
        ring = Event(by="advance")

        def setup(self, world, area):
            self.rung = []

        def advance(self, start, stop):
            if start == 0:
                self.ring(1, at=90 * second)
                self.ring.many(np.array([4, 3]), at=np.array([200 * second, 70 * second]), ordinal=np.array([0, 0]))

        @on(ring)
        def hear(self, event):
            self.rung.append((self.now, event.subject))

    w = world(Alarm)
    w.run(4 * minute)
    assert w.domains["alarm"].rung == [(70 * second, 3), (90 * second, 1), (200 * second, 4)]


@pytest.mark.parametrize("length", [10 * second, 30 * second, minute])
def test_ties_among_deliveries_do_not_depend_on_the_window(length):
    class Many(Domain):
        name, every = "many", minute
        hit = Event(by="advance")

        def setup(self, world, area):
            self.order = []
            self.bench = simpy.Resource(world.timeline, 2)

        def advance(self, start, stop):
            subject = np.array([5, 2, 9, 2])
            self.hit.many(
                subject, at=np.full(4, start + 10 * second), ordinal=np.array([0, 0, 0, 1]) + 10 * (start // minute)
            )

        @on(hit)
        def serve(self, event):
            self.process(self.sit(event))

        def sit(self, event):
            with self.bench.request() as seat:
                yield seat
                self.order.append((self.now, event.subject, event.ordinal))
                yield self.world.timeline.timeout(20 * second)

    w = world(Many, window=length)
    w.run(3 * minute)
    assert [o[:2] for o in w.domains["many"].order[:4]] == [(10_000, 2), (10_000, 2), (30_000, 5), (30_000, 9)]


# -- rules ------------------------------------------------------------------------------------------------------------


def domain(**body):
    """A domain class with the given attributes."""
    return type("Odd", (Domain,), {"name": "odd", **body})


def run_one(cls, *others):
    w = world(*others, cls)
    w.run(2 * minute)


def test_a_process_may_not_read_a_signal_outside_a_question():
    def peek(self):
        yield self.world.timeline.timeout(5)
        self.level.sum()

    odd = domain(level=Reads("source.level"), setup=lambda self, w, a: self.process(peek(self)))
    with pytest.raises(DesignError, match=r"a process reads the signal source.level: ask through an @observe method"):
        run_one(odd, Source)


@pytest.mark.parametrize("wait", [np.int64(5), 0.5, -1])
def test_waits_are_whole_milliseconds(wait):
    def sleep(self):
        yield self.world.timeline.timeout(wait)

    with pytest.raises((DesignError, ValueError)):
        run_one(domain(setup=lambda self, w, a: self.process(sleep(self))))


def test_step_may_not_touch_processes():
    odd = domain(step=lambda self: self.world.timeline.timeout(5))
    with pytest.raises(DesignError, match="touched in phase 'step'"):
        run_one(odd)


def test_an_event_is_sent_from_its_phase_only():
    odd = domain(tick=Event(by="advance"), step=lambda self: self.tick(1))
    with pytest.raises(DesignError, match="declared as sent by 'advance', but is sent in phase 'step'"):
        run_one(odd)


def test_an_answer_is_a_plain_value():
    def ask(self):
        yield self.world.timeline.timeout(5)
        self.all_levels()

    odd = domain(
        level=Reads("source.level"),
        all_levels=observe(lambda self: {"a": self.level}),
        setup=lambda self, w, a: self.process(ask(self)),
    )
    with pytest.raises(DesignError, match="only int, float, bool, str, None and tuples"):
        run_one(odd, Source)


def test_same_window_needs_a_later_turn():
    odd = domain(
        step=lambda self: None, tell=Event(by="step"), hear=on("odd.tell", phase="advance")(lambda self, batch: None)
    )
    with pytest.raises(DesignError, match="whose turn is not before: say when='next'"):
        world(odd)


def test_a_cycle_of_one_window_is_spelled_out():
    a = type("A", (Domain,), {"name": "a", "ask": Event(), "hear": on("b.ask")(lambda self, event: None)})
    b = type("B", (Domain,), {"name": "b", "ask": Event(), "hear": on("a.ask")(lambda self, event: None)})
    with pytest.raises(DesignError, match=r"cycle: \('a', 'process'\) -> \('b', 'process'\) -> \('a', 'process'\)"):
        world(a, b)


def test_a_missing_domain_and_a_wrong_name_are_told_apart():
    with pytest.raises(DesignError, match="the run has no domain 'source'"):
        world(Reader)
    with pytest.raises(DesignError, match=r"did you mean source.level\?"):
        world(Source, domain(level=Reads("source.levl")))


def test_a_signal_of_a_domain_that_the_run_may_lack():
    seen = []
    reads = Reads("source.level", without=7.0)
    odd = domain(level=reads, advance=lambda self, start, stop: seen.append(self.level.tolist()))
    run_one(odd)
    assert seen[0] == [7.0]
    with pytest.raises(DesignError, match=r"did you mean source.level\?"):  # a wrong name stays wrong
        world(Source, domain(level=Reads("source.levl", without=7.0)))


def test_an_undeclared_series_is_refused():
    with pytest.raises(DesignError, match="which its `series` does not declare"):
        run_one(domain(step=lambda self: self.record("odd.x", 1.0)))


def test_the_past_cannot_be_sent_to():
    odd = domain(tick=Event(by="advance"), advance=lambda self, start, stop: self.tick(1, at=start - 1))
    with pytest.raises(DesignError, match="which is past"):
        run_one(odd)


def test_a_warm_up_needs_forget():
    odd = domain(indicators=lambda self: [Indicator("x", 1.0, "1")])
    w = world(odd)
    w.run(minute)
    with pytest.raises(DesignError, match=r"no forget\(\)"):
        w.begin_observation()


# -- digests ----------------------------------------------------------------------------------------------------------


def test_the_same_world_gives_the_same_digest_and_another_does_not():
    def digest(**options):
        w = world(Source, Reader, **options)
        w.run(5 * minute)
        return w.recorder.result_digest()

    assert digest() == digest()
    assert digest() != digest(cut=["water"])


def test_events_carry_what_contributed(tmp_path):
    from twin.recording import Recorder, Run, write_json

    w = world(Source, Reader, recorder=Recorder(tmp_path))
    w.run(2 * minute)
    w.recorder.flush(w.stop)
    write_json(tmp_path / "manifest.json", {"status": "complete"})
    rows = Run(tmp_path).events().to_pylist()
    answer = next(row for row in rows if row["kind"] == "answer")
    assert answer["contributing"] == ["source.ping:7:0"]
    assert {row["event_id"] for row in rows} >= {"source.ping:7:0", "source.ping:7:1", "reader.answer:7:1"}
    assert Run(tmp_path).series("source").to_pydict()["level"] == [1.0, 1.0, 2.0, 2.0]


@pytest.mark.parametrize("length", [10 * second, 30 * second, minute])
def test_bulk_events_reach_the_next_kernel_in_its_period_whatever_the_window(length):
    class Sender(Domain):
        name = "sender"
        go = Event(by="advance")

        def advance(self, start, stop):
            at = start + np.array([1, 25, 59]) * second
            self.go.many(np.arange(3), at=at, ordinal=np.full(3, start // minute))

    class Taker(Domain):
        name = "taker"

        def setup(self, world, area):
            self.batches, self.heard = [], []

        @on("sender.go", phase="advance")
        def take(self, batch):
            self.batches.append((self.now, batch.time.tolist()))

        @on("sender.go")
        def hear(self, event):
            self.heard.append((self.now, event.subject))

    w = world(Sender, Taker, window=length)
    w.run(2 * minute)
    taker = w.domains["taker"]
    assert taker.batches == [(0, [1000, 25_000, 59_000]), (minute, [61_000, 85_000, 119_000])]
    assert taker.heard == [(1000, 0), (25_000, 1), (59_000, 2), (61_000, 0), (85_000, 1), (119_000, 2)]


def test_a_reader_quicker_than_the_sender_is_refused():
    slow = type("Slow", (Domain,), {"name": "slow", "every": 5 * minute, "go": Event(by="advance")})
    quick = domain(hear=on("slow.go", phase="advance")(lambda self, batch: None))
    with pytest.raises(DesignError, match="leads over 300000 ms: give odd an `every` as long"):
        world(slow, quick)


def test_two_readers_of_one_event_are_served_in_coupling_order():
    heard = []

    def reader(name):
        body = {"name": name, "hear": on("source.ping")(lambda self, event: heard.append((self.name, self.now)))}
        return type(name.title(), (Domain,), body)

    w = world(Source, reader("zebra"), reader("ant"))
    w.run(minute)
    assert heard == [("zebra", 250), ("ant", 250)]


def test_a_kind_of_series_belongs_to_one_domain():
    declared = {"series": {"zone": {"x": Column()}}}
    one, other = (type("D", (Domain,), {"name": name, **declared}) for name in ("one", "other"))
    with pytest.raises(DesignError, match="one and other both declare series/zone"):
        world(one, other)
