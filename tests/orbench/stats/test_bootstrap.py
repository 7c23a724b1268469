"""Resamples are drawn within tasks, by a scheme that is fixed for good."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.errors import ScoreError
from orbench.stats import IQM, STATISTICS, Mean, Median, OptimalityGap
from orbench.stats.bootstrap import Resample, bootstrap, resamples
from orbench.stats.draws import draw_counts, random_words

TASKS = tuple(np.random.default_rng(1).normal(1, 1, n) for n in (3, 5, 4))


@given(st.integers(1, 60), st.integers(1, 50), st.integers(0, 2**40))
def test_a_resample_draws_as_many_runs_as_there_are(runs, reps, seed):
    counts = draw_counts(random_words(seed), runs, reps)
    assert counts.shape == (runs, reps)
    assert (counts.sum(axis=0) == runs).all()


@pytest.mark.parametrize("runs", [4, 300])
def test_every_run_is_drawn_equally_often(runs):
    reps = 20_000
    drawn = draw_counts(random_words(0), runs, reps).sum(axis=1, dtype=np.int64)
    # Binomial: the standard deviation of each is below sqrt(reps); 5 of them.
    assert np.abs(drawn - reps).max() < 5 * np.sqrt(reps)


def test_the_scheme_is_pinned():
    """Written down by hand from the documented scheme; may never change."""
    words = np.random.PCG64(np.random.SeedSequence(7)).random_raw(3)
    halves = [half for word in words.tolist() for half in (word & 0xFFFFFFFF, word >> 32)]
    picks = np.array([half * 3 >> 32 for half in halves]).reshape(3, 2)
    expected = [[int((picks[:, rep] == run).sum()) for rep in range(2)] for run in range(3)]
    assert draw_counts(random_words(7), 3, 2).tolist() == expected


def test_both_ways_of_counting_give_the_same_counts(monkeypatch):
    few = draw_counts(random_words(3), 20, 100)
    monkeypatch.setattr("orbench.stats.draws._FEW_RUNS", 0)
    np.testing.assert_array_equal(draw_counts(random_words(3), 20, 100), few)


@pytest.mark.parametrize(
    ("statistic", "name"), [(one, one.name) for one in STATISTICS.values()], ids=STATISTICS.keys()
)
def test_a_replicate_is_the_statistic_of_the_runs_that_were_drawn(statistic, name):
    (sample,) = resamples(TASKS, 100, seed=5)
    replicates = statistic.replicates(sample)
    for rep in range(100):
        drawn = tuple(
            np.repeat(column, counts[:, rep])
            for column, counts in zip(sample.tasks, sample.counts, strict=True)
        )
        assert replicates[rep] == pytest.approx(statistic(drawn), rel=1e-12, abs=1e-12)


def test_equal_numbers_of_runs_take_the_exact_path_to_the_same_iqm():
    tasks = tuple(np.random.default_rng(2).normal(size=6) for _ in range(3))
    (sample,) = resamples(tasks, 100, seed=0)
    drawn = [
        np.concatenate([np.repeat(c, n[:, rep]) for c, n in zip(tasks, sample.counts, strict=True)])
        for rep in range(100)
    ]
    expected = [np.sort(pooled)[4:-4].mean() for pooled in drawn]
    np.testing.assert_allclose(IQM().replicates(sample), expected, rtol=1e-12)


def test_a_resample_without_luck_is_the_scores_themselves():
    once = Resample(TASKS, [np.ones((len(column), 1), np.uint8) for column in TASKS])
    for statistic in (Mean(), Median(), IQM(), OptimalityGap()):
        assert statistic.replicates(once)[0] == pytest.approx(statistic(TASKS), rel=1e-14)


def test_one_seed_gives_the_same_bytes_and_another_does_not():
    first, second, other = (bootstrap(TASKS, [Mean(), IQM()], 500, seed) for seed in (0, 0, 1))
    assert first.tobytes() == second.tobytes()
    assert first.tobytes() != other.tobytes()


def test_draws_that_are_remembered_are_those_drawn_anew(monkeypatch):
    first = [sample.counts for sample in resamples(TASKS, 9000, 4)]
    again = [sample.counts for sample in resamples(TASKS, 9000, 4)]
    assert all(one is other for one, other in zip(first, again, strict=True))
    assert not any(counts.flags.writeable for block in first for counts in block)
    monkeypatch.setattr("orbench.stats.bootstrap._REMEMBERED_CELLS", 0)
    anew = [sample.counts for sample in resamples(TASKS, 9000, 4)]
    for block, other in zip(first, anew, strict=True):
        for counts, fresh in zip(block, other, strict=True):
            assert counts is not fresh
            np.testing.assert_array_equal(counts, fresh)


def test_statistics_see_the_same_resamples_whoever_else_is_asked():
    alone = bootstrap(TASKS, [IQM()], 500, 0)
    together = bootstrap(TASKS, [Mean(), Median(), IQM()], 500, 0)
    assert alone[0].tobytes() == together[2].tobytes()


def test_a_generator_is_a_source_of_seeds():
    first, second = (bootstrap(TASKS, [Mean()], 200, np.random.default_rng(3)) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    generator = np.random.default_rng(3)
    assert bootstrap(TASKS, [Mean()], 200, generator).tobytes() == first.tobytes()
    assert bootstrap(TASKS, [Mean()], 200, generator).tobytes() != first.tobytes()


PROGRAM = """
import hashlib, numpy as np
from orbench.stats import interval_estimates
np.random.seed(None)
scores = {name: np.random.default_rng(9).normal(size=(5, 4)) for name in ("b", "a")}
found = interval_estimates(scores, method="calibrated", reps=20_000, seed=4)
print(hashlib.sha256(repr(found).encode()).hexdigest())
"""


def test_fresh_processes_give_the_same_bytes():
    digests = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(digests) == 1


def test_the_bytes_are_those_of_every_machine():
    """Sums of replicates of round numbers are exact, so that their digest holds everywhere."""
    tasks = (np.array([1.0, 2.0, 4.0, 8.0]), np.array([0.5, 0.25, 16.0, 32.0]))
    replicates = bootstrap(tasks, list(STATISTICS.values()), 10_000, 0)
    digest = hashlib.sha256(replicates.astype("<f8").tobytes()).hexdigest()
    assert digest == "3ed6ad31d456ea03b428b8f2cd3efdc23975195648303e435bf5a06feaf29f7f"


def test_few_replicates_are_refused():
    with pytest.raises(ScoreError, match="at least 100"):
        next(resamples(TASKS, 99, 0))


def test_a_negative_seed_is_refused():
    with pytest.raises(ScoreError, match="not -1"):
        random_words(-1)
