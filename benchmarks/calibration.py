"""How often intervals hold the truth: experiments simulated, each with an interval of every method.

    python benchmarks/calibration.py

A nominal 95 % interval should hold the true value in 95 of 100 experiments. An experiment draws a
score matrix (runs x tasks), all tasks alike, from one of four distributions of mean 0 and standard
deviation 1; the truth is the mean, or for the IQM the mean of the middle half of the distribution.

- normal
- lognormal: sigma 0.75, skewed to the right
- heavy tails: Student's t with 3 degrees of freedom
- collapsing: one run in five fails and scores far below the others, which are normal

All methods see the same resamples. With 1,000 experiments a coverage is good to +- .014 (95 %).
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from orbench.stats import INTERVALS, IQM, Mean
from orbench.stats.aggregate import TaskArrays
from orbench.stats.bootstrap import Resample
from orbench.stats.intervals import Ends, Evidence, Interval
from orbench.stats.resampling import Resampling

__all__ = ["METHODS", "Distribution", "coverage", "distributions"]

METHODS = tuple(INTERVALS)
STATISTICS = (Mean(), IQM())

RUNS = (3, 5, 10, 20)
TASKS = (1, 5, 26, 57)


@dataclass(frozen=True)
class Distribution:
    """Scores of runs with mean 0 and standard deviation 1; `draw` takes a generator and a shape."""

    draw: Callable[[np.random.Generator, tuple[int, int]], np.ndarray]
    middle: float
    """The mean of the middle half, which the IQM estimates."""


def _lognormal(random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    sigma = 0.75
    scale = math.exp(sigma**2 / 2)
    spread = scale * math.sqrt(math.exp(sigma**2) - 1)
    return (random.lognormal(0, sigma, shape) - scale) / spread


def _heavy(random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    return random.standard_t(3, shape) / math.sqrt(3)


def _collapsing(random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """A fifth of the runs at -5, the others at 0, noise of 1; brought to mean 0 and deviation 1."""
    failed = random.random(shape) < 0.2
    return (random.normal(size=shape) - 5 * failed + 1) / math.sqrt(1 + 25 * 0.16)


def _middle(draw: Callable[[np.random.Generator, tuple[int, int]], np.ndarray]) -> float:
    """The mean of the middle half, from 4 million draws."""
    drawn = np.sort(draw(np.random.default_rng(1), (4_000_000, 1))[:, 0])
    return float(drawn[1_000_000:3_000_000].mean())


def distributions() -> dict[str, Distribution]:
    """The distributions by name."""

    def normal(random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
        return random.normal(size=shape)

    return {
        "normal": Distribution(normal, 0.0),
        "lognormal": Distribution(_lognormal, _middle(_lognormal)),
        "heavy tails": Distribution(_heavy, 0.0),
        "collapsing": Distribution(_collapsing, _middle(_collapsing)),
    }


@dataclass(frozen=True)
class _AllMethods:
    """Stands for an interval, and keeps the ends that every method gives to the same evidence."""

    found: dict[str, Ends]
    name: str = "all"
    text: str = "every method"

    def __call__(self, evidence: Evidence, level: float) -> Ends:
        for name in METHODS:
            self.found[name] = INTERVALS[name](evidence, level)
        return self.found[METHODS[0]]


def coverage(
    distribution: Distribution, runs: int, tasks: int, experiments: int, reps: int, seed: int
) -> dict[tuple[str, str], float]:
    """The share of experiments whose interval holds the truth, by (statistic, method)."""
    random = np.random.default_rng([seed, runs, tasks])
    truth = np.array([0.0, distribution.middle])
    held = {name: np.zeros(len(STATISTICS)) for name in METHODS}
    for number in range(experiments):
        scores: TaskArrays = tuple(distribution.draw(random, (runs, tasks)).T.copy())
        for name, (low, high) in _ends(scores, reps, number).items():
            held[name] += (low <= truth) & (truth <= high)
    return {
        (statistic.name, name): float(held[name][place]) / experiments
        for place, statistic in enumerate(STATISTICS)
        for name in METHODS
    }


def _ends(scores: TaskArrays, reps: int, seed: int) -> dict[str, Ends]:
    def both(sample: Resample) -> np.ndarray:
        return np.stack([statistic.replicates(sample) for statistic in STATISTICS])

    every: Interval = _AllMethods({})
    point = np.array([statistic(scores) for statistic in STATISTICS])
    Resampling(every, 0.95, reps, seed).ends((scores,), both, point)
    return every.found  # type: ignore[attr-defined]


def print_line(cells: Sequence[str]) -> None:
    """A line of a Markdown table."""
    print(f"| {' | '.join(cells)} |")


def main() -> None:
    """Print the table, a row for each distribution and size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", type=int, default=1000)
    parser.add_argument("--reps", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    heads = [f"{method}, {one.name}" for one in STATISTICS for method in METHODS]
    print_line(["scores, runs x tasks", *heads])
    print_line(["---", *["---:"] * len(heads)])
    cells = itertools.product(distributions().items(), RUNS, TASKS)
    for (name, distribution), runs, tasks in cells:
        print(f"{name} {runs}x{tasks} ...", file=sys.stderr, flush=True)
        found = coverage(distribution, runs, tasks, options.experiments, options.reps, options.seed)
        shares = [f"{found[one.name, method]:.3f}" for one in STATISTICS for method in METHODS]
        print_line([f"{name} {runs} x {tasks}", *(share.removeprefix("0") for share in shares)])


if __name__ == "__main__":
    main()
