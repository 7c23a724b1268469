"""Patterns: every way to redraw a few runs has a number of its own, and stands in the table."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from orbench.stats.bootstrap import resamples
from orbench.stats.draws import draw_counts, random_words
from orbench.stats.patterns import MOST_RUNS, pattern_numbers, patterns


@pytest.mark.parametrize("runs", range(1, MOST_RUNS + 1))
def test_the_table_has_every_pattern_once_in_the_order_of_its_number(runs):
    table = patterns(runs)
    assert table.shape == (runs, comb(2 * runs - 1, runs))
    assert (table.sum(axis=0) == runs).all()
    np.testing.assert_array_equal(pattern_numbers(table), np.arange(table.shape[1]))


@pytest.mark.parametrize("runs", [1, 2, 5, MOST_RUNS])
def test_the_number_of_a_resample_leads_back_to_its_counts(runs):
    counts = draw_counts(random_words(1), runs, 500)
    np.testing.assert_array_equal(patterns(runs)[:, pattern_numbers(counts)], counts)


def test_means_looked_up_have_the_bits_of_means_computed():
    random = np.random.default_rng(0)
    curves = tuple(random.normal(size=(runs, 4)) for runs in (3, MOST_RUNS, MOST_RUNS + 1))
    (sample,) = resamples(tuple(curve[:, 0] for curve in curves), 200, seed=2)
    for point, there in enumerate(sample.at_points(curves)):
        computed = sample.task_means_of(tuple(curve[:, point] for curve in curves))
        np.testing.assert_array_equal(there.task_means, computed)
