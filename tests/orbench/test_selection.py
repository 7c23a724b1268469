"""Selection rules: one score of a run's rows, said in words."""

from __future__ import annotations

import math

import numpy as np
import pytest

from orbench.errors import UsageError
from orbench.selection import parse_selection

STEPS = np.array([10, 20, 30, 40, 50], dtype=np.int64)
VALUES = np.array([1.0, 9.0, 2.0, 4.0, 3.0])


@pytest.mark.parametrize(
    ("rule", "score", "text"),
    [
        ("last", 3.0, "the last value of a run"),
        ("last-1", 3.0, "the mean of the last 1 rows of a run"),
        ("last-2", 3.5, "the mean of the last 2 rows of a run"),
        ("last-99", 3.8, "the mean of the last 99 rows of a run"),
        ("last-25%", 3.5, "the mean over the last 25% of a run's steps"),
        ("last-0.5%", 3.0, "the mean over the last 0.5% of a run's steps"),
        ("last-100%", 3.8, "the mean over the last 100% of a run's steps"),
        ("best", 9.0, "the highest value of a run"),
        ("lowest", 1.0, "the lowest value of a run"),
        ("at-20", 9.0, "the value of a run at step 20"),
        ("at-29", 9.0, "the value of a run at step 29"),
        ("at-5e1", 3.0, "the value of a run at step 50"),
        ("auc", 4.25, "the area under the curve of a run, over its range of steps"),
        (
            "auc-30",
            5.25,
            "the area under the curve of a run up to step 30, over its range of steps",
        ),
        (
            "auc-25",
            5.75,
            "the area under the curve of a run up to step 25, over its range of steps",
        ),
        ("auc-10", 1.0, "the area under the curve of a run up to step 10, over its range of steps"),
    ],
)
def test_a_rule_gives_a_score_and_says_how(rule, score, text):
    selection = parse_selection(rule)
    assert selection(STEPS, VALUES) == pytest.approx(score)
    assert selection.text == text


@pytest.mark.parametrize("rule", ["at-5", "at-51", "auc-5", "auc-51"])
def test_a_step_that_a_run_does_not_reach_has_no_score(rule):
    assert math.isnan(parse_selection(rule)(STEPS, VALUES))


@pytest.mark.parametrize("rule", ["best", "lowest", "last", "last-2", "last-50%", "auc"])
def test_nan_is_never_skipped(rule):
    assert math.isnan(parse_selection(rule)(STEPS, np.array([1.0, 2.0, 3.0, 4.0, np.nan])))


@pytest.mark.parametrize(
    "rule", ["", "las", "last-0", "last-0%", "last-101%", "at-1.5", "last--3", "auc-", "auc-1.5"]
)
def test_what_is_no_rule_is_refused_with_the_forms_there_are(rule):
    with pytest.raises(UsageError, match=r"use one like last, last-100, last-10%"):
        parse_selection(rule)
