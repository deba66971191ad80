"""From a configuration to a world: the area, what its measures build in it, the domains, and the measures' commands."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from scenarios.configuration import Configuration
from twin.area import Area
from twin.clock import Calendar
from twin.errors import DesignError, Fault, InputError
from twin.recording import Recorder
from twin.units import duration
from twin.world import World

if TYPE_CHECKING:
    from twin.domain import Domain


def build_area(configuration: Configuration) -> Area:
    """The area that the configuration names: generated, or read from its folder."""
    from scenarios.areas import build

    options = dict(configuration.area)
    area = build(options.pop("type"), **options)
    if not len(area.links):
        raise InputError(Fault("area", "has no streets", remedy="build it from an extract with roads"))
    return area


def build_world(
    configuration: Configuration,
    area: Area,
    recorder: Recorder | None = None,
    prepare: Callable[[Sequence[Domain]], None] = lambda domains: None,
) -> World:
    """The world of a configuration, with its measures built and posted. Raises InputError for what its names do not find.

    area    : without what the measures build
    prepare : takes the domains before they are set up
    """
    run = configuration.run
    domains = [found(config) for found, config in configuration.domains.values()]
    if run.learned or run.learning:
        from scenarios.learning import hours, read, teach

        teach(domains, read(run.learned, area, hours(configuration)))
    prepare(domains)
    area = altered(area, configuration)
    world = World(
        area,
        domains,
        seed=run.seed,
        window=duration(run.window),
        calendar=Calendar(run.start, run.time_zone),
        cut=set(run.cut),
        recorder=recorder,
    )
    post_measures(world, configuration)
    return world


def post_measures(world: World, configuration: Configuration, after: int = 0) -> None:
    """Post the measures of a configuration, without the first `after`. Raises InputError with every fault."""
    faults = list[Fault]()
    for name, measure in list(configuration.measures.items())[after:]:
        where = _place(configuration, name)
        try:
            measure.post(world, where)
        except InputError as error:
            faults += error.faults
        except DesignError as error:
            faults.append(Fault(where, str(error), remedy="add the domain that the measure acts on"))
    if faults:
        raise InputError(faults)


def altered(area: Area, configuration: Configuration) -> Area:
    """The area with all that the measures of a configuration build in it. Raises InputError with every fault."""
    faults = list[Fault]()
    for name, measure in configuration.measures.items():
        try:
            area = measure.alter(area, _place(configuration, name))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return area


def _place(configuration: Configuration, measure: str) -> str:
    """Where the configuration names a measure."""
    if measure in configuration.scenario.measures:
        return f"scenario.measures.{measure}"
    return f"scenario.alternatives.{configuration.run.alternative}.{measure}"


def use_threads(threads: int) -> None:
    """Let numba's parallel kernels use so many threads; those of the built-in domains are serial.

    Raises InputError for more than this machine has.
    """
    from scenarios.workers import cores

    if threads > cores():
        raise InputError(Fault("run.threads", f"is {threads}", f"1 to {cores()}, what this machine has"))
    import numba

    if threads != numba.config.NUMBA_NUM_THREADS:
        os.environ["NUMBA_NUM_THREADS"] = str(threads)
        try:
            numba.config.reload_config()
        except RuntimeError as error:
            raise InputError(
                Fault(
                    "run.threads",
                    f"numba has already begun with {numba.config.NUMBA_NUM_THREADS} threads",
                    remedy=f"begin Python with NUMBA_NUM_THREADS={threads}",
                )
            ) from error
