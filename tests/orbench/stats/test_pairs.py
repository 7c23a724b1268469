"""Two run sets compared: on the same tasks, by runs redrawn in both, paired on request."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.errors import ScoreError
from orbench.stats import (
    difference_estimates,
    interval_estimates,
    probability_of_improvement,
    ratio_estimates,
)

random = np.random.default_rng(8)
X = [random.normal(3, 1, n) for n in (4, 6, 5)]
Y = [random.normal(2, 1, n) for n in (5, 3, 4)]

columns = st.lists(st.lists(st.integers(0, 4), min_size=2, max_size=5), min_size=1, max_size=4)


@given(columns, st.data())
def test_improvement_counts_wins_and_half_of_ties(x, data):
    y = [data.draw(st.lists(st.integers(0, 4), min_size=2, max_size=5)) for _ in x]
    found = probability_of_improvement(x, y, reps=100)
    by_task = [
        np.mean([(a > b) + (a == b) / 2 for a in mine for b in other])
        for mine, other in zip(x, y, strict=True)
    ]
    assert found.by_task == pytest.approx(by_task)
    assert found.point == pytest.approx(np.mean(by_task))
    reverse = probability_of_improvement(y, x, reps=100)
    assert found.point + reverse.point == pytest.approx(1)


def test_certain_improvement_has_no_width():
    found = probability_of_improvement([[5.0, 6.0]], [[1.0, 2.0]])
    assert (found.point, found.low, found.high) == (1, 1, 1)


@pytest.mark.parametrize("method", ["percentile", "basic", "bc", "bca", "calibrated"])
def test_improvement_has_every_interval(method):
    found = probability_of_improvement(X, Y, method=method)
    assert 0 <= found.low < found.point < found.high <= 1
    assert (found.n, found.n_other) == ((4, 6, 5), (5, 3, 4))


def test_tasks_that_one_has_and_the_other_has_not_are_named():
    x = {"Ant": X[0], "Hopper": X[1], "Walker": X[2]}
    y = {"Hopper": Y[1], "Swimmer": Y[2]}
    with pytest.raises(ScoreError) as error:
        probability_of_improvement(x, y, labels=("ppo", "sac"))
    assert str(error.value) == (
        "the tasks differ: ppo has no runs on Swimmer; sac has no runs on Ant, Walker"
    )


def test_named_tasks_are_matched_by_name_and_not_by_order():
    names = ("a", "b", "c")
    turned = dict(reversed(list(zip(names, Y, strict=True))))
    by_name = probability_of_improvement(dict(zip(names, X, strict=True)), turned)
    assert by_name == probability_of_improvement(X, Y)


def test_unequal_numbers_of_tasks_are_refused_and_a_turned_matrix_suspected():
    with pytest.raises(ScoreError, match=r"x has 3, y has 2$"):
        probability_of_improvement(X, Y[:2])
    with pytest.raises(ScoreError, match="rows are runs and columns tasks: is one turned"):
        probability_of_improvement(np.zeros((5, 3)), np.zeros((3, 5)))


def test_one_run_has_no_interval():
    found = probability_of_improvement([[1.0]], [[0.0, 2.0]])
    assert (found.point, found.low, found.note) == (0.5, None, "n=1 on 1 of 2 tasks: no interval")


def test_a_difference_is_of_the_statistics():
    found = difference_estimates(X, Y)
    points = interval_estimates({"x": X, "y": Y}, reps=100)
    for name in ("mean", "median", "iqm"):
        assert found[name].point == points["x"][name].point - points["y"][name].point
        assert found[name].low < found[name].point < found[name].high


def test_a_ratio_is_of_the_statistics():
    found = ratio_estimates(X, Y)
    points = interval_estimates({"x": X, "y": Y}, reps=100)
    for name in ("mean", "median", "iqm"):
        assert found[name].point == points["x"][name].point / points["y"][name].point
        assert found[name].low < found[name].point < found[name].high


def test_the_width_of_a_difference_is_that_of_two_samples():
    """Welch's standard error, less the bootstrap's n - 1 over n."""
    x, y = np.random.default_rng(1).normal(size=(2, 30))
    found = difference_estimates([x], [y * 2], statistics=["mean"])["mean"]
    expected = 2 * 1.96 * np.sqrt(x.var() / 30 + 4 * y.var() / 30)
    assert found.high - found.low == pytest.approx(expected, rel=0.03)


def test_both_sides_are_redrawn_on_their_own_unless_paired():
    """A run set less itself: paired there is nothing left to vary."""
    apart = difference_estimates(X, X)["mean"]
    paired = difference_estimates(X, X, paired=True)["mean"]
    assert apart.low < 0 < apart.high
    assert (paired.low, paired.high) == (0, 0)


def test_calibrated_paired_differences_are_students_t():
    """One task: the interval of the mean of differences, as in a paired t test."""
    x, y = np.random.default_rng(2).normal(size=(2, 40))
    found = difference_estimates([x], [y], statistics=["mean"], method="calibrated", paired=True)
    half = 2.0227 * (x - y).std(ddof=1) / np.sqrt(40)
    assert found["mean"].high - found["mean"].low == pytest.approx(2 * half, rel=0.03)


def test_unequal_runs_cannot_be_paired():
    with pytest.raises(ScoreError, match="on task 0 one run set has 4 runs, the other 5"):
        difference_estimates(X, Y, paired=True)


def test_a_ratio_to_what_may_be_zero_has_no_interval_and_says_so():
    found = ratio_estimates([[1.0, 2.0]], [[-1.0, 3.0]], statistics=["mean"])["mean"]
    assert (found.point, found.low) == (1.5, None)
    assert "both sides of 0" in found.note
    with pytest.raises(ScoreError, match="the mean of y is 0"):
        ratio_estimates([[1.0, 2.0]], [[-1.0, 1.0]], statistics=["mean"])


@pytest.mark.parametrize("compare", [difference_estimates, ratio_estimates])
def test_one_seed_gives_the_same_bytes(compare):
    assert repr(compare(X, Y, seed=5)) == repr(compare(X, Y, seed=5))
    assert compare(X, Y, seed=5) != compare(X, Y, seed=6)
    generators = (np.random.default_rng(1), np.random.default_rng(1))
    assert compare(X, Y, seed=generators[0]) == compare(X, Y, seed=generators[1])
