"""Significance: exact where it can be, equal to brute force, and no more false alarms than said."""

from __future__ import annotations

import importlib.util
import itertools
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from orbench.gate import MarginUnit
from orbench.gate.drops import TaskScale, relabelled_drops
from orbench.gate.relabelling import relabellings
from orbench.gate.significance import MarginTest, drop_significance
from orbench.stats.distributions import t_cdf

FOLDER = Path(__file__).parents[3] / "benchmarks"


def drops_of(pairs, at_most=2000, seed=0, unit=MarginUnit.SCORE):
    made = relabellings([pair.sizes for pair in pairs], at_most, seed)
    return [
        relabelled_drops(pair, one, TaskScale.of(pair, unit))
        for pair, one in zip(pairs, made, strict=True)
    ]


def welch_t(baseline, candidate):
    variance = baseline.var(ddof=1) / len(baseline) + candidate.var(ddof=1) / len(candidate)
    return (baseline.mean() - candidate.mean()) / math.sqrt(variance)


def test_one_task_is_the_permutation_test_of_welchs_t(scores):
    for seed in range(10):
        (pair,) = scores(seed, (5, 4), (1.0,))
        every = np.concatenate([pair.baseline, pair.candidate])
        found = []
        for picked in itertools.combinations(range(9), 4):
            others = [place for place in range(9) if place not in picked]
            found.append(welch_t(every[others], every[list(picked)]))
        share = np.mean(np.array(found) >= welch_t(pair.baseline, pair.candidate) - 1e-9)
        significance = drop_significance(drops_of([pair]))
        drop = drops_of([pair])[0].observed(0.0)
        guard = t_cdf(-drop.t, drop.degrees)
        assert significance.suite == significance.tasks[0] == pytest.approx(max(share, guard))


def test_the_ratio_under_the_true_labels_is_welchs_t(scores):
    for pair in scores(3, (7, 4), (1.0, 0.0)):
        assert drops_of([pair])[0].observed(0.0).t == pytest.approx(
            welch_t(pair.baseline, pair.candidate), rel=1e-6
        )


def test_a_margin_is_what_is_added_to_the_candidate(scores):
    (pair,) = scores(5, (6, 5))
    lifted = type(pair)(pair.task, pair.baseline, pair.candidate + 7.0)
    assert MarginTest.of(drops_of([pair]), [1.0])(7.0) == pytest.approx(
        MarginTest.of(drops_of([lifted]), [1.0])(0.0)
    )


def test_a_percentage_is_what_the_baseline_is_lowered_by(scores):
    (pair,) = scores(5, (6, 5))
    lowered = type(pair)(pair.task, 0.95 * pair.baseline, pair.candidate)
    asked = MarginTest.of(drops_of([pair], unit=MarginUnit.PERCENT), [1.0])(0.05)
    assert asked == pytest.approx(MarginTest.of(drops_of([lowered]), [1.0])(0.0))


def test_scores_that_never_differ_show_nothing(scores):
    (pair,) = scores(0, (5, 5), sd=0.0)
    assert drop_significance(drops_of([pair])).suite == 1.0


def test_a_task_that_collapsed_everywhere_is_found_by_the_smallest_p(scores):
    (pair,) = scores(0, (5, 5), sd=0.0)
    gone = type(pair)(pair.task, pair.baseline, pair.candidate - 50)
    assert drop_significance(drops_of([gone])).suite == pytest.approx(1 / 252)


def test_ties_count_against_the_candidate(scores):
    (pair,) = scores(0, (4, 4))
    tied = type(pair)(pair.task, np.array([1.0, 1, 1, 0]), np.array([1.0, 1, 1, 0]))
    assert drop_significance(drops_of([tied])).suite > 0.5


def test_asking_of_suite_and_tasks_costs_less_than_twice_the_p(scores):
    pairs = scores(2, (10, 10), (1.0,) * 6)
    drops = drops_of(pairs)
    found = drop_significance(drops)
    assert 1 / 2001 <= found.suite < 0.01
    assert all(0 < p_value <= 1 for p_value in found.tasks)


def test_one_bad_task_of_ten_is_named_where_the_suite_sees_little(scores):
    pairs = scores(8, (20, 10), (3.0, *[0.0] * 9))
    found = drop_significance(drops_of(pairs))
    assert found.tasks[0] < 0.01
    assert min(found.tasks[1:]) > 0.2


# -- false alarms, by the program of benchmarks/, seeded and short

EXPERIMENTS = 300


@pytest.fixture(scope="module")
def simulation():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        spec = importlib.util.spec_from_file_location("gate_benchmark", FOLDER / "gate.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules["gate_benchmark"] = module
        spec.loader.exec_module(module)
        yield module
    for name in ("gate_benchmark", "calibration", "measuring"):
        sys.modules.pop(name, None)


def most(rate, experiments):
    """What a share of this true rate stays below, but for 1 time in 10,000."""
    return rate + 3.72 * math.sqrt(rate * (1 - rate) / experiments)


@pytest.mark.parametrize(
    ("kind", "baseline", "candidate", "tasks", "spread"),
    [
        ("normal", 5, 5, 1, (1.0, 1.0)),
        pytest.param("lognormal", 30, 10, 5, (1.0, 1.0), marks=pytest.mark.slow),
        pytest.param("collapsing", 30, 5, 5, (1.0, 1.0), marks=pytest.mark.slow),
        ("collapsing", 5, 3, 1, (1.0, 1.0)),
        pytest.param("normal", 20, 5, 5, (1.0, 3.0), marks=pytest.mark.slow),
        ("normal", 5, 20, 5, (3.0, 1.0)),
    ],
)
def test_false_alarms_are_as_rare_as_said(simulation, kind, baseline, candidate, tasks, spread):
    cell = simulation.Cell(kind, baseline, candidate, tasks, spread)
    found = simulation.rates(cell, EXPERIMENTS, seed=11)
    assert found.share("gate") <= most(0.05, EXPERIMENTS)


def test_rules_in_use_alarm_far_more_often(simulation):
    found = simulation.rates(simulation.Cell("normal", 5, 5, 5), EXPERIMENTS, seed=11)
    assert found.share("Welch") > 0.15
    assert found.share("+- SE") > 0.3
    assert found.share("gate") < 0.1


def test_a_drop_that_is_said_to_be_found_is_found(simulation):
    told = dict(simulation._found_cells())
    label = next(name for name in told if name.endswith("everywhere") and told[name].tasks == 10)
    found = simulation.rates(told[label], 200, seed=3)
    assert found.share("gate") == pytest.approx(0.8, abs=0.12)


def test_a_drop_of_the_margin_does_not_pass_as_smaller(simulation):
    cell = simulation.Cell("normal", 10, 10, 3, effect=(0.5,) * 3)
    share = simulation.false_passes(cell, 0.5 * simulation.SPREAD, EXPERIMENTS, seed=2)
    assert share <= most(0.05, EXPERIMENTS)


def test_two_stages_rarely_alarm_and_cost_few_runs(simulation):
    alarms, runs = simulation.staged_rates(0.0, EXPERIMENTS, seed=1)
    assert alarms <= most(0.01, EXPERIMENTS)
    assert runs == pytest.approx(3.5, abs=0.3)
    assert simulation.staged_rates(2.0, 100, seed=1)[0] > 0.5
