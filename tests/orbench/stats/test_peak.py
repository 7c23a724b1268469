"""The peak of a curve, and the rows of a run described."""

from __future__ import annotations

import numpy as np
import pytest

from orbench.errors import ScoreError
from orbench.metric import Series
from orbench.stats import CurvePeak, RunCurve, curve_estimate, curve_peak, row_statistics

STEPS = np.array([0.0, 10.0, 20.0, 30.0])
RUNS = [RunCurve("a", STEPS, np.array([0.0, 4.0, 1.0, 4.0])), RunCurve("b", STEPS, STEPS * 0 + 2)]


def rows(values):
    return Series("a", "return", np.arange(len(values)), np.array(values), np.zeros(len(values)))


def test_a_peak_is_the_first_step_with_the_largest_mean():
    peak = curve_peak(curve_estimate(RUNS, interval="none"))
    assert peak == CurvePeak(step=10.0, point=3.0, std=1.0, n=2)


def test_the_denominator_of_the_spread_is_said():
    peak = curve_peak(curve_estimate(RUNS, interval="none"), ddof=1)
    assert peak.std == pytest.approx(2**0.5)


@pytest.mark.parametrize("ddof", [-1, 2])
def test_a_spread_of_no_run_is_an_error(ddof):
    with pytest.raises(ScoreError, match="2 runs with ddof"):
        curve_peak(curve_estimate(RUNS, interval="none"), ddof=ddof)


def test_every_row_of_a_run_counts():
    described = row_statistics(rows([1.0, 1.0, 4.0]))
    assert (described.n, described.mean, described.total) == (3, 2.0, 6.0)
    assert (described.minimum, described.maximum) == (1.0, 4.0)
    assert described.std == pytest.approx(2**0.5)
    assert row_statistics(rows([1.0, 1.0, 4.0]), ddof=1).std == pytest.approx(3**0.5)


@pytest.mark.parametrize(("values", "said"), [([], "0 rows"), ([1.0, np.nan], "not finite")])
def test_rows_that_cannot_be_described_name_their_run(values, said):
    with pytest.raises(ScoreError, match=f"run a has .*{said}"):
        row_statistics(rows(values))
