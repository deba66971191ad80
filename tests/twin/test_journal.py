"""Resume and branch: a world that is brought back to an edge goes on as if it had never stopped."""

import enum
import json
import re
import tempfile
from pathlib import Path

import mesa
import numpy as np
import pytest
import simpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.twin.luck_worlds import Fleet, Tally, Tried, result, ties
from tests.twin.worlds import world
from twin.attributes import Column
from twin.clock import minute, second
from twin.coupling import Event, Reads, observe, on
from twin.domain import Domain, Indicator
from twin.errors import DesignError, InputError
from twin.population import Population

END = 12 * minute
WHAT_IF = [(4 * minute, 0), (4 * minute + 30 * second, 1), (6 * minute, 0)]


@pytest.fixture(scope="module")
def uninterrupted():
    """The results of runs without a stop, by window, pace, warm-up and commands."""
    known = {}

    def find(window=20 * second, pace=10, warm_up=0, commands=()):
        key = window, pace, warm_up, tuple(commands)
        if key not in known:
            with tempfile.TemporaryDirectory() as folder:
                known[key] = result(tried(Path(folder), *key).run(END))
        return known[key]

    return find


def tried(folder, window=20 * second, pace=10, warm_up=0, commands=()):
    return Tried(folder, lambda: ties(window, pace, commands), warm_up)


def test_the_world_is_full_of_ties_and_uses_everything(uninterrupted):
    _, _, _, held = uninterrupted()
    said = " ".join(str(entry[2]) for entry in held["works.log"])
    for what in ("shop", "idle", "interrupted", "out of the oven", "served after", "arrived", "town.bulk", "town.far"):
        assert what in said
    times = [entry[0] for entry in held["works.log"]]
    assert len(times) - len(set(times)) > 100
    assert all(time % second == 0 for time in times)


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    window=st.sampled_from([20 * second, 60 * second]),
    pace=st.sampled_from([6, 10]),
    warm_up=st.sampled_from([0, 3 * minute]),
    stops=st.lists(st.integers(1, 11), min_size=1, max_size=2, unique=True),
)
def test_resumed_at_any_edge_the_run_ends_the_same(uninterrupted, window, pace, warm_up, stops):
    with tempfile.TemporaryDirectory() as folder:
        run, before = tried(Path(folder), window, pace, warm_up), None
        for stop in sorted(stops):
            edge = stop * minute - (minute - window) // 2 // window * window  # inside a period too
            run.run(edge, keep={edge}, resume=before)
            before = edge
        assert result(run.run(END, resume=before)) == uninterrupted(window, pace, warm_up)


def test_nothing_of_a_saved_domain_stands_in_the_journal(tmp_path):
    run = tried(tmp_path)
    fleet = run.run(END).domains["fleet"]
    assert sum(fleet.drivers.trips) > 30
    entries = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    assert not [e for e in entries if e[0] == "heard" and e[3] == "fleet"]
    assert not [e for e in entries if e[0] in ("asked", "sent") and e[2].startswith("fleet.")]
    assert not [e for e in entries if e[:2] == ["noted", "record"] and e[2] == "driver"]


# -- branches -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [(), [(2 * minute, 1)], [(4 * minute + second, 0)]])
@pytest.mark.parametrize("window", [20 * second, 60 * second])
def test_a_branch_equals_its_what_if_from_midnight(tmp_path, uninterrupted, before, window):
    """One of the commands falls on the very edge; of the base's own, one is past and one is not the branch's."""
    earlier = [c for c in before if c[0] < 4 * minute]
    what_if = [*earlier, *WHAT_IF]
    run = tried(tmp_path, window, commands=before)
    run.run(4 * minute, keep={4 * minute})
    branch = run.run(END, resume=4 * minute, make=lambda: ties(window, commands=what_if))
    assert result(branch) == uninterrupted(window, commands=what_if)
    assert result(branch) != uninterrupted(window, commands=before)


