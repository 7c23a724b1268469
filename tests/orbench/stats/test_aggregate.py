"""Aggregates equal rliable's where rliable defines them, and extend them to ragged scores."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from orbench.errors import ScoreError
from orbench.stats import IQM, STATISTICS, Mean, Median, OptimalityGap, as_tasks, statistic_named

with warnings.catch_warnings():
    # rliable's own imports warn; what we take from it is four short functions.
    warnings.simplefilter("ignore")
    metrics = pytest.importorskip("rliable.metrics")

scores = st.floats(-1e3, 1e3, allow_subnormal=False)
matrices = npst.arrays(
    np.float64, npst.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=scores
)


@given(matrices)
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Mean(), metrics.aggregate_mean),
        (Median(), metrics.aggregate_median),
        (IQM(), metrics.aggregate_iqm),
        (OptimalityGap(), metrics.aggregate_optimality_gap),
    ],
)
def test_point_estimates_are_rliables(ours, theirs, matrix):
    assert ours(as_tasks(matrix)) == pytest.approx(float(theirs(matrix)), rel=1e-12, abs=1e-11)


@given(matrices, st.floats(-10, 10))
def test_the_optimality_gap_takes_any_target(matrix, gamma):
    expected = metrics.aggregate_optimality_gap(matrix, gamma)
    assert OptimalityGap(gamma)(as_tasks(matrix)) == pytest.approx(expected, rel=1e-12, abs=1e-11)


def _iqm_by_copies(columns):
    """The ragged IQM from its definition: runs copied until every task has equally many."""
    copies = np.lcm.reduce([len(column) for column in columns])
    pooled = np.sort(
        np.concatenate([np.repeat(column, copies // len(column)) for column in columns])
    )
    runs = sum(map(len, columns))
    cut = (runs // 4) / runs * len(pooled)
    below = np.arange(len(pooled) + 1, dtype=float)
    kept = np.diff(np.clip(below, cut, len(pooled) - cut))
    return float((pooled * kept).sum() / kept.sum())


@given(st.lists(st.lists(scores, min_size=1, max_size=6), min_size=1, max_size=6))
def test_a_ragged_run_weighs_one_over_the_runs_of_its_task(columns):
    assert IQM()(as_tasks(columns)) == pytest.approx(_iqm_by_copies(columns), rel=1e-9, abs=1e-9)


def test_every_task_counts_the_same_however_many_runs_it_has():
    ragged = as_tasks([[1.0] * 10, [3.0]])
    assert Mean()(ragged) == 2.0
    assert OptimalityGap(3.0)(ragged) == 1.0


@pytest.mark.parametrize("name", STATISTICS)
def test_the_order_of_runs_does_not_matter(name):
    column = np.array([3.0, 1.0, 2.0, 8.0, 5.0])
    statistic = statistic_named(name)
    assert statistic((column,)) == pytest.approx(statistic((column[::-1].copy(),)), rel=1e-15)


def test_an_array_is_runs_by_tasks_and_a_sequence_is_one_array_per_task():
    matrix = np.arange(6.0).reshape(3, 2)
    assert [list(column) for column in as_tasks(matrix)] == [[0, 2, 4], [1, 3, 5]]
    assert [list(column) for column in as_tasks([[0, 1], [2]])] == [[0, 1], [2]]
    assert [list(column) for column in as_tasks(np.arange(3.0))] == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((2, 2, 2)), "an array of scores is (runs) or (runs x tasks), not 3-D"),
        ([], "there is no task"),
        (np.zeros((0, 2)), "has no run"),
        ([[1.0], []], "task 1 has no run"),
        ([[[1.0]]], "task 0 must be an array of runs, not 2-D"),
        (np.array([[1.0, 2.0], [3.0, np.nan]]), "run 1 of task 1 is nan"),
        ([[1.0, np.inf]], "run 1 of task 0 is inf"),
    ],
)
def test_what_is_not_a_score_matrix_is_refused(bad, message):
    with pytest.raises(ScoreError) as error:
        as_tasks(bad, "ppo")
    assert message in str(error.value)
    assert str(error.value).startswith("ppo: ")


def test_an_unknown_statistic_names_the_near_one():
    with pytest.raises(ScoreError, match="did you mean median"):
        statistic_named("medain")
