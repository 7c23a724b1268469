"""Ranks over tasks: 1 is the best, ties share, intervals from runs redrawn in every run set."""

from __future__ import annotations

import numpy as np
import pytest

from orbench.errors import ScoreError
from orbench.stats import rank_estimates

random = np.random.default_rng(2)
SCORES = {label: random.normal(mean, 1, (6, 8)) for label, mean in (("a", 0), ("b", 1), ("c", 1))}


def test_a_rank_is_averaged_over_tasks():
    found = rank_estimates({"a": [[3.0] * 2, [3.0] * 2], "b": [[1.0] * 2, [4.0] * 2]})
    assert (found["a"].point, found["b"].point) == (1.5, 1.5)
    lower = rank_estimates({"a": [[3.0] * 2], "b": [[1.0] * 2]}, higher_is_better=False)
    assert (lower["a"].point, lower["b"].point) == (2, 1)


def test_ties_share_their_ranks():
    same = [[1.0, 1.0]]
    found = rank_estimates({"a": same, "b": same, "c": [[0.0, 0.0]]})
    assert [one.point for one in found.values()] == [1.5, 1.5, 3]
    assert found["a"].distribution == (0.5, 0.5, 0)
    assert found["c"].distribution == (0, 0, 1)


@pytest.mark.parametrize("sign", [1, -1])
def test_equal_runs_tie_in_whatever_order_they_are_added_up(sign):
    scores = sign * np.array([0.1, 0.2, 0.3])
    found = rank_estimates({"a": [scores], "b": [scores[::-1]]})
    assert [one.point for one in found.values()] == [1.5, 1.5]


@pytest.mark.parametrize("method", ["percentile", "calibrated", "basic", "bc", "bca"])
def test_ranks_have_intervals_within_the_ranks_there_are(method):
    for one in rank_estimates(SCORES, method=method).values():
        assert 1 <= one.low <= one.high <= 3


def test_ranks_and_their_shares_add_up():
    found = list(rank_estimates(SCORES).values())
    assert sum(one.point for one in found) == pytest.approx(6)
    for one in found:
        assert sum(one.distribution) == pytest.approx(1)
    np.testing.assert_allclose(np.sum([one.distribution for one in found], axis=0), 1)


def test_the_mean_of_resampled_ranks_is_the_mean_of_the_distribution():
    found = rank_estimates(SCORES)["a"]
    mean = sum(place * share for place, share in enumerate(found.distribution, 1))
    assert found.low < mean < found.high


def test_a_generator_serves_ranks_and_shares_alike():
    first, second = (rank_estimates(SCORES, seed=np.random.default_rng(1)) for _ in "ab")
    assert first == second


def test_one_run_leaves_all_without_interval():
    found = rank_estimates({"a": [[1.0]], "b": [[2.0, 3.0]]})
    assert all((one.low, one.distribution) == (None, ()) for one in found.values())
    assert found["b"].note == "n=1 on 1 of 2 tasks: no interval"


def test_what_has_no_ranks_is_refused():
    with pytest.raises(ScoreError, match="2 run sets or more, not 1"):
        rank_estimates({"a": SCORES["a"]})
    with pytest.raises(ScoreError, match="sac has no runs on Ant"):
        rank_estimates({"ppo": {"Ant": [1.0, 2.0]}, "sac": {"Hopper": [1.0, 2.0]}})