def test_a_command_that_waits_for_the_edge_of_the_checkpoint_is_kept(tmp_path, uninterrupted):
    commands = [(4 * minute - 5 * second, 0), (4 * minute - 1, 1)]
    run = tried(tmp_path, commands=commands)
    run.run(4 * minute, keep={4 * minute})
    resumed = run.run(END, resume=4 * minute)
    assert result(resumed) == uninterrupted(commands=commands)
    assert resumed.domains["town"].open.tolist() == [False, False]


def test_a_branch_gets_its_own_command_of_an_equal_name(tmp_path):
    """The base's first command lies ahead; the branch's first has the same id and another time."""
    run = tried(tmp_path, commands=[(8 * minute, 0)])
    run.run(4 * minute, keep={4 * minute})
    branch = run.run(7 * minute, resume=4 * minute, make=lambda: ties(commands=[(5 * minute, 0)]))
    assert not branch.domains["town"].open[0]


# -- a moment's turns ---------------------------------------------------------------------------------------------------


class Bell(Domain):
    name = "bell"
    ring, toll = Event(by="advance"), Event(by="advance")

    def advance(self, start, stop):
        self.ring(1, at=start + second)
        self.toll(2, at=start + second)


class Echo(Domain):
    """Saved: answers at the same moment with an event whose name comes first."""

    name, restores = "a_echo", "save"
    back = Event()

    @on("bell.toll")
    def answer(self, event):
        self.back(event.subject)


class Ears(Domain):
    name, replayed = "ears", ("heard",)

    def setup(self, world, area):
        self.heard = []

    @on("bell.ring")
    def ring(self, event):
        self.heard.append(event.kind)

    @on("a_echo.back")
    def back(self, event):
        self.heard.append(event.kind)


def test_what_a_saved_domain_answers_at_once_stands_where_it_stood(tmp_path):
    run = Tried(tmp_path, lambda: world(Bell, Echo, Ears))
    run.run(2 * minute, keep={2 * minute})
    resumed = run.run(3 * minute, resume=2 * minute)
    assert resumed.domains["ears"].heard == ["bell.ring", "a_echo.back"] * 3


# -- mistakes of authors ------------------------------------------------------------------------------------------------


class Source(Domain):
    """What the odd domains below hear and read."""

    name = "source"
    publishes = {"level": Column(default=0.0)}
    ping = Event(by="advance")

    def setup(self, world, area):
        self.level = np.zeros(2)
        self.publish("level", self.level)

    def advance(self, start, stop):
        self.level += 1.0
        self.publish("level", self.level)
        self.ping(7, at=start + 250)


def odd(**body):
    """A domain class that hears a ping each window."""
    return type("Odd", (Domain,), {"name": "odd", **body})


def heard(method):
    return on("source.ping")(method)


def resumed(folder, *domains, until=3 * minute, at=2 * minute, warm_up=0):
    run = Tried(folder, lambda: world(*domains), warm_up)
    run.run(at, keep={at})
    return run.run(until, resume=at)


def refuses(folder, sentence, *domains, **options):
    with pytest.raises(DesignError, match=re.escape(sentence)):
        resumed(folder, *domains, **options)


def counting(self, event):
    self.count += 1


def appending(self, event):
    self.log["pings"].append(event.id)


def part_changing(self, event):
    self.tally.add(1.0)


@pytest.mark.parametrize("warm_up", [0, minute])
@pytest.mark.parametrize(
    ("name", "value", "handler"),
    [("count", lambda: 0, counting), ("log", lambda: {"pings": []}, appending), ("tally", Tally, part_changing)],
)
def test_an_attribute_that_a_handler_changes_must_be_named(tmp_path, name, value, handler, warm_up):
    cls = odd(setup=lambda self, w, a: setattr(self, name, value()), hear=heard(handler), forget=lambda self: None)
    refuses(tmp_path, f"odd.{name} is changed by a process or a process handler: name it", Source, cls, warm_up=warm_up)


