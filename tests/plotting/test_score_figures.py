"""Figures of scores: every number they show is the statistics', every caption tells how."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from orbench.errors import FigureError, ScoreError
from orbench.plotting import (
    IntervalSettings,
    plot_improvement,
    plot_intervals,
    plot_profiles,
    plot_ranks,
    plot_scores,
    points_on_log_axis,
    render_table,
)
from orbench.plotting.captions import sizes_in_words
from orbench.plotting.improvement import improvement_pairs
from orbench.run import RunStatus
from orbench.score import score_matrices
from orbench.stats import (
    interval_estimates,
    performance_profile,
    probability_of_improvement,
    rank_estimates,
)

FEW = IntervalSettings(reps=200)


@pytest.fixture
def matrices(experiment):
    """Makes score matrices: `matrices(exp_names, envs, seeds)`."""

    def make(*given, without=(), **named):
        runs, series = experiment(*given, **named)
        runs = [run for run in runs if run.run_id not in without]
        return score_matrices(runs, series, metric="charts/episodic_return")

    return make


def by_env(matrices):
    return {one.label: {column.task: column.scores for column in one.tasks} for one in matrices}


def rows_of(figure):
    """The numbers as the CSV has them, by the names of a row."""
    head, *lines = [line.split(",") for line in render_table(figure.numbers, "csv").splitlines()]
    return [dict(zip(head, line, strict=True)) for line in lines]


def test_a_bar_for_each_statistic_and_run_set_with_the_statistics_own_numbers(matrices):
    made = matrices()
    figure = plot_intervals(made, statistics=["iqm", "mean"], settings=FEW)
    expected = interval_estimates(
        by_env(made), statistics=["iqm", "mean"], method="calibrated", reps=200
    )
    assert [panel.title for panel in figure.panels] == ["IQM", "Mean"]
    for row in rows_of(figure):
        one = expected[row["run_set"]][row["statistic"]]
        assert [float(row[key]) for key in ("score", "low", "high")] == [
            one.point,
            one.low,
            one.high,
        ]
        assert row["n"] == "6"


def test_the_caption_of_an_aggregate_says_how_it_was_made(matrices):
    caption = plot_intervals(
        matrices(), settings=IntervalSettings("percentile", 0.9, 300, 7), title="A title"
    ).caption
    for said in (
        "A title.",
        "the mean over the last 10% of a run's steps (charts/episodic_return)",
        "in the units logged",
        "n = 3 runs of every run set on each of 2 envs.",
        "90% percentile bootstrap",
        "300 replicates, seed 7.",
        "mixes the units of the envs",
    ):
        assert said in caption


def test_unequal_numbers_of_runs_are_told_set_by_set():
    sizes = {"ppo": {"Pong": 5, "Qbert": 3, "Venture": 5}, "sac": {"Pong": 4, "Qbert": 4}}
    assert sizes_in_words(sizes) == ("n (runs on each of 3 envs): ppo 5, but 3 on Qbert; sac 4.")
    assert sizes_in_words({"ppo": {"Pong": 1}}) == "n = 1 run of every run set on 1 env."


def test_one_run_has_a_point_and_no_interval(matrices):
    figure = plot_intervals(matrices(seeds=1), settings=FEW)
    assert {row["low"] for row in rows_of(figure)} == {""}
    assert all(mark.low is None for panel in figure.panels for mark in panel.marks)


@pytest.mark.parametrize("plot", [plot_intervals, plot_profiles, plot_improvement, plot_ranks])
def test_run_sets_with_different_envs_are_refused_by_name(matrices, plot):
    made = matrices(without=[f"sac-CartPole-v1-{seed}" for seed in range(3)])
    with pytest.raises(ScoreError, match="sac has no runs on CartPole-v1"):
        plot(made, settings=FEW)


def test_a_run_set_without_any_score_is_told_and_does_not_stop_the_others(experiment):
    runs, series = experiment()
    runs = [
        dataclasses.replace(run, status=RunStatus.FAILED) if run.exp_name == "sac" else run
        for run in runs
    ]
    made = score_matrices(runs, series, metric="charts/episodic_return")
    figure = plot_intervals(made, settings=FEW)
    assert figure.rows == ("ppo",)
    assert "Without any score: sac." in figure.caption
    assert "Left out: 6 failed runs" in figure.caption


def test_scores_have_a_panel_for_each_env_and_say_where_runs_are_missing(matrices):
    made = matrices(without=[f"sac-CartPole-v1-{seed}" for seed in range(3)])
    figure = plot_scores(made, settings=FEW)
    assert [panel.name for panel in figure.panels] == ["Acrobot-v1", "CartPole-v1"]
    assert [len(panel.marks) for panel in figure.panels] == [2, 1]
    assert "No runs: sac on CartPole-v1." in figure.caption


def test_single_runs_are_drawn_and_written_on_request(matrices):
    made = matrices(("ppo",), ("Taxi-v3",))
    figure = plot_scores(made, settings=FEW, each_run=True)
    rows = rows_of(figure)
    assert [row["run_id"] for row in rows] == ["", *(f"ppo-Taxi-v3-{seed}" for seed in range(3))]
    assert [float(row["score"]) for row in rows[1:]] == made[0].tasks[0].scores.tolist()
    assert "Dots are single runs." in figure.caption
    assert "run_id" not in rows_of(plot_scores(made, settings=FEW))[0]


def test_profiles_are_of_runs_and_of_env_means(matrices):
    made = matrices()
    figure = plot_profiles(made, thresholds=[80, 90, 95], settings=FEW)
    assert [panel.name for panel in figure.panels] == ["runs", "tasks"]
    for panel in figure.panels:
        expected = performance_profile(
            by_env(made), [80, 90, 95], kind=panel.name, method="calibrated", reps=200
        )
        for line in panel.lines:
            np.testing.assert_array_equal(line.values, expected[line.label].point)
            np.testing.assert_array_equal(line.low, expected[line.label].low)
    assert len(rows_of(figure)) == 2 * 2 * 3


def test_over_one_env_a_profile_is_of_runs_alone(matrices):
    figure = plot_profiles(matrices(envs=("Taxi-v3",)), settings=FEW)
    assert [panel.name for panel in figure.panels] == ["runs"]
    assert len(figure.panels[0].lines[0].x) == 101


def test_thresholds_out_of_order_are_refused(matrices):
    with pytest.raises(ScoreError, match="thresholds must rise: 1 comes after 2"):
        plot_profiles(matrices(), thresholds=[2, 1], settings=FEW)


def test_every_pair_is_compared_once(matrices):
    made = matrices(("a", "b", "c"))
    figure = plot_improvement(made, settings=FEW)
    assert figure.rows == ("a > b", "a > c", "b > c")
    scores = by_env(made)
    for row in rows_of(figure):
        one = probability_of_improvement(
            scores[row["run_set"]], scores[row["other"]], method="calibrated", reps=200
        )
        assert [float(row[key]) for key in ("probability", "low", "high")] == [
            one.point, one.low, one.high,
        ]  # fmt: skip


def test_pairs_of_many_sets_stand_in_a_panel_for_each(matrices):
    names = tuple("abcdefg")
    figure = plot_improvement(matrices(names, ("Taxi-v3",)), settings=FEW)
    assert [panel.title for panel in figure.panels] == list(names)
    assert {len(panel.marks) for panel in figure.panels} == {6}
    assert figure.rows == names
    assert "X above the panel, Y beside the row" in figure.axis.label
    assert "X is the run set above a panel, Y the one beside a row." in figure.caption


def test_pairs_of_long_names_stand_on_two_lines(matrices):
    names = ("proximal-policy-optimisation", "soft-actor-critic")
    figure = plot_improvement(matrices(names, ("Taxi-v3",)), settings=FEW)
    assert figure.rows == (f"{names[0]}\n> {names[1]}",)


def test_a_baseline_is_compared_with_all_others_and_must_exist():
    assert improvement_pairs(["a", "b", "c"], "b") == [("a", "b"), ("c", "b")]
    with pytest.raises(ScoreError, match=r"no run set 'pppo'.*did you mean ppo"):
        improvement_pairs(["ppo", "sac"], "pppo")
    with pytest.raises(ScoreError, match="only ppo"):
        improvement_pairs(["ppo"])


def test_ranks_are_the_statistics_and_shares_sum_to_one(matrices):
    made = matrices(("a", "b", "c"))
    figure = plot_ranks(made, settings=FEW)
    expected = rank_estimates(by_env(made), method="calibrated", reps=200)
    for row in figure.rows:
        assert (row.mean, row.low, row.high) == (
            expected[row.label].point,
            expected[row.label].low,
            expected[row.label].high,
        )
        assert sum(row.shares) == pytest.approx(1)
    assert len(rows_of(figure)) == 3 * (1 + 3)
    assert "Rank 1 has the highest mean score on an env" in figure.caption


def test_a_logarithmic_axis_refuses_what_it_cannot_show(matrices):
    figure = plot_scores(matrices(), settings=FEW)
    assert points_on_log_axis(figure).axis.log
    mark = dataclasses.replace(figure.panels[0].marks[0], low=-1.0)
    panel = dataclasses.replace(figure.panels[0], marks=(mark,))
    with pytest.raises(FigureError, match="no place for -1"):
        points_on_log_axis(dataclasses.replace(figure, panels=(panel,)))
