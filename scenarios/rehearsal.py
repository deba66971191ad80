"""What the parent does once so that no replication has to: try every measure, and have every kernel compiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scenarios.arms import Arm
from scenarios.assembly import build_area, build_world, post_measures, use_threads
from scenarios.configuration import compose
from twin.area import Area
from twin.clock import hour
from twin.errors import Fault, InputError

# all kernels are needed by nine: the peak has begun, a station has failed, a street has been closed
UNTIL = 9 * hour
STORY = (
    'scenario.measures.failure={type: asset_failure, where: {asset: largest_substation}, from: "06:00", for: 1 h}',
    '+scenario.measures.works={type: close_street, where: {street: busiest}, from: "07:00", until: "08:00"}',
)


def rehearse(arms: Sequence[Arm], area: Area) -> None:
    """Build the world of the first arm and post every arm's measures. Raises InputError for names they do not find.

    What the set-up imports is the forked replications' as well. What breaks in a domain's own set-up is left to them,
    because it may break for one seed only.
    """
    use_threads(1)
    faults: list[Fault] = []
    try:
        world = build_world(replace(arms[0].configuration, measures={}), area)
    except InputError:
        raise
    except Exception:  # an author's set-up may raise anything; each replication tells of it in its own folder
        return
    for arm in arms:
        try:
            post_measures(world, arm.configuration)
        except InputError as error:
            faults += [fault for fault in error.faults if fault not in faults]
    if faults:
        raise InputError(faults)


def compile_kernels() -> None:
    """Run the morning of the smallest town: compiles, or loads from the cache, what the built-in domains need.

    About 0.6 s where the cache has everything. Otherwise every process would compile the same kernels.
    """
    configuration = compose(["scenario=outage", "area.citizens=1000", *STORY])
    world = build_world(configuration, build_area(configuration))
    world.run(UNTIL)
    world.indicators()