def test_an_attribute_that_a_process_changes_must_be_named(tmp_path):
    def tick(self):
        while True:
            yield self.world.timeline.timeout(10 * second)
            self.count += 1
            self.tick(1)

    def setup(self, world, area):
        self.count = 0
        self.process(tick(self))

    refuses(tmp_path, "odd.count is changed by a process", odd(setup=setup, tick=Event()))
    named = odd(setup=setup, tick=Event(), replayed=("count",))
    assert resumed(tmp_path / "named", named).domains["odd"].count == 17


def test_what_an_answer_changes_need_not_be_named(tmp_path):
    def look(self):
        self.asked += 1
        return self.asked

    cls = odd(
        setup=lambda self, w, a: setattr(self, "asked", 0),
        look=observe(look),
        hear=heard(lambda self, event: self.look()),
    )
    assert resumed(tmp_path, Source, cls).domains["odd"].asked == 3


def test_a_question_within_a_question(tmp_path):
    cls = odd(
        level=Reads("source.level"),
        inner=observe(lambda self, k: self.level[k]),
        outer=observe(lambda self: self.inner(0) + self.inner(1)),
        seen=Event(),
        hear=heard(lambda self, event: self.seen(1, value=self.outer())),
    )
    assert resumed(tmp_path, Source, cls).stop == 3 * minute


def test_a_question_may_not_send(tmp_path):
    cls = odd(
        shout=Event(),
        ask=observe(lambda self: self.shout(1)),
        hear=heard(lambda self, event: self.ask()),
    )
    refuses(tmp_path, "odd.shout is sent within a question: an @observe method only answers", Source, cls)


def test_a_process_that_reads_a_raw_array_differs_at_the_first_question(tmp_path):
    def half(self, x):
        return x / 2

    cls = odd(
        setup=lambda self, w, a: setattr(self, "raw", w.domains["source"].level),
        half=observe(half),
        hear=heard(lambda self, event: self.half(float(self.raw[0]))),
    )
    sentence = "the replay differs: it has the question odd.half(0.0) at 250 ms, the journal the question odd.half(1.0)"
    refuses(tmp_path, sentence, Source, cls)


OUTSIDE = {"value": 0.0}


def test_an_output_from_outside_differs_at_the_first_event(tmp_path):
    def hear(self, event):
        OUTSIDE["value"] += 1
        self.say(3, value=OUTSIDE["value"])

    OUTSIDE["value"] = 0.0
    sentence = "it has odd.say:3:0 (object -1, value 3) sent at 250 ms, the journal odd.say:3:0 (object -1, value 1)"
    refuses(tmp_path, sentence, Source, odd(say=Event(), hear=heard(hear)))


def test_a_row_from_outside_differs_at_the_first_row(tmp_path):
    def hear(self, event):
        OUTSIDE["value"] += 1
        self.rows("odd", x=[OUTSIDE["value"]])

    cls = odd(tables={"odd": {"x": Column()}}, hear=heard(hear))
    refuses(tmp_path, "the replay differs: it has noted record odd", Source, cls)


def test_a_saved_domain_starts_no_process(tmp_path):
    cls = odd(restores="save", hear=heard(lambda self, event: self.process(iter(()))))
    refuses(tmp_path, "odd starts a process, but restores = 'save': send itself later events instead", Source, cls)


class Holder:
    def __init__(self, thing):
        self.thing = thing


