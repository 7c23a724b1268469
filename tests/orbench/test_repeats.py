"""Repeat rules: what counts of a run that logged a step more than once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.errors import UsageError
from orbench.metric import Series
from orbench.repeats import count_repeats, parse_repeats
from orbench.run import RunRecord, RunStatus
from orbench.score import score_matrices
from orbench.selection import parse_selection
from orbench.stats import summarise_scores

# A run to step 4, then a second one under its name that died at step 2.
STEPS = np.array([0, 1, 2, 3, 4, 0, 1, 2])
VALUES = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 10.0, 11.0, 12.0])


def rows(rule, steps=STEPS, values=VALUES):
    kept_steps, kept_values = parse_repeats(rule)(steps, values)
    return kept_steps.tolist(), kept_values.tolist()


def test_keep_counts_every_row():
    assert rows("keep") == (STEPS.tolist(), VALUES.tolist())


def test_average_makes_one_row_of_a_step():
    assert rows("average") == ([0, 1, 2, 3, 4], [5.0, 6.0, 7.0, 3.0, 4.0])


def test_the_last_pass_begins_where_steps_last_went_back():
    assert rows("last-pass") == ([0, 1, 2], [10.0, 11.0, 12.0])


def test_the_longest_pass_is_the_one_that_came_farthest():
    assert rows("longest-pass") == ([0, 1, 2, 3, 4], [0.0, 1.0, 2.0, 3.0, 4.0])


def test_of_equally_long_passes_the_later_counts():
    assert rows("longest-pass", np.array([0, 5, 1, 5]), np.arange(4.0)) == ([1, 5], [2.0, 3.0])


@pytest.mark.parametrize("rule", ["keep", "average", "last-pass", "longest-pass"])
@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=20, unique=True))
def test_rules_change_nothing_where_no_step_comes_back(rule, steps):
    ordered = np.array(sorted(steps))
    values = np.arange(float(len(steps)))
    assert rows(rule, ordered, values) == (ordered.tolist(), values.tolist())


@pytest.mark.parametrize("rule", ["keep", "average", "last-pass", "longest-pass"])
@given(st.lists(st.integers(0, 6), min_size=1, max_size=20))
def test_rules_make_no_step_and_no_value_up(rule, steps):
    kept, values = rows(rule, np.array(steps), np.array(steps, dtype=float))
    assert set(kept) <= set(steps)
    assert values == [float(step) for step in kept]


def test_repeats_and_restarts_are_counted():
    counts = count_repeats(STEPS)
    assert (counts.rows, counts.restarts) == (3, 1)


def test_an_unknown_rule_names_near_ones():
    with pytest.raises(UsageError, match=r"keep, average, last-pass, longest-pass; did you mean"):
        parse_repeats("longest")


def summary_of(steps, rule):
    run = RunRecord("r1", "p", "ppo", "E-v1", 1, RunStatus.FINISHED, started=1.0)
    series = Series("r1", "score", steps, VALUES[: len(steps)], np.zeros(len(steps)))
    (matrix,) = score_matrices(
        [run],
        [series],
        metric="score",
        select=parse_selection("last-2"),
        repeats=parse_repeats(rule),
    )
    return summarise_scores([matrix], reps=100)


@pytest.mark.parametrize(
    ("rule", "score"), [("keep", 3.5), ("average", 3.5), ("last-pass", 11.5), ("longest-pass", 3.5)]
)
def test_a_score_is_of_the_rows_that_count_and_its_summary_says_so(rule, score):
    summary = summary_of(STEPS, rule)
    assert summary.cells[0].estimate.point == score
    said = f"ppo: 3 rows of 1 run repeat a step; {parse_repeats(rule).text}."
    assert said in summary.notes


def test_several_rows_of_one_step_are_not_worth_a_word_while_all_count():
    in_order = np.array([0, 1, 1, 2])
    assert "repeat a step" not in " ".join(summary_of(in_order, "keep").notes)
    assert "repeat a step" in " ".join(summary_of(in_order, "average").notes)
