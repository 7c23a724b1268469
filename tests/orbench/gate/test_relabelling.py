"""Relabelling: all of them where there are few, fair and repeatable draws where there are many."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbench.gate.relabelling import relabellings, ways

sizes = st.tuples(st.integers(2, 6), st.integers(2, 6))


@settings(max_examples=20)
@given(sizes)
def test_few_relabellings_are_all_there_once(size):
    (made,) = relabellings([size], 1000, seed=0)
    groups = {tuple(sorted(picks)) for picks in made.picks.T.tolist()}
    assert len(groups) == made.picks.shape[1] == ways(*size) == math.comb(sum(size), size[1])


@settings(max_examples=20)
@given(sizes, st.integers(0, 5))
def test_the_first_is_the_true_one(size, seed):
    for at_most in (1000, 9):
        (made,) = relabellings([size], at_most, seed)
        baseline, candidate = size
        true = range(baseline, sum(size)) if candidate <= baseline else range(baseline)
        assert made.picks[:, made.of_draw[0] if made.of_draw is not None else 0].tolist() == [*true]


def test_all_pairs_of_two_tasks_are_there_once():
    made = relabellings([(2, 2), (3, 2)], 100, seed=0)
    pairs = set(zip(made[0].of_draw.tolist(), made[1].of_draw.tolist(), strict=True))
    assert len(pairs) == 6 * 10


def test_random_picks_are_distinct_and_every_run_is_picked_as_often():
    (made,) = relabellings([(30, 10)], 20_000, seed=1)
    picks = made.picks[:, 1:]
    assert (np.diff(np.sort(picks, axis=0), axis=0) > 0).all()
    counts = np.bincount(picks.ravel(), minlength=40)
    expected = 20_000 * 10 / 40
    # Without replacement: each run is in a quarter of the draws.
    assert np.abs(counts - expected).max() < 5 * math.sqrt(20_000 * 0.25 * 0.75)


def test_draws_of_tasks_are_independent():
    first, second = relabellings([(30, 10), (30, 10)], 20_000, seed=1)
    both = [(one.picks[:, 1:] == 0).any(axis=0) for one in (first, second)]
    assert both[0].mean() * both[1].mean() == pytest.approx((both[0] & both[1]).mean(), abs=0.02)


def test_one_seed_gives_the_same_bytes_and_another_others():
    first, again, other = (
        b"".join(one.picks.tobytes() for one in relabellings([(20, 8), (8, 20)], 500, seed))
        for seed in (3, 3, 4)
    )
    assert first == again != other
