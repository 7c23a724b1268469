"""rliable as oracle: the same points to 1e-12, the same intervals within Monte-Carlo error."""

from __future__ import annotations

import importlib
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from orbench.errors import MissingExtraError, ScoreError
from orbench.stats import (
    PROFILE_KINDS,
    STATISTICS,
    interval_estimates,
    performance_profile,
    probability_of_improvement,
    sample_efficiency,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    library = pytest.importorskip("rliable.library")
    metrics = pytest.importorskip("rliable.metrics")

FUNCTIONS = {
    "mean": metrics.aggregate_mean,
    "median": metrics.aggregate_median,
    "iqm": metrics.aggregate_iqm,
    "optimality_gap": metrics.aggregate_optimality_gap,
}
# Few values, so that ties and whole tasks alike occur; 8 bits, so that they are round.
scores = st.floats(-8, 8, width=16)
shapes = st.tuples(st.integers(1, 9), st.integers(1, 7))
matrices = shapes.flatmap(lambda shape: npst.arrays(np.float64, shape, elements=scores))
pairs = shapes.flatmap(
    lambda shape: st.tuples(
        npst.arrays(np.float64, shape, elements=scores),
        st.integers(1, 9).flatmap(
            lambda n: npst.arrays(np.float64, (n, shape[1]), elements=scores)
        ),
    )
)
curves = st.tuples(shapes, st.integers(1, 5)).flatmap(
    lambda shape: npst.arrays(np.float64, (*shape[0], shape[1]), elements=scores)
)


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@given(matrices)
def test_points_of_aggregates_are_rliables(matrix):
    found = interval_estimates({"a": matrix}, reps=100)["a"]
    close([found[name].point for name in STATISTICS], [FUNCTIONS[n](matrix) for n in STATISTICS])


@given(npst.arrays(np.float64, st.integers(1, 12), elements=scores))
def test_points_of_one_task_are_rliables(runs):
    found = interval_estimates({"a": runs}, reps=100)["a"]
    expected = [FUNCTIONS[name](runs[:, None]) for name in STATISTICS]
    close([found[name].point for name in STATISTICS], expected)


@given(curves)
def test_points_of_curves_are_rliables(array):
    for name, function in FUNCTIONS.items():
        found = sample_efficiency(array, statistic=name, reps=100)
        close(found.point, [function(array[..., point]) for point in range(array.shape[2])])


@given(matrices, st.lists(scores, min_size=1, max_size=9, unique=True))
def test_points_of_profiles_are_rliables(matrix, thresholds):
    at = np.sort(thresholds)
    theirs = (library.score_distributions, library.average_score_distributions)
    for kind, function in zip(PROFILE_KINDS, theirs, strict=True):
        close(performance_profile(matrix, at, kind=kind, reps=100).point, function(matrix, at))


@given(pairs)
def test_points_of_improvement_are_rliables(pair):
    x, y = pair
    close(
        probability_of_improvement(x, y, reps=100).point, metrics.probability_of_improvement(x, y)
    )


# An end of an interval is a quantile of R replicates: its standard error is
# sqrt(p (1 - p) / R) / density, 2.67 sd / sqrt(R) at p = .025, and there are two engines. Five of
# those, in units of the interval's width (3.9 sd).
REPS = 2000
TOLERANCE = 5 * 2.67 / np.sqrt(REPS) * np.sqrt(2) / 3.92


def near(ours, theirs, lattice=0.0):
    width = np.asarray(theirs.high) - np.asarray(theirs.low)
    for end in ("low", "high"):
        apart = np.abs(np.asarray(getattr(ours, end)) - np.asarray(getattr(theirs, end)))
        assert (apart <= TOLERANCE * width + lattice + 1e-12).all()


# Of a few runs on a single task there are so few different resamples that an end may stand where
# one jumps to the next, and there Monte-Carlo error is as wide as the jump.
sizes = st.tuples(st.integers(4, 12), st.integers(2, 6))


def drawn(seed, *shape):
    return np.random.default_rng(seed).normal(0.6, 0.5, shape)


@pytest.mark.slow
@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6), sizes)
@pytest.mark.parametrize("method", ["percentile", "basic", "bc"])
def test_intervals_of_aggregates_are_rliables(method, seed, size):
    array = drawn(seed, *size)
    ours, theirs = (
        interval_estimates({"a": array}, method=method, reps=REPS, seed=seed, engine=engine)["a"]
        for engine in ("numpy", "rliable")
    )
    # The median of a few tasks is read off few different means: it moves in steps.
    for name in ("mean", "iqm", "optimality_gap"):
        near(ours[name], theirs[name])
        assert ours[name].point == theirs[name].point


