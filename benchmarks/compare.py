"""How long `orbench compare` takes, all files and the page, beside openrlbenchmark's record.

    python benchmarks/compare.py            # both sizes; prints a Markdown table
    python benchmarks/compare.py --size small --keep /tmp/compared

Made-up training is put in a store of its own; then `orbench compare` runs in a process of its own
with 50,000 replicates of scores and 2,000 of curves and profiles, as in any other use. CPU seconds
are user and system together; memory is the peak of the process. What openrlbenchmark needed was
recorded once, with its 0.3.1 on Python 3.11, for the same numbers of runs and points.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orbench.events import RunEnded, RunStarted
from orbench.run import derived_run_id
from orbench.run_store import Points, Shipment, open_store

METRIC = "charts/episodic_return"
STARTED = 1.7e9


@dataclass(frozen=True)
class Size:
    """How much is compared, the bars, and what openrlbenchmark needed."""

    run_sets: int
    envs: int
    seeds: int
    points: int
    cpu_bar: float
    memory_bar: float | None
    recorded: str

    def __str__(self) -> str:
        return f"{self.run_sets} x {self.envs} x {self.seeds} x {self.points:,} points"


SIZES = {
    "small": Size(2, 3, 3, 10_000, 4.0, None, "236 s"),
    "large": Size(5, 20, 5, 10_000, 10.0, 400.0, "37 s, 752 MiB (10 replicates)"),
}


@dataclass(frozen=True)
class Measured:
    """What one run of the command took."""

    cpu: float
    memory: float
    files: int
    size: float


def main() -> int:
    """Measure every size asked for; 1 if one is above its bar."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", choices=SIZES, action="append", help="by default both")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep stores and files there")
    options = parser.parse_args()
    print("| run sets x envs x seeds | CPU | bar | memory | bar | files | openrlbenchmark |")
    print("|---|---:|---:|---:|---:|---:|---|")
    missed = 0
    for name in options.size or SIZES:
        size = SIZES[name]
        with tempfile.TemporaryDirectory() as scratch:
            folder = (options.keep or Path(scratch)) / name
            found = measured(size, folder)
        missed += found.cpu > size.cpu_bar or found.memory > (size.memory_bar or np.inf)
        memory_bar = f"{size.memory_bar:.0f} MiB" if size.memory_bar else ""
        print(
            f"| {size} | {found.cpu:.2f} s | {size.cpu_bar:.0f} s | {found.memory:.0f} MiB |"
            f" {memory_bar} | {found.files}, {found.size:.1f} MiB | {size.recorded} |",
            flush=True,
        )
    return min(missed, 1)


def measured(size: Size, folder: Path) -> Measured:
    """Make a store of this size, compare it, and say what that took."""
    folder.mkdir(parents=True, exist_ok=True)
    store = folder / "store.db"
    if not store.exists():
        make_store(size, store)
    out = folder / "comparison"
    command = [
        *(sys.executable, "-m", "orbench.cli", "compare", "--metric", METRIC),
        *("--normalise", "maxmin", "--store", str(store), "--out", str(out)),
        *("--format", "png", "--format", "pdf", "--format", "svg"),
        *("--html", str(out / "report.html")),
    ]
    with (folder / "said.txt").open("wb") as said:
        streams = [(os.POSIX_SPAWN_DUP2, said.fileno(), stream) for stream in (1, 2)]
        child = os.posix_spawn(sys.executable, command, os.environ, file_actions=streams)
        _, status, used = os.wait4(child, 0)
    if status:
        raise RuntimeError(f"orbench compare failed:\n{(folder / 'said.txt').read_text()}")
    files = [path for path in out.iterdir() if path.is_file()]
    return Measured(
        cpu=used.ru_utime + used.ru_stime,
        memory=used.ru_maxrss / 1024,
        files=len(files),
        size=sum(path.stat().st_size for path in files) / 2**20,
    )


def make_store(size: Size, path: Path) -> None:
    """A store of runs that learn, some sets better than others, at uneven steps."""
    random = np.random.default_rng(0)
    with open_store(f"sqlite:///{path}", create=True) as store:
        for run_set in range(size.run_sets):
            for env in range(size.envs):
                for seed in range(size.seeds):
                    name = f"{run_set}-{env}-{seed}"
                    identity = RunStarted(
                        started=STARTED,
                        exp_name=f"algorithm-{run_set}",
                        env_id=f"Env{env}-v1",
                        seed=seed,
                    )
                    ended = RunEnded(status="finished", ended=STARTED + 3600)
                    store.ship(
                        Shipment(
                            segment_id=name,
                            run_id=derived_run_id(name.encode().ljust(8, b"\0")),
                            start=0,
                            end=1,
                            events=(identity, ended),
                            points={METRIC: training(random, size.points, 1 + run_set / 10)},
                            closed=True,
                        )
                    )


def training(random: np.random.Generator, points: int, level: float) -> Points:
    """The returns of one run: rising towards a level of its own, with noise."""
    steps = np.cumsum(random.integers(50, 150, points))
    reached = level * random.normal(1, 0.1)
    learnt = 1 - np.exp(-5 * steps / steps[-1])
    values = 100 * reached * learnt + random.normal(0, 5, points)
    times = STARTED + np.cumsum(random.uniform(0.2, 0.4, points))
    return Points(steps.astype(np.int64), values, times)


if __name__ == "__main__":
    sys.exit(main())
