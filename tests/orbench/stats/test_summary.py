"""The summary: numbers per env and over the envs that all run sets share, and what to say below."""

from __future__ import annotations

import numpy as np
import pytest

from orbench.errors import ScoreError
from orbench.normalisation import Normaliser, Reference
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


# -- the scale of the scores


def test_scores_that_are_normalised_say_how():
    ours = Normaliser("ours", "0 is bad, 1 is good", "a report", "3", {
        "A": Reference(0.0, 4.0), "B": Reference(0.0, 8.0),
    })  # fmt: skip
    summary = summarise_scores([ours.normalise(PPO), ours.normalise(SAC)], reps=500)
    assert summary.cells[0].estimate.point == 0.5
    assert summary.notes[0] == (
        "Score: the last value of a run (return), normalised by ours (version 3):"
        " 0 is bad, 1 is good. Source: a report."
    )
    assert "Aggregates are over all 2 envs that every run set has." in summary.notes
    with pytest.raises(ScoreError, match="normalised in another way"):
        summarise_scores([ours.normalise(PPO), SAC], reps=500)


def test_standard_deviations_say_what_they_are_divided_by():
    summary = summarise_scores([PPO], reps=500, ddof=0)
    assert summary.cells[0].std == pytest.approx((2 / 3) ** 0.5)
    assert "std: standard deviation over runs, n in the denominator." in summary.notes
    with pytest.raises(ScoreError, match="ddof is 0 or 1, not 2"):
        summarise_scores([PPO], reps=500, ddof=2)


def test_one_run_has_no_standard_deviation_whatever_it_is_divided_by():
    summary = summarise_scores([matrix("ppo", column("A", 1.0))], reps=500, ddof=0)
    assert summary.cells[0].std is None


# -- the best, by test


GOOD = matrix("good", column("A", 9.0, 9.1, 9.2), column("B", 5.0, 5.1, 5.2))
BAD = matrix("bad", column("A", 1.0, 1.1, 1.2), column("B", 5.1, 5.0, 5.3))
ONE = matrix("one", column("A", 99.0), column("B", 1.0))


def best_of(summary):
    return {(row.task, row.label): row.best for row in summary.cells}


def test_the_best_of_an_env_and_what_does_not_differ_are_marked():
    summary = summarise_scores([GOOD, BAD, ONE], reps=500)
    assert best_of(summary) == {
        ("A", "good"): True, ("A", "bad"): False, ("A", "one"): None,
        ("B", "good"): True, ("B", "bad"): True, ("B", "one"): None,
    }  # fmt: skip
    (said,) = [note for note in summary.notes if note.startswith("Bold, or *: the highest of")]
    assert "n=1 is not tested" in said
    assert "optimality gap" not in said


def test_aggregates_are_tested_too():
    summary = summarise_scores([GOOD, BAD], statistics=["iqm"], reps=500)
    assert {row.label: row.best for row in summary.aggregates} == {"good": True, "bad": False}


def test_the_lowest_may_be_the_best_or_nothing():
    assert best_of(summarise_scores([GOOD, BAD], reps=500, best="lowest"))["A", "bad"] is True
    none = summarise_scores([GOOD, BAD], reps=500, best="none")
    assert set(best_of(none).values()) == {None}
    assert not any("Bold" in note for note in none.notes)
    with pytest.raises(ScoreError, match="did you mean highest"):
        summarise_scores([GOOD, BAD], reps=500, best="highst")


def test_one_run_set_is_compared_with_nothing():
    summary = summarise_scores([GOOD], reps=500)
    assert set(best_of(summary).values()) == {None}
    assert not any("Bold" in note for note in summary.notes)
