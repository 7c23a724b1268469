"""Figures over training: sample efficiency over envs, and curves over wall time."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from orbench.errors import FigureError, ScoreError
from orbench.normalisation import Normaliser, Reference, normaliser
from orbench.plotting import IntervalSettings, on_log_axes, plot_curves, plot_efficiency
from orbench.score import score_matrices
from orbench.stats import CurveSettings, learning_curves, sample_efficiency

FEW = IntervalSettings(reps=200)


def curves_of(runs, series, **settings):
    return learning_curves(runs, series, settings=CurveSettings(interval="none", **settings))


def test_efficiency_is_the_statistic_of_whole_runs_at_every_step(experiment):
    runs, series = experiment(("ppo",))
    figure = plot_efficiency(curves_of(runs, series), statistics=["iqm", "mean"], settings=FEW)
    assert [panel.title for panel in figure.panels] == ["IQM", "Mean"]
    scores = [
        np.stack([one.values for one in series if env in one.run_id])
        for env in ("Acrobot-v1", "CartPole-v1")
    ]
    expected = sample_efficiency(scores, series[0].steps, method="calibrated", reps=200)
    line = figure.panels[0].lines[0]
    np.testing.assert_allclose(line.values, expected.point, rtol=1e-12)
    np.testing.assert_allclose(line.low, expected.low, rtol=1e-12)
    assert line.x.tolist() == series[0].steps.tolist()


def test_its_caption_says_how_it_was_made(experiment):
    runs, series = experiment(rows=500)
    series[0] = dataclasses.replace(
        series[0], steps=series[0].steps[:100], values=series[0].values[:100],
        wall_times=series[0].wall_times[:100],
    )  # fmt: skip
    caption = plot_efficiency(curves_of(runs, series, smoothing=5), settings=FEW).caption
    for said in (
        "IQM over envs of charts/episodic_return against steps.",
        "rolling mean over its last 5 rows",
        "n = 3 runs of every run set on each of 2 envs.",
        "brought to 200 equally spaced steps",
        "Lines end where the first run of the set ends: ppo at step 100000 of 500000.",
        "200 replicates, seed 0.",
        "mixes the units of the envs",
    ):
        assert said in caption


def test_a_caption_of_maxmin_says_what_the_scores_are_that_it_spans(experiment):
    runs, series = experiment()
    matrices = score_matrices(runs, series, metric="charts/episodic_return")
    scale = normaliser("maxmin", matrices)
    caption = plot_efficiency(curves_of(runs, series), normaliser=scale, settings=FEW).caption
    assert "The score of a run is there the mean over the last 10% of a run's steps." in caption


def test_the_early_end_of_runs_that_begin_late_is_said(experiment):
    runs, series = experiment(("ppo",), rows=20)
    late = [dataclasses.replace(one, steps=one.steps + 10**6) for one in series]
    late[0] = dataclasses.replace(
        late[0], steps=late[0].steps[:10], values=late[0].values[:10],
        wall_times=late[0].wall_times[:10],
    )  # fmt: skip
    caption = plot_efficiency(curves_of(runs, late), settings=FEW).caption
    assert "ppo at step 1010000 of 1020000." in caption


def test_curves_are_normalised_env_by_env(experiment):
    runs, series = experiment(("ppo",))
    scale = Normaliser(
        "mine", "0 is nothing, 1 is 100", "a test", "1",
        {"Acrobot-v1": Reference(0, 100), "CartPole-v1": Reference(0, 100)},
    )  # fmt: skip
    plain = plot_efficiency(curves_of(runs, series), settings=FEW)
    scaled = plot_efficiency(curves_of(runs, series), normaliser=scale, settings=FEW)
    np.testing.assert_allclose(
        scaled.panels[0].lines[0].values, plain.panels[0].lines[0].values / 100, rtol=1e-9
    )
    assert "Scores normalised by mine (version 1): 0 is nothing, 1 is 100." in scaled.caption
    assert scaled.y.label == "Episodic return, normalised"


def test_run_sets_with_different_envs_have_no_common_efficiency(experiment):
    runs, series = experiment()
    runs = [run for run in runs if (run.exp_name, run.env_id) != ("sac", "CartPole-v1")]
    with pytest.raises(ScoreError, match="sac has no runs on CartPole-v1"):
        plot_efficiency(curves_of(runs, series), settings=FEW)


def timed(series, seconds_a_row, start=1e9):
    """The same series, its rows this many seconds apart."""
    return [
        dataclasses.replace(one, wall_times=start + seconds_a_row * np.arange(len(one)))
        for one in series
    ]


@pytest.mark.parametrize(
    ("seconds", "unit", "last"),
    [(1, "seconds", 29), (60, "minutes", 29), (3600, "hours", 29), (86400, "days", 29)],
)
def test_wall_time_starts_with_a_run_and_has_a_unit_that_fits(experiment, seconds, unit, last):
    runs, series = experiment(("ppo",), ("Taxi-v3",))
    figure = plot_curves(runs, timed(series, seconds), over="wall time", reps=200)
    line = figure.panels[0].lines[0]
    assert (line.x[0], line.x[-1]) == (0, last)
    assert (figure.x.name, figure.x.label) == (unit, f"Wall time ({unit})")
    assert "Wall time runs from the first row of each run" in figure.caption
    np.testing.assert_allclose(line.values, np.mean([one.values for one in series], axis=0))


def test_single_runs_are_among_the_numbers(experiment):
    figure = plot_curves(*experiment(("ppo",), ("Taxi-v3",)), each_run=True, reps=200)
    keys = [column.key for column in figure.numbers.columns]
    assert keys == ["env_id", "run_set", "run_id", "n", "step", "value", "low", "high"]
    ids = [row[2] for row in figure.numbers.rows]
    assert {run_id: ids.count(run_id) for run_id in set(ids)} == {
        None: 30, "ppo-Taxi-v3-0": 30, "ppo-Taxi-v3-1": 30, "ppo-Taxi-v3-2": 30,
    }  # fmt: skip


def test_points_at_zero_have_no_place_on_a_logarithmic_axis_and_that_is_said(experiment):
    runs, series = experiment(("ppo",), ("Taxi-v3",))
    series = [dataclasses.replace(one, steps=one.steps - 1000) for one in series]
    figure = on_log_axes(plot_curves(runs, series, reps=200), x=True)
    assert figure.panels[0].lines[0].x[0] == 1000
    assert len(figure.panels[0].lines[0].values) == len(figure.panels[0].lines[0].low) == 29
    assert "Points at step 0 or below have no place" in figure.caption


def test_a_logarithmic_height_needs_lines_above_zero(experiment):
    runs, series = experiment(("ppo",), ("Taxi-v3",))
    above = [dataclasses.replace(one, values=one.values + 1000) for one in series]
    assert on_log_axes(plot_curves(runs, above, reps=200), y=True).y.log
    with pytest.raises(FigureError, match="leave out --log-y"):
        on_log_axes(plot_curves(runs, series, reps=200), y=True)
