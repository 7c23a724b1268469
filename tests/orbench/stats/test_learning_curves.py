"""Learning curves: a line for each run set and env, with a caption that hides nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from orbench.errors import NoRunsError, ScoreError
from orbench.metric import Series
from orbench.run import RunRecord, RunStatus
from orbench.stats import CurveSettings, learning_curves


def run(run_id, *, exp_name="ppo", env_id="Taxi-v3", seed=0, status=RunStatus.FINISHED):
    return RunRecord(run_id, "demo", exp_name, env_id, seed, status, 0.0)


def series(run_id, values, metric="return", last=None):
    steps = np.linspace(0, last or len(values) - 1, len(values)).astype(np.int64)
    return Series(run_id, metric, steps, np.asarray(values, float), np.zeros(len(values)))


def test_there_is_a_line_for_each_run_set_and_env():
    runs = [
        run("a"), run("b", seed=1), run("c", exp_name="dqn"), run("d", env_id="CliffWalking-v0"),
    ]  # fmt: skip
    curves = learning_curves(runs, [series(one.run_id, [1.0, 2.0]) for one in runs])
    assert curves.labels == ("dqn", "ppo")
    assert curves.envs == ("CliffWalking-v0", "Taxi-v3")
    assert {(one.label, one.env_id): one.estimate.n for one in curves.curves} == {
        ("ppo", "CliffWalking-v0"): 1,
        ("ppo", "Taxi-v3"): 2,
        ("dqn", "Taxi-v3"): 1,
    }
    notes = " ".join(curves.notes)
    assert "Runs per line: dqn 1; ppo 1, but 2 on Taxi-v3." in notes
    assert "n=1, no band: dqn on Taxi-v3; ppo on CliffWalking-v0." in notes
    assert "No runs: dqn on CliffWalking-v0." in notes


def test_runs_without_an_env_are_named_so():
    runs = [run("a", env_id=""), run("b", env_id="", seed=1), run("c", exp_name="dqn")]
    notes = " ".join(learning_curves(runs, [series(one.run_id, [1.0, 2.0]) for one in runs]).notes)
    assert "No runs: dqn on (no env); ppo on Taxi-v3." in notes


def test_the_caption_says_how_every_number_was_made():
    runs = [run("a"), run("b", seed=1)]
    settings = CurveSettings(aggregate="iqm", smoothing=7, level=0.9, reps=500, seed=3)
    curves = learning_curves(runs, [series(r.run_id, range(5)) for r in runs], settings=settings)
    notes = " ".join(curves.notes)
    for part in (
        "interquartile mean (IQM) over runs",
        "rolling mean over its last 7 rows",
        "90% bootstrap with small-sample correction (scaled t)",
        "whole runs redrawn within each env, the same at every step",
        "500 replicates, seed 3",
        "n = 2 runs per line",
    ):
        assert part in notes


def test_a_line_ends_where_the_first_run_ends_and_that_is_said():
    runs = [run("a"), run("b", seed=1)]
    curves = learning_curves(runs, [series("a", range(11)), series("b", range(6))])
    assert curves.curves[0].estimate.steps[-1] == 5
    assert any(
        "Lines end where the first run of the set ends: ppo on Taxi-v3 at step 5 of 10." in note
        for note in curves.notes
    )


def test_an_early_end_is_said_of_runs_that_begin_late_too():
    runs = [run("a"), run("b", seed=1)]
    found = [
        dataclasses.replace(one, steps=one.steps + 1000)
        for one in (series("a", range(11)), series("b", range(6)))
    ]
    notes = learning_curves(runs, found).notes
    assert any("ppo on Taxi-v3 at step 1005 of 1010." in note for note in notes)


def test_what_is_left_out_is_said():
    runs = [
        run("a"), run("b", seed=0), run("c", status=RunStatus.LOST), run("d", seed=2),
    ]  # fmt: skip
    found = [series("a", [1.0, np.nan, 3.0]), series("b", [1.0, 2.0]), series("d", [np.nan])]
    notes = " ".join(learning_curves(runs, found).notes)
    assert "Rows that are NaN or infinite are left out: 1 of run a." in notes
    assert "Several runs of one seed, all counted: ppo on Taxi-v3 (seed 0)." in notes
    assert "Left out: 1 lost run (c); 1 run without finite points (d)." in notes


def test_runs_that_did_not_finish_count_on_request():
    runs = [run("a"), run("b", seed=1, status=RunStatus.RUNNING)]
    found = [series("a", [1.0, 2.0]), series("b", [1.0, 2.0])]
    assert learning_curves(runs, found).curves[0].estimate.n == 1
    assert learning_curves(runs, found, include=["running"]).curves[0].estimate.n == 2


def test_runs_without_a_common_step_are_named_with_their_set():
    late = Series("b", "return", np.array([50]), np.array([1.0]), np.array([0.0]))
    with pytest.raises(ScoreError, match="ppo on Taxi-v3: runs a"):
        learning_curves([run("a"), run("b", seed=1)], [series("a", [1.0, 2.0]), late])


def test_curves_are_of_one_metric():
    with pytest.raises(ScoreError, match="not of loss, return"):
        learning_curves(
            [run("a"), run("b")], [series("a", [1.0]), series("b", [1.0], metric="loss")]
        )


def test_nothing_to_draw_is_an_error_that_says_why():
    with pytest.raises(NoRunsError, match=r"1 failed run \(a\)"):
        learning_curves([run("a", status=RunStatus.FAILED)], [series("a", [1.0])])
