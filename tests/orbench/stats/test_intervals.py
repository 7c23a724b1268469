"""Intervals: as wide as the literature's, wider where few runs hide the spread, none for n=1."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from orbench.errors import ScoreError
from orbench.stats import interval_estimates
from orbench.stats.distributions import t_quantile
from orbench.stats.intervals import small_sample_stretch
from orbench.stats.quantiles import quantiles

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    library = pytest.importorskip("rliable.library")
    metrics = pytest.importorskip("rliable.metrics")

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


@pytest.mark.slow
@settings(max_examples=3, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 10), st.integers(2, 8))
def test_percentile_intervals_are_rliables_within_monte_carlo_error(seed, runs, tasks):
    scores = np.random.default_rng(seed).normal(1, 1, (runs, tasks))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, theirs = library.get_interval_estimates(
            {"ppo": scores},
            lambda x: np.array([metrics.aggregate_mean(x), metrics.aggregate_iqm(x)]),
            reps=2000,
        )
    found = interval_estimates({"ppo": scores}, statistics=("mean", "iqm"), reps=20_000)["ppo"]
    for place, name in enumerate(("mean", "iqm")):
        ours = found[name]
        # An end is a quantile of 2,000 replicates: about 0.06 widths of an interval at 4 sigma.
        tolerance = 0.1 * (ours.high - ours.low)
        assert abs(ours.low - theirs["ppo"][0, place]) < tolerance
        assert abs(ours.high - theirs["ppo"][1, place]) < tolerance


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


@pytest.mark.parametrize(("runs", "least", "most"), [(3, 0.92, 0.975), (5, 0.92, 0.975)])
def test_calibrated_intervals_hold_their_level_and_percentile_ones_do_not(runs, least, most):
    """600 experiments on normal scores of one task; the bounds are three standard errors away."""
    random = np.random.default_rng(12)
    held = {"calibrated": 0, "percentile": 0}
    for _ in range(600):
        scores = {"ppo": random.normal(size=(runs, 1))}
        for method in held:
            found = interval_estimates(scores, statistics=["mean"], method=method, reps=500)
            estimate = found["ppo"]["mean"]
            held[method] += estimate.low <= 0 <= estimate.high
    assert least < held["calibrated"] / 600 < most
    assert held["percentile"] / 600 < 0.88


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