def test_how_a_domain_is_restored_is_checked_at_once(tmp_path):
    refuses(tmp_path, "odd.restores is 'saved': one of 'replay', 'save'", odd(restores="saved"))
    sentence = "odd names log, jobs in `replayed`, but restores = 'save': nothing of it is replayed"
    refuses(tmp_path, sentence, odd(restores="save", replayed=("log", "jobs")))


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda env: env.timeout(5), "it holds a Timeout, which belongs to processes"),
        (simpy.Store, "it holds a Store, which belongs to processes"),
        (lambda env: env, "it holds a Timeline, which belongs to processes"),
        (lambda env: [Holder(env.event())], "it holds a Event, which belongs to processes"),
        (lambda env: (i for i in range(3)), "it holds a generator"),
        (lambda env: {"key": lambda: 0}, "it holds the function or method tests.twin.test_journal.<lambda>"),
        (lambda env: object(), "it holds a bare object(), which would be another one after a resume"),
        (lambda env: Fleet(), "it holds a Fleet that is not this world's"),
        (lambda env: re.compile("a"), "it holds the function or method re._compile"),
    ],
)
def test_what_cannot_be_saved_is_named(tmp_path, make, what):
    cls = odd(setup=lambda self, w, a: setattr(self, "held", make(w.timeline)))
    with pytest.raises(DesignError) as error:
        resumed(tmp_path, cls)
    text = str(error.value).replace("<lambda>.<locals>.<lambda>", "<lambda>")
    assert text.startswith(f"odd.held cannot be saved ({what}")
    assert text.endswith(
        "name it in `replayed` if processes own it, in `unsaved` if set-up makes it anew, "
        "or give its class saved() and restore(values)"
    )
    assert resumed(tmp_path / "unsaved", type("Odd", (cls,), {"unsaved": ("held",)})).stop == 3 * minute


def test_a_part_that_set_up_does_not_make_is_named(tmp_path):
    cls = odd(advance=lambda self, start, stop: setattr(self, "tally", Tally()))
    refuses(tmp_path, "Odd.tally was saved as a part, which set-up does not make", cls)


def test_a_population_that_set_up_does_not_make_is_named(tmp_path):
    def advance(self, start, stop):
        if start == 0:
            Population(self.world, "late", 3, {"x": 0.0})

    refuses(tmp_path, "the population late is made while the world runs: make it in setup", odd(advance=advance))


def test_parts_that_hold_each_other_are_named(tmp_path):
    def setup(self, world, area):
        self.tally, other = Tally(), Tally()
        self.tally.other, other.other = other, self.tally

    refuses(tmp_path, "parts that hold each other, Odd -> Tally -> Tally -> Tally: name one", odd(setup=setup))


def test_a_part_may_hold_its_domain_and_the_world(tmp_path):
    def setup(self, world, area):
        self.tally = Tally()
        self.tally.domain, self.tally.world, self.tally.recorder = self, world, world.recorder
        self.tally.area, self.tally.people = area, [Population(world, "person", 2, {"x": 0.0})]

    w = resumed(tmp_path, odd(setup=setup))
    tally = w.domains["odd"].tally
    assert (tally.domain, tally.world, tally.recorder) == (w.domains["odd"], w, w.recorder)
    assert tally.area is w.area
    assert tally.people == [w.populations["person"]]


# -- the file -----------------------------------------------------------------------------------------------------------


def spoiled(folder, spoil):
    """A resume of a run whose journal, a list of lines, went through `spoil`."""
    run = tried(folder)
    run.run(2 * minute, keep={2 * minute})
    journal = folder / "journal.jsonl"
    journal.write_bytes(b"".join(spoil(journal.read_bytes().splitlines(keepends=True))))
    run.run(3 * minute, resume=2 * minute)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda lines: lines[:-1], "is cut short"),
        (lambda lines: [], "is cut short"),
        (lambda lines: [lines[0], *lines], "is not as it was when the checkpoint was written"),
        (lambda lines: [*lines[:-1], lines[-1].replace(b"1", b"2")], "is not as it was"),
        (lambda lines: [b"\xff" * len(line) for line in lines], "is not as it was"),
    ],
)
def test_a_damaged_journal_is_refused(tmp_path, spoil, sentence):
    with pytest.raises(InputError, match=f"journal.jsonl: {sentence}.*remedy: run again from the start"):
        spoiled(tmp_path, spoil)


