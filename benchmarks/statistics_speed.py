"""How fast the statistics are, beside rliable: CPU seconds of one thread, in one run.

    OPENBLAS_NUM_THREADS=1 python benchmarks/statistics_speed.py

Every row is computed by `orbench.stats` and, through `engine="rliable"`, by rliable on the same
scores. Ours is the median of several times, before and after rliable's one. Where that would take
minutes it gets fewer replicates, and its time is scaled to all of them, which is linear but for a
constant of milliseconds; the table says so. The ends of the intervals are compared too: how far
they are apart, in widths of the interval, beside how far Monte-Carlo error may take them.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import math
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orbench.stats import (
    interval_estimates,
    performance_profile,
    probability_of_improvement,
    sample_efficiency,
)

Ends = np.ndarray  # (2 x numbers): lower and upper ends

# An end at 2.5 % of R replicates that are normal has a standard error of 2.67 sd / sqrt(R), and the
# interval is 3.92 sd wide. Four of them, because each row compares up to 400 ends.
_ERROR = 4 * 2.67 / 3.92


@dataclass(frozen=True)
class Row:
    """A row of the table: what is computed, and how much faster it must be."""

    name: str
    reps: int
    reps_of_rliable: int
    bar: float
    compute: Callable[[str, int, int], Ends]
    # Shares and probabilities move in steps: one step is no disagreement.
    step: float = 0.0


def scores(*shape: int, seed: int = 0) -> np.ndarray:
    """Normalised scores, a sixth of them above 1."""
    return np.random.default_rng(seed).normal(0.5, 0.5, shape)


def aggregates(runs: int, tasks: int) -> Callable[[str, int, int], Ends]:
    """Mean, median, IQM and optimality gap."""
    given = {"a": scores(runs, tasks)}

    def compute(engine: str, reps: int, seed: int) -> Ends:
        found = interval_estimates(given, reps=reps, seed=seed, engine=engine)["a"].values()
        return np.array([[one.low for one in found], [one.high for one in found]])

    return compute


def profile(engine: str, reps: int, seed: int) -> Ends:
    """A run-score profile at 81 thresholds."""
    at = np.linspace(-1, 2, 81)
    band = performance_profile(scores(10, 57), at, reps=reps, seed=seed, engine=engine)
    return np.array([band.low, band.high])


def improvement(engine: str, reps: int, seed: int) -> Ends:
    """The probability of improvement."""
    x, y = scores(10, 57), scores(10, 57, seed=1)
    found = probability_of_improvement(x, y, reps=reps, seed=seed, engine=engine)
    return np.array([[found.low], [found.high]])


def curve(engine: str, reps: int, seed: int) -> Ends:
    """The IQM at 200 points of training."""
    band = sample_efficiency(scores(5, 57, 200), reps=reps, seed=seed, engine=engine)
    return np.array([band.low, band.high])


ROWS = (
    Row("mean, median, IQM, gap; 5 x 26", 50_000, 50_000, 50, aggregates(5, 26)),
    Row("mean, median, IQM, gap; 10 x 57", 50_000, 50_000, 50, aggregates(10, 57)),
    Row("mean, median, IQM, gap; 100 x 26", 50_000, 50_000, 15, aggregates(100, 26)),
    Row("profile at 81 thresholds; 10 x 57", 50_000, 10_000, 50, profile, step=1 / 570),
    Row("probability of improvement; 10 x 57", 2_000, 400, 50, improvement),
    Row("IQM curve; 5 x 57 x 200", 2_000, 400, 50, curve),
)


def cpu_seconds(
    compute: Callable[[str, int, int], Ends], engine: str, reps: int, seed: int = 0
) -> tuple[float, Ends]:
    """CPU seconds of this process, and the result."""
    before = time.process_time()
    ends = compute(engine, reps, seed)
    return time.process_time() - before, ends


def measured(row: Row, times: int, share: float) -> tuple[list[str], bool]:
    """The cells of a row, and whether its bar is met and the intervals agree."""
    tell(f"{row.name} ...")
    reps = max(200, round(row.reps_of_rliable * share))
    # A seed each: draws of the same seed may be remembered.
    taken = [cpu_seconds(row.compute, "numpy", row.reps, seed) for seed in range(times)]
    theirs, their_ends = cpu_seconds(row.compute, "rliable", reps)
    taken += [cpu_seconds(row.compute, "numpy", row.reps, times + seed) for seed in range(times)]
    theirs *= row.reps / reps
    ours, our_ends = float(np.median([one for one, _ in taken])), taken[0][1]
    apart, allowed = disagreement(row, our_ends, their_ends, reps)
    ratio = theirs / ours
    agrees, met = apart <= allowed, ratio >= row.bar
    cells = [
        row.name,
        f"{row.reps:,}",
        f"{theirs:.1f}" + ("" if reps == row.reps else f" (from {reps:,} reps)"),
        f"{ours:.3f}",
        f"{ratio:.0f}x",
        f"{row.bar:.0f}x",
        "yes" if met else "NO",
        f"{apart:.3f} of {allowed:.3f}" + ("" if agrees else " NO"),
    ]
    return cells, agrees and met


def disagreement(row: Row, ours: Ends, theirs: Ends, reps: int) -> tuple[float, float]:
    """The largest distance of two ends in widths of their interval, and what may be."""
    widths = np.maximum(theirs[1] - theirs[0], 1e-12)
    apart = np.maximum(np.abs(ours - theirs) - row.step * 1.001, 0) / widths
    return float(apart.max()), _ERROR * math.sqrt(1 / row.reps + 1 / reps)


def tell(text: str) -> None:
    """Progress, on stderr: stdout has the table alone."""
    print(text, file=sys.stderr, flush=True)


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """A Markdown table."""
    heads = (
        *("what", "reps", "rliable, CPU s", "orbench, CPU s", "ratio", "bar", "bar met"),
        "ends apart, in widths",
    )
    for line in (heads, ["---", *["---:"] * (len(heads) - 1)], *rows):
        print(f"| {' | '.join(line)} |")


def machine() -> str:
    """The processor and the versions."""
    model = platform.processor()
    if sys.platform == "linux":
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        found = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        model = found[0] if found else model
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "rliable", "arch")
    )
    return f"{model}; Python {platform.python_version()}, {versions}."


def main() -> None:
    """Print the table; the exit status is 1 where a bar is missed or an interval differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=4, help="runs of ours before, and after")
    parser.add_argument(
        "--share", type=float, default=1.0, help="share of rliable's replicates to run"
    )
    options = parser.parse_args()
    # Not timed: rliable's imports take seconds.
    aggregates(3, 2)("rliable", 100, 0)
    results = [measured(row, options.times, options.share) for row in ROWS]
    print(machine() + "\n")
    print_table([cells for cells, _ in results])
    sys.exit(not all(good for _, good in results))


if __name__ == "__main__":
    main()
