"""Cases of arrivals, occupancy, blocking, repair, outages, choice and fitting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.verification.queues import ENDLESS, Run, poisson, unit_work
from scenarios.verification.registry import deterministic, stochastic
from twin import draws

Floats = NDArray[np.float64]


@stochastic("nhpp-thinning")
def thinning(p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any], days: int = 400) -> dict[str, Any]:
    from twin.arrivals import arrivals

    rates = np.asarray(p["rates"], float)
    stream = draws.stream(replication, "arrival")
    counts = np.array(
        [np.histogram(arrivals(stream, 0, day, rates, 1.0), np.arange(len(rates) + 1))[0] for day in range(days)]
    )
    total = counts.sum(axis=1)
    return {"total": total.mean(), "sd": total.std(ddof=1), "share_by_hour": counts.sum(axis=0) / total.sum()}


def _present(arrive: Floats, stay: Floats, at: Floats) -> Floats:
    from agents.care.queues import occupancy

    run = Run(arrive, stay, ENDLESS, 0)
    out = np.empty(len(at))
    occupancy(arrive, np.sort(run.all_leave), at, out)
    return out


@stochastic("queue-mginf")
def endless(p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any], n: int = 100_000) -> dict[str, Any]:
    arrive = poisson(replication, p["lam"], n)
    stay = p["mean"] * unit_work(replication, "stay", n, 1.0)
    at = np.arange(20 * p["mean"], arrive[-1] - p["mean"], 2 * p["mean"])
    seen = _present(arrive, stay, at)
    return {"mean": seen.mean(), "variance": seen.var(ddof=1), "P_ge_n": np.mean(seen >= p["n"])}


@stochastic("queue-mtminf")
def daily_rhythm(
    p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any], days: int = 60
) -> dict[str, Any]:
    """First harmonic of the occupancy over `days` days: the input's rate is one, so the occupancy is one as well."""
    from twin.arrivals import arrivals

    parts = 1440
    hours = (np.arange(parts) + 0.5) * 24 / parts
    rates = np.maximum(p["lam_bar"] + p["beta"] * np.sin(2 * np.pi * hours / 24), 0.0)
    stream, warm = draws.stream(replication, "arrival"), 4
    arrive = np.concatenate([24.0 * day + arrivals(stream, 0, day, rates, 24 / parts) for day in range(days + warm)])
    at = 24.0 * warm + np.arange(0, 24 * days, 0.25)
    seen = _present(arrive, unit_work(replication, "stay", len(arrive), -1) / p["mu"], at)
    turn = 2 * np.pi * at / 24
    sine, cosine = 2 * np.mean(seen * np.sin(turn)), 2 * np.mean(seen * np.cos(turn))
    swing = np.hypot(sine, cosine)
    return {
        "peak": seen.mean() + swing,
        "trough": seen.mean() - swing,
        "peak_hour": np.arctan2(sine, cosine) * 24 / (2 * np.pi) % 24,
    }


@stochastic("library-seats")
def seats(p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any], days: int = 20) -> dict[str, Any]:
    from twin.arrivals import arrivals

    width = p["t"] - p["t_open"]
    stream, seen = draws.stream(replication, "arrival"), np.empty(days)
    for day in range(days):
        arrive = arrivals(stream, 0, day, [p["rate"]], width)
        seen[day] = _present(arrive, np.full(len(arrive), float(p["stay"])), np.array([width]))[0]
    return {"mean_present": seen.mean()}


@stochastic("ed-boarding-block")
def boarding(p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any], n: int = 12_000) -> dict[str, Any]:
    """A patient who is done at stage 1 stays there until one of B places or the second server is free."""
    import simpy

    from twin.waiting import HeapResource

    env = simpy.Environment()
    first, place, second = HeapResource(env, 1), HeapResource(env, p["B"] + 1), HeapResource(env, 1)
    work = [unit_work(replication, name, n, -1) / p[name] for name in ("mu1", "mu2")]
    done = []

    def patient(i: int) -> Any:
        at = first.request(key=i)
        yield at
        env.process(patient(i + 1)) if i + 1 < n else None
        yield env.timeout(float(work[0][i]))
        with place.request(key=i) as bed:
            yield bed
            first.leave(at)
            with second.request(key=i) as server:
                yield server
                yield env.timeout(float(work[1][i]))
        done.append(env.now)

    env.process(patient(0))
    env.run()
    warm = n // 20
    return {"throughput": (n - 1 - warm) / (done[-1] - done[warm])}


