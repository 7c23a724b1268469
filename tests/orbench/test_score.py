"""The score matrix: one score a run, ragged, paired by seed, refused where it is no number."""

from __future__ import annotations

import numpy as np
import pytest

from orbench.errors import NoRunsError, ScoreError
from orbench.metric import Series
from orbench.run import RunRecord, RunStatus
from orbench.score import score_matrices
from orbench.selection import Last, parse_selection


def run(
    run_id, *, exp_name="ppo", env_id="Taxi-v3", seed=0, status=RunStatus.FINISHED, started=0.0
):
    return RunRecord(run_id, "demo", exp_name, env_id, seed, status, started)


def series(run_id, *values, steps=None, metric="return"):
    steps = np.arange(len(values)) if steps is None else np.asarray(steps)
    return Series(
        run_id, metric, steps.astype(np.int64), np.array(values, float), np.zeros(len(values))
    )


def matrices(runs, found, **options):
    return score_matrices(runs, found, metric="return", **({"select": Last()} | options))


def test_a_matrix_has_a_column_of_runs_for_each_env():
    runs = [run("a", seed=2), run("b", seed=1), run("c", env_id="FrozenLake-v1")]
    found = [series("a", 1.0), series("b", 2.0), series("c", 3.0), series("a", 9.0, metric="loss")]
    (matrix,) = matrices(runs, found)
    assert matrix.label == "ppo"
    assert matrix.task_names == ("FrozenLake-v1", "Taxi-v3")
    column = matrix.column("Taxi-v3")
    assert (column.seeds, column.run_ids, column.scores.tolist()) == ((1, 2), ("b", "a"), [2, 1])
    assert [one.tolist() for one in matrix.arrays()] == [[3.0], [2.0, 1.0]]
    assert matrix.selection == "the last value of a run"


def test_a_score_is_of_rows_in_the_order_of_steps():
    (matrix,) = matrices([run("a")], [series("a", 5.0, 7.0, 6.0, steps=[30, 10, 30])])
    assert matrix.column("Taxi-v3").scores.tolist() == [6.0]


def test_matrices_are_paired_by_seed_and_never_by_order():
    runs = [run(f"p{seed}", seed=seed) for seed in (3, 1, 2)]
    runs += [run(f"s{seed}", seed=seed, exp_name="sac") for seed in (2, 3, 5)]
    ppo, sac = matrices(runs, [series(one.run_id, float(one.seed)) for one in runs])
    assert ppo.paired(sac, "Taxi-v3") == [(2, 2.0, 2.0), (3, 3.0, 3.0)]


def test_runs_of_one_seed_are_kept_and_counted_but_not_paired():
    runs = [run("a", started=1.0), run("b", started=0.0), run("c", seed=1), run("d", seed=None)]
    (matrix,) = matrices(runs, [series(one.run_id, 1.0) for one in runs])
    column = matrix.column("Taxi-v3")
    assert column.run_ids == ("b", "a", "c", "d")
    assert column.repeated_seeds == {0: 2}
    assert matrix.paired(matrix, "Taxi-v3") == [(1, 1.0, 1.0)]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_score_that_is_not_finite_is_refused_with_run_and_metric(value):
    with pytest.raises(ScoreError) as error:
        matrices([run("abc", seed=7)], [series("abc", 1.0, value)])
    assert "run abc (ppo on Taxi-v3, seed 7)" in str(error.value)
    assert "'return'" in str(error.value)


def test_what_does_not_count_is_left_out_with_the_reason():
    runs = [run("a"), run("b", status=RunStatus.FAILED), run("c"), run("d")]
    (matrix,) = matrices(runs, [series("a", 1.0), series("b", 2.0), series("c")])
    assert {one.run_id: one.reason for one in matrix.left_out} == {
        "b": "failed",
        "c": "without points of return",
        "d": "without points of return",
    }
    (matrix,) = matrices(runs, [series("a", 1.0), series("b", 2.0)], include=["failed"])
    assert matrix.column("Taxi-v3").run_ids == ("a", "b")


def test_no_score_at_all_is_an_error_that_says_why():
    with pytest.raises(NoRunsError, match=r"1 killed run \(a\)"):
        matrices([run("a", status=RunStatus.KILLED)], [series("a", 1.0)])
    with pytest.raises(NoRunsError, match="No run was given"):
        matrices([], [])


def test_an_unknown_task_names_the_near_one():
    (matrix,) = matrices([run("a")], [series("a", 1.0)])
    with pytest.raises(ScoreError, match="did you mean Taxi-v3"):
        matrix.column("Taxi-v2")


def test_the_rule_sees_the_rows_of_each_run():
    runs = [run("a"), run("b", seed=1)]
    found = [series("a", 1.0, 5.0, 2.0), series("b", 3.0)]
    (matrix,) = matrices(runs, found, select=parse_selection("best"))
    assert matrix.column("Taxi-v3").scores.tolist() == [5.0, 3.0]
