"""The summary: numbers per env and over the envs that all run sets share, and what to say below."""

from __future__ import annotations

import numpy as np
import pytest

from orbench.score import ScoreMatrix, TaskScores
from orbench.stats import interval_estimates, summarise_scores


def column(task, *scores, seeds=None):
    ids = tuple(f"{task}-{place}" for place in range(len(scores)))
    return TaskScores(task, np.array(scores), seeds or tuple(range(len(scores))), ids)


def matrix(label, *columns):
    return ScoreMatrix(label, "return", "the last value of a run", columns)


PPO = matrix("ppo", column("A", 1.0, 2.0, 3.0), column("B", 4.0, 6.0, 8.0))
SAC = matrix("sac", column("A", 2.0, 3.0, 5.0), column("B", 5.0, 6.0, 9.0))


def test_every_cell_has_mean_interval_and_spread():
    summary = summarise_scores([PPO, SAC], method="percentile", reps=1000)
    assert [(row.task, row.label) for row in summary.cells] == [
        ("A", "ppo"), ("A", "sac"), ("B", "ppo"), ("B", "sac"),
    ]  # fmt: skip
    first = summary.cells[0]
    assert (first.estimate.point, first.std, first.runs) == (2.0, 1.0, 3)
    expected = interval_estimates({"x": [[1.0, 2.0, 3.0]]}, statistics=["mean"], reps=1000)
    assert first.estimate == expected["x"]["mean"]


def test_aggregates_are_the_statistics_over_envs():
    summary = summarise_scores([PPO], statistics=["iqm", "median"], reps=1000)
    expected = interval_estimates(
        {"ppo": PPO.arrays()}, statistics=["iqm", "median"], method="calibrated", reps=1000
    )
    assert [row.estimate for row in summary.aggregates] == list(expected["ppo"].values())


def test_aggregates_are_over_the_envs_that_all_have():
    dqn = matrix("dqn", column("B", 1.0, 2.0), column("C", 7.0, 8.0))
    summary = summarise_scores([PPO, dqn], statistics=["iqm"], reps=500)
    assert summary.tasks == ("A", "B", "C")
    assert summary.shared_tasks == ("B",)
    assert [(row.label, row.estimate.n) for row in summary.aggregates] == [
        ("ppo", (3,)),
        ("dqn", (2,)),
    ]
    notes = " ".join(summary.notes)
    assert "ppo has no scores on C; dqn has no scores on A" in notes


def test_no_shared_env_gives_no_aggregate_and_says_so():
    summary = summarise_scores([PPO, matrix("dqn", column("C", 7.0, 8.0))], reps=500)
    assert summary.aggregates == ()
    assert "No env is shared by all run sets: no aggregate over envs." in summary.notes


def test_over_one_env_the_mean_is_not_said_twice():
    summary = summarise_scores([matrix("ppo", column("A", 1.0, 2.0))], reps=500)
    assert [(row.estimate.statistic, row.task) for row in summary.aggregates] == [("iqm", "A")]


def test_notes_say_rule_method_and_seed():
    notes = " ".join(summarise_scores([PPO], level=0.9, reps=1234, seed=9).notes)
    assert "the last value of a run (return)" in notes
    assert "90% bootstrap with small-sample correction (scaled t)" in notes
    assert "1,234 replicates, seed 9" in notes
    assert "not normalised" in notes


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ([column("A", 1.0)], "n=1, hence no interval: ppo on A, and aggregates with it."),
        (
            [column("A", 1.0, 2.0), column("B", 1.0, 2.0, 3.0)],
            "Cells have unequal numbers of runs, 2 to 3.",
        ),
        (
            [column("A", 1.0, 2.0, 3.0, seeds=(4, 4, 5))],
            "Several runs of one seed, all counted: ppo on A (seed 4).",
        ),
    ],
)
def test_notes_say_what_is_peculiar(cells, sentence):
    assert sentence in summarise_scores([matrix("ppo", *cells)], reps=500).notes
