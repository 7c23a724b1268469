"""Medians by a sorting network are numpy's medians, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from orbench.stats.medians import medians


@pytest.mark.parametrize("rows", [*range(1, 12), 20, 26, 57, 64])
def test_medians_of_columns_are_numpys(rows):
    values = np.random.default_rng(rows).normal(size=(rows, 40))
    before = values.copy()
    np.testing.assert_array_equal(medians(values), np.median(values, axis=0))
    np.testing.assert_array_equal(values, before)


def test_equal_values_are_their_own_median():
    values = np.repeat([[3.0], [1.0], [3.0], [3.0]], 5, axis=1)
    assert medians(values).tolist() == [3.0] * 5
