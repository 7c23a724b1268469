"""Coverage: how often intervals hold the truth, by the program of benchmarks/, seeded and short."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[3] / "benchmarks" / "calibration.py"
EXPERIMENTS = 200


@pytest.fixture(scope="module")
def calibration():
    spec = importlib.util.spec_from_file_location("calibration", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    sys.modules["calibration"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["calibration"]


@pytest.fixture(scope="module")
def measured(calibration):
    """Coverage of a kind of scores and a size, computed once."""
    distributions, found = calibration.distributions(), {}

    def measure(name, runs, tasks):
        if (name, runs, tasks) not in found:
            found[name, runs, tasks] = calibration.coverage(
                distributions[name], runs, tasks, EXPERIMENTS, reps=300, seed=7
            )
        return found[name, runs, tasks]

    return measure


def tolerance(share):
    """Four standard errors of a coverage measured here and one measured over 1,000 experiments."""
    return 4 * math.sqrt(share * (1 - share) * (1 / EXPERIMENTS + 1 / 1000))


@pytest.mark.parametrize(
    ("runs", "tasks", "statistic", "percentile", "calibrated"),
    [
        (3, 1, "mean", 0.755, 0.948),
        (5, 1, "mean", 0.839, 0.951),
        (3, 1, "iqm", 0.755, 0.947),
        (5, 1, "iqm", 0.907, 0.969),
        pytest.param(3, 26, "mean", 0.869, 0.956, marks=pytest.mark.slow),
        pytest.param(3, 26, "iqm", 0.874, 0.966, marks=pytest.mark.slow),
        pytest.param(5, 26, "mean", 0.892, 0.940, marks=pytest.mark.slow),
        pytest.param(10, 26, "mean", 0.927, 0.944, marks=pytest.mark.slow),
        pytest.param(10, 26, "iqm", 0.922, 0.949, marks=pytest.mark.slow),
    ],
)
def test_coverage_of_normal_scores_is_what_others_measured(
    measured, runs, tasks, statistic, percentile, calibrated
):
    """The numbers come from another program, which simulated 1,000 experiments of each."""
    found = measured("normal", runs, tasks)
    assert abs(found[statistic, "percentile"] - percentile) < tolerance(percentile)
    assert abs(found[statistic, "calibrated"] - calibrated) < tolerance(calibrated)


@pytest.mark.parametrize("name", ["normal", "lognormal", "heavy tails", "collapsing"])
def test_with_many_runs_every_method_holds_its_level(measured, name):
    found = measured(name, 20, 1)
    for share in found.values():
        assert share > 0.95 - 0.04 - tolerance(0.95)


@pytest.mark.parametrize("name", ["normal", "lognormal", "heavy tails", "collapsing"])
def test_with_few_runs_calibrated_holds_the_truth_more_often(measured, name):
    found = measured(name, 3, 5)
    for statistic in ("mean", "iqm"):
        best = max(found[statistic, method] for method in ("percentile", "basic", "bc", "bca"))
        assert found[statistic, "calibrated"] > best
