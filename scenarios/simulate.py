"""One run: from a configuration to a run folder."""

from __future__ import annotations

import platform
import resource
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenarios.assembly import build_area, build_world, post_measures, use_threads
from scenarios.configuration import Configuration
from scenarios.failing import log_failure
from scenarios.interruption import Interruption, StoppedAtEdge
from scenarios.provenance import code_digest, versions, write_place
from twin.area import Area
from twin.checkpoints import Checkpoints
from twin.clock import day, hour
from twin.errors import DesignError, Fault, InputError
from twin.journal import Journal, bring_back
from twin.locking import Lock
from twin.recording import RUN_SCHEMA, Recorder, Run, new_run_folder, part_files, put_in_place, write_json, writing
from twin.units import duration
from twin.world import World

if TYPE_CHECKING:
    from scenarios.resuming import Branch
    from twin.checkpoints import Checkpoint


class Simulation:
    """A run under way: its folder, its world and its manifest.

    The manifest says "running" from the first moment on, so that a killed process leaves a readable run; what its
    processes hear is written down, so that it can go on from a checkpoint.

    area       : of the configuration, where it has been built before
    said       : takes what is being done, in a few words
    place      : the run folder, which does not exist; one of the day and time below `run.folder` if absent
    checkpoint : ms of simulated time between two checkpoints; 0: only where the run is interrupted. One that is due while
        the one before is still being written is left out, unless the hour is full
    branch     : where the run branches off from another one; at midnight by itself, if absent
    told       : takes a line for each day of learning
    """

    def __init__(
        self,
        configuration: Configuration,
        area: Area | None = None,
        said: Callable[[str], None] = lambda text: None,
        place: Path | None = None,
        *,
        checkpoint: int = 0,
        branch: Branch | None = None,
        told: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.configuration, self.place, self.checkpoint_ms = configuration, place, checkpoint
        try:
            self._set_up(area, said, told if branch is None else None)
        except InputError:
            raise
        except Exception as error:  # a fault of a domain's: its run folder says so
            self.open()
            self._fail(error)
            self.lock.release()
            raise
        if branch is None:
            self.open()
            self.write_into(self.folder, 0)
            return
        from scenarios.resuming import check_belongs

        kept, self.passed = branch.checkpoint()
        check_belongs(kept, self.belongs, configuration, branch.at)
        self.open()
        self.manifest["branched"] = {"from": str(branch.folder), "at_ms": branch.at, "checkpoint_ms": kept.ms}
        self._bring_back(kept, said, branch.folder)

    @classmethod
    def resume(
        cls,
        folder: Path,
        area: Area | None = None,
        said: Callable[[str], None] = lambda text: None,
        *,
        checkpoint: int = 0,
        as_trunk: bool = False,
    ) -> Simulation:
        """A run that was cut short, ready to go on from its newest whole checkpoint; from midnight where there is none.

        as_trunk : whether measures that begin at the checkpoint or later may be others than those of then
        Raises InputError where the run is complete or under way, and where the checkpoint belongs to something else.
        """
        from scenarios.resuming import read_configuration

        self = cls.__new__(cls)
        self.configuration, self.place, self.checkpoint_ms = read_configuration(folder), folder, checkpoint
        self.lock = Lock(folder, "wait until that process has ended")
        try:
            self._go_on(folder, area, said, as_trunk)
        except BaseException:
            self.lock.release()
            raise
        return self

    def _go_on(self, folder: Path, area: Area | None, said: Callable[[str], None], as_trunk: bool) -> None:
        """Take up the run in `folder` again."""
        from scenarios.resuming import check_belongs, newest

        if Run(folder).manifest.get("status") == "complete":
            raise InputError(
                Fault(str(folder), "is complete: there is nothing to go on with", remedy="twin report RUN")
            )
        self.folder, self.manifest = folder, Run(folder).manifest
        self._set_up(area, said)
        kept, self.passed = newest(folder)
        if kept is not None:
            check_belongs(kept, self.belongs, self.configuration if as_trunk else None, kept.ms)
        self.manifest["resumed"] = [*self.manifest.get("resumed", []), kept.ms if kept else 0]
        self.manifest |= {"status": "running"}
        self.manifest.pop("reason", None)
        if kept is None:
            for part in part_files(folder):
                part.unlink()
            self.manifest |= self._provenance()
        write_json(folder / "manifest.json", self.manifest)
        if kept is None:
            self.write_into(folder, 0)
        else:
            self._bring_back(kept, said)

    def _set_up(
        self, area: Area | None, said: Callable[[str], None], told: Callable[[str], None] | None = None
    ) -> None:
        """The area and the world, before any folder is touched.

        told : takes a line for each day of learning; without it what the run asks for must have been learned
        """
        from scenarios.resuming import belongs_to

        self.began, self.passed = time.time(), list[str]()
        use_threads(self.configuration.run.threads)
        started = time.perf_counter()
        said("area")
        self.area = area or build_area(self.configuration)
        self.area_s = time.perf_counter() - started
        if told and self.configuration.run.learning:
            from scenarios.learning import learn
            from scenarios.rehearsal import rehearse

            rehearse([self.configuration], self.area)  # what is wrong is told before days are spent
            self.configuration = learn(self.configuration, self.area, said, told)
        said("domains")
        started = time.perf_counter()
        self.world = build_world(self.configuration, self.area, Recorder(None))
        self.area = self.world.area
        self.belongs = belongs_to(self.configuration, self.area)
        self.setup_s = time.perf_counter() - started

    def write_into(self, folder: Path, journal: int) -> None:
        """Let `folder` take what is recorded, what processes hear (behind `journal` bytes) and the checkpoints."""
        from scenarios.resuming import CHECKPOINTS, JOURNAL

        world, recorder = self.world, self.world.recorder
        recorder.folder, recorder.keep = folder, self.configuration.run.record == "full"
        if world.journal is not None:
            world.journal.close()
        with writing(folder):
            world.journal = Journal(world, folder / JOURNAL, journal)
        self.checkpoints = Checkpoints(folder / CHECKPOINTS, self.belongs)

    def _bring_back(self, kept: Checkpoint, said: Callable[[str], None], source: Path | None = None) -> None:
        """Bring the world to a checkpoint, of the run in `source` if that is another one."""
        from scenarios.resuming import copy_prefix

        said(f"back to {self.world.calendar.text(kept.ms)}")
        try:
            if source:
                copy_prefix(source, self.folder)
            self.write_into(self.folder, kept.about["journal"])
            assert self.world.journal is not None
            bring_back(self.world, kept.state(self.world), self.world.journal)
        except BaseException as error:
            self._fail(error)
            self.lock.release()
            raise

    def become(self, configuration: Configuration, place: Path) -> None:
        """Go on as another run, in a process of its own: a folder at `place`, with what was recorded so far.

        The process was forked at an edge, after `settle`.
        """
        from scenarios.resuming import belongs_to, copy_prefix

        before, journal = self.folder, self.world.journal
        self.world.recorder.folder = None  # whatever fails, nothing goes to the other run's folder
        self.lock.release()  # this process's copy of it
        self.configuration, self.place, self.folder = configuration, place, place
        self.belongs = belongs_to(configuration, self.area)
        self.open()
        copy_prefix(before, self.folder)
        assert journal is not None
        self.write_into(self.folder, journal.size)
        if self.checkpoint_ms:
            self.save()

    def save(self) -> None:
        """Write a checkpoint of this edge. Raises DesignError for what cannot be saved."""
        self.checkpoints.write(self.world)

    def go_on_with(self, configuration: Configuration, after: int) -> None:
        """Take the other measures of `configuration`, without the first `after`, at an edge before they begin."""
        from scenarios.resuming import belongs_to

        self.configuration, self.belongs = configuration, belongs_to(configuration, self.area)
        self.checkpoints.about = dict(self.belongs)
        post_measures(self.world, configuration, after)

    def settle(self) -> None:
        """Put everything so far onto the disk, so that the process may be forked."""
        self.checkpoints.finish()
        if self.world.journal is not None:
            self.world.journal.flush()

    def open(self) -> None:
        """Make the run folder with configuration and manifest; whole, or not at all."""
        from omegaconf import OmegaConf

        run, now, scenario = self.configuration.run, datetime.now(), self.configuration.scenario_name
        story = f"{scenario}-{run.alternative}" if run.alternative else scenario
        self.manifest: dict[str, Any] = {"status": "running", **self._provenance()}
        named = self.place or Path(run.folder, f"{now:%Y-%m-%d}", f"{now:%H%M%S}-{story}-{run.seed}")
        partial = new_run_folder(named.parent, f".{named.name}.partial")
        try:
            self.lock = Lock(partial)
            with writing(partial):
                (partial / "config.yaml").write_text(OmegaConf.to_yaml(self.configuration.plain), encoding="utf-8")
            if run.record == "full":
                write_place(self.area, partial / "area")
            write_json(partial / "manifest.json", self.manifest)
            self.folder = put_in_place(partial, named)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise

    def _provenance(self) -> dict[str, Any]:
        """What a manifest says of where a run comes from."""
        run = self.configuration.run
        return {
            "schema": RUN_SCHEMA,
            "scenario": self.configuration.scenario_name,
            "alternative": run.alternative,
            "title": self.configuration.scenario.name,
            "seed": run.seed,
            "started": datetime.now().isoformat(timespec="seconds"),
            "start": run.start,
            "time_zone": run.time_zone,
            "days": run.days,
            "simulated_ms": 0,
            "versions": versions(),
            "code_digest": code_digest(),
            "platform": platform.platform(),
            "area": {
                "name": self.area.name,
                "digest": self.area.digest(),
                "crs": self.area.crs,
                "path": self.configuration.area,
            },
            "least_residents": run.least_residents,
            "cut": sorted(run.cut),
            **self._learned(),
            "purpose": run.purpose,
            "owner": run.owner,
            "keep_until": run.keep_until,
            "warnings": [],
        }

    def _learned(self) -> dict[str, Any]:
        """What a manifest says of learned times, where there are some."""
        if not self.configuration.run.learned:
            return {}
        from scenarios.learning import described

        return {"learned": described(self.configuration.run.learned)}

    def run(self, progress: Callable[[int], None] = lambda ms: None) -> None:
        """Simulate to the end; on any failure the manifest says what happened and the parts written stay."""
        run, world = self.configuration.run, self.world
        started = time.perf_counter()
        with Interruption() as interruption:

            def watch(ms: int) -> None:
                progress(ms)
                if ms % hour == 0:  # when parts are written: a killed run says how far it came
                    write_json(self.folder / "manifest.json", self.manifest | {"simulated_ms": ms})
                interruption.check()

            def keep(at: World) -> None:
                if not self.checkpoint_ms or at.stop % self.checkpoint_ms:
                    return
                # at night a quarter of an hour passes sooner than a disk writes: only full hours wait for it
                if at.stop % hour == 0 or not self.checkpoints.busy:
                    self.save()

            world.at_edge, warm_up = keep, duration(run.warm_up)
            try:
                if world.stop < warm_up or (world.stop == warm_up and world.observed_from < warm_up):
                    world.run(warm_up, watch)
                    world.begin_observation()
                world.run(round(run.days * day), watch)
                self.checkpoints.finish()
                self.loop_s = time.perf_counter() - started
                self._finish()
            except BaseException as error:
                self._fail(error)
                raise
            finally:
                self._let_go()

    def _let_go(self) -> None:
        """Close what the run held open; a checkpoint that is still being written is finished."""
        with suppress(InputError):
            self.checkpoints.finish()
        if self.world.journal is not None:
            self.world.journal.close()
        self.lock.release()

    def _fail(self, error: BaseException) -> None:
        """Keep what was recorded, and say in the manifest what happened."""
        world: World | None = getattr(self, "world", None)
        interrupted = isinstance(error, KeyboardInterrupt)
        self.manifest |= {
            "status": "interrupted" if interrupted else "failed",
            "simulated_ms": world.stop if world else 0,
            "reason": f"{type(error).__name__}: {error}"[:2000],
        }
        if not isinstance(error, InputError | KeyboardInterrupt):
            log_failure(self.folder, error)
        if world and isinstance(error, StoppedAtEdge):
            with suppress(InputError, DesignError):
                self.checkpoints.write(world)
                self.checkpoints.finish()
        with suppress(InputError):  # the disk; the first error is the one to tell
            write_json(self.folder / "manifest.json", self.manifest)
            if world and not isinstance(error, InputError):
                world.recorder.flush(world.stop)

    def _finish(self) -> None:
        world, run = self.world, self.configuration.run
        self.indicators = world.indicators()
        self.balances = world.balances()
        world.recorder.flush(world.stop)
        world.close()
        from scenarios.cautions import jam, unseen_weather
        from scenarios.indicators import described

        rows = [described(i) for i in self.indicators]
        write_json(self.folder / "indicators.json", rows)
        broken = [b for b in self.balances if not b.holds]
        warnings = [f"not conserved: {b.law}: {b.left:g} against {b.right:g} {b.unit}" for b in broken]
        warnings += [said for said in (jam(rows), unseen_weather(rows)) if said]
        self.manifest |= {
            "status": "complete",
            "simulated_ms": world.stop,
            "result_digest": world.recorder.result_digest(),
            "digests": world.recorder.digests(),
            "wall_s": round(time.time() - self.began, 3),
            "seconds": {
                "area": round(self.area_s, 3),
                "setup": round(self.setup_s, 3),
                "loop": round(self.loop_s, 3),
                **{name: round(value, 3) for name, value in world.seconds.items()},
            },
            "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0, 1),
            "balances": [{**asdict(b), "holds": b.holds} for b in self.balances],
            "couplings": world.couplings,
            "warnings": warnings,
            "record": run.record,
        }
        write_json(self.folder / "manifest.json", self.manifest)
        if broken:
            raise RuntimeError("; ".join(warnings))