def test_what_was_written_after_the_checkpoint_is_dropped(tmp_path):
    spoiled(tmp_path, lambda lines: [*lines, b'["asked",1,"odd.x",[],1]\n', b'["hea'])


def test_a_missing_journal_is_refused(tmp_path):
    run = tried(tmp_path)
    run.run(minute, keep={minute})
    (tmp_path / "journal.jsonl").unlink()
    with pytest.raises(InputError, match=r"journal.jsonl: cannot be read"):
        run.run(3 * minute, resume=minute)
    assert not (tmp_path / "journal.jsonl").exists()


def test_a_journal_with_an_entry_too_many_or_too_few(tmp_path):
    """The checksum sees such a file first; a replay that ends elsewhere than the run is named all the same."""
    from twin.journal import Journal

    def lines(*entries):
        path = tmp_path / "journal.jsonl"
        path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
        return path, path.stat().st_size

    sent = ["sent", 250, "odd.say", 250, 7, -1, 0.0, 0, []]
    ping = ["heard", 250, 0, "odd", "hear", "source.ping", 250, 7, -1, 0.0, 0, []]
    cls = odd(say=Event(), hear=heard(lambda self, event: self.say(7)))
    for entries, sentence in (
        ([ping, sent], None),
        (
            [ping, sent, ["asked", 300, "odd.x", [1, "a"], 2]],
            "the journal goes on with the question odd.x(1, a) at 300",
        ),
        ([ping], "it has odd.say:7:0 (object -1, value 0) sent at 250 ms, the journal its end"),
    ):
        w = world(Source, cls)
        w.journal = Journal(w, *lines(*entries))
        if sentence is None:
            w.journal.replay(minute)
        else:
            with pytest.raises(DesignError, match=re.escape(sentence)):
                w.journal.replay(minute)
        w.journal.close()


def test_a_full_disk_is_one_sentence(tmp_path):
    from twin.journal import Journal

    w = world(Source, odd(say=Event(), hear=heard(lambda self, event: self.say(7))))
    w.journal = Journal(w, tmp_path / "journal.jsonl")
    w.journal._file.close()
    with open("/dev/full", "wb", buffering=0) as w.journal._file, pytest.raises(InputError, match="No space left"):
        w.run(minute)


# -- what is not in a column --------------------------------------------------------------------------------------------


def test_a_warm_up_that_ends_at_the_edge_of_the_checkpoint(tmp_path, uninterrupted):
    run = tried(tmp_path, warm_up=3 * minute)
    run.run(3 * minute, keep={3 * minute})
    assert result(run.run(END, resume=3 * minute)) == uninterrupted(warm_up=3 * minute)


def test_observed_time_in_a_replay_is_that_of_the_run(tmp_path):
    cls = odd(
        say=Event(),
        hear=heard(lambda self, event: self.say(7, value=self.world.observed_from)),
        forget=lambda self: None,
        replayed=("nothing",),
        indicators=lambda self: [Indicator("x", 1.0, "1")],
    )
    w = resumed(tmp_path, Source, cls, warm_up=minute)
    assert w.observed_ms == 2 * minute


def test_answers_come_back_as_they_went(tmp_path):
    given = [0.1 + 0.2, float("inf"), -0.0, 1e22, 2**70, True, None, "é\n\ud800", (), ((1,), "x"), np.int8(3), np.True_]

    def hear(self, event):
        self.seen.append([self.answer(k) for k in range(len(given))])

    cls = odd(
        setup=lambda self, w, a: setattr(self, "seen", []),
        answer=observe(lambda self, k: given[k]),
        hear=heard(hear),
        replayed=("seen",),
    )
    seen = resumed(tmp_path, Source, cls).domains["odd"].seen
    assert len(seen) == 3
    assert [(type(x), repr(x)) for x in seen[0]] == [(type(x), repr(x)) for x in seen[2]]


