"""Queue cases on the station kernel (agents.care.queues) and on twin.waiting."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.verification.registry import SHORT, stochastic
from twin import draws

Floats = NDArray[np.float64]
ENDLESS = 1 << 60
BUSY = 0.87  # load beyond which a run of 12,000 customers, from an empty station, says too little


def lengths(run_length: Mapping[str, Any]) -> tuple[int, int]:
    """(customers of warm-up, customers counted) of a run."""
    warm = re.search(r"warm-up of (\d+)", str(run_length.get("unit", "")))
    n = int(run_length.get("n", 200_000)) if "unit" in run_length else 200_000
    return (int(warm.group(1)) if warm else n // 10), n


def unit_work(replication: int, purpose: str, n: int, cv: float) -> Floats:
    """n times of service of mean 1: cv 0 fixed, cv < 0 exponential, else lognormal."""
    stream, rows = draws.stream(replication, purpose), np.arange(n)
    if cv == 0:
        return np.ones(n)
    if cv < 0:
        return draws.exponentials(stream, rows)
    sigma2 = np.log1p(cv * cv)
    return np.exp(-sigma2 / 2 + np.sqrt(sigma2) * draws.normals(stream, rows))


def poisson(replication: int, rate: float, n: int) -> Floats:
    """The first n arrivals of a Poisson process."""
    return np.cumsum(draws.exponentials(draws.stream(replication, "arrival"), np.arange(n))) / rate


class Run:
    """One run of the station: customers after the warm-up, and time averages over the same span."""

    def __init__(
        self,
        arrive: Floats,
        work: Floats,
        servers: int,
        warm: int,
        priority: Any = None,
        patience: Any = None,
        room: int = ENDLESS,
        preempt: bool = False,
    ) -> None:
        from agents.care.queues import station

        n = len(arrive)
        start, leave, fate = np.empty(n), np.empty(n), np.empty(n, np.int8)
        station(
            arrive,
            np.zeros(n, np.int64) if priority is None else priority,
            work,
            np.full(n, np.inf) if patience is None else patience,
            servers,
            room,
            preempt,
            start,
            leave,
            fate,
        )
        self.kept = slice(warm, n)
        self.all_arrive, self.all_start, self.all_leave, self.all_fate = arrive, start, leave, fate
        self.arrive, self.start, self.leave, self.fate = (v[self.kept] for v in (arrive, start, leave, fate))
        self.span = float(arrive[warm]), float(arrive[-1])
        self.servers = servers

    def mean_present(self, begin: Floats, end: Floats) -> float:
        """Time average of how many were between `begin` and `end`, over the span."""
        low, high = self.span
        overlap = np.minimum(end, high) - np.maximum(begin, low)
        return float(np.nansum(np.maximum(overlap, 0.0)) / (high - low))

    @property
    def in_system(self) -> float:
        return self.mean_present(self.all_arrive, self.all_leave)

    @property
    def in_queue(self) -> float:
        return self.mean_present(self.all_arrive, np.where(np.isnan(self.all_start), self.all_leave, self.all_start))

    @property
    def in_service(self) -> float:
        return self.mean_present(self.all_start, self.all_leave)

    def empty(self) -> float:
        """Share of the span with nobody in the station."""
        here = self.all_fate != 1
        at = np.concatenate([self.all_arrive[here], self.all_leave[here]])
        step = np.repeat([1, -1], here.sum())
        order = np.lexsort((-step, at))
        at, present = np.clip(at[order], *self.span), np.cumsum(step[order])
        return float(np.diff(at)[present[:-1] == 0].sum() / (self.span[1] - self.span[0]))


@stochastic("queue-mmc", "queue-mm1-heavy")
def mmc(p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any]) -> dict[str, Any]:
    warm, n = lengths(run_length)
    run = Run(
        poisson(replication, p["lam"], warm + n), unit_work(replication, "work", warm + n, -1) / p["mu"], p["c"], warm
    )
    wait = run.start - run.arrive
    return {
        "C": np.mean(wait > 0),
        "Wq": wait.mean(),
        "Lq": run.in_queue,
        "W": (run.leave - run.arrive).mean(),
        "L": run.in_system,
    }


@stochastic("queue-mmc")
def mmc_simpy(p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any]) -> dict[str, Any]:
    if p["lam"] > BUSY * p["mu"] * p["c"]:
        return {}
    return {"Wq" + SHORT: _on_simpy([p["lam"]], p["mu"], p["c"], replication, False)[0].mean()}


@stochastic("queue-mg1")
def mg1(p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any]) -> dict[str, Any]:
    warm, n = lengths(run_length)
    work = p["mean"] * unit_work(replication, "work", warm + n, p["cv"])
    run = Run(poisson(replication, p["lam"], warm + n), work, 1, warm)
    return {"rho": run.in_service, "Wq": (run.start - run.arrive).mean(), "Lq": run.in_queue}


def _loss(law: str, cv: float) -> Callable[..., dict[str, Any]]:
    def component(p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any]) -> dict[str, Any]:
        warm, n = lengths(run_length)
        run = Run(
            poisson(replication, p["a"], warm + n),
            unit_work(replication, "work", warm + n, cv),
            p["c"],
            warm,
            room=p["c"],
        )
        return {
            f"blocking [{law}]": np.mean(run.fate == 1),
            f"carried [{law}]": run.in_service,
            f"occupancy [{law}]": run.in_service / p["c"],
        }

    return component


for _law, _cv in (("exponential", -1.0), ("deterministic", 0.0), ("lognormal", 1.5)):
    stochastic("queue-mgcc-loss")(_loss(_law, _cv))


def _classes(rates: list[float], replication: int, n: int) -> NDArray[np.int64]:
    draw = draws.uniforms(draws.stream(replication, "class"), np.arange(n))
    return np.searchsorted(np.cumsum(rates) / np.sum(rates), draw, side="right").clip(0, len(rates) - 1)


@stochastic("queue-prio-nonpreempt")
def priority(p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any]) -> dict[str, Any]:
    warm, n = lengths(run_length)
    cls = _classes(p["lams"], replication, warm + n)
    run = Run(
        poisson(replication, sum(p["lams"]), warm + n),
        unit_work(replication, "work", warm + n, -1) / p["mu"],
        p["c"],
        warm,
        priority=cls,
    )
    wait, kept = run.start - run.arrive, cls[warm:]
    return {"Wq_high": wait[kept == 0].mean(), "Wq_low": wait[kept == 1].mean()}


@stochastic("queue-prio-nonpreempt")
def priority_simpy(p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any]) -> dict[str, Any]:
    if sum(p["lams"]) > BUSY * p["mu"] * p["c"]:
        return {}
    wait, _, cls = _on_simpy(p["lams"], p["mu"], p["c"], replication, False)
    return {"Wq_high" + SHORT: wait[cls == 0].mean(), "Wq_low" + SHORT: wait[cls == 1].mean()}


@stochastic("queue-prio-mg1")
def priority_mg1(p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any]) -> dict[str, Any]:
    warm, n = lengths(run_length)
    cls, work = _classes(p["lams"], replication, warm + n), np.empty(warm + n)
    for k, (mean, cv) in enumerate(zip(p["means"], p["cvs"], strict=True)):
        mine = cls == k
        work[mine] = mean * unit_work(replication, f"work {k}", int(mine.sum()), cv)
    run = Run(poisson(replication, sum(p["lams"]), warm + n), work, 1, warm, priority=cls)
    wait, kept = run.start - run.arrive, cls[warm:]
    return {f"Wq_class{k + 1}": wait[kept == k].mean() for k in range(len(p["lams"]))}


@stochastic("queue-prio-preempt")
def preemption(p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any]) -> dict[str, Any]:
    warm, n = lengths(run_length)
    cls = _classes([p["l1"], p["l2"]], replication, warm + n)
    run = Run(
        poisson(replication, p["l1"] + p["l2"], warm + n),
        unit_work(replication, "work", warm + n, -1) / p["mu"],
        1,
        warm,
        priority=cls,
        preempt=True,
    )
    stay, kept = run.leave - run.arrive, cls[warm:]
    return {"W_high": stay[kept == 0].mean(), "W_low": stay[kept == 1].mean()}


@stochastic("queue-prio-preempt")
def preemption_simpy(p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any]) -> dict[str, Any]:
    if p["l1"] + p["l2"] > BUSY * p["mu"]:
        return {}
    _, stay, cls = _on_simpy([p["l1"], p["l2"]], p["mu"], 1, replication, True)
    return {"W_high" + SHORT: stay[cls == 0].mean(), "W_low" + SHORT: stay[cls == 1].mean()}


@stochastic("queue-mmck", "ev-station")
def finite_room(p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any]) -> dict[str, Any]:
    warm, n = lengths(run_length)
    run = Run(
        poisson(replication, p["lam"], warm + n),
        unit_work(replication, "work", warm + n, -1) / p["mu"],
        p["c"],
        warm,
        room=p["K"],
    )
    served = run.fate == 0
    return {
        "p0": run.empty(),
        "PK": np.mean(~served),
        "L": run.in_system,
        "Lq": run.in_queue,
        "W": (run.leave - run.arrive)[served].mean(),
        "Wq": (run.start - run.arrive)[served].mean(),
        "util": run.in_service / p["c"],
        "lam_eff": served.sum() / (run.span[1] - run.span[0]),
    }


@stochastic("queue-erlang-a")
def erlang_a(p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any]) -> dict[str, Any]:
    n = int(run_length.get("n", 400_000)) // 2  # two events each: an arrival and a departure
    warm = n // 10
    patience = unit_work(replication, "patience", warm + n, -1) / p["theta"]
    run = Run(
        poisson(replication, p["lam"], warm + n),
        unit_work(replication, "work", warm + n, -1) / p["mu"],
        p["c"],
        warm,
        patience=patience,
    )
    left = run.fate == 2
    wait = np.where(left, run.leave - run.arrive, run.start - run.arrive)
    return {"P_abandon": left.mean(), "Wq": wait.mean(), "P_wait": np.mean(wait > 0)}


@stochastic("queue-jackson2")
def tandem(p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any]) -> dict[str, Any]:
    warm, n = lengths(run_length)
    first = Run(
        poisson(replication, p["lam"], warm + n),
        unit_work(replication, "first", warm + n, -1) / p["mu1"],
        p["c1"],
        warm,
    )
    order = np.argsort(first.all_leave, kind="stable")
    work = unit_work(replication, "second", warm + n, -1)[order] / p["mu2"]
    second = Run(first.all_leave[order], work, p["c2"], warm)
    leave = np.empty(warm + n)
    leave[order] = second.all_leave
    return {"L": first.mean_present(first.all_arrive, leave), "W": (leave - first.all_arrive)[warm:].mean()}


def _on_simpy(
    rates: list[float], mu: float, servers: int, replication: int, preempt: bool, n: int = 12_000, warm: int = 2000
) -> tuple[Floats, Floats, Any]:
    """(wait, stay, class) of customers on twin.waiting, one SimPy process each."""
    import simpy

    from twin.waiting import HeapResource, serve

    env = simpy.Environment()
    resource = HeapResource(env, servers, preempt)
    arrive, cls = poisson(replication, sum(rates), n), _classes(rates, replication, n)
    work = unit_work(replication, "work", n, -1) / mu
    wait, stay = np.empty(n), np.empty(n)

    def customer(i: int) -> Any:
        wait[i] = yield from serve(resource, float(work[i]), int(cls[i]), i)
        stay[i] = env.now - arrive[i]

    def door() -> Any:
        for i in range(n):
            yield env.timeout(float(arrive[i]) - env.now)
            env.process(customer(i))

    env.process(door())
    env.run()
    return wait[warm:], stay[warm:], cls[warm:]
