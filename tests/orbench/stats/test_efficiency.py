"""Sample efficiency: an aggregate at every point, whole runs redrawn, and the area below."""

from __future__ import annotations

import numpy as np
import pytest

from orbench.errors import ScoreError
from orbench.stats import (
    STATISTICS,
    area_under_curve,
    efficiency_bands,
    interval_estimates,
    sample_efficiency,
)

random = np.random.default_rng(6)
RAGGED = [random.normal(size=(n, 4)).cumsum(axis=1) for n in (3, 5)]
ARRAY = random.normal(size=(4, 3, 5)).cumsum(axis=2)


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("method", ["percentile", "calibrated", "bc", "bca"])
def test_a_point_is_the_statistic_there_with_its_interval(statistic, method):
    """The same draws serve every point, and they are those of the scores of one point."""
    found = sample_efficiency(RAGGED, statistic=statistic, method=method, reps=500, seed=3)
    for point in range(4):
        alone = interval_estimates(
            {"a": [curve[:, point] for curve in RAGGED]},
            statistics=[statistic],
            method=method,
            reps=500,
            seed=3,
        )["a"][statistic]
        assert found.point[point] == pytest.approx(alone.point, rel=1e-12)
        np.testing.assert_allclose(
            [found.low[point], found.high[point]], [alone.low, alone.high], rtol=1e-12, atol=1e-12
        )


def test_an_array_is_runs_by_tasks_by_points():
    found = sample_efficiency(ARRAY, reps=200)
    listed = sample_efficiency([ARRAY[:, task] for task in range(3)], reps=200)
    assert found.low.tobytes() == listed.low.tobytes()
    assert found.n == (4, 4, 4)
    assert found.at.tolist() == [0, 1, 2, 3, 4]


def test_labels_give_a_band_each():
    found = sample_efficiency({"a": ARRAY, "b": ARRAY + 1}, [1, 2, 4, 8, 16], reps=200)
    assert list(found) == ["a", "b"]
    assert found["b"].at.tolist() == [1, 2, 4, 8, 16]
    np.testing.assert_allclose(found["b"].low, found["a"].low + 1)


def test_a_band_in_pieces_is_the_band(monkeypatch):
    for seed in (1, np.random.default_rng(1)):
        whole = sample_efficiency(ARRAY, seed=seed, reps=200)
        monkeypatch.setattr("orbench.stats.efficiency._CELLS_AT_ONCE", 200 * 2)
        again = np.random.default_rng(1) if seed != 1 else 1
        pieces = sample_efficiency(ARRAY, seed=again, reps=200)
        assert whole.low.tobytes() == pieces.low.tobytes()
        assert whole.high.tobytes() == pieces.high.tobytes()
        monkeypatch.undo()


def test_the_area_is_the_mean_height():
    curves = np.array([[[0.0, 2.0, 2.0]], [[1.0, 1.0, 1.0]]])
    (areas,) = area_under_curve(curves, [0, 10, 40])
    assert areas.tolist() == [(10 + 60) / 40, 1.0]


def test_intervals_of_areas_are_of_whole_runs():
    """Runs that differ by their level all along differ as much in area as at any one point."""
    levels = np.array([0.0, 1.0, 2.0, 5.0])
    curves = np.repeat(levels[:, None, None], 50, axis=2)
    area = interval_estimates({"a": area_under_curve(curves)})["a"]["mean"]
    level = interval_estimates({"a": levels})["a"]["mean"]
    assert (area.low, area.high) == pytest.approx((level.low, level.high))


def test_one_run_has_no_band():
    found = sample_efficiency(ARRAY[:1])
    assert (found.low, found.note) == (None, "n=1 on 3 of 3 tasks: no interval")


@pytest.mark.parametrize(
    ("scores", "at", "message"),
    [
        (ARRAY[:, 0], None, r"\(runs x tasks x points\), not 2-D"),
        ([ARRAY[:, 0], ARRAY[:, 1, :3]], None, "tasks need the same points, not 3, 5 of them"),
        ([], None, "there is no task"),
        ([np.zeros((2, 0))], None, "the same points, not 0"),
        (ARRAY, [1, 2, 3], "5 points of scores but 3 places"),
        (ARRAY, [1, 2, 2, 3, 4], "must be finite and rise"),
        (
            np.where(ARRAY[1, 2, 3] == ARRAY, np.nan, ARRAY),
            None,
            "run 1 of task 2 is nan at point 3",
        ),
    ],
)
def test_what_are_no_curves_is_refused(scores, at, message):
    with pytest.raises(ScoreError, match=message):
        sample_efficiency(scores, at)


def test_one_point_has_no_area():
    with pytest.raises(ScoreError, match="2 points or more"):
        area_under_curve(ARRAY[:, :, :1])


def test_several_statistics_at_once_are_those_one_by_one():
    random = np.random.default_rng(5)
    scores = {"a": random.normal(size=(5, 3, 7)), "b": random.normal(size=(4, 3, 7))}
    at = {label: np.arange(7) * 10.0 for label in scores}
    together = efficiency_bands(
        scores, at, statistics=("iqm", "mean", "optimality_gap"), method="calibrated", reps=300
    )
    for name, by_label in together.items():
        for label, band in by_label.items():
            alone = sample_efficiency(
                scores[label], at[label], statistic=name, method="calibrated", reps=300
            )
            assert (band.point.tobytes(), band.low.tobytes(), band.high.tobytes()) == (
                alone.point.tobytes(),
                alone.low.tobytes(),
                alone.high.tobytes(),
            )