# -- what is beside the columns -----------------------------------------------------------------------------------------


def same(folder, *domains):
    run = Tried(folder, lambda: world(*domains))
    folder.mkdir(exist_ok=True)
    whole = run.run(4 * minute).recorder.digests()
    assert resumed(folder / "resumed", *domains, until=4 * minute).recorder.digests() == whole


def test_what_set_up_records_and_asks_for_is_not_there_twice(tmp_path):
    def setup(self, world, area):
        self.units = Population(world, "unit", 3, {"x": 0.0})
        self.units.set_later("x", 1, 7.0)
        self.rows("odd", x=[1.0])
        self.record("unit.x", self.units.x)

    def step(self):
        self.units.x[1] += 1.0
        self.record("unit.x", self.units.x)

    declared = {"tables": {"odd": {"x": Column()}}, "series": {"unit": {"x": Column()}}}
    same(tmp_path, odd(setup=setup, step=step, **declared))


def test_agents_that_were_put_in_order_in_place_stay_so(tmp_path):
    def step(self):
        agents = self.units.agents
        if self.now == minute:
            agents.shuffle(inplace=True).discard(agents[0])
        for place, agent in enumerate(agents):
            agent.x += place
        self.record("unit.x", self.units.x)

    def setup(self, world, area):
        self.units = Population(world, "unit", 6, {"x": 0.0}, agent=mesa.Agent)

    same(tmp_path, odd(setup=setup, step=step, series={"unit": {"x": Column()}}))


def test_minus_zero_in_a_column_stays_so(tmp_path):
    def step(self):
        self.units.x[3] = -0.0
        self.record("unit.x", self.units.x)

    def setup(self, world, area):
        self.units = Population(world, "unit", 60, {"x": Column(default=0.0)})

    run = Tried(tmp_path, lambda: world(odd(setup=setup, step=step, series={"unit": {"x": Column()}})))
    run.run(minute, keep={minute})
    assert np.signbit(run.run(minute, resume=minute).domains["odd"].units.x[3])


class Asked(Domain):
    """Saved, and asked by a process of another domain."""

    name, restores = "asked", "save"

    def setup(self, world, area):
        self.count = 0

    def advance(self, start, stop):
        self.count += 1

    @observe
    def how_many(self):
        return self.count


def test_a_process_may_ask_a_saved_domain(tmp_path):
    def hear(self, event):
        self.seen.append(self.world.domains["asked"].how_many())

    cls = odd(setup=lambda self, w, a: setattr(self, "seen", []), hear=heard(hear), replayed=("seen",))
    assert resumed(tmp_path, Source, Asked, cls).domains["odd"].seen == [1, 2, 3]


def test_a_saved_domain_may_not_wait_in_simpy(tmp_path):
    cls = odd(restores="save", hear=heard(lambda self, event: self.world.timeline.timeout(5)))
    refuses(tmp_path, "odd touches a process or resource, but restores = 'save': send itself later events", Source, cls)


def test_a_named_number_is_a_number_in_a_run_as_in_a_replay(tmp_path):
    class Kind(enum.IntEnum):
        ONE = 1

    def hear(self, event):
        self.seen.append(repr(self.kind()))

    cls = odd(
        setup=lambda self, w, a: setattr(self, "seen", []),
        kind=observe(lambda self: Kind.ONE),
        hear=heard(hear),
        replayed=("seen",),
    )
    assert resumed(tmp_path, Source, cls).domains["odd"].seen == ["1", "1", "1"]


def test_an_answer_that_json_does_not_know_is_refused_at_once(tmp_path):
    cls = odd(day=observe(lambda self: np.datetime64("2025-03-11")), hear=heard(lambda self, event: self.day()))
    refuses(tmp_path, "in a question or answer: only int, float, bool, str, None and tuples", Source, cls)
