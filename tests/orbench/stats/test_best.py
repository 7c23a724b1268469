"""The best by test: a true best stands alone, equals stand together, single runs stand aside."""

from __future__ import annotations

import numpy as np
import pytest

from orbench.stats import IQM, Mean, OptimalityGap, best_run_sets, holm
from orbench.stats.best import _measured, _welch


def of(*scores):
    return tuple(np.array(column, float) for column in scores)


def measured(tasks, statistic):
    return _measured(tasks, statistic, 20_000, 0)


welch = _welch

GOOD = of([10.0, 11.0, 10.5, 10.2])
BAD = of([1.0, 2.0, 1.5, 1.2])
CLOSE = of([9.0, 12.0, 10.0, 11.5])


def test_the_best_stands_alone_where_the_others_are_worse():
    assert best_run_sets({"good": GOOD, "bad": BAD}) == {"good"}


def test_what_does_not_differ_significantly_stands_with_the_best():
    assert best_run_sets({"good": GOOD, "bad": BAD, "close": CLOSE}) == {"good", "close"}


def test_the_lowest_may_be_the_best():
    assert best_run_sets({"good": GOOD, "bad": BAD}, direction="lowest") == {"bad"}


def test_the_lowest_optimality_gap_is_the_best():
    scores = {"good": of([0.9, 0.95, 0.92]), "bad": of([0.1, 0.12, 0.15])}
    assert best_run_sets(scores, OptimalityGap()) == {"good"}
    assert best_run_sets(scores, OptimalityGap(), direction="lowest") == {"bad"}


def test_single_runs_are_left_aside():
    assert best_run_sets({"one": of([99.0]), "good": GOOD, "bad": BAD}) == {"good"}
    assert best_run_sets({"one": of([99.0]), "good": GOOD}) == frozenset()


def test_without_any_spread_a_difference_is_a_difference():
    solved, failed = of([1.0, 1.0, 1.0]), of([0.0, 0.0])
    assert best_run_sets({"a": solved, "b": failed, "c": solved}) == {"a", "c"}


def test_the_test_of_two_means_is_welchs():
    x, y = (measured(of(values), Mean()) for values in ([1, 2, 4], [3, 5, 6, 8]))
    # scipy.stats.ttest_ind([1, 2, 4], [3, 5, 6, 8], equal_var=False)
    t = (x.point - y.point) / (x.variance + y.variance) ** 0.5
    degrees = (x.variance + y.variance) ** 2 / (x.weight + y.weight)
    assert (t, degrees) == pytest.approx((-2.321219442769799, 4.9933259176863185), rel=1e-12)
    assert welch(x, y) == welch(y, x) == pytest.approx(0.06801971352325632, rel=1e-9)


class SomeStatistic:
    """The mean, but not known to be one."""

    name = title = "some"

    def __call__(self, tasks):
        return Mean()(tasks)

    def replicates(self, sample):
        return Mean().replicates(sample)


def test_the_bootstrap_gives_the_standard_error_that_is_exact_for_a_mean():
    tasks = tuple(np.random.default_rng(0).normal(size=(4, 5)))
    exact, bootstrapped = measured(tasks, Mean()), measured(tasks, SomeStatistic())
    assert bootstrapped.variance == pytest.approx(exact.variance, rel=0.05)
    ratio = exact.variance**2 / exact.weight
    assert bootstrapped.variance**2 / bootstrapped.weight == pytest.approx(ratio)


def test_holms_adjustment():
    # Holm 1979: the smallest times m, the next times m - 1, ..., never decreasing, at most 1.
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def draw_normal(rng, n):
    return rng.normal(size=n)


def draw_lognormal(rng, n):
    return rng.lognormal(size=n)


@pytest.mark.parametrize("draw", [draw_normal, draw_lognormal], ids=["normal", "lognormal"])
@pytest.mark.parametrize(("sets", "n"), [(2, 3), (4, 5), (6, 10)])
def test_equals_are_told_apart_in_at_most_5_percent_of_experiments(draw, sets, n):
    rng = np.random.default_rng(1)
    experiments = 400
    apart = 0
    for _ in range(experiments):
        scores = {str(label): (draw(rng, n),) for label in range(sets)}
        apart += len(best_run_sets(scores)) < sets
    # Three standard deviations of a binomial with .05 above it.
    assert apart / experiments <= 0.05 + 3 * (0.05 * 0.95 / experiments) ** 0.5


def test_equals_over_tasks_by_iqm_stay_together():
    rng = np.random.default_rng(2)
    experiments = 60
    apart = sum(
        len(
            best_run_sets(
                {label: tuple(rng.normal(size=5) for _ in range(5)) for label in "ab"},
                IQM(),
                reps=300,
            )
        )
        < 2
        for _ in range(experiments)
    )
    assert apart / experiments <= 0.05 + 3 * (0.05 * 0.95 / experiments) ** 0.5
