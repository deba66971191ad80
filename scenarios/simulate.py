"""One run: from a configuration to a run folder."""

from __future__ import annotations

import os
import platform
import resource
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from scenarios.configuration import Configuration
from twin.area import Area
from twin.clock import Calendar, day
from twin.errors import Fault, InputError
from twin.recording import RUN_SCHEMA, Recorder, new_run_folder, write_json, writing
from twin.units import duration
from twin.world import World

PACKAGES = ("area-twin", "numpy", "numba", "simpy", "mesa", "power-grid-model", "routingkit-cch", "pyarrow")


def build_area(configuration: Configuration) -> Area:
    """The area that the configuration names: generated, or read from its folder."""
    from scenarios.areas import build

    options = dict(configuration.area)
    area = build(options.pop("type"), **options)
    if not len(area.links):
        raise InputError(Fault("area", "has no streets", remedy="build it from an extract with roads"))
    return area


def build_world(configuration: Configuration, area: Area, recorder: Recorder | None = None) -> World:
    """The world of a configuration, with its measures posted. Raises InputError for what its names do not find."""
    from twin.errors import DesignError

    run = configuration.run
    domains = [found(config) for found, config in configuration.domains.values()]
    couplings = set(run.cut)
    try:
        world = World(area, domains, seed=run.seed, window=duration(run.window), calendar=Calendar(run.start, run.time_zone),
                      cut=couplings, recorder=recorder)
    except DesignError as error:
        if "no coupling is called" in str(error) or "the run has no domain" in str(error):
            raise InputError(Fault("run.cut" if couplings else "domain", str(error))) from error
        raise
    faults: list[Fault] = []
    for name, measure in configuration.measures.items():
        try:
            measure.post(world, f"scenario.measures.{name}")
        except InputError as error:
            faults += error.faults
        except DesignError as error:
            faults.append(Fault(f"scenario.measures.{name}", str(error), remedy="add the domain that the measure acts on"))
    if faults:
        raise InputError(faults)
    return world


class Simulation:
    """A run under way: its folder, its world and its manifest.

    The manifest says "running" from the first moment on, so that a killed process leaves a readable run.
    """

    def __init__(self, configuration: Configuration, area: Area | None = None,
                 said: Callable[[str], None] = lambda text: None) -> None:
        self.configuration, self.began = configuration, time.time()
        started = time.perf_counter()
        said("area")
        self.area = area or build_area(configuration)
        self.area_s = time.perf_counter() - started
        run = configuration.run
        now = datetime.now()
        name = f"{now:%Y-%m-%d}/{now:%H%M%S}-{configuration.scenario_name}-{run.seed}"
        os.environ.setdefault("NUMBA_NUM_THREADS", str(run.threads))
        recorder = Recorder(None)
        said("domains")
        started = time.perf_counter()
        self.world = build_world(configuration, self.area, recorder)
        self.setup_s = time.perf_counter() - started
        self.folder = new_run_folder(run.folder, name)
        recorder.folder, recorder.keep = self.folder, run.record == "full"
        self.manifest: dict[str, Any] = {
            "schema": RUN_SCHEMA, "status": "running", "scenario": configuration.scenario_name,
            "title": configuration.scenario.name, "seed": run.seed, "started": now.isoformat(timespec="seconds"),
            "start": run.start, "time_zone": run.time_zone, "days": run.days, "simulated_ms": 0,
            "versions": versions(), "code_digest": code_digest(), "platform": platform.platform(),
            "area": {"name": self.area.name, "digest": self.area.digest(), "crs": self.area.crs, "path": configuration.area},
            "least_residents": run.least_residents, "cut": sorted(run.cut),
            "purpose": run.purpose, "owner": run.owner, "keep_until": run.keep_until, "warnings": [],
        }
        self._write_start()

    def _write_start(self) -> None:
        from omegaconf import OmegaConf

        with writing(self.folder):
            (self.folder / "config.yaml").write_text(OmegaConf.to_yaml(self.configuration.plain), encoding="utf-8")
        write_json(self.folder / "manifest.json", self.manifest)
        if self.configuration.run.record == "full":
            write_place(self.area, self.folder / "area")

    def run(self, progress: Callable[[int], None] | None = None) -> None:
        """Simulate to the end; on any failure the manifest says what happened and the parts written stay."""
        run, world = self.configuration.run, self.world
        until, warm_up = round(run.days * day), duration(run.warm_up)
        if warm_up >= until:
            raise InputError(Fault("run.warm_up", f"is {run.warm_up}", f"less than the {run.days:g} days of the run"))
        started = time.perf_counter()
        try:
            if warm_up:
                world.run(warm_up, progress)
                world.begin_observation()
            world.run(until, progress)
            self.loop_s = time.perf_counter() - started
            self._finish()
        except BaseException as error:
            self.manifest |= {"status": "interrupted" if isinstance(error, KeyboardInterrupt) else "failed",
                              "simulated_ms": world.stop, "reason": f"{type(error).__name__}: {error}"[:2000]}
            self._close(error)
            raise

    def _close(self, error: BaseException) -> None:
        try:
            if isinstance(error, KeyboardInterrupt):
                self.world.recorder.flush(self.world.stop)
            write_json(self.folder / "manifest.json", self.manifest)
        except InputError:
            if not isinstance(error, InputError):
                raise error from None

    def _finish(self) -> None:
        world, run = self.world, self.configuration.run
        self.indicators = world.indicators()
        self.balances = world.balances()
        world.recorder.flush(world.stop)
        world.close()
        from scenarios.indicators import described

        write_json(self.folder / "indicators.json", [described(i) for i in self.indicators])
        broken = [b for b in self.balances if not b.holds]
        warnings = [f"not conserved: {b.law}: {b.left:g} against {b.right:g} {b.unit}" for b in broken]
        self.manifest |= {
            "status": "complete", "simulated_ms": world.stop, "result_digest": world.recorder.result_digest(),
            "digests": world.recorder.digests(), "wall_s": round(time.time() - self.began, 3),
            "seconds": {"area": round(self.area_s, 3), "setup": round(self.setup_s, 3), "loop": round(self.loop_s, 3),
                        **{name: round(value, 3) for name, value in world.seconds.items()}},
            "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0, 1),
            "balances": [{**asdict(b), "holds": b.holds} for b in self.balances],
            "couplings": world.couplings, "warnings": warnings, "record": run.record,
        }
        write_json(self.folder / "manifest.json", self.manifest)
        if broken:
            raise RuntimeError("; ".join(warnings))


def write_place(area: Area, folder: Path) -> Path:
    """Write the area without its people and households: what a picture of the run needs, and no person in it.

    About 0.1 s and 0.8 MB for a town of 20,000.
    """
    tables = {name: vars(table) for name, table in area.tables.items() if name not in ("people", "households")}
    return Area(area.name, area.crs, tables, area.sources, area.facts).write(folder)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that carry the numbers."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "source"
    return found


def code_digest() -> str:
    """A hash of the program's own Python files and configuration."""
    import hashlib

    root = Path(__file__).resolve().parent.parent
    total = hashlib.blake2b(digest_size=16)
    for package in ("twin", "agents", "scenarios", "configs"):
        for file in sorted((root / package).rglob("*")):
            if file.suffix in (".py", ".yaml"):
                total.update(f"{file.relative_to(root)}\n".encode())
                total.update(file.read_bytes())
    return total.hexdigest()
