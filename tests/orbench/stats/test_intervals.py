"""Intervals: as wide as the literature's, wider where few runs hide the spread, none for n=1."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from orbench.errors import ScoreError
from orbench.stats import (
    INTERVALS,
    STATISTICS,
    BiasCorrected,
    Mean,
    as_tasks,
    interval_estimates,
    statistic_named,
)
from orbench.stats.bootstrap import bootstrap, resamples
from orbench.stats.distributions import t_quantile
from orbench.stats.intervals import Evidence, small_sample_stretch
from orbench.stats.quantiles import quantiles

SCORES = np.random.default_rng(0).normal(1, 1, (6, 5))


@given(
    npst.arrays(np.float64, st.integers(2, 40), elements=st.floats(-1e6, 1e6)),
    st.floats(0, 0.5),
)
def test_quantiles_are_numpys(values, low):
    found = quantiles(values, (low, 1 - low))
    np.testing.assert_allclose(found, np.quantile(values, [low, 1 - low]), rtol=1e-12, atol=1e-9)


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 5)), min_size=1, max_size=20))
def test_repeats_are_a_shorter_way_to_write_a_sample(pairs):
    values = np.array([float(value) for value, _ in pairs])
    repeats = np.array([times for _, times in pairs])
    assert quantiles(values, (0.1, 0.8), repeats) == quantiles(
        np.repeat(values, repeats), (0.1, 0.8)
    )


def _replicates(name="mean"):
    return bootstrap(as_tasks(SCORES), [statistic_named(name)], 50_000, 0)[0]


def test_a_basic_interval_is_the_percentile_one_reflected():
    plain, basic = (
        interval_estimates({"a": SCORES}, method=method)["a"]["iqm"]
        for method in ("percentile", "basic")
    )
    assert basic.low == pytest.approx(2 * plain.point - plain.high)
    assert basic.high == pytest.approx(2 * plain.point - plain.low)


def _by_definition(replicates, point, acceleration):
    """Efron 1987: both ends moved by the bias z0 and the acceleration a."""
    normal = NormalDist()
    tied = np.isclose(replicates, point, rtol=1e-12)
    bias = normal.inv_cdf(float(((replicates < point) & ~tied).mean() + tied.mean() / 2))
    moved = [bias + normal.inv_cdf(probability) for probability in (0.025, 0.975)]
    return [normal.cdf(bias + one / (1 - acceleration * one)) for one in moved]


@pytest.mark.parametrize("name", STATISTICS)
def test_bc_is_by_its_definition(name):
    found = interval_estimates({"a": SCORES}, method="bc")["a"][name]
    replicates = _replicates(name)
    ends = np.quantile(replicates, _by_definition(replicates, found.point, 0.0))
    assert (found.low, found.high) == pytest.approx(tuple(ends), rel=1e-9)


def test_bca_of_a_mean_takes_the_skewness_of_all_tasks():
    """Of a mean the influences are the deviations of runs from their task's mean."""
    skewed = np.exp(SCORES)
    found = interval_estimates({"a": skewed}, method="bca")["a"]["mean"]
    influence = (skewed - skewed.mean(axis=0)) / skewed.size
    acceleration = (influence**3).sum() / (6 * (influence**2).sum() ** 1.5)
    replicates = bootstrap(as_tasks(skewed), [Mean()], 50_000, 0)[0]
    ends = np.quantile(replicates, _by_definition(replicates, found.point, acceleration))
    assert (found.low, found.high) == pytest.approx(tuple(ends), rel=1e-9)
    plain = interval_estimates({"a": skewed}, method="bc")["a"]["mean"]
    assert found.high > plain.high


def test_replicates_that_equal_the_point_count_half():
    """Two runs: a quarter of the resamples below, half of them equal; the interval stays put."""
    plain, corrected = (
        interval_estimates({"a": [[0.0, 1.0]]}, method=method)["a"]["mean"]
        for method in ("percentile", "bc")
    )
    assert (corrected.low, corrected.high) == (plain.low, plain.high) == (0, 1)


def test_where_all_replicates_are_on_one_side_bc_has_no_interval_and_says_so():
    evidence = Evidence(np.array([1.0, 5.0]), np.array([[2.0, 3.0], [4.0, 6.0]]), (), list)
    low, high = BiasCorrected()(evidence, 0.95)
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [True, False]


@pytest.mark.parametrize("method", INTERVALS)
def test_scores_that_do_not_vary_have_an_interval_without_width(method):
    found = interval_estimates({"a": np.ones((4, 3))}, method=method)["a"]["iqm"]
    assert (found.low, found.high) == (1, 1)


def test_tasks_redrawn_too_make_a_wider_interval():
    """Tasks that differ much, runs that do not: only the tasks can make the width."""
    scores = np.arange(6.0) + np.random.default_rng(0).normal(0, 0.01, (4, 6))
    runs, tasks = (
        interval_estimates({"a": scores}, over_tasks=over)["a"]["mean"] for over in (False, True)
    )
    assert runs.high - runs.low < 0.05
    expected = 2 * 1.96 * scores.mean(axis=0).std() / np.sqrt(6)
    assert tasks.high - tasks.low == pytest.approx(expected, rel=0.1)


