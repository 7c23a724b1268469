"""TD-MPC2: the mean over 39 DMC tasks at the final step, from files with repeats and restarts.

The rule: the score of a run is its value at its own last step; where rows repeat a step they are
averaged first. A log to which a second run was appended that died early keeps the score of the
first: the largest step decides, not the last row.
"""

from __future__ import annotations

import pytest

from orbench import fetch
from orbench.repeats import parse_repeats
from orbench.score import score_matrices
from orbench.selection import parse_selection
from orbench.stats import summarise_scores

pytestmark = pytest.mark.published

FINAL = {"tdmpc2": "887.3", "tdmpc": "730.3", "dreamerv3": "682.2", "sac": "590.9"}


@pytest.fixture(scope="module")
def series(tdmpc2_url):
    """The rewards of four algorithms."""
    return fetch("exp_name=tdmpc2,tdmpc,dreamerv3,sac", metric="reward", store=tdmpc2_url)


def matrices_of(table, rule):
    """The score matrices of the four algorithms."""
    having = {one.run_id for one in table.series}
    return score_matrices(
        [run for run in table.runs if run.run_id in having],
        table.series,
        metric="reward",
        select=parse_selection("last"),
        repeats=parse_repeats(rule),
    )


def means_of(matrices):
    """The mean over tasks of each, as it would be printed."""
    summary = summarise_scores(matrices, statistics=["mean"], method="percentile", reps=100)
    return {row.label: f"{row.estimate.point:.1f}" for row in summary.aggregates}


def test_39_tasks_of_3_seeds_are_there(series):
    for matrix in matrices_of(series, "average"):
        assert [len(column) for column in matrix.tasks] == [3] * 39


@pytest.mark.parametrize("rule", ["average", "longest-pass"])
def test_the_published_means_are_reached(series, rule):
    assert means_of(matrices_of(series, rule)) == FINAL


def test_only_the_files_of_tdmpc_are_dirty(series):
    dirty = {
        matrix.label: (len(matrix.repeated_rows), sum(matrix.repeated_rows.values()))
        for matrix in matrices_of(series, "average")
    }
    assert dirty == {"tdmpc": (23, 669), "tdmpc2": (0, 0), "dreamerv3": (0, 0), "sac": (0, 0)}


def test_the_summary_says_what_became_of_repeats(series):
    summary = summarise_scores(matrices_of(series, "average"), reps=100)
    said = "tdmpc: 669 rows of 23 runs repeat a step; rows of one step are averaged."
    assert said in summary.notes


def test_another_rule_gives_other_numbers(series):
    """What the rows since the last restart would say, though most of these restarts died."""
    assert means_of(matrices_of(series, "last-pass")) == FINAL | {"tdmpc": "749.4"}