@stochastic("machine-repair")
def repair(
    p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any], repairs: int = 8000
) -> dict[str, Any]:
    import simpy

    from twin.waiting import HeapResource

    env = simpy.Environment()
    crew, down = HeapResource(env, p["c"]), [0]
    stop = repairs / (p["lam"] * p["N"])
    warm, seen = stop / 20, {"all": 0.0, "down": 0.0, "repaired": 0.0, "last": stop / 20}

    def count(change: int) -> None:
        if env.now > warm:
            span = env.now - seen["last"]
            seen["down"] += span * down[0]
            seen["all"] += span * (down[0] == 0)
            seen["repaired"] += change < 0
            seen["last"] = env.now
        down[0] += change

    def machine(k: int) -> Any:
        up, mend = draws.stream(replication, "up"), draws.stream(replication, "repair")
        turn = 0
        while True:
            yield env.timeout(draws.exponential(up, k, turn) / p["lam"])
            count(+1)
            with crew.request(key=k) as hands:
                yield hands
                yield env.timeout(draws.exponential(mend, k, turn) / p["mu"])
            count(-1)
            turn += 1

    for k in range(p["N"]):
        env.process(machine(k))
    env.run(until=stop)
    span = seen["last"] - warm
    return {
        "p0": seen["all"] / span,
        "mean_down": seen["down"] / span,
        "throughput": seen["repaired"] / span,
        "availability": 1.0 - seen["down"] / span / p["N"],
    }


@stochastic("outage-battery")
def battery(p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any]) -> dict[str, Any]:
    from agents.grid.backup import unpowered
    from twin.arrivals import arrivals

    years = float(run_length.get("n", 1000))
    start = arrivals(draws.stream(replication, "outage"), 0, 0, [p["f"]], years) * 8760.0
    stop = start + p["d"] * draws.exponentials(draws.stream(replication, "repair"), np.arange(len(start)))
    begin, end = unpowered(start, stop, p["h"])
    return {"events": np.sum(end > begin) / years, "hours": np.sum(end - begin) / years}


@stochastic("logit-mnl")
def multinomial(p: Mapping[str, Any], replication: int, run_length: Mapping[str, Any]) -> dict[str, Any]:
    from agents.citizens.choice import choose, logit

    n = int(run_length.get("n", 1_000_000)) // 20
    utility = np.tile(np.asarray(p["V"], float), (n, 1))
    chosen = np.empty(n, np.int64)
    alone = np.arange(utility.shape[1])
    luck = draws.uniforms(draws.stream(replication, "choice"), np.arange(n))
    choose(utility, alone, np.ones(len(alone)), luck, chosen)
    return {"P": np.bincount(chosen, minlength=len(alone)) / n, "logsum": logit(utility[0], np.empty(len(alone)))}


@deterministic("logit-nested")
def nested(p: Mapping[str, Any]) -> dict[str, Any]:
    """Alternatives 2 and 3 share a nest; every other stands alone."""
    from agents.citizens.choice import nested_logit

    count = len(p["V"])
    nest = np.array([1 if i in (1, 2) else (0 if i == 0 else i - 1) for i in range(count)])
    scale = np.ones(max(nest.max() + 1, 2))
    scale[1] = p["lam"]
    share = np.empty(count)
    logsum = nested_logit(np.asarray(p["V"], float), nest, scale, share)
    return {"P": share, "logsum": logsum}


@deterministic("ipf-2x2")
def proportional(p: Mapping[str, Any]) -> dict[str, Any]:
    from scenarios.areas.ipf import fit

    cells = fit(p["seed"], {(0,): p["rows"], (1,): p["cols"]}, tolerance=1e-13)
    return {"cells": cells, "odds_ratio": cells[0, 0] * cells[1, 1] / (cells[0, 1] * cells[1, 0])}
