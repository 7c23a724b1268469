"""How long `orbench rlops --rliable` and `orbench compare` take, beside openrlbenchmark's record.

    python benchmarks/compare.py            # both sizes; prints a Markdown table
    python benchmarks/compare.py --size small --keep /tmp/compared

Made-up training is put in a store of its own; then each command runs in a process of its own, with
50,000 replicates of scores and 2,000 of curves and profiles, and writes all its files: `compare`
a page and two more figures besides. CPU seconds are user and system together; memory is the peak
of the process. What openrlbenchmark's `rlops` needed was recorded once, with its 0.3.1 on Python
3.11, for the same numbers of runs and points. Busy cores make CPU seconds longer.
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
PROJECT = "made-up"
STARTED = 1.7e9


@dataclass(frozen=True)
class Size:
    """How much is compared, the bars, and what openrlbenchmark needed."""

    run_sets: int
    envs: int
    seeds: int
    points: int
    cpu_bar: float
    memory_bar: float
    recorded: str

    def __str__(self) -> str:
        return f"{self.run_sets} x {self.envs} x {self.seeds} x {self.points:,} points"


SIZES = {
    "small": Size(2, 3, 3, 10_000, 4.0, 400.0, "236 s"),
    "large": Size(5, 20, 5, 10_000, 10.0, 400.0, "37 s, 752 MiB (10 replicates)"),
}


@dataclass(frozen=True)
class Measured:
    """What one run of the command took."""

    cpu: float
    memory: float
    files: int
    size: float

    def is_above(self, size: Size) -> bool:
        """Whether it took more than the bars of a size allow."""
        return self.cpu > size.cpu_bar or self.memory > size.memory_bar


def main() -> int:
    """Measure every size asked for; 1 if `rlops` is above a bar."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", choices=SIZES, action="append", help="by default both")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep stores and files there")
    options = parser.parse_args()
    # Python compiles what it imports once in its life, not once a command.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as scratch:
        prepared(Size(2, 2, 2, 100, 0, 0, ""), Path(scratch))
        for command in COMMANDS:
            measured(command, Size(2, 2, 2, 100, 0, 0, ""), Path(scratch))
    print("| command | run sets x envs x seeds | CPU | memory | files | bar | openrlbenchmark |")
    print("|---|---|---:|---:|---:|---:|---|")
    missed = False
    for name in options.size or SIZES:
        size = SIZES[name]
        with tempfile.TemporaryDirectory() as scratch:
            folder = (options.keep or Path(scratch)) / name
            prepared(size, folder)
            for command in COMMANDS:
                found = measured(command, size, folder)
                missed |= command == "rlops" and found.is_above(size)
                print(_line(command, size, found), flush=True)
    return int(missed)


def _line(command: str, size: Size, found: Measured) -> str:
    files = f"{found.files}, {found.size:.1f} MiB"
    bar = f"{size.cpu_bar:.0f} s, {size.memory_bar:.0f} MiB"
    cells = (command, size, f"{found.cpu:.2f} s", f"{found.memory:.0f} MiB", files, bar)
    return f"| {' | '.join(map(str, cells))} | {size.recorded} |"


def prepared(size: Size, folder: Path) -> None:
    """Make a folder with a store of this size, unless it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "store.db").exists():
        make_store(size, folder / "store.db")


def measured(command: str, size: Size, folder: Path) -> Measured:
    """Run a command on the store of a folder and say what that took."""
    out = folder / command
    out.mkdir(exist_ok=True)
    words = [sys.executable, "-m", "orbench.cli", command, *COMMANDS[command](size, out)]
    words += ["--store", str(folder / "store.db")]
    with (folder / "said.txt").open("wb") as said:
        streams = [(os.POSIX_SPAWN_DUP2, said.fileno(), stream) for stream in (1, 2)]
        child = os.posix_spawn(sys.executable, words, os.environ, file_actions=streams)
        _, status, used = os.wait4(child, 0)
    if status:
        raise RuntimeError(f"orbench {command} failed:\n{(folder / 'said.txt').read_text()}")
    files = [path for path in out.iterdir() if path.is_file()]
    return Measured(
        cpu=used.ru_utime + used.ru_stime,
        memory=used.ru_maxrss / 1024,
        files=len(files),
        size=sum(path.stat().st_size for path in files) / 2**20,
    )


def rlops_words(size: Size, out: Path) -> list[str]:
    """The options of `rlops` for all of its files, at the replicates that are its defaults."""
    return [
        *("--filters", f"?wpn={PROJECT}&ceik=env_id&cen=exp_name&metric={METRIC}"),
        *(algorithm(number) for number in range(size.run_sets)),
        *("--env-ids", *(env_id(number) for number in range(size.envs))),
        *("--rliable", "--rc.score_normalization_method", "maxmin"),
        *("--rc.normalized_score_threshold", "1.0", "--rc.sample_efficiency_plots"),
        *("--rc.performance_profile_plots", "--rc.aggregate_metrics_plots"),
        *("--output-filename", str(out / "compare")),
    ]


def compare_words(size: Size, out: Path) -> list[str]:
    """The options of `compare` for all of its files and the page."""
    return [
        *("--metric", METRIC, "--normalise", "maxmin", "--out", str(out)),
        *("--html", str(out / "report.html")),
    ]


COMMANDS = {"rlops": rlops_words, "compare": compare_words}


def algorithm(number: int) -> str:
    """The name of a run set."""
    return f"algorithm-{number}"


def env_id(number: int) -> str:
    """The name of an env."""
    return f"Env{number}-v1"


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
                        project=PROJECT,
                        exp_name=algorithm(run_set),
                        env_id=env_id(env),
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
