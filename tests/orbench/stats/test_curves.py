"""Curves: rows to a grid that all runs cover, one aggregate and one band at every point of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.errors import ScoreError
from orbench.metric import Series
from orbench.stats import RunCurve, curve_estimate, run_curve, smoothed
from orbench.stats.curves import common_grid, on_grid
from orbench.stats.draws import draw_counts, random_words


def series(steps, values, run_id="run"):
    steps = np.asarray(steps, dtype=np.int64)
    return Series(run_id, "m", steps, np.asarray(values, dtype=float), np.zeros(len(steps)))


def curve(steps, values, run_id="run"):
    return RunCurve(run_id, np.asarray(steps, dtype=float), np.asarray(values, dtype=float))


points = st.lists(st.tuples(st.integers(0, 20), st.floats(-1e3, 1e3)), min_size=1, max_size=60)


@given(points)
def test_rows_are_sorted_by_step_and_repeats_averaged(rows):
    found = run_curve(series(*zip(*rows, strict=True)))
    by_step: dict[int, list[float]] = {}
    for step, value in rows:
        by_step.setdefault(step, []).append(value)
    assert found.steps.tolist() == sorted(by_step)
    expected = [np.mean(by_step[step]) for step in sorted(by_step)]
    np.testing.assert_allclose(found.values, expected, rtol=1e-9, atol=1e-9)


def test_rows_that_are_not_finite_are_left_out_and_counted():
    found = run_curve(series([1, 2, 3, 4], [1.0, np.nan, np.inf, 4.0]))
    assert found.steps.tolist() == [1, 4]
    assert found.skipped == 2


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.integers(1, 60))
def test_smoothing_is_a_mean_over_the_last_rows(values, rows):
    found = smoothed(curve(range(len(values)), values), rows)
    expected = [np.mean(values[max(0, i + 1 - rows) : i + 1]) for i in range(len(values))]
    np.testing.assert_allclose(found.values, expected, rtol=1e-9, atol=1e-6)


def test_a_curve_runs_over_any_logged_metric():
    """Linear between the rows of that metric; rows outside them are left out and counted."""
    episodes = Series("run", "episodes", np.array([10, 30]), np.array([1.0, 5.0]), np.zeros(2))
    found = run_curve(series([5, 10, 20, 30], [1.0, 2.0, 3.0, 4.0]), episodes)
    assert found.steps.tolist() == [1, 3, 5]
    assert found.values.tolist() == [2, 3, 4]
    assert found.skipped == 1


def test_the_axis_is_of_the_same_run():
    other = Series("other", "episodes", np.array([1]), np.array([1.0]), np.zeros(1))
    with pytest.raises(ScoreError, match="'episodes' is of run other, not of run"):
        run_curve(series([1], [1.0]), other)


def test_smoothing_keeps_large_values_that_are_alike():
    found = smoothed(curve([1, 2, 3, 4], 1e15 + np.array([0.0, 1.0, 2.0, 3.0])), 2)
    assert (found.values - 1e15).tolist() == [0.0, 0.5, 1.5, 2.5]


def test_the_grid_is_every_logged_step_that_all_runs_cover():
    grid, resampled = common_grid([curve([1, 5, 9], [0] * 3), curve([3, 6, 12], [0] * 3)], 100)
    assert grid.tolist() == [3, 5, 6, 9]
    assert not resampled


def test_a_long_run_is_brought_to_as_many_points_as_asked():
    grid, resampled = common_grid([curve(range(1000), [0] * 1000)], 50)
    assert len(grid) == 50
    assert (grid[0], grid[-1]) == (0, 999)
    assert resampled


def test_runs_that_share_no_step_are_named():
    with pytest.raises(ScoreError, match=r"early \(to step 2\) and late \(from step 5\)"):
        common_grid([curve([5, 6], [0, 0], "late"), curve([1, 2], [0, 0], "early")], 10)


def test_between_rows_a_run_is_interpolated_linearly():
    found = on_grid(curve([0, 10], [0, 100]), np.array([0.0, 2.5, 10.0]), resampled=False)
    assert found.tolist() == [0, 25, 100]


def test_a_resampled_run_loses_no_row():
    """The area under the curve stays, a spike between two points of the grid included."""
    random = np.random.default_rng(0)
    steps = np.sort(random.choice(10_000, 2000, replace=False)).astype(float)
    values = random.normal(size=2000)
    values[777] = 5000.0
    run = curve(steps, values)
    grid, resampled = common_grid([run], 40)
    found = on_grid(run, grid, resampled=resampled)
    edges = np.concatenate([grid[:1], (grid[1:] + grid[:-1]) / 2, grid[-1:]])
    area = float((found * np.diff(edges)).sum())
    trapezoids = float((np.diff(steps) * (values[1:] + values[:-1]) / 2).sum())
    assert area == pytest.approx(trapezoids, rel=1e-9)
    assert found.max() > 5 * np.sort(found)[-2]


def test_a_straight_line_stays_one_when_it_is_resampled():
    run = curve(range(1000), np.arange(1000.0))
    grid, _ = common_grid([run], 11)
    np.testing.assert_allclose(on_grid(run, grid, resampled=True)[1:-1], grid[1:-1], rtol=1e-9)


RUNS = [curve(range(20), np.random.default_rng(s).normal(size=20), f"r{s}") for s in range(7)]
VALUES = np.stack([run.values for run in RUNS])


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        ("mean", VALUES.mean(axis=0)),
        ("median", np.median(VALUES, axis=0)),
        ("iqm", np.sort(VALUES, axis=0)[1:-1].mean(axis=0)),
    ],
)
def test_the_aggregate_is_over_runs_at_every_step(aggregate, expected):
    found = curve_estimate(RUNS, aggregate=aggregate, interval="none")
    np.testing.assert_allclose(found.point, expected, rtol=1e-12)
    assert found.low is None
    assert found.n == 7


@pytest.mark.parametrize("runs", [4, 7])
@pytest.mark.parametrize("aggregate", ["mean", "median", "iqm"])
def test_a_band_redraws_whole_runs_the_same_at_every_step(aggregate, runs):
    """Few runs take a short cut over their different resamples, which must not show."""
    reps = 300
    counts = draw_counts(random_words(3), runs, reps)
    values = VALUES[:runs]
    redrawn = np.stack(
        [
            curve_estimate(
                [RUNS[run] for run in np.repeat(np.arange(runs), counts[:, rep])],
                aggregate=aggregate,
                interval="none",
            ).point
            for rep in range(reps)
        ]
    )
    found = curve_estimate(
        RUNS[:runs], aggregate=aggregate, interval="percentile", reps=reps, seed=3
    )
    np.testing.assert_allclose(found.low, np.quantile(redrawn, 0.025, axis=0), atol=1e-12)
    np.testing.assert_allclose(found.high, np.quantile(redrawn, 0.975, axis=0), atol=1e-12)
    assert found.runs.tolist() == values.tolist()


def test_a_calibrated_band_is_wider_by_n_and_t():
    plain = curve_estimate(RUNS[:3], interval="percentile")
    wide = curve_estimate(RUNS[:3], interval="calibrated")
    ratio = (wide.high - wide.point) / (plain.high - plain.point)
    np.testing.assert_allclose(ratio, np.sqrt(3 / 2) * 4.30265272991 / 1.959963985, rtol=1e-6)


def test_a_band_of_one_standard_deviation():
    found = curve_estimate(RUNS, interval="std")
    np.testing.assert_allclose(found.high - found.point, VALUES.std(axis=0, ddof=1), rtol=1e-9)


@pytest.mark.parametrize("interval", ["calibrated", "percentile", "std", "none"])
def test_one_run_has_no_band(interval):
    found = curve_estimate(RUNS[:1], interval=interval)
    assert (found.low, found.high, found.n) == (None, None, 1)


def test_a_band_in_pieces_is_the_band(monkeypatch):
    whole = curve_estimate(RUNS, seed=1)
    monkeypatch.setattr("orbench.stats.curves._CELLS_AT_ONCE", 2000 * 3)
    pieces = curve_estimate(RUNS, seed=1)
    assert whole.low.tobytes() == pieces.low.tobytes()
    assert whole.high.tobytes() == pieces.high.tobytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"aggregate": "maen"}, "did you mean mean"),
        ({"interval": "percentiles"}, "did you mean percentile"),
        ({"level": 1.0}, "between 0 and 1"),
        ({"points": 1}, "2 points or more"),
        ({"reps": 10}, "at least 100"),
    ],
)
def test_settings_that_do_not_hold_are_refused(arguments, message):
    with pytest.raises(ScoreError, match=message):
        curve_estimate(RUNS, **arguments)