@pytest.mark.slow
@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6), st.integers(8, 15))
@pytest.mark.parametrize("method", ["percentile", "basic", "bc", "bca"])
def test_intervals_of_one_task_are_rliables(method, seed, runs):
    """bca on a single task alone: on several it differs by intent, see `BCa`."""
    array = drawn(seed, runs)
    ours, theirs = (
        interval_estimates(
            {"a": array}, method=method, reps=REPS, statistics=["mean"], engine=engine
        )["a"]["mean"]
        for engine in ("numpy", "rliable")
    )
    near(ours, theirs)


@pytest.mark.slow
@settings(max_examples=3, deadline=None)
@given(st.integers(0, 10**6), sizes)
def test_intervals_over_tasks_are_rliables(seed, size):
    array = drawn(seed, size[0], size[1] + 3)
    ours, theirs = (
        interval_estimates({"a": array}, reps=REPS, over_tasks=True, engine=engine)["a"]
        for engine in ("numpy", "rliable")
    )
    for name in ("mean", "iqm", "optimality_gap"):
        near(ours[name], theirs[name])


@pytest.mark.slow
@settings(max_examples=3, deadline=None)
@given(st.integers(0, 10**6), sizes, st.integers(1, 6))
def test_intervals_of_curves_are_rliables(seed, size, points):
    array = drawn(seed, *size, points).cumsum(axis=2)
    ours, theirs = (
        sample_efficiency(array, reps=REPS, engine=engine) for engine in ("numpy", "rliable")
    )
    near(ours, theirs)


@pytest.mark.slow
@settings(max_examples=3, deadline=None)
@given(st.integers(0, 10**6), sizes)
@pytest.mark.parametrize("kind", PROFILE_KINDS)
def test_intervals_of_profiles_are_rliables(kind, seed, size):
    array = drawn(seed, *size)
    at = np.linspace(0, 1, 7)
    ours, theirs = (
        performance_profile(array, at, kind=kind, reps=REPS, engine=engine)
        for engine in ("numpy", "rliable")
    )
    # Shares move in steps of one run, or one task.
    near(ours, theirs, lattice=1 / (array.size if kind == "runs" else size[1]))


@pytest.mark.slow
@settings(max_examples=1, deadline=None)  # rliable takes half a minute for one
@given(st.integers(0, 10**6), sizes, st.integers(4, 9))
def test_intervals_of_improvement_are_rliables(seed, size, others):
    x, y = drawn(seed, *size), drawn(seed + 1, others, size[1])
    ours, theirs = (
        probability_of_improvement(x, y, reps=REPS, engine=engine)
        for engine in ("numpy", "rliable")
    )
    near(ours, theirs, lattice=1 / (size[0] * others * size[1]))


MATRIX = drawn(0, 5, 3)


def test_the_engine_gives_the_same_kind_of_result():
    ours, theirs = (
        interval_estimates({"a": MATRIX}, reps=200, engine=engine)["a"]["iqm"]
        for engine in ("numpy", "rliable")
    )
    assert (theirs.point, theirs.n, theirs.reps, theirs.note) == (ours.point, ours.n, 200, "")
    assert theirs.low < theirs.point < theirs.high


def test_the_engine_is_repeatable_and_leaves_the_global_generator_alone():
    np.random.seed(3)
    before = np.random.get_state()[1].tolist()
    first, second = (interval_estimates({"a": MATRIX}, reps=200, engine="rliable") for _ in "ab")
    assert first == second
    assert np.random.get_state()[1].tolist() == before


def test_one_run_has_no_interval_whatever_the_engine():
    found = interval_estimates({"a": MATRIX[:1]}, reps=200, engine="rliable")["a"]["mean"]
    assert (found.low, found.note) == (None, "n=1 on 3 of 3 tasks: no interval")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "calibrated"}, "rliable has no calibrated intervals; use percentile, basic"),
        ({"engine": "rlaible"}, "did you mean rliable"),
    ],
)
def test_what_the_engine_cannot_do_is_refused(arguments, message):
    with pytest.raises(ScoreError, match=message):
        interval_estimates({"a": MATRIX}, reps=200, **{"engine": "rliable", **arguments})


def test_the_engine_needs_equally_many_runs():
    with pytest.raises(ScoreError, match="equally many runs on every task, not 2 to 3"):
        interval_estimates({"a": [[1.0, 2.0], [1.0, 2.0, 3.0]]}, reps=200, engine="rliable")


def test_without_the_package_its_extra_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "rliable"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rliable", None)
    importlib.invalidate_caches()
    with pytest.raises(MissingExtraError, match=r"orbench\[rliable\]"):
        interval_estimates({"a": MATRIX}, reps=200, engine="rliable")
