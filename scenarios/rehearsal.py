"""What the parent does once so that no replication has to: try every measure, and have every kernel compiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scenarios.assembly import altered, build_area, build_world, post_measures, use_threads
from scenarios.configuration import Configuration, compose
from twin.area import Area
from twin.clock import hour
from twin.errors import Fault, InputError
from twin.world import World

# all kernels are needed by nine: the peak has begun, a station has failed, a street has been closed
UNTIL = 9 * hour
STORY = (
    'scenario.measures.failure={type: asset_failure, where: {asset: largest_substation}, from: "06:00", for: 1 h}',
    '+scenario.measures.works={type: close_street, where: {street: busiest}, from: "07:00", until: "08:00"}',
)


def rehearse(configurations: Sequence[Configuration], area: Area) -> None:
    """Build what the measures build, set up the world once for each place that comes of it, and post all measures.

    Raises InputError with every fault of names that they do not find. What the set-up imports is the forked replications'
    as well. What breaks in a domain's own set-up is left to them, because it may break for one seed only.
    """
    use_threads(1)
    faults: list[Fault] = []
    worlds: dict[str, World] = {}
    for configuration in configurations:
        try:
            place = altered(area, configuration)
            if place.digest() not in worlds:
                worlds[place.digest()] = _empty(configuration, place)
            post_measures(worlds[place.digest()], configuration)
        except InputError as error:
            faults += [fault for fault in error.faults if fault not in faults]
        except _SetUpError:
            return
    if faults:
        raise InputError(faults)


class _SetUpError(Exception):
    """A domain's own set-up raised."""


def _empty(configuration: Configuration, area: Area) -> World:
    """The world of a configuration without measures and learned times."""
    run = configuration.run.model_copy(update={"learning": 0, "learned": ""})
    try:
        return build_world(replace(configuration, measures={}, run=run), area)
    except InputError:
        raise
    except Exception as error:  # an author's set-up may raise anything; each replication tells of it in its own folder
        raise _SetUpError from error


def compile_kernels() -> None:
    """Run the morning of the smallest town: compiles, or loads from the cache, what the built-in domains need.

    About 0.6 s where the cache has everything. Otherwise every process would compile the same kernels.
    """
    configuration = compose(["scenario=outage", "area.citizens=1000", *STORY])
    world = build_world(configuration, build_area(configuration))
    world.run(UNTIL)
    world.indicators()
