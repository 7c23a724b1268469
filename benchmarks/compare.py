"""How long `orbench rlops --rliable` and `orbench compare` take, beside openrlbenchmark's `rlops`.

    python benchmarks/compare.py            # both sizes; prints a Markdown table
    python benchmarks/compare.py --full     # the small size with as many replicates there, too
    python benchmarks/compare.py --size small --keep /tmp/compared --alone

Made-up training is put in a store and in openrlbenchmark's cache; then each command runs in a
process of its own. Ours draw 50,000 replicates of scores and 2,000 of curves and profiles;
openrlbenchmark draws 10 of each by default, and as many as ours with `--full`, which takes minutes.
Each writes all its files: `compare` a page and two more figures besides. CPU seconds are user and
system together; memory is the peak of the process. openrlbenchmark is installed by uv in an
environment of its own.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from compare_peer import Peer, Training

from orbench.events import RunEnded, RunStarted
from orbench.run import derived_run_id
from orbench.run_store import Points, Shipment, open_store

METRIC = "charts/episodic_return"
PROJECT = "made-up"
STARTED = 1.7e9
FULL_REPS = (50_000, 2_000)


@dataclass(frozen=True)
class Size:
    """How much is compared, and the bars."""

    run_sets: int
    envs: int
    seeds: int
    points: int
    cpu_bar: float = 0.0
    memory_bar: float = 0.0

    def __str__(self) -> str:
        return f"{self.run_sets} x {self.envs} x {self.seeds} x {self.points:,} points"

    @property
    def exp_names(self) -> list[str]:
        """What is compared."""
        return [f"algorithm-{number}" for number in range(self.run_sets)]

    @property
    def env_ids(self) -> list[str]:
        """What it is compared on."""
        return [f"Env{number}-v1" for number in range(self.envs)]


SIZES = {"small": Size(2, 3, 3, 10_000, 4.0, 400.0), "large": Size(5, 20, 5, 10_000, 10.0, 400.0)}
TINY = Size(2, 2, 2, 100)


@dataclass(frozen=True)
class Measured:
    """What one run of a command took."""

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
    parser.add_argument("--alone", action="store_true", help="without openrlbenchmark")
    parser.add_argument("--full", action="store_true", help="as many replicates there as here")
    options = parser.parse_args()
    # Python compiles what it imports once in its life, not once a command.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        peer = None if options.alone else Peer.installed(folder / "openrlbenchmark")
        list(measured_beside(TINY, "tiny", folder, peer, full=False))  # what is compiled only once
        print("| command | run sets x envs x seeds | CPU | x `rlops` | memory | files | bar |")
        print("|---|---|---:|---:|---:|---:|---:|")
        missed = False
        for name in options.size or SIZES:
            size, ours = SIZES[name], 0.0
            full = options.full and name == "small"
            for command, found in measured_beside(size, name, folder, peer, full=full):
                ours = ours or found.cpu
                missed |= command == "rlops" and found.is_above(size)
                print(_line(command, size, found, found.cpu / ours), flush=True)
    return int(missed)


def _line(command: str, size: Size, found: Measured, times: float) -> str:
    files = f"{found.files}, {found.size:.1f} MiB"
    bar = f"{size.cpu_bar:.0f} s, {size.memory_bar:.0f} MiB" if command == "rlops" else ""
    cells = (command, size, f"{found.cpu:.2f} s", f"{times:.1f}", f"{found.memory:.0f} MiB", files)
    return f"| {' | '.join(map(str, (*cells, bar)))} |"


def measured_beside(
    size: Size, name: str, folder: Path, peer: Peer | None, *, full: bool
) -> Iterator[tuple[str, Measured]]:
    """Every command with what it took on a size: ours, then openrlbenchmark's."""
    place = folder / name
    if not (place / "store.db").exists():
        place.mkdir(parents=True, exist_ok=True)
        make_store(size, place / "store.db")
    store = ["--store", str(place / "store.db")]
    for command, options in COMMANDS.items():
        words = [sys.executable, "-m", "orbench.cli", command, *options(size, place / command)]
        yield command, measured([*words, *store], place / command)
    if peer is None:
        return
    peer.cache(name, METRIC, made_up(size))
    wanted = [None, FULL_REPS] if full else [None]
    for reps in wanted:
        out = place / f"openrlbenchmark-{reps[0] if reps else 10}"
        words = peer.words(name, METRIC, size.exp_names, size.env_ids, reps, out)
        drawn = "the same replicates" if reps else "10 replicates"
        yield f"openrlbenchmark, {drawn}", measured(words, out)


def measured(words: list[str], out: Path) -> Measured:
    """Run a command that writes into a folder and say what that took."""
    out.mkdir(exist_ok=True)
    with out.with_name(f"{out.name}.txt").open("wb") as said:
        streams = [(os.POSIX_SPAWN_DUP2, said.fileno(), stream) for stream in (1, 2)]
        child = os.posix_spawn(words[0], words, os.environ, file_actions=streams)
        _, status, used = os.wait4(child, 0)
    if status:
        raise RuntimeError(f"{' '.join(words[:4])} failed; see {said.name}")
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
        *(*size.exp_names, "--env-ids", *size.env_ids),
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


def made_up(size: Size) -> Iterator[Training]:
    """Runs that learn, some sets better than others, at uneven steps."""
    random = np.random.default_rng(0)
    for place, exp_name in enumerate(size.exp_names):
        for env_id in size.env_ids:
            for seed in range(size.seeds):
                points = training(random, size.points, 1 + place / 10)
                yield Training(exp_name, env_id, seed, points)


def make_store(size: Size, path: Path) -> None:
    """A store of that training."""
    with open_store(f"sqlite:///{path}", create=True) as store:
        for run in made_up(size):
            started = RunStarted(
                started=STARTED,
                project=PROJECT,
                exp_name=run.exp_name,
                env_id=run.env_id,
                seed=run.seed,
            )
            store.ship(
                Shipment(
                    segment_id=run.name,
                    run_id=derived_run_id(hashlib.sha256(run.name.encode()).digest()),
                    start=0,
                    end=1,
                    events=(started, RunEnded(status="finished", ended=STARTED + 3600)),
                    points={METRIC: run.points},
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