def test_a_redrawn_task_has_runs_of_its_own():
    """Ragged: every slot has the mean of as many runs as the task drawn for it."""
    tasks = as_tasks([[1.0, 2.0], [10.0, 20.0, 30.0], [500.0]])
    (sample,) = resamples(tasks, 500, 1, over_tasks=True)
    means = sample.task_means
    possible = {1.0, 1.5, 2.0, 500.0} | {round(one / 3, 9) for one in range(30, 100, 10)}
    assert {round(one, 9) for one in means.ravel().tolist()} <= possible
    drawn = np.array([counts.sum(axis=0) / len(counts) for counts in sample.counts])
    assert (drawn.sum(axis=0) == 3).all()
    np.testing.assert_allclose(drawn.mean(axis=1), 1, atol=0.15)


def test_bca_is_not_for_redrawn_tasks():
    with pytest.raises(ScoreError, match="use bc where tasks are redrawn"):
        interval_estimates({"a": SCORES}, method="bca", over_tasks=True)


def test_labels_are_compared_on_the_same_tasks():
    with pytest.raises(ScoreError, match="sac has no runs on Ant, Walker"):
        interval_estimates({"ppo": {"Ant": [1, 2], "Walker": [1, 2]}, "sac": {"Hopper": [1, 2]}})
    with pytest.raises(ScoreError, match=r"ppo has 5, sac has 6.*is one turned"):
        interval_estimates({"ppo": SCORES, "sac": SCORES.T})


def test_tasks_may_have_names():
    named = {f"task{place}": column for place, column in enumerate(SCORES.T)}
    assert interval_estimates({"a": named}) == interval_estimates({"a": SCORES})
    with pytest.raises(ScoreError, match="a: run 1 of task Ant is nan"):
        interval_estimates({"a": {"Ant": [1.0, math.nan]}})


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [(1, 12.7062047364), (2, 4.30265272991), (4, 2.7764451052), (30, 2.0422724563)],
)
def test_quantiles_of_students_t(degrees, expected):
    """Values of the published tables."""
    assert t_quantile(0.975, degrees) == pytest.approx(expected, rel=1e-9)
    assert t_quantile(0.025, degrees) == pytest.approx(-expected, rel=1e-9)


def test_students_t_becomes_the_normal():
    assert t_quantile(0.975, 1e7) == pytest.approx(1.959963985, rel=1e-6)


def test_equal_tasks_are_stretched_by_n_and_t():
    column = np.array([1.0, 2.0, 3.0])
    expected = math.sqrt(3 / 2) * 4.30265272991 / 1.959963985
    assert small_sample_stretch((column,), 0.95) == pytest.approx(expected, rel=1e-8)
    # Two equally varying tasks have twice the degrees of freedom.
    expected = math.sqrt(3 / 2) * 2.7764451052 / 1.959963985
    assert small_sample_stretch((column, column), 0.95) == pytest.approx(expected, rel=1e-8)


def test_scores_that_do_not_vary_are_not_stretched():
    assert small_sample_stretch((np.ones(3), np.ones(4)), 0.95) == 1.0
    found = interval_estimates({"ppo": np.ones((3, 2))}, method="calibrated")["ppo"]["mean"]
    assert (found.point, found.low, found.high) == (1.0, 1.0, 1.0)


def test_one_run_gives_no_interval_and_says_so():
    found = interval_estimates({"ppo": [[1.0], [2.0, 3.0]]})["ppo"]
    for estimate in found.values():
        assert (estimate.low, estimate.high) == (None, None)
        assert estimate.note == "n=1 on 1 of 2 tasks: no interval"
        assert estimate.n == (1, 2)
    assert found["mean"].point == 1.75


def test_the_interval_of_one_label_does_not_depend_on_the_others():
    alone = interval_estimates({"sac": SCORES}, reps=500)["sac"]
    together = interval_estimates({"ppo": SCORES + 1, "sac": SCORES}, reps=500)["sac"]
    assert alone == together


def test_a_higher_level_is_wider():
    narrow, wide = (
        interval_estimates({"a": SCORES}, reps=2000, level=level)["a"]["iqm"]
        for level in (0.5, 0.99)
    )
    assert wide.low < narrow.low < narrow.point < narrow.high < wide.high


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"reps": 99}, "99 replicates make no interval"),
        ({"level": 95}, "between 0 and 1"),
        ({"method": "percentil"}, "did you mean percentile"),
        ({"statistics": ["iqr"]}, "did you mean iqm"),
    ],
)
def test_what_cannot_be_computed_is_refused(arguments, message):
    with pytest.raises(ScoreError, match=message):
        interval_estimates({"ppo": SCORES}, **arguments)
