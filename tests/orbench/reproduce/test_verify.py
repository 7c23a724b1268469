"""The verdict: from bit-exact to different, with the first step at which two runs part."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from orbench.metric import Series
from orbench.reproduce import Sense, Tolerance, compare_runs
from orbench.reproduce.verify import is_compared


def series(values, steps=None):
    values = np.asarray(values, float)
    steps = np.arange(len(values)) if steps is None else np.asarray(steps)
    return Series("r", "m", steps, values, steps.astype(float))


def verdict(first, again, siblings=(), **choices):
    found = compare_runs({"m": first}, {"m": again}, {"m": list(siblings)}, **choices)
    return found.metrics[0]


def test_equal_points_are_bit_exact_nan_and_infinity_too():
    one = verdict(series([1, np.nan, np.inf, -0.0]), series([1, np.nan, np.inf, -0.0]))
    assert (one.sense, one.first_step, one.largest) == (Sense.EXACT, None, 0.0)


def test_a_zero_of_the_other_sign_is_not_bit_exact():
    assert verdict(series([0.0]), series([-0.0])).sense is Sense.TOLERANCE


@given(
    arrays.arrays(float, st.integers(1, 30), elements=st.floats(width=64)),
    st.randoms(use_true_random=False),
)
@settings(max_examples=50)
def test_points_logged_in_another_order_of_steps_are_the_same(values, shuffle):
    order = list(range(len(values)))
    shuffle.shuffle(order)
    assert verdict(series(values), series(values[order], order)).sense is Sense.EXACT


def test_the_first_step_that_parts_is_named_with_both_values():
    one = verdict(series([1, 2, 3, 4]), series([1, 2, 3.5, 5]))
    assert (one.sense, one.first_step) == (Sense.DIFFERENT, 2)
    assert "parts at step 2 (3 was, 3.5 is)" in one.detail
    assert one.largest == pytest.approx(0.25)


@pytest.mark.parametrize(("by", "sense"), [(1e-8, Sense.TOLERANCE), (1e-3, Sense.DIFFERENT)])
def test_small_differences_are_within_tolerance(by, sense):
    first = np.linspace(1, 2, 20)
    assert verdict(series(first), series(first * (1 + by))).sense is sense
    wide = Tolerance(relative=1e-2)
    assert verdict(series(first), series(first * (1 + by)), tolerance=wide).sense is Sense.TOLERANCE


def test_a_shorter_run_is_different_from_where_it_ends():
    one = verdict(series([1, 2, 3]), series([1, 2]))
    assert (one.sense, one.first_step) == (Sense.DIFFERENT, 2)
    assert "3 points were, 2 are" in one.detail


def test_a_metric_that_is_not_logged_any_more_is_different():
    found = compare_runs({"m": series([1])}, {"n": series([1])})
    assert (found.sense, found.extra) == (Sense.DIFFERENT, ("n",))


def test_a_score_among_those_of_other_seeds_is_compatible():
    others = [series([value] * 10) for value in (9.0, 10.0, 11.0)]
    one = verdict(series([10] * 10), series([10.5] * 10), others)
    assert one.sense is Sense.COMPATIBLE
    assert "n=4" in one.detail
    assert verdict(series([10] * 10), series([30] * 10), others).sense is Sense.DIFFERENT


def test_two_other_seeds_are_too_few_to_tell():
    one = verdict(series([10]), series([10.5]), [series([9]), series([11])])
    assert one.sense is Sense.DIFFERENT
    assert "2 other seeds in the store, where 3 are needed" in one.detail


def test_another_seed_is_found_compatible_as_often_as_the_level_says():
    rng = np.random.default_rng(1)
    n, hits = 400, 0
    for _ in range(n):
        scores = rng.normal(size=6)
        others = [series([value]) for value in scores[2:]]
        hits += verdict(series([scores[0]]), series([scores[1]]), others).sense is Sense.COMPATIBLE
    assert abs(hits / n - 0.95) < 3.5 * np.sqrt(0.95 * 0.05 / n)


@pytest.mark.parametrize(
    ("name", "compared"),
    [
        ("charts/episodic_return", True),
        ("losses/value_loss", True),
        ("charts/SPS", False),
        ("time/fps", False),
        ("system/cpu_percent", False),
        ("rollout/time_elapsed", False),
        ("timesteps", True),
    ],
)
def test_metrics_that_measure_the_machine_are_left_out(name, compared):
    assert is_compared(name) is compared


def test_what_is_compared_can_be_chosen_but_for_system_metrics():
    assert is_compared("charts/SPS", only=["charts/*"])
    assert not is_compared("losses/x", only=["charts/*"])
    assert not is_compared("system/cpu_percent", only=["*"])
    found = compare_runs({"a": series([1]), "charts/SPS": series([2])}, {"a": series([1])})
    assert (found.sense, found.left_out) == (Sense.EXACT, ("charts/SPS",))
