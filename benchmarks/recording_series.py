"""Series of many runs: how large they are and how fast they come back."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from measuring import folder_bytes, say
from recording_one_run import SLOW, UNREADABLE, act
from recording_store import RETURN, fetched, synthetic_points, synthetic_run
from recording_tools import LIMIT, TOOLS

from orbench.run_store import Points, open_store

_RUNS = 100


@dataclass(frozen=True, slots=True)
class Million:
    """Points of one metric over 100 runs: bytes a point, and seconds into arrays.

    The bytes are the closed store's, with all that it knows besides: of series with even steps
    and nearly even times, and of series in which both are as uneven as episodes are.
    """

    bytes_a_point: float
    bytes_an_uneven_point: float
    cold: float
    warm: float


def million_points(points: int) -> Million:
    """Store so many points over 100 runs and fetch them."""
    say(f"{points:,} points over {_RUNS} runs")
    even, *_ = _stored(points, even_points)
    uneven, cold, warm = _stored(points, synthetic_points)
    return Million(even / points, uneven / points, cold, warm)


def even_points(chance: np.random.Generator, points: int, started: float) -> Points:
    """Noise of full precision at every hundredth step, some milliseconds apart as updates are."""
    return Points(
        np.arange(points, dtype=np.int64) * 100,
        200.0 + np.cumsum(chance.normal(size=points)),
        started + np.cumsum(0.005 + chance.exponential(1e-4, size=points)),
    )


def _stored(points: int, make: Callable[..., Points]) -> tuple[int, float, float]:
    """The bytes of a closed store with 100 such series, and the seconds to fetch them twice."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/million.db"
        with open_store(url, create=True) as store:
            for number in range(_RUNS):
                run = synthetic_run(number, 1, 1, "million")
                series = make(np.random.default_rng(number), points // _RUNS, 1.7e9)
                store.ship(replace(run, points={RETURN: series}))
        size = folder_bytes(Path(folder))
        cold, warm, series_found, found = fetched(url, "project=million", RETURN)
    if (series_found, found) != (_RUNS, points):
        raise RuntimeError(f"{found} points of {series_found} series came back")
    return size, cold, warm


def many_runs(runs: int, steps: int) -> dict[str, dict[str, Any]]:
    """Every tool that can read: runs of three metrics written, one metric of all read back."""
    found = {}
    for name in TOOLS:
        if name in (LIMIT, SLOW, UNREADABLE):
            continue
        say(f"{runs} runs with {name}")
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            act(name, "write", folder, runs=runs, steps=steps, metrics=3)
            modules = act(name, "read", folder, runs=1)["modules"]
            back = act(name, "read", folder, runs=runs, modules=modules)
            if back["points"] != runs * steps:
                raise RuntimeError(f"{name}: {back['points']} of {runs * steps} points came back")
            found[name] = {**back, "disk": folder_bytes(folder)}
    return found
