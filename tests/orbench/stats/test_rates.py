"""Rates: intervals that have a width at 0 and at 100 %, checked against scipy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.errors import ScoreError
from orbench.stats import rate_estimate
from orbench.stats.distributions import beta_cdf, beta_quantile, t_cdf, t_quantile

scipy_stats = pytest.importorskip("scipy.stats")

shapes = st.floats(0.5, 500)
counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, st.sampled_from([0.8, 0.95, 0.99]))
@pytest.mark.parametrize(("ours", "theirs"), [("wilson", "wilson"), ("clopper_pearson", "exact")])
def test_intervals_are_scipys(ours, theirs, count, level):
    successes, trials = count
    found = rate_estimate(successes, trials, method=ours, level=level)
    expected = scipy_stats.binomtest(successes, trials).proportion_ci(level, theirs)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-8)
    assert found.point == successes / trials


@given(shapes, shapes, st.floats(0.001, 0.999))
def test_the_beta_distribution_is_scipys(a, b, probability):
    x = beta_quantile(probability, a, b)
    assert x == pytest.approx(scipy_stats.beta.ppf(probability, a, b), rel=1e-8)
    assert beta_cdf(x, a, b) == pytest.approx(scipy_stats.beta.cdf(x, a, b), rel=1e-8)


@given(st.floats(0.5, 1e5), st.floats(0.001, 0.999))
def test_students_t_is_scipys(degrees, probability):
    t = t_quantile(probability, degrees)
    assert t == pytest.approx(scipy_stats.t.ppf(probability, degrees), rel=1e-8, abs=1e-7)
    assert t_cdf(t, degrees) == pytest.approx(scipy_stats.t.cdf(t, degrees), rel=1e-8)


@pytest.mark.parametrize("method", ["wilson", "clopper_pearson"])
def test_all_and_none_have_a_width(method):
    none, every = (rate_estimate(n, 20, method=method) for n in (0, 20))
    assert none.low == 0
    assert 0 < none.high < 0.2
    assert every.high == 1
    assert every.low == pytest.approx(1 - none.high)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0), "not 0 of 0"),
        ((5, 4), "not 5 of 4"),
        ((-1, 4), "not -1 of 4"),
        ((0.5, 4), "whole numbers, not 0.5 of 4"),
    ],
)
def test_what_is_no_rate_is_refused(arguments, message):
    with pytest.raises(ScoreError, match=message):
        rate_estimate(*arguments)


def test_an_unknown_method_names_the_near_one():
    with pytest.raises(ScoreError, match="did you mean wilson"):
        rate_estimate(1, 2, method="wislon")
