"""Time to a threshold: runs that never reach it are censored, not left out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.errors import ScoreError
from orbench.stats import first_reach, interval_estimates, time_to_threshold

CURVES = np.array([[0.0, 5.0, 2.0, 6.0], [0.0, 1.0, 2.0, 3.0], [4.0, 4.0, 4.0, 4.0]])
AT = [0, 10, 20, 30]


def test_a_run_reaches_a_threshold_when_it_first_is_there():
    times, reached = first_reach(CURVES, AT, 4.0)
    assert times.tolist() == [10, 30, 0]
    assert reached.tolist() == [True, False, True]


def test_a_falling_threshold_is_reached_from_above():
    times, reached = first_reach(-CURVES, AT, -4.0, rising=False)
    assert (times.tolist(), reached.tolist()) == ([10, 30, 0], [True, False, True])


def test_a_run_that_never_arrives_counts_until_the_horizon():
    found = time_to_threshold([[10.0, 30.0, 2.0]], [[True, False, True]])
    assert found.point == pytest.approx(14)
    assert (found.horizon, found.reached, found.n) == (30, (2,), (3,))


def test_where_all_are_seen_to_the_horizon_it_is_a_mean():
    times = [[10.0, 25.0, 2.0, 7.0], [4.0, 40.0, 1.0]]
    reached = [[True, False, True, True], [True, True, True]]
    found = time_to_threshold(times, reached, method="calibrated")
    # Stretched, an interval of times still starts at 0.
    capped = [np.minimum(one, 25.0) for one in times]
    expected = interval_estimates({"a": capped}, statistics=["mean"], method="calibrated")
    mean = expected["a"]["mean"]
    assert (found.horizon, found.reached) == (25, (3, 2))
    assert found.point == pytest.approx(mean.point)
    assert (found.low, found.high) == pytest.approx((max(0, mean.low), mean.high))


def _product_limit_area(times, reached, horizon):
    """The textbook: groups of equal times, arrivals first."""
    area, survival, before = 0.0, 1.0, 0.0
    for time in sorted({time for time in times if time < horizon}):
        area += survival * (time - before)
        before = time
        at_risk = sum(other >= time for other in times)
        arrived = sum(other == time and there for other, there in zip(times, reached, strict=True))
        survival *= 1 - arrived / at_risk
    return area + survival * (horizon - before)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=12))
def test_runs_that_stop_early_enter_by_the_product_limit(runs):
    times, reached = zip(*runs, strict=True)
    horizon = float(max(times))
    found = time_to_threshold([list(map(float, times))], [reached], horizon=horizon, reps=100)
    assert found.point == pytest.approx(_product_limit_area(times, reached, horizon))


def test_runs_that_never_arrive_make_it_longer_than_those_that_do():
    """To leave them out would say 3."""
    found = time_to_threshold([[2.0, 4.0, 100.0]], [[True, True, False]])
    assert found.point == pytest.approx(106 / 3)


def test_one_run_has_no_interval():
    found = time_to_threshold(np.array([3.0]), np.array([True]))
    assert (found.point, found.low, found.note) == (3, None, "n=1: no interval")


@pytest.mark.parametrize(
    ("times", "reached", "horizon", "message"),
    [
        ([[1.0, -1.0]], [[True, True]], None, "times are from 0"),
        ([[1.0, 2.0]], [[True]], None, "the same tasks and runs"),
        ([[1.0, 5.0]], [[True, False]], 9.0, "seen until 9; the last ends at 5"),
        ([[1.0, np.nan]], [[True, False]], None, "run 1 of task 0 is nan"),
        ([[1.0, 2.0]], [[True, True]], -5.0, "a time from 0, not -5"),
        ([[1.0, 2.0]], [[True, True]], np.inf, "a time from 0, not inf"),
        ([[1.0, 2.0]], [[True, True]], np.nan, "a time from 0, not nan"),
    ],
)
def test_what_has_no_time_is_refused(times, reached, horizon, message):
    with pytest.raises(ScoreError, match=message):
        time_to_threshold(times, reached, horizon=horizon)


def test_what_are_no_curves_is_refused():
    with pytest.raises(ScoreError, match="one place for each point"):
        first_reach(CURVES, [0, 1], 4.0)
    with pytest.raises(ScoreError, match="run 1 has values that are not finite"):
        first_reach(np.where(CURVES == 3.0, np.nan, CURVES), AT, 4.0)
