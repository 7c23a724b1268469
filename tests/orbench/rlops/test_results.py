"""The numbers of a set: scores, run times, curves, samples, and all of it on one scale."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from orbench.errors import MetricNotFoundError, NoRunsError, ScoreError, UsageError
from orbench.rlops import (
    CurveOptions,
    compared_sets,
    normalised_results,
    select_runs,
    set_result,
)
from orbench.run_store import Points

METRIC = "charts/episodic_return"


@pytest.fixture
def store(sqlite_url):
    """A new store on SQLite: what a store gives is the same on every back end."""
    from orbench.run_store import open_store

    with open_store(sqlite_url, create=True) as opened:
        yield opened


@pytest.fixture
def put(store, stored_run):
    """Puts a run with these values at these steps and seconds: `put('ppo', 'A', 1, values)`."""

    def stored(exp_name, env_id, seed, values, steps=None, seconds=None, axis=None, **more):
        steps = np.arange(len(values)) * 10 if steps is None else np.asarray(steps)
        seconds = np.arange(len(values)) if seconds is None else np.asarray(seconds)
        made = {METRIC: Points(steps, np.asarray(values, float), 1.7e9 + seconds)}
        if axis is not None:
            made["frames"] = Points(steps, np.asarray(axis, float), 1.7e9 + seconds)
        return stored_run(store, "demo", exp_name, env_id, seed, points=made, **more)

    return stored


@pytest.fixture
def results(store):
    """The results of experiments of one group: `results('ppo', 'dqn', envs=['A'])`."""

    def made(*experiments, envs=("A",), source="?wpn=demo", check_empty=True, **options):
        sets = compared_sets([[source, *experiments]], [list(envs)])
        selected = select_runs(store, sets, check_empty=check_empty)
        settings = CurveOptions(**{"last_rows": 2, "rolling": 1, **options})
        return [set_result(store, one, envs, settings) for one in selected]

    return made


def test_a_score_is_the_mean_of_the_last_rows_by_step(put, results) -> None:
    put("ppo", "A", 1, [9, 1, 3], steps=[20, 0, 10])
    (found,) = results("ppo")
    assert found.matrix.column("A").scores.tolist() == [(3 + 9) / 2]


def test_scores_stand_in_the_order_of_seeds_whatever_the_order_of_runs(put, results) -> None:
    for seed in (3, 1, 2):
        put("ppo", "A", seed, [0, seed, seed], started=1.7e9 + 100 * seed * (-1) ** seed)
        put("dqn", "A", seed, [0, -seed, -seed], started=1.7e9 - 50 * seed)
    ppo, dqn = results("ppo", "dqn")
    assert ppo.matrix.paired(dqn.matrix, "A") == [(1, 1, -1), (2, 2, -2), (3, 3, -3)]


def test_envs_stand_in_the_order_asked_for(put, results) -> None:
    for env in "ABC":
        put("ppo", env, 1, [0, 1])
    (found,) = results("ppo", envs=["C", "A", "B"])
    assert found.matrix.task_names == ("C", "A", "B")


def test_sets_may_have_different_numbers_of_runs_on_each_env(put, results) -> None:
    for env, seeds in (("A", 3), ("B", 1)):
        for seed in range(seeds):
            put("ppo", env, seed, [0, 1])
    (found,) = results("ppo", envs=["A", "B"])
    assert [len(column) for column in found.matrix.tasks] == [3, 1]


def test_the_run_time_is_the_last_wall_time_minus_the_first(put, results) -> None:
    put("ppo", "A", 1, [0, 1, 2], seconds=[0, 30, 600])
    assert results("ppo")[0].run_times["A"].tolist() == [10.0]
    assert results("ppo", time_unit="s")[0].run_times["A"].tolist() == [600.0]


def test_nan_in_the_rows_of_a_score_names_the_run(put, results) -> None:
    run_id = put("ppo", "A", 1, [0, 1, np.nan])
    with pytest.raises(ScoreError, match=f"the score of run {run_id} .* is nan"):
        results("ppo")


def test_nan_before_them_is_left_out_of_the_curve_and_counted(put, results) -> None:
    put("ppo", "A", 1, [0, np.nan, 2, 3])
    (found,) = results("ppo")
    assert found.over_steps["A"].skipped == 1
    assert np.isfinite(found.over_steps["A"].values).all()


def test_a_run_without_the_metric_is_left_out_and_named(put, results, store, stored_run) -> None:
    put("ppo", "A", 1, [0, 1])
    points = {"loss": Points(np.arange(2), np.zeros(2), 1.7e9 + np.arange(2.0))}
    bare = stored_run(store, "demo", "ppo", "A", 2, points=points)
    (found,) = results("ppo")
    assert [(run.run_id, run.reason) for run in found.matrix.left_out] == [
        (bare, f"without points of {METRIC}")
    ]


def test_a_set_of_which_no_run_counts_is_an_error(put, results) -> None:
    put("ppo", "A", 1, [0, 1], status="failed")
    with pytest.raises(NoRunsError, match=r"ppo has no run with points.*1 failed run"):
        results("ppo", check_empty=False)


def test_a_curve_is_the_mean_on_a_fine_grid_with_a_band_of_one_std(put, results) -> None:
    put("ppo", "A", 1, [0, 10])
    put("ppo", "A", 2, [0, 30])
    curve = results("ppo", points=11)[0].over_steps["A"]
    assert curve.x == pytest.approx(np.linspace(0, 10, 11), abs=1e-2)
    assert curve.values == pytest.approx(2 * curve.x)
    assert curve.high - curve.values == pytest.approx(curve.x * np.std([1, 3], ddof=1))
    assert curve.values - curve.low == pytest.approx(curve.high - curve.values)


def test_curves_are_rolled_as_pandas_rolls_a_centred_window(put, results) -> None:
    values = np.random.default_rng(0).normal(size=10_000)
    put("ppo", "A", 1, values)
    for window in (1, 2, 7, 100):
        curve = results("ppo", points=10_000, rolling=window)[0].over_steps["A"]
        rolled = pd.Series(values).rolling(window, min_periods=1, center=True).mean()
        assert curve.values == pytest.approx(rolled.to_numpy(), abs=1e-12)


def test_one_run_has_no_band(put, results) -> None:
    put("ppo", "A", 1, [0, 1])
    curve = results("ppo")[0].over_steps["A"]
    assert (curve.low, curve.high, curve.n) == (None, None, 1)


def test_a_band_ends_where_the_first_run_of_its_set_ends(put, results) -> None:
    short = put("ppo", "A", 1, [5, 5], steps=[0, 100])
    put("ppo", "A", 2, [5, 5], steps=[0, 400])
    curve = results("ppo")[0].over_steps["A"]
    assert (curve.x[-1], curve.ends, curve.longest) == (100, short, 400)
    assert set(curve.values) == {5.0}


def test_runs_that_share_no_step_are_named(put, results) -> None:
    early = put("ppo", "A", 1, [0, 1], steps=[0, 10])
    late = put("ppo", "A", 2, [0, 1], steps=[20, 30])
    with pytest.raises(ScoreError, match=f"ppo on A: runs {early} .* {late} .* share no step"):
        results("ppo")


def test_lines_have_as_many_vertices_as_asked_for_however_long_the_runs(put, results) -> None:
    put("ppo", "A", 1, np.arange(20_000))
    (found,) = results("ppo", points=200)
    assert len(found.over_steps["A"].x) == len(found.over_time["A"].x) == 200


def test_steps_beyond_the_most_asked_for_are_cut(put, results) -> None:
    put("ppo", "A", 1, [0, 1, 2, 3])
    assert results("ppo", max_steps=20)[0].over_steps["A"].x[-1] == 20


def test_over_time_runs_begin_at_zero(put, results) -> None:
    put("ppo", "A", 1, [0, 1], seconds=[600, 660])
    put("ppo", "A", 2, [0, 1], seconds=[0, 120])
    curve = results("ppo")[0].over_time["A"]
    assert (curve.x[0], curve.x[-1], curve.longest) == (0, 1, 2)


def test_the_x_axis_may_be_a_metric_of_its_own(put, results) -> None:
    put("ppo", "A", 1, [0, 1, 2], axis=[0, 400, 800])
    (found,) = results("ppo", source="?wpn=demo&xaxis=frames")
    assert found.over_steps["A"].x[-1] == 800


def test_an_x_axis_that_was_not_logged_is_an_error(put, results) -> None:
    put("ppo", "A", 1, [0, 1], axis=[0, 1])
    with pytest.raises(MetricNotFoundError, match=r"metric 'frame'; did you mean frames\?"):
        results("ppo", source="?wpn=demo&xaxis=frame")


def test_an_x_axis_that_counts_no_steps_is_an_error(put, results) -> None:
    put("ppo", "A", 1, [0, 1], axis=[0, 0.5])
    with pytest.raises(UsageError, match=r"'frames' of run .* is no count of steps"):
        results("ppo", source="?wpn=demo&xaxis=frames")


def test_samples_are_taken_where_all_runs_of_all_envs_are(put, results) -> None:
    put("ppo", "A", 1, [0, 4], steps=[0, 40])
    put("ppo", "B", 1, [0, 8], steps=[0, 80])
    samples = results("ppo", envs=["A", "B"], subsamples=3)[0].step_samples
    assert samples.x.tolist() == [0, 20, 40]
    assert samples.values["B"].tolist() == [[0, 2, 4]]


def test_maxmin_takes_its_range_from_scores_and_curves_of_all_sets(put, results) -> None:
    put("ppo", "A", 1, [-10, 40, 40])
    put("dqn", "A", 1, [0, 90, 90])
    scores = normalised_results(results("ppo", "dqn"), "maxmin")
    assert [matrix.column("A").scores[0] for matrix in scores.matrices] == [0.5, 1.0]
    assert scores.over_steps["ppo"].values["A"][0, 0] == 0
    assert "run sets compared" in scores.caption


def test_a_constant_env_has_no_range(put, results) -> None:
    put("ppo", "A", 1, [1, 1])
    with pytest.raises(ScoreError, match="on A: 'maxmin' has no range there"):
        normalised_results(results("ppo"), "maxmin")


def test_atari_knows_games_by_all_their_names(put, results) -> None:
    put("ppo", "PongNoFrameskip-v4", 1, [-20.7, 14.6, 14.6])
    (found,) = results("ppo", envs=["PongNoFrameskip-v4"])
    scores = normalised_results([found], "atari")
    assert scores.matrices[0].column("PongNoFrameskip-v4").scores.tolist() == [1.0]
    assert scores.over_steps["ppo"].values["PongNoFrameskip-v4"][0, 0] == 0


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"last_rows": 0}, "--metric-last-n-average-window is 1 or more"),
        ({"rolling": 0}, "--pc.rolling is 1 or more"),
        ({"subsamples": 1}, "--rc.nsubsamples is 2 or more"),
        ({"max_steps": 0}, "--pc.max-steps is 1 or more"),
        ({"time_unit": "d"}, "--pc.time-unit is one of s, m, h, not 'd'"),
    ],
)
def test_numbers_that_mean_nothing_are_refused_by_their_flags(option, message) -> None:
    with pytest.raises(UsageError, match=message):
        CurveOptions(**option)
