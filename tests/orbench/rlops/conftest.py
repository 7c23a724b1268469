"""A store of runs as they come from trackers and from here, and series to put into it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from orbench.run_store import Points

METRIC = "charts/episodic_return"


@pytest.fixture
def returns() -> Callable[..., dict[str, Points]]:
    """Makes the returns of one run: `returns(last, rows)` rises to `last` in a second a row."""

    def make(last: float, rows: int = 50, *, first_step: int = 0) -> dict[str, Points]:
        steps = first_step + np.arange(rows) * 100
        return {METRIC: Points(steps, np.linspace(0, last, rows), 1.7e9 + np.arange(rows))}

    return make
