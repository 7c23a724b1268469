"""Series of many runs: how large they are and how fast they come back."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measuring import folder_bytes, say
from recording_one_run import SLOW, UNREADABLE, act
from recording_store import RETURN, fetched, synthetic_run
from recording_tools import LIMIT, TOOLS

from orbench.run_store import open_store

_RUNS = 100


@dataclass(frozen=True, slots=True)
class Million:
    """Points of one metric over 100 runs: bytes a point, and seconds into arrays."""

    bytes_a_point: float
    cold: float
    warm: float


def million_points(points: int) -> Million:
    """Store so many points over 100 runs and fetch them."""
    say(f"{points:,} points over {_RUNS} runs")
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/million.db"
        with open_store(url, create=True) as store:
            for number in range(_RUNS):
                store.ship(synthetic_run(number, 1, points // _RUNS, "million"))
            size = store.info().size_bytes
        cold, warm, series, found = fetched(url, "project=million", RETURN)
    if (series, found) != (_RUNS, points):
        raise RuntimeError(f"{found} points of {series} series came back")
    return Million(size / points, cold, warm)


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
