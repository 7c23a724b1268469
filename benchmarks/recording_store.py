"""A store that grows to the size of a public archive, and what questions to it cost."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orbench.events import ConfigUpdated, FactsCaptured, RunEnded, RunStarted
from orbench.filters import parse
from orbench.run_store import Points, RunStore, Shipment, open_store

EXPERIMENTS, ENVS, SEEDS = 10, 20, 5
BATCH = EXPERIMENTS * ENVS * SEEDS
RETURN = "charts/episodic_return"
_STARTED = 1.75e9

LIST_FILTERS = (
    "project=batch-0 exp_name=algo-3",
    "exp_name=algo-3 env_id=env-7 seed<2",
    "env_id=env-7 config.optim.lr<3e-4",
    "project=batch-0 metric:losses/loss-3 status=finished last(charts/episodic_return)>100",
)
FETCH_FILTER = "project=batch-0 exp_name in (algo-0, algo-1, algo-2, algo-3, algo-4)"


@dataclass(frozen=True, slots=True)
class Answers:
    """What questions to a store of so many runs cost, in seconds."""

    runs: int
    size_bytes: int
    points: int
    filling: float
    list_command: float
    listed: tuple[float, ...]
    listed_runs: tuple[int, ...]
    fetch_cold: float
    fetch_warm: float
    fetched_series: int
    fetched_points: int


def grown_store(
    path: Path, sizes: tuple[int, ...], metrics: int, points: int, say: Callable[[str], None]
) -> Iterator[Answers]:
    """Grow a SQLite store to each size in turn and ask it; `points` a series."""
    url = f"sqlite:///{path}"
    runs, filling = 0, 0.0
    for size in sizes:
        say(f"filling a store up to {size:,} runs of {metrics} metrics")
        started = time.perf_counter()
        with open_store(url, create=True) as store:
            for number in range(runs, size):
                if not store.ship(synthetic_run(number, metrics, points)):
                    raise RuntimeError(f"run {number} was there already")
        filling += time.perf_counter() - started
        runs = size
        yield _asked(url, filling)


def synthetic_run(number: int, metrics: int, points: int, name: str = "") -> Shipment:
    """A whole run as a shipper brings it: names, config, facts, noisy series, its end."""
    batch, place = divmod(number, BATCH)
    exp_name = f"algo-{place % EXPERIMENTS}"
    env_id = f"env-{place // EXPERIMENTS % ENVS}"
    seed = place // (EXPERIMENTS * ENVS)
    started = _STARTED + 60.0 * number
    chance = np.random.default_rng(number)
    config = {
        "optim": {"lr": float(chance.choice([1e-3, 3e-4, 1e-4])), "eps": 1e-5},
        **{f"option-{key}": float(chance.normal()) for key in range(20)},
    }
    packages = [{"name": f"package-{key}", "version": f"{batch % 5}.{key}"} for key in range(80)]
    events = (
        RunStarted(
            started=started,
            project=name or f"batch-{batch}",
            exp_name=exp_name,
            env_id=env_id,
            seed=seed,
            host="bench",
        ),
        ConfigUpdated(values=config),
        FactsCaptured(kind="environment", document={"packages": packages}),
        RunEnded(status="finished", ended=started + 3000.0, exit_code=0),
    )
    names = [RETURN, *(f"losses/loss-{key}" for key in range(metrics - 1))]
    series = {metric: synthetic_points(chance, points, started) for metric in names}
    return Shipment(
        segment_id=f"synthetic-{name}-{number}",
        run_id=f"{'y' if name else 'z'}{number:011d}",
        start=0,
        end=1,
        events=events,
        points=series,
        closed=True,
    )


def synthetic_points(chance: np.random.Generator, points: int, started: float) -> Points:
    """Noise of full precision at uneven steps and times, as training has it."""
    return Points(
        np.cumsum(chance.integers(20, 500, points)),
        200.0 + np.cumsum(chance.normal(size=points)),
        started + np.cumsum(chance.gamma(4.0, 0.25, points)),
    )


def fetched(url: str, where: str, metric: str) -> tuple[float, float, int, int]:
    """Seconds cold (a store just opened) and warm (median of 5), series and points."""
    import orbench

    spans = []
    for _ in range(6):
        started = time.perf_counter()
        table = orbench.fetch(where, metric=metric, store=url)
        steps, values = table["step"], table["value"]
        spans.append(time.perf_counter() - started)
    assert len(steps) == len(values)
    return spans[0], statistics.median(spans[1:]), len(table.series), len(values)


def _asked(url: str, filling: float) -> Answers:
    with open_store(url) as store:
        info = store.info()
        found = [_listed(store, where) for where in LIST_FILTERS]
    cold, warm, series, points = fetched(url, FETCH_FILTER, RETURN)
    return Answers(
        runs=info.runs,
        size_bytes=info.size_bytes,
        points=info.points,
        filling=filling,
        list_command=_list_command(url),
        listed=tuple(seconds for seconds, _ in found),
        listed_runs=tuple(count for _, count in found),
        fetch_cold=cold,
        fetch_warm=warm,
        fetched_series=series,
        fetched_points=points,
    )


def _listed(store: RunStore, where: str) -> tuple[float, int]:
    """The median of 5 times that a filter's runs were read, and how many there are."""
    spans = []
    for _ in range(5):
        started = time.perf_counter()
        runs = store.runs(parse(where), order_by=("-started",))
        spans.append(time.perf_counter() - started)
    return statistics.median(spans), len(runs)


def _list_command(url: str) -> float:
    """The slowest filter's `orbench list`, as typed, its imports included; median of 5."""
    slowest = 0.0
    for where in LIST_FILTERS:
        spans = []
        for _ in range(5):
            started = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "orbench.cli", "list", where, "--store", url],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=True,
            )
            spans.append(time.perf_counter() - started)
        slowest = max(slowest, statistics.median(spans))
    return slowest
