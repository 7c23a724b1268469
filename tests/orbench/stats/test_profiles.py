"""Performance profiles: shares strictly above thresholds, with bands from redrawn runs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.errors import ScoreError
from orbench.stats import performance_profile
from orbench.stats.bootstrap import resamples
from orbench.stats.profiles import shares_above

RAGGED = tuple(np.random.default_rng(4).normal(size=n).round(1) for n in (3, 5, 3, 4))
AT = np.linspace(-2, 2, 9)


def test_a_share_is_of_scores_strictly_above():
    found = performance_profile([[1.0, 2.0, 3.0, 4.0]], [0.0, 1.0, 2.5, 4.0])
    assert found.point.tolist() == [1, 0.75, 0.5, 0]
    assert found.at.tolist() == [0, 1, 2.5, 4]


def test_every_task_counts_the_same_however_many_runs_it_has():
    assert performance_profile([[1.0] * 9, [0.0]], [0.5]).point.tolist() == [0.5]


def test_the_profile_of_tasks_is_of_their_means():
    scores = np.array([[0.0, 2.0], [1.0, 0.0]])
    assert performance_profile(scores, [0.4, 0.6, 1.0], kind="tasks").point.tolist() == [1, 0.5, 0]


def test_the_mean_of_equal_scores_is_not_above_them():
    found = performance_profile([[0.1] * 3, [-0.1] * 3], [-0.1, 0.1], kind="tasks")
    assert found.point.tolist() == [0.5, 0]


@pytest.mark.parametrize(
    ("kind", "over_tasks"), [("runs", False), ("tasks", False), ("tasks", True)]
)
def test_a_replicate_is_the_profile_of_the_runs_that_were_drawn(kind, over_tasks):
    (sample,) = resamples(RAGGED, 100, 3, over_tasks=over_tasks)
    found = shares_above(sample, AT, kind)
    for rep in range(0, 100, 7):
        drawn = [
            np.repeat(column, counts[:, rep])
            for column, counts in zip(RAGGED, sample.counts, strict=True)
        ]
        if kind == "runs":
            expected = np.mean([(one[:, None] > AT).mean(axis=0) for one in drawn], axis=0)
        else:
            expected = (sample.task_means[:, rep, None] > AT).mean(axis=0)
        np.testing.assert_allclose(found[:, rep], expected, rtol=1e-12)


@given(st.lists(st.lists(st.integers(0, 5), min_size=2, max_size=5), min_size=1, max_size=5))
def test_profiles_fall_and_bands_are_shares(columns):
    for method in ("percentile", "calibrated", "basic"):
        found = performance_profile(columns, [0, 1, 2, 3, 4], reps=100, method=method)
        assert (np.diff(found.point) <= 0).all()
        assert (found.low >= 0).all()
        assert (found.high <= 1).all()


def test_by_default_thresholds_span_the_scores_of_all():
    found = performance_profile({"a": [[0.0, 1.0]], "b": [[2.0, 5.0]]}, reps=100)
    for band in found.values():
        assert (len(band.at), band.at[0], band.at[-1]) == (101, 0.0, 5.0)


def test_a_label_has_the_same_band_whoever_else_is_asked():
    alone = performance_profile({"a": RAGGED}, AT, reps=200)["a"]
    together = performance_profile({"b": [one + 1 for one in RAGGED], "a": RAGGED}, AT, reps=200)
    assert alone.low.tobytes() == together["a"].low.tobytes()
    assert alone.low.tobytes() == performance_profile(RAGGED, AT, reps=200).low.tobytes()


def test_one_run_has_no_band_and_says_so():
    found = performance_profile([[1.0], [2.0, 3.0]], [1.5])
    assert (found.low, found.high, found.note) == (None, None, "n=1 on 1 of 2 tasks: no interval")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"thresholds": [0, 2, 1]}, "thresholds must rise: 1 comes after 2; sort them"),
        ({"thresholds": [0, 0]}, "thresholds must rise: 0 comes after 0"),
        ({"thresholds": [0, np.nan]}, "a row of finite numbers"),
        ({"thresholds": []}, "a row of finite numbers"),
        ({"kind": "run"}, "did you mean runs"),
        ({"reps": 99}, "99 replicates make no interval"),
        ({"engine": "numpi"}, "did you mean numpy"),
    ],
)
def test_what_cannot_be_computed_is_refused(arguments, message):
    with pytest.raises(ScoreError, match=message):
        performance_profile(RAGGED, **arguments)
